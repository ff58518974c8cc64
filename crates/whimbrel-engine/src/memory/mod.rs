//! Linear memories: their bytes and growth. Spec: `syntax-meminst`.
//!
//! Bytes come zeroed (`region`), so that pages nobody touches cost nothing. Growth may move them: whoever keeps the base
//! reloads it after anything that can grow the memory. Shared memories are of another kind (`shared`).

mod parking;
pub(crate) mod racy;
pub(crate) mod region;
mod shared;

use core::slice;

use wasm_syntax::MemType;

use crate::gc::Header;

pub use parking::Wait;
use region::Region;
pub use shared::SharedMemory;

/// A memory. Spec: `syntax-meminst`.
#[derive(Debug)]
pub struct Memory {
    pub(crate) header: Header,
    region: Region,
    /// Bytes that the program sees, all initialised.
    len: usize,
    max_bytes: u64,
    ty: MemType,
    /// Where the bytes are if the memory is shared; `region` and `len` are then those of an empty one.
    shared: Option<SharedMemory>,
}

impl Memory {
    /// A memory of the smallest size that `ty` allows, all zero; `None` if that is more than `max_bytes` or the allocator
    /// has no room. Spec: `alloc-mem`.
    #[must_use]
    pub fn new(ty: MemType, max_bytes: u64) -> Option<Self> {
        if ty.shared {
            return Some(Self::from_shared(SharedMemory::new(ty, max_bytes)?));
        }
        let address_space = if ty.memory64 { u64::MAX } else { 1 << 32 };
        let mut memory = Self {
            header: Header::new(),
            region: Region::empty(),
            len: 0,
            max_bytes: max_bytes.min(address_space),
            ty,
            shared: None,
        };
        memory.len = memory.bytes_of(ty.limits.min)?;
        memory.region = Region::zeroed(memory.len)?;
        Some(memory)
    }

    /// A store's view of a shared memory.
    #[must_use]
    pub fn from_shared(shared: SharedMemory) -> Self {
        Self {
            header: Header::new(),
            region: Region::empty(),
            len: 0,
            max_bytes: 0,
            ty: *shared.ty(),
            shared: Some(shared),
        }
    }

    /// The shared memory that this is a view of, if it is one.
    #[inline(always)]
    #[must_use]
    pub fn shared(&self) -> Option<&SharedMemory> {
        self.shared.as_ref()
    }

