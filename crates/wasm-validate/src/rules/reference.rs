//! References: null, functions, casts, `i31`. Spec: `valid-instr-ref`.

use wasm_syntax::{AbstractHeapType, CastTarget, Feature, FuncIdx, HeapType, LabelIdx, RefType, TypeIdx, ValType};

use super::control::split_last;
use crate::error::{ErrorKind, Operand};
use crate::func::{Check, FuncValidator, mismatch};
use crate::types::{bottom, bottom_ref, check_ref_type};

/// Checks a heap type by itself. Spec: `valid-heaptype`.
fn check_heap(v: &FuncValidator<'_>, heap: HeapType) -> Check {
    if let Some(idx) = heap.type_idx() {
        v.module.types.get(idx)?;
    }
    check_ref_type(&v.module.types, v.module.features, RefType::new(true, heap))
}

/// Pops a reference of any type: `None` if unreachable code leaves the type open.
fn pop_ref(v: &mut FuncValidator<'_>) -> Check<Option<RefType>> {
    let found = v.pop_any(Operand::Reference)?;
    if found == bottom() || found == bottom_ref() {
        return Ok(None);
    }
    match found.as_ref() {
        Some(ty) => Ok(Some(ty)),
        None => {
            let (expected, found) = (Operand::Reference, Operand::Type(found));
            Err(ErrorKind::TypeMismatch { expected, found }.into())
        }
    }
}

fn non_null(ty: Option<RefType>) -> ValType {
    ty.map_or(bottom_ref(), |ty| ty.with_nullable(false).into())
}

/// The type of a reference to what the module itself makes or defines: exact where exact types exist.
pub(super) fn made_ref(v: &FuncValidator<'_>, ty: TypeIdx) -> ValType {
    let exact = v.module.features.has(Feature::CustomDescriptors);
    RefType::new(false, if exact { HeapType::Exact(ty) } else { HeapType::Concrete(ty) }).into()
}

pub(super) fn null(v: &mut FuncValidator<'_>, heap: HeapType) -> Check {
    check_heap(v, heap)?;
    v.push(RefType::new(true, heap).into());
    Ok(())
}

pub(super) fn is_null(v: &mut FuncValidator<'_>) -> Check {
    pop_ref(v)?;
    v.push(ValType::I32);
    Ok(())
}

pub(super) fn func(v: &mut FuncValidator<'_>, func: FuncIdx) -> Check {
    push_func(v, func)?;
    if v.module.is_declared_func_ref(func) { Ok(()) } else { Err(ErrorKind::UndeclaredFunction(func.0).into()) }
}

/// `ref.func` without the rule that the function be declared.
pub(super) fn push_func(v: &mut FuncValidator<'_>, func: FuncIdx) -> Check {
    let ty = v.module.get_func(func)?;
    let reference = if !v.module.features.has(Feature::FunctionReferences) {
        ValType::FUNCREF
    } else if v.module.is_exact(func) {
        made_ref(v, ty)
    } else {
        RefType::new(false, HeapType::Concrete(ty)).into()
    };
    v.push(reference);
    Ok(())
}

pub(super) fn eq(v: &mut FuncValidator<'_>) -> Check {
    v.pop(RefType::EQREF.into())?;
    v.pop(RefType::EQREF.into())?;
    v.push(ValType::I32);
    Ok(())
}

pub(super) fn as_non_null(v: &mut FuncValidator<'_>) -> Check {
    let ty = pop_ref(v)?;
    v.push(non_null(ty));
    Ok(())
}

pub(super) fn br_on_null(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    let ty = pop_ref(v)?;
    let types = v.get_label_types(label)?;
    v.pop_all(&types)?;
    v.push_all(&types)?;
    v.push(non_null(ty));
    Ok(())
}

pub(super) fn br_on_non_null(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    let types = v.get_label_types(label)?;
    let Some((Some(last), rest)) = types.split_last().map(|(last, rest)| (last.as_ref(), rest)) else {
        let found = types.last().map_or(Operand::Nothing, |&ty| Operand::Type(ty));
        return Err(ErrorKind::TypeMismatch { expected: Operand::Reference, found }.into());
    };
    v.pop(last.with_nullable(true).into())?;
    v.pop_all(rest)?;
    v.push_all(rest)
}

/// Checks that a cast to the type is possible at all, and gives the largest type that it may come from.
fn castable(v: &FuncValidator<'_>, heap: HeapType) -> Check<RefType> {
    check_heap(v, heap)?;
    let from = RefType::new(true, v.module.types.top(heap));
    if from.heap() == HeapType::Abstract(AbstractHeapType::Cont) {
        return Err(ErrorKind::InvalidCast { from, to: RefType::new(true, heap) }.into());
    }
    Ok(from)
}

pub(super) fn test(v: &mut FuncValidator<'_>, heap: HeapType) -> Check {
    let from = castable(v, heap)?;
    v.pop(from.into())?;
    v.push(ValType::I32);
    Ok(())
}

pub(super) fn cast(v: &mut FuncValidator<'_>, heap: HeapType, nullable: bool) -> Check {
    let from = castable(v, heap)?;
    v.pop(from.into())?;
    v.push(RefType::new(nullable, heap).into());
    Ok(())
}

