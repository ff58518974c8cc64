//! The program `whimbrel`: its command line, reports and exit codes; not the meaning of WebAssembly.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod args;
mod bench;
mod disasm;
mod failure;
mod input;
mod inspect;
mod ir;
mod names;
mod output;
#[cfg(feature = "repl")]
mod repl;
mod run;
mod shell;
mod text;
mod usage;
mod validate;
mod wast;
mod wat;

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
        Command::Disasm(args) => disasm::disasm(args),
        Command::Wat(args) => wat::wat(args),
        Command::Wast(args) => wast::wast(args),
        Command::Bench(args) => bench::bench(args),
        #[cfg(feature = "repl")]
        Command::Repl(args) => repl::repl(args),
        Command::Completions(args) => shell::completions(args),
        Command::Man(args) => shell::man(args),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
