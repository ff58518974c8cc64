//! Decoding of types. Spec: `binary-types`.

use wasm_syntax::{
    AbstractHeapType, CompositeType, ExternType, Feature, FieldType, FuncType, GlobalType, HeapType, Limits,
    MAX_TYPE_IDX, MemType, RefType, Sequence, SequenceElement, StorageType, SubType, TableType, TypeIdx, ValType,
};

use crate::{Cursor, Decode, Form, ReadErrorKind, Result};

/// Takes a count and that many elements, checked and left in place.
pub(crate) fn sequence<'a, T>(cursor: &mut Cursor<'a>) -> Result<Sequence<'a, T>>
where
    T: Decode<'a> + SequenceElement,
{
    let count = cursor.u32()?;
    sequence_of(cursor, count)
}

/// Takes `count` elements, checked and left in place.
pub(crate) fn sequence_of<'a, T>(cursor: &mut Cursor<'a>, count: u32) -> Result<Sequence<'a, T>>
where
    T: Decode<'a> + SequenceElement,
{
    let start = *cursor;
    for _ in 0..count {
        T::decode(cursor)?;
    }
    Ok(Sequence::from_checked(cursor.since(&start).rest(), count))
}

impl<'a> Decode<'a> for TypeIdx {
    #[inline]
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        let idx = cursor.u32()?;
        if idx <= MAX_TYPE_IDX {
            Ok(Self(idx))
        } else {
            Err(start.error(ReadErrorKind::TypeIdxTooLarge { found: idx }))
        }
    }
}

/// Takes a type index written as a signed 33-bit integer; `what` is malformed when it is negative.
pub(crate) fn signed_type_idx(cursor: &mut Cursor<'_>, what: Form) -> Result<TypeIdx> {
    let start = *cursor;
    let value = cursor.s33()?;
    match u32::try_from(value) {
        Ok(idx) if idx <= MAX_TYPE_IDX => Ok(TypeIdx(idx)),
        Ok(found) => Err(start.error(ReadErrorKind::TypeIdxTooLarge { found })),
        Err(_) => {
            let found = start.rest().first().copied().map_or(0, u32::from);
            Err(start.error(ReadErrorKind::Malformed { what, found }))
        }
    }
}

/// The feature with which a heap type, or the nullable reference to it, can be written.
const fn heap_type_feature(ty: AbstractHeapType) -> Feature {
    match ty {
        AbstractHeapType::Func | AbstractHeapType::Extern => Feature::ReferenceTypes,
        AbstractHeapType::Exn | AbstractHeapType::NoExn => Feature::Exceptions,
        AbstractHeapType::Cont | AbstractHeapType::NoCont => Feature::StackSwitching,
        _ => Feature::Gc,
    }
}

impl<'a> Decode<'a> for HeapType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.rest().first() {
            Some(0x62) => {
                start.require(Feature::CustomDescriptors)?;
                cursor.byte()?;
                Ok(Self::Exact(cursor.read()?))
            }
            Some(&code) if let Some(ty) = AbstractHeapType::from_code(code) => {
                start.require(heap_type_feature(ty))?;
                cursor.byte()?;
                Ok(Self::Abstract(ty))
            }
            _ => {
                let idx = signed_type_idx(cursor, Form::HeapType)?;
                start.require(Feature::FunctionReferences)?;
                Ok(Self::Concrete(idx))
            }
        }
    }
}

/// Takes a reference type whose first byte is `code`, already taken; `what` is malformed when there is none.
fn ref_type(cursor: &mut Cursor<'_>, code: u8, start: &Cursor<'_>, what: Form) -> Result<RefType> {
    match code {
        0x63 | 0x64 => {
            start.require(Feature::FunctionReferences)?;
            Ok(RefType::new(code == 0x63, cursor.read()?))
        }
        _ => match AbstractHeapType::from_code(code) {
            Some(ty) => {
                start.require(heap_type_feature(ty))?;
                Ok(RefType::new(true, HeapType::Abstract(ty)))
            }
            None => Err(cursor.malformed(what, u32::from(code))),
        },
    }
}

impl<'a> Decode<'a> for RefType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        let code = cursor.byte()?;
        ref_type(cursor, code, &start, Form::RefType)
    }
}

