//! `xtask spec`: the specification's test suite on one backend of the engine, or on both.
//!
//! Which backend the engine has is decided where it is built: an optimised build makes tail calls, a debug build loops. So
//! the runner, the package `spectest`, is built and run once for each backend.

mod readme;

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use serde_json::{Value, json};

use crate::report::Tally;
use crate::workspace;

#[derive(clap::Args)]
pub struct Args {
    /// Write the results to a file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The engine's backend: `tail` in an optimised build, `loop` in a debug build
    #[arg(long, value_enum, default_value_t = Backends::Tail)]
    backend: Backends,
    /// Run only the scripts whose `GROUP/FILE` contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Run everything twice, the second time counting fuel
    #[arg(long)]
    fuel: bool,
    /// Collect garbage at every allocation: `whole`, all of it, or `steps`, one step
    #[arg(long, value_name = "MODE")]
    gc_stress: Option<String>,
    /// Put the results into the table of README.md
    #[arg(long, conflicts_with_all = ["filter", "paths", "fuel", "gc_stress"])]
    update_readme: bool,
    /// Scripts, or folders of scripts, to run instead of the suite
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Backends {
    Tail,
    Loop,
    Both,
}

impl Backends {
    /// Each backend's name with the arguments by which cargo builds it.
    fn builds(self) -> &'static [(&'static str, &'static [&'static str])] {
        const BOTH: &[(&str, &[&str])] = &[("tail", &["--release"]), ("loop", &[])];
        match self {
            Self::Tail => &BOTH[..1],
            Self::Loop => &BOTH[1..],
            Self::Both => BOTH,
        }
    }
}

/// The counts of one run, as the runner writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    skipped: usize,
}

impl Counts {
    fn read(report: &Value) -> Result<Self> {
        let count = |name: &str| {
            let count = report["total"][name].as_u64().with_context(|| format!("the report lacks `total.{name}`"))?;
            Ok::<_, anyhow::Error>(usize::try_from(count)?)
        };
        Ok(Self { passed: count("passed")?, failed: count("failed")?, skipped: count("skipped")? })
    }
}

/// The counts in a report of the runner's.
pub fn counts(report: &Value) -> Result<Counts> {
    Counts::read(report)
}

pub fn run(args: &Args) -> Result<Tally> {
    let mut runs = Vec::new();
    let mut total = Counts::default();
    let mut unsuccessful = 0;
    let fuel = if args.fuel { &[false, true][..] } else { &[false] };
    let modes = args.backend.builds().iter().flat_map(|build| fuel.iter().map(move |&fuel| (build, fuel)));
    for ((backend, build), fuel) in modes {
        let report = run_backend(args, backend, build, fuel)?;
        let counts = Counts::read(&report)?;
        total.passed += counts.passed;
        total.failed += counts.failed;
        total.skipped += counts.skipped;
        unsuccessful += usize::from(report["success"] != true);
        runs.push(report);
    }
    if args.update_readme {
        let path = workspace::root().join("README.md");
        let text = std::fs::read_to_string(&path).context("cannot read README.md")?;
        std::fs::write(&path, readme::updated(&text, &runs)?).context("cannot write README.md")?;
    }
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&json!({ "runs": runs }))? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if runs.len() > 1 {
        println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    }
    // A skip that is not listed, or a listed one that did not happen, is a failure of the task.
    Ok(Tally { passed: total.passed, failed: total.failed.max(unsuccessful) })
}

/// Builds the runner for one backend and runs it; returns the report that it writes.
fn run_backend(args: &Args, backend: &str, build: &[&str], fuel: bool) -> Result<Value> {
    let report = workspace::target_dir()?.join(format!("spectest-{backend}.json"));
    // A run that ends early must not leave the report of the one before.
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--package", "spectest", "--manifest-path"]);
    command.arg(workspace::root().join("Cargo.toml")).args(build).arg("--");
    command.arg("--json").arg(&report);
    if fuel {
        println!("counting fuel");
        command.arg("--fuel");
    }
    if let Some(mode) = &args.gc_stress {
        command.arg("--gc-stress").arg(mode);
    }
    if let Some(filter) = &args.filter {
        command.arg("--filter").arg(filter);
    }
    if args.paths.is_empty() {
        command.arg("--wasm-tools").arg(wasm_tools()?);
    }
    command.args(&args.paths);
    let status = command.status().context("cannot start cargo")?;
    let text = std::fs::read_to_string(&report)
        .with_context(|| format!("the runner with the {backend} backend wrote no report: {status}"))?;
    let json: Value = serde_json::from_str(&text).context("the runner's report is no JSON")?;
    ensure!(json["backend"] == backend, "the runner was built with backend {}, not {backend}", json["backend"]);
    Ok(json)
}

/// The folder of scripts in the package `wasm-tools`, which the runner's manifest names for them.
pub fn wasm_tools() -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .exec()
        .context("cargo cannot fetch the package `wasm-tools`")?;
    let package = metadata.packages.iter().find(|package| package.name == "wasm-tools");
    let manifest = &package.context("no package depends on `wasm-tools`")?.manifest_path;
    Ok(manifest.with_file_name("tests/cli").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_backend_has_a_build() {
        let names = |backends: Backends| backends.builds().iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(Backends::Tail), ["tail"]);
        assert_eq!(names(Backends::Loop), ["loop"]);
        assert_eq!(names(Backends::Both), ["tail", "loop"]);
    }

    #[test]
    fn counts_come_from_the_report() {
        let report = json!({ "total": { "passed": 3, "failed": 2, "skipped": 1 } });
        assert_eq!(Counts::read(&report).unwrap(), Counts { passed: 3, failed: 2, skipped: 1 });
        assert!(Counts::read(&json!({})).is_err());
    }
}
