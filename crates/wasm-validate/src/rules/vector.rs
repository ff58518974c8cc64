//! Vector instructions that do not touch memory, by table. Spec: `valid-instr-vec`.

use wasm_syntax::{LaneOp, ShuffleLanes, ValType, VectorOp};

use super::memory::check_lane;
use super::numeric::{Shape, apply, apply_any};
use crate::func::{Check, FuncValidator};

const SHAPES: [Shape; VectorOp::ALL.len()] = {
    let mut shapes = [Shape::of(VectorOp::V128Not.signature()); VectorOp::ALL.len()];
    let mut i = 0;
    while i < shapes.len() {
        shapes[i] = Shape::of(VectorOp::ALL[i].signature());
        i += 1;
    }
    shapes
};

#[inline]
pub(super) fn vector(v: &mut FuncValidator<'_>, op: VectorOp) -> Check {
    apply(v, SHAPES[op as usize], || op.signature())
}

pub(super) fn lane(v: &mut FuncValidator<'_>, op: LaneOp, lane: u8) -> Check {
    check_lane(lane, op.lanes())?;
    apply_any(v, op.signature())
}

pub(super) fn shuffle(v: &mut FuncValidator<'_>, lanes: &ShuffleLanes) -> Check {
    lanes.0.iter().try_for_each(|&lane| check_lane(lane, 32))?;
    v.pop(ValType::V128)?;
    v.pop(ValType::V128)?;
    v.push(ValType::V128);
    Ok(())
}
