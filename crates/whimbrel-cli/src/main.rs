//! The program `whimbrel`: its command line, reports and exit codes; not the meaning of WebAssembly.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod args;
mod failure;
mod input;
mod inspect;
mod ir;
mod names;
mod output;
mod run;
mod usage;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error),
    };
    let outcome = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Validate(args) => validate::validate(args),
        Command::Inspect(args) => inspect::inspect(args),
        Command::Ir(args) => ir::ir(args),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
