//! Globals and tags.

use whimbrel_engine as engine;

use crate::error::HandleError;
use crate::memory::ANOTHER_STORE;
use crate::types::{FuncType, GlobalType, Mutability, TagType, ValType};
use crate::{AsContext, AsContextMut, Result, Val};

/// A global. Spec: `syntax-globalinst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    pub(crate) handle: engine::Handle<engine::Global>,
}

impl Global {
    /// A global that holds `val`.
    ///
    /// # Errors
    ///
    /// If the value is not of the type, or belongs to another store.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, val: Val) -> Result<Self> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let content = ty.content();
        let slot_type = content.slot_type(&store.engine.types());
        let mutable = ty.mutability() == Mutability::Var;
        let handle = store.objects.new_global(slot_type, mutable, content.to_bits(), &val.to_value());
        let of_values = |error| HandleError::of_values(error, [content].into_iter(), core::slice::from_ref(&val));
        Ok(Self { handle: handle.map_err(of_values)? })
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store; so with the functions below that return no `Result`.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store = store.as_context();
        let global = store.0.objects.global(&self.handle).expect(ANOTHER_STORE);
        let mutability = if global.is_mutable() { Mutability::Var } else { Mutability::Const };
        GlobalType::new(ValType::from_bits(global.canonical()), mutability)
    }

    /// Its value. Spec: `exec-global.get`.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        Val::from_value(store.as_context_mut().0.objects.global_get(&self.handle).expect(ANOTHER_STORE))
    }

    /// Writes it. Spec: `exec-global.set`.
    ///
    /// # Errors
    ///
    /// If it is not mutable, the value is not of its type, or anything belongs to another store.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn set(&self, mut store: impl AsContextMut, val: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.objects.global_set(&self.handle, &val.to_value()).map_err(HandleError::from)?)
    }
}

/// A tag, by which exceptions are told apart. Spec: `syntax-taginst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub(crate) handle: engine::Handle<engine::Tag>,
}

impl Tag {
    /// A tag unlike all others.
    ///
    /// # Errors
    ///
    /// If the type belongs to another engine than the store.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Self> {
        let store = store.as_context_mut().0;
        if !store.engine.same(ty.ty().engine()) {
            return Err(HandleError::WrongEngine.into());
        }
        store.collect_if_due();
        Ok(Self { handle: store.objects.new_tag(ty.ty().info()) })
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let store = store.as_context().0;
        let id = store.objects.tag(&self.handle).expect(ANOTHER_STORE).ty.id;
        TagType::new(FuncType::from_id(&store.engine, wasm_validate::CanonicalTypeId(id.0)))
    }
}
