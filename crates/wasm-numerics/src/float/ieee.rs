//! Minimum, maximum and rounding of floats in plain arithmetic, for hosts without an instruction for them.
//!
//! Both sides of a choice are computed before it, so that it becomes a selection, which vectorises, and not a branch.

use core::ops::{Add, BitAnd, BitOr, Neg, Sub};

/// What the algorithms here need of `f32` and `f64`.
pub(crate) trait Float:
    Copy + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Neg<Output = Self>
{
    /// The float's bits.
    type Bits: Copy + BitAnd<Output = Self::Bits> + BitOr<Output = Self::Bits>;

    /// The power of two from which on every float is integral and neighbours differ by at least 1.
    const INTEGRAL: Self;
    const ZERO: Self;
    const ONE: Self;
    /// The canonical NaN that is positive.
    const NAN: Self;

    fn bits(self) -> Self::Bits;
    fn of_bits(bits: Self::Bits) -> Self;
    fn magnitude(self) -> Self;
    fn with_sign_of(self, sign: Self) -> Self;
}

macro_rules! float {
    ($($float:ident $bits:ident $nan:literal;)*) => {$(
        impl Float for $float {
            type Bits = $bits;
            const INTEGRAL: Self = 1.0 / $float::EPSILON;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $float::from_bits($nan);

            #[inline(always)]
            fn bits(self) -> $bits {
                self.to_bits()
            }

            #[inline(always)]
            fn of_bits(bits: $bits) -> Self {
                $float::from_bits(bits)
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn with_sign_of(self, sign: Self) -> Self {
                self.copysign(sign)
            }
        }
    )*};
}

float! {
    f32 u32 0x7FC0_0000;
    f64 u64 0x7FF8_0000_0000_0000;
}

/// The smaller operand, the canonical NaN if either is NaN; −0 is smaller than +0.
///
/// Both selections agree unless the operands are equal or unordered. Equal ones differ at most in the sign of zero,
/// which the disjunction sets if either has it.
#[inline(always)]
pub(crate) fn min<F: Float>(a: F, b: F) -> F {
    let first = if a < b { a } else { b };
    let second = if b < a { b } else { a };
    let ordered = F::of_bits(first.bits() | second.bits());
    if is_nan(a) | is_nan(b) { F::NAN } else { ordered }
}

/// The larger operand, the canonical NaN if either is NaN; +0 is larger than −0.
///
/// Like [`min`], but the conjunction clears the sign of zero if either operand lacks it.
#[inline(always)]
pub(crate) fn max<F: Float>(a: F, b: F) -> F {
    let first = if a > b { a } else { b };
    let second = if b > a { b } else { a };
    let ordered = F::of_bits(first.bits() & second.bits());
    if is_nan(a) | is_nan(b) { F::NAN } else { ordered }
}

/// Rounds to the nearest integral value, to the even one of two equally near.
#[inline(always)]
pub(crate) fn nearest<F: Float>(a: F) -> F {
    unless_integral(a, shed_fraction(a.magnitude()).with_sign_of(a))
}

/// Rounds towards zero.
#[inline(always)]
pub(crate) fn trunc<F: Float>(a: F) -> F {
    let near = shed_fraction(a.magnitude());
    let magnitude = near - if near > a.magnitude() { F::ONE } else { F::ZERO };
    unless_integral(a, magnitude.with_sign_of(a))
}

/// Rounds down.
#[inline(always)]
pub(crate) fn floor<F: Float>(a: F) -> F {
    let near = shed_fraction(a.magnitude()).with_sign_of(a);
    unless_integral(a, near - if near > a { F::ONE } else { F::ZERO })
}

/// Rounds up.
#[inline(always)]
pub(crate) fn ceil<F: Float>(a: F) -> F {
    -floor(-a)
}

/// Rounds a non-negative number below [`Float::INTEGRAL`] to the nearest integral value, ties to even: floats in
/// `INTEGRAL..=2 * INTEGRAL` are the integers, so that the sum rounds, and the difference is exact. Makes a NaN quiet.
#[inline(always)]
fn shed_fraction<F: Float>(magnitude: F) -> F {
    (magnitude + F::INTEGRAL) - F::INTEGRAL
}

/// `a` if it is too large to have a fraction, else `rounded`, which for a NaN is that NaN made quiet.
#[inline(always)]
fn unless_integral<F: Float>(a: F, rounded: F) -> F {
    if a.magnitude() >= F::INTEGRAL { a } else { rounded }
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn is_nan<F: Float>(a: F) -> bool {
    a != a
}
