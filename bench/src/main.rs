//! Measures whimbrel beside other engines; `cargo xtask bench` builds and runs it.
#![forbid(unsafe_code)]
// A tool's own modules: what a field is, its name says.
#![allow(missing_docs)]

mod args;
mod case;
mod child;
mod clock;
mod host;
mod inside;
mod large;
mod measure;
mod peer;
mod report;
mod start;
mod value;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use args::Args;
use case::Case;
use clap::Parser;
use host::Program;
use indicatif::{ProgressBar, ProgressStyle};
use measure::{Field, Row};
use peer::Engine;
use report::{chart, json, table};

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
    ensure!(args.rounds > 0, "--rounds takes at least 1");
    let engines = args.engines()?;
    if let (task, [engine]) = (&args.task[..], &engines[..])
        && !task.is_empty()
    {
        return child::perform(&*engine.make()?, task);
    }
    if args.memory || args.instructions {
        return inside(args, &engines);
    }
    let field = Field::new(&engines)?;
    let names = field.names();
    if let Some(path) = &args.module {
        let program = Program::new("program", &args.wasi_arg, &args.wasi_file)?;
        let case = case::from_file(path, args.invoke.as_deref(), &args.arg, program)?;
        let row = execute(&field, &[case], args.rounds)?;
        return conclude(args, &names, &[], &row);
    }
    let programs = args.programs.as_deref().map_or(Ok(Vec::new()), case::programs)?;
    let kernels: Vec<Case> = case::kernels().chain(programs).filter(|case| args.wants(&case.name)).collect();
    let start = if args.kernels { Vec::new() } else { starts(args, &field)? };
    ensure!(!kernels.is_empty() || !start.is_empty(), "no case has `{}` in its name", args.filter.join("`, `"));
    let kernels = execute(&field, &kernels, args.rounds)?;
    conclude(args, &names, &start, &kernels)
}

/// What is measured apart from time.
fn inside(args: &Args, engines: &[&'static Engine]) -> Result<()> {
    let bar = ProgressBar::new_spinner();
    if args.memory {
        let text = inside::memory(engines, &bar)?;
        bar.suspend(|| println!("{text}"));
    }
    if args.instructions {
        let engines: Vec<&Engine> = engines.iter().copied().filter(|engine| !engine.is_compiler).collect();
        let kernels: Vec<Case> = case::kernels().filter(|case| args.wants(&case.name)).collect();
        let text = inside::instructions(&engines, &kernels, &bar)?;
        bar.suspend(|| println!("{text}"));
    }
    bar.finish_and_clear();
    Ok(())
}

/// Prints and writes what was measured; fails if the engines disagree.
fn conclude(args: &Args, engines: &[&str], start: &[Row], kernels: &[Row]) -> Result<()> {
    let rows = [start, kernels].concat();
    if !start.is_empty() {
        let with_validator = [engines, &["wasmparser"]].concat();
        anstream::println!("{}", table::ratios(start, &with_validator));
    }
    if !kernels.is_empty() {
        anstream::println!("{}", table::ratios(kernels, engines));
        anstream::println!("{}", table::means(kernels, engines));
    }
    if args.details {
        anstream::println!("{}", table::details(&rows));
    }
    anstream::print!("{}", table::unable(&rows));
    if let Some(path) = &args.json {
        write(path, &format!("{:#}\n", json::json(&rows)))?;
    }
    if let Some(path) = &args.svg {
        write(path, &chart::chart(&rows, kernels, engines).to_string())?;
    }
    let disagreements = table::disagreements(&rows);
    if !disagreements.is_empty() {
        bail!("{}", disagreements.trim_end());
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A bar that says which case is being measured.
fn progress(steps: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?;
    Ok(ProgressBar::new(steps as u64).with_style(style))
}

fn execute(field: &Field, cases: &[Case], rounds: usize) -> Result<Vec<Row>> {
    let bar = progress(cases.len() * rounds * field.names().len())?;
    let rows = cases.iter().map(|case| {
        bar.set_message(case.name.clone());
        field.execute(case, rounds, || bar.inc(1))
    });
    let rows = rows.collect();
    bar.finish_and_clear();
    Ok(rows)
}

/// Validation, loading, instances, first calls.
fn starts(args: &Args, field: &Field) -> Result<Vec<Row>> {
    const INSTANCES: usize = 1_000;
    const FIRST_CALLS: usize = 200;
    let mut rows = Vec::new();
    let bar = ProgressBar::new_spinner();
    let mut modules = vec![("4 MB".to_owned(), None, 4_000_000), ("24 MB".to_owned(), None, 24_000_000)];
    if let Some(path) = &args.large {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        modules.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), Some(bytes), 0));
    }
    for (name, bytes, size_bytes) in modules {
        let (validate, load) = (format!("validate {name}"), format!("load {name}"));
        if !args.wants(&validate) && !args.wants(&load) {
            continue;
        }
        let wasm = bytes.map_or_else(|| large::synthetic(size_bytes), Ok)?;
        if args.wants(&validate) {
            bar.set_message(validate.clone());
            let operators = start::operators(&wasm)?;
            let row = start::validation(&validate, &wasm, args.rounds, || bar.tick());
            for measured in &row.measured {
                let each_ns = measured.times.median_ms() * 1e6 / operators as f64;
                bar.suspend(|| println!("{validate}, {}: {each_ns:.2} ns an operator", measured.engine));
            }
            rows.push(row);
        }
        if args.wants(&load) {
            bar.set_message(load.clone());
            rows.push(start::load(field, &load, &wasm, args.rounds, || bar.tick()));
        }
    }
    let small = case::kernel("fib")?;
    let (instances, first_calls) = (format!("instantiate {INSTANCES}x"), format!("load and call {FIRST_CALLS}x"));
    if args.wants(&instances) {
        bar.set_message(instances.clone());
        rows.push(start::instances(field, &instances, &small, INSTANCES, args.rounds, || bar.tick()));
    }
    if args.wants(&first_calls) {
        bar.set_message(first_calls.clone());
        rows.push(start::first_calls(field, &first_calls, &small, FIRST_CALLS, args.rounds, || bar.tick()));
    }
    bar.finish_and_clear();
    let boundaries: Vec<Case> = case::boundaries().into_iter().filter(|case| args.wants(&case.name)).collect();
    rows.extend(execute(field, &boundaries, args.rounds)?);
    Ok(rows)
}
