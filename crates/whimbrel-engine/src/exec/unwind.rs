//! Exceptions on their way: from where they are thrown to the frame that catches them.

use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use whimbrel_ir::{Clause, Handler};

use super::context::{Context, Fp, Ip, Regs};
use super::operand::Fields;
use super::run::{Execution, Top};
use super::stack::Stack;
use super::step::{RESUME_LEN, reload_word, restore_pins};
use crate::gc::{AllocError, Heap, parts_of_exception};
use crate::instance::{Instance, Tag};

/// The exception thrown last.
#[derive(Debug, Default)]
pub(super) struct Thrown {
    pub tag: Option<NonNull<Tag>>,
    pub payload: Vec<u64>,
    /// The reference to it, or 0 as long as there is none.
    pub exn: u64,
}

impl Thrown {
    pub fn set(&mut self, tag: NonNull<Tag>, payload: &[u64], exn: u64) {
        self.tag = Some(tag);
        self.exn = exn;
        self.payload.clear();
        self.payload.extend_from_slice(payload);
    }

    /// Reads what the `throw` at which execution stopped throws.
    ///
    /// # Safety
    ///
    /// The context's ip is at a `throw` of the current instance, `fp` its frame; all that it reaches is live.
    pub unsafe fn read_throw(&mut self, ctx: &Context, fp: Fp) {
        // SAFETY: the tag exists, and its payload lies in the frame (`ir::verify`, "indices exist", "slots are in the frame").
        unsafe {
            let fields = Fields::of(ctx.ip);
            let tags = &(*ctx.instance).tags;
            let tag = *tags.get_unchecked(fields.imm() as usize);
            let len = usize::from(tag.as_ref().ty.param_slots);
            self.set(tag, core::slice::from_raw_parts(fp.add(fields.a()), len), 0);
        }
    }

    /// Reads what the `throw_ref` at which execution stopped throws, which is not null.
    ///
    /// # Safety
    ///
    /// The same, of a `throw_ref`.
    pub unsafe fn read_throw_ref(&mut self, ctx: &Context, fp: Fp) {
        // SAFETY: the slot holds a reference to an exception.
        unsafe {
            let exn = *fp.add(Fields::of(ctx.ip).a());
            if let Some((tag, payload)) = parts_of_exception(exn) {
                self.set(tag, payload, exn);
            }
        }
    }

    /// Reads what the `resume_throw` or `resume_throw_ref` throws whose continuation is about to go on.
    ///
    /// # Safety
    ///
    /// The stack below the one that runs waits behind such an op; all that it reaches is live, a reference thrown is not null.
    pub unsafe fn read_resume_throw(&mut self, ctx: &Context, is_ref: bool) {
        // SAFETY: stacks of continuations have one below, which is behind the op; the tag exists, and the payload is where a
        // callee's frame would start (`ir::verify`, "indices exist").
        unsafe {
            let Some(below) = ctx.current.as_ref().below.as_ref() else { return };
            let payload = below.operands();
            if is_ref {
                if let Some((tag, slots)) = parts_of_exception(*payload) {
                    self.set(tag, slots, *payload);
                }
                return;
            }
            let op = Fields::of(below.at.ip.sub(RESUME_LEN));
            let tags = &(*below.at.instance).tags;
            let tag = *tags.get_unchecked(op.imm() as usize);
            let len = usize::from(tag.as_ref().ty.param_slots);
            self.set(tag, core::slice::from_raw_parts(payload, len), 0);
        }
    }

    /// Whether a clause of a function of `instance` takes it.
    ///
    /// # Safety
    ///
    /// The clause belongs to code of the instance, which is live.
    unsafe fn is_taken(&self, clause: &Clause, instance: NonNull<Instance>) -> bool {
        // SAFETY: the tag exists (`ir::verify`, "handlers").
        clause.tag.is_none_or(|tag| unsafe { Some(*instance.as_ref().tags.get_unchecked(tag.index())) == self.tag })
    }

    /// Forgets the exception.
    pub fn clear(&mut self) {
        (self.tag, self.exn) = (None, 0);
    }

    /// Makes the reference to the exception that a landing may ask for.
    ///
    /// # Safety
    ///
    /// `landing` was found on the stack of an execution whose heap this is.
    pub unsafe fn refer(&mut self, landing: &Landing, heap: &mut Heap) -> Result<(), AllocError> {
        if let (Some(_), Some(tag), 0) = (landing.clause.exn, self.tag, self.exn) {
            // SAFETY: what is thrown is a live tag's, with a payload of its types.
            self.exn = unsafe { heap.new_exception(tag, &self.payload)? };
        }
        Ok(())
    }

