//! Constant folding: the meaning of numeric instructions, applied to constants.

use wasm_syntax::{NumericOp, Trap};

/// A type of operands, as the bits that constants are kept as.
trait Operand {
    fn from_bits(bits: u64) -> Self;
}

/// A type of results; not all of them can be one constant.
trait Outcome {
    fn bits(self) -> Option<u64>;
}

macro_rules! values {
    ($($ty:ident: $from:expr, $to:expr;)*) => {$(
        impl Operand for $ty {
            fn from_bits(bits: u64) -> Self {
                $from(bits)
            }
        }

        impl Outcome for $ty {
            fn bits(self) -> Option<u64> {
                Some($to(self))
            }
        }
    )*};
}

values! {
    u32: |bits| bits as u32, u64::from;
    u64: |bits| bits, |bits| bits;
    f32: |bits| f32::from_bits(bits as u32), |value: f32| u64::from(value.to_bits());
    f64: f64::from_bits, f64::to_bits;
}

impl Outcome for bool {
    fn bits(self) -> Option<u64> {
        Some(u64::from(self))
    }
}

/// Traps stay for run time.
impl<T: Outcome> Outcome for Result<T, Trap> {
    fn bits(self) -> Option<u64> {
        self.ok()?.bits()
    }
}

/// Two results are not folded.
impl Outcome for (u64, u64) {
    fn bits(self) -> Option<u64> {
        None
    }
}

/// A function of operands of types `Operands`.
trait Meaning<Operands> {
    fn apply(self, operands: &[u64]) -> Option<u64>;
}

macro_rules! meanings {
    ($($($operand:ident)*;)*) => {$(
        impl<F: Fn($($operand),*) -> R, R: Outcome, $($operand: Operand),*> Meaning<($($operand,)*)> for F {
            fn apply(self, operands: &[u64]) -> Option<u64> {
                let mut operands = operands.iter();
                self($($operand::from_bits(*operands.next()?)),*).bits()
            }
        }
    )*};
}

meanings! {
    A;
    A B;
    A B C D;
}

fn apply<Operands>(meaning: impl Meaning<Operands>, operands: &[u64]) -> Option<u64> {
    meaning.apply(operands)
}

macro_rules! folder {
    ($($opcode:literal $variant:ident $function:ident $text:literal [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        /// The bits of the result of `op` on constants; `None` where it traps, and for results that are two.
        pub(crate) fn fold(op: NumericOp, operands: &[u64]) -> Option<u64> {
            match op {
                $(NumericOp::$variant => apply(wasm_numerics::$function, operands),)*
            }
        }
    };
}
wasm_syntax::for_each_numeric!(folder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold_to_bits() {
        assert_eq!(fold(NumericOp::I32Sub, &[0, 1]), Some(0xFFFF_FFFF));
        assert_eq!(fold(NumericOp::F32Neg, &[0]), Some(0x8000_0000));
        assert_eq!(fold(NumericOp::I64LtS, &[u64::MAX, 0]), Some(1));
        assert_eq!(fold(NumericOp::I32DivU, &[1, 0]), None);
        assert_eq!(fold(NumericOp::I64MulWideU, &[1, 1]), None);
    }
}
