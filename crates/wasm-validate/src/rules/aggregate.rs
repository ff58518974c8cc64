//! Structures and arrays. Spec: `valid-instr-struct`, `valid-instr-array`.

use wasm_syntax::{DataIdx, ElemIdx, FieldIdx, FieldType, HeapType, RefType, StorageType, TypeIdx, ValType};

use super::reference::made_ref;
use super::table::check_elem;
use crate::error::{ErrorKind, IndexSpace};
use crate::func::{Check, FuncValidator, mismatch};
use crate::types::{check_limit, unknown};

/// The operand type of instructions on a defined type.
fn operand(ty: TypeIdx) -> ValType {
    RefType::new(true, HeapType::Concrete(ty)).into()
}

fn push_made(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let made = made_ref(v, ty);
    v.push(made);
    Ok(())
}

/// Pops the descriptor operand, which is there exactly if the type has a descriptor.
fn pop_descriptor(v: &mut FuncValidator<'_>, ty: TypeIdx, wanted: bool) -> Check {
    match v.module.types.get(ty)?.descriptor {
        Some(descriptor) if wanted => v.pop(RefType::new(true, HeapType::Exact(descriptor)).into()),
        Some(_) => Err(ErrorKind::NeedsDescriptor(ty).into()),
        None if wanted => Err(ErrorKind::NoDescriptor.into()),
        None => Ok(()),
    }
}

fn make_struct(v: &mut FuncValidator<'_>, ty: TypeIdx, with_descriptor: bool) -> Check {
    let fields = v.module.types.fields(ty)?;
    pop_descriptor(v, ty, with_descriptor)?;
    for field in fields.iter().rev() {
        v.pop(field.storage.unpacked())?;
    }
    push_made(v, ty)
}

fn make_default_struct(v: &mut FuncValidator<'_>, ty: TypeIdx, with_descriptor: bool) -> Check {
    let fields = v.module.types.fields(ty)?;
    pop_descriptor(v, ty, with_descriptor)?;
    fields.iter().try_for_each(|field| check_defaultable(*field))?;
    push_made(v, ty)
}

fn check_defaultable(field: FieldType) -> Check {
    let ty = field.storage.unpacked();
    if ty.is_defaultable() { Ok(()) } else { Err(ErrorKind::NotDefaultable(ty).into()) }
}

pub(super) fn struct_new(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    make_struct(v, ty, false)
}

pub(super) fn struct_new_desc(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    make_struct(v, ty, true)
}

pub(super) fn struct_new_default(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    make_default_struct(v, ty, false)
}

pub(super) fn struct_new_default_desc(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    make_default_struct(v, ty, true)
}

fn field(v: &FuncValidator<'_>, ty: TypeIdx, field: FieldIdx) -> Check<FieldType> {
    let fields = v.module.types.fields(ty)?;
    match fields.get(field.index()) {
        Some(&field) => Ok(field),
        None => Err(unknown(IndexSpace::Field, field.0, fields.len() as u32)),
    }
}

/// Packed storage is read with an extension, all other storage without. Gives the type read.
fn read(storage: StorageType, extending: bool) -> Check<ValType> {
    match (storage.is_packed(), extending) {
        (true, false) => Err(ErrorKind::Packed.into()),
        (false, true) => Err(ErrorKind::NotPacked.into()),
        _ => Ok(storage.unpacked()),
    }
}

pub(super) fn struct_get(v: &mut FuncValidator<'_>, ty: TypeIdx, idx: FieldIdx, extending: bool) -> Check {
    let val = read(field(v, ty, idx)?.storage, extending)?;
    v.pop(operand(ty))?;
    v.push(val);
    Ok(())
}

pub(super) fn struct_set(v: &mut FuncValidator<'_>, ty: TypeIdx, idx: FieldIdx) -> Check {
    let field = field(v, ty, idx)?;
    if !field.mutable {
        return Err(ErrorKind::Immutable(IndexSpace::Field).into());
    }
    v.pop(field.storage.unpacked())?;
    v.pop(operand(ty))
}

pub(super) fn array_new(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let elem = v.module.types.elem(ty)?;
    v.pop(ValType::I32)?;
    v.pop(elem.storage.unpacked())?;
    push_made(v, ty)
}

