//! Loads, instantiates and calls with one allocation after the other failing: each ends in an error or a trap, nothing is
//! leaked, and the store is as good as before. Each failure happens in a process of its own, since one may abort.
#![deny(unsafe_code)]

mod allocator;
mod scenario;

use std::env;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use clap::Parser;
use scenario::{Outcome, PHASES, Phase};

/// Makes allocations fail.
#[derive(Parser)]
#[command(name = "hostile-faults", max_term_width = 100)]
enum Cli {
    /// Every allocation of every phase, and growth that the system refuses
    All {
        /// Say where allocations were made that end the process
        #[arg(long)]
        trace: bool,
    },
    /// One allocation of one phase, in this process
    One {
        phase: Phase,
        n: i64,
        #[arg(long)]
        trace: bool,
    },
    /// Growth that the system refuses, in this process
    Refused,
}

/// How a process says that there were not so many allocations, and that it did without one.
const NOT_REACHED: u8 = 40;
const ABSORBED: u8 = 41;

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::All { trace } => all(trace),
        Cli::One { phase, n, trace } => {
            scenario::perform(phase, n, trace).map_err(|error| self::error(&error)).map(|outcome| match outcome {
                Outcome::Failed => ExitCode::SUCCESS,
                Outcome::NotReached => ExitCode::from(NOT_REACHED),
                Outcome::Absorbed => ExitCode::from(ABSORBED),
            })
        }
        Cli::Refused => scenario::refused().map_err(|error| self::error(&error)).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The engine's error, with all that it wraps.
fn error(error: &whimbrel::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// What came of the allocations of a phase.
#[derive(Default)]
struct Row {
    errors: usize,
    absorbed: usize,
    aborted: usize,
    /// A leak, a store that does not work any more, a panic.
    wrong: usize,
}

fn all(trace: bool) -> Result<ExitCode> {
    println!("{:12} {:>8} {:>9} {:>9} {:>6}", "phase", "errors", "absorbed", "aborted", "wrong");
    let mut total = Row::default();
    let mut unpromised = 0;
    for phase in PHASES {
        let row = sweep(phase, trace)?;
        // Before a program runs, an allocation that is small may end the process, as it does in other Rust programs.
        unpromised += if phase == Phase::Call { 0 } else { row.aborted };
        print_row(&format!("{phase:?}"), &row);
        total.errors += row.errors;
        total.absorbed += row.absorbed;
        total.aborted += row.aborted;
        total.wrong += row.wrong;
    }
    print_row("all", &total);
    let refused = refused()?;
    println!("growth refused by the system: {}", if refused { "ok" } else { "FAILED" });
    println!(
        "{unpromised} allocations before a program runs end the process when they fail, which is not promised otherwise"
    );
    let failed = total.wrong + total.aborted - unpromised + usize::from(!refused);
    let passed = total.errors + total.absorbed + usize::from(refused);
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_row(name: &str, Row { errors, absorbed, aborted, wrong }: &Row) {
    println!("{name:12} {errors:>8} {absorbed:>9} {aborted:>9} {wrong:>6}");
}

fn sweep(phase: Phase, trace: bool) -> Result<Row> {
    let mut row = Row::default();
    for n in 1.. {
        let name = clap::ValueEnum::to_possible_value(&phase).context("phases have names")?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["one", name.get_name(), &n.to_string()]);
        if trace {
            command.arg("--trace");
        }
        let output = command.stdout(Stdio::null()).output().context("cannot start a process")?;
        let text = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => row.errors += 1,
            Some(code) if code == i32::from(NOT_REACHED) => break,
            Some(code) if code == i32::from(ABSORBED) => row.absorbed += 1,
            // A signal: the standard library aborts where an allocation that cannot fail does.
            None => {
                row.aborted += 1;
                if trace {
                    println!("{phase:?} {n} aborted: {}", site(&text));
                }
            }
            Some(_) => {
                row.wrong += 1;
                println!("{phase:?} {n}: {}", text.trim_end());
            }
        }
    }
    Ok(row)
}

/// The innermost functions of the project's own in a backtrace.
fn site(text: &str) -> String {
    let names = text.lines().filter_map(|line| line.trim().split_once(": ").map(|(_, name)| name));
    let own =
        names.filter(|name| ["whimbrel", "wasm_"].iter().any(|own| name.trim_start_matches('<').starts_with(own)));
    own.take(3).collect::<Vec<_>>().join(" < ")
}

/// Runs where the system has little memory to give.
fn refused() -> Result<bool> {
    const LIMIT_KIB: u32 = 2_000_000;
    let exe = env::current_exe()?;
    let script = format!("ulimit -v {LIMIT_KIB} && exec \"$0\" refused");
    let status = Command::new("sh").arg("-c").arg(script).arg(exe).status().context("cannot start a shell")?;
    Ok(status.success())
}
