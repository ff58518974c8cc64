//! References to the embedder's values.

use alloc::boxed::Box;
use core::any::Any;

use whimbrel_engine::AnyHandle;

use crate::error::HandleError;
use crate::{AnyRef, AsContext, AsContextMut, Result, StoreContext};

/// A value of the embedder's that WebAssembly can pass around, but not look into. Spec: `syntax-ref.extern`.
///
/// ```
/// use whimbrel::{Engine, ExternRef, Store};
///
/// # fn main() -> whimbrel::Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = ExternRef::new(&mut store, "anything")?;
/// assert_eq!(reference.data(&store)?.downcast_ref(), Some(&"anything"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternRef(pub(crate) AnyHandle);

impl ExternRef {
    /// A reference to `value`, which the store keeps until nothing refers to it.
    ///
    /// # Errors
    ///
    /// If there are 2³² - 1 of them.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let handle = store.objects.new_extern(Box::new(value)).ok_or(HandleError::Limit("number of externrefs"))?;
        Ok(Self(AnyHandle::Extern(handle)))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a (dyn Any + Send + Sync)> {
        match &self.0 {
            AnyHandle::Extern(handle) => Ok(store.into().0.objects.extern_value(handle).map_err(HandleError::from)?),
            _ => Err(HandleError::NotHost.into()),
        }
    }

    /// Whether it belongs to `store`.
    pub fn belongs_to(&self, store: impl AsContext) -> bool {
        let objects = &store.as_context().0.objects;
        match &self.0 {
            AnyHandle::Extern(handle) => objects.extern_value(handle).is_ok(),
            AnyHandle::Object(object) => objects.object_type(object).is_ok(),
            AnyHandle::I31(_) => true,
        }
    }

    /// The reference that something inside WebAssembly is outside. Spec: `exec-extern.convert_any`.
    #[must_use]
    pub fn convert_any(reference: AnyRef) -> Self {
        Self(reference.0)
    }
}