impl<'a> Decode<'a> for ValType {
    #[inline]
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.byte()? {
            0x7F => Ok(Self::I32),
            0x7E => Ok(Self::I64),
            0x7D => Ok(Self::F32),
            0x7C => Ok(Self::F64),
            0x7B => {
                start.require(Feature::Simd)?;
                Ok(Self::V128)
            }
            code => ref_type(cursor, code, &start, Form::ValType).map(Self::from),
        }
    }
}

fn mutability(cursor: &mut Cursor<'_>) -> Result<bool> {
    match cursor.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(cursor.malformed(Form::Mutability, u32::from(found))),
    }
}

impl<'a> Decode<'a> for FieldType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let storage = match cursor.rest().first() {
            Some(0x78) => StorageType::I8,
            Some(0x77) => StorageType::I16,
            _ => StorageType::Val(cursor.read()?),
        };
        if storage.is_packed() {
            cursor.byte()?;
        }
        Ok(Self { storage, mutable: mutability(cursor)? })
    }
}

impl<'a> Decode<'a> for FuncType<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { params: sequence(cursor)?, results: sequence(cursor)? })
    }
}

impl<'a> Decode<'a> for CompositeType<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.byte()? {
            0x60 => Ok(Self::Func(cursor.read()?)),
            0x5F => {
                start.require(Feature::Gc)?;
                Ok(Self::Struct(sequence(cursor)?))
            }
            0x5E => {
                start.require(Feature::Gc)?;
                Ok(Self::Array(cursor.read()?))
            }
            0x5D => {
                start.require(Feature::StackSwitching)?;
                Ok(Self::Cont(signed_type_idx(cursor, Form::CompositeType)?))
            }
            found => Err(cursor.malformed(Form::CompositeType, u32::from(found))),
        }
    }
}

/// Takes the index after `prefix`, if that comes next (custom descriptors proposal).
fn prefixed_type_idx(cursor: &mut Cursor<'_>, prefix: u8) -> Result<Option<TypeIdx>> {
    if cursor.rest().first() != Some(&prefix) {
        return Ok(None);
    }
    cursor.require(Feature::CustomDescriptors)?;
    cursor.byte()?;
    Ok(Some(cursor.read()?))
}

impl<'a> Decode<'a> for SubType<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let code = cursor.rest().first().copied();
        let supertypes = if let Some(0x4F | 0x50) = code {
            cursor.require(Feature::Gc)?;
            cursor.byte()?;
            sequence(cursor)?
        } else {
            Sequence::from_checked(&[], 0)
        };
        Ok(Self {
            is_final: code != Some(0x50),
            supertypes,
            describes: prefixed_type_idx(cursor, 0x4C)?,
            descriptor: prefixed_type_idx(cursor, 0x4D)?,
            composite: cursor.read()?,
        })
    }
}

/// A recursive type group: the types defined together. Spec: `syntax-rectype`.
#[derive(Clone, Copy, Debug)]
pub struct RecGroup<'a> {
    types: Cursor<'a>,
    count: u32,
    explicit: bool,
}

impl<'a> RecGroup<'a> {
    /// How many types the group defines.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether it defines none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the group is written as one, rather than as a type alone.
    #[must_use]
    pub const fn is_explicit(&self) -> bool {
        self.explicit
    }

    /// The types in order, each with its offset in the module.
    pub fn types(&self) -> impl Iterator<Item = (u64, SubType<'a>)> + use<'a> {
        let mut cursor = self.types;
        (0..self.count).map_while(move |_| {
            let offset = cursor.offset();
            // Decoding the group has checked them all.
            cursor.read().ok().map(|ty| (offset, ty))
        })
    }
}

impl<'a> Decode<'a> for RecGroup<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let explicit = cursor.rest().first() == Some(&0x4E);
        let count = if explicit {
            cursor.require(Feature::Gc)?;
            cursor.byte()?;
            cursor.u32()?
        } else {
            1
        };
        let start = *cursor;
        for _ in 0..count {
            SubType::decode(cursor)?;
        }
        Ok(Self { types: cursor.since(&start), count, explicit })
    }
}

