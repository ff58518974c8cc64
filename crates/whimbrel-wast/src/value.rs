//! Values and the patterns that results are compared with, as the scripts write them.

use std::fmt;

/// A value of a script: an argument, or a result as far as a script can tell results apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
    /// As bits.
    F32(u32),
    /// As bits.
    F64(u64),
    /// Lane 0 in the lowest bits.
    V128(u128),
    Null(Hierarchy),
    /// A null of whichever hierarchy the result's type says.
    TypedNull,
    /// A host object that the script numbers, as an `externref`.
    Extern(u32),
    /// The same as an `anyref`.
    Host(u32),
    /// A reference that is not null; its most specific abstract heap type.
    Ref(&'static str),
}

/// The hierarchies of reference types; a null belongs to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    Func,
    Extern,
    Any,
    Exn,
    Cont,
}

/// What a result must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    Value(Value),
    F32(Float<u32>),
    F64(Float<u64>),
    F32x4([Float<u32>; 4]),
    F64x2([Float<u64>; 2]),
    /// A null of a hierarchy, or of any.
    Null(Option<Hierarchy>),
    /// A reference that is not null, to something of this abstract heap type.
    NonNull(&'static str),
    Either(Vec<Pattern>),
}

/// What a float, given by its bits, must be.
#[derive(Clone, Copy, Debug)]
pub enum Float<B> {
    /// A NaN whose payload is the quiet bit alone.
    CanonicalNan,
    /// A NaN whose payload has the quiet bit.
    ArithmeticNan,
    Bits(B),
}

impl Float<u32> {
    fn matches(self, bits: u32) -> bool {
        match self {
            Self::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
            Self::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
            Self::Bits(expected) => bits == expected,
        }
    }
}

impl Float<u64> {
    fn matches(self, bits: u64) -> bool {
        match self {
            Self::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
            Self::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
            Self::Bits(expected) => bits == expected,
        }
    }
}

impl Pattern {
    /// Whether `value` fits.
    pub fn matches(&self, value: Value) -> bool {
        match (self, value) {
            (Self::F32(pattern), Value::F32(bits)) => pattern.matches(bits),
            (Self::F64(pattern), Value::F64(bits)) => pattern.matches(bits),
            (Self::F32x4(lanes), Value::V128(bits)) => {
                (0..4).all(|lane| lanes[lane].matches((bits >> (32 * lane)) as u32))
            }
            (Self::F64x2(lanes), Value::V128(bits)) => {
                (0..2).all(|lane| lanes[lane].matches((bits >> (64 * lane)) as u64))
            }
            (Self::Null(hierarchy), Value::Null(found)) => hierarchy.is_none_or(|expected| expected == found),
            (Self::Null(_), Value::TypedNull) => true,
            (Self::NonNull("extern"), Value::Extern(_)) | (Self::NonNull("any"), Value::Host(_)) => true,
            (Self::NonNull(expected), Value::Ref(found)) => is_heap_subtype(found, expected),
            (Self::Value(expected), _) => *expected == value,
            (Self::Either(cases), _) => cases.iter().any(|case| case.matches(value)),
            _ => false,
        }
    }
}

fn is_heap_subtype(sub: &str, sup: &str) -> bool {
    sub == sup || matches!((sub, sup), ("i31" | "struct" | "array", "eq" | "any") | ("eq", "any"))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::I32(value) => write!(f, "i32 {value}"),
            Self::I64(value) => write!(f, "i64 {value}"),
            Self::F32(bits) => write!(f, "f32 {:?} ({bits:#010x})", f32::from_bits(bits)),
            Self::F64(bits) => write!(f, "f64 {:?} ({bits:#018x})", f64::from_bits(bits)),
            Self::V128(bits) => write!(f, "v128 {bits:#034x}"),
            Self::Null(hierarchy) => write!(f, "ref.null {hierarchy}"),
            Self::TypedNull => f.write_str("ref.null"),
            Self::Extern(number) => write!(f, "ref.extern {number}"),
            Self::Host(number) => write!(f, "ref.host {number}"),
            Self::Ref(heap) => write!(f, "ref.{heap}"),
        }
    }
}

