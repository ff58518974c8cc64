//! The operators on `i32` and `i64`: arithmetic, bits, comparisons, and the divisions, which trap.

use wasm_syntax::Trap;

ops! {
    i32_add(a: u32, b: u32) -> u32 { a.wrapping_add(b) } "The sum modulo 2^32", "op-iadd";
    i32_sub(a: u32, b: u32) -> u32 { a.wrapping_sub(b) } "The difference modulo 2^32", "op-isub";
    i32_mul(a: u32, b: u32) -> u32 { a.wrapping_mul(b) } "The product modulo 2^32", "op-imul";
    i32_and(a: u32, b: u32) -> u32 { a & b } "Bitwise conjunction", "op-iand";
    i32_or(a: u32, b: u32) -> u32 { a | b } "Bitwise disjunction", "op-ior";
    i32_xor(a: u32, b: u32) -> u32 { a ^ b } "Bitwise exclusive disjunction", "op-ixor";
    i32_shl(a: u32, b: u32) -> u32 { a.wrapping_shl(b) } "Shift left by `b` modulo 32", "op-ishl";
    i32_shr_s(a: u32, b: u32) -> u32 { (a as i32).wrapping_shr(b) as u32 }
        "Shift right by `b` modulo 32, copying the sign bit", "op-ishr";
    i32_shr_u(a: u32, b: u32) -> u32 { a.wrapping_shr(b) } "Shift right by `b` modulo 32, inserting zeros", "op-ishr";
    i32_rotl(a: u32, b: u32) -> u32 { a.rotate_left(b & 31) } "Rotation left by `b` modulo 32", "op-irotl";
    i32_rotr(a: u32, b: u32) -> u32 { a.rotate_right(b & 31) } "Rotation right by `b` modulo 32", "op-irotr";
    i32_clz(a: u32) -> u32 { a.leading_zeros() } "The number of leading zeros, 32 for 0", "op-iclz";
    i32_ctz(a: u32) -> u32 { a.trailing_zeros() } "The number of trailing zeros, 32 for 0", "op-ictz";
    i32_popcnt(a: u32) -> u32 { a.count_ones() } "The number of set bits", "op-ipopcnt";
    i32_extend8_s(a: u32) -> u32 { a as i8 as u32 } "The low 8 bits, sign-extended", "op-iextendn";
    i32_extend16_s(a: u32) -> u32 { a as i16 as u32 } "The low 16 bits, sign-extended", "op-iextendn";
    i32_eqz(a: u32) -> bool { a == 0 } "Whether the operand is 0", "op-ieqz";
    i32_eq(a: u32, b: u32) -> bool { a == b } "Whether the operands are equal", "op-ieq";
    i32_ne(a: u32, b: u32) -> bool { a != b } "Whether the operands differ", "op-ine";
    i32_lt_s(a: u32, b: u32) -> bool { (a as i32) < (b as i32) } "Whether `a` is less than `b`, both signed", "op-ilt";
    i32_lt_u(a: u32, b: u32) -> bool { a < b } "Whether `a` is less than `b`, both unsigned", "op-ilt";
    i32_gt_s(a: u32, b: u32) -> bool { (a as i32) > (b as i32) }
        "Whether `a` is greater than `b`, both signed", "op-igt";
    i32_gt_u(a: u32, b: u32) -> bool { a > b } "Whether `a` is greater than `b`, both unsigned", "op-igt";
    i32_le_s(a: u32, b: u32) -> bool { (a as i32) <= (b as i32) } "Whether `a` is at most `b`, both signed", "op-ile";
    i32_le_u(a: u32, b: u32) -> bool { a <= b } "Whether `a` is at most `b`, both unsigned", "op-ile";
    i32_ge_s(a: u32, b: u32) -> bool { (a as i32) >= (b as i32) } "Whether `a` is at least `b`, both signed", "op-ige";
    i32_ge_u(a: u32, b: u32) -> bool { a >= b } "Whether `a` is at least `b`, both unsigned", "op-ige";
}

