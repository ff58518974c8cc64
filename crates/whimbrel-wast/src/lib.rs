//! Scripts of the specification's test format, read and executed on whimbrel; not which scripts there are.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// What a field is, its name says.
#![allow(missing_docs)]

pub mod engine;
pub mod report;
pub mod run;
pub mod script;
pub mod stage;
pub mod value;
