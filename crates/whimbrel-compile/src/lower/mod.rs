//! Lowering: WebAssembly's stack machine to slots, accumulators and branches, one instruction at a time.
//!
//! The operand stack is symbolic: `local.get` and constants are deferred, every other value has been computed into its
//! home, the temporary slot of its height, and is in an accumulator as well until something else takes that. A consumer
//! that finds its operand in the accumulator makes the producer leave out the slot. All rewriting looks at the last op
//! only, and never across a label, so that lowering stays linear and needs no second look at control flow.

mod aggregate;
mod atomic;
mod call;
mod cast;
mod continuation;
mod control;
mod emit;
mod exception;
mod fuse;
mod locals;
mod memory;
mod meter;
mod nan;
mod numeric;
mod pins;
mod reference;
mod refs;
mod stack;
mod vector;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem::take;

use wasm_syntax::{FuncIdx, Instr, NumericOp, RefType, ValType};
use wasm_validate::{ModuleInfo, ResultType};
use whimbrel_ir::{
    AggregateOp, Class, Code, FRAME_HEADER_SLOTS, Handler, Inst, Pos, RefKind, RefOp, Resumption, Saves, Slot, SlotsOp,
    TAIL_RECORD_SLOTS,
};

use crate::error::CompileError;
use control::{Control, Fixup};
use emit::{Held, Last};
use locals::{Assigned, Locals};
pub use meter::cost;
use pins::{Loop, Uses};
use refs::References;
use stack::{Deferred, Entry};

/// The most slots that a frame can have.
pub(crate) const MAX_FRAME_SLOTS: u32 = u16::MAX as u32;

/// What lowering allocates, to be used for function after function.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    stack: Vec<Entry>,
    controls: Vec<Control>,
    fixups: Vec<Fixup>,
    bound: Vec<u32>,
    locals: Locals,
    loops: Vec<Loop>,
    uses: Uses,
    words: Vec<u64>,
}

/// The lowering of one function's body.
pub(crate) struct Lowerer<'m> {
    info: &'m ModuleInfo,
    results: ResultType<'m>,
    code: Code,
    /// Whether locals may be pinned.
    pins: bool,
    /// Whether the code takes fuel for its instructions.
    metering: bool,
    /// Whether results that are NaN are the canonical one.
    canonical_nans: bool,
    /// The cost of instructions on the way here that was not taken yet.
    owed: u32,
    /// Where the instance is kept during calls that may leave it.
    saved: Slot,
    /// Where the caller's pins are kept, if they are.
    saves_at: Slot,
    locals: Locals,
    /// Locals that certainly have a value here.
    assigned: Assigned,
    stack: Vec<Entry>,
    deferred: Deferred,
    /// The home of the next operand, in slots.
    top: u32,
    /// The most slots that anything so far needs.
    max_slots: u32,
    /// What each accumulator holds: integer, `f32`, `f64`.
    accs: [Option<Held>; 3],
    last: Option<Last>,
    /// A producer that has just given up its slot, to become the next op's input.
    taken: Option<(Pos, Inst)>,
    /// Ops before this position are not to be changed: there is a label here, or a branch has carried values off.
    barrier: Pos,
    references: References,
    controls: Vec<Control>,
    fixups: Vec<Fixup>,
    handlers: Vec<Handler>,
    /// The loops that have a branch back.
    loops: Vec<Loop>,
    /// What locals' slots are used for.
    uses: Uses,
    has_tail_call: bool,
    /// The branches, as lists of fixups, that lead to the last label at a block's end, and that label's position.
    bound: Vec<u32>,
    bound_at: Pos,
    /// The op before the last label, if only that op and the branches in `bound` lead to the label, with one value.
    before_label: Option<Pos>,
    /// Where the fields of structure types are, as far as needed.
    field_offsets: BTreeMap<u32, Vec<u32>>,
    reachable: bool,
    /// How many blocks are open that were entered in unreachable code.
    dead_depth: u32,
    /// The offset of the current instruction in its body.
    offset: u32,
    /// Whether each op's offset is noted.
    marks_all: bool,
}

