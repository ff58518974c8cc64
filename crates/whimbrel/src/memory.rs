//! Linear memories.

use whimbrel_engine as engine;
use whimbrel_engine::exec::Growth;

use crate::error::HandleError;
use crate::types::MemoryType;
use crate::{AsContext, AsContextMut, Result, StoreContext, StoreContextMut};

/// A linear memory of one store. Spec: `syntax-meminst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(crate) handle: engine::Handle<engine::Memory>,
}

/// Bytes outside of a memory were read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of bounds memory access")]
pub struct MemoryAccessError;

impl Memory {
    /// A memory of zeros.
    ///
    /// # Errors
    ///
    /// If a limit or the allocator does not allow its smallest size, or the type is that of a
    /// [`SharedMemory`](crate::SharedMemory).
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self> {
        if ty.is_shared() {
            return Err(HandleError::Shared { expected: false }.into());
        }
        let store = store.as_context_mut().0;
        store.collect_if_due();
        store.check_counts(1, 0)?;
        store.check_growth(Growth::of_memory(&ty.0))?;
        Ok(Self { handle: store.objects.new_memory(ty.0).map_err(HandleError::from)? })
    }

    /// Its type: the present size is the minimum.
    ///
    /// # Panics
    ///
    /// If it belongs to another store; so with the functions below that return no `Result`.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        MemoryType(self.get(store.as_context()).current_type())
    }

    /// The bytes.
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.get(store.into()).as_slice()
    }

    /// The bytes, to be written.
    pub fn data_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// The bytes and the embedder's data, both to be written.
    pub fn data_and_store_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> (&'a mut [u8], &'a mut T) {
        let store = store.into().0;
        let memory = store.objects.memory_mut(&self.handle).expect(ANOTHER_STORE);
        (memory.as_mut_slice(), &mut store.data)
    }

    /// Copies the bytes from `offset` on into `buffer`.
    ///
    /// # Errors
    ///
    /// If they are not all in the memory.
    pub fn read(&self, store: impl AsContext, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        let store = store.as_context();
        let bytes = self.get(store).as_slice().get(offset..).and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(MemoryAccessError)?);
        Ok(())
    }

    /// Copies `buffer` to `offset`.
    ///
    /// # Errors
    ///
    /// If its place is not all in the memory; nothing is written then.
    pub fn write(&self, mut store: impl AsContextMut, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        let store = store.as_context_mut().0;
        let memory = store.objects.memory_mut(&self.handle).expect(ANOTHER_STORE);
        let bytes = memory.as_mut_slice().get_mut(offset..).and_then(|bytes| bytes.get_mut(..buffer.len()));
        bytes.ok_or(MemoryAccessError)?.copy_from_slice(buffer);
        Ok(())
    }

    /// Grows it by `delta` pages of zeros; returns the old size in pages. Spec: `exec-memory.grow`.
    ///
    /// # Errors
    ///
    /// If a limit or the allocator does not allow that, or it belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let store = store.as_context_mut().0;
        let memory = store.objects.memory(&self.handle).map_err(HandleError::from)?;
        let growth = Growth::by_memory(memory, delta).ok_or(HandleError::Limit("memory"))?;
        store.check_growth(growth)?;
        let memory = store.objects.memory_mut(&self.handle).map_err(HandleError::from)?;
        Ok(memory.grow(delta).ok_or(HandleError::Limit("memory"))?)
    }

    /// The size in pages. Spec: `exec-memory.size`.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context()).size_pages()
    }

    /// The size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context()).as_slice().len()
    }

    fn get<'a, T>(&self, store: StoreContext<'a, T>) -> &'a engine::Memory {
        store.0.objects.memory(&self.handle).expect(ANOTHER_STORE)
    }
}

/// What is wrong when a handle of another store is used where no error can be returned.
pub(crate) const ANOTHER_STORE: &str = "the object belongs to the store";
