//! Conversions between vector shapes: widening, narrowing, and between integer and float lanes.

use wasm_syntax::V128;

use super::lanes::{concat, high, high_zip, low, low_zero, low_zip, map, zip};

ops! {
    i16x8_extend_low_i8x16_s(a: V128) -> V128 { low(a, |x: i8| i16::from(x)) }
        "The low half of the lanes, sign-extended", "op-extend";
    i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: i8, y| i16::from(x).wrapping_mul(i16::from(y)))
    } "Exact products of the low half of the signed lanes", "op-vextbinop";
    i16x8_extend_high_i8x16_s(a: V128) -> V128 { high(a, |x: i8| i16::from(x)) }
        "The high half of the lanes, sign-extended", "op-extend";
    i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: i8, y| i16::from(x).wrapping_mul(i16::from(y)))
    } "Exact products of the high half of the signed lanes", "op-vextbinop";
    i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 { map(a, |x: i16| i16::from(x as i8) + (x >> 8)) }
        "Exact sums of neighbouring signed lanes", "op-vextunop";
    i16x8_extend_low_i8x16_u(a: V128) -> V128 { low(a, |x: u8| u16::from(x)) }
        "The low half of the lanes, zero-extended", "op-extend";
    i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: u8, y| u16::from(x).wrapping_mul(u16::from(y)))
    } "Exact products of the low half of the unsigned lanes", "op-vextbinop";
    i16x8_extend_high_i8x16_u(a: V128) -> V128 { high(a, |x: u8| u16::from(x)) }
        "The high half of the lanes, zero-extended", "op-extend";
    i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: u8, y| u16::from(x).wrapping_mul(u16::from(y)))
    } "Exact products of the high half of the unsigned lanes", "op-vextbinop";
    i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 { map(a, |x: u16| u16::from(x as u8) + (x >> 8)) }
        "Exact sums of neighbouring unsigned lanes", "op-vextunop";
}

ops! {
    i32x4_extend_low_i16x8_s(a: V128) -> V128 { low(a, |x: i16| i32::from(x)) }
        "The low half of the lanes, sign-extended", "op-extend";
    i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: i16, y| i32::from(x).wrapping_mul(i32::from(y)))
    } "Exact products of the low half of the signed lanes", "op-vextbinop";
    i32x4_extend_high_i16x8_s(a: V128) -> V128 { high(a, |x: i16| i32::from(x)) }
        "The high half of the lanes, sign-extended", "op-extend";
    i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: i16, y| i32::from(x).wrapping_mul(i32::from(y)))
    } "Exact products of the high half of the signed lanes", "op-vextbinop";
    i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 { map(a, |x: i32| i32::from(x as i16) + (x >> 16)) }
        "Exact sums of neighbouring signed lanes", "op-vextunop";
    i32x4_extend_low_i16x8_u(a: V128) -> V128 { low(a, |x: u16| u32::from(x)) }
        "The low half of the lanes, zero-extended", "op-extend";
    i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: u16, y| u32::from(x).wrapping_mul(u32::from(y)))
    } "Exact products of the low half of the unsigned lanes", "op-vextbinop";
    i32x4_extend_high_i16x8_u(a: V128) -> V128 { high(a, |x: u16| u32::from(x)) }
        "The high half of the lanes, zero-extended", "op-extend";
    i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: u16, y| u32::from(x).wrapping_mul(u32::from(y)))
    } "Exact products of the high half of the unsigned lanes", "op-vextbinop";
    i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 { map(a, |x: u32| u32::from(x as u16) + (x >> 16)) }
        "Exact sums of neighbouring unsigned lanes", "op-vextunop";
}

