//! The operators on `f32` and `f64`: arithmetic, rounding, comparisons.
//!
//! A NaN result has the payload that the specification allows: canonical if every NaN operand is, else arithmetic
//! (`aux-nans`). Its sign and the rest of its payload are the host's, but those of a minimum or maximum: that is the positive
//! canonical one.

mod host;
pub(crate) mod ieee;

ops! {
    f32_add(a: f32, b: f32) -> f32 { a + b } "The sum", "op-fadd";
    f32_sub(a: f32, b: f32) -> f32 { a - b } "The difference", "op-fsub";
    f32_mul(a: f32, b: f32) -> f32 { a * b } "The product", "op-fmul";
    f32_div(a: f32, b: f32) -> f32 { a / b } "The quotient", "op-fdiv";
    f32_min(a: f32, b: f32) -> f32 { ieee::min(a, b) }
        "The smaller operand, NaN if either is; -0 is smaller than +0", "op-fmin";
    f32_max(a: f32, b: f32) -> f32 { ieee::max(a, b) }
        "The larger operand, NaN if either is; +0 is larger than -0", "op-fmax";
    f32_copysign(a: f32, b: f32) -> f32 { a.copysign(b) }
        "`a` with the sign of `b`; all other bits stay, of a NaN too", "op-fcopysign";
    f32_abs(a: f32) -> f32 { a.abs() }
        "The operand with its sign bit cleared; all other bits stay, of a NaN too", "op-fabs";
    f32_neg(a: f32) -> f32 { -a } "The operand with its sign bit flipped; all other bits stay, of a NaN too", "op-fneg";
    f32_sqrt(a: f32) -> f32 { host::Host::sqrt(a) } "The square root, NaN of what is below -0", "op-fsqrt";
    f32_ceil(a: f32) -> f32 { host::Host::ceil(a) } "The nearest integral value not below the operand", "op-fceil";
    f32_floor(a: f32) -> f32 { host::Host::floor(a) } "The nearest integral value not above the operand", "op-ffloor";
    f32_trunc(a: f32) -> f32 { host::Host::trunc(a) } "The operand without its fraction", "op-ftrunc";
    f32_nearest(a: f32) -> f32 { host::Host::nearest(a) }
        "The nearest integral value, the even one of two equally near", "op-fnearest";
    f32_eq(a: f32, b: f32) -> bool { a == b } "Whether the operands are equal and not NaN", "op-feq";
    f32_ne(a: f32, b: f32) -> bool { a != b } "Whether the operands differ or either is NaN", "op-fne";
    f32_lt(a: f32, b: f32) -> bool { a < b } "Whether `a` is less than `b` and neither NaN", "op-flt";
    f32_gt(a: f32, b: f32) -> bool { a > b } "Whether `a` is greater than `b` and neither NaN", "op-fgt";
    f32_le(a: f32, b: f32) -> bool { a <= b } "Whether `a` is at most `b` and neither NaN", "op-fle";
    f32_ge(a: f32, b: f32) -> bool { a >= b } "Whether `a` is at least `b` and neither NaN", "op-fge";
}