ops! {
    i64_add(a: u64, b: u64) -> u64 { a.wrapping_add(b) } "The sum modulo 2^64", "op-iadd";
    i64_sub(a: u64, b: u64) -> u64 { a.wrapping_sub(b) } "The difference modulo 2^64", "op-isub";
    i64_mul(a: u64, b: u64) -> u64 { a.wrapping_mul(b) } "The product modulo 2^64", "op-imul";
    i64_and(a: u64, b: u64) -> u64 { a & b } "Bitwise conjunction", "op-iand";
    i64_or(a: u64, b: u64) -> u64 { a | b } "Bitwise disjunction", "op-ior";
    i64_xor(a: u64, b: u64) -> u64 { a ^ b } "Bitwise exclusive disjunction", "op-ixor";
    i64_shl(a: u64, b: u64) -> u64 { a.wrapping_shl(b as u32) } "Shift left by `b` modulo 64", "op-ishl";
    i64_shr_s(a: u64, b: u64) -> u64 { (a as i64).wrapping_shr(b as u32) as u64 }
        "Shift right by `b` modulo 64, copying the sign bit", "op-ishr";
    i64_shr_u(a: u64, b: u64) -> u64 { a.wrapping_shr(b as u32) }
        "Shift right by `b` modulo 64, inserting zeros", "op-ishr";
    i64_rotl(a: u64, b: u64) -> u64 { a.rotate_left(b as u32 & 63) } "Rotation left by `b` modulo 64", "op-irotl";
    i64_rotr(a: u64, b: u64) -> u64 { a.rotate_right(b as u32 & 63) } "Rotation right by `b` modulo 64", "op-irotr";
    i64_clz(a: u64) -> u64 { u64::from(a.leading_zeros()) } "The number of leading zeros, 64 for 0", "op-iclz";
    i64_ctz(a: u64) -> u64 { u64::from(a.trailing_zeros()) } "The number of trailing zeros, 64 for 0", "op-ictz";
    i64_popcnt(a: u64) -> u64 { u64::from(a.count_ones()) } "The number of set bits", "op-ipopcnt";
    i64_extend8_s(a: u64) -> u64 { a as i8 as u64 } "The low 8 bits, sign-extended", "op-iextendn";
    i64_extend16_s(a: u64) -> u64 { a as i16 as u64 } "The low 16 bits, sign-extended", "op-iextendn";
    i64_extend32_s(a: u64) -> u64 { a as i32 as u64 } "The low 32 bits, sign-extended", "op-iextendn";
    i64_eqz(a: u64) -> bool { a == 0 } "Whether the operand is 0", "op-ieqz";
    i64_eq(a: u64, b: u64) -> bool { a == b } "Whether the operands are equal", "op-ieq";
    i64_ne(a: u64, b: u64) -> bool { a != b } "Whether the operands differ", "op-ine";
    i64_lt_s(a: u64, b: u64) -> bool { (a as i64) < (b as i64) } "Whether `a` is less than `b`, both signed", "op-ilt";
    i64_lt_u(a: u64, b: u64) -> bool { a < b } "Whether `a` is less than `b`, both unsigned", "op-ilt";
    i64_gt_s(a: u64, b: u64) -> bool { (a as i64) > (b as i64) }
        "Whether `a` is greater than `b`, both signed", "op-igt";
    i64_gt_u(a: u64, b: u64) -> bool { a > b } "Whether `a` is greater than `b`, both unsigned", "op-igt";
    i64_le_s(a: u64, b: u64) -> bool { (a as i64) <= (b as i64) } "Whether `a` is at most `b`, both signed", "op-ile";
    i64_le_u(a: u64, b: u64) -> bool { a <= b } "Whether `a` is at most `b`, both unsigned", "op-ile";
    i64_ge_s(a: u64, b: u64) -> bool { (a as i64) >= (b as i64) } "Whether `a` is at least `b`, both signed", "op-ige";
    i64_ge_u(a: u64, b: u64) -> bool { a >= b } "Whether `a` is at least `b`, both unsigned", "op-ige";
}

/// The signed quotient rounded towards zero. Spec: `op-idiv`.
///
/// # Errors
/// Traps if `b` is 0, or if the quotient overflows (the least integer divided by −1).
#[inline(always)]
pub fn i32_div_s(a: u32, b: u32) -> Result<u32, Trap> {
    let quotient = (a as i32).checked_div(b as i32).ok_or_else(|| division_trap(b == 0))?;
    Ok(quotient as u32)
}

/// The unsigned quotient rounded towards zero. Spec: `op-idiv`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i32_div_u(a: u32, b: u32) -> Result<u32, Trap> {
    a.checked_div(b).ok_or_else(|| division_trap(true))
}

