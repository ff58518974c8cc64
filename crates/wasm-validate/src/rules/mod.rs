//! The typing rules of the instructions, one file a chapter. Spec: `valid-instr`.

mod aggregate;
mod atomic;
pub(crate) mod constant;
mod continuation;
mod control;
mod exception;
mod memory;
mod numeric;
mod parametric;
mod reference;
mod table;
mod variable;
mod vector;

use wasm_syntax::{Instr, ValType};

use crate::func::{Check, FuncValidator};

/// Checks one instruction and updates the stacks.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn check(v: &mut FuncValidator<'_>, instr: &Instr<'_>) -> Check {
    if v.control.is_empty() {
        return Err(crate::ErrorKind::AfterEnd.into());
    }
    match *instr {
        Instr::Unreachable => control::unreachable(v),
        Instr::Nop => Ok(()),
        Instr::Block(ty) => control::block(v, ty),
        Instr::Loop(ty) => control::loop_(v, ty),
        Instr::If(ty) => control::if_(v, ty),
        Instr::Else => control::else_(v),
        Instr::End => control::end(v),
        Instr::Br(label) => control::br(v, label),
        Instr::BrIf(label) => control::br_if(v, label),
        Instr::BrTable(table) => control::br_table(v, &table),
        Instr::Return => control::return_(v),
        Instr::Call(func) => control::call(v, func),
        Instr::CallIndirect(ty, table) => control::call_indirect(v, ty, table),
        Instr::CallRef(ty) => control::call_ref(v, ty),
        Instr::ReturnCall(func) => control::return_call(v, func),
        Instr::ReturnCallIndirect(ty, table) => control::return_call_indirect(v, ty, table),
        Instr::ReturnCallRef(ty) => control::return_call_ref(v, ty),

        Instr::Try(ty) => exception::legacy_try(v, ty),
        Instr::Catch(tag) => exception::legacy_catch(v, tag),
        Instr::CatchAll => exception::legacy_catch_all(v),
        Instr::Delegate(label) => exception::legacy_delegate(v, label),
        Instr::Rethrow(label) => exception::legacy_rethrow(v, label),
        Instr::Throw(tag) => exception::throw(v, tag),
        Instr::ThrowRef => exception::throw_ref(v),
        Instr::TryTable(ty, catches) => exception::try_table(v, ty, catches),

        Instr::Drop => parametric::drop(v),
        Instr::Select => parametric::select(v),
        Instr::SelectTyped(types) => parametric::select_typed(v, types),

        Instr::LocalGet(local) => variable::local_get(v, local),
        Instr::LocalSet(local) => variable::local_set(v, local),
        Instr::LocalTee(local) => variable::local_tee(v, local),
        Instr::GlobalGet(global) => variable::global_get(v, global),
        Instr::GlobalSet(global) => variable::global_set(v, global),

        Instr::TableGet(table) => table::get(v, table),
        Instr::TableSet(table) => table::set(v, table),
        Instr::TableInit(elem, table) => table::init(v, elem, table),
        Instr::ElemDrop(elem) => table::elem_drop(v, elem),
        Instr::TableCopy(dst, src) => table::copy(v, dst, src),
        Instr::TableGrow(table) => table::grow(v, table),
        Instr::TableSize(table) => table::size(v, table),
        Instr::TableFill(table) => table::fill(v, table),

        Instr::Load(op, arg) => memory::load(v, op, arg),
        Instr::Store(op, arg) => memory::store(v, op, arg),
        Instr::MemoryLane(op, arg, lane) => memory::lane(v, op, arg, lane),
        Instr::MemorySize(memory) => memory::size(v, memory),
        Instr::MemoryGrow(memory) => memory::grow(v, memory),
        Instr::MemoryInit(data, memory) => memory::init(v, data, memory),
        Instr::DataDrop(data) => v.module.check_data(data),
        Instr::MemoryCopy(dst, src) => memory::copy(v, dst, src),
        Instr::MemoryFill(memory) => memory::fill(v, memory),

        Instr::I32Const(_) => constant(v, ValType::I32),
        Instr::I64Const(_) => constant(v, ValType::I64),
        Instr::F32Const(_) => constant(v, ValType::F32),
        Instr::F64Const(_) => constant(v, ValType::F64),
        Instr::V128Const(_) => constant(v, ValType::V128),
        Instr::Numeric(op) => numeric::numeric(v, op),
        Instr::Vector(op) => vector::vector(v, op),
        Instr::VectorLane(op, lane) => vector::lane(v, op, lane),
        Instr::I8x16Shuffle(lanes) => vector::shuffle(v, &lanes),

        Instr::RefNull(heap) => reference::null(v, heap),
        Instr::RefIsNull => reference::is_null(v),
        Instr::RefFunc(func) => reference::func(v, func),
        Instr::RefEq => reference::eq(v),
        Instr::RefAsNonNull => reference::as_non_null(v),
        Instr::BrOnNull(label) => reference::br_on_null(v, label),
        Instr::BrOnNonNull(label) => reference::br_on_non_null(v, label),
        Instr::RefTest(heap) | Instr::RefTestNull(heap) => reference::test(v, heap),
        Instr::RefCast(heap) => reference::cast(v, heap, false),
        Instr::RefCastNull(heap) => reference::cast(v, heap, true),
        Instr::BrOnCast(target) => reference::br_on_cast(v, target),
        Instr::BrOnCastFail(target) => reference::br_on_cast_fail(v, target),
        Instr::RefGetDesc(ty) => reference::get_desc(v, ty),
        Instr::RefCastDescEq(heap) => reference::cast_desc_eq(v, heap, false),
        Instr::RefCastDescEqNull(heap) => reference::cast_desc_eq(v, heap, true),
        Instr::BrOnCastDescEq(target) => reference::br_on_cast_desc_eq(v, target),
        Instr::BrOnCastDescEqFail(target) => reference::br_on_cast_desc_eq_fail(v, target),
        Instr::AnyConvertExtern => reference::any_convert_extern(v),
        Instr::ExternConvertAny => reference::extern_convert_any(v),
        Instr::RefI31 => reference::i31(v),
        Instr::I31GetS | Instr::I31GetU => reference::i31_get(v),

        Instr::StructNew(ty) => aggregate::struct_new(v, ty),
        Instr::StructNewDefault(ty) => aggregate::struct_new_default(v, ty),
        Instr::StructNewDesc(ty) => aggregate::struct_new_desc(v, ty),
        Instr::StructNewDefaultDesc(ty) => aggregate::struct_new_default_desc(v, ty),
        Instr::StructGet(ty, field) => aggregate::struct_get(v, ty, field, false),
        Instr::StructGetS(ty, field) | Instr::StructGetU(ty, field) => aggregate::struct_get(v, ty, field, true),
        Instr::StructSet(ty, field) => aggregate::struct_set(v, ty, field),
        Instr::ArrayNew(ty) => aggregate::array_new(v, ty),
        Instr::ArrayNewDefault(ty) => aggregate::array_new_default(v, ty),
        Instr::ArrayNewFixed(ty, len) => aggregate::array_new_fixed(v, ty, len),
        Instr::ArrayNewData(ty, data) => aggregate::array_new_data(v, ty, data),
        Instr::ArrayNewElem(ty, elem) => aggregate::array_new_elem(v, ty, elem),
        Instr::ArrayGet(ty) => aggregate::array_get(v, ty, false),
        Instr::ArrayGetS(ty) | Instr::ArrayGetU(ty) => aggregate::array_get(v, ty, true),
        Instr::ArraySet(ty) => aggregate::array_set(v, ty),
        Instr::ArrayLen => aggregate::array_len(v),
        Instr::ArrayFill(ty) => aggregate::array_fill(v, ty),
        Instr::ArrayCopy(dst, src) => aggregate::array_copy(v, dst, src),
        Instr::ArrayInitData(ty, data) => aggregate::array_init_data(v, ty, data),
        Instr::ArrayInitElem(ty, elem) => aggregate::array_init_elem(v, ty, elem),

        Instr::Atomic(op, arg) => atomic::access(v, op, arg),
        Instr::AtomicFence(flags) => atomic::fence(flags),

        Instr::ContNew(ty) => continuation::new(v, ty),
        Instr::ContBind(src, dst) => continuation::bind(v, src, dst),
        Instr::Suspend(tag) => continuation::suspend(v, tag),
        Instr::Resume(ty, handlers) => continuation::resume(v, ty, handlers),
        Instr::ResumeThrow(ty, tag, handlers) => continuation::resume_throw(v, ty, tag, handlers),
        Instr::ResumeThrowRef(ty, handlers) => continuation::resume_throw_ref(v, ty, handlers),
        Instr::Switch(ty, tag) => continuation::switch(v, ty, tag),
    }
}

#[inline]
fn constant(v: &mut FuncValidator<'_>, ty: ValType) -> Check {
    v.push(ty);
    Ok(())
}
