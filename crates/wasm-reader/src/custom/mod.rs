//! Custom sections: a name, and bytes that are nothing to the module's meaning. Spec: `binary-customsec`.

mod dylink;
mod hints;
mod linking;
mod names;
mod reloc;
mod toolchain;

use core::marker::PhantomData;

use crate::{Cursor, Decode, Result};

pub use dylink::{DylinkExport, DylinkImport, DylinkSubsection, MemInfo};
pub use hints::{BranchHint, FuncBranchHints};
pub use linking::{Comdat, ComdatSymbol, InitFunc, LinkingSection, LinkingSubsection, SegmentInfo, Symbol, SymbolKind};
pub use names::{IndirectNaming, NameMap, NameSubsection, Naming};
pub use reloc::{Reloc, RelocKind, RelocSection};
pub use toolchain::{Producer, ProducerField, TargetFeature, TargetFeaturePrefix};

use crate::SectionReader;

/// A custom section.
#[derive(Clone, Copy, Debug)]
pub struct Custom<'a> {
    name: &'a str,
    contents: Cursor<'a>,
}

impl<'a> Custom<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// What follows the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.contents.rest()
    }

    /// A cursor over what follows the name.
    #[must_use]
    pub const fn contents(&self) -> Cursor<'a> {
        self.contents
    }

    /// The offset in the module of what follows the name.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.contents.offset()
    }
}

/// A custom section whose meaning is known.
///
/// What is malformed in one is an error of the section's own: the module is no worse for it.
#[derive(Clone, Copy, Debug)]
pub enum KnownCustom<'a> {
    /// `name`: names for people to read. Spec: `binary-namesec`.
    Name(Subsections<'a, NameSubsection<'a>>),
    /// `producers`: what made the module.
    Producers(SectionReader<'a, ProducerField<'a>>),
    /// `target_features`: what the compiler was allowed to use.
    TargetFeatures(SectionReader<'a, TargetFeature<'a>>),
    /// `dylink.0`: what a dynamic linker needs.
    Dylink(Subsections<'a, DylinkSubsection<'a>>),
    /// `linking`: what a static linker needs.
    Linking(LinkingSection<'a>),
    /// `reloc.…`: places that a static linker changes.
    Reloc(RelocSection<'a>),
    /// `metadata.code.branch_hint`: which way branches are likely to go.
    BranchHints(SectionReader<'a, FuncBranchHints<'a>>),
}

impl<'a> Custom<'a> {
    /// The section's contents, if its name is a known one.
    ///
    /// # Errors
    ///
    /// If the contents start malformed; the readers that this gives check the rest.
    pub fn known(&self) -> Result<Option<KnownCustom<'a>>> {
        let mut contents = self.contents;
        Ok(Some(match self.name {
            "name" => KnownCustom::Name(Subsections::new(contents)),
            "producers" => KnownCustom::Producers(contents.read()?),
            "target_features" => KnownCustom::TargetFeatures(contents.read()?),
            "dylink.0" => KnownCustom::Dylink(Subsections::new(contents)),
            "linking" => KnownCustom::Linking(contents.read()?),
            "metadata.code.branch_hint" => KnownCustom::BranchHints(contents.read()?),
            name if name.starts_with("reloc.") => KnownCustom::Reloc(contents.read()?),
            _ => return Ok(None),
        }))
    }
}

/// What a subsection of a custom section is read as.
pub trait Subsection<'a>: Sized {
    /// The subsection with this id, whose contents are the whole of `contents`.
    ///
    /// # Errors
    ///
    /// If the contents start malformed.
    fn decode(id: u8, contents: Cursor<'a>) -> Result<Self>;
}

/// The subsections of a custom section, each an id, a length and that many bytes.
///
/// As an iterator it gives each subsection, and nothing after one that is cut off. A subsection that is malformed within
/// its bytes does not keep the next from being read.
#[derive(Debug)]
pub struct Subsections<'a, T> {
    cursor: Cursor<'a>,
    subsection: PhantomData<T>,
}

impl<T> Clone for Subsections<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Subsections<'_, T> {}

impl<'a, T: Subsection<'a>> Subsections<'a, T> {
    pub(crate) const fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, subsection: PhantomData }
    }

    /// The offset in the module of the next subsection.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    fn frame(&mut self) -> Result<(u8, Cursor<'a>)> {
        let id = self.cursor.byte()?;
        let len_bytes = self.cursor.u32()?;
        Ok((id, self.cursor.sub(len_bytes)?))
    }
}

impl<'a, T: Subsection<'a>> Iterator for Subsections<'a, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_empty() {
            return None;
        }
        Some(match self.frame() {
            Ok((id, contents)) => T::decode(id, contents),
            Err(error) => {
                self.cursor = self.cursor.at_end();
                Err(error)
            }
        })
    }
}

impl<'a, T: Subsection<'a>> core::iter::FusedIterator for Subsections<'a, T> {}

impl<'a> Decode<'a> for Custom<'a> {
    /// Takes the name and everything after it.
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, contents: *cursor })
    }
}
