//! Exceptions, of the standard and of the legacy instructions: programs throw and catch as their model says.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::{exceptions::Program, program};

fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = Program::arbitrary(&mut Unstructured::new(bytes)) else { return };
    program::check(&program.text(), &program.foresee());
});
