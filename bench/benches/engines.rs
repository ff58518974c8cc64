//! `cargo bench -p whimbrel-bench`: measures every case in rounds that take the engines in turn.
#![forbid(unsafe_code)]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use indicatif::ProgressBar;
use wasm_reader::Section;
use whimbrel_bench::case::{CASES, Case};
use whimbrel_bench::clock::Times;
use whimbrel_bench::large::synthetic;
use whimbrel_bench::peer::{self, Peer};
use whimbrel_bench::report::{self, Measured, Row};

/// Measures whimbrel beside other engines.
#[derive(Parser)]
#[command(name = "cargo bench -p whimbrel-bench --", max_term_width = 100)]
struct Args {
    /// How often each case is measured with each engine
    #[arg(long, value_name = "N", default_value_t = 7)]
    rounds: usize,
    /// Only cases whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
    /// Write the results to a file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Validate and load this module too
    #[arg(long, value_name = "FILE")]
    large: Option<PathBuf>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let wanted = |name: &str| name.contains(&args.filter);
    let mut start = Vec::new();
    let mut modules = vec![("4 MB".to_owned(), synthetic(4_000_000)?), ("24 MB".to_owned(), synthetic(24_000_000)?)];
    if let Some(path) = &args.large {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        modules.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes));
    }
    for (name, wasm) in &modules {
        let (validate, load) = (format!("validate {name}"), format!("load {name}"));
        if wanted(&validate) {
            let operators = operators(wasm)?;
            let row = measure_validation(validate, wasm, args.rounds);
            for Measured { engine, times, .. } in &row.measured {
                println!("{}, {engine}: {:.2} ns an operator", row.case, times.median_ms() * 1e6 / operators as f64);
            }
            start.push(row);
        }
        if wanted(&load) {
            start.push(measure_load(load, wasm, args.rounds)?);
        }
    }
    let fib = CASES.iter().find(|case| case.name == "fib").context("the kernels have `fib`")?;
    if wanted("instantiate") {
        start.push(measure_instantiation(fib, args.rounds)?);
    }
    if wanted("load and one call") {
        start.push(measure_one_call(fib, args.rounds)?);
    }
    let cases: Vec<&Case> = CASES.iter().filter(|case| wanted(case.name)).collect();
    let bar = ProgressBar::new(cases.len() as u64);
    let kernels = cases.iter().map(|case| {
        bar.inc(1);
        measure_kernel(case, args.rounds)
    });
    let kernels = kernels.collect::<Result<Vec<_>>>()?;
    bar.finish_and_clear();
    println!("{}", report::table(&[&start[..], &kernels].concat()));
    for (engine, mean) in report::geometric_means(&kernels) {
        println!("kernels: {engine} takes {mean:.2} times whimbrel's time (geometric mean of {})", kernels.len());
    }
    let rows = [start, kernels].concat();
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report::json(&rows))? + "\n";
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for row in &rows {
        ensure!(row.agrees(), "{}: the engines do not agree", row.case);
    }
    Ok(())
}

/// Instructions in the bodies of a module.
fn operators(wasm: &[u8]) -> Result<u64> {
    let mut count = 0;
    let error = |error| anyhow::anyhow!("{error}");
    for section in wasm_reader::sections(wasm, wasm_syntax::Features::default()).map_err(error)? {
        if let Section::Code(bodies) = section.map_err(error)? {
            for body in bodies {
                count += body.map_err(error)?.instrs().count() as u64;
            }
        }
    }
    Ok(count)
}

fn measure_validation(case: String, wasm: &[u8], rounds: usize) -> Row {
    let engine = whimbrel::Engine::default();
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let (mut we_accept, mut they_accept) = (true, true);
    for _ in 0..rounds {
        we_accept &= ours.measure(|| whimbrel::Module::validate(&engine, wasm).is_ok());
        they_accept &= theirs.measure(|| wasmparser::validate(wasm).is_ok());
    }
    let measured = |engine, times, accepts: bool| Measured { engine, times, result: accepts.to_string() };
    Row { case, measured: vec![measured("whimbrel", ours, we_accept), measured("wasmparser", theirs, they_accept)] }
}

/// Does `work` with each engine in turn, round after round.
fn in_turn(case: String, rounds: usize, mut work: impl FnMut(&dyn Peer, &mut Times) -> Result<String>) -> Result<Row> {
    let peers = peer::all();
    let mut measured: Vec<Measured> = peers
        .iter()
        .map(|peer| Measured { engine: peer.name(), times: Times::default(), result: String::new() })
        .collect();
    for _ in 0..rounds {
        for (peer, measured) in peers.iter().zip(&mut measured) {
            let result = work(&**peer, &mut measured.times).with_context(|| format!("{case}, {}", peer.name()))?;
            measured.result = result;
        }
    }
    Ok(Row { case, measured })
}

fn measure_load(case: String, wasm: &[u8], rounds: usize) -> Result<Row> {
    in_turn(case, rounds, |peer, times| times.measure(|| peer.load(wasm)).map(|_| "loaded".to_owned()))
}

fn measure_instantiation(case: &Case, rounds: usize) -> Result<Row> {
    const TIMES: usize = 1_000;
    in_turn(format!("instantiate {TIMES}x"), rounds, |peer, times| {
        let module = peer.load(case.wasm)?;
        times.measure(|| (0..TIMES).try_for_each(|_| module.instantiate().map(drop)))?;
        Ok("instantiated".to_owned())
    })
}

/// From bytes to a first result: what a small program costs.
fn measure_one_call(case: &Case, rounds: usize) -> Result<Row> {
    const TIMES: usize = 200;
    in_turn(format!("load and one call {TIMES}x"), rounds, |peer, times| {
        let results = times.measure(|| {
            let once = |_| peer.load(case.wasm)?.instantiate()?.call("run", 0);
            (0..TIMES).map(once).collect::<Result<Vec<_>>>()
        })?;
        Ok(format!("{:?}", results.first()))
    })
}

fn measure_kernel(case: &Case, rounds: usize) -> Result<Row> {
    in_turn(case.name.to_owned(), rounds, |peer, times| {
        let mut instance = peer.load(case.wasm)?.instantiate()?;
        // What is translated on the first call is not what a kernel measures.
        instance.call("run", 1)?;
        Ok(times.measure(|| instance.call("run", case.rounds))?.to_string())
    })
}
