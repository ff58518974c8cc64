//! The float lanes against the scalar operators, and the conversions between float and integer lanes.

use wasm_syntax::V128;

use super::*;
use crate::testing::{Bits, is_allowed_nan32, is_allowed_nan64};
use crate::{convert, float};

const ROUNDS: usize = 5_000;

fn f32s(v: V128) -> [f32; 4] {
    core::array::from_fn(|i| f32::from_bits((v.to_u128() >> (32 * i)) as u32))
}

fn f64s(v: V128) -> [f64; 2] {
    core::array::from_fn(|i| f64::from_bits((v.to_u128() >> (64 * i)) as u64))
}

fn u32s(v: V128) -> [u32; 4] {
    f32s(v).map(f32::to_bits)
}

fn vector_f32(bits: &mut Bits) -> V128 {
    (0..4).fold(V128::ZERO, |v, i| f32x4_replace_lane(v, i, bits.f32()))
}

fn vector_f64(bits: &mut Bits) -> V128 {
    (0..2).fold(V128::ZERO, |v, i| f64x2_replace_lane(v, i, bits.f64()))
}

/// Equal bits, or a NaN allowed for the operands: which one may depend on the order that the compiler chose for them.
#[track_caller]
fn assert_lane32(result: f32, expected: f32, operands: &[f32]) {
    let same = result.to_bits() == expected.to_bits();
    assert!(
        same || expected.is_nan() && is_allowed_nan32(result, operands),
        "{result} is not {expected}: {operands:?}"
    );
}

#[track_caller]
fn assert_lane64(result: f64, expected: f64, operands: &[f64]) {
    let same = result.to_bits() == expected.to_bits();
    assert!(
        same || expected.is_nan() && is_allowed_nan64(result, operands),
        "{result} is not {expected}: {operands:?}"
    );
}

type Unary = fn(V128) -> V128;
type Binary = fn(V128, V128) -> V128;

/// A vector operator and the scalar operator that it applies to each lane.
type Each<T> = (Unary, fn(T) -> T);
type Both<T, R> = (Binary, fn(T, T) -> R);

#[test]
fn single_lanes_follow_the_scalars() {
    let unary: [Each<f32>; 7] = [
        (f32x4_abs, float::f32_abs),
        (f32x4_neg, float::f32_neg),
        (f32x4_sqrt, float::f32_sqrt),
        (f32x4_ceil, float::f32_ceil),
        (f32x4_floor, float::f32_floor),
        (f32x4_trunc, float::f32_trunc),
        (f32x4_nearest, float::f32_nearest),
    ];
    let binary: [Both<f32, f32>; 8] = [
        (f32x4_add, float::f32_add),
        (f32x4_sub, float::f32_sub),
        (f32x4_mul, float::f32_mul),
        (f32x4_div, float::f32_div),
        (f32x4_min, float::f32_min),
        (f32x4_max, float::f32_max),
        (f32x4_relaxed_min, float::f32_min),
        (f32x4_relaxed_max, float::f32_max),
    ];
    let relations: [Both<f32, bool>; 6] = [
        (f32x4_eq, float::f32_eq),
        (f32x4_ne, float::f32_ne),
        (f32x4_lt, float::f32_lt),
        (f32x4_gt, float::f32_gt),
        (f32x4_le, float::f32_le),
        (f32x4_ge, float::f32_ge),
    ];
    let mut bits = Bits::new(18);
    for _ in 0..ROUNDS {
        let (a, b) = (vector_f32(&mut bits), vector_f32(&mut bits));
        for i in 0..4 {
            let (x, y) = (f32s(a)[i], f32s(b)[i]);
            for (vector, scalar) in unary {
                assert_lane32(f32s(vector(a))[i], scalar(x), &[x]);
            }
            for (vector, scalar) in binary {
                assert_lane32(f32s(vector(a, b))[i], scalar(x, y), &[x, y]);
            }
            for (vector, scalar) in relations {
                assert_eq!(u32s(vector(a, b))[i], if scalar(x, y) { u32::MAX } else { 0 });
            }
            let (least, greatest) = (if y < x { b } else { a }, if x < y { b } else { a });
            assert_eq!(u32s(f32x4_pmin(a, b))[i], u32s(least)[i]);
            assert_eq!(u32s(f32x4_pmax(a, b))[i], u32s(greatest)[i]);
        }
    }
}

