//! Threads on a shared memory: what they do together is what they do one after the other, where that is all the same.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::threads::Program;

fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = Program::arbitrary(&mut Unstructured::new(bytes)) else { return };
    program.check();
});
