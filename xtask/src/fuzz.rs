//! `xtask fuzz`: every fuzz target for a while, with address and leak sanitiser, from the checked-in seeds.
//!
//! Time is processor time, so that a busy machine does not fuzz less.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::report::{self, Tally};
use crate::{sanitized, workspace};

/// The version of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ_VERSION: &str = "0.13.2";

/// The engine's fused sequences in an instrumented build, unless the environment says otherwise: some, as each takes long to
/// build.
const SEQUENCES: &str = "150";

/// All targets, and from which folder of `fuzz/seeds` each starts besides its own.
const TARGETS: &[(&str, Option<&str>)] = &[
    ("reader", Some(MODULES)),
    ("validate", Some(MODULES)),
    ("compile", Some(MODULES)),
    ("execute", Some(MODULES)),
    ("differential", Some(MODULES)),
    ("gc", None),
    ("exceptions", None),
    ("threads", None),
    ("wasi", None),
];
const MODULES: &str = "modules";

/// An input may take so long, and so much memory: what takes more counts as a crash.
const TIMEOUT_S: u32 = 20;
const RSS_MB: u32 = 3072;
const MAX_LEN: u32 = 4096;

/// How often a target is started again because it has got less of the processor than its time.
const MAX_ROUNDS: u32 = 10;

#[derive(clap::Args)]
pub struct Args {
    /// Minutes of processor time for each target
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    minutes: Option<u64>,
    /// Seconds of processor time for each target, 60 by default
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Run only this target; may be given several times
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Leave what inputs have been found in `fuzz/corpus`, and start from there too
    #[arg(long)]
    keep: bool,
}

/// What came of a target.
#[derive(Debug, Default)]
struct Row {
    executions: u64,
    coverage: u64,
    features: u64,
    corpus: u64,
    cpu: Duration,
    /// Inputs that crash, leak, or take too long or too much memory.
    crashes: Vec<PathBuf>,
    /// A run that ended otherwise than by its time.
    failure: Option<String>,
}

pub fn run(args: &Args) -> Result<Tally> {
    let known = |name: &String| TARGETS.iter().any(|(target, _)| target == name);
    let unknown = args.target.iter().find(|name| !known(name));
    ensure!(unknown.is_none(), "there is no fuzz target `{}`", unknown.map_or("", |name| name));
    let time = Duration::from_secs(args.minutes.map_or(args.seconds.unwrap_or(60), |minutes| 60 * minutes));
    let targets: Vec<_> = TARGETS
        .iter()
        .filter(|(target, _)| args.target.is_empty() || args.target.iter().any(|name| name == target))
        .collect();
    install()?;
    let peer = build_peer()?;
    let mut rows = Vec::new();
    for (target, shared_seeds) in targets {
        build(target)?;
        println!("== {target}");
        let row = fuzz(target, *shared_seeds, time, &peer, args.keep)?;
        print_row(target, &row);
        rows.push((*target, row));
    }
    Ok(summary(&rows))
}

fn print_row(target: &str, row: &Row) {
    println!("{target}: {} executions in {:.0} s", row.executions, row.cpu.as_secs_f64());
    for crash in &row.crashes {
        println!("{target}: crash: {}", crash.display());
    }
    if let Some(failure) = &row.failure {
        println!("{target}: {failure}");
    }
}

fn summary(rows: &[(&str, Row)]) -> Tally {
    let heading = ["target", "executions", "per second", "coverage", "features", "corpus", "processor time", "crashes"];
    let mut table = vec![heading.map(str::to_owned).to_vec()];
    let (mut tally, mut executions, mut crashes) = (Tally::default(), 0, 0);
    for (target, row) in rows {
        let seconds = row.cpu.as_secs_f64();
        let found = row.crashes.len().max(usize::from(row.failure.is_some()));
        table.push(vec![
            (*target).to_owned(),
            row.executions.to_string(),
            format!("{:.0}", row.executions as f64 / seconds.max(1e-3)),
            row.coverage.to_string(),
            row.features.to_string(),
            row.corpus.to_string(),
            format!("{seconds:.0} s"),
            found.to_string(),
        ]);
        tally.count(found == 0);
        executions += row.executions;
        crashes += found;
    }
    println!("\n{}\n{executions} executions, {crashes} crashes", report::table(&table));
    tally
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}

