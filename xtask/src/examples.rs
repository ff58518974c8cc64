//! `xtask examples`: the commands that the READMEs show, run as they stand there, their output compared.
//!
//! A fenced block marked `console` is a transcript: a line that begins with `$ ` is a command, run at the workspace's root
//! without a shell; the lines up to the next command are its standard output.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::report::{self, Tally};
use crate::workspace;

#[derive(clap::Args)]
pub struct Args {
    /// Run only the commands that contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Building the program that an example runs is part of the time.
const TIME_LIMIT: Duration = Duration::from_secs(1800);

/// A command with the output that the document shows.
#[derive(Debug, PartialEq, Eq)]
struct Transcript {
    /// Counted from 1.
    line: usize,
    command: String,
    stdout: String,
}

pub fn run(args: &Args) -> Result<Tally> {
    let root = workspace::root();
    let mut tally = Tally::default();
    for file in documents(root)? {
        let text = fs::read_to_string(root.join(&file)).with_context(|| format!("cannot read {file}"))?;
        for transcript in transcripts(&text) {
            if args.filter.as_deref().is_none_or(|part| transcript.command.contains(part)) {
                tally.count(replay(&file, &transcript, root)?);
            }
        }
    }
    ensure!(tally != Tally::default(), "no README shows a command to run");
    println!("{tally}");
    Ok(tally)
}

/// The READMEs that may show commands: the root's and each example's, by their paths from the root.
fn documents(root: &Path) -> Result<Vec<String>> {
    let mut files = vec!["README.md".to_owned()];
    for entry in fs::read_dir(root.join("examples")).context("cannot list examples/")? {
        let entry = entry?;
        if entry.path().join("README.md").exists() {
            files.push(format!("examples/{}/README.md", entry.file_name().to_string_lossy()));
        }
    }
    files.sort();
    Ok(files)
}

/// Runs one command and says whether it printed what the document shows.
fn replay(file: &str, transcript: &Transcript, root: &Path) -> Result<bool> {
    let mut words = transcript.command.split_whitespace();
    let mut command = Command::new(words.next().context("a command has a first word")?);
    let done = process::capture(command.args(words).current_dir(root), TIME_LIMIT)?;
    let ok = done.code() == Some(0) && done.stdout == transcript.stdout.as_bytes();
    let verdict = if ok { "ok    " } else { "FAILED" };
    println!("{verdict} {}  ({})", transcript.command, report::duration(done.time));
    if !ok {
        println!("{file}:{}: the command ended with {:?} and printed", transcript.line, done.code());
        print!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        println!("instead of\n{}", transcript.stdout);
    }
    Ok(ok)
}

/// The transcripts in a document's `console` blocks.
fn transcripts(text: &str) -> Vec<Transcript> {
    let mut found: Vec<Transcript> = Vec::new();
    let mut in_console = false;
    let mut has_command = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            in_console = !in_console && info.trim() == "console";
            has_command = false;
        } else if in_console && let Some(command) = line.strip_prefix("$ ") {
            found.push(Transcript { line: index + 1, command: command.trim().to_owned(), stdout: String::new() });
            has_command = true;
        } else if has_command && let Some(transcript) = found.last_mut() {
            transcript.stdout.push_str(line);
            transcript.stdout.push('\n');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_console_blocks_are_transcripts() {
        let text =
            "# T\n```sh\n$ not this\n```\n```console\n$ one a b\nout\n\n$ two\n```\nprose\n```rust\nfn f() {}\n```\n";
        let transcript = |line, command: &str, stdout: &str| Transcript {
            line,
            command: command.to_owned(),
            stdout: stdout.to_owned(),
        };
        assert_eq!(transcripts(text), [transcript(6, "one a b", "out\n\n"), transcript(9, "two", "")]);
    }

    #[test]
    fn a_command_that_prints_something_else_fails() {
        let root = workspace::root();
        let version = |stdout: &str| Transcript {
            line: 1,
            command: "cargo --version --quiet".to_owned(),
            stdout: stdout.to_owned(),
        };
        let real = Command::new("cargo").arg("--version").current_dir(root).output().unwrap().stdout;
        assert!(replay("README.md", &version(&String::from_utf8(real).unwrap()), root).unwrap());
        assert!(!replay("README.md", &version("cargo 0.0.0\n"), root).unwrap());
    }

    #[test]
    fn the_readme_runs_the_committed_examples() {
        let text = fs::read_to_string(workspace::root().join("README.md")).unwrap();
        let commands: Vec<String> = transcripts(&text).into_iter().map(|transcript| transcript.command).collect();
        assert!(commands.iter().any(|command| command.contains("examples/hello/hello.wasm")), "{commands:?}");
    }
}
