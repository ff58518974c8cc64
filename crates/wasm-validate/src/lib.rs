//! The WebAssembly typing rules, module and function at a time.
#![no_std]
#![forbid(unsafe_code)]
