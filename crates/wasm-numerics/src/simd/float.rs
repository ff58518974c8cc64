//! Float lanes: arithmetic and rounding as by the scalar operators, and the pseudo-minimum and -maximum.

use wasm_syntax::V128;

use super::lanes::{map, zip};
use crate::float;

ops! {
    f32x4_add(a: V128, b: V128) -> V128 { zip(a, b, float::f32_add) } "Lane-wise sum", "op-fadd";
    f32x4_sub(a: V128, b: V128) -> V128 { zip(a, b, float::f32_sub) } "Lane-wise difference", "op-fsub";
    f32x4_mul(a: V128, b: V128) -> V128 { zip(a, b, float::f32_mul) } "Lane-wise product", "op-fmul";
    f32x4_div(a: V128, b: V128) -> V128 { zip(a, b, float::f32_div) } "Lane-wise quotient", "op-fdiv";
    f32x4_min(a: V128, b: V128) -> V128 { zip(a, b, float::f32_min) }
        "The lane-wise smaller, NaN if either lane is; -0 is smaller than +0", "op-fmin";
    f32x4_max(a: V128, b: V128) -> V128 { zip(a, b, float::f32_max) }
        "The lane-wise larger, NaN if either lane is; +0 is larger than -0", "op-fmax";
    f32x4_pmin(a: V128, b: V128) -> V128 { zip(a, b, |x: f32, y| if y < x { y } else { x }) }
        "The lane of `b` where it is less than that of `a`, else the lane of `a`", "op-fpmin";
    f32x4_pmax(a: V128, b: V128) -> V128 { zip(a, b, |x: f32, y| if x < y { y } else { x }) }
        "The lane of `b` where that of `a` is less, else the lane of `a`", "op-fpmax";
    f32x4_abs(a: V128) -> V128 { map(a, float::f32_abs) } "Clears the sign bit of each lane", "op-fabs";
    f32x4_neg(a: V128) -> V128 { map(a, float::f32_neg) } "Flips the sign bit of each lane", "op-fneg";
    f32x4_sqrt(a: V128) -> V128 { map(a, float::f32_sqrt) } "Lane-wise square root", "op-fsqrt";
    f32x4_ceil(a: V128) -> V128 { map(a, float::f32_ceil) }
        "The nearest integral value not below each lane", "op-fceil";
    f32x4_floor(a: V128) -> V128 { map(a, float::f32_floor) }
        "The nearest integral value not above each lane", "op-ffloor";
    f32x4_trunc(a: V128) -> V128 { map(a, float::f32_trunc) } "Each lane without its fraction", "op-ftrunc";
    f32x4_nearest(a: V128) -> V128 { map(a, float::f32_nearest) }
        "The integral value nearest to each lane, the even one of two equally near", "op-fnearest";
}

ops! {
    f64x2_add(a: V128, b: V128) -> V128 { zip(a, b, float::f64_add) } "Lane-wise sum", "op-fadd";
    f64x2_sub(a: V128, b: V128) -> V128 { zip(a, b, float::f64_sub) } "Lane-wise difference", "op-fsub";
    f64x2_mul(a: V128, b: V128) -> V128 { zip(a, b, float::f64_mul) } "Lane-wise product", "op-fmul";
    f64x2_div(a: V128, b: V128) -> V128 { zip(a, b, float::f64_div) } "Lane-wise quotient", "op-fdiv";
    f64x2_min(a: V128, b: V128) -> V128 { zip(a, b, float::f64_min) }
        "The lane-wise smaller, NaN if either lane is; -0 is smaller than +0", "op-fmin";
    f64x2_max(a: V128, b: V128) -> V128 { zip(a, b, float::f64_max) }
        "The lane-wise larger, NaN if either lane is; +0 is larger than -0", "op-fmax";
    f64x2_pmin(a: V128, b: V128) -> V128 { zip(a, b, |x: f64, y| if y < x { y } else { x }) }
        "The lane of `b` where it is less than that of `a`, else the lane of `a`", "op-fpmin";
    f64x2_pmax(a: V128, b: V128) -> V128 { zip(a, b, |x: f64, y| if x < y { y } else { x }) }
        "The lane of `b` where that of `a` is less, else the lane of `a`", "op-fpmax";
    f64x2_abs(a: V128) -> V128 { map(a, float::f64_abs) } "Clears the sign bit of each lane", "op-fabs";
    f64x2_neg(a: V128) -> V128 { map(a, float::f64_neg) } "Flips the sign bit of each lane", "op-fneg";
    f64x2_sqrt(a: V128) -> V128 { map(a, float::f64_sqrt) } "Lane-wise square root", "op-fsqrt";
    f64x2_ceil(a: V128) -> V128 { map(a, float::f64_ceil) }
        "The nearest integral value not below each lane", "op-fceil";
    f64x2_floor(a: V128) -> V128 { map(a, float::f64_floor) }
        "The nearest integral value not above each lane", "op-ffloor";
    f64x2_trunc(a: V128) -> V128 { map(a, float::f64_trunc) } "Each lane without its fraction", "op-ftrunc";
    f64x2_nearest(a: V128) -> V128 { map(a, float::f64_nearest) }
        "The integral value nearest to each lane, the even one of two equally near", "op-fnearest";
}
