//! The `linking` section of object files (tool conventions, static linking).

use wasm_syntax::{DataIdx, FuncIdx, GlobalIdx, TableIdx, TagIdx};

use crate::custom::{Subsection, Subsections};
use crate::{Cursor, Decode, Form, ReadErrorKind, Result, SectionReader};

const VERSION: u32 = 2;

/// The `linking` section, of version 2.
#[derive(Clone, Copy, Debug)]
pub struct LinkingSection<'a> {
    /// Its parts.
    pub subsections: Subsections<'a, LinkingSubsection<'a>>,
}

/// A part of the `linking` section.
#[derive(Clone, Copy, Debug)]
pub enum LinkingSubsection<'a> {
    /// Names and alignment of data segments, one a segment.
    SegmentInfo(SectionReader<'a, SegmentInfo<'a>>),
    /// Functions to call at the start.
    InitFuncs(SectionReader<'a, InitFunc>),
    /// Groups of which a linker keeps one of several with the same name.
    Comdats(SectionReader<'a, Comdat<'a>>),
    /// Symbols, to which relocations refer.
    Symbols(SectionReader<'a, Symbol<'a>>),
    /// A part with another id.
    Unknown {
        /// The id.
        id: u8,
        /// Its contents.
        contents: Cursor<'a>,
    },
}

/// What a linker knows of a data segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Base-2 logarithm of its alignment in bytes.
    pub align_log2: u32,
    /// Bit 0: strings that may be merged; bit 1: thread-local.
    pub flags: u32,
}

/// A function to call at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitFunc {
    /// Lower ones are called first.
    pub priority: u32,
    /// The function's position among the symbols.
    pub symbol: u32,
}

/// A group of which a linker keeps one of several with the same name.
#[derive(Clone, Copy, Debug)]
pub struct Comdat<'a> {
    /// Its name.
    pub name: &'a str,
    /// Reserved.
    pub flags: u32,
    /// Its members.
    pub members: SectionReader<'a, ComdatSymbol>,
}

/// A member of a [`Comdat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComdatSymbol {
    /// 0 for a data segment, 1 function, 2 global, 3 tag, 4 table, 5 section.
    pub kind: u8,
    /// Its position among those of its kind.
    pub index: u32,
}

/// A symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Bits of binding, visibility and others.
    pub flags: u32,
    /// Its own name; without one, it has its import's.
    pub name: Option<&'a str>,
    /// What it stands for.
    pub kind: SymbolKind,
}

impl Symbol<'_> {
    /// In [`Symbol::flags`]: other definitions of the name take precedence.
    pub const BINDING_WEAK: u32 = 0x01;
    /// In [`Symbol::flags`]: other object files do not see it.
    pub const BINDING_LOCAL: u32 = 0x02;
    /// In [`Symbol::flags`]: what is linked does not export it.
    pub const VISIBILITY_HIDDEN: u32 = 0x04;
    /// In [`Symbol::flags`]: it is not defined here.
    pub const UNDEFINED: u32 = 0x10;
    /// In [`Symbol::flags`]: what is linked exports it.
    pub const EXPORTED: u32 = 0x20;
    /// In [`Symbol::flags`]: it is not defined here and has a name of its own all the same.
    pub const EXPLICIT_NAME: u32 = 0x40;
    /// In [`Symbol::flags`]: it is kept even if nothing refers to it.
    pub const NO_STRIP: u32 = 0x80;
    /// In [`Symbol::flags`]: it is thread-local.
    pub const TLS: u32 = 0x100;
    /// In [`Symbol::flags`]: it is an address that is not relative to a segment.
    pub const ABSOLUTE: u32 = 0x200;

    /// Whether it is defined in another object file.
    #[must_use]
    pub const fn is_undefined(&self) -> bool {
        self.flags & Self::UNDEFINED != 0
    }
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A function.
    Func(FuncIdx),
    /// Data of another object file.
    DataUndefined,
    /// Data in a segment.
    Data {
        /// The segment.
        segment: DataIdx,
        /// Its place there.
        offset_bytes: u64,
        /// Its size.
        size_bytes: u64,
    },
    /// A global.
    Global(GlobalIdx),
    /// A section, by its position among all of the module.
    Section(u32),
    /// A tag.
    Tag(TagIdx),
    /// A table.
    Table(TableIdx),
}

impl<'a> Decode<'a> for LinkingSection<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.u32()? {
            VERSION => Ok(Self { subsections: Subsections::new(*cursor) }),
            found => Err(start.error(ReadErrorKind::Malformed { what: Form::CustomVersion, found })),
        }
    }
}

impl<'a> Subsection<'a> for LinkingSubsection<'a> {
    fn decode(id: u8, contents: Cursor<'a>) -> Result<Self> {
        let mut cursor = contents;
        Ok(match id {
            5 => Self::SegmentInfo(cursor.read()?),
            6 => Self::InitFuncs(cursor.read()?),
            7 => Self::Comdats(cursor.read()?),
            8 => Self::Symbols(cursor.read()?),
            id => Self::Unknown { id, contents },
        })
    }
}

impl<'a> Decode<'a> for SegmentInfo<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, align_log2: cursor.u32()?, flags: cursor.u32()? })
    }
}

impl<'a> Decode<'a> for InitFunc {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { priority: cursor.u32()?, symbol: cursor.u32()? })
    }
}

impl<'a> Decode<'a> for Comdat<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, flags: cursor.u32()?, members: SectionReader::inner(cursor)? })
    }
}

impl<'a> Decode<'a> for ComdatSymbol {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { kind: cursor.byte()?, index: cursor.u32()? })
    }
}

impl<'a> Decode<'a> for Symbol<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        let kind = cursor.byte()?;
        let flags = cursor.u32()?;
        let is_undefined = flags & Self::UNDEFINED != 0;
        let (name, kind) = match kind {
            1 => (Some(cursor.name()?), if is_undefined { SymbolKind::DataUndefined } else { data_symbol(cursor)? }),
            3 => (None, SymbolKind::Section(cursor.u32()?)),
            0 | 2 | 4 | 5 => {
                let index = cursor.u32()?;
                let has_name = !is_undefined || flags & Self::EXPLICIT_NAME != 0;
                let name = if has_name { Some(cursor.name()?) } else { None };
                let kind = match kind {
                    0 => SymbolKind::Func(FuncIdx(index)),
                    2 => SymbolKind::Global(GlobalIdx(index)),
                    4 => SymbolKind::Tag(TagIdx(index)),
                    _ => SymbolKind::Table(TableIdx(index)),
                };
                (name, kind)
            }
            _ => {
                let found = u32::from(kind);
                return Err(start.error(ReadErrorKind::Malformed { what: Form::CustomKind, found }));
            }
        };
        Ok(Self { flags, name, kind })
    }
}

fn data_symbol(cursor: &mut Cursor<'_>) -> Result<SymbolKind> {
    Ok(SymbolKind::Data { segment: DataIdx(cursor.u32()?), offset_bytes: cursor.u64()?, size_bytes: cursor.u64()? })
}
