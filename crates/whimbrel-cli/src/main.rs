//! The whimbrel program.
#![forbid(unsafe_code)]

fn main() {}
