//! Where encoded bytes go.

/// Where encoded bytes go.
pub trait Sink {
    /// Takes `bytes`, after those it took before.
    fn put(&mut self, bytes: &[u8]);
}

/// A sink that counts bytes and keeps none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many bytes came.
    pub bytes: u64,
}

impl Sink for Count {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
    }
}

/// A sink that fills a slice.
#[derive(Debug)]
pub struct Buffer<'a> {
    slice: &'a mut [u8],
    wanted: usize,
}

impl<'a> Buffer<'a> {
    /// A sink that fills `slice` from its start.
    #[must_use]
    pub const fn new(slice: &'a mut [u8]) -> Self {
        Self { slice, wanted: 0 }
    }

    /// What was written.
    ///
    /// # Errors
    ///
    /// If the slice was too short: the number of bytes that came in all. The slice then holds the first of them.
    pub fn finish(self) -> Result<&'a [u8], usize> {
        let slice: &'a [u8] = self.slice;
        slice.get(..self.wanted).ok_or(self.wanted)
    }
}

impl Sink for Buffer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.slice.get_mut(self.wanted..) {
            let len = room.len().min(bytes.len());
            room[..len].copy_from_slice(&bytes[..len]);
        }
        self.wanted = self.wanted.saturating_add(bytes.len());
    }
}

#[cfg(feature = "alloc")]
impl Sink for alloc::vec::Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
