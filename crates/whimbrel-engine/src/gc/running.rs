//! The executions of a store, behind a safe interface: what runs, and the values that pass in and out.
//!
//! Executions form a stack: WebAssembly calls a host function, which calls WebAssembly. Only the top one can go on. What they
//! reach stays alive: the collector asks each for its roots.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;
use core::sync::atomic::AtomicBool;

use wasm_syntax::{FuncIdx, Trap};
use whimbrel_ir::RefKind;

use super::collect::Root;
use super::instance::slot_of_func;
use super::{GcStats, GcStress, Handle, Heap};
use crate::exec::{Counts, Execution, Frames, Landings, LooseCode, ModuleCode, Observation, Outcome};
use crate::instance::{FuncInst, FuncTypeInfo, Instance, Tag};
use crate::store::{Collected, Store, StoreLimits};
use crate::value::{Value, ValueError, WrongStore};

/// The executions of a store.
#[derive(Debug)]
pub(crate) struct Executions {
    pub(super) running: Vec<Running>,
    /// Calls that can go on later, each with what it shares with the embedder: without the embedder's part, it is over.
    suspended: Vec<(Suspension, Running)>,
    /// Executions for the next calls, whose stacks are allocated.
    #[expect(clippy::vec_box, reason = "an execution moves between the lists by its pointer")]
    idle: Vec<Box<Execution>>,
    interrupt: Arc<AtomicBool>,
    /// What is left of the store's fuel.
    fuel: Option<u64>,
    /// Whether the embedder is asked before memories and tables grow.
    needs_consent: bool,
    observation: Observation,
    /// What calls that are over executed.
    counts: Counts,
    /// Slots of values on their way in.
    scratch: Vec<u64>,
}

#[derive(Debug)]
pub(super) struct Running {
    /// Apart, so that beginning and ending a call moves a pointer.
    pub(super) execution: Box<Execution>,
    /// The function that the embedder called, which its caller holds or an object reaches.
    pub(super) func: NonNull<FuncInst>,
    pub(super) stage: Stage,
}

impl Running {
    /// The type of the host function that has to be called.
    ///
    /// # Safety
    ///
    /// The reference is not used once the call has ended: until then what running code calls stays alive.
    pub(super) unsafe fn host_type<'s>(&self) -> &'s FuncTypeInfo {
        assert_eq!(self.stage, Stage::Host, "a host function is to be called");
        let callee = self.execution.host_callee().expect("a host function is to be called");
        // SAFETY: the call is under way, and by contract stays so.
        unsafe { type_of(callee) }
    }
}

/// The type of a function, which nothing changes.
///
/// # Safety
///
/// The function is alive, and stays so while the reference is used.
pub(super) unsafe fn type_of<'s>(func: NonNull<FuncInst>) -> &'s FuncTypeInfo {
    // SAFETY: by contract.
    unsafe { &func.as_ref().ty }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// `run` goes on.
    Ready,
    /// A host function has to return first.
    Host,
    /// The function has returned.
    Done,
    /// An exception has left the function.
    Thrown,
    /// It can only be forgotten.
    Failed,
}

/// A call taken aside by [`Store::suspend`]. Dropping it ends the call, before the next one begins.
#[derive(Clone, Debug)]
pub struct Suspension(Arc<()>);

/// Why a call was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// An argument, or the function, does not belong here.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// There is no room for the call.
    #[error(transparent)]
    Trap(#[from] Trap),
}

impl From<WrongStore> for CallError {
    fn from(error: WrongStore) -> Self {
        Self::Value(error.into())
    }
}

/// A function on the stack of a running program.
#[derive(Clone, Debug)]
pub struct StackFrame {
    /// The module's code.
    pub code: Arc<ModuleCode>,
    /// The function.
    pub func: FuncIdx,
    /// Bytes from the start of the function's body to the instruction, where known.
    pub offset: Option<u32>,
}

impl Executions {
    pub(crate) fn new() -> Self {
        Self {
            running: Vec::new(),
            suspended: Vec::new(),
            idle: Vec::new(),
            interrupt: Arc::new(AtomicBool::new(false)),
            fuel: None,
            needs_consent: false,
            observation: Observation::default(),
            counts: Counts::default(),
            scratch: Vec::new(),
        }
    }

