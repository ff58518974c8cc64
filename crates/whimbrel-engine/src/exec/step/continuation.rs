//! Steps of continuations: making them, and going from one stack to another.
//!
//! The stack that runs is the context's; what else there is of the program waits on the stacks below it. Going to another stack
//! is a matter of registers, so that it happens here and nothing stops, unless the collector has something to do first.

use core::ptr::{self, NonNull};

use wasm_syntax::{FuncIdx, Trap};
use whimbrel_ir::{Action, Clause, Handler, OpKey};

use super::call::delta_before;
use super::of;
use crate::exec::backend::{self, Next, Step};
use crate::exec::context::{Context, Fp, Ip, Reason, Regs};
use crate::exec::link::Body;
use crate::exec::operand::Fields;
use crate::exec::stack::Stack;
use crate::gc::{AllocError, Continuation};
use crate::instance::{FuncInst, FuncKind, Instance, Tag};
use crate::value::SlotType;

/// What an op that did not happen makes of itself.
enum Stop {
    Trap(Trap),
    /// The collector has something to do first; nothing has changed.
    Collect,
}

impl Stop {
    fn at(self, ip: Ip) -> Next {
        match self {
            Self::Trap(trap) => Next::Trap(trap),
            Self::Collect => Next::Stop(ip, Reason::Heap),
        }
    }
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl From<AllocError> for Stop {
    fn from(error: AllocError) -> Self {
        match error {
            AllocError::Collect => Self::Collect,
            AllocError::Exhausted => Self::Trap(Trap::AllocationFailure),
        }
    }
}

/// The continuation to which a slot refers.
unsafe fn continuation(slot: u64) -> Result<Continuation, Trap> {
    if slot == 0 {
        return Err(Trap::NullContinuationReference);
    }
    // SAFETY: by contract the slot holds null or a reference to a continuation.
    let continuation = unsafe { Continuation::at(slot) };
    if continuation.is_consumed() { Err(Trap::ContinuationConsumed) } else { Ok(continuation) }
}

/// The stack of a continuation, which has one from now on.
unsafe fn stack_of(continuation: Continuation, regs: &Regs, may_collect: bool) -> Result<NonNull<Stack>, AllocError> {
    match (continuation.stack, continuation.func) {
        (Some(stack), _) => Ok(stack),
        // SAFETY: what an object refers to is live, and the heap is the store's.
        (None, Some(func)) => unsafe { (*(*regs.ctx).heap).take_stack(func, may_collect) },
        (None, None) => unreachable!("a continuation that was consumed is refused"),
    }
}

/// `cont.new`
pub(super) struct ContNew;

impl Step for ContNew {
    const LEN: usize = 2;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the slot holds null or a live function, and gets the reference.
        unsafe {
            let slot = regs.fp.add(Fields::of(ip).a());
            let func = NonNull::new(ptr::with_exposed_provenance_mut::<FuncInst>(*slot as usize));
            if func.is_none() {
                return Next::Trap(Trap::NullFunctionReference);
            }
            let heap = &mut *(*regs.ctx).heap;
            match heap.new_continuation() {
                Ok(object) => {
                    heap.give_continuation(object, Continuation { func, stack: None });
                    *slot = object;
                    Next::Fall
                }
                Err(error) => Stop::from(error).at(ip),
            }
        }
    }
}

/// `cont.bind`
pub(super) struct ContBind;

impl Step for ContBind {
    const LEN: usize = 2;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands.
        match unsafe { bind(ip, regs) } {
            Ok(()) => Next::Fall,
            Err(stop) => stop.at(ip),
        }
    }
}

unsafe fn bind(ip: Ip, regs: &Regs) -> Result<(), Stop> {
    // SAFETY: arguments and continuation are in slots in a row, of the types that the continuation waits for; its stack has
    // room for them.
    unsafe {
        let (args, count) = (regs.fp.add(Fields::of(ip).a()), Fields::of(ip).d());
        let heap = &mut *(*regs.ctx).heap;
        let reference = *args.add(count);
        let found = continuation(reference)?;
        let object = heap.new_continuation()?;
        let mut bound = found;
        if count > 0 {
            // The object was all that it may ask the collector for.
            let mut stack = stack_of(found, regs, false)?;
            let to = stack.as_ref().operands().add(stack.as_ref().bound);
            to.copy_from_nonoverlapping(args, count);
            stack.as_mut().bound += count;
            bound.stack = Some(stack);
        }
        heap.take_continuation(reference);
        heap.give_continuation(object, bound);
        *args = object;
        Ok(())
    }
}

