//! The collector: marks from what handles hold, sweeps the rest.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::exceptions::{Exception, exception_of_slot};
use super::externs::ExternTable;
use super::handle::Header;
use super::heap::{Heap, array_len, at, is_object, type_of};
use super::instance::func_of_slot;
use whimbrel_ir::ARRAY_HEADER_BYTES;

use crate::instance::{FuncInst, FuncKind, Global, Instance, Tag};
use crate::memory::Memory;
use crate::store::{Collected, Objects};
use crate::table::Table;
use crate::value::SlotType;

/// An object that the collector follows.
pub(crate) trait Trace {
    fn header(&self) -> &Header;
    /// Marks what the object points to.
    fn trace(&self, marker: &mut Marker<'_>);
    /// Whether a handle keeps it alive.
    fn is_held(&self) -> bool {
        self.header().is_held()
    }
}

/// The state of a collection.
pub(crate) struct Marker<'a> {
    epoch: u32,
    externs: &'a ExternTable,
    /// Marked, but not yet traced. Only instances, tables, globals and exceptions lead anywhere.
    instances: Vec<NonNull<Instance>>,
    tables: Vec<NonNull<Table>>,
    globals: Vec<NonNull<Global>>,
    exceptions: Vec<NonNull<Exception>>,
    objects: Vec<u64>,
}

impl<'a> Marker<'a> {
    fn new(epoch: u32, externs: &'a ExternTable) -> Self {
        Self {
            epoch,
            externs,
            instances: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            exceptions: Vec::new(),
            objects: Vec::new(),
        }
    }
}

impl Marker<'_> {
    fn leaf<T: Trace>(&self, ptr: NonNull<T>) {
        // SAFETY: pointers are followed from live objects only, and what those point to is alive.
        unsafe { ptr.as_ref() }.header().mark(self.epoch);
    }

    fn grey<T: Trace>(ptr: NonNull<T>, epoch: u32, list: &mut Vec<NonNull<T>>) {
        // SAFETY: as in `leaf`.
        if unsafe { ptr.as_ref() }.header().mark(epoch) {
            list.push(ptr);
        }
    }

    fn func(&mut self, ptr: NonNull<FuncInst>) {
        // SAFETY: as in `leaf`.
        let func = unsafe { ptr.as_ref() };
        func.header.mark(self.epoch);
        // A function of a module lives in its instance.
        if let FuncKind::Wasm { instance, .. } = func.kind {
            Self::grey(instance, self.epoch, &mut self.instances);
        }
    }

    fn slot(&mut self, ty: SlotType, slot: u64) {
        match ty {
            SlotType::Func { .. } => {
                if let Some(func) = func_of_slot(slot) {
                    self.func(func);
                }
            }
            SlotType::Extern { .. } | SlotType::Any { .. } => self.reference(slot),
            SlotType::Exn { .. } => {
                if let Some(exception) = exception_of_slot(slot) {
                    Self::grey(exception, self.epoch, &mut self.exceptions);
                }
            }
            _ => {}
        }
    }

    /// A reference of the hierarchies of `any` and `extern`.
    fn reference(&mut self, word: u64) {
        if is_object(word) {
            // SAFETY: as in `leaf`.
            if unsafe { Heap::mark(word) } {
                self.objects.push(word);
            }
        } else {
            self.externs.mark(word, self.epoch);
        }
    }

    /// Marks what a structure or array refers to.
    fn follow_object(&mut self, address: u64) {
        // SAFETY: as in `leaf`; fields are where the type says.
        unsafe {
            let ty = type_of(address);
            let object = at(address as usize);
            for &(offset, ty) in &ty.refs {
                self.slot(ty, u64::from_le(object.add(offset as usize).cast::<u64>().read()));
            }
            if let Some(elem) = ty.elem_ref() {
                let elems = object.add(ARRAY_HEADER_BYTES as usize).cast::<u64>();
                (0..array_len(address) as usize).for_each(|n| self.slot(elem, u64::from_le(elems.add(n).read())));
            }
        }
    }

    fn run(&mut self) {
        loop {
            while let Some(object) = self.objects.pop() {
                self.follow_object(object);
            }
            if let Some(ptr) = self.instances.pop() {
                self.follow(ptr);
            } else if let Some(ptr) = self.tables.pop() {
                self.follow(ptr);
            } else if let Some(ptr) = self.globals.pop() {
                self.follow(ptr);
            } else if let Some(ptr) = self.exceptions.pop() {
                self.follow(ptr);
            } else {
                return;
            }
        }
    }

    fn follow<T: Trace>(&mut self, ptr: NonNull<T>) {
        // SAFETY: as in `leaf`.
        unsafe { ptr.as_ref() }.trace(self);
    }
}

impl Trace for Memory {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, _: &mut Marker<'_>) {}
}

impl Trace for Tag {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, _: &mut Marker<'_>) {}
}

impl Trace for FuncInst {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, _: &mut Marker<'_>) {}
}

impl Trace for Table {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, marker: &mut Marker<'_>) {
        for &slot in self.elems() {
            marker.slot(self.elem(), slot);
        }
    }
}

impl Trace for Exception {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, marker: &mut Marker<'_>) {
        marker.leaf(self.tag);
        // SAFETY: as in `leaf`.
        let ty = unsafe { &self.tag.as_ref().ty };
        let mut slots = &*self.payload;
        for &ty in &ty.params {
            let (value, rest) = slots.split_at(ty.slots().into());
            marker.slot(ty, value[0]);
            slots = rest;
        }
    }
}

impl Trace for Global {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, marker: &mut Marker<'_>) {
        marker.slot(self.kind, self.slots[0]);
    }
}

