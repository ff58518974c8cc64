//! Values outside of frames: what slots hold, with its type, and with references that keep their targets alive.

use crate::gc::{AnyHandle, ContHandle, ExceptionHandle, Handle};
use crate::instance::{FuncInst, TypeId};

/// What a slot holds, as far as the engine has to know: enough to find references and to refuse wrong ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotType {
    /// `i32`, in the low half.
    I32,
    /// `i64`.
    I64,
    /// `f32`, in the low half.
    F32,
    /// `f64`.
    F64,
    /// `v128`, in two slots.
    V128,
    /// A reference to a function: the address of its [`FuncInst`], or 0.
    Func {
        /// Whether it may be null.
        nullable: bool,
        /// The type that the function must match, if not just any.
        ty: Option<TypeId>,
    },
    /// A reference to something of the embedder's, or of the hierarchy of `any`, or 0. The heap says how they are told apart.
    Extern {
        /// Whether it may be null.
        nullable: bool,
    },
    /// A reference to an exception: its address, or 0.
    Exn {
        /// Whether it may be null.
        nullable: bool,
    },
    /// A reference to a continuation: its address, or 0.
    Cont {
        /// Whether it may be null.
        nullable: bool,
        /// The continuation type, if not just any.
        ty: Option<TypeId>,
    },
    /// A reference of the hierarchy of `any`, or 0.
    Any {
        /// Whether it may be null.
        nullable: bool,
        /// What it refers to.
        heap: AnyHeap,
    },
    /// A reference of a kind that has only null outside of running code.
    Null,
}

/// What references of the hierarchy of `any` refer to. Spec: `syntax-heaptype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnyHeap {
    /// Anything.
    Any,
    /// 31-bit integers, structures, arrays.
    Eq,
    /// 31-bit integers.
    I31,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Structures or arrays of the type or its subtypes.
    Defined(TypeId),
    /// Structures of exactly the type.
    Exact(TypeId),
}

impl SlotType {
    /// Any reference of the hierarchy of `any`, or null.
    pub const ANY: Self = Self::Any { nullable: true, heap: AnyHeap::Any };

    /// Whether it is a number type: any bits of its one slot are a value, of which 32-bit types read the low half. Spec:
    /// `syntax-numtype`.
    #[inline]
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }

    /// How many slots a value takes.
    #[inline]
    #[must_use]
    pub const fn slots(self) -> u16 {
        if matches!(self, Self::V128) { 2 } else { 1 }
    }

    /// How many slots values of these types take together.
    #[must_use]
    pub fn total_slots(types: &[Self]) -> u16 {
        types.iter().map(|ty| ty.slots()).sum()
    }
}

/// A type as the embedding layer knows it, which the engine only keeps: equal bits mean equal types in all modules of one
/// store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CanonicalBits(pub u64);

/// A value. Floats are bits, so that NaNs keep their payloads. Spec: `syntax-val`.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// The bits of a `v128`, lane 0 lowest.
    V128(u128),
    /// A function, or null.
    Func(Option<Handle<FuncInst>>),
    /// Something of the embedder's, a reference of the hierarchy of `any` converted, or null.
    Extern(Option<AnyHandle>),
    /// A 31-bit integer, structure or array, a converted reference of the embedder's, or null.
    Any(Option<AnyHandle>),
    /// An exception, or null.
    Exn(Option<ExceptionHandle>),
    /// A continuation, or null.
    Cont(Option<ContHandle>),
    /// The null reference of any kind.
    #[default]
    Null,
}

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It is not of the type that belongs there.
    #[error("value of another type than expected")]
    Type,
    /// There are more or fewer values than there have to be.
    #[error("expected {expected} values, found {found}")]
    Count {
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// It belongs to another store.
    #[error(transparent)]
    Store(#[from] WrongStore),
}

/// A handle was used with another store than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object used with another store than its own")]
pub struct WrongStore;
