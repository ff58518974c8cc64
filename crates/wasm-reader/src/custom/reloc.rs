//! The `reloc.…` sections of object files (tool conventions, static linking).

use crate::{Cursor, Decode, Form, Result, SectionReader};

/// The relocations of one section.
#[derive(Clone, Copy, Debug)]
pub struct RelocSection<'a> {
    /// The position, among all sections of the module, of the one to change.
    pub section: u32,
    /// The places to change.
    pub relocs: SectionReader<'a, Reloc>,
}

/// A place that a linker changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reloc {
    /// What is written there, and how.
    pub kind: RelocKind,
    /// The place, in bytes from the start of the section's contents.
    pub offset_bytes: u32,
    /// The position among the symbols of the one meant; for [`RelocKind::TypeIndexLeb`], of the type in the module.
    pub index: u32,
    /// Added to the symbol's address; 0 for the kinds without.
    pub addend: i64,
}

/// Whether and how an addend follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addend {
    No,
    S32,
    S64,
}

macro_rules! reloc_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal $addend:ident;)*) => {
        /// What a linker writes into a place, and how.
        ///
        /// `Leb` and `Sleb` are LEB128 padded to full length, `I32` and `I64` plain little-endian integers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum RelocKind {
            $($(#[$doc])* $name = $code,)*
        }

        impl RelocKind {
            /// The kind with this code.
            #[must_use]
            pub const fn from_byte(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            const fn addend(self) -> Addend {
                match self {
                    $(Self::$name => Addend::$addend,)*
                }
            }
        }
    };
}

reloc_kinds! {
    /// A function's index.
    FunctionIndexLeb = 0 No;
    /// A function's index in the table.
    TableIndexSleb = 1 No;
    /// A function's index in the table.
    TableIndexI32 = 2 No;
    /// An address.
    MemoryAddrLeb = 3 S32;
    /// An address.
    MemoryAddrSleb = 4 S32;
    /// An address.
    MemoryAddrI32 = 5 S32;
    /// A type's index.
    TypeIndexLeb = 6 No;
    /// A global's index.
    GlobalIndexLeb = 7 No;
    /// A place in the code section, from the start of a function.
    FunctionOffsetI32 = 8 S32;
    /// A place in a section.
    SectionOffsetI32 = 9 S32;
    /// A tag's index.
    TagIndexLeb = 10 No;
    /// An address, from `__memory_base`.
    MemoryAddrRelSleb = 11 S32;
    /// A function's index in the table, from `__table_base`.
    TableIndexRelSleb = 12 No;
    /// A global's index.
    GlobalIndexI32 = 13 No;
    /// A 64-bit address.
    MemoryAddrLeb64 = 14 S64;
    /// A 64-bit address.
    MemoryAddrSleb64 = 15 S64;
    /// A 64-bit address.
    MemoryAddrI64 = 16 S64;
    /// A 64-bit address, from `__memory_base`.
    MemoryAddrRelSleb64 = 17 S64;
    /// A function's index in a 64-bit table.
    TableIndexSleb64 = 18 No;
    /// A function's index in a 64-bit table.
    TableIndexI64 = 19 No;
    /// A table's index.
    TableNumberLeb = 20 No;
    /// An address, from `__tls_base`.
    MemoryAddrTlsSleb = 21 S32;
    /// A place in the code section, from the start of a function, 64 bits wide.
    FunctionOffsetI64 = 22 S64;
    /// An address, from the place itself.
    MemoryAddrLocrelI32 = 23 S32;
    /// A function's index in a 64-bit table, from `__table_base`.
    TableIndexRelSleb64 = 24 No;
    /// A 64-bit address, from `__tls_base`.
    MemoryAddrTlsSleb64 = 25 S64;
    /// A function's index.
    FunctionIndexI32 = 26 No;
}

impl<'a> Decode<'a> for RelocSection<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { section: cursor.u32()?, relocs: cursor.read()? })
    }
}

impl<'a> Decode<'a> for Reloc {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let code = cursor.byte()?;
        let Some(kind) = RelocKind::from_byte(code) else {
            return Err(cursor.malformed(Form::CustomKind, u32::from(code)));
        };
        let offset_bytes = cursor.u32()?;
        let index = cursor.u32()?;
        let addend = match kind.addend() {
            Addend::No => 0,
            Addend::S32 => i64::from(cursor.s32()?),
            Addend::S64 => cursor.s64()?,
        };
        Ok(Self { kind, offset_bytes, index, addend })
    }
}
