//! The `dylink.0` section of dynamic libraries (tool conventions, dynamic linking).

use crate::custom::Subsection;
use crate::{Cursor, Decode, Result, SectionReader};

/// A part of the `dylink.0` section.
#[derive(Clone, Copy, Debug)]
pub enum DylinkSubsection<'a> {
    /// What the library needs of the shared memory and table.
    MemInfo(MemInfo),
    /// Names of the libraries that this one needs.
    Needed(SectionReader<'a, &'a str>),
    /// Symbol flags of exports.
    ExportInfo(SectionReader<'a, DylinkExport<'a>>),
    /// Symbol flags of imports.
    ImportInfo(SectionReader<'a, DylinkImport<'a>>),
    /// Directories in which to look for needed libraries.
    RuntimePath(SectionReader<'a, &'a str>),
    /// A part with another id.
    Unknown {
        /// The id.
        id: u8,
        /// Its contents.
        contents: Cursor<'a>,
    },
}

/// What a library needs of the shared memory and table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemInfo {
    /// Bytes of memory.
    pub memory_size_bytes: u32,
    /// Base-2 logarithm of the memory's alignment in bytes.
    pub memory_align_log2: u32,
    /// Elements of the table.
    pub table_size: u32,
    /// Base-2 logarithm of the table's alignment in elements.
    pub table_align_log2: u32,
}

/// An export's symbol flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DylinkExport<'a> {
    /// The export's name.
    pub name: &'a str,
    /// Flags as in the `linking` section.
    pub flags: u32,
}

/// An import's symbol flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DylinkImport<'a> {
    /// The import's module.
    pub module: &'a str,
    /// The import's name.
    pub name: &'a str,
    /// Flags as in the `linking` section.
    pub flags: u32,
}

impl<'a> Subsection<'a> for DylinkSubsection<'a> {
    fn decode(id: u8, contents: Cursor<'a>) -> Result<Self> {
        let mut cursor = contents;
        Ok(match id {
            1 => {
                let info = cursor.read()?;
                cursor.finish()?;
                Self::MemInfo(info)
            }
            2 => Self::Needed(cursor.read()?),
            3 => Self::ExportInfo(cursor.read()?),
            4 => Self::ImportInfo(cursor.read()?),
            5 => Self::RuntimePath(cursor.read()?),
            id => Self::Unknown { id, contents },
        })
    }
}

impl<'a> Decode<'a> for MemInfo {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self {
            memory_size_bytes: cursor.u32()?,
            memory_align_log2: cursor.u32()?,
            table_size: cursor.u32()?,
            table_align_log2: cursor.u32()?,
        })
    }
}

impl<'a> Decode<'a> for DylinkExport<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, flags: cursor.u32()? })
    }
}

impl<'a> Decode<'a> for DylinkImport<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { module: cursor.name()?, name: cursor.name()?, flags: cursor.u32()? })
    }
}