    /// Hands the exception to where it is caught, and makes execution go on there. The reference that may be wanted exists.
    ///
    /// # Safety
    ///
    /// `landing` was found on the stack of the context.
    pub unsafe fn land(&mut self, landing: &Landing, ctx: &mut Context) {
        let Landing { stack, instance, regs, ip, clause } = *landing;
        let fp = regs.fp;
        // SAFETY: payload and reference go to slots of the frame (`ir::verify`, "handlers"); a tag of the clause's is this
        // exception's, so that the payload is as long as the clause expects.
        unsafe {
            if clause.tag.is_some() {
                fp.add(clause.payload.0.into()).copy_from_nonoverlapping(self.payload.as_ptr(), self.payload.len());
            }
            if let Some(slot) = clause.exn {
                *fp.add(slot.0.into()) = self.exn;
            }
            if let Some(slot) = clause.null {
                *fp.add(slot.0.into()) = 0;
            }
            Execution::leave(ctx, stack);
            if !ptr::eq(ctx.instance, instance.as_ptr()) {
                ctx.enter_instance(instance.as_ptr());
            }
        }
        ctx.ip = ip;
        ctx.regs = Some(regs);
    }
}

/// Where an exception is caught.
pub(super) struct Landing {
    /// The frame's stack.
    stack: NonNull<Stack>,
    instance: NonNull<Instance>,
    /// The frame, and the pins as they were when it called.
    regs: Regs,
    ip: Ip,
    clause: Clause,
}

/// Finds the frame that catches `thrown`, on the stack that runs or one below; changes nothing.
///
/// # Safety
///
/// The context is that of an execution stopped at a `throw` or a `throw_ref`, in a host function's call, or where a continuation
/// goes on, as `top` says, and all that it reaches is live.
pub(super) unsafe fn find(ctx: &Context, top: Top, thrown: &Thrown) -> Option<Landing> {
    let mut instance = NonNull::new(ctx.instance)?;
    let (mut ip, mut regs) = (ctx.ip, ctx.regs?);
    let mut returning = top.is_behind();
    let mut stack = ctx.current;
    if top == Top::Host {
        // SAFETY: the ip is the host call's return ip, before which is the call's info.
        regs.fp = unsafe { regs.fp.sub(*ip.sub(1) as u32 as usize) };
    }
    loop {
        // SAFETY: stacks of the chain are live.
        let stack_ref = unsafe { stack.as_ref() };
        if ctx.landings.is_finish(ip) {
            stack = NonNull::new(stack_ref.below)?;
            // SAFETY: the same; one below another is parked.
            let at = unsafe { stack.as_ref() }.at;
            (ip, regs, instance) = (at.ip, at.regs(&regs), NonNull::new(at.instance)?);
            returning = true;
            continue;
        }
        if ctx.landings.is_bottom(ip) || regs.fp < stack_ref.base() {
            return None;
        }
        if ctx.landings.is_untail(ip) {
            // SAFETY: the frame is a tail record: return ip, instance.
            unsafe {
                ip = ptr::with_exposed_provenance(*regs.fp as usize);
                instance = instance_of(*regs.fp.add(1))?;
                regs.fp = regs.fp.sub(*ip.sub(1) as u32 as usize);
            }
            continue;
        }
        // SAFETY: the ip is at an op; a reload names the slot where the call saved the instance. Linking has put the function
        // into the last word of calls, reloads and throws.
        let (code, func) = unsafe {
            if returning && *ip == reload_word() {
                instance = instance_of(*regs.fp.add(Fields::of(ip).a()))?;
            }
            let last_word = if returning { *ip.sub(1) } else { Fields::of(ip).ext(0) };
            (&instance.as_ref().code, (last_word >> 32) as u32)
        };
        let body = code.body(func)?;
        // A return ip is behind the call, which is what counts.
        let at = body.position(if returning { ip.wrapping_sub(1) } else { ip });
        let mut clauses = Handler::find(body.handlers(), at);
        // SAFETY: the clauses are of code of the instance, which is live.
        let taken = |clause: &&Clause| unsafe { thrown.is_taken(clause, instance) };
        if let Some(&clause) = clauses.find(taken) {
            return Some(Landing { stack, instance, regs, ip: body.ip(clause.target), clause });
        }
        // SAFETY: the function's first op has stored the return ip in its return slot; before a return ip is the call's info.
        unsafe {
            restore_pins(&mut regs, body.saves());
            ip = ptr::with_exposed_provenance(*regs.fp.add(usize::from(body.return_slot().0)) as usize);
            regs.fp = regs.fp.sub(*ip.sub(1) as u32 as usize);
        }
        returning = true;
    }
}

fn instance_of(word: u64) -> Option<NonNull<Instance>> {
    NonNull::new(ptr::with_exposed_provenance_mut(word as usize))
}
