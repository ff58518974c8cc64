//! Bytes to sections, bodies and instructions, and back; not whether a module is valid (`wasm-validate`).
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod cursor;
pub mod custom;
pub mod encode;
mod error;
mod immediate;
mod incremental;
mod instr;
mod item;
mod plain;
mod section;
mod types;

use wasm_syntax::Features;

pub use cursor::{Cursor, Decode};
pub use custom::{Custom, KnownCustom};
pub use error::{Form, ReadError, ReadErrorKind, Result};
pub use incremental::{Chunk, Incremental, Payload};
pub use instr::{InstrReader, InstrSink};
pub use item::{
    Body, ConstExpr, ConstExprs, Data, DataMode, Elem, ElemFunc, ElemItems, ElemMode, Export, ExternIdx, Global,
    Import, LocalRun, Table,
};
pub use section::{ImportReader, Section, SectionId, SectionReader, Sections, TagType};
pub use types::RecGroup;

/// The sections of the module `bytes`, read with `features`.
///
/// # Errors
///
/// If `bytes` do not start as a module of version 1; a component has an error of its own.
pub fn sections(bytes: &[u8], features: Features) -> Result<Sections<'_>> {
    Sections::new(Cursor::new(bytes, 0, features))
}