/// cargo with the compiler that knows sanitisers, and few fused sequences.
fn nightly() -> Command {
    let mut cargo = sanitized::nightly();
    if env::var_os("WHIMBREL_MAX_PATTERNS").is_none() {
        cargo.env("WHIMBREL_MAX_PATTERNS", SEQUENCES);
    }
    cargo
}

/// Installs cargo-fuzz if it is missing. An unoptimised one is built in half the time, and runs as fast.
fn install() -> Result<()> {
    let probe = nightly().args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if probe.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    println!("installing cargo-fuzz {CARGO_FUZZ_VERSION}");
    let mut cargo = nightly();
    cargo.args(["install", "--quiet", "--locked", "--debug", "cargo-fuzz", "--version", CARGO_FUZZ_VERSION]);
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo-fuzz was not installed: {status}");
    Ok(())
}

/// Builds the program that runs modules on the loop backend.
fn build_peer() -> Result<PathBuf> {
    let mut cargo = nightly();
    cargo.args(["build", "--quiet", "--release", "--example", "loop_peer", "--features", "loop"]);
    cargo.arg("--target-dir").arg(folder().join("target/peer")).current_dir(folder());
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the loop peer was not built: {status}");
    Ok(folder().join("target/peer/release/examples/loop_peer"))
}

fn build(target: &str) -> Result<()> {
    let mut cargo = nightly();
    cargo.args(["fuzz", "build", "--sanitizer", "address"]);
    if target == "differential" {
        cargo.args(["--features", "wasmi"]);
    }
    let status = cargo.arg(target).current_dir(folder()).status().context("cannot start cargo")?;
    ensure!(status.success(), "the fuzz target `{target}` was not built: {status}");
    Ok(())
}

/// Where cargo-fuzz puts the targets: below the triple of the host.
fn binary(target: &str) -> Result<PathBuf> {
    Ok(folder().join("target").join(sanitized::host()?).join("release").join(target))
}

fn fuzz(target: &str, shared_seeds: Option<&str>, time: Duration, peer: &Path, keep: bool) -> Result<Row> {
    let artifacts = folder().join("artifacts").join(target);
    fs::create_dir_all(&artifacts)?;
    let before = list(&artifacts)?;
    let corpus = folder().join(if keep { "corpus" } else { "target/corpus" }).join(target);
    if !keep && corpus.exists() {
        fs::remove_dir_all(&corpus)?;
    }
    fs::create_dir_all(&corpus)?;
    let seeds = [Some(target), shared_seeds].into_iter().flatten().map(|name| folder().join("seeds").join(name));
    let seeds: Vec<PathBuf> = seeds.filter(|seeds| seeds.exists()).collect();
    let mut row = Row::default();
    for _ in 0..MAX_ROUNDS {
        let left = time.saturating_sub(row.cpu).as_secs();
        if left == 0 || row.failure.is_some() {
            break;
        }
        let log = folder().join("target").join(format!("{target}.log"));
        let mut command = Command::new(binary(target)?);
        command
            .arg(format!("-max_total_time={left}"))
            .arg(format!("-timeout={TIMEOUT_S}"))
            .arg(format!("-rss_limit_mb={RSS_MB}"))
            .arg(format!("-max_len={MAX_LEN}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-print_final_stats=1", "-detect_leaks=1", "-reload=0"])
            .arg(&corpus)
            .args(&seeds)
            .env("WHIMBREL_LOOP_PEER", peer)
            // Allocations that are refused are what the limits are for; what is not freed is an error.
            .env("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=1:detect_odr_violation=0")
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let (status, cpu) = wait(command.spawn().with_context(|| format!("cannot start `{target}`"))?)?;
        row.cpu += cpu;
        let text = fs::read(&log)?;
        let text = String::from_utf8_lossy(&text);
        row.add(&Stats::read(&text));
        if !status.success() {
            row.failure = Some(failure(&text, status));
        }
    }
    row.crashes = list(&artifacts)?.into_iter().filter(|path| !before.contains(path)).collect();
    Ok(row)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    // A slow input that is within the time is no crash.
    let is_crash =
        |path: &PathBuf| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("slow-unit"));
    Ok(paths.into_iter().filter(is_crash).collect())
}

