//! What an instruction reads and writes, in one form for all of them: the compiler moves destinations with it, the
//! verifier checks it.

use wasm_syntax::NumericOp;

use crate::{Addr, Class, Dst, Inst, Slot, Src};

/// The operands of one instruction: at most a value, a base and an index.
pub type Sources = [Option<(Class, Src)>; 3];

impl Inst {
    /// The class of the result and where it goes, for instructions whose result passes through an accumulator.
    #[inline]
    #[must_use]
    pub fn result(&self) -> Option<(Class, Dst)> {
        Some(match *self {
            Self::Copy { class, d, .. }
            | Self::Const64 { class, d, .. }
            | Self::Select { class, d, .. }
            | Self::GlobalGet { class, d, .. } => (class, d),
            Self::Unary { op, d, .. } | Self::Binary { op, d, .. } => (result_class(op), d),
            Self::Load { op, d, .. } => (Class::of(op.val_type()), d),
            Self::FieldGet { op, d, .. } | Self::ElemGet { op, d, .. } => (op.class(), d),
            Self::RefUnary { op, d, .. } => (op.result(), d),
            Self::RefTest { d, .. } | Self::DescTest { d, .. } => (Class::I32, d),
            _ => return None,
        })
    }

    /// The same instruction with its result elsewhere; its length stays. Instructions without a [`result`](Self::result)
    /// or [`slot_result`](Self::slot_result) stay as they are, and so do the latter where `to` is no slot.
    #[inline]
    #[must_use]
    pub fn with_dst(mut self, to: Dst) -> Self {
        match &mut self {
            Self::Copy { d, .. }
            | Self::Const64 { d, .. }
            | Self::Select { d, .. }
            | Self::GlobalGet { d, .. }
            | Self::Unary { d, .. }
            | Self::Binary { d, .. }
            | Self::Load { d, .. }
            | Self::FieldGet { d, .. }
            | Self::ElemGet { d, .. }
            | Self::RefUnary { d, .. }
            | Self::RefTest { d, .. }
            | Self::DescTest { d, .. } => *d = to,
            Self::Vector { d, .. }
            | Self::VectorLane { d, .. }
            | Self::Shuffle { d, .. }
            | Self::VectorConst { d, .. }
            | Self::Atomic { d, .. }
            | Self::MemoryLane { d, .. } => {
                if let Dst::Slot(slot) = to {
                    *d = slot;
                }
            }
            _ => {}
        }
        self
    }

