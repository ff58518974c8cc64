//! Decoding of instructions' immediates, one impl a type of the instruction table. Spec: `binary-instr`.

use wasm_syntax::{
    BlockType, BrTable, CastTarget, Catch, Catches, DataIdx, ElemIdx, F32Bits, F64Bits, Feature, FenceFlags, FieldIdx,
    FuncIdx, GlobalIdx, Handler, Handlers, HeapType, LabelIdx, LocalIdx, MemArg, MemIdx, RefType, SelectTypes,
    ShuffleLanes, TableIdx, TagIdx, TypeIdx, V128, ValType,
};

use crate::types::{sequence, sequence_of, signed_type_idx};
use crate::{Cursor, Decode, Form, ReadErrorKind, Result};

/// What an instruction carries beside its opcode.
///
/// This is apart from [`Decode`] because some indices are restricted in instructions only.
pub(crate) trait Immediate<'a>: Sized {
    /// Takes one off the cursor.
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self>;
}

macro_rules! plain {
    ($($ty:ty: |$cursor:ident| $value:expr;)*) => {$(
        impl<'a> Immediate<'a> for $ty {
            #[inline(always)]
            fn from_cursor($cursor: &mut Cursor<'a>) -> Result<Self> {
                $value
            }
        }
    )*};
}

plain! {
    u8: |cursor| cursor.byte();
    u32: |cursor| cursor.u32();
    i32: |cursor| cursor.s32();
    i64: |cursor| cursor.s64();
    F32Bits: |cursor| cursor.array().map(u32::from_le_bytes).map(Self);
    F64Bits: |cursor| cursor.array().map(u64::from_le_bytes).map(Self);
    V128: |cursor| cursor.array().map(Self);
    ShuffleLanes: |cursor| cursor.array().map(Self);
    FuncIdx: |cursor| cursor.u32().map(Self);
    GlobalIdx: |cursor| cursor.u32().map(Self);
    TagIdx: |cursor| cursor.u32().map(Self);
    ElemIdx: |cursor| cursor.u32().map(Self);
    LocalIdx: |cursor| cursor.u32().map(Self);
    LabelIdx: |cursor| cursor.u32().map(Self);
    FieldIdx: |cursor| cursor.u32().map(Self);
    TypeIdx: |cursor| cursor.read();
    HeapType: |cursor| cursor.read();
    MemIdx: |cursor| index_or_zero(cursor, Feature::MultiMemory).map(Self);
    TableIdx: |cursor| index_or_zero(cursor, Feature::ReferenceTypes).map(Self);
    FenceFlags: |cursor| zero_byte(cursor).map(|()| Self(0));
    Catches<'a>: |cursor| sequence(cursor);
    Handlers<'a>: |cursor| sequence(cursor);
}

fn zero_byte(cursor: &mut Cursor<'_>) -> Result<()> {
    match cursor.byte()? {
        0 => Ok(()),
        found => Err(cursor.malformed(Form::ZeroByte, u32::from(found))),
    }
}

/// Takes an index into a space that held one thing before `feature`, when a reserved zero byte stood in its place.
#[inline]
fn index_or_zero(cursor: &mut Cursor<'_>, feature: Feature) -> Result<u32> {
    if cursor.features().has(feature) { cursor.u32() } else { zero_byte(cursor).map(|()| 0) }
}

impl<'a> Immediate<'a> for DataIdx {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        if !cursor.has_data_count() {
            return Err(cursor.error(ReadErrorKind::DataCountRequired));
        }
        cursor.u32().map(Self)
    }
}

/// In an alignment: the access names its memory.
const MEMORY_FOLLOWS: u32 = 1 << 6;
/// Alignments below this one are well-formed whatever the address type.
const PLAIN_ALIGN_END: u32 = 32;

impl<'a> Immediate<'a> for MemArg {
    #[inline(always)]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        let flags = cursor.u32()?;
        let (align_log2, memory) =
            if flags < PLAIN_ALIGN_END { (flags as u8, MemIdx(0)) } else { rare_align(cursor, flags)? };
        let offset = if cursor.features().has(Feature::Memory64) { cursor.u64()? } else { u64::from(cursor.u32()?) };
        Ok(Self { offset, memory, align_log2 })
    }
}

/// The alignment in `flags`, and the memory that it announces, which it takes.
#[cold]
#[inline(never)]
fn rare_align(cursor: &mut Cursor<'_>, flags: u32) -> Result<(u8, MemIdx)> {
    let features = cursor.features();
    let names_memory = flags & MEMORY_FOLLOWS != 0 && features.has(Feature::MultiMemory);
    let align = if names_memory { flags & !MEMORY_FOLLOWS } else { flags };
    let align_end = if features.has(Feature::Memory64) { u64::BITS } else { PLAIN_ALIGN_END };
    if align >= align_end {
        return Err(cursor.malformed(Form::MemArgFlags, flags));
    }
    let memory = if names_memory { cursor.u32()? } else { 0 };
    Ok((align as u8, MemIdx(memory)))
}

impl<'a> Immediate<'a> for BlockType {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        match cursor.rest().first() {
            Some(0x40) => {
                cursor.byte()?;
                Ok(Self::Empty)
            }
            // Single bytes with this bit are negative numbers: type codes.
            Some(0x41..=0x7F) => Ok(Self::Value(cursor.read()?)),
            _ => {
                let start = *cursor;
                let idx = signed_type_idx(cursor, Form::BlockType)?;
                start.require(Feature::MultiValue)?;
                Ok(Self::Func(idx))
            }
        }
    }
}

impl<'a> Decode<'a> for LabelIdx {
    #[inline]
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        cursor.u32().map(Self)
    }
}

impl<'a> Immediate<'a> for BrTable<'a> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        let count = cursor.u32()?;
        Ok(Self { labels: sequence_of(cursor, count)?, default: cursor.read()? })
    }
}

impl<'a> Immediate<'a> for SelectTypes {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        let types = sequence::<ValType>(cursor)?;
        Ok(Self { count: types.len(), first: types.iter().next() })
    }
}

impl<'a> Immediate<'a> for CastTarget {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self> {
        let flags = cursor.byte()?;
        if flags > 3 {
            return Err(cursor.malformed(Form::CastFlags, u32::from(flags)));
        }
        let label = cursor.read()?;
        let from = RefType::new(flags & 1 != 0, cursor.read()?);
        let to = RefType::new(flags & 2 != 0, cursor.read()?);
        Ok(Self { label, from, to })
    }
}

impl<'a> Decode<'a> for Catch {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let kind = cursor.byte()?;
        let tag = match kind {
            0 | 1 => TagIdx(cursor.u32()?),
            2 | 3 => TagIdx(0),
            found => return Err(cursor.malformed(Form::Catch, u32::from(found))),
        };
        let label = cursor.read()?;
        Ok(match kind {
            0 => Self::Tag(tag, label),
            1 => Self::TagRef(tag, label),
            2 => Self::All(label),
            _ => Self::AllRef(label),
        })
    }
}

impl<'a> Decode<'a> for Handler {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        match cursor.byte()? {
            0 => Ok(Self::Label(TagIdx(cursor.u32()?), cursor.read()?)),
            1 => Ok(Self::Switch(TagIdx(cursor.u32()?))),
            found => Err(cursor.malformed(Form::Handler, u32::from(found))),
        }
    }
}
