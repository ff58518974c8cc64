//! Numbers as arguments and results: text to bits and back, without loss.

use std::fmt::Debug;

/// The `bits`-wide integer that `text` stands for: decimal or `0x…`, signed or unsigned; the low bits of the result.
pub(crate) fn parse_int(text: &str, bits: u32) -> Option<u64> {
    let (negative, digits) = sign(text);
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => from_digits(hex, 16)?,
        None => from_digits(digits, 10)?,
    };
    let limit = if negative { 1 << (bits - 1) } else { (1_u128 << bits) - 1 };
    if magnitude > limit {
        return None;
    }
    let value = magnitude as u64;
    let value = if negative { value.wrapping_neg() } else { value };
    Some(value & ((1_u128 << bits) - 1) as u64)
}

/// The vector that `text` stands for: `0x…` or decimal, lane 0 in the low bits.
pub(crate) fn parse_v128(text: &str) -> Option<u128> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => from_digits(hex, 16),
        None => from_digits(text, 10),
    }
}

/// The bits of the `f32` that `text` stands for: decimal, `inf`, `nan` or `nan:0x…`.
pub(crate) fn parse_f32(text: &str) -> Option<u32> {
    match parse_nan(text, 23)? {
        Nan::Payload { negative, payload } => Some(u32::from(negative) << 31 | 0xFF << 23 | payload as u32),
        Nan::Number => text.parse().ok().map(f32::to_bits),
    }
}

/// The bits of the `f64` that `text` stands for: decimal, `inf`, `nan` or `nan:0x…`.
pub(crate) fn parse_f64(text: &str) -> Option<u64> {
    match parse_nan(text, 52)? {
        Nan::Payload { negative, payload } => Some(u64::from(negative) << 63 | 0x7FF << 52 | payload),
        Nan::Number => text.parse().ok().map(f64::to_bits),
    }
}

/// The `f32` with these bits, in a form that [`parse_f32`] reads back.
pub(crate) fn format_f32(bits: u32) -> String {
    let value = f32::from_bits(bits);
    if value.is_nan() { format_nan(bits >> 31 != 0, u64::from(bits & 0x7F_FFFF), 23) } else { format_number(value) }
}

/// The `f64` with these bits, in a form that [`parse_f64`] reads back.
pub(crate) fn format_f64(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() { format_nan(bits >> 63 != 0, bits & 0xF_FFFF_FFFF_FFFF, 52) } else { format_number(value) }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A number of digits alone: the library's own parser would take a second sign.
fn from_digits(digits: &str, radix: u32) -> Option<u128> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| char::from(digit).is_digit(radix));
    if is_number { u128::from_str_radix(digits, radix).ok() } else { None }
}

/// Whether a float's text is a NaN.
enum Nan {
    Payload { negative: bool, payload: u64 },
    Number,
}

/// Reads `nan` and `nan:0x…` with a significand of `bits`; none for a payload that does not fit.
fn parse_nan(text: &str, bits: u32) -> Option<Nan> {
    let (negative, rest) = sign(text);
    let canonical = 1 << (bits - 1);
    if rest.eq_ignore_ascii_case("nan") {
        return Some(Nan::Payload { negative, payload: canonical });
    }
    let Some(digits) = rest.strip_prefix("nan:0x") else { return Some(Nan::Number) };
    let payload = u64::try_from(from_digits(digits, 16)?).ok()?;
    (payload != 0 && payload >> bits == 0).then_some(Nan::Payload { negative, payload })
}

fn format_nan(negative: bool, payload: u64, bits: u32) -> String {
    let sign = if negative { "-" } else { "" };
    if payload == 1 << (bits - 1) { format!("{sign}nan") } else { format!("{sign}nan:{payload:#x}") }
}

/// The shortest digits that give the number back, `1e30` rather than thirty zeros, `2` rather than `2.0`.
fn format_number(value: impl Debug) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_both_signs_up_to_their_width() {
        assert_eq!(parse_int("-1", 32), Some(0xFFFF_FFFF));
        assert_eq!(parse_int("4294967295", 32), Some(0xFFFF_FFFF));
        assert_eq!(parse_int("0xffffffff", 32), Some(0xFFFF_FFFF));
        assert_eq!(parse_int("-0x80000000", 32), Some(0x8000_0000));
        assert_eq!(parse_int("-9223372036854775808", 64), Some(1 << 63));
        for bad in ["4294967296", "-2147483649", "", "-", "0x", "+-1", "--1", "1.0", "1_000", " 1", "0xg", "nan"] {
            assert_eq!(parse_int(bad, 32), None, "{bad}");
        }
        assert_eq!(parse_int("18446744073709551616", 64), None);
    }

    #[test]
    fn floats_keep_every_bit() {
        for bits in [0, 1 << 31, 0x7F80_0000, 0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0x0000_0001, 0x7F7F_FFFF] {
            assert_eq!(parse_f32(&format_f32(bits)), Some(bits), "{}", format_f32(bits));
        }
        for bits in [0, 1 << 63, 0x7FF0 << 48, 0x7FF8 << 48, 0xFFF8_0000_0000_0001, 1, 0x7FEF_FFFF_FFFF_FFFF] {
            assert_eq!(parse_f64(&format_f64(bits)), Some(bits), "{}", format_f64(bits));
        }
    }

    #[test]
    fn floats_look_like_people_write_them() {
        assert_eq!(format_f64(2.0_f64.to_bits()), "2");
        assert_eq!(format_f64(1e30_f64.to_bits()), "1e30");
        assert_eq!(format_f64(0.1_f64.to_bits()), "0.1");
        assert_eq!(format_f64((-0.0_f64).to_bits()), "-0");
        assert_eq!(format_f32(f32::NEG_INFINITY.to_bits()), "-inf");
        assert_eq!(format_f32(0x7FC0_0000), "nan");
        assert_eq!(format_f32(0xFFA0_0000), "-nan:0x200000");
    }

    #[test]
    fn malformed_floats_are_refused() {
        for bad in ["", "x", "0x10", "nan:0x0", "nan:0x800000", "nan:5", "1e", "i32"] {
            assert_eq!(parse_f32(bad), None, "{bad}");
        }
    }

    #[test]
    fn vectors_are_integers_of_128_bits() {
        assert_eq!(parse_v128("0xffffffffffffffffffffffffffffffff"), Some(u128::MAX));
        assert_eq!(parse_v128("7"), Some(7));
        assert_eq!(parse_v128("-7"), None);
        assert_eq!(parse_v128("0x100000000000000000000000000000000"), None);
    }
}
