//! The heap of structures and arrays: blocks of cells of one size, and blocks of their own for large objects.
//!
//! An object begins with the address of its [`ObjectType`], which is even; a cell that is free begins with the address of
//! the next free cell plus 1, or with 1. So whether a word on a stack is the address of an object can be told by the block
//! it would lie in, the cell's place, and the cell's first word. Objects do not move.
//!
//! References, as slots and fields hold them: 0 is null; an odd word is a 31-bit integer shifted left by 1, plus 1; a word
//! whose two low bits are `10` is a value of the embedder's (`externs`); any other is the address of an object. That is so
//! in `anyref`s and `externref`s alike, whose conversions therefore do nothing.

use alloc::alloc::{Layout, alloc, dealloc};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use hashbrown::{HashMap, HashSet};
use whimbrel_ir::{ARRAY_HEADER_BYTES, ARRAY_LEN_OFFSET};

use super::handle::StoreId;
use super::types::ObjectType;
use crate::value::WrongStore;

/// Bytes of a block of small objects, and the alignment of all blocks.
const BLOCK_BYTES: usize = 1 << 16;
/// Bytes in front of a block's first object.
const BLOCK_HEADER_BYTES: usize = 1024;
/// Cells' sizes and places are multiples of this.
const GRANULE_BYTES: usize = 16;
/// Sizes up to this have a class each multiple of the granule; above, classes double.
const FINE_BYTES: usize = 512;
/// The largest object that shares a block.
const SMALL_BYTES: usize = 8192;
const FINE_CLASSES: usize = FINE_BYTES / GRANULE_BYTES;
const CLASSES: usize = FINE_CLASSES + 4;
/// Bytes that are allocated before the first collection, and between collections at least.
const MIN_BUDGET_BYTES: usize = 1 << 20;

const _: () = assert!(size_of::<BlockHeader>() <= BLOCK_HEADER_BYTES && FINE_BYTES << 4 == SMALL_BYTES);

#[repr(C)]
struct BlockHeader {
    /// Bytes of a cell; of a large object's block, 0.
    cell_bytes: usize,
    /// Bytes of the whole block.
    block_bytes: usize,
    /// A bit for each granule of the first [`BLOCK_BYTES`]: whether the object that begins there is marked.
    marks: [u64; BLOCK_BYTES / GRANULE_BYTES / 64],
}

/// Why there is no memory for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllocError {
    /// A collection is due.
    Collect,
    /// There is none.
    Exhausted,
}

/// The heap of a store.
#[derive(Debug)]
pub(crate) struct Heap {
    /// The first free cell of each class, or 0.
    free: [usize; CLASSES],
    /// The addresses of all blocks.
    blocks: HashSet<usize>,
    /// Bytes in cells that are not free.
    allocated_bytes: usize,
    /// At how many of them a collection is due.
    threshold_bytes: usize,
    limit_bytes: usize,
    /// What the allocation that asked for a collection needs.
    requested_bytes: usize,
    /// Whether to collect at every allocation, for tests.
    stress: bool,
    /// Objects that handles hold.
    roots: Vec<(usize, Arc<StoreId>)>,
    /// At how many roots to look which are still held.
    roots_due: usize,
    /// The types of all objects, by their addresses.
    types: HashMap<usize, Arc<ObjectType>>,
}

// SAFETY: the heap owns its blocks, and is reached through its store alone.
unsafe impl Send for Heap {}

/// The heap at a fixed address, which instances know.
#[derive(Debug)]
pub(crate) struct HeapBox(NonNull<Heap>);

