//! `xtask leaks` and `xtask seeds`: the package `hostile`, built for speed and run.

use std::env;
use std::fs;
use std::process::Command;

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

fn hostile() -> Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--release", "--package", "hostile", "--manifest-path"]);
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
    fn every_seeded_target_exists() {
        for target in SEEDED {
            let path = workspace::root().join(format!("fuzz/fuzz_targets/{target}.rs"));
            assert!(path.exists(), "{} is missing", path.display());
        }
    }
}
