//! The guest's linear memory as this crate sees it: a trait, its implementations for byte slices, and the little-endian
//! loads and stores that the functions use. Every access is checked; none panics.
use crate::errno::{Errno, Result};
use alloc::string::String;
use alloc::vec::Vec;

/// An access reaches outside the guest's memory. Becomes [`Errno::Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("access outside the guest's memory")]
pub struct Fault;

impl From<Fault> for Errno {
    fn from(Fault: Fault) -> Errno {
        Errno::Fault
    }
}

/// A guest's 32-bit linear memory.
///
/// `slice` and `slice_mut` give zero-copy access where the memory is one byte range that nobody else writes; a shared
/// memory leaves them at their default, and data then goes through a small buffer.
pub trait GuestMemory {
    /// The current size in bytes.
    fn size(&self) -> u64;

    /// Copies `buf.len()` bytes at `addr` into `buf`; fails without a partial copy.
    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault>;

    /// Copies `bytes` to `addr`; fails without a partial copy.
    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault>;

    /// The bytes `addr .. addr + len` themselves. `None` if this memory cannot lend them or they are out of bounds.
    fn slice(&self, addr: u32, len: u32) -> Option<&[u8]> {
        let _ = (addr, len);
        None
    }

    /// The bytes `addr .. addr + len` themselves, to write into. `None` as for [`GuestMemory::slice`].
    fn slice_mut(&mut self, addr: u32, len: u32) -> Option<&mut [u8]> {
        let _ = (addr, len);
        None
    }
}

fn range(addr: u32, len: usize) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(addr).ok()?;
    Some(start..start.checked_add(len)?)
}

impl GuestMemory for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        let bytes = range(addr, buf.len()).and_then(|range| self.get(range)).ok_or(Fault)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        let target = range(addr, bytes.len()).and_then(|range| self.get_mut(range)).ok_or(Fault)?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    fn slice(&self, addr: u32, len: u32) -> Option<&[u8]> {
        self.get(range(addr, usize::try_from(len).ok()?)?)
    }

    fn slice_mut(&mut self, addr: u32, len: u32) -> Option<&mut [u8]> {
        self.get_mut(range(addr, usize::try_from(len).ok()?)?)
    }
}

/// Forwards every method, so that owners and references of a memory are memories too.
macro_rules! forward {
    ($(impl[$($generics:tt)*] for $Type:ty, $this:ident => $inner:expr;)*) => {$(
        impl<$($generics)*> GuestMemory for $Type {
            fn size(&self) -> u64 {
                let $this = self;
                $inner.size()
            }
            fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
                let $this = self;
                GuestMemory::read(&$inner, addr, buf)
            }
            fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
                let $this = self;
                GuestMemory::write(&mut $inner, addr, bytes)
            }
            fn slice(&self, addr: u32, len: u32) -> Option<&[u8]> {
                let $this = self;
                $inner.slice(addr, len)
            }
            fn slice_mut(&mut self, addr: u32, len: u32) -> Option<&mut [u8]> {
                let $this = self;
                $inner.slice_mut(addr, len)
            }
        }
    )*};
}

forward! {
    impl[] for Vec<u8>, this => this[..];
    impl[const N: usize] for [u8; N], this => this[..];
    impl[M: GuestMemory + ?Sized] for &mut M, this => **this;
}

/// A guest's memory behind two closures, for an engine that lends no bytes: one reads, one writes.
///
/// The closures fail, without a partial copy, where the range is not all in the memory; `size` only lets a range be refused
/// before anything is done.
///
/// ```
/// use core::cell::RefCell;
/// use wasi_lite::{Fault, FnMemory, Function, WasiBuilder};
///
/// let cells = RefCell::new([0u8; 32]);
/// let range = |addr: u32, len: usize| addr as usize..addr as usize + len;
/// let mut memory = FnMemory::new(
///     32,
///     |addr, buf: &mut [u8]| Ok(buf.copy_from_slice(cells.borrow().get(range(addr, buf.len())).ok_or(Fault)?)),
///     |addr, bytes: &[u8]| Ok(cells.borrow_mut().get_mut(range(addr, bytes.len())).ok_or(Fault)?.copy_from_slice(bytes)),
/// );
/// let mut wasi = WasiBuilder::new().arg("hello").build()?;
/// assert_eq!(wasi.call(Function::ArgsSizesGet, &mut memory, &[0, 4]), Ok(0));
/// assert_eq!(cells.borrow()[..8], [1, 0, 0, 0, 6, 0, 0, 0]);
/// # Ok::<(), wasi_lite::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FnMemory<R, W> {
    size: u64,
    read: R,
    write: W,
}

