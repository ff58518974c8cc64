//! The full run: every module, every cut, as many mutations as asked for, on all processors. Also writes fuzzing seeds.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hostile::corpus::{self, Module};
use hostile::subject::{Outcome, Stage, peak_limit, submit};
use hostile::{bombs, churn, interrupt, linear, mutate};
use indicatif::{ProgressBar, ProgressStyle};

/// Feeds whimbrel hostile modules.
#[derive(Parser)]
#[command(name = "hostile", max_term_width = 100)]
enum Cli {
    /// Load every module of the suite cut and mutated, and bombs; look for panics, leaks and excessive allocation
    Leaks {
        /// Mutations of each module
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        mutations: usize,
        /// Take only modules whose `GROUP/FILE:LINE` contains this
        #[arg(long, value_name = "TEXT", default_value = "")]
        filter: String,
        /// Write the counts to a file as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Make, use and drop many instances in this process, and see that it does not grow
    Churn {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        instances: usize,
    },
    /// Interrupt programs that do all kinds of things, and see how long they take to stop
    Interrupt {
        /// How often each
        #[arg(long, value_name = "N", default_value_t = 30)]
        times: usize,
    },
    /// Load modules of much of one thing, and of twice as much, and compare times
    Linear {
        /// Take only kinds whose name contains this
        #[arg(long, value_name = "TEXT", default_value = "")]
        filter: String,
    },
    /// Write the modules of the suite to a folder, as seeds for fuzzing
    Seeds {
        /// The folder, made if it is not there
        folder: PathBuf,
        /// Leave out modules longer than this
        #[arg(long, value_name = "BYTES", default_value_t = 4096)]
        max_bytes: usize,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Leaks { mutations, filter, json } => leaks(mutations, &filter, json.as_deref()),
        Cli::Churn { instances } => churn(instances),
        Cli::Interrupt { times } => interrupt(times),
        Cli::Linear { filter } => linear(&filter),
        Cli::Seeds { folder, max_bytes } => seeds(&folder, max_bytes).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What came of the modules of one group.
#[derive(Clone, Copy, Default)]
struct Row {
    modules: usize,
    accepted: usize,
    refused: usize,
    failed: usize,
    /// The highest of the peaks, in thousandths of what is allowed.
    peak_permille: u64,
}

impl Row {
    fn add(&mut self, other: Self) {
        self.modules += other.modules;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.failed += other.failed;
        self.peak_permille = self.peak_permille.max(other.peak_permille);
    }
}

fn leaks(mutations: usize, filter: &str, json: Option<&Path>) -> Result<bool> {
    let start = Instant::now();
    let mut modules = corpus::modules(filter)?;
    modules.extend(bombs::bombs(20_000).into_iter().filter(|bomb| bomb.name.contains(filter)));
    ensure!(!modules.is_empty(), "no module has `{filter}` in its name");
    // Panics are counted and told below; the hook's own text would come once for each.
    std::panic::set_hook(Box::new(|_| {}));
    let (rows, faults) = run(&modules, mutations);
    drop(std::panic::take_hook());
    let mut total = Row::default();
    println!("{:32} {:>8} {:>12} {:>12} {:>8} {:>6}", "group", "modules", "accepted", "refused", "failed", "peak");
    for (group, row) in &rows {
        print_row(group, row);
        total.add(*row);
    }
    print_row("all", &total);
    println!("peak: the most allocated at once, against what the module's size allows");
    for fault in faults.iter().take(50) {
        println!("{fault}");
    }
    let passed = total.accepted + total.refused - total.failed.min(total.accepted + total.refused);
    println!("{:.0} s", start.elapsed().as_secs_f64());
    println!("{passed} passed, {} failed", total.failed);
    if let Some(path) = json {
        let text = format!("{{\"passed\":{passed},\"failed\":{}}}\n", total.failed);
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(total.failed == 0)
}

fn print_row(group: &str, row: &Row) {
    let Row { modules, accepted, refused, failed, peak_permille } = row;
    println!("{group:32} {modules:>8} {accepted:>12} {refused:>12} {failed:>8} {:>5.1}%", *peak_permille as f64 / 10.0);
}

/// Takes the modules one by one off a shared list, a thread for each processor.
fn run(modules: &[Module], mutations: usize) -> (BTreeMap<String, Row>, Vec<String>) {
    let next = AtomicUsize::new(0);
    let results = Mutex::new((BTreeMap::<String, Row>::new(), Vec::new()));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} modules, {eta} left");
    let bar = ProgressBar::new(modules.len() as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some(module) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (row, faults) = run_module(module, mutations);
                    if let Ok(mut results) = results.lock() {
                        let group = module.name.split([':', '/']).next().unwrap_or_default();
                        results.0.entry(group.to_owned()).or_default().add(row);
                        results.1.extend(faults);
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    results.into_inner().unwrap_or_default()
}

fn run_module(module: &Module, mutations: usize) -> (Row, Vec<String>) {
    let mut row = Row { modules: 1, ..Row::default() };
    let mut faults = Vec::new();
    let seed = module.bytes.iter().fold(0, |seed: u64, &byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut buffer = module.bytes.clone();
    let mut check = |bytes: &[u8], stage: Stage, what: &dyn Fn() -> String| {
        let report = submit(bytes, stage);
        let limit = peak_limit(bytes.len(), stage == Stage::Compile || module.name.starts_with(bombs::PREFIX));
        let fault = report.fault().or_else(|| {
            (report.peak_bytes > limit).then(|| format!("{} bytes allocated, {limit} allowed", report.peak_bytes))
        });
        row.accepted += usize::from(report.outcome == Outcome::Accepted);
        row.refused += usize::from(report.outcome == Outcome::Refused);
        row.failed += usize::from(fault.is_some());
        row.peak_permille = row.peak_permille.max(report.peak_bytes * 1000 / limit);
        faults.extend(fault.map(|fault| format!("{}: {}: {fault}", module.name, what())));
    };
    check(&module.bytes, Stage::Compile, &|| "as it is".to_owned());
    for change in mutate::changes(module.bytes.len(), mutations, seed) {
        mutate::apply(&mut buffer, change, |bytes| check(bytes, Stage::Load, &|| format!("{change:?}")));
    }
    (row, faults)
}

/// The engine's error, with all that it wraps.
fn error(error: &whimbrel::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

fn churn(instances: usize) -> Result<bool> {
    let report = churn::churn(instances).map_err(|error| self::error(&error))?;
    println!("resident after the first hundred: {} KiB", report.warm_kib);
    println!("resident after {}: {} KiB ({:+.1} %)", report.instances, report.end_kib, report.growth_percent());
    println!("{} passed, {} failed", usize::from(report.is_flat()), usize::from(!report.is_flat()));
    Ok(report.is_flat())
}

/// How long a program may take to stop.
const MAX_DELAY: Duration = Duration::from_millis(1);

fn interrupt(times: usize) -> Result<bool> {
    println!("{:40} {:>12} {:>12} {:>12}", "interrupted in", "a tenth", "median", "longest");
    let rows = interrupt::measure(times.max(1), |row| {
        let [tenth, median, longest] = [row.tenth, row.median, row.longest].map(|delay| delay.as_micros());
        println!("{:40} {tenth:>9} us {median:>9} us {longest:>9} us", row.name);
    })
    .map_err(|error| self::error(&error))?;
    // What is above may be the scheduler's: a machine with nothing else to do shows it at the median too.
    let late = |row: &&interrupt::Row| row.tenth > MAX_DELAY;
    let (unpromised, promised): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.name == interrupt::ON_ARRAYS);
    if unpromised.iter().any(late) {
        println!("{} is not promised to stop: it runs to the end of its array", interrupt::ON_ARRAYS);
    }
    let failed = promised.iter().filter(|row| late(row)).count();
    println!("{} passed, {failed} failed", promised.len() - failed);
    Ok(failed == 0)
}

fn linear(filter: &str) -> Result<bool> {
    println!("{:52} {:>10} {:>10} {:>6}", "much of", "bytes", "time", "ratio");
    let rows = linear::measure(filter, |row| {
        println!("{:52} {:>10} {:>7} us {:>6.2}", row.name, row.bytes, row.ns / 1000, row.ratio);
    })
    .map_err(|error| self::error(&error))?;
    let failed = rows.iter().filter(|row| row.ratio > linear::MAX_RATIO).count();
    println!("{} passed, {failed} failed", rows.len() - failed);
    Ok(failed == 0)
}

fn seeds(folder: &Path, max_bytes: usize) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut count = 0;
    for module in corpus::modules("")?.iter().filter(|module| module.bytes.len() <= max_bytes) {
        let name: String = module.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        fs::write(folder.join(name), &module.bytes)?;
        count += 1;
    }
    println!("{count} seeds in {}", folder.display());
    Ok(())
}
