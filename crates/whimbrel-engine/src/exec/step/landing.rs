//! Where frames return that no frame of their stack has called: steps at addresses of their own, with what walks over frames
//! expect to find before a return ip.

use whimbrel_ir::TAIL_RECORD_SLOTS;

use super::call::return_to;
use super::continuation::Finish;
use crate::exec::backend::{Next, Step, handler_for, handler_word};
use crate::exec::context::{Ip, Reason, Regs};
use crate::instance::Instance;

/// Returns from under a tail record: `[return ip | instance | result slots]`, the results behind it.
pub(super) struct Untail;

impl Step for Untail {
    const LEN: usize = 1;

    unsafe fn run(_: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the frame is a tail record, and the results lie behind it.
        unsafe {
            let record = regs.fp;
            let (return_ip, instance, results) = (*record, *record.add(1), *record.add(2));
            (*regs.ctx).enter_instance(core::ptr::with_exposed_provenance_mut::<Instance>(instance as usize));
            record.copy_from(record.add(TAIL_RECORD_SLOTS as usize), results as usize);
            return_to(return_ip, regs)
        }
    }
}

/// Leaves the executor: what the bottom frame returns to.
pub(super) struct Exit;

impl Step for Exit {
    const LEN: usize = 1;

    unsafe fn run(ip: Ip, _: &mut Regs) -> Next {
        Next::Stop(ip, Reason::Done)
    }
}

/// Code at which a bottom frame, or a frame over a tail record, returns: padding and an info word, then the op.
#[derive(Debug)]
pub(crate) struct Landings {
    exit: [u64; 4],
    finish: [u64; 4],
    untail: [u64; 4],
}

impl Landings {
    pub(crate) fn new() -> Self {
        Self {
            exit: [0, 0, 0, handler_word(handler_for::<Exit>())],
            finish: [0, 0, 0, handler_word(handler_for::<Finish>())],
            untail: [0, 0, TAIL_RECORD_SLOTS.into(), handler_word(handler_for::<Untail>())],
        }
    }

    /// Where an execution's bottom frame returns.
    pub(in crate::exec) fn exit(&self) -> Ip {
        &self.exit[3]
    }

    /// Where a continuation's bottom frame returns.
    pub(in crate::exec) fn finish(&self) -> Ip {
        &self.finish[3]
    }

    pub(super) fn untail(&self) -> Ip {
        &self.untail[3]
    }

    /// Whether `ip` is where a continuation's bottom frame returns.
    pub(in crate::exec) fn is_finish(&self, ip: Ip) -> bool {
        core::ptr::eq(self.finish(), ip)
    }

    /// Whether `ip` is where the bottom frame of a stack returns.
    pub(in crate::exec) fn is_bottom(&self, ip: Ip) -> bool {
        core::ptr::eq(self.exit(), ip) || self.is_finish(ip)
    }

    /// Whether `ip` is where a frame over a tail record returns.
    pub(in crate::exec) fn is_untail(&self, ip: Ip) -> bool {
        core::ptr::eq(self.untail(), ip)
    }
}