/// The number of slots that values of these types take.
pub(crate) fn slots_of(types: &[ValType]) -> u32 {
    types.iter().map(|&ty| Class::of(ty).slots()).sum()
}

/// A slot's number as the encoding has it. Frames that are too large are refused when the function is complete.
fn slot(index: u32) -> Slot {
    Slot(index.min(MAX_FRAME_SLOTS) as u16)
}

impl<'m> Lowerer<'m> {
    /// Starts on a function, whose locals are pinned only if it says so; its other locals are declared with [`locals`](Self::locals) before [`begin`](Self::begin).
    pub fn new(
        info: &'m ModuleInfo,
        func: FuncIdx,
        params: &[ValType],
        results: ResultType<'m>,
        pins: bool,
        metering: bool,
        buffers: Buffers,
    ) -> Self {
        let Buffers { mut stack, mut controls, mut fixups, mut bound, mut locals, mut loops, mut uses, words } =
            buffers;
        uses.clear();
        loops.clear();
        stack.clear();
        controls.clear();
        fixups.clear();
        bound.clear();
        locals.clear();
        let (param_slots, result_slots) = (slots_of(params), slots_of(&results));
        let mut code = Code::with_words(func, words);
        code.param_slots = slot(param_slots).0;
        code.result_slots = slot(result_slots).0;
        code.return_slot = slot(param_slots.max(result_slots));
        let mut references = References::default();
        for &ty in params {
            let reference = refs::ref_kind(info, ty);
            reference.inspect(|&kind| references.local(slot(locals.next_slot()), kind));
            locals.declare(1, Class::of(ty), reference);
        }
        let locals_start = u32::from(code.return_slot.0) + FRAME_HEADER_SLOTS;
        locals.end_params(locals_start);
        Self {
            info,
            results,
            code,
            pins,
            metering,
            canonical_nans: false,
            owed: 0,
            saved: Slot(0),
            saves_at: Slot(0),
            locals,
            assigned: Assigned::NONE,
            stack,
            deferred: Deferred::default(),
            top: 0,
            max_slots: 0,
            accs: [None; 3],
            last: None,
            taken: None,
            barrier: Pos(0),
            references,
            controls,
            fixups,
            handlers: Vec::new(),
            loops,
            uses,
            has_tail_call: false,
            bound,
            bound_at: Pos(0),
            before_label: None,
            field_offsets: BTreeMap::new(),
            reachable: true,
            dead_depth: 0,
            offset: 0,
            marks_all: false,
        }
    }

    /// Whether to note where each op comes from.
    pub fn mark_all(&mut self, marks_all: bool) {
        self.marks_all = marks_all;
    }

    /// Declares `count` locals after those before.
    pub fn declare_locals(&mut self, count: u32, ty: ValType) {
        let reference = self.ref_kind(ty);
        if let Some(kind) = reference {
            let first = self.locals.next_slot();
            // Frames that are too large are refused later.
            let end = first.saturating_add(count).min(MAX_FRAME_SLOTS);
            (first..end).for_each(|n| self.references.local(slot(n), kind));
        }
        self.locals.declare(count, Class::of(ty), reference);
    }

    /// Begins the code, all locals being declared.
    pub fn begin(&mut self) {
        self.saved = slot(self.locals.end());
        self.saves_at = slot(self.locals.end() + 1);
        let saves = if self.pins { self.locals.saves() } else { 0 };
        self.top = self.locals.end() + 1 + saves;
        self.need_slots(self.top);
        self.begin_refs();
        // Both are written again when the function is complete.
        self.code.push(Inst::Enter { return_slot: self.code.return_slot, frame_slots: 0, saves: Saves::None });
        self.code.push(Inst::Zero { first: Slot(0), count: 0 });
        self.code.push(Inst::Pins { ints: [Slot(0); 2], floats: None });
        self.join();
        self.controls.push(Control::func());
    }

