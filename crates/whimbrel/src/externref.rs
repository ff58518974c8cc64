//! References to the embedder's values.

use alloc::boxed::Box;
use core::any::Any;

use whimbrel_engine::ExternHandle;

use crate::error::HandleError;
use crate::{AsContext, AsContextMut, Result, StoreContext};

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
pub struct ExternRef(pub(crate) ExternHandle);

impl ExternRef {
    /// A reference to `value`, which the store keeps until nothing refers to it.
    ///
    /// # Errors
    ///
    /// If there are 2³² - 1 of them.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        Ok(Self(store.objects.new_extern(Box::new(value)).ok_or(HandleError::Limit("number of externrefs"))?))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a (dyn Any + Send + Sync)> {
        Ok(store.into().0.objects.extern_value(&self.0).map_err(HandleError::from)?)
    }

    /// Whether it belongs to `store`.
    pub fn belongs_to(&self, store: impl AsContext) -> bool {
        store.as_context().0.objects.extern_value(&self.0).is_ok()
    }
}
