//! A module's type definitions: their storage, and subtyping between them.
//!
//! Lists of value types and fields lie in two flat arrays, so that a definition is one small record. Two definitions of a
//! module are equal if their canonical indices are: the canonical index of a type is the smallest index of an equal type
//! of the same module. Spec: `syntax-rectype`, `valid-matching`.

mod group;
mod key;
pub(crate) mod lattice;

use alloc::vec::Vec;

use wasm_syntax::{FieldType, HeapType, MAX_TYPE_IDX, RefType, StorageType, TypeIdx, ValType};

pub(crate) use group::{GroupBuilder, check_limit, check_ref_type, check_val_type, require};
pub(crate) use key::{KeyWriter, func_key, write_group};

use crate::error::{CompositeKind, ErrorKind, IndexSpace, ValidateError};
use lattice::Heap;

/// The type of a value that unreachable code leaves: it is every type at once.
///
/// Neither this nor [`bottom_ref`] is a module's type, since no module has a definition with the largest index.
#[inline(always)]
pub(crate) fn bottom() -> ValType {
    RefType::new(true, HeapType::Exact(TypeIdx(MAX_TYPE_IDX))).into()
}

/// The type of a non-null reference of which unreachable code says no more.
#[inline(always)]
pub(crate) fn bottom_ref() -> ValType {
    RefType::new(false, HeapType::Exact(TypeIdx(MAX_TYPE_IDX))).into()
}

/// Whether unreachable code leaves more than one possibility for the value's type.
#[inline]
pub(crate) fn is_bottom(ty: ValType) -> bool {
    ty == bottom() || ty == bottom_ref()
}

/// A function's operands and results. Spec: `syntax-functype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuncSig<'m> {
    /// Types of the operands.
    pub params: &'m [ValType],
    /// Types of the results.
    pub results: &'m [ValType],
}

/// A definition; lists are ranges of the table's flat arrays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeDef {
    pub composite: Composite,
    pub supertype: Option<TypeIdx>,
    pub describes: Option<TypeIdx>,
    pub descriptor: Option<TypeIdx>,
    /// The smallest index of an equal type.
    pub canonical: TypeIdx,
    /// The number of supertypes above.
    pub depth: u8,
    pub is_final: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Composite {
    /// Operands at `start`, results right after them.
    Func {
        start: u32,
        params: u32,
        results: u32,
    },
    Struct {
        start: u32,
        len: u32,
    },
    Array(FieldType),
    Cont(TypeIdx),
}

impl Composite {
    pub fn kind(&self) -> CompositeKind {
        match self {
            Self::Func { .. } => CompositeKind::Func,
            Self::Struct { .. } => CompositeKind::Struct,
            Self::Array(_) => CompositeKind::Array,
            Self::Cont(_) => CompositeKind::Cont,
        }
    }
}

/// The type index space.
#[derive(Debug, Default)]
pub(crate) struct TypeTable {
    defs: Vec<TypeDef>,
    vals: Vec<ValType>,
    fields: Vec<FieldType>,
    /// The first member of each recursive group.
    groups: Vec<TypeIdx>,
}

impl TypeTable {
    #[inline]
    pub fn len(&self) -> u32 {
        self.defs.len() as u32
    }

    pub fn shrink(&mut self) {
        self.defs.shrink_to_fit();
        self.vals.shrink_to_fit();
        self.fields.shrink_to_fit();
        self.groups.shrink_to_fit();
    }

    /// The definition, or the error that there is none.
    #[inline]
    pub fn get(&self, idx: TypeIdx) -> Result<&TypeDef, ValidateError> {
        match self.defs.get(idx.index()) {
            Some(def) => Ok(def),
            None => Err(unknown(IndexSpace::Type, idx.0, self.len())),
        }
    }

    /// The definition at an index that is known to exist.
    #[inline]
    pub fn def(&self, idx: TypeIdx) -> &TypeDef {
        &self.defs[idx.index()]
    }

