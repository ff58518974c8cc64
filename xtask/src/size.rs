//! `xtask size`: what an engine adds to a program, as the difference between two stripped programs, one of which embeds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::report::{self, Tally};
use crate::{process, workspace};

#[derive(clap::Args)]
pub struct Args {
    /// The profiles that are built; all by default
    #[arg(long, value_name = "PROFILE", value_delimiter = ',', default_values = ["release", "small"])]
    profile: Vec<String>,
    /// Also the sizes of wasmi 1.1, and, of profile `small`, whimbrel's speed beside it
    #[arg(long)]
    wasmi: bool,
}

/// The kernels that the speeds of small programs are compared with, each with its argument.
const KERNELS: &[(&str, u32)] = &[
    ("collatz", 60_000),
    ("sieve", 40),
    ("matrix", 25),
    ("quicksort", 60),
    ("bytecode", 100_000),
    ("fib", 500),
    ("json", 400),
    ("mix", 200),
];

/// How often each is run.
const ROUNDS: usize = 5;

/// Longer than any of them takes.
const TIME_LIMIT: Duration = Duration::from_secs(60);

pub fn run(args: &Args) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut table = vec![["profile", "engine", "program", "harness", "engine alone"].map(str::to_owned).to_vec()];
    for profile in &args.profile {
        let mut programs = Vec::new();
        for engine in ["whimbrel", "wasmi1"].into_iter().take(1 + usize::from(args.wasmi)) {
            let [empty, embedding] = build(profile, engine)?;
            let [harness, program] = [&empty, &embedding].map(|path| fs::metadata(path).map(|file| file.len()));
            let (harness, program) = (harness?, program?);
            let sizes = [program, harness, program.saturating_sub(harness)].map(|size| format!("{} KB", size / 1000));
            table.push([&[profile.clone(), engine.to_owned()][..], &sizes].concat());
            tally.count(program > harness);
            programs.push(embedding);
        }
        if let ([ours, theirs], "small") = (&programs[..], profile.as_str()) {
            println!("profile small: wasmi 1.1 takes {:.2} times whimbrel's time", speed(ours, theirs)?);
        }
    }
    println!("{}{tally}", report::table(&table));
    Ok(tally)
}

/// Builds the program without and the one with the engine; the paths of both, stripped.
fn build(profile: &str, engine: &str) -> Result<[PathBuf; 2]> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "-p",
        "whimbrel-size",
        "--profile",
        profile,
        "--no-default-features",
        "--features",
        engine,
    ]);
    let status = cargo.current_dir(workspace::root()).status().context("cannot start cargo")?;
    ensure!(status.success(), "the programs do not build with profile {profile} and {engine}");
    let target = workspace::target_dir()?;
    let stripped = |name: &str| {
        let (from, to) =
            (target.join(profile).join(name), target.join("size").join(format!("{name}-{profile}-{engine}")));
        fs::create_dir_all(target.join("size"))?;
        process::tool(Command::new("strip").arg("-o").arg(&to).arg(&from))?;
        Ok(to)
    };
    let [empty, embedding] = ["whimbrel-size-empty", "whimbrel-size-embedding"].map(stripped);
    let both: Result<[PathBuf; 2]> = empty.and_then(|empty| Ok([empty, embedding?]));
    both
}

/// The geometric mean over the kernels of the second program's time as a multiple of the first one's, of the shortest of some
/// runs that take the programs in turn.
fn speed(ours: &Path, theirs: &Path) -> Result<f64> {
    let mut logs = 0.0;
    for (kernel, rounds) in KERNELS {
        let wasm = workspace::root().join("bench/kernels").join(kernel).with_extension("wasm");
        let mut best = [Duration::MAX; 2];
        let mut printed = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (n, program) in [ours, theirs].into_iter().enumerate() {
                let mut command = Command::new(program);
                let done = process::capture(command.arg(&wasm).arg(rounds.to_string()), TIME_LIMIT)?;
                ensure!(done.code() == Some(0), "{} does not run {kernel}", program.display());
                best[n] = best[n].min(done.time);
                printed[n] = done.stdout;
            }
        }
        ensure!(printed[0] == printed[1], "the engines do not agree on {kernel}");
        logs += (best[1].as_secs_f64() / best[0].as_secs_f64()).ln();
    }
    Ok((logs / KERNELS.len() as f64).exp())
}
