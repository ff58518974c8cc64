//! What only a process of its own shows: its memory, and the instructions that it executes under valgrind. This program starts
//! itself with a task, which it does with one engine.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::case::{self, Case};
use crate::host::Imports;
use crate::peer::Peer;
use crate::value::Value;

/// The instances that are kept to see what one takes.
pub const INSTANCES: usize = 1_000;

/// What a child does.
#[derive(Clone, Debug)]
pub enum Task<'a> {
    /// Loads the module in a file; the answer is the most memory that the process had, in KiB.
    Load(&'a Path),
    /// Keeps [`INSTANCES`] instances of a small module; the answer is what they took, in KiB.
    Instances,
    /// Calls the export of a kernel with an argument.
    Run { kernel: &'a str, rounds: i32 },
}

impl Task<'_> {
    fn args(&self) -> Vec<String> {
        match self {
            Self::Load(path) => vec!["load".to_owned(), path.display().to_string()],
            Self::Instances => vec!["instances".to_owned()],
            Self::Run { kernel, rounds } => vec!["run".to_owned(), (*kernel).to_owned(), rounds.to_string()],
        }
    }
}

/// Does the task that the words name, in this process.
///
/// # Errors
///
/// If the engine cannot do it.
pub fn perform(peer: &dyn Peer, task: &[String]) -> Result<()> {
    match task.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["load", path] => {
            let module = peer.load_file(Path::new(path))?;
            println!("{}", memory_kib("VmHWM")?);
            drop(module);
        }
        ["instances"] => {
            let module = peer.load(&case::kernel("fib")?.wasm)?;
            let first = module.instantiate(&Imports::None)?;
            let before = memory_kib("VmRSS")?;
            let instances: Vec<_> =
                (0..INSTANCES).map(|_| module.instantiate(&Imports::None)).collect::<Result<_>>()?;
            println!("{}", memory_kib("VmRSS")?.saturating_sub(before));
            drop((first, instances));
        }
        ["run", kernel, rounds] => {
            let Case { wasm, export, mut results, .. } = case::kernel(kernel)?;
            let mut instance = peer.load(&wasm)?.instantiate(&Imports::None)?;
            instance.call(&export, &[Value::I32(rounds.parse()?)], &mut results)?;
        }
        _ => bail!("`{}` is no task", task.join(" ")),
    }
    Ok(())
}

/// A figure about this process that Linux keeps, in KiB.
fn memory_kib(what: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("this system does not tell a process its memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let number =
        line.and_then(|line| line.split_whitespace().next()).context("the system does not tell that figure")?;
    Ok(number.parse()?)
}

/// The number that a child with this task answers.
///
/// # Errors
///
/// If the engine cannot do it.
pub fn ask(engine: &str, task: &Task<'_>) -> Result<u64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--engine", engine]).args(task.args().iter().flat_map(|word| ["--task", word]));
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// What a process executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub instructions: u64,
    /// Jumps and calls to an address that was computed; returns are none. In an interpreter: dispatches.
    pub indirect: u64,
}

/// What a child with this task executes, counted by valgrind's callgrind.
///
/// # Errors
///
/// If valgrind is not there, or the engine cannot do the task.
pub fn count(engine: &str, task: &Task<'_>, folder: &Path) -> Result<Counts> {
    let out = folder.join(format!("callgrind-{}-{engine}.out", std::process::id()));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--branch-sim=yes", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(std::env::current_exe()?);
    command.args(["--engine", engine]).args(task.args().iter().flat_map(|word| ["--task", word]));
    let output = command.output().context("cannot start valgrind")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
    let text = fs::read_to_string(&out).with_context(|| format!("valgrind left no {}", out.display()))?;
    fs::remove_file(&out)?;
    counts(&text)
}

/// The totals in a file of callgrind's.
fn counts(text: &str) -> Result<Counts> {
    let line =
        |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).context("callgrind's file has no totals");
    let names: Vec<&str> = line("events:")?.split_whitespace().collect();
    let totals: Vec<&str> = line("summary:").or_else(|_| line("totals:"))?.split_whitespace().collect();
    let event = |name: &str| {
        let at = names.iter().position(|event| *event == name).context("callgrind counted something else")?;
        let total = totals.get(at).copied().unwrap_or("0");
        total.parse::<u64>().with_context(|| format!("`{total}` is no count"))
    };
    Ok(Counts { instructions: event("Ir")?, indirect: event("Bi")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_by_the_names_of_events() {
        let text = "version: 1\nevents: Ir Bc Bcm Bi Bim\nfn=(1) main\n0 5\nsummary: 1000 50 3 70 2\n";
        assert_eq!(counts(text).unwrap(), Counts { instructions: 1000, indirect: 70 });
        assert!(counts("events: Ir\n").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_knows_its_memory() {
        assert!(memory_kib("VmHWM").unwrap() >= memory_kib("VmRSS").unwrap() / 2);
        assert!(memory_kib("VmNone").is_err());
    }
}
