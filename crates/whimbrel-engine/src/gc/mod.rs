//! Ownership of run-time objects: arenas, handles, and the collector that frees what nothing reaches.
//!
//! An object is allocated alone, as a `Box` given up to a raw pointer, and stays where it is until the collector or the
//! store's end frees it; arenas, instances, tables and running code hold copies of that pointer. References to it exist only
//! while the store is borrowed, so no two of them conflict.
//!
//! What keeps an object alive: a [`Handle`] (its root count), another live object, or a running execution, during which the
//! collector does not run.

mod access;
mod arena;
mod collect;
mod exceptions;
mod externs;
mod handle;
pub(crate) mod heap;
mod instance;
pub(crate) mod reference;
mod running;
pub(crate) mod types;

pub(crate) use arena::Arena;
pub(crate) use collect::Due;
pub use exceptions::Exception;
pub(crate) use exceptions::Exceptions;
pub use externs::ExternHandle;
pub(crate) use externs::ExternTable;
pub use handle::Handle;
pub(crate) use handle::{Header, StoreId};
pub use heap::ObjectHandle;
pub(crate) use heap::{Heap, HeapBox};
pub use reference::AnyHandle;
pub(crate) use running::Executions;
pub use running::{CallError, StackFrame, Suspension};
pub use types::{Field, FieldStorage, ObjectKind, ObjectType};
