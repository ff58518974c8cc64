//! Scalar instructions without immediates, by table. Spec: `valid-instr-numeric`.

use wasm_syntax::{NumericOp, Signature, ValType};

use crate::func::{Check, FuncValidator};

/// A signature in the form of nearly all: one or two operands of one type, and one result. Others have no arity here.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    arity: u8,
    operand: ValType,
    result: ValType,
}

impl Shape {
    /// The short form of a signature, if it has one.
    pub(super) const fn of(signature: Signature) -> Self {
        let (params, results) = (signature.params, signature.results);
        let irregular = Self { arity: 0, operand: ValType::I32, result: ValType::I32 };
        if results.len() != 1 {
            return irregular;
        }
        match params {
            [operand] => Self { arity: 1, operand: *operand, result: results[0] },
            [first, second] if first.to_bits() == second.to_bits() => {
                Self { arity: 2, operand: *first, result: results[0] }
            }
            _ => irregular,
        }
    }
}

/// Applies an instruction of fixed type: in place where the operands are there as expected, in general otherwise.
#[inline]
pub(super) fn apply(v: &mut FuncValidator<'_>, shape: Shape, signature: impl FnOnce() -> Signature) -> Check {
    let height = v.height;
    match (shape.arity, v.operands.above_mut(height)) {
        (2, [.., first, second]) if *first == shape.operand && *second == shape.operand => {
            *first = shape.result;
            v.operands.truncate(v.operands.len() - 1);
            Ok(())
        }
        (1, [.., only]) if *only == shape.operand => {
            *only = shape.result;
            Ok(())
        }
        _ => apply_any(v, signature()),
    }
}

#[inline(never)]
pub(super) fn apply_any(v: &mut FuncValidator<'_>, signature: Signature) -> Check {
    v.pop_all(signature.params)?;
    v.push_all(signature.results)
}

const SHAPES: [Shape; NumericOp::ALL.len()] = {
    let mut shapes = [Shape::of(NumericOp::I32Eqz.signature()); NumericOp::ALL.len()];
    let mut i = 0;
    while i < shapes.len() {
        shapes[i] = Shape::of(NumericOp::ALL[i].signature());
        i += 1;
    }
    shapes
};

#[inline]
pub(super) fn numeric(v: &mut FuncValidator<'_>, op: NumericOp) -> Check {
    apply(v, SHAPES[op as usize], || op.signature())
}
