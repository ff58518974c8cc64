//! Errors: what made bytes unreadable, and where.

use core::fmt;

use wasm_syntax::Feature;

/// The result of reading.
pub type Result<T, E = ReadError> = core::result::Result<T, E>;

/// Why bytes are not a WebAssembly module, and at which offset of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong.
    pub kind: ReadErrorKind,
    /// Where, in bytes from the module's start.
    pub offset: u64,
}

const _: () = assert!(size_of::<ReadError>() <= 24);

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The module, section or body ends `missing` bytes too early.
    UnexpectedEnd {
        /// How many more bytes are needed at least.
        missing: u64,
    },
    /// The first four bytes are not `\0asm`.
    Magic {
        /// What they are.
        found: [u8; 4],
    },
    /// The version is not 1.
    Version {
        /// What it is.
        found: u32,
    },
    /// The bytes are a component, not a module.
    Component,
    /// A LEB128 integer has more bytes than its type allows.
    IntegerTooLong {
        /// The type's width.
        bits: u8,
    },
    /// A LEB128 integer does not fit its type.
    IntegerTooLarge {
        /// The type's width.
        bits: u8,
    },
    /// A name is not UTF-8.
    Utf8,
    /// No instruction has this opcode.
    IllegalOpcode {
        /// The opcode, a prefix byte in bits 32 and up.
        opcode: u64,
    },
    /// The encoding belongs to a feature that is off.
    FeatureOff(Feature),
    /// A byte or integer has none of the values that mean something there.
    Malformed {
        /// What it stands for.
        what: Form,
        /// What was found.
        found: u32,
    },
    /// A type index is above [`MAX_TYPE_IDX`](wasm_syntax::MAX_TYPE_IDX), an implementation limit.
    TypeIdxTooLarge {
        /// The index.
        found: u32,
    },
    /// No section has this id.
    SectionId {
        /// The id.
        found: u8,
    },
    /// A section comes after one that it must precede, or comes twice.
    SectionOrder {
        /// The section's id.
        id: u8,
    },
    /// A section or body goes on after its contents.
    SizeMismatch {
        /// How many bytes are left over.
        left: u64,
    },
    /// A body or constant expression ends before its `end`.
    EndExpected,
    /// An `else` outside an `if`.
    ElseOutsideIf,
    /// A function has 2^32 locals or more.
    TooManyLocals,
    /// As many types as bodies were declared, and another number came.
    CodeCount {
        /// The function section's count.
        expected: u32,
        /// The code section's count.
        found: u32,
    },
    /// The data count section and the data section disagree.
    DataCount {
        /// The data count section's count.
        expected: u32,
        /// The data section's count.
        found: u32,
    },
    /// An instruction names a data segment in a module without a data count section.
    DataCountRequired,
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident $what:literal $expected:literal;)*) => {
        /// What a malformed byte or integer stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Form {
            $($(#[$doc])* $name,)*
        }

        impl Form {
            const fn texts(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($what, $expected),)*
                }
            }
        }
    };
}