impl Trace for Instance {
    fn header(&self) -> &Header {
        &self.header
    }

    fn trace(&self, marker: &mut Marker<'_>) {
        for &memory in &self.memories {
            marker.leaf(memory);
        }
        for &tag in &self.tags {
            marker.leaf(tag);
        }
        for &table in &self.tables {
            Marker::grey(table, marker.epoch, &mut marker.tables);
        }
        for &global in &self.globals {
            Marker::grey(global, marker.epoch, &mut marker.globals);
        }
        for &func in &self.imported_funcs {
            marker.func(func);
        }
        for (elems, &ty) in self.elems.iter().zip(&self.types.elems) {
            for &slot in elems {
                marker.slot(ty, slot);
            }
        }
    }

    /// A handle to one of its functions holds the instance as well as one to itself.
    fn is_held(&self) -> bool {
        // SAFETY: the instance owns these functions and frees them when it ends.
        self.header.is_held() || self.made_funcs.borrow().iter().any(|func| unsafe { func.as_ref() }.header.is_held())
    }
}

impl Objects {
    /// Frees what no handle reaches.
    ///
    /// # Safety
    ///
    /// No execution is under way, and no slot outside of objects will be used as a reference.
    pub(crate) unsafe fn collect(&mut self) -> Collected {
        self.epoch = self.epoch.wrapping_add(1);
        let epoch = self.epoch;
        let mut marker = Marker::new(epoch, &self.externs);
        self.heap.get_mut().held().for_each(|object| marker.reference(object));
        held(&self.instances).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.instances));
        held(&self.tables).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.tables));
        held(&self.globals).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.globals));
        held(&self.exceptions.0).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.exceptions));
        held(&self.memories).for_each(|ptr| marker.leaf(ptr));
        held(&self.tags).for_each(|ptr| marker.leaf(ptr));
        held(&self.host_funcs).for_each(|ptr| marker.leaf(ptr));
        marker.run();

        // SAFETY: everything that a live object points to is marked, and by contract nothing else points to objects.
        unsafe { self.heap.get_mut().sweep() };
        self.heap.get_mut().set_budget();
        // SAFETY: the same.
        let funcs = unsafe { self.host_funcs.sweep(epoch) };
        // SAFETY: the same.
        let instances = unsafe { self.instances.sweep(epoch) };
        // SAFETY: the same.
        let tables = unsafe { self.tables.sweep(epoch) };
        // SAFETY: the same.
        let globals = unsafe { self.globals.sweep(epoch) };
        // SAFETY: the same.
        let exceptions = unsafe { self.exceptions.0.sweep(epoch) };
        // SAFETY: the same.
        let memories = unsafe { self.memories.sweep(epoch) };
        // SAFETY: the same.
        let tags = unsafe { self.tags.sweep(epoch) };
        let mut host_funcs = Vec::new();
        for func in &funcs {
            if let FuncKind::Host(number) = func.kind {
                self.host_by_number[number as usize] = None;
                self.free_host_numbers.push(number);
                host_funcs.push(number);
            }
        }
        let externs = self.externs.sweep(epoch);
        self.due.reset(self.len());
        let freed =
            [instances.len(), tables.len(), globals.len(), memories.len(), tags.len(), funcs.len(), externs.len()];
        let freed = freed.iter().chain([&exceptions.len()]).sum();
        Collected { instances: instances.len(), objects: freed, host_funcs }
    }
}

impl Objects {
    /// Frees structures and arrays that nothing refers to, while programs run, in whose stacks `find` finds words that may be
    /// references. All other objects count as alive. Returns whether the allocation that was refused may go on.
    ///
    /// # Safety
    ///
    /// References that are in no object and held by no handle are among the words.
    pub(crate) unsafe fn collect_heap(&mut self, words: impl FnOnce(&mut dyn FnMut(u64))) -> bool {
        self.epoch = self.epoch.wrapping_add(1);
        let epoch = self.epoch;
        let mut marker = Marker::new(epoch, &self.externs);
        self.heap.get_mut().held().for_each(|object| marker.reference(object));
        self.instances.iter().for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.instances));
        self.tables.iter().for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.tables));
        self.globals.iter().for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.globals));
        self.exceptions.0.iter().for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.exceptions));
        let heap = self.heap.get();
        words(&mut |word| {
            if let Some(object) = heap.find(word) {
                marker.reference(object);
            }
        });
        marker.run();
        // SAFETY: everything that a live object or a running program refers to is marked.
        unsafe { self.heap.get_mut().sweep() };
        self.heap.get_mut().set_budget()
    }
}

fn held<T: Trace>(arena: &super::Arena<T>) -> impl Iterator<Item = NonNull<T>> + '_ {
    // SAFETY: objects of an arena are alive.
    arena.iter().filter(|ptr| unsafe { ptr.as_ref() }.is_held())
}

/// When the next collection is due: once there are twice as many objects as the last one left.
#[derive(Debug)]
pub(crate) struct Due {
    instances: usize,
    objects: usize,
}

impl Due {
    const MIN_INSTANCES: usize = 8;
    const MIN_OBJECTS: usize = 4096;

    pub(crate) const fn new() -> Self {
        Self { instances: Self::MIN_INSTANCES, objects: Self::MIN_OBJECTS }
    }

    pub(crate) fn is_due(&self, (instances, objects): (usize, usize)) -> bool {
        instances >= self.instances || objects >= self.objects
    }

    fn reset(&mut self, (instances, objects): (usize, usize)) {
        self.instances = (2 * instances).max(Self::MIN_INSTANCES);
        self.objects = (2 * objects).max(Self::MIN_OBJECTS);
    }
}