/// What a handler of a suspension or a switch was found for.
struct Handled {
    /// The stack whose resumption has the handler, at the bottom of the chain that stops.
    bottom: NonNull<Stack>,
    /// The stack that has resumed it.
    below: NonNull<Stack>,
    /// Slots of the chain that stops.
    slots: usize,
    /// Stacks in the chain.
    stacks: i64,
}

/// The innermost resumption around the stack that runs for which `is_it` finds a handler.
unsafe fn find<T>(
    ctx: &Context,
    mut is_it: impl FnMut(&Action, NonNull<Instance>, Body<'_>) -> Option<T>,
) -> Result<(Handled, T), Trap> {
    let mut bottom = ctx.current;
    let (mut slots, mut stacks) = (0, 0);
    // SAFETY: stacks of the chain are live, and so are the instances that run on them; the ip of a parked one is behind a
    // resumption, whose last word has the function.
    unsafe {
        loop {
            (slots, stacks) = (slots + bottom.as_ref().slots(), stacks + 1);
            let below = NonNull::new(bottom.as_ref().below).ok_or(Trap::UnhandledTag)?;
            let at = below.as_ref().at;
            let Some(instance) = NonNull::new(at.instance) else { return Err(Trap::UnhandledTag) };
            if let Some(body) = instance.as_ref().code.body((*at.ip.sub(1) >> 32) as u32) {
                let pos = body.position(at.ip.wrapping_sub(1));
                let mut actions = Handler::of_resumption(body.handlers(), pos);
                if let Some(found) = actions.find_map(|action| is_it(action, instance, body)) {
                    return Ok((Handled { bottom, below, slots, stacks }, found));
                }
            }
            bottom = below;
        }
    }
}

/// Whether a tag of an instance is `tag`.
unsafe fn is_tag(instance: NonNull<Instance>, index: wasm_syntax::TagIdx, tag: NonNull<Tag>) -> bool {
    // SAFETY: the tag exists (`ir::verify`, "handlers").
    unsafe { *instance.as_ref().tags.get_unchecked(index.index()) == tag }
}

/// The tag of an op that names one.
unsafe fn tag_of(ip: Ip, regs: &Regs) -> NonNull<Tag> {
    // SAFETY: the tag exists (`ir::verify`, "indices exist"), and the instance is live.
    unsafe {
        let tags = &(*(*regs.ctx).instance).tags;
        *tags.get_unchecked(Fields::of(ip).imm() as usize)
    }
}

/// Makes `instance` current.
#[inline(always)]
unsafe fn enter(ctx: *mut Context, instance: *mut Instance) {
    // SAFETY: by contract the instance is live.
    unsafe {
        if !ptr::eq((*ctx).instance, instance) {
            (*ctx).enter_instance(instance);
        }
    }
}

/// Makes `stack` the one that runs, which goes on where it was parked.
unsafe fn go_on(mut stack: NonNull<Stack>, regs: &mut Regs) -> Ip {
    // SAFETY: by contract the stack is live and parked, and so is its instance.
    unsafe {
        let stack_ref = stack.as_mut();
        let ctx = regs.ctx;
        (*ctx).current = stack;
        (*ctx).stack_limit = stack_ref.limit();
        *regs = stack_ref.at.regs(regs);
        enter(ctx, stack_ref.at.instance);
        stack_ref.at.ip
    }
}

/// Takes the chain of stacks that runs, down to the handler's resumption, off the others: `object` refers to it from now on. It
/// goes on at `behind`.
unsafe fn take_off(handled: &Handled, object: u64, behind: Ip, awaits: *const [SlotType], regs: &Regs) {
    // SAFETY: the object refers to nothing yet; the stacks of the chain are live.
    unsafe {
        let ctx = &mut *regs.ctx;
        let mut top = ctx.current;
        let stack = top.as_mut();
        stack.park(regs, behind, ctx.instance);
        (stack.awaits, stack.bound) = (awaits, 0);
        (stack.bottom, stack.chain_slots) = (handled.bottom.as_ptr(), handled.slots);
        (*handled.bottom.as_ptr()).below = ptr::null_mut();
        ctx.slots_left += handled.slots;
        // A chain takes time to search.
        ctx.budget -= handled.stacks;
        (*ctx.heap).give_continuation(object, Continuation { func: None, stack: Some(top) });
    }
}

/// `suspend`
pub(super) struct Suspend;

impl Step for Suspend {
    const LEN: usize = 3;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op is a suspension.
        match unsafe { suspend(ip, regs) } {
            Ok(to) => Next::Jump(to),
            Err(stop) => stop.at(ip),
        }
    }
}

