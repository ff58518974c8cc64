//! Types: values, references, functions, composites, limits, and what can be imported or exported.
//!
//! Value and reference types are packed into one word, since a validator moves millions of them. The low byte is the
//! code of the binary format. Spec: `syntax-types`.

use core::fmt;

use crate::TypeIdx;

const CONCRETE: u32 = 0x60;
const EXACT: u32 = 0x62;
const NULLABLE: u32 = 1 << 8;
const INDEX_SHIFT: u32 = 12;

/// The largest type index that a packed [`RefType`] holds; readers refuse larger ones.
pub const MAX_TYPE_IDX: u32 = (1 << (32 - INDEX_SHIFT)) - 1;

/// A value type. Spec: `syntax-valtype`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ValType(u32);

impl ValType {
    /// 32-bit integers.
    pub const I32: Self = Self(0x7F);
    /// 64-bit integers.
    pub const I64: Self = Self(0x7E);
    /// 32-bit floats.
    pub const F32: Self = Self(0x7D);
    /// 64-bit floats.
    pub const F64: Self = Self(0x7C);
    /// 128-bit vectors.
    pub const V128: Self = Self(0x7B);
    /// `(ref null func)`.
    pub const FUNCREF: Self = Self(RefType::FUNCREF.0);
    /// `(ref null extern)`.
    pub const EXTERNREF: Self = Self(RefType::EXTERNREF.0);

    /// Whether this is a number type (not a vector, not a reference). Spec: `syntax-numtype`.
    #[inline]
    #[must_use]
    pub const fn is_num(self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }

    /// The reference type, if this is one.
    #[inline]
    #[must_use]
    pub const fn as_ref(self) -> Option<RefType> {
        if self.is_ref() { Some(RefType(self.0)) } else { None }
    }

    /// Whether this is a reference type.
    #[inline]
    #[must_use]
    pub const fn is_ref(self) -> bool {
        (self.0 & 0xFF) < 0x7B
    }

    /// Whether locals of this type start with a default value: all but non-nullable references. Spec: `valid-defaultable`.
    #[inline]
    #[must_use]
    pub const fn is_defaultable(self) -> bool {
        !self.is_ref() || self.0 & NULLABLE != 0
    }

    /// The packed word, for tables indexed or compared by it; equal words mean equal types.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.0
    }
}

impl From<RefType> for ValType {
    #[inline]
    fn from(ty: RefType) -> Self {
        Self(ty.0)
    }
}

/// A reference type: a heap type, and whether null belongs to it. Spec: `syntax-reftype`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct RefType(u32);

impl RefType {
    /// `(ref null func)`.
    pub const FUNCREF: Self = Self::new(true, HeapType::FUNC);
    /// `(ref null extern)`.
    pub const EXTERNREF: Self = Self::new(true, HeapType::EXTERN);
    /// `(ref null exn)`.
    pub const EXNREF: Self = Self::new(true, HeapType::EXN);
    /// `(ref null any)`.
    pub const ANYREF: Self = Self::new(true, HeapType::ANY);
    /// `(ref null eq)`.
    pub const EQREF: Self = Self::new(true, HeapType::EQ);
    /// `(ref null i31)`.
    pub const I31REF: Self = Self::new(true, HeapType::I31);
    /// `(ref null struct)`.
    pub const STRUCTREF: Self = Self::new(true, HeapType::STRUCT);
    /// `(ref null array)`.
    pub const ARRAYREF: Self = Self::new(true, HeapType::ARRAY);

    /// The reference type to `heap`.
    ///
    /// # Panics
    ///
    /// If a concrete type's index is above [`MAX_TYPE_IDX`].
    #[inline]
    #[must_use]
    pub const fn new(nullable: bool, heap: HeapType) -> Self {
        let bits = match heap {
            HeapType::Abstract(ty) => ty as u32,
            HeapType::Concrete(idx) => {
                assert!(idx.0 <= MAX_TYPE_IDX);
                CONCRETE | idx.0 << INDEX_SHIFT
            }
            HeapType::Exact(idx) => {
                assert!(idx.0 <= MAX_TYPE_IDX);
                EXACT | idx.0 << INDEX_SHIFT
            }
        };
        Self(if nullable { bits | NULLABLE } else { bits })
    }

