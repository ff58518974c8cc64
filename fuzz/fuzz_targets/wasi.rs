//! WASI calls with any arguments: they end, in a number of WASI's, and do the same however the guest's memory is reached.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::wasi::Calls;

fuzz_target!(|bytes: &[u8]| {
    let Ok(calls) = Calls::arbitrary(&mut Unstructured::new(bytes)) else { return };
    calls.check();
});
