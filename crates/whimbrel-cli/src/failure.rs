//! Failures: one line for the user, one exit code each.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::output::{ERROR, for_terminal};

/// What the program's exit code says about a failure; 0 is success, and a guest's own code passes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Something without a code of its own, such as a failing read; for `validate`, an invalid module.
    Other = 1,
    /// A wrong flag or a missing operand.
    Usage = 2,
    /// Arguments that do not fit the function that `--invoke` names.
    Arguments = 64,
    /// The input is not a module, or not a valid one.
    Invalid = 65,
    /// There is no such input file.
    NoFile = 66,
    /// The module has no such export or function.
    NoFunction = 67,
    /// The module imports what nobody provides.
    Import = 68,
    /// The input is of a kind that is not supported, such as a component.
    Unsupported = 69,
    /// A directory for `--dir` cannot be opened.
    Directory = 72,
    /// The guest ran longer than it may: what `timeout` gives.
    Timeout = 124,
    /// The user ended the guest: what a shell shows for a process killed by SIGINT.
    Interrupted = 130,
    /// The guest trapped: what a shell shows for a process that aborted.
    Trap = 134,
    /// Nobody reads the output any more: what a shell shows for a process killed by SIGPIPE.
    Pipe = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure as the user sees it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// One line, without `error: ` before it.
    message: String,
    /// Lines that go below it, if any: a backtrace.
    details: String,
}

/// The result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), details: String::new() }
    }

    /// The failure with `lines` below its message.
    pub(crate) fn with_details(mut self, lines: String) -> Self {
        self.details = lines;
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Lines below the message.
    pub(crate) fn details(&self) -> &str {
        &self.details
    }

    /// Prints the failure to standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.exit != Exit::Pipe {
            let text = format!("{ERROR}error:{ERROR:#} {}\n{}", self.message, self.details);
            // There is nowhere left to report a failure of standard error itself.
            let _ = anstream::stderr().lock().write_all(for_terminal(&text, &io::stderr()).as_bytes());
        }
        self.exit.into()
    }
}

/// What failed is writing the command's own output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Pipe, error),
            _ => Self::new(Exit::Other, format_args!("cannot write the output: {}", io_reason(&error))),
        }
    }
}

/// What the operating system says, without its number.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
