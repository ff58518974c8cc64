//! Hostile modules, and what loading them must not do: panic, leak, or allocate beyond what their bytes warrant.
#![forbid(unsafe_code)]
// A tool's own library: what a field is, its name says.
#![allow(missing_docs)]

pub mod bombs;
pub mod churn;
pub mod corpus;
pub mod interrupt;
pub mod linear;
pub mod mutate;
pub mod subject;
pub mod text;
