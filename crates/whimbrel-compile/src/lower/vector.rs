//! Vector instructions: from slots to slots, leaving the accumulators as they are.

use wasm_syntax::{LaneOp, MemArg, MemoryLaneOp, ShuffleLanes, V128, VectorOp};
use whimbrel_ir::{Class, Inst, Slot};

use super::{Lowerer, slot};

impl Lowerer<'_> {
    pub(super) fn vector(&mut self, op: VectorOp) {
        let signature = op.signature();
        let [a, b, c] = self.pop_slots(signature.params.len());
        let class = Class::of(signature.results[0]);
        self.push_in_slot(class, |d| Inst::Vector { op, d, a, b, c });
    }

    pub(super) fn vector_lane(&mut self, op: LaneOp, lane: u8) {
        let signature = op.signature();
        let [a, b, _] = self.pop_slots(signature.params.len());
        let class = Class::of(signature.results[0]);
        self.push_in_slot(class, |d| Inst::VectorLane { op, d, a, b, lane });
    }

    pub(super) fn shuffle(&mut self, lanes: ShuffleLanes) {
        let [a, b, _] = self.pop_slots(2);
        self.push_in_slot(Class::V128, |d| Inst::Shuffle { d, a, b, lanes });
    }

    pub(super) fn vector_const(&mut self, value: V128) {
        self.push_in_slot(Class::V128, |d| Inst::VectorConst { d, value });
    }

    pub(super) fn memory_lane(&mut self, op: MemoryLaneOp, memarg: MemArg, lane: u8) {
        let mut vector = self.pop();
        let vector = self.slot_operand(&mut vector);
        let [base, ..] = self.pop_slots(1);
        let addr = self.slots_address(base, memarg);
        self.mark();
        if op.results().is_empty() {
            self.emit(Inst::MemoryLane { op, d: Slot(0), addr, vector, lane });
        } else {
            self.push_in_slot(Class::V128, |d| Inst::MemoryLane { op, d, addr, vector, lane });
        }
    }

    /// Pops `n` operands, the slot of the lowest coming first; slot 0 stands for those that there are not.
    pub(super) fn pop_slots(&mut self, n: usize) -> [Slot; 3] {
        let mut slots = [Slot(0); 3];
        for slot in slots[..n].iter_mut().rev() {
            let mut entry = self.pop();
            *slot = self.slot_operand(&mut entry);
        }
        slots
    }

    /// Pushes the result of an op that writes its slot and no accumulator.
    pub(super) fn push_in_slot(&mut self, class: Class, make: impl FnOnce(Slot) -> Inst) {
        let home = slot(self.top);
        self.emit(make(home));
        self.overwritten(home, class);
        self.push_temp(class);
    }
}
