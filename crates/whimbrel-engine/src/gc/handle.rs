//! Handles, the references that embedders hold, and the header by which an object knows that it is held.

use alloc::sync::Arc;
use core::cell::{Cell, OnceCell};
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::value::WrongStore;

/// The identity of a store, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreId(u64);

impl StoreId {
    /// An id that no other store has.
    pub(crate) fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What the collector keeps in each object.
#[derive(Debug)]
pub(crate) struct Header {
    /// The last collection that reached the object.
    epoch: Cell<u32>,
    /// Made with the first handle; every handle has a clone.
    root: OnceCell<Arc<StoreId>>,
}

impl Header {
    pub(crate) const fn new() -> Self {
        Self { epoch: Cell::new(0), root: OnceCell::new() }
    }

    /// The token that handles share.
    pub(crate) fn root(&self, store: StoreId) -> Arc<StoreId> {
        Arc::clone(self.root.get_or_init(|| Arc::new(store)))
    }

    /// Whether a handle exists. Handles come from the store, so while the store is borrowed exclusively `false` stays true.
    pub(crate) fn is_held(&self) -> bool {
        self.root.get().is_some_and(|root| Arc::strong_count(root) > 1)
    }

    /// Marks the object as reached by collection `epoch`; returns whether it was not before.
    pub(crate) fn mark(&self, epoch: u32) -> bool {
        self.epoch.replace(epoch) != epoch
    }

    pub(crate) fn is_marked(&self, epoch: u32) -> bool {
        self.epoch.get() == epoch
    }
}

/// An object of a store, kept alive by this handle and its clones.
///
/// Useful only with the store that it comes from; with any other it is refused.
pub struct Handle<T> {
    ptr: NonNull<T>,
    root: Arc<StoreId>,
}

// SAFETY: a handle gives access to its object only together with a borrow of the object's store, whose own `Send` and lack
// of `Sync` say which threads may touch objects.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as for `Send`.
unsafe impl<T> Sync for Handle<T> {}

impl<T> Handle<T> {
    /// The handle of the object at `ptr`, whose header is `header`.
    ///
    /// # Safety
    ///
    /// The object belongs to `store` and is alive, and `header` is its header.
    pub(crate) unsafe fn new(ptr: NonNull<T>, header: &Header, store: StoreId) -> Self {
        Self { ptr, root: header.root(store) }
    }

    /// The address of the object, alive as long as its store and this handle are.
    pub(crate) fn ptr(&self, store: StoreId) -> Result<NonNull<T>, WrongStore> {
        if *self.root == store { Ok(self.ptr) } else { Err(WrongStore) }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { ptr: self.ptr, root: Arc::clone(&self.root) }
    }
}

impl<T> PartialEq for Handle<T> {
    /// Whether both are the same object.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }
}

impl<T> Eq for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({:p} of store {})", self.ptr, self.root.0)
    }
}
