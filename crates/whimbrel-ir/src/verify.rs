//! What the engine trusts about code, as rules that are checked: in tests, in fuzzing, in debug builds.

use alloc::vec::Vec;
use core::fmt;

use wasm_syntax::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemIdx, NumericOp, TableIdx, TagIdx, TypeIdx};

use crate::{
    Action, Addr, AggregateOp, CastKind, CastTest, Class, Clause, Code, Dst, FRAME_HEADER_SLOTS, Handler, Inst, Pos,
    Resumption, Saves, Slot, SlotsOp, Src, SrcKind, StorageOp, TAIL_RECORD_SLOTS, TailMove, kinds_are_in_order,
    opposite,
};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// The rules of code. The engine's unsafe operations rely on them by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// Every rule, in order; its number is its position, counted from 1.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

rules! {
    /// 1: every word belongs to an instruction that decodes.
    Words "words decode";
    /// 2: the first instruction is `enter`, with the return slot and the frame size that the code says; no other is.
    Enter "enter is first, and agrees with the code";
    /// 3: parameters and results end at or below the return slot.
    Areas "parameters and results are below the return slot";
    /// 4: every slot that an instruction names is in the frame, both of a vector's, and all of a range.
    Slots "slots are in the frame";
    /// 5: from a call's distance on, the frame has room for the callee's parameters or results, and a header.
    Calls "callees' frames start in the frame";
    /// 6: the arguments of a tail call are in the frame, which has room for the callee's parameters or results behind a
    /// record; return slot and number of results are the code's.
    TailCalls "tail calls' arguments are in the frame";
    /// 7: branches lead to instructions of the code.
    Targets "branches lead to instructions";
    /// 8: a `br_table` has a target at least.
    Tables "branch tables have targets";
    /// 9: control does not go on behind the last instruction.
    End "the last instruction ends the flow";
    /// 10: an accumulator that is read has been written, with the class read, on every path: since the last label, call,
    /// operation on slots in a row.
    Accumulators "accumulators are defined where they are read";
    /// 11: operand kinds are such as the instruction's documentation allows.
    Shapes "operand kinds are allowed";
    /// 12: functions, types, tables, memories, globals and segments exist, and are of the kind that the instruction says.
    Indices "indices exist";
    /// 13: behind each call that may leave the instance, and only there, is a `reload` that agrees with it.
    Reloads "calls out of the instance are followed by a reload";
    /// 14: handlers are in order and cover something; targets are instructions, at which no accumulator is defined; payloads
    /// and references go to slots of the frame; tags exist.
    Handlers "handlers lead to instructions, with slots in the frame";
    /// 15: reference maps are of instructions, or of what is behind calls, in order; their slots are in the frame.
    References "reference maps are of instructions, with slots in the frame";
    /// 16: pins are used only in code that keeps its caller's of that class, by instructions that may; every way out gives the
    /// caller's back, and there is no tail call out of such code.
    Pins "pins are the code's own, and given back";
}

/// Code breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Which one.
    pub rule: Rule,
    /// At which instruction.
    pub at: Pos,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} broken at word {}: {}", self.rule as u32 + 1, self.at.0, self.rule.text())
    }
}

impl core::error::Error for VerifyError {}

/// Slots that a function's parameters and results take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalleeSlots {
    /// The parameters'.
    pub params: u32,
    /// The results'.
    pub results: u32,
}

/// What is to be known of the module that code belongs to. Each method gives `None` or `false` where the index is out of
/// range.
pub trait VerifyEnv {
    /// Slots of a function, and whether it is imported.
    fn func(&self, func: FuncIdx) -> Option<(CalleeSlots, bool)>;
    /// Slots of functions of a type.
    fn func_type(&self, ty: TypeIdx) -> Option<CalleeSlots>;
    /// The class of a global's value.
    fn global(&self, global: GlobalIdx) -> Option<Class>;
    /// Whether a memory has 64-bit addresses.
    fn is_memory64(&self, memory: MemIdx) -> Option<bool>;
    /// Whether a memory is shared.
    fn is_shared(&self, memory: MemIdx) -> Option<bool>;
    /// Whether a table has 64-bit indices.
    fn is_table64(&self, table: TableIdx) -> Option<bool>;
    /// Whether there is such a data segment.
    fn has_data(&self, data: DataIdx) -> bool;
    /// Whether there is such an element segment.
    fn has_elem(&self, elem: ElemIdx) -> bool;
    /// Slots of the fields of a structure type.
    fn struct_type(&self, ty: TypeIdx) -> Option<u32>;
    /// Slots of an element of an array type.
    fn array_type(&self, ty: TypeIdx) -> Option<u32>;
    /// Slots of what exceptions and suspensions of a tag carry, and of what suspensions get back.
    fn tag(&self, tag: TagIdx) -> Option<CalleeSlots>;
}

