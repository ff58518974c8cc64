//! Instructions with their operands exchanged or their result negated, and which of several equal forms code has: with one
//! form only, there are half as many kinds of ops.

use wasm_syntax::NumericOp;

use crate::{Addr, Inst, SrcKind};

macro_rules! pairs {
    ($($(#[$doc:meta])* $name:ident: $($a:ident $b:ident,)*;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name(op: NumericOp) -> Option<NumericOp> {
            match op {
                $(NumericOp::$a => Some(NumericOp::$b),)*
                _ => None,
            }
        }
    )*};
}

pairs! {
    /// The integer comparison that holds when this one does not. Of floats there is none: both fail on a NaN.
    opposite:
        I32Eq I32Ne, I32Ne I32Eq, I64Eq I64Ne, I64Ne I64Eq,
        I32LtS I32GeS, I32GeS I32LtS, I32GtS I32LeS, I32LeS I32GtS,
        I32LtU I32GeU, I32GeU I32LtU, I32GtU I32LeU, I32LeU I32GtU,
        I64LtS I64GeS, I64GeS I64LtS, I64GtS I64LeS, I64LeS I64GtS,
        I64LtU I64GeU, I64GeU I64LtU, I64GtU I64LeU, I64LeU I64GtU,;
    /// The instruction that gives the same result with its operands exchanged.
    ///
    /// Sums and products of floats are not among them: which NaN comes out may depend on the order.
    mirrored:
        I32Add I32Add, I32Mul I32Mul, I32And I32And, I32Or I32Or, I32Xor I32Xor, I64Add I64Add, I64Mul I64Mul,
        I64And I64And, I64Or I64Or, I64Xor I64Xor, I32Eq I32Eq, I32Ne I32Ne, I64Eq I64Eq, I64Ne I64Ne, I32LtS I32GtS,
        I32GtS I32LtS, I32LeS I32GeS, I32GeS I32LeS, I32LtU I32GtU, I32GtU I32LtU, I32LeU I32GeU, I32GeU I32LeU,
        I64LtS I64GtS, I64GtS I64LtS, I64LeS I64GeS, I64GeS I64LeS, I64LtU I64GtU, I64GtU I64LtU, I64LeU I64GeU,
        I64GeU I64LeU, F32Eq F32Eq, F32Ne F32Ne, F32Lt F32Gt, F32Gt F32Lt, F32Le F32Ge, F32Ge F32Le, F64Eq F64Eq,
        F64Ne F64Ne, F64Lt F64Gt, F64Gt F64Lt, F64Le F64Ge, F64Ge F64Le,;
}

/// Whether operands of these kinds stand in the order that code has them in: those that may be exchanged by rising
/// [`rank`](SrcKind::rank); those of one rank so that the instruction is the one with the lower opcode.
#[must_use]
pub const fn kinds_are_in_order(op: NumericOp, a: SrcKind, b: SrcKind) -> bool {
    let Some(other) = mirrored(op) else { return true };
    a.rank() < b.rank() || (a.rank() == b.rank() && op.opcode() <= other.opcode())
}

impl Inst {
    /// The same instruction with its operands in order.
    #[inline]
    #[must_use]
    pub fn in_order(mut self) -> Self {
        match &mut self {
            Self::Binary { op, a, b, .. } | Self::BrCmp { op, a, b, .. } => {
                if let Some(other) = mirrored(*op)
                    && !kinds_are_in_order(*op, a.kind(), b.kind())
                {
                    *op = other;
                    core::mem::swap(a, b);
                }
            }
            Self::Load { addr, .. } | Self::Store { addr, .. } => {
                if let Addr::Indexed { base, index, scale_log2: 0, .. } = addr
                    && base.kind().rank() > index.kind().rank()
                {
                    core::mem::swap(base, index);
                }
            }
            _ => {}
        }
        self
    }
}
