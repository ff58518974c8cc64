//! Blocks of the heap: memory for cells of one size, or for one large object, with bits that say which cells are in use.
//!
//! A block's cells are found by address arithmetic: blocks are aligned to [`BLOCK_BYTES`], their header comes first.

use alloc::alloc::{Layout, alloc, dealloc};
use core::ptr::{self, NonNull};

/// Bytes of a block of small objects, and the alignment of all blocks.
pub(super) const BLOCK_BYTES: usize = 1 << 16;
/// Bytes in front of a block's first object.
pub(super) const BLOCK_HEADER_BYTES: usize = 1088;
/// Cells' sizes and places are multiples of this.
pub(crate) const GRANULE_BYTES: usize = 16;

const _: () = assert!(size_of::<BlockHeader>() <= BLOCK_HEADER_BYTES && BLOCK_HEADER_BYTES.is_multiple_of(64));

/// A bit for each granule of the first [`BLOCK_BYTES`].
type Bits = [u64; BLOCK_BYTES / GRANULE_BYTES / 64];

const NO_BITS: Bits = [0; BLOCK_BYTES / GRANULE_BYTES / 64];

#[repr(C)]
struct BlockHeader {
    /// Bytes of a cell; of a large object's block, 0.
    cell_bytes: usize,
    /// Bytes of the whole block.
    block_bytes: usize,
    /// Where objects begin that the collection under way, or the last one, has reached.
    marks: Bits,
    /// Where objects began that the last complete collection had reached: other cells are free, or were given out since.
    taken: Bits,
}

/// A block of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block(usize);

/// The pointer to an address in the heap.
#[inline(always)]
pub(crate) fn at(address: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(address)
}

