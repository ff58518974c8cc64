//! Steps that move values: copies, constants, `select`, globals.

use core::marker::PhantomData;

use whimbrel_ir::{Class, DstKind, OpKey, SrcKind};

use super::{given, of};
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{
    Const, Dst, ExtConst, Fields, HalfConst, SlotA, SlotB, SlotC, Src, Value, Zero, is_kind_of, is_result_kind_of,
};

/// Picks the instance of a generic function for a class. Vectors have neither accumulator nor constants, so that the
/// compiler uses only slots with them.
macro_rules! by_class {
    ($class:expr, $function:ident, $key:expr) => {
        match $class? {
            Class::I32 => $function::<u32>($key),
            Class::I64 => $function::<u64>($key),
            Class::F32 => $function::<f32>($key),
            Class::F64 => $function::<f64>($key),
            Class::V128 => $function::<wasm_syntax::V128>($key),
        }
    };
}
pub(super) use by_class;

pub(super) struct CopyStep<T, A, D>(PhantomData<(T, A, D)>);

impl<T: Value, A: Src, D: Dst> Step for CopyStep<T, A, D> {
    const LEN: usize = if matches!(T::CLASS, Class::F64) && A::IS_CONST { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand.
        let value: T = unsafe { A::get(ip, regs) };
        // SAFETY: the op has this destination.
        unsafe { D::put(ip, regs, value) };
        Next::Fall
    }
}

/// Handlers of [`Family::Copy`](whimbrel_ir::Family).
pub(super) fn copy(key: OpKey) -> Option<Handler> {
    by_class!(key.class(), copy_of, key)
}

fn copy_of<T: Value>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, Const| copy_to::<T, A>(key))
}

fn copy_to<T: Value, A: Src>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const {
        let accumulators = matches!((D::RESULT_KIND, A::KIND), (DstKind::Acc, SrcKind::Acc));
        let kinds = is_kind_of(T::CLASS, A::KIND) && is_result_kind_of(T::CLASS, D::RESULT_KIND);
        given::<CopyStep<T, A, D>>(kinds && !accumulators)
    })
}

pub(super) struct Const64Step<T, D>(PhantomData<(T, D)>);

impl<T: Value, D: Dst> Step for Const64Step<T, D> {
    const LEN: usize = 3;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has the constant in its first extension word, and this destination.
        unsafe {
            let value: T = ExtConst::<0>::get(ip, regs);
            D::put(ip, regs, value);
        }
        Next::Fall
    }
}

/// Handlers of [`Family::Const64`](whimbrel_ir::Family).
pub(super) fn const64(key: OpKey) -> Option<Handler> {
    match key.class()? {
        Class::I64 => by_destination!(key.shape.d(), |D| of::<Const64Step<u64, D>>()),
        Class::F64 => by_destination!(key.shape.d(), |D| of::<Const64Step<f64, D>>()),
        _ => None,
    }
}

/// Fills the pins.
pub(super) struct Pins<const FLOATS: bool>;

impl<const FLOATS: bool> Step for Pins<FLOATS> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names slots of the frame.
        unsafe {
            let fields = Fields::of(ip);
            regs.pin0 = *regs.fp.add(fields.a());
            regs.pin1 = *regs.fp.add(fields.d());
            if FLOATS {
                regs.fpin0 = f64::load(regs.fp.add(fields.b()));
                regs.fpin1 = f64::load(regs.fp.add(fields.c()));
            }
        }
        Next::Fall
    }
}

/// Handlers of [`Family::Pins`](whimbrel_ir::Family).
pub(super) fn pins(key: OpKey) -> Option<Handler> {
    if key.mode == 0 { of::<Pins<false>>() } else { of::<Pins<true>>() }
}

/// Sets slots to zero.
pub(super) struct ZeroRange;

impl Step for ZeroRange {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names `count` slots of the frame from `d` on.
        unsafe {
            let fields = Fields::of(ip);
            regs.fp.add(fields.d()).write_bytes(0, fields.b());
        }
        Next::Fall
    }
}

/// Copies slots that may overlap.
pub(super) struct CopyRange;

impl Step for CopyRange {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names two ranges of `count` slots of the frame.
        unsafe {
            let fields = Fields::of(ip);
            regs.fp.add(fields.d()).copy_from(regs.fp.add(fields.a()), fields.b());
        }
        Next::Fall
    }
}

