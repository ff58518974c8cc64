//! `xtask leaks`, `seeds`, `linear`, `churn`, `interrupt` and `faults`: the package `hostile` and its part `hostile-faults`, built
//! for speed and run.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::report::Tally;
use crate::workspace;

#[derive(clap::Args)]
pub struct LeaksArgs {
    /// Mutations of each module
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    mutations: usize,
    /// Take only modules whose `GROUP/FILE:LINE` contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// The fuzz targets that take modules as seeds.
const SEEDED: &[&str] = &["reader", "validate", "compile", "execute", "differential"];

pub fn leaks(args: &LeaksArgs) -> Result<Tally> {
    let report = workspace::target_dir()?.join("leaks.json");
    // A run that ends early must not leave the report of the one before.
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut command = hostile()?;
    command.args(["leaks", "--mutations", &args.mutations.to_string(), "--json"]).arg(&report);
    if let Some(filter) = &args.filter {
        command.args(["--filter", filter]);
    }
    let status = command.status().context("cannot start cargo")?;
    let text = fs::read_to_string(&report).with_context(|| format!("the run wrote no report: {status}"))?;
    tally(&serde_json::from_str(&text).context("the report is no JSON")?)
}

fn tally(report: &Value) -> Result<Tally> {
    let count = |name: &str| {
        let count = report[name].as_u64().with_context(|| format!("the report lacks `{name}`"))?;
        Ok::<_, anyhow::Error>(usize::try_from(count)?)
    };
    Ok(Tally { passed: count("passed")?, failed: count("failed")? })
}

pub fn seeds() -> Result<Tally> {
    let mut tally = Tally::default();
    for target in SEEDED {
        let folder = workspace::root().join("fuzz/corpus").join(target);
        let status = hostile()?.arg("seeds").arg(&folder).status().context("cannot start cargo")?;
        ensure!(status.success(), "no seeds for `{target}`: {status}");
        tally.count(true);
    }
    println!("{tally}");
    Ok(tally)
}

#[derive(clap::Args)]
pub struct LinearArgs {
    /// Take only kinds whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// Use a debug build, which is there once the tests have run
    #[arg(long)]
    debug: bool,
}

pub fn linear(args: &LinearArgs) -> Result<Tally> {
    counted(package("hostile", args.debug)?.args(["linear", "--filter", &args.filter]))
}

#[derive(clap::Args)]
pub struct ChurnArgs {
    /// How many instances
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    instances: usize,
    /// Use a debug build, which is there once the tests have run
    #[arg(long)]
    debug: bool,
}

pub fn churn(args: &ChurnArgs) -> Result<Tally> {
    counted(package("hostile", args.debug)?.args(["churn", "--instances", &args.instances.to_string()]))
}

#[derive(clap::Args)]
pub struct InterruptArgs {
    /// How often each program is interrupted
    #[arg(long, value_name = "N", default_value_t = 30)]
    times: usize,
    /// Use a debug build, which is there once the tests have run
    #[arg(long)]
    debug: bool,
}

pub fn interrupt(args: &InterruptArgs) -> Result<Tally> {
    counted(package("hostile", args.debug)?.args(["interrupt", "--times", &args.times.to_string()]))
}

#[derive(clap::Args)]
pub struct FaultsArgs {
    /// Say where allocations are made whose failure ends the process
    #[arg(long)]
    trace: bool,
    /// Use a debug build, which is there once the tests have run
    #[arg(long)]
    debug: bool,
}

pub fn faults(args: &FaultsArgs) -> Result<Tally> {
    let mut command = package("hostile-faults", args.debug)?;
    command.arg("all");
    if args.trace {
        command.arg("--trace");
    }
    counted(&mut command)
}

/// Runs a command that ends in a line `N passed, N failed`, which it leaves to the task to print.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let mut tally = None;
    for line in BufReader::new(child.stdout.take().context("the output is piped")?).lines() {
        let line = line?;
        println!("{line}");
        tally = closing_line(&line).or(tally);
    }
    let status = child.wait()?;
    let tally = tally.with_context(|| format!("the run ended without its counts: {status}"))?;
    ensure!(status.success() == (tally.failed == 0), "the run ended otherwise than it says: {status}");
    Ok(tally)
}

fn closing_line(line: &str) -> Option<Tally> {
    let (passed, failed) = line.split_once(" passed, ")?;
    Some(Tally { passed: passed.parse().ok()?, failed: failed.strip_suffix(" failed")?.parse().ok()? })
}

fn hostile() -> Result<Command> {
    package("hostile", false)
}

fn package(name: &str, debug: bool) -> Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--package", name]);
    if !debug {
        command.arg("--release");
    }
    command.arg("--manifest-path");
    command.arg(workspace::root().join("Cargo.toml")).arg("--");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_from_the_report() {
        let report = serde_json::json!({ "passed": 3, "failed": 1 });
        assert_eq!(tally(&report).unwrap(), Tally { passed: 3, failed: 1 });
        assert!(tally(&Value::Null).is_err());
    }

    #[test]
    fn counts_come_from_the_closing_line() {
        assert_eq!(closing_line("12 passed, 0 failed"), Some(Tally { passed: 12, failed: 0 }));
        assert_eq!(closing_line("3 passed, 4 failed"), Some(Tally { passed: 3, failed: 4 }));
        assert_eq!(closing_line("some passed, 4 failed"), None);
    }

    #[test]
    fn every_seeded_target_exists() {
        for target in SEEDED {
            let path = workspace::root().join(format!("fuzz/fuzz_targets/{target}.rs"));
            assert!(path.exists(), "{} is missing", path.display());
        }
    }
}
