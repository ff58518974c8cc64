//! References of the hierarchies of `any` and `extern`, as the embedder holds them, and structures and arrays as it uses
//! them.

use alloc::sync::Arc;

use super::externs::{ExternHandle, ExternTable};
use super::heap::{AllocError, Heap, ObjectHandle, array_len, at, is_object, type_of};
use super::types::{Field, ObjectKind, ObjectType, ref_kind};
use whimbrel_ir::RefKind;

use crate::store::{ObjectError, Objects, Store};
use crate::value::{AnyHeap, Value, ValueError, WrongStore};

/// A reference that is not null. Both hierarchies have the same: conversion changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyHandle {
    /// A 31-bit integer, zero-extended.
    I31(u32),
    /// A structure or an array.
    Object(ObjectHandle),
    /// A value of the embedder's.
    Extern(ExternHandle),
}

impl From<ExternHandle> for AnyHandle {
    fn from(handle: ExternHandle) -> Self {
        Self::Extern(handle)
    }
}

/// The word of a 31-bit integer; the highest bit of `value` is dropped.
#[inline(always)]
pub(crate) const fn word_of_i31(value: u32) -> u64 {
    (value << 1 | 1) as u64
}

impl Objects {
    /// The word of a reference.
    pub(crate) fn any_word(&self, reference: &AnyHandle) -> Result<u64, WrongStore> {
        match reference {
            AnyHandle::I31(value) => Ok(word_of_i31(*value)),
            AnyHandle::Object(object) => object.address(self.id),
            AnyHandle::Extern(value) => ExternTable::to_slot(value, self.id),
        }
    }

    /// The word of a reference that has to be one of `heap`.
    pub(crate) fn lower_any(&self, reference: &AnyHandle, heap: AnyHeap) -> Result<u64, ValueError> {
        let word = self.any_word(reference)?;
        let ty = match reference {
            // SAFETY: a handle keeps the object alive.
            AnyHandle::Object(_) => Some(unsafe { type_of(word) }),
            _ => None,
        };
        let is_i31 = matches!(reference, AnyHandle::I31(_));
        let matches = match heap {
            AnyHeap::Any => true,
            AnyHeap::Eq => is_i31 || ty.is_some(),
            AnyHeap::I31 => is_i31,
            AnyHeap::Struct => ty.is_some_and(ObjectType::is_struct),
            AnyHeap::Array => ty.is_some_and(|ty| !ty.is_struct()),
            AnyHeap::Defined(id) => ty.is_some_and(|ty| ty.matches_id(id)),
            AnyHeap::Exact(id) => ty.is_some_and(|ty| ty.id == id),
        };
        if matches { Ok(word) } else { Err(ValueError::Type) }
    }

    /// The reference that a word is; `None` for null.
    ///
    /// # Safety
    ///
    /// What it refers to is alive.
    pub(crate) unsafe fn lift_any(&mut self, word: u64) -> Option<AnyHandle> {
        if word == 0 {
            return None;
        }
        if word & 1 == 1 {
            return Some(AnyHandle::I31(word as u32 >> 1));
        }
        if is_object(word) {
            // SAFETY: by contract.
            return Some(AnyHandle::Object(unsafe { self.heap.get_mut().hold(word, self.id) }));
        }
        self.heap.get().externs.at_slot(word, self.id).map(AnyHandle::Extern)
    }
}

/// Reads a field or element at `place`, little-endian, as its slots; packed ones are zero-extended.
///
/// # Safety
///
/// Such a value is there.
pub(crate) unsafe fn read(place: *const u8, op: whimbrel_ir::StorageOp) -> [u64; 2] {
    use whimbrel_ir::StorageOp as Op;
    // SAFETY: by contract; places are aligned to the value's width, to 8 at most.
    unsafe {
        match op {
            Op::I8S | Op::I8U => [u64::from(place.read()), 0],
            Op::I16S | Op::I16U => [u64::from(u16::from_le(place.cast::<u16>().read())), 0],
            Op::I32 | Op::F32 => [u64::from(u32::from_le(place.cast::<u32>().read())), 0],
            Op::I64 | Op::F64 | Op::HeapRef => [u64::from_le(place.cast::<u64>().read()), 0],
            Op::V128 => place.cast::<[u64; 2]>().read(),
        }
    }
}

