//! The `name` section. Spec: `binary-namesec`.

use crate::custom::Subsection;
use crate::{Cursor, Decode, Result, SectionReader};

/// A part of the `name` section.
#[derive(Clone, Copy, Debug)]
pub enum NameSubsection<'a> {
    /// The module's name.
    Module(&'a str),
    /// Names of functions.
    Functions(NameMap<'a>),
    /// Names of locals by function.
    Locals(SectionReader<'a, IndirectNaming<'a>>),
    /// Names of labels by function.
    Labels(SectionReader<'a, IndirectNaming<'a>>),
    /// Names of types.
    Types(NameMap<'a>),
    /// Names of tables.
    Tables(NameMap<'a>),
    /// Names of memories.
    Memories(NameMap<'a>),
    /// Names of globals.
    Globals(NameMap<'a>),
    /// Names of element segments.
    Elems(NameMap<'a>),
    /// Names of data segments.
    Datas(NameMap<'a>),
    /// Names of fields by type.
    Fields(SectionReader<'a, IndirectNaming<'a>>),
    /// Names of tags.
    Tags(NameMap<'a>),
    /// A part with another id.
    Unknown {
        /// The id.
        id: u8,
        /// Its contents.
        contents: Cursor<'a>,
    },
}

/// Names of the things of one index space.
pub type NameMap<'a> = SectionReader<'a, Naming<'a>>;

/// A thing's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming<'a> {
    /// The thing's position in its index space.
    pub index: u32,
    /// Its name.
    pub name: &'a str,
}

/// The names of things that belong to another.
#[derive(Clone, Copy, Debug)]
pub struct IndirectNaming<'a> {
    /// The position of the thing to which they belong, in its index space.
    pub index: u32,
    /// Their names.
    pub names: NameMap<'a>,
}

impl<'a> Subsection<'a> for NameSubsection<'a> {
    fn decode(id: u8, contents: Cursor<'a>) -> Result<Self> {
        let mut cursor = contents;
        Ok(match id {
            0 => {
                let name = cursor.name()?;
                cursor.finish()?;
                Self::Module(name)
            }
            1 => Self::Functions(cursor.read()?),
            2 => Self::Locals(cursor.read()?),
            3 => Self::Labels(cursor.read()?),
            4 => Self::Types(cursor.read()?),
            5 => Self::Tables(cursor.read()?),
            6 => Self::Memories(cursor.read()?),
            7 => Self::Globals(cursor.read()?),
            8 => Self::Elems(cursor.read()?),
            9 => Self::Datas(cursor.read()?),
            10 => Self::Fields(cursor.read()?),
            11 => Self::Tags(cursor.read()?),
            id => Self::Unknown { id, contents },
        })
    }
}

impl<'a> Decode<'a> for Naming<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { index: cursor.u32()?, name: cursor.name()? })
    }
}

impl<'a> Decode<'a> for IndirectNaming<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { index: cursor.u32()?, names: SectionReader::inner(cursor)? })
    }
}
