//! Rounds that take the engines in turn.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, anyhow};

use crate::case::Case;
use crate::clock::Times;
use crate::host::Imports;
use crate::peer::{Engine, Loaded, Peer};
use crate::value;

/// What one engine did with a case.
#[derive(Clone, Debug)]
pub struct Measured {
    pub engine: &'static str,
    pub times: Times,
    /// What it computed, to be compared.
    pub result: String,
}

/// An engine that could not do a case, and why.
#[derive(Clone, Debug)]
pub struct Unable {
    pub engine: &'static str,
    pub why: String,
}

/// A case and what the engines did with it, in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Row {
    pub case: String,
    pub measured: Vec<Measured>,
    pub unable: Vec<Unable>,
}

impl Row {
    /// Whether all engines computed the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.measured.windows(2).all(|pair| pair[0].result == pair[1].result)
    }

    /// What the engine of that name did.
    #[must_use]
    pub fn of(&self, engine: &str) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.engine == engine)
    }
}

/// The engines that take part, made once.
pub struct Field(Vec<(&'static Engine, Box<dyn Peer>)>);

impl Field {
    /// # Errors
    ///
    /// If an engine cannot be made.
    pub fn new(engines: &[&'static Engine]) -> Result<Self> {
        engines.iter().map(|engine| Ok((*engine, engine.make()?))).collect::<Result<_>>().map(Self)
    }

    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(engine, _)| engine.name).collect()
    }

    /// Prepares `case` with each engine, then measures it in rounds that take the engines in turn; each round starts with
    /// another engine, so that none always comes after the same one. `after` is told of every measurement.
    pub fn measure<'f, P>(
        &'f self,
        case: &str,
        rounds: usize,
        prepare: impl Fn(&'f dyn Peer) -> Result<P>,
        mut once: impl FnMut(&mut P, &mut Times) -> Result<String>,
        after: impl Fn(),
    ) -> Row {
        let mut row = Row { case: case.to_owned(), measured: Vec::new(), unable: Vec::new() };
        let mut running = Vec::new();
        for (engine, peer) in &self.0 {
            match guarded(|| prepare(&**peer)) {
                Ok(prepared) => {
                    running.push((
                        prepared,
                        Measured { engine: engine.name, times: Times::default(), result: String::new() },
                    ));
                }
                Err(error) => row.unable.push(Unable { engine: engine.name, why: format!("{error:#}") }),
            }
        }
        for round in 0..rounds {
            let mut failed = Vec::new();
            for turn in 0..running.len() {
                let at = (round + turn) % running.len();
                let (prepared, measured) = &mut running[at];
                match guarded(|| once(prepared, &mut measured.times)) {
                    Ok(result) => measured.result = result,
                    Err(error) => failed.push((at, format!("{error:#}"))),
                }
                after();
            }
            failed.sort_by_key(|&(at, _)| std::cmp::Reverse(at));
            for (at, why) in failed {
                row.unable.push(Unable { engine: running.remove(at).1.engine, why });
            }
        }
        row.measured = running.into_iter().map(|(_, measured)| measured).collect();
        row
    }

    /// Measures the call that `case` is.
    pub fn execute(&self, case: &Case, rounds: usize, after: impl Fn()) -> Row {
        let once = |module: &mut Box<dyn Loaded>, times: &mut Times| {
            let imports = case.needs.imports()?;
            let mut instance = module.instantiate(&imports)?;
            if let Some(count) = case.times {
                return Ok(times.measure(|| instance.call_often(&case.export, count))?.to_string());
            }
            let mut results = case.results.clone();
            if let Some(args) = &case.warm_up {
                instance.call(&case.export, args, &mut results)?;
            }
            let called = times.measure(|| instance.call(&case.export, &case.args, &mut results));
            match &imports {
                // A program ends by itself, which engines report as an error.
                Imports::Wasi(session) if called.is_ok() || session.exit().is_some() => Ok(session.output()),
                _ => called.map(|()| value::text(&results)),
            }
        };
        self.measure(&case.name, rounds, |peer| peer.load(&case.wasm), once, after)
    }
}

/// Does `work`; a panic of an engine is an error like another.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(anyhow!("panicked: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("")))
    })
}
