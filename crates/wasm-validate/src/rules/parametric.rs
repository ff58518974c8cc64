//! `drop` and `select`. Spec: `valid-instr-parametric`.

use wasm_syntax::{SelectTypes, ValType};

use crate::error::{ErrorKind, Operand};
use crate::func::{Check, FuncValidator, mismatch};
use crate::types::{bottom, check_val_type};

pub(super) fn drop(v: &mut FuncValidator<'_>) -> Check {
    v.pop_any(Operand::Any).map(|_| ())
}

#[inline]
pub(super) fn select(v: &mut FuncValidator<'_>) -> Check {
    v.pop(ValType::I32)?;
    let first = v.pop_any(Operand::NumberOrVector)?;
    let second = v.pop_any(Operand::NumberOrVector)?;
    for found in [first, second] {
        if found != bottom() && found.is_ref() {
            let (expected, found) = (Operand::NumberOrVector, Operand::Type(found));
            return Err(ErrorKind::TypeMismatch { expected, found }.into());
        }
    }
    if first != second && first != bottom() && second != bottom() {
        return Err(mismatch(second, first));
    }
    v.push(if first == bottom() { second } else { first });
    Ok(())
}

pub(super) fn select_typed(v: &mut FuncValidator<'_>, types: SelectTypes) -> Check {
    let (1, Some(ty)) = (types.count, types.first) else {
        return Err(ErrorKind::SelectArity(types.count).into());
    };
    check_val_type(&v.module.types, v.module.features, ty)?;
    v.pop(ValType::I32)?;
    v.pop(ty)?;
    v.pop(ty)?;
    v.push(ty);
    Ok(())
}
