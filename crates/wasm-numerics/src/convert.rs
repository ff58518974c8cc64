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
