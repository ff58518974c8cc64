//! Steps that decide where execution goes on, within a function.

use core::marker::PhantomData;

use wasm_syntax::{NumericOp, Trap};
use whimbrel_ir::{BACKWARD, NEGATE, OpKey, opposite};

use super::numeric::{Binary, are_operands_of, op};
use super::{given, of};
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Reason, Regs};
use crate::exec::operand::{ExtConst, Fields, SlotA, SlotD, Src, Zero};

/// Bytes copied, filled, initialised or added for which one unit of fuel is taken.
pub(super) const BULK_BYTES_PER_UNIT: u64 = 32;

/// Goes on at the branch's target. A backward branch takes part in metering.
#[inline(always)]
unsafe fn take<const BACK: bool>(ip: Ip, regs: &mut Regs) -> Next {
    // SAFETY: the target is an instruction of the same code (`ir::verify`, "branch targets").
    let target = unsafe { ip.offset(Fields::of(ip).imm() as i32 as isize) };
    // SAFETY: `ctx` is the execution's context.
    if BACK && unsafe { spend(regs) } { Next::Stop(target, Reason::Budget) } else { Next::Jump(target) }
}

/// Takes one from the budget; whether it has run out.
#[inline(always)]
pub(super) unsafe fn spend(regs: &mut Regs) -> bool {
    // SAFETY: the caller's context is the execution's, to which there is no other reference.
    unsafe {
        (*regs.ctx).budget -= 1;
        (*regs.ctx).budget < 0
    }
}

/// Takes the cost of `bytes` bytes of bulk work from the budget.
pub(super) fn spend_bulk(regs: &Regs, bytes: u64) {
    // SAFETY: `ctx` is the execution's context, to which there is no other reference.
    unsafe { (*regs.ctx).budget -= (bytes / BULK_BYTES_PER_UNIT) as i64 };
}

/// Takes the cost of the instructions around it from the budget.
pub(super) struct Charge;

impl Step for Charge {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has a payload; `ctx` is the execution's context.
        unsafe { (*regs.ctx).budget -= i64::from(Fields::of(ip).imm() as i32) };
        Next::Fall
    }
}

pub(super) struct Br<const BACK: bool>;

impl<const BACK: bool> Step for Br<BACK> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op is a branch.
        unsafe { take::<BACK>(ip, regs) }
    }
}

/// Handlers of [`Family::Br`](whimbrel_ir::Family).
pub(super) fn br(key: OpKey) -> Option<Handler> {
    if key.mode & BACKWARD != 0 { of::<Br<true>>() } else { of::<Br<false>>() }
}

pub(super) struct BrIf<C, const NEG: bool, const BACK: bool>(PhantomData<C>);

impl<C: Src, const NEG: bool, const BACK: bool> Step for BrIf<C, NEG, BACK> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand.
        let cond: u32 = unsafe { C::get(ip, regs) };
        // SAFETY: the op is a branch.
        if (cond != 0) != NEG { unsafe { take::<BACK>(ip, regs) } } else { Next::Fall }
    }
}

/// Handlers of [`Family::BrIf`](whimbrel_ir::Family).
pub(super) fn br_if(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |C: SlotA, Zero| br_if_of::<C>(key))
}

fn br_if_of<C: Src>(key: OpKey) -> Option<Handler> {
    match (key.mode & NEGATE != 0, key.mode & BACKWARD != 0) {
        (false, false) => const { given::<BrIf<C, false, false>>(!C::IS_CONST) },
        (false, true) => const { given::<BrIf<C, false, true>>(!C::IS_CONST) },
        (true, false) => const { given::<BrIf<C, true, false>>(!C::IS_CONST) },
        (true, true) => const { given::<BrIf<C, true, true>>(!C::IS_CONST) },
    }
}

pub(super) struct BrCmp<O, A, B, const NEG: bool, const BACK: bool>(PhantomData<(O, A, B)>);

impl<O: Binary<R = u32>, A: Src, B: Src, const NEG: bool, const BACK: bool> Step for BrCmp<O, A, B, NEG, BACK> {
    const LEN: usize = if B::IS_CONST { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands.
        let (a, b) = unsafe { (A::get(ip, regs), B::get(ip, regs)) };
        match O::apply(a, b) {
            // SAFETY: the op is a branch.
            Ok(holds) if (holds != 0) != NEG => unsafe { take::<BACK>(ip, regs) },
            Ok(_) => Next::Fall,
            Err(trap) => Next::Trap(trap),
        }
    }
}

macro_rules! conditions {
    ($($name:ident)*) => {
        /// Handlers of [`Family::BrCmp`](whimbrel_ir::Family): comparisons, and tests of common bits.
        pub(super) fn br_cmp(key: OpKey) -> Option<Handler> {
            match key.numeric()? {
                $(NumericOp::$name => br_cmp_of::<op::$name>(key),)*
                _ => None,
            }
        }
    };
}

conditions! {
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU I32And
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
    F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge
}

fn br_cmp_of<O: Binary<R = u32>>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, Zero| br_cmp_right::<O, A>(key))
}

fn br_cmp_right<O: Binary<R = u32>, A: Src>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.b(), |B: SlotD, ExtConst<0>| match (key.mode & NEGATE != 0, key.mode & BACKWARD != 0) {
        (false, false) => const { given::<BrCmp<O, A, B, false, false>>(is_branch::<O, A, B>(false)) },
        (false, true) => const { given::<BrCmp<O, A, B, false, true>>(is_branch::<O, A, B>(false)) },
        (true, false) => const { given::<BrCmp<O, A, B, true, false>>(is_branch::<O, A, B>(true)) },
        (true, true) => const { given::<BrCmp<O, A, B, true, true>>(is_branch::<O, A, B>(true)) },
    })
}

/// Whether there are branches on `O` of these operands.
const fn is_branch<O: Binary, A: Src, B: Src>(negate: bool) -> bool {
    !A::IS_CONST && are_operands_of::<O>(A::KIND, B::KIND) && !(negate && opposite(O::OP).is_some())
}

pub(super) struct BrTable<I>(PhantomData<I>);

impl<I: Src> Step for BrTable<I> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand, and as many targets as its immediate says, at least one.
        let target = unsafe {
            let index: u32 = I::get(ip, regs);
            let last = Fields::of(ip).imm() - 1;
            let distance = *ip.add(2 + index.min(last) as usize) as isize;
            ip.offset(distance)
        };
        // SAFETY: `ctx` is the execution's context.
        if target <= ip && unsafe { spend(regs) } { Next::Stop(target, Reason::Budget) } else { Next::Jump(target) }
    }
}

/// Handlers of [`Family::BrTable`](whimbrel_ir::Family).
pub(super) fn br_table(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |I: SlotA, Zero| const { given::<BrTable<I>>(!I::IS_CONST) })
}

/// Stops with the trap that the immediate names.
pub(super) struct TrapOp;

impl Step for TrapOp {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, _: &mut Regs) -> Next {
        // SAFETY: the op has a payload.
        let position = unsafe { Fields::of(ip).imm() } as usize;
        Next::Trap(Trap::ALL.get(position).copied().unwrap_or(Trap::Unreachable))
    }
}
