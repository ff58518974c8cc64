//! Steps that test and cast references.

use core::marker::PhantomData;
use core::ptr::NonNull;

use wasm_syntax::Trap;
use whimbrel_ir::{DstKind, OpKey};

use super::aggregate::descriptor;
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{Dst, Fields, SlotA, SlotB, Src, ToAcc, ToSlot};
use crate::gc::ObjectType;
use crate::gc::heap::{is_object, type_of};
use crate::instance::{FuncInst, Instance};

/// Whether a reference that is not null passes a test of kind `KIND`, as the encoding numbers them.
#[inline(always)]
unsafe fn passes<const KIND: u8>(ip: Ip, regs: &Regs, reference: u64) -> bool {
    // SAFETY: the op names a type of the module that the kind of test needs; a reference is to a live object of the
    // operand's hierarchy.
    unsafe {
        let instance = (*regs.ctx).instance;
        let index = Fields::of(ip).imm() as usize;
        match KIND {
            0 => false,
            1 => true,
            2 => reference & 1 == 1 || is_object(reference),
            3 => reference & 1 == 1,
            4 => is_object(reference) && type_of(reference).is_struct(),
            5 => is_object(reference) && !type_of(reference).is_struct(),
            6 | 7 => {
                is_object(reference) && {
                    let ty = object_type(instance, index);
                    let found = type_of(reference);
                    if KIND == 7 { found.id == ty.id } else { found.id == ty.id || found.matches(ty) }
                }
            }
            _ => {
                let func =
                    NonNull::<FuncInst>::new_unchecked(core::ptr::with_exposed_provenance_mut(reference as usize));
                let instance = &*instance;
                match instance.types.types.get_unchecked(index) {
                    Some(ty) if KIND == 9 => func.as_ref().ty.id == ty.id,
                    Some(ty) => func.as_ref().ty.matches(ty.id),
                    None => false,
                }
            }
        }
    }
}

/// A structure or array type of the instance's module.
#[inline(always)]
pub(super) unsafe fn object_type<'a>(instance: *const Instance, index: usize) -> &'a ObjectType {
    // SAFETY: the index is of such a type (`ir::verify`, "indices exist"), and the module's types live as long as the
    // instance.
    unsafe {
        let instance = &*instance;
        match instance.types.objects.get_unchecked(index) {
            Some(ty) => &*alloc::sync::Arc::as_ptr(ty),
            None => core::hint::unreachable_unchecked(),
        }
    }
}

struct RefTest<D, const KIND: u8, const NULLABLE: bool>(PhantomData<D>);

impl<D: Dst, const KIND: u8, const NULLABLE: bool> Step for RefTest<D, KIND, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand, test and destination.
        unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            let passes = if reference == 0 { NULLABLE } else { passes::<KIND>(ip, regs, reference) };
            D::put(ip, regs, u32::from(passes));
        }
        Next::Fall
    }
}

struct RefCast<const KIND: u8, const NULLABLE: bool>;

impl<const KIND: u8, const NULLABLE: bool> Step for RefCast<KIND, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand and test.
        let passes = unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            if reference == 0 { NULLABLE } else { passes::<KIND>(ip, regs, reference) }
        };
        if passes { Next::Fall } else { Next::Trap(Trap::CastFailure) }
    }
}

macro_rules! by_kind {
    ($key:ident, $function:ident) => {
        match $key.sub {
            0 => $function::<0>($key),
            1 => $function::<1>($key),
            2 => $function::<2>($key),
            3 => $function::<3>($key),
            4 => $function::<4>($key),
            5 => $function::<5>($key),
            6 => $function::<6>($key),
            7 => $function::<7>($key),
            8 => $function::<8>($key),
            9 => $function::<9>($key),
            _ => None,
        }
    };
}

/// Handlers of [`Family::RefTest`](whimbrel_ir::Family).
pub(super) fn ref_test(key: OpKey) -> Option<Handler> {
    by_kind!(key, ref_test_of)
}

fn ref_test_of<const KIND: u8>(key: OpKey) -> Option<Handler> {
    match (key.shape.d()?, key.mode != 0) {
        (DstKind::Slot, false) => of::<RefTest<ToSlot, KIND, false>>(),
        (DstKind::Slot, true) => of::<RefTest<ToSlot, KIND, true>>(),
        (DstKind::Acc, false) => of::<RefTest<ToAcc, KIND, false>>(),
        (DstKind::Acc, true) => of::<RefTest<ToAcc, KIND, true>>(),
        _ => None,
    }
}

/// Handlers of [`Family::RefCast`](whimbrel_ir::Family).
pub(super) fn ref_cast(key: OpKey) -> Option<Handler> {
    by_kind!(key, ref_cast_of)
}

fn ref_cast_of<const KIND: u8>(key: OpKey) -> Option<Handler> {
    if key.mode != 0 { of::<RefCast<KIND, true>>() } else { of::<RefCast<KIND, false>>() }
}

struct DescTest<D, const NULLABLE: bool>(PhantomData<D>);

impl<D: Dst, const NULLABLE: bool> Step for DescTest<D, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands and this destination.
        unsafe {
            let (reference, expected): (u64, u64) = (SlotA::get(ip, regs), SlotB::get(ip, regs));
            if expected == 0 {
                return Next::Trap(Trap::NullDescriptorReference);
            }
            let passes = match reference {
                0 => NULLABLE,
                _ => is_object(reference) && descriptor(reference) == expected,
            };
            D::put(ip, regs, u32::from(passes));
        }
        Next::Fall
    }
}

/// Handlers of [`Family::DescTest`](whimbrel_ir::Family).
pub(super) fn desc_test(key: OpKey) -> Option<Handler> {
    match (key.shape.d()?, key.mode != 0) {
        (DstKind::Slot, false) => of::<DescTest<ToSlot, false>>(),
        (DstKind::Slot, true) => of::<DescTest<ToSlot, true>>(),
        (DstKind::Acc, false) => of::<DescTest<ToAcc, false>>(),
        (DstKind::Acc, true) => of::<DescTest<ToAcc, true>>(),
        _ => None,
    }
}
