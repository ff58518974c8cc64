//! The meaning of every WebAssembly numeric and vector instruction as a pure function.
#![no_std]
#![forbid(unsafe_code)]
