//! Type definitions: functions, structures, arrays, continuations, and their place in the subtype hierarchy.
//!
//! Lists stay in the binary as [`Sequence`]s, so that a definition costs no allocation. Spec: `syntax-rectype`.

use crate::immediate::{take_byte, take_u32};
use crate::{AbstractHeapType, FieldType, HeapType, RefType, Sequence, SequenceElement, StorageType, TypeIdx, ValType};

/// A member of a recursive type group. Spec: `syntax-subtype`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubType<'a> {
    /// Whether no type may declare this one as its supertype.
    pub is_final: bool,
    /// The declared supertypes; only none or one is valid.
    pub supertypes: Sequence<'a, TypeIdx>,
    /// The type whose descriptor this is (custom descriptors proposal).
    pub describes: Option<TypeIdx>,
    /// The type of this one's descriptor (custom descriptors proposal).
    pub descriptor: Option<TypeIdx>,
    /// The structure of the type.
    pub composite: CompositeType<'a>,
}

/// What values of a defined type are made of. Spec: `syntax-comptype`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CompositeType<'a> {
    /// A function.
    Func(FuncType<'a>),
    /// A structure with these fields.
    Struct(Sequence<'a, FieldType>),
    /// An array of this element.
    Array(FieldType),
    /// A continuation of a function type (stack switching proposal).
    Cont(TypeIdx),
}

/// The operands and results of a function. Spec: `syntax-functype`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FuncType<'a> {
    /// Types of the operands.
    pub params: Sequence<'a, ValType>,
    /// Types of the results.
    pub results: Sequence<'a, ValType>,
}

impl SequenceElement for TypeIdx {
    fn take(bytes: &mut &[u8]) -> Self {
        Self(take_u32(bytes))
    }
}

fn take_heap_type(bytes: &mut &[u8]) -> HeapType {
    match bytes.first() {
        Some(&0x62) => {
            take_byte(bytes);
            HeapType::Exact(TypeIdx(take_u32(bytes) & crate::MAX_TYPE_IDX))
        }
        Some(&code) if let Some(ty) = AbstractHeapType::from_code(code) => {
            take_byte(bytes);
            HeapType::Abstract(ty)
        }
        // A type index is a non-negative 33-bit integer, whose low 32 bits read as an unsigned one.
        _ => HeapType::Concrete(TypeIdx(take_u32(bytes) & crate::MAX_TYPE_IDX)),
    }
}

impl SequenceElement for ValType {
    #[inline]
    fn take(bytes: &mut &[u8]) -> Self {
        match take_byte(bytes) {
            0x7F => Self::I32,
            0x7E => Self::I64,
            0x7D => Self::F32,
            0x7C => Self::F64,
            0x7B => Self::V128,
            code @ (0x63 | 0x64) => RefType::new(code == 0x63, take_heap_type(bytes)).into(),
            code => match AbstractHeapType::from_code(code) {
                Some(ty) => RefType::new(true, HeapType::Abstract(ty)).into(),
                None => Self::I32,
            },
        }
    }
}

impl SequenceElement for FieldType {
    fn take(bytes: &mut &[u8]) -> Self {
        let storage = match bytes.first() {
            Some(&code @ (0x77 | 0x78)) => {
                take_byte(bytes);
                if code == 0x78 { StorageType::I8 } else { StorageType::I16 }
            }
            _ => StorageType::Val(ValType::take(bytes)),
        };
        Self { storage, mutable: take_byte(bytes) != 0 }
    }
}
