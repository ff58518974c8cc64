//! The vector operators against formulations in 128-bit integers and against the scalar operators.

use wasm_syntax::V128;

use super::*;
use crate::testing::Bits;

const ROUNDS: usize = 2_000;

/// How the integers of a test read lanes.
#[derive(Clone, Copy)]
enum As {
    Signed,
    Unsigned,
}
use As::{Signed, Unsigned};

fn mask(width: u32) -> u128 {
    (1 << width) - 1
}

/// Lane `i` of `width` bits.
fn lane(v: V128, width: u32, i: u32, read_as: As) -> i128 {
    let bits = v.to_u128() >> (width * i) & mask(width);
    match read_as {
        Signed if bits >> (width - 1) == 1 => bits as i128 - (1 << width),
        _ => bits as i128,
    }
}

/// The vector whose lanes of `width` bits hold the low bits of `meaning(i)`.
fn lanes(width: u32, meaning: impl Fn(u32) -> i128) -> V128 {
    (0..128 / width)
        .fold(V128::ZERO, |v, i| V128::from_u128(v.to_u128() | (meaning(i) as u128 & mask(width)) << (width * i)))
}

fn truth(holds: bool) -> i128 {
    -i128::from(holds)
}

fn saturate(x: i128, width: u32, range_of: As) -> i128 {
    match range_of {
        Signed => x.clamp(-(1 << (width - 1)), (1 << (width - 1)) - 1),
        Unsigned => x.clamp(0, mask(width) as i128),
    }
}

type Unary = fn(V128) -> V128;
type Binary = fn(V128, V128) -> V128;
type Meaning = fn(i128, i128) -> i128;

/// Checks lane-wise operators, each against its meaning on two lanes that 128 bits hold exactly.
fn check(width: u32, read_as: As, table: &[(&str, Binary, Meaning)]) {
    let mut bits = Bits::new(u64::from(width));
    for _ in 0..ROUNDS {
        let (a, b) = (bits.v128(), bits.v128());
        for (name, operator, meaning) in table {
            let expected = lanes(width, |i| meaning(lane(a, width, i, read_as), lane(b, width, i, read_as)));
            assert_eq!(operator(a, b), expected, "{name} of {width}-bit lanes of {a:x?} and {b:x?}");
        }
    }
}

#[test]
fn lane_arithmetic_wraps_or_saturates() {
    let add: Meaning = |x, y| x + y;
    let sub: Meaning = |x, y| x - y;
    let mul: Meaning = |x, y| x.wrapping_mul(y);
    check(8, Signed, &[("add", i8x16_add, add), ("sub", i8x16_sub, sub)]);
    check(16, Signed, &[("add", i16x8_add, add), ("sub", i16x8_sub, sub), ("mul", i16x8_mul, mul)]);
    check(32, Signed, &[("add", i32x4_add, add), ("sub", i32x4_sub, sub), ("mul", i32x4_mul, mul)]);
    check(64, Signed, &[("add", i64x2_add, add), ("sub", i64x2_sub, sub), ("mul", i64x2_mul, mul)]);
    check(
        8,
        Signed,
        &[
            ("add_sat_s", i8x16_add_sat_s, |x, y| saturate(x + y, 8, Signed)),
            ("sub_sat_s", i8x16_sub_sat_s, |x, y| saturate(x - y, 8, Signed)),
        ],
    );
    check(
        8,
        Unsigned,
        &[
            ("add_sat_u", i8x16_add_sat_u, |x, y| saturate(x + y, 8, Unsigned)),
            ("sub_sat_u", i8x16_sub_sat_u, |x, y| saturate(x - y, 8, Unsigned)),
            ("avgr_u", i8x16_avgr_u, |x, y| (x + y + 1) / 2),
        ],
    );
    check(
        16,
        Signed,
        &[
            ("add_sat_s", i16x8_add_sat_s, |x, y| saturate(x + y, 16, Signed)),
            ("sub_sat_s", i16x8_sub_sat_s, |x, y| saturate(x - y, 16, Signed)),
            ("q15mulr_sat_s", i16x8_q15mulr_sat_s, |x, y| saturate((x * y + 0x4000).div_euclid(0x8000), 16, Signed)),
            ("relaxed_q15mulr_s", i16x8_relaxed_q15mulr_s, |x, y| {
                if x + y == -65_536 { 32_767 } else { (x * y + 0x4000) >> 15 }
            }),
        ],
    );
    check(
        16,
        Unsigned,
        &[
            ("add_sat_u", i16x8_add_sat_u, |x, y| saturate(x + y, 16, Unsigned)),
            ("sub_sat_u", i16x8_sub_sat_u, |x, y| saturate(x - y, 16, Unsigned)),
            ("avgr_u", i16x8_avgr_u, |x, y| (x + y + 1) / 2),
        ],
    );
}

