//! The text format: instructions and modules as the table and the reader tell them.

mod instr;
mod module;
mod types;

pub(crate) use instr::Text;
pub(crate) use module::{Stop, print_module};