/// Waits for a child; returns how much of the processor it has had, within a tenth of a second.
fn wait(mut child: Child) -> Result<(ExitStatus, Duration)> {
    let mut cpu = Duration::ZERO;
    loop {
        cpu = cpu_time(child.id()).unwrap_or(cpu).max(cpu);
        if let Some(status) = child.try_wait()? {
            return Ok((status, cpu));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The processor time of a running process, on Linux.
fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th fields behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    // A tick is a hundredth of a second wherever Linux runs programs.
    Some(Duration::from_millis(10 * (ticks()? + ticks()?)))
}

/// What a run of libFuzzer says at its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stats {
    executions: u64,
    coverage: u64,
    features: u64,
    corpus: u64,
}

impl Stats {
    fn read(text: &str) -> Self {
        let mut stats = Self::default();
        for line in text.lines().filter(|line| line.starts_with('#')) {
            let mut words = line.split_whitespace();
            stats.executions = words.next().and_then(|n| n[1..].parse().ok()).unwrap_or(stats.executions);
            while let Some(word) = words.next() {
                let place = match word {
                    "cov:" => &mut stats.coverage,
                    "ft:" => &mut stats.features,
                    "corp:" => &mut stats.corpus,
                    _ => continue,
                };
                let number = words.next().and_then(|text| text.split('/').next()?.parse().ok());
                *place = number.unwrap_or(*place);
            }
        }
        let executed = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        stats.executions = executed.and_then(|number| number.trim().parse().ok()).unwrap_or(stats.executions);
        stats
    }
}

impl Row {
    fn add(&mut self, stats: &Stats) {
        self.executions += stats.executions;
        self.coverage = self.coverage.max(stats.coverage);
        self.features = self.features.max(stats.features);
        self.corpus = self.corpus.max(stats.corpus);
    }
}

/// The line of a failed run that says most.
fn failure(text: &str, status: ExitStatus) -> String {
    let telling = ["panicked at", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "ERROR: libFuzzer", "FATAL"];
    let line = text.lines().position(|line| telling.iter().any(|words| line.contains(words)));
    let lines = line.map(|n| text.lines().skip(n).take(2).collect::<Vec<_>>().join(" "));
    format!("{status}: {}", lines.unwrap_or_else(|| text.lines().last().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "INFO: Seed: 1\n#2\tINITED cov: 10 ft: 12 corp: 1/1b exec/s: 0 rss: 50Mb\n\
        #4096\tpulse  cov: 1042 ft: 3307 corp: 250/12Kb lim: 43 exec/s: 1365 rss: 104Mb\n\
        Done 5000 runs in 3 second(s)\nstat::number_of_executed_units: 5000\nstat::average_exec_per_sec:     1666\n";

    #[test]
    fn numbers_come_from_the_log() {
        let stats = Stats { executions: 5000, coverage: 1042, features: 3307, corpus: 250 };
        assert_eq!(Stats::read(LOG), stats);
        // A run that crashes has no final statistics.
        let cut = LOG.split_once("Done").unwrap().0;
        assert_eq!(Stats::read(cut), Stats { executions: 4096, ..stats });
        assert_eq!(Stats::read(""), Stats::default());
    }

    #[test]
    fn every_target_is_run() {
        let mut files: Vec<String> = fs::read_dir(folder().join("fuzz_targets"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut targets: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        files.sort();
        targets.sort();
        assert_eq!(files, targets);
    }

    #[test]
    fn failures_and_crashes_count() {
        let row = Row { crashes: vec![PathBuf::from("a"), PathBuf::from("b")], ..Row::default() };
        let ended = Row { failure: Some("killed".to_owned()), ..Row::default() };
        let rows = [("reader", Row::default()), ("gc", row), ("wasi", ended)];
        assert_eq!(summary(&rows), Tally { passed: 1, failed: 2 });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processor_time_is_that_of_the_process() {
        let mut sum = 0u64;
        while cpu_time(std::process::id()).unwrap() < Duration::from_millis(50) {
            sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        let (status, cpu) = wait(Command::new("sleep").arg("0.2").spawn().unwrap()).unwrap();
        assert!(status.success() && cpu < Duration::from_millis(100));
    }
}
