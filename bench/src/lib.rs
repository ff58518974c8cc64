//! Cases, peers, and the clock by which they are measured.
#![forbid(unsafe_code)]
// A tool's own library: what a field is, its name says.
#![allow(missing_docs)]

pub mod case;
pub mod clock;
pub mod large;
pub mod peer;
pub mod report;
