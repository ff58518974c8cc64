//! Exceptions that references refer to: objects of the heap. Spec: `syntax-exninst`.
//!
//! One that is caught without a reference being asked for never gets here.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

use super::block::at;
use super::handle::Handle;
use super::heap::{AllocError, Heap, ObjectHandle, is_object};
use super::mark::{TAG_OFFSET, tag_of};
use crate::instance::Tag;
use crate::store::{ObjectError, Objects, Store};
use crate::value::{Value, ValueError, WrongStore};

/// An exception in a store, kept alive by this handle and its clones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionHandle(pub(super) ObjectHandle);

/// Where an exception's payload begins.
const PAYLOAD_OFFSET: usize = TAG_OFFSET + size_of::<u64>();

impl Heap {
    /// Makes an exception; returns the slot that refers to it.
    ///
    /// # Safety
    ///
    /// The tag is alive, and `payload` holds values of the types of its parameters.
    pub(crate) unsafe fn new_exception(&mut self, tag: NonNull<Tag>, payload: &[u64]) -> Result<u64, AllocError> {
        // SAFETY: the heap keeps the types of tags' exceptions; the object has room for tag and payload.
        unsafe {
            let ty = Arc::as_ptr(&tag.as_ref().object);
            let object = self.alloc(ty, (*ty).size_bytes as usize)?;
            object.add(TAG_OFFSET).cast::<NonNull<Tag>>().write(tag);
            object.add(PAYLOAD_OFFSET).cast::<u64>().copy_from_nonoverlapping(payload.as_ptr(), payload.len());
            Ok(object.expose_provenance() as u64)
        }
    }
}

/// Tag and payload of the exception that a slot refers to, unless the slot is null.
///
/// # Safety
///
/// The slot holds null or a reference to an exception that is alive, and stays so while the payload is used.
pub(crate) unsafe fn parts_of_exception<'a>(slot: u64) -> Option<(NonNull<Tag>, &'a [u64])> {
    if !is_object(slot) {
        return None;
    }
    // SAFETY: by contract; exceptions do not change.
    unsafe {
        let tag = tag_of(slot);
        let payload = at(slot as usize).add(PAYLOAD_OFFSET).cast::<u64>();
        Some((tag, core::slice::from_raw_parts(payload, tag.as_ref().ty.param_slots.into())))
    }
}

impl Objects {
    /// The slots of a payload of exceptions of `tag`.
    pub(crate) fn lower_payload(&self, tag: &Handle<Tag>, payload: &[Value]) -> Result<Vec<u64>, ValueError> {
        let params = &self.get(tag)?.ty.params;
        if params.len() != payload.len() {
            return Err(ValueError::Count { expected: params.len(), found: payload.len() });
        }
        let mut slots = Vec::with_capacity(payload.len());
        for (value, &ty) in payload.iter().zip(params) {
            slots.extend_from_slice(&self.lower(value, ty)?[..usize::from(ty.slots())]);
        }
        Ok(slots)
    }

    /// Tag and payload of an exception as the embedder sees them.
    ///
    /// # Safety
    ///
    /// Both are alive, and `payload` holds values of the types of the tag's parameters.
    pub(crate) unsafe fn lift_exception(&mut self, tag: NonNull<Tag>, payload: &[u64]) -> (Handle<Tag>, Vec<Value>) {
        let ty = Arc::clone(&self.at(tag).ty);
        let mut at = 0;
        let mut values = Vec::with_capacity(ty.params.len());
        for &ty in &ty.params {
            // SAFETY: by contract.
            values.push(unsafe { self.lift(&payload[at..], ty) });
            at += usize::from(ty.slots());
        }
        // SAFETY: by contract.
        (unsafe { self.handle(tag) }, values)
    }
}

impl Store {
    /// Makes an exception of `tag` that carries `payload`, to pass references to it. Spec: `alloc-exception`.
    ///
    /// # Errors
    ///
    /// If the payload is not of the types of the tag's parameters, or anything is of another store, or there is no memory.
    pub fn new_exception(&mut self, tag: &Handle<Tag>, payload: &[Value]) -> Result<ExceptionHandle, ObjectError> {
        let slots = self.objects.lower_payload(tag, payload)?;
        let tag = tag.ptr(self.objects.id)?;
        let exception = self.allocate(|heap| {
            // SAFETY: the handle keeps the tag alive, and the payload's types were checked.
            unsafe { heap.new_exception(tag, &slots) }
        })?;
        // SAFETY: just made.
        Ok(ExceptionHandle(unsafe { self.objects.heap.get_mut().hold(exception, self.objects.id) }))
    }

    /// Tag and payload of an exception.
    ///
    /// # Errors
    ///
    /// If it is of another store.
    pub fn exception(&mut self, handle: &ExceptionHandle) -> Result<(Handle<Tag>, Vec<Value>), WrongStore> {
        let slot = handle.0.address(self.objects.id)?;
        // SAFETY: exceptions keep what they refer to alive, and were made with such values; the handle keeps the exception.
        unsafe {
            let (tag, payload) = parts_of_exception(slot).expect("a handle is of an exception");
            Ok(self.objects.lift_exception(tag, payload))
        }
    }
}
