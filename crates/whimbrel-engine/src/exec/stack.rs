//! Stacks of frames: an execution's own, and those of continuations.
//!
//! Frames hold no addresses in their stack, so that a stack can grow by moving. A continuation that is resumed runs on its own
//! stack, and the stack of its resumer waits below it. The stacks that a suspension takes off form a chain again, from the one
//! that suspended to the one whose resumption has the handler.

use core::ptr::{self, NonNull};

use super::context::{Fp, Ip, Regs};
use crate::instance::{FuncInst, Instance};
use crate::memory::region::Region;
use crate::value::SlotType;

/// Slots that a bottom frame may take beside its parameters and results.
pub(super) const BOTTOM_SLOTS: usize = 16;

/// Slots of a continuation's stack when it is made, if its function's parameters and results leave enough of them.
const FIRST_SLOTS: usize = 64;

/// The memory for frames: a fixed number of slots, of which the system commits those that are touched.
#[derive(Debug)]
pub struct ValueStack {
    region: Region,
    slots: usize,
}

// SAFETY: it owns its memory.
unsafe impl Send for ValueStack {}
// SAFETY: a shared reference gives no access.
unsafe impl Sync for ValueStack {}

impl ValueStack {
    /// A stack of that many 8-byte slots; `None` where the system has no memory for it.
    #[must_use]
    pub fn new(slots: usize) -> Option<Self> {
        let slots = slots.max(1);
        let region = Region::zeroed(slots.checked_mul(size_of::<u64>())?)?;
        Some(Self { region, slots })
    }

    /// The first slot.
    #[inline(always)]
    pub(super) fn base(&self) -> Fp {
        self.region.base().cast().as_ptr()
    }

    /// How many slots there are.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The end of the last slot.
    pub(super) fn limit(&self) -> Fp {
        // SAFETY: the end of the allocation.
        unsafe { self.base().add(self.slots) }
    }

    /// Moves to another place with room for `slots`; `None` where there is no memory, and nothing has changed then.
    fn grow(&mut self, slots: usize) -> Option<()> {
        let grown = Self::new(slots)?;
        // SAFETY: the new place has more slots, and is another one.
        unsafe { grown.base().copy_from_nonoverlapping(self.base(), self.slots) };
        *self = grown;
        Some(())
    }
}

/// Where a stack goes on that does not run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parked {
    pub fp: Fp,
    /// Behind what stopped it, as a return ip is; null before the first op.
    pub ip: Ip,
    pub instance: *mut Instance,
    pins: [u64; 2],
    float_pins: [f64; 2],
}

impl Parked {
    const NOWHERE: Self =
        Self { fp: ptr::null_mut(), ip: ptr::null(), instance: ptr::null_mut(), pins: [0; 2], float_pins: [0.0; 2] };

    /// The registers of what goes on there. Accumulators hold nothing.
    pub fn regs(&self, regs: &Regs) -> Regs {
        let ([pin0, pin1], [fpin0, fpin1]) = (self.pins, self.float_pins);
        Regs { fp: self.fp, pin0, pin1, fpin0, fpin1, ..*regs }
    }
}

/// A stack of frames, and where it goes on.
#[derive(Debug)]
pub(crate) struct Stack {
    values: ValueStack,
    /// While it does not run.
    pub at: Parked,
    /// The stack that goes on when the bottom frame of this one returns: that of the resumption. Null of an execution's own,
    /// and at the bottom of a suspended chain.
    pub below: *mut Stack,
    /// How many slots the results of the bottom frame take.
    pub results: usize,
    /// The collection that has looked at what it holds.
    pub epoch: u32,
    /// Where it is in the store's list.
    pub(crate) index: usize,
    /// What follows is of the top stack of a suspended chain: the object that refers to it, or 0.
    pub owner: u64,
    /// The bottom of the chain.
    pub bottom: *mut Stack,
    /// Slots of all stacks of the chain.
    pub chain_slots: usize,
    /// The types of the arguments for which it waits, and how many of their slots are there already.
    pub awaits: *const [SlotType],
    pub bound: usize,
}

impl Stack {
    /// A stack that nothing runs on; `None` without memory.
    pub fn new(slots: usize) -> Option<Self> {
        Some(Self {
            values: ValueStack::new(slots)?,
            at: Parked::NOWHERE,
            below: ptr::null_mut(),
            results: 0,
            epoch: 0,
            index: 0,
            owner: 0,
            bottom: ptr::null_mut(),
            chain_slots: 0,
            awaits: &[],
            bound: 0,
        })
    }

    /// How many slots the stack of a continuation of `func` has at first.
    ///
    /// # Safety
    ///
    /// The function is live.
    pub unsafe fn first_slots(func: NonNull<FuncInst>) -> usize {
        // SAFETY: by contract.
        let area = usize::from(unsafe { func.as_ref() }.ty.return_slot());
        FIRST_SLOTS.max(area + BOTTOM_SLOTS)
    }

    /// Makes it the stack of a continuation of `func` that has not started; it has [enough slots](Self::first_slots).
    ///
    /// # Safety
    ///
    /// The function is live, and stays so until the continuation starts.
    pub unsafe fn begin(&mut self, func: NonNull<FuncInst>) {
        // SAFETY: by contract.
        let ty = unsafe { &func.as_ref().ty };
        self.at = Parked { fp: self.values.base(), ..Parked::NOWHERE };
        self.below = ptr::null_mut();
        self.results = ty.result_slots.into();
        self.owner = 0;
        self.bottom = self;
        self.chain_slots = self.values.slots();
        (self.awaits, self.bound) = (&raw const *ty.params, 0);
    }

    /// The first slot.
    pub fn base(&self) -> Fp {
        self.values.base()
    }

    /// The end of the last slot.
    pub fn limit(&self) -> Fp {
        self.values.limit()
    }

    pub fn slots(&self) -> usize {
        self.values.slots()
    }

    /// Whether its function has not been called yet.
    pub fn is_new(&self) -> bool {
        self.at.ip.is_null()
    }

    /// Notes where it goes on.
    pub fn park(&mut self, regs: &Regs, ip: Ip, instance: *mut Instance) {
        let (pins, float_pins) = ([regs.pin0, regs.pin1], [regs.fpin0, regs.fpin1]);
        self.at = Parked { fp: regs.fp, ip, instance, pins, float_pins };
    }

    /// Where the operands of what stopped it are, and its results go.
    ///
    /// # Safety
    ///
    /// It is parked, or has not started yet.
    pub unsafe fn operands(&self) -> Fp {
        if self.is_new() {
            return self.values.base();
        }
        // SAFETY: before such an ip is the distance of a callee's frame.
        unsafe { self.at.fp.add(*self.at.ip.sub(1) as u32 as usize) }
    }

    /// Makes room for `slots`, in another place; `None` without memory.
    pub fn grow(&mut self, slots: usize) -> Option<()> {
        self.values.grow(slots)
    }
}
