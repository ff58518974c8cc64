//! The program that runs the suite with the backend that it was built with.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use spectest::report::{GroupReport, Report};
use spectest::skips::{Entry, Skips};
use spectest::suite::{self, File, Group};
use spectest::wasm_tools::{self, Needs};
use whimbrel::GcStress;
use whimbrel_wast::report::{FileReport, Verdict};
use whimbrel_wast::run::{self, Options};
use whimbrel_wast::script;

/// The stack for reading the text of scripts, whose parser is recursive.
const TEXT_STACK_BYTES: usize = 64 * 1024 * 1024;

const SKIPS: &str = include_str!("../skips.txt");

/// Run the WebAssembly specification's test suite, and the project's own tests in its format.
#[derive(Parser)]
#[command(name = "spectest", max_term_width = 100)]
struct Cli {
    /// Write the results to a file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run only the scripts whose `GROUP/FILE` contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Print the name of each script before it is run
    #[arg(long)]
    verbose: bool,
    /// Run the scripts in this folder of the package `wasm-tools` too
    #[arg(long, value_name = "FOLDER", conflicts_with = "paths")]
    wasm_tools: Option<PathBuf>,
    /// Count fuel, of which there is always enough
    #[arg(long)]
    fuel: bool,
    /// Collect garbage at every allocation: all of it, or one step
    #[arg(long, value_enum, value_name = "MODE")]
    gc_stress: Option<Stress>,
    /// Scripts, or folders of scripts, to run instead of the suite
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Stress {
    Whole,
    Steps,
}

impl Cli {
    fn gc_stress(&self) -> GcStress {
        match self.gc_stress {
            None => GcStress::Off,
            Some(Stress::Whole) => GcStress::Whole,
            Some(Stress::Steps) => GcStress::Steps,
        }
    }
}

fn main() -> ExitCode {
    match run_suite(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run_suite(cli: &Cli) -> Result<bool> {
    let is_whole = cli.paths.is_empty() && cli.filter.is_none() && cli.wasm_tools.is_some();
    let mut groups = match cli.paths.as_slice() {
        [] => suite::all()?,
        paths => paths.iter().map(|path| suite::from_path(path)).collect::<Result<_>>()?,
    };
    if let Some(folder) = &cli.wasm_tools {
        groups.extend(wasm_tools::groups(folder)?);
    }
    if let Some(filter) = &cli.filter {
        for group in &mut groups {
            let name = &group.name;
            group.files.retain(|file| format!("{name}/{}", file.name).contains(filter.as_str()));
        }
        groups.retain(|group| !group.files.is_empty());
        ensure!(!groups.is_empty(), "no script has `{filter}` in its name");
    }
    let skips = Skips::parse(SKIPS)?;
    let mut report =
        Report { backend: whimbrel_engine::exec::BACKEND, groups: run_groups(groups, &skips, cli)?, stale: Vec::new() };
    if is_whole {
        report.stale = skips.iter().filter(|entry| entry.is_stale()).map(Entry::place).collect();
    }
    print_report(&report, &skips)?;
    if let Some(path) = &cli.json {
        let text = serde_json::to_string_pretty(&report.json())? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report.is_success())
}

fn print_report(report: &Report, skips: &Skips) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "backend: {}\n\n{}", report.backend, report.table())?;
    for failure in report.failures() {
        writeln!(out, "{failure}")?;
    }
    for entry in skips.iter().filter(|entry| entry.matched() > 0) {
        writeln!(out, "skipped {} of {}: {}", entry.matched(), entry.place(), entry.reason())?;
    }
    for place in &report.stale {
        writeln!(out, "FAILED the list of skips: nothing is skipped at {place}")?;
    }
    writeln!(out, "\n{}", report.tally())
}

/// Runs every script, several at a time; the reports are in the order of the scripts.
fn run_groups(groups: Vec<Group>, skips: &Skips, cli: &Cli) -> Result<Vec<GroupReport>> {
    let jobs: Vec<(&Group, &File)> =
        groups.iter().flat_map(|group| group.files.iter().map(move |file| (group, file))).collect();
    let bar = ProgressBar::new(jobs.len() as u64).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").context("the progress bar's template is valid")?,
    );
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(group, file)) = jobs.get(index) else { break };
            let place = format!("{}/{}", group.name, file.name);
            if cli.verbose {
                bar.suspend(|| eprintln!("{place}"));
            }
            bar.set_message(place.clone());
            let mut report = run_file(group, file, cli);
            report.excuse(|line, unsupported| skips.reason(&place, line, unsupported).map(str::to_owned));
            reports.lock().unwrap_or_else(PoisonError::into_inner).push((index, report));
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            thread::Builder::new().stack_size(TEXT_STACK_BYTES).spawn_scoped(scope, work)?;
        }
        io::Result::Ok(())
    })
    .context("cannot start a thread")?;
    bar.finish_and_clear();
    let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.sort_by_key(|(index, _)| *index);
    let mut reports = reports.into_iter().map(|(_, report)| report);
    Ok(groups
        .into_iter()
        .map(|group| GroupReport { files: reports.by_ref().take(group.files.len()).collect(), name: group.name })
        .collect())
}

/// Reads a script on this thread and executes it on one with a small stack.
fn run_file(group: &Group, file: &File, cli: &Cli) -> FileReport {
    let one = |verdict: Verdict| {
        let mut report = FileReport { name: file.name.clone(), ..FileReport::default() };
        report.count(1, "script", verdict);
        report
    };
    let fail = |expected: &str, got: String| one(Verdict::Failed { expected: expected.to_owned(), got });
    let features = match file.needs {
        Needs::Features(features) => features,
        Needs::Other(what) => return one(Verdict::Unsupported(what.to_owned())),
    };
    let options = Options { features, is_open: group.is_open, fuel: cli.fuel, gc_stress: cli.gc_stress() };
    let script = match file.text().and_then(|text| script::parse(&text)) {
        Ok(script) => script,
        Err(error) => return fail("a script", format!("{error:#}")),
    };
    let done = thread::scope(|scope| {
        let body = || run::run(&file.name, &script, options);
        let thread = thread::Builder::new().stack_size(run::ENGINE_STACK_BYTES).spawn_scoped(scope, body);
        thread.map(|thread| thread.join())
    });
    match done {
        Ok(Ok(report)) => report,
        Ok(Err(_)) => fail("a report", "the thread panicked".to_owned()),
        Err(error) => fail("a thread", error.to_string()),
    }
}
