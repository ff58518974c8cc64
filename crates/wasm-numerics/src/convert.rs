//! Conversions between the number types: wrapping, extension, truncation, rounding, reinterpretation.

use wasm_syntax::Trap;

ops! {
    i32_wrap_i64(a: u64) -> u32 { a as u32 } "The low 32 bits", "op-wrap";
    i64_extend_i32_s(a: u32) -> u64 { a as i32 as u64 } "The sign-extended operand", "op-extend";
    i64_extend_i32_u(a: u32) -> u64 { u64::from(a) } "The zero-extended operand", "op-extend";
}

ops! {
    i32_trunc_f32_s(a: f32) -> Result<u32, Trap> {
        checked(a, (i32::MIN as f32).next_down(), -(i32::MIN as f32), a as i32 as u32)
    } "The float without its fraction as signed integer; traps if NaN or out of range", "op-trunc";
    i32_trunc_f32_u(a: f32) -> Result<u32, Trap> { checked(a, -1.0, -2.0 * (i32::MIN as f32), a as u32) }
        "The float without its fraction as unsigned integer; traps if NaN or out of range", "op-trunc";
    i32_trunc_f64_s(a: f64) -> Result<u32, Trap> {
        checked(a, f64::from(i32::MIN) - 1.0, -f64::from(i32::MIN), a as i32 as u32)
    } "The float without its fraction as signed integer; traps if NaN or out of range", "op-trunc";
    i32_trunc_f64_u(a: f64) -> Result<u32, Trap> { checked(a, -1.0, -2.0 * f64::from(i32::MIN), a as u32) }
        "The float without its fraction as unsigned integer; traps if NaN or out of range", "op-trunc";
    i64_trunc_f32_s(a: f32) -> Result<u64, Trap> {
        checked(a, (i64::MIN as f32).next_down(), -(i64::MIN as f32), a as i64 as u64)
    } "The float without its fraction as signed integer; traps if NaN or out of range", "op-trunc";
    i64_trunc_f32_u(a: f32) -> Result<u64, Trap> { checked(a, -1.0, -2.0 * (i64::MIN as f32), a as u64) }
        "The float without its fraction as unsigned integer; traps if NaN or out of range", "op-trunc";
    i64_trunc_f64_s(a: f64) -> Result<u64, Trap> {
        checked(a, (i64::MIN as f64).next_down(), -(i64::MIN as f64), a as i64 as u64)
    } "The float without its fraction as signed integer; traps if NaN or out of range", "op-trunc";
    i64_trunc_f64_u(a: f64) -> Result<u64, Trap> { checked(a, -1.0, -2.0 * (i64::MIN as f64), a as u64) }
        "The float without its fraction as unsigned integer; traps if NaN or out of range", "op-trunc";
}

ops! {
    i32_trunc_sat_f32_s(a: f32) -> u32 { a as i32 as u32 }
        "The float without its fraction as signed integer, saturated; 0 if NaN", "op-trunc_sat";
    i32_trunc_sat_f32_u(a: f32) -> u32 { a as u32 }
        "The float without its fraction as unsigned integer, saturated; 0 if NaN", "op-trunc_sat";
    i32_trunc_sat_f64_s(a: f64) -> u32 { a as i32 as u32 }
        "The float without its fraction as signed integer, saturated; 0 if NaN", "op-trunc_sat";
    i32_trunc_sat_f64_u(a: f64) -> u32 { a as u32 }
        "The float without its fraction as unsigned integer, saturated; 0 if NaN", "op-trunc_sat";
    i64_trunc_sat_f32_s(a: f32) -> u64 { a as i64 as u64 }
        "The float without its fraction as signed integer, saturated; 0 if NaN", "op-trunc_sat";
    i64_trunc_sat_f32_u(a: f32) -> u64 { a as u64 }
        "The float without its fraction as unsigned integer, saturated; 0 if NaN", "op-trunc_sat";
    i64_trunc_sat_f64_s(a: f64) -> u64 { a as i64 as u64 }
        "The float without its fraction as signed integer, saturated; 0 if NaN", "op-trunc_sat";
    i64_trunc_sat_f64_u(a: f64) -> u64 { a as u64 }
        "The float without its fraction as unsigned integer, saturated; 0 if NaN", "op-trunc_sat";
}

