//! The store: every object of a running program, with its limits. Spec: `syntax-store`.
//!
//! Everything here is safe: objects are named by handles, and a handle of another store is an error.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::ptr::NonNull;
use core::sync::atomic::AtomicBool;

use wasm_syntax::{FuncIdx, GlobalIdx, MemIdx, MemType, TableIdx, TableType, TagIdx};

use crate::exec::ModuleCode;
use crate::gc::{Arena, Due, Executions, ExternHandle, Handle, Header, HeapBox, ObjectType, StoreId};
use crate::instance::{DirectFn, FuncInst, FuncKind, FuncTypeInfo, Global, Instance, Tag};
use crate::memory::{Memory, SharedMemory};
use crate::table::Table;
use crate::value::{CanonicalBits, SlotType, Value, ValueError, WrongStore};

/// How much a store may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Bytes of one memory; 32-bit memories end at 4 GiB in any case.
    pub memory_bytes: u64,
    /// Elements of one table.
    pub table_elems: u64,
    /// Bytes of all structures and arrays, and of the stacks of continuations.
    pub heap_bytes: u64,
    /// Instances that are alive at once.
    pub instances: usize,
    /// Slots of 8 bytes of a value stack: how deep WebAssembly may recurse. The stacks of the continuations that run one on top
    /// of the other may have as many again.
    pub stack_slots: usize,
    /// How deep host functions may call WebAssembly that calls host functions again.
    pub host_depth: usize,
}

impl Default for StoreLimits {
    /// 16 GiB, 10 million elements, 4 GiB of structures and arrays, a million instances, 1 MiB of stack, 128 nested host calls.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 34,
            table_elems: 10_000_000,
            heap_bytes: 1 << 32,
            instances: 1_000_000,
            stack_slots: 128 * 1024,
            host_depth: 128,
        }
    }
}

/// The objects of a store.
#[derive(Debug)]
pub(crate) struct Objects {
    pub id: StoreId,
    pub epoch: u32,
    pub due: Due,
    pub instances: Arena<Instance>,
    pub memories: Arena<Memory>,
    pub tables: Arena<Table>,
    pub globals: Arena<Global>,
    pub tags: Arena<Tag>,
    pub host_funcs: Arena<FuncInst>,
    /// Host functions by number; `None` where the number is free.
    pub host_by_number: Vec<Option<NonNull<FuncInst>>>,
    pub free_host_numbers: Vec<u32>,
    /// Structures, arrays, exceptions, and the embedder's values.
    pub heap: HeapBox,
}

impl Objects {
    /// Makes a tag of a function type.
    pub(crate) fn alloc_tag(&mut self, ty: Arc<FuncTypeInfo>) -> NonNull<Tag> {
        let object = Arc::new(ObjectType::new_exception(&ty.params));
        self.heap.get_mut().keep_type(&object);
        self.tags.alloc(Tag { header: Header::new(), ty, object })
    }

    fn new(heap_bytes: u64) -> Self {
        Self {
            id: StoreId::fresh(),
            epoch: 0,
            due: Due::new(),
            instances: Arena::default(),
            memories: Arena::default(),
            tables: Arena::default(),
            globals: Arena::default(),
            tags: Arena::default(),
            host_funcs: Arena::default(),
            host_by_number: Vec::new(),
            free_host_numbers: Vec::new(),
            heap: HeapBox::new(heap_bytes),
        }
    }

    /// Numbers of instances and of all objects outside of the heap.
    pub(crate) fn len(&self) -> (usize, usize) {
        let Self { instances, memories, tables, globals, tags, host_funcs, .. } = self;
        let others = [memories.len(), tables.len(), globals.len(), tags.len(), host_funcs.len()];
        (instances.len(), instances.len() + others.iter().sum::<usize>())
    }
}

/// What a collection freed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many instances.
    pub instances: usize,
    /// How many objects of all kinds, instances included.
    pub objects: usize,
    /// The numbers of the host functions: the embedder can drop what it knows by them.
    pub host_funcs: Vec<u32>,
}

/// A store. Spec: `syntax-store`.
#[derive(Debug)]
pub struct Store {
    pub(crate) objects: Objects,
    pub(crate) executions: Executions,
    pub(crate) limits: StoreLimits,
    pub(crate) gc_clock: Option<fn() -> u64>,
}

