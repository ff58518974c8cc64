//! `xtask race`: the races of `wasi-lite`'s tests, where the host swaps directories and links while a guest goes through them,
//! for longer than a test may take.

use std::env;
use std::process::Command;

use anyhow::{Context, Result};

use crate::report::Tally;
use crate::workspace;

#[derive(clap::Args)]
pub struct Args {
    /// How long each race lasts; every one is run on the kernel's resolution and on the crate's own walk
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
}

pub fn run(args: &Args) -> Result<Tally> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--quiet", "-p", "wasi-lite", "--test", "race", "--"]);
    // One race at a time, so that both its threads have a processor.
    command.args(["--nocapture", "--test-threads=1"]).current_dir(workspace::root());
    command.env("WASI_LITE_RACE_MS", (args.seconds * 1000).to_string());
    let status = command.status().context("cannot start cargo")?;
    let mut tally = Tally::default();
    tally.count(status.success());
    println!("{tally}");
    Ok(tally)
}
