//! Shared memories: bytes that several stores, and threads, see at once. Spec: the threads proposal's `syntax-shared`.
//!
//! The address never changes: all that the memory may grow to is reserved at the start, and costs nothing until it is
//! touched. Plain accesses go through `racy`, atomic ones through atomics; nothing ever makes a reference to the bytes.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use wasm_syntax::{MemType, Trap};

use super::parking::{Parking, Wait};
use super::racy;
use super::region::Region;

/// A shared memory. Clones are the same memory, on any thread.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<Block>);

#[derive(Debug)]
struct Block {
    region: Region,
    /// Bytes that programs see: never fewer than before, never more than the region has.
    len: AtomicU64,
    ty: MemType,
    parking: Parking,
}

// SAFETY: the block owns its bytes, and they are accessed by atomics alone.
unsafe impl Send for Block {}
// SAFETY: the same.
unsafe impl Sync for Block {}

impl SharedMemory {
    /// A memory of the smallest size that `ty` allows, all zero. It can grow up to the maximum of `ty`, and to `max_bytes`;
    /// where the system does not reserve as much, to what it does. `None` if there is no room for the smallest size, or `ty`
    /// has no maximum. Spec: `alloc-mem`.
    #[must_use]
    pub fn new(ty: MemType, max_bytes: u64) -> Option<Self> {
        let address_space = if ty.memory64 { u64::MAX } else { 1 << 32 };
        let bytes = |pages: u64| pages.checked_mul(1 << ty.page_size_log2);
        let limit = max_bytes.min(address_space).min(isize::MAX as u64);
        let len = bytes(ty.limits.min).filter(|&len| len <= limit)?;
        let mut capacity = bytes(ty.limits.max?).unwrap_or(limit).min(limit).max(len) as usize;
        let region = loop {
            match Region::zeroed(capacity) {
                Some(region) => break region,
                None if capacity as u64 == len => return None,
                None => capacity = (capacity / 2).max(len as usize),
            }
        };
        let (len, parking) = (AtomicU64::new(len), Parking::default());
        Some(Self(Arc::new(Block { region, len, ty, parking })))
    }

    /// Whether both are the same memory.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The type that the memory was made with.
    #[must_use]
    pub fn ty(&self) -> &MemType {
        &self.0.ty
    }

    /// The type with the present size as the minimum, as linking compares it. Spec: `match-memtype`.
    #[must_use]
    pub fn current_type(&self) -> MemType {
        let mut ty = self.0.ty;
        ty.limits.min = self.size_pages();
        ty
    }

