//! Atomic instructions: from slots to slots, leaving the accumulators as they are.

use wasm_syntax::{AtomicOp, MemArg, MemIdx, MemType};
use whimbrel_ir::{Addr, Class, Inst, Point, Slot, Src};

use super::Lowerer;

impl Lowerer<'_> {
    pub(super) fn atomic(&mut self, op: AtomicOp, memarg: MemArg) {
        let signature = op.signature();
        let [b, c, _] = self.pop_slots(signature.params.len());
        let [base, ..] = self.pop_slots(1);
        let addr = self.slots_address(base, memarg);
        self.mark();
        if matches!(op, AtomicOp::MemoryAtomicWait32 | AtomicOp::MemoryAtomicWait64) {
            self.point(Point::before(self.code.end()));
        }
        match signature.results {
            [] => {
                self.emit(Inst::Atomic { op, d: Slot(0), addr, b, c });
            }
            results => self.push_in_slot(Class::of(results[0]), |d| Inst::Atomic { op, d, addr, b, c }),
        }
    }

    /// The address of an access by an instruction whose operands are in slots.
    pub(super) fn slots_address(&self, base: Slot, memarg: MemArg) -> Addr {
        if self.is_far(memarg.memory) {
            return self.far_address(base, memarg);
        }
        // Validation keeps offsets of 32-bit memories below 2^32.
        Addr::Plain { base: Src::Slot(base), offset: memarg.offset as u32 }
    }

    /// Whether the memory is one that has addresses of its own.
    pub(super) fn is_far(&self, memory: MemIdx) -> bool {
        let ty = self.info.memory(memory);
        ty.shared || ty.memory64 || memory.0 != 0
    }

    /// The address of an access to a memory that has addresses of its own.
    pub(super) fn far_address(&self, base: Slot, memarg: MemArg) -> Addr {
        let MemArg { offset, memory, .. } = memarg;
        let MemType { memory64, shared, .. } = self.info.memory(memory);
        if shared {
            Addr::Shared { base, offset, memory, memory64 }
        } else {
            Addr::Far { base, offset, memory, memory64 }
        }
    }
}