    /// The recursive groups in order, as index ranges.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = core::ops::Range<u32>> + '_ {
        (0..self.groups.len()).map(|i| {
            let end = self.groups.get(i + 1).map_or(self.len(), |next| next.0);
            self.groups[i].0..end
        })
    }

    /// The operands and results of a function type's definition.
    #[inline]
    pub fn sig_of(&self, composite: &Composite) -> Option<FuncSig<'_>> {
        match *composite {
            Composite::Func { start, params, results } => {
                let list = &self.vals[start as usize..(start + params + results) as usize];
                let (params, results) = list.split_at(params as usize);
                Some(FuncSig { params, results })
            }
            _ => None,
        }
    }

    #[inline]
    pub fn func(&self, idx: TypeIdx) -> Result<FuncSig<'_>, ValidateError> {
        let def = self.get(idx)?;
        match self.sig_of(&def.composite) {
            Some(sig) => Ok(sig),
            None => Err(wrong_kind(idx, CompositeKind::Func, def)),
        }
    }

    pub fn fields_of(&self, composite: &Composite) -> Option<&[FieldType]> {
        match *composite {
            Composite::Struct { start, len } => Some(&self.fields[start as usize..(start + len) as usize]),
            _ => None,
        }
    }

    pub fn fields(&self, idx: TypeIdx) -> Result<&[FieldType], ValidateError> {
        let def = self.get(idx)?;
        match self.fields_of(&def.composite) {
            Some(fields) => Ok(fields),
            None => Err(wrong_kind(idx, CompositeKind::Struct, def)),
        }
    }

    pub fn elem(&self, idx: TypeIdx) -> Result<FieldType, ValidateError> {
        let def = self.get(idx)?;
        match def.composite {
            Composite::Array(field) => Ok(field),
            _ => Err(wrong_kind(idx, CompositeKind::Array, def)),
        }
    }

    /// The function type of a continuation type.
    pub fn cont(&self, idx: TypeIdx) -> Result<TypeIdx, ValidateError> {
        let def = self.get(idx)?;
        match def.composite {
            Composite::Cont(func) => Ok(func),
            _ => Err(wrong_kind(idx, CompositeKind::Cont, def)),
        }
    }

    /// Whether every value of the first definition is one of the second: equal types, or a declared chain of supertypes.
    pub fn is_subtype(&self, a: TypeIdx, b: TypeIdx) -> bool {
        let target = self.def(b).canonical;
        let depth = self.def(b).depth;
        let mut def = self.def(a);
        // Each step up lowers the depth by one, so the walk is at most the depth limit long.
        while def.depth > depth {
            match def.supertype {
                Some(parent) => def = self.def(parent),
                None => return false,
            }
        }
        def.canonical == target
    }

    fn heap(&self, heap: HeapType) -> Heap<TypeIdx> {
        match heap {
            HeapType::Abstract(ty) => Heap::Abstract(ty),
            HeapType::Concrete(idx) => Heap::Concrete(idx, self.def(idx).composite.kind()),
            HeapType::Exact(idx) => Heap::Exact(idx, self.def(idx).composite.kind()),
        }
    }

    /// Subtyping of heap types whose indices exist. Spec: `match-heaptype`.
    pub fn is_heap_subtype(&self, a: HeapType, b: HeapType) -> bool {
        a == b || lattice::is_subtype(self.heap(a), self.heap(b), |a, b| self.is_subtype(a, b))
    }

    /// Spec: `match-reftype`.
    pub fn is_ref_subtype(&self, a: RefType, b: RefType) -> bool {
        a == b || ((!a.is_nullable() || b.is_nullable()) && self.is_heap_subtype(a.heap(), b.heap()))
    }

    /// Spec: `match-valtype`. Bottom types of unreachable code are subtypes as they should be.
    #[inline]
    pub fn is_val_subtype(&self, a: ValType, b: ValType) -> bool {
        a == b || self.is_other_val_subtype(a, b)
    }

    #[cold]
    fn is_other_val_subtype(&self, a: ValType, b: ValType) -> bool {
        if a == bottom() {
            return true;
        }
        match (a.as_ref(), b.as_ref()) {
            (Some(_), Some(_)) if a == bottom_ref() => true,
            (Some(a), Some(b)) => self.is_ref_subtype(a, b),
            _ => false,
        }
    }

    /// Spec: `match-resulttype`.
    pub fn is_result_subtype(&self, a: &[ValType], b: &[ValType]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| self.is_val_subtype(a, b))
    }

    /// Spec: `match-functype`.
    pub fn is_sig_subtype(&self, a: FuncSig<'_>, b: FuncSig<'_>) -> bool {
        self.is_result_subtype(b.params, a.params) && self.is_result_subtype(a.results, b.results)
    }

    /// Spec: `match-storagetype`.
    pub fn is_storage_subtype(&self, a: StorageType, b: StorageType) -> bool {
        match (a, b) {
            (StorageType::Val(a), StorageType::Val(b)) => self.is_val_subtype(a, b),
            (a, b) => a == b,
        }
    }

    /// Spec: `match-fieldtype`.
    pub fn is_field_subtype(&self, a: FieldType, b: FieldType) -> bool {
        a.mutable == b.mutable
            && self.is_storage_subtype(a.storage, b.storage)
            && (!a.mutable || self.is_storage_subtype(b.storage, a.storage))
    }

    /// Spec: `match-comptype`.
    pub fn is_composite_subtype(&self, a: &Composite, b: &Composite) -> bool {
        match (a, b) {
            (Composite::Func { .. }, Composite::Func { .. }) => match (self.sig_of(a), self.sig_of(b)) {
                (Some(a), Some(b)) => self.is_sig_subtype(a, b),
                _ => false,
            },
            (Composite::Struct { .. }, Composite::Struct { .. }) => match (self.fields_of(a), self.fields_of(b)) {
                (Some(a), Some(b)) => a.len() >= b.len() && a.iter().zip(b).all(|(&a, &b)| self.is_field_subtype(a, b)),
                _ => false,
            },
            (Composite::Array(a), Composite::Array(b)) => self.is_field_subtype(*a, *b),
            (Composite::Cont(a), Composite::Cont(b)) => self.is_subtype(*a, *b),
            _ => false,
        }
    }

    /// The largest type above a heap type whose index exists. Spec: `match-heaptype`.
    pub fn top(&self, heap: HeapType) -> HeapType {
        HeapType::Abstract(lattice::top(self.heap(heap)))
    }
}

#[cold]
pub(crate) fn unknown(space: IndexSpace, index: u32, count: u32) -> ValidateError {
    ErrorKind::Unknown { space, index, count }.into()
}

#[cold]
fn wrong_kind(ty: TypeIdx, expected: CompositeKind, def: &TypeDef) -> ValidateError {
    ErrorKind::WrongKind { ty, expected, found: def.composite.kind() }.into()
}
