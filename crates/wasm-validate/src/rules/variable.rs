//! Locals and globals. Spec: `valid-instr-variable`.

use wasm_syntax::{GlobalIdx, LocalIdx};

use crate::error::{ErrorKind, IndexSpace};
use crate::func::{Check, FuncValidator};

#[inline]
pub(super) fn local_get(v: &mut FuncValidator<'_>, local: LocalIdx) -> Check {
    let ty = v.locals.get(local)?;
    v.locals.check_read(local, ty)?;
    v.push(ty);
    Ok(())
}

#[inline]
pub(super) fn local_set(v: &mut FuncValidator<'_>, local: LocalIdx) -> Check {
    let ty = v.locals.get(local)?;
    v.pop(ty)?;
    v.locals.note_write(local, ty);
    Ok(())
}

#[inline]
pub(super) fn local_tee(v: &mut FuncValidator<'_>, local: LocalIdx) -> Check {
    let ty = v.locals.get(local)?;
    v.pop(ty)?;
    v.locals.note_write(local, ty);
    v.push(ty);
    Ok(())
}

#[inline]
pub(super) fn global_get(v: &mut FuncValidator<'_>, global: GlobalIdx) -> Check {
    let ty = v.module.get_global(global)?;
    v.push(ty.val);
    Ok(())
}

#[inline]
pub(super) fn global_set(v: &mut FuncValidator<'_>, global: GlobalIdx) -> Check {
    let ty = v.module.get_global(global)?;
    if !ty.mutable {
        return Err(ErrorKind::Immutable(IndexSpace::Global).into());
    }
    v.pop(ty.val)
}