/// Checks `code` against every [`Rule`].
///
/// # Errors
///
/// The first rule that is broken, in code order.
pub fn verify(code: &Code, env: &impl VerifyEnv) -> Result<(), VerifyError> {
    let starts = starts(code)?;
    let targets = targets(code, &starts)?;
    let mut verifier = Verifier { code, env, accs: [None; 3], at: Pos(0) };
    verifier.check(u32::from(code.param_slots.max(code.result_slots)) <= u32::from(code.return_slot.0), Rule::Areas)?;
    verifier.handlers(&starts)?;
    verifier.references(&starts)?;
    let mut expected_reload = None;
    for (at, inst) in code.insts() {
        verifier.at = at;
        let Some(inst) = inst else { return Err(VerifyError { rule: Rule::Words, at }) };
        verifier.enter(&inst)?;
        verifier.reload(&inst, expected_reload)?;
        expected_reload = reload_of(&inst);
        if targets.binary_search(&at).is_ok() {
            verifier.accs = [None; 3];
        }
        verifier.inst(&inst)?;
    }
    match starts.last().and_then(|&last| code.inst(last)) {
        Some(last) if last.ends_flow() => Ok(()),
        _ => Err(VerifyError { rule: Rule::End, at: verifier.at }),
    }
}

/// Where instructions start, in order.
fn starts(code: &Code) -> Result<Vec<Pos>, VerifyError> {
    let mut starts = Vec::new();
    for (at, inst) in code.insts() {
        let Some(inst) = inst else { return Err(VerifyError { rule: Rule::Words, at }) };
        let end = match inst {
            Inst::BrTable { count: 0, .. } => return Err(VerifyError { rule: Rule::Tables, at }),
            Inst::BrTable { count, .. } => at.0.saturating_add(2).saturating_add(count),
            _ => code.inst_end(at).0,
        };
        if end > code.end().0 {
            return Err(VerifyError { rule: Rule::Words, at });
        }
        starts.push(at);
    }
    Ok(starts)
}

/// Where branches lead, in order.
fn targets(code: &Code, starts: &[Pos]) -> Result<Vec<Pos>, VerifyError> {
    let mut targets = Vec::new();
    for (at, inst) in code.insts() {
        let known = targets.len();
        match inst {
            Some(Inst::Br { target } | Inst::BrIf { target, .. } | Inst::BrCmp { target, .. }) => targets.push(target),
            Some(Inst::BrTable { count, .. }) => {
                targets.extend((0..count).filter_map(|n| code.br_table_target(at, n)));
            }
            _ => {}
        }
        if targets[known..].iter().any(|target| starts.binary_search(target).is_err()) {
            return Err(VerifyError { rule: Rule::Targets, at });
        }
    }
    targets.extend(code.handlers().iter().filter_map(|handler| handler.target()));
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}

/// The reload that has to follow a call.
fn reload_of(inst: &Inst) -> Option<Inst> {
    match *inst {
        Inst::CallImport { saved, info, .. }
        | Inst::CallIndirect { saved, info, .. }
        | Inst::CallRef { saved, info, .. } => Some(Inst::Reload { saved, info }),
        _ => None,
    }
}

struct Verifier<'a, E> {
    code: &'a Code,
    env: &'a E,
    /// The classes that the accumulators hold: integer, `f32`, `f64`.
    accs: [Option<Class>; 3],
    at: Pos,
}

fn acc_of(class: Class) -> Option<usize> {
    match class {
        Class::I32 | Class::I64 => Some(0),
        Class::F32 => Some(1),
        Class::F64 => Some(2),
        Class::V128 => None,
    }
}

