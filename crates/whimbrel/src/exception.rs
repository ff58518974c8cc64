//! Exceptions as the embedder sees and throws them.

use alloc::vec::Vec;

use whimbrel_engine::{self as engine, Handle, Value};

use crate::error::HandleError;
use crate::{AsContextMut, Result, Tag, Val};

/// An exception that WebAssembly has thrown and not caught, or that a host function throws. Spec: `syntax-exninst`.
///
/// A call that ends in an exception gives an [`Error`](crate::Error) from which this can be
/// [taken](crate::Error::downcast_ref). A host function that returns such an error, its own or the one of a call that it has
/// made, throws the exception in the WebAssembly code that called it.
///
/// ```
/// use whimbrel::{Caller, Engine, Exception, Func, FuncType, Store, Tag, TagType, Val, ValType};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], [])))?;
/// let thrown = tag.clone();
/// let throw = Func::wrap(&mut store, move |value: i32| -> whimbrel::Result<()> {
///     Err(Exception::new(&thrown, [Val::I32(value)]).into())
/// });
/// let error = throw.call(&mut store, &[Val::I32(7)], &mut []).unwrap_err();
/// let exception = error.downcast_ref::<Exception>().unwrap();
/// assert_eq!(exception.tag(), &tag);
/// assert_eq!(exception.payload()[0].unwrap_i32(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("uncaught exception")]
pub struct Exception {
    tag: Tag,
    payload: Vec<Val>,
}

impl Exception {
    /// An exception of `tag` that carries `payload`, whose types are checked when it gets into a store.
    #[must_use]
    pub fn new(tag: &Tag, payload: impl IntoIterator<Item = Val>) -> Self {
        Self { tag: tag.clone(), payload: payload.into_iter().collect() }
    }

    pub(crate) fn from_engine((tag, payload): (Handle<engine::Tag>, Vec<Value>)) -> Self {
        Self { tag: Tag { handle: tag }, payload: payload.into_iter().map(Val::from_value).collect() }
    }

    /// What kind of exception it is.
    #[must_use]
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// What it carries, of the types of the tag's parameters.
    #[must_use]
    pub fn payload(&self) -> &[Val] {
        &self.payload
    }

    fn values(&self) -> Vec<Value> {
        self.payload.iter().map(Val::to_value).collect()
    }

    /// Throws it from the host function that has to be called.
    pub(crate) fn throw(&self, store: &mut engine::Store) -> Result<(), HandleError> {
        Ok(store.throw_from_host(&self.tag.handle, &self.values())?)
    }
}

/// A reference to an exception, as `catch_ref` gives and `throw_ref` takes it. Spec: `syntax-ref.exn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExnRef(pub(crate) engine::ExceptionHandle);

impl ExnRef {
    /// A reference to `exception`.
    ///
    /// # Errors
    ///
    /// If its payload is not of the types of its tag's parameters, it belongs to another store, or there is no memory.
    pub fn new(mut store: impl AsContextMut, exception: &Exception) -> Result<Self> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let handle = store.objects.new_exception(&exception.tag.handle, &exception.values());
        Ok(Self(handle.map_err(HandleError::from)?))
    }

    /// The exception.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn exception(&self, mut store: impl AsContextMut) -> Result<Exception> {
        let exception = store.as_context_mut().0.objects.exception(&self.0).map_err(HandleError::from)?;
        Ok(Exception::from_engine(exception))
    }
}
