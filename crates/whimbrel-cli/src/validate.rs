//! `whimbrel validate`: a line for each file, several files at once.

use std::io::Write;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whimbrel::{Config, Engine, Module};

use crate::args::ValidateArgs;
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::output::{ERROR, GOOD, print_fitted};

/// Validates the files of `args` and prints what is wrong with each, in their order; the exit code says whether anything is.
pub(crate) fn validate(args: &ValidateArgs) -> Result<ExitCode> {
    let mut config = Config::default();
    if let Some(features) = args.features {
        config.wasm_features(features);
    }
    let engine = Engine::new(&config).map_err(|error| Failure::new(Exit::Other, error))?;
    let inputs: Vec<_> = args.files.iter().map(|file| InputPath::from(file.as_os_str())).collect();
    let mut report = Report { quiet: args.quiet, worst: None, progress: progress(inputs.len()) };
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(inputs.len()) {
            let (sender, inputs, next, engine) = (sender.clone(), &inputs, &next, &engine);
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(n) else { break };
                    // Nobody listens once the output is closed.
                    if sender.send((n, check(engine, input))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut done: Vec<Option<Result<()>>> = inputs.iter().map(|_| None).collect();
        let mut printed = 0;
        for (n, outcome) in receiver {
            done[n] = Some(outcome);
            report.progress.inc(1);
            // Each line as soon as those before it are known: the next file may be a large one.
            while let Some(outcome) = done.get_mut(printed).and_then(Option::take) {
                report.line(&inputs[printed], outcome)?;
                printed += 1;
            }
        }
        Ok::<_, Failure>(())
    })?;
    report.progress.finish_and_clear();
    Ok(report.worst.map_or(ExitCode::SUCCESS, ExitCode::from))
}

struct Report {
    quiet: bool,
    worst: Option<Exit>,
    progress: ProgressBar,
}

impl Report {
    fn line(&mut self, input: &InputPath, outcome: Result<()>) -> Result<()> {
        let mut line = Vec::new();
        match outcome {
            Ok(()) if self.quiet => return Ok(()),
            Ok(()) => writeln!(line, "{input}: {GOOD}ok{GOOD:#}")?,
            Err(failure) if failure.exit() == Exit::Other || failure.exit() == Exit::NoFile => {
                self.worst.get_or_insert(failure.exit());
                self.progress.suspend(|| failure.report());
                return Ok(());
            }
            Err(failure) => {
                self.worst = Some(Exit::Other);
                writeln!(line, "{ERROR}{}{ERROR:#}", failure.message())?;
                line.extend_from_slice(failure.details().as_bytes());
            }
        }
        self.progress.suspend(|| print_fitted(&line))?;
        Ok(())
    }
}

/// A bar on the terminal, if there is one and more than one file.
fn progress(files: usize) -> ProgressBar {
    let target = if files > 1 { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} files").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(files as u64), target).with_style(style)
}

fn check(engine: &Engine, input: &InputPath) -> Result<()> {
    let bytes = input.load()?;
    Module::validate(engine, &bytes).map_err(|error| input.invalid(&bytes, &error, error.module_offset()))
}
