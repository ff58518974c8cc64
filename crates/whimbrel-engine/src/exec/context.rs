//! The machine registers of an execution, and the context that its handlers share.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering};

use wasm_syntax::Trap;

use super::growth::{Consent, Growth};
use super::observe::Observer;
use super::stack::Stack;
use super::step::Landings;
use crate::gc::{Heap, ObjectType};
use crate::instance::{FuncInst, FuncTypeInfo, Global, Instance};
use crate::memory::Memory;

/// A position in linked code.
pub(crate) type Ip = *const u64;
/// A frame's first slot.
pub(crate) type Fp = *mut u64;

/// What a step works on. The tail-call backend keeps each field in a machine register of its own.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    pub fp: Fp,
    pub ctx: *mut Context,
    /// The integer accumulator; also carries the return ip into a callee.
    pub acc: u64,
    /// The integer pins.
    pub pin0: u64,
    pub pin1: u64,
    /// The `f64` accumulator.
    pub facc: f64,
    /// The `f32` accumulator.
    pub sacc: f32,
    /// The `f64` pins.
    pub fpin0: f64,
    pub fpin1: f64,
}

impl Regs {
    /// The registers with which a bottom frame starts.
    pub fn new(fp: Fp, ctx: *mut Context, acc: u64) -> Self {
        Self { fp, ctx, acc, pin0: 0, pin1: 0, facc: 0.0, sacc: 0.0, fpin0: 0.0, fpin1: 0.0 }
    }
}

/// Why handlers stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The bottom frame returned.
    Done,
    Trap(Trap),
    /// The stub at the saved ip has no code.
    NeedsCode,
    /// `Context::callee` is a host function; the saved fp is its frame and the saved ip where it returns to.
    Host,
    /// The `throw` at the saved ip throws.
    Throw,
    /// The `throw_ref` at the saved ip throws.
    ThrowRef,
    /// The `resume_throw` behind which the stack below waits throws at the saved ip, a return ip.
    ResumeThrow,
    /// So does a `resume_throw_ref`.
    ResumeThrowRef,
    /// The allocation at the saved ip needs a collection first.
    Heap,
    /// `Context::budget` ran out; execution goes on at the saved ip.
    Budget,
    /// A host function called by a handler panicked; what that carries is in `Context::panic`.
    Panic,
    /// A function is about to be entered, of which observed code says so.
    Called,
    /// It is time for a sample of observed code.
    Sample,
    /// `Context::growth` says what is to grow; the saved ip is that of the op that asks.
    Grow,
    /// `Context::waiting` says for what to wait; the saved ip is that of the op that waits.
    Wait,
}

/// What a `memory.atomic.wait` waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// A shared memory of the current instance.
    pub memory: *const Memory,
    pub address: u64,
    pub expected: u64,
    /// Whether eight bytes are expected, or four.
    pub is_64: bool,
    pub timeout_ns: i64,
    /// Where the result goes.
    pub result: Fp,
    /// Where execution goes on with it.
    pub behind: Ip,
}

/// State of an execution that handlers reach through one register.
#[repr(C)]
pub(crate) struct Context {
    /// First byte of memory 0 of the current instance.
    pub mem0_base: *mut u8,
    /// For accesses of 1, 2, 4, 8 and 16 bytes: the first address at which one would leave memory 0.
    pub mem0_limits: [u64; 5],
    /// One more than the size of memory 0 in bytes, if it has 32-bit addresses and is not shared; else 0.
    pub mem0_bulk_end: u64,
    /// The elements of table 0 of the current instance, and how many there are: none where indices have 64 bits.
    pub table0: *const u64,
    pub table0_len: u64,
    /// The current instance's table of pointers to globals.
    pub globals: *const NonNull<Global>,
    /// The current module's function types.
    pub types: *const Option<Arc<FuncTypeInfo>>,
    /// The current instance; null before the first call.
    pub instance: *mut Instance,
    /// The current instance's table of structure and array types.
    pub objects: *const Option<Arc<ObjectType>>,
    /// Where structures and arrays are made.
    pub heap: *mut Heap,
    /// Whether the collector has to be told of references that are overwritten.
    pub is_marking: bool,
    /// End of the value stack.
    pub stack_limit: Fp,
    /// Units of fuel left until the driver is asked. It may be overdrawn.
    pub budget: i64,
    /// The function being called, for cold paths.
    pub callee: *const FuncInst,
    /// Where frames without a caller return.
    pub landings: Arc<Landings>,
    /// The stack that runs: the execution's own, or a continuation's.
    pub current: NonNull<Stack>,
    /// How many slots the stacks of continuations may still have.
    pub slots_left: usize,
    /// Why handlers stopped.
    pub reason: Reason,
    /// Where handlers stopped.
    pub ip: Ip,
    /// Registers when handlers stopped.
    pub regs: Option<Regs>,
    /// Whether the embedder is asked about growth.
    pub consent: Consent,
    /// What is to grow, with [`Reason::Grow`].
    pub growth: Option<Growth>,
    /// For what to wait, with [`Reason::Wait`].
    pub waiting: Option<Waiting>,
    /// What a host function's panic carries, with [`Reason::Panic`].
    pub panic: Option<Box<dyn Any + Send>>,
    /// The flag that interrupts what runs.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Counts and samples, in observed code.
    pub observer: Observer,
}

