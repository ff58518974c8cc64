//! Vectors as bits: bitwise operators, tests and bit masks.

use wasm_syntax::V128;

use super::lanes::{Lane, map, zip};

ops! {
    v128_not(a: V128) -> V128 { map(a, |x: u64| !x) } "Bitwise negation", "op-inot";
    v128_and(a: V128, b: V128) -> V128 { zip(a, b, |x: u64, y| x & y) } "Bitwise conjunction", "op-iand";
    v128_andnot(a: V128, b: V128) -> V128 { zip(a, b, |x: u64, y| x & !y) }
        "The bits of `a` that are clear in `b`", "op-iandnot";
    v128_or(a: V128, b: V128) -> V128 { zip(a, b, |x: u64, y| x | y) } "Bitwise disjunction", "op-ior";
    v128_xor(a: V128, b: V128) -> V128 { zip(a, b, |x: u64, y| x ^ y) } "Bitwise exclusive disjunction", "op-ixor";
    v128_bitselect(a: V128, b: V128, mask: V128) -> V128 { v128_or(v128_and(a, mask), v128_andnot(b, mask)) }
        "The bits of `a` where `mask` is set, those of `b` elsewhere", "op-ibitselect";
}

ops! {
    v128_any_true(a: V128) -> bool { a.to_u128() != 0 } "Whether any bit is set", "exec-vvtestop";
    i8x16_all_true(a: V128) -> bool { !has_zero(a, 0x0101_0101_0101_0101) } "Whether no lane is 0", "exec-vtestop";
    i16x8_all_true(a: V128) -> bool { !has_zero(a, 0x0001_0001_0001_0001) } "Whether no lane is 0", "exec-vtestop";
    i32x4_all_true(a: V128) -> bool { !has_zero(a, 0x0000_0001_0000_0001) } "Whether no lane is 0", "exec-vtestop";
    i64x2_all_true(a: V128) -> bool { !has_zero(a, 1) } "Whether no lane is 0", "exec-vtestop";
}

ops! {
    i8x16_bitmask(a: V128) -> u32 { join(a, 8, gather_8) } "The sign bits of the lanes, lane 0 lowest", "op-ivbitmask";
    i16x8_bitmask(a: V128) -> u32 { join(a, 4, gather_4) } "The sign bits of the lanes, lane 0 lowest", "op-ivbitmask";
    i32x4_bitmask(a: V128) -> u32 { join(a, 2, gather_2) } "The sign bits of the lanes, lane 0 lowest", "op-ivbitmask";
    i64x2_bitmask(a: V128) -> u32 { join(a, 1, |half| half >> 63) }
        "The sign bits of the lanes, lane 0 lowest", "op-ivbitmask";
}

/// Whether a lane is 0, where `ones` is 1 in each lane of a half.
///
/// Subtracting 1 from each lane sets the highest bit of the lowest zero lane, which was clear. A lane above 0 whose
/// highest bit was clear keeps it so, unless a lower lane borrows from it, of which then the lowest is zero.
#[inline(always)]
fn has_zero(a: V128, ones: u64) -> bool {
    let highest = ones.rotate_right(1);
    let [low, high] = <u64 as Lane<2>>::split(a).map(|half| half.wrapping_sub(ones) & !half & highest);
    low | high != 0
}

/// The bits that `gather` takes from each half, those of the high half above `count` of the low half.
#[inline(always)]
fn join(a: V128, count: u32, gather: impl Fn(u64) -> u64) -> u32 {
    let [low, high] = <u64 as Lane<2>>::split(a);
    (gather(low) | gather(high) << count) as u32
}

/// The highest bits of eight bytes. The multiplication moves the bit of byte `i` to bit `56 + i`, and no two partial
/// products meet in one bit, so that nothing carries.
#[inline(always)]
fn gather_8(half: u64) -> u64 {
    (half & 0x8080_8080_8080_8080).wrapping_mul(0x0002_0408_1020_4081) >> 56
}

/// The highest bits of four 16-bit lanes, moved to the bits 60 to 63 as in [`gather_8`].
#[inline(always)]
fn gather_4(half: u64) -> u64 {
    (half & 0x8000_8000_8000_8000).wrapping_mul(0x0000_2000_4000_8001) >> 60
}

/// The highest bits of two 32-bit lanes.
#[inline(always)]
fn gather_2(half: u64) -> u64 {
    half >> 31 & 1 | half >> 62 & 2
}
