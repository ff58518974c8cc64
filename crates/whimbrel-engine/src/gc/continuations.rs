//! Continuations: objects of the heap, and the stacks of those that have begun.
//!
//! A reference is used once: what an object refers to, a function that was not called yet or a suspended stack, goes to who
//! resumes it, and a suspension makes a new object. An object that is not reached takes its stack with it. The stack may have
//! stacks below it, up to the resumption that had the handler.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::block::{at, is_marked};
use super::collect::Root;
use super::heap::{AllocError, Heap, ObjectHandle};
use super::instance::{func_of_slot, slot_of_func};
use super::mark::Outside;
use super::types::ObjectType;
use crate::exec::{Landings, Stack, parked_roots};
use crate::instance::{FuncInst, TypeId};
use crate::store::Objects;
use crate::value::ValueError;
use whimbrel_ir::{RefKind, STRUCT_HEADER_BYTES};

/// Where in an object its function is, while that was not called, and where its stack is, if it has one.
pub(super) const FUNC_OFFSET: usize = STRUCT_HEADER_BYTES as usize;
const STACK_OFFSET: usize = FUNC_OFFSET + size_of::<u64>();
/// Bytes of an object.
pub(super) const SIZE_BYTES: usize = STACK_OFFSET + size_of::<u64>();

/// Stacks that are kept for the next continuations, and the most slots that one of them may have.
const SPARE_STACKS: usize = 64;
const SPARE_SLOTS: usize = 512;

/// The stacks of continuations in a store.
#[derive(Debug)]
pub(super) struct Stacks {
    /// Those that run or can be resumed, each of which knows its place.
    live: Vec<NonNull<Stack>>,
    spare: Vec<NonNull<Stack>>,
    /// Slots of those that are live.
    slots: usize,
    /// Where frames without a caller return, by which walks know them.
    pub landings: Arc<Landings>,
    ty: Arc<ObjectType>,
}

impl Stacks {
    pub fn new() -> Self {
        Self {
            live: Vec::new(),
            spare: Vec::new(),
            slots: 0,
            landings: Arc::new(Landings::new()),
            ty: Arc::new(ObjectType::new_continuation()),
        }
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        bytes(self.slots) + self.live.len() * size_of::<Stack>()
    }

    fn add(&mut self, mut stack: NonNull<Stack>) -> NonNull<Stack> {
        // SAFETY: the stack is nobody else's.
        unsafe {
            stack.as_mut().index = self.live.len();
            self.slots += stack.as_ref().slots();
        }
        self.live.push(stack);
        stack
    }

    /// Takes back a stack that nothing uses any more.
    unsafe fn release(&mut self, stack: NonNull<Stack>) {
        // SAFETY: by contract; stacks know their place in the list.
        unsafe {
            let (index, slots) = (stack.as_ref().index, stack.as_ref().slots());
            self.live.swap_remove(index);
            if let Some(moved) = self.live.get_mut(index) {
                moved.as_mut().index = index;
            }
            self.slots -= slots;
            if slots <= SPARE_SLOTS && self.spare.len() < SPARE_STACKS {
                self.spare.push(stack);
            } else {
                drop(Box::from_raw(stack.as_ptr()));
            }
        }
    }

    /// Frees the stacks of objects that were not reached.
    ///
    /// # Safety
    ///
    /// The objects still exist, and nothing is left to follow.
    pub unsafe fn sweep(&mut self) {
        let mut left = self.live.len();
        // From the end on, since what is released makes room for the last one.
        while left > 0 {
            left -= 1;
            let mut next = self.live[left].as_ptr();
            // SAFETY: stacks in the list exist, and so do the objects that refer to them.
            if unsafe { (*next).owner == 0 || is_marked((*next).owner) } {
                continue;
            }
            while let Some(stack) = NonNull::new(next) {
                // SAFETY: nothing but the object refers to the chain.
                unsafe {
                    next = stack.as_ref().below;
                    self.release(stack);
                }
            }
            left = left.min(self.live.len());
        }
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        for stack in self.live.iter().chain(&self.spare) {
            // SAFETY: the stacks are the store's, which ends.
            drop(unsafe { Box::from_raw(stack.as_ptr()) });
        }
    }
}