ops! {
    f32_convert_i32_s(a: u32) -> f32 { a as i32 as f32 }
        "The signed integer as a float, rounded to nearest, ties to even", "op-convert";
    f32_convert_i32_u(a: u32) -> f32 { a as f32 }
        "The unsigned integer as a float, rounded to nearest, ties to even", "op-convert";
    f32_convert_i64_s(a: u64) -> f32 { a as i64 as f32 }
        "The signed integer as a float, rounded to nearest, ties to even", "op-convert";
    f32_convert_i64_u(a: u64) -> f32 { a as f32 }
        "The unsigned integer as a float, rounded to nearest, ties to even", "op-convert";
    f64_convert_i32_s(a: u32) -> f64 { f64::from(a as i32) } "The signed integer as a float, exactly", "op-convert";
    f64_convert_i32_u(a: u32) -> f64 { f64::from(a) } "The unsigned integer as a float, exactly", "op-convert";
    f64_convert_i64_s(a: u64) -> f64 { a as i64 as f64 }
        "The signed integer as a float, rounded to nearest, ties to even", "op-convert";
    f64_convert_i64_u(a: u64) -> f64 { a as f64 }
        "The unsigned integer as a float, rounded to nearest, ties to even", "op-convert";
    f32_demote_f64(a: f64) -> f32 { a as f32 }
        "The value in single precision, rounded to nearest; a NaN becomes quiet", "op-demote";
    f64_promote_f32(a: f32) -> f64 { f64::from(a) }
        "The value in double precision, exactly; a NaN becomes quiet", "op-promote";
    i32_reinterpret_f32(a: f32) -> u32 { a.to_bits() } "The bits of the float", "op-reinterpret";
    i64_reinterpret_f64(a: f64) -> u64 { a.to_bits() } "The bits of the float", "op-reinterpret";
    f32_reinterpret_i32(a: u32) -> f32 { f32::from_bits(a) } "The float with these bits", "op-reinterpret";
    f64_reinterpret_i64(a: u64) -> f64 { f64::from_bits(a) } "The float with these bits", "op-reinterpret";
}

/// `value`, into which `a` truncates if it lies strictly between `above` and `below`: the bounds are the floats next to
/// those that truncate into the integer type.
#[inline(always)]
fn checked<F: PartialOrd + Copy, T>(a: F, above: F, below: F, value: T) -> Result<T, Trap> {
    if a > above && a < below { Ok(value) } else { Err(truncation_trap(a)) }
}

#[cold]
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn truncation_trap<F: PartialOrd + Copy>(a: F) -> Trap {
    if a != a { Trap::InvalidConversionToInteger } else { Trap::IntegerOverflow }
}

#[cfg(test)]
mod tests {
    use core::ops::Range;

    use super::*;
    use crate::testing::{Bits, F32_TURNING, F64_TURNING, is_allowed_nan32, is_allowed_nan64};

    /// What a float is without its fraction, from its bits; anything too large for the integer types is `±2^100`.
    #[derive(Clone, Copy, Debug)]
    enum Truncated {
        Nan,
        Integer(i128),
    }

    fn truncate(x: f64) -> Truncated {
        let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1075;
        let digits = i128::from(x.to_bits() & ((1 << 52) - 1) | 1 << 52);
        let magnitude = match exponent {
            _ if x.is_nan() => return Truncated::Nan,
            ..-52 => 0,
            -52..0 => digits >> -exponent,
            0..48 => digits << exponent,
            48.. => 1 << 100,
        };
        Truncated::Integer(if x.is_sign_negative() { -magnitude } else { magnitude })
    }

    const I32: Range<i128> = -(1 << 31)..1 << 31;
    const U32: Range<i128> = 0..1 << 32;
    const I64: Range<i128> = -(1 << 63)..1 << 63;
    const U64: Range<i128> = 0..1 << 64;

