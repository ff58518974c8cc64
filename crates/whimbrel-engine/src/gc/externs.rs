//! The embedder's values that WebAssembly refers to. Spec: `syntax-ref.extern`.
//!
//! The word of such a reference is the value's position shifted left by 2, plus 2, unlike those of the heap's objects and of
//! 31-bit integers.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use super::handle::{Header, StoreId};
use crate::value::WrongStore;

/// The list of such values.
#[derive(Debug, Default)]
pub(crate) struct ExternTable {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// The collection under way, or the last one: new values count as reached by it.
    epoch: u32,
}

struct Entry {
    header: Header,
    value: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}

/// A value of the embedder's in a store, kept alive by this handle and its clones.
#[derive(Clone, Debug)]
pub struct ExternHandle {
    index: u32,
    root: Arc<StoreId>,
}

impl PartialEq for ExternHandle {
    /// Whether both are the same reference.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}

impl Eq for ExternHandle {}

/// The position of the value that a slot refers to, if it is one of the embedder's.
const fn index_of_slot(slot: u64) -> Option<u64> {
    if slot & 3 == 2 { Some(slot >> 2) } else { None }
}

impl ExternTable {
    /// Takes `value` in; `None` if there are 2³² - 1 already.
    pub(crate) fn alloc(&mut self, value: Box<dyn Any + Send + Sync>, store: StoreId) -> Option<ExternHandle> {
        let entry = Entry { header: Header::new(), value };
        entry.header.mark(self.epoch);
        let root = entry.header.root(store);
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index as usize] = Some(entry);
                index
            }
            None => {
                let index = u32::try_from(self.entries.len()).ok().filter(|&index| index < u32::MAX)?;
                self.entries.push(Some(entry));
                index
            }
        };
        Some(ExternHandle { index, root })
    }

    /// Sets the collection under way.
    pub(super) fn set_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    pub(crate) fn get(&self, handle: &ExternHandle, store: StoreId) -> Result<&(dyn Any + Send + Sync), WrongStore> {
        match &self.entries[Self::index(handle, store)?] {
            Some(entry) => Ok(&*entry.value),
            None => unreachable!("entries with handles stay"),
        }
    }

    /// The slot that holds the reference.
    pub(crate) fn to_slot(handle: &ExternHandle, store: StoreId) -> Result<u64, WrongStore> {
        Ok((Self::index(handle, store)? as u64) << 2 | 2)
    }

    /// The reference that a slot holds, if it is to one of these values.
    pub(crate) fn at_slot(&self, slot: u64, store: StoreId) -> Option<ExternHandle> {
        let index = index_of_slot(slot)?;
        let entry = self.entries.get(usize::try_from(index).ok()?)?.as_ref()?;
        Some(ExternHandle { index: index as u32, root: entry.header.root(store) })
    }

    fn index(handle: &ExternHandle, store: StoreId) -> Result<usize, WrongStore> {
        if *handle.root == store { Ok(handle.index as usize) } else { Err(WrongStore) }
    }

    /// Marks the entry that a slot refers to, if it does.
    pub(crate) fn mark(&self, slot: u64, epoch: u32) {
        let entry = index_of_slot(slot).and_then(|index| self.entries.get(usize::try_from(index).ok()?)?.as_ref());
        if let Some(entry) = entry {
            entry.header.mark(epoch);
        }
    }

    /// Takes out the values that neither collection `epoch` has reached nor a handle holds.
    pub(crate) fn sweep(&mut self, epoch: u32) -> Vec<Box<dyn Any + Send + Sync>> {
        let mut dead = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if entry.as_ref().is_some_and(|entry| !entry.header.is_marked(epoch) && !entry.header.is_held()) {
                dead.extend(entry.take().map(|entry| entry.value));
                self.free.push(index as u32);
            }
        }
        dead
    }
}
