//! Fusing a producer with the one op that reads it: comparisons into branches, sums into addresses.

use wasm_syntax::NumericOp;
use whimbrel_ir::{Addr, Class, Inst, Pos, Slot, Src, mirrored, opposite};

use super::emit::Producer;
use super::stack::{Entry, Kind, Sum};
use super::{Lowerer, slot};

/// What a conditional branch tests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cond {
    /// That a value is not zero, or, negated, that it is.
    Test { cond: Src, negate: bool },
    /// That a comparison holds, or, negated, that it does not.
    Compare { op: NumericOp, negate: bool, a: Src, b: Src },
}

impl Cond {
    /// The condition that holds when this one does not.
    pub fn inverted(self) -> Self {
        match self {
            Self::Test { cond, negate } => Self::Test { cond, negate: !negate },
            Self::Compare { op, negate, a, b } => Self::Compare { op, negate: !negate, a, b },
        }
    }

    fn reads_acc(self) -> bool {
        match self {
            Self::Test { cond, .. } => cond == Src::Acc,
            Self::Compare { a, b, .. } => a == Src::Acc || b == Src::Acc,
        }
    }
}

impl Lowerer<'_> {
    /// The condition that a value, which has been popped, is not zero. With `keeps_accs` a branch follows at once;
    /// otherwise the condition outlives what the accumulators hold.
    pub(super) fn take_cond(&mut self, mut value: Entry, keeps_accs: bool) -> Cond {
        if let Some(producer) = self.last_producer(value)
            && let Some((cond, start)) = condition(&producer)
            && (keeps_accs || !cond.reads_acc())
        {
            self.retract(start);
            return cond;
        }
        let cond =
            if keeps_accs && !value.is_const() { self.take(value) } else { Src::Slot(self.slot_operand(&mut value)) };
        Cond::Test { cond, negate: false }
    }

    /// Appends a branch whose target is set later.
    pub(super) fn emit_branch_if(&mut self, cond: Cond) -> Pos {
        let target = self.code.end();
        self.emit(match cond {
            Cond::Test { cond, negate } => Inst::BrIf { cond, negate, target },
            Cond::Compare { op, negate: true, a, b } if let Some(op) = opposite(op) => {
                Inst::BrCmp { op, negate: false, a, b, target }
            }
            Cond::Compare { op, negate, a, b } => Inst::BrCmp { op, negate, a, b, target },
        })
    }

    /// Pushes the sum of two operands, which have been popped, as one that is not computed yet, if what it adds up stays
    /// where it is: in locals, or in the home of the sum.
    pub(super) fn defer_sum(&mut self, left: Entry, right: Entry) -> bool {
        let home = left.home;
        let sum = match (left.kind, right.kind) {
            (Kind::Local(base), Kind::Local(index)) => Some(Sum::Indexed { base, index, scale_log2: 0 }),
            (Kind::Local(base), Kind::Const(by)) => Some(Sum::Displaced { base, displacement: by as u32 }),
            // A constant that was on the left has left its place to the sum.
            (Kind::Temp, Kind::Const(by)) if home == slot(self.top) => {
                Some(Sum::Displaced { base: home, displacement: by as u32 })
            }
            (Kind::Local(base), Kind::Temp) => self.scaled_index(right, base, Some(home)),
            (Kind::Temp, Kind::Local(base)) => self.scaled_index(left, base, Some(home)),
            (Kind::Temp, Kind::Temp) => self.scaled_index(right, home, None),
            _ => None,
        };
        if let Some(sum) = sum {
            self.push_sum(sum);
        }
        sum.is_some()
    }

    /// Takes back the shift that the last op is, to add what it shifts to `base`. What is in no local goes to `home`.
    fn scaled_index(&mut self, shifted: Entry, base: Slot, home: Option<Slot>) -> Option<Sum> {
        let Producer { at, inst, input } = self.last_producer(shifted)?;
        let Inst::Binary { op: NumericOp::I32Shl, a, b: Src::Const(scale_log2 @ 1..=3), .. } = inst else {
            return None;
        };
        let scale_log2 = scale_log2 as u8;
        let index = match (a, input) {
            (Src::Slot(slot), _) if slot < self.saved || Some(slot) == home => {
                self.retract(at);
                slot
            }
            (Src::Acc, Some((start, index))) => {
                let home = home?;
                self.move_behind(start, index, Class::I32, home, |_| ());
                home
            }
            _ => return None,
        };
        Some(Sum::Indexed { base, index, scale_log2 })
    }

    /// The address of an access of `1 << width_log2` bytes whose base, popped, was computed by the last op as a sum.
    pub(super) fn fuse_address(&mut self, base: Entry, width_log2: u8, offset: u32) -> Option<Addr> {
        let Producer { at, inst, input } = self.last_producer(base)?;
        let Inst::Binary { op: NumericOp::I32Add, a, b, .. } = inst else { return None };
        if let Some((start, Inst::Binary { op: NumericOp::I32Shl, a: index, b: Src::Const(shift), .. })) = input
            && width_log2 > 0
            && shift % 32 == u64::from(width_log2)
            && !matches!(index, Src::Const(_))
            && let Some(base @ Src::Slot(_)) = other_than_acc(a, b)
        {
            self.retract(start);
            return Some(Addr::Indexed { base, index, scale_log2: width_log2, offset });
        }
        if matches!(a, Src::Const(_)) || matches!(b, Src::Const(_)) {
            return None;
        }
        self.retract(at);
        Some(Addr::Indexed { base: a, index: b, scale_log2: 0, offset })
    }
}

/// The operand of a binary op that is not the accumulator, if the other is.
fn other_than_acc(a: Src, b: Src) -> Option<Src> {
    match (a, b) {
        (Src::Acc, other) | (other, Src::Acc) => Some(other),
        _ => None,
    }
}

/// The condition that a producer computes, and from where on its code goes into the branch.
fn condition(producer: &Producer) -> Option<(Cond, Pos)> {
    let start = producer.at;
    match producer.inst {
        Inst::Binary { op, a, b, .. } if is_condition(op) => Some((Cond::Compare { op, negate: false, a, b }, start)),
        Inst::Unary { op: NumericOp::I64Eqz, a, .. } => {
            Some((Cond::Compare { op: NumericOp::I64Eq, negate: false, a, b: Src::Const(0) }, start))
        }
        Inst::Unary { op: NumericOp::I32Eqz, a, .. } => match producer.input {
            Some((start, Inst::Binary { op, a, b, .. })) if is_condition(op) => {
                Some((Cond::Compare { op, negate: true, a, b }, start))
            }
            _ => Some((Cond::Test { cond: a, negate: true }, start)),
        },
        _ => None,
    }
}

/// Whether a branch can test the instruction's result itself.
fn is_condition(op: NumericOp) -> bool {
    is_comparison(op) || op == NumericOp::I32And
}

/// Whether the instruction compares two operands.
pub(super) fn is_comparison(op: NumericOp) -> bool {
    mirrored(op).is_some() && op.opcode() <= NumericOp::F64Ge.opcode()
}