    pub(crate) fn interrupt_flag(&self) -> &Arc<AtomicBool> {
        &self.interrupt
    }

    /// Ends the suspended calls that nobody can resume any more.
    #[inline]
    fn end_forgotten(&mut self) {
        if !self.suspended.is_empty() {
            self.end_forgotten_now();
        }
    }

    #[cold]
    fn end_forgotten_now(&mut self) {
        let is_forgotten = |entry: &mut (Suspension, _)| Arc::strong_count(&entry.0.0) == 1;
        let forgotten: Vec<_> = self.suspended.extract_if(.., is_forgotten).collect();
        forgotten.into_iter().for_each(|(_, running)| self.end(running));
    }

    /// Keeps the execution of a call that is over for the next one.
    #[inline]
    fn end(&mut self, mut running: Running) {
        self.counts += running.execution.take_counts();
        running.execution.clear();
        self.idle.push(running.execution);
    }

    /// Every execution of a call that is not over.
    fn under_way(&mut self) -> impl Iterator<Item = &mut Execution> {
        let suspended = self.suspended.iter_mut().map(|(_, running)| running);
        self.running.iter_mut().chain(suspended).map(|running| &mut *running.execution)
    }

    /// What programs hold that run or can go on.
    fn roots(&self, found: &mut dyn FnMut(Root)) {
        let suspended = self.suspended.iter().map(|(_, running)| running);
        for Running { execution, func, stage } in self.running.iter().chain(suspended) {
            found(Root::Slot(RefKind::Func, slot_of_func(*func)));
            // SAFETY: executions are where `run` left them, and what they reach is alive.
            unsafe {
                match stage {
                    Stage::Done => execution.result_roots(&func.as_ref().ty, found),
                    Stage::Failed | Stage::Thrown => execution.roots(Frames::Dead, found),
                    Stage::Host => execution.roots(Frames::Live { returned: false }, found),
                    Stage::Ready => execution.roots(Frames::Live { returned: true }, found),
                }
            }
        }
    }

    #[inline]
    fn take_idle(&mut self, limits: &StoreLimits, landings: &Arc<Landings>) -> Result<Box<Execution>, Trap> {
        // One whose stack was made under another limit is of no use.
        while let Some(execution) = self.idle.pop() {
            if execution.stack_slots() == limits.stack_slots {
                return Ok(execution);
            }
        }
        self.new_execution(limits, landings)
    }

    #[cold]
    fn new_execution(&mut self, limits: &StoreLimits, landings: &Arc<Landings>) -> Result<Box<Execution>, Trap> {
        let execution = Execution::new(limits.stack_slots, Arc::clone(landings));
        let mut execution = Box::new(execution.ok_or(Trap::CallStackExhausted)?);
        execution.set_interrupt(Some(Arc::clone(&self.interrupt)));
        Ok(execution)
    }

    /// Evaluates a constant expression in `instance`, for whose module `code` was compiled.
    pub(crate) fn eval(
        &mut self,
        instance: NonNull<Instance>,
        code: &LooseCode,
        limits: &StoreLimits,
        heap: NonNull<Heap>,
    ) -> Result<[u64; 2], Trap> {
        // SAFETY: the store is borrowed exclusively.
        let landings = unsafe { heap.as_ref() }.landings();
        let mut execution = self.take_idle(limits, landings)?;
        execution.set_fuel(None);
        // SAFETY: the instance is in an arena and no collection happens here; `code` comes from the image of its module,
        // and constant expressions only use what precedes them.
        unsafe { execution.eval(instance, code)? };
        // SAFETY: the same; the store is borrowed exclusively by the caller, so nothing borrows its objects.
        let mut outcome = unsafe { execution.run(heap) };
        while matches!(outcome, Outcome::HeapFull) {
            // SAFETY: nothing else borrows the heap.
            if !unsafe { (*heap.as_ptr()).put_off() } {
                outcome = Outcome::Trap(Trap::AllocationFailure);
                break;
            }
            // SAFETY: as before.
            outcome = unsafe { execution.run(heap) };
        }
        let slots = [execution.results(2)[0], execution.results(2)[1]];
        self.idle.push(execution);
        match outcome {
            Outcome::Done => Ok(slots),
            Outcome::Trap(trap) => Err(trap),
            other => unreachable!("constant expressions call nothing and do not loop: {other:?}"),
        }
    }
}

