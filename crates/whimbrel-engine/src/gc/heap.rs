//! The heap of structures, arrays and exceptions: allocation.
//!
//! Small objects lie in blocks of cells of one size. Allocation takes cells one after the other from a stretch that is free;
//! finding the next stretch is all there is to sweeping, so that no pause is spent on it. Large objects have blocks of their
//! own. An object begins with the address of its [`ObjectType`], and does not move.
//!
//! References, as slots and fields hold them: 0 is null; an odd word is a 31-bit integer shifted left by 1, plus 1; a word
//! whose two low bits are `10` is a value of the embedder's (`externs`); any other is the address of an object. That is so
//! in `anyref`s and `externref`s alike, whose conversions therefore do nothing.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

use hashbrown::HashMap;
use whimbrel_ir::{ARRAY_HEADER_BYTES, ARRAY_LEN_OFFSET};

pub(crate) use super::block::at;
use super::block::{Block, GRANULE_BYTES};
use super::continuations::Stacks;
use super::externs::ExternTable;
use super::handle::StoreId;
use super::mark::Marking;
use super::stats::{GcStats, GcStress, Pacing};
use super::types::ObjectType;
use crate::value::WrongStore;

/// Sizes up to this have a class each multiple of the granule; above, classes double.
const FINE_BYTES: usize = 512;
/// The largest object that shares a block.
const SMALL_BYTES: usize = 8192;
const FINE_CLASSES: usize = FINE_BYTES / GRANULE_BYTES;
const CLASSES: usize = FINE_CLASSES + 4;
/// The class of objects that have a block of their own: there is never a free cell of it.
const LARGE: usize = CLASSES;
/// Bytes of the longest stretch that is given out at once: by so much the count of bytes may be ahead of objects.
const RUN_BYTES: usize = 8192;
/// What a value of the embedder's counts for until the next collection.
const EXTERN_BYTES: usize = 64;
/// Empty blocks that are kept for whichever class needs one next.
const SPARE_BLOCKS: usize = 64;

const _: () = assert!(FINE_BYTES << 4 == SMALL_BYTES);

/// Why there is no memory for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllocError {
    /// The collector has something to do first.
    Collect,
    /// There is none.
    Exhausted,
}

/// Free cells in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    next: usize,
    end: usize,
}

/// The blocks of a class, of which those before `block` have been searched for free cells, and that one before `cell`.
#[derive(Debug, Default)]
struct ClassBlocks {
    blocks: Vec<Block>,
    block: usize,
    cell: usize,
}