fn bytes(slots: usize) -> usize {
    slots * size_of::<u64>()
}

/// What a reference to a continuation refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continuation {
    /// The function, if it was not called yet.
    pub func: Option<NonNull<FuncInst>>,
    /// The stack, if it has one.
    pub stack: Option<NonNull<Stack>>,
}

impl Continuation {
    /// What the object at `address` refers to: nothing, if that went to someone else.
    ///
    /// # Safety
    ///
    /// A continuation is there.
    pub unsafe fn at(address: u64) -> Self {
        let object = at(address as usize);
        // SAFETY: by contract.
        unsafe {
            Self {
                func: NonNull::new(ptr::with_exposed_provenance_mut(object.add(FUNC_OFFSET).cast::<usize>().read())),
                stack: NonNull::new(ptr::with_exposed_provenance_mut(object.add(STACK_OFFSET).cast::<usize>().read())),
            }
        }
    }

    pub fn is_consumed(self) -> bool {
        self.func.is_none() && self.stack.is_none()
    }

    /// Makes the object at `address` refer to it.
    unsafe fn write(self, address: u64) {
        let object = at(address as usize);
        let func = self.func.map_or(0, slot_of_func);
        let stack = self.stack.map_or(0, |stack| stack.as_ptr().expose_provenance() as u64);
        // SAFETY: by contract a continuation is there; the stack is live.
        unsafe {
            object.add(FUNC_OFFSET).cast::<u64>().write(func);
            object.add(STACK_OFFSET).cast::<u64>().write(stack);
            if let Some(mut stack) = self.stack {
                stack.as_mut().owner = address;
            }
        }
    }
}

/// A continuation in a store, kept alive by this handle and its clones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContHandle {
    object: ObjectHandle,
    /// The type with which it left WebAssembly: nothing in the object says what it is.
    ty: Option<TypeId>,
}

impl Objects {
    /// The word of a reference that has to be of the type `ty`.
    pub(super) fn lower_cont(&self, cont: &ContHandle, ty: Option<TypeId>) -> Result<u64, ValueError> {
        let word = cont.object.address(self.id)?;
        if ty.is_none() || ty == cont.ty { Ok(word) } else { Err(ValueError::Type) }
    }

    /// The reference, of type `ty`, that a word is; `None` for null.
    ///
    /// # Safety
    ///
    /// What it refers to is alive.
    pub(super) unsafe fn lift_cont(&mut self, word: u64, ty: Option<TypeId>) -> Option<ContHandle> {
        // SAFETY: by contract.
        (word != 0).then(|| ContHandle { object: unsafe { self.heap.get_mut().hold(word, self.id) }, ty })
    }
}

impl Heap {
    /// Where frames without a caller return.
    pub(crate) fn landings(&self) -> &Arc<Landings> {
        &self.stacks.landings
    }

    /// Makes an object that refers to nothing yet; returns the slot that refers to it.
    pub(crate) fn new_continuation(&mut self) -> Result<u64, AllocError> {
        let ty = Arc::as_ptr(&self.stacks.ty);
        // SAFETY: the heap keeps the type; the object is written before anything else happens.
        unsafe {
            let object = match self.bump(ty) {
                Some(object) => object,
                None => self.alloc(ty, SIZE_BYTES)?,
            };
            let address = object.expose_provenance() as u64;
            Continuation { func: None, stack: None }.write(address);
            Ok(address)
        }
    }

    /// Makes the object at `address` refer to `continuation`.
    ///
    /// # Safety
    ///
    /// A continuation is there, which refers to nothing yet; what it is to refer to is live, and the running program reaches it.
    pub(crate) unsafe fn give_continuation(&mut self, address: u64, continuation: Continuation) {
        if self.is_marking() {
            // Objects made during a collection count as reached, and what running code reaches is looked at elsewhere.
            let mut next = continuation.stack.map_or(ptr::null_mut(), NonNull::as_ptr);
            while let Some(mut stack) = NonNull::new(next) {
                // SAFETY: stacks of a chain are live.
                let stack = unsafe { stack.as_mut() };
                (stack.epoch, next) = (self.marking.epoch(), stack.below);
            }
        }
        // SAFETY: passed on from the caller.
        unsafe { continuation.write(address) };
    }

