//! Regions: the zeroed bytes that memories and value stacks consist of.
//!
//! Large regions are pages mapped from the operating system where there is one, small ones are the allocator's. A mapped page
//! costs nothing until it is touched. An allocator's zeroed block may: the usual C library's, once a large block has been
//! freed, takes the next one from its heap, and zeroes all of it by writing.

use alloc::alloc::{alloc_zeroed, dealloc, realloc};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

#[cfg(all(feature = "std", not(miri)))]
use memmap2::MmapMut;

/// No larger: the allocator of the usual C library zeroes blocks of higher alignment by writing to them.
const ALIGN: usize = 16;

/// From here on, bytes are mapped: zeroing fewer takes less time than the system calls.
#[cfg(all(feature = "std", not(miri)))]
const MAPPED_FROM: usize = 1 << 17;

/// Bytes at an address of their own. Those that nobody has written yet are zero, or made so by [`expose`](Self::expose).
#[derive(Debug)]
pub(crate) struct Region {
    /// Start of `capacity` bytes; dangling if that is 0.
    base: NonNull<u8>,
    capacity: usize,
    /// Whether the bytes that have not been exposed are zero.
    is_clean: bool,
    #[cfg(all(feature = "std", not(miri)))]
    mapping: Option<MmapMut>,
}

impl Region {
    /// No bytes.
    pub fn empty() -> Self {
        Self {
            base: NonNull::dangling(),
            capacity: 0,
            is_clean: true,
            #[cfg(all(feature = "std", not(miri)))]
            mapping: None,
        }
    }

    /// So many zeros; `None` if there is no room.
    pub fn zeroed(len: usize) -> Option<Self> {
        let mut region = Self::empty();
        if len == 0 {
            return Some(region);
        }
        #[cfg(all(feature = "std", not(miri)))]
        if len >= MAPPED_FROM {
            let mut mapping = MmapMut::map_anon(len).ok()?;
            region.base = NonNull::new(mapping.as_mut_ptr())?;
            region.capacity = len;
            region.mapping = Some(mapping);
            return Some(region);
        }
        let layout = Layout::from_size_align(len, ALIGN).ok()?;
        // SAFETY: `len` is not 0.
        region.base = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        region.capacity = len;
        Some(region)
    }

    /// The address of the first byte, a multiple of 16; dangling without any.
    #[inline(always)]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// How many bytes there are.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes room for `capacity` bytes, more than there are, and keeps the first `used`; `None` if there is no room, and
    /// nothing has changed then. The address may change.
    pub fn grow(&mut self, capacity: usize, used: usize) -> Option<()> {
        if self.remap(capacity) {
            return Some(());
        }
        // Fresh zeros, which may cost nothing, are worth a copy of what is shorter.
        if capacity - used >= used || self.is_mapped_at(capacity) {
            let fresh = Self::zeroed(capacity)?;
            // SAFETY: both regions have `used` bytes, and do not overlap.
            unsafe { ptr::copy_nonoverlapping(self.base.as_ptr(), fresh.base.as_ptr(), used) };
            *self = fresh;
            return Some(());
        }
        let new = Layout::from_size_align(capacity, ALIGN).ok()?;
        // SAFETY: `base` is the allocator's, with `capacity > 0` bytes (growth from nothing takes fresh zeros) and `ALIGN`;
        // `new` is a valid layout of more bytes.
        let base = unsafe { realloc(self.base.as_ptr(), layout(self.capacity), new.size()) };
        self.base = NonNull::new(base)?;
        self.capacity = capacity;
        self.is_clean = false;
        Some(())
    }

    /// Makes the bytes from `start` to `end`, which have not been exposed before, zero.
    pub fn expose(&mut self, start: usize, end: usize) {
        assert!(start <= end && end <= self.capacity, "exposed bytes are within the region");
        if !self.is_clean {
            // SAFETY: the bytes are allocated.
            unsafe { self.base.as_ptr().add(start).write_bytes(0, end - start) };
        }
    }

    /// Whether a region of so many bytes is mapped, or this one is.
    #[cfg(all(feature = "std", not(miri)))]
    fn is_mapped_at(&self, capacity: usize) -> bool {
        capacity >= MAPPED_FROM || self.mapping.is_some()
    }

    #[cfg(not(all(feature = "std", not(miri))))]
    fn is_mapped_at(&self, _: usize) -> bool {
        false
    }

    /// Lets the system move mapped pages, where it can.
    #[cfg(all(feature = "std", not(miri), target_os = "linux"))]
    fn remap(&mut self, capacity: usize) -> bool {
        let Some(mapping) = &mut self.mapping else { return false };
        let options = memmap2::RemapOptions::new().may_move(true);
        // SAFETY: the mapping is of no file, and nobody but this region, borrowed exclusively, knows its address.
        if unsafe { mapping.remap(capacity, options) }.is_err() {
            return false;
        }
        let Some(base) = NonNull::new(mapping.as_mut_ptr()) else { return false };
        (self.base, self.capacity) = (base, capacity);
        true
    }

    #[cfg(not(all(feature = "std", not(miri), target_os = "linux")))]
    fn remap(&mut self, _: usize) -> bool {
        false
    }

    /// Whether the bytes are to be given back to the allocator.
    fn is_allocated(&self) -> bool {
        #[cfg(all(feature = "std", not(miri)))]
        if self.mapping.is_some() {
            return false;
        }
        self.capacity > 0
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if self.is_allocated() {
            // SAFETY: `base` is the allocator's, with this capacity, and is not used again.
            unsafe { dealloc(self.base.as_ptr(), layout(self.capacity)) };
        }
    }
}

fn layout(capacity: usize) -> Layout {
    Layout::from_size_align(capacity, ALIGN).expect("the block was allocated with this layout")
}
