//! A directory of files and a transcript of commands run in it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The smallest program of the examples, built from C.
pub(crate) const HELLO: &[u8] = include_bytes!("../../../../examples/hello/hello.wasm");

/// Commands run one after the other in a directory of their own, at 80 columns and without colours.
pub(crate) struct Session {
    dir: TempDir,
    transcript: String,
}

impl Session {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        Self { dir, transcript: String::new() }
    }

    /// Puts a file into the directory.
    pub(crate) fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("a directory can be made");
        fs::write(path, contents).expect("the file can be written");
        self
    }

    /// Runs `whimbrel` with the words of `line`.
    pub(crate) fn run(self, line: &str) -> Self {
        self.run_with_input(line, b"")
    }

    /// Runs `whimbrel` with the words of `line` and `input` as its standard input.
    pub(crate) fn run_with_input(mut self, line: &str, input: &[u8]) -> Self {
        let output = execute(self.dir.path(), line, input);
        let code = output.status.code().expect("the program ends by itself");
        let _ = writeln!(self.transcript, "$ whimbrel {line}");
        for (stream, mark) in [(&output.stdout, ""), (&output.stderr, "! ")] {
            for text in String::from_utf8_lossy(stream).lines() {
                let _ = writeln!(self.transcript, "{}", format!("{mark}{text}").trim_end());
            }
        }
        let _ = writeln!(self.transcript, "[exit {code}]\n");
        self
    }

    /// What was typed and what came back; lines of standard error start with `! `.
    pub(crate) fn transcript(self) -> String {
        self.transcript
    }

    /// The directory of the session.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Runs the program itself, in `dir`.
pub(crate) fn execute(dir: &Path, line: &str, input: &[u8]) -> Output {
    execute_with(dir, line, input, &[])
}

/// Runs the program itself, in `dir`, with more environment variables.
pub(crate) fn execute_with(dir: &Path, line: &str, input: &[u8], env: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whimbrel"))
        .args(line.split_whitespace())
        .current_dir(dir)
        .env_clear()
        .env("COLUMNS", "80")
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that reads no input may be gone before it is written.
    let _ = child.stdin.take().expect("standard input is piped").write_all(input);
    child.wait_with_output().expect("the program ends")
}

/// Compares a transcript with its snapshot.
macro_rules! assert_transcript {
    ($session:expr) => {
        insta::with_settings!({ filters => [(r"whimbrel \d+\.\d+\.\d+", "whimbrel [version]")], omit_expression => true }, {
            insta::assert_snapshot!($session.transcript());
        })
    };
}
pub(crate) use assert_transcript;
