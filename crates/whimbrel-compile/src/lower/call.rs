//! Calls: arguments are staged in their homes, where the callee's frame starts and the results come back.

use wasm_syntax::{FuncIdx, TableIdx, TypeIdx};
use wasm_validate::FuncSig;
use whimbrel_ir::{CallInfo, IndirectCallee, Inst, Point, Slot, Src, TailMove};

use super::{Lowerer, slot, slots_of};

impl<'m> Lowerer<'m> {
    pub(super) fn sig(&self, ty: TypeIdx) -> FuncSig<'m> {
        self.info.type_sig(ty).unwrap_or(FuncSig { params: &[], results: &[] })
    }

    /// Puts the arguments where the callee's frame starts.
    pub(super) fn stage(&mut self, sig: FuncSig<'_>) -> CallInfo {
        let n = sig.params.len();
        self.flush_top(n);
        self.truncate(self.stack.len() - n);
        self.need_callee(self.top, slots_of(sig.params).max(slots_of(sig.results)));
        CallInfo { delta: u32::from(slot(self.top).0) }
    }

    /// Appends the call, and the reload behind one that may leave the instance.
    pub(super) fn emit_call(&mut self, inst: Inst, reload: Option<CallInfo>, sig: FuncSig<'_>) {
        self.settle_metered();
        self.mark();
        self.emit_clobber(inst);
        if let Some(info) = reload {
            self.emit(Inst::Reload { saved: self.saved, info });
        }
        self.point(Point::returning(self.code.end()));
        sig.results.iter().for_each(|&ty| self.push_typed(ty));
    }

    pub(super) fn call(&mut self, func: FuncIdx) {
        let sig = self.info.func_sig(func);
        let info = self.stage(sig);
        if func.0 < self.info.num_imported_funcs() {
            let inst = Inst::CallImport { func, saved: self.saved, info };
            self.emit_call(inst, Some(info), sig);
        } else {
            self.emit_call(Inst::Call { func, info }, None, sig);
        }
    }

    pub(super) fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) {
        let sig = self.sig(ty);
        let mut index = self.pop();
        let index = if index.is_const() || !self.is_flushed(sig.params.len()) {
            Src::Slot(self.slot_operand(&mut index))
        } else {
            self.take(index)
        };
        let info = self.stage(sig);
        let callee = IndirectCallee { table, ty };
        self.emit_call(Inst::CallIndirect { callee, index, saved: self.saved, info }, Some(info), sig);
    }

    pub(super) fn call_ref(&mut self, ty: TypeIdx) {
        let sig = self.sig(ty);
        let mut func = self.pop();
        let func = self.slot_operand(&mut func);
        let info = self.stage(sig);
        self.emit_call(Inst::CallRef { func, saved: self.saved, info }, Some(info), sig);
    }

    /// Puts the arguments of a tail call in a row.
    fn stage_tail(&mut self, sig: FuncSig<'_>) -> TailMove {
        let n = sig.params.len();
        self.flush_top(n);
        self.truncate(self.stack.len() - n);
        let count = slots_of(sig.params);
        self.need_tail_callee(count.max(slots_of(sig.results)));
        TailMove {
            args: slot(self.top),
            count: slot(count).0,
            return_slot: self.code.return_slot,
            results: self.code.result_slots,
        }
    }

    fn emit_tail_call(&mut self, inst: Inst) {
        self.settle();
        self.has_tail_call = true;
        self.mark();
        self.emit(inst);
        self.set_unreachable();
    }

    pub(super) fn return_call(&mut self, func: FuncIdx) {
        let tail = self.stage_tail(self.info.func_sig(func));
        let is_import = func.0 < self.info.num_imported_funcs();
        self.emit_tail_call(if is_import {
            Inst::ReturnCallImport { func, tail }
        } else {
            Inst::ReturnCall { func, tail }
        });
    }

    pub(super) fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) {
        let (index, tail) = self.stage_tail_callee(ty);
        self.emit_tail_call(Inst::ReturnCallIndirect { callee: IndirectCallee { table, ty }, index, tail });
    }

    pub(super) fn return_call_ref(&mut self, ty: TypeIdx) {
        let (func, tail) = self.stage_tail_callee(ty);
        self.emit_tail_call(Inst::ReturnCallRef { func, tail });
    }

    /// The slot of the table index or reference on top, and the arguments below it in a row.
    fn stage_tail_callee(&mut self, ty: TypeIdx) -> (Slot, TailMove) {
        let mut callee = self.pop();
        let callee = self.slot_operand(&mut callee);
        (callee, self.stage_tail(self.sig(ty)))
    }
}