unsafe fn suspend(ip: Ip, regs: &mut Regs) -> Result<Ip, Stop> {
    // SAFETY: the payload is where a callee's frame would start; payload and reference go to slots of the handler's frame
    // (`ir::verify`, "handlers"), whose stack is another one.
    unsafe {
        let tag = tag_of(ip, regs);
        let (handled, (clause, to)) = find(&*regs.ctx, |action, instance, body| match action {
            Action::Suspend(clause) if clause.tag.is_some_and(|index| is_tag(instance, index, tag)) => {
                Some((*clause, body.ip(clause.target)))
            }
            _ => None,
        })?;
        let Clause { payload, exn, .. } = clause;
        let object = (*(*regs.ctx).heap).new_continuation()?;
        let behind = ip.add(Suspend::LEN);
        let from = regs.fp.add(delta_before(behind));
        let ty = &tag.as_ref().ty;
        take_off(&handled, object, behind, &raw const *ty.results, regs);
        go_on(handled.below, regs);
        regs.fp.add(payload.0.into()).copy_from_nonoverlapping(from, ty.param_slots.into());
        if let Some(slot) = exn {
            *regs.fp.add(slot.0.into()) = object;
        }
        Ok(to)
    }
}

/// A continuation on its way to running.
struct Started {
    stack: NonNull<Stack>,
    func: Option<NonNull<FuncInst>>,
}

/// Puts the continuation on top of `below`, and takes it from the object at `reference`. Room for it was looked for.
unsafe fn put_on(
    found: Continuation,
    stack: NonNull<Stack>,
    reference: u64,
    below: NonNull<Stack>,
    regs: &Regs,
) -> Started {
    // SAFETY: the object refers to the continuation; all stacks are live.
    unsafe {
        let ctx = &mut *regs.ctx;
        (*ctx.heap).take_continuation(reference);
        let Stack { chain_slots, bottom, .. } = *stack.as_ptr();
        (*stack.as_ptr()).owner = 0;
        ctx.slots_left -= chain_slots;
        (*bottom).below = below.as_ptr();
        Started { stack, func: found.func }
    }
}

impl Started {
    /// Goes on with it, its arguments being where it waits for them.
    unsafe fn run(self, regs: &mut Regs) -> Next {
        // SAFETY: the stack is parked or has not started, and what it runs is live.
        unsafe {
            let Some(func) = self.func else { return Next::Jump(go_on(self.stack, regs)) };
            self.begin(regs);
            match func.as_ref().kind {
                FuncKind::Wasm { instance, func } => {
                    enter(regs.ctx, instance.as_ptr());
                    Next::Jump(start_of(instance, func))
                }
                FuncKind::Host(_) => {
                    (*regs.ctx).callee = func.as_ptr();
                    Next::Stop((*regs.ctx).landings.finish(), Reason::Host)
                }
            }
        }
    }

    /// Makes its stack the one that runs, with nothing on it but arguments.
    unsafe fn begin(&self, regs: &mut Regs) {
        // SAFETY: the stack is live.
        unsafe {
            let ctx = &mut *regs.ctx;
            ctx.current = self.stack;
            ctx.stack_limit = self.stack.as_ref().limit();
            regs.fp = self.stack.as_ref().base();
            regs.acc = ctx.landings.finish().expose_provenance() as u64;
        }
    }
}

unsafe fn start_of(instance: NonNull<Instance>, func: FuncIdx) -> Ip {
    // SAFETY: by contract the instance is live, and defines the function.
    unsafe { instance.as_ref().code.start(func) }
}

/// Copies arguments to where a continuation waits for the rest of its own; returns where they end.
unsafe fn pass(stack: NonNull<Stack>, from: Fp, count: usize) -> Fp {
    // SAFETY: the frame that waits has room for them, and they come from another stack.
    unsafe {
        let to = stack.as_ref().operands().add(stack.as_ref().bound);
        to.copy_from_nonoverlapping(from, count);
        to.add(count)
    }
}

/// A resumption, which passes arguments (0), throws an exception of its tag (1), or one that a reference refers to (2).
pub(super) struct Resume<const HOW: u8>;

/// Words of a resumption.
pub(in crate::exec) const RESUME_LEN: usize = 3;