#[test]
fn lane_order_follows_the_sign() {
    let min: Meaning = |x, y| if x < y { x } else { y };
    let max: Meaning = |x, y| if x < y { y } else { x };
    let eq: Meaning = |x, y| truth(x == y);
    let ne: Meaning = |x, y| truth(x != y);
    let lt: Meaning = |x, y| truth(x < y);
    let gt: Meaning = |x, y| truth(x > y);
    let le: Meaning = |x, y| truth(x <= y);
    let ge: Meaning = |x, y| truth(x >= y);
    check(
        8,
        Signed,
        &[
            ("min_s", i8x16_min_s, min),
            ("max_s", i8x16_max_s, max),
            ("eq", i8x16_eq, eq),
            ("ne", i8x16_ne, ne),
            ("lt_s", i8x16_lt_s, lt),
            ("gt_s", i8x16_gt_s, gt),
            ("le_s", i8x16_le_s, le),
            ("ge_s", i8x16_ge_s, ge),
        ],
    );
    check(
        8,
        Unsigned,
        &[
            ("min_u", i8x16_min_u, min),
            ("max_u", i8x16_max_u, max),
            ("lt_u", i8x16_lt_u, lt),
            ("gt_u", i8x16_gt_u, gt),
            ("le_u", i8x16_le_u, le),
            ("ge_u", i8x16_ge_u, ge),
        ],
    );
    check(
        16,
        Signed,
        &[
            ("min_s", i16x8_min_s, min),
            ("max_s", i16x8_max_s, max),
            ("eq", i16x8_eq, eq),
            ("ne", i16x8_ne, ne),
            ("lt_s", i16x8_lt_s, lt),
            ("gt_s", i16x8_gt_s, gt),
            ("le_s", i16x8_le_s, le),
            ("ge_s", i16x8_ge_s, ge),
        ],
    );
    check(
        16,
        Unsigned,
        &[
            ("min_u", i16x8_min_u, min),
            ("max_u", i16x8_max_u, max),
            ("lt_u", i16x8_lt_u, lt),
            ("gt_u", i16x8_gt_u, gt),
            ("le_u", i16x8_le_u, le),
            ("ge_u", i16x8_ge_u, ge),
        ],
    );
    check(
        32,
        Signed,
        &[
            ("min_s", i32x4_min_s, min),
            ("max_s", i32x4_max_s, max),
            ("eq", i32x4_eq, eq),
            ("ne", i32x4_ne, ne),
            ("lt_s", i32x4_lt_s, lt),
            ("gt_s", i32x4_gt_s, gt),
            ("le_s", i32x4_le_s, le),
            ("ge_s", i32x4_ge_s, ge),
        ],
    );
    check(
        32,
        Unsigned,
        &[
            ("min_u", i32x4_min_u, min),
            ("max_u", i32x4_max_u, max),
            ("lt_u", i32x4_lt_u, lt),
            ("gt_u", i32x4_gt_u, gt),
            ("le_u", i32x4_le_u, le),
            ("ge_u", i32x4_ge_u, ge),
        ],
    );
    check(
        64,
        Signed,
        &[
            ("eq", i64x2_eq, eq),
            ("ne", i64x2_ne, ne),
            ("lt_s", i64x2_lt_s, lt),
            ("gt_s", i64x2_gt_s, gt),
            ("le_s", i64x2_le_s, le),
            ("ge_s", i64x2_ge_s, ge),
        ],
    );
}

#[test]
fn unary_operators_and_shifts_work_lane_by_lane() {
    type Shift = fn(V128, u32) -> V128;
    type Shape = (u32, Unary, Unary, Shift, Shift, Shift);
    let shapes: [Shape; 4] = [
        (8, i8x16_neg, i8x16_abs, i8x16_shl, i8x16_shr_s, i8x16_shr_u),
        (16, i16x8_neg, i16x8_abs, i16x8_shl, i16x8_shr_s, i16x8_shr_u),
        (32, i32x4_neg, i32x4_abs, i32x4_shl, i32x4_shr_s, i32x4_shr_u),
        (64, i64x2_neg, i64x2_abs, i64x2_shl, i64x2_shr_s, i64x2_shr_u),
    ];
    let mut bits = Bits::new(9);
    for _ in 0..ROUNDS {
        let (a, count) = (bits.v128(), bits.u32());
        for (width, neg, abs, shl, shr_s, shr_u) in shapes {
            assert_eq!(neg(a), lanes(width, |i| -lane(a, width, i, Signed)));
            assert_eq!(abs(a), lanes(width, |i| lane(a, width, i, Signed).abs()));
            let n = count % width;
            assert_eq!(shl(a, count), lanes(width, |i| lane(a, width, i, Unsigned) << n));
            assert_eq!(shr_s(a, count), lanes(width, |i| lane(a, width, i, Signed) >> n));
            assert_eq!(shr_u(a, count), lanes(width, |i| lane(a, width, i, Unsigned) >> n));
        }
        assert_eq!(i8x16_popcnt(a), lanes(8, |i| (0..8).map(|bit| lane(a, 1, 8 * i + bit, Unsigned)).sum()));
    }
}