    /// The operands that are one value each. Ranges of slots (arguments, operands of `slots` and `copy_range`) are not
    /// among them. The index of `call_indirect` counts as `I32` whatever the table's address type is.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let one = |class, src| [Some((class, src)), None, None];
        match *self {
            Self::Copy { class, a, .. } | Self::GlobalSet { class, a, .. } | Self::ReturnValue { class, a, .. } => {
                one(class, a)
            }
            Self::Unary { op, a, .. } => one(operand_class(op), a),
            Self::Binary { op, a, b, .. } | Self::BrCmp { op, a, b, .. } => {
                let class = operand_class(op);
                [Some((class, a)), Some((class, b)), None]
            }
            Self::Select { class, a, b, cond, .. } => [Some((class, a)), Some((class, b)), Some((Class::I32, cond))],
            Self::Load { addr, .. } => address(addr, None),
            Self::Store { op, addr, value } => address(addr, Some((Class::of(op.val_type()), value))),
            Self::BrIf { cond, .. } => one(Class::I32, cond),
            Self::BrTable { index, .. } | Self::CallIndirect { index, .. } => one(Class::I32, index),
            Self::ReturnCallIndirect { index, .. } => one(Class::I32, Src::Slot(index)),
            Self::CallRef { func, .. } | Self::ReturnCallRef { func, .. } => one(Class::I64, Src::Slot(func)),
            Self::Vector { op, a, b, c, .. } => {
                let mut sources = [None; 3];
                let slots = op.signature().params.iter().zip([a, b, c]);
                sources.iter_mut().zip(slots).for_each(|(source, (&ty, slot))| {
                    *source = Some((Class::of(ty), Src::Slot(slot)));
                });
                sources
            }
            Self::VectorLane { op, a, b, .. } => {
                let scalar = op.signature().params.get(1).map(|&ty| (Class::of(ty), Src::Slot(b)));
                [Some((Class::V128, Src::Slot(a))), scalar, None]
            }
            Self::Shuffle { a, b, .. } => [Some((Class::V128, Src::Slot(a))), Some((Class::V128, Src::Slot(b))), None],
            Self::MemoryLane { addr, vector, .. } => address(addr, Some((Class::V128, Src::Slot(vector)))),
            Self::ThrowRef { exn } => one(Class::I64, Src::Slot(exn)),
            Self::Resume { cont, .. } | Self::Switch { cont, .. } => one(Class::I64, Src::Slot(cont)),
            Self::ContNew { a } => one(Class::I64, Src::Slot(a)),
            Self::FieldGet { a, .. } => one(Class::I64, a),
            Self::FieldSet { op, a, value, .. } => [Some((op.class(), value)), Some((Class::I64, Src::Slot(a))), None],
            Self::ElemGet { a, index, .. } => [None, Some((Class::I64, Src::Slot(a))), Some((Class::I32, index))],
            Self::ElemSet { op, a, index, value } => {
                [Some((op.class(), value)), Some((Class::I64, Src::Slot(a))), Some((Class::I32, Src::Slot(index)))]
            }
            Self::RefUnary { op, a, .. } => one(op.operand(), a),
            Self::RefTest { a, .. } | Self::RefCast { a, .. } => one(Class::I64, Src::Slot(a)),
            Self::DescTest { a, b, .. } => [Some((Class::I64, Src::Slot(a))), Some((Class::I64, Src::Slot(b))), None],
            Self::Atomic { op, addr, b, c, .. } => {
                let mut operands =
                    op.signature().params.iter().zip([b, c]).map(|(&ty, at)| (Class::of(ty), Src::Slot(at)));
                let [_, base, _] = address(addr, None);
                [base, operands.next(), operands.next()]
            }
            Self::Enter { .. }
            | Self::Pins { .. }
            | Self::AtomicFence
            | Self::Charge { .. }
            | Self::Aggregate { .. }
            | Self::ContBind { .. }
            | Self::Suspend { .. }
            | Self::VectorConst { .. }
            | Self::Zero { .. }
            | Self::Const64 { .. }
            | Self::CopyRange { .. }
            | Self::GlobalGet { .. }
            | Self::Br { .. }
            | Self::Call { .. }
            | Self::CallImport { .. }
            | Self::Reload { .. }
            | Self::ReturnCall { .. }
            | Self::ReturnCallImport { .. }
            | Self::Return { .. }
            | Self::Slots { .. }
            | Self::Throw { .. }
            | Self::Trap(_) => [None; 3],
        }
    }

    /// The class of the result of a vector or atomic instruction and the slot where it goes, which passes through no accumulator.
    #[must_use]
    pub fn slot_result(&self) -> Option<(Class, Slot)> {
        let class = |results: &[wasm_syntax::ValType]| results.first().map(|&ty| Class::of(ty));
        match *self {
            Self::Vector { op, d, .. } => Some((class(op.signature().results)?, d)),
            Self::VectorLane { op, d, .. } => Some((class(op.signature().results)?, d)),
            Self::MemoryLane { op, d, .. } => Some((class(op.results())?, d)),
            Self::Atomic { op, d, .. } => Some((class(op.signature().results)?, d)),
            Self::Shuffle { d, .. } | Self::VectorConst { d, .. } => Some((Class::V128, d)),
            _ => None,
        }
    }

    /// Whether an operand comes from an accumulator.
    #[must_use]
    pub fn reads_acc(&self) -> bool {
        self.sources().iter().flatten().any(|&(_, src)| src == Src::Acc)
    }

    /// The same instruction with each operand that is one value, and the result, as `source` and `destination` say; its length
    /// stays. They may not turn slots, accumulators and pins into constants, nor constants into anything, and slots of
    /// instructions that take nothing else stay.
    #[must_use]
    pub fn map_operands(
        mut self,
        mut source: impl FnMut(Class, Src) -> Src,
        mut destination: impl FnMut(Class, Dst) -> Dst,
    ) -> Self {
        let result = self.result();
        match &mut self {
            Self::Copy { class, a, .. } | Self::GlobalSet { class, a, .. } | Self::ReturnValue { class, a, .. } => {
                *a = source(*class, *a);
            }
            Self::Unary { op, a, .. } => *a = source(operand_class(*op), *a),
            Self::Binary { op, a, b, .. } | Self::BrCmp { op, a, b, .. } => {
                let class = operand_class(*op);
                (*a, *b) = (source(class, *a), source(class, *b));
            }
            Self::Select { class, a, b, cond, .. } => {
                (*a, *b) = (source(*class, *a), source(*class, *b));
                *cond = source(Class::I32, *cond);
            }
            Self::Load { addr, .. } => addr.map_operands(&mut source),
            Self::Store { op, addr, value } => {
                addr.map_operands(&mut source);
                *value = source(Class::of(op.val_type()), *value);
            }
            Self::BrIf { cond, .. } => *cond = source(Class::I32, *cond),
            Self::BrTable { index, .. } => *index = source(Class::I32, *index),
            _ => {}
        }
        match (result, self.takes_pins()) {
            (Some((class, d)), true) => self.with_dst(destination(class, d)),
            _ => self,
        }
    }

    /// Whether operands and result may be pins.
    #[must_use]
    pub const fn takes_pins(&self) -> bool {
        match self {
            Self::Copy { .. }
            | Self::Const64 { .. }
            | Self::GlobalGet { .. }
            | Self::GlobalSet { .. }
            | Self::ReturnValue { .. }
            | Self::Unary { .. }
            | Self::Binary { .. }
            | Self::Select { .. }
            | Self::BrIf { .. }
            | Self::BrCmp { .. }
            | Self::BrTable { .. } => true,
            Self::Load { addr, .. } | Self::Store { addr, .. } => {
                matches!(addr, Addr::Plain { .. } | Addr::Wrapped { .. } | Addr::Indexed { .. })
            }
            _ => false,
        }
    }

    /// Whether control never goes on to the next instruction.
    #[must_use]
    pub const fn ends_flow(&self) -> bool {
        matches!(
            self,
            Self::Br { .. }
                | Self::BrTable { .. }
                | Self::ReturnCall { .. }
                | Self::ReturnCallImport { .. }
                | Self::ReturnCallIndirect { .. }
                | Self::ReturnCallRef { .. }
                | Self::Return { .. }
                | Self::ReturnValue { .. }
                | Self::Throw { .. }
                | Self::ThrowRef { .. }
                | Self::Trap(_)
        )
    }
}

fn operand_class(op: NumericOp) -> Class {
    Class::of(op.signature().params[0])
}

fn result_class(op: NumericOp) -> Class {
    Class::of(op.signature().results[0])
}

fn address(addr: Addr, value: Option<(Class, Src)>) -> Sources {
    let slot = |slot: Slot| Src::Slot(slot);
    match addr {
        Addr::Plain { base, .. } | Addr::Wrapped { base, .. } => [value, Some((Class::I32, base)), None],
        Addr::Indexed { base, index, .. } => [value, Some((Class::I32, base)), Some((Class::I32, index))],
        Addr::Far { base, memory64, .. } | Addr::Shared { base, memory64, .. } => {
            [value, Some((if memory64 { Class::I64 } else { Class::I32 }, slot(base))), None]
        }
    }
}

impl Addr {
    fn map_operands(&mut self, source: &mut impl FnMut(Class, Src) -> Src) {
        match self {
            Self::Plain { base, .. } | Self::Wrapped { base, .. } => *base = source(Class::I32, *base),
            Self::Indexed { base, index, .. } => {
                (*base, *index) = (source(Class::I32, *base), source(Class::I32, *index));
            }
            Self::Far { .. } | Self::Shared { .. } => {}
        }
    }
}