    /// Completes the code; the buffers come back with it.
    pub fn finish(mut self) -> Result<(Code, Buffers), CompileError> {
        if self.max_slots > MAX_FRAME_SLOTS {
            return Err(CompileError::frame_too_large(self.max_slots));
        }
        self.handlers.retain(|handler| handler.start < handler.end);
        self.code.set_handlers(take(&mut self.handlers));
        self.finish_refs();
        let zero = self.code.inst_end(Pos(0));
        let pins = self.code.inst_end(zero);
        match self.pin() {
            Some(inst) => self.code.replace(pins, inst),
            None => self.code.remove(pins),
        }
        match self.locals.to_zero() {
            Some((first, count)) => self.code.replace(zero, Inst::Zero { first, count }),
            None => self.code.remove(zero),
        }
        self.code.frame_slots = self.max_slots;
        let Code { return_slot, frame_slots, saves, .. } = self.code;
        self.code.replace(Pos(0), Inst::Enter { return_slot, frame_slots, saves });
        // The clone is as large as it needs to be; the buffer keeps its room for the next function.
        let code = self.code.clone();
        let (words, _) = self.code.into_parts();
        let Self { stack, controls, fixups, bound, locals, loops, uses, .. } = self;
        Ok((code, Buffers { stack, controls, fixups, bound, locals, loops, uses, words }))
    }

