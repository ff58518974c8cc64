//! Sections, and the readers of what they list. Spec: `binary-section`.

use core::marker::PhantomData;

use wasm_syntax::{ExternType, Feature, FuncIdx, MemType, TypeIdx};

use crate::types::{require_tags, tag_type};
use crate::{Body, Cursor, Custom, Data, Decode, Elem, Export, Global, Import, ReadErrorKind, RecGroup, Result, Table};

/// A section of a module.
#[derive(Clone, Copy, Debug)]
pub enum Section<'a> {
    /// Type definitions.
    Type(SectionReader<'a, RecGroup<'a>>),
    /// Imports.
    Import(ImportReader<'a>),
    /// The types of the functions that the module defines.
    Function(SectionReader<'a, TypeIdx>),
    /// Tables.
    Table(SectionReader<'a, Table<'a>>),
    /// Memories.
    Memory(SectionReader<'a, MemType>),
    /// Tags.
    Tag(SectionReader<'a, TagType>),
    /// Globals.
    Global(SectionReader<'a, Global<'a>>),
    /// Exports.
    Export(SectionReader<'a, Export<'a>>),
    /// The function that instantiation calls.
    Start(FuncIdx),
    /// Element segments.
    Element(SectionReader<'a, Elem<'a>>),
    /// How many data segments there are.
    DataCount(u32),
    /// Bodies of the functions that the module defines.
    Code(SectionReader<'a, Body<'a>>),
    /// Data segments.
    Data(SectionReader<'a, Data<'a>>),
    /// What the specification gives no meaning.
    Custom(Custom<'a>),
}

/// A tag's type: the index of a function type. It differs from [`TypeIdx`] in its encoding only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagType(pub TypeIdx);

macro_rules! section_ids {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {
        /// The ids of sections. Spec: `binary-sectionid`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum SectionId {
            $($(#[$doc])* $name = $id,)*
        }

        impl SectionId {
            /// The section with this id.
            #[must_use]
            pub const fn from_byte(id: u8) -> Option<Self> {
                match id {
                    $($id => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

section_ids! {
    /// Custom sections.
    Custom = 0;
    /// Type definitions.
    Type = 1;
    /// Imports.
    Import = 2;
    /// Types of functions.
    Function = 3;
    /// Tables.
    Table = 4;
    /// Memories.
    Memory = 5;
    /// Globals.
    Global = 6;
    /// Exports.
    Export = 7;
    /// The start function.
    Start = 8;
    /// Element segments.
    Element = 9;
    /// Bodies of functions.
    Code = 10;
    /// Data segments.
    Data = 11;
    /// The number of data segments.
    DataCount = 12;
    /// Tags.
    Tag = 13;
}

impl SectionId {
    /// The section's place among the others, custom ones aside.
    const fn rank(self) -> u8 {
        match self {
            Self::Custom => 0,
            Self::Type => 1,
            Self::Import => 2,
            Self::Function => 3,
            Self::Table => 4,
            Self::Memory => 5,
            Self::Tag => 6,
            Self::Global => 7,
            Self::Export => 8,
            Self::Start => 9,
            Self::Element => 10,
            Self::DataCount => 11,
            Self::Code => 12,
            Self::Data => 13,
        }
    }
}

impl<'a> Section<'a> {
    /// The section with this id, whose contents are the whole of `contents`.
    ///
    /// Start and data count sections are read at once, of the others the count.
    pub(crate) fn new(id: SectionId, mut contents: Cursor<'a>) -> Result<Self> {
        let cursor = &mut contents;
        Ok(match id {
            SectionId::Custom => Self::Custom(cursor.read()?),
            SectionId::Type => Self::Type(cursor.read()?),
            SectionId::Import => Self::Import(ImportReader::new(cursor)?),
            SectionId::Function => Self::Function(cursor.read()?),
            SectionId::Table => Self::Table(cursor.read()?),
            SectionId::Memory => Self::Memory(cursor.read()?),
            SectionId::Tag => {
                require_tags(cursor)?;
                Self::Tag(cursor.read()?)
            }
            SectionId::Global => Self::Global(cursor.read()?),
            SectionId::Export => Self::Export(cursor.read()?),
            SectionId::Start => {
                let func = FuncIdx(cursor.u32()?);
                cursor.finish()?;
                Self::Start(func)
            }
            SectionId::Element => Self::Element(cursor.read()?),
            SectionId::DataCount => {
                cursor.require(Feature::BulkMemory)?;
                let count = cursor.u32()?;
                cursor.finish()?;
                Self::DataCount(count)
            }
            SectionId::Code => Self::Code(cursor.read()?),
            SectionId::Data => Self::Data(cursor.read()?),
        })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SectionId {
        match self {
            Self::Type(_) => SectionId::Type,
            Self::Import(_) => SectionId::Import,
            Self::Function(_) => SectionId::Function,
            Self::Table(_) => SectionId::Table,
            Self::Memory(_) => SectionId::Memory,
            Self::Tag(_) => SectionId::Tag,
            Self::Global(_) => SectionId::Global,
            Self::Export(_) => SectionId::Export,
            Self::Start(_) => SectionId::Start,
            Self::Element(_) => SectionId::Element,
            Self::DataCount(_) => SectionId::DataCount,
            Self::Code(_) => SectionId::Code,
            Self::Data(_) => SectionId::Data,
            Self::Custom(_) => SectionId::Custom,
        }
    }
}

/// The items of a section, or another counted list that fills its bytes.
///
/// As an iterator it gives each item, then an error if bytes are left over, and nothing after an error.
#[derive(Debug)]
pub struct SectionReader<'a, T> {
    cursor: Cursor<'a>,
    count: u32,
    left: u32,
    finished: bool,
    items: PhantomData<T>,
}

impl<T> Clone for SectionReader<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SectionReader<'_, T> {}

impl<'a, T: Decode<'a>> SectionReader<'a, T> {
    /// The `count` items that make up `cursor`'s bytes.
    pub(crate) const fn new(cursor: Cursor<'a>, count: u32) -> Self {
        Self { cursor, count, left: count, finished: false, items: PhantomData }
    }

    /// Takes a count and that many items, checked, from a cursor that goes on after them.
    pub(crate) fn inner(cursor: &mut Cursor<'a>) -> Result<Self> {
        let count = cursor.u32()?;
        let start = *cursor;
        for _ in 0..count {
            T::decode(cursor)?;
        }
        Ok(Self::new(cursor.since(&start), count))
    }

    /// How many items the section says it has. Nothing may be allocated on its word alone: see [`Self::capacity`].
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether the section says it has no items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// An upper bound on the items left that the bytes left warrant, each taking one at least.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.cursor.rest().len().min(self.left as usize)
    }

    /// The offset in the module of the next item.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// Takes the next item, if there is one.
    ///
    /// # Errors
    ///
    /// If it is malformed, or bytes are left after the last.
    #[inline]
    pub fn read(&mut self) -> Result<Option<T>> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                T::decode(&mut self.cursor).map(Some)
            }
            None => self.cursor.finish().map(|()| None),
        }
    }

    /// The items, each with its offset in the module.
    pub fn with_offsets(mut self) -> impl Iterator<Item = Result<(u64, T)>> + use<'a, T> {
        core::iter::from_fn(move || {
            let offset = self.offset();
            self.next().map(|item| item.map(|item| (offset, item)))
        })
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for SectionReader<'a, T> {
    /// Takes the count and everything after it.
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let count = cursor.u32()?;
        Ok(Self::new(*cursor, count))
    }
}

impl<'a, T: Decode<'a>> Iterator for SectionReader<'a, T> {
    type Item = Result<T>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

impl<'a, T: Decode<'a>> core::iter::FusedIterator for SectionReader<'a, T> {}

impl<'a> Decode<'a> for TagType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        tag_type(cursor).map(Self)
    }
}

/// The imports of a module, grouped ones (compact imports proposal) given one by one.
///
/// As an iterator it gives each import, then an error if bytes are left over, and nothing after an error.
#[derive(Clone, Copy, Debug)]
pub struct ImportReader<'a> {
    cursor: Cursor<'a>,
    /// How many entries the section has, a group counting once.
    entries: u32,
    entries_left: u32,
    group: Group<'a>,
    group_left: u32,
    finished: bool,
}

/// What the imports of a group share.
#[derive(Clone, Copy, Debug)]
struct Group<'a> {
    module: &'a str,
    ty: Option<ExternType>,
}

/// The byte, in place of a kind, before a group that shares its module.
const GROUP_BY_MODULE: u8 = 0x7F;
/// The byte, in place of a kind, before a group that shares its module and its type.
const GROUP_BY_TYPE: u8 = 0x7E;

impl<'a> ImportReader<'a> {
    fn new(cursor: &mut Cursor<'a>) -> Result<Self> {
        let entries = cursor.u32()?;
        let group = Group { module: "", ty: None };
        Ok(Self { cursor: *cursor, entries, entries_left: entries, group, group_left: 0, finished: false })
    }

    /// How many entries the section says it has, a group counting once.
    #[must_use]
    pub const fn entries(&self) -> u32 {
        self.entries
    }

    /// The offset in the module of the next import.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// Takes the next import, if there is one.
    ///
    /// # Errors
    ///
    /// If it is malformed, or bytes are left after the last.
    pub fn read(&mut self) -> Result<Option<Import<'a>>> {
        loop {
            if let Some(left) = self.group_left.checked_sub(1) {
                self.group_left = left;
                return self.grouped_import().map(Some);
            }
            let Some(left) = self.entries_left.checked_sub(1) else {
                return self.cursor.finish().map(|()| None);
            };
            self.entries_left = left;
            if let Some(import) = self.entry()? {
                return Ok(Some(import));
            }
        }
    }

    /// Takes an import of its own, or the head of a group.
    fn entry(&mut self) -> Result<Option<Import<'a>>> {
        let module = self.cursor.name()?;
        let name = self.cursor.name()?;
        let is_group = name.is_empty() && matches!(self.cursor.rest(), [GROUP_BY_MODULE | GROUP_BY_TYPE, ..]);
        if !is_group {
            return Ok(Some(Import { module, name, ty: self.cursor.read()? }));
        }
        self.cursor.require(Feature::CompactImports)?;
        let ty = match self.cursor.byte()? {
            GROUP_BY_TYPE => Some(self.cursor.read()?),
            _ => None,
        };
        self.group = Group { module, ty };
        self.group_left = self.cursor.u32()?;
        Ok(None)
    }

    fn grouped_import(&mut self) -> Result<Import<'a>> {
        let Group { module, ty } = self.group;
        let name = self.cursor.name()?;
        let ty = match ty {
            Some(ty) => ty,
            None => self.cursor.read()?,
        };
        Ok(Import { module, name, ty })
    }

    /// The imports, each with its offset in the module.
    pub fn with_offsets(mut self) -> impl Iterator<Item = Result<(u64, Import<'a>)>> + use<'a> {
        core::iter::from_fn(move || {
            let offset = self.offset();
            self.next().map(|item| item.map(|item| (offset, item)))
        })
    }
}

