//! An arena: every object of one kind that a store owns.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;

use super::collect::Trace;

/// The objects of one kind. Dropping the arena frees them all.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    /// Each from [`Box::leak`], and in no other arena.
    objects: Vec<NonNull<T>>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { objects: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// Takes `value` in; its address stays the same until it is freed.
    pub(crate) fn alloc(&mut self, value: T) -> NonNull<T> {
        let ptr = NonNull::from(Box::leak(Box::new(value)));
        self.objects.push(ptr);
        ptr
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = NonNull<T>> + '_ {
        self.objects.iter().copied()
    }
}

impl<T: Trace> Arena<T> {
    /// Takes out the objects that collection `epoch` has not reached.
    ///
    /// # Safety
    ///
    /// Nothing holds a pointer to an unreached object that it will still follow.
    pub(crate) unsafe fn sweep(&mut self, epoch: u32) -> Vec<Box<T>> {
        let mut dead = Vec::new();
        self.objects.retain(|&ptr| {
            // SAFETY: objects of the arena are alive.
            let live = unsafe { ptr.as_ref() }.header().is_marked(epoch);
            if !live {
                // SAFETY: the pointer comes from `Box::leak` and leaves the arena with this; by contract nobody follows it.
                dead.push(unsafe { Box::from_raw(ptr.as_ptr()) });
            }
            live
        });
        dead
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        for ptr in self.objects.drain(..) {
            // SAFETY: the pointer comes from `Box::leak`; the store that owns the arena is gone, and with it whatever could
            // follow a pointer to the object.
            drop(unsafe { Box::from_raw(ptr.as_ptr()) });
        }
    }
}
