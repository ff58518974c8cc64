//! The store and its objects, instantiation, the executor; neither WebAssembly's bytes nor whether code is valid.
#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod exec;
mod gc;
mod image;
mod instance;
mod instantiate;
mod memory;
mod store;
pub mod sync;
mod table;
mod value;

pub use gc::{
    AnyHandle, CallError, ContHandle, ExceptionHandle, ExternHandle, Field, FieldStorage, GcStats, GcStress, Handle,
    ObjectHandle, ObjectKind, ObjectType, StackFrame, Suspension,
};
pub use image::{ActiveData, ElemImage, ElemItems, ElemMode, GlobalImage, Init, ModuleImage, TableImage};
pub use instance::{
    DataSegments, Direct, DirectFn, FuncInst, FuncKind, FuncTypeInfo, Global, Instance, ModuleTypes, Tag, TypeId,
};
pub use instantiate::InstantiateError;
pub use memory::{Memory, SharedMemory, Wait};
pub use store::{Collected, ExternObject, ObjectError, Store, StoreLimits};
pub use table::Table;
pub use value::{AnyHeap, CanonicalBits, SlotType, Value, ValueError, WrongStore};
