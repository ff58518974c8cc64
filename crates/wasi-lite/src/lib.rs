//! An engine-neutral WASI preview 1 implementation over a guest-memory trait.
#![forbid(unsafe_code)]