    /// The present size in bytes; another thread may make it larger at any time.
    #[inline]
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.0.len.load(Ordering::SeqCst)
    }

    /// The present size in pages. Spec: `exec-memory.size`.
    #[must_use]
    pub fn size_pages(&self) -> u64 {
        self.len_bytes() >> self.0.ty.page_size_log2
    }

    /// Grows the memory by `delta` pages of zeros; returns the old size in pages, or `None` past a limit, the memory then
    /// being as it was. Spec: `exec-memory.grow`.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        let Block { len, region, ty, .. } = &*self.0;
        let delta = delta.checked_mul(1 << ty.page_size_log2)?;
        let grown = |len: u64| len.checked_add(delta).filter(|&new| new <= region.capacity() as u64);
        let old = len.fetch_update(Ordering::SeqCst, Ordering::SeqCst, grown).ok()?;
        Some(old >> ty.page_size_log2)
    }

    /// Copies the bytes from `offset` on into `to`; `None` if they are not all in the memory. What other threads write
    /// meanwhile is seen byte by byte, or not.
    #[must_use]
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Option<()> {
        let at = self.locate(offset, to.len() as u64)?;
        // SAFETY: the bytes are in the memory, and `to` is not.
        unsafe { racy::read(at, to) };
        Some(())
    }

    /// Copies `from` to `offset`; `None` if its place is not all in the memory, nothing being written then.
    #[must_use]
    pub fn write(&self, offset: u64, from: &[u8]) -> Option<()> {
        let at = self.locate(offset, from.len() as u64)?;
        // SAFETY: the bytes are in the memory, and `from` is not.
        unsafe { racy::write(at, from) };
        Some(())
    }

    /// The address of the first byte, which stays.
    pub(crate) fn base(&self) -> *mut u8 {
        self.0.region.base().as_ptr()
    }

    /// The first of `len` bytes at `offset`, if they are all in the memory.
    #[inline(always)]
    pub(crate) fn locate(&self, offset: u64, len: u64) -> Option<*mut u8> {
        let end = offset.checked_add(len)?;
        // Growth that a thread has to know of, it knows of by other atomics.
        if end > self.0.len.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: the offset is within the allocation, or at its end.
        Some(unsafe { self.0.region.base().as_ptr().add(offset as usize) })
    }

    /// The first byte of an atomic access of `width` bytes, a power of two.
    fn locate_aligned(&self, address: u64, width: u64) -> Result<*mut u8, Trap> {
        if !address.is_multiple_of(width) {
            return Err(Trap::UnalignedAtomic);
        }
        self.locate(address, width).ok_or(Trap::MemoryOutOfBounds)
    }

    /// Blocks this thread until another one notifies `address`, if there are the four bytes of `expected`; for at most
    /// `timeout_ns` nanoseconds, or with a negative number as long as it takes. `None` if `is_interrupted` came to be true, as
    /// it is asked every half millisecond. Spec: `exec-memory.atomic.wait`.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of four, or not in the memory.
    pub fn wait32(
        &self,
        address: u64,
        expected: u32,
        timeout_ns: i64,
        is_interrupted: impl Fn() -> bool,
    ) -> Result<Option<Wait>, Trap> {
        let at = self.locate_aligned(address, 4)?;
        // SAFETY: the address is aligned and in the memory.
        let value = unsafe { AtomicU32::from_ptr(at.cast()) };
        let is_expected = || u32::from_le(value.load(Ordering::SeqCst)) == expected;
        Ok(self.0.parking.wait(address, is_expected, timeout_ns, is_interrupted))
    }

    /// As [`wait32`](Self::wait32), for eight bytes.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of eight, or not in the memory.
    pub fn wait64(
        &self,
        address: u64,
        expected: u64,
        timeout_ns: i64,
        is_interrupted: impl Fn() -> bool,
    ) -> Result<Option<Wait>, Trap> {
        let at = self.locate_aligned(address, 8)?;
        // SAFETY: the address is aligned and in the memory.
        let value = unsafe { AtomicU64::from_ptr(at.cast()) };
        let is_expected = || u64::from_le(value.load(Ordering::SeqCst)) == expected;
        Ok(self.0.parking.wait(address, is_expected, timeout_ns, is_interrupted))
    }

    /// Wakes at most `count` threads that wait at `address`; returns how many. Spec: `exec-memory.atomic.notify`.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of four, or not in the memory.
    pub fn notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        self.locate_aligned(address, 4)?;
        Ok(self.0.parking.notify(address, count))
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use std::thread;
    use std::time::{Duration, Instant};
    use wasm_syntax::Limits;

    const PAGE: u64 = 1 << 16;

    fn memory(min: u64, max: u64) -> SharedMemory {
        let ty = MemType { limits: Limits { min, max: Some(max) }, memory64: false, shared: true, page_size_log2: 16 };
        SharedMemory::new(ty, 1 << 30).expect("the type is of a shared memory")
    }

    fn never() -> bool {
        false
    }

    #[test]
    fn growth_from_many_threads_adds_up() {
        let memory = memory(1, 40);
        let grown: Vec<u64> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..12).filter_map(|_| memory.grow(1)).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        // Each old size is seen once, and what is past the limit fails.
        let mut sorted = grown.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..40).collect::<Vec<_>>());
        assert_eq!((memory.size_pages(), memory.grow(1), memory.grow(u64::MAX)), (40, None, None));
        let mut byte = [1];
        assert_eq!(memory.read(40 * PAGE - 1, &mut byte), Some(()));
        assert_eq!((byte, memory.read(40 * PAGE, &mut byte)), ([0], None));
    }

    #[test]
    fn waiting_ends_by_value_time_notification_and_interruption() {
        let memory = memory(1, 1);
        memory.write(8, &[1]).unwrap();
        assert_eq!(memory.wait32(8, 0, -1, never), Ok(Some(Wait::Mismatch)));
        assert_eq!(memory.wait64(8, 0, -1, never), Ok(Some(Wait::Mismatch)));
        let start = Instant::now();
        assert_eq!(memory.wait32(8, 1, 20_000_000, never), Ok(Some(Wait::TimedOut)));
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(memory.wait64(8, 1, 0, never), Ok(Some(Wait::TimedOut)));
        assert_eq!(memory.wait32(8, 1, -1, || start.elapsed() > Duration::from_millis(50)), Ok(None));
        assert_eq!(memory.wait32(6, 1, -1, never), Err(Trap::UnalignedAtomic));
        assert_eq!(memory.wait64(PAGE, 1, -1, never), Err(Trap::MemoryOutOfBounds));
        // Nobody is left in line.
        assert_eq!(memory.notify(8, u32::MAX), Ok(0));
    }

    #[test]
    fn notification_wakes_as_many_as_asked_for() {
        let memory = memory(1, 1);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| memory.wait32(16, 0, -1, never))).collect();
            let elsewhere = scope.spawn(|| memory.wait64(24, 0, -1, never));
            let mut woken = 0;
            while woken < 3 {
                let now = memory.notify(16, 1).unwrap();
                assert!(now <= 1);
                woken += now;
            }
            assert_eq!(memory.notify(16, u32::MAX), Ok(0));
            threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), Ok(Some(Wait::Woken))));
            while memory.notify(24, u32::MAX) == Ok(0) {}
            assert_eq!(elsewhere.join().unwrap(), Ok(Some(Wait::Woken)));
        });
    }
}
