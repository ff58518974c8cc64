//! Shared memories: linear memories outside of any store.

use whimbrel_engine as engine;
use whimbrel_engine::Wait;

use crate::error::HandleError;
use crate::memory::MemoryAccessError;
use crate::types::MemoryType;
use crate::{Engine, Result, Trap};

/// A linear memory that instances in several stores use at once, each on its thread. Clones are the same memory. Spec: the
/// threads proposal's `syntax-shared`.
///
/// ```
/// use whimbrel::{Engine, Instance, MemoryType, Module, SharedMemory, Store};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
/// // (module (import "env" "memory" (memory 1 1 shared))
/// //   (func (export "count") (param i32)
/// //     (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))))
/// # let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\0\x02\x10\x01\x03env\x06memory\x02\x03\x01\x01\x03\x02\x01\0\x07\x09\x01\x05count\0\0\x0a\x0d\x01\x0b\0\x20\0\x41\x01\xfe\x1e\x02\0\x1a\x0b";
/// let module = Module::new(&engine, bytes)?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| -> whimbrel::Result<()> {
///             let mut store = Store::new(&engine, ());
///             let instance = Instance::new(&mut store, &module, &[memory.clone().into()])?;
///             instance.get_typed_func::<i32, ()>(&mut store, "count")?.call(&mut store, 8)
///         });
///     }
/// });
/// let mut count = [0; 4];
/// memory.read(8, &mut count)?;
/// assert_eq!(u32::from_le_bytes(count), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedMemory {
    pub(crate) memory: engine::SharedMemory,
    engine: Engine,
}

impl PartialEq for SharedMemory {
    /// Whether both are the same memory.
    fn eq(&self, other: &Self) -> bool {
        self.memory.same(&other.memory)
    }
}

impl Eq for SharedMemory {}

/// How [`SharedMemory::atomic_wait32`] and [`SharedMemory::atomic_wait64`] end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// Another thread has notified this one.
    Ok,
    /// The memory did not hold the expected value.
    Mismatch,
    /// Nobody did so in time.
    TimedOut,
}

impl SharedMemory {
    /// A shared memory of zeros. The address space for its largest size, as far as the engine allows it, is reserved now.
    ///
    /// # Errors
    ///
    /// If the type is not that of a shared memory, or a limit or the allocator does not allow its smallest size.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<Self> {
        if !ty.is_shared() {
            return Err(HandleError::Shared { expected: true }.into());
        }
        let memory = engine::SharedMemory::new(ty.0, engine.config().store_limits.memory_bytes);
        Ok(Self { memory: memory.ok_or(HandleError::Limit("memory"))?, engine: engine.clone() })
    }

    pub(crate) fn from_parts(memory: engine::SharedMemory, engine: Engine) -> Self {
        Self { memory, engine }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its type: the present size is the minimum.
    #[must_use]
    pub fn ty(&self) -> MemoryType {
        MemoryType(self.memory.current_type())
    }

    /// The size in pages. Spec: `exec-memory.size`.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.memory.size_pages()
    }

    /// The size in bytes.
    #[must_use]
    pub fn data_size(&self) -> u64 {
        self.memory.len_bytes()
    }

    /// Grows it by `delta` pages of zeros; returns the old size in pages. Spec: `exec-memory.grow`.
    ///
    /// # Errors
    ///
    /// If a limit does not allow that.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        Ok(self.memory.grow(delta).ok_or(HandleError::Limit("memory"))?)
    }

    /// Copies the bytes from `offset` on into `buffer`. What other threads write meanwhile is seen byte by byte, or not.
    ///
    /// # Errors
    ///
    /// If they are not all in the memory.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        self.memory.read(offset, buffer).ok_or(MemoryAccessError)
    }

    /// Copies `buffer` to `offset`.
    ///
    /// # Errors
    ///
    /// If its place is not all in the memory; nothing is written then.
    pub fn write(&self, offset: u64, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        self.memory.write(offset, buffer).ok_or(MemoryAccessError)
    }

    /// Wakes at most `count` threads that wait at `address`; returns how many. Spec: `exec-memory.atomic.notify`.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of four, or not in the memory.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        self.memory.notify(address, count)
    }

    /// Blocks this thread until another one notifies `address`, if there are the four bytes of `expected`; for at most
    /// `timeout_ns` nanoseconds, `None` being as long as it takes. Spec: `exec-memory.atomic.wait`.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of four, or not in the memory.
    pub fn atomic_wait32(&self, address: u64, expected: u32, timeout_ns: Option<u64>) -> Result<WaitResult, Trap> {
        Ok(result(self.memory.wait32(address, expected, timeout(timeout_ns), || false)?))
    }

    /// As [`atomic_wait32`](Self::atomic_wait32), for eight bytes.
    ///
    /// # Errors
    ///
    /// If the address is not a multiple of eight, or not in the memory.
    pub fn atomic_wait64(&self, address: u64, expected: u64, timeout_ns: Option<u64>) -> Result<WaitResult, Trap> {
        Ok(result(self.memory.wait64(address, expected, timeout(timeout_ns), || false)?))
    }
}

/// A timeout as the instructions have it. What is beyond them is longer than any program runs.
fn timeout(timeout_ns: Option<u64>) -> i64 {
    timeout_ns.map_or(-1, |timeout| i64::try_from(timeout).unwrap_or(i64::MAX))
}

fn result(wait: Option<Wait>) -> WaitResult {
    match wait {
        Some(Wait::Woken) => WaitResult::Ok,
        Some(Wait::Mismatch) => WaitResult::Mismatch,
        Some(Wait::TimedOut) => WaitResult::TimedOut,
        None => unreachable!("nothing interrupts the embedder's waiting"),
    }
}
