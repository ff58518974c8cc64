//! The embedding API, and the driver that wires compiler and engine; decoding, validation, translation and execution
//! are layers below.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod anyref;
mod continuation;
mod engine;
mod error;
mod exception;
mod externref;
mod func;
mod global;
mod host;
mod image;
mod instance;
mod limiter;
mod linker;
mod memory;
mod module;
mod observe;
mod resumable;
mod shared;
mod store;
mod table;
mod typed;
mod types;
mod val;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use anyref::{AnyRef, ArrayRef, StructRef};
pub use continuation::ContRef;
pub use engine::{CompilationMode, Config, Engine};
pub use error::{Error, FrameInfo, HandleError, I32Exit, LinkError, Result, WasmBacktrace};
pub use exception::{Exception, ExnRef};
pub use externref::ExternRef;
pub use func::Func;
pub use global::{Global, Tag};
pub use host::{Caller, IntoFunc, WasmRet};
pub use instance::{Export, Extern, Instance};
pub use limiter::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use linker::Linker;
pub use memory::{Memory, MemoryAccessError};
pub use module::{Module, Translated};
pub use observe::{Counts, ObservedCall};
pub use resumable::{ResumableCall, SuspendReason, SuspendedCall, TypedResumableCall, TypedSuspendedCall};
pub use shared::{SharedMemory, WaitResult};
pub use store::{AsContext, AsContextMut, InterruptHandle, Store, StoreContext, StoreContextMut};
pub use table::Table;
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy, WasmTyList};
pub use types::{
    ExportType, ExternType, FuncType, GlobalType, ImportType, MemoryType, Mutability, RefType, TableType, TagType,
    ValType,
};
pub use val::Val;
pub use wasm_syntax::{Feature, Features, ModuleLimits, Trap, V128};
pub use whimbrel_engine::exec::{BACKEND, pattern_count as fused_sequences};
pub use whimbrel_engine::{GcStats, GcStress};

/// The example of the repository's README, compiled and run as a test.
#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;
