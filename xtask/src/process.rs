//! Child processes with their output captured and their time bounded.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a child process did.
pub struct Captured {
    /// `None` if the process was ended because its time was up.
    pub status: Option<ExitStatus>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub time: Duration,
}

impl Captured {
    /// The exit code; `None` for a process that a signal or the time limit ended.
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }
}

/// Runs `command` with no standard input, for at most `limit`.
pub fn capture(command: &mut Command, limit: Duration) -> Result<Captured> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let stdout = read_aside(child.stdout.take());
    let stderr = read_aside(child.stderr.take());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(1));
    };
    let time = start.elapsed();
    let [stdout, stderr] = [stdout, stderr].map(|thread| thread.join().expect("reading a pipe does not panic"));
    Ok(Captured { status, stdout, stderr, time })
}

/// Reads a pipe to its end on another thread, so that a child that fills one pipe does not block on the other.
fn read_aside<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks has ended; what came before is what the child wrote.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Runs a tool whose output matters only if it fails; the error then carries that output.
pub fn tool(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        bail!("{name} failed, {}:\n{}", output.status, String::from_utf8_lossy(&text).trim_end());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_exit_code_are_captured() {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let done = capture(Command::new(&rustc).arg("--version"), Duration::from_secs(60)).unwrap();
        assert_eq!(done.code(), Some(0));
        assert!(done.stdout.starts_with(b"rustc 1."), "{}", String::from_utf8_lossy(&done.stdout));
        let refused = capture(Command::new(&rustc).arg("--no-such-flag"), Duration::from_secs(60)).unwrap();
        assert_eq!(refused.code(), Some(1));
        assert!(!refused.stderr.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_outlives_its_time_is_ended() {
        let done = capture(Command::new("sleep").arg("60"), Duration::from_millis(50)).unwrap();
        assert!(done.status.is_none());
        assert!(done.time < Duration::from_secs(30));
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(capture(&mut Command::new("no-such-program-here"), Duration::from_secs(1)).is_err());
    }
}
