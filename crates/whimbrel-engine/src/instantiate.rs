//! Instantiation: from a module's image and imports to an instance. Spec: `exec-instantiation`.
//!
//! That imports match is the caller's to check, before anything here happens; so is calling the start function.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use wasm_syntax::{Trap, TypeIdx};

use crate::gc::{Handle, Header};
use crate::image::{ElemImage, ElemItems, ElemMode, GlobalImage, Init, ModuleImage, TableImage};
use crate::instance::{FuncInst, Global, Instance, Tag};
use crate::memory::Memory;
use crate::store::{ExternObject, Store};
use crate::table::Table;
use crate::value::WrongStore;

/// Why a module was not instantiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantiateError {
    /// A segment does not fit, or an initial value could not be computed.
    #[error(transparent)]
    Trap(#[from] Trap),
    /// A limit of the store, or the allocator, does not allow it.
    #[error("{0} exceeds the store's limits or the memory available")]
    Limit(&'static str),
    /// An import belongs to another store.
    #[error(transparent)]
    Store(#[from] WrongStore),
}

/// The index spaces of an instance while they grow, imports first.
#[derive(Default)]
struct Spaces {
    funcs: Vec<NonNull<FuncInst>>,
    tables: Vec<NonNull<Table>>,
    memories: Vec<NonNull<Memory>>,
    globals: Vec<NonNull<Global>>,
    tags: Vec<NonNull<Tag>>,
}

impl Store {
    /// Instantiates a module, all but its start function, with `imports` in the order of the module.
    ///
    /// The imports must match the module's; the embedding layer has checked that.
    ///
    /// # Errors
    ///
    /// If an active segment does not fit (what the segments before it wrote stays written), a limit is reached, or an import
    /// is of another store.
    pub fn instantiate(
        &mut self,
        image: &ModuleImage,
        imports: &[ExternObject],
    ) -> Result<Handle<Instance>, InstantiateError> {
        if self.num_instances() >= self.limits.instances {
            return Err(InstantiateError::Limit("number of instances"));
        }
        let mut spaces = self.import_all(imports)?;
        self.define_all(image, &mut spaces)?;
        image.types.objects.iter().flatten().for_each(|ty| self.objects.heap.get_mut().keep_type(ty));
        let instance = self.objects.alloc_instance(new_instance(image, spaces));
        // From here on the handle keeps the instance alive, and drops it with an error.
        let handle = self.hold(instance);
        self.init_globals(image, instance)?;
        self.init_tables(image, instance)?;
        self.init_elems(image, instance)?;
        self.init_data(image, instance)?;
        Ok(handle)
    }

    fn import_all(&self, imports: &[ExternObject]) -> Result<Spaces, WrongStore> {
        let id = self.objects.id;
        let mut spaces = Spaces::default();
        for import in imports {
            match import {
                ExternObject::Func(func) => spaces.funcs.push(func.ptr(id)?),
                ExternObject::Table(table) => spaces.tables.push(table.ptr(id)?),
                ExternObject::Memory(memory) => spaces.memories.push(memory.ptr(id)?),
                ExternObject::Global(global) => spaces.globals.push(global.ptr(id)?),
                ExternObject::Tag(tag) => spaces.tags.push(tag.ptr(id)?),
            }
        }
        Ok(spaces)
    }

    /// Allocates what the module defines, without initial values. Spec: `alloc-module`.
    fn define_all(&mut self, image: &ModuleImage, spaces: &mut Spaces) -> Result<(), InstantiateError> {
        let Self { objects, limits, .. } = self;
        for &ty in &image.memories {
            let memory = Memory::new(ty, limits.memory_bytes).ok_or(InstantiateError::Limit("memory"))?;
            spaces.memories.push(objects.memories.alloc(memory));
        }
        for &TableImage { ty, elem, canonical, .. } in &image.tables {
            let table = Table::new(ty, elem, canonical, 0, limits.table_elems);
            spaces.tables.push(objects.tables.alloc(table.ok_or(InstantiateError::Limit("table"))?));
        }
        for &GlobalImage { kind, mutable, canonical, .. } in &image.globals {
            let global = Global { slots: [0; 2], header: Header::new(), kind, mutable, canonical };
            spaces.globals.push(objects.globals.alloc(global));
        }
        for &ty in &image.tags {
            let ty = func_type(image, ty);
            spaces.tags.push(objects.alloc_tag(ty));
        }
        Ok(())
    }

    fn init_globals(&mut self, image: &ModuleImage, instance: NonNull<Instance>) -> Result<(), Trap> {
        let imported = self.objects.at(instance).globals.len() - image.globals.len();
        for (n, global) in image.globals.iter().enumerate() {
            let slots = self.init_value(&global.init, instance)?;
            let cell = self.objects.at(instance).globals[imported + n];
            self.objects.at_mut(cell).slots = slots;
        }
        Ok(())
    }

    fn init_tables(&mut self, image: &ModuleImage, instance: NonNull<Instance>) -> Result<(), Trap> {
        let imported = self.objects.at(instance).tables.len() - image.tables.len();
        for (n, table) in image.tables.iter().enumerate() {
            let [slot, _] = self.init_value(&table.init, instance)?;
            if slot != 0 {
                let table = self.objects.at(instance).tables[imported + n];
                self.objects.at_mut(table).elems_mut().fill(slot);
            }
        }
        Ok(())
    }

    fn init_elems(&mut self, image: &ModuleImage, instance: NonNull<Instance>) -> Result<(), Trap> {
        // Passive segments first: what active ones do before they trap is seen by whoever shares a table.
        for (n, elem) in image.elems.iter().enumerate() {
            if matches!(elem.mode, ElemMode::Passive) {
                let slots = self.elem_slots(elem, instance)?;
                self.objects.at_mut(instance).elems[n] = slots;
            }
        }
        for elem in &image.elems {
            let ElemMode::Active { table, offset } = &elem.mode else { continue };
            let table = self.objects.at(instance).tables[table.index()];
            let [offset, _] = self.init_value(offset, instance)?;
            let table_ty = *self.objects.at(table).ty();
            let start = if table_ty.table64 { offset } else { u64::from(offset as u32) };
            let end = start.checked_add(elem.items.len() as u64).filter(|&end| end <= self.objects.at(table).size());
            let end = end.ok_or(Trap::TableOutOfBounds)?;
            let slots = self.elem_slots(elem, instance)?;
            self.objects.at_mut(table).elems_mut()[start as usize..end as usize].copy_from_slice(&slots);
        }
        Ok(())
    }

    fn elem_slots(&mut self, elem: &ElemImage, instance: NonNull<Instance>) -> Result<Vec<u64>, Trap> {
        match &elem.items {
            ElemItems::Funcs(funcs) => {
                let instance = self.objects.at(instance);
                Ok(funcs.iter().map(|&func| instance.func_slot(func)).collect())
            }
            ElemItems::Inits(inits) => inits.iter().map(|init| Ok(self.init_value(init, instance)?[0])).collect(),
        }
    }

    fn init_data(&mut self, image: &ModuleImage, instance: NonNull<Instance>) -> Result<(), Trap> {
        for active in &image.active_data {
            let [offset, _] = self.init_value(&active.offset, instance)?;
            let memory = self.objects.at(instance).memories[active.memory.index()];
            let memory = self.objects.at_mut(memory);
            let start = if memory.ty().memory64 { offset } else { u64::from(offset as u32) };
            let bytes = image.data.get(active.data.index());
            memory.write(start, bytes).ok_or(Trap::MemoryOutOfBounds)?;
            self.objects.at_mut(instance).dropped_data[active.data.index()] = true;
        }
        Ok(())
    }

    /// The slots of a constant expression's value.
    fn init_value(&mut self, init: &Init, instance: NonNull<Instance>) -> Result<[u64; 2], Trap> {
        Ok(match init {
            &Init::Const(slots) => slots,
            &Init::Func(func) => [self.objects.at(instance).func_slot(func), 0],
            &Init::Global(global) => self.objects.at(self.objects.at(instance).globals[global.index()]).slots,
            Init::Code(code) => self.executions.eval(instance, code, &self.limits, self.objects.heap.ptr())?,
        })
    }
}

fn func_type(image: &ModuleImage, ty: TypeIdx) -> Arc<crate::instance::FuncTypeInfo> {
    Arc::clone(image.types.types[ty.index()].as_ref().expect("validated tags have function types"))
}

fn new_instance(image: &ModuleImage, spaces: Spaces) -> Instance {
    let own_funcs = image.types.funcs.len() - spaces.funcs.len();
    Instance {
        header: Header::new(),
        this: None,
        code: Arc::clone(&image.code),
        memories: spaces.memories.into(),
        tables: spaces.tables.into(),
        globals: spaces.globals.into(),
        tags: spaces.tags.into(),
        imported_funcs: spaces.funcs.into(),
        types: Arc::clone(&image.types),
        func_refs: (0..own_funcs).map(|_| Cell::new(None)).collect(),
        made_funcs: RefCell::new(Vec::new()),
        elems: image.elems.iter().map(|_| Vec::new()).collect(),
        dropped_data: vec_of(false, image.data.ranges.len()),
        data: Arc::clone(&image.data),
    }
}

fn vec_of(value: bool, len: usize) -> Box<[bool]> {
    core::iter::repeat_n(value, len).collect()
}
