//! Marking: following references from object to object, a step at a time.
//!
//! What a collection keeps is what could be reached when it began, and what was allocated since. So a program may go on between
//! steps, as long as it tells of each reference in an object that it overwrites ([`Heap::shade`]): what was there could be
//! reached when the collection began. References in slots, tables, globals and segments need no such care: the collection
//! begins by looking at all of them.

use alloc::vec::Vec;
use core::ptr::NonNull;

use whimbrel_ir::{ARRAY_HEADER_BYTES, RefKind, STRUCT_HEADER_BYTES};

use super::block::{at, mark};
use super::continuations::Continuation;
use super::heap::{Heap, array_len, is_object, type_of};
use super::instance::func_of_slot;
use super::types::Special;
use crate::instance::{FuncInst, Instance, Tag};

/// Elements of an array that are followed at a time.
const CHUNK_ELEMS: usize = 1024;

/// The state of a collection.
#[derive(Debug, Default)]
pub(crate) struct Marking {
    is_active: bool,
    /// Marked, but not yet followed.
    grey: Vec<u64>,
    /// Long arrays that have been followed up to an element.
    arrays: Vec<(u64, usize)>,
    epoch: u32,
}

impl Marking {
    /// Whether a collection is under way.
    #[inline(always)]
    pub(crate) const fn is_active(&self) -> bool {
        self.is_active
    }

    /// The collection under way, or the last one.
    pub(super) const fn epoch(&self) -> u32 {
        self.epoch
    }
}

/// Who wants to know of what objects refer to outside of the heap.
pub(super) trait Outside {
    /// An object refers to this function.
    fn func(&mut self, func: NonNull<FuncInst>);
    /// An exception is of this tag.
    fn tag(&mut self, tag: NonNull<Tag>);
    /// A function of this instance runs in a continuation.
    fn instance(&mut self, instance: NonNull<Instance>);
}

/// Nobody: all functions, tags and instances are alive.
impl Outside for () {
    fn func(&mut self, _: NonNull<FuncInst>) {}

    fn tag(&mut self, _: NonNull<Tag>) {}

    fn instance(&mut self, _: NonNull<Instance>) {}
}

/// The place of the tag in an exception.
pub(super) const TAG_OFFSET: usize = STRUCT_HEADER_BYTES as usize;

impl Heap {
    /// Begins a collection, and gives up the one that may be under way.
    pub(super) fn begin_marking(&mut self, epoch: u32) {
        self.begin_marks();
        self.marking.grey.clear();
        self.marking.arrays.clear();
        self.marking.is_active = true;
        self.marking.epoch = epoch;
        self.externs.set_epoch(epoch);
    }

    /// Notes that the collection under way has reached what a word of a hierarchy of the heap's refers to.
    #[inline]
    pub(crate) fn shade(&mut self, word: u64) {
        if is_object(word) {
            // SAFETY: references of these hierarchies are to live objects.
            if unsafe { mark(word) } {
                self.marking.grey.push(word);
            }
        } else {
            self.externs.mark(word, self.marking.epoch);
        }
    }

    /// Follows references for about `budget_bytes`; returns whether there is nothing left to follow.
    pub(super) fn follow(&mut self, budget_bytes: usize, outside: &mut impl Outside) -> bool {
        let mut left = budget_bytes;
        loop {
            while let Some(object) = self.marking.grey.pop() {
                // SAFETY: objects reached are alive.
                let bytes = unsafe { self.follow_object(object, outside) };
                match left.checked_sub(bytes) {
                    Some(rest) => left = rest,
                    None => return false,
                }
            }
            let Some((array, from)) = self.marking.arrays.pop() else { return true };
            // SAFETY: the same.
            let bytes = unsafe { self.follow_elems(array, from, outside) };
            left = left.saturating_sub(bytes);
            if left == 0 {
                return false;
            }
        }
    }

    #[inline]
    fn follow_word(&mut self, word: u64, kind: RefKind, outside: &mut impl Outside) {
        match kind {
            RefKind::Heap => self.shade(word),
            RefKind::Func => _ = func_of_slot(word).map(|func| outside.func(func)),
        }
    }

    /// Marks what an object refers to; returns about how many bytes that took looking at.
    unsafe fn follow_object(&mut self, address: u64, outside: &mut impl Outside) -> usize {
        // SAFETY: by contract; fields are where the type says.
        unsafe {
            let ty = type_of(address);
            let object = at(address as usize);
            for &(offset, kind) in &ty.refs {
                self.follow_word(u64::from_le(object.add(offset as usize).cast::<u64>().read()), kind, outside);
            }
            match ty.special {
                None => {}
                Some(Special::Exception) => outside.tag(tag_of(address)),
                Some(Special::Continuation) => {
                    let stack = Continuation::at(address).stack;
                    return stack.map_or(0, |stack| self.follow_stack(stack, outside)) + ty.size_bytes as usize;
                }
            }
            if ty.elem_refs.is_some() { self.follow_elems(address, 0, outside) } else { ty.size_bytes as usize }
        }
    }

    /// Marks what elements of an array refer to, from `from` on.
    unsafe fn follow_elems(&mut self, address: u64, from: usize, outside: &mut impl Outside) -> usize {
        // SAFETY: by contract; elements are where the type says.
        unsafe {
            let Some(kind) = type_of(address).elem_refs else { return 0 };
            let len = array_len(address) as usize;
            let end = len.min(from + CHUNK_ELEMS);
            if end < len {
                self.marking.arrays.push((address, end));
            }
            let elems = at(address as usize).add(ARRAY_HEADER_BYTES as usize).cast::<u64>();
            (from..end).for_each(|n| self.follow_word(u64::from_le(elems.add(n).read()), kind, outside));
            ARRAY_HEADER_BYTES as usize + 8 * (end - from)
        }
    }

    /// Ends the collection: frees what was not reached.
    ///
    /// # Safety
    ///
    /// Everything was looked at that refers to objects, and [`follow`](Self::follow) says that nothing is left.
    pub(super) unsafe fn finish_marking(&mut self) {
        // SAFETY: passed on from the caller; stacks are freed before the objects that refer to them.
        let live_bytes = unsafe {
            self.stacks.sweep();
            self.end_marks() + self.stacks.bytes()
        };
        self.marking.is_active = false;
        self.pacing.finish(live_bytes);
    }
}

/// The tag of an exception.
///
/// # Safety
///
/// An exception is at `address`.
pub(super) unsafe fn tag_of(address: u64) -> NonNull<Tag> {
    // SAFETY: the tag's address is behind the header.
    unsafe { at(address as usize).add(TAG_OFFSET).cast::<NonNull<Tag>>().read() }
}