impl<E: VerifyEnv> Verifier<'_, E> {
    fn check(&self, holds: bool, rule: Rule) -> Result<(), VerifyError> {
        if holds { Ok(()) } else { Err(VerifyError { rule, at: self.at }) }
    }

    fn get<T>(&self, found: Option<T>) -> Result<T, VerifyError> {
        found.ok_or(VerifyError { rule: Rule::Indices, at: self.at })
    }

    fn slots(&self, first: Slot, count: u32) -> Result<(), VerifyError> {
        self.check(u64::from(first.0) + u64::from(count) <= self.code.frame_slots.into(), Rule::Slots)
    }

    fn enter(&self, inst: &Inst) -> Result<(), VerifyError> {
        let Code { return_slot, frame_slots, saves, .. } = *self.code;
        let is_enter = *inst == Inst::Enter { return_slot, frame_slots, saves };
        let is_right = if self.at == Pos(0) { is_enter } else { !matches!(inst, Inst::Enter { .. }) };
        self.check(is_right, Rule::Enter)?;
        let (first, count) = saves.slots();
        self.slots(first, count)?;
        self.slots(return_slot, FRAME_HEADER_SLOTS)
    }

    fn reload(&self, inst: &Inst, expected: Option<Inst>) -> Result<(), VerifyError> {
        let found = matches!(inst, Inst::Reload { .. }).then_some(*inst);
        self.check(found == expected, Rule::Reloads)
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), VerifyError> {
        for (class, src) in inst.sources().into_iter().flatten() {
            self.source(inst, class, src)?;
        }
        self.check(shape_is_allowed(inst), Rule::Shapes)?;
        self.operation(inst)?;
        if let Some((class, d)) = inst.result() {
            match d {
                Dst::Slot(slot) => self.slots(slot, class.slots())?,
                Dst::Acc => self.check(class != Class::V128, Rule::Shapes)?,
                Dst::Pin(_) => self.pin(inst, class)?,
            }
            match (d, acc_of(class)) {
                (Dst::Pin(_), _) => {}
                (_, Some(acc)) => self.accs[acc] = Some(class),
                (_, None) => self.accs[2] = None,
            }
        }
        if let Some((class, d)) = inst.slot_result() {
            self.slots(d, class.slots())?;
        }
        if clobbers(inst) {
            self.accs = [None; 3];
        }
        Ok(())
    }

    fn source(&self, inst: &Inst, class: Class, src: Src) -> Result<(), VerifyError> {
        match src {
            Src::Slot(slot) => self.slots(slot, class.slots()),
            Src::Const(_) => Ok(()),
            Src::Pin(_) => self.pin(inst, class),
            Src::Acc => {
                let held = acc_of(class).and_then(|acc| self.accs[acc]);
                let class = match *inst {
                    Inst::CallIndirect { callee, .. } if self.env.is_table64(callee.table) == Some(true) => Class::I64,
                    _ => class,
                };
                self.check(held == Some(class), Rule::Accumulators)
            }
        }
    }

    fn pin(&self, inst: &Inst, class: Class) -> Result<(), VerifyError> {
        self.check(inst.takes_pins() && self.code.saves.allows(class), Rule::Pins)
    }

    fn operation(&self, inst: &Inst) -> Result<(), VerifyError> {
        match *inst {
            Inst::Pins { ints, floats } => {
                ints.into_iter().chain(floats.into_iter().flatten()).try_for_each(|slot| self.slots(slot, 1))?;
                let is_allowed = match self.code.saves {
                    Saves::None => false,
                    Saves::Ints(_) => floats.is_none(),
                    Saves::All(_) => true,
                };
                self.check(is_allowed, Rule::Pins)
            }
            Inst::Zero { first, count } => self.slots(first, count.into()),
            Inst::CopyRange { d, a, count } => {
                self.slots(d, count.into())?;
                self.slots(a, count.into())
            }
            Inst::Load { addr, .. }
            | Inst::Store { addr, .. }
            | Inst::MemoryLane { addr, .. }
            | Inst::Atomic { addr, .. } => self.address(addr),
            Inst::GlobalGet { class, global, .. } | Inst::GlobalSet { class, global, .. } => {
                self.check(self.env.global(global) == Some(class), Rule::Indices)
            }
            Inst::Call { func, info } => self.call(self.callee(func, false)?, info.delta),
            Inst::CallImport { func, saved, info } => {
                self.slots(saved, 1)?;
                self.call(self.callee(func, true)?, info.delta)
            }
            Inst::CallIndirect { callee, saved, info, .. } => {
                self.slots(saved, 1)?;
                self.get(self.env.is_table64(callee.table))?;
                self.call(self.get(self.env.func_type(callee.ty))?, info.delta)
            }
            Inst::CallRef { saved, info, .. } | Inst::Reload { saved, info } => {
                self.slots(saved, 1)?;
                self.call(CalleeSlots { params: 0, results: 0 }, info.delta)
            }
            Inst::ReturnCall { func, tail } => self.tail_call(Some(self.callee(func, false)?), tail),
            Inst::ReturnCallImport { func, tail } => self.tail_call(Some(self.callee(func, true)?), tail),
            Inst::ReturnCallIndirect { callee, tail, .. } => {
                self.get(self.env.is_table64(callee.table))?;
                self.tail_call(Some(self.get(self.env.func_type(callee.ty))?), tail)
            }
            Inst::ReturnCallRef { tail, .. } => self.tail_call(None, tail),
            Inst::Return { return_slot, saves } | Inst::ReturnValue { return_slot, saves, .. } => {
                self.check(return_slot == self.code.return_slot, Rule::Areas)?;
                self.check(saves == self.code.saves, Rule::Pins)
            }
            Inst::Throw { tag, args } => self.slots(args, self.get(self.env.tag(tag))?.params),
            Inst::ContBind { a, args } => self.slots(a, u32::from(args) + 1),
            Inst::Resume { how, args, info, .. } => {
                if let Resumption::Throw(tag) = how {
                    let payload = self.get(self.env.tag(tag))?.params;
                    self.check(payload == u32::from(args), Rule::Indices)?;
                }
                self.call(CalleeSlots { params: args.into(), results: 0 }, info.delta)
            }
            Inst::Suspend { tag, info } => self.call(self.get(self.env.tag(tag))?, info.delta),
            Inst::Switch { tag, args, ty, info, .. } => {
                self.get(self.env.tag(tag))?;
                let awaited = self.get(self.env.func_type(ty))?.params;
                self.call(CalleeSlots { params: args.into(), results: awaited }, info.delta)
            }
            Inst::Slots { op, a } => self.slots_op(op, a),
            Inst::RefTest { test, .. } | Inst::RefCast { test, .. } => self.cast_test(test),
            Inst::Aggregate { op, a } => self.aggregate(op, a),
            _ => Ok(()),
        }
    }

    /// Checks the table of handlers; what is wrong is reported at the handler's start.
    fn handlers(&mut self, starts: &[Pos]) -> Result<(), VerifyError> {
        let handlers = self.code.handlers();
        self.check(Handler::are_sorted(handlers), Rule::Handlers)?;
        for handler in handlers {
            self.at = handler.start;
            self.check(handler.start < handler.end && handler.end <= self.code.end(), Rule::Handlers)?;
            match handler.action {
                Action::Catch(clause) => self.clause(clause, starts)?,
                Action::Suspend(clause) => {
                    self.resumption(handler, starts)?;
                    self.check(clause.tag.is_some() && clause.exn.is_some(), Rule::Handlers)?;
                    self.clause(clause, starts)?;
                }
                Action::Switch(tag) => {
                    self.resumption(handler, starts)?;
                    self.get(self.env.tag(tag))?;
                }
                Action::Delegate(_) => {}
            }
        }
        self.at = Pos(0);
        Ok(())
    }

    fn clause(&self, clause: Clause, starts: &[Pos]) -> Result<(), VerifyError> {
        let Clause { tag, target, payload, exn, null } = clause;
        self.check(starts.binary_search(&target).is_ok(), Rule::Handlers)?;
        if let Some(tag) = tag {
            self.slots(payload, self.get(self.env.tag(tag))?.params)?;
        }
        exn.map_or(Ok(()), |exn| self.slots(exn, 1))?;
        null.map_or(Ok(()), |null| self.slots(null, 1))
    }

    /// Checks that the handler is of a `resume` and nothing else.
    fn resumption(&self, handler: &Handler, starts: &[Pos]) -> Result<(), VerifyError> {
        let is_one = starts.binary_search(&handler.start).is_ok()
            && matches!(self.code.inst(handler.start), Some(Inst::Resume { .. }))
            && self.code.inst_end(handler.start) == handler.end;
        self.check(is_one, Rule::Handlers)
    }

    /// Checks the reference maps; what is wrong is reported at the point.
    fn references(&mut self, starts: &[Pos]) -> Result<(), VerifyError> {
        let Some(refs) = self.code.refs() else { return Ok(()) };
        self.check(refs.are_in_order(), Rule::References)?;
        for slot in refs.slots() {
            self.check(u32::from(slot.0) < self.code.frame_slots, Rule::References)?;
        }
        for point in refs.points() {
            let is_returning;
            (self.at, is_returning) = point.parts();
            let n = starts.binary_search(&self.at);
            let before = n.ok().filter(|&n| n > 0).and_then(|n| self.code.inst(starts[n - 1]));
            let is_call = matches!(
                before,
                Some(
                    Inst::Call { .. }
                        | Inst::Reload { .. }
                        | Inst::Resume { .. }
                        | Inst::Suspend { .. }
                        | Inst::Switch { .. }
                )
            );
            self.check(n.is_ok() && (is_call || !is_returning), Rule::References)?;
        }
        self.at = Pos(0);
        Ok(())
    }

    fn callee(&self, func: FuncIdx, imported: bool) -> Result<CalleeSlots, VerifyError> {
        let (slots, is_imported) = self.get(self.env.func(func))?;
        self.check(is_imported == imported, Rule::Indices)?;
        Ok(slots)
    }

    fn call(&self, callee: CalleeSlots, delta: u32) -> Result<(), VerifyError> {
        let area = u64::from(callee.params.max(callee.results)) + u64::from(FRAME_HEADER_SLOTS);
        self.check(u64::from(delta) + area <= u64::from(self.code.frame_slots), Rule::Calls)
    }

    fn tail_call(&self, callee: Option<CalleeSlots>, tail: TailMove) -> Result<(), VerifyError> {
        let Code { return_slot, result_slots, frame_slots, .. } = *self.code;
        let TailMove { args, count, return_slot: found, results } = tail;
        self.slots(args, count.into())?;
        let agrees =
            callee.is_none_or(|callee| callee.params == u32::from(count) && callee.results == u32::from(results));
        let area = TAIL_RECORD_SLOTS + u32::from(count.max(results)) + FRAME_HEADER_SLOTS;
        self.check(self.code.saves == Saves::None, Rule::Pins)?;
        let is_right = agrees && found == return_slot && results == result_slots && area <= frame_slots;
        self.check(is_right, Rule::TailCalls)
    }

    fn address(&self, addr: Addr) -> Result<(), VerifyError> {
        let (memory, memory64, shared) = match addr {
            Addr::Plain { .. } | Addr::Wrapped { .. } | Addr::Indexed { .. } => (MemIdx(0), false, false),
            Addr::Far { memory, memory64, .. } => (memory, memory64, false),
            Addr::Shared { memory, memory64, .. } => (memory, memory64, true),
        };
        let is_as_said = self.env.is_memory64(memory) == Some(memory64) && self.env.is_shared(memory) == Some(shared);
        self.check(is_as_said, Rule::Indices)
    }

    fn cast_test(&self, test: CastTest) -> Result<(), VerifyError> {
        let exists = match test.kind {
            CastKind::Object(ty) | CastKind::ObjectExact(ty) => {
                self.env.struct_type(ty).or(self.env.array_type(ty)).is_some()
            }
            CastKind::Func(ty) | CastKind::FuncExact(ty) => self.env.func_type(ty).is_some(),
            _ => true,
        };
        self.check(exists, Rule::Indices)
    }

    fn aggregate(&self, op: AggregateOp, a: Slot) -> Result<(), VerifyError> {
        use AggregateOp as Op;
        let fields = |ty| self.get(self.env.struct_type(ty));
        let elem = |ty| self.get(self.env.array_type(ty));
        let slots = match op {
            Op::StructNew(ty) => fields(ty)?.max(1),
            Op::StructNewDesc(ty) => fields(ty)? + 1,
            Op::StructNewDefault(ty) | Op::StructNewDefaultDesc(ty) => fields(ty).map(|_| 1)?,
            Op::ArrayNew(ty) => elem(ty)? + 1,
            Op::ArrayNewDefault(ty) => elem(ty).map(|_| 1)?,
            Op::ArrayNewFixed(ty, count) => elem(ty)?.saturating_mul(count).max(1),
            Op::ArrayNewData(ty, data) => {
                self.check(self.env.has_data(data), Rule::Indices)?;
                elem(ty).map(|_| 2)?
            }
            Op::ArrayNewElem(ty, segment) => {
                self.check(self.env.has_elem(segment), Rule::Indices)?;
                elem(ty).map(|_| 2)?
            }
            Op::ArrayFill(ty) => elem(ty)? + 3,
            Op::ArrayCopy(ty) => elem(ty).map(|_| 5)?,
            Op::ArrayInitData(ty, data) => {
                self.check(self.env.has_data(data), Rule::Indices)?;
                elem(ty).map(|_| 4)?
            }
            Op::ArrayInitElem(ty, segment) => {
                self.check(self.env.has_elem(segment), Rule::Indices)?;
                elem(ty).map(|_| 4)?
            }
        };
        self.slots(a, slots)
    }

    fn slots_op(&self, op: SlotsOp, a: Slot) -> Result<(), VerifyError> {
        let has_memory = |memory| self.env.is_memory64(memory).is_some();
        let has_table = |table| self.env.is_table64(table).is_some();
        let (slots, exists) = match op {
            SlotsOp::MemoryCopy { dst, src } => (3, has_memory(dst) && has_memory(src)),
            SlotsOp::MemoryFill(memory) => (3, has_memory(memory)),
            SlotsOp::MemoryInit(data, memory) => (3, self.env.has_data(data) && has_memory(memory)),
            SlotsOp::DataDrop(data) => (0, self.env.has_data(data)),
            SlotsOp::MemoryGrow(memory) | SlotsOp::MemorySize(memory) => (1, has_memory(memory)),
            SlotsOp::TableGet(table) | SlotsOp::TableSize(table) => (1, has_table(table)),
            SlotsOp::TableSet(table) | SlotsOp::TableGrow(table) => (2, has_table(table)),
            SlotsOp::TableFill(table) => (3, has_table(table)),
            SlotsOp::TableCopy { dst, src } => (3, has_table(dst) && has_table(src)),
            SlotsOp::TableInit(elem, table) => (3, self.env.has_elem(elem) && has_table(table)),
            SlotsOp::ElemDrop(elem) => (0, self.env.has_elem(elem)),
            SlotsOp::RefFunc(func) => (1, self.env.func(func).is_some()),
            SlotsOp::Wide(op) => {
                let signature = op.signature();
                self.check(!is_scalar(op, 1) && !is_scalar(op, 2), Rule::Shapes)?;
                (signature.params.len().max(signature.results.len()) as u32, true)
            }
        };
        self.check(exists, Rule::Indices)?;
        self.slots(a, slots)
    }
}

