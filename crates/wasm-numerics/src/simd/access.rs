//! Lanes from and to scalars: splat, extract, replace, and what the vector memory instructions make of the bytes they
//! read or will write.
//!
//! A lane index is taken modulo the number of lanes; validation admits no larger ones.

use wasm_syntax::V128;

use super::lanes::{Lane, get, low, low_bits, map, set, splat};

ops! {
    i8x16_splat(x: u32) -> V128 { splat(x as u8) } "The low bits of `x` in every lane", "exec-vsplat";
    i16x8_splat(x: u32) -> V128 { splat(x as u16) } "The low bits of `x` in every lane", "exec-vsplat";
    i32x4_splat(x: u32) -> V128 { splat(x) } "`x` in every lane", "exec-vsplat";
    i64x2_splat(x: u64) -> V128 { splat(x) } "`x` in every lane", "exec-vsplat";
    f32x4_splat(x: f32) -> V128 { splat(x) } "`x` in every lane", "exec-vsplat";
    f64x2_splat(x: f64) -> V128 { splat(x) } "`x` in every lane", "exec-vsplat";
}

ops! {
    i8x16_extract_lane_s(a: V128, lane: u8) -> u32 { get::<i8, 16>(a, lane) as u32 }
        "Lane `lane`, sign-extended", "exec-vextract_lane";
    i8x16_extract_lane_u(a: V128, lane: u8) -> u32 { u32::from(get::<u8, 16>(a, lane)) }
        "Lane `lane`, zero-extended", "exec-vextract_lane";
    i8x16_replace_lane(a: V128, lane: u8, x: u32) -> V128 { set(a, lane, x as u8) }
        "`a` with lane `lane` replaced by the low bits of `x`", "exec-vreplace_lane";
    i16x8_extract_lane_s(a: V128, lane: u8) -> u32 { get::<i16, 8>(a, lane) as u32 }
        "Lane `lane`, sign-extended", "exec-vextract_lane";
    i16x8_extract_lane_u(a: V128, lane: u8) -> u32 { u32::from(get::<u16, 8>(a, lane)) }
        "Lane `lane`, zero-extended", "exec-vextract_lane";
    i16x8_replace_lane(a: V128, lane: u8, x: u32) -> V128 { set(a, lane, x as u16) }
        "`a` with lane `lane` replaced by the low bits of `x`", "exec-vreplace_lane";
    i32x4_extract_lane(a: V128, lane: u8) -> u32 { get(a, lane) } "Lane `lane`", "exec-vextract_lane";
    i32x4_replace_lane(a: V128, lane: u8, x: u32) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vreplace_lane";
    i64x2_extract_lane(a: V128, lane: u8) -> u64 { get(a, lane) } "Lane `lane`", "exec-vextract_lane";
    i64x2_replace_lane(a: V128, lane: u8, x: u64) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vreplace_lane";
    f32x4_extract_lane(a: V128, lane: u8) -> f32 { get(a, lane) } "Lane `lane`", "exec-vextract_lane";
    f32x4_replace_lane(a: V128, lane: u8, x: f32) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vreplace_lane";
    f64x2_extract_lane(a: V128, lane: u8) -> f64 { get(a, lane) } "Lane `lane`", "exec-vextract_lane";
    f64x2_replace_lane(a: V128, lane: u8, x: f64) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vreplace_lane";
}

ops! {
    v128_load8x8_s(bytes: u64) -> V128 { map(spread(bytes), |x: u16| i16::from(x as i8)) }
        "The lanes that `v128.load8x8_s` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load8x8_u(bytes: u64) -> V128 { spread(bytes) }
        "The lanes that `v128.load8x8_u` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load16x4_s(bytes: u64) -> V128 { low(low_bits(bytes), |x: i16| i32::from(x)) }
        "The lanes that `v128.load16x4_s` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load16x4_u(bytes: u64) -> V128 { low(low_bits(bytes), |x: u16| u32::from(x)) }
        "The lanes that `v128.load16x4_u` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load32x2_s(bytes: u64) -> V128 { low(low_bits(bytes), |x: i32| i64::from(x)) }
        "The lanes that `v128.load32x2_s` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load32x2_u(bytes: u64) -> V128 { low(low_bits(bytes), |x: u32| u64::from(x)) }
        "The lanes that `v128.load32x2_u` makes of the 8 bytes it read", "exec-vload-pack";
    v128_load8_splat(x: u8) -> V128 { splat(x) } "`x` in every lane", "exec-vload-splat";
    v128_load16_splat(x: u16) -> V128 { splat(x) } "`x` in every lane", "exec-vload-splat";
    v128_load32_splat(x: u32) -> V128 { splat(x) } "`x` in every lane", "exec-vload-splat";
    v128_load64_splat(x: u64) -> V128 { splat(x) } "`x` in every lane", "exec-vload-splat";
    v128_load32_zero(x: u32) -> V128 { low_bits(u64::from(x)) } "`x` in lane 0, zero elsewhere", "exec-vload-zero";
    v128_load64_zero(x: u64) -> V128 { low_bits(x) } "`x` in lane 0, zero elsewhere", "exec-vload-zero";
    v128_load8_lane(a: V128, lane: u8, x: u8) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vload_lane";
    v128_store8_lane(a: V128, lane: u8) -> u8 { get(a, lane) } "Lane `lane`", "exec-vstore_lane";
    v128_load16_lane(a: V128, lane: u8, x: u16) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vload_lane";
    v128_store16_lane(a: V128, lane: u8) -> u16 { get(a, lane) } "Lane `lane`", "exec-vstore_lane";
    v128_load32_lane(a: V128, lane: u8, x: u32) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vload_lane";
    v128_store32_lane(a: V128, lane: u8) -> u32 { get(a, lane) } "Lane `lane`", "exec-vstore_lane";
    v128_load64_lane(a: V128, lane: u8, x: u64) -> V128 { set(a, lane, x) }
        "`a` with lane `lane` replaced by `x`", "exec-vload_lane";
    v128_store64_lane(a: V128, lane: u8) -> u64 { get(a, lane) } "Lane `lane`", "exec-vstore_lane";
}

/// The bytes zero-extended to 16 bits each. Halving the distance of shifts vectorises; extending byte by byte out of a
/// scalar does not.
#[inline(always)]
fn spread(bytes: u64) -> V128 {
    let halves = [bytes & 0xffff_ffff, bytes >> 32];
    let pairs = halves.map(|x| (x | x << 16) & 0x0000_ffff_0000_ffff);
    Lane::join(pairs.map(|x| (x | x << 8) & 0x00ff_00ff_00ff_00ff))
}