impl<const HOW: u8> Step for Resume<HOW> {
    const LEN: usize = RESUME_LEN;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op is a resumption, with its operands where a callee's frame would start.
        unsafe {
            let started = match resume(ip, regs, HOW == 2) {
                Ok(started) => started,
                Err(stop) => return stop.at(ip),
            };
            let args = regs.fp.add(delta_before(ip.add(Self::LEN)));
            if HOW == 0 {
                pass(started.stack, args, Fields::of(ip).d());
                return started.run(regs);
            }
            let reason = if HOW == 1 { Reason::ResumeThrow } else { Reason::ResumeThrowRef };
            let behind = if started.func.is_some() {
                started.begin(regs);
                (*regs.ctx).landings.finish()
            } else {
                go_on(started.stack, regs)
            };
            Next::Stop(behind, reason)
        }
    }
}

/// Parks the stack that runs, and puts the continuation on it.
unsafe fn resume(ip: Ip, regs: &Regs, needs_exception: bool) -> Result<Started, Stop> {
    // SAFETY: passed on from the caller.
    unsafe {
        let reference = *regs.fp.add(Fields::of(ip).a());
        let found = continuation(reference)?;
        let behind = ip.add(Resume::<0>::LEN);
        if needs_exception && *regs.fp.add(delta_before(behind)) == 0 {
            return Err(Trap::NullExceptionReference.into());
        }
        let stack = stack_of(found, regs, true)?;
        let ctx = &mut *regs.ctx;
        if stack.as_ref().chain_slots > ctx.slots_left {
            if found.stack.is_none() {
                (*ctx.heap).release_stack(stack);
            }
            return Err(Trap::CallStackExhausted.into());
        }
        let mut below = ctx.current;
        below.as_mut().park(regs, behind, ctx.instance);
        Ok(put_on(found, stack, reference, below, regs))
    }
}

/// `switch`
pub(super) struct Switch;

impl Step for Switch {
    const LEN: usize = 4;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op is a switch.
        unsafe {
            match switch(ip, regs) {
                Ok(started) => started.run(regs),
                Err(stop) => stop.at(ip),
            }
        }
    }
}

unsafe fn switch(ip: Ip, regs: &Regs) -> Result<Started, Stop> {
    // SAFETY: the operands are where a callee's frame would start, but for the continuation; the type is in range
    // (`ir::verify`, "indices exist") and one of a function. The stacks of the chain that stops stay live.
    unsafe {
        let fields = Fields::of(ip);
        let reference = *regs.fp.add(fields.a());
        let found = continuation(reference)?;
        let tag = tag_of(ip, regs);
        let (handled, ()) = find(&*regs.ctx, |action, instance, _| match action {
            Action::Switch(index) => is_tag(instance, *index, tag).then_some(()),
            _ => None,
        })?;
        let heap = (*regs.ctx).heap;
        let object = (*heap).new_continuation()?;
        // The object was all that it may ask the collector for.
        let stack = stack_of(found, regs, false)?;
        if stack.as_ref().chain_slots > (*regs.ctx).slots_left + handled.slots {
            if found.stack.is_none() {
                (*heap).release_stack(stack);
            }
            return Err(Trap::CallStackExhausted.into());
        }
        let behind = ip.add(Switch::LEN);
        let types = &(*(*regs.ctx).instance).types;
        let awaits = types.types.get_unchecked(fields.ext(0) as usize).as_ref();
        let awaits: *const [SlotType] = awaits.map_or(&[], |ty| &raw const *ty.params);
        take_off(&handled, object, behind, awaits, regs);
        *pass(stack, regs.fp.add(delta_before(behind)), fields.d()) = object;
        Ok(put_on(found, stack, reference, handled.below, regs))
    }
}

/// Returns from the bottom frame of a continuation to the resumption, with the results.
pub(super) struct Finish;

impl Step for Finish {
    const LEN: usize = 1;

    unsafe fn run(_: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the results are at the bottom of the stack, below which waits another one, behind a resumption that has
        // room for them.
        unsafe {
            let ctx = regs.ctx;
            let stack = (*ctx).current;
            let Some(below) = NonNull::new(stack.as_ref().below) else {
                unreachable!("a continuation runs on top of who resumed it")
            };
            let to = go_on(below, regs);
            let results = regs.fp.add(delta_before(to));
            results.copy_from_nonoverlapping(stack.as_ref().base(), stack.as_ref().results);
            (*ctx).slots_left += stack.as_ref().slots();
            (*(*ctx).heap).release_stack(stack);
            Next::Jump(to)
        }
    }
}

/// Handlers of [`Family::Resume`](whimbrel_ir::Family).
pub(super) fn resume_of(key: OpKey) -> Option<backend::Handler> {
    match key.mode {
        0 => of::<Resume<0>>(),
        1 => of::<Resume<1>>(),
        2 => of::<Resume<2>>(),
        _ => None,
    }
}
