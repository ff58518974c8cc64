//! Validation of any bytes, and of generated modules with random bodies: the verdict is wasmparser's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::{modules, verdict};

fuzz_target!(|bytes: &[u8]| {
    let Some(module) = modules::module(bytes, true) else { return };
    if let Err(disagreement) = verdict::agrees(&module) {
        panic!("{disagreement}");
    }
});
