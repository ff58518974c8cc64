//! The collector of everything: marks from what handles and running programs hold, sweeps the rest. It takes one pause.
//!
//! What only the heap holds is collected in steps meanwhile ([`Objects::step`]); instances, and what they are made of, all
//! count as alive then.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::handle::Header;
use super::heap::Heap;
use super::instance::func_of_slot;
use super::mark::Outside;
use super::stats::GcStress;
use super::types::ref_kind;
use whimbrel_ir::RefKind;

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

/// What a running program holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// What a slot that holds a reference refers to.
    Slot(RefKind, u64),
    Instance(NonNull<Instance>),
    Tag(NonNull<Tag>),
}

/// The state of a collection of everything.
pub(crate) struct Marker<'a> {
    epoch: u32,
    heap: &'a mut Heap,
    /// Marked, but not yet traced. Only instances, tables and globals lead anywhere.
    instances: Vec<NonNull<Instance>>,
    tables: Vec<NonNull<Table>>,
    globals: Vec<NonNull<Global>>,
}

/// What objects of the heap refer to outside of it.
struct Reached<'a> {
    epoch: u32,
    instances: &'a mut Vec<NonNull<Instance>>,
}

impl Outside for Reached<'_> {
    fn func(&mut self, ptr: NonNull<FuncInst>) {
        // SAFETY: pointers are followed from live objects only, and what those point to is alive.
        let func = unsafe { ptr.as_ref() };
        func.header.mark(self.epoch);
        // A function of a module lives in its instance.
        if let FuncKind::Wasm { instance, .. } = func.kind {
            Marker::grey(instance, self.epoch, self.instances);
        }
    }

    fn tag(&mut self, tag: NonNull<Tag>) {
        // SAFETY: the same.
        unsafe { tag.as_ref() }.header.mark(self.epoch);
    }

    fn instance(&mut self, instance: NonNull<Instance>) {
        Marker::grey(instance, self.epoch, self.instances);
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
        Reached { epoch: self.epoch, instances: &mut self.instances }.func(ptr);
    }

    fn slot(&mut self, ty: SlotType, slot: u64) {
        if let Some(kind) = ref_kind(ty) {
            self.root(Root::Slot(kind, slot));
        }
    }

    fn root(&mut self, root: Root) {
        match root {
            Root::Slot(RefKind::Heap, word) => self.heap.shade(word),
            Root::Slot(RefKind::Func, slot) => _ = func_of_slot(slot).map(|func| self.func(func)),
            Root::Instance(instance) => Self::grey(instance, self.epoch, &mut self.instances),
            Root::Tag(tag) => self.leaf(tag),
        }
    }

    fn run(&mut self) {
        loop {
            let mut reached = Reached { epoch: self.epoch, instances: &mut self.instances };
            while !self.heap.follow(usize::MAX, &mut reached) {}
            if let Some(ptr) = self.instances.pop() {
                self.follow(ptr);
            } else if let Some(ptr) = self.tables.pop() {
                self.follow(ptr);
            } else if let Some(ptr) = self.globals.pop() {
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

/// What a pass of the program's roots does: it calls back with each.
pub(crate) type Roots<'a> = dyn FnMut(&mut dyn FnMut(Root)) + 'a;

impl Objects {
    /// Frees what neither a handle nor a running program reaches.
    ///
    /// # Safety
    ///
    /// `roots` calls back with all that running programs hold, and no slot outside of them and of objects will be used as a
    /// reference.
    pub(crate) unsafe fn collect(&mut self, roots: &mut Roots<'_>) -> Collected {
        self.epoch = self.epoch.wrapping_add(1);
        let epoch = self.epoch;
        let heap = self.heap.get_mut();
        heap.begin_marking(epoch);
        let held_objects: Vec<u64> = heap.held().collect();
        let (instances, tables, globals) = (Vec::new(), Vec::new(), Vec::new());
        let mut marker = Marker { epoch, heap, instances, tables, globals };
        held_objects.into_iter().for_each(|object| marker.heap.shade(object));
        held(&self.instances).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.instances));
        held(&self.tables).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.tables));
        held(&self.globals).for_each(|ptr| Marker::grey(ptr, epoch, &mut marker.globals));
        held(&self.memories).for_each(|ptr| marker.leaf(ptr));
        held(&self.tags).for_each(|ptr| marker.leaf(ptr));
        held(&self.host_funcs).for_each(|ptr| marker.leaf(ptr));
        roots(&mut |root| marker.root(root));
        marker.run();

        let externs = self.sweep_heap();
        // SAFETY: everything that a live object points to is marked, and by contract nothing else points to objects.
        let funcs = unsafe { self.host_funcs.sweep(epoch) };
        // SAFETY: the same.
        let instances = unsafe { self.instances.sweep(epoch) };
        // SAFETY: the same.
        let tables = unsafe { self.tables.sweep(epoch) };
        // SAFETY: the same.
        let globals = unsafe { self.globals.sweep(epoch) };
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
        self.due.reset(self.len());
        let freed = [instances.len(), tables.len(), globals.len(), memories.len(), tags.len(), funcs.len()];
        let freed = freed.iter().sum::<usize>() + externs;
        Collected { instances: instances.len(), objects: freed, host_funcs }
    }

    /// Frees what of the heap and of the embedder's values was not reached; returns how many of these.
    fn sweep_heap(&mut self) -> usize {
        let epoch = self.epoch;
        let heap = self.heap.get_mut();
        // SAFETY: who calls this has followed all that refers to objects.
        unsafe { heap.finish_marking() };
        heap.externs.sweep(epoch).len()
    }

    /// The collector's next step: begins a collection of the heap, goes on with it, or ends it. Returns whether the allocation
    /// that asked for it, if one did, may go on.
    ///
    /// # Safety
    ///
    /// `roots` calls back with all that running programs hold, and references that are in no object, and held by no handle,
    /// are among that.
    pub(crate) unsafe fn step(&mut self, roots: &mut Roots<'_>) -> bool {
        let was_active = self.heap.get().marking.is_active();
        if !was_active {
            self.begin_heap(roots);
        }
        let heap = self.heap.get_mut();
        let mut budget_bytes = heap.pacing.begin_step();
        if heap.pacing.stress() == GcStress::Whole || heap.pacing.is_exhausted() {
            budget_bytes = usize::MAX;
        }
        if !heap.follow(budget_bytes, &mut ()) {
            if budget_bytes < usize::MAX {
                return true;
            }
            while !heap.follow(usize::MAX, &mut ()) {}
        }
        self.sweep_heap();
        let heap = self.heap.get_mut();
        if !heap.pacing.is_exhausted() {
            return true;
        }
        // What died while the collection was under way is still there.
        if was_active {
            self.begin_heap(roots);
            while !self.heap.get_mut().follow(usize::MAX, &mut ()) {}
            self.sweep_heap();
        }
        !self.heap.get().pacing.is_exhausted()
    }

    /// Begins a collection of the heap with everything that refers to it from outside.
    fn begin_heap(&mut self, roots: &mut Roots<'_>) {
        self.epoch = self.epoch.wrapping_add(1);
        let heap = self.heap.get_mut();
        heap.begin_marking(self.epoch);
        let held_objects: Vec<u64> = heap.held().collect();
        held_objects.into_iter().for_each(|object| heap.shade(object));
        let mut slot = |ty, slot| {
            if ref_kind(ty) == Some(RefKind::Heap) {
                heap.shade(slot);
            }
        };
        // SAFETY: objects of arenas are alive.
        unsafe {
            self.globals.iter().for_each(|ptr| slot(ptr.as_ref().kind, ptr.as_ref().slots[0]));
            for table in self.tables.iter().filter(|ptr| ref_kind(ptr.as_ref().elem()) == Some(RefKind::Heap)) {
                table.as_ref().elems().iter().for_each(|&elem| slot(SlotType::ANY, elem));
            }
            for instance in self.instances.iter() {
                let instance = instance.as_ref();
                for (elems, &ty) in instance.elems.iter().zip(&instance.types.elems) {
                    elems.iter().for_each(|&elem| slot(ty, elem));
                }
            }
        }
        roots(&mut |root| {
            if let Root::Slot(RefKind::Heap, word) = root {
                heap.shade(word);
            }
        });
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

    #[inline]
    pub(crate) fn is_due(&self, (instances, objects): (usize, usize)) -> bool {
        instances >= self.instances || objects >= self.objects
    }

    fn reset(&mut self, (instances, objects): (usize, usize)) {
        self.instances = (2 * instances).max(Self::MIN_INSTANCES);
        self.objects = (2 * objects).max(Self::MIN_OBJECTS);
    }
}