/// Extension, pairwise sums and extended products from lanes of `width` bits to twice the width.
fn check_widening(width: u32, read_as: As, [low, high, pairwise]: [Option<Unary>; 3], extmul: [Binary; 2]) {
    let (mut bits, wide, count) = (Bits::new(10), 2 * width, 64 / width);
    for _ in 0..ROUNDS {
        let (a, b) = (bits.v128(), bits.v128());
        let (x, y) = (|i| lane(a, width, i, read_as), |i| lane(b, width, i, read_as));
        assert_eq!(low.map(|f| f(a)), low.map(|_| lanes(wide, x)));
        assert_eq!(high.map(|f| f(a)), high.map(|_| lanes(wide, |i| x(count + i))));
        assert_eq!(pairwise.map(|f| f(a)), pairwise.map(|_| lanes(wide, |i| x(2 * i) + x(2 * i + 1))));
        assert_eq!(extmul[0](a, b), lanes(wide, |i| x(i) * y(i)));
        assert_eq!(extmul[1](a, b), lanes(wide, |i| x(count + i) * y(count + i)));
    }
}

#[test]
fn widening_is_exact() {
    check_widening(
        8,
        Signed,
        [Some(i16x8_extend_low_i8x16_s), Some(i16x8_extend_high_i8x16_s), Some(i16x8_extadd_pairwise_i8x16_s)],
        [i16x8_extmul_low_i8x16_s, i16x8_extmul_high_i8x16_s],
    );
    check_widening(
        8,
        Unsigned,
        [Some(i16x8_extend_low_i8x16_u), Some(i16x8_extend_high_i8x16_u), Some(i16x8_extadd_pairwise_i8x16_u)],
        [i16x8_extmul_low_i8x16_u, i16x8_extmul_high_i8x16_u],
    );
    check_widening(
        16,
        Signed,
        [Some(i32x4_extend_low_i16x8_s), Some(i32x4_extend_high_i16x8_s), Some(i32x4_extadd_pairwise_i16x8_s)],
        [i32x4_extmul_low_i16x8_s, i32x4_extmul_high_i16x8_s],
    );
    check_widening(
        16,
        Unsigned,
        [Some(i32x4_extend_low_i16x8_u), Some(i32x4_extend_high_i16x8_u), Some(i32x4_extadd_pairwise_i16x8_u)],
        [i32x4_extmul_low_i16x8_u, i32x4_extmul_high_i16x8_u],
    );
    check_widening(
        32,
        Signed,
        [Some(i64x2_extend_low_i32x4_s), Some(i64x2_extend_high_i32x4_s), None],
        [i64x2_extmul_low_i32x4_s, i64x2_extmul_high_i32x4_s],
    );
    check_widening(
        32,
        Unsigned,
        [Some(i64x2_extend_low_i32x4_u), Some(i64x2_extend_high_i32x4_u), None],
        [i64x2_extmul_low_i32x4_u, i64x2_extmul_high_i32x4_u],
    );
}

#[test]
fn narrowing_saturates_and_keeps_the_order() {
    let table: [(u32, As, Binary); 4] = [
        (16, Signed, i8x16_narrow_i16x8_s),
        (16, Unsigned, i8x16_narrow_i16x8_u),
        (32, Signed, i16x8_narrow_i32x4_s),
        (32, Unsigned, i16x8_narrow_i32x4_u),
    ];
    let mut bits = Bits::new(11);
    for _ in 0..ROUNDS {
        let (a, b) = (bits.v128(), bits.v128());
        for (width, range_of, narrow) in table {
            let count = 128 / width;
            let expected = lanes(width / 2, |i| {
                let source = if i < count { a } else { b };
                saturate(lane(source, width, i % count, Signed), width / 2, range_of)
            });
            assert_eq!(narrow(a, b), expected);
        }
    }
}

