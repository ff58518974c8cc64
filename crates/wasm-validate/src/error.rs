//! What can be wrong with a module, where, and how it is said.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use wasm_syntax::{ExternKind, Feature, LocalIdx, RefType, TypeIdx, ValType};

/// A rule that a module breaks: the rule, the byte offset, and the instruction if it is one's.
///
/// One word wide, since every step of validation may return it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ValidateError(Box<Report>);

#[derive(Debug)]
struct Report {
    offset: u64,
    instr: Option<&'static str>,
    kind: ErrorKind,
}

impl ValidateError {
    /// The error before its place is known.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Report { offset: 0, instr: None, kind }))
    }

    /// The same error at a byte offset of the module, and in an instruction if that is where it is.
    #[cold]
    #[inline(never)]
    pub(crate) fn at(mut self, offset: u64, instr: Option<&'static str>) -> Self {
        self.0.offset = offset;
        self.0.instr = instr;
        self
    }

    /// Where in the module, in bytes from its start, as the driver counted them.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The text format's keyword of the instruction that breaks the rule.
    #[must_use]
    pub fn instr(&self) -> Option<&'static str> {
        self.0.instr
    }

    /// Which rule, with what it expected and found.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }
}

impl From<ErrorKind> for ValidateError {
    #[cold]
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        if let Some(instr) = self.instr {
            write!(f, " in `{instr}`")?;
        }
        write!(f, "{} (at offset {:#x})", Detail(&self.kind), self.offset)
    }
}

/// What a rule wants on the operand stack, or what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A value of this type.
    Type(ValType),
    /// A reference of any type.
    Reference,
    /// A number or a vector.
    NumberOrVector,
    /// A value of any type.
    Any,
    /// No value.
    Nothing,
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(ty) if crate::types::is_bottom(*ty) => f.write_str("a reference of unknown type"),
            Self::Type(ty) => ty.fmt(f),
            Self::Reference => f.write_str("a reference"),
            Self::NumberOrVector => f.write_str("a number or vector"),
            Self::Any => f.write_str("a value"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// The kinds of composite types. Spec: `syntax-comptype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompositeKind {
    /// Functions.
    Func,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Continuations.
    Cont,
}

impl CompositeKind {
    fn text(self) -> &'static str {
        match self {
            Self::Func => "function",
            Self::Struct => "structure",
            Self::Array => "array",
            Self::Cont => "continuation",
        }
    }
}

/// What an index counts. Spec: `syntax-index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexSpace {
    /// Type definitions.
    Type,
    /// Functions.
    Func,
    /// Tables.
    Table,
    /// Memories.
    Memory,
    /// Globals.
    Global,
    /// Tags.
    Tag,
    /// Element segments.
    Elem,
    /// Data segments.
    Data,
    /// A function's locals.
    Local,
    /// Enclosing blocks.
    Label,
    /// A structure's fields.
    Field,
}

impl IndexSpace {
    fn text(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Func => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
            Self::Elem => "element segment",
            Self::Data => "data segment",
            Self::Local => "local",
            Self::Label => "label",
            Self::Field => "field",
        }
    }
}

impl From<ExternKind> for IndexSpace {
    fn from(kind: ExternKind) -> Self {
        match kind {
            ExternKind::Func => Self::Func,
            ExternKind::Table => Self::Table,
            ExternKind::Memory => Self::Memory,
            ExternKind::Global => Self::Global,
            ExternKind::Tag => Self::Tag,
        }
    }
}

