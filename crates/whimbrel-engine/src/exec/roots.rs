//! What a stopped execution holds: the references in its frames, by the maps of its functions, and its instances.

use core::ptr::{self, NonNull};

use whimbrel_ir::{Point, RefKind};

use super::context::{Fp, Ip};
use super::operand::Fields;
use super::run::{Execution, State, Top};
use super::stack::Stack;
use super::step::{Landings, RELOAD_LEN, reload_word};
use crate::gc::{Root, ref_kind};
use crate::instance::{FuncTypeInfo, Instance};
use crate::value::SlotType;

/// What the frames of an execution are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Execution can go on. Where a host function was called, it has `returned` or not.
    Live { returned: bool },
    /// Only a backtrace looks at them.
    Dead,
}

/// References among values of these types in slots in a row.
unsafe fn values(slots: *const u64, types: &[SlotType], found: &mut dyn FnMut(Root)) {
    let mut at = 0;
    for &ty in types {
        if let Some(kind) = ref_kind(ty) {
            // SAFETY: the caller passes as many slots as the values take.
            found(Root::Slot(kind, unsafe { *slots.add(at) }));
        }
        at += usize::from(ty.slots());
    }
}

impl Execution {
    /// What the execution holds.
    ///
    /// # Safety
    ///
    /// The program is where `run` left it, and all that it reaches is live.
    pub(crate) unsafe fn roots(&self, frames: Frames, found: &mut dyn FnMut(Root)) {
        let ctx = self.context();
        let Some(regs) = ctx.regs else { return };
        if let Some(instance) = NonNull::new(ctx.instance) {
            found(Root::Instance(instance));
        }
        let (state, top) = (self.state(), self.top());
        let mut fp = regs.fp;
        // SAFETY: a callee is live while it is called, and its arguments or results are at the frame pointer; an exception
        // thrown has a live tag, and a payload of the types of its parameters.
        unsafe {
            if let Some((tag, payload)) = self.thrown() {
                found(Root::Tag(tag));
                found(Root::Slot(RefKind::Heap, self.thrown_ref()));
                values(payload.as_ptr(), &tag.as_ref().ty.params, found);
            }
            if let (Top::Host, Some(callee)) = (top, self.host_callee()) {
                found(Root::Slot(RefKind::Func, callee.as_ptr().expose_provenance() as u64));
                match frames {
                    Frames::Live { returned: true } if state == State::HostReturn => {
                        values(fp, &callee.as_ref().ty.results, found);
                    }
                    Frames::Live { .. } if state != State::HostThrow => values(fp, &callee.as_ref().ty.params, found),
                    _ => {}
                }
                if !ctx.landings.is_bottom(ctx.ip) {
                    // The ip is the host call's return ip, before which is the call's info.
                    fp = fp.sub(*ctx.ip.sub(1) as u32 as usize);
                }
            }
            if state == State::Idle && frames != Frames::Dead {
                return;
            }
            let walk = Walk { landings: &ctx.landings, is_live: frames != Frames::Dead, acc: regs.acc };
            let base = ctx.current.as_ref().base();
            walk.frames(base, fp, ctx.ip, NonNull::new(ctx.instance), top.is_behind(), found);
            walk.parked(NonNull::new(ctx.current.as_ref().below), found);
        }
    }

    /// The references among the results of a function that has returned.
    ///
    /// # Safety
    ///
    /// Results of these types are at the bottom of the stack.
    pub(crate) unsafe fn result_roots(&self, ty: &FuncTypeInfo, found: &mut dyn FnMut(Root)) {
        // SAFETY: by contract.
        unsafe { values(self.base(), &ty.results, found) }
    }
}

/// What a suspended continuation holds, with the stacks below its top one.
///
/// # Safety
///
/// The chain is suspended, and all that it reaches is live.
pub(crate) unsafe fn parked_roots(top: NonNull<Stack>, landings: &Landings, found: &mut dyn FnMut(Root)) {
    let walk = Walk { landings, is_live: true, acc: 0 };
    // SAFETY: passed on from the caller; arguments that are there already are of the types of those for which it waits.
    unsafe {
        let (mut slots, end) = (top.as_ref().operands(), top.as_ref().operands().add(top.as_ref().bound));
        let mut types = (*top.as_ref().awaits).iter();
        while let (true, Some(&ty)) = (slots < end, types.next()) {
            values(slots, &[ty], found);
            slots = slots.add(ty.slots().into());
        }
        walk.parked(Some(top), found);
    }
}