pub(super) struct SelectStep<T, A, B, C, D>(PhantomData<(T, A, B, C, D)>);

impl<T: Value, A: Src, B: Src, C: Src, D: Dst> Step for SelectStep<T, A, B, C, D> {
    const LEN: usize = if A::IS_CONST || B::IS_CONST { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands and this destination.
        unsafe {
            let fields = Fields::of(ip);
            let cond: u32 = C::get(ip, regs);
            let value = if matches!((A::KIND, B::KIND), (SrcKind::Slot, SrcKind::Slot)) {
                // A choice of addresses takes no branch.
                let from = if cond != 0 { fields.a() } else { fields.b() };
                T::load(regs.fp.add(from))
            } else {
                let (a, b): (T, T) = (A::get(ip, regs), B::get(ip, regs));
                if cond != 0 { a } else { b }
            };
            D::put(ip, regs, value);
        }
        Next::Fall
    }
}

/// Handlers of [`Family::Select`](whimbrel_ir::Family).
pub(super) fn select(key: OpKey) -> Option<Handler> {
    by_class!(key.class(), select_of, key)
}

fn select_of<T: Value>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, HalfConst<false>| select_second::<T, A>(key))
}

fn select_second<T: Value, A: Src>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.b(), |B: SlotB, HalfConst<true>| select_on::<T, A, B>(key))
}

fn select_on<T: Value, A: Src, B: Src>(key: OpKey) -> Option<Handler> {
    by_source!(key.selector(), |C: SlotC, Zero| select_to::<T, A, B, C>(key))
}

fn select_to<T: Value, A: Src, B: Src, C: Src>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const {
        let values = is_value_of::<T>(A::KIND) && is_value_of::<T>(B::KIND);
        given::<SelectStep<T, A, B, C, D>>(values && !C::IS_CONST && is_result_kind_of(T::CLASS, D::RESULT_KIND))
    })
}

/// Whether a selection chooses between values of this kind.
const fn is_value_of<T: Value>(kind: SrcKind) -> bool {
    let is_wide = matches!((kind, T::CLASS), (SrcKind::Const, Class::F64));
    !is_wide && !matches!(kind, SrcKind::Acc) && is_kind_of(T::CLASS, kind)
}

/// The cell of the global that the op's immediate names.
#[inline(always)]
unsafe fn global_cell(ip: Ip, regs: &Regs) -> *mut u64 {
    // SAFETY: the immediate is below the number of the module's globals (`ir::verify`, "indices in range"), and the
    // context's table is that of an instance of this module.
    unsafe { (*(*regs.ctx).globals.add(Fields::of(ip).imm() as usize)).as_ptr().cast() }
}

pub(super) struct GlobalGet<T, D>(PhantomData<(T, D)>);

impl<T: Value, D: Dst> Step for GlobalGet<T, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names a global of this class, and has this destination.
        unsafe {
            let value = T::load(global_cell(ip, regs));
            D::put(ip, regs, value);
        }
        Next::Fall
    }
}

/// Handlers of [`Family::GlobalGet`](whimbrel_ir::Family).
pub(super) fn global_get(key: OpKey) -> Option<Handler> {
    by_class!(key.class(), global_get_of, key)
}

fn global_get_of<T: Value>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const { given::<GlobalGet<T, D>>(is_result_kind_of(T::CLASS, D::RESULT_KIND)) })
}

pub(super) struct GlobalSet<T, A>(PhantomData<(T, A)>);

impl<T: Value, A: Src> Step for GlobalSet<T, A> {
    const LEN: usize = if A::IS_CONST { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names a global of this class, and has this operand.
        unsafe {
            let value: T = A::get(ip, regs);
            value.store(global_cell(ip, regs));
        }
        Next::Fall
    }
}

/// Handlers of [`Family::GlobalSet`](whimbrel_ir::Family).
pub(super) fn global_set(key: OpKey) -> Option<Handler> {
    by_class!(key.class(), global_set_of, key)
}

fn global_set_of<T: Value>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, ExtConst<0>| const { given::<GlobalSet<T, A>>(is_kind_of(T::CLASS, A::KIND)) })
}
