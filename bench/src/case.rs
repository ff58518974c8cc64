//! The kernels as data.

/// A kernel: a module whose export `run` takes how much to do and returns what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    pub wasm: &'static [u8],
    /// The argument with which it runs for some milliseconds, some tens at most, in an interpreter.
    pub rounds: i32,
}

macro_rules! cases {
    ($($name:literal $rounds:literal)*) => {
        /// All kernels.
        pub const CASES: &[Case] = &[
            $(Case { name: $name, wasm: include_bytes!(concat!("../kernels/", $name, ".wasm")), rounds: $rounds },)*
        ];
    };
}

cases! {
    "collatz" 60_000
    "sieve" 60
    "matrix" 25
    "nbody" 60_000
    "mandelbrot" 8
    "hash" 60
    "quicksort" 25
    "search" 500
    "bytecode" 60_000
    "fib" 250
    "indirect" 3_000_000
    "bulk" 20_000
    "compress" 80
    "modpow" 40_000
}
