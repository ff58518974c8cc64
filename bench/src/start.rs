//! What it costs until a program runs: validation, loading, instances, a first call.

use anyhow::{Result, anyhow};
use wasm_reader::Section;

use crate::case::Case;
use crate::clock::Times;
use crate::host::Imports;
use crate::measure::{Field, Measured, Row};
use crate::peer::{Loaded, Peer};
use crate::value;

/// Instructions in the bodies of a module.
///
/// # Errors
///
/// If it cannot be decoded.
pub fn operators(wasm: &[u8]) -> Result<u64> {
    let mut count = 0;
    let error = |error| anyhow!("{error}");
    for section in wasm_reader::sections(wasm, wasm_syntax::Features::default()).map_err(error)? {
        if let Section::Code(bodies) = section.map_err(error)? {
            for body in bodies {
                count += body.map_err(error)?.instrs().count() as u64;
            }
        }
    }
    Ok(count)
}

/// Validation by whimbrel and by wasmparser.
#[must_use]
pub fn validation(case: &str, wasm: &[u8], rounds: usize, after: impl Fn()) -> Row {
    let engine = whimbrel::Engine::default();
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let (mut we_accept, mut they_accept) = (true, true);
    for _ in 0..rounds {
        we_accept &= ours.measure(|| whimbrel::Module::validate(&engine, wasm).is_ok());
        they_accept &= theirs.measure(|| wasmparser::validate(wasm).is_ok());
        after();
    }
    let measured = |engine, times, accepts: bool| Measured { engine, times, result: accepts.to_string() };
    let measured = vec![measured("whimbrel", ours, we_accept), measured("wasmparser", theirs, they_accept)];
    Row { case: case.to_owned(), measured, unable: Vec::new() }
}

/// From bytes to a module that can be instantiated.
pub fn load(field: &Field, case: &str, wasm: &[u8], rounds: usize, after: impl Fn()) -> Row {
    let once = |peer: &mut &dyn Peer, times: &mut Times| times.measure(|| peer.load(wasm)).map(|_| "loaded".to_owned());
    field.measure(case, rounds, Ok, once, after)
}

/// Many instances of one module, one after the other.
pub fn instances(field: &Field, case: &str, of: &Case, count: usize, rounds: usize, after: impl Fn()) -> Row {
    let once = |module: &mut Box<dyn Loaded>, times: &mut Times| {
        times.measure(|| (0..count).try_for_each(|_| module.instantiate(&Imports::None).map(drop)))?;
        Ok("instantiated".to_owned())
    };
    field.measure(case, rounds, |peer| peer.load(&of.wasm), once, after)
}

/// From bytes to a first result, many times: what a small program costs.
pub fn first_calls(field: &Field, case: &str, of: &Case, count: usize, rounds: usize, after: impl Fn()) -> Row {
    let once = |peer: &mut &dyn Peer, times: &mut Times| {
        let mut results = of.results.clone();
        times.measure(|| {
            (0..count).try_for_each(|_| {
                peer.load(&of.wasm)?.instantiate(&Imports::None)?.call(
                    &of.export,
                    of.warm_up.as_ref().unwrap_or(&of.args),
                    &mut results,
                )
            })
        })?;
        Ok(value::text(&results))
    };
    field.measure(case, rounds, Ok, once, after)
}