impl<'a> Iterator for ImportReader<'a> {
    type Item = Result<Import<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

impl core::iter::FusedIterator for ImportReader<'_> {}

/// What holds between a module's sections: their order, and counts that agree. Spec: `binary-module`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    rank: u8,
    functions: u32,
    data_count: Option<u32>,
    saw_code: bool,
    saw_data: bool,
}

impl Layout {
    /// Accounts for a section at `header`: takes its id and the number of bytes that follow.
    pub(crate) fn enter(&mut self, cursor: &mut Cursor<'_>) -> Result<(SectionId, u32)> {
        let header = *cursor;
        let byte = cursor.byte()?;
        let Some(id) = SectionId::from_byte(byte) else {
            return Err(header.error(ReadErrorKind::SectionId { found: byte }));
        };
        let len_bytes = cursor.u32()?;
        if id != SectionId::Custom {
            if id.rank() <= self.rank {
                return Err(header.error(ReadErrorKind::SectionOrder { id: byte }));
            }
            self.rank = id.rank();
        }
        Ok((id, len_bytes))
    }

    /// Whether instructions may name data segments.
    pub(crate) const fn has_data_count(&self) -> bool {
        self.data_count.is_some()
    }

    /// Checks `section` against what came before.
    pub(crate) fn check(&mut self, section: &Section<'_>, header: &Cursor<'_>) -> Result<()> {
        match section {
            Section::Function(functions) => self.functions = functions.len(),
            Section::DataCount(count) => self.data_count = Some(*count),
            Section::Code(bodies) => self.check_code_count(bodies.len(), header)?,
            Section::Data(segments) => {
                self.saw_data = true;
                self.check_data_count(segments.len(), header)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks that no section is missing at the module's end.
    pub(crate) fn check_end(&mut self, end: &Cursor<'_>) -> Result<()> {
        if !self.saw_code {
            self.check_code_count(0, end)?;
        }
        if !self.saw_data {
            self.check_data_count(0, end)?;
        }
        Ok(())
    }

    /// Checks that there are as many bodies as functions.
    pub(crate) fn check_code_count(&mut self, found: u32, at: &Cursor<'_>) -> Result<()> {
        self.saw_code = true;
        let expected = self.functions;
        if expected == found { Ok(()) } else { Err(at.error(ReadErrorKind::CodeCount { expected, found })) }
    }

    fn check_data_count(&self, found: u32, at: &Cursor<'_>) -> Result<()> {
        match self.data_count {
            Some(expected) if expected != found => Err(at.error(ReadErrorKind::DataCount { expected, found })),
            _ => Ok(()),
        }
    }
}

/// The sections of a module.
///
/// As an iterator it gives each section, then an error if one is missing, and nothing after an error.
#[derive(Clone, Debug)]
pub struct Sections<'a> {
    cursor: Cursor<'a>,
    layout: Layout,
    finished: bool,
}

const MAGIC: [u8; 4] = *b"\0asm";
const VERSION: u32 = 1;
const COMPONENT_LAYER: u32 = 1;

/// Takes magic number and version. Spec: `binary-magic`.
pub(crate) fn header(cursor: &mut Cursor<'_>) -> Result<()> {
    let start = *cursor;
    let seen = cursor.rest().len().min(MAGIC.len());
    if !cursor.rest().starts_with(&MAGIC[..seen]) {
        let mut found = [0; 4];
        found[..seen].copy_from_slice(&cursor.rest()[..seen]);
        return Err(start.error(ReadErrorKind::Magic { found }));
    }
    cursor.array::<4>()?;
    let at = *cursor;
    match u32::from_le_bytes(cursor.array()?) {
        VERSION => Ok(()),
        found if found >> 16 == COMPONENT_LAYER => Err(at.error(ReadErrorKind::Component)),
        found => Err(at.error(ReadErrorKind::Version { found })),
    }
}

impl<'a> Sections<'a> {
    /// The sections of the module whose bytes, header included, are `cursor`'s.
    pub(crate) fn new(mut cursor: Cursor<'a>) -> Result<Self> {
        header(&mut cursor)?;
        Ok(Self { cursor, layout: Layout::default(), finished: false })
    }

    /// The offset in the module of the next section.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// Takes the next section, if there is one.
    ///
    /// # Errors
    ///
    /// If it is out of order, cut off, disagrees with an earlier one, or is missing; of its contents only the count is
    /// read.
    pub fn read(&mut self) -> Result<Option<Section<'a>>> {
        let header = self.cursor;
        if header.is_empty() {
            return self.layout.check_end(&header).map(|()| None);
        }
        let (id, len_bytes) = self.layout.enter(&mut self.cursor)?;
        let contents = self.cursor.sub(len_bytes)?;
        // Only bodies need a data count section before they name data segments.
        let names_data = id != SectionId::Code || self.layout.has_data_count();
        let contents = contents.with_data_count(names_data);
        let section = Section::new(id, contents)?;
        self.layout.check(&section, &header)?;
        Ok(Some(section))
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let item = self.read().transpose();
        self.finished = !matches!(item, Some(Ok(_)));
        item
    }
}

impl core::iter::FusedIterator for Sections<'_> {}
