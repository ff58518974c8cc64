//! One pass over a WebAssembly function body: decode, validate, lower to whimbrel's IR.
#![no_std]
#![forbid(unsafe_code)]
