//! How steps become handlers and how one handler reaches the next: the only file that knows which backend is built.
//!
//! A step is written once, as [`Step::run`]. The tail-call backend wraps it into a function that takes the machine registers
//! as arguments and ends in a jump to the next cell's handler; the loop backend wraps it into a function that returns to a
//! loop. Both read the same code.
//!
//! What a handler runs is a [`Tile`]: one step, or several in a row, between which nothing is dispatched.

use core::marker::PhantomData;
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

/// What a handler does before the next dispatch: the ops of consecutive cells.
pub(crate) trait Tile {
    /// Words that the ops occupy.
    const LEN: usize;

    /// Executes the ops from `ip` on. Returns what the last one executed says, and its ip; [`Next::Fall`] only where all were
    /// executed.
    ///
    /// # Safety
    ///
    /// As for [`Step::run`], for each of the ops.
    unsafe fn run(ip: Ip, regs: &mut Regs) -> (Ip, Next);
}

/// A tile of one op.
pub(crate) struct One<S>(PhantomData<S>);

impl<S: Step> Tile for One<S> {
    const LEN: usize = S::LEN;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> (Ip, Next) {
        // SAFETY: passed on from the caller.
        (ip, unsafe { S::run(ip, regs) })
    }
}

/// An op, and a tile that goes on where it falls through.
pub(crate) struct Seq<S, T>(PhantomData<(S, T)>);

impl<S: Step, T: Tile> Tile for Seq<S, T> {
    const LEN: usize = S::LEN + T::LEN;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> (Ip, Next) {
        // SAFETY: passed on from the caller.
        match unsafe { S::run(ip, regs) } {
            // SAFETY: passed on from the caller; the tile's cells follow the op's.
            Next::Fall => unsafe { T::run(ip.add(S::LEN), regs) },
            next => (ip, next),
        }
    }
}

/// An unconditional branch, and a tile that goes on where it leads: the code there is as long as the branch stands.
pub(crate) struct Hop<S, T>(PhantomData<(S, T)>);

impl<S: Step, T: Tile> Tile for Hop<S, T> {
    const LEN: usize = S::LEN;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> (Ip, Next) {
        // SAFETY: passed on from the caller.
        let to = match unsafe { S::run(ip, regs) } {
            Next::Jump(to) => to,
            next => return (ip, next),
        };
        // SAFETY: passed on from the caller; the tile's ops are those at the branch's target.
        match unsafe { T::run(to, regs) } {
            // SAFETY: verified code does not end in an op that falls through.
            (at, Next::Fall) => (at, Next::Jump(unsafe { to.add(T::LEN) })),
            next => next,
        }
    }
}

/// What cells and tables hold of a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    entry: Entry,
    /// Path of the step's type.
    #[cfg(feature = "step-names")]
    name: fn() -> &'static str,
}

impl Handler {
    pub(crate) const fn of<T: Tile>() -> Self {
        Self {
            entry: handler::<T>,
            #[cfg(feature = "step-names")]
            name: core::any::type_name::<T>,
        }
    }

    #[cfg(feature = "step-names")]
    pub(crate) fn name(self) -> &'static str {
        (self.name)()
    }
}

/// The handler of a single op.
pub(crate) const fn handler_for<S: Step>() -> Handler {
    Handler::of::<One<S>>()
}

/// The handler of an op's cold path, which stays a function of its own: inlined into the hot one, it would have that save
/// registers on every path.
pub(crate) const fn cold_handler_for<S: Step>() -> Handler {
    Handler {
        entry: cold_handler::<One<S>>,
        #[cfg(feature = "step-names")]
        name: core::any::type_name::<One<S>>,
    }
}

/// The handler in a cell.
///
/// # Safety
///
/// `word` was made by [`handler_word`].
#[inline(always)]
unsafe fn entry_of(word: u64) -> Entry {
    let address = ptr::with_exposed_provenance::<()>(word as usize);
    // SAFETY: the word is the exposed address of a function of this type.
    unsafe { mem::transmute::<*const (), Entry>(address) }
}

/// A handler as a cell's word 0.
pub(crate) fn handler_word(handler: Handler) -> u64 {
    (handler.entry as *const ()).expose_provenance() as u64
}

#[cfg(whimbrel_tail)]
mod imp {
    use super::super::context::Context;
    use super::{Ip, Next, Reason, Regs, Tile, entry_of};