#[test]
fn dot_products_sum_neighbours() {
    let mut bits = Bits::new(12);
    let least = [V128([0x80; 16]), lanes(16, |_| -0x8000)];
    let vectors = least.map(|v| (v, v)).into_iter();
    for (a, b) in vectors.chain((0..ROUNDS).map(|_| (bits.v128(), bits.v128()))) {
        let product = |width, i| lane(a, width, i, Signed) * lane(b, width, i, Signed);
        assert_eq!(i32x4_dot_i16x8_s(a, b), lanes(32, |i| product(16, 2 * i) + product(16, 2 * i + 1)));
        let pair = |i| saturate(product(8, 2 * i) + product(8, 2 * i + 1), 16, Signed);
        assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(a, b), lanes(16, pair));
        let quad = lanes(32, |i| pair(2 * i) + pair(2 * i + 1) + lane(a, 32, i, Signed));
        assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, a), quad);
    }
}

#[test]
fn tests_and_masks_look_at_every_lane() {
    type Shape = (u32, fn(V128) -> bool, fn(V128) -> u32);
    let shapes: [Shape; 4] = [
        (8, i8x16_all_true, i8x16_bitmask),
        (16, i16x8_all_true, i16x8_bitmask),
        (32, i32x4_all_true, i32x4_bitmask),
        (64, i64x2_all_true, i64x2_bitmask),
    ];
    let mut bits = Bits::new(13);
    for round in 0..ROUNDS {
        let mut a = bits.v128();
        // Random vectors seldom have no zero lane among turning bytes, or exactly one: make both common.
        if round % 2 == 0 {
            a = i8x16_max_u(a, V128([1; 16]));
        }
        if round % 4 == 0 {
            let (start, bytes) = (bits.u32() as usize, 1 << (bits.u32() % 4));
            a.0[start % 16 / bytes * bytes..][..bytes].fill(0);
        }
        assert_eq!(v128_any_true(a), a.0 != [0; 16]);
        for (width, all_true, bitmask) in shapes {
            assert_eq!(all_true(a), (0..128 / width).all(|i| lane(a, width, i, Unsigned) != 0), "{width}: {a:x?}");
            let signs = (0..128 / width).filter(|&i| lane(a, width, i, Signed) < 0);
            assert_eq!(bitmask(a), signs.map(|i| 1 << i).sum());
        }
    }
    assert!(!v128_any_true(V128::ZERO));
    assert!(v128_any_true(V128::from_u128(1 << 127)));
}

#[test]
fn bitwise_operators_work_bit_by_bit() {
    let mut bits = Bits::new(14);
    for _ in 0..ROUNDS {
        let (a, b, c) = (bits.v128(), bits.v128(), bits.v128());
        let (x, y, z) = (a.to_u128(), b.to_u128(), c.to_u128());
        assert_eq!(v128_not(a).to_u128(), !x);
        assert_eq!(v128_and(a, b).to_u128(), x & y);
        assert_eq!(v128_andnot(a, b).to_u128(), x & !y);
        assert_eq!(v128_or(a, b).to_u128(), x | y);
        assert_eq!(v128_xor(a, b).to_u128(), x ^ y);
        let selected = y ^ (x ^ y) & z;
        assert_eq!(v128_bitselect(a, b, c).to_u128(), selected);
        let select: [fn(V128, V128, V128) -> V128; 4] =
            [i8x16_relaxed_laneselect, i16x8_relaxed_laneselect, i32x4_relaxed_laneselect, i64x2_relaxed_laneselect];
        assert_eq!(select.map(|f| f(a, b, c).to_u128()), [selected; 4]);
    }
}

#[test]
fn bytes_move_to_where_indices_say() {
    let mut bits = Bits::new(15);
    for round in 0..ROUNDS {
        let (a, b) = (bits.v128(), bits.v128());
        // Half of the rounds have indices around the number of lanes.
        let indices = if round % 2 == 0 { bits.v128() } else { V128(bits.v128().0.map(|i| i % 40)) };
        let expected = lanes(8, |i| match indices.0[i as usize] {
            j @ 0..16 => a.0[usize::from(j)].into(),
            16.. => 0,
        });
        assert_eq!(i8x16_swizzle(a, indices), expected);
        assert_eq!(i8x16_relaxed_swizzle(a, indices), expected);
        let chosen = indices.0.map(|i| i % 32);
        let expected = lanes(8, |i| match chosen[i as usize] {
            j @ 0..16 => a.0[usize::from(j)].into(),
            j => b.0[usize::from(j - 16)].into(),
        });
        assert_eq!(i8x16_shuffle(a, b, chosen), expected);
    }
}