impl Context {
    pub(crate) fn new(current: NonNull<Stack>, landings: Arc<Landings>) -> Self {
        Self {
            mem0_base: ptr::null_mut(),
            mem0_limits: [0; 5],
            mem0_bulk_end: 0,
            table0: ptr::null(),
            table0_len: 0,
            globals: ptr::null(),
            types: ptr::null(),
            instance: ptr::null_mut(),
            objects: ptr::null(),
            heap: ptr::null_mut(),
            is_marking: false,
            stack_limit: ptr::null_mut(),
            budget: 0,
            callee: ptr::null(),
            landings,
            current,
            slots_left: 0,
            reason: Reason::Done,
            ip: ptr::null(),
            regs: None,
            consent: Consent::default(),
            growth: None,
            waiting: None,
            panic: None,
            interrupt: None,
            observer: Observer::default(),
        }
    }

    /// Whether what runs is to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Makes `instance` current.
    ///
    /// # Safety
    ///
    /// `instance` is live for as long as it stays current.
    pub(crate) unsafe fn enter_instance(&mut self, instance: *mut Instance) {
        // SAFETY: passed on from the caller.
        unsafe {
            self.set_instance(instance);
            self.reload();
        }
    }

    /// [`enter_instance`](Self::enter_instance) without [`reload`](Self::reload), where that is still to come.
    ///
    /// # Safety
    ///
    /// As for that.
    pub(super) unsafe fn set_instance(&mut self, instance: *mut Instance) {
        self.instance = instance;
        // SAFETY: the caller passes a live instance.
        unsafe {
            self.globals = (*instance).globals.as_ptr();
            let types = &(*instance).types;
            self.types = types.types.as_ptr();
            self.objects = types.objects.as_ptr();
        }
    }

    /// Reads the places and sizes of memory 0 and of table 0 anew: after anything that may have grown them.
    ///
    /// # Safety
    ///
    /// The current instance is live, or there is none.
    pub(crate) unsafe fn reload(&mut self) {
        // SAFETY: the current instance is live.
        let instance = unsafe { self.instance.as_ref() };
        let memory = instance.and_then(|instance| instance.memories.first());
        let (base, len) = match memory {
            // SAFETY: an instance's memories live as long as it does.
            Some(memory) => unsafe { (memory.as_ref().base(), memory.as_ref().own_len_bytes()) },
            None => (ptr::null_mut(), 0),
        };
        self.mem0_base = base;
        // SAFETY: as before.
        let is_plain = |memory: &NonNull<Memory>| unsafe { memory.as_ref() }.is_plain();
        self.mem0_bulk_end = if memory.is_some_and(is_plain) { len + 1 } else { 0 };
        // SAFETY: an instance's tables live as long as it does.
        let table = instance.and_then(|instance| instance.tables.first()).map(|table| unsafe { table.as_ref() });
        let elems = table.filter(|table| !table.ty().table64).map_or(&[][..], |table| table.elems());
        (self.table0, self.table0_len) = (elems.as_ptr(), elems.len() as u64);
        self.mem0_limits = [1, 2, 4, 8, 16].map(|width: u64| len.saturating_sub(width - 1));
    }
}