forms! {
    /// A value type.
    ValType "malformed value type" "a number, vector or reference type";
    /// A reference type.
    RefType "malformed reference type" "a reference type";
    /// A heap type.
    HeapType "malformed heap type" "a type index or an abstract heap type";
    /// A block type.
    BlockType "malformed block type" "0x40, a value type or a type index";
    /// A structure, array, function or continuation.
    CompositeType "malformed definition type" "0x5d, 0x5e, 0x5f or 0x60";
    /// A global's or field's mutability.
    Mutability "malformed mutability" "0 or 1";
    /// The flags of limits.
    LimitsFlags "malformed limits flags" "known bits only";
    /// The logarithm of a page size.
    PageSize "invalid custom page size" "a power of two below 2^64";
    /// The kind of an import.
    ImportKind "malformed import kind" "a kind from 0 to 4";
    /// The kind of an export.
    ExportKind "malformed export kind" "a kind from 0 to 4";
    /// A tag's attribute.
    TagAttribute "malformed tag attribute" "0";
    /// The byte after a table's 0x40.
    TablePrefix "malformed table" "0";
    /// The kind of an element segment.
    ElemKind "malformed element kind" "0";
    /// The flags of an element segment.
    ElemFlags "malformed elements segment kind" "a kind from 0 to 7";
    /// The flags of a data segment.
    DataFlags "malformed data segment kind" "a kind from 0 to 2";
    /// The flags in an alignment.
    MemArgFlags "malformed memop flags" "an alignment's logarithm below 64";
    /// The flags of a cast branch.
    CastFlags "malformed br_on_cast flags" "flags from 0 to 3";
    /// A clause of a `try_table`.
    Catch "malformed catch clause" "a kind from 0 to 3";
    /// A clause of a `resume`.
    Handler "malformed handler clause" "0 or 1";
    /// A reserved byte.
    ZeroByte "zero byte expected" "0";
    /// The format's version in a custom section.
    CustomVersion "unknown version of a custom section" "2";
    /// A kind in a custom section.
    CustomKind "unknown kind in a custom section" "a known kind";
    /// A branch hint.
    BranchHint "malformed branch hint" "0 or 1";
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnexpectedEnd { missing } => {
                let s = if missing == 1 { "" } else { "s" };
                write!(f, "unexpected end of input: expected {missing} more byte{s}")
            }
            Self::Magic { found } => {
                write!(f, "magic header not detected: expected `\\0asm`, found `{}`", found.escape_ascii())
            }
            Self::Version { found } => write!(f, "unknown binary version: expected 1, found {found:#x}"),
            Self::Component => f.write_str("unsupported binary: expected a module, found a component"),
            Self::IntegerTooLong { bits } => {
                write!(f, "integer representation too long: expected at most {} bytes", bits.div_ceil(7))
            }
            Self::IntegerTooLarge { bits } => write!(f, "integer too large: expected {bits} bits"),
            Self::Utf8 => f.write_str("malformed UTF-8 encoding"),
            Self::IllegalOpcode { opcode } if opcode >> 32 != 0 => {
                write!(f, "illegal opcode {:#04x} {:#x}", opcode >> 32, opcode & 0xFFFF_FFFF)
            }
            Self::IllegalOpcode { opcode } => write!(f, "illegal opcode {opcode:#04x}"),
            Self::FeatureOff(feature) => write!(f, "feature `{feature}` is off and this encoding needs it"),
            Self::Malformed { what, found } => {
                let (what, expected) = what.texts();
                write!(f, "{what}: expected {expected}, found {found:#x}")
            }
            Self::TypeIdxTooLarge { found } => {
                write!(f, "type index too large: expected at most {}, found {found}", wasm_syntax::MAX_TYPE_IDX)
            }
            Self::SectionId { found } => write!(f, "malformed section id: expected 0 to 13, found {found}"),
            Self::SectionOrder { id } => write!(f, "unexpected content: section {id} is out of order or comes twice"),
            Self::SizeMismatch { left } => {
                let s = if left == 1 { "" } else { "s" };
                write!(f, "section size mismatch: expected the end, found {left} more byte{s}")
            }
            Self::EndExpected => f.write_str("END opcode expected, found the end of the expression's bytes"),
            Self::ElseOutsideIf => f.write_str("`else` outside an `if`"),
            Self::TooManyLocals => f.write_str("too many locals: expected fewer than 2^32"),
            Self::CodeCount { expected, found } => write!(
                f,
                "function and code section have inconsistent lengths: expected {expected} bodies, found {found}"
            ),
            Self::DataCount { expected, found } => write!(
                f,
                "data count and data section have inconsistent lengths: expected {expected} segments, found {found}"
            ),
            Self::DataCountRequired => f.write_str("data count section required by an instruction with a data index"),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.kind, self.offset)
    }
}

impl core::error::Error for ReadError {}
