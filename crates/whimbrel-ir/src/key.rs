//! Keys as text: a spelling of what an op is that outlives changes of the encoding.
//!
//! A key is `family:sub:kinds:mode`, such as `binary:i32.add:s,sk:0`: the family's name, the instruction or class, the kinds
//! of destination and sources (`s` slot, `a` accumulator, `k` constant, `p` and `q` pins), and the mode.

use core::fmt;
use core::str::FromStr;

use wasm_syntax::{LoadOp, StoreOp, VectorOp};

use crate::{DstKind, Family, OpKey, Shape, SrcKind};

/// The text is not the spelling of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the spelling of an op's key")
    }
}

impl core::error::Error for NotAKey {}

impl SrcKind {
    const fn letter(self) -> char {
        match self {
            Self::Slot => 's',
            Self::Const => 'k',
            Self::Acc => 'a',
            Self::Pin0 => 'p',
            Self::Pin1 => 'q',
        }
    }
}

impl DstKind {
    const fn letter(self) -> char {
        match self {
            Self::Slot => 's',
            Self::Acc => 'a',
            Self::Pin0 => 'p',
            Self::Pin1 => 'q',
        }
    }
}

impl OpKey {
    /// What `sub` stands for, where it is an instruction or a class.
    fn sub_text(self) -> Option<&'static str> {
        let n = usize::from(self.sub);
        Some(match self.family {
            Family::Unary | Family::Binary | Family::BrCmp => self.numeric()?.mnemonic(),
            Family::Load => LoadOp::ALL.get(n)?.mnemonic(),
            Family::Store => StoreOp::ALL.get(n)?.mnemonic(),
            Family::Vector => VectorOp::ALL.get(n)?.mnemonic(),
            Family::Copy
            | Family::Const64
            | Family::Select
            | Family::GlobalGet
            | Family::GlobalSet
            | Family::ReturnValue => self.class()?.text(),
            _ => return None,
        })
    }
}

impl fmt::Display for OpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.family)?;
        match self.sub_text() {
            Some(text) => f.write_str(text)?,
            None => write!(f, "{}", self.sub)?,
        }
        match (self.shape.d(), self.shape.a(), self.shape.b()) {
            (Some(d), Some(a), Some(b)) => write!(f, ":{},{}{}", d.letter(), a.letter(), b.letter())?,
            _ => write!(f, ":{}", self.shape.0)?,
        }
        write!(f, ":{}", self.mode)
    }
}

impl FromStr for OpKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(NotAKey);
        let (family, sub, kinds, mode) = (part()?, part()?, part()?, part()?);
        let family = Family::ALL.iter().copied().find(|known| Spelling(family) == *known).ok_or(NotAKey)?;
        let shape = Shape(match kinds.parse() {
            Ok(bits) => bits,
            Err(_) => parse_kinds(kinds).ok_or(NotAKey)?.0,
        });
        let mode = mode.parse().map_err(|_| NotAKey)?;
        let key = |sub| Self { family, sub, shape, mode };
        let named = (0..=u8::MAX).map(key).find(|key| key.sub_text() == Some(sub));
        match named {
            Some(key) => Ok(key),
            None => sub.parse().map(key).map_err(|_| NotAKey),
        }
    }
}

fn parse_kinds(text: &str) -> Option<Shape> {
    let mut letters = text.chars();
    let d = letters.next()?;
    let d = DstKind::ALL.into_iter().find(|kind| kind.letter() == d)?;
    if letters.next()? != ',' {
        return None;
    }
    let mut source = || letters.next().and_then(|letter| SrcKind::ALL.into_iter().find(|kind| kind.letter() == letter));
    Some(Shape::new(d, source()?, source()?))
}

/// A text to compare with what a family's `Debug` writes.
struct Spelling<'a>(&'a str);

impl PartialEq<Family> for Spelling<'_> {
    fn eq(&self, family: &Family) -> bool {
        struct Rest<'a>(&'a str);
        impl fmt::Write for Rest<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let mut rest = Rest(self.0);
        fmt::Write::write_fmt(&mut rest, format_args!("{family:?}")).is_ok() && rest.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_key_reads_back_as_it_was_spelled() {
        for word in 0..1 << 20 {
            let Some(key) = OpKey::from_word(word | (word >> 16 & 7) << 21 | (word & 3) << 24) else { continue };
            if key.len_words().is_some() {
                assert_eq!(key.to_string().parse(), Ok(key), "{key}");
            }
        }
        assert_eq!("Binary:i32.nonsense:s,sk:0".parse::<OpKey>(), Err(NotAKey));
        assert_eq!("Binary:i32.add:s,s:0".parse::<OpKey>(), Err(NotAKey));
    }

    #[test]
    fn spellings_are_readable() {
        let key = "Binary:i32.add:s,sk:0".parse::<OpKey>().expect("the key of an addition");
        assert_eq!((key.family, key.numeric()), (Family::Binary, Some(wasm_syntax::NumericOp::I32Add)));
        assert_eq!(key.shape, Shape::new(DstKind::Slot, SrcKind::Slot, SrcKind::Const));
    }
}
