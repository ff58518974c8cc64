//! The verdict on a module, beside wasmparser's.

use wasm_reader::ReadErrorKind;
use wasm_syntax::Feature;
use whimbrel_compile::{LoadError, LoadErrorKind, LoadOptions, load_module};

use crate::features;

/// Compares verdicts with each set of features.
///
/// # Errors
///
/// If the two disagree: who says what.
pub fn agrees(module: &[u8]) -> Result<(), String> {
    for (name, set) in features::sets() {
        let ours = load_module(module, &LoadOptions { features: set, ..LoadOptions::default() });
        let theirs = wasmparser::Validator::new_with_features(features::for_wasmparser(set)).validate_all(module);
        match (&ours, &theirs) {
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            (Ok(_), Err(theirs)) => return Err(format!("{name}: accepted, but wasmparser says: {theirs}")),
            (Err(ours), Ok(_)) if is_wasmparsers_leniency(ours) => {}
            (Err(ours), Ok(_)) => return Err(format!("{name}: wasmparser accepts, but: {ours}")),
        }
    }
    Ok(())
}

/// `(ref null func)` is how `funcref` may be written since function references; wasmparser reads that as `funcref` before.
fn is_wasmparsers_leniency(ours: &LoadError) -> bool {
    matches!(ours.kind(), LoadErrorKind::Read(error)
        if matches!(error.kind, ReadErrorKind::FeatureOff(Feature::FunctionReferences)))
}
