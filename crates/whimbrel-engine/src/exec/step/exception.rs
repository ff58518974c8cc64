//! Steps that throw. They only stop: finding the handler is the execution's work.

use wasm_syntax::Trap;

use crate::exec::backend::{Next, Step};
use crate::exec::context::{Ip, Reason, Regs};
use crate::exec::operand::Fields;

/// Throws an exception whose payload is in slots.
pub(super) struct Throw;

impl Step for Throw {
    const LEN: usize = 3;

    unsafe fn run(ip: Ip, _: &mut Regs) -> Next {
        Next::Stop(ip, Reason::Throw)
    }
}

/// Throws the exception in slot `a`.
pub(super) struct ThrowRef;

impl Step for ThrowRef {
    const LEN: usize = 3;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand.
        let exn = unsafe { *regs.fp.add(Fields::of(ip).a()) };
        if exn == 0 { Next::Trap(Trap::NullExceptionReference) } else { Next::Stop(ip, Reason::ThrowRef) }
    }
}