/// The rules that a module can break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An operand, result or definition has another type than it must have.
    TypeMismatch {
        /// What the rule asks for.
        expected: Operand,
        /// What is there.
        found: Operand,
    },
    /// A list of types has another length than it must have.
    ArityMismatch {
        /// How many types the rule asks for.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A block ends with more values than its results.
    ValuesRemain(u64),
    /// An index past the end of its space.
    Unknown {
        /// What the index counts.
        space: IndexSpace,
        /// The index.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// A type index that must refer to another kind of type.
    WrongKind {
        /// The index.
        ty: TypeIdx,
        /// The kind that the rule asks for.
        expected: CompositeKind,
        /// The kind of the type.
        found: CompositeKind,
    },
    /// More of something than the limits allow.
    LimitExceeded {
        /// What is limited: the name of a field of `ModuleLimits`.
        limit: &'static str,
        /// The most that is allowed.
        max: u64,
        /// How many there are.
        found: u64,
    },
    /// Something that is only valid with a feature that is off.
    FeatureDisabled {
        /// What needs it.
        what: &'static str,
        /// The feature.
        feature: Feature,
    },
    /// A size bound beyond what addresses reach.
    SizeOutOfRange {
        /// `memory` or `table`.
        what: IndexSpace,
        /// The largest size, in pages or elements.
        max: u64,
        /// The bound given.
        found: u64,
    },
    /// A minimum size above the maximum.
    MinAboveMax {
        /// The minimum.
        min: u64,
        /// The maximum.
        max: u64,
    },
    /// A shared memory without a maximum.
    SharedWithoutMax,
    /// A page size other than 1 and 65536, as base-2 logarithm.
    PageSize(u8),
    /// An alignment above the natural one, or other than it where it must be equal; as base-2 logarithms.
    Alignment {
        /// The natural alignment.
        natural: u8,
        /// The alignment given.
        found: u8,
    },
    /// A constant offset that does not fit the memory's addresses.
    OffsetOutOfRange(u64),
    /// A lane index past the vector's lanes.
    LaneOutOfRange {
        /// How many lanes there are.
        lanes: u8,
        /// The index.
        found: u8,
    },
    /// A read of a local that may not have a value yet.
    UninitializedLocal(LocalIdx),
    /// A write to something immutable.
    Immutable(IndexSpace),
    /// A write to an immutable array's elements.
    ImmutableArray,
    /// A plain read of a packed field or element, which must say how to extend.
    Packed,
    /// An extending read of a field or element that is not packed.
    NotPacked,
    /// A default value is asked of a type that has none.
    NotDefaultable(ValType),
    /// An array of references where bytes are needed.
    ArrayNotOfNumbers(TypeIdx),
    /// A function reference to a function that nothing outside of bodies mentions.
    UndeclaredFunction(u32),
    /// An instruction that constant expressions may not contain.
    NotConstant,
    /// A constant expression reads a global that is mutable, or not imported where it has to be.
    GlobalNotConstant(u32),
    /// A structure with a descriptor is made without one.
    NeedsDescriptor(TypeIdx),
    /// A type without a descriptor where one is needed.
    NoDescriptor,
    /// A cast between types without a common supertype, or to a type that is not a supertype's subtype.
    InvalidCast {
        /// The operand's static type.
        from: RefType,
        /// The type tested for.
        to: RefType,
    },
    /// A typed `select` with other than one type.
    SelectArity(u32),
    /// A block's part without the start that it belongs to, such as `else` without `if`.
    Misplaced,
    /// A `rethrow` to a label that is not a `catch`.
    NotACatch,
    /// An `if` without `else` whose operands are not its results.
    IfWithoutElse,
    /// Instructions after the end of the body.
    AfterEnd,
    /// A body ends with this many blocks open.
    Unclosed(u64),
    /// A nonzero reserved byte.
    FenceFlags(u8),
    /// More than one supertype.
    Supertypes(u32),
    /// A supertype that is final.
    FinalSupertype(TypeIdx),
    /// A type whose definition does not match that of its supertype.
    NotASubtype(TypeIdx),
    /// `describes` and `descriptor` clauses that do not agree, or on something else than structures.
    Descriptors,
    /// A tag's function type has results.
    TagResults,
    /// The start function has operands or results.
    StartSignature,
    /// A second start function.
    SecondStart,
    /// Two exports of one name.
    DuplicateExport(String),
    /// A table of non-nullable references without an initial value.
    TableWithoutInit(RefType),
    /// An instruction names data segments in a module without a data count.
    DataCountRequired,
    /// The number of data segments is not the one announced.
    DataCount {
        /// The announced number.
        expected: u32,
        /// The number of segments.
        found: u32,
    },
}

impl ErrorKind {
    /// The rule's name, without its instance.
    fn title(&self) -> &'static str {
        match self {
            Self::TypeMismatch { .. } | Self::ArityMismatch { .. } | Self::ValuesRemain(_) | Self::IfWithoutElse => {
                "type mismatch"
            }
            Self::Unknown { .. } => "unknown index",
            Self::WrongKind { .. } => "wrong kind of type",
            Self::LimitExceeded { .. } => "limit exceeded",
            Self::FeatureDisabled { .. } => "disabled feature",
            Self::SizeOutOfRange { .. } => "size out of range",
            Self::MinAboveMax { .. } => "size minimum above its maximum",
            Self::SharedWithoutMax => "shared memory without a maximum",
            Self::PageSize(_) => "invalid page size",
            Self::Alignment { .. } => "invalid alignment",
            Self::OffsetOutOfRange(_) => "offset out of range",
            Self::LaneOutOfRange { .. } => "lane index out of range",
            Self::UninitializedLocal(_) => "uninitialized local",
            Self::Immutable(_) | Self::ImmutableArray => "write to something immutable",
            Self::Packed => "plain read of a packed field",
            Self::NotPacked => "extending read of an unpacked field",
            Self::NotDefaultable(_) => "no default value",
            Self::ArrayNotOfNumbers(_) => "array of references",
            Self::UndeclaredFunction(_) => "undeclared function reference",
            Self::NotConstant => "constant expression required",
            Self::GlobalNotConstant(_) => "global is not constant here",
            Self::NeedsDescriptor(_) => "descriptor required",
            Self::NoDescriptor => "type without a descriptor",
            Self::InvalidCast { .. } => "invalid cast",
            Self::SelectArity(_) => "invalid result arity",
            Self::Misplaced => "misplaced instruction",
            Self::NotACatch => "label is not a catch",
            Self::AfterEnd => "instruction after the end of the body",
            Self::Unclosed(_) => "unclosed blocks",
            Self::FenceFlags(_) => "nonzero reserved byte",
            Self::Supertypes(_) => "more than one supertype",
            Self::FinalSupertype(_) => "supertype is final",
            Self::NotASubtype(_) => "definition does not match its supertype",
            Self::Descriptors => "descriptor clauses do not agree",
            Self::TagResults => "tag type with results",
            Self::StartSignature => "start function with operands or results",
            Self::SecondStart => "second start function",
            Self::DuplicateExport(_) => "duplicate export name",
            Self::TableWithoutInit(_) => "table without an initial value",
            Self::DataCountRequired => "data count section required",
            Self::DataCount { .. } => "data count does not match the segments",
        }
    }
}

