//! Tables and element segments. Spec: `valid-instr-table`.

use wasm_syntax::{ElemIdx, RefType, TableIdx, ValType};

use crate::func::{Check, FuncValidator, mismatch};

pub(super) fn get(v: &mut FuncValidator<'_>, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    v.pop(ty.addr_type())?;
    v.push(ty.elem.into());
    Ok(())
}

pub(super) fn set(v: &mut FuncValidator<'_>, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    v.pop(ty.elem.into())?;
    v.pop(ty.addr_type())
}

pub(super) fn init(v: &mut FuncValidator<'_>, elem: ElemIdx, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    check_elem(v, v.module.get_elem(elem)?, ty.elem)?;
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    v.pop(ty.addr_type())
}

pub(super) fn elem_drop(v: &mut FuncValidator<'_>, elem: ElemIdx) -> Check {
    v.module.get_elem(elem).map(|_| ())
}

pub(super) fn copy(v: &mut FuncValidator<'_>, dst: TableIdx, src: TableIdx) -> Check {
    let (dst, src) = (v.module.get_table(dst)?, v.module.get_table(src)?);
    check_elem(v, src.elem, dst.elem)?;
    let len = if dst.table64 && src.table64 { ValType::I64 } else { ValType::I32 };
    v.pop(len)?;
    v.pop(src.addr_type())?;
    v.pop(dst.addr_type())
}

pub(super) fn grow(v: &mut FuncValidator<'_>, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    v.pop(ty.addr_type())?;
    v.pop(ty.elem.into())?;
    v.push(ty.addr_type());
    Ok(())
}

pub(super) fn size(v: &mut FuncValidator<'_>, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    v.push(ty.addr_type());
    Ok(())
}

pub(super) fn fill(v: &mut FuncValidator<'_>, table: TableIdx) -> Check {
    let ty = v.module.get_table(table)?;
    v.pop(ty.addr_type())?;
    v.pop(ty.elem.into())?;
    v.pop(ty.addr_type())
}

/// Checks that references of type `found` may become elements of type `expected`.
pub(super) fn check_elem(v: &FuncValidator<'_>, found: RefType, expected: RefType) -> Check {
    if v.module.types.is_ref_subtype(found, expected) { Ok(()) } else { Err(mismatch(expected.into(), found.into())) }
}
