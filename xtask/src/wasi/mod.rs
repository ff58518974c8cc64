//! `xtask wasi`: a folder of tests in the format of the WASI test suite, each a module beside a JSON that says how it is
//! run and what it must produce.
//!
//! Nothing in the folder is changed: a test that asks for a directory gets a fresh copy of it.

mod case;
pub mod race;
pub mod speed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::report::Tally;
use crate::{process, programs, workspace};
use case::{Case, Plan};

/// Longer than any test takes, on a busy machine and in a debug build too.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Tests leave files with this ending behind; a fresh copy has none.
const LEFT_BEHIND: &str = ".cleanup";

#[derive(clap::Args)]
pub struct Args {
    /// Run only the tests whose path contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Run this `whimbrel` instead of building one
    #[arg(long, value_name = "PATH")]
    whimbrel: Option<PathBuf>,
    /// A folder with tests, at any depth: `x.wasm` or `x.wat` with `x.json` beside it, and `manifest.json`
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

/// What became of a test.
enum Verdict {
    Passed,
    Failed(String),
    /// The test is not of preview 1, or asks for what this runner does not do.
    Skipped(String),
}

pub fn run(args: &Args) -> Result<Tally> {
    let mut modules = Vec::new();
    find_modules(&args.path, &mut modules)?;
    modules.retain(|path| args.filter.as_deref().is_none_or(|part| path.to_string_lossy().contains(part)));
    ensure!(!modules.is_empty(), "there is no test under {}", args.path.display());
    let whimbrel = match &args.whimbrel {
        Some(path) => path.clone(),
        None => programs::build_whimbrel()?,
    };
    let scratch = workspace::target_dir()?.join("wasi-tests");
    let (mut tally, mut skipped) = (Tally::default(), 0);
    for module in &modules {
        let name = module.strip_prefix(&args.path).unwrap_or(module).display();
        match check(module, &whimbrel, &scratch) {
            Ok(Verdict::Passed) => {
                println!("ok       {name}");
                tally.count(true);
            }
            Ok(Verdict::Skipped(why)) => {
                println!("skipped  {name}: {why}");
                skipped += 1;
            }
            Ok(Verdict::Failed(fault)) => {
                println!("FAILED   {name}: {fault}");
                tally.count(false);
            }
            Err(error) => {
                println!("FAILED   {name}: {error:#}");
                tally.count(false);
            }
        }
    }
    println!("{tally}, {skipped} skipped");
    Ok(tally)
}

/// Collects the modules below `folder` in the order of their paths.
fn find_modules(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find_modules(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat") {
            found.push(path);
        }
    }
    Ok(())
}

fn check(module: &Path, whimbrel: &Path, scratch: &Path) -> Result<Verdict> {
    let case = match Case::load(module)? {
        Plan::Run(case) => case,
        Plan::Skip(why) => return Ok(Verdict::Skipped(why)),
    };
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
    let folder = module.parent().context("a module lies in a folder")?;
    let mut command = Command::new(whimbrel);
    command.arg("run");
    for (name, value) in &case.env {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    for (number, (dir, guest)) in case.dirs.iter().enumerate() {
        let copy = scratch.join(number.to_string());
        copy_tree(&folder.join(dir), &copy)?;
        command.arg("--dir").arg(format!("{}::{guest}", copy.display()));
    }
    command.arg(module).args(&case.args);
    let done = process::capture(&mut command, TIME_LIMIT)?;
    Ok(case.fault(&done).map_or(Verdict::Passed, Verdict::Failed))
}

/// Copies a folder, but for what earlier runs left in it.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name().to_string_lossy().ends_with(LEFT_BEHIND) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_at_any_depth_in_order() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.wasm", "a.wasm", "a.json", "b/x.wasm"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut found = Vec::new();
        find_modules(folder.path(), &mut found).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.wasm"), Path::new("b/x.wasm"), Path::new("c.wasm")]);
    }

    #[test]
    fn copies_leave_out_what_tests_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("d")).unwrap();
        for name in ["keep", "x.cleanup", "d/keep"] {
            fs::write(from.join(name), name).unwrap();
        }
        copy_tree(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("d/keep")).unwrap(), "d/keep");
        assert!(to.join("keep").exists() && !to.join("x.cleanup").exists());
    }
}
