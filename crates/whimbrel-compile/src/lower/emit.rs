//! Emission, and what is known of the accumulators and of the last op.

use wasm_syntax::{NumericOp, Trap};
use whimbrel_ir::{Class, Dst, Inst, Pos, Slot, Src};

use super::Lowerer;
use super::stack::{Entry, Kind};

/// What an accumulator holds: the value that `inst` at `at` has also written to `slot`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub slot: Slot,
    pub class: Class,
    pub at: Pos,
    pub inst: Inst,
}

/// The last op, if no label follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub at: Pos,
    /// The op right before it, whose result only it reads, through the accumulator.
    pub input: Option<(Pos, Inst)>,
}

/// An op found to be the last, to be rewritten or fused with its consumer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Producer {
    pub at: Pos,
    pub inst: Inst,
    pub input: Option<(Pos, Inst)>,
}

/// The accumulator for values of `class`: integer, `f32`, `f64`.
#[inline]
pub(super) fn acc_of(class: Class) -> Option<usize> {
    match class {
        Class::I32 | Class::I64 => Some(0),
        Class::F32 => Some(1),
        Class::F64 => Some(2),
        Class::V128 => None,
    }
}

impl Lowerer<'_> {
    /// Appends an op that changes no accumulator.
    pub(super) fn emit(&mut self, inst: Inst) -> Pos {
        self.append(inst.in_order())
    }

    /// Appends an op whose operands are in order.
    fn append(&mut self, inst: Inst) -> Pos {
        let before = self.last.map(|last| last.at);
        let input = self.taken.take().filter(|&(at, _)| Some(at) == before);
        if self.marks_all {
            self.mark();
        }
        let at = self.code.push(inst);
        self.note_uses(at, &inst);
        self.last = Some(Last { at, input });
        at
    }

    /// Appends an op that writes `to` and leaves the value in the accumulator of its class.
    pub(super) fn define(&mut self, class: Class, to: Slot, inst: Inst) {
        let inst = inst.in_order();
        let at = self.append(inst);
        self.overwritten(to, class);
        match acc_of(class) {
            Some(acc) => self.accs[acc] = Some(Held { slot: to, class, at, inst }),
            None => self.accs[2] = None,
        }
    }

    /// Appends an op whose result only the next op reads, from the accumulator.
    pub(super) fn emit_to_acc(&mut self, class: Class, inst: Inst) {
        let inst = inst.in_order();
        let at = self.append(inst);
        if let Some(acc) = acc_of(class) {
            self.accs[acc] = None;
        }
        self.taken = Some((at, inst));
    }

    /// Appends an op that leaves nothing certain in the accumulators.
    pub(super) fn emit_clobber(&mut self, inst: Inst) -> Pos {
        let at = self.emit(inst);
        self.accs = [None; 3];
        at
    }

    /// Notes that a slot has got another value than an accumulator may have had from it.
    pub(super) fn overwritten(&mut self, to: Slot, class: Class) {
        let slots = u32::from(to.0)..u32::from(to.0) + class.slots();
        for acc in &mut self.accs {
            if acc.is_some_and(|held| slots.contains(&u32::from(held.slot.0))) {
                *acc = None;
            }
        }
    }

    /// Notes that what follows may trap or call.
    pub(super) fn mark(&mut self) {
        self.code.mark_offset(self.offset);
    }

    /// Notes it where `op` may trap.
    pub(super) fn mark_numeric(&mut self, op: NumericOp) {
        if can_trap(op) {
            self.mark();
        }
    }

    /// Appends a trap, after which nothing is reached.
    pub(super) fn trap(&mut self, trap: Trap) {
        self.settle_metered();
        self.mark();
        self.emit(Inst::Trap(trap));
        self.set_unreachable();
    }

    /// Starts a stretch of code that can be reached from elsewhere.
    pub(super) fn join(&mut self) {
        self.barrier = self.code.end();
        self.accs = [None; 3];
        self.last = None;
        self.taken = None;
    }

    /// Takes the last [`join`](Self::join) back: only the op at `at`, which computes `value`, leads here.
    pub(super) fn unjoin(&mut self, value: Entry, at: Pos) {
        if let (Some(acc), Some(inst)) = (acc_of(value.class), self.code.inst(at)) {
            self.barrier = at;
            self.last = Some(Last { at, input: None });
            self.accs[acc] = Some(Held { slot: value.home, class: value.class, at, inst });
        }
    }

    /// The producer of an operand, if it is the last op and may be changed.
    pub(super) fn last_producer(&self, entry: Entry) -> Option<Producer> {
        if entry.kind == Kind::Temp { self.last_writer(entry.home, entry.class) } else { None }
    }

    /// The op that wrote a slot, if it is the last and may be changed.
    pub(super) fn last_writer(&self, slot: Slot, class: Class) -> Option<Producer> {
        let held = self.accs[acc_of(class)?]?;
        let last = self.last?;
        let is_it = held.slot == slot && held.class == class && held.at == last.at && held.at >= self.barrier;
        is_it.then_some(Producer { at: held.at, inst: held.inst, input: last.input })
    }

    /// Makes the producer of an operand in the accumulator leave out the slot, if that is allowed.
    pub(super) fn release(&mut self, entry: Entry) {
        let Some(acc) = acc_of(entry.class) else { return };
        let Some(held) = self.accs[acc] else { return };
        if held.at < self.barrier {
            return;
        }
        if let Inst::Copy { a: Src::Acc, .. } = held.inst {
            // The value is where it is wanted without the copy.
            if self.last.is_some_and(|last| last.at == held.at) {
                self.retract(held.at);
            }
            return;
        }
        let inst = held.inst.with_dst(Dst::Acc);
        self.code.replace(held.at, inst);
        self.accs[acc] = None;
        if self.last.is_some_and(|last| last.at == held.at) {
            self.taken = Some((held.at, inst));
        }
    }

    /// Removes the code from `at` on: the last op, or it and its input.
    pub(super) fn retract(&mut self, at: Pos) {
        self.code.truncate(at);
        self.forget_uses(at);
        self.last = None;
        self.taken = None;
        for acc in &mut self.accs {
            if acc.is_some_and(|held| held.at >= at) {
                *acc = None;
            }
        }
    }

    /// Removes the code from `producer` on, runs `first`, and appends the producer again, with `to` as its destination.
    /// The producer's operands are where they were.
    pub(super) fn move_behind(&mut self, at: Pos, inst: Inst, class: Class, to: Slot, first: impl FnOnce(&mut Self)) {
        let mark = self.code.offsets().iter().rev().find(|mark| mark.0 <= at).filter(|mark| mark.0 == at);
        let mark = mark.map(|mark| mark.1);
        self.retract(at);
        first(self);
        if let Some(offset) = mark {
            self.code.mark_offset(offset);
        }
        self.define(class, to, inst.with_dst(Dst::Slot(to)));
    }

    /// Makes the last op write `to` instead of its home.
    pub(super) fn retarget(&mut self, producer: Producer, class: Class, to: Slot) {
        let inst = producer.inst.with_dst(Dst::Slot(to));
        self.code.replace(producer.at, inst);
        self.note_retarget(producer.at, &inst, to);
        self.overwritten(to, class);
        if let Some(acc) = acc_of(class) {
            self.accs[acc] = Some(Held { slot: to, class, at: producer.at, inst });
        }
    }
}

/// Whether the instruction traps for some operands.
fn can_trap(op: NumericOp) -> bool {
    use NumericOp as N;
    matches!(
        op,
        N::I32DivS
            | N::I32DivU
            | N::I32RemS
            | N::I32RemU
            | N::I64DivS
            | N::I64DivU
            | N::I64RemS
            | N::I64RemU
            | N::I32TruncF32S
            | N::I32TruncF32U
            | N::I32TruncF64S
            | N::I32TruncF64U
            | N::I64TruncF32S
            | N::I64TruncF32U
            | N::I64TruncF64S
            | N::I64TruncF64U
    )
}
