//! Structures and arrays: programs read back what they wrote, whenever the collector works.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use whimbrel::{Config, GcStress};
use whimbrel_fuzz::{gc::Program, modules, program, run};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    if kind % 4 > 0 {
        let Ok(program) = Program::arbitrary(&mut Unstructured::new(rest)) else { return };
        program::check(&program.text(), &program.foresee());
        return;
    }
    let Some(module) = modules::with_objects(rest) else { return };
    let run = |stress| {
        let mut config = Config::new();
        config.gc_stress(stress).max_heap_bytes(16 << 20);
        run::run(&module, config, None)
    };
    let plain = run(GcStress::Off);
    // How much fits into the heap depends on when it is collected.
    if !plain.iter().flatten().any(run::is_exhausted) {
        assert_eq!(plain, run(GcStress::Whole));
        assert_eq!(plain, run(GcStress::Steps));
    }
});