/// Whether the instruction leaves nothing certain in the accumulators.
fn clobbers(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::Enter { .. }
            | Inst::Zero { .. }
            | Inst::CopyRange { .. }
            | Inst::Call { .. }
            | Inst::CallImport { .. }
            | Inst::CallIndirect { .. }
            | Inst::CallRef { .. }
            | Inst::Reload { .. }
            | Inst::Slots { .. }
            | Inst::Aggregate { .. }
            | Inst::ContNew { .. }
            | Inst::ContBind { .. }
            | Inst::Resume { .. }
            | Inst::Suspend { .. }
            | Inst::Switch { .. }
    )
}

/// Whether the instruction has so many operands, and one result.
fn is_scalar(op: NumericOp, operands: usize) -> bool {
    let signature = op.signature();
    signature.params.len() == operands && signature.results.len() == 1
}

fn shape_is_allowed(inst: &Inst) -> bool {
    let is_const = |src: Src| src.kind() == SrcKind::Const;
    let are_acc = |a: Src, b: Src| a == Src::Acc && b == Src::Acc;
    match *inst {
        Inst::Copy { class, d, a } => {
            (class != Class::V128 || matches!((d, a), (Dst::Slot(_), Src::Slot(_)))) && (d, a) != (Dst::Acc, Src::Acc)
        }
        Inst::Const64 { class, .. } => matches!(class, Class::I64 | Class::F64),
        Inst::Unary { op, a, .. } => is_scalar(op, 1) && !is_const(a),
        Inst::Binary { op, a, b, .. } => {
            is_scalar(op, 2)
                && !(is_const(a) && is_const(b))
                && !are_acc(a, b)
                && kinds_are_in_order(op, a.kind(), b.kind())
        }
        Inst::BrCmp { op, negate, a, b, .. } => {
            let is_comparison = is_scalar(op, 2) && op.opcode() <= NumericOp::F64Ge.opcode();
            let is_test = is_comparison || op == NumericOp::I32And;
            let is_plain = !negate || opposite(op).is_none();
            is_test && is_plain && !is_const(a) && !are_acc(a, b) && kinds_are_in_order(op, a.kind(), b.kind())
        }
        Inst::Select { class, a, b, cond, .. } => {
            let is_value = |src| match src {
                Src::Slot(_) | Src::Pin(_) => true,
                Src::Const(_) => !matches!(class, Class::F64 | Class::V128),
                Src::Acc => false,
            };
            is_value(a) && is_value(b) && !is_const(cond)
        }
        Inst::BrIf { cond, .. } => !is_const(cond),
        Inst::BrTable { index, .. } | Inst::CallIndirect { index, .. } => !is_const(index),
        Inst::Load { addr, .. } => address_is_allowed(addr, None),
        Inst::Store { op, addr, value } => {
            let acc = acc_of(Class::of(op.val_type())).filter(|_| value == Src::Acc);
            address_is_allowed(addr, acc)
        }
        Inst::ReturnValue { class, a, .. } => class != Class::V128 || matches!(a, Src::Slot(_)),
        Inst::GlobalGet { class, d, .. } => class != Class::V128 || matches!(d, Dst::Slot(_)),
        Inst::GlobalSet { class, a, .. } => class != Class::V128 || matches!(a, Src::Slot(_)),
        Inst::FieldGet { op, a, .. } | Inst::ElemGet { op, index: a, .. } => !is_const(a) && op != StorageOp::HeapRef,
        Inst::RefUnary { a, .. } => !is_const(a),
        Inst::FieldSet { op, value, .. } | Inst::ElemSet { op, value, .. } => {
            !is_const(value) && (op.class() != Class::V128 || matches!(value, Src::Slot(_)))
        }
        Inst::VectorLane { op, lane, .. } => lane < op.lanes(),
        Inst::Shuffle { lanes, .. } => lanes.0.iter().all(|&lane| lane < 32),
        Inst::MemoryLane { op, addr, lane, .. } => address_has_slots(addr) && lane < 16 / op.width_bytes(),
        Inst::Atomic { addr, .. } => address_has_slots(addr),
        _ => true,
    }
}

/// Whether an address is one of those that instructions on slots have.
fn address_has_slots(addr: Addr) -> bool {
    matches!(addr, Addr::Plain { base: Src::Slot(_), .. } | Addr::Far { .. } | Addr::Shared { .. })
}

/// Whether an address is allowed beside a value in accumulator `acc`.
fn address_is_allowed(addr: Addr, acc: Option<usize>) -> bool {
    let accs = match addr {
        Addr::Plain { base: Src::Const(bits), .. } => return bits == 0,
        Addr::Plain { base, .. } => usize::from(base == Src::Acc),
        Addr::Wrapped { base: Src::Const(_), .. } => return false,
        Addr::Wrapped { base, .. } => usize::from(base == Src::Acc),
        Addr::Indexed { base, index, scale_log2, .. } => {
            if base.kind() == SrcKind::Const || index.kind() == SrcKind::Const {
                return false;
            }
            if scale_log2 == 0 && base.kind().rank() > index.kind().rank() {
                return false;
            }
            usize::from(base == Src::Acc) + usize::from(index == Src::Acc)
        }
        Addr::Far { .. } | Addr::Shared { .. } => 0,
    };
    accs + usize::from(acc == Some(0)) <= 1
}