ops! {
    i64x2_extend_low_i32x4_s(a: V128) -> V128 { low(a, |x: i32| i64::from(x)) }
        "The low half of the lanes, sign-extended", "op-extend";
    i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: i32, y| i64::from(x).wrapping_mul(i64::from(y)))
    } "Exact products of the low half of the signed lanes", "op-vextbinop";
    i64x2_extend_high_i32x4_s(a: V128) -> V128 { high(a, |x: i32| i64::from(x)) }
        "The high half of the lanes, sign-extended", "op-extend";
    i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: i32, y| i64::from(x).wrapping_mul(i64::from(y)))
    } "Exact products of the high half of the signed lanes", "op-vextbinop";
    i64x2_extend_low_i32x4_u(a: V128) -> V128 { low(a, |x: u32| u64::from(x)) }
        "The low half of the lanes, zero-extended", "op-extend";
    i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 {
        low_zip(a, b, |x: u32, y| u64::from(x).wrapping_mul(u64::from(y)))
    } "Exact products of the low half of the unsigned lanes", "op-vextbinop";
    i64x2_extend_high_i32x4_u(a: V128) -> V128 { high(a, |x: u32| u64::from(x)) }
        "The high half of the lanes, zero-extended", "op-extend";
    i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 {
        high_zip(a, b, |x: u32, y| u64::from(x).wrapping_mul(u64::from(y)))
    } "Exact products of the high half of the unsigned lanes", "op-vextbinop";
}

ops! {
    i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 { zip(a, b, dot_i16) }
        "Sums of the products of neighbouring signed lanes, wrapping", "op-vextbinop";
    i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 {
        concat(a, b, |x: i16| x.clamp(i8::MIN.into(), i8::MAX.into()) as i8)
    } "The signed lanes of `a`, then of `b`, saturated to signed", "op-vnarrow";
    i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 { concat(a, b, |x: i16| x.clamp(0, u8::MAX.into()) as u8) }
        "The signed lanes of `a`, then of `b`, saturated to unsigned", "op-vnarrow";
    i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 {
        concat(a, b, |x: i32| x.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    } "The signed lanes of `a`, then of `b`, saturated to signed", "op-vnarrow";
    i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 { concat(a, b, |x: i32| x.clamp(0, u16::MAX.into()) as u16) }
        "The signed lanes of `a`, then of `b`, saturated to unsigned", "op-vnarrow";
}

ops! {
    i32x4_trunc_sat_f32x4_s(a: V128) -> V128 { map(a, |x: f32| x as i32) }
        "Each lane as signed integer without its fraction, saturated; 0 if NaN", "op-trunc_sat";
    i32x4_trunc_sat_f64x2_s_zero(a: V128) -> V128 { low_zero(a, |x: f64| x as i32) }
        "Like `i32x4_trunc_sat_f32x4_s` for two doubles; the high lanes are 0", "op-vcvtop";
    f32x4_convert_i32x4_s(a: V128) -> V128 { map(a, |x: i32| x as f32) }
        "Each signed integer as a float, rounded to nearest, ties to even", "op-convert";
    f64x2_convert_low_i32x4_s(a: V128) -> V128 { low(a, |x: i32| f64::from(x)) }
        "The low two signed integers as doubles, exactly", "op-vcvtop";
    i32x4_trunc_sat_f32x4_u(a: V128) -> V128 { map(a, |x: f32| x as u32) }
        "Each lane as unsigned integer without its fraction, saturated; 0 if NaN", "op-trunc_sat";
    i32x4_trunc_sat_f64x2_u_zero(a: V128) -> V128 { low_zero(a, |x: f64| x as u32) }
        "Like `i32x4_trunc_sat_f32x4_u` for two doubles; the high lanes are 0", "op-vcvtop";
    f32x4_convert_i32x4_u(a: V128) -> V128 { map(a, |x: u32| x as f32) }
        "Each unsigned integer as a float, rounded to nearest, ties to even", "op-convert";
    f64x2_convert_low_i32x4_u(a: V128) -> V128 { low(a, |x: u32| f64::from(x)) }
        "The low two unsigned integers as doubles, exactly", "op-vcvtop";
    f32x4_demote_f64x2_zero(a: V128) -> V128 { low_zero(a, |x: f64| x as f32) }
        "Two doubles in single precision, rounded to nearest; the high lanes are 0", "op-vcvtop";
    f64x2_promote_low_f32x4(a: V128) -> V128 { low(a, |x: f32| f64::from(x)) }
        "The low two floats in double precision", "op-vcvtop";
}

/// The sum of the products of the 16-bit halves. It overflows only if all four halves are the least integer, and wraps.
///
/// Halves of wide lanes vectorise where neighbours among narrow lanes do not.
#[inline(always)]
fn dot_i16(x: i32, y: i32) -> i32 {
    let low = i32::from(x as i16) * i32::from(y as i16);
    low.wrapping_add((x >> 16) * (y >> 16))
}
