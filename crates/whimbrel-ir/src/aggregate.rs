//! Structures and arrays: how their fields lie in memory, and what the instructions on them are made of.

use wasm_syntax::{DataIdx, ElemIdx, FieldType, StorageType, TypeIdx, ValType};

use crate::Class;

/// Bytes before the first field of a structure.
pub const STRUCT_HEADER_BYTES: u32 = 8;
/// Bytes before the first element of an array.
pub const ARRAY_HEADER_BYTES: u32 = 16;
/// Where in an array its length is, 32 bits wide.
pub const ARRAY_LEN_OFFSET: u32 = 8;

/// How a field or element is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StorageOp {
    /// Eight bits, sign-extended when read.
    I8S,
    /// Eight bits, zero-extended when read.
    I8U,
    /// Sixteen bits, sign-extended when read.
    I16S,
    /// Sixteen bits, zero-extended when read.
    I16U,
    /// An `i32`.
    I32,
    /// An `i64` or a reference.
    I64,
    /// An `f32`.
    F32,
    /// An `f64`.
    F64,
    /// A `v128`.
    V128,
    /// A reference to the heap, when it is written: the collector may want to know what was there. Reading is as of an `i64`.
    HeapRef,
}

impl StorageOp {
    /// Every member, in encoding order.
    pub const ALL: [Self; 10] = [
        Self::I8S,
        Self::I8U,
        Self::I16S,
        Self::I16U,
        Self::I32,
        Self::I64,
        Self::F32,
        Self::F64,
        Self::V128,
        Self::HeapRef,
    ];

    /// How a field of this type is accessed; packed ones are extended by sign if `signed`.
    #[must_use]
    pub const fn of(field: FieldType, signed: bool) -> Self {
        match field.storage {
            StorageType::I8 if signed => Self::I8S,
            StorageType::I8 => Self::I8U,
            StorageType::I16 if signed => Self::I16S,
            StorageType::I16 => Self::I16U,
            StorageType::Val(ty) => match ty {
                ValType::I32 => Self::I32,
                ValType::F32 => Self::F32,
                ValType::F64 => Self::F64,
                ValType::V128 => Self::V128,
                _ => Self::I64,
            },
        }
    }

    /// The class of the value.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::I8S | Self::I8U | Self::I16S | Self::I16U | Self::I32 => Class::I32,
            Self::I64 | Self::HeapRef => Class::I64,
            Self::F32 => Class::F32,
            Self::F64 => Class::F64,
            Self::V128 => Class::V128,
        }
    }

    /// Bytes of the field.
    #[must_use]
    pub const fn width_bytes(self) -> u32 {
        match self {
            Self::I8S | Self::I8U => 1,
            Self::I16S | Self::I16U => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 | Self::HeapRef => 8,
            Self::V128 => 16,
        }
    }

    /// Suffix in listings.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::I8S => "i8_s",
            Self::I8U => "i8_u",
            Self::I16S => "i16_s",
            Self::I16U => "i16_u",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::HeapRef => "ref",
        }
    }
}

/// The places of a structure's fields, one after the other: where one lies depends on those before it alone, so that
/// subtypes have theirs where the supertype has them.
#[derive(Clone, Copy, Debug)]
pub struct StructLayout {
    end: u32,
}

impl StructLayout {
    /// A structure without fields yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { end: STRUCT_HEADER_BYTES }
    }

    /// Adds a field of that many bytes; returns its offset in bytes from the object's start.
    pub const fn add(&mut self, width_bytes: u32) -> u32 {
        let align = if width_bytes < 8 { width_bytes } else { 8 };
        let offset = self.end.next_multiple_of(align);
        self.end = offset + width_bytes;
        offset
    }

    /// Bytes of the whole object.
    #[must_use]
    pub const fn size_bytes(self) -> u32 {
        self.end
    }
}

impl Default for StructLayout {
    fn default() -> Self {
        Self::new()
    }
}

/// Instructions of one reference, or one integer, that make no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RefOp {
    /// `ref.i31`
    RefI31,
    /// `i31.get_s`
    I31GetS,
    /// `i31.get_u`
    I31GetU,
    /// `array.len`
    ArrayLen,
    /// `ref.get_desc`
    GetDesc,
}

impl RefOp {
    /// Every member, in encoding order.
    pub const ALL: [Self; 5] = [Self::RefI31, Self::I31GetS, Self::I31GetU, Self::ArrayLen, Self::GetDesc];

    /// The class of the operand.
    #[must_use]
    pub const fn operand(self) -> Class {
        if matches!(self, Self::RefI31) { Class::I32 } else { Class::I64 }
    }

    /// The class of the result.
    #[must_use]
    pub const fn result(self) -> Class {
        if matches!(self, Self::RefI31 | Self::GetDesc) { Class::I64 } else { Class::I32 }
    }

    /// Name in listings.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::RefI31 => "ref.i31",
            Self::I31GetS => "i31.get_s",
            Self::I31GetU => "i31.get_u",
            Self::ArrayLen => "array.len",
            Self::GetDesc => "ref.get_desc",
        }
    }
}

/// What a reference is tested for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CastTest {
    /// Whether null passes.
    pub nullable: bool,
    /// Which other references pass.
    pub kind: CastKind,
}

/// Which references that are not null pass a test. The operand's hierarchy is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastKind {
    /// None.
    Nothing,
    /// All of the hierarchy.
    Anything,
    /// 31-bit integers, structures and arrays.
    Eq,
    /// 31-bit integers.
    I31,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Structures or arrays of the type or its subtypes.
    Object(TypeIdx),
    /// Structures or arrays of exactly the type.
    ObjectExact(TypeIdx),
    /// Functions of the type or its subtypes.
    Func(TypeIdx),
    /// Functions of exactly the type.
    FuncExact(TypeIdx),
}

