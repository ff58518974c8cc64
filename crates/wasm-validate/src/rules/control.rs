//! Blocks, branches and calls. Spec: `valid-instr-control`.

use wasm_syntax::{BlockType, BrTable, Feature, FuncIdx, HeapType, LabelIdx, RefType, TableIdx, TypeIdx, ValType};

use crate::error::{ErrorKind, Operand, ValidateError};
use crate::func::{Check, FrameKind, FuncValidator, mismatch};
use crate::types::{FuncSig, check_val_type, require};

pub(super) fn unreachable(v: &mut FuncValidator<'_>) -> Check {
    v.set_unreachable();
    Ok(())
}

/// Checks a block type and opens a block of it. Spec: `valid-blocktype`.
#[inline(always)]
pub(super) fn open(v: &mut FuncValidator<'_>, kind: FrameKind, ty: BlockType) -> Check {
    match ty {
        BlockType::Empty => {}
        BlockType::Value(ty) => check_val_type(&v.module.types, v.module.features, ty)?,
        BlockType::Func(idx) => {
            require(v.module.features, Feature::MultiValue, "a block of a function type")?;
            let params = v.module.types.func(idx)?.params;
            v.pop_all(params)?;
        }
    }
    v.push_frame(kind, ty)
}

#[inline(always)]
pub(super) fn block(v: &mut FuncValidator<'_>, ty: BlockType) -> Check {
    open(v, FrameKind::Block, ty)
}

#[inline(always)]
pub(super) fn loop_(v: &mut FuncValidator<'_>, ty: BlockType) -> Check {
    open(v, FrameKind::Loop, ty)
}

#[inline(always)]
pub(super) fn if_(v: &mut FuncValidator<'_>, ty: BlockType) -> Check {
    v.pop(ValType::I32)?;
    open(v, FrameKind::If, ty)
}

pub(super) fn else_(v: &mut FuncValidator<'_>) -> Check {
    let frame = v.end_instrs()?;
    if frame.kind != FrameKind::If {
        return Err(ErrorKind::Misplaced.into());
    }
    let params = v.frame_params(&frame);
    v.continue_frame(FrameKind::Else, params)
}

#[inline(always)]
pub(super) fn end(v: &mut FuncValidator<'_>) -> Check {
    let frame = v.end_instrs()?;
    if frame.kind == FrameKind::If {
        let (params, results) = (v.frame_params(&frame), v.frame_results(&frame));
        if !v.module.types.is_result_subtype(params, &results) {
            return Err(ErrorKind::IfWithoutElse.into());
        }
    }
    v.pop_frame()
}

#[inline(always)]
pub(super) fn br(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    let types = v.get_label_types(label)?;
    v.pop_list(types)?;
    v.set_unreachable();
    Ok(())
}

#[inline(always)]
pub(super) fn br_if(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    v.pop(ValType::I32)?;
    let types = v.get_label_types(label)?;
    v.pop_list(types)?;
    v.push_list(types)
}

pub(super) fn br_table(v: &mut FuncValidator<'_>, table: &BrTable<'_>) -> Check {
    v.pop(ValType::I32)?;
    let default = v.get_label_types(table.default)?;
    let mut previous = None;
    for label in table.labels.iter() {
        // Tables repeat labels; the first of a run says it all.
        if previous.replace(label) == Some(label) {
            continue;
        }
        let types = v.get_label_types(label)?;
        if types.len() != default.len() {
            let (expected, found) = (default.len() as u64, types.len() as u64);
            return Err(ErrorKind::ArityMismatch { expected, found }.into());
        }
        v.check_top(&types)?;
    }
    v.pop_all(&default)?;
    v.set_unreachable();
    Ok(())
}

#[inline(always)]
pub(super) fn return_(v: &mut FuncValidator<'_>) -> Check {
    v.pop_list(v.results())?;
    v.set_unreachable();
    Ok(())
}

#[inline(always)]
fn apply(v: &mut FuncValidator<'_>, sig: FuncSig<'_>) -> Check {
    v.pop_all(sig.params)?;
    v.push_all(sig.results)
}

fn apply_tail(v: &mut FuncValidator<'_>, sig: FuncSig<'_>) -> Check {
    let results = v.results();
    check_results(v, sig.results, &results)?;
    v.pop_all(sig.params)?;
    v.set_unreachable();
    Ok(())
}

/// Checks that a list of types matches another, type by type.
pub(super) fn check_results(v: &FuncValidator<'_>, found: &[ValType], expected: &[ValType]) -> Check {
    if found.len() != expected.len() {
        let (expected, found) = (expected.len() as u64, found.len() as u64);
        return Err(ErrorKind::ArityMismatch { expected, found }.into());
    }
    for (&found, &expected) in found.iter().zip(expected) {
        if !v.module.types.is_val_subtype(found, expected) {
            return Err(mismatch(expected, found));
        }
    }
    Ok(())
}

#[inline(always)]
pub(super) fn call(v: &mut FuncValidator<'_>, func: FuncIdx) -> Check {
    let sig = v.module.types.func(v.module.get_func(func)?)?;
    apply(v, sig)
}

pub(super) fn return_call(v: &mut FuncValidator<'_>, func: FuncIdx) -> Check {
    let sig = v.module.types.func(v.module.get_func(func)?)?;
    apply_tail(v, sig)
}

/// Pops the index of an indirect call's table, whose elements must be functions, and gives the call's signature.
fn indirect<'m>(v: &mut FuncValidator<'m>, ty: TypeIdx, table: TableIdx) -> Check<FuncSig<'m>> {
    let table = v.module.get_table(table)?;
    if !v.module.types.is_ref_subtype(table.elem, RefType::FUNCREF) {
        return Err(mismatch(ValType::FUNCREF, table.elem.into()));
    }
    let sig = v.module.types.func(ty)?;
    v.pop(table.addr_type())?;
    Ok(sig)
}

pub(super) fn call_indirect(v: &mut FuncValidator<'_>, ty: TypeIdx, table: TableIdx) -> Check {
    let sig = indirect(v, ty, table)?;
    apply(v, sig)
}

pub(super) fn return_call_indirect(v: &mut FuncValidator<'_>, ty: TypeIdx, table: TableIdx) -> Check {
    let sig = indirect(v, ty, table)?;
    apply_tail(v, sig)
}

/// Pops a call's function reference and gives the call's signature.
fn by_ref<'m>(v: &mut FuncValidator<'m>, ty: TypeIdx) -> Check<FuncSig<'m>> {
    let sig = v.module.types.func(ty)?;
    v.pop(RefType::new(true, HeapType::Concrete(ty)).into())?;
    Ok(sig)
}

pub(super) fn call_ref(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let sig = by_ref(v, ty)?;
    apply(v, sig)
}

pub(super) fn return_call_ref(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let sig = by_ref(v, ty)?;
    apply_tail(v, sig)
}

/// Splits a label's types before the last, which must be there.
pub(super) fn split_last(types: &[ValType], expected: ValType) -> Result<(&[ValType], ValType), ValidateError> {
    match types.split_last() {
        Some((&last, rest)) => Ok((rest, last)),
        None => {
            let expected = Operand::Type(expected);
            Err(ErrorKind::TypeMismatch { expected, found: Operand::Nothing }.into())
        }
    }
}
