//! Tables of references.

use whimbrel_engine as engine;
use whimbrel_engine::exec::Growth;

use crate::error::HandleError;
use crate::memory::ANOTHER_STORE;
use crate::types::{RefType, TableType, ValType};
use crate::{AsContext, AsContextMut, Result, Val};

/// A table. Spec: `syntax-tableinst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) handle: engine::Handle<engine::Table>,
}

impl Table {
    /// A table filled with `init`.
    ///
    /// # Errors
    ///
    /// If `init` is not of the elements' type, or a limit or the allocator does not allow its smallest size.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Val) -> Result<Self> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let element = ValType::Ref(ty.element);
        let slot_type = element.slot_type(&store.engine.types());
        let plain = wasm_syntax::TableType { elem: ty.element.plain(), limits: ty.limits, table64: ty.table64 };
        store.check_counts(0, 1)?;
        store.check_growth(Growth::of_table(&plain))?;
        let handle = store.objects.new_table(plain, slot_type, element.to_bits(), &init.to_value());
        Ok(Self { handle: handle.map_err(HandleError::from)? })
    }

    /// Its type: the present size is the minimum.
    ///
    /// # Panics
    ///
    /// If it belongs to another store; so with the functions below that return no `Result`.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store = store.as_context();
        let table = store.0.objects.table(&self.handle).expect(ANOTHER_STORE);
        let wasm_syntax::TableType { limits, table64, .. } = table.current_type();
        let ValType::Ref(element) = ValType::from_bits(table.canonical()) else {
            unreachable!("tables hold references");
        };
        TableType { element, limits, table64 }
    }

    /// The number of elements. Spec: `exec-table.size`.
    pub fn size(&self, store: impl AsContext) -> u64 {
        store.as_context().0.objects.table(&self.handle).expect(ANOTHER_STORE).size()
    }

    /// An element; `None` past the end. Spec: `exec-table.get`.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Val> {
        let store = store.as_context_mut().0;
        store.objects.table_get(&self.handle, index).expect(ANOTHER_STORE).map(Val::from_value)
    }

    /// Writes an element. Spec: `exec-table.set`.
    ///
    /// # Errors
    ///
    /// If the index is past the end, the value is not of the elements' type, or anything belongs to another store.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.objects.table_set(&self.handle, index, &value.to_value()).map_err(HandleError::from)?)
    }

    /// Grows it by `delta` elements that are `init`; returns the old size. Spec: `exec-table.grow`.
    ///
    /// # Errors
    ///
    /// If a limit or the allocator does not allow that, the value is not of the elements' type, or anything belongs to
    /// another store.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Val) -> Result<u64> {
        let store = store.as_context_mut().0;
        let table = store.objects.table(&self.handle).map_err(HandleError::from)?;
        let growth = Growth::by_table(table, delta).ok_or(HandleError::Limit("table"))?;
        store.check_growth(growth)?;
        Ok(store.objects.table_grow(&self.handle, delta, &init.to_value()).map_err(HandleError::from)?)
    }

    /// Sets `len` elements from `start` on. Spec: `exec-table.fill`.
    ///
    /// # Errors
    ///
    /// If they are not all in the table, the value is not of the elements' type, or anything belongs to another store.
    #[expect(clippy::needless_pass_by_value, reason = "as embedders of other engines write it")]
    pub fn fill(&self, mut store: impl AsContextMut, start: u64, value: Val, len: u64) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.objects.table_fill(&self.handle, start, &value.to_value(), len).map_err(HandleError::from)?)
    }

    /// What its elements are.
    pub fn element(&self, store: impl AsContext) -> RefType {
        self.ty(store).element
    }
}
