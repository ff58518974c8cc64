//! Custom sections: a name, and bytes that are nothing to the module's meaning. Spec: `binary-customsec`.

use crate::{Cursor, Decode, Result};

/// A custom section.
#[derive(Clone, Copy, Debug)]
pub struct Custom<'a> {
    name: &'a str,
    contents: Cursor<'a>,
}

impl<'a> Custom<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// What follows the name.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.contents.rest()
    }

    /// A cursor over what follows the name.
    #[must_use]
    pub const fn contents(&self) -> Cursor<'a> {
        self.contents
    }

    /// The offset in the module of what follows the name.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.contents.offset()
    }
}

impl<'a> Decode<'a> for Custom<'a> {
    /// Takes the name and everything after it.
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, contents: *cursor })
    }
}
