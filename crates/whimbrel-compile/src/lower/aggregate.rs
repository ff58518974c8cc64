//! Structures and arrays.

use alloc::vec::Vec;

use wasm_syntax::{FieldIdx, FieldType, TypeIdx};
use whimbrel_ir::{AggregateOp, Class, Inst, Point, RefKind, RefOp, Slot, Src, StorageOp, StructLayout};

use super::stack::Entry;
use super::{Lowerer, slot};

impl Lowerer<'_> {
    /// A field's type, and where it is in the structure.
    fn field(&mut self, ty: TypeIdx, field: FieldIdx) -> (FieldType, u32) {
        let fields = self.info.struct_fields(ty);
        let offsets = self.field_offsets.entry(ty.0).or_insert_with(|| {
            let mut layout = StructLayout::new();
            fields.iter().map(|&field| layout.add(StorageOp::of(field, false).width_bytes())).collect::<Vec<_>>()
        });
        (fields[field.index()], offsets[field.index()])
    }

    fn elem_op(&self, ty: TypeIdx, signed: bool) -> StorageOp {
        let Some(elem) = self.info.array_elem(ty) else { unreachable!("validated code names an array type") };
        StorageOp::of(elem, signed)
    }

    /// How a field or element of this type is written.
    fn written_op(&self, ty: FieldType) -> StorageOp {
        if self.storage_ref_kind(ty.storage) == Some(RefKind::Heap) {
            StorageOp::HeapRef
        } else {
            StorageOp::of(ty, false)
        }
    }

    /// The operand of an op that takes no constant.
    fn take_variable(&mut self, mut entry: Entry) -> Src {
        if entry.is_const() {
            self.materialise(&mut entry);
        }
        self.take(entry)
    }

    fn pop_slot(&mut self) -> Slot {
        let mut entry = self.pop();
        self.slot_operand(&mut entry)
    }

    pub(super) fn struct_get(&mut self, ty: TypeIdx, field: FieldIdx, signed: bool) {
        let (field, offset) = self.field(ty, field);
        let op = StorageOp::of(field, signed);
        let object = self.pop();
        let a = self.take_variable(object);
        self.mark();
        self.push_result(op.class(), |d| Inst::FieldGet { op, d, a, offset });
        self.refers_to(self.storage_ref_kind(field.storage));
    }

    pub(super) fn struct_set(&mut self, ty: TypeIdx, field: FieldIdx) {
        let (field, offset) = self.field(ty, field);
        let op = self.written_op(field);
        let value = self.pop();
        let a = self.pop_slot();
        let value = self.take_variable(value);
        self.mark();
        self.emit(Inst::FieldSet { op, a, value, offset });
    }

    pub(super) fn array_get(&mut self, ty: TypeIdx, signed: bool) {
        let op = self.elem_op(ty, signed);
        let index = self.pop();
        let a = self.pop_slot();
        let index = self.take_variable(index);
        self.mark();
        self.push_result(op.class(), |d| Inst::ElemGet { op, d, a, index });
        let elem = self.info.array_elem(ty).and_then(|elem| self.storage_ref_kind(elem.storage));
        self.refers_to(elem);
    }

    pub(super) fn array_set(&mut self, ty: TypeIdx) {
        let Some(elem) = self.info.array_elem(ty) else { unreachable!("validated code names an array type") };
        let op = self.written_op(elem);
        let value = self.pop();
        let index = self.pop_slot();
        let a = self.pop_slot();
        let value = self.take_variable(value);
        self.mark();
        self.emit(Inst::ElemSet { op, a, index, value });
    }

    pub(super) fn ref_unary(&mut self, op: RefOp) {
        let operand = self.pop();
        let a = self.take_variable(operand);
        self.mark();
        self.push_result(op.result(), |d| Inst::RefUnary { op, d, a });
        // A 31-bit integer needs nobody to keep it.
        self.refers_to((op == RefOp::GetDesc).then_some(RefKind::Heap));
    }

    /// An instruction that makes an object of its operands, or works on a stretch of an array.
    pub(super) fn aggregate(&mut self, op: AggregateOp) {
        use AggregateOp as Op;
        let (operands, has_result) = match op {
            Op::StructNew(ty) => (self.info.struct_fields(ty).len(), true),
            Op::StructNewDesc(ty) => (self.info.struct_fields(ty).len() + 1, true),
            Op::StructNewDefault(_) => (0, true),
            Op::StructNewDefaultDesc(_) | Op::ArrayNewDefault(_) => (1, true),
            Op::ArrayNew(_) | Op::ArrayNewData(..) | Op::ArrayNewElem(..) => (2, true),
            Op::ArrayNewFixed(_, count) => (count as usize, true),
            Op::ArrayFill(_) | Op::ArrayInitData(..) | Op::ArrayInitElem(..) => (4, false),
            Op::ArrayCopy(_) => (5, false),
        };
        self.flush_top(operands);
        self.mark();
        if has_result {
            // The allocation is done again after a collection, with the operands that are still there.
            self.point(Point::before(self.code.end()));
        }
        self.truncate(self.stack.len() - operands);
        self.emit_clobber(Inst::Aggregate { op, a: slot(self.top) });
        if has_result {
            self.push_temp(Class::I64);
            self.refers_to(Some(RefKind::Heap));
        }
    }
}