const HAS_MAX: u32 = 1;
const SHARED: u32 = 1 << 1;
const ADDRESS_64: u32 = 1 << 2;
const PAGE_SIZE: u32 = 1 << 3;

/// Takes the flags of limits, one byte without bits outside `allowed`.
fn limits_flags(cursor: &mut Cursor<'_>, allowed: u32) -> Result<u32> {
    let start = *cursor;
    let flags = u32::from(cursor.byte()?);
    if flags & !allowed != 0 {
        return Err(cursor.malformed(Form::LimitsFlags, flags));
    }
    for (bit, feature) in
        [(SHARED, Feature::Threads), (ADDRESS_64, Feature::Memory64), (PAGE_SIZE, Feature::CustomPageSizes)]
    {
        if flags & bit != 0 {
            start.require(feature)?;
        }
    }
    Ok(flags)
}

/// Takes a bound: 64 bits wide whatever the address type once 64-bit addresses exist. Spec: `binary-limits`.
fn bound(cursor: &mut Cursor<'_>) -> Result<u64> {
    if cursor.features().has(Feature::Memory64) { cursor.u64() } else { cursor.u32().map(u64::from) }
}

fn limits(cursor: &mut Cursor<'_>, flags: u32) -> Result<Limits> {
    let min = bound(cursor)?;
    let max = if flags & HAS_MAX != 0 { Some(bound(cursor)?) } else { None };
    Ok(Limits { min, max })
}

impl<'a> Decode<'a> for MemType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let flags = limits_flags(cursor, HAS_MAX | SHARED | ADDRESS_64 | PAGE_SIZE)?;
        let limits = limits(cursor, flags)?;
        let mut page_size_log2 = 16;
        if flags & PAGE_SIZE != 0 {
            let start = *cursor;
            let found = cursor.u32()?;
            page_size_log2 = match u8::try_from(found) {
                Ok(log2) if log2 < 64 => log2,
                _ => return Err(start.error(ReadErrorKind::Malformed { what: Form::PageSize, found })),
            };
        }
        Ok(Self { limits, memory64: flags & ADDRESS_64 != 0, shared: flags & SHARED != 0, page_size_log2 })
    }
}

impl<'a> Decode<'a> for TableType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        // Tables of functions are as old as WebAssembly; their element type has a code of its own there.
        let elem = if start.rest().first() == Some(&0x70) {
            cursor.byte()?;
            RefType::FUNCREF
        } else {
            cursor.read()?
        };
        let flags = limits_flags(cursor, HAS_MAX | ADDRESS_64)?;
        Ok(Self { elem, limits: limits(cursor, flags)?, table64: flags & ADDRESS_64 != 0 })
    }
}

impl<'a> Decode<'a> for GlobalType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { val: cursor.read()?, mutable: mutability(cursor)? })
    }
}

/// Takes a tag's type: an attribute, which is 0, and the index of a function type.
pub(crate) fn tag_type(cursor: &mut Cursor<'_>) -> Result<TypeIdx> {
    match cursor.byte()? {
        0 => cursor.read(),
        found => Err(cursor.malformed(Form::TagAttribute, u32::from(found))),
    }
}

/// Checks that one of the features with tags is on.
pub(crate) fn require_tags(cursor: &Cursor<'_>) -> Result<()> {
    let features = cursor.features();
    if features.has(Feature::LegacyExceptions) || features.has(Feature::StackSwitching) {
        return Ok(());
    }
    cursor.require(Feature::Exceptions)
}

impl<'a> Decode<'a> for ExternType {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.byte()? {
            0 => Ok(Self::Func(cursor.read()?)),
            1 => Ok(Self::Table(cursor.read()?)),
            2 => Ok(Self::Memory(cursor.read()?)),
            3 => Ok(Self::Global(cursor.read()?)),
            4 => {
                require_tags(&start)?;
                Ok(Self::Tag(tag_type(cursor)?))
            }
            0x20 => {
                start.require(Feature::CustomDescriptors)?;
                Ok(Self::FuncExact(cursor.read()?))
            }
            found => Err(cursor.malformed(Form::ImportKind, u32::from(found))),
        }
    }
}
