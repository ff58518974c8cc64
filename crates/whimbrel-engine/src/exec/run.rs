//! Executions: running programs as data.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

use wasm_syntax::{FuncIdx, Trap};

use super::backend;
use super::context::{Context, Ip, Reason, Regs};
use super::growth::{Consent, Growth};
use super::link::{LooseCode, ModuleCode};
use super::observe::{Counts, Observation};
use super::operand::Fields;
use super::stack::{BOTTOM_SLOTS, Stack};
use super::step::Landings;
use super::unwind::{self, Thrown};
use crate::gc::{AllocError, Heap};
use crate::instance::{FuncInst, FuncKind, Instance, Tag};

/// Units between two looks at the interruption flag: without metering, one for each call and backward branch, and more for
/// long code and bulk work.
const SLICE: u64 = 4_000;

/// The same with metering, where each instruction takes its cost.
const METERED_SLICE: u64 = 50_000;

/// Why `Execution::run` came back.
#[derive(Debug)]
pub enum Outcome {
    /// The function called has returned; its results are in [`Execution::results`].
    Done,
    /// Execution trapped. It cannot go on.
    Trap(Trap),
    /// An exception was not caught. Execution cannot go on.
    Exception,
    /// A function has to be compiled and published before execution goes on.
    NeedsCode {
        /// The module's code, in which to publish it.
        code: Arc<ModuleCode>,
        /// The function.
        func: FuncIdx,
    },
    /// A host function has to be called: arguments and results in [`Execution::host_slots`].
    HostPending {
        /// The number by which the embedder knows it.
        host: u32,
    },
    /// A host function that was called directly panicked: with this to carry. Execution cannot go on.
    HostPanicked(Box<dyn Any + Send>),
    /// The collector has something to do before execution goes on.
    HeapFull,
    /// A memory or table is about to grow. Execution goes on once the embedder has [answered](Execution::consent).
    Grows(Growth),
    /// No fuel is left. Execution goes on once there is more.
    OutOfFuel,
    /// The interruption flag was set. Execution may go on.
    Interrupted,
    /// A function of observed code is about to be entered, its arguments in [`Execution::host_slots`]. Execution may go on.
    Called,
    /// It is time for a sample of observed code. Execution may go on.
    Sample,
}

/// A function on the stack.
#[derive(Clone, Debug)]
pub struct BacktraceFrame {
    /// The instance of the function.
    pub instance: NonNull<Instance>,
    /// The function.
    pub func: FuncIdx,
    /// Bytes from the start of the function's body to the instruction, where known.
    pub offset: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing to run.
    Idle,
    /// To go on at the context's ip.
    Ready,
    /// At a call of a host function which was not reported yet.
    HostCall,
    /// A host function has been called: `run` returns from it.
    HostReturn,
    /// It throws instead.
    HostThrow,
    /// A continuation is to go on where it stopped by throwing.
    ResumeThrow,
    /// At an op that has thrown.
    Throw,
}

/// What the ip of a stopped program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    /// Where the op is that stopped, or with which execution goes on.
    Op,
    /// Where a host function returns, whose frame is at the top.
    Host,
    /// Where the frame at the top goes on, as if what it called had returned.
    Parked,
}

impl Top {
    /// Whether the ip is behind the op that stopped the frame.
    pub fn is_behind(self) -> bool {
        self != Self::Op
    }
}

/// A running program: its whole state, outside the native stack, between calls of `run`.
pub struct Execution {
    ctx: Box<Context>,
    /// Its own stack. Below those of continuations, and from a box.
    stack: NonNull<Stack>,
    thrown: Thrown,
    state: State,
    fuel: Option<u64>,
    /// What was taken of the budget beyond the fuel, to be taken from more.
    debt: u64,
}

// SAFETY: the context's pointers lead into the store that the execution runs in, and are used while that store is borrowed
// mutably.
unsafe impl Send for Execution {}