ops! {
    f64_add(a: f64, b: f64) -> f64 { a + b } "The sum", "op-fadd";
    f64_sub(a: f64, b: f64) -> f64 { a - b } "The difference", "op-fsub";
    f64_mul(a: f64, b: f64) -> f64 { a * b } "The product", "op-fmul";
    f64_div(a: f64, b: f64) -> f64 { a / b } "The quotient", "op-fdiv";
    f64_min(a: f64, b: f64) -> f64 { ieee::min(a, b) }
        "The smaller operand, NaN if either is; -0 is smaller than +0", "op-fmin";
    f64_max(a: f64, b: f64) -> f64 { ieee::max(a, b) }
        "The larger operand, NaN if either is; +0 is larger than -0", "op-fmax";
    f64_copysign(a: f64, b: f64) -> f64 { a.copysign(b) }
        "`a` with the sign of `b`; all other bits stay, of a NaN too", "op-fcopysign";
    f64_abs(a: f64) -> f64 { a.abs() }
        "The operand with its sign bit cleared; all other bits stay, of a NaN too", "op-fabs";
    f64_neg(a: f64) -> f64 { -a } "The operand with its sign bit flipped; all other bits stay, of a NaN too", "op-fneg";
    f64_sqrt(a: f64) -> f64 { host::Host::sqrt(a) } "The square root, NaN of what is below -0", "op-fsqrt";
    f64_ceil(a: f64) -> f64 { host::Host::ceil(a) } "The nearest integral value not below the operand", "op-fceil";
    f64_floor(a: f64) -> f64 { host::Host::floor(a) } "The nearest integral value not above the operand", "op-ffloor";
    f64_trunc(a: f64) -> f64 { host::Host::trunc(a) } "The operand without its fraction", "op-ftrunc";
    f64_nearest(a: f64) -> f64 { host::Host::nearest(a) }
        "The nearest integral value, the even one of two equally near", "op-fnearest";
    f64_eq(a: f64, b: f64) -> bool { a == b } "Whether the operands are equal and not NaN", "op-feq";
    f64_ne(a: f64, b: f64) -> bool { a != b } "Whether the operands differ or either is NaN", "op-fne";
    f64_lt(a: f64, b: f64) -> bool { a < b } "Whether `a` is less than `b` and neither NaN", "op-flt";
    f64_gt(a: f64, b: f64) -> bool { a > b } "Whether `a` is greater than `b` and neither NaN", "op-fgt";
    f64_le(a: f64, b: f64) -> bool { a <= b } "Whether `a` is at most `b` and neither NaN", "op-fle";
    f64_ge(a: f64, b: f64) -> bool { a >= b } "Whether `a` is at least `b` and neither NaN", "op-fge";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bits, F32_TURNING, F64_TURNING, is_allowed_nan32, is_allowed_nan64};

    /// Every pair of turning floats, then random pairs.
    fn pairs64() -> impl Iterator<Item = (f64, f64)> {
        let mut bits = Bits::new(4);
        let turning = F64_TURNING.iter().flat_map(|&a| F64_TURNING.iter().map(move |&b| (a, b)));
        turning.chain((0..50_000).map(move |_| (bits.f64(), bits.f64())))
    }

    fn pairs32() -> impl Iterator<Item = (f32, f32)> {
        let mut bits = Bits::new(5);
        let turning = F32_TURNING.iter().flat_map(|&a| F32_TURNING.iter().map(move |&b| (a, b)));
        turning.chain((0..50_000).map(move |_| (bits.f32(), bits.f32())))
    }

    #[track_caller]
    fn assert_same64(result: f64, expected: f64, operands: &[f64]) {
        if expected.is_nan() {
            assert!(is_allowed_nan64(result, operands), "{:#x} from {operands:?}", result.to_bits());
        } else {
            assert_eq!(result.to_bits(), expected.to_bits(), "{result} is not {expected}, from {operands:?}");
        }
    }

    #[track_caller]
    fn assert_same32(result: f32, expected: f32, operands: &[f32]) {
        if expected.is_nan() {
            assert!(is_allowed_nan32(result, operands), "{:#x} from {operands:?}", result.to_bits());
        } else {
            assert_eq!(result.to_bits(), expected.to_bits(), "{result} is not {expected}, from {operands:?}");
        }
    }

    #[test]
    fn rounding_matches_libm() {
        for (a, _) in pairs64() {
            for (rounded, expected) in [
                (f64_ceil(a), libm::ceil(a)),
                (f64_floor(a), libm::floor(a)),
                (f64_trunc(a), libm::trunc(a)),
                (f64_nearest(a), libm::rint(a)),
                (ieee::ceil(a), libm::ceil(a)),
                (ieee::floor(a), libm::floor(a)),
                (ieee::trunc(a), libm::trunc(a)),
                (ieee::nearest(a), libm::rint(a)),
                (f64_sqrt(a), libm::sqrt(a)),
            ] {
                assert_same64(rounded, expected, &[a]);
            }
        }
        for (a, _) in pairs32() {
            for (rounded, expected) in [
                (f32_ceil(a), libm::ceilf(a)),
                (f32_floor(a), libm::floorf(a)),
                (f32_trunc(a), libm::truncf(a)),
                (f32_nearest(a), libm::rintf(a)),
                (ieee::ceil(a), libm::ceilf(a)),
                (ieee::floor(a), libm::floorf(a)),
                (ieee::trunc(a), libm::truncf(a)),
                (ieee::nearest(a), libm::rintf(a)),
                (f32_sqrt(a), libm::sqrtf(a)),
            ] {
                assert_same32(rounded, expected, &[a]);
            }
        }
    }

    /// The order of the bits, as sign and magnitude, is the order of the numbers with −0 below +0.
    #[test]
    fn minimum_and_maximum_match_the_order_of_the_bits() {
        for (a, b) in pairs64() {
            let (least, greatest) = if a.total_cmp(&b).is_lt() { (a, b) } else { (b, a) };
            let either_nan = a.is_nan() || b.is_nan();
            assert_same64(f64_min(a, b), if either_nan { f64::NAN } else { least }, &[a, b]);
            assert_same64(f64_max(a, b), if either_nan { f64::NAN } else { greatest }, &[a, b]);
        }
        for (a, b) in pairs32() {
            let (least, greatest) = if a.total_cmp(&b).is_lt() { (a, b) } else { (b, a) };
            let either_nan = a.is_nan() || b.is_nan();
            assert_same32(f32_min(a, b), if either_nan { f32::NAN } else { least }, &[a, b]);
            assert_same32(f32_max(a, b), if either_nan { f32::NAN } else { greatest }, &[a, b]);
        }
    }

    /// A product of two singles has at most 48 bits and is exact in double precision; so are sums of near magnitudes,
    /// and rounding twice is harmless for the other sums and the quotients, 53 being at least 2 * 24 + 2.
    #[test]
    fn single_arithmetic_matches_double_arithmetic() {
        for (a, b) in pairs32() {
            let (x, y) = (f64::from(a), f64::from(b));
            assert_same32(f32_add(a, b), (x + y) as f32, &[a, b]);
            assert_same32(f32_sub(a, b), (x - y) as f32, &[a, b]);
            let product = (x * y) as f32;
            let quotient = (x / y) as f32;
            // A subnormal result has fewer than 24 bits, and the bound does not cover it.
            if !product.is_subnormal() {
                assert_same32(f32_mul(a, b), product, &[a, b]);
            }
            if !quotient.is_subnormal() {
                assert_same32(f32_div(a, b), quotient, &[a, b]);
            }
        }
    }

    #[test]
    fn arithmetic_returns_allowed_nans() {
        for (a, b) in pairs64() {
            for result in [f64_add(a, b), f64_sub(a, b), f64_mul(a, b), f64_div(a, b)] {
                assert!(!result.is_nan() || is_allowed_nan64(result, &[a, b]), "{:#x}", result.to_bits());
            }
            if a.is_nan() || b.is_nan() {
                assert!(f64_add(a, b).is_nan() && f64_mul(a, b).is_nan());
            }
        }
    }

    #[test]
    fn sign_operators_change_the_sign_bit_alone() {
        const SIGN64: u64 = 1 << 63;
        for (a, b) in pairs64() {
            let (x, y) = (a.to_bits(), b.to_bits());
            assert_eq!(f64_neg(a).to_bits(), x ^ SIGN64);
            assert_eq!(f64_abs(a).to_bits(), x & !SIGN64);
            assert_eq!(f64_copysign(a, b).to_bits(), x & !SIGN64 | y & SIGN64);
        }
        const SIGN32: u32 = 1 << 31;
        for (a, b) in pairs32() {
            let (x, y) = (a.to_bits(), b.to_bits());
            assert_eq!(f32_neg(a).to_bits(), x ^ SIGN32);
            assert_eq!(f32_abs(a).to_bits(), x & !SIGN32);
            assert_eq!(f32_copysign(a, b).to_bits(), x & !SIGN32 | y & SIGN32);
        }
    }

    #[test]
    fn only_inequality_holds_for_nan() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::NAN, f64::NAN)] {
            assert!(f64_ne(a, b));
            assert_eq!([f64_eq(a, b), f64_lt(a, b), f64_gt(a, b), f64_le(a, b), f64_ge(a, b)], [false; 5]);
        }
        assert!(f32_eq(0.0, -0.0) && !f32_lt(-0.0, 0.0) && f32_le(0.0, -0.0) && f32_ge(-0.0, 0.0));
    }
}
