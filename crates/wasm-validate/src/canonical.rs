//! Types whose references to definitions are canonical ids instead of a module's indices.

use core::fmt;

use wasm_syntax::{AbstractHeapType, HeapType, RefType, StorageType, TypeIdx, ValType};

const CONCRETE: u64 = 0x60;
const EXACT: u64 = 0x62;
const NULLABLE: u64 = 1 << 8;
const ID_SHIFT: u32 = 32;

/// A type definition as one [`TypeRegistry`](crate::TypeRegistry) knows it: equal definitions of any modules have equal
/// ids while the registry holds them. Not a module's [`TypeIdx`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct CanonicalTypeId(pub u32);

impl CanonicalTypeId {
    /// The id as a `usize`, for indexing.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value type over canonical ids, in one word: equal words mean equal types. Spec: `syntax-valtype`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct CanonValType(u64);

/// A reference type over canonical ids. Spec: `syntax-reftype`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct CanonRefType(u64);

/// What a reference points to, over canonical ids. Spec: `syntax-heaptype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CanonHeapType {
    /// A class of values that no definition describes.
    Abstract(AbstractHeapType),
    /// Values of a defined type or of its subtypes.
    Concrete(CanonicalTypeId),
    /// Values of exactly a defined type (custom descriptors proposal).
    Exact(CanonicalTypeId),
}

impl CanonHeapType {
    /// The heap type with its index, if it has one, replaced by what `id` gives for it.
    pub(crate) fn from_heap(heap: HeapType, id: impl FnOnce(TypeIdx) -> CanonicalTypeId) -> Self {
        match heap {
            HeapType::Abstract(ty) => Self::Abstract(ty),
            HeapType::Concrete(idx) => Self::Concrete(id(idx)),
            HeapType::Exact(idx) => Self::Exact(id(idx)),
        }
    }
}

impl CanonRefType {
    /// The reference type to `heap`.
    #[must_use]
    pub const fn new(nullable: bool, heap: CanonHeapType) -> Self {
        let bits = match heap {
            CanonHeapType::Abstract(ty) => ty as u64,
            CanonHeapType::Concrete(id) => CONCRETE | (id.0 as u64) << ID_SHIFT,
            CanonHeapType::Exact(id) => EXACT | (id.0 as u64) << ID_SHIFT,
        };
        Self(if nullable { bits | NULLABLE } else { bits })
    }

    /// Whether null belongs to the type.
    #[must_use]
    pub const fn is_nullable(self) -> bool {
        self.0 & NULLABLE != 0
    }

    /// What the references point to.
    #[must_use]
    pub const fn heap(self) -> CanonHeapType {
        let id = CanonicalTypeId((self.0 >> ID_SHIFT) as u32);
        match self.0 & 0xFF {
            CONCRETE => CanonHeapType::Concrete(id),
            EXACT => CanonHeapType::Exact(id),
            code => match AbstractHeapType::from_code(code as u8) {
                Some(ty) => CanonHeapType::Abstract(ty),
                None => unreachable!(),
            },
        }
    }

    pub(crate) fn from_ref(ty: RefType, id: impl FnOnce(TypeIdx) -> CanonicalTypeId) -> Self {
        Self::new(ty.is_nullable(), CanonHeapType::from_heap(ty.heap(), id))
    }
}

impl CanonValType {
    /// 32-bit integers.
    pub const I32: Self = Self(ValType::I32.to_bits() as u64);
    /// 64-bit integers.
    pub const I64: Self = Self(ValType::I64.to_bits() as u64);
    /// 32-bit floats.
    pub const F32: Self = Self(ValType::F32.to_bits() as u64);
    /// 64-bit floats.
    pub const F64: Self = Self(ValType::F64.to_bits() as u64);
    /// 128-bit vectors.
    pub const V128: Self = Self(ValType::V128.to_bits() as u64);

    /// The reference type, if this is one.
    #[must_use]
    pub const fn as_ref(self) -> Option<CanonRefType> {
        if (self.0 & 0xFF) < Self::V128.0 { Some(CanonRefType(self.0)) } else { None }
    }

    /// The type as a module writes it, if no definition takes part in it.
    #[must_use]
    pub fn as_plain(self) -> Option<ValType> {
        Some(match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self(bits) => match CanonRefType(bits).heap() {
                CanonHeapType::Abstract(ty) => {
                    RefType::new(CanonRefType(bits).is_nullable(), HeapType::Abstract(ty)).into()
                }
                CanonHeapType::Concrete(_) | CanonHeapType::Exact(_) => return None,
            },
        })
    }

    pub(crate) fn from_val(ty: ValType, id: impl FnOnce(TypeIdx) -> CanonicalTypeId) -> Self {
        match ty.as_ref() {
            Some(ty) => CanonRefType::from_ref(ty, id).into(),
            None => Self(u64::from(ty.to_bits())),
        }
    }

    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }
}

impl From<CanonRefType> for CanonValType {
    fn from(ty: CanonRefType) -> Self {
        Self(ty.0)
    }
}

/// What a field or element occupies, over canonical ids. Spec: `syntax-storagetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CanonStorageType {
    /// Eight bits.
    I8,
    /// Sixteen bits.
    I16,
    /// A whole value.
    Val(CanonValType),
}

impl CanonStorageType {
    pub(crate) fn from_storage(ty: StorageType, id: impl FnOnce(TypeIdx) -> CanonicalTypeId) -> Self {
        match ty {
            StorageType::I8 => Self::I8,
            StorageType::I16 => Self::I16,
            StorageType::Val(ty) => Self::Val(CanonValType::from_val(ty, id)),
        }
    }
}

/// A field of a structure or the element of an array, over canonical ids. Spec: `syntax-fieldtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CanonFieldType {
    /// What it occupies.
    pub storage: CanonStorageType,
    /// Whether it may be written after creation.
    pub mutable: bool,
}

impl fmt::Display for CanonHeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abstract(ty) => f.write_str(ty.text()),
            Self::Concrete(id) => write!(f, "type#{}", id.0),
            Self::Exact(id) => write!(f, "(exact type#{})", id.0),
        }
    }
}

impl fmt::Display for CanonRefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_nullable(), self.heap()) {
            (true, CanonHeapType::Abstract(ty)) => f.write_str(ty.nullable_ref_text()),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for CanonValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_plain(), self.as_ref()) {
            (Some(ty), _) => ty.fmt(f),
            (None, Some(ty)) => ty.fmt(f),
            (None, None) => unreachable!(),
        }
    }
}

impl fmt::Debug for CanonRefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for CanonValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
