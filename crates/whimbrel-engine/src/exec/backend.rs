//! How steps become handlers and how one handler reaches the next: the only file that knows which backend is built.
//!
//! A step is written once, as [`Step::run`]. The tail-call backend wraps it into a function that takes the machine registers
//! as arguments and ends in a jump to the next cell's handler; the loop backend wraps it into a function that returns to a
//! loop. Both read the same code.

use core::mem;
use core::ptr;

use wasm_syntax::Trap;

use super::context::{Ip, Reason, Regs};

/// What happens after a step.
pub(crate) enum Next {
    /// The op behind this one.
    Fall,
    /// The op there.
    Jump(Ip),
    /// The same op again, by another handler: a cold path that would burden this one.
    Cold(Handler),
    /// Stop with a trap.
    Trap(Trap),
    /// Stop, to go on at the ip.
    Stop(Ip, Reason),
}

/// One op's effect on the machine registers.
pub(crate) trait Step {
    /// Words that the op occupies.
    const LEN: usize;

    /// Executes the op at `ip`.
    ///
    /// # Safety
    ///
    /// `ip` is at an op of this kind in verified code; `regs.fp` is a frame of that code, `regs.ctx` the execution's context,
    /// to which there is no other reference.
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next;
}

/// The handler in a cell.
///
/// # Safety
///
/// `word` was made by [`Handler::to_word`](handler_word).
#[inline(always)]
unsafe fn handler_of(word: u64) -> Handler {
    let address = ptr::with_exposed_provenance::<()>(word as usize);
    // SAFETY: the word is the exposed address of a function of this type.
    unsafe { mem::transmute::<*const (), Handler>(address) }
}

/// A handler as a cell's word 0.
pub(crate) fn handler_word(handler: Handler) -> u64 {
    (handler as *const ()).expose_provenance() as u64
}

#[cfg(whimbrel_tail)]
mod imp {
    use super::super::context::Context;
    use super::{Ip, Next, Reason, Regs, Step, handler_of};

    macro_rules! registers_abi {
        ($abi:literal) => {
            pub(crate) type Handler = unsafe extern $abi fn(Ip, *mut u64, *mut Context, u64, u64, u64, f64, f32);

            unsafe extern $abi fn handler<S: Step>(
                ip: Ip,
                fp: *mut u64,
                ctx: *mut Context,
                acc: u64,
                pin0: u64,
                pin1: u64,
                facc: f64,
                sacc: f32,
            ) {
                let mut regs = Regs { fp, ctx, acc, pins: [pin0, pin1], facc, sacc };
                // SAFETY: the handler stands in a cell of this step's op.
                match unsafe { S::run(ip, &mut regs) } {
                    // SAFETY: verified code does not end in an op that falls through.
                    Next::Fall => unsafe { dispatch(ip.add(S::LEN), regs) },
                    // SAFETY: steps jump to starts of ops only.
                    Next::Jump(ip) => unsafe { dispatch(ip, regs) },
                    // SAFETY: the handler is for the op at `ip`.
                    Next::Cold(handler) => unsafe { call(handler, ip, regs) },
                    // SAFETY: `ctx` is the execution's own context.
                    Next::Trap(trap) => unsafe {
                        (*ctx).reason = Reason::Trap(trap);
                        call(stop, ip, regs);
                    },
                    // SAFETY: the same.
                    Next::Stop(ip, reason) => unsafe {
                        (*ctx).reason = reason;
                        call(stop, ip, regs);
                    },
                }
            }

            /// Leaves the chain of handlers. Has the handlers' signature so that they reach it by a jump.
            #[cold]
            #[inline(never)]
            unsafe extern $abi fn stop(
                ip: Ip,
                fp: *mut u64,
                ctx: *mut Context,
                acc: u64,
                pin0: u64,
                pin1: u64,
                facc: f64,
                sacc: f32,
            ) {
                // SAFETY: `ctx` is the execution's own context.
                unsafe {
                    (*ctx).ip = ip;
                    (*ctx).regs = Some(Regs { fp, ctx, acc, pins: [pin0, pin1], facc, sacc });
                }
            }
        };
    }

    #[cfg(target_arch = "x86_64")]
    registers_abi!("sysv64");
    #[cfg(not(target_arch = "x86_64"))]
    registers_abi!("C");

    #[inline(always)]
    unsafe fn call(handler: Handler, ip: Ip, regs: Regs) {
        let Regs { fp, ctx, acc, pins: [pin0, pin1], facc, sacc } = regs;
        // SAFETY: passed on from the caller.
        unsafe { handler(ip, fp, ctx, acc, pin0, pin1, facc, sacc) }
    }

    #[inline(always)]
    unsafe fn dispatch(ip: Ip, regs: Regs) {
        // SAFETY: `ip` is at an op of linked code, whose first word is a handler.
        unsafe { call(handler_of(*ip), ip, regs) }
    }

    pub(crate) const fn handler_for<S: Step>() -> Handler {
        handler::<S>
    }

    /// Runs from `ip` until a handler stops.
    ///
    /// # Safety
    ///
    /// As for [`Step::run`], for every op reached.
    pub(crate) unsafe fn run(ip: Ip, regs: Regs) {
        // SAFETY: passed on from the caller.
        unsafe { dispatch(ip, regs) }
    }
}

#[cfg(not(whimbrel_tail))]
mod imp {
    use super::{Ip, Next, Reason, Regs, Step, handler_of};

    pub(crate) type Handler = unsafe fn(Ip, &mut Regs) -> Ip;

    /// Returns the next ip, or null to stop.
    unsafe fn handler<S: Step>(ip: Ip, regs: &mut Regs) -> Ip {
        // SAFETY: the handler stands in a cell of this step's op.
        let (ip, reason) = match unsafe { S::run(ip, regs) } {
            // SAFETY: verified code does not end in an op that falls through.
            Next::Fall => return unsafe { ip.add(S::LEN) },
            Next::Jump(ip) => return ip,
            // SAFETY: the handler is for the op at `ip`.
            Next::Cold(handler) => return unsafe { handler(ip, regs) },
            Next::Trap(trap) => (ip, Reason::Trap(trap)),
            Next::Stop(ip, reason) => (ip, reason),
        };
        // SAFETY: `ctx` is the execution's own context.
        unsafe {
            (*regs.ctx).ip = ip;
            (*regs.ctx).reason = reason;
            (*regs.ctx).regs = Some(*regs);
        }
        core::ptr::null()
    }

    pub(crate) const fn handler_for<S: Step>() -> Handler {
        handler::<S>
    }

    /// Runs from `ip` until a handler stops.
    ///
    /// # Safety
    ///
    /// As for [`Step::run`], for every op reached.
    pub(crate) unsafe fn run(mut ip: Ip, mut regs: Regs) {
        while !ip.is_null() {
            // SAFETY: `ip` is at an op of linked code, whose first word is a handler.
            ip = unsafe { handler_of(*ip)(ip, &mut regs) };
        }
    }
}

pub(crate) use imp::{Handler, handler_for, run};

/// Which backend this build has: `tail` or `loop`.
pub const BACKEND: &str = if cfg!(whimbrel_tail) { "tail" } else { "loop" };
