//! The instruction table, types, index newtypes, [`Trap`], [`Features`] and [`ModuleLimits`]; neither bytes
//! (`wasm-reader`) nor execution.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod composite;
mod feature;
mod immediate;
mod index;
mod instr;
mod limits;
mod table;
mod trap;
mod types;
mod v128;

pub use composite::{CompositeType, FuncType, SubType};
pub use feature::{Feature, Features};
pub use immediate::{
    BlockType, BrTable, CastTarget, Catch, Catches, F32Bits, F64Bits, FenceFlags, Handler, Handlers, MemArg,
    SelectTypes, Sequence, SequenceElement, ShuffleLanes,
};
pub use index::{
    DataIdx, ElemIdx, FieldIdx, FuncIdx, GlobalIdx, LabelIdx, LocalIdx, MemIdx, TableIdx, TagIdx, TypeIdx,
};
pub use instr::{AtomicOp, Instr, LaneOp, LoadOp, MemoryLaneOp, NumericOp, Row, Signature, StoreOp, VectorOp, rows};
pub use limits::ModuleLimits;
pub use trap::Trap;
pub use types::{
    AbstractHeapType, ExternKind, ExternType, FieldType, GlobalType, HeapType, Limits, MAX_TYPE_IDX, MemType, RefType,
    StorageType, TableType, ValType,
};
pub use v128::V128;
