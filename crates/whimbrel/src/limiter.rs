//! What a store may take, as the embedder decides while it runs.

use whimbrel_engine::ModuleImage;
use whimbrel_engine::exec::{Grows, Growth};

use crate::error::HandleError;
use crate::store::StoreInner;
use crate::{Error, Result};

/// Decides what a store may take: see [`Store::limiter`](crate::Store::limiter).
///
/// The limits of the [`Config`](crate::Config) hold beside it. Sizes of memories are bytes, sizes of tables elements.
pub trait ResourceLimiter {
    /// Whether a memory may be made of `desired` bytes, `current` being 0, or grow to so many. `maximum` is what its type
    /// allows. With `false`, growth fails as `memory.grow` can, and a memory is not made.
    ///
    /// # Errors
    ///
    /// An error ends the call that has asked for it.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// The same for the elements of a table.
    ///
    /// # Errors
    ///
    /// An error ends the call that has asked for it.
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// How many instances the store may have.
    fn instances(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many tables the store may have.
    fn tables(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many memories the store may have.
    fn memories(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many bytes the store's structures, arrays and exceptions may take. It is asked when a call begins.
    fn heap_bytes(&self) -> usize {
        usize::MAX
    }

    /// How many bytes of stack a call may take. It is asked when a call begins.
    fn stack_bytes(&self) -> usize {
        usize::MAX
    }
}

/// How many instances, tables and memories a store may have each, unless its limiter says.
const DEFAULT_COUNT: usize = 10_000;

/// Where a store finds its limiter.
pub(crate) type Limiter<T> = dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync;

/// A [`ResourceLimiter`] of fixed numbers. Made by [`StoreLimitsBuilder`].
///
/// ```
/// use whimbrel::{Engine, Instance, Module, Store, StoreLimits, StoreLimitsBuilder};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 16).instances(1).build();
/// let mut store = Store::new(&engine, limits);
/// store.limiter(|limits| limits);
/// // (module (memory (export "m") 1))
/// let module = Module::new(&engine, b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x05\x01\x01m\x02\0")?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let memory = instance.get_memory(&mut store, "m").unwrap();
/// assert!(memory.grow(&mut store, 1).is_err());
/// assert!(Instance::new(&mut store, &module, &[]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    heap_bytes: usize,
    stack_bytes: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    /// No more limits than a limiter without any has.
    fn default() -> Self {
        Self {
            memory_size: None,
            table_elements: None,
            instances: DEFAULT_COUNT,
            tables: DEFAULT_COUNT,
            memories: DEFAULT_COUNT,
            heap_bytes: usize::MAX,
            stack_bytes: usize::MAX,
            trap_on_grow_failure: false,
        }
    }
}

/// Makes [`StoreLimits`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// No limits at first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of each memory.
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.0.memory_size = Some(limit);
        self
    }

    /// Elements of each table.
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.0.table_elements = Some(limit);
        self
    }

    /// Instances.
    pub fn instances(mut self, limit: usize) -> Self {
        self.0.instances = limit;
        self
    }

    /// Tables.
    pub fn tables(mut self, limit: usize) -> Self {
        self.0.tables = limit;
        self
    }

    /// Memories.
    pub fn memories(mut self, limit: usize) -> Self {
        self.0.memories = limit;
        self
    }

    /// Bytes of all structures, arrays and exceptions.
    pub fn heap_size(mut self, limit: usize) -> Self {
        self.0.heap_bytes = limit;
        self
    }

    /// Bytes of the stack of each call.
    pub fn stack_size(mut self, limit: usize) -> Self {
        self.0.stack_bytes = limit;
        self
    }

    /// Has growth past a limit end the call, where `memory.grow` would return -1.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    #[must_use]
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

impl StoreLimits {
    fn allows(&self, what: &'static str, desired: usize, limit: Option<usize>) -> Result<bool> {
        let allowed = limit.is_none_or(|limit| desired <= limit);
        if !allowed && self.trap_on_grow_failure {
            return Err(HandleError::Limit(what).into());
        }
        Ok(allowed)
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.allows("memory", desired, self.memory_size)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.allows("table", desired, self.table_elements)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }

    fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }
}

impl<T> StoreInner<T> {
    /// Whether something may grow.
    pub(crate) fn allows(&mut self, growth: Growth) -> Result<bool> {
        let Some(limiter) = self.limiter() else { return Ok(true) };
        // What no machine has is refused.
        let (Ok(current), Ok(desired)) = (usize::try_from(growth.current), usize::try_from(growth.desired)) else {
            return Ok(false);
        };
        let maximum = growth.maximum.map(|maximum| usize::try_from(maximum).unwrap_or(usize::MAX));
        match growth.what {
            Grows::Memory => limiter.memory_growing(current, desired, maximum),
            Grows::Table => limiter.table_growing(current, desired, maximum),
        }
    }

    /// Checks that a memory or table may be made, or grow.
    pub(crate) fn check_growth(&mut self, growth: Growth) -> Result<()> {
        let what = match growth.what {
            Grows::Memory => "memory",
            Grows::Table => "table",
        };
        if self.allows(growth)? { Ok(()) } else { Err(limit(what)) }
    }

    /// Checks that there may be so many more memories and tables.
    pub(crate) fn check_counts(&mut self, memories: usize, tables: usize) -> Result<()> {
        let (has_memories, has_tables) = self.objects.num_memories_and_tables();
        let Some(limiter) = self.limiter() else { return Ok(()) };
        if memories > 0 && has_memories + memories > limiter.memories() {
            return Err(limit("number of memories"));
        }
        if tables > 0 && has_tables + tables > limiter.tables() {
            return Err(limit("number of tables"));
        }
        Ok(())
    }

    /// Checks that a module may be instantiated.
    pub(crate) fn check_instance(&mut self, image: &ModuleImage) -> Result<()> {
        let instances = self.objects.num_instances();
        let Some(limiter) = self.limiter() else { return Ok(()) };
        if instances >= limiter.instances() {
            return Err(limit("number of instances"));
        }
        self.check_counts(image.memories.len(), image.tables.len())?;
        let growths =
            image.memories.iter().map(Growth::of_memory).chain(image.tables.iter().map(|t| Growth::of_table(&t.ty)));
        growths.collect::<alloc::vec::Vec<_>>().into_iter().try_for_each(|growth| self.check_growth(growth))
    }

    /// Takes over what the limiter says of calls that begin now.
    pub(crate) fn take_limits(&mut self) {
        let config = self.engine.config().store_limits;
        let Some(limiter) = self.limiter() else { return };
        let (heap_bytes, stack_bytes) = (limiter.heap_bytes(), limiter.stack_bytes());
        self.objects.set_limits(config.heap_bytes.min(heap_bytes as u64), config.stack_slots.min(stack_bytes / 8));
    }

    fn limiter(&mut self) -> Option<&mut dyn ResourceLimiter> {
        Some((self.limiter.as_mut()?)(&mut self.data))
    }
}

fn limit(what: &'static str) -> Error {
    HandleError::Limit(what).into()
}