impl fmt::Display for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::Extern => "extern",
            Self::Any => "any",
            Self::Exn => "exn",
            Self::Cont => "cont",
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::F32(float) => float.describe(f, "f32", |bits| Value::F32(bits).to_string()),
            Self::F64(float) => float.describe(f, "f64", |bits| Value::F64(bits).to_string()),
            Self::F32x4(lanes) => {
                f.write_str("f32x4")?;
                lanes.iter().try_for_each(|lane| lane.describe(f, "", |bits| format!(" {:?}", f32::from_bits(bits))))
            }
            Self::F64x2(lanes) => {
                f.write_str("f64x2")?;
                lanes.iter().try_for_each(|lane| lane.describe(f, "", |bits| format!(" {:?}", f64::from_bits(bits))))
            }
            Self::Null(None) => f.write_str("ref.null"),
            Self::Null(Some(hierarchy)) => write!(f, "ref.null {hierarchy}"),
            Self::NonNull(heap) => write!(f, "ref.{heap}"),
            Self::Either(cases) => {
                f.write_str("either ")?;
                f.write_str(&list(cases))
            }
        }
    }
}

impl<B: Copy> Float<B> {
    fn describe(self, f: &mut fmt::Formatter<'_>, ty: &str, text: impl Fn(B) -> String) -> fmt::Result {
        match self {
            Self::CanonicalNan => write!(f, "{ty} nan:canonical"),
            Self::ArithmeticNan => write!(f, "{ty} nan:arithmetic"),
            Self::Bits(bits) => f.write_str(&text(bits)),
        }
    }
}

/// Several values or patterns as one text.
pub fn list<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nans_are_told_apart() {
        let canonical = Value::F32(0xffc0_0000);
        let arithmetic = Value::F32(0x7fc0_0001);
        let signalling = Value::F32(0x7fa0_0000);
        let matches =
            |pattern: Float<u32>| [canonical, arithmetic, signalling].map(|v| Pattern::F32(pattern).matches(v));
        assert_eq!(matches(Float::CanonicalNan), [true, false, false]);
        assert_eq!(matches(Float::ArithmeticNan), [true, true, false]);
        assert_eq!(matches(Float::Bits(0x7fa0_0000)), [false, false, true]);
        let wide = |bits| Pattern::F64(Float::CanonicalNan).matches(Value::F64(bits));
        assert!(wide(0x7ff8_0000_0000_0000) && !wide(0x7ff8_0000_0000_0001) && !wide(0x7ff0_0000_0000_0000));
    }

    #[test]
    fn zeros_and_types_are_told_apart() {
        assert!(!Pattern::F32(Float::Bits(0)).matches(Value::F32(0x8000_0000)));
        assert!(!Pattern::Value(Value::I32(0)).matches(Value::I64(0)));
        assert!(!Pattern::F32(Float::CanonicalNan).matches(Value::F64(0x7ff8_0000_0000_0000)));
    }

    #[test]
    fn vectors_are_compared_lane_by_lane() {
        let bits = |lanes: [u64; 2]| Value::V128(u128::from(lanes[1]) << 64 | u128::from(lanes[0]));
        let pattern = Pattern::F64x2([Float::Bits(1), Float::ArithmeticNan]);
        assert!(pattern.matches(bits([1, 0x7ff8_0000_0000_0007])));
        assert!(!pattern.matches(bits([0x7ff8_0000_0000_0007, 1])));
    }

    #[test]
    fn references_match_up_to_their_hierarchy() {
        assert!(Pattern::NonNull("eq").matches(Value::Ref("array")));
        assert!(!Pattern::NonNull("struct").matches(Value::Ref("array")));
        assert!(!Pattern::NonNull("func").matches(Value::Null(Hierarchy::Func)));
        assert!(Pattern::Null(None).matches(Value::Null(Hierarchy::Exn)));
        assert!(!Pattern::Null(Some(Hierarchy::Func)).matches(Value::Null(Hierarchy::Any)));
        assert!(Pattern::Null(Some(Hierarchy::Exn)).matches(Value::TypedNull));
        assert!(!Pattern::NonNull("any").matches(Value::TypedNull));
        assert!(!Pattern::Value(Value::Extern(1)).matches(Value::Extern(2)));
        let either = Pattern::Either(vec![Pattern::NonNull("func"), Pattern::Value(Value::I32(3))]);
        assert!(either.matches(Value::I32(3)) && !either.matches(Value::I32(4)));
    }
}