pub(super) fn array_new_default(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    check_defaultable(v.module.types.elem(ty)?)?;
    v.pop(ValType::I32)?;
    push_made(v, ty)
}

pub(super) fn array_new_fixed(v: &mut FuncValidator<'_>, ty: TypeIdx, len: u32) -> Check {
    let elem = v.module.types.elem(ty)?.storage.unpacked();
    check_limit("array_new_fixed", v.module.limits.array_new_fixed.into(), len.into())?;
    for _ in 0..len {
        if v.operand_height() == v.height && v.is_unreachable() {
            // The rest comes from nowhere and has any type.
            break;
        }
        v.pop(elem)?;
    }
    push_made(v, ty)
}

/// Checks that an array's elements can be made of a data segment's bytes.
fn check_bytes(v: &FuncValidator<'_>, ty: TypeIdx, elem: FieldType, data: DataIdx) -> Check {
    if elem.storage.unpacked().is_ref() {
        return Err(ErrorKind::ArrayNotOfNumbers(ty).into());
    }
    v.module.check_data(data)
}

/// Checks that an element segment's references can be an array's elements.
fn check_refs(v: &FuncValidator<'_>, elem: FieldType, segment: ElemIdx) -> Check {
    let found = v.module.get_elem(segment)?;
    match elem.storage.unpacked().as_ref() {
        Some(expected) => check_elem(v, found, expected),
        None => Err(mismatch(elem.storage.unpacked(), found.into())),
    }
}

pub(super) fn array_new_data(v: &mut FuncValidator<'_>, ty: TypeIdx, data: DataIdx) -> Check {
    check_bytes(v, ty, v.module.types.elem(ty)?, data)?;
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    push_made(v, ty)
}

pub(super) fn array_new_elem(v: &mut FuncValidator<'_>, ty: TypeIdx, segment: ElemIdx) -> Check {
    check_refs(v, v.module.types.elem(ty)?, segment)?;
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    push_made(v, ty)
}

pub(super) fn array_get(v: &mut FuncValidator<'_>, ty: TypeIdx, extending: bool) -> Check {
    let val = read(v.module.types.elem(ty)?.storage, extending)?;
    v.pop(ValType::I32)?;
    v.pop(operand(ty))?;
    v.push(val);
    Ok(())
}

/// The element of an array that is written to.
fn written(v: &FuncValidator<'_>, ty: TypeIdx) -> Check<FieldType> {
    let elem = v.module.types.elem(ty)?;
    if elem.mutable { Ok(elem) } else { Err(ErrorKind::ImmutableArray.into()) }
}

pub(super) fn array_set(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let elem = written(v, ty)?;
    v.pop(elem.storage.unpacked())?;
    v.pop(ValType::I32)?;
    v.pop(operand(ty))
}

pub(super) fn array_len(v: &mut FuncValidator<'_>) -> Check {
    v.pop(RefType::ARRAYREF.into())?;
    v.push(ValType::I32);
    Ok(())
}

pub(super) fn array_fill(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    let elem = written(v, ty)?;
    v.pop(ValType::I32)?;
    v.pop(elem.storage.unpacked())?;
    v.pop(ValType::I32)?;
    v.pop(operand(ty))
}

pub(super) fn array_copy(v: &mut FuncValidator<'_>, dst: TypeIdx, src: TypeIdx) -> Check {
    let (to, from) = (written(v, dst)?.storage, v.module.types.elem(src)?.storage);
    if !v.module.types.is_storage_subtype(from, to) {
        return Err(mismatch(to.unpacked(), from.unpacked()));
    }
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    v.pop(operand(src))?;
    v.pop(ValType::I32)?;
    v.pop(operand(dst))
}

/// Pops what `array.init_data` and `array.init_elem` take.
fn pop_init(v: &mut FuncValidator<'_>, ty: TypeIdx) -> Check {
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    v.pop(operand(ty))
}

pub(super) fn array_init_data(v: &mut FuncValidator<'_>, ty: TypeIdx, data: DataIdx) -> Check {
    check_bytes(v, ty, written(v, ty)?, data)?;
    pop_init(v, ty)
}

pub(super) fn array_init_elem(v: &mut FuncValidator<'_>, ty: TypeIdx, segment: ElemIdx) -> Check {
    check_refs(v, written(v, ty)?, segment)?;
    pop_init(v, ty)
}
