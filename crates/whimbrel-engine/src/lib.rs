#![doc = include_str!("../README.md")]
//! What it owns: the store and its objects, instantiation, the executor. What it does not: WebAssembly's bytes, and
//! whether code is valid.
#![no_std]

extern crate alloc;

pub mod exec;
mod gc;
mod image;
mod instance;
mod instantiate;
mod memory;
mod store;
mod table;
mod value;

pub use gc::{
    AnyHandle, CallError, Exception, ExternHandle, Field, FieldStorage, Handle, ObjectHandle, ObjectKind, ObjectType,
    StackFrame,
};
pub use image::{ActiveData, ElemImage, ElemItems, ElemMode, GlobalImage, Init, ModuleImage, TableImage};
pub use instance::{DataSegments, FuncInst, FuncKind, FuncTypeInfo, Global, Instance, ModuleTypes, Tag, TypeId};
pub use instantiate::InstantiateError;
pub use memory::Memory;
pub use store::{Collected, ExternObject, ObjectError, Store, StoreLimits};
pub use table::Table;
pub use value::{AnyHeap, CanonicalBits, SlotType, Value, ValueError, WrongStore};
