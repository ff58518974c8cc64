//! Types of structures and arrays as the heap needs them: where fields are, which of them are references.

use alloc::boxed::Box;
use alloc::vec::Vec;

use whimbrel_ir::{ARRAY_HEADER_BYTES, RefKind, StorageOp, StructLayout};

use super::continuations::FUNC_OFFSET;
use super::heap::class_of;
use crate::instance::TypeId;
use crate::value::SlotType;

/// What a field or element holds. Spec: `syntax-storagetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldStorage {
    /// Eight bits of an `i32`.
    I8,
    /// Sixteen bits of an `i32`.
    I16,
    /// A whole value.
    Val(SlotType),
}

impl FieldStorage {
    /// How it is accessed, without extension by sign.
    #[must_use]
    pub const fn op(self) -> StorageOp {
        match self {
            Self::I8 => StorageOp::I8U,
            Self::I16 => StorageOp::I16U,
            Self::Val(SlotType::I32) => StorageOp::I32,
            Self::Val(SlotType::F32) => StorageOp::F32,
            Self::Val(SlotType::F64) => StorageOp::F64,
            Self::Val(SlotType::V128) => StorageOp::V128,
            Self::Val(_) => StorageOp::I64,
        }
    }

    /// The type of the value read.
    #[must_use]
    pub const fn unpacked(self) -> SlotType {
        match self {
            Self::I8 | Self::I16 => SlotType::I32,
            Self::Val(ty) => ty,
        }
    }
}

/// A field of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it holds.
    pub storage: FieldStorage,
    /// Whether it may be written.
    pub mutable: bool,
    /// How it is accessed.
    pub(crate) op: StorageOp,
    /// Bytes from the object's start; of an array, to the first element.
    pub(crate) offset: u32,
}

/// What objects of a type are made of.
#[derive(Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A structure with these fields.
    Struct(Box<[Field]>),
    /// An array of these elements.
    Array(Field),
}

/// What objects are that are neither structures nor arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// Exceptions, whose tag is behind the header.
    Exception,
    /// Continuations.
    Continuation,
}

/// A type of structures or arrays.
#[derive(Debug)]
pub struct ObjectType {
    /// The canonical id.
    pub id: TypeId,
    /// The ids of the supertypes, the most general one first, and of the type itself.
    pub(crate) display: Box<[TypeId]>,
    /// Fields or elements.
    pub kind: ObjectKind,
    /// Bytes of a structure.
    pub(crate) size_bytes: u32,
    /// Where the reference to the descriptor is, if objects have one: behind the fields, so that it is out of the way of
    /// subtypes' and supertypes'.
    pub(crate) descriptor: Option<u32>,
    /// Where a structure's references are.
    pub(super) refs: Box<[(u32, RefKind)]>,
    /// What the elements of an array refer to, if they are references.
    pub(super) elem_refs: Option<RefKind>,
    /// What objects are, if neither structures nor arrays.
    pub(super) special: Option<Special>,
    /// The class of a structure's cells in the heap.
    pub(super) class: u8,
    /// Bytes of such a cell.
    pub(super) cell_bytes: u32,
    /// The places of the first fields, as long as one after the other can be written with eight bytes: what is too much is
    /// written again by the next ones, or is behind the last one and in the cell.
    pub(crate) plain_fields: Box<[u32]>,
}

/// What values of the type keep alive, if anything.
pub(crate) const fn ref_kind(ty: SlotType) -> Option<RefKind> {
    match ty {
        SlotType::Func { .. } => Some(RefKind::Func),
        SlotType::Extern { .. } | SlotType::Exn { .. } | SlotType::Cont { .. } | SlotType::Any { .. } => {
            Some(RefKind::Heap)
        }
        _ => None,
    }
}

/// How many of the fields, from the first on, can be written as [`ObjectType::plain_fields`] says, in cells of that size.
fn plain_fields(fields: &[Field], cell_bytes: u32) -> Box<[u32]> {
    if cfg!(target_endian = "big") {
        return Box::default();
    }
    let is_plain = |field: &&Field| field.op != StorageOp::V128 && field.offset + 8 <= cell_bytes;
    fields.iter().take_while(is_plain).map(|field| field.offset).collect()
}

