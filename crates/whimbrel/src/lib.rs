//! A WebAssembly interpreter: the embedding API.
#![forbid(unsafe_code)]
