#![doc = include_str!("../README.md")]
//! What it owns: the command line, its reports and its exit codes. What it does not: the meaning of WebAssembly.
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
