//! Memories and data segments. Spec: `valid-instr-memory`.

use wasm_syntax::{DataIdx, LoadOp, MemArg, MemIdx, MemoryLaneOp, StoreOp, ValType};

use crate::error::ErrorKind;
use crate::func::{Check, FuncValidator};

/// Checks an access to `width_bytes` bytes and gives the type of its address. Spec: `valid-memarg`.
#[inline]
pub(super) fn check_memarg(v: &FuncValidator<'_>, arg: MemArg, width_bytes: u8) -> Check<ValType> {
    let natural = width_bytes.trailing_zeros() as u8;
    if arg.align_log2 > natural {
        return Err(ErrorKind::Alignment { natural, found: arg.align_log2 }.into());
    }
    let memory = v.module.get_memory(arg.memory)?;
    if !memory.memory64 && arg.offset > u32::MAX.into() {
        return Err(ErrorKind::OffsetOutOfRange(arg.offset).into());
    }
    Ok(memory.addr_type())
}

/// Checks that a lane index is below the number of lanes.
pub(super) fn check_lane(found: u8, lanes: u8) -> Check {
    if found < lanes { Ok(()) } else { Err(ErrorKind::LaneOutOfRange { lanes, found }.into()) }
}

#[inline]
pub(super) fn load(v: &mut FuncValidator<'_>, op: LoadOp, arg: MemArg) -> Check {
    let addr = check_memarg(v, arg, op.width_bytes())?;
    v.pop(addr)?;
    v.push(op.val_type());
    Ok(())
}

#[inline]
pub(super) fn store(v: &mut FuncValidator<'_>, op: StoreOp, arg: MemArg) -> Check {
    let addr = check_memarg(v, arg, op.width_bytes())?;
    v.pop(op.val_type())?;
    v.pop(addr)
}

pub(super) fn lane(v: &mut FuncValidator<'_>, op: MemoryLaneOp, arg: MemArg, lane: u8) -> Check {
    let addr = check_memarg(v, arg, op.width_bytes())?;
    check_lane(lane, 16 / op.width_bytes())?;
    v.pop(ValType::V128)?;
    v.pop(addr)?;
    v.push_all(op.results())
}

pub(super) fn size(v: &mut FuncValidator<'_>, memory: MemIdx) -> Check {
    let addr = v.module.get_memory(memory)?.addr_type();
    v.push(addr);
    Ok(())
}

pub(super) fn grow(v: &mut FuncValidator<'_>, memory: MemIdx) -> Check {
    let addr = v.module.get_memory(memory)?.addr_type();
    v.pop(addr)?;
    v.push(addr);
    Ok(())
}

pub(super) fn init(v: &mut FuncValidator<'_>, data: DataIdx, memory: MemIdx) -> Check {
    let addr = v.module.get_memory(memory)?.addr_type();
    v.module.check_data(data)?;
    v.pop(ValType::I32)?;
    v.pop(ValType::I32)?;
    v.pop(addr)
}

pub(super) fn copy(v: &mut FuncValidator<'_>, dst: MemIdx, src: MemIdx) -> Check {
    let (dst, src) = (v.module.get_memory(dst)?, v.module.get_memory(src)?);
    let len = if dst.memory64 && src.memory64 { ValType::I64 } else { ValType::I32 };
    v.pop(len)?;
    v.pop(src.addr_type())?;
    v.pop(dst.addr_type())
}

pub(super) fn fill(v: &mut FuncValidator<'_>, memory: MemIdx) -> Check {
    let addr = v.module.get_memory(memory)?.addr_type();
    v.pop(addr)?;
    v.pop(ValType::I32)?;
    v.pop(addr)
}
