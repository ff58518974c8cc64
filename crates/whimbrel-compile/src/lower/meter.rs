//! Metering: what instructions cost, and where the code takes it.
//!
//! Costs add up along a path as long as it is known at compile time what they add up to. Wherever control may come from
//! several places, all of them have to owe the same: what the first branch to a label owes sets that for the label, and others
//! take the difference right before they branch, or before control falls into the label. So a loop without other branches
//! takes its cost once an iteration, and a branch out of it nothing. Calls, returns and throws settle what is owed.
//!
//! What is owed and where it is taken depends on the instructions alone, not on what lowering makes of them.

use wasm_syntax::{Instr, NumericOp};
use whimbrel_ir::{Inst, Pos};

use super::Lowerer;
use super::control::BlockKind;

/// Words of a loop, or of a function, from which it counts for more than one step between looks at the interruption flag.
const LONG_WORDS: u32 = 512;
/// Words that count for one.
const WORDS_PER_UNIT: u32 = 128;

/// What an instruction costs, in units of fuel, before what the engine takes for starts of functions (1), branches backward
/// that are taken (1), exceptions caught (1), suspensions and switches (1 for each stack that they take off) and bulk work (1 for
/// 32 bytes).
///
/// The numbers are part of the interface: programs are to cost the same in every version.
#[must_use]
pub fn cost(instr: &Instr<'_>) -> u32 {
    use Instr as I;
    match instr {
        // No work at run time.
        I::Nop
        | I::Block(_)
        | I::Loop(_)
        | I::Else
        | I::End
        | I::Try(_)
        | I::TryTable(..)
        | I::Catch(_)
        | I::CatchAll
        | I::Delegate(_)
        | I::Drop
        | I::Unreachable => 0,
        I::Numeric(op) => numeric(*op),
        I::Load(..) | I::Store(..) | I::BrTable(_) | I::GlobalGet(_) | I::GlobalSet(_) => 2,
        I::Vector(_) | I::VectorLane(..) | I::MemoryLane(..) | I::I8x16Shuffle(_) => 2,
        I::TableGet(_) | I::TableSet(_) | I::StructGet(..) | I::StructGetS(..) | I::StructGetU(..) => 2,
        I::StructSet(..) | I::ArrayGet(_) | I::ArrayGetS(_) | I::ArrayGetU(_) | I::ArraySet(_) => 2,
        I::Call(_) | I::ReturnCall(_) => 4,
        I::RefTest(_) | I::RefTestNull(_) | I::RefCast(_) | I::RefCastNull(_) => 4,
        I::BrOnCast(_) | I::BrOnCastFail(_) | I::RefCastDescEq(_) | I::RefCastDescEqNull(_) => 4,
        I::BrOnCastDescEq(_) | I::BrOnCastDescEqFail(_) => 4,
        I::CallIndirect(..) | I::CallRef(_) | I::ReturnCallIndirect(..) | I::ReturnCallRef(_) => 6,
        I::Atomic(..) | I::AtomicFence(_) => 8,
        I::MemoryCopy(..) | I::MemoryFill(_) | I::MemoryInit(..) | I::DataDrop(_) => 8,
        I::TableCopy(..) | I::TableFill(_) | I::TableInit(..) | I::ElemDrop(_) => 8,
        I::StructNew(_) | I::StructNewDefault(_) | I::StructNewDesc(_) | I::StructNewDefaultDesc(_) => 8,
        I::ArrayNew(_) | I::ArrayNewDefault(_) | I::ArrayNewData(..) | I::ArrayNewElem(..) => 8,
        I::ArrayFill(_) | I::ArrayCopy(..) | I::ArrayInitData(..) | I::ArrayInitElem(..) => 8,
        I::ArrayNewFixed(_, len) => len.saturating_add(8),
        I::ContNew(_) | I::ContBind(..) => 8,
        I::Throw(_) | I::ThrowRef | I::Rethrow(_) => 16,
        I::Resume(..) | I::ResumeThrow(..) | I::ResumeThrowRef(..) | I::Suspend(_) | I::Switch(..) => 16,
        I::MemoryGrow(_) | I::TableGrow(_) => 32,
        // Constants, locals, branches, selections, sizes, references.
        _ => 1,
    }
}

fn numeric(op: NumericOp) -> u32 {
    use NumericOp as N;
    match op {
        N::I32DivS | N::I32DivU | N::I32RemS | N::I32RemU | N::I64DivS | N::I64DivU | N::I64RemS | N::I64RemU => 4,
        N::F32Div | N::F64Div | N::F32Sqrt | N::F64Sqrt => 4,
        _ => 1,
    }
}

impl Lowerer<'_> {
    /// Adds what an instruction costs to what is owed.
    pub(super) fn owe(&mut self, instr: &Instr<'_>) {
        if self.metering {
            self.owed = self.owed.saturating_add(cost(instr));
        }
    }

    /// Appends what takes all that is owed but for `rest`, which may be more.
    fn charge(&mut self, rest: u32) {
        let cost = i64::from(self.owed) - i64::from(rest);
        // A body's size keeps the sum of its costs within range.
        if cost != 0 {
            self.emit(Inst::Charge { cost: cost.clamp(i32::MIN.into(), i32::MAX.into()) as i32 });
        }
        self.owed = rest;
    }

    /// Takes all that is owed, before control leaves the function or may not come back.
    pub(super) fn settle(&mut self) {
        if self.metering {
            self.charge(0);
        } else {
            self.count_words(Pos(0));
        }
    }

    /// As [`settle`](Self::settle), where control stays in the function or does not repeat itself.
    pub(super) fn settle_metered(&mut self) {
        if self.metering {
            self.charge(0);
        }
    }

    /// Makes what is owed as much as the label expects, before control goes there.
    pub(super) fn settle_for(&mut self, index: usize) {
        if self.metering {
            let rest = self.label_owed(index);
            self.charge(rest);
        } else if self.controls[index].kind == BlockKind::Loop {
            self.count_words(self.controls[index].start());
        }
    }

    /// What is owed wherever control reaches the label: as much as here if nothing has led there so far.
    pub(super) fn label_owed(&mut self, index: usize) -> u32 {
        let owed = self.owed;
        let control = &mut self.controls[index];
        // Without an `else`, the condition leads to the end of an `if` too.
        let first = if matches!(control.kind, BlockKind::If(_)) { control.owed_at_entry } else { owed };
        *control.owed.get_or_insert(first)
    }

    /// What is owed at a label where an exception arrives, having settled before.
    pub(super) fn settle_handler(&mut self, index: usize) {
        self.controls[index].owed.get_or_insert(0);
    }

    /// Without metering: lets long code since `start` count for more than the step that ends it, so that interruption does not
    /// wait for thousands of them.
    fn count_words(&mut self, start: Pos) {
        let words = self.code.end().0 - start.0;
        if words >= LONG_WORDS {
            self.emit(Inst::Charge { cost: (words / WORDS_PER_UNIT) as i32 });
        }
    }
}
