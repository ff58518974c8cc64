//! Memory accesses, globals, and the operations on slots in a row.

use wasm_syntax::{GlobalIdx, LoadOp, MemArg, MemIdx, StoreOp, TableIdx};
use whimbrel_ir::{Addr, Class, Inst, Point, Slot, SlotsOp, Src};

use super::stack::{Entry, Kind, Sum};
use super::{Lowerer, slot};

impl Lowerer<'_> {
    pub(super) fn memory_class(&self, memory: MemIdx) -> Class {
        Class::of(self.info.memory(memory).addr_type())
    }

    pub(super) fn table_class(&self, table: TableIdx) -> Class {
        Class::of(self.info.table(table).addr_type())
    }

    pub(super) fn load(&mut self, op: LoadOp, memarg: MemArg) {
        let class = Class::of(op.val_type());
        let mut base = self.pop_address();
        let addr = match self.prepare_address(&mut base, memarg, op.width_bytes()) {
            Some(addr) => addr,
            None => Addr::Plain { base: self.take(base), offset: memarg.offset as u32 },
        };
        self.mark();
        self.push_result(class, |d| Inst::Load { op, d, addr });
    }

    pub(super) fn store(&mut self, op: StoreOp, memarg: MemArg) {
        let value = self.pop();
        let mut base = self.pop_address();
        let (addr, value) = match self.prepare_address(&mut base, memarg, op.width_bytes()) {
            Some(addr) => (addr, self.take_beside(addr, value)),
            None => {
                let (base, value) = self.take_two(base, value);
                (Addr::Plain { base, offset: memarg.offset as u32 }, value)
            }
        };
        self.mark();
        self.emit(Inst::Store { op, addr, value });
    }

    /// The value of a store, which is not in the accumulator that the address is in.
    fn take_beside(&mut self, addr: Addr, value: Entry) -> Src {
        let reads_acc = matches!(
            addr,
            Addr::Plain { base: Src::Acc, .. }
                | Addr::Wrapped { base: Src::Acc, .. }
                | Addr::Indexed { base: Src::Acc, .. }
                | Addr::Indexed { index: Src::Acc, .. }
        );
        match value.kind {
            // Nothing else than one local is both in the accumulator of integers.
            Kind::Local(local) if reads_acc && matches!(value.class, Class::I32 | Class::I64) => Src::Slot(local),
            _ => self.take(value),
        }
    }

    /// The address of an access, `None` if it is the value of `base` plus the offset.
    pub(super) fn prepare_address(&mut self, base: &mut Entry, memarg: MemArg, width_bytes: u8) -> Option<Addr> {
        if self.is_far(memarg.memory) {
            if let Kind::Sum(_) = base.kind {
                self.materialise(base);
            }
            let base = self.slot_operand(base);
            return Some(self.far_address(base, memarg));
        }
        let offset = memarg.offset;
        // Validation keeps offsets of 32-bit memories below 2^32.
        let narrow = offset as u32;
        let width_log2 = width_bytes.trailing_zeros() as u8;
        if let Kind::Sum(sum) = base.kind {
            match sum {
                Sum::Indexed { base: first, index, scale_log2 } if scale_log2 == 0 || scale_log2 == width_log2 => {
                    let (first, index) = self.sum_operands(base.home, first, index);
                    return Some(Addr::Indexed { base: first, index, scale_log2, offset: narrow });
                }
                Sum::Displaced { base: first, displacement } if offset == 0 => {
                    return Some(Addr::Wrapped { base: self.sum_operand(first, base.home), displacement });
                }
                _ => self.materialise(base),
            }
        }
        if let Kind::Const(address) = base.kind {
            if let Ok(offset) = u32::try_from(address + offset) {
                return Some(Addr::Plain { base: Src::Const(0), offset });
            }
            self.materialise(base);
        }
        self.fuse_address(*base, width_log2, narrow)
    }

    pub(super) fn global_get(&mut self, global: GlobalIdx) {
        let ty = self.info.global(global).val;
        let class = Class::of(ty);
        self.push_result(class, |d| Inst::GlobalGet { class, d, global });
        self.refers_to(self.ref_kind(ty));
    }

    pub(super) fn global_set(&mut self, global: GlobalIdx) {
        let class = Class::of(self.info.global(global).val);
        let value = self.pop();
        let a = self.take(value);
        self.emit(Inst::GlobalSet { class, global, a });
    }

    /// An operation on the homes of its operands, where its results go as well.
    pub(super) fn slots_op(&mut self, op: SlotsOp, operands: usize, results: &[Class]) {
        self.flush_top(operands);
        if matches!(
            op,
            SlotsOp::MemoryCopy { .. } | SlotsOp::MemoryFill(_) | SlotsOp::TableCopy { .. } | SlotsOp::TableFill(_)
        ) {
            // It stops where the budget runs out, with the operands of what is left.
            self.point(Point::before(self.code.end()));
        }
        self.truncate(self.stack.len() - operands);
        let has_slots = operands > 0 || !results.is_empty();
        let a = if has_slots { slot(self.top) } else { Slot(0) };
        self.mark();
        self.emit_clobber(Inst::Slots { op, a });
        results.iter().for_each(|&class| self.push_temp(class));
    }
}
