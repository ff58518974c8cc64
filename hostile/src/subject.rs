//! What is done with a hostile module, under an allocator that counts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use allocation_counter::{AllocationInfo, measure};
use wasm_syntax::{Features, FuncIdx};
use whimbrel_compile::{LoadOptions, Options, Scratch, compile_func, load_module};

/// How far a module is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Decoded and validated.
    Load,
    /// Then every function compiled.
    Compile,
}

/// What became of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
    Panicked,
}

/// What loading a module did, and what it held meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub outcome: Outcome,
    /// Bytes still allocated after the result was dropped.
    pub leaked_bytes: i64,
    /// The most bytes allocated at once.
    pub peak_bytes: u64,
}

impl Report {
    /// What is wrong, if anything: a panic or a leak.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match (self.outcome, self.leaked_bytes) {
            (Outcome::Panicked, _) => Some("panicked".to_owned()),
            (_, 0) => None,
            (_, leaked) => Some(format!("{leaked} bytes leaked")),
        }
    }
}

/// The most that taking a module of `len` bytes to an end may have allocated at once.
#[must_use]
pub fn peak_limit(len: usize) -> u64 {
    16 * len as u64 + 64 * 1024
}

/// Takes a module to a stage and drops what comes of it.
pub fn submit(module: &[u8], stage: Stage) -> Report {
    let mut outcome = Outcome::Panicked;
    let info: AllocationInfo = measure(|| {
        // Nothing outlives a panic: what it leaves behind is counted as leaked.
        outcome = catch_unwind(AssertUnwindSafe(|| accept(module, stage))).unwrap_or(Outcome::Panicked);
    });
    Report { outcome, leaked_bytes: info.bytes_current, peak_bytes: info.bytes_max }
}

fn accept(module: &[u8], stage: Stage) -> Outcome {
    let options = LoadOptions { features: Features::ALL, ..LoadOptions::default() };
    let Ok(loaded) = load_module(module, &options) else { return Outcome::Refused };
    if stage == Stage::Compile {
        let mut scratch = Scratch::default();
        let imported = loaded.info.num_imported_funcs();
        for func in (imported..).map(FuncIdx).take(loaded.bodies.len()) {
            let body = loaded.body(module, func);
            // What the engine does not execute yet is refused here; that is an answer too.
            let _ = compile_func(&loaded.info, func, &body, &Options::default(), &mut scratch);
        }
    }
    Outcome::Accepted
}