impl Store {
    /// How many calls by the embedder are under way, one in another.
    #[must_use]
    pub fn call_depth(&self) -> usize {
        self.executions.running.len()
    }

    /// Forgets the calls above the `depth` first ones.
    #[inline]
    pub fn end_calls(&mut self, depth: usize) {
        let executions = &mut self.executions;
        while executions.running.len() > depth
            && let Some(running) = executions.running.pop()
        {
            executions.end(running);
        }
    }

    /// Takes aside the call begun last, which came back because it was out of fuel or interrupted: what it is nested in goes
    /// on, and other calls may begin.
    ///
    /// # Panics
    ///
    /// If it is not one that [`run`](Self::run) can go on with.
    pub fn suspend(&mut self) -> Suspension {
        let running = self.executions.running.pop().expect("a call was begun");
        assert_eq!(running.stage, Stage::Ready, "a call goes on where it can");
        let suspension = Suspension(Arc::new(()));
        self.executions.suspended.push((suspension.clone(), running));
        suspension
    }

    /// Makes a suspended call the one begun last, so that [`run`](Self::run) goes on with it.
    ///
    /// # Errors
    ///
    /// If it is not one of this store, or calls are nested too deeply.
    pub fn resume(&mut self, suspension: &Suspension) -> Result<(), CallError> {
        let executions = &mut self.executions;
        let index = executions.suspended.iter().position(|(other, _)| Arc::ptr_eq(&other.0, &suspension.0));
        let index = index.ok_or(WrongStore)?;
        if executions.running.len() >= self.limits.host_depth {
            return Err(Trap::CallStackExhausted.into());
        }
        let (_, running) = executions.suspended.swap_remove(index);
        executions.running.push(running);
        Ok(())
    }

    /// The fuel left, if it is counted.
    #[must_use]
    pub fn fuel(&self) -> Option<u64> {
        self.executions.fuel
    }

