//! `xtask programs`: real programs, fetched by exact version and checksum, run and checked.

mod fetch;
mod list;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::report::{self, Tally};
use crate::{process, workspace};
pub use fetch::hex_digest;
use list::{Origin, PROGRAMS, Program};

#[derive(clap::Args)]
pub struct Args {
    /// Run only the programs whose name contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Also write the rows to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run this `whimbrel` instead of building one
    #[arg(long, value_name = "PATH")]
    whimbrel: Option<PathBuf>,
}

/// One line of the report.
struct Row {
    program: &'static Program,
    size_bytes: u64,
    time: Duration,
    /// What went wrong, if something did.
    fault: Option<String>,
}

pub fn run(args: &Args) -> Result<Tally> {
    let target = workspace::target_dir()?;
    let programs: Vec<&Program> = PROGRAMS
        .iter()
        .filter(|program| args.filter.as_deref().is_none_or(|part| program.name.contains(part)))
        .collect();
    if programs.is_empty() {
        let names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        bail!("no program has a name with `{}`; there are {}", args.filter.as_deref().unwrap_or(""), names.join(", "));
    }
    let whimbrel = match &args.whimbrel {
        Some(path) => path.clone(),
        None => build_whimbrel()?,
    };
    let cache = target.join("programs");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;

    let progress = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
    progress.enable_steady_tick(Duration::from_millis(100));
    let mut rows = Vec::new();
    for program in programs {
        progress.set_message(format!("fetching {}", program.name));
        let row = match files(program, &cache) {
            Ok(files) => {
                progress.set_message(format!("running {}", program.name));
                let paths = files.preloads.iter().map(|(_, path)| path).chain([&files.wasm]);
                let size_bytes = paths.map(|path| Ok(fs::metadata(path)?.len())).sum::<Result<u64>>()?;
                let (time, fault) = run::check(program, &whimbrel, &files, &cache.join("run").join(program.name))?;
                Row { program, size_bytes, time, fault }
            }
            Err(error) => {
                Row { program, size_bytes: 0, time: Duration::ZERO, fault: Some(format!("not fetched: {error:#}")) }
            }
        };
        rows.push(row);
    }
    progress.finish_and_clear();
    if let Some(path) = &args.json {
        fs::write(path, to_json(&rows)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(print(&rows))
}

/// The path of the Wasm of the program of that name, fetched or built below `cache` if it is not there yet.
pub fn wasm(name: &str, cache: &Path) -> Result<PathBuf> {
    let program = PROGRAMS.iter().find(|program| program.name == name);
    fetch::wasm(name, &program.with_context(|| format!("no program is named `{name}`"))?.origin, cache)
}

/// The program's modules, fetched or built below `cache`.
fn files(program: &Program, cache: &Path) -> Result<run::Files> {
    let preload = |(name, origin): &(&'static str, Origin)| {
        Ok((*name, fetch::wasm(&format!("{}-{name}", program.name), origin, cache)?))
    };
    let preloads = program.preloads.iter().map(preload).collect::<Result<_>>()?;
    Ok(run::Files { wasm: fetch::wasm(program.name, &program.origin, cache)?, preloads })
}

/// Builds the program under test; returns its path.
pub fn build_whimbrel() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "-p", "whimbrel-cli"]).current_dir(workspace::root());
    process::tool(&mut cargo).context("whimbrel does not build")?;
    Ok(workspace::target_dir()?.join("release").join(format!("whimbrel{}", std::env::consts::EXE_SUFFIX)))
}

/// Prints the table, then what went wrong, then the count.
fn print(rows: &[Row]) -> Tally {
    let mut tally = Tally::default();
    let mut table = vec![["program", "toolchain", "size", "time", "verdict"].map(str::to_owned).to_vec()];
    for row in rows {
        tally.count(row.fault.is_none());
        table.push(vec![
            row.program.name.to_owned(),
            row.program.toolchain.to_owned(),
            report::size(row.size_bytes),
            report::duration(row.time),
            if row.fault.is_none() { "ok" } else { "FAILED" }.to_owned(),
        ]);
    }
    print!("{}", report::table(&table));
    for row in rows {
        if let Some(fault) = &row.fault {
            println!("\n{}: {fault}", row.program.name);
        }
    }
    println!("{tally}");
    tally
}

fn to_json(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "program": row.program.name,
                "toolchain": row.program.toolchain,
                "size_bytes": row.size_bytes,
                "time_ms": row.time.as_secs_f64() * 1e3,
                "passed": row.fault.is_none(),
                "fault": row.fault,
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}