/// The signed remainder, whose sign is that of `a`; the least integer modulo −1 is 0. Spec: `op-irem`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i32_rem_s(a: u32, b: u32) -> Result<u32, Trap> {
    if b == 0 { Err(division_trap(true)) } else { Ok((a as i32).wrapping_rem(b as i32) as u32) }
}

/// The unsigned remainder. Spec: `op-irem`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i32_rem_u(a: u32, b: u32) -> Result<u32, Trap> {
    a.checked_rem(b).ok_or_else(|| division_trap(true))
}

/// The signed quotient rounded towards zero. Spec: `op-idiv`.
///
/// # Errors
/// Traps if `b` is 0, or if the quotient overflows (the least integer divided by −1).
#[inline(always)]
pub fn i64_div_s(a: u64, b: u64) -> Result<u64, Trap> {
    let quotient = (a as i64).checked_div(b as i64).ok_or_else(|| division_trap(b == 0))?;
    Ok(quotient as u64)
}

/// The unsigned quotient rounded towards zero. Spec: `op-idiv`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i64_div_u(a: u64, b: u64) -> Result<u64, Trap> {
    a.checked_div(b).ok_or_else(|| division_trap(true))
}

/// The signed remainder, whose sign is that of `a`; the least integer modulo −1 is 0. Spec: `op-irem`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i64_rem_s(a: u64, b: u64) -> Result<u64, Trap> {
    if b == 0 { Err(division_trap(true)) } else { Ok((a as i64).wrapping_rem(b as i64) as u64) }
}

/// The unsigned remainder. Spec: `op-irem`.
///
/// # Errors
/// Traps if `b` is 0.
#[inline(always)]
pub fn i64_rem_u(a: u64, b: u64) -> Result<u64, Trap> {
    a.checked_rem(b).ok_or_else(|| division_trap(true))
}

