//! Steps that move values: copies, constants, `select`, globals.

use core::marker::PhantomData;

use whimbrel_ir::{Class, DstKind, OpKey, SrcKind};

use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{Acc, Const, Dst, ExtConst, Fields, SlotA, SlotC, Src, ToAcc, ToSlot, Value};

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
    match (key.shape.a()?, key.shape.d()?) {
        (SrcKind::Slot, DstKind::Slot) => of::<CopyStep<T, SlotA, ToSlot>>(),
        (SrcKind::Slot, DstKind::Acc) => of::<CopyStep<T, SlotA, ToAcc>>(),
        (SrcKind::Const, DstKind::Slot) => of::<CopyStep<T, Const, ToSlot>>(),
        (SrcKind::Const, DstKind::Acc) => of::<CopyStep<T, Const, ToAcc>>(),
        (SrcKind::Acc, DstKind::Slot) => of::<CopyStep<T, Acc, ToSlot>>(),
        (SrcKind::Acc, DstKind::Acc) => None,
    }
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
    match (key.class()?, key.shape.d()?) {
        (Class::I64, DstKind::Slot) => of::<Const64Step<u64, ToSlot>>(),
        (Class::I64, DstKind::Acc) => of::<Const64Step<u64, ToAcc>>(),
        (Class::F64, DstKind::Slot) => of::<Const64Step<f64, ToSlot>>(),
        (Class::F64, DstKind::Acc) => of::<Const64Step<f64, ToAcc>>(),
        _ => None,
    }
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

pub(super) struct SelectStep<T, C, D>(PhantomData<(T, C, D)>);

impl<T: Value, C: Src, D: Dst> Step for SelectStep<T, C, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands and this destination.
        unsafe {
            let fields = Fields::of(ip);
            let cond: u32 = C::get(ip, regs);
            let from = if cond != 0 { fields.a() } else { fields.b() };
            let value = T::load(regs.fp.add(from));
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
    match (key.shape.a()?, key.shape.d()?) {
        (SrcKind::Slot, DstKind::Slot) => of::<SelectStep<T, SlotC, ToSlot>>(),
        (SrcKind::Slot, DstKind::Acc) => of::<SelectStep<T, SlotC, ToAcc>>(),
        (SrcKind::Acc, DstKind::Slot) => of::<SelectStep<T, Acc, ToSlot>>(),
        (SrcKind::Acc, DstKind::Acc) => of::<SelectStep<T, Acc, ToAcc>>(),
        (SrcKind::Const, _) => None,
    }
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
    match key.shape.d()? {
        DstKind::Slot => of::<GlobalGet<T, ToSlot>>(),
        DstKind::Acc => of::<GlobalGet<T, ToAcc>>(),
    }
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
    match key.shape.a()? {
        SrcKind::Slot => of::<GlobalSet<T, SlotA>>(),
        SrcKind::Const => of::<GlobalSet<T, ExtConst<0>>>(),
        SrcKind::Acc => of::<GlobalSet<T, Acc>>(),
    }
}