    macro_rules! registers_abi {
        ($abi:literal) => {
            pub(crate) type Entry = unsafe extern $abi fn(Ip, *mut u64, *mut Context, u64, u64, u64, f64, f32, f64, f64);

            pub(super) unsafe extern $abi fn handler<T: Tile>(
                ip: Ip,
                fp: *mut u64,
                ctx: *mut Context,
                acc: u64,
                pin0: u64,
                pin1: u64,
                facc: f64,
                sacc: f32,
                fpin0: f64,
                fpin1: f64,
            ) {
                let mut regs = Regs { fp, ctx, acc, pin0, pin1, facc, sacc, fpin0, fpin1 };
                // SAFETY: the handler stands in the first cell of this tile's ops.
                match unsafe { T::run(ip, &mut regs) } {
                    // SAFETY: verified code does not end in an op that falls through.
                    (_, Next::Fall) => unsafe { dispatch(ip.add(T::LEN), regs) },
                    // SAFETY: steps jump to starts of ops only.
                    (_, Next::Jump(ip)) => unsafe { dispatch(ip, regs) },
                    // SAFETY: the handler is for the op at `at`.
                    (at, Next::Cold(handler)) => unsafe { call(handler.entry, at, regs) },
                    // SAFETY: `ctx` is the execution's own context.
                    (at, Next::Trap(trap)) => unsafe {
                        (*ctx).reason = Reason::Trap(trap);
                        call(stop, at, regs);
                    },
                    // SAFETY: the same.
                    (_, Next::Stop(ip, reason)) => unsafe {
                        (*ctx).reason = reason;
                        call(stop, ip, regs);
                    },
                }
            }

            #[cold]
            #[inline(never)]
            pub(super) unsafe extern $abi fn cold_handler<T: Tile>(
                ip: Ip,
                fp: *mut u64,
                ctx: *mut Context,
                acc: u64,
                pin0: u64,
                pin1: u64,
                facc: f64,
                sacc: f32,
                fpin0: f64,
                fpin1: f64,
            ) {
                // SAFETY: passed on from the caller.
                unsafe { handler::<T>(ip, fp, ctx, acc, pin0, pin1, facc, sacc, fpin0, fpin1) }
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
                fpin0: f64,
                fpin1: f64,
            ) {
                // SAFETY: `ctx` is the execution's own context.
                unsafe {
                    (*ctx).ip = ip;
                    (*ctx).regs = Some(Regs { fp, ctx, acc, pin0, pin1, facc, sacc, fpin0, fpin1 });
                }
            }
        };
    }

    #[cfg(target_arch = "x86_64")]
    registers_abi!("sysv64");
    #[cfg(not(target_arch = "x86_64"))]
    registers_abi!("C");

    #[inline(always)]
    unsafe fn call(entry: Entry, ip: Ip, regs: Regs) {
        let Regs { fp, ctx, acc, pin0, pin1, facc, sacc, fpin0, fpin1 } = regs;
        // SAFETY: passed on from the caller.
        unsafe { entry(ip, fp, ctx, acc, pin0, pin1, facc, sacc, fpin0, fpin1) }
    }

    #[inline(always)]
    unsafe fn dispatch(ip: Ip, regs: Regs) {
        // SAFETY: `ip` is at an op of linked code, whose first word is a handler.
        unsafe { call(entry_of(*ip), ip, regs) }
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
    use super::{Ip, Next, Reason, Regs, Tile, entry_of};

    pub(crate) type Entry = unsafe fn(Ip, &mut Regs) -> Ip;

    /// Returns the next ip, or null to stop.
    pub(super) unsafe fn handler<T: Tile>(ip: Ip, regs: &mut Regs) -> Ip {
        // SAFETY: the handler stands in the first cell of this tile's ops.
        let (ip, reason) = match unsafe { T::run(ip, regs) } {
            // SAFETY: verified code does not end in an op that falls through.
            (_, Next::Fall) => return unsafe { ip.add(T::LEN) },
            (_, Next::Jump(ip)) => return ip,
            // SAFETY: the handler is for the op at `at`.
            (at, Next::Cold(handler)) => return unsafe { (handler.entry)(at, regs) },
            (at, Next::Trap(trap)) => (at, Reason::Trap(trap)),
            (_, Next::Stop(ip, reason)) => (ip, reason),
        };
        // SAFETY: `ctx` is the execution's own context.
        unsafe {
            (*regs.ctx).ip = ip;
            (*regs.ctx).reason = reason;
            (*regs.ctx).regs = Some(*regs);
        }
        core::ptr::null()
    }

    pub(super) unsafe fn cold_handler<T: Tile>(ip: Ip, regs: &mut Regs) -> Ip {
        // SAFETY: passed on from the caller.
        unsafe { handler::<T>(ip, regs) }
    }

    /// Runs from `ip` until a handler stops.
    ///
    /// # Safety
    ///
    /// As for [`Step::run`], for every op reached.
    pub(crate) unsafe fn run(mut ip: Ip, mut regs: Regs) {
        while !ip.is_null() {
            // SAFETY: `ip` is at an op of linked code, whose first word is a handler.
            ip = unsafe { entry_of(*ip)(ip, &mut regs) };
        }
    }
}

pub(crate) use imp::run;
use imp::{Entry, cold_handler, handler};

/// Which backend this build has: `tail` or `loop`.
pub const BACKEND: &str = if cfg!(whimbrel_tail) { "tail" } else { "loop" };
