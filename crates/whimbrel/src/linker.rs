//! Linkers: imports by name.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashMap;

use crate::error::{HandleError, LinkError};
use crate::host::{Caller, HostFunc, IntoFunc};
use crate::store::StoreInner;
use crate::types::{ExternType, FuncType, ImportType};
use crate::{
    AsContext, AsContextMut, Engine, Error, Extern, Global, Instance, Memory, Module, Result, SharedMemory, Table, Tag,
    Val, ValType,
};

/// Definitions by module name and name, from which modules are instantiated.
///
/// ```
/// use whimbrel::{Caller, Engine, Linker, Store};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::<u32>::new(&engine);
/// linker.func_wrap("env", "add", |a: i32, b: i32| a + b)?;
/// linker.func_wrap("env", "count", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1)?;
/// let mut store = Store::new(&engine, 0);
/// assert!(linker.get(&mut store, "env", "add").is_some());
/// # Ok(())
/// # }
/// ```
pub struct Linker<T> {
    engine: Engine,
    modules: HashMap<String, HashMap<String, Definition<T>>>,
    allow_shadowing: bool,
}

enum Definition<T> {
    /// An object of a store.
    Extern(Extern),
    /// A function that every store gets for itself.
    Host(HostFunc<T>),
}

impl<T> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Extern(object) => Self::Extern(object.clone()),
            Self::Host(func) => Self::Host(func.clone()),
        }
    }
}

impl<T> Definition<T> {
    fn in_store(&self, store: &mut StoreInner<T>) -> Result<Extern> {
        match self {
            Self::Extern(object) => Ok(object.clone()),
            Self::Host(func) => Ok(func.in_store(store)?.into()),
        }
    }
}