/// Writes a field or element at `place`, little-endian, from its slots.
///
/// # Safety
///
/// There is room for such a value; `slots` are as many as the value has.
#[inline(always)]
pub(crate) unsafe fn write(place: *mut u8, op: whimbrel_ir::StorageOp, slots: *const u64) {
    use whimbrel_ir::StorageOp as Op;
    // SAFETY: by contract; places are aligned to the value's width, to 8 at most.
    unsafe {
        match op {
            Op::I8S | Op::I8U => place.write(*slots as u8),
            Op::I16S | Op::I16U => place.cast::<u16>().write((*slots as u16).to_le()),
            Op::I32 | Op::F32 => place.cast::<u32>().write((*slots as u32).to_le()),
            Op::I64 | Op::F64 | Op::HeapRef => place.cast::<u64>().write((*slots).to_le()),
            Op::V128 => place.cast::<[u64; 2]>().write(slots.cast::<[u64; 2]>().read()),
        }
    }
}

impl Store {
    /// The type of a structure or array.
    ///
    /// # Errors
    ///
    /// If it is of another store; so with the methods below.
    pub fn object_type(&self, object: &ObjectHandle) -> Result<&ObjectType, WrongStore> {
        let address = object.address(self.objects.id)?;
        // SAFETY: the handle keeps the object alive.
        Ok(unsafe { type_of(address) })
    }

    /// Makes a structure of `ty`. Spec: `exec-struct.new`.
    ///
    /// # Errors
    ///
    /// If the values are not those of the type's fields, or it is no structure type or one with a descriptor, or there is no
    /// memory.
    pub fn new_struct(&mut self, ty: &Arc<ObjectType>, values: &[Value]) -> Result<ObjectHandle, ObjectError> {
        let ObjectKind::Struct(fields) = &ty.kind else { return Err(ValueError::Type.into()) };
        if ty.descriptor.is_some() {
            return Err(ValueError::Type.into());
        }
        if fields.len() != values.len() {
            return Err(ValueError::Count { expected: fields.len(), found: values.len() }.into());
        }
        let slots = self.lower_fields(fields.iter().copied().zip(values))?;
        let object = self.alloc(ty, None)?;
        for (field, slots) in fields.iter().zip(&slots) {
            // SAFETY: the object was just made with room for its fields.
            unsafe { write(object.add(field.offset as usize), field.op, slots.as_ptr()) };
        }
        // SAFETY: the object is complete.
        Ok(unsafe { self.objects.heap.get_mut().hold(object.addr() as u64, self.objects.id) })
    }

    /// Makes an array of `ty`. Spec: `exec-array.new_fixed`.
    ///
    /// # Errors
    ///
    /// If a value is not of the elements' type, or it is no array type, or there is no memory.
    pub fn new_array(&mut self, ty: &Arc<ObjectType>, values: &[Value]) -> Result<ObjectHandle, ObjectError> {
        let elem = ty.elem().ok_or(ValueError::Type)?;
        let len = u32::try_from(values.len()).map_err(|_| ObjectError::Limit("array"))?;
        let slots = self.lower_fields(values.iter().map(|value| (elem, value)))?;
        let object = self.alloc(ty, Some(len))?;
        for (n, slots) in slots.iter().enumerate() {
            let offset = elem.offset as usize + n * elem.op.width_bytes() as usize;
            // SAFETY: the object was just made with room for its elements.
            unsafe { write(object.add(offset), elem.op, slots.as_ptr()) };
        }
        // SAFETY: the object is complete.
        Ok(unsafe { self.objects.heap.get_mut().hold(object.addr() as u64, self.objects.id) })
    }

