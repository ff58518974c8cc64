//! What is reported of a run: statistics, the trace of calls, the flame graph.

use std::io::Write;
use std::time::{Duration, Instant};

use whimbrel::wasi::Wasi;
use whimbrel::{Module, Store};

use super::values;
use crate::args::ReportArgs;
use crate::failure::Result;
use crate::names::FuncNames;
#[cfg(feature = "profile")]
use crate::output::Plain;
use crate::output::{Bytes, FAINT, HEADING, count, grouped};

/// Calls nested deeper are indented no further.
const MAX_INDENT: usize = 40;

/// Whether a report needs code that is observed.
pub(super) fn needs_observation(args: &ReportArgs) -> bool {
    #[cfg(feature = "profile")]
    if args.profile.is_some() {
        return true;
    }
    args.stats || args.trace
}

/// Has `store` print each call to standard error.
pub(super) fn trace(store: &mut Store<Wasi>, module: &Module) {
    let module = module.clone();
    let mut names: Option<Vec<String>> = None;
    store.on_call(move |call| {
        let names = names.get_or_insert_with(|| {
            let found = FuncNames::of_module(module.bytes());
            (0..module.info().num_funcs()).map(|func| found.show(wasm_syntax::FuncIdx(func))).collect()
        });
        let index = call.frame.func_index();
        let name = names.get(index as usize).cloned().unwrap_or_else(|| format!("[{index}]"));
        let args: Vec<_> = call.args.iter().map(values::format).collect();
        let indent = 2 * call.depth.min(MAX_INDENT);
        let mut stderr = anstream::stderr().lock();
        // A guest goes on when nobody reads its trace.
        let _ = writeln!(stderr, "{:indent$}{name}({})", "", args.join(", "));
    });
}

/// When the stages of a run began and ended.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    pub(super) load: Duration,
    pub(super) validate: Duration,
    /// Translation that happened while the module was loaded.
    pub(super) eager: Duration,
    pub(super) run: Duration,
}

impl Clocks {
    /// Runs `body` and adds its time to the clock that `which` picks.
    pub(super) fn time<T>(&mut self, which: impl FnOnce(&mut Self) -> &mut Duration, body: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = body();
        *which(self) += start.elapsed();
        result
    }

    /// Prints what `--stats` promises.
    pub(super) fn print(&self, module: &Module, store: Option<&Store<Wasi>>, memory_bytes: u64) -> Result<()> {
        let mut out = anstream::stderr().lock();
        let translated = module.translated();
        let seconds = |time: Duration| format!("{:>12.3} ms", time.as_secs_f64() * 1e3);
        writeln!(out, "{HEADING}Time{HEADING:#}")?;
        writeln!(out, "  load       {}  {}", seconds(self.load), Bytes(module.bytes().len() as u64))?;
        writeln!(out, "  validate   {}", seconds(self.validate.saturating_sub(self.eager)))?;
        let funcs = count(translated.funcs.into(), "function", "functions");
        let (bodies, code) = (Bytes(translated.body_bytes), Bytes(module.code_bytes() as u64));
        writeln!(out, "  translate  {}  {funcs}, {bodies} to {code}", seconds(translated.time))?;
        let lazy = translated.time.saturating_sub(self.eager);
        let run = self.run.saturating_sub(lazy);
        writeln!(out, "  run        {}  {FAINT}slowed by counting{FAINT:#}", seconds(run))?;
        if let Some(store) = store {
            let counts = store.counts();
            writeln!(out, "{HEADING}Executed{HEADING:#}")?;
            writeln!(out, "  operators  {:>15}", grouped(counts.ops))?;
            let ratio = counts.ops as f64 / counts.dispatches.max(1) as f64;
            writeln!(out, "  dispatches {:>15}  {ratio:.2} operators each", grouped(counts.dispatches))?;
            writeln!(out, "  calls      {:>15}", grouped(counts.calls))?;
        }
        writeln!(out, "{HEADING}Memory{HEADING:#}")?;
        writeln!(out, "  guest      {:>15}", Bytes(memory_bytes).to_string())?;
        if let Some(store) = store {
            writeln!(out, "  objects    {:>15}", Bytes(store.gc_stats().used_bytes as u64).to_string())?;
            let gc = store.gc_stats();
            writeln!(out, "  collections{:>15}", grouped(gc.collections))?;
            if gc.pauses > 0 {
                let longest = seconds(Duration::from_nanos(gc.longest_pause_ns));
                writeln!(out, "  pauses     {:>15}  the longest {FAINT}took{FAINT:#} {longest}", grouped(gc.pauses))?;
            }
        }
        if let Some(peak) = peak_bytes() {
            writeln!(out, "  peak       {:>15}  of the whole process", Bytes(peak).to_string())?;
        }
        Ok(())
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The name of a function in a flame graph, in which a semicolon separates frames.
#[cfg(feature = "profile")]
fn frame_name(names: &FuncNames<'_>, func: u32) -> String {
    let name = names.get(wasm_syntax::FuncIdx(func)).unwrap_or_else(|| format!("function {func}"));
    Plain(&name).to_string().replace(';', ",")
}

#[cfg(feature = "profile")]
pub(super) use profile::Profile;

#[cfg(feature = "profile")]
mod profile {
    use std::collections::HashMap;
    use std::fs::File;
    use std::path::Path;
    use std::sync::{Arc, Mutex, PoisonError};

    use inferno::flamegraph::{self, Options};
    use whimbrel::wasi::Wasi;
    use whimbrel::{Module, Store};

    use super::frame_name;
    use crate::failure::{Exit, Failure, Result, io_reason};
    use crate::names::FuncNames;

    /// Instructions from one sample to the next: not a round number, which a loop could be in step with.
    const SAMPLE_EVERY: u64 = 9_973;

    /// Samples by the functions on the stack, outermost first.
    #[derive(Clone, Default)]
    pub(in crate::run) struct Profile(Arc<Mutex<HashMap<Vec<u32>, usize>>>);

    impl Profile {
        /// Has `store` take samples.
        pub(in crate::run) fn watch(&self, store: &mut Store<Wasi>) {
            let samples = Arc::clone(&self.0);
            store.on_sample(SAMPLE_EVERY, move |backtrace| {
                let stack = backtrace.frames().iter().rev().map(whimbrel::FrameInfo::func_index).collect();
                *samples.lock().unwrap_or_else(PoisonError::into_inner).entry(stack).or_default() += 1;
            });
        }

        /// Draws the samples into the file `path`.
        pub(in crate::run) fn write(&self, path: &Path, module: &Module) -> Result<()> {
            let names = FuncNames::of_module(module.bytes());
            let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut lines: Vec<String> = samples
                .iter()
                .map(|(stack, samples)| {
                    let frames: Vec<_> = stack.iter().map(|&func| frame_name(&names, func)).collect();
                    format!("{} {}", frames.join(";"), *samples as u64 * SAMPLE_EVERY)
                })
                .collect();
            lines.sort_unstable();
            if lines.is_empty() {
                lines.push(format!("(fewer than {SAMPLE_EVERY} instructions) 1"));
            }
            let failed = |error: &dyn std::fmt::Display| {
                Failure::new(Exit::Other, format_args!("--profile {}: {error}", path.display()))
            };
            let file = File::create(path).map_err(|error| failed(&io_reason(&error)))?;
            let mut options = Options::default();
            options.title = "WebAssembly functions by instructions executed".to_owned();
            options.count_name = "instructions".to_owned();
            flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), file).map_err(|error| failed(&error))
        }
    }
}
