//! Continuations (stack switching proposal).
//!
//! A resumption, a suspension and a switch are calls to the code around them: operands are staged where a callee's frame would
//! start, and results come back there. The handlers of a resumption are in the table beside the code, for that one instruction;
//! what a suspension brings goes to the homes of the label, as an exception's payload does.

use wasm_syntax::{Handlers, RefType, TagIdx, TypeIdx};
use wasm_validate::FuncSig;
use whimbrel_ir::{Action, Class, Clause, Handler, Inst, Point, Pos, RefKind, Resumption, Slot};

use super::control::Site;
use super::{Lowerer, slot, slots_of};

impl<'m> Lowerer<'m> {
    /// The type of the functions that continuations of a type are made of.
    fn func_of_cont(&self, ty: TypeIdx) -> TypeIdx {
        let Some(func) = self.info.cont_func(ty) else { unreachable!("validated code names a continuation type") };
        func
    }

    /// The operands and results of a continuation type.
    fn cont_sig(&self, ty: TypeIdx) -> FuncSig<'m> {
        self.sig(self.func_of_cont(ty))
    }

    /// What suspensions by the tag bring and get back.
    fn tag_sig(&self, tag: TagIdx) -> FuncSig<'m> {
        self.sig(self.info.tag(tag))
    }

    /// Notes what is referred to before an op that may have to be done again, with the `operands` on top in their homes.
    fn point_before(&mut self, operands: usize) {
        self.settle_metered();
        self.flush_top(operands);
        self.mark();
        self.point(Point::before(self.code.end()));
    }

    pub(super) fn cont_new(&mut self) {
        self.point_before(1);
        self.pop();
        self.emit_clobber(Inst::ContNew { a: slot(self.top) });
        self.push_cont();
    }

    pub(super) fn cont_bind(&mut self, src: TypeIdx, dst: TypeIdx) {
        let (from, to) = (self.cont_sig(src).params, self.cont_sig(dst).params);
        let bound = &from[..from.len() - to.len()];
        self.point_before(bound.len() + 1);
        self.truncate(self.stack.len() - bound.len() - 1);
        self.emit_clobber(Inst::ContBind { a: slot(self.top), args: slot(slots_of(bound)).0 });
        self.push_cont();
    }

    fn push_cont(&mut self) {
        self.push_temp(Class::I64);
        self.refers_to(Some(RefKind::Heap));
    }

    /// The slot of the continuation on top, above `operands` others.
    fn pop_cont(&mut self, operands: usize) -> Slot {
        self.point_before(operands + 1);
        self.pop().home
    }

    pub(super) fn suspend(&mut self, tag: TagIdx) {
        let sig = self.tag_sig(tag);
        self.point_before(sig.params.len());
        let info = self.stage(sig);
        self.emit_call(Inst::Suspend { tag, info }, None, sig);
    }

    pub(super) fn switch(&mut self, ty: TypeIdx, tag: TagIdx) {
        let to = self.cont_sig(ty).params;
        let Some((last, params)) = to.split_last() else { unreachable!("validated types have a last parameter") };
        let from = last.as_ref().and_then(|ty| ty.heap().type_idx());
        let Some(from) = from else { unreachable!("validated types have a continuation as last parameter") };
        let sig = FuncSig { params, results: self.cont_sig(from).params };
        let cont = self.pop_cont(params.len());
        let info = self.stage(sig);
        let (args, ty) = (slot(slots_of(params)).0, self.func_of_cont(from));
        self.emit_call(Inst::Switch { tag, cont, args, ty, info }, None, sig);
    }

    pub(super) fn resume(&mut self, ty: TypeIdx, how: Resumption, handlers: Handlers<'_>) {
        let FuncSig { params, results } = self.cont_sig(ty);
        let exnref = [RefType::EXNREF.into()];
        let params = match how {
            Resumption::Return => params,
            Resumption::Throw(tag) => self.tag_sig(tag).params,
            Resumption::ThrowRef => &exnref,
        };
        let sig = FuncSig { params, results };
        let cont = self.pop_cont(params.len());
        let info = self.stage(sig);
        let first = self.handlers.len();
        self.handle(handlers);
        let inst = Inst::Resume { cont, how, args: slot(slots_of(params)).0, info };
        self.emit_call(inst, None, sig);
        let end = self.code.end();
        let start = Pos(end.0 - Self::RESUME_WORDS);
        self.handlers[first..].iter_mut().for_each(|handler| (handler.start, handler.end) = (start, end));
        self.barrier = end;
    }

    /// Words of a resumption.
    const RESUME_WORDS: u32 = 3;

    /// Appends the handlers of a resumption that comes next.
    fn handle(&mut self, handlers: Handlers<'_>) {
        // Deeper than any block.
        let (depth, here) = (self.controls.len() as u32, self.code.end());
        for handler in handlers.iter() {
            let (action, label) = match handler {
                wasm_syntax::Handler::Switch(tag) => (Action::Switch(tag), None),
                wasm_syntax::Handler::Label(tag, label) => {
                    let index = self.label_index(label);
                    let base = self.label_base(index);
                    let end = base + slots_of(self.tag_sig(tag).params);
                    self.need_slots(end + 1);
                    let (payload, exn) = (slot(base), Some(slot(end)));
                    (Action::Suspend(Clause { tag: Some(tag), target: Pos(0), payload, exn, null: None }), Some(index))
                }
            };
            self.handlers.push(Handler { start: here, end: here, depth, action });
            if let Some(index) = label {
                self.settle_handler(index);
                self.link(index, Site::Handler(self.handlers.len() - 1), None);
            }
        }
    }
}