impl HeapBox {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        let limit_bytes = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
        Self(NonNull::from(Box::leak(Box::new(Heap {
            free: [0; CLASSES],
            blocks: HashSet::new(),
            allocated_bytes: 0,
            threshold_bytes: MIN_BUDGET_BYTES.min(limit_bytes),
            limit_bytes,
            requested_bytes: 0,
            stress: false,
            roots: Vec::new(),
            roots_due: 64,
            types: HashMap::new(),
        }))))
    }

    pub(crate) fn ptr(&self) -> NonNull<Heap> {
        self.0
    }

    pub(crate) fn get(&self) -> &Heap {
        // SAFETY: the heap lives as long as the box, and handlers, which change it, run while the store is borrowed
        // exclusively.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn get_mut(&mut self) -> &mut Heap {
        // SAFETY: the same, and the store is borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for HeapBox {
    fn drop(&mut self) {
        // SAFETY: made from a box, and the store that it belongs to ends.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The pointer to an address in the heap.
pub(crate) fn at(address: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(address)
}

/// Whether a reference refers to an object of the heap.
#[inline(always)]
pub(crate) const fn is_object(word: u64) -> bool {
    word & 3 == 0 && word != 0
}

/// The type of the object at `address`.
///
/// # Safety
///
/// An object is there.
#[inline(always)]
pub(crate) unsafe fn type_of<'a>(address: u64) -> &'a ObjectType {
    // SAFETY: objects begin with the address of their type, which the heap keeps.
    unsafe { &**at(address as usize).cast::<*const ObjectType>() }
}

/// The length of the array at `address`.
///
/// # Safety
///
/// An array is there.
#[inline(always)]
pub(crate) unsafe fn array_len(address: u64) -> u32 {
    // SAFETY: by contract.
    unsafe { at(address as usize).add(ARRAY_LEN_OFFSET as usize).cast::<u32>().read() }
}

const fn class_of(bytes: usize) -> usize {
    if bytes <= FINE_BYTES {
        bytes.div_ceil(GRANULE_BYTES) - 1
    } else {
        FINE_CLASSES + (bytes - 1).ilog2() as usize - FINE_BYTES.ilog2() as usize
    }
}

const fn class_bytes(class: usize) -> usize {
    if class < FINE_CLASSES { (class + 1) * GRANULE_BYTES } else { FINE_BYTES << (class - FINE_CLASSES + 1) }
}

impl Heap {
    /// Makes an object of `ty` with room for `bytes`; only its header is written.
    ///
    /// # Safety
    ///
    /// The heap keeps `ty` ([`keep_type`](Self::keep_type)), and the caller writes the rest of the object before anything
    /// else happens to the heap.
    #[inline]
    pub(crate) unsafe fn alloc(&mut self, ty: *const ObjectType, bytes: usize) -> Result<*mut u8, AllocError> {
        let allocated = self.allocated_bytes.saturating_add(bytes);
        if allocated > self.threshold_bytes || bytes > SMALL_BYTES {
            // SAFETY: passed on from the caller.
            return unsafe { self.alloc_slowly(ty, bytes) };
        }
        let class = class_of(bytes);
        let cell = self.free[class];
        if cell == 0 {
            // SAFETY: passed on from the caller.
            return unsafe { self.alloc_slowly(ty, bytes) };
        }
        let cell = at(cell);
        // SAFETY: a free cell begins with the next one's address plus 1.
        unsafe {
            self.free[class] = cell.cast::<usize>().read() - 1;
            cell.cast::<*const ObjectType>().write(ty);
        }
        self.allocated_bytes += class_bytes(class);
        Ok(cell)
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_slowly(&mut self, ty: *const ObjectType, bytes: usize) -> Result<*mut u8, AllocError> {
        if self.allocated_bytes.saturating_add(bytes) > self.threshold_bytes {
            self.requested_bytes = bytes;
            return Err(AllocError::Collect);
        }
        if bytes <= SMALL_BYTES {
            self.add_block(class_of(bytes)).ok_or(AllocError::Exhausted)?;
            // SAFETY: passed on from the caller; there is a free cell now.
            return unsafe { self.alloc(ty, bytes) };
        }
        let block = new_block(bytes, 0).ok_or(AllocError::Exhausted)?;
        self.blocks.insert(block);
        self.allocated_bytes += bytes;
        let object = at(block + BLOCK_HEADER_BYTES);
        // SAFETY: the block has room for the object.
        unsafe { object.cast::<*const ObjectType>().write(ty) };
        Ok(object)
    }

    /// Makes an array of `ty` with `len` elements, whose elements are not written.
    ///
    /// # Safety
    ///
    /// As for [`alloc`](Self::alloc).
    pub(crate) unsafe fn alloc_array(&mut self, ty: &ObjectType, len: u32) -> Result<*mut u8, AllocError> {
        let width = ty.elem().map_or(0, |elem| u64::from(elem.op.width_bytes()));
        let bytes = u64::from(ARRAY_HEADER_BYTES) + u64::from(len) * width;
        let bytes = usize::try_from(bytes).map_err(|_| AllocError::Exhausted)?;
        // SAFETY: passed on from the caller; an array's length is behind the type.
        unsafe {
            let object = self.alloc(ty, bytes)?;
            object.add(ARRAY_LEN_OFFSET as usize).cast::<u32>().write(len);
            Ok(object)
        }
    }

    fn add_block(&mut self, class: usize) -> Option<()> {
        let cell_bytes = class_bytes(class);
        let block = new_block(BLOCK_BYTES - BLOCK_HEADER_BYTES, cell_bytes)?;
        self.blocks.insert(block);
        for cell in cells(block, cell_bytes).rev() {
            // SAFETY: the cell is in the new block.
            unsafe { self.free_cell(cell, class) };
        }
        Some(())
    }

    unsafe fn free_cell(&mut self, cell: usize, class: usize) {
        // SAFETY: the caller passes a cell of the class that nothing uses.
        unsafe { at(cell).cast::<usize>().write(self.free[class] + 1) };
        self.free[class] = cell;
    }

    /// Keeps the type for objects that will be made.
    pub(crate) fn keep_type(&mut self, ty: &Arc<ObjectType>) {
        self.types.entry(Arc::as_ptr(ty).addr()).or_insert_with(|| Arc::clone(ty));
    }

    /// The object whose address a word is, if it is any's.
    pub(crate) fn find(&self, word: u64) -> Option<u64> {
        if !is_object(word) {
            return None;
        }
        let address = usize::try_from(word).ok()?;
        let block = address & !(BLOCK_BYTES - 1);
        let offset = (address - block).checked_sub(BLOCK_HEADER_BYTES)?;
        if !self.blocks.contains(&block) {
            return None;
        }
        // SAFETY: the block is one of the heap's.
        let cell_bytes = unsafe { (*header(block)).cell_bytes };
        let is_start = match cell_bytes {
            0 => offset == 0,
            bytes => offset.is_multiple_of(bytes) && address + bytes <= block + BLOCK_BYTES,
        };
        // SAFETY: a cell, or a large object, begins there.
        (is_start && unsafe { at(address).cast::<usize>().read() } & 1 == 0).then_some(word)
    }

    /// Marks the object; returns whether it was not marked before.
    ///
    /// # Safety
    ///
    /// An object is at `address`.
    pub(crate) unsafe fn mark(address: u64) -> bool {
        let address = address as usize;
        let granule = (address % BLOCK_BYTES) / GRANULE_BYTES;
        // SAFETY: every object is in the first stretch of a block.
        let word = unsafe { &mut (*header(address & !(BLOCK_BYTES - 1))).marks[granule / 64] };
        let bit = 1 << (granule % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// The objects that handles hold. Forgets those that none holds any more.
    pub(crate) fn held(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.prune_roots();
        self.roots.iter().map(|&(address, _)| address as u64)
    }

    fn prune_roots(&mut self) {
        self.roots.retain(|(_, root)| Arc::strong_count(root) > 1);
        self.roots_due = (2 * self.roots.len()).max(64);
    }

    /// A handle of the object at `address`.
    ///
    /// # Safety
    ///
    /// An object of this heap is there.
    pub(crate) unsafe fn hold(&mut self, address: u64, store: StoreId) -> ObjectHandle {
        if self.roots.len() >= self.roots_due {
            self.prune_roots();
        }
        let root = Arc::new(store);
        self.roots.push((address as usize, Arc::clone(&root)));
        ObjectHandle { address: address as usize, root }
    }

    /// Frees the objects that are not marked, and takes the marks off the others.
    ///
    /// # Safety
    ///
    /// Every object that anything will still refer to is marked.
    pub(crate) unsafe fn sweep(&mut self) {
        self.free = [0; CLASSES];
        self.allocated_bytes = 0;
        let blocks = core::mem::take(&mut self.blocks);
        self.blocks = blocks
            .into_iter()
            .filter(|&block| {
                // SAFETY: the block is one of the heap's; the rest is passed on from the caller.
                let live_bytes = unsafe { self.sweep_block(block) };
                self.allocated_bytes += live_bytes;
                if live_bytes == 0 {
                    // SAFETY: nothing in the block is used.
                    unsafe { free_block(block) };
                }
                live_bytes > 0
            })
            .collect();
    }

    /// Returns how many bytes of the block are in use. Cells of a block without any do not become free.
    unsafe fn sweep_block(&mut self, block: usize) -> usize {
        // SAFETY: the block is one of the heap's.
        let header = unsafe { &mut *header(block) };
        let marks = core::mem::replace(&mut header.marks, [0; BLOCK_BYTES / GRANULE_BYTES / 64]);
        let (cell_bytes, block_bytes) = (header.cell_bytes, header.block_bytes);
        if marks.iter().all(|&word| word == 0) {
            return 0;
        }
        if cell_bytes == 0 {
            return block_bytes - BLOCK_HEADER_BYTES;
        }
        let class = class_of(cell_bytes);
        let mut live_bytes = 0;
        for cell in cells(block, cell_bytes).rev() {
            let granule = (cell - block) / GRANULE_BYTES;
            if marks[granule / 64] & 1 << (granule % 64) != 0 {
                live_bytes += cell_bytes;
            } else {
                // SAFETY: by contract nothing uses an object without a mark.
                unsafe { self.free_cell(cell, class) };
            }
        }
        live_bytes
    }

    /// Sets when the next collection is due; returns whether the allocation that asked for this one may go on.
    pub(crate) fn set_budget(&mut self) -> bool {
        let needed = self.allocated_bytes.saturating_add(self.requested_bytes.max(GRANULE_BYTES));
        let budget = if self.stress { 0 } else { self.allocated_bytes.max(MIN_BUDGET_BYTES) };
        self.threshold_bytes = needed.max(self.allocated_bytes.saturating_add(budget)).min(self.limit_bytes);
        self.requested_bytes = 0;
        needed <= self.limit_bytes
    }

    /// Sets whether to collect at every allocation.
    pub(crate) fn set_stress(&mut self, stress: bool) {
        self.stress = stress;
        self.set_budget();
    }

    /// Bytes in objects, dead ones that were not collected yet among them.
    pub(crate) fn allocated_bytes(&self) -> usize {
        self.allocated_bytes
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for block in self.blocks.drain() {
            // SAFETY: the blocks are the heap's, which ends.
            unsafe { free_block(block) };
        }
    }
}

fn header(block: usize) -> *mut BlockHeader {
    at(block).cast()
}

/// The addresses of a block's cells.
fn cells(block: usize, cell_bytes: usize) -> impl DoubleEndedIterator<Item = usize> {
    let count = (BLOCK_BYTES - BLOCK_HEADER_BYTES) / cell_bytes;
    (0..count).map(move |n| block + BLOCK_HEADER_BYTES + n * cell_bytes)
}

fn new_block(bytes: usize, cell_bytes: usize) -> Option<usize> {
    let block_bytes = bytes.checked_add(BLOCK_HEADER_BYTES)?;
    let layout = Layout::from_size_align(block_bytes, BLOCK_BYTES).ok()?;
    // SAFETY: the layout is not empty.
    let block = NonNull::new(unsafe { alloc(layout) })?;
    // SAFETY: the block has room for the header.
    unsafe {
        block.cast::<BlockHeader>().write(BlockHeader {
            cell_bytes,
            block_bytes,
            marks: [0; BLOCK_BYTES / GRANULE_BYTES / 64],
        });
    }
    Some(block.as_ptr().expose_provenance())
}

unsafe fn free_block(block: usize) {
    // SAFETY: the caller passes a block of the heap.
    let block_bytes = unsafe { (*header(block)).block_bytes };
    if let Ok(layout) = Layout::from_size_align(block_bytes, BLOCK_BYTES) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(at(block), layout) };
    }
}

/// A structure or array in a store, kept alive by this handle and its clones.
#[derive(Clone, Debug)]
pub struct ObjectHandle {
    address: usize,
    root: Arc<StoreId>,
}

impl ObjectHandle {
    /// The object's address.
    pub(crate) fn address(&self, store: StoreId) -> Result<u64, WrongStore> {
        if *self.root == store { Ok(self.address as u64) } else { Err(WrongStore) }
    }
}

impl PartialEq for ObjectHandle {
    /// Whether both are the same object.
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address && *self.root == *other.root
    }
}

impl Eq for ObjectHandle {}
