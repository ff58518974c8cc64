//! Walking the frames of a stopped execution.

use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::context::Context;
use super::operand::Fields;
use super::run::{BacktraceFrame, Top};
use super::step::reload_word;
use crate::instance::Instance;

/// The functions on the stack that runs and on those below it, innermost first. `top` says what the ip is.
///
/// # Safety
///
/// The context is that of a stopped execution, and all that it reaches is live.
pub(super) unsafe fn walk(ctx: &Context, top: Top) -> Vec<BacktraceFrame> {
    let mut frames = Vec::new();
    let (Some(regs), Some(mut instance)) = (ctx.regs, NonNull::new(ctx.instance)) else { return frames };
    let (mut ip, mut fp) = (ctx.ip, regs.fp);
    let mut returning = top.is_behind();
    let mut stack = ctx.current;
    if top == Top::Host {
        // SAFETY: the ip is the host call's return ip, before which is the call's info.
        fp = unsafe { fp.sub(*ip.sub(1) as u32 as usize) };
    }
    loop {
        // SAFETY: stacks of the chain are live.
        let stack_ref = unsafe { stack.as_ref() };
        if ctx.landings.is_finish(ip) {
            let Some(below) = NonNull::new(stack_ref.below) else { return frames };
            // SAFETY: the same; one below another is parked.
            let at = unsafe { below.as_ref() }.at;
            let Some(found) = NonNull::new(at.instance) else { return frames };
            (stack, ip, fp, instance, returning) = (below, at.ip, at.fp, found, true);
            continue;
        }
        if ctx.landings.is_bottom(ip) || fp < stack_ref.base() {
            return frames;
        }
        if ctx.landings.is_untail(ip) {
            // SAFETY: the frame is a tail record: return ip, instance.
            unsafe {
                ip = ptr::with_exposed_provenance(*fp as usize);
                instance = saved_instance(*fp.add(1), instance);
                fp = fp.sub(*ip.sub(1) as u32 as usize);
            }
            continue;
        }
        // SAFETY: the ip is at an op; a reload names the slot where the call saved the instance.
        unsafe {
            if returning && *ip == reload_word() {
                instance = saved_instance(*fp.add(Fields::of(ip).a()), instance);
            }
        }
        // A return ip is behind the call, which is the instruction to name.
        let at = if returning { ip.wrapping_sub(1) } else { ip };
        // SAFETY: the instance is live.
        let Some(location) = (unsafe { instance.as_ref() }).code.locate(at) else { return frames };
        frames.push(BacktraceFrame { instance, func: location.func, offset: location.offset });
        let return_ip = match location.return_slot {
            // SAFETY: a function's first op stores the return ip in its return slot before it can stop.
            Some(slot) => unsafe { *fp.add(usize::from(slot.0)) },
            // A stub has stored nothing yet.
            None => regs.acc,
        };
        ip = ptr::with_exposed_provenance(return_ip as usize);
        // SAFETY: before a return ip is the call's info.
        fp = unsafe { fp.sub(*ip.sub(1) as u32 as usize) };
        returning = true;
    }
}

fn saved_instance(word: u64, current: NonNull<Instance>) -> NonNull<Instance> {
    NonNull::new(ptr::with_exposed_provenance_mut(word as usize)).unwrap_or(current)
}