    /// Lowers the next instruction, valid where it stands, `offset` bytes from the body's start.
    pub fn lower(&mut self, offset: u32, instr: &Instr<'_>) {
        self.offset = offset;
        if !self.reachable {
            self.skip(instr);
            return;
        }
        self.owe(instr);
        match *instr {
            Instr::Nop => {}
            Instr::Unreachable => self.trap(wasm_syntax::Trap::Unreachable),
            Instr::Block(ty) => self.block(ty),
            Instr::Loop(ty) => self.loop_(ty),
            Instr::If(ty) => self.if_(ty),
            Instr::Else => self.else_(),
            Instr::End => self.end(),
            Instr::Br(label) => self.br(label),
            Instr::BrIf(label) => self.br_if(label),
            Instr::BrTable(ref table) => self.br_table(table),
            Instr::Return => self.return_(),
            Instr::Throw(tag) => self.throw(tag),
            Instr::ThrowRef => self.throw_ref(),
            Instr::TryTable(ty, catches) => self.try_table(ty, catches),
            Instr::Try(ty) => self.legacy_try(ty),
            Instr::Catch(tag) => self.legacy_catch(Some(tag)),
            Instr::CatchAll => self.legacy_catch(None),
            Instr::Rethrow(label) => self.legacy_rethrow(label),
            Instr::Delegate(label) => self.legacy_delegate(label),
            Instr::Call(func) => self.call(func),
            Instr::CallIndirect(ty, table) => self.call_indirect(ty, table),
            Instr::CallRef(ty) => self.call_ref(ty),
            Instr::ReturnCall(func) => self.return_call(func),
            Instr::ReturnCallIndirect(ty, table) => self.return_call_indirect(ty, table),
            Instr::ReturnCallRef(ty) => self.return_call_ref(ty),
            Instr::Drop => {
                self.pop();
            }
            Instr::Select | Instr::SelectTyped(_) => self.select(),
            Instr::LocalGet(local) => self.local_get(local),
            Instr::LocalSet(local) => self.local_set(local),
            Instr::LocalTee(local) => self.local_tee(local),
            Instr::GlobalGet(global) => self.global_get(global),
            Instr::GlobalSet(global) => self.global_set(global),
            Instr::I32Const(value) => self.push_const(Class::I32, u64::from(value as u32)),
            Instr::I64Const(value) => self.push_const(Class::I64, value as u64),
            Instr::F32Const(bits) => self.push_const(Class::F32, u64::from(bits.0)),
            Instr::F64Const(bits) => self.push_const(Class::F64, bits.0),
            Instr::Numeric(op) => {
                self.numeric(op);
                self.canonicalise(op);
            }
            Instr::Load(op, memarg) => self.load(op, memarg),
            Instr::Store(op, memarg) => self.store(op, memarg),
            Instr::Vector(op) => {
                self.vector(op);
                self.canonicalise_lanes(op);
            }
            Instr::VectorLane(op, lane) => self.vector_lane(op, lane),
            Instr::MemoryLane(op, memarg, lane) => self.memory_lane(op, memarg, lane),
            Instr::Atomic(op, memarg) => self.atomic(op, memarg),
            Instr::AtomicFence(_) => {
                self.emit(Inst::AtomicFence);
            }
            Instr::V128Const(value) => self.vector_const(value),
            Instr::I8x16Shuffle(lanes) => self.shuffle(lanes),
            Instr::RefNull(_) => self.push_const(Class::I64, 0),
            Instr::RefIsNull => self.unary(NumericOp::I64Eqz),
            Instr::RefAsNonNull => self.ref_as_non_null(),
            Instr::BrOnNull(label) => self.br_on_null(label),
            Instr::BrOnNonNull(label) => self.br_on_non_null(label),
            Instr::MemorySize(memory) => self.slots_op(SlotsOp::MemorySize(memory), 0, &[self.memory_class(memory)]),
            Instr::MemoryGrow(memory) => self.slots_op(SlotsOp::MemoryGrow(memory), 1, &[self.memory_class(memory)]),
            Instr::MemoryCopy(dst, src) => self.slots_op(SlotsOp::MemoryCopy { dst, src }, 3, &[]),
            Instr::MemoryFill(memory) => self.slots_op(SlotsOp::MemoryFill(memory), 3, &[]),
            Instr::MemoryInit(data, memory) => self.slots_op(SlotsOp::MemoryInit(data, memory), 3, &[]),
            Instr::DataDrop(data) => self.slots_op(SlotsOp::DataDrop(data), 0, &[]),
            Instr::TableGet(table) => {
                self.slots_op(SlotsOp::TableGet(table), 1, &[Class::I64]);
                self.refers_to(self.ref_kind(self.info.table(table).elem.into()));
            }
            Instr::TableSet(table) => self.slots_op(SlotsOp::TableSet(table), 2, &[]),
            Instr::TableGrow(table) => self.slots_op(SlotsOp::TableGrow(table), 2, &[self.table_class(table)]),
            Instr::TableSize(table) => self.slots_op(SlotsOp::TableSize(table), 0, &[self.table_class(table)]),
            Instr::TableFill(table) => self.slots_op(SlotsOp::TableFill(table), 3, &[]),
            Instr::TableCopy(dst, src) => self.slots_op(SlotsOp::TableCopy { dst, src }, 3, &[]),
            Instr::TableInit(elem, table) => self.slots_op(SlotsOp::TableInit(elem, table), 3, &[]),
            Instr::ElemDrop(elem) => self.slots_op(SlotsOp::ElemDrop(elem), 0, &[]),
            Instr::RefEq => self.numeric(NumericOp::I64Eq),
            Instr::StructNew(ty) => self.aggregate(AggregateOp::StructNew(ty)),
            Instr::StructNewDefault(ty) => self.aggregate(AggregateOp::StructNewDefault(ty)),
            Instr::StructNewDesc(ty) => self.aggregate(AggregateOp::StructNewDesc(ty)),
            Instr::StructNewDefaultDesc(ty) => self.aggregate(AggregateOp::StructNewDefaultDesc(ty)),
            Instr::StructGet(ty, field) | Instr::StructGetU(ty, field) => self.struct_get(ty, field, false),
            Instr::StructGetS(ty, field) => self.struct_get(ty, field, true),
            Instr::StructSet(ty, field) => self.struct_set(ty, field),
            Instr::ArrayNew(ty) => self.aggregate(AggregateOp::ArrayNew(ty)),
            Instr::ArrayNewDefault(ty) => self.aggregate(AggregateOp::ArrayNewDefault(ty)),
            Instr::ArrayNewFixed(ty, count) => self.aggregate(AggregateOp::ArrayNewFixed(ty, count)),
            Instr::ArrayNewData(ty, data) => self.aggregate(AggregateOp::ArrayNewData(ty, data)),
            Instr::ArrayNewElem(ty, elem) => self.aggregate(AggregateOp::ArrayNewElem(ty, elem)),
            Instr::ArrayGet(ty) | Instr::ArrayGetU(ty) => self.array_get(ty, false),
            Instr::ArrayGetS(ty) => self.array_get(ty, true),
            Instr::ArraySet(ty) => self.array_set(ty),
            Instr::ArrayLen => self.ref_unary(RefOp::ArrayLen),
            Instr::ArrayFill(ty) => self.aggregate(AggregateOp::ArrayFill(ty)),
            Instr::ArrayCopy(ty, _) => self.aggregate(AggregateOp::ArrayCopy(ty)),
            Instr::ArrayInitData(ty, data) => self.aggregate(AggregateOp::ArrayInitData(ty, data)),
            Instr::ArrayInitElem(ty, elem) => self.aggregate(AggregateOp::ArrayInitElem(ty, elem)),
            Instr::RefTest(heap) => self.ref_test(RefType::new(false, heap)),
            Instr::RefTestNull(heap) => self.ref_test(RefType::new(true, heap)),
            Instr::RefCast(heap) => self.ref_cast(RefType::new(false, heap)),
            Instr::RefCastNull(heap) => self.ref_cast(RefType::new(true, heap)),
            Instr::BrOnCast(target) => self.br_on_cast(target, true),
            Instr::BrOnCastFail(target) => self.br_on_cast(target, false),
            // A reference of either hierarchy keeps its bits in the other.
            Instr::AnyConvertExtern | Instr::ExternConvertAny => {}
            Instr::RefI31 => self.ref_unary(RefOp::RefI31),
            Instr::I31GetS => self.ref_unary(RefOp::I31GetS),
            Instr::I31GetU => self.ref_unary(RefOp::I31GetU),
            Instr::RefGetDesc(_) => self.ref_unary(RefOp::GetDesc),
            Instr::RefCastDescEq(_) => self.ref_cast_desc_eq(false),
            Instr::RefCastDescEqNull(_) => self.ref_cast_desc_eq(true),
            Instr::BrOnCastDescEq(target) => self.br_on_cast_desc_eq(target, true),
            Instr::BrOnCastDescEqFail(target) => self.br_on_cast_desc_eq(target, false),
            Instr::RefFunc(func) => {
                self.slots_op(SlotsOp::RefFunc(func), 0, &[Class::I64]);
                self.refers_to(Some(RefKind::Func));
            }
            Instr::ContNew(_) => self.cont_new(),
            Instr::ContBind(src, dst) => self.cont_bind(src, dst),
            Instr::Suspend(tag) => self.suspend(tag),
            Instr::Resume(ty, handlers) => self.resume(ty, Resumption::Return, handlers),
            Instr::ResumeThrow(ty, tag, handlers) => self.resume(ty, Resumption::Throw(tag), handlers),
            Instr::ResumeThrowRef(ty, handlers) => self.resume(ty, Resumption::ThrowRef, handlers),
            Instr::Switch(ty, tag) => self.switch(ty, tag),
        }
    }

    /// Has results that are NaN be the canonical one.
    pub fn canonical_nans(&mut self, enable: bool) {
        self.canonical_nans = enable;
    }

    /// Makes the frame have `slots` slots at least.
    fn need_slots(&mut self, slots: u32) {
        self.max_slots = self.max_slots.max(slots);
    }

    /// Makes the frame have room for the frame of a callee at `delta`.
    fn need_callee(&mut self, delta: u32, area: u32) {
        self.need_slots(delta + area + FRAME_HEADER_SLOTS);
    }

    /// Makes the frame have room for the callee of a tail call, whose frame takes its place.
    fn need_tail_callee(&mut self, area: u32) {
        self.need_slots(TAIL_RECORD_SLOTS + area + FRAME_HEADER_SLOTS);
    }
}
