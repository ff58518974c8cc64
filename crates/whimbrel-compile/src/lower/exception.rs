//! Exceptions: handlers go into the table beside the code, and blocks with handlers emit nothing.
//!
//! An exception's payload arrives in the homes of the label that a clause names, so that catching is a branch that carries
//! values. In the catch blocks of the legacy instructions, a reference to the exception lies below the payload, where
//! `rethrow` finds it.

use wasm_syntax::{BlockType, Catch, Catches, LabelIdx, TagIdx, ValType};
use whimbrel_ir::{Action, Class, Clause, Handler, Inst, Point, Pos, RefKind};

use super::control::{BlockKind, Site};
use super::{Lowerer, slot, slots_of};

impl<'m> Lowerer<'m> {
    /// What exceptions of the tag carry.
    fn payload(&self, tag: TagIdx) -> &'m [ValType] {
        self.info.type_sig(self.info.tag(tag)).map_or(&[], |sig| sig.params)
    }

    pub(super) fn throw(&mut self, tag: TagIdx) {
        let n = self.payload(tag).len();
        self.flush_top(n);
        let args = slot(self.first_home(n));
        self.emit_throw(Inst::Throw { tag, args });
    }

    pub(super) fn throw_ref(&mut self) {
        let mut exn = self.pop();
        let exn = self.slot_operand(&mut exn);
        self.emit_throw(Inst::ThrowRef { exn });
    }

    fn emit_throw(&mut self, inst: Inst) {
        self.settle_metered();
        self.mark();
        self.point(Point::before(self.code.end()));
        self.emit(inst);
        self.set_unreachable();
    }

    /// Keeps ops from moving across here, where handlers begin or cease to apply.
    fn edge(&mut self) -> Pos {
        self.barrier = self.code.end();
        self.barrier
    }

    pub(super) fn try_table(&mut self, ty: BlockType, catches: Catches<'_>) {
        self.flush_deferred();
        let start = self.edge();
        let (depth, first) = (self.controls.len() as u32, self.handlers.len() as u32);
        for catch in catches.iter() {
            let (tag, label, with_ref) = match catch {
                Catch::Tag(tag, label) => (Some(tag), label, false),
                Catch::TagRef(tag, label) => (Some(tag), label, true),
                Catch::All(label) => (None, label, false),
                Catch::AllRef(label) => (None, label, true),
            };
            // Labels count from outside of the block.
            let index = self.label_index(label);
            let base = self.label_base(index);
            let end = base + tag.map_or(0, |tag| slots_of(self.payload(tag)));
            self.need_slots(end + 1);
            let exn = with_ref.then(|| slot(end));
            let clause = Clause { tag, target: Pos(0), payload: slot(base), exn, null: None };
            self.handlers.push(Handler { start, end: start, depth, action: Action::Catch(clause) });
            self.settle_handler(index);
            self.link(index, Site::Handler(self.handlers.len() - 1), None);
        }
        let params = self.block_params(ty).len();
        self.enter(BlockKind::TryTable { first, end: self.handlers.len() as u32 }, ty, params);
    }

    /// Ends what the handlers from `first` to `end` apply to.
    pub(super) fn end_handlers(&mut self, first: u32, end: u32) {
        let here = self.edge();
        self.handlers[first as usize..end as usize].iter_mut().for_each(|handler| handler.end = here);
    }

    pub(super) fn legacy_try(&mut self, ty: BlockType) {
        self.flush_deferred();
        let start = self.edge();
        let params = self.block_params(ty).len();
        self.enter(BlockKind::Try(start), ty, params);
    }

    /// Starts a catch of the legacy instructions, of every exception if there is no tag.
    pub(super) fn legacy_catch(&mut self, tag: Option<TagIdx>) {
        let index = self.controls.len() - 1;
        if self.reachable {
            let types = self.label_types(index);
            self.carry(index, types.len());
            self.emit_br(index, &types);
        }
        let control = self.controls[index];
        let (start, end) = match control.kind {
            BlockKind::Catch { start, end, .. } => (start, end),
            BlockKind::Try(start) => (start, self.code.end()),
            _ => unreachable!("validated catches follow a `try`"),
        };
        self.truncate(control.height());
        self.join();
        self.reachable = true;
        self.owed = 0;
        self.assigned = control.at_entry;
        let exn = slot(self.top);
        self.push_temp(Class::I64);
        self.refers_to(Some(RefKind::Heap));
        let payload = slot(self.top);
        tag.map_or(&[][..], |tag| self.payload(tag)).iter().for_each(|&ty| self.push_typed(ty));
        let handler = self.handlers.len() as u32;
        let clause = Clause { tag, target: self.code.end(), payload, exn: None, null: Some(exn) };
        self.handlers.push(Handler { start, end, depth: index as u32, action: Action::Catch(clause) });
        self.controls[index].kind = BlockKind::Catch { start, end, handler };
    }

    pub(super) fn legacy_rethrow(&mut self, label: LabelIdx) {
        let control = self.controls[self.label_index(label)];
        let BlockKind::Catch { handler, .. } = control.kind else { unreachable!("validated labels are of catches") };
        let exn = slot(control.base);
        if let Action::Catch(clause) = &mut self.handlers[handler as usize].action {
            (clause.exn, clause.null) = (Some(exn), None);
        }
        self.emit_throw(Inst::ThrowRef { exn });
    }

    pub(super) fn legacy_delegate(&mut self, label: LabelIdx) {
        let index = self.controls.len() - 1;
        if let BlockKind::Try(start) = self.controls[index].kind {
            let end = self.edge();
            // The label counts from outside of the block.
            let outer = index - 1 - label.index();
            let action = Action::Delegate(outer as u32);
            self.handlers.push(Handler { start, end, depth: index as u32, action });
        }
        self.end();
    }
}
