//! Atomic memory access. Spec: `valid-instr-atomic-memory` of the threads proposal.

use wasm_syntax::{AtomicOp, FenceFlags, MemArg};

use super::memory::check_memarg;
use crate::error::ErrorKind;
use crate::func::{Check, FuncValidator};

pub(super) fn access(v: &mut FuncValidator<'_>, op: AtomicOp, arg: MemArg) -> Check {
    let natural = op.width_bytes().trailing_zeros() as u8;
    if arg.align_log2 != natural {
        return Err(ErrorKind::Alignment { natural, found: arg.align_log2 }.into());
    }
    let addr = check_memarg(v, arg, op.width_bytes())?;
    let signature = op.signature();
    v.pop_all(signature.params)?;
    v.pop(addr)?;
    v.push_all(signature.results)
}

pub(super) fn fence(flags: FenceFlags) -> Check {
    if flags.0 == 0 { Ok(()) } else { Err(ErrorKind::FenceFlags(flags.0).into()) }
}