    fn lower_fields<'a>(
        &self,
        values: impl Iterator<Item = (Field, &'a Value)>,
    ) -> Result<alloc::vec::Vec<[u64; 2]>, ValueError> {
        values.map(|(field, value)| self.objects.lower(value, field.storage.unpacked())).collect()
    }

    /// Memory for a structure, or an array of that many elements.
    fn alloc(&mut self, ty: &Arc<ObjectType>, len: Option<u32>) -> Result<*mut u8, ObjectError> {
        self.objects.heap.get_mut().keep_type(ty);
        self.allocate(|heap| {
            // SAFETY: the heap keeps the type; callers write the object at once.
            unsafe {
                match len {
                    None => heap.alloc(Arc::as_ptr(ty), ty.size_bytes as usize),
                    Some(len) => heap.alloc_array(ty, len),
                }
            }
        })
    }

    /// Does an allocation, as often as the collector has to work first.
    pub(super) fn allocate<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Heap) -> Result<T, AllocError>,
    ) -> Result<T, ObjectError> {
        loop {
            match attempt(self.objects.heap.get_mut()) {
                Ok(object) => return Ok(object),
                Err(AllocError::Collect) if self.gc_step() => {}
                Err(_) => return Err(ObjectError::Limit("heap")),
            }
        }
    }

    /// The length of an array; `None` of a structure. Spec: `exec-array.len`.
    pub fn array_len(&self, object: &ObjectHandle) -> Result<Option<u32>, WrongStore> {
        let address = object.address(self.objects.id)?;
        // SAFETY: the handle keeps the object alive.
        Ok(if self.object_type(object)?.is_struct() { None } else { Some(unsafe { array_len(address) }) })
    }

    /// Field `n` of a structure, or element `n` of an array; `None` past the end. Packed ones are zero-extended. Spec:
    /// `exec-struct.get`, `exec-array.get`.
    pub fn object_get(&mut self, object: &ObjectHandle, n: u32) -> Result<Option<Value>, WrongStore> {
        let Some((place, field)) = self.place(object, n)? else { return Ok(None) };
        // SAFETY: the place is the field's.
        let slots = unsafe { read(place, field.op) };
        Ok(Some(self.value(&slots, field.storage.unpacked())))
    }

    /// Writes field `n` of a structure, or element `n` of an array. Spec: `exec-struct.set`, `exec-array.set`.
    ///
    /// # Errors
    ///
    /// If there is none, it may not be written, or the value is not of its type.
    pub fn object_set(&mut self, object: &ObjectHandle, n: u32, value: &Value) -> Result<(), ObjectError> {
        let (place, field) = self.place(object, n)?.ok_or(ObjectError::OutOfBounds)?;
        if !field.mutable {
            return Err(ObjectError::Immutable);
        }
        let slots = self.objects.lower(value, field.storage.unpacked())?;
        let heap = self.objects.heap.get_mut();
        if heap.marking.is_active() && ref_kind(field.storage.unpacked()) == Some(RefKind::Heap) {
            // SAFETY: the place is the field's.
            heap.shade(unsafe { read(place, field.op) }[0]);
        }
        // SAFETY: the same.
        unsafe { write(place, field.op, slots.as_ptr()) };
        Ok(())
    }

    fn place(&self, object: &ObjectHandle, n: u32) -> Result<Option<(*mut u8, Field)>, WrongStore> {
        let address = object.address(self.objects.id)?;
        let field = match &self.object_type(object)?.kind {
            ObjectKind::Struct(fields) => fields.get(n as usize).copied(),
            ObjectKind::Array(elem) => {
                // SAFETY: the handle keeps the array alive.
                let is_in = n < unsafe { array_len(address) };
                let offset = u64::from(elem.offset) + u64::from(n) * u64::from(elem.op.width_bytes());
                // SAFETY: the element is in the array.
                return Ok(is_in.then(|| (unsafe { at(address as usize).add(offset as usize) }, *elem)));
            }
        };
        // SAFETY: the field is in the structure.
        Ok(field.map(|field| (unsafe { at(address as usize).add(field.offset as usize) }, field)))
    }
}
