//! The project's own tasks, run as `cargo xtask TASK`.
//!
//! Each task ends with a line `N passed, N failed`, of `spec` and `wasi` also `N skipped`, and exits with status 1 if anything failed.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod examples;
mod fuzz;
mod guests;
mod hostile;
mod patterns;
mod process;
mod programs;
mod report;
mod sanitized;
mod size;
mod spec;
mod tidy;
mod tools;
mod wasi;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use report::Tally;

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check of the project: format, lints, tests, documentation, conformance, examples
    Ci(ci::Args),
    /// Run the specification's test suite, and the project's own tests in its format
    Spec(spec::Args),
    /// Run a folder of tests in the format of the WASI test suite
    Wasi(wasi::Args),
    /// Measure a guest's file operations beside wasmtime's command line
    WasiSpeed(wasi::speed::Args),
    /// Race a guest against a host that swaps directories and links under it
    Race(wasi::race::Args),
    /// Load the suite's modules cut and mutated, and bombs, looking for panics, leaks and excessive allocation
    Leaks(hostile::LeaksArgs),
    /// Run the fuzz targets, with address and leak sanitiser
    Fuzz(fuzz::Args),
    /// Load modules of much of one thing and of twice as much: time grows as they do
    Linear(hostile::LinearArgs),
    /// Make, use and drop 10,000 instances in one process: it does not grow
    Churn(hostile::ChurnArgs),
    /// Interrupt programs that do all kinds of things: they stop within a millisecond
    Interrupt(hostile::InterruptArgs),
    /// Have one allocation after the other fail: errors and traps, nothing leaked
    Faults(hostile::FaultsArgs),
    /// Run the specification's test suite with the address sanitiser
    Asan(sanitized::AsanArgs),
    /// Run the engine's tests under Miri where there is one, else with what comes closest
    Miri(sanitized::MiriArgs),
    /// Write the suite's modules to the corpora of the fuzz targets
    Seeds,
    /// Check the layering of the crates, file headers, unsafe code, file sizes
    Tidy,
    /// Run the commands that the READMEs show and compare what they print
    Examples(examples::Args),
    /// Fetch real programs by version and checksum, run them, check what they produce
    Programs(programs::Args),
    /// Rebuild the guest programs under `examples/` from their sources
    Guests(guests::Args),
    /// Make the list of sequences of ops that the engine executes as one
    Patterns(patterns::Args),
    /// Build the least programs that embed an engine and tell what it adds to them
    Size(size::Args),
    /// Measure whimbrel beside other engines
    Bench(bench::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(tally) if tally.failed == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<Tally> {
    match task {
        Task::Ci(args) => ci::run(&args),
        Task::Spec(args) => spec::run(&args),
        Task::Wasi(args) => wasi::run(&args),
        Task::WasiSpeed(args) => wasi::speed::run(&args),
        Task::Race(args) => wasi::race::run(&args),
        Task::Leaks(args) => hostile::leaks(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Linear(args) => hostile::linear(&args),
        Task::Churn(args) => hostile::churn(&args),
        Task::Interrupt(args) => hostile::interrupt(&args),
        Task::Faults(args) => hostile::faults(&args),
        Task::Asan(args) => sanitized::asan(&args),
        Task::Miri(args) => sanitized::miri(&args),
        Task::Seeds => hostile::seeds(),
        Task::Tidy => tidy::run(),
        Task::Examples(args) => examples::run(&args),
        Task::Programs(args) => programs::run(&args),
        Task::Guests(args) => guests::run(&args),
        Task::Patterns(args) => patterns::run(&args),
        Task::Size(args) => size::run(&args),
        Task::Bench(args) => bench::run(&args),
    }
}
