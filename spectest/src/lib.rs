//! Runs the specification's test suite, and the project's own tests in its format, on whimbrel.
#![forbid(unsafe_code)]
// A tool's own library: what a field is, its name says.
#![allow(missing_docs)]

pub mod report;
pub mod skips;
pub mod suite;
pub mod wasm_tools;
