//! Usage errors: what the argument parser says, in one line.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::args::Cli;
use crate::failure::{Exit, Failure};

/// Prints the help, the version or the error that `error` stands for, and gives the exit code.
pub(crate) fn report(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe after a help text is no failure.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage.into()
        }
        _ => Failure::new(Exit::Usage, message(error)).report(),
    }
}

/// The error in one line, with the command whose help explains more.
fn message(error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => return unknown_command(error),
        ErrorKind::UnknownArgument => {
            let found = context(error, ContextKind::InvalidArg);
            match context(error, ContextKind::SuggestedArg) {
                suggested if !suggested.is_empty() => format!("unknown flag `{found}`; did you mean `{suggested}`?"),
                _ if found.starts_with('-') => format!("unknown flag `{found}`"),
                _ => format!("unexpected argument `{found}`"),
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = context(error, ContextKind::InvalidArg);
            let first = missing.split(['<', '>']).find(|part| !part.is_empty()).unwrap_or_default();
            format!("{first} is missing")
        }
        ErrorKind::InvalidValue => {
            let usage = context(error, ContextKind::InvalidArg);
            let flag = usage.split(' ').next().unwrap_or_default();
            match (context(error, ContextKind::InvalidValue), context(error, ContextKind::ValidValue)) {
                (value, _) if value.is_empty() => format!("`{flag}` needs a value"),
                (value, valid) => format!("invalid value `{value}` for `{flag}`: expected {valid}"),
            }
        }
        ErrorKind::ValueValidation => {
            let usage = context(error, ContextKind::InvalidArg);
            let flag = usage.split(' ').next().unwrap_or_default();
            let reason = std::error::Error::source(error).map_or(String::new(), |reason| format!(": {reason}"));
            format!("invalid value `{}` for `{flag}`{reason}", context(error, ContextKind::InvalidValue))
        }
        _ => first_line(error),
    };
    format!("{what} (see `{} --help`)", command())
}

/// The error for a first argument that names no command, which is often a module.
fn unknown_command(error: &Error) -> String {
    let found = context(error, ContextKind::InvalidSubcommand);
    let path = Path::new(&found);
    let is_module = path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat");
    if is_module || path.exists() {
        return format!("`{found}` is not a command; did you mean `whimbrel run {found}`?");
    }
    match context(error, ContextKind::SuggestedSubcommand) {
        suggested if !suggested.is_empty() => format!("unknown command `{found}`; did you mean `{suggested}`?"),
        _ => format!("unknown command `{found}` (see `whimbrel --help`)"),
    }
}

fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(value)) => value.clone(),
        Some(ContextValue::Strings(values)) if kind == ContextKind::ValidValue => {
            let quoted: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            quoted.join(" or ")
        }
        Some(ContextValue::Strings(values)) => values.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// What the parser itself says, without the lines that follow.
fn first_line(error: &Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// `whimbrel`, with the subcommand if one was named.
fn command() -> String {
    let first = std::env::args_os().nth(1).unwrap_or_default();
    let cli = Cli::command();
    match cli.get_subcommands().find(|command| OsStr::new(command.get_name()) == first) {
        Some(command) => format!("whimbrel {}", command.get_name()),
        None => "whimbrel".to_owned(),
    }
}
