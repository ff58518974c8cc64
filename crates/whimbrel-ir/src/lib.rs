//! [`Inst`], its encoding, [`Code`]; neither WebAssembly's bytes nor handlers.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod access;
mod aggregate;
mod cell;
mod code;
mod handler;
mod inst;
mod key;
mod operand;
mod order;
mod print;
mod refs;
mod search;
mod verify;
mod widen;

pub use access::Sources;
pub use aggregate::{
    ARRAY_HEADER_BYTES, ARRAY_LEN_OFFSET, AggregateOp, CastKind, CastTest, RefOp, STRUCT_HEADER_BYTES, StorageOp,
    StructLayout,
};
pub use cell::{AddrMode, BACKWARD, FIRST_TABLE, Family, NEGATE, OpKey, decode, encode};
pub use code::Code;
pub use handler::{Action, Clause, Handler};
pub use inst::{Addr, CallInfo, IndirectCallee, Inst, Pos, Resumption, SlotsOp, TailMove};
pub use key::NotAKey;
pub use operand::{Class, Dst, DstKind, FRAME_HEADER_SLOTS, Pin, Saves, Shape, Slot, Src, SrcKind, TAIL_RECORD_SLOTS};
pub use order::{kinds_are_in_order, mirrored, opposite};
pub use print::{Listing, print};
pub use refs::{LocalSet, Point, RefKind, RefMaps, Temps};
pub use search::FieldSearch;
pub use verify::{CalleeSlots, Rule, VerifyEnv, VerifyError, verify};
