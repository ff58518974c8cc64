//! Canonical NaNs: where a result may be any of several NaNs, the minimum of it and infinity is the canonical one, and every other
//! value stays what it is. So is each result the same on every host.

use wasm_syntax::{NumericOp, V128, VectorOp};
use whimbrel_ir::Class;

use super::Lowerer;

const F32_INFINITY: u32 = 0x7F80_0000;
const F64_INFINITY: u64 = 0x7FF0_0000_0000_0000;

impl Lowerer<'_> {
    /// Makes what `op` has just pushed canonical, if NaNs are to be.
    pub(super) fn canonicalise(&mut self, op: NumericOp) {
        if !self.canonical_nans {
            return;
        }
        if chooses_f32_nan(op) {
            self.push_const(Class::F32, F32_INFINITY.into());
            self.binary(NumericOp::F32Min);
        } else if chooses_f64_nan(op) {
            self.push_const(Class::F64, F64_INFINITY);
            self.binary(NumericOp::F64Min);
        }
    }

    /// The same for the lanes of a vector.
    pub(super) fn canonicalise_lanes(&mut self, op: VectorOp) {
        if !self.canonical_nans {
            return;
        }
        if chooses_f32_nans(op) {
            self.vector_const(V128::from_u128(u128::from(F32_INFINITY) * 0x1_0000_0001_0000_0001_0000_0001));
            self.vector(VectorOp::F32x4Min);
        } else if chooses_f64_nans(op) {
            self.vector_const(V128::from_u128(u128::from(F64_INFINITY) * 0x1_0000_0000_0000_0001));
            self.vector(VectorOp::F64x2Min);
        }
    }
}

fn chooses_f32_nan(op: NumericOp) -> bool {
    use NumericOp as O;
    matches!(
        op,
        O::F32Add
            | O::F32Sub
            | O::F32Mul
            | O::F32Div
            | O::F32Sqrt
            | O::F32Ceil
            | O::F32Floor
            | O::F32Trunc
            | O::F32Nearest
            | O::F32DemoteF64
    )
}

fn chooses_f64_nan(op: NumericOp) -> bool {
    use NumericOp as O;
    matches!(
        op,
        O::F64Add
            | O::F64Sub
            | O::F64Mul
            | O::F64Div
            | O::F64Sqrt
            | O::F64Ceil
            | O::F64Floor
            | O::F64Trunc
            | O::F64Nearest
            | O::F64PromoteF32
    )
}

fn chooses_f32_nans(op: VectorOp) -> bool {
    use VectorOp as O;
    matches!(
        op,
        O::F32x4Add
            | O::F32x4Sub
            | O::F32x4Mul
            | O::F32x4Div
            | O::F32x4Sqrt
            | O::F32x4Ceil
            | O::F32x4Floor
            | O::F32x4Trunc
            | O::F32x4Nearest
            | O::F32x4DemoteF64x2Zero
            | O::F32x4RelaxedMadd
            | O::F32x4RelaxedNmadd
    )
}

fn chooses_f64_nans(op: VectorOp) -> bool {
    use VectorOp as O;
    matches!(
        op,
        O::F64x2Add
            | O::F64x2Sub
            | O::F64x2Mul
            | O::F64x2Div
            | O::F64x2Sqrt
            | O::F64x2Ceil
            | O::F64x2Floor
            | O::F64x2Trunc
            | O::F64x2Nearest
            | O::F64x2PromoteLowF32x4
            | O::F64x2RelaxedMadd
            | O::F64x2RelaxedNmadd
    )
}
