//! Numeric instructions: folding of constants, and the choice of operand kinds.

use wasm_syntax::NumericOp;
use whimbrel_ir::{Class, Dst, Inst, SlotsOp, Src, mirrored, opposite};

use super::Lowerer;
use super::fuse::is_comparison;
use super::stack::{Entry, Kind};
use crate::fold::fold;

impl Lowerer<'_> {
    pub(super) fn numeric(&mut self, op: NumericOp) {
        let signature = op.signature();
        match (signature.params.len(), signature.results.len()) {
            (1, 1) => self.unary(op),
            (2, 1) => self.binary(op),
            (operands, _) => {
                let mut classes = [Class::I64; 2];
                classes.iter_mut().zip(signature.results).for_each(|(class, &ty)| *class = Class::of(ty));
                self.slots_op(SlotsOp::Wide(op), operands, &classes[..signature.results.len()]);
            }
        }
    }

    pub(super) fn unary(&mut self, op: NumericOp) {
        let mut value = self.pop();
        let class = Class::of(op.signature().results[0]);
        if let Kind::Const(bits) = value.kind {
            if let Some(result) = fold(op, &[bits]) {
                self.push_const(class, result);
                return;
            }
            self.materialise(&mut value);
        }
        if op == NumericOp::I32Eqz
            && let Some(producer) = self.last_producer(value)
            && let Inst::Binary { op, d, a, b } = producer.inst
            && is_comparison(op)
            && let Some(op) = opposite(op)
        {
            // The same code with the opposite comparison, its operands and its home unchanged.
            let input = self.last.and_then(|last| last.input);
            self.retract(producer.at);
            self.push_result(class, |_| Inst::Binary { op, d, a, b });
            if let Some(last) = &mut self.last {
                last.input = input;
            }
            return;
        }
        let a = self.take(value);
        self.mark_numeric(op);
        self.push_result(class, |d| Inst::Unary { op, d, a });
    }

    pub(super) fn binary(&mut self, mut op: NumericOp) {
        let mut right = self.pop();
        let mut left = self.pop();
        let class = Class::of(op.signature().results[0]);
        if let (Kind::Const(a), Kind::Const(b)) = (left.kind, right.kind) {
            if let Some(result) = fold(op, &[a, b]) {
                self.push_const(class, result);
                return;
            }
            self.materialise(&mut left);
        }
        if left.is_const()
            && let Some(exchanged) = mirrored(op)
        {
            op = exchanged;
            core::mem::swap(&mut left, &mut right);
        }
        if let Kind::Const(bits) = right.kind
            && let Some((sum, bits)) = subtraction_as_sum(op, bits)
        {
            op = sum;
            right.kind = Kind::Const(bits);
        }
        if op == NumericOp::I32Add && self.defer_sum(left, right) {
            return;
        }
        self.fit(&mut left);
        self.fit(&mut right);
        let (a, b) = self.take_two(left, right);
        self.mark_numeric(op);
        self.push_result(class, |d: Dst| Inst::Binary { op, d, a, b });
    }

    /// A value that may be selected, as an operand.
    fn choice(&mut self, value: &mut Entry) -> Src {
        self.fit(value);
        match value.kind {
            Kind::Const(bits) if value.class != Class::F64 => Src::Const(bits),
            _ => Src::Slot(self.slot_operand(value)),
        }
    }

    pub(super) fn select(&mut self) {
        let mut cond = self.pop();
        let mut second = self.pop();
        let mut first = self.pop();
        let class = first.class;
        let reference = first.reference.or(second.reference);
        let a = self.choice(&mut first);
        let b = self.choice(&mut second);
        if cond.is_const() {
            self.materialise(&mut cond);
        }
        let cond = self.take(cond);
        self.push_result(class, |d| Inst::Select { class, d, a, b, cond });
        self.refers_to(reference);
    }
}

/// The addition, and its constant, that does what `op` does with a constant on the right: one kind of op less to be fused.
fn subtraction_as_sum(op: NumericOp, bits: u64) -> Option<(NumericOp, u64)> {
    match op {
        NumericOp::I32Sub => Some((NumericOp::I32Add, u64::from((bits as u32).wrapping_neg()))),
        NumericOp::I64Sub => Some((NumericOp::I64Add, bits.wrapping_neg())),
        _ => None,
    }
}
