//! The program as its user sees it: every help text, report and error, by running the built binary.
#![forbid(unsafe_code)]

mod guest;
mod inspect;
mod ir;
mod limits;
mod report;
mod run;
mod session;
mod shell;
mod text;
mod usage;
mod validate;