struct Detail<'a>(&'a ErrorKind);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ErrorKind as K;
        match self.0 {
            K::TypeMismatch { expected, found } => write!(f, ": expected {expected}, found {found}"),
            K::ArityMismatch { expected, found } => write!(f, ": expected {expected} values, found {found}"),
            K::ValuesRemain(count) => write!(f, ": {count} values remain at the end of the block"),
            K::IfWithoutElse => f.write_str(": without `else`, operands must be the results"),
            K::Unknown { space, index, count } => write!(f, ": {} {index}, of {count}", space.text()),
            K::WrongKind { ty, expected, found } => {
                write!(f, ": expected a {} type, found that type {ty} is a {} type", expected.text(), found.text())
            }
            K::LimitExceeded { limit, max, found } => write!(f, ": {limit} at most {max}, found {found}"),
            K::FeatureDisabled { what, feature } => write!(f, ": {what} needs `{feature}`"),
            K::SizeOutOfRange { what, max, found } => {
                write!(f, ": a {}'s size is at most {max}, found {found}", what.text())
            }
            K::MinAboveMax { min, max } => write!(f, ": {min} above {max}"),
            K::PageSize(log2) => write!(f, ": expected 2^0 or 2^16, found 2^{log2}"),
            K::Alignment { natural, found } => write!(f, ": natural alignment is 2^{natural}, found 2^{found}"),
            K::OffsetOutOfRange(offset) => write!(f, ": {offset:#x}"),
            K::LaneOutOfRange { lanes, found } => write!(f, ": expected below {lanes}, found {found}"),
            K::UninitializedLocal(local) => write!(f, ": {local}"),
            K::Immutable(space) => write!(f, ": a {}", space.text()),
            K::ImmutableArray => f.write_str(": an array"),
            K::NotDefaultable(ty) => write!(f, ": {ty}"),
            K::ArrayNotOfNumbers(ty) => write!(f, ": type {ty}"),
            K::UndeclaredFunction(func) => write!(f, ": {func}"),
            K::GlobalNotConstant(global) => write!(f, ": {global}"),
            K::NeedsDescriptor(ty) => write!(f, ": type {ty}"),
            K::InvalidCast { from, to } => write!(f, ": from {from} to {to}"),
            K::SelectArity(count) => write!(f, ": expected one type, found {count}"),
            K::Unclosed(count) => write!(f, ": {count}"),
            K::FenceFlags(byte) => write!(f, ": {byte:#x}"),
            K::Supertypes(count) => write!(f, ": {count}"),
            K::FinalSupertype(ty) | K::NotASubtype(ty) => write!(f, ": type {ty}"),
            K::DuplicateExport(name) => write!(f, ": {name:?}"),
            K::TableWithoutInit(elem) => write!(f, ": elements of {elem} have no default"),
            K::DataCount { expected, found } => write!(f, ": expected {expected}, found {found}"),
            K::SharedWithoutMax
            | K::Packed
            | K::NotPacked
            | K::NotConstant
            | K::NoDescriptor
            | K::Misplaced
            | K::NotACatch
            | K::AfterEnd
            | K::Descriptors
            | K::TagResults
            | K::StartSignature
            | K::SecondStart
            | K::DataCountRequired => Ok(()),
        }
    }
}
