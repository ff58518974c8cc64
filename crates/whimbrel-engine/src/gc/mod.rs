//! Ownership of run-time objects: arenas, handles, and the collector that frees what nothing reaches.
//!
//! An object is allocated alone, as a `Box` given up to a raw pointer, and stays where it is until the collector or the
//! store's end frees it; arenas, instances, tables and running code hold copies of that pointer. References to it exist only
//! while the store is borrowed, so no two of them conflict.
//!
//! What keeps an object alive: a [`Handle`] (its root count), another live object, or a running execution, whose frames say
//! by reference maps which of their slots are references.

mod access;
mod arena;
mod block;
mod collect;
mod continuations;
mod exceptions;
mod externs;
mod handle;
pub(crate) mod heap;
mod instance;
mod mark;
mod numbers;
pub(crate) mod reference;
mod running;
mod stats;
pub(crate) mod types;

pub(crate) use arena::Arena;
pub(crate) use collect::{Due, Root};
pub use continuations::ContHandle;
pub(crate) use continuations::Continuation;
pub use exceptions::ExceptionHandle;
pub(crate) use exceptions::parts_of_exception;
pub use externs::ExternHandle;
pub use handle::Handle;
pub(crate) use handle::{Header, StoreId};
pub use heap::ObjectHandle;
pub(crate) use heap::{AllocError, Heap, HeapBox};
pub use reference::AnyHandle;
pub(crate) use running::Executions;
pub use running::{CallError, StackFrame, Suspension};
pub use stats::{GcStats, GcStress};
pub(crate) use types::ref_kind;
pub use types::{Field, FieldStorage, ObjectKind, ObjectType};