/// An object that modules import and export. Spec: `syntax-externaddr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternObject {
    /// A function.
    Func(Handle<FuncInst>),
    /// A table.
    Table(Handle<Table>),
    /// A memory.
    Memory(Handle<Memory>),
    /// A global.
    Global(Handle<Global>),
    /// A tag.
    Tag(Handle<Tag>),
}

/// Why an object was not made or a place not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// A limit of the store, or the allocator, does not allow it.
    #[error("{0} exceeds the store's limits or the memory available")]
    Limit(&'static str),
    /// An index past the end of a table.
    #[error("out of bounds table access")]
    OutOfBounds,
    /// The global is not mutable.
    #[error("global is not mutable")]
    Immutable,
    /// A value is of the wrong type, or of another store.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl From<WrongStore> for ObjectError {
    fn from(error: WrongStore) -> Self {
        Self::Value(error.into())
    }
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(limits: StoreLimits) -> Self {
        Self { objects: Objects::new(limits.heap_bytes), executions: Executions::new(), limits, gc_clock: None }
    }

    /// The flag that interrupts running WebAssembly once it is set.
    #[must_use]
    pub fn interrupt_flag(&self) -> &Arc<AtomicBool> {
        self.executions.interrupt_flag()
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &StoreLimits {
        &self.limits
    }

    /// Sets how many bytes structures and arrays may take, and how many slots the stacks of calls that begin from now on.
    pub fn set_limits(&mut self, heap_bytes: u64, stack_slots: usize) {
        (self.limits.heap_bytes, self.limits.stack_slots) = (heap_bytes, stack_slots);
        self.objects.heap.get_mut().set_limit(heap_bytes);
    }

    /// How many memories and tables there are.
    #[must_use]
    pub fn num_memories_and_tables(&self) -> (usize, usize) {
        (self.objects.memories.len(), self.objects.tables.len())
    }

    /// How many instances are alive.
    #[must_use]
    pub fn num_instances(&self) -> usize {
        self.objects.instances.len()
    }

    /// Makes a host function, known to the embedder by the number returned with it. If it [has only
    /// numbers](FuncTypeInfo::has_only_numbers), WebAssembly may call it by `direct` instead. Spec: `alloc-func`.
    pub fn new_host_func(&mut self, ty: Arc<FuncTypeInfo>, direct: Option<DirectFn>) -> (u32, Handle<FuncInst>) {
        let objects = &mut self.objects;
        let number = objects.free_host_numbers.pop().unwrap_or_else(|| {
            objects.host_by_number.push(None);
            (objects.host_by_number.len() - 1) as u32
        });
        let direct = direct.filter(|_| ty.has_only_numbers);
        let func = FuncInst { header: Header::new(), ty, kind: FuncKind::Host(number), entry: None, direct };
        let ptr = objects.host_funcs.alloc(func);
        objects.host_by_number[number as usize] = Some(ptr);
        (number, self.hold(ptr))
    }

    /// Makes a memory. Spec: `alloc-mem`.
    ///
    /// # Errors
    ///
    /// If the limits or the allocator do not allow its smallest size.
    pub fn new_memory(&mut self, ty: MemType) -> Result<Handle<Memory>, ObjectError> {
        let memory = Memory::new(ty, self.limits.memory_bytes).ok_or(ObjectError::Limit("memory"))?;
        let ptr = self.objects.memories.alloc(memory);
        Ok(self.hold(ptr))
    }

    /// Makes a memory of this store that is a view of `shared`.
    pub fn new_shared_memory(&mut self, shared: SharedMemory) -> Handle<Memory> {
        let ptr = self.objects.memories.alloc(Memory::from_shared(shared));
        self.hold(ptr)
    }

    /// Makes a table filled with `init`. Spec: `alloc-table`.
    ///
    /// # Errors
    ///
    /// If the limits or the allocator do not allow its smallest size, or `init` is not of the elements' type.
    pub fn new_table(
        &mut self,
        ty: TableType,
        elem: SlotType,
        canonical: CanonicalBits,
        init: &Value,
    ) -> Result<Handle<Table>, ObjectError> {
        let [init, _] = self.objects.lower(init, elem)?;
        let table = Table::new(ty, elem, canonical, init, self.limits.table_elems);
        let ptr = self.objects.tables.alloc(table.ok_or(ObjectError::Limit("table"))?);
        Ok(self.hold(ptr))
    }

    /// Makes a global. Spec: `alloc-global`.
    ///
    /// # Errors
    ///
    /// If `value` is not of its type.
    pub fn new_global(
        &mut self,
        kind: SlotType,
        mutable: bool,
        canonical: CanonicalBits,
        value: &Value,
    ) -> Result<Handle<Global>, ValueError> {
        let slots = self.objects.lower(value, kind)?;
        let ptr = self.objects.globals.alloc(Global { slots, header: Header::new(), kind, mutable, canonical });
        Ok(self.hold(ptr))
    }

    /// Makes a tag. Spec: `alloc-tag`.
    pub fn new_tag(&mut self, ty: Arc<FuncTypeInfo>) -> Handle<Tag> {
        let tag = self.objects.alloc_tag(ty);
        self.hold(tag)
    }

    /// Makes a reference to a value of the embedder's; `None` if there are too many.
    pub fn new_extern(&mut self, value: Box<dyn Any + Send + Sync>) -> Option<ExternHandle> {
        let heap = self.objects.heap.get_mut();
        // It counts as so many bytes of the heap, so that the collector is due in time.
        heap.count_extern();
        if heap.is_due() && !self.gc_step() {
            return None;
        }
        self.objects.heap.get_mut().externs.alloc(value, self.objects.id)
    }

    /// The embedder's value that a reference refers to.
    ///
    /// # Errors
    ///
    /// If the reference is of another store; so with every method below that takes a handle.
    pub fn extern_value(&self, handle: &ExternHandle) -> Result<&(dyn Any + Send + Sync), WrongStore> {
        self.objects.heap.get().externs.get(handle, self.objects.id)
    }

    /// A memory.
    pub fn memory(&self, handle: &Handle<Memory>) -> Result<&Memory, WrongStore> {
        self.objects.get(handle)
    }

    /// A memory, to be written or grown.
    pub fn memory_mut(&mut self, handle: &Handle<Memory>) -> Result<&mut Memory, WrongStore> {
        self.objects.get_mut(handle)
    }

    /// A table.
    pub fn table(&self, handle: &Handle<Table>) -> Result<&Table, WrongStore> {
        self.objects.get(handle)
    }

    /// A global.
    pub fn global(&self, handle: &Handle<Global>) -> Result<&Global, WrongStore> {
        self.objects.get(handle)
    }

    /// A tag.
    pub fn tag(&self, handle: &Handle<Tag>) -> Result<&Tag, WrongStore> {
        self.objects.get(handle)
    }

    /// A function's type.
    pub fn func_type(&self, handle: &Handle<FuncInst>) -> Result<&Arc<FuncTypeInfo>, WrongStore> {
        Ok(&self.objects.get(handle)?.ty)
    }

    /// The code of an instance's module.
    pub fn instance_code(&self, handle: &Handle<Instance>) -> Result<&Arc<ModuleCode>, WrongStore> {
        Ok(&self.objects.get(handle)?.code)
    }

    /// Element `index` of a table; `None` past its end. Spec: `exec-table.get`.
    pub fn table_get(&mut self, handle: &Handle<Table>, index: u64) -> Result<Option<Value>, WrongStore> {
        let table = self.objects.get(handle)?;
        let (elem, slot) = (table.elem(), usize::try_from(index).ok().and_then(|index| table.elems().get(index)));
        Ok(slot.copied().map(|slot| self.value(&[slot], elem)))
    }

    /// Writes element `index` of a table. Spec: `exec-table.set`.
    ///
    /// # Errors
    ///
    /// If the index is past the end, or the value is not of the elements' type.
    pub fn table_set(&mut self, handle: &Handle<Table>, index: u64, value: &Value) -> Result<(), ObjectError> {
        let elem = self.objects.get(handle)?.elem();
        let [slot, _] = self.objects.lower(value, elem)?;
        let elems = self.objects.get_mut(handle)?.elems_mut();
        let place = usize::try_from(index).ok().and_then(|index| elems.get_mut(index));
        *place.ok_or(ObjectError::OutOfBounds)? = slot;
        Ok(())
    }

    /// Grows a table by `delta` elements that are `init`; returns the old size. Spec: `exec-table.grow`.
    ///
    /// # Errors
    ///
    /// If a limit or the allocator does not allow it, or `init` is not of the elements' type.
    pub fn table_grow(&mut self, handle: &Handle<Table>, delta: u64, init: &Value) -> Result<u64, ObjectError> {
        let elem = self.objects.get(handle)?.elem();
        let [slot, _] = self.objects.lower(init, elem)?;
        self.objects.get_mut(handle)?.grow(delta, slot).ok_or(ObjectError::Limit("table"))
    }

    /// Sets `len` elements of a table from `start` on. Spec: `exec-table.fill`.
    ///
    /// # Errors
    ///
    /// If the elements are not all in the table, or `value` is not of their type; nothing is written then.
    pub fn table_fill(
        &mut self,
        handle: &Handle<Table>,
        start: u64,
        value: &Value,
        len: u64,
    ) -> Result<(), ObjectError> {
        let elem = self.objects.get(handle)?.elem();
        let [slot, _] = self.objects.lower(value, elem)?;
        let elems = self.objects.get_mut(handle)?.elems_mut();
        let end = start.checked_add(len).filter(|&end| end <= elems.len() as u64).ok_or(ObjectError::OutOfBounds)?;
        elems[start as usize..end as usize].fill(slot);
        Ok(())
    }

    /// A global's value. Spec: `exec-global.get`.
    pub fn global_get(&mut self, handle: &Handle<Global>) -> Result<Value, WrongStore> {
        let global = self.objects.get(handle)?;
        let (slots, kind) = (global.slots, global.kind);
        Ok(self.value(&slots, kind))
    }

    /// Writes a global. Spec: `exec-global.set`.
    ///
    /// # Errors
    ///
    /// If it is immutable, or the value is not of its type.
    pub fn global_set(&mut self, handle: &Handle<Global>, value: &Value) -> Result<(), ObjectError> {
        let global = self.objects.get(handle)?;
        if !global.mutable {
            return Err(ObjectError::Immutable);
        }
        let slots = self.objects.lower(value, global.kind)?;
        self.objects.get_mut(handle)?.slots = slots;
        Ok(())
    }

    /// An instance's function, imported or its own.
    ///
    /// # Panics
    ///
    /// If the instance has no such function; so with its kin below.
    pub fn instance_func(
        &mut self,
        instance: &Handle<Instance>,
        func: FuncIdx,
    ) -> Result<Handle<FuncInst>, WrongStore> {
        let ptr = self.objects.get(instance)?.func_ref(func);
        Ok(self.hold(ptr))
    }

    /// An instance's table, imported or its own.
    pub fn instance_table(
        &mut self,
        instance: &Handle<Instance>,
        table: TableIdx,
    ) -> Result<Handle<Table>, WrongStore> {
        let ptr = self.objects.get(instance)?.tables[table.index()];
        Ok(self.hold(ptr))
    }

    /// An instance's memory, imported or its own.
    pub fn instance_memory(
        &mut self,
        instance: &Handle<Instance>,
        memory: MemIdx,
    ) -> Result<Handle<Memory>, WrongStore> {
        let ptr = self.objects.get(instance)?.memories[memory.index()];
        Ok(self.hold(ptr))
    }

    /// An instance's global, imported or its own.
    pub fn instance_global(
        &mut self,
        instance: &Handle<Instance>,
        global: GlobalIdx,
    ) -> Result<Handle<Global>, WrongStore> {
        let ptr = self.objects.get(instance)?.globals[global.index()];
        Ok(self.hold(ptr))
    }

    /// An instance's tag, imported or its own.
    pub fn instance_tag(&mut self, instance: &Handle<Instance>, tag: TagIdx) -> Result<Handle<Tag>, WrongStore> {
        let ptr = self.objects.get(instance)?.tags[tag.index()];
        Ok(self.hold(ptr))
    }
}
