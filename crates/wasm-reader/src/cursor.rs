//! The cursor: takes bytes, integers and names off the front of a slice, and knows where in the module it stands.

use wasm_syntax::{Feature, Features};

use crate::{Form, ReadError, ReadErrorKind, Result};

/// A position in a module's bytes, with what governs their reading.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    end: u64,
    features: Features,
    data_count: bool,
}

impl<'a> Decode<'a> for &'a str {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        cursor.name()
    }
}

/// What is read off a [`Cursor`].
pub trait Decode<'a>: Sized {
    /// Takes one off the cursor.
    ///
    /// # Errors
    ///
    /// If the bytes are malformed; the cursor's position is then unspecified.
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self>;
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`, which are at `offset` in their module.
    #[must_use]
    pub const fn new(bytes: &'a [u8], offset: u64, features: Features) -> Self {
        Self { bytes, end: offset.saturating_add(bytes.len() as u64), features, data_count: true }
    }

    /// The same position, with or without instructions that name data segments: a module needs a data count section
    /// for them.
    #[must_use]
    pub const fn with_data_count(self, data_count: bool) -> Self {
        Self { data_count, ..self }
    }

    /// Whether instructions may name data segments.
    #[must_use]
    pub const fn has_data_count(&self) -> bool {
        self.data_count
    }

    /// The position in the module.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// The bytes that are left.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether no bytes are left.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The features that are on.
    #[inline]
    #[must_use]
    pub const fn features(&self) -> Features {
        self.features
    }

    /// Takes a value of type `T`.
    ///
    /// # Errors
    ///
    /// If it is malformed.
    #[inline]
    pub fn read<T: Decode<'a>>(&mut self) -> Result<T> {
        T::decode(self)
    }

    /// Takes a byte.
    ///
    /// # Errors
    ///
    /// If none is left.
    #[inline(always)]
    pub fn byte(&mut self) -> Result<u8> {
        match self.bytes.split_first() {
            Some((&byte, rest)) => {
                self.bytes = rest;
                Ok(byte)
            }
            None => Err(self.unexpected_end(1)),
        }
    }

    /// Takes `N` bytes.
    ///
    /// # Errors
    ///
    /// If fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes.split_first_chunk() {
            Some((array, rest)) => {
                self.bytes = rest;
                Ok(*array)
            }
            None => Err(self.unexpected_end(N as u64)),
        }
    }

    /// Takes `len` bytes.
    ///
    /// # Errors
    ///
    /// If fewer are left.
    #[inline]
    pub fn bytes(&mut self, len: u32) -> Result<&'a [u8]> {
        match self.bytes.split_at_checked(len as usize) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(self.unexpected_end(u64::from(len))),
        }
    }

    /// Takes `len` bytes, as a cursor over them alone.
    ///
    /// # Errors
    ///
    /// If fewer are left.
    pub fn sub(&mut self, len: u32) -> Result<Self> {
        let start = self.offset();
        let bytes = self.bytes(len)?;
        Ok(Self { bytes, end: start + bytes.len() as u64, ..*self })
    }

    /// The bytes between an earlier position, `start`, and this one, as a cursor over them alone.
    pub(crate) fn since(&self, start: &Self) -> Self {
        let len = start.bytes.len() - self.bytes.len();
        Self { bytes: &start.bytes[..len], end: self.offset(), ..*start }
    }

    /// Takes an unsigned 32-bit LEB128 integer. Spec: `binary-int`.
    ///
    /// # Errors
    ///
    /// If it is cut off, too long or too large.
    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32> {
        match self.bytes.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.bytes = rest;
                Ok(u32::from(byte))
            }
            _ => self.long_u32(),
        }
    }

    /// Takes an unsigned 64-bit LEB128 integer. Spec: `binary-int`.
    ///
    /// # Errors
    ///
    /// If it is cut off, too long or too large.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64> {
        match self.bytes.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.bytes = rest;
                Ok(u64::from(byte))
            }
            _ => self.unsigned::<64>(),
        }
    }

    /// Takes a signed 32-bit LEB128 integer. Spec: `binary-int`.
    ///
    /// # Errors
    ///
    /// If it is cut off, too long or too large.
    #[inline(always)]
    pub fn s32(&mut self) -> Result<i32> {
        match self.bytes.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.bytes = rest;
                Ok(sign_extend_7(byte) as i32)
            }
            _ => self.signed::<32>().map(|value| value as i32),
        }
    }

    /// Takes a signed 33-bit LEB128 integer, as which type indices are written beside negative type codes.
    ///
    /// # Errors
    ///
    /// If it is cut off, too long or too large.
    pub fn s33(&mut self) -> Result<i64> {
        self.signed::<33>()
    }

    /// Takes a signed 64-bit LEB128 integer. Spec: `binary-int`.
    ///
    /// # Errors
    ///
    /// If it is cut off, too long or too large.
    #[inline(always)]
    pub fn s64(&mut self) -> Result<i64> {
        match self.bytes.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.bytes = rest;
                Ok(sign_extend_7(byte))
            }
            _ => self.signed::<64>(),
        }
    }

    /// Takes a name: a length and that many bytes of UTF-8. Spec: `binary-name`.
    ///
    /// # Errors
    ///
    /// If it is cut off or not UTF-8.
    pub fn name(&mut self) -> Result<&'a str> {
        let len = self.u32()?;
        let start = self.offset();
        let bytes = self.bytes(len)?;
        core::str::from_utf8(bytes)
            .map_err(|error| ReadError { kind: ReadErrorKind::Utf8, offset: start + error.valid_up_to() as u64 })
    }

    /// The position after all bytes.
    pub(crate) const fn at_end(self) -> Self {
        Self { bytes: &[], ..self }
    }

    /// The same position, without the bytes from `end` on.
    pub(crate) fn up_to(self, end: u64) -> Self {
        let excess = usize::try_from(self.end.saturating_sub(end)).unwrap_or(usize::MAX);
        let len = self.bytes.len().saturating_sub(excess);
        Self { bytes: &self.bytes[..len], end: self.offset() + len as u64, ..self }
    }

    /// Goes forward to `rest`, which is an end of the bytes that are left.
    #[inline(always)]
    pub(crate) fn skip_to(&mut self, rest: &'a [u8]) {
        self.bytes = rest;
    }

    /// Goes forward to where `other` stands.
    pub(crate) fn advance_to(&mut self, other: &Self) {
        let distance = usize::try_from(other.offset() - self.offset()).unwrap_or(usize::MAX);
        self.bytes = self.bytes.get(distance..).unwrap_or(&[]);
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(self.error(ReadErrorKind::SizeMismatch { left: left as u64 })),
        }
    }

    /// Checks that `feature` is on.
    #[inline]
    pub(crate) fn require(&self, feature: Feature) -> Result<()> {
        if self.features.has(feature) { Ok(()) } else { Err(self.error(ReadErrorKind::FeatureOff(feature))) }
    }

    /// An error at this position.
    #[cold]
    #[inline(never)]
    pub(crate) fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError { kind, offset: self.offset() }
    }

    /// An error about the byte just taken.
    #[cold]
    #[inline(never)]
    pub(crate) fn malformed(&self, what: Form, found: u32) -> ReadError {
        ReadError { kind: ReadErrorKind::Malformed { what, found }, offset: self.offset().saturating_sub(1) }
    }

    #[cold]
    #[inline(never)]
    fn unexpected_end(&self, wanted: u64) -> ReadError {
        let missing = wanted.saturating_sub(self.bytes.len() as u64);
        ReadError { kind: ReadErrorKind::UnexpectedEnd { missing }, offset: self.end }
    }

    /// Two bytes in line, since indices and offsets above 127 are common; the rest out of line.
    #[inline]
    fn long_u32(&mut self) -> Result<u32> {
        if let [first, second, rest @ ..] = self.bytes
            && *second < 0x80
        {
            self.bytes = rest;
            return Ok(u32::from(*first & 0x7F) | u32::from(*second) << 7);
        }
        self.unsigned::<32>().map(|value| value as u32)
    }

    #[inline(never)]
    fn unsigned<const BITS: u32>(&mut self) -> Result<u64> {
        let start = *self;
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            let bits_left = BITS - shift;
            value |= u64::from(byte & 0x7F) << shift;
            if bits_left <= 7 && (byte & 0x80 != 0 || u32::from(byte) >> bits_left != 0) {
                return Err(start.bad_integer::<BITS>(byte));
            }
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    #[inline(never)]
    fn signed<const BITS: u32>(&mut self) -> Result<i64> {
        let start = *self;
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            let bits_left = BITS - shift;
            value |= i64::from(byte & 0x7F) << shift;
            // The bits above the sign in the last byte must repeat it.
            if bits_left <= 7 && (byte & 0x80 != 0 || !matches!(sign_extend_7(byte) >> (bits_left - 1), 0 | -1)) {
                return Err(start.bad_integer::<BITS>(byte));
            }
            shift += 7;
            if byte < 0x80 {
                let unused = 64_u32.saturating_sub(shift);
                return Ok(value << unused >> unused);
            }
        }
    }

    #[cold]
    fn bad_integer<const BITS: u32>(&self, last: u8) -> ReadError {
        let bits = BITS as u8;
        let too_long = last & 0x80 != 0;
        self.error(if too_long {
            ReadErrorKind::IntegerTooLong { bits }
        } else {
            ReadErrorKind::IntegerTooLarge { bits }
        })
    }
}

#[inline]
const fn sign_extend_7(byte: u8) -> i64 {
    ((byte << 1) as i8 >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(bytes: &[u8]) -> Cursor<'_> {
        Cursor::new(bytes, 0x100, Features::V3)
    }

    fn kind<T>(result: Result<T>) -> Result<T, ReadErrorKind> {
        result.map_err(|error| error.kind)
    }

    #[test]
    fn unsigned_integers_at_their_limits() {
        let u32_of = |bytes: &[u8]| kind(cursor(bytes).u32());
        assert_eq!(u32_of(&[0]), Ok(0));
        assert_eq!(u32_of(&[0x7F]), Ok(0x7F));
        assert_eq!(u32_of(&[0x80, 0x01]), Ok(0x80));
        assert_eq!(u32_of(&[0xFF, 0x7F]), Ok(0x3FFF));
        assert_eq!(u32_of(&[0x80, 0x80, 0x01]), Ok(0x4000));
        assert_eq!(u32_of(&[0x80, 0x80, 0x80, 0x80, 0x00]), Ok(0));
        assert_eq!(u32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), Ok(u32::MAX));
        assert_eq!(u32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]), Err(ReadErrorKind::IntegerTooLarge { bits: 32 }));
        assert_eq!(u32_of(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(ReadErrorKind::IntegerTooLong { bits: 32 }));
        assert_eq!(u32_of(&[]), Err(ReadErrorKind::UnexpectedEnd { missing: 1 }));
        assert_eq!(u32_of(&[0x80, 0x80]), Err(ReadErrorKind::UnexpectedEnd { missing: 1 }));
        let max = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(kind(cursor(&max).u64()), Ok(u64::MAX));
        let mut too_large = max;
        too_large[9] = 0x02;
        assert_eq!(kind(cursor(&too_large).u64()), Err(ReadErrorKind::IntegerTooLarge { bits: 64 }));
        too_large[9] = 0x80;
        assert_eq!(kind(cursor(&too_large).u64()), Err(ReadErrorKind::IntegerTooLong { bits: 64 }));
    }

    #[test]
    fn signed_integers_at_their_limits() {
        let s32_of = |bytes: &[u8]| kind(cursor(bytes).s32());
        assert_eq!(s32_of(&[0x3F]), Ok(63));
        assert_eq!(s32_of(&[0x40]), Ok(-64));
        assert_eq!(s32_of(&[0xC0, 0x00]), Ok(64));
        assert_eq!(s32_of(&[0xFF, 0x7F]), Ok(-1));
        assert_eq!(s32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Ok(-1));
        assert_eq!(s32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0x07]), Ok(i32::MAX));
        assert_eq!(s32_of(&[0x80, 0x80, 0x80, 0x80, 0x78]), Ok(i32::MIN));
        assert_eq!(s32_of(&[0x80, 0x80, 0x80, 0x80, 0x70]), Err(ReadErrorKind::IntegerTooLarge { bits: 32 }));
        assert_eq!(s32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), Err(ReadErrorKind::IntegerTooLarge { bits: 32 }));
        assert_eq!(s32_of(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Err(ReadErrorKind::IntegerTooLong { bits: 32 }));
        assert_eq!(kind(cursor(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).s33()), Ok(0xFFFF_FFFF));
        assert_eq!(kind(cursor(&[0x80, 0x80, 0x80, 0x80, 0x70]).s33()), Ok(-0x1_0000_0000));
        let min = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F];
        assert_eq!(kind(cursor(&min).s64()), Ok(i64::MIN));
        let mut too_large = min;
        too_large[9] = 0x7E;
        assert_eq!(kind(cursor(&too_large).s64()), Err(ReadErrorKind::IntegerTooLarge { bits: 64 }));
    }

    #[test]
    fn positions_are_the_modules() {
        let mut cursor = cursor(&[1, 3, b'a', 0xC3, 0x28, 9, b'b']);
        assert_eq!(cursor.byte(), Ok(1));
        assert_eq!(cursor.offset(), 0x101);
        assert_eq!(cursor.name(), Err(ReadError { kind: ReadErrorKind::Utf8, offset: 0x103 }));
        assert_eq!(cursor.name(), Err(ReadError { kind: ReadErrorKind::UnexpectedEnd { missing: 8 }, offset: 0x107 }));
    }
}
