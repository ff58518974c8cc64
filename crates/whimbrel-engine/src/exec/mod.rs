//! The executor: linked code, handlers, and the resumable execution that runs them.

mod backend;
mod backtrace;
mod context;
mod link;
mod operand;
mod run;
mod step;
mod unwind;

pub use backend::BACKEND;
pub use link::{LooseCode, ModuleCode};
pub use run::{BacktraceFrame, Execution, Outcome, ValueStack};
