//! The 128-bit vector value.

/// A `v128` value: sixteen bytes, lane 0 of every shape first, little-endian within a lane.
///
/// Spec: `syntax-vecval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct V128(pub [u8; 16]);

impl V128 {
    /// All bits zero.
    pub const ZERO: Self = Self([0; 16]);

    /// The value whose bits are `bits`, lane 0 in the lowest.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }

    /// The value as one integer, lane 0 in the lowest bits.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        u128::from_le_bytes(self.0)
    }
}
