//! Values that go into and come out of a guest, the same for every engine.

use std::fmt;

use anyhow::{Context, Result, bail};
use whimbrel::ValType;

/// A number; floats as their bits, so that results of all engines compare exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl Value {
    /// Reads a value of the type `ty`.
    ///
    /// # Errors
    ///
    /// If the text is no number of that type, or the type has no text.
    pub fn parse(text: &str, ty: ValType) -> Result<Self> {
        let wrong = || format!("`{text}` is no value of type {ty}");
        Ok(match ty {
            ValType::I32 => Self::I32(
                text.parse::<i32>().or_else(|_| text.parse::<u32>().map(u32::cast_signed)).with_context(wrong)?,
            ),
            ValType::I64 => Self::I64(
                text.parse::<i64>().or_else(|_| text.parse::<u64>().map(u64::cast_signed)).with_context(wrong)?,
            ),
            ValType::F32 => Self::F32(text.parse::<f32>().with_context(wrong)?.to_bits()),
            ValType::F64 => Self::F64(text.parse::<f64>().with_context(wrong)?.to_bits()),
            _ => bail!("an argument of type {ty} cannot be given as text"),
        })
    }

    /// Zero of the type `ty`, to be replaced by a result.
    ///
    /// # Errors
    ///
    /// If the type is not that of a number.
    pub fn zero(ty: ValType) -> Result<Self> {
        Self::parse("0", ty)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::F32(bits) => f32::from_bits(*bits).fmt(f),
            Self::F64(bits) => f64::from_bits(*bits).fmt(f),
        }
    }
}

/// Some values as one text, by which they are compared.
#[must_use]
pub fn text(values: &[Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_type() {
        assert_eq!(Value::parse("4294967295", ValType::I32).unwrap(), Value::I32(-1));
        assert_eq!(Value::parse("-1", ValType::I64).unwrap(), Value::I64(-1));
        assert_eq!(Value::parse("1.5", ValType::F64).unwrap(), Value::F64(1.5f64.to_bits()));
        assert!(Value::parse("1.5", ValType::I32).is_err());
        assert!(Value::parse("1", ValType::V128).is_err());
    }

    #[test]
    fn results_are_one_text() {
        assert_eq!(text(&[Value::I32(-7), Value::F32(0.5f32.to_bits())]), "-7 0.5");
        assert_eq!(text(&[]), "");
    }
}