    /// The address of the first byte; dangling while the memory is empty, or shared. Growth changes it.
    #[inline]
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.region.base().as_ptr()
    }

    /// The address of the first byte, shared or not.
    pub(crate) fn start(&self) -> *mut u8 {
        self.shared.as_ref().map_or(self.base(), SharedMemory::base)
    }

    /// The size in bytes.
    #[inline]
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.shared.as_ref().map_or(self.len as u64, SharedMemory::len_bytes)
    }

    /// Whether it has 32-bit addresses and is not shared.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        !self.ty.memory64 && self.shared.is_none()
    }

    /// Bytes at [`base`](Self::base): none if the memory is shared.
    #[inline(always)]
    pub(crate) fn own_len_bytes(&self) -> u64 {
        self.len as u64
    }

    /// The size in pages. Spec: `exec-memory.size`.
    #[inline]
    #[must_use]
    pub fn size_pages(&self) -> u64 {
        self.len_bytes() >> self.ty.page_size_log2
    }

    /// The type that the memory was made with; its present size is [`size_pages`](Self::size_pages).
    #[must_use]
    pub fn ty(&self) -> &MemType {
        &self.ty
    }

    /// The type with the present size as the minimum, as linking compares it. Spec: `match-memtype`.
    #[must_use]
    pub fn current_type(&self) -> MemType {
        let mut ty = self.ty;
        ty.limits.min = self.size_pages();
        ty
    }

    /// The bytes; none if the memory is shared.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the region starts with `len` initialised bytes, which nobody writes while `self` is borrowed.
        unsafe { slice::from_raw_parts(self.base(), self.len) }
    }

    /// The bytes, to be written; none if the memory is shared.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the region starts with `len` initialised bytes, and `self` is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.base(), self.len) }
    }

    /// Grows the memory by `delta` pages of zeros; returns the old size in pages, or `None` past a limit or without room,
    /// the memory then being as it was. Spec: `exec-memory.grow`.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        if let Some(shared) = &self.shared {
            return shared.grow(delta);
        }
        let old_pages = self.size_pages();
        let new_pages = old_pages.checked_add(delta)?;
        if self.ty.limits.max.is_some_and(|max| new_pages > max) {
            return None;
        }
        let new_len = self.bytes_of(new_pages)?;
        if new_len > self.len {
            self.extend(new_len)?;
        }
        Some(old_pages)
    }

    /// Copies `bytes` to `offset`; `None` if their place is not all in the memory, nothing being written then.
    #[must_use]
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Option<()> {
        if let Some(shared) = &self.shared {
            return shared.write(offset, bytes);
        }
        let to = self.as_mut_slice().get_mut(usize::try_from(offset).ok()?..)?.get_mut(..bytes.len())?;
        to.copy_from_slice(bytes);
        Some(())
    }

    /// Bytes of so many pages, if the memory may have as many.
    fn bytes_of(&self, pages: u64) -> Option<usize> {
        let bytes = pages.checked_mul(1 << self.ty.page_size_log2)?;
        if bytes > self.max_bytes {
            return None;
        }
        usize::try_from(bytes).ok()
    }

    fn extend(&mut self, new_len: usize) -> Option<()> {
        if new_len > self.region.capacity() {
            self.reserve(new_len)?;
        }
        self.region.expose(self.len, new_len);
        self.len = new_len;
        Some(())
    }

    /// Makes room for `needed` bytes; for half as many more, if the growth is small and the system and the limits allow
    /// that, so that growth in small steps does not copy each time.
    fn reserve(&mut self, needed: usize) -> Option<()> {
        let max = self.ty.limits.max.and_then(|pages| pages.checked_mul(1 << self.ty.page_size_log2));
        let max = max.unwrap_or(u64::MAX).min(self.max_bytes);
        let extra = if needed - self.len < self.len { needed as u64 / 2 } else { 0 };
        let roomy = (needed as u64).saturating_add(extra).min(max).max(needed as u64);
        self.region.grow(usize::try_from(roomy).ok()?, self.len).or_else(|| self.region.grow(needed, self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_syntax::Limits;

    const PAGE: usize = 1 << 16;

    fn ty(min: u64, max: Option<u64>) -> MemType {
        MemType { limits: Limits { min, max }, memory64: false, shared: false, page_size_log2: 16 }
    }

    #[test]
    fn growth_keeps_bytes_and_adds_zeros() {
        let mut memory = Memory::new(ty(1, None), 1 << 30).unwrap();
        let mut expected = 1u64;
        // Steps that copy into a fresh region, move it, and fit what was reserved.
        for delta in [1, 0, 3, 1, 1, 1, 2, 20, 15] {
            let len = memory.as_slice().len();
            memory.as_mut_slice()[len - 1] = expected as u8;
            assert_eq!(memory.grow(delta), Some(expected));
            expected += delta;
            assert_eq!(memory.size_pages(), expected);
            assert_eq!(memory.as_slice().len(), expected as usize * PAGE);
            assert!(memory.as_slice()[len..].iter().all(|&byte| byte == 0));
            assert_eq!(memory.as_slice()[len - 1], (expected - delta) as u8);
        }
    }

    #[test]
    fn growth_stops_at_every_limit() {
        let mut memory = Memory::new(ty(0, Some(2)), 1 << 30).unwrap();
        assert!(memory.as_slice().is_empty());
        assert_eq!(memory.grow(3), None);
        assert_eq!(memory.grow(2), Some(0));
        assert_eq!(memory.grow(1), None);
        assert_eq!(memory.grow(u64::MAX), None);
        assert_eq!(memory.grow(0), Some(2));
        let mut capped = Memory::new(ty(1, None), 2 * PAGE as u64).unwrap();
        assert_eq!(capped.grow(2), None);
        assert_eq!(capped.grow(1), Some(1));
        assert!(Memory::new(ty(3, None), 2 * PAGE as u64).is_none());
        assert!(Memory::new(ty(65537, None), u64::MAX).is_none());
    }

    #[test]
    fn memories_of_64_bits_refuse_what_no_machine_has() {
        let mut ty = ty(0, None);
        ty.memory64 = true;
        let mut memory = Memory::new(ty, u64::MAX).unwrap();
        assert_eq!(memory.grow(1 << 48), None);
        assert_eq!(memory.grow(1 << 46), None);
        assert_eq!(memory.size_pages(), 0);
    }
}
