//! Instances, and what they import and export.

use alloc::borrow::ToOwned;
use alloc::string::ToString;

use wasm_syntax::{ExternKind, FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx};
use wasm_validate::CanonicalTypeId;
use wasm_validate::linking::{self, CanonExternType};
use whimbrel_engine::{self as engine, ExternObject, Handle, InstantiateError, WrongStore};

use crate::error::{HandleError, LinkError};
use crate::func::call;
use crate::store::StoreInner;
use crate::types::ExternType;
use crate::{
    AsContext, AsContextMut, Error, Func, Global, Memory, Module, Result, SharedMemory, StoreContextMut, Table, Tag,
    TypedFunc, ValType, WasmParams, WasmResults,
};

/// Something that modules import and export. Spec: `syntax-externaddr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A shared memory.
    SharedMemory(SharedMemory),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// Its type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Self::Func(func) => ExternType::Func(func.ty(store)),
            Self::Global(global) => ExternType::Global(global.ty(store)),
            Self::Table(table) => ExternType::Table(table.ty(store)),
            Self::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Self::SharedMemory(memory) => ExternType::Memory(memory.ty()),
            Self::Tag(tag) => ExternType::Tag(tag.ty(store)),
        }
    }

    fn to_object(&self, store: &mut engine::Store) -> ExternObject {
        match self {
            Self::Func(func) => ExternObject::Func(func.handle.clone()),
            Self::Global(global) => ExternObject::Global(global.handle.clone()),
            Self::Table(table) => ExternObject::Table(table.handle.clone()),
            Self::Memory(memory) => ExternObject::Memory(memory.handle.clone()),
            Self::SharedMemory(memory) => ExternObject::Memory(store.new_shared_memory(memory.memory.clone())),
            Self::Tag(tag) => ExternObject::Tag(tag.handle.clone()),
        }
    }

    /// Its type for linking. Spec: `valid-externaddr`.
    fn canon_type(&self, store: &engine::Store) -> Result<CanonExternType, WrongStore> {
        Ok(match self {
            Self::Func(func) => {
                CanonExternType::Func { ty: CanonicalTypeId(store.func_type(&func.handle)?.id.0), exact: true }
            }
            Self::Global(global) => {
                let global = store.global(&global.handle)?;
                let val = ValType::from_bits(global.canonical()).canon();
                CanonExternType::Global { val, mutable: global.is_mutable() }
            }
            Self::Table(table) => {
                let table = store.table(&table.handle)?;
                let wasm_syntax::TableType { limits, table64, .. } = table.current_type();
                let elem = ValType::from_bits(table.canonical()).canon().as_ref().expect("tables hold references");
                CanonExternType::Table { elem, limits, table64 }
            }
            Self::Memory(memory) => CanonExternType::Memory(store.memory(&memory.handle)?.current_type()),
            Self::SharedMemory(memory) => CanonExternType::Memory(memory.memory.current_type()),
            Self::Tag(tag) => CanonExternType::Tag(CanonicalTypeId(store.tag(&tag.handle)?.ty.id.0)),
        })
    }
}

macro_rules! extern_kinds {
    ($($kind:ident $into:ident;)*) => {
        impl Extern {$(
            #[doc = concat!("The ", stringify!($kind), ", if it is one.")]
            #[must_use]
            pub fn $into(self) -> Option<$kind> {
                if let Self::$kind(object) = self { Some(object) } else { None }
            }
        )*}

        $(impl From<$kind> for Extern {
            fn from(object: $kind) -> Self {
                Self::$kind(object)
            }
        })*
    };
}

extern_kinds! {
    Func into_func;
    Global into_global;
    Table into_table;
    Memory into_memory;
    SharedMemory into_shared_memory;
    Tag into_tag;
}

/// An export of an [`Instance`].
#[derive(Clone, Debug)]
pub struct Export<'i> {
    name: &'i str,
    definition: Extern,
}

impl<'i> Export<'i> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// What is exported.
    #[must_use]
    pub fn into_extern(self) -> Extern {
        self.definition
    }
}

/// An instance of a module. Spec: `syntax-moduleinst`.
#[derive(Clone, Debug)]
pub struct Instance {
    handle: Handle<engine::Instance>,
    module: Module,
}

impl Instance {
    pub(crate) fn from_parts(handle: Handle<engine::Instance>, module: Module) -> Self {
        Self { handle, module }
    }