    fn trapping(x: f64, range: &Range<i128>) -> Result<u64, Trap> {
        match truncate(x) {
            Truncated::Nan => Err(Trap::InvalidConversionToInteger),
            Truncated::Integer(n) if range.contains(&n) => Ok(n as u64),
            Truncated::Integer(_) => Err(Trap::IntegerOverflow),
        }
    }

    fn saturating(x: f64, range: &Range<i128>) -> u64 {
        match truncate(x) {
            Truncated::Nan => 0,
            Truncated::Integer(n) => n.clamp(range.start, range.end - 1) as u64,
        }
    }

    #[test]
    fn truncation_matches_the_digits_of_the_float() {
        let low = |r: Result<u64, Trap>| r.map(|x| x as u32);
        let mut bits = Bits::new(6);
        for a in F64_TURNING.iter().copied().chain((0..50_000).map(|_| bits.f64())) {
            assert_eq!(i32_trunc_f64_s(a), low(trapping(a, &I32)), "{a}");
            assert_eq!(i32_trunc_f64_u(a), low(trapping(a, &U32)), "{a}");
            assert_eq!(i64_trunc_f64_s(a), trapping(a, &I64), "{a}");
            assert_eq!(i64_trunc_f64_u(a), trapping(a, &U64), "{a}");
            assert_eq!(i32_trunc_sat_f64_s(a), saturating(a, &I32) as u32, "{a}");
            assert_eq!(i32_trunc_sat_f64_u(a), saturating(a, &U32) as u32, "{a}");
            assert_eq!(i64_trunc_sat_f64_s(a), saturating(a, &I64), "{a}");
            assert_eq!(i64_trunc_sat_f64_u(a), saturating(a, &U64), "{a}");
        }
        for a in F32_TURNING.iter().copied().chain((0..50_000).map(|_| bits.f32())) {
            let x = f64::from(a);
            assert_eq!(i32_trunc_f32_s(a), low(trapping(x, &I32)), "{a}");
            assert_eq!(i32_trunc_f32_u(a), low(trapping(x, &U32)), "{a}");
            assert_eq!(i64_trunc_f32_s(a), trapping(x, &I64), "{a}");
            assert_eq!(i64_trunc_f32_u(a), trapping(x, &U64), "{a}");
            assert_eq!(i32_trunc_sat_f32_s(a), saturating(x, &I32) as u32, "{a}");
            assert_eq!(i32_trunc_sat_f32_u(a), saturating(x, &U32) as u32, "{a}");
            assert_eq!(i64_trunc_sat_f32_s(a), saturating(x, &I64), "{a}");
            assert_eq!(i64_trunc_sat_f32_u(a), saturating(x, &U64), "{a}");
        }
    }

    /// The bounds themselves, written out: the last float inside and the first outside.
    #[test]
    fn truncation_traps_exactly_past_the_bounds() {
        assert_eq!(i32_trunc_f64_s(-2_147_483_648.9), Ok(0x8000_0000));
        assert_eq!(i32_trunc_f64_s(-2_147_483_649.0), Err(Trap::IntegerOverflow));
        assert_eq!(i32_trunc_f64_s(2_147_483_647.9), Ok(0x7fff_ffff));
        assert_eq!(i32_trunc_f64_s(2_147_483_648.0), Err(Trap::IntegerOverflow));
        assert_eq!(i32_trunc_f64_u(4_294_967_295.9), Ok(u32::MAX));
        assert_eq!(i32_trunc_f64_u(4_294_967_296.0), Err(Trap::IntegerOverflow));
        assert_eq!(i32_trunc_f32_u(-0.99), Ok(0));
        assert_eq!(i64_trunc_f32_u(-1.0), Err(Trap::IntegerOverflow));
        assert_eq!(i64_trunc_f64_s(-9_223_372_036_854_775_808.0), Ok(1 << 63));
        assert_eq!(i64_trunc_f64_s(9_223_372_036_854_775_808.0), Err(Trap::IntegerOverflow));
    }