#[test]
fn double_lanes_follow_the_scalars() {
    let unary: [Each<f64>; 7] = [
        (f64x2_abs, float::f64_abs),
        (f64x2_neg, float::f64_neg),
        (f64x2_sqrt, float::f64_sqrt),
        (f64x2_ceil, float::f64_ceil),
        (f64x2_floor, float::f64_floor),
        (f64x2_trunc, float::f64_trunc),
        (f64x2_nearest, float::f64_nearest),
    ];
    let binary: [Both<f64, f64>; 8] = [
        (f64x2_add, float::f64_add),
        (f64x2_sub, float::f64_sub),
        (f64x2_mul, float::f64_mul),
        (f64x2_div, float::f64_div),
        (f64x2_min, float::f64_min),
        (f64x2_max, float::f64_max),
        (f64x2_relaxed_min, float::f64_min),
        (f64x2_relaxed_max, float::f64_max),
    ];
    let relations: [Both<f64, bool>; 6] = [
        (f64x2_eq, float::f64_eq),
        (f64x2_ne, float::f64_ne),
        (f64x2_lt, float::f64_lt),
        (f64x2_gt, float::f64_gt),
        (f64x2_le, float::f64_le),
        (f64x2_ge, float::f64_ge),
    ];
    let mut bits = Bits::new(19);
    for _ in 0..ROUNDS {
        let (a, b) = (vector_f64(&mut bits), vector_f64(&mut bits));
        for i in 0..2 {
            let (x, y) = (f64s(a)[i], f64s(b)[i]);
            for (vector, scalar) in unary {
                assert_lane64(f64s(vector(a))[i], scalar(x), &[x]);
            }
            for (vector, scalar) in binary {
                assert_lane64(f64s(vector(a, b))[i], scalar(x, y), &[x, y]);
            }
            for (vector, scalar) in relations {
                assert_eq!(f64s(vector(a, b))[i].to_bits(), if scalar(x, y) { u64::MAX } else { 0 });
            }
            let (least, greatest) = (if y < x { b } else { a }, if x < y { b } else { a });
            assert_eq!(f64s(f64x2_pmin(a, b))[i].to_bits(), f64s(least)[i].to_bits());
            assert_eq!(f64s(f64x2_pmax(a, b))[i].to_bits(), f64s(greatest)[i].to_bits());
        }
    }
}

#[test]
fn conversions_follow_the_scalars() {
    let mut bits = Bits::new(20);
    for _ in 0..ROUNDS {
        let (a, d, n) = (vector_f32(&mut bits), vector_f64(&mut bits), bits.v128());
        let (x, y, k) = (f32s(a), f64s(d), u32s(n));
        let signed = x.map(convert::i32_trunc_sat_f32_s);
        let unsigned = x.map(convert::i32_trunc_sat_f32_u);
        assert_eq!([i32x4_trunc_sat_f32x4_s(a), i32x4_relaxed_trunc_f32x4_s(a)].map(u32s), [signed; 2]);
        assert_eq!([i32x4_trunc_sat_f32x4_u(a), i32x4_relaxed_trunc_f32x4_u(a)].map(u32s), [unsigned; 2]);
        let [p, q] = y.map(convert::i32_trunc_sat_f64_s);
        assert_eq!([i32x4_trunc_sat_f64x2_s_zero(d), i32x4_relaxed_trunc_f64x2_s_zero(d)].map(u32s), [[p, q, 0, 0]; 2]);
        let [p, q] = y.map(convert::i32_trunc_sat_f64_u);
        assert_eq!([i32x4_trunc_sat_f64x2_u_zero(d), i32x4_relaxed_trunc_f64x2_u_zero(d)].map(u32s), [[p, q, 0, 0]; 2]);
        assert_eq!(f32s(f32x4_convert_i32x4_s(n)), k.map(convert::f32_convert_i32_s));
        assert_eq!(f32s(f32x4_convert_i32x4_u(n)), k.map(convert::f32_convert_i32_u));
        assert_eq!(f64s(f64x2_convert_low_i32x4_s(n)), [k[0], k[1]].map(convert::f64_convert_i32_s));
        assert_eq!(f64s(f64x2_convert_low_i32x4_u(n)), [k[0], k[1]].map(convert::f64_convert_i32_u));
        let demoted = f32s(f32x4_demote_f64x2_zero(d));
        assert_eq!([demoted[2].to_bits(), demoted[3].to_bits()], [0, 0]);
        for i in 0..2 {
            assert_eq!(demoted[i].to_bits(), convert::f32_demote_f64(y[i]).to_bits());
            let promoted = f64s(f64x2_promote_low_f32x4(a))[i];
            assert_eq!(promoted.to_bits(), convert::f64_promote_f32(x[i]).to_bits());
        }
    }
}

/// `(1 + e)(1 - e)` is `1 - e^2`, whose last term the rounding of the product drops: a fused operation would keep it.
#[test]
fn relaxed_multiply_add_rounds_twice() {
    let e = f32::EPSILON;
    let splat = f32x4_splat;
    assert_eq!(f32x4_relaxed_madd(splat(1.0 + e), splat(1.0 - e), splat(-1.0)), splat(0.0));
    assert_eq!(f32x4_relaxed_nmadd(splat(1.0 + e), splat(1.0 - e), splat(1.0)), splat(0.0));
    assert_eq!(f32x4_relaxed_nmadd(splat(3.0), splat(5.0), splat(7.0)), splat(-8.0));
    let e = f64::EPSILON;
    let splat = f64x2_splat;
    assert_eq!(f64x2_relaxed_madd(splat(1.0 + e), splat(1.0 - e), splat(-1.0)), splat(0.0));
    assert_eq!(f64x2_relaxed_nmadd(splat(1.0 + e), splat(1.0 - e), splat(1.0)), splat(0.0));
    assert_eq!(f64x2_relaxed_madd(splat(3.0), splat(5.0), splat(7.0)), splat(22.0));
}