impl<T> Linker<T> {
    /// A linker without definitions.
    #[must_use]
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), modules: HashMap::new(), allow_shadowing: false }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a later definition replaces an earlier one of its name; otherwise it is an error.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.allow_shadowing = allow;
        self
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition<T>) -> Result<&mut Self> {
        let names = self.modules.entry_ref(module).or_default();
        if !self.allow_shadowing && names.contains_key(name) {
            return Err(LinkError::Duplicate { module: module.to_owned(), name: name.to_owned() }.into());
        }
        names.insert(name.to_owned(), definition);
        Ok(self)
    }

    /// Defines a shared memory, which belongs to no store.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub fn define_shared_memory(&mut self, module: &str, name: &str, memory: SharedMemory) -> Result<&mut Self> {
        self.insert(module, name, Definition::Extern(memory.into()))
    }

    #[cfg(all(feature = "wasi", feature = "std"))]
    pub(crate) fn has(&self, module: &str, name: &str) -> bool {
        self.find(module, name).is_some()
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.modules.get(module)?.get(name)
    }

    /// Defines a host function of the closure's type; see [`IntoFunc`].
    ///
    /// # Errors
    ///
    /// If the name is taken; so with the other definitions below.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self> {
        let func = HostFunc::wrap(&self.engine, func);
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines a host function of type `ty`; see [`Func::new`](crate::Func::new).
    ///
    /// # Errors
    ///
    /// If the name is taken, or the type is of another engine.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        if !self.engine.same(ty.engine()) {
            return Err(HandleError::WrongEngine.into());
        }
        self.insert(module, name, Definition::Host(HostFunc::new(ty, func)))
    }

    #[cfg(feature = "wasi")]
    pub(crate) fn define_host(&mut self, module: &str, name: &str, func: HostFunc<T>) -> Result<&mut Self> {
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines an object of the store `store`.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        if !store.as_context().0.engine.same(&self.engine) {
            return Err(HandleError::WrongEngine.into());
        }
        self.insert(module, name, Definition::Extern(item.into()))
    }

    /// Defines every export of `instance` under `module_name`.
    ///
    /// # Errors
    ///
    /// If a name is taken.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        instance: &Instance,
    ) -> Result<&mut Self> {
        let mut context = store.as_context_mut();
        let exports: Vec<_> =
            instance.exports(&mut context).map(|export| (export.name(), export.into_extern())).collect();
        for (name, object) in exports {
            self.insert(module_name, name, Definition::Extern(object))?;
        }
        Ok(self)
    }

    /// Instantiates `module` and defines every export of the instance under `module_name`.
    ///
    /// # Errors
    ///
    /// If it cannot be instantiated, or a name is taken.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Self> {
        let instance = self.instantiate(&mut store, module)?;
        self.instance(store, module_name, &instance)
    }

    /// Makes what is defined as `module::name` available as `as_module::as_name` too.
    ///
    /// # Errors
    ///
    /// If there is no such definition, or the new name is taken.
    pub fn alias(&mut self, module: &str, name: &str, as_module: &str, as_name: &str) -> Result<&mut Self> {
        let definition = self.find(module, name).cloned();
        let unknown = || LinkError::Unknown { module: module.to_owned(), name: name.to_owned() };
        self.insert(as_module, as_name, definition.ok_or_else(unknown)?)
    }

    /// What is defined as `module::name`, in `store`.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Option<Extern> {
        self.find(module, name)?.in_store(store.as_context_mut().0).ok()
    }

    /// Instantiates `module` with the definitions of its imports' names, and runs its start function.
    ///
    /// # Errors
    ///
    /// If a name is not defined, and for the reasons of [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        let context = store.as_context_mut();
        context.0.collect_if_due();
        let mut imports = Vec::with_capacity(module.info().imports().len());
        for n in 0..module.info().imports().len() {
            let (module_name, name) = module.import_name(n);
            let definition = self.find(module_name, name);
            let unknown = || LinkError::Unknown { module: module_name.to_owned(), name: name.to_owned() };
            imports.push(definition.ok_or_else(unknown)?.in_store(context.0)?);
        }
        Instance::new(context, module, &imports)
    }

    /// Defines every function that `module` imports and the linker does not have as one that fails when it is called, with
    /// [`LinkError::Unknown`].
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if let (ExternType::Func(ty), None) = (import.ty(), self.find(import.module(), import.name())) {
                let unknown = LinkError::Unknown { module: import.module().to_owned(), name: import.name().to_owned() };
                self.func_new(import.module(), import.name(), ty, move |_, _, _| Err(Error::new(unknown.clone())))?;
            }
        }
        Ok(())
    }

    /// Defines everything that `module` imports and the linker does not have: functions that return zero or null, globals
    /// that hold them, empty tables, and memories of the smallest size.
    ///
    /// # Errors
    ///
    /// If an import has a type without default, or a limit does not allow it.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_some() {
                continue;
            }
            let definition = default_definition(&mut store, &import)?;
            self.insert(import.module(), import.name(), definition)?;
        }
        Ok(())
    }
}

fn default_definition<T>(mut store: impl AsContextMut<Data = T>, import: &ImportType<'_>) -> Result<Definition<T>> {
    let default = |ty: ValType| {
        let message = || alloc::format!("import `{}::{}`: {ty} has no default", import.module(), import.name());
        Val::default_for_ty(ty).ok_or_else(|| Error::msg(message()))
    };
    Ok(Definition::Extern(match import.ty() {
        ExternType::Func(ty) => {
            ty.results().try_for_each(|ty| default(ty).map(drop))?;
            // Results are zero or null at first.
            return Ok(Definition::Host(HostFunc::new(ty, |_, _, _| Ok(()))));
        }
        ExternType::Global(ty) => Global::new(&mut store, ty, default(ty.content())?)?.into(),
        ExternType::Table(ty) => Table::new(&mut store, ty, default(ty.element().into())?)?.into(),
        ExternType::Memory(ty) if ty.is_shared() => SharedMemory::new(store.as_context().engine(), ty)?.into(),
        ExternType::Memory(ty) => Memory::new(&mut store, ty)?.into(),
        ExternType::Tag(ty) => Tag::new(&mut store, &ty)?.into(),
    }))
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), modules: self.modules.clone(), allow_shadowing: self.allow_shadowing }
    }
}

impl<T> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.modules.iter().flat_map(|(module, names)| names.keys().map(move |name| (module, name)));
        f.debug_set().entries(names).finish()
    }
}
