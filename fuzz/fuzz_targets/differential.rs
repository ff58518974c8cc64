//! Execution beside wasmi: results, traps, globals and memories are the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_syntax::{Feature, Features};
use whimbrel::Config;
use whimbrel_fuzz::{modules, peer, run};

fuzz_target!(|bytes: &[u8]| {
    let Some(module) = modules::terminating(bytes) else { return };
    let Some(theirs) = peer::run(&module) else { return };
    let mut config = Config::new();
    config.wasm_features(Features::V3.with(Feature::CustomPageSizes).with(Feature::WideArithmetic));
    let ours = run::run(&module, config, None).expect("wasmi takes the module");
    assert_eq!(peer::common(ours), peer::common(theirs));
});