impl<R, W> FnMemory<R, W>
where
    R: Fn(u32, &mut [u8]) -> Result<(), Fault>,
    W: FnMut(u32, &[u8]) -> Result<(), Fault>,
{
    /// A memory of `size` bytes.
    pub fn new(size: u64, read: R, write: W) -> FnMemory<R, W> {
        FnMemory { size, read, write }
    }
}

impl<R, W> GuestMemory for FnMemory<R, W>
where
    R: Fn(u32, &mut [u8]) -> Result<(), Fault>,
    W: FnMut(u32, &[u8]) -> Result<(), Fault>,
{
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        (self.read)(addr, buf)
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        (self.write)(addr, bytes)
    }
}

impl dyn GuestMemory + '_ {
    /// Fails unless `addr .. addr + len` lies in the memory.
    pub(crate) fn check(&self, addr: u32, len: u64) -> Result<()> {
        let end = u64::from(addr).checked_add(len).ok_or(Errno::Fault)?;
        if end <= self.size() { Ok(()) } else { Err(Errno::Fault) }
    }

    pub(crate) fn load<const N: usize>(&self, addr: u32) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read(addr, &mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn store(&mut self, addr: u32, bytes: &[u8]) -> Result<()> {
        Ok(self.write(addr, bytes)?)
    }

    pub(crate) fn store_u32(&mut self, addr: u32, value: u32) -> Result<()> {
        self.store(addr, &value.to_le_bytes())
    }

    pub(crate) fn store_u64(&mut self, addr: u32, value: u64) -> Result<()> {
        self.store(addr, &value.to_le_bytes())
    }

    /// A path or link target: UTF-8 without NUL, shorter than [`PATH_MAX`].
    pub(crate) fn load_path(&self, addr: u32, len: u32) -> Result<String> {
        self.check(addr, u64::from(len))?;
        if len >= PATH_MAX {
            return Err(Errno::NameTooLong);
        }
        let mut bytes = alloc::vec![0; len as usize];
        self.read(addr, &mut bytes)?;
        if bytes.contains(&0) {
            return Err(Errno::Inval);
        }
        String::from_utf8(bytes).map_err(|_| Errno::IlSeq)
    }
}

/// Paths of this many bytes or more are refused with [`Errno::NameTooLong`].
pub(crate) const PATH_MAX: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_at_both_ends_of_the_address_space() {
        let mut bytes = [7u8; 8];
        let memory: &mut dyn GuestMemory = &mut bytes;
        assert_eq!(memory.check(0, 8), Ok(()));
        assert_eq!(memory.check(8, 0), Ok(()));
        assert_eq!(memory.check(9, 0), Err(Errno::Fault));
        assert_eq!(memory.check(u32::MAX, u64::MAX), Err(Errno::Fault));
        assert_eq!(memory.load::<4>(4), Ok([7; 4]));
        assert_eq!(memory.load::<4>(5), Err(Errno::Fault));
        assert_eq!(memory.load::<4>(u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.store_u64(1, 0), Err(Errno::Fault));
        assert_eq!(memory.load::<8>(0), Ok([7; 8]));
        assert!(memory.slice(u32::MAX, u32::MAX).is_none());
    }

    #[test]
    fn paths_are_utf8_without_nul() {
        let mut bytes = *b"a\0b\xff";
        let memory: &mut dyn GuestMemory = &mut bytes;
        assert_eq!(memory.load_path(0, 1).as_deref(), Ok("a"));
        assert_eq!(memory.load_path(0, 2), Err(Errno::Inval));
        assert_eq!(memory.load_path(2, 2), Err(Errno::IlSeq));
        assert_eq!(memory.load_path(2, 3), Err(Errno::Fault));
        let mut large = alloc::vec![b'a'; 8192];
        let memory: &mut dyn GuestMemory = &mut large;
        assert_eq!(memory.load_path(0, 4096), Err(Errno::NameTooLong));
    }
}
