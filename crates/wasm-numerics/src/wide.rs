//! Wide arithmetic: 128-bit sums, differences and products on pairs of `i64`, low half first.
//!
//! The instructions are those of the wide-arithmetic proposal; the specification has no anchors for them.

/// The sum modulo 2^128 of the pairs `(a_low, a_high)` and `(b_low, b_high)`, as `(low, high)`.
#[inline(always)]
pub fn i64_add128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
    halves(join(a_low, a_high).wrapping_add(join(b_low, b_high)))
}

/// The difference modulo 2^128 of the pairs `(a_low, a_high)` and `(b_low, b_high)`, as `(low, high)`.
#[inline(always)]
pub fn i64_sub128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
    halves(join(a_low, a_high).wrapping_sub(join(b_low, b_high)))
}

/// The exact signed product, as `(low, high)`.
#[inline(always)]
pub fn i64_mul_wide_s(a: u64, b: u64) -> (u64, u64) {
    halves((i128::from(a as i64) * i128::from(b as i64)) as u128)
}

/// The exact unsigned product, as `(low, high)`.
#[inline(always)]
pub fn i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) {
    halves(u128::from(a) * u128::from(b))
}

#[inline(always)]
fn join(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[inline(always)]
fn halves(x: u128) -> (u64, u64) {
    (x as u64, (x >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bits;

    #[test]
    fn sums_carry_and_differences_borrow() {
        assert_eq!(i64_add128(u64::MAX, 0, 1, 0), (0, 1));
        assert_eq!(i64_add128(u64::MAX, u64::MAX, 1, 0), (0, 0));
        assert_eq!(i64_sub128(0, 1, 1, 0), (u64::MAX, 0));
        assert_eq!(i64_sub128(0, 0, 1, 0), (u64::MAX, u64::MAX));
    }

    #[test]
    fn sums_and_differences_undo_each_other() {
        let mut bits = Bits::new(1);
        for _ in 0..10_000 {
            let [a, b, c, d] = [bits.u64(), bits.u64(), bits.u64(), bits.u64()];
            let (low, high) = i64_add128(a, b, c, d);
            let (expected_low, carry) = a.overflowing_add(c);
            assert_eq!((low, high), (expected_low, b.wrapping_add(d).wrapping_add(u64::from(carry))));
            assert_eq!(i64_sub128(low, high, c, d), (a, b));
        }
    }

    /// Schoolbook multiplication on 32-bit digits; the signed high half differs by one correction for each sign.
    #[test]
    fn products_match_schoolbook_multiplication() {
        let mut bits = Bits::new(2);
        for _ in 0..10_000 {
            let (a, b) = (bits.u64(), bits.u64());
            let digits = |x: u64| (x & 0xffff_ffff, x >> 32);
            let ((a0, a1), (b0, b1)) = (digits(a), digits(b));
            let (mid1, carry1) = digits(a0 * b1 + ((a0 * b0) >> 32));
            let (mid2, carry2) = digits(a1 * b0 + mid1);
            let low = mid2 << 32 | ((a0 * b0) & 0xffff_ffff);
            let high = a1 * b1 + carry1 + carry2;
            assert_eq!(i64_mul_wide_u(a, b), (low, high));
            let sign = |x: u64, y: u64| if (x as i64) < 0 { y } else { 0 };
            let signed_high = high.wrapping_sub(sign(a, b)).wrapping_sub(sign(b, a));
            assert_eq!(i64_mul_wide_s(a, b), (low, signed_high));
        }
    }
}