/// A walk over frames.
struct Walk<'a> {
    landings: &'a Landings,
    is_live: bool,
    /// The return ip of a frame that has not stored it yet.
    acc: u64,
}

impl Walk<'_> {
    /// Goes through the frames of a parked stack and of those below it.
    unsafe fn parked(&self, mut next: Option<NonNull<Stack>>, found: &mut dyn FnMut(Root)) {
        while let Some(stack) = next {
            // SAFETY: stacks of a chain are live, and parked, or have not started.
            unsafe {
                let stack = stack.as_ref();
                if !stack.is_new() {
                    let at = stack.at;
                    self.frames(stack.base(), at.fp, at.ip, NonNull::new(at.instance), true, found);
                }
                next = NonNull::new(stack.below);
            }
        }
    }

    /// Goes from the frame at `fp` to the bottom. `returning` says that the ip is a return ip.
    unsafe fn frames(
        &self,
        base: Fp,
        mut fp: Fp,
        mut ip: Ip,
        instance: Option<NonNull<Instance>>,
        mut returning: bool,
        found: &mut dyn FnMut(Root),
    ) {
        let Some(mut instance) = instance else { return };
        let landings = self.landings;
        while !landings.is_bottom(ip) && fp >= base {
            // SAFETY: frames are linked as `backtrace` has it: a tail record is a return ip and an instance; a reload names the
            // slot where the call saved the instance; before a return ip is the call's info.
            unsafe {
                let return_ip;
                if landings.is_untail(ip) {
                    return_ip = *fp;
                    instance = saved_instance(*fp.add(1), instance);
                } else {
                    if returning && *ip == reload_word() {
                        instance = saved_instance(*fp.add(Fields::of(ip).a()), instance);
                        ip = ip.add(RELOAD_LEN);
                    }
                    return_ip = self.frame(instance, fp, ip, returning, found);
                    returning = true;
                }
                found(Root::Instance(instance));
                ip = ptr::with_exposed_provenance(return_ip as usize);
                fp = fp.wrapping_sub(*ip.sub(1) as u32 as usize);
            }
        }
    }

    /// Reports the references of a frame; returns its return ip.
    unsafe fn frame(
        &self,
        instance: NonNull<Instance>,
        fp: Fp,
        ip: Ip,
        returning: bool,
        found: &mut dyn FnMut(Root),
    ) -> u64 {
        // SAFETY: the instance is live, and runs the code at `ip`. Linking has put the function into the last word of calls.
        let (code, func) = unsafe {
            let code = &instance.as_ref().code;
            let func =
                if returning { Some((*ip.sub(1) >> 32) as u32) } else { code.locate(ip).map(|found| found.func.0) };
            (code, func.expect("the stack is made of functions of its instances"))
        };
        let body = code.body(func).filter(|body| returning || body.contains(ip));
        let at_start = body.is_none_or(|body| !returning && ptr::eq(body.start(), ip));
        if self.is_live && at_start {
            // SAFETY: the parameters of the function are where its frame begins.
            unsafe { values(fp, &instance.as_ref().types.func(wasm_syntax::FuncIdx(func)).params, found) };
        } else if let Some(refs) = body.and_then(|body| body.refs()).filter(|_| self.is_live) {
            let pos = body.map(|body| body.end_position(ip)).unwrap_or_default();
            let point = if returning { Point::returning(pos) } else { Point::before(pos) };
            for (slot, kind) in refs.at(point) {
                // SAFETY: the slot is in the frame (`ir::verify`, "reference maps"), and holds a reference there.
                found(Root::Slot(kind, unsafe { *fp.add(slot.0.into()) }));
            }
        }
        match body {
            // SAFETY: a function's first op stores the return ip in its return slot before it can stop.
            Some(body) => unsafe { *fp.add(body.return_slot().0.into()) },
            // A stub has stored nothing yet.
            None => self.acc,
        }
    }
}

fn saved_instance(word: u64, current: NonNull<Instance>) -> NonNull<Instance> {
    NonNull::new(ptr::with_exposed_provenance_mut(word as usize)).unwrap_or(current)
}