    /// Instantiates `module` with `imports` in the order of [`Module::imports`], and runs its start function.
    /// Spec: `exec-instantiation`.
    ///
    /// # Errors
    ///
    /// If the imports do not match the module's ([`LinkError`]; nothing has happened then), an active segment does not fit
    /// or the start function traps (what happened before stays), a limit is reached, or anything is of another store or
    /// engine.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Self> {
        let store = store.as_context_mut().0;
        if !store.engine.same(module.engine()) {
            return Err(HandleError::WrongEngine.into());
        }
        store.check_poison()?;
        store.collect_if_due();
        check_imports(store, module, imports)?;
        store.check_instance(module.image())?;
        let objects: alloc::vec::Vec<_> = imports.iter().map(|import| import.to_object(&mut store.objects)).collect();
        store.keep_module(module);
        let instantiated = store.change(|store| store.instantiate(module.image(), &objects));
        let handle = instantiated.map_err(|error| match error {
            InstantiateError::Trap(trap) => Error::new(trap),
            InstantiateError::Limit(what) => Error::new(HandleError::Limit(what)),
            InstantiateError::Store(error) => Error::new(HandleError::from(error)),
        })?;
        if let Some(start) = module.info().start() {
            let start = store.objects.instance_func(&handle, start).map_err(HandleError::from)?;
            call(store, &start, &[], &mut [])?;
        }
        Ok(Self { handle, module: module.clone() })
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The export of that name; `None` if there is none, or the instance belongs to another store.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let (kind, idx) = self.module.export(name)?;
        self.definition(store.as_context_mut().0, kind, idx).ok()
    }

    /// The exported function of that name, if there is one.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function of that name, with its type known to Rust.
    ///
    /// # Errors
    ///
    /// If there is no such function, or it is of another type.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let func = self.get_func(&mut store, name);
        let missing = || HandleError::Export { name: name.to_owned(), kind: ExternKind::Func };
        let typed = func.ok_or_else(missing)?.typed(&store);
        typed.map_err(|error| error.context(alloc::format!("failed to find function export `{name}`")))
    }

    /// The exported shared memory of that name, if there is one.
    pub fn get_shared_memory(&self, store: impl AsContextMut, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// The exported memory of that name, if there is one and it is not shared.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported table of that name, if there is one.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global of that name, if there is one.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag of that name, if there is one.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// All exports, in the module's order.
    ///
    /// # Panics
    ///
    /// If the instance belongs to another store.
    pub fn exports<'i, T: 'i>(
        &'i self,
        store: impl Into<StoreContextMut<'i, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'i>> + 'i {
        let store = store.into().0;
        self.module.info().exports().map(move |export| {
            let definition =
                self.definition(store, export.kind, export.idx).expect("the instance belongs to the store");
            Export { name: export.name, definition }
        })
    }

    fn definition<T>(&self, store: &mut StoreInner<T>, kind: ExternKind, idx: u32) -> Result<Extern, WrongStore> {
        let (objects, handle) = (&mut store.objects, &self.handle);
        Ok(match kind {
            ExternKind::Func => Extern::Func(Func::from_handle(objects.instance_func(handle, FuncIdx(idx))?)),
            ExternKind::Table => Extern::Table(Table { handle: objects.instance_table(handle, TableIdx(idx))? }),
            ExternKind::Memory => {
                let handle = objects.instance_memory(handle, MemIdx(idx))?;
                match objects.memory(&handle)?.shared() {
                    Some(shared) => {
                        Extern::SharedMemory(SharedMemory::from_parts(shared.clone(), store.engine.clone()))
                    }
                    None => Extern::Memory(Memory { handle }),
                }
            }
            ExternKind::Global => Extern::Global(Global { handle: objects.instance_global(handle, GlobalIdx(idx))? }),
            ExternKind::Tag => Extern::Tag(Tag { handle: objects.instance_tag(handle, TagIdx(idx))? }),
        })
    }
}

/// Whether `imports` match what the module imports. Spec: `match-externtype`.
fn check_imports<T>(store: &StoreInner<T>, module: &Module, imports: &[Extern]) -> Result<()> {
    let expected = module.info().imports();
    if expected.len() != imports.len() {
        return Err(LinkError::Count { expected: expected.len(), found: imports.len() }.into());
    }
    for (n, (given, expected)) in imports.iter().zip(expected).enumerate() {
        let given = given.canon_type(&store.objects).map_err(HandleError::from)?;
        let expected = module.types().extern_type(expected);
        if !linking::matches(&store.engine.types(), &given, &expected) {
            let (module_name, name) = module.import_name(n);
            return Err(LinkError::Incompatible {
                module: module_name.to_owned(),
                name: name.to_owned(),
                expected: ExternType::from_canon(&store.engine, &expected).to_string(),
                found: ExternType::from_canon(&store.engine, &given).to_string(),
            }
            .into());
        }
    }
    Ok(())
}
