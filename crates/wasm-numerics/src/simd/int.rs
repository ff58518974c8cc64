//! Integer lanes: arithmetic, saturating arithmetic, minimum and maximum, shifts.

use wasm_syntax::V128;

use super::lanes::{map, zip};

ops! {
    i8x16_add(a: V128, b: V128) -> V128 { zip(a, b, u8::wrapping_add) } "Lane-wise sum, wrapping", "op-iadd";
    i8x16_sub(a: V128, b: V128) -> V128 { zip(a, b, u8::wrapping_sub) } "Lane-wise difference, wrapping", "op-isub";
    i8x16_neg(a: V128) -> V128 { map(a, u8::wrapping_neg) } "Lane-wise negation, wrapping", "op-ineg";
    i8x16_abs(a: V128) -> V128 { map(a, i8::wrapping_abs) }
        "Lane-wise absolute value; of the least value, itself", "op-iabs";
    i8x16_add_sat_s(a: V128, b: V128) -> V128 { zip(a, b, i8::saturating_add) }
        "Lane-wise signed sum, saturated", "op-iadd_sat";
    i8x16_sub_sat_s(a: V128, b: V128) -> V128 { zip(a, b, i8::saturating_sub) }
        "Lane-wise signed difference, saturated", "op-isub_sat";
    i8x16_add_sat_u(a: V128, b: V128) -> V128 { zip(a, b, u8::saturating_add) }
        "Lane-wise unsigned sum, saturated", "op-iadd_sat";
    i8x16_sub_sat_u(a: V128, b: V128) -> V128 { zip(a, b, u8::saturating_sub) }
        "Lane-wise unsigned difference, saturated", "op-isub_sat";
    i8x16_min_s(a: V128, b: V128) -> V128 { zip(a, b, <i8 as Ord>::min) } "The lane-wise smaller, signed", "op-imin";
    i8x16_min_u(a: V128, b: V128) -> V128 { zip(a, b, <u8 as Ord>::min) } "The lane-wise smaller, unsigned", "op-imin";
    i8x16_max_s(a: V128, b: V128) -> V128 { zip(a, b, <i8 as Ord>::max) } "The lane-wise larger, signed", "op-imax";
    i8x16_max_u(a: V128, b: V128) -> V128 { zip(a, b, <u8 as Ord>::max) } "The lane-wise larger, unsigned", "op-imax";
    i8x16_avgr_u(a: V128, b: V128) -> V128 { zip(a, b, average_u8) } "Lane-wise unsigned mean, rounded up", "op-iavgr";
    i8x16_popcnt(a: V128) -> V128 { map(a, |x: u8| x.count_ones() as u8) }
        "The number of set bits of each lane", "op-ipopcnt";
    i8x16_shl(a: V128, count: u32) -> V128 { map(a, |x: u8| x.wrapping_shl(count)) }
        "Shifts each lane left by `count` modulo 8", "op-ishl";
    i8x16_shr_s(a: V128, count: u32) -> V128 { map(a, |x: i8| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 8, copying the sign bit", "op-ishr";
    i8x16_shr_u(a: V128, count: u32) -> V128 { map(a, |x: u8| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 8, inserting zeros", "op-ishr";
}

ops! {
    i16x8_add(a: V128, b: V128) -> V128 { zip(a, b, u16::wrapping_add) } "Lane-wise sum, wrapping", "op-iadd";
    i16x8_sub(a: V128, b: V128) -> V128 { zip(a, b, u16::wrapping_sub) } "Lane-wise difference, wrapping", "op-isub";
    i16x8_mul(a: V128, b: V128) -> V128 { zip(a, b, u16::wrapping_mul) } "Lane-wise product, wrapping", "op-imul";
    i16x8_neg(a: V128) -> V128 { map(a, u16::wrapping_neg) } "Lane-wise negation, wrapping", "op-ineg";
    i16x8_abs(a: V128) -> V128 { map(a, i16::wrapping_abs) }
        "Lane-wise absolute value; of the least value, itself", "op-iabs";
    i16x8_add_sat_s(a: V128, b: V128) -> V128 { zip(a, b, i16::saturating_add) }
        "Lane-wise signed sum, saturated", "op-iadd_sat";
    i16x8_sub_sat_s(a: V128, b: V128) -> V128 { zip(a, b, i16::saturating_sub) }
        "Lane-wise signed difference, saturated", "op-isub_sat";
    i16x8_add_sat_u(a: V128, b: V128) -> V128 { zip(a, b, u16::saturating_add) }
        "Lane-wise unsigned sum, saturated", "op-iadd_sat";
    i16x8_sub_sat_u(a: V128, b: V128) -> V128 { zip(a, b, u16::saturating_sub) }
        "Lane-wise unsigned difference, saturated", "op-isub_sat";
    i16x8_min_s(a: V128, b: V128) -> V128 { zip(a, b, <i16 as Ord>::min) } "The lane-wise smaller, signed", "op-imin";
    i16x8_min_u(a: V128, b: V128) -> V128 { zip(a, b, <u16 as Ord>::min) } "The lane-wise smaller, unsigned", "op-imin";
    i16x8_max_s(a: V128, b: V128) -> V128 { zip(a, b, <i16 as Ord>::max) } "The lane-wise larger, signed", "op-imax";
    i16x8_max_u(a: V128, b: V128) -> V128 { zip(a, b, <u16 as Ord>::max) } "The lane-wise larger, unsigned", "op-imax";
    i16x8_avgr_u(a: V128, b: V128) -> V128 { zip(a, b, average_u16) } "Lane-wise unsigned mean, rounded up", "op-iavgr";
    i16x8_q15mulr_sat_s(a: V128, b: V128) -> V128 { zip(a, b, q15mulr_sat) }
        "Lane-wise product of Q15 numbers, rounded to nearest and saturated", "op-iq15mulrsat";
    i16x8_shl(a: V128, count: u32) -> V128 { map(a, |x: u16| x.wrapping_shl(count)) }
        "Shifts each lane left by `count` modulo 16", "op-ishl";
    i16x8_shr_s(a: V128, count: u32) -> V128 { map(a, |x: i16| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 16, copying the sign bit", "op-ishr";
    i16x8_shr_u(a: V128, count: u32) -> V128 { map(a, |x: u16| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 16, inserting zeros", "op-ishr";
}

ops! {
    i32x4_add(a: V128, b: V128) -> V128 { zip(a, b, u32::wrapping_add) } "Lane-wise sum, wrapping", "op-iadd";
    i32x4_sub(a: V128, b: V128) -> V128 { zip(a, b, u32::wrapping_sub) } "Lane-wise difference, wrapping", "op-isub";
    i32x4_mul(a: V128, b: V128) -> V128 { zip(a, b, u32::wrapping_mul) } "Lane-wise product, wrapping", "op-imul";
    i32x4_neg(a: V128) -> V128 { map(a, u32::wrapping_neg) } "Lane-wise negation, wrapping", "op-ineg";
    i32x4_abs(a: V128) -> V128 { map(a, i32::wrapping_abs) }
        "Lane-wise absolute value; of the least value, itself", "op-iabs";
    i32x4_min_s(a: V128, b: V128) -> V128 { zip(a, b, <i32 as Ord>::min) } "The lane-wise smaller, signed", "op-imin";
    i32x4_min_u(a: V128, b: V128) -> V128 { zip(a, b, <u32 as Ord>::min) } "The lane-wise smaller, unsigned", "op-imin";
    i32x4_max_s(a: V128, b: V128) -> V128 { zip(a, b, <i32 as Ord>::max) } "The lane-wise larger, signed", "op-imax";
    i32x4_max_u(a: V128, b: V128) -> V128 { zip(a, b, <u32 as Ord>::max) } "The lane-wise larger, unsigned", "op-imax";
    i32x4_shl(a: V128, count: u32) -> V128 { map(a, |x: u32| x.wrapping_shl(count)) }
        "Shifts each lane left by `count` modulo 32", "op-ishl";
    i32x4_shr_s(a: V128, count: u32) -> V128 { map(a, |x: i32| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 32, copying the sign bit", "op-ishr";
    i32x4_shr_u(a: V128, count: u32) -> V128 { map(a, |x: u32| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 32, inserting zeros", "op-ishr";
}

ops! {
    i64x2_add(a: V128, b: V128) -> V128 { zip(a, b, u64::wrapping_add) } "Lane-wise sum, wrapping", "op-iadd";
    i64x2_sub(a: V128, b: V128) -> V128 { zip(a, b, u64::wrapping_sub) } "Lane-wise difference, wrapping", "op-isub";
    i64x2_mul(a: V128, b: V128) -> V128 { zip(a, b, u64::wrapping_mul) } "Lane-wise product, wrapping", "op-imul";
    i64x2_neg(a: V128) -> V128 { map(a, u64::wrapping_neg) } "Lane-wise negation, wrapping", "op-ineg";
    i64x2_abs(a: V128) -> V128 { map(a, i64::wrapping_abs) }
        "Lane-wise absolute value; of the least value, itself", "op-iabs";
    i64x2_shl(a: V128, count: u32) -> V128 { map(a, |x: u64| x.wrapping_shl(count)) }
        "Shifts each lane left by `count` modulo 64", "op-ishl";
    i64x2_shr_s(a: V128, count: u32) -> V128 { map(a, |x: i64| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 64, copying the sign bit", "op-ishr";
    i64x2_shr_u(a: V128, count: u32) -> V128 { map(a, |x: u64| x.wrapping_shr(count)) }
        "Shifts each lane right by `count` modulo 64, inserting zeros", "op-ishr";
}

#[inline(always)]
fn average_u8(x: u8, y: u8) -> u8 {
    ((u16::from(x) + u16::from(y) + 1) >> 1) as u8
}

#[inline(always)]
fn average_u16(x: u16, y: u16) -> u16 {
    ((u32::from(x) + u32::from(y) + 1) >> 1) as u16
}

/// The product of two numbers in units of 2^-15. Only that of −1 and −1 overflows.
#[inline(always)]
fn q15mulr_sat(x: i16, y: i16) -> i16 {
    let rounded = (i32::from(x) * i32::from(y) + (1 << 14)) >> 15;
    rounded.min(i16::MAX.into()) as i16
}
