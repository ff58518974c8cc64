//! Tests and casts of references.

use wasm_syntax::{AbstractHeapType, CastTarget, HeapType, LabelIdx, RefType, Trap};
use whimbrel_ir::{CastKind, CastTest, Class, Inst};

use super::Lowerer;

impl Lowerer<'_> {
    fn cast_test(&self, ty: RefType) -> CastTest {
        use AbstractHeapType as T;
        let is_func = |ty| self.info.type_sig(ty).is_some();
        let kind = match ty.heap() {
            HeapType::Abstract(T::None | T::NoFunc | T::NoExtern | T::NoExn | T::NoCont) => CastKind::Nothing,
            HeapType::Abstract(T::Any | T::Func | T::Extern | T::Exn | T::Cont) => CastKind::Anything,
            HeapType::Abstract(T::Eq) => CastKind::Eq,
            HeapType::Abstract(T::I31) => CastKind::I31,
            HeapType::Abstract(T::Struct) => CastKind::Struct,
            HeapType::Abstract(T::Array) => CastKind::Array,
            HeapType::Concrete(ty) if is_func(ty) => CastKind::Func(ty),
            HeapType::Concrete(ty) => CastKind::Object(ty),
            HeapType::Exact(ty) if is_func(ty) => CastKind::FuncExact(ty),
            HeapType::Exact(ty) => CastKind::ObjectExact(ty),
        };
        CastTest { nullable: ty.is_nullable(), kind }
    }

    pub(super) fn ref_test(&mut self, ty: RefType) {
        let test = self.cast_test(ty);
        let mut reference = self.pop();
        let a = self.slot_operand(&mut reference);
        self.push_result(Class::I32, |d| Inst::RefTest { d, a, test });
    }

    pub(super) fn ref_cast(&mut self, ty: RefType) {
        let test = self.cast_test(ty);
        let mut reference = self.pop();
        let a = self.shared_slot(&mut reference);
        self.mark();
        self.emit(Inst::RefCast { a, test });
        self.push_back(reference);
    }

    pub(super) fn br_on_cast(&mut self, target: CastTarget, branches_if_passed: bool) {
        let test = self.cast_test(target.to);
        let mut reference = self.pop();
        let a = self.shared_slot(&mut reference);
        self.push_back(reference);
        self.push_result(Class::I32, |d| Inst::RefTest { d, a, test });
        self.branch_on_test(target.label, branches_if_passed);
    }

    /// A branch on the result of a test on top, if it is 1, or if it is 0.
    fn branch_on_test(&mut self, label: LabelIdx, branches_if_passed: bool) {
        let result = self.pop();
        let index = self.label_index(label);
        let keeps_accs = self.keeps_accs(index);
        let cond = self.take_cond(result, keeps_accs);
        self.branch_if(index, if branches_if_passed { cond } else { cond.inverted() });
    }

    /// Takes a descriptor from the stack, and puts onto it whether the reference below, which stays, has it.
    fn desc_test(&mut self, nullable: bool) {
        let mut descriptor = self.pop();
        let b = self.slot_operand(&mut descriptor);
        let mut reference = self.pop();
        let a = self.shared_slot(&mut reference);
        self.mark();
        self.push_back(reference);
        self.push_result(Class::I32, |d| Inst::DescTest { d, a, b, nullable });
    }

    pub(super) fn ref_cast_desc_eq(&mut self, nullable: bool) {
        self.desc_test(nullable);
        let result = self.pop();
        let cond = self.take_cond(result, true);
        let around = self.emit_branch_if(cond);
        self.mark();
        self.emit(Inst::Trap(Trap::DescriptorCastFailure));
        self.code.set_target(around, self.code.end());
        self.join();
    }

    pub(super) fn br_on_cast_desc_eq(&mut self, target: CastTarget, branches_if_passed: bool) {
        self.desc_test(target.to.is_nullable());
        self.branch_on_test(target.label, branches_if_passed);
    }
}