/// The heap of a store.
#[derive(Debug)]
pub(crate) struct Heap {
    /// What is left to give out of each class.
    runs: [Run; CLASSES + 1],
    classes: [ClassBlocks; CLASSES],
    large: Vec<Block>,
    spare: Vec<Block>,
    pub(super) pacing: Pacing,
    /// The collection under way.
    pub(super) marking: Marking,
    /// The embedder's values.
    pub(crate) externs: ExternTable,
    /// What continuations run on.
    pub(super) stacks: Stacks,
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
        Self(NonNull::from(Box::leak(Box::new(Heap {
            runs: [Run::default(); CLASSES + 1],
            classes: core::array::from_fn(|_| ClassBlocks::default()),
            large: Vec::new(),
            spare: Vec::new(),
            pacing: Pacing::new(usize::try_from(limit_bytes).unwrap_or(usize::MAX)),
            marking: Marking::default(),
            externs: ExternTable::default(),
            stacks: Stacks::new(),
            roots: Vec::new(),
            roots_due: 64,
            types: HashMap::new(),
        }))))
    }

    pub(crate) fn ptr(&self) -> NonNull<Heap> {
        self.0
    }

    pub(crate) fn get(&self) -> &Heap {
        // SAFETY: the heap is alive as long as the box; handlers, which change it, run while the store is borrowed
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

/// The class of objects of that size, and the bytes of its cells.
pub(super) const fn class_of(bytes: usize) -> (usize, usize) {
    let class = if bytes <= FINE_BYTES {
        bytes.div_ceil(GRANULE_BYTES) - 1
    } else if bytes <= SMALL_BYTES {
        FINE_CLASSES + (bytes - 1).ilog2() as usize - FINE_BYTES.ilog2() as usize
    } else {
        return (LARGE, 0);
    };
    (class, class_bytes(class))
}

const fn class_bytes(class: usize) -> usize {
    if class < FINE_CLASSES { (class + 1) * GRANULE_BYTES } else { FINE_BYTES << (class - FINE_CLASSES + 1) }
}

impl Heap {
    /// Makes a structure of `ty`, if that takes no more than moving on in a stretch of free cells; only its header is written.
    ///
    /// # Safety
    ///
    /// As for [`alloc`](Self::alloc).
    #[inline(always)]
    pub(crate) unsafe fn bump(&mut self, ty: *const ObjectType) -> Option<*mut u8> {
        // SAFETY: the heap keeps the type; classes of types have a run.
        let (run, cell_bytes) =
            unsafe { (self.runs.get_unchecked_mut((*ty).class as usize), (*ty).cell_bytes as usize) };
        let cell = run.next;
        if cell == run.end {
            return None;
        }
        run.next = cell + cell_bytes;
        let cell = at(cell);
        // SAFETY: the cell is free, and of this size.
        unsafe { cell.cast::<*const ObjectType>().write(ty) };
        Some(cell)
    }

    /// Makes an object of `ty` with room for `bytes`; only its header is written.
    ///
    /// # Safety
    ///
    /// The heap keeps `ty` ([`keep_type`](Self::keep_type)), and the caller writes the rest of the object before anything
    /// else happens to the heap.
    #[inline]
    pub(crate) unsafe fn alloc(&mut self, ty: *const ObjectType, bytes: usize) -> Result<*mut u8, AllocError> {
        let (class, cell_bytes) = class_of(bytes);
        if self.runs[class].next == self.runs[class].end {
            if class == LARGE {
                // SAFETY: passed on from the caller.
                return unsafe { self.alloc_large(ty, bytes) };
            }
            self.find_run(class)?;
        }
        let run = &mut self.runs[class];
        let cell = at(run.next);
        run.next += cell_bytes;
        // SAFETY: the cell is free, and has room for the object.
        unsafe { cell.cast::<*const ObjectType>().write(ty) };
        Ok(cell)
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_large(&mut self, ty: *const ObjectType, bytes: usize) -> Result<*mut u8, AllocError> {
        self.pacing.allow(bytes)?;
        self.large.try_reserve(1).map_err(|_| AllocError::Exhausted)?;
        let block = Block::new_large(bytes).ok_or(AllocError::Exhausted)?;
        self.large.push(block);
        self.pacing.count(bytes);
        let object = at(block.first());
        // SAFETY: the block has room for the object.
        unsafe { object.cast::<*const ObjectType>().write(ty) };
        if self.marking.is_active() {
            Block::set_marks(block.first(), block.first() + 1, 1, true);
        }
        Ok(object)
    }

    /// Finds free cells of the class, none being left of the last stretch.
    #[cold]
    #[inline(never)]
    fn find_run(&mut self, class: usize) -> Result<(), AllocError> {
        let cell_bytes = class_bytes(class);
        let max_bytes = self.pacing.allow(cell_bytes)?.min(RUN_BYTES);
        let mark = self.marking.is_active();
        let list = &mut self.classes[class];
        loop {
            let block = match list.blocks.get(list.block) {
                Some(&block) => block,
                None => {
                    list.blocks.try_reserve(1).map_err(|_| AllocError::Exhausted)?;
                    let spare = self.spare.pop().inspect(|block| block.reuse(cell_bytes));
                    let block = spare.or_else(|| Block::new_small(cell_bytes)).ok_or(AllocError::Exhausted)?;
                    list.blocks.push(block);
                    block
                }
            };
            if let Some((next, end, cell)) = block.free_run(list.cell, max_bytes, mark) {
                list.cell = cell;
                self.runs[class] = Run { next, end };
                self.pacing.count(end - next);
                return Ok(());
            }
            (list.block, list.cell) = (list.block + 1, 0);
        }
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

    /// Lets an allocation that was refused go on without a collection; returns whether the limit allows it.
    pub(crate) fn put_off(&mut self) -> bool {
        self.pacing.begin_step();
        !self.pacing.is_exhausted()
    }

    /// Sets how many bytes objects may take.
    pub(crate) fn set_limit(&mut self, bytes: u64) {
        self.pacing.set_limit(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    /// Sets when to collect, for tests.
    pub(crate) fn set_stress(&mut self, stress: GcStress) {
        self.runs = [Run::default(); CLASSES + 1];
        self.pacing.set_stress(stress);
    }

    /// Whether the collector has to be told of references in objects that are overwritten ([`shade`](Self::shade)).
    pub(crate) fn is_marking(&self) -> bool {
        self.marking.is_active()
    }

    /// Counts a value of the embedder's.
    pub(crate) fn count_extern(&mut self) {
        self.pacing.count_freely(EXTERN_BYTES);
    }

    /// Whether the collector has something to do.
    pub(crate) fn is_due(&self) -> bool {
        self.pacing.is_due()
    }

    pub(crate) fn stats(&self) -> GcStats {
        self.pacing.stats
    }

    pub(crate) fn note_pause(&mut self, ns: u64) {
        self.pacing.note_pause(ns);
    }

    /// Keeps the type for objects that will be made.
    pub(crate) fn keep_type(&mut self, ty: &Arc<ObjectType>) {
        self.types.entry(Arc::as_ptr(ty).addr()).or_insert_with(|| Arc::clone(ty));
    }

    /// The objects that handles hold. Forgets those that none holds any more.
    pub(super) fn held(&mut self) -> impl Iterator<Item = u64> + '_ {
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

    /// Forgets all marks; what will be allocated counts as reached, what was given out and is not used yet as well.
    pub(super) fn begin_marks(&mut self) {
        self.classes.iter().flat_map(|class| &class.blocks).chain(&self.large).for_each(|block| block.clear_marks());
        for (class, run) in self.runs[..CLASSES].iter().enumerate() {
            Block::set_marks(run.next, run.end, class_bytes(class), true);
        }
    }

    /// Frees what is not marked; returns the bytes that are left.
    ///
    /// # Safety
    ///
    /// Every object that anything will still refer to is marked.
    pub(super) unsafe fn end_marks(&mut self) -> usize {
        let mut live_bytes = 0;
        for (class, run) in self.runs[..CLASSES].iter_mut().enumerate() {
            Block::set_marks(run.next, run.end, class_bytes(class), false);
            *run = Run::default();
        }
        let (spare, poison) = (&mut self.spare, self.pacing.is_stressed());
        for (class, list) in self.classes.iter_mut().enumerate() {
            list.blocks.retain(|&block| {
                let cells = block.take_marks();
                live_bytes += cells * class_bytes(class);
                if poison {
                    block.poison();
                }
                if cells == 0 {
                    spare.push(block);
                }
                cells > 0
            });
            (list.block, list.cell) = (0, 0);
        }
        let kept = SPARE_BLOCKS.max(live_bytes / super::block::BLOCK_BYTES / 4).min(spare.len());
        // SAFETY: nothing in these blocks is used.
        spare.drain(kept..).for_each(|block| unsafe { block.free() });
        self.large.retain(|&block| {
            let is_live = block.is_marked();
            if is_live {
                live_bytes += block.large_bytes();
            } else {
                // SAFETY: the object in the block is not used.
                unsafe { block.free() };
            }
            is_live
        });
        live_bytes
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let small = self.classes.iter().flat_map(|class| &class.blocks);
        for block in small.chain(&self.large).chain(&self.spare) {
            // SAFETY: the blocks are the heap's, which ends.
            unsafe { block.free() };
        }
    }
}

/// A structure, array or exception in a store, kept alive by this handle and its clones.
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
