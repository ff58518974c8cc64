//! Continuations (stack switching proposal).

use wasm_syntax::{Handler, Handlers, HeapType, RefType, TagIdx, TypeIdx, ValType};

use super::control::{check_results, split_last};
use crate::error::{ErrorKind, Operand};
use crate::func::{Check, FuncValidator};
use crate::types::{FuncSig, check_limit};

fn operand(ty: TypeIdx) -> ValType {
    RefType::new(true, HeapType::Concrete(ty)).into()
}

/// The operands and results of a continuation type.
fn cont_sig<'m>(v: &FuncValidator<'m>, ty: TypeIdx) -> Check<FuncSig<'m>> {
    v.module.types.func(v.module.types.cont(ty)?)
}

/// The operands and results of the continuation type that a value type refers to.
fn referred_sig<'m>(v: &FuncValidator<'m>, ty: ValType) -> Check<FuncSig<'m>> {
    match ty.as_ref().and_then(|ty| ty.heap().type_idx()) {
        Some(idx) => cont_sig(v, idx),
        None => {
            let (expected, found) = (RefType::new(true, HeapType::CONT).into(), Operand::Type(ty));
            Err(ErrorKind::TypeMismatch { expected: Operand::Type(expected), found }.into())
        }
    }
}

/// Checks that functions of signature `found` can stand where `expected` is asked for.
fn check_sig(v: &FuncValidator<'_>, found: FuncSig<'_>, expected: FuncSig<'_>) -> Check {
    check_results(v, expected.params, found.params)?;
    check_results(v, found.results, expected.results)
}

pub(super) fn new(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let func = v.module.types.cont(ty)?;
    v.pop(operand(func))?;
    v.push(RefType::new(false, HeapType::Concrete(ty)).into());
    Ok(())
}

pub(super) fn bind(v: &mut FuncValidator<'_>, src: TypeIdx, dst: TypeIdx) -> Check {
    let (from, to) = (cont_sig(v, src)?, cont_sig(v, dst)?);
    let Some(bound) = from.params.len().checked_sub(to.params.len()) else {
        let (expected, found) = (from.params.len() as u64, to.params.len() as u64);
        return Err(ErrorKind::ArityMismatch { expected, found }.into());
    };
    let (bound, params) = from.params.split_at(bound);
    check_sig(v, FuncSig { params, results: from.results }, to)?;
    v.pop(operand(src))?;
    v.pop_all(bound)?;
    v.push(RefType::new(false, HeapType::Concrete(dst)).into());
    Ok(())
}

pub(super) fn suspend(v: &mut FuncValidator<'_>, tag: TagIdx) -> Check {
    let sig = v.module.tag_sig(tag)?;
    v.pop_all(sig.params)?;
    v.push_all(sig.results)
}

/// Checks the clauses of a resumption that gives `results`.
fn check_handlers(v: &FuncValidator<'_>, handlers: Handlers<'_>, results: &[ValType]) -> Check {
    check_limit("clauses", v.module.limits.clauses.into(), handlers.len().into())?;
    for handler in handlers.iter() {
        match handler {
            Handler::Label(tag, label) => {
                let sig = v.module.tag_sig(tag)?;
                let types = v.get_label_types(label)?;
                let (payload, last) = split_last(&types, RefType::new(true, HeapType::CONT).into())?;
                // What is left of the computation takes the tag's results and gives the resumption's.
                let rest = FuncSig { params: sig.results, results };
                check_sig(v, rest, referred_sig(v, last)?)?;
                check_results(v, sig.params, payload)?;
            }
            Handler::Switch(tag) => {
                // Whoever switches next may end the resumption, so the results must be the very same.
                let sig = v.module.tag_sig(tag)?;
                check_results(v, sig.params, &[])?;
                check_results(v, sig.results, results)?;
                check_results(v, results, sig.results)?;
            }
        }
    }
    Ok(())
}

pub(super) fn resume(v: &mut FuncValidator<'_>, ty: TypeIdx, handlers: Handlers<'_>) -> Check {
    let sig = cont_sig(v, ty)?;
    check_handlers(v, handlers, sig.results)?;
    v.pop(operand(ty))?;
    v.pop_all(sig.params)?;
    v.push_all(sig.results)
}

pub(super) fn resume_throw(v: &mut FuncValidator<'_>, ty: TypeIdx, tag: TagIdx, handlers: Handlers<'_>) -> Check {
    let sig = cont_sig(v, ty)?;
    let thrown = v.module.tag_sig(tag)?;
    if !thrown.results.is_empty() {
        return Err(ErrorKind::TagResults.into());
    }
    check_handlers(v, handlers, sig.results)?;
    v.pop(operand(ty))?;
    v.pop_all(thrown.params)?;
    v.push_all(sig.results)
}

pub(super) fn resume_throw_ref(v: &mut FuncValidator<'_>, ty: TypeIdx, handlers: Handlers<'_>) -> Check {
    let sig = cont_sig(v, ty)?;
    check_handlers(v, handlers, sig.results)?;
    v.pop(operand(ty))?;
    v.pop(RefType::EXNREF.into())?;
    v.push_all(sig.results)
}

pub(super) fn switch(v: &mut FuncValidator<'_>, ty: TypeIdx, tag: TagIdx) -> Check {
    let to = cont_sig(v, ty)?;
    let (params, last) = split_last(to.params, RefType::new(true, HeapType::CONT).into())?;
    // The last operand of the continuation switched to is the one switched from.
    let from = referred_sig(v, last)?;
    let tag = v.module.tag_sig(tag)?;
    check_results(v, tag.params, &[])?;
    check_results(v, to.results, tag.results)?;
    check_results(v, tag.results, from.results)?;
    v.pop(operand(ty))?;
    v.pop_all(params)?;
    v.push_all(from.params)
}
