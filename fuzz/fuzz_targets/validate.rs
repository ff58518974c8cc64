//! Validation of any bytes, and of generated modules with random bodies: the verdict is wasmparser's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_compile::{LoadOptions, load_module};
use whimbrel_fuzz::{features, modules};

fuzz_target!(|bytes: &[u8]| {
    let Some(module) = modules::module(bytes, true) else { return };
    for (name, set) in features::sets() {
        let ours = load_module(&module, &LoadOptions { features: set, ..LoadOptions::default() });
        let theirs = wasmparser::Validator::new_with_features(features::for_wasmparser(set)).validate_all(&module);
        match (&ours, &theirs) {
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            (Ok(_), Err(theirs)) => panic!("{name}: accepted, but wasmparser says: {theirs}"),
            (Err(ours), Ok(_)) => panic!("{name}: wasmparser accepts, but: {ours}"),
        }
    }
});