    /// Takes from the object at `address` what it refers to.
    ///
    /// # Safety
    ///
    /// A continuation is there.
    pub(crate) unsafe fn take_continuation(&mut self, address: u64) {
        // SAFETY: by contract.
        unsafe {
            if self.is_marking()
                && let Some(stack) = Continuation::at(address).stack
            {
                // What it held could be reached when the collection began.
                self.follow_stack(stack, &mut ());
            }
            Continuation { func: None, stack: None }.write(address);
        }
    }

    /// A stack for a continuation of `func`. Asks the collector only if it may.
    ///
    /// # Safety
    ///
    /// The function is live, and stays so until the continuation starts.
    pub(crate) unsafe fn take_stack(
        &mut self,
        func: NonNull<FuncInst>,
        may_collect: bool,
    ) -> Result<NonNull<Stack>, AllocError> {
        // SAFETY: by contract.
        let slots = unsafe { Stack::first_slots(func) };
        // SAFETY: spare stacks exist.
        let spare = self.stacks.spare.pop_if(|stack| unsafe { stack.as_ref() }.slots() >= slots);
        let stack = match spare {
            Some(stack) => stack,
            None => {
                let bytes = bytes(slots) + size_of::<Stack>();
                if may_collect {
                    self.pacing.allow(bytes)?;
                }
                let stack = Stack::new(slots).ok_or(AllocError::Exhausted)?;
                self.pacing.count(bytes);
                NonNull::from(Box::leak(Box::new(stack)))
            }
        };
        let mut stack = self.stacks.add(stack);
        // SAFETY: passed on from the caller; the stack is nobody else's yet.
        unsafe { stack.as_mut().begin(func) };
        Ok(stack)
    }

    /// Takes back a stack.
    ///
    /// # Safety
    ///
    /// Nothing uses it any more.
    pub(crate) unsafe fn release_stack(&mut self, stack: NonNull<Stack>) {
        // SAFETY: passed on from the caller.
        unsafe { self.stacks.release(stack) };
    }

    /// Makes room for `slots` on a live stack, in another place.
    ///
    /// # Safety
    ///
    /// The stack is live, and nothing but registers has addresses in it.
    pub(crate) unsafe fn grow_stack(&mut self, mut stack: NonNull<Stack>, slots: usize) -> Result<(), AllocError> {
        // SAFETY: by contract.
        let stack = unsafe { stack.as_mut() };
        let more = slots - stack.slots();
        self.pacing.allow(bytes(more))?;
        stack.grow(slots).ok_or(AllocError::Exhausted)?;
        self.stacks.slots += more;
        self.pacing.count(bytes(more));
        Ok(())
    }

    /// Marks what a suspended chain holds, unless the collection under way has done so; returns about how many bytes that took
    /// looking at.
    ///
    /// # Safety
    ///
    /// The chain is suspended, and all that it reaches is live.
    pub(super) unsafe fn follow_stack(&mut self, mut stack: NonNull<Stack>, outside: &mut impl Outside) -> usize {
        let epoch = self.marking.epoch();
        let landings = Arc::clone(&self.stacks.landings);
        // SAFETY: by contract; marking changes nothing that the walk looks at.
        unsafe {
            if core::mem::replace(&mut stack.as_mut().epoch, epoch) == epoch {
                return size_of::<u64>();
            }
            parked_roots(stack, &landings, &mut |root| match root {
                Root::Slot(RefKind::Heap, word) => self.shade(word),
                Root::Slot(RefKind::Func, slot) => _ = func_of_slot(slot).map(|func| outside.func(func)),
                Root::Instance(instance) => outside.instance(instance),
                Root::Tag(tag) => outside.tag(tag),
            });
            bytes(stack.as_ref().chain_slots)
        }
    }
}
