//! Accesses to bytes that other threads may access at the same time: relaxed atomics, as wide as alignment allows.
//!
//! A race leaves each byte with one of the values written to it, which is what the threads proposal asks of accesses that are
//! not atomic. Accesses of one width may race as Rust defines it; where widths differ, this relies on the compiler's back
//! end, whose memory model is one of bytes. Under Miri, which checks for that, every access goes byte by byte.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Bytes that move at a time between two racy places.
const CHUNK: usize = 512;

const WORD: usize = size_of::<u64>();

/// Whether an access of `width` bytes at `at` can be one atomic access.
#[inline(always)]
fn is_whole(at: *const u8, width: usize) -> bool {
    !cfg!(miri) && at.addr().is_multiple_of(width)
}

/// Reads `N` bytes.
///
/// # Safety
///
/// They are allocated, and while they may race only accessed by atomics.
#[inline(always)]
pub(crate) unsafe fn load<const N: usize>(at: *const u8) -> [u8; N] {
    let at = at.cast_mut();
    let mut bytes = [0; N];
    // SAFETY: the bytes are there, and aligned where the access is wider than one.
    unsafe {
        match N {
            2 if is_whole(at, 2) => bytes.copy_from_slice(&AtomicU16::from_ptr(at.cast()).load(Relaxed).to_ne_bytes()),
            4 if is_whole(at, 4) => bytes.copy_from_slice(&AtomicU32::from_ptr(at.cast()).load(Relaxed).to_ne_bytes()),
            8 if is_whole(at, 8) => bytes.copy_from_slice(&AtomicU64::from_ptr(at.cast()).load(Relaxed).to_ne_bytes()),
            16 if is_whole(at, WORD) => {
                bytes[..WORD].copy_from_slice(&load::<WORD>(at));
                bytes[WORD..].copy_from_slice(&load::<WORD>(at.add(WORD)));
            }
            _ => {
                for (n, byte) in bytes.iter_mut().enumerate() {
                    *byte = AtomicU8::from_ptr(at.add(n)).load(Relaxed);
                }
            }
        }
    }
    bytes
}

/// Writes `N` bytes.
///
/// # Safety
///
/// As for [`load`].
#[inline(always)]
pub(crate) unsafe fn store<const N: usize>(at: *mut u8, bytes: [u8; N]) {
    /// The array as one of the length that it has.
    #[inline(always)]
    fn exact<const N: usize, const M: usize>(bytes: &[u8; N], from: usize) -> [u8; M] {
        core::array::from_fn(|n| bytes[from + n])
    }
    // SAFETY: the bytes are there, and aligned where the access is wider than one.
    unsafe {
        match N {
            2 if is_whole(at, 2) => {
                AtomicU16::from_ptr(at.cast()).store(u16::from_ne_bytes(exact(&bytes, 0)), Relaxed);
            }
            4 if is_whole(at, 4) => {
                AtomicU32::from_ptr(at.cast()).store(u32::from_ne_bytes(exact(&bytes, 0)), Relaxed);
            }
            8 if is_whole(at, 8) => {
                AtomicU64::from_ptr(at.cast()).store(u64::from_ne_bytes(exact(&bytes, 0)), Relaxed);
            }
            16 if is_whole(at, WORD) => {
                store::<WORD>(at, exact(&bytes, 0));
                store::<WORD>(at.add(WORD), exact(&bytes, WORD));
            }
            _ => {
                for (n, byte) in bytes.into_iter().enumerate() {
                    AtomicU8::from_ptr(at.add(n)).store(byte, Relaxed);
                }
            }
        }
    }
}

/// Reads as many bytes as `to` has.
///
/// # Safety
///
/// As for [`load`]; `to` does not overlap them.
pub(crate) unsafe fn read(at: *const u8, to: &mut [u8]) {
    let head = at.align_offset(WORD).min(to.len());
    let (first, rest) = to.split_at_mut(head);
    let (words, last) = rest.as_chunks_mut::<WORD>();
    let tail = head + words.len() * WORD;
    // SAFETY: each access is to as many bytes as `to` has from the same position on.
    unsafe {
        first.iter_mut().enumerate().for_each(|(n, byte)| [*byte] = load(at.add(n)));
        words.iter_mut().enumerate().for_each(|(n, word)| *word = load(at.add(head + n * WORD)));
        last.iter_mut().enumerate().for_each(|(n, byte)| [*byte] = load(at.add(tail + n)));
    }
}