impl ObjectType {
    /// The structure type `id` with these proper supertypes, the most general one first, and these fields, each with
    /// whether it may be written; `descriptor` says whether its objects have one.
    #[must_use]
    pub fn new_struct(id: TypeId, supertypes: &[TypeId], fields: &[(FieldStorage, bool)], descriptor: bool) -> Self {
        let mut layout = StructLayout::new();
        let place = |&(storage, mutable): &(FieldStorage, bool)| {
            let op = storage.op();
            Field { storage, mutable, op, offset: layout.add(op.width_bytes()) }
        };
        let fields: Box<[Field]> = fields.iter().map(place).collect();
        let place = |field: &Field| Some((field.offset, ref_kind(field.storage.unpacked())?));
        let mut refs: Vec<(u32, RefKind)> = fields.iter().filter_map(place).collect();
        let descriptor = descriptor.then(|| layout.add(8));
        refs.extend(descriptor.map(|offset| (offset, RefKind::Heap)));
        let size_bytes = layout.size_bytes();
        let (class, cell_bytes) = class_of(size_bytes as usize);
        Self {
            id,
            display: supertypes.iter().copied().chain([id]).collect(),
            plain_fields: plain_fields(&fields, cell_bytes as u32),
            kind: ObjectKind::Struct(fields),
            size_bytes,
            descriptor,
            refs: refs.into(),
            elem_refs: None,
            special: None,
            class: class as u8,
            cell_bytes: cell_bytes as u32,
        }
    }

    /// The type of exceptions that carry values of these types, each in its slots, behind the header and the tag.
    pub(crate) fn new_exception(payload: &[SlotType]) -> Self {
        let mut ty = Self::new_struct(TypeId(u32::MAX), &[], &[], false);
        let mut layout = StructLayout::new();
        layout.add(8);
        let mut refs = Vec::new();
        for &slot in payload {
            let offset = layout.add(8);
            refs.extend(ref_kind(slot).map(|kind| (offset, kind)));
            (1..slot.slots()).for_each(|_| _ = layout.add(8));
        }
        (ty.size_bytes, ty.refs, ty.special) = (layout.size_bytes(), refs.into(), Some(Special::Exception));
        ty
    }

    /// The type of continuations.
    pub(crate) fn new_continuation() -> Self {
        let words = [(FieldStorage::Val(SlotType::I64), false); 2];
        let mut ty = Self::new_struct(TypeId(u32::MAX), &[], &words, false);
        (ty.refs, ty.special) = (Box::new([(FUNC_OFFSET as u32, RefKind::Func)]), Some(Special::Continuation));
        ty
    }

    /// The array type `id` with these proper supertypes, the most general one first, and such elements.
    #[must_use]
    pub fn new_array(id: TypeId, supertypes: &[TypeId], storage: FieldStorage, mutable: bool) -> Self {
        let elem = Field { storage, mutable, op: storage.op(), offset: ARRAY_HEADER_BYTES };
        Self {
            id,
            display: supertypes.iter().copied().chain([id]).collect(),
            kind: ObjectKind::Array(elem),
            size_bytes: ARRAY_HEADER_BYTES,
            descriptor: None,
            refs: Box::default(),
            elem_refs: ref_kind(storage.unpacked()),
            special: None,
            class: 0,
            cell_bytes: 0,
            plain_fields: Box::default(),
        }
    }

    /// Whether objects of this type are of type `other`, too. Spec: `match-deftype`.
    #[inline]
    #[must_use]
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.display.get(other.display.len() - 1) == Some(&other.id)
    }

    /// Whether objects of this type are of the type `id`, too.
    #[must_use]
    pub fn matches_id(&self, id: TypeId) -> bool {
        self.display.contains(&id)
    }

    /// Whether it is a structure type.
    #[inline]
    #[must_use]
    pub fn is_struct(&self) -> bool {
        matches!(self.kind, ObjectKind::Struct(_))
    }

    /// The element, of an array type.
    #[inline]
    pub(crate) fn elem(&self) -> Option<Field> {
        match self.kind {
            ObjectKind::Array(elem) => Some(elem),
            ObjectKind::Struct(_) => None,
        }
    }

    /// Whether the elements are references to the heap, which a collection under way has to be told of.
    pub(crate) fn has_heap_elems(&self) -> bool {
        self.elem_refs == Some(RefKind::Heap)
    }
}