    /// Sets the fuel: calls and backward branches that may happen; `None` is no limit.
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        self.executions.fuel = fuel;
    }

    /// Sets what observed code stops for.
    pub fn set_observation(&mut self, observation: Observation) {
        self.executions.observation = observation;
        self.executions.under_way().for_each(|execution| execution.set_observation(observation));
    }

    /// What was executed of observed code.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Executions { running, suspended, counts, .. } = &self.executions;
        let suspended = suspended.iter().map(|(_, running)| running);
        running.iter().chain(suspended).fold(*counts, |sum, running| sum + running.execution.counts())
    }

    /// The function that observed code is about to enter, and its arguments: after [`Outcome::Called`].
    ///
    /// # Panics
    ///
    /// If no call was begun.
    pub fn called(&mut self) -> Option<(StackFrame, Vec<Value>)> {
        let Self { objects, executions, .. } = self;
        let running = executions.running.last_mut().expect("a call was begun");
        // SAFETY: the execution is where `run` left it, and all that it reaches is alive.
        let frame = unsafe { running.execution.backtrace() }.into_iter().next()?;
        let instance = objects.at(frame.instance);
        let code = Arc::clone(&instance.code);
        let ty = Arc::clone(instance.types.func(frame.func));
        let slots = usize::from(ty.return_slot());
        let slots = running.execution.host_slots(slots);
        let mut at = 0;
        let args = ty.params.iter().map(|&ty| {
            // SAFETY: validated code passes arguments of the parameters' types; their targets are alive.
            let value = unsafe { objects.lift(&slots[at..], ty) };
            at += usize::from(ty.slots());
            value
        });
        let args = args.collect();
        Some((StackFrame { code, func: frame.func, offset: frame.offset }, args))
    }

    /// Begins a call of `func`, which [`run`](Self::run) carries out.
    ///
    /// # Errors
    ///
    /// If the arguments are not of the parameters' types, or anything is of another store, or calls are nested too deeply.
    pub fn begin_call(&mut self, func: &Handle<FuncInst>, args: &[Value]) -> Result<(), CallError> {
        let ptr = func.ptr(self.objects.id)?;
        let mut slots = core::mem::take(&mut self.executions.scratch);
        slots.clear();
        let params = &self.objects.at(ptr).ty.params;
        if params.len() != args.len() {
            return Err(ValueError::Count { expected: params.len(), found: args.len() }.into());
        }
        for (arg, &ty) in args.iter().zip(params) {
            let value = self.objects.lower(arg, ty)?;
            slots.extend_from_slice(&value[..usize::from(ty.slots())]);
        }
        // SAFETY: the function is alive, being held; the arguments were checked above.
        let begun = unsafe { self.begin(ptr, &slots) };
        self.executions.scratch = slots;
        Ok(begun?)
    }

    /// Begins a call with arguments that are in order.
    ///
    /// # Safety
    ///
    /// The function is alive, and `slots` hold values of its parameters' types.
    #[inline]
    pub(super) unsafe fn begin(&mut self, func: NonNull<FuncInst>, slots: &[u64]) -> Result<(), Trap> {
        let executions = &mut self.executions;
        if executions.running.len() >= self.limits.host_depth {
            return Err(Trap::CallStackExhausted);
        }
        executions.end_forgotten();
        let mut execution = executions.take_idle(&self.limits, self.objects.heap.get().landings())?;
        execution.set_observation(executions.observation);
        execution.need_consent(executions.needs_consent);
        // SAFETY: by contract; the function stays alive with all that it reaches until the execution ends, which the collector
        // asks for its roots.
        match unsafe { execution.call(func, slots) } {
            Ok(()) => executions.running.push(Running { execution, func, stage: Stage::Ready }),
            Err(trap) => {
                executions.idle.push(execution);
                return Err(trap);
            }
        }
        Ok(())
    }

    /// Goes on with the call begun last.
    ///
    /// # Panics
    ///
    /// If there is none, it is over, or a host function has not returned with [`return_from_host`](Self::return_from_host).
    #[inline]
    pub fn run(&mut self) -> Outcome {
        loop {
            let outcome = self.run_on();
            if !matches!(outcome, Outcome::HeapFull) {
                return outcome;
            }
            if !self.gc_step() {
                if let Some(running) = self.executions.running.last_mut() {
                    running.stage = Stage::Failed;
                }
                return Outcome::Trap(Trap::AllocationFailure);
            }
        }
    }

    /// Answers whether the growth may happen for which [`run`](Self::run) came back with [`Outcome::Grows`].
    ///
    /// # Panics
    ///
    /// If no call was begun.
    pub fn consent(&mut self, granted: bool) {
        self.executions.running.last_mut().expect("a call was begun").execution.consent(granted);
    }

    /// Sets whether [`run`](Self::run) comes back before a memory or table grows.
    pub fn set_needs_consent(&mut self, needed: bool) {
        self.executions.needs_consent = needed;
        self.executions.under_way().for_each(|execution| execution.need_consent(needed));
    }

    /// The collector's next step; returns whether the allocation that asked for it, if one did, may go on.
    pub(crate) fn gc_step(&mut self) -> bool {
        self.timed(|store| {
            let Self { objects, executions, .. } = store;
            // SAFETY: slots outside of objects are on the stacks of executions: the embedder holds handles.
            unsafe { objects.step(&mut |root| executions.roots(root)) }
        })
    }

    /// Frees what nothing reaches: neither a handle nor a running program.
    pub fn collect(&mut self) -> Collected {
        self.executions.end_forgotten();
        self.timed(|store| {
            let Self { objects, executions, .. } = store;
            // SAFETY: as in `gc_step`.
            unsafe { objects.collect(&mut |root| executions.roots(root)) }
        })
    }

    /// Whether there are twice as many instances, or objects outside of the heap, as the last [collection](Self::collect)
    /// left.
    ///
    /// Embedding layers look where they start something: references in values are safe then, since they hold handles.
    #[inline]
    #[must_use]
    pub fn is_collection_due(&self) -> bool {
        self.objects.due.is_due(self.objects.len())
    }

    /// Does something of the collector's and notes how long it took.
    fn timed<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let clock = self.gc_clock;
        let start_ns = clock.map(|clock| clock());
        let result = act(self);
        let ns = clock.zip(start_ns).map_or(0, |(clock, start_ns)| clock().saturating_sub(start_ns));
        self.objects.heap.get_mut().note_pause(ns);
        result
    }

    /// Gives the collector a clock of nanoseconds, by which it measures [pauses](GcStats::longest_pause_ns).
    pub fn set_gc_clock(&mut self, clock: fn() -> u64) {
        self.gc_clock = Some(clock);
    }

    /// What the collector has done.
    #[must_use]
    pub fn gc_stats(&self) -> GcStats {
        self.objects.heap.get().stats()
    }

    /// Has the collector work more than it needs to, for tests. What is dead is overwritten then.
    pub fn set_gc_stress(&mut self, stress: GcStress) {
        self.objects.heap.get_mut().set_stress(stress);
    }

    fn run_on(&mut self) -> Outcome {
        let executions = &mut self.executions;
        let running = executions.running.last_mut().expect("a call was begun");
        assert_eq!(running.stage, Stage::Ready, "a call goes on where it can");
        running.execution.set_fuel(executions.fuel);
        // SAFETY: `begin_call` saw to it that the call is sound; the store is borrowed exclusively, so nothing borrows its
        // objects; the stage says that results of host functions, which are checked, are in their place.
        let outcome = unsafe { running.execution.run(self.objects.heap.ptr()) };
        executions.fuel = running.execution.fuel();
        running.stage = match outcome {
            Outcome::Done => Stage::Done,
            Outcome::Exception => Stage::Thrown,
            Outcome::Trap(_) | Outcome::HostPanicked(_) => Stage::Failed,
            Outcome::HostPending { .. } => Stage::Host,
            Outcome::NeedsCode { .. }
            | Outcome::HeapFull
            | Outcome::Grows(_)
            | Outcome::OutOfFuel
            | Outcome::Interrupted
            | Outcome::Called
            | Outcome::Sample => Stage::Ready,
        };
        outcome
    }

    /// Takes the results of the call begun last, which is over then.
    ///
    /// # Errors
    ///
    /// If `results` is not as long as the function's results.
    ///
    /// # Panics
    ///
    /// If the call has not returned.
    pub fn take_results(&mut self, results: &mut [Value]) -> Result<(), ValueError> {
        let running = self.executions.running.last().expect("a call was begun");
        assert_eq!(running.stage, Stage::Done, "results exist once the function has returned");
        // SAFETY: the function is alive while its execution is.
        let ty = unsafe { type_of(running.func) };
        if ty.results.len() != results.len() {
            return Err(ValueError::Count { expected: ty.results.len(), found: results.len() });
        }
        let slots = running.execution.results(usize::from(ty.result_slots));
        let mut at = 0;
        for (result, &ty) in results.iter_mut().zip(&ty.results) {
            // SAFETY: the function left values of its results' types, and no collection has happened since.
            *result = unsafe { self.objects.lift(&slots[at..], ty) };
            at += usize::from(ty.slots());
        }
        let depth = self.executions.running.len() - 1;
        self.end_calls(depth);
        Ok(())
    }

    /// The type of the host function that has to be called.
    ///
    /// # Panics
    ///
    /// If there is none; so with the methods below.
    #[must_use]
    pub fn host_type(&self) -> &FuncTypeInfo {
        let running = self.executions.running.last().expect("a call was begun");
        // SAFETY: ending the call takes the store exclusively.
        unsafe { running.host_type() }
    }

    /// Reads the arguments of the host function that has to be called.
    ///
    /// # Errors
    ///
    /// If `args` is not as long as the function's parameters.
    pub fn host_args(&mut self, args: &mut [Value]) -> Result<(), ValueError> {
        let Self { objects, executions, .. } = self;
        let running = executions.running.last_mut().expect("a call was begun");
        // SAFETY: this function does not end the call.
        let ty = unsafe { running.host_type() };
        if ty.params.len() != args.len() {
            return Err(ValueError::Count { expected: ty.params.len(), found: args.len() });
        }
        let slots = running.execution.host_slots(usize::from(ty.return_slot()));
        let mut at = 0;
        for (arg, &ty) in args.iter_mut().zip(&ty.params) {
            // SAFETY: validated code passes arguments of the parameters' types; their targets are alive.
            *arg = unsafe { objects.lift(&slots[at..], ty) };
            at += usize::from(ty.slots());
        }
        Ok(())
    }

    /// Returns from the host function with `results`; [`run`](Self::run) goes on behind the call.
    ///
    /// # Errors
    ///
    /// If the results are not of the function's types, or of another store.
    pub fn return_from_host(&mut self, results: &[Value]) -> Result<(), ValueError> {
        let Self { objects, executions, .. } = self;
        let running = executions.running.last_mut().expect("a call was begun");
        // SAFETY: this function does not end the call.
        let ty = unsafe { running.host_type() };
        if ty.results.len() != results.len() {
            return Err(ValueError::Count { expected: ty.results.len(), found: results.len() });
        }
        // Refused results leave the arguments as they were.
        let values = &mut executions.scratch;
        values.clear();
        for (result, &ty) in results.iter().zip(&ty.results) {
            values.extend_from_slice(&objects.lower(result, ty)?[..usize::from(ty.slots())]);
        }
        running.execution.host_slots(usize::from(ty.return_slot()))[..values.len()].copy_from_slice(values);
        running.stage = Stage::Ready;
        Ok(())
    }

    /// Makes the host function that has to be called throw an exception of `tag` that carries `payload`; [`run`](Self::run)
    /// goes on where it is caught. Spec: `exec-throw`.
    ///
    /// # Errors
    ///
    /// If the payload is not of the types of the tag's parameters, or anything is of another store.
    pub fn throw_from_host(&mut self, tag: &Handle<Tag>, payload: &[Value]) -> Result<(), ValueError> {
        let slots = self.objects.lower_payload(tag, payload)?;
        let tag = tag.ptr(self.objects.id)?;
        let running = self.executions.running.last_mut().expect("a call was begun");
        assert_eq!(running.stage, Stage::Host, "a host function is to be called");
        // SAFETY: tag and payload are of this store and go together; the collector asks the execution for them.
        unsafe { running.execution.throw(tag, &slots) };
        running.stage = Stage::Ready;
        Ok(())
    }

    /// Tag and payload of the exception that has left the function called last.
    ///
    /// # Panics
    ///
    /// If none has.
    pub fn thrown(&mut self) -> (Handle<Tag>, Vec<Value>) {
        let Self { objects, executions, .. } = self;
        let running = executions.running.last().expect("a call was begun");
        assert_eq!(running.stage, Stage::Thrown, "an exception has left the function");
        let (tag, payload) = running.execution.thrown().expect("an exception has left the function");
        // SAFETY: throwing code has left values of the types of the tag's parameters, and no collection has happened since.
        unsafe { objects.lift_exception(tag, payload) }
    }

    /// The instance whose function called the host function; `None` where the embedder did.
    pub fn calling_instance(&mut self) -> Option<Handle<Instance>> {
        let instance = self.executions.running.last()?.execution.current_instance()?;
        Some(self.hold(instance))
    }

    /// The functions of the call begun last, and of those below it, innermost first.
    #[must_use]
    pub fn backtrace(&self) -> Vec<StackFrame> {
        let mut frames = Vec::new();
        for running in self.executions.running.iter().rev() {
            // SAFETY: the execution is where `run` left it, and all that it reaches is alive.
            for frame in unsafe { running.execution.backtrace() } {
                let code = Arc::clone(&self.objects.at(frame.instance).code);
                frames.push(StackFrame { code, func: frame.func, offset: frame.offset });
            }
        }
        frames
    }
}

// SAFETY: objects, and the pointers between them, are reached only through the store; what other threads may hold, handles,
// keeps counts alone.
unsafe impl Send for Store {}
// SAFETY: no function that takes a shared store changes an object, cells in objects included: references to functions, tokens
// of handles and marks are made with the store borrowed exclusively.
unsafe impl Sync for Store {}
