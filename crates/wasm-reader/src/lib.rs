//! A zero-copy WebAssembly binary reader, slice and incremental, with an encoder from the same table.
#![no_std]
#![forbid(unsafe_code)]