/// Marks the object at `address`; returns whether it was not marked before.
///
/// # Safety
///
/// An object of the heap is there, and nothing borrows its block's header.
#[inline(always)]
pub(super) unsafe fn mark(address: u64) -> bool {
    let address = address as usize;
    let granule = (address % BLOCK_BYTES) / GRANULE_BYTES;
    let header = at(address & !(BLOCK_BYTES - 1)).cast::<BlockHeader>();
    // SAFETY: every object begins in the first stretch of a block.
    let word = unsafe { &mut (*header).marks[granule / 64] };
    let bit = 1 << (granule % 64);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

/// Whether the object at `address` is marked.
///
/// # Safety
///
/// As for [`mark`].
pub(super) unsafe fn is_marked(address: u64) -> bool {
    let address = address as usize;
    let granule = (address % BLOCK_BYTES) / GRANULE_BYTES;
    let header = at(address & !(BLOCK_BYTES - 1)).cast::<BlockHeader>();
    // SAFETY: every object begins in the first stretch of a block.
    unsafe { (*header).marks[granule / 64] >> (granule % 64) & 1 == 1 }
}

/// All of it relies on the block not having been freed.
impl Block {
    /// A block with cells of that size and none taken; `None` without memory.
    pub fn new_small(cell_bytes: usize) -> Option<Self> {
        Self::new(BLOCK_BYTES, cell_bytes)
    }

    /// A block for one object of `bytes`.
    pub fn new_large(bytes: usize) -> Option<Self> {
        Self::new(bytes.checked_add(BLOCK_HEADER_BYTES)?, 0)
    }

    fn new(block_bytes: usize, cell_bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(block_bytes, BLOCK_BYTES).ok()?;
        // SAFETY: the layout is not empty.
        let block = NonNull::new(unsafe { alloc(layout) })?;
        // SAFETY: the block has room for the header.
        unsafe {
            block.cast::<BlockHeader>().write(BlockHeader { cell_bytes, block_bytes, marks: NO_BITS, taken: NO_BITS });
        }
        Some(Self(block.as_ptr().expose_provenance()))
    }

    fn header(self) -> *mut BlockHeader {
        at(self.0).cast()
    }

    /// Makes an empty block one of cells of another size.
    pub fn reuse(self, cell_bytes: usize) {
        // SAFETY: the block is alive.
        unsafe { (*self.header()).cell_bytes = cell_bytes };
    }

    /// Gives the memory back.
    ///
    /// # Safety
    ///
    /// Nothing uses the block any more.
    pub unsafe fn free(self) {
        // SAFETY: the block is alive.
        let block_bytes = unsafe { (*self.header()).block_bytes };
        if let Ok(layout) = Layout::from_size_align(block_bytes, BLOCK_BYTES) {
            // SAFETY: allocated with this layout.
            unsafe { dealloc(at(self.0), layout) };
        }
    }

    /// Bytes of the object of a large block.
    pub fn large_bytes(self) -> usize {
        // SAFETY: the block is alive.
        unsafe { (*self.header()).block_bytes - BLOCK_HEADER_BYTES }
    }

    /// The address of the first cell.
    pub fn first(self) -> usize {
        self.0 + BLOCK_HEADER_BYTES
    }

    /// Forgets the marks, before a collection.
    pub fn clear_marks(self) {
        // SAFETY: the block is alive.
        unsafe { (*self.header()).marks = NO_BITS };
    }

    /// Whether the one object of a large block is marked.
    pub fn is_marked(self) -> bool {
        let granule = BLOCK_HEADER_BYTES / GRANULE_BYTES;
        // SAFETY: the block is alive.
        unsafe { (*self.header()).marks[granule / 64] >> (granule % 64) & 1 == 1 }
    }

    /// Takes over what a complete collection has marked; returns how many cells that are.
    pub fn take_marks(self) -> usize {
        // SAFETY: the block is alive.
        let header = unsafe { &mut *self.header() };
        header.taken = header.marks;
        header.marks.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The first stretch of free cells from `cell` on, `max_bytes` long at most but of one cell at least: the addresses of
    /// its start and end, and the number of the cell behind it. With `mark`, they count as reached from now on.
    pub fn free_run(self, cell: usize, max_bytes: usize, mark: bool) -> Option<(usize, usize, usize)> {
        // SAFETY: the block is alive.
        let header = unsafe { &mut *self.header() };
        let (cell_bytes, first) = (header.cell_bytes, self.first());
        let count = (BLOCK_BYTES - BLOCK_HEADER_BYTES) / cell_bytes;
        let place = |cell: usize| {
            let granule = (BLOCK_HEADER_BYTES + cell * cell_bytes) / GRANULE_BYTES;
            (granule / 64, 1u64 << (granule % 64))
        };
        let is_taken = |taken: &Bits, cell| {
            let (word, bit) = place(cell);
            taken[word] & bit != 0
        };
        let start = (cell..count).find(|&cell| !is_taken(&header.taken, cell))?;
        let max = (max_bytes / cell_bytes).max(1);
        let last = count.min(start + max);
        let end = (start..last).find(|&cell| is_taken(&header.taken, cell)).unwrap_or(last);
        if mark {
            for cell in start..end {
                let (word, bit) = place(cell);
                header.marks[word] |= bit;
            }
        }
        Some((first + start * cell_bytes, first + end * cell_bytes, end))
    }

    /// Sets or takes back the marks of cells from `start` to `end`, which are addresses.
    pub fn set_marks(start: usize, end: usize, cell_bytes: usize, marked: bool) {
        for cell in (start..end).step_by(cell_bytes) {
            let granule = (cell % BLOCK_BYTES) / GRANULE_BYTES;
            // SAFETY: the block that the cells are in is alive.
            let word = unsafe { &mut (*at(cell & !(BLOCK_BYTES - 1)).cast::<BlockHeader>()).marks[granule / 64] };
            let bit = 1 << (granule % 64);
            *word = if marked { *word | bit } else { *word & !bit };
        }
    }

    /// Overwrites all cells that are not taken, so that using one shows.
    pub fn poison(self) {
        let mut cell = 0;
        while let Some((start, end, next)) = self.free_run(cell, BLOCK_BYTES, false) {
            // SAFETY: nothing uses free cells.
            unsafe { at(start).write_bytes(0xDB, end - start) };
            cell = next;
        }
    }
}
