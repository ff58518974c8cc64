//! Execution: which backend runs, when a function is translated, whether fuel is counted, operations are executed in sequences
//! or locals are in registers, changes nothing that can be seen.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::{CompilationMode, Config};
use whimbrel_fuzz::{loop_peer, modules, run};

fuzz_target!(|bytes: &[u8]| {
    let config = |mode| {
        let mut config = Config::new();
        config.compilation_mode(mode);
        config
    };
    if bytes.starts_with(b"\0asm") {
        // A module of unknown making may not end by itself.
        let fuel = Some(20_000);
        let lazy = run::run(bytes, config(CompilationMode::Lazy), fuel);
        if let Some(eager) = run::run(bytes, config(CompilationMode::Eager), fuel) {
            assert_eq!(lazy, Some(eager));
        }
        loop_peer::agrees(bytes, fuel, lazy.as_deref());
        return;
    }
    let Some(module) = modules::terminating(bytes) else { return };
    let lazy = run::run(&module, config(CompilationMode::Lazy), None);
    assert_eq!(lazy, run::run(&module, config(CompilationMode::Eager), None));
    assert_eq!(lazy, run::run(&module, config(CompilationMode::Lazy), Some(u64::MAX)));
    for (fusion, pinning) in [(false, false), (false, true), (true, false)] {
        let mut config = config(CompilationMode::Lazy);
        config.fusion(fusion).pinning(pinning);
        assert_eq!(lazy, run::run(&module, config, None));
    }
    loop_peer::agrees(&module, None, lazy.as_deref());
});
