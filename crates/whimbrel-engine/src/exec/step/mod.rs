//! The steps: one for each op, generic over its meaning and its operands' kinds; and which handler a key gets.

/// Goes on with the type that reads a source of this kind.
macro_rules! by_source {
    ($kind:expr, |$ty:ident: $slot:ty, $constant:ty| $go_on:expr) => {
        match $kind? {
            whimbrel_ir::SrcKind::Slot => {
                type $ty = $slot;
                $go_on
            }
            whimbrel_ir::SrcKind::Const => {
                type $ty = $constant;
                $go_on
            }
            whimbrel_ir::SrcKind::Acc => {
                type $ty = crate::exec::operand::Acc;
                $go_on
            }
            #[cfg(not(whimbrel_compact))]
            whimbrel_ir::SrcKind::Pin0 => {
                type $ty = crate::exec::operand::Pin0;
                $go_on
            }
            #[cfg(not(whimbrel_compact))]
            whimbrel_ir::SrcKind::Pin1 => {
                type $ty = crate::exec::operand::Pin1;
                $go_on
            }
            #[cfg(whimbrel_compact)]
            whimbrel_ir::SrcKind::Pin0 | whimbrel_ir::SrcKind::Pin1 => None,
        }
    };
}

/// Goes on with the type that writes to a destination of this kind; or, where a store has its index's kind in that place, with
/// the type that reads it.
macro_rules! by_destination {
    ($kind:expr, |$ty:ident| $go_on:expr) => {
        by_destination!($kind, |$ty: crate::exec::operand::ToSlot, crate::exec::operand::ToAcc| $go_on)
    };
    ($kind:expr, |$ty:ident: $slot:ty, $acc:ty| $go_on:expr) => {
        match $kind? {
            whimbrel_ir::DstKind::Slot => {
                type $ty = $slot;
                $go_on
            }
            whimbrel_ir::DstKind::Acc => {
                type $ty = $acc;
                $go_on
            }
            #[cfg(not(whimbrel_compact))]
            whimbrel_ir::DstKind::Pin0 => {
                type $ty = crate::exec::operand::Pin0;
                $go_on
            }
            #[cfg(not(whimbrel_compact))]
            whimbrel_ir::DstKind::Pin1 => {
                type $ty = crate::exec::operand::Pin1;
                $go_on
            }
            #[cfg(whimbrel_compact)]
            whimbrel_ir::DstKind::Pin0 | whimbrel_ir::DstKind::Pin1 => None,
        }
    };
}

mod aggregate;
mod atomic;
mod branch;
mod call;
mod cast;
mod continuation;
mod copy;
mod exception;
mod landing;
mod memory;
mod numeric;
mod objects;
mod slots;
pub(super) mod tiles;
mod vector;

pub(super) use call::{RELOAD_LEN, Stub, reload_word, restore_pins};
pub(super) use continuation::RESUME_LEN;
pub(crate) use landing::Landings;

use whimbrel_ir::{Family, OpKey};

use super::backend::{Handler, Step, handler_for};

/// The handler of the ops with this key; `None` where the compiler may not use such a shape.
pub(super) fn handler(key: OpKey) -> Option<Handler> {
    match key.family {
        Family::Enter => call::enter(key),
        Family::Pins => copy::pins(key),
        Family::Zero => Some(handler_for::<copy::ZeroRange>()),
        Family::Copy => copy::copy(key),
        Family::Const64 => copy::const64(key),
        Family::CopyRange => Some(handler_for::<copy::CopyRange>()),
        Family::Unary => numeric::unary(key),
        Family::Binary => numeric::binary(key),
        Family::Select => copy::select(key),
        Family::Load => memory::load(key),
        Family::Store => memory::store(key),
        Family::GlobalGet => copy::global_get(key),
        Family::GlobalSet => copy::global_set(key),
        Family::Br => branch::br(key),
        Family::BrIf => branch::br_if(key),
        Family::BrCmp => branch::br_cmp(key),
        Family::BrTable => branch::br_table(key),
        Family::Call => Some(handler_for::<call::Call>()),
        Family::CallImport => Some(handler_for::<call::Outside<call::Imported>>()),
        Family::CallIndirect => call::call_indirect(key),
        Family::CallRef => Some(handler_for::<call::Outside<call::Referenced>>()),
        Family::Reload => Some(handler_for::<call::Reload>()),
        Family::ReturnCall => Some(handler_for::<call::ReturnCall>()),
        Family::ReturnCallImport => Some(handler_for::<call::ReturnOutside<call::Imported>>()),
        Family::ReturnCallIndirect => Some(handler_for::<call::ReturnOutside<call::Indirect<super::operand::SlotD>>>()),
        Family::ReturnCallRef => Some(handler_for::<call::ReturnOutside<call::Referenced>>()),
        Family::Return => call::return_(key),
        Family::ReturnValue => call::return_value(key),
        Family::Slots => slots::slots(key),
        Family::Vector => vector::vector(key),
        Family::VectorLane => vector::vector_lane(key),
        Family::Shuffle => Some(handler_for::<vector::Shuffle>()),
        Family::VectorConst => Some(handler_for::<vector::VectorConst>()),
        Family::MemoryLane => vector::memory_lane(key),
        Family::Throw => Some(handler_for::<exception::Throw>()),
        Family::ThrowRef => Some(handler_for::<exception::ThrowRef>()),
        Family::ContNew => Some(handler_for::<continuation::ContNew>()),
        Family::ContBind => Some(handler_for::<continuation::ContBind>()),
        Family::Resume => continuation::resume_of(key),
        Family::Suspend => Some(handler_for::<continuation::Suspend>()),
        Family::Switch => Some(handler_for::<continuation::Switch>()),
        Family::FieldGet => aggregate::field_get(key),
        Family::FieldSet => aggregate::field_set(key),
        Family::ElemGet => aggregate::elem_get(key),
        Family::ElemSet => aggregate::elem_set(key),
        Family::RefUnary => aggregate::ref_unary(key),
        Family::RefTest => cast::ref_test(key),
        Family::RefCast => cast::ref_cast(key),
        Family::DescTest => cast::desc_test(key),
        Family::Aggregate => objects::aggregate(key),
        Family::Atomic => atomic::atomic(key),
        Family::AtomicFence => Some(handler_for::<atomic::Fence>()),
        Family::Charge => Some(handler_for::<branch::Charge>()),
        Family::Trap => Some(handler_for::<branch::TrapOp>()),
    }
}

/// The handler of step `S` if there may be such an op. Called in constants, so that there is none otherwise.
pub(super) const fn given<S: Step>(is_allowed: bool) -> Option<Handler> {
    if is_allowed { Some(handler_for::<S>()) } else { None }
}

/// The handler of step `S`, for tables.
pub(super) const fn of<S: Step>() -> Option<Handler> {
    Some(handler_for::<S>())
}
