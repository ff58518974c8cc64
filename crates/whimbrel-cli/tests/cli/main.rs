//! The program as its user sees it: every help text, report and error, by running the built binary.
#![forbid(unsafe_code)]

mod inspect;
mod ir;
mod run;
mod session;
mod usage;
mod validate;