/// What is left of `from` where a cast to `to` fails.
fn difference(from: RefType, to: RefType) -> RefType {
    if to.is_nullable() { from.with_nullable(false) } else { from }
}

fn check_target(v: &FuncValidator<'_>, CastTarget { from, to, .. }: CastTarget) -> Check {
    check_ref_type(&v.module.types, v.module.features, from)?;
    check_ref_type(&v.module.types, v.module.features, to)?;
    let top = castable(v, to.heap())?.heap();
    let related = if v.module.features.has(Feature::CustomDescriptors) {
        v.module.types.top(from.heap()) == top
    } else {
        v.module.types.is_ref_subtype(to, from)
    };
    if related { Ok(()) } else { Err(ErrorKind::InvalidCast { from, to }.into()) }
}

/// Branches with a value of type `taken` and goes on with one of type `kept`, the operand being popped before.
fn branch(v: &mut FuncValidator<'_>, label: LabelIdx, operand: RefType, taken: RefType, kept: RefType) -> Check {
    let types = v.get_label_types(label)?;
    let (rest, last) = split_last(&types, taken.into())?;
    if !v.module.types.is_val_subtype(taken.into(), last) {
        return Err(mismatch(last, taken.into()));
    }
    v.pop(operand.into())?;
    v.pop_all(rest)?;
    v.push_all(rest)?;
    v.push(kept.into());
    Ok(())
}

pub(super) fn br_on_cast(v: &mut FuncValidator<'_>, target: CastTarget) -> Check {
    check_target(v, target)?;
    let CastTarget { label, from, to } = target;
    branch(v, label, from, to, difference(from, to))
}

pub(super) fn br_on_cast_fail(v: &mut FuncValidator<'_>, target: CastTarget) -> Check {
    check_target(v, target)?;
    let CastTarget { label, from, to } = target;
    branch(v, label, from, difference(from, to), to)
}

pub(super) fn get_desc(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let Some(descriptor) = v.module.types.get(ty)?.descriptor else {
        return Err(ErrorKind::NoDescriptor.into());
    };
    let found = v.pop_subtype(RefType::new(true, HeapType::Concrete(ty)).into())?;
    let exact = RefType::new(true, HeapType::Exact(ty)).into();
    let heap = if v.module.types.is_val_subtype(found, exact) {
        HeapType::Exact(descriptor)
    } else {
        HeapType::Concrete(descriptor)
    };
    v.push(RefType::new(false, heap).into());
    Ok(())
}

/// The type of the descriptor operand of a cast to a type by its descriptor.
fn descriptor_ref(v: &FuncValidator<'_>, heap: HeapType) -> Check<RefType> {
    let descriptor = match heap.type_idx() {
        Some(idx) => v.module.types.get(idx)?.descriptor,
        None => None,
    };
    match (descriptor, heap) {
        (Some(idx), HeapType::Exact(_)) => Ok(RefType::new(true, HeapType::Exact(idx))),
        (Some(idx), _) => Ok(RefType::new(true, HeapType::Concrete(idx))),
        (None, _) => Err(ErrorKind::NoDescriptor.into()),
    }
}

pub(super) fn cast_desc_eq(v: &mut FuncValidator<'_>, heap: HeapType, nullable: bool) -> Check {
    let descriptor = descriptor_ref(v, heap)?;
    let from = castable(v, heap)?;
    v.pop(descriptor.into())?;
    v.pop(from.into())?;
    v.push(RefType::new(nullable, heap).into());
    Ok(())
}

pub(super) fn br_on_cast_desc_eq(v: &mut FuncValidator<'_>, target: CastTarget) -> Check {
    check_target(v, target)?;
    let CastTarget { label, from, to } = target;
    let descriptor = descriptor_ref(v, to.heap())?;
    v.pop(descriptor.into())?;
    branch(v, label, from, to, difference(from, to))
}

pub(super) fn br_on_cast_desc_eq_fail(v: &mut FuncValidator<'_>, target: CastTarget) -> Check {
    check_target(v, target)?;
    let CastTarget { label, from, to } = target;
    let descriptor = descriptor_ref(v, to.heap())?;
    v.pop(descriptor.into())?;
    branch(v, label, from, difference(from, to), to)
}

pub(super) fn any_convert_extern(v: &mut FuncValidator<'_>) -> Check {
    convert(v, HeapType::EXTERN, HeapType::ANY)
}

pub(super) fn extern_convert_any(v: &mut FuncValidator<'_>) -> Check {
    convert(v, HeapType::ANY, HeapType::EXTERN)
}

/// Nullness passes through a conversion.
fn convert(v: &mut FuncValidator<'_>, from: HeapType, to: HeapType) -> Check {
    let found = v.pop_subtype(RefType::new(true, from).into())?;
    let nullable = found != bottom() && found.as_ref().is_some_and(RefType::is_nullable);
    v.push(RefType::new(nullable, to).into());
    Ok(())
}

pub(super) fn i31(v: &mut FuncValidator<'_>) -> Check {
    v.pop(ValType::I32)?;
    v.push(RefType::new(false, HeapType::I31).into());
    Ok(())
}

pub(super) fn i31_get(v: &mut FuncValidator<'_>) -> Check {
    v.pop(RefType::I31REF.into())?;
    v.push(ValType::I32);
    Ok(())
}
