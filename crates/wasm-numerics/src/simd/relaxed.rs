//! Relaxed vector instructions, each with one result on every host: that of the specification's deterministic profile.

use wasm_syntax::V128;

use super::lanes::zip;
use super::{
    f32x4_add, f32x4_max, f32x4_min, f32x4_mul, f32x4_neg, f64x2_add, f64x2_max, f64x2_min, f64x2_mul, f64x2_neg,
    i8x16_swizzle, i16x8_q15mulr_sat_s, i32x4_add, i32x4_extadd_pairwise_i16x8_s, i32x4_trunc_sat_f32x4_s,
    i32x4_trunc_sat_f32x4_u, i32x4_trunc_sat_f64x2_s_zero, i32x4_trunc_sat_f64x2_u_zero, v128_bitselect,
};

ops! {
    i8x16_relaxed_swizzle(a: V128, indices: V128) -> V128 { i8x16_swizzle(a, indices) }
        "Like `i8x16_swizzle`: 0 for every index past the last lane", "op-ivrelaxed_swizzle";
    i32x4_relaxed_trunc_f32x4_s(a: V128) -> V128 { i32x4_trunc_sat_f32x4_s(a) }
        "Like `i32x4_trunc_sat_f32x4_s`", "op-relaxed_trunc";
    i32x4_relaxed_trunc_f64x2_s_zero(a: V128) -> V128 { i32x4_trunc_sat_f64x2_s_zero(a) }
        "Like `i32x4_trunc_sat_f64x2_s_zero`", "op-relaxed_trunc";
    i32x4_relaxed_trunc_f32x4_u(a: V128) -> V128 { i32x4_trunc_sat_f32x4_u(a) }
        "Like `i32x4_trunc_sat_f32x4_u`", "op-relaxed_trunc";
    i32x4_relaxed_trunc_f64x2_u_zero(a: V128) -> V128 { i32x4_trunc_sat_f64x2_u_zero(a) }
        "Like `i32x4_trunc_sat_f64x2_u_zero`", "op-relaxed_trunc";
    f32x4_relaxed_madd(a: V128, b: V128, c: V128) -> V128 { f32x4_add(f32x4_mul(a, b), c) }
        "Lane-wise `a * b + c`, the product rounded before the sum", "op-frelaxed_madd";
    f32x4_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 { f32x4_add(f32x4_mul(f32x4_neg(a), b), c) }
        "Lane-wise `-a * b + c`, the product rounded before the sum", "op-frelaxed_nmadd";
    f32x4_relaxed_min(a: V128, b: V128) -> V128 { f32x4_min(a, b) } "Like `f32x4_min`", "op-frelaxed_min";
    f32x4_relaxed_max(a: V128, b: V128) -> V128 { f32x4_max(a, b) } "Like `f32x4_max`", "op-frelaxed_max";
    f64x2_relaxed_madd(a: V128, b: V128, c: V128) -> V128 { f64x2_add(f64x2_mul(a, b), c) }
        "Lane-wise `a * b + c`, the product rounded before the sum", "op-frelaxed_madd";
    f64x2_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 { f64x2_add(f64x2_mul(f64x2_neg(a), b), c) }
        "Lane-wise `-a * b + c`, the product rounded before the sum", "op-frelaxed_nmadd";
    f64x2_relaxed_min(a: V128, b: V128) -> V128 { f64x2_min(a, b) } "Like `f64x2_min`", "op-frelaxed_min";
    f64x2_relaxed_max(a: V128, b: V128) -> V128 { f64x2_max(a, b) } "Like `f64x2_max`", "op-frelaxed_max";
    i8x16_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 { v128_bitselect(a, b, mask) }
        "Like `v128_bitselect`", "op-irelaxed_laneselect";
    i16x8_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 { v128_bitselect(a, b, mask) }
        "Like `v128_bitselect`", "op-irelaxed_laneselect";
    i32x4_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 { v128_bitselect(a, b, mask) }
        "Like `v128_bitselect`", "op-irelaxed_laneselect";
    i64x2_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 { v128_bitselect(a, b, mask) }
        "Like `v128_bitselect`", "op-irelaxed_laneselect";
    i16x8_relaxed_q15mulr_s(a: V128, b: V128) -> V128 { i16x8_q15mulr_sat_s(a, b) }
        "Like `i16x8_q15mulr_sat_s`", "op-irelaxed_q15mulr_s";
    i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 { zip(a, b, dot_i8) }
        "Sums of the products of neighbouring lanes, both operands signed, saturated", "op-irelaxed_dot";
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 {
        i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c)
    } "Sums of neighbouring lanes of `i16x8_relaxed_dot_i8x16_i7x16_s`, added to `c`", "op-irelaxed_dot_add";
}

/// The saturated sum of the products of the bytes. Only four bytes −128 saturate.
#[inline(always)]
fn dot_i8(x: i16, y: i16) -> i16 {
    let low = i16::from(x as i8) * i16::from(y as i8);
    low.saturating_add((x >> 8) * (y >> 8))
}