impl core::fmt::Debug for Execution {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Execution").field("state", &self.state).field("fuel", &self.fuel).finish_non_exhaustive()
    }
}

impl Execution {
    /// An execution with nothing to run, with a stack of that many 8-byte slots; `None` where the system has no memory for it.
    pub(crate) fn new(slots: usize, landings: Arc<Landings>) -> Option<Self> {
        let stack = Stack::new(slots)?;
        let limit = stack.limit();
        let stack = NonNull::from(Box::leak(Box::new(stack)));
        let (mut ctx, thrown) = (Box::new(Context::new(stack, landings)), Thrown::default());
        (ctx.stack_limit, ctx.slots_left) = (limit, slots);
        Some(Self { ctx, stack, thrown, state: State::Idle, fuel: None, debt: 0 })
    }

    /// Gives up the stacks of continuations that ran, after which the program does not go on.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.ctx.current != self.stack {
            self.state = State::Idle;
            // SAFETY: what runs no more uses no stack.
            unsafe { Self::leave(&mut self.ctx, self.stack) };
        }
    }

    /// Makes `stack`, which waits below the one that runs, the one that runs.
    ///
    /// # Safety
    ///
    /// Nothing goes on on the stacks above it.
    pub(super) unsafe fn leave(ctx: &mut Context, stack: NonNull<Stack>) {
        while ctx.current != stack {
            let top = ctx.current;
            // SAFETY: stacks above an execution's own are live, and each has one below.
            unsafe {
                let Some(below) = NonNull::new(top.as_ref().below) else { return };
                ctx.current = below;
                ctx.slots_left += top.as_ref().slots();
                (*ctx.heap).release_stack(top);
            }
        }
        // SAFETY: the stack is live.
        ctx.stack_limit = unsafe { stack.as_ref() }.limit();
    }

    fn own(&self) -> &Stack {
        // SAFETY: the stack is this execution's, and handlers, which change it, do not run now.
        unsafe { self.stack.as_ref() }
    }

    /// Looks at `flag` every so often; when it is set, `run` clears it and comes back.
    pub fn set_interrupt(&mut self, flag: Option<Arc<AtomicBool>>) {
        self.ctx.interrupt = flag;
    }

    /// Sets what observed code stops for.
    pub fn set_observation(&mut self, observation: Observation) {
        self.ctx.observer.observation = observation;
    }

    /// Takes the counts of observed code executed since they were taken last.
    pub fn take_counts(&mut self) -> Counts {
        core::mem::take(&mut self.ctx.observer.counts)
    }

    /// The counts of observed code executed since they were taken last.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ctx.observer.counts
    }

    /// Sets whether the embedder is asked before a memory or table grows.
    pub fn need_consent(&mut self, needed: bool) {
        self.ctx.need_consent(needed);
    }

    /// Answers whether what [`Outcome::Grows`] says may happen; otherwise growth fails as it does past a limit.
    pub fn consent(&mut self, granted: bool) {
        self.ctx.consent = Consent::Given(granted);
    }

    /// How many slots its own stack has.
    pub(crate) fn stack_slots(&self) -> usize {
        self.own().slots()
    }

    /// Gives it so many units of fuel; `None` is no limit.
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        self.fuel = fuel;
    }

    /// What is left of the fuel.
    #[must_use]
    pub fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    /// Prepares a call of `func` with `args`, a slot each, two for a vector. What ran before is forgotten.
    ///
    /// # Errors
    ///
    /// [`Trap::CallStackExhausted`] where the stack is too small for the arguments.
    ///
    /// # Safety
    ///
    /// `func` and all that it reaches stay live until the call is over or forgotten; `args` are values of its parameters'
    /// types.
    pub unsafe fn call(&mut self, func: NonNull<FuncInst>, args: &[u64]) -> Result<(), Trap> {
        // SAFETY: the caller passes a live function.
        let (ty, kind) = unsafe { (&func.as_ref().ty, func.as_ref().kind) };
        self.bottom(usize::from(ty.return_slot()), args)?;
        match kind {
            FuncKind::Wasm { instance, func } => {
                // SAFETY: a live function's instance is live, and has an entry for it.
                unsafe {
                    self.ctx.set_instance(instance.as_ptr());
                    self.ctx.ip = (*instance.as_ptr()).code.start(func);
                }
                self.state = State::Ready;
            }
            FuncKind::Host(_) => {
                self.ctx.instance = core::ptr::null_mut();
                self.ctx.callee = func.as_ptr();
                self.ctx.ip = self.ctx.landings.exit();
                self.state = State::HostCall;
            }
        }
        Ok(())
    }

    /// Prepares the evaluation of a constant expression in `instance`; its value will be in [`results`](Self::results).
    ///
    /// # Errors
    ///
    /// [`Trap::CallStackExhausted`] where the stack is too small.
    ///
    /// # Safety
    ///
    /// `instance` and `code` stay live until the evaluation is over, and `code` was compiled for a module of which
    /// `instance` has all that the expression uses.
    pub unsafe fn eval(&mut self, instance: NonNull<Instance>, code: &LooseCode) -> Result<(), Trap> {
        self.bottom(2, &[])?;
        // SAFETY: the caller passes a live instance.
        unsafe { self.ctx.enter_instance(instance.as_ptr()) };
        self.ctx.ip = code.start();
        self.state = State::Ready;
        Ok(())
    }

    /// Makes an empty bottom frame.
    fn bottom(&mut self, return_slot: usize, args: &[u64]) -> Result<(), Trap> {
        if self.own().slots() < return_slot.max(args.len()) + BOTTOM_SLOTS {
            return Err(Trap::CallStackExhausted);
        }
        self.debt = 0;
        let fp = self.own().base();
        // SAFETY: the stack has room for the arguments.
        unsafe { fp.copy_from_nonoverlapping(args.as_ptr(), args.len()) };
        let acc = self.ctx.landings.exit().expose_provenance() as u64;
        let ctx: *mut Context = &mut *self.ctx;
        self.ctx.regs = Some(Regs::new(fp, ctx, acc));
        self.thrown.clear();
        Ok(())
    }

    /// Executes until there is an outcome, from the start of what was prepared or from where it came back before.
    ///
    /// # Safety
    ///
    /// What [`call`](Self::call) or [`eval`](Self::eval) asked for still holds, nothing borrows the objects that the program
    /// reaches, and after [`Outcome::HostPending`] the slots hold results of the host function's types.
    pub(crate) unsafe fn run(&mut self, heap: NonNull<Heap>) -> Outcome {
        let Some(regs) = &mut self.ctx.regs else { return Outcome::Done };
        self.ctx.heap = heap.as_ptr();
        match self.state {
            State::Idle => return Outcome::Done,
            State::HostCall => return self.host_pending(),
            State::Ready => {}
            State::HostThrow | State::ResumeThrow | State::Throw => {
                // SAFETY: passed on from the caller.
                if let Some(outcome) = unsafe { self.unwind() } {
                    return outcome;
                }
            }
            State::HostReturn => {
                // SAFETY: the ip is a return ip, before which is the call's info.
                unsafe { regs.fp = regs.fp.sub(*self.ctx.ip.sub(1) as u32 as usize) };
                self.state = State::Ready;
                // A program that does little else than call the host would not use a slice up.
                if self.take_interrupt() {
                    return Outcome::Interrupted;
                }
            }
        }
        loop {
            if !self.pay(0) {
                return Outcome::OutOfFuel;
            }
            let given = self.fuel.map_or(SLICE, |fuel| fuel.min(METERED_SLICE));
            // SAFETY: passed on from the caller.
            let reason = unsafe { self.run_slice(given) };
            let used = given as i64 - self.ctx.budget;
            let is_paid = self.pay(used);
            match reason {
                Reason::Done => {
                    self.state = State::Idle;
                    return Outcome::Done;
                }
                Reason::Trap(trap) => match self.grow(trap) {
                    Ok(()) => {}
                    Err(AllocError::Collect) => return Outcome::HeapFull,
                    Err(AllocError::Exhausted) => {
                        self.state = State::Idle;
                        return Outcome::Trap(trap);
                    }
                },
                // SAFETY: a stub's second word is its function; the current instance is live.
                Reason::NeedsCode => unsafe {
                    let func = FuncIdx(*self.ctx.ip.add(1) as u32);
                    return Outcome::NeedsCode { code: (*self.ctx.instance).code.clone(), func };
                },
                Reason::Host => return self.host_pending(),
                Reason::Panic => {
                    self.state = State::Idle;
                    return Outcome::HostPanicked(self.ctx.panic.take().expect("the handler has put it there"));
                }
                Reason::Heap => return Outcome::HeapFull,
                Reason::Grow => return Outcome::Grows(self.ctx.pending_growth()),
                Reason::Called => return Outcome::Called,
                Reason::Sample => return Outcome::Sample,
                // SAFETY: handlers stopped at such an op; the rest is passed on from the caller.
                Reason::Throw | Reason::ThrowRef | Reason::ResumeThrow | Reason::ResumeThrowRef => unsafe {
                    let fp = self.ctx.regs.expect("handlers that stop leave them").fp;
                    self.state = State::Throw;
                    match reason {
                        Reason::Throw => self.thrown.read_throw(&self.ctx, fp),
                        Reason::ThrowRef => self.thrown.read_throw_ref(&self.ctx, fp),
                        _ => {
                            self.state = State::ResumeThrow;
                            self.thrown.read_resume_throw(&self.ctx, reason == Reason::ResumeThrowRef);
                        }
                    }
                    if let Some(outcome) = self.unwind() {
                        return outcome;
                    }
                },
                // SAFETY: the op that waits has just stopped.
                Reason::Wait => match unsafe { self.wait() } {
                    Ok(true) => {}
                    Ok(false) => return Outcome::Interrupted,
                    Err(trap) => {
                        self.state = State::Idle;
                        return Outcome::Trap(trap);
                    }
                },
                Reason::Budget => {
                    if self.take_interrupt() {
                        return Outcome::Interrupted;
                    }
                    // With nothing given and nothing used, a function waits for the unit that its start takes.
                    if !is_paid || (given == 0 && used == 0) {
                        return Outcome::OutOfFuel;
                    }
                }
            }
        }
    }

    /// Takes the exception thrown last to where it is caught. A catch takes part in metering as a branch backward does, since
    /// it can be one. Until then execution stays where it was thrown.
    ///
    /// # Safety
    ///
    /// As for `run`; execution is at what throws.
    unsafe fn unwind(&mut self) -> Option<Outcome> {
        // SAFETY: passed on from the caller; nothing happens between finding the frame and going there.
        unsafe {
            let Some(landing) = unwind::find(&self.ctx, self.top(), &self.thrown) else {
                // The frames stay for a backtrace.
                if self.state == State::Throw {
                    self.state = State::Idle;
                }
                return Some(Outcome::Exception);
            };
            if self.take_interrupt() {
                return Some(Outcome::Interrupted);
            }
            if self.fuel == Some(0) {
                return Some(Outcome::OutOfFuel);
            }
            match self.thrown.refer(&landing, &mut *self.ctx.heap) {
                Ok(()) => {}
                Err(AllocError::Collect) => return Some(Outcome::HeapFull),
                Err(AllocError::Exhausted) => {
                    self.state = State::Idle;
                    return Some(Outcome::Trap(Trap::AllocationFailure));
                }
            }
            self.thrown.land(&landing, &mut self.ctx);
        }
        self.thrown.clear();
        self.state = State::Ready;
        if self.pay(1) { None } else { Some(Outcome::OutOfFuel) }
    }

    /// Makes the stack of the running continuation larger where a function has not found room there: then that is no trap.
    fn grow(&mut self, trap: Trap) -> Result<(), AllocError> {
        let stack = self.ctx.current;
        if trap != Trap::CallStackExhausted || stack == self.stack || !self.is_at_start() {
            return Err(AllocError::Exhausted);
        }
        let Some(regs) = &mut self.ctx.regs else { return Err(AllocError::Exhausted) };
        // SAFETY: a handler has stopped at the start of a function, whose payload says what its frame needs; the stack runs, and
        // only the registers have an address in it.
        unsafe {
            let has = stack.as_ref().slots();
            let used = regs.fp.offset_from(stack.as_ref().base()) as usize;
            let needs = used + Fields::of(self.ctx.ip).imm() as usize;
            let slots = (2 * has).max(needs).min(has + self.ctx.slots_left);
            if slots < needs {
                return Err(AllocError::Exhausted);
            }
            (*self.ctx.heap).grow_stack(stack, slots)?;
            regs.fp = stack.as_ref().base().add(used);
            self.ctx.slots_left -= slots - has;
            self.ctx.stack_limit = stack.as_ref().limit();
        }
        Ok(())
    }

    /// Whether the context's ip is at the start of a function.
    fn is_at_start(&self) -> bool {
        // SAFETY: the current instance is live.
        let code = unsafe { self.ctx.instance.as_ref() }.map(|instance| &*instance.code);
        let body = code.and_then(|code| code.body(code.locate(self.ctx.ip)?.func.0));
        body.is_some_and(|body| core::ptr::eq(body.start(), self.ctx.ip))
    }

    /// Takes `units`, and what is still owed, from the fuel, or gives them back if negative; whether there was enough.
    fn pay(&mut self, units: i64) -> bool {
        let Some(fuel) = &mut self.fuel else { return true };
        let owed = i128::from(self.debt) + i128::from(units);
        let left = i128::from(*fuel) - owed;
        *fuel = left.clamp(0, i128::from(u64::MAX)) as u64;
        self.debt = (-left).clamp(0, i128::from(u64::MAX)) as u64;
        self.debt == 0
    }

    fn take_interrupt(&self) -> bool {
        self.ctx.is_interrupted() && self.ctx.interrupt.as_ref().is_some_and(|flag| flag.swap(false, Ordering::Relaxed))
    }

    /// Ends the pending host call by an exception of `tag`, which `run` takes to where it is caught.
    ///
    /// # Safety
    ///
    /// A host function has to be called; `payload` holds values of the types of the tag's parameters, and what is referred to
    /// stays live until the exception is caught or forgotten.
    pub unsafe fn throw(&mut self, tag: NonNull<Tag>, payload: &[u64]) {
        self.thrown.set(tag, payload, 0);
        self.state = State::HostThrow;
    }

    pub(super) fn context(&self) -> &Context {
        &self.ctx
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// The first slot of its own stack.
    pub(super) fn base(&self) -> *mut u64 {
        self.own().base()
    }

    /// What the context's ip is.
    pub(super) fn top(&self) -> Top {
        match self.state {
            State::HostCall | State::HostReturn | State::HostThrow => Top::Host,
            State::ResumeThrow => Top::Parked,
            State::Idle | State::Ready | State::Throw => Top::Op,
        }
    }

    /// The reference to the exception thrown last, or null as long as there is none.
    pub(super) fn thrown_ref(&self) -> u64 {
        self.thrown.exn
    }

    /// Tag and payload of the exception thrown last, after [`Outcome::Exception`].
    #[must_use]
    pub fn thrown(&self) -> Option<(NonNull<Tag>, &[u64])> {
        Some((self.thrown.tag?, &self.thrown.payload))
    }

    /// Blocks this thread until what the op at the context's ip waits for has happened; `false` if the interruption flag was
    /// set first, the op then being the next.
    ///
    /// # Safety
    ///
    /// The op has just stopped, and nothing has changed since.
    unsafe fn wait(&mut self) -> Result<bool, Trap> {
        let waiting = self.ctx.waiting.take().expect("the op has said for what to wait");
        // SAFETY: memories of the current instance are live.
        let memory = unsafe { (*waiting.memory).shared() }.ok_or(Trap::ExpectedSharedMemory)?;
        let flag = self.ctx.interrupt.as_ref();
        let is_interrupted = || self.ctx.is_interrupted();
        let outcome = if waiting.is_64 {
            memory.wait64(waiting.address, waiting.expected, waiting.timeout_ns, is_interrupted)?
        } else {
            memory.wait32(waiting.address, waiting.expected as u32, waiting.timeout_ns, is_interrupted)?
        };
        let Some(outcome) = outcome else {
            flag.inspect(|flag| flag.store(false, Ordering::Relaxed));
            return Ok(false);
        };
        // SAFETY: the slot is one of the frame of the op.
        unsafe { *waiting.result = u64::from(outcome as u32) };
        self.ctx.ip = waiting.behind;
        Ok(true)
    }

    /// Runs handlers from the context's ip until one stops.
    unsafe fn run_slice(&mut self, budget: u64) -> Reason {
        self.ctx.observer.forget_code();
        let ctx: *mut Context = &mut *self.ctx;
        // SAFETY: the context is this execution's own, and from here on only reached through the registers.
        unsafe {
            (*ctx).budget = budget as i64;
            // Whatever happened since the last run may have grown memories.
            (*ctx).reload();
            (*ctx).is_marking = (*(*ctx).heap).is_marking();
            let ip: Ip = (*ctx).ip;
            if let Some(regs) = (*ctx).regs {
                backend::run(ip, Regs { ctx, ..regs });
            }
            (*ctx).reason
        }
    }

    fn host_pending(&mut self) -> Outcome {
        self.state = State::HostReturn;
        // SAFETY: `callee` is the host function just called, and live.
        match unsafe { (*self.ctx.callee).kind } {
            FuncKind::Host(host) => Outcome::HostPending { host },
            FuncKind::Wasm { .. } => unreachable!("handlers stop for host functions only"),
        }
    }

    /// The first `slots` slots of results, after [`Outcome::Done`].
    #[must_use]
    pub fn results(&self, slots: usize) -> &[u64] {
        let slots = slots.min(self.own().slots());
        // SAFETY: the stack has that many slots, all initialised.
        unsafe { slice::from_raw_parts(self.own().base(), slots) }
    }

    /// Arguments of the pending host call, to be replaced by its results; `slots` is the larger number of both.
    pub fn host_slots(&mut self, slots: usize) -> &mut [u64] {
        let fp = self.ctx.regs.map_or(self.own().base(), |regs| regs.fp);
        let room = (self.ctx.stack_limit as usize - fp as usize) / size_of::<u64>();
        // SAFETY: the slots lie on the stack, and nothing else runs.
        unsafe { slice::from_raw_parts_mut(fp, slots.min(room)) }
    }

    /// The function of the pending host call.
    #[must_use]
    pub fn host_callee(&self) -> Option<NonNull<FuncInst>> {
        NonNull::new(self.ctx.callee.cast_mut())
    }

    /// The instance that runs, or whose function called the pending host function; `None` where the embedder did.
    #[must_use]
    pub fn current_instance(&self) -> Option<NonNull<Instance>> {
        NonNull::new(self.ctx.instance)
    }

    /// The functions on the stack, innermost first.
    ///
    /// # Safety
    ///
    /// The program is where `run` left it, and all that it reaches is live.
    #[must_use]
    pub unsafe fn backtrace(&self) -> Vec<BacktraceFrame> {
        // SAFETY: passed on from the caller.
        unsafe { super::backtrace::walk(&self.ctx, self.top()) }
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // SAFETY: made from a box, and nothing runs on it.
        drop(unsafe { Box::from_raw(self.stack.as_ptr()) });
    }
}
