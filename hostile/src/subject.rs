//! What is done with a hostile module, under an allocator that counts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use allocation_counter::{AllocationInfo, measure};
use wasm_syntax::Features;
use whimbrel::{CompilationMode, Config, Engine, Module};

/// How far a module is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Decoded and validated, and made ready to be instantiated.
    Load,
    /// Every function translated as well.
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

/// The most that may be allocated at once for a module of `len` bytes, loaded or compiled.
///
/// Loading takes 16 bytes for each of the module's and a constant. Compiling takes more, and so does loading what consists of
/// the smallest items there are: a type of three bytes is a record of about fifty, and lists double while they grow.
#[must_use]
pub fn peak_limit(len: usize, dense: bool) -> u64 {
    let factor = if dense { 80 } else { 16 };
    factor * len as u64 + 64 * 1024
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

/// With an engine of its own, since an engine keeps the types that it has seen.
fn accept(module: &[u8], stage: Stage) -> Outcome {
    let mut config = Config::new();
    config.wasm_features(Features::ALL);
    if stage == Stage::Compile {
        config.compilation_mode(CompilationMode::Eager);
    }
    match Engine::new(&config).and_then(|engine| Module::from_binary(&engine, module)) {
        Ok(_) => Outcome::Accepted,
        Err(_) => Outcome::Refused,
    }
}
