//! Exceptions that references refer to. Spec: `syntax-exninst`.
//!
//! One that is caught without a reference being asked for never gets here.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::arena::Arena;
use super::handle::{Handle, Header};
use crate::instance::Tag;
use crate::store::{Objects, Store};
use crate::value::{Value, ValueError, WrongStore};

/// An exception.
#[derive(Debug)]
pub struct Exception {
    pub(super) header: Header,
    pub(crate) tag: NonNull<Tag>,
    /// Slots of the types of the tag's parameters.
    pub(crate) payload: Box<[u64]>,
}

/// The exceptions of a store.
#[derive(Debug, Default)]
pub(crate) struct Exceptions(pub(super) Arena<Exception>);

impl Exceptions {
    /// Makes an exception; returns the slot that refers to it.
    pub(crate) fn alloc(&mut self, tag: NonNull<Tag>, payload: &[u64]) -> u64 {
        let exception = Exception { header: Header::new(), tag, payload: payload.into() };
        self.0.alloc(exception).as_ptr().expose_provenance() as u64
    }

    /// The exception that a slot refers to, unless the slot is null.
    ///
    /// # Safety
    ///
    /// The slot holds null or a reference to an exception that is alive.
    pub(crate) unsafe fn get(&self, slot: u64) -> Option<(NonNull<Tag>, &[u64])> {
        // SAFETY: by contract; exceptions do not change.
        let exception = unsafe { exception_of_slot(slot)?.as_ref() };
        Some((exception.tag, &exception.payload))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The exception that a slot refers to; `None` for null.
pub(crate) fn exception_of_slot(slot: u64) -> Option<NonNull<Exception>> {
    NonNull::new(ptr::with_exposed_provenance_mut(slot as usize))
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
    /// If the payload is not of the types of the tag's parameters, or anything is of another store.
    pub fn new_exception(&mut self, tag: &Handle<Tag>, payload: &[Value]) -> Result<Handle<Exception>, ValueError> {
        let slots = self.objects.lower_payload(tag, payload)?;
        let tag = tag.ptr(self.objects.id)?;
        let ptr = self.objects.exceptions.0.alloc(Exception { header: Header::new(), tag, payload: slots.into() });
        Ok(self.hold(ptr))
    }

    /// Tag and payload of an exception.
    ///
    /// # Errors
    ///
    /// If it is of another store.
    pub fn exception(&mut self, handle: &Handle<Exception>) -> Result<(Handle<Tag>, Vec<Value>), WrongStore> {
        let exception = self.objects.get(handle)?;
        let (tag, payload) = (exception.tag, exception.payload.clone());
        // SAFETY: exceptions keep what they refer to alive, and were made with such values.
        Ok(unsafe { self.objects.lift_exception(tag, &payload) })
    }
}