#[test]
fn lanes_are_read_and_replaced_in_place() {
    let mut bits = Bits::new(16);
    for round in 0..ROUNDS {
        let (a, x) = (bits.v128(), bits.u64());
        let i = (round % 16) as u8;
        let replaced = |width: u32| {
            let at = u32::from(i) % (128 / width);
            lanes(width, |k| if k == at { x.into() } else { lane(a, width, k, Unsigned) })
        };
        let read = |width: u32, read_as| lane(a, width, u32::from(i) % (128 / width), read_as);
        assert_eq!(i8x16_replace_lane(a, i, x as u32), replaced(8));
        assert_eq!(i16x8_replace_lane(a, i % 8, x as u32), replaced(16));
        assert_eq!(i32x4_replace_lane(a, i % 4, x as u32), replaced(32));
        assert_eq!(i64x2_replace_lane(a, i % 2, x), replaced(64));
        assert_eq!(f32x4_replace_lane(a, i % 4, f32::from_bits(x as u32)), replaced(32));
        assert_eq!(f64x2_replace_lane(a, i % 2, f64::from_bits(x)), replaced(64));
        assert_eq!(v128_load8_lane(a, i, x as u8), replaced(8));
        assert_eq!(v128_load16_lane(a, i % 8, x as u16), replaced(16));
        assert_eq!(v128_load32_lane(a, i % 4, x as u32), replaced(32));
        assert_eq!(v128_load64_lane(a, i % 2, x), replaced(64));
        assert_eq!(i8x16_extract_lane_s(a, i), read(8, Signed) as u32);
        assert_eq!(i8x16_extract_lane_u(a, i), read(8, Unsigned) as u32);
        assert_eq!(i16x8_extract_lane_s(a, i % 8), read(16, Signed) as u32);
        assert_eq!(i16x8_extract_lane_u(a, i % 8), read(16, Unsigned) as u32);
        assert_eq!(i32x4_extract_lane(a, i % 4), read(32, Unsigned) as u32);
        assert_eq!(i64x2_extract_lane(a, i % 2), read(64, Unsigned) as u64);
        assert_eq!(f32x4_extract_lane(a, i % 4).to_bits(), read(32, Unsigned) as u32);
        assert_eq!(f64x2_extract_lane(a, i % 2).to_bits(), read(64, Unsigned) as u64);
        assert_eq!(v128_store8_lane(a, i), read(8, Unsigned) as u8);
        assert_eq!(v128_store16_lane(a, i % 8), read(16, Unsigned) as u16);
        assert_eq!(v128_store32_lane(a, i % 4), read(32, Unsigned) as u32);
        assert_eq!(v128_store64_lane(a, i % 2), read(64, Unsigned) as u64);
    }
}

#[test]
fn loaded_bytes_fill_lanes() {
    let mut bits = Bits::new(17);
    for _ in 0..ROUNDS {
        let x = bits.v128().to_u128() as u64;
        let bytes = V128::from_u128(x.into());
        let extended = |width, read_as| lanes(2 * width, |i| lane(bytes, width, i, read_as));
        assert_eq!(v128_load8x8_s(x), extended(8, Signed));
        assert_eq!(v128_load8x8_u(x), extended(8, Unsigned));
        assert_eq!(v128_load16x4_s(x), extended(16, Signed));
        assert_eq!(v128_load16x4_u(x), extended(16, Unsigned));
        assert_eq!(v128_load32x2_s(x), extended(32, Signed));
        assert_eq!(v128_load32x2_u(x), extended(32, Unsigned));
        let splat = |width| lanes(width, |_| x.into());
        assert_eq!([v128_load8_splat(x as u8), i8x16_splat(x as u32)], [splat(8); 2]);
        assert_eq!([v128_load16_splat(x as u16), i16x8_splat(x as u32)], [splat(16); 2]);
        assert_eq!([v128_load32_splat(x as u32), i32x4_splat(x as u32)], [splat(32); 2]);
        assert_eq!([v128_load64_splat(x), i64x2_splat(x)], [splat(64); 2]);
        assert_eq!(f32x4_splat(f32::from_bits(x as u32)), splat(32));
        assert_eq!(f64x2_splat(f64::from_bits(x)), splat(64));
        assert_eq!(v128_load32_zero(x as u32).to_u128(), u128::from(x as u32));
        assert_eq!(v128_load64_zero(x).to_u128(), x.into());
    }
}
