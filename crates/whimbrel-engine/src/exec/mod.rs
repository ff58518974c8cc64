//! The executor: linked code, handlers, and the resumable execution that runs them.

mod backend;
mod backtrace;
mod context;
mod growth;
mod link;
mod observe;
mod operand;
mod roots;
mod run;
mod stack;
mod step;
mod unwind;

pub use backend::BACKEND;
pub use growth::{Grows, Growth};
pub use link::{LooseCode, ModuleCode, tiles};
pub use observe::{Counts, Observation};
pub(crate) use roots::{Frames, parked_roots};
pub use run::{BacktraceFrame, Execution, Outcome};
pub(crate) use stack::Stack;
pub use stack::ValueStack;
pub(crate) use step::Landings;

/// Whether code may keep values in pins: a build for size has no handlers for that.
pub const HAS_PINS: bool = cfg!(not(whimbrel_compact));

/// How many sequences of ops have a handler of their own in this build.
#[must_use]
pub fn pattern_count() -> usize {
    step::tiles::count()
}

/// The path of the type by which a pattern list names the step of ops with this key; `None` where there is no such op.
#[cfg(feature = "step-names")]
#[must_use]
pub fn step_name(key: whimbrel_ir::OpKey) -> Option<&'static str> {
    step::tiles::step_name(key)
}
