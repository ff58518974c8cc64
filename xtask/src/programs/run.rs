//! One run of one program, and whether it produced what it must.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::fetch::hex_digest;
use super::list::{Expect, Program};
use crate::process::{self, Captured};

/// Longer than any of the programs takes, a debug build included.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// The most of an output that a fault quotes.
const QUOTED_CHARS: usize = 2000;

/// The modules of a program.
pub struct Files {
    pub wasm: PathBuf,
    /// Those that are preloaded, by the names under which they are imported.
    pub preloads: Vec<(&'static str, PathBuf)>,
}

/// Runs the program with a fresh directory mounted as `/data`; returns the time it took and what went wrong.
pub fn check(program: &Program, whimbrel: &Path, files: &Files, data: &Path) -> Result<(Duration, Option<String>)> {
    if data.exists() {
        fs::remove_dir_all(data)?;
    }
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    for (name, content) in program.inputs {
        fs::write(data.join(name), content)?;
    }
    let mut command = Command::new(whimbrel);
    command.arg("run").arg("--dir").arg(format!("{}::/data", data.display())).args(program.flags);
    for (name, path) in &files.preloads {
        command.arg("--preload").arg(format!("{name}={}", path.display()));
    }
    command.arg(&files.wasm).args(program.args);
    let done = process::capture(&mut command, TIME_LIMIT)?;
    let fault = fault(program, &done, data);
    Ok((done.time, fault))
}

/// What is wrong with a run; `None` if it is as it must be.
fn fault(program: &Program, done: &Captured, data: &Path) -> Option<String> {
    if done.status.is_none() {
        return Some(format!("still running after {} s", TIME_LIMIT.as_secs()));
    }
    if done.code() != Some(program.exit_code) {
        let code = done.code().map_or("a signal".to_owned(), |code| format!("exit code {code}"));
        return Some(format!("ended with {code}, expected {}\n{}", program.exit_code, quote(&done.stderr)));
    }
    match program.expect {
        Expect::Stdout(text) => other_text(&done.stdout, text),
        Expect::StdoutSha256(sha256) => other_digest("standard output", &done.stdout, sha256),
        Expect::FileSha256 { file, sha256 } => other_file(data, file, sha256),
        Expect::Both { stdout, file, sha256 } => {
            other_text(&done.stdout, stdout).or_else(|| other_file(data, file, sha256))
        }
    }
}

fn other_text(stdout: &[u8], expected: &str) -> Option<String> {
    (stdout != expected.as_bytes()).then(|| format!("printed\n{}\nexpected\n{}", quote(stdout), expected.trim_end()))
}

fn other_file(data: &Path, file: &str, sha256: &str) -> Option<String> {
    match fs::read(data.join(file)) {
        Ok(bytes) => other_digest(file, &bytes, sha256),
        Err(error) => Some(format!("{file}: {error}")),
    }
}

fn other_digest(what: &str, bytes: &[u8], sha256: &str) -> Option<String> {
    let found = hex_digest(bytes);
    (found != sha256).then(|| format!("{what} ({} bytes) has SHA-256 {found}, expected {sha256}", bytes.len()))
}

fn quote(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().chars().take(QUOTED_CHARS).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::list::Origin;
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn program(exit_code: i32, expect: Expect) -> Program {
        let origin = Origin::Repository("none");
        let (preloads, flags, inputs, args) = (&[][..], &[][..], &[][..], &[][..]);
        Program { name: "p", toolchain: "t", origin, preloads, flags, inputs, args, exit_code, expect }
    }

    fn done(code: i32, stdout: &str) -> Captured {
        let status = Some(ExitStatus::from_raw(code << 8));
        Captured { status, stdout: stdout.into(), stderr: b"why".to_vec(), time: Duration::ZERO }
    }

    #[test]
    fn output_and_exit_code_must_both_be_right() {
        let data = Path::new(".");
        let sat = program(10, Expect::Stdout("sat\n"));
        assert_eq!(fault(&sat, &done(10, "sat\n"), data), None);
        assert!(fault(&sat, &done(10, "unsat\n"), data).unwrap().contains("unsat"));
        assert_eq!(fault(&sat, &done(1, "sat\n"), data).unwrap(), "ended with exit code 1, expected 10\nwhy");
    }

    #[test]
    fn digests_are_compared() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let folder = tempfile::tempdir().unwrap();
        let stdout = program(0, Expect::StdoutSha256(abc));
        assert_eq!(fault(&stdout, &done(0, "abc"), folder.path()), None);
        assert!(fault(&stdout, &done(0, "abd"), folder.path()).is_some());
        let file = program(0, Expect::FileSha256 { file: "out", sha256: abc });
        assert!(fault(&file, &done(0, ""), folder.path()).unwrap().starts_with("out: "));
        fs::write(folder.path().join("out"), "abc").unwrap();
        assert_eq!(fault(&file, &done(0, ""), folder.path()), None);
        let both = program(0, Expect::Both { stdout: "x", file: "out", sha256: abc });
        assert_eq!(fault(&both, &done(0, "x"), folder.path()), None);
        assert!(fault(&both, &done(0, "y"), folder.path()).unwrap().starts_with("printed"));
    }

    #[test]
    fn a_run_that_was_ended_is_a_fault() {
        let late = Captured { status: None, stdout: vec![], stderr: vec![], time: TIME_LIMIT };
        assert!(fault(&program(0, Expect::Stdout("")), &late, Path::new(".")).unwrap().starts_with("still running"));
    }
}
