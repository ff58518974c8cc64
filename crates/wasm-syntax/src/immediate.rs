//! Immediates: what instructions carry beside their opcode. Spec: `syntax-instr`.

use core::marker::PhantomData;

use crate::{LabelIdx, MemIdx, RefType, TagIdx, TypeIdx, ValType};

/// A block's type. Spec: `syntax-blocktype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockType {
    /// No operands, no results.
    Empty,
    /// No operands, one result.
    Value(ValType),
    /// Operands and results of a function type.
    Func(TypeIdx),
}

/// The static part of a memory address. Spec: `syntax-memarg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemArg {
    /// Added to the dynamic address, in bytes, without wrapping.
    pub offset: u64,
    /// The memory accessed.
    pub memory: MemIdx,
    /// Base-2 logarithm of the alignment promised, a hint.
    pub align_log2: u8,
}

/// The bits of an `f32`, so that a NaN's payload survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F32Bits(pub u32);

/// The bits of an `f64`, so that a NaN's payload survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F64Bits(pub u64);

/// The lanes that `i8x16.shuffle` picks, each below 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShuffleLanes(pub [u8; 16]);

/// The byte after `atomic.fence`, which must be 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FenceFlags(pub u8);

/// The types of a typed `select`. Only one type is valid, so more than the first are counted and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SelectTypes {
    /// How many types the instruction names.
    pub count: u32,
    /// The first of them, if there is any.
    pub first: Option<ValType>,
}

/// Where a `br_on_cast` goes, and between which types. Spec: `syntax-br_on_cast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CastTarget {
    /// The branch's target.
    pub label: LabelIdx,
    /// The operand's static type.
    pub from: RefType,
    /// The type tested for.
    pub to: RefType,
}

/// A sequence of immediates of type `T`, left in the binary: the reader has checked that `count` of them decode, and
/// iteration decodes them again without allocating.
pub struct Sequence<'a, T> {
    bytes: &'a [u8],
    count: u32,
    element: PhantomData<T>,
}

/// An element of a [`Sequence`], made of a tag byte where there is one and LEB128 integers of 32 bits.
pub trait SequenceElement: Copy {
    /// Takes one element off the front of `bytes`, which is known to hold one.
    fn take(bytes: &mut &[u8]) -> Self;
}

impl<'a, T: SequenceElement> Sequence<'a, T> {
    /// The sequence of `count` elements encoded in `bytes`.
    ///
    /// The caller has checked that they are well-formed; iteration over malformed bytes gives unspecified elements, and
    /// never panics.
    #[inline]
    #[must_use]
    pub const fn from_checked(bytes: &'a [u8], count: u32) -> Self {
        Self { bytes, count, element: PhantomData }
    }

    /// How many elements there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The encoded elements, without their count.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The elements in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        let mut bytes = self.bytes;
        (0..self.count as usize).map(move |_| T::take(&mut bytes))
    }
}

impl<T> Clone for Sequence<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sequence<'_, T> {}

impl<T: SequenceElement + PartialEq> PartialEq for Sequence<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: SequenceElement + core::fmt::Debug> core::fmt::Debug for Sequence<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

pub(crate) fn take_byte(bytes: &mut &[u8]) -> u8 {
    match bytes.split_first() {
        Some((&byte, rest)) => {
            *bytes = rest;
            byte
        }
        None => 0,
    }
}

#[inline]
pub(crate) fn take_u32(bytes: &mut &[u8]) -> u32 {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = take_byte(bytes);
        value |= u32::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

impl SequenceElement for LabelIdx {
    #[inline]
    fn take(bytes: &mut &[u8]) -> Self {
        Self(take_u32(bytes))
    }
}

/// The targets of a `br_table`. Spec: `syntax-br_table`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrTable<'a> {
    /// Where the operand values 0, 1, … go.
    pub labels: Sequence<'a, LabelIdx>,
    /// Where every other value goes.
    pub default: LabelIdx,
}

/// A clause of a `try_table`. Spec: `syntax-catch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catch {
    /// Exceptions of the tag, their payload to the label.
    Tag(TagIdx, LabelIdx),
    /// Exceptions of the tag, their payload and a reference to the label.
    TagRef(TagIdx, LabelIdx),
    /// Every exception, nothing to the label.
    All(LabelIdx),
    /// Every exception, a reference to the label.
    AllRef(LabelIdx),
}

/// The clauses of a `try_table`, first match first.
pub type Catches<'a> = Sequence<'a, Catch>;

impl SequenceElement for Catch {
    fn take(bytes: &mut &[u8]) -> Self {
        let kind = take_byte(bytes);
        let mut next = || take_u32(bytes);
        match kind {
            0 => Self::Tag(TagIdx(next()), LabelIdx(next())),
            1 => Self::TagRef(TagIdx(next()), LabelIdx(next())),
            2 => Self::All(LabelIdx(next())),
            _ => Self::AllRef(LabelIdx(next())),
        }
    }
}

/// A clause of a `resume` (stack switching proposal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Suspensions to the tag go to the label.
    Label(TagIdx, LabelIdx),
    /// Switches of the tag happen here.
    Switch(TagIdx),
}

/// The clauses of a `resume`, first match first.
pub type Handlers<'a> = Sequence<'a, Handler>;

impl SequenceElement for Handler {
    fn take(bytes: &mut &[u8]) -> Self {
        match take_byte(bytes) {
            0 => Self::Label(TagIdx(take_u32(bytes)), LabelIdx(take_u32(bytes))),
            _ => Self::Switch(TagIdx(take_u32(bytes))),
        }
    }
}
