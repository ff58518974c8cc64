//! The operators on `f32` and `f64`: arithmetic, rounding, comparisons.
//!
//! A NaN result has the payload that the specification allows: canonical if every NaN operand is, else arithmetic
//! (`aux-nans`). Its sign and the rest of its payload are the host's.

mod host;
pub(crate) mod ieee;

ops! {
    f32_add(a: f32, b: f32) -> f32 { a + b } "The sum", "op-fadd";
    f32_sub(a: f32, b: f32) -> f32 { a - b } "The difference", "op-fsub";
    f32_mul(a: f32, b: f32) -> f32 { a * b } "The product", "op-fmul";
    f32_div(a: f32, b: f32) -> f32 { a / b } "The quotient", "op-fdiv";
    f32_min(a: f32, b: f32) -> f32 { ieee::min(a, b) }
        "The smaller operand, NaN if either is; -0 is smaller than +0", "op-fmin";
    f32_max(a: f32, b: f32) -> f32 { ieee::max(a, b) }
        "The larger operand, NaN if either is; +0 is larger than -0", "op-fmax";
    f32_copysign(a: f32, b: f32) -> f32 { a.copysign(b) }
        "`a` with the sign of `b`; all other bits stay, of a NaN too", "op-fcopysign";
    f32_abs(a: f32) -> f32 { a.abs() }
        "The operand with its sign bit cleared; all other bits stay, of a NaN too", "op-fabs";
    f32_neg(a: f32) -> f32 { -a } "The operand with its sign bit flipped; all other bits stay, of a NaN too", "op-fneg";
    f32_sqrt(a: f32) -> f32 { host::Host::sqrt(a) } "The square root, NaN of what is below -0", "op-fsqrt";
    f32_ceil(a: f32) -> f32 { host::Host::ceil(a) } "The nearest integral value not below the operand", "op-fceil";
    f32_floor(a: f32) -> f32 { host::Host::floor(a) } "The nearest integral value not above the operand", "op-ffloor";
    f32_trunc(a: f32) -> f32 { host::Host::trunc(a) } "The operand without its fraction", "op-ftrunc";
    f32_nearest(a: f32) -> f32 { host::Host::nearest(a) }
        "The nearest integral value, the even one of two equally near", "op-fnearest";
    f32_eq(a: f32, b: f32) -> bool { a == b } "Whether the operands are equal and not NaN", "op-feq";
    f32_ne(a: f32, b: f32) -> bool { a != b } "Whether the operands differ or either is NaN", "op-fne";
    f32_lt(a: f32, b: f32) -> bool { a < b } "Whether `a` is less than `b` and neither NaN", "op-flt";
    f32_gt(a: f32, b: f32) -> bool { a > b } "Whether `a` is greater than `b` and neither NaN", "op-fgt";
    f32_le(a: f32, b: f32) -> bool { a <= b } "Whether `a` is at most `b` and neither NaN", "op-fle";
    f32_ge(a: f32, b: f32) -> bool { a >= b } "Whether `a` is at least `b` and neither NaN", "op-fge";
}

ops! {
    f64_add(a: f64, b: f64) -> f64 { a + b } "The sum", "op-fadd";
    f64_sub(a: f64, b: f64) -> f64 { a - b } "The difference", "op-fsub";
    f64_mul(a: f64, b: f64) -> f64 { a * b } "The product", "op-fmul";
    f64_div(a: f64, b: f64) -> f64 { a / b } "The quotient", "op-fdiv";
    f64_min(a: f64, b: f64) -> f64 { ieee::min(a, b) }
        "The smaller operand, NaN if either is; -0 is smaller than +0", "op-fmin";
    f64_max(a: f64, b: f64) -> f64 { ieee::max(a, b) }
        "The larger operand, NaN if either is; +0 is larger than -0", "op-fmax";
    f64_copysign(a: f64, b: f64) -> f64 { a.copysign(b) }
        "`a` with the sign of `b`; all other bits stay, of a NaN too", "op-fcopysign";
    f64_abs(a: f64) -> f64 { a.abs() }
        "The operand with its sign bit cleared; all other bits stay, of a NaN too", "op-fabs";
    f64_neg(a: f64) -> f64 { -a } "The operand with its sign bit flipped; all other bits stay, of a NaN too", "op-fneg";
    f64_sqrt(a: f64) -> f64 { host::Host::sqrt(a) } "The square root, NaN of what is below -0", "op-fsqrt";
    f64_ceil(a: f64) -> f64 { host::Host::ceil(a) } "The nearest integral value not below the operand", "op-fceil";
    f64_floor(a: f64) -> f64 { host::Host::floor(a) } "The nearest integral value not above the operand", "op-ffloor";
    f64_trunc(a: f64) -> f64 { host::Host::trunc(a) } "The operand without its fraction", "op-ftrunc";
    f64_nearest(a: f64) -> f64 { host::Host::nearest(a) }
        "The nearest integral value, the even one of two equally near", "op-fnearest";
    f64_eq(a: f64, b: f64) -> bool { a == b } "Whether the operands are equal and not NaN", "op-feq";
    f64_ne(a: f64, b: f64) -> bool { a != b } "Whether the operands differ or either is NaN", "op-fne";
    f64_lt(a: f64, b: f64) -> bool { a < b } "Whether `a` is less than `b` and neither NaN", "op-flt";
    f64_gt(a: f64, b: f64) -> bool { a > b } "Whether `a` is greater than `b` and neither NaN", "op-fgt";
    f64_le(a: f64, b: f64) -> bool { a <= b } "Whether `a` is at most `b` and neither NaN", "op-fle";
    f64_ge(a: f64, b: f64) -> bool { a >= b } "Whether `a` is at least `b` and neither NaN", "op-fge";
}
