//! The instruction table, abstract syntax, types, limits and features of WebAssembly.
#![no_std]
#![forbid(unsafe_code)]

mod trap;
mod v128;

pub use trap::Trap;
pub use v128::V128;
