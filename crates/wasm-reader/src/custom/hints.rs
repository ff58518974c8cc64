//! The `metadata.code.branch_hint` section (branch hinting proposal).

use wasm_syntax::FuncIdx;

use crate::{Cursor, Decode, Form, ReadErrorKind, Result, SectionReader};

/// The hints for one function.
#[derive(Clone, Copy, Debug)]
pub struct FuncBranchHints<'a> {
    /// The function.
    pub func: FuncIdx,
    /// Its hints, by rising offset.
    pub hints: SectionReader<'a, BranchHint>,
}

/// A hint for one `if` or `br_if`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchHint {
    /// The instruction, in bytes from the start of the function's body, its locals included.
    pub offset_bytes: u32,
    /// Whether the condition is likely to hold.
    pub is_taken: bool,
}

impl<'a> Decode<'a> for FuncBranchHints<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { func: FuncIdx(cursor.u32()?), hints: SectionReader::inner(cursor)? })
    }
}

impl<'a> Decode<'a> for BranchHint {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let offset_bytes = cursor.u32()?;
        let start = *cursor;
        let malformed = |found| start.error(ReadErrorKind::Malformed { what: Form::BranchHint, found });
        match cursor.u32()? {
            1 => {}
            len_bytes => return Err(malformed(len_bytes)),
        }
        match cursor.byte()? {
            0 => Ok(Self { offset_bytes, is_taken: false }),
            1 => Ok(Self { offset_bytes, is_taken: true }),
            found => Err(malformed(u32::from(found))),
        }
    }
}
