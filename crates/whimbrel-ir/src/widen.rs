//! Which ops on 64 bits do the work of ops on 32: nobody relies on the upper half of an `i32`'s slot, pin or accumulator, so that
//! one handler does for both where lower halves of results depend on lower halves of operands alone.

use wasm_syntax::{LoadOp, NumericOp, StoreOp};

use crate::{Class, DstKind, Family, OpKey, SrcKind};

impl OpKey {
    /// The op whose handler can execute this one: on words encoded for this one, it does the same apart from upper halves of
    /// `i32`s. An op that has no such other is its own.
    #[must_use]
    pub fn widened(self) -> Self {
        let of = |sub: u8| Self { sub, ..self };
        match self.family {
            Family::Copy | Family::Select | Family::GlobalGet | Family::GlobalSet | Family::ReturnValue
                if self.sub == Class::I32 as u8 =>
            {
                of(Class::I64 as u8)
            }
            // There is no copy from an accumulator to itself.
            Family::Unary
                if self.numeric() == Some(NumericOp::I32WrapI64)
                    && (self.shape.d(), self.shape.a()) != (Some(DstKind::Acc), Some(SrcKind::Acc)) =>
            {
                Self { family: Family::Copy, ..of(Class::I64 as u8) }
            }
            Family::Binary => self.numeric().and_then(binary).map_or(self, |op| of(op as u16 as u8)),
            Family::Load => {
                let op = LoadOp::ALL.get(usize::from(self.sub)).copied().and_then(load);
                op.map_or(self, |op| of(op as u16 as u8))
            }
            Family::Store => {
                let op = StoreOp::ALL.get(usize::from(self.sub)).copied().and_then(store);
                op.map_or(self, |op| of(op as u16 as u8))
            }
            _ => self,
        }
    }
}

const fn binary(op: NumericOp) -> Option<NumericOp> {
    Some(match op {
        NumericOp::I32Add => NumericOp::I64Add,
        NumericOp::I32Sub => NumericOp::I64Sub,
        NumericOp::I32Mul => NumericOp::I64Mul,
        NumericOp::I32And => NumericOp::I64And,
        NumericOp::I32Or => NumericOp::I64Or,
        NumericOp::I32Xor => NumericOp::I64Xor,
        _ => return None,
    })
}

const fn load(op: LoadOp) -> Option<LoadOp> {
    Some(match op {
        LoadOp::I32Load => LoadOp::I64Load32U,
        LoadOp::I32Load8S => LoadOp::I64Load8S,
        LoadOp::I32Load8U => LoadOp::I64Load8U,
        LoadOp::I32Load16S => LoadOp::I64Load16S,
        LoadOp::I32Load16U => LoadOp::I64Load16U,
        _ => return None,
    })
}

const fn store(op: StoreOp) -> Option<StoreOp> {
    Some(match op {
        StoreOp::I32Store => StoreOp::I64Store32,
        StoreOp::I32Store8 => StoreOp::I64Store8,
        StoreOp::I32Store16 => StoreOp::I64Store16,
        _ => return None,
    })
}