#[cold]
fn division_trap(by_zero: bool) -> Trap {
    if by_zero { Trap::IntegerDivideByZero } else { Trap::IntegerOverflow }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bits;

    const EDGES: [u64; 10] = [0, 1, 2, 7, u64::MAX, u64::MAX - 6, 1 << 31, 1 << 63, (1 << 31) - 1, (1 << 63) - 1];

    /// Pairs of edge values, then random ones.
    fn pairs() -> impl Iterator<Item = (u64, u64)> {
        let mut bits = Bits::new(3);
        let edges = EDGES.into_iter().flat_map(|a| EDGES.into_iter().map(move |b| (a, b)));
        edges.chain((0..10_000).map(move |_| (bits.u64(), bits.u64() >> (bits.u64() % 64))))
    }

    /// The expected outcome of a division, computed without overflow, of operands of `width` bits.
    fn outcome(b: i128, result: impl Fn() -> i128, width: u32, signed: bool) -> Result<u64, Trap> {
        let range = if signed { -(1 << (width - 1))..1 << (width - 1) } else { 0..1_i128 << width };
        match b {
            0 => Err(Trap::IntegerDivideByZero),
            _ if !range.contains(&result()) => Err(Trap::IntegerOverflow),
            _ => Ok((result() & ((1 << width) - 1)) as u64),
        }
    }

    #[test]
    fn division_matches_wider_integers() {
        for (a, b) in pairs() {
            let (x, y) = (i128::from(a as i64), i128::from(b as i64));
            assert_eq!(i64_div_s(a, b), outcome(y, || x / y, 64, true), "{x} / {y}");
            assert_eq!(i64_rem_s(a, b), outcome(y, || x % y, 64, true), "{x} % {y}");
            let (x, y) = (i128::from(a), i128::from(b));
            assert_eq!(i64_div_u(a, b), outcome(y, || x / y, 64, false), "{x} / {y}");
            assert_eq!(i64_rem_u(a, b), outcome(y, || x % y, 64, false), "{x} % {y}");
            let (a, b) = (a as u32, b as u32);
            let (x, y) = (i128::from(a as i32), i128::from(b as i32));
            assert_eq!(i32_div_s(a, b).map(u64::from), outcome(y, || x / y, 32, true), "{x} / {y}");
            assert_eq!(i32_rem_s(a, b).map(u64::from), outcome(y, || x % y, 32, true), "{x} % {y}");
            let (x, y) = (i128::from(a), i128::from(b));
            assert_eq!(i32_div_u(a, b).map(u64::from), outcome(y, || x / y, 32, false), "{x} / {y}");
            assert_eq!(i32_rem_u(a, b).map(u64::from), outcome(y, || x % y, 32, false), "{x} % {y}");
        }
        assert_eq!(i32_rem_s(i32::MIN as u32, u32::MAX), Ok(0));
        assert_eq!(i64_div_s(i64::MIN as u64, u64::MAX), Err(Trap::IntegerOverflow));
    }

    #[test]
    fn shifts_and_rotations_match_wider_integers() {
        for (a, b) in pairs() {
            let n = (b % 64) as u32;
            let (x, s) = (u128::from(a), i128::from(a as i64));
            assert_eq!(i64_shl(a, b), (x << n) as u64);
            assert_eq!(i64_shr_u(a, b), (x >> n) as u64);
            assert_eq!(i64_shr_s(a, b), (s >> n) as u64);
            let twice = x << 64 | x;
            assert_eq!(i64_rotl(a, b), (twice << n >> 64) as u64);
            assert_eq!(i64_rotr(a, b), (twice >> n) as u64);
            let (a, b, n) = (a as u32, b as u32, n % 32);
            let (x, s) = (u64::from(a), i64::from(a as i32));
            assert_eq!(i32_shl(a, b), (x << n) as u32);
            assert_eq!(i32_shr_u(a, b), (x >> n) as u32);
            assert_eq!(i32_shr_s(a, b), (s >> n) as u32);
            let twice = x << 32 | x;
            assert_eq!(i32_rotl(a, b), (twice << n >> 32) as u32);
            assert_eq!(i32_rotr(a, b), (twice >> n) as u32);
        }
    }

    #[test]
    fn bit_counts_match_a_walk_over_the_bits() {
        for (a, _) in pairs() {
            let is_set = |i: &u32| a >> i & 1 == 1;
            assert_eq!(i64_popcnt(a), (0..64).filter(is_set).count() as u64);
            assert_eq!(i64_ctz(a), (0..64).find(is_set).map_or(64, u64::from));
            assert_eq!(i64_clz(a), (0..64).rev().find(is_set).map_or(64, |i| u64::from(63 - i)));
            let low = a as u32;
            assert_eq!(i32_popcnt(low), (0..32).filter(is_set).count() as u32);
            assert_eq!(i32_ctz(low), (0..32).find(is_set).unwrap_or(32));
            assert_eq!(i32_clz(low), (0..32).rev().find(is_set).map_or(32, |i| 31 - i));
        }
    }

    #[test]
    fn extension_subtracts_the_power_above_a_set_sign_bit() {
        let extend = |x: u64, width: u32| {
            let low = x & ((1 << width) - 1);
            low.wrapping_sub((low >> (width - 1)) << width)
        };
        for (a, _) in pairs() {
            assert_eq!(i64_extend8_s(a), extend(a, 8));
            assert_eq!(i64_extend16_s(a), extend(a, 16));
            assert_eq!(i64_extend32_s(a), extend(a, 32));
            assert_eq!(i32_extend8_s(a as u32), extend(a, 8) as u32);
            assert_eq!(i32_extend16_s(a as u32), extend(a, 16) as u32);
        }
    }

    /// Flipping the sign bit maps the signed order onto the unsigned one.
    #[test]
    fn signed_order_is_unsigned_order_with_the_sign_flipped() {
        for (a, b) in pairs() {
            let (x, y) = (a ^ 1 << 63, b ^ 1 << 63);
            assert_eq!(
                [i64_lt_s(a, b), i64_gt_s(a, b), i64_le_s(a, b), i64_ge_s(a, b)],
                [x < y, x > y, x <= y, x >= y]
            );
            let (a, b) = (a as u32, b as u32);
            let (x, y) = (a ^ 1 << 31, b ^ 1 << 31);
            assert_eq!(
                [i32_lt_s(a, b), i32_gt_s(a, b), i32_le_s(a, b), i32_ge_s(a, b)],
                [x < y, x > y, x <= y, x >= y]
            );
            assert_eq!(
                [i32_lt_u(a, b), i32_gt_u(a, b), i32_le_u(a, b), i32_ge_u(a, b)],
                [a < b, a > b, a <= b, a >= b]
            );
        }
    }
}