    /// Whether null belongs to the type.
    #[inline]
    #[must_use]
    pub const fn is_nullable(self) -> bool {
        self.0 & NULLABLE != 0
    }

    /// The same type with or without null.
    #[inline]
    #[must_use]
    pub const fn with_nullable(self, nullable: bool) -> Self {
        Self(if nullable { self.0 | NULLABLE } else { self.0 & !NULLABLE })
    }

    /// What the references point to.
    #[inline]
    #[must_use]
    pub const fn heap(self) -> HeapType {
        let idx = TypeIdx(self.0 >> INDEX_SHIFT);
        match self.0 & 0xFF {
            CONCRETE => HeapType::Concrete(idx),
            EXACT => HeapType::Exact(idx),
            code => match AbstractHeapType::from_code(code as u8) {
                Some(ty) => HeapType::Abstract(ty),
                None => unreachable!(),
            },
        }
    }
}

macro_rules! abstract_heap_types {
    ($($(#[$doc:meta])* $code:literal $name:ident $konst:ident $text:literal $ref_text:literal;)*) => {
        /// A heap type without a definition. Spec: `syntax-absheaptype`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum AbstractHeapType {
            $($(#[$doc])* $name = $code,)*
        }

        impl AbstractHeapType {
            /// The type with the binary format's one-byte `code`. Spec: `binary-absheaptype`.
            #[inline]
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The text format's keyword.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The text format's abbreviation of the nullable reference to it.
            #[must_use]
            pub const fn nullable_ref_text(self) -> &'static str {
                match self {
                    $(Self::$name => $ref_text,)*
                }
            }
        }

        impl HeapType {
            $($(#[$doc])* pub const $konst: Self = Self::Abstract(AbstractHeapType::$name);)*
        }
    };
}

abstract_heap_types! {
    /// No value of `cont`'s hierarchy.
    0x75 NoCont NOCONT "nocont" "nullcontref";
    /// No value of `exn`'s hierarchy.
    0x74 NoExn NOEXN "noexn" "nullexnref";
    /// No value of `func`'s hierarchy.
    0x73 NoFunc NOFUNC "nofunc" "nullfuncref";
    /// No value of `extern`'s hierarchy.
    0x72 NoExtern NOEXTERN "noextern" "nullexternref";
    /// No value of `any`'s hierarchy.
    0x71 None NONE "none" "nullref";
    /// Every function.
    0x70 Func FUNC "func" "funcref";
    /// Every host reference.
    0x6F Extern EXTERN "extern" "externref";
    /// Every internal reference.
    0x6E Any ANY "any" "anyref";
    /// Every internal reference that `ref.eq` compares.
    0x6D Eq EQ "eq" "eqref";
    /// Unboxed 31-bit scalars.
    0x6C I31 I31 "i31" "i31ref";
    /// Every structure.
    0x6B Struct STRUCT "struct" "structref";
    /// Every array.
    0x6A Array ARRAY "array" "arrayref";
    /// Every exception.
    0x69 Exn EXN "exn" "exnref";
    /// Every continuation.
    0x68 Cont CONT "cont" "contref";
}

/// What a reference points to. Spec: `syntax-heaptype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeapType {
    /// A class of values that no definition describes.
    Abstract(AbstractHeapType),
    /// Values of a defined type or of its subtypes.
    Concrete(TypeIdx),
    /// Values of exactly a defined type (custom descriptors proposal).
    Exact(TypeIdx),
}

impl HeapType {
    /// The index of the defined type, if there is one.
    #[must_use]
    pub const fn type_idx(self) -> Option<TypeIdx> {
        match self {
            Self::Concrete(idx) | Self::Exact(idx) => Some(idx),
            Self::Abstract(_) => None,
        }
    }
}

/// What a structure's field or an array's element occupies. Spec: `syntax-storagetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// Eight bits, read with sign or zero extension.
    I8,
    /// Sixteen bits, read with sign or zero extension.
    I16,
    /// A whole value.
    Val(ValType),
}

impl StorageType {
    /// The type of the value that a read gives.
    #[must_use]
    pub const fn unpacked(self) -> ValType {
        match self {
            Self::I8 | Self::I16 => ValType::I32,
            Self::Val(ty) => ty,
        }
    }

    /// Whether reads need an extension.
    #[must_use]
    pub const fn is_packed(self) -> bool {
        matches!(self, Self::I8 | Self::I16)
    }
}

/// A field of a structure, or the element of an array. Spec: `syntax-fieldtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    /// What it occupies.
    pub storage: StorageType,
    /// Whether it may be written after creation.
    pub mutable: bool,
}

/// Bounds on a size, in pages for memories and elements for tables. Spec: `syntax-limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The size at the start.
    pub min: u64,
    /// The size that growth never passes, if there is one.
    pub max: Option<u64>,
}