/// Writes `from`.
///
/// # Safety
///
/// As for [`load`]; `from` does not overlap the bytes written.
pub(crate) unsafe fn write(at: *mut u8, from: &[u8]) {
    let head = at.align_offset(WORD).min(from.len());
    let (first, rest) = from.split_at(head);
    let (words, last) = rest.as_chunks::<WORD>();
    let tail = head + words.len() * WORD;
    // SAFETY: each access is to as many bytes as `from` has from the same position on.
    unsafe {
        first.iter().enumerate().for_each(|(n, &byte)| store(at.add(n), [byte]));
        words.iter().enumerate().for_each(|(n, &word)| store(at.add(head + n * WORD), word));
        last.iter().enumerate().for_each(|(n, &byte)| store(at.add(tail + n), [byte]));
    }
}

/// Writes `value` to `len` bytes.
///
/// # Safety
///
/// As for [`load`].
pub(crate) unsafe fn fill(at: *mut u8, value: u8, len: usize) {
    let bytes = [value; CHUNK];
    for start in (0..len).step_by(CHUNK) {
        // SAFETY: the chunk lies within the `len` bytes.
        unsafe { write(at.add(start), &bytes[..CHUNK.min(len - start)]) };
    }
}

/// Copies `len` bytes, as if through a buffer when the places overlap.
///
/// # Safety
///
/// As for [`load`], for both places.
pub(crate) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) {
    let mut buffer = [0; CHUNK];
    let mut chunk = |start: usize| {
        let buffer = &mut buffer[..CHUNK.min(len - start)];
        // SAFETY: the chunk lies within the `len` bytes of both places.
        unsafe {
            read(from.add(start), buffer);
            write(to.add(start), buffer);
        }
    };
    let starts = (0..len).step_by(CHUNK);
    // The end from which no chunk is overwritten before it is read.
    if to.cast_const() <= from { starts.for_each(&mut chunk) } else { starts.rev().for_each(&mut chunk) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn pattern(len: usize) -> Vec<u8> {
        (0..len).map(|n| (n * 7 + n / 256) as u8).collect()
    }

    #[test]
    fn accesses_of_every_width_and_alignment_move_their_bytes_alone() {
        fn check<const N: usize>() {
            for offset in 0..16 {
                let mut bytes = pattern(48);
                let expected: [u8; N] = core::array::from_fn(|n| bytes[offset + n]);
                // SAFETY: `offset + N` is within the 48 bytes.
                unsafe {
                    assert_eq!(load::<N>(bytes.as_ptr().add(offset)), expected);
                    store(bytes.as_mut_ptr().add(offset), [0xEE; N]);
                }
                for (n, (found, old)) in bytes.into_iter().zip(pattern(48)).enumerate() {
                    assert_eq!(found, if (offset..offset + N).contains(&n) { 0xEE } else { old });
                }
            }
        }
        check::<1>();
        check::<2>();
        check::<4>();
        check::<8>();
        check::<16>();
    }

    #[test]
    fn ranges_agree_with_slices() {
        for (start, len) in [(0, 0), (1, 3), (3, 8), (5, 40), (8, 64), (7, 1200)] {
            let mut bytes = pattern(1300);
            let mut expected = bytes.clone();
            let mut buffer = alloc::vec![0; len];
            // SAFETY: the ranges are within the 1300 bytes.
            unsafe { read(bytes.as_ptr().add(start), &mut buffer) };
            assert_eq!(buffer, expected[start..start + len]);
            buffer.reverse();
            expected[start..start + len].copy_from_slice(&buffer);
            // SAFETY: the same.
            unsafe { write(bytes.as_mut_ptr().add(start), &buffer) };
            assert_eq!(bytes, expected);
            expected[start..start + len].fill(9);
            // SAFETY: the same.
            unsafe { fill(bytes.as_mut_ptr().add(start), 9, len) };
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn overlapping_copies_go_as_if_through_a_buffer() {
        for (to, from, len) in
            [(0, 1, 1999), (1, 0, 1999), (0, 600, 1400), (600, 0, 1400), (3, 3, 1000), (100, 1100, 900)]
        {
            let mut bytes = pattern(2000);
            let mut expected = bytes.clone();
            expected.copy_within(from..from + len, to);
            let base = bytes.as_mut_ptr();
            // SAFETY: the ranges are within the 2000 bytes.
            unsafe { copy(base.add(to), base.add(from), len) };
            assert_eq!(bytes, expected);
        }
    }
}
