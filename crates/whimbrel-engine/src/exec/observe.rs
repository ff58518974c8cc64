//! Observation: counting, sampling and tracing what is executed, in code that was linked for it.
//!
//! In such code every op's cell holds the handler of [`Observe`], which counts and goes on with the op's own handler. Other
//! code does not know of observation and pays nothing for it.

use core::ptr;

use super::backend::{Handler, Next, Step};
use super::context::{Ip, Reason, Regs};
use super::operand::Fields;

/// What was executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ops of the lowered code.
    pub ops: u64,
    /// Handlers that would have been dispatched to without observation: fewer than ops where sequences share one.
    pub dispatches: u64,
    /// Functions entered.
    pub calls: u64,
}

impl core::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Self { ops, dispatches, calls } = other;
        Self { ops: self.ops + ops, dispatches: self.dispatches + dispatches, calls: self.calls + calls }
    }
}

impl core::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What an execution stops for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// After how many ops there is a sample; 0 for none.
    pub sample_every: u64,
    /// Whether it stops where a function is entered.
    pub calls: bool,
}

/// What is known of an op in observed code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub handler: Handler,
    /// Words that it occupies.
    pub len: u32,
    /// Ops that its handler executes without observation, this one included.
    pub tile: u32,
    /// Whether a function begins with it.
    pub is_enter: bool,
    /// Words to the target of an unconditional branch.
    pub branch: Option<i32>,
}

/// The state of observation in an execution.
#[derive(Debug)]
pub(crate) struct Observer {
    pub counts: Counts,
    pub observation: Observation,
    /// The code last executed, and what is known of its ops.
    start: Ip,
    seen: *const [Option<Seen>],
    /// Where execution goes on if it stays in the sequence begun last, and how many ops of that are left.
    next: Ip,
    left: u32,
    until_sample: u64,
    /// Whether execution has stopped for the op that comes next, which was counted.
    has_stopped: bool,
}

impl Default for Observer {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            observation: Observation::default(),
            start: ptr::null(),
            seen: &[],
            next: ptr::null(),
            left: 0,
            until_sample: 0,
            has_stopped: false,
        }
    }
}

impl Observer {
    /// Forgets the code last executed, which may be gone before the next is.
    pub(super) fn forget_code(&mut self) {
        self.seen = &[];
    }

    /// Counts an op; why to stop before it, if there is a reason.
    fn count(&mut self, ip: Ip, op: &Seen) -> Option<Reason> {
        self.counts.ops += 1;
        if self.left > 0 && ptr::eq(self.next, ip) {
            self.left -= 1;
        } else {
            self.counts.dispatches += 1;
            self.left = op.tile - 1;
        }
        self.next = match op.branch {
            Some(distance) => ip.wrapping_offset(distance as isize),
            None => ip.wrapping_add(op.len as usize),
        };
        self.counts.calls += u64::from(op.is_enter);
        if op.is_enter && self.observation.calls {
            return Some(Reason::Called);
        }
        if self.observation.sample_every > 0 {
            self.until_sample = self.until_sample.saturating_sub(1);
            if self.until_sample == 0 {
                self.until_sample = self.observation.sample_every;
                return Some(Reason::Sample);
            }
        }
        None
    }
}

/// What stands before every op of observed code.
pub(super) struct Observe;

impl Step for Observe {
    // Control never falls through it.
    const LEN: usize = 0;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the context is the execution's, to which there is no other reference, and the current instance is live.
        let (observer, code) = unsafe { (&mut (*regs.ctx).observer, &(*(*regs.ctx).instance).code) };
        // SAFETY: the code last executed belongs to a live instance while handlers run.
        let seen = unsafe { &*observer.seen };
        let at = (ip as usize).wrapping_sub(observer.start as usize) / size_of::<u64>();
        let op = match seen.get(at).copied().flatten() {
            Some(op) => op,
            None => {
                let (start, seen) = code.seen(ip).expect("the code executed is the current instance's");
                (observer.start, observer.seen) = (start, seen);
                let at = (ip as usize - start as usize) / size_of::<u64>();
                seen[at].expect("an op that is observed is known")
            }
        };
        if core::mem::take(&mut observer.has_stopped) {
            return Next::Cold(op.handler);
        }
        let Some(reason) = observer.count(ip, &op) else { return Next::Cold(op.handler) };
        observer.has_stopped = true;
        if op.is_enter {
            // A backtrace finds the return ip where the function is about to put it.
            // SAFETY: the op is `enter`, whose slot for it is in the frame.
            unsafe { *regs.fp.add(Fields::of(ip).a()) = regs.acc };
        }
        Next::Stop(ip, reason)
    }
}