/// A memory's type. Spec: `syntax-memtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemType {
    /// Size bounds in pages.
    pub limits: Limits,
    /// Whether addresses are 64 bits wide.
    pub memory64: bool,
    /// Whether threads share it (threads proposal).
    pub shared: bool,
    /// Base-2 logarithm of the page size in bytes; 16 unless the custom page sizes proposal says otherwise.
    pub page_size_log2: u8,
}

impl MemType {
    /// The type of addresses and sizes: `i32` or `i64`. Spec: `syntax-addrtype`.
    #[must_use]
    pub const fn addr_type(self) -> ValType {
        if self.memory64 { ValType::I64 } else { ValType::I32 }
    }
}

/// A table's type. Spec: `syntax-tabletype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    /// What the elements are.
    pub elem: RefType,
    /// Size bounds in elements.
    pub limits: Limits,
    /// Whether indices are 64 bits wide.
    pub table64: bool,
}

impl TableType {
    /// The type of indices and sizes: `i32` or `i64`. Spec: `syntax-addrtype`.
    #[must_use]
    pub const fn addr_type(self) -> ValType {
        if self.table64 { ValType::I64 } else { ValType::I32 }
    }
}

/// A global's type. Spec: `syntax-globaltype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// What it holds.
    pub val: ValType,
    /// Whether it may be written.
    pub mutable: bool,
}

/// What an import asks for, or what a definition of that kind is. Spec: `syntax-externtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternType {
    /// A function of the type with this index.
    Func(TypeIdx),
    /// A function of exactly the type with this index (custom descriptors proposal).
    FuncExact(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemType),
    /// A global.
    Global(GlobalType),
    /// A tag whose exceptions carry the parameters of the function type with this index.
    Tag(TypeIdx),
}

/// The kinds of things that modules import and export. Spec: `syntax-externidx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExternKind {
    /// Functions.
    Func = 0,
    /// Tables.
    Table = 1,
    /// Memories.
    Memory = 2,
    /// Globals.
    Global = 3,
    /// Tags.
    Tag = 4,
}

impl ExternKind {
    /// The text format's keyword.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Func => "func",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        }
    }
}

impl ExternType {
    /// The kind of thing that the type describes.
    #[must_use]
    pub const fn kind(&self) -> ExternKind {
        match self {
            Self::Func(_) | Self::FuncExact(_) => ExternKind::Func,
            Self::Table(_) => ExternKind::Table,
            Self::Memory(_) => ExternKind::Memory,
            Self::Global(_) => ExternKind::Global,
            Self::Tag(_) => ExternKind::Tag,
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abstract(ty) => f.write_str(ty.text()),
            Self::Concrete(idx) => write!(f, "{idx}"),
            Self::Exact(idx) => write!(f, "(exact {idx})"),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_nullable(), self.heap()) {
            (true, HeapType::Abstract(ty)) => f.write_str(ty.nullable_ref_text()),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self(bits) => RefType(bits).fmt(f),
        }
    }
}

impl fmt::Debug for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::Val(ty) => ty.fmt(f),
        }
    }
}