    /// An integer rounded to `digits` binary digits, ties to even, as an integer.
    fn round(n: i128, digits: u32) -> i128 {
        let magnitude = n.unsigned_abs();
        let excess = (128 - magnitude.leading_zeros()).saturating_sub(digits);
        let (kept, rest, half) = (magnitude >> excess, magnitude & ((1 << excess) - 1), (1 << excess) >> 1);
        let up = excess > 0 && (rest > half || rest == half && kept & 1 == 1);
        let rounded = ((kept + u128::from(up)) << excess) as i128;
        if n < 0 { -rounded } else { rounded }
    }

    #[test]
    fn integers_round_to_the_nearest_float() {
        let mut bits = Bits::new(7);
        // Runs of ones and a tie at every length, besides random integers.
        let edges = (0..64).flat_map(|i| [u64::MAX >> i, (1 << 63 | 1) >> i, 0x8000_0080_0000_0400 >> i, !0 << i]);
        for a in edges.chain((0..20_000).map(|_| bits.u64() >> (bits.u64() % 64))) {
            // Below 2^65 an integral float converts to `i128` exactly.
            assert_eq!(f32_convert_i64_s(a) as i128, round(i128::from(a as i64), 24));
            assert_eq!(f32_convert_i64_u(a) as i128, round(i128::from(a), 24));
            assert_eq!(f64_convert_i64_s(a) as i128, round(i128::from(a as i64), 53));
            assert_eq!(f64_convert_i64_u(a) as i128, round(i128::from(a), 53));
            let a = a as u32;
            assert_eq!(f32_convert_i32_s(a) as i128, round(i128::from(a as i32), 24));
            assert_eq!(f32_convert_i32_u(a) as i128, round(i128::from(a), 24));
            assert_eq!(f64_convert_i32_s(a) as i128, i128::from(a as i32));
            assert_eq!(f64_convert_i32_u(a) as i128, i128::from(a));
        }
    }

    #[test]
    fn demotion_picks_the_nearest_neighbour() {
        let mut bits = Bits::new(8);
        for a in F64_TURNING.iter().copied().chain((0..50_000).map(|_| bits.f64())) {
            let b = f32_demote_f64(a);
            if a.is_nan() {
                let canonical = a.to_bits() << 1 == 0xfff0_0000_0000_0000;
                let operand = f32::from_bits(if canonical { 0x7fc0_0000 } else { 0x7fc0_0001 });
                assert!(is_allowed_nan32(b, &[operand]), "{:#x}", b.to_bits());
            } else if b.is_finite() {
                let error = |b: f32| (f64::from(b) - a).abs();
                let is_even = b.to_bits() & 1 == 0;
                for other in [b.next_up(), b.next_down()] {
                    assert!(error(b) < error(other) || error(b) == error(other) && is_even, "{a} to {b}");
                }
            } else {
                assert!(a.abs() >= 3.402_823_567_797_336_6e38 && a.is_sign_negative() == b.is_sign_negative(), "{a}");
            }
        }
    }

    #[test]
    fn promotion_is_exact_and_quiets() {
        for &a in F32_TURNING {
            let b = f64_promote_f32(a);
            if a.is_nan() {
                let canonical = a.to_bits() << 1 == 0xff80_0000;
                let operand = f64::from_bits(if canonical { 0x7ff8 << 48 } else { 0x7ff8 << 48 | 1 });
                assert!(is_allowed_nan64(b, &[operand]), "{:#x}", b.to_bits());
            } else {
                assert_eq!(f32_demote_f64(b).to_bits(), a.to_bits());
            }
        }
    }

    #[test]
    fn reinterpretation_keeps_signalling_nans() {
        assert_eq!(i32_reinterpret_f32(f32_reinterpret_i32(0x7f80_0001)), 0x7f80_0001);
        assert_eq!(i64_reinterpret_f64(f64_reinterpret_i64(0xfff0_0000_0000_0001)), 0xfff0_0000_0000_0001);
    }
}
