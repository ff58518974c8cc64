//! Tests of references against null, which is zero.

use wasm_syntax::{LabelIdx, NumericOp, Trap};
use whimbrel_ir::{Inst, Slot, Src};

use super::Lowerer;
use super::fuse::Cond;
use super::stack::Entry;

impl Lowerer<'_> {
    /// The condition that the reference in a slot is null.
    fn is_null(&self, reference: Slot) -> Cond {
        Cond::Compare { op: NumericOp::I64Eq, negate: false, a: Src::Slot(reference), b: Src::Const(0) }
    }

    /// The slot of a reference that is read again later.
    pub(super) fn shared_slot(&mut self, reference: &mut Entry) -> Slot {
        let slot = self.slot_operand(reference);
        self.barrier = self.code.end();
        slot
    }

    pub(super) fn ref_as_non_null(&mut self) {
        let mut reference = self.pop();
        let slot = self.shared_slot(&mut reference);
        let around = self.emit_branch_if(self.is_null(slot).inverted());
        self.mark();
        self.emit(Inst::Trap(Trap::NullReference));
        self.code.set_target(around, self.code.end());
        self.join();
        self.push_back(reference);
    }

    pub(super) fn br_on_null(&mut self, label: LabelIdx) {
        let mut reference = self.pop();
        let slot = self.shared_slot(&mut reference);
        self.branch_if(self.label_index(label), self.is_null(slot));
        self.push_back(reference);
    }

    pub(super) fn br_on_non_null(&mut self, label: LabelIdx) {
        let mut reference = self.pop();
        let slot = self.shared_slot(&mut reference);
        self.push_back(reference);
        self.branch_if(self.label_index(label), self.is_null(slot).inverted());
        self.pop();
    }
}