impl CastKind {
    pub(crate) const fn parts(self) -> (u8, u32) {
        match self {
            Self::Nothing => (0, 0),
            Self::Anything => (1, 0),
            Self::Eq => (2, 0),
            Self::I31 => (3, 0),
            Self::Struct => (4, 0),
            Self::Array => (5, 0),
            Self::Object(ty) => (6, ty.0),
            Self::ObjectExact(ty) => (7, ty.0),
            Self::Func(ty) => (8, ty.0),
            Self::FuncExact(ty) => (9, ty.0),
        }
    }

    pub(crate) const fn from_parts(tag: u8, ty: u32) -> Option<Self> {
        Some(match tag {
            0 => Self::Nothing,
            1 => Self::Anything,
            2 => Self::Eq,
            3 => Self::I31,
            4 => Self::Struct,
            5 => Self::Array,
            6 => Self::Object(TypeIdx(ty)),
            7 => Self::ObjectExact(TypeIdx(ty)),
            8 => Self::Func(TypeIdx(ty)),
            9 => Self::FuncExact(TypeIdx(ty)),
            _ => return None,
        })
    }
}

/// Instructions that make objects or work on stretches of arrays. Operands are consecutive slots from `a` on; a reference
/// to a new object goes to `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `a` = the fields.
    StructNew(TypeIdx),
    /// No operands.
    StructNewDefault(TypeIdx),
    /// `a` = the fields, descriptor.
    StructNewDesc(TypeIdx),
    /// `a` = descriptor.
    StructNewDefaultDesc(TypeIdx),
    /// `a` = element, length.
    ArrayNew(TypeIdx),
    /// `a` = length.
    ArrayNewDefault(TypeIdx),
    /// `a` = as many elements.
    ArrayNewFixed(TypeIdx, u32),
    /// `a` = offset in the segment, length.
    ArrayNewData(TypeIdx, DataIdx),
    /// `a` = offset in the segment, length.
    ArrayNewElem(TypeIdx, ElemIdx),
    /// `a` = array, index, element, length.
    ArrayFill(TypeIdx),
    /// `a` = array, index, source array, index, length; the type is the first array's.
    ArrayCopy(TypeIdx),
    /// `a` = array, index, offset in the segment, length.
    ArrayInitData(TypeIdx, DataIdx),
    /// `a` = array, index, offset in the segment, length.
    ArrayInitElem(TypeIdx, ElemIdx),
}

impl AggregateOp {
    pub(crate) const fn parts(self) -> (u8, u32, u32) {
        match self {
            Self::StructNew(ty) => (0, ty.0, 0),
            Self::StructNewDefault(ty) => (1, ty.0, 0),
            Self::StructNewDesc(ty) => (2, ty.0, 0),
            Self::StructNewDefaultDesc(ty) => (3, ty.0, 0),
            Self::ArrayNew(ty) => (4, ty.0, 0),
            Self::ArrayNewDefault(ty) => (5, ty.0, 0),
            Self::ArrayNewFixed(ty, count) => (6, ty.0, count),
            Self::ArrayNewData(ty, data) => (7, ty.0, data.0),
            Self::ArrayNewElem(ty, elem) => (8, ty.0, elem.0),
            Self::ArrayFill(ty) => (9, ty.0, 0),
            Self::ArrayCopy(ty) => (10, ty.0, 0),
            Self::ArrayInitData(ty, data) => (11, ty.0, data.0),
            Self::ArrayInitElem(ty, elem) => (12, ty.0, elem.0),
        }
    }

    pub(crate) const fn from_parts(tag: u8, x: u32, y: u32) -> Option<Self> {
        let ty = TypeIdx(x);
        Some(match tag {
            0 => Self::StructNew(ty),
            1 => Self::StructNewDefault(ty),
            2 => Self::StructNewDesc(ty),
            3 => Self::StructNewDefaultDesc(ty),
            4 => Self::ArrayNew(ty),
            5 => Self::ArrayNewDefault(ty),
            6 => Self::ArrayNewFixed(ty, y),
            7 => Self::ArrayNewData(ty, DataIdx(y)),
            8 => Self::ArrayNewElem(ty, ElemIdx(y)),
            9 => Self::ArrayFill(ty),
            10 => Self::ArrayCopy(ty),
            11 => Self::ArrayInitData(ty, DataIdx(y)),
            12 => Self::ArrayInitElem(ty, ElemIdx(y)),
            _ => return None,
        })
    }

    /// The type of the object made or written.
    #[must_use]
    pub const fn ty(self) -> TypeIdx {
        TypeIdx(self.parts().1)
    }

    /// Name in listings.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::StructNew(_) => "struct.new",
            Self::StructNewDefault(_) => "struct.new_default",
            Self::StructNewDesc(_) => "struct.new_desc",
            Self::StructNewDefaultDesc(_) => "struct.new_default_desc",
            Self::ArrayNew(_) => "array.new",
            Self::ArrayNewDefault(_) => "array.new_default",
            Self::ArrayNewFixed(..) => "array.new_fixed",
            Self::ArrayNewData(..) => "array.new_data",
            Self::ArrayNewElem(..) => "array.new_elem",
            Self::ArrayFill(_) => "array.fill",
            Self::ArrayCopy(_) => "array.copy",
            Self::ArrayInitData(..) => "array.init_data",
            Self::ArrayInitElem(..) => "array.init_elem",
        }
    }
}
