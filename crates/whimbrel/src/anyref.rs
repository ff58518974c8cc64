//! References to 31-bit integers, structures and arrays.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wasm_validate::CanonHeapType;
use whimbrel_engine::{AnyHandle, ObjectError, ObjectHandle, ObjectType, Value};

use crate::error::HandleError;
use crate::{AsContext, AsContextMut, ExternRef, RefType, Result, Val};

/// A reference of the hierarchy of `any` that is not null: a 31-bit integer, a structure, an array, or a value of the
/// embedder's. It keeps what it refers to alive. Spec: `syntax-heaptype`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyRef(pub(crate) AnyHandle);

impl AnyRef {
    /// The reference to a 31-bit integer; the highest bit of `value` is dropped. Spec: `exec-ref.i31`.
    #[must_use]
    pub const fn from_i31(value: u32) -> Self {
        Self(AnyHandle::I31(value & (u32::MAX >> 1)))
    }

    /// The 31-bit integer, zero-extended, if it is one. Spec: `exec-i31.get_sx`.
    #[must_use]
    pub const fn as_i31(&self) -> Option<u32> {
        if let AnyHandle::I31(value) = self.0 { Some(value) } else { None }
    }

    /// The reference that a value of the embedder's is inside WebAssembly. Spec: `exec-any.convert_extern`.
    #[must_use]
    pub fn convert_extern(value: ExternRef) -> Self {
        Self(value.0)
    }

    /// The structure, if it is one.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<StructRef>> {
        Ok(self.object(store, true)?.map(StructRef))
    }

    /// The array, if it is one.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<ArrayRef>> {
        Ok(self.object(store, false)?.map(ArrayRef))
    }

    fn object(&self, store: impl AsContext, is_struct: bool) -> Result<Option<ObjectHandle>> {
        let AnyHandle::Object(object) = &self.0 else { return Ok(None) };
        let ty = store.as_context().0.objects.object_type(object).map_err(HandleError::from)?;
        Ok((ty.is_struct() == is_struct).then(|| object.clone()))
    }
}

/// A structure. Spec: `syntax-structinst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructRef(ObjectHandle);

impl StructRef {
    /// A structure of a defined type, such as one among the parameters of a function. Spec: `exec-struct.new`.
    ///
    /// # Errors
    ///
    /// If the type is no defined structure type, the values are not of its fields' types, anything belongs to another store,
    /// or there is no memory.
    pub fn new(mut store: impl AsContextMut, ty: RefType, fields: &[Val]) -> Result<Self> {
        let store = store.as_context_mut().0;
        let object = store.objects.new_struct(&object_type(&store.engine, ty)?, &values(fields));
        Ok(Self(object.map_err(HandleError::from)?))
    }

    /// Field `n`; packed ones are zero-extended. Spec: `exec-struct.get`.
    ///
    /// # Errors
    ///
    /// If there is no such field, or it belongs to another store.
    pub fn field(&self, store: impl AsContextMut, n: u32) -> Result<Val> {
        get(&self.0, store, n)
    }

    /// Writes field `n`; of packed ones, its low bits. Spec: `exec-struct.set`.
    ///
    /// # Errors
    ///
    /// If there is no such field, it is not mutable, the value is not of its type, or anything belongs to another store.
    pub fn set_field(&self, store: impl AsContextMut, n: u32, value: &Val) -> Result<()> {
        set(&self.0, store, n, value)
    }

    /// The reference as one to anything.
    #[must_use]
    pub fn to_any(&self) -> AnyRef {
        AnyRef(AnyHandle::Object(self.0.clone()))
    }
}

/// An array. Spec: `syntax-arrayinst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayRef(ObjectHandle);

impl ArrayRef {
    /// An array of a defined type, such as one among the parameters of a function. Spec: `exec-array.new_fixed`.
    ///
    /// # Errors
    ///
    /// If the type is no defined array type, a value is not of its elements' type, anything belongs to another store, or there
    /// is no memory.
    pub fn new(mut store: impl AsContextMut, ty: RefType, elems: &[Val]) -> Result<Self> {
        let store = store.as_context_mut().0;
        let object = store.objects.new_array(&object_type(&store.engine, ty)?, &values(elems));
        Ok(Self(object.map_err(HandleError::from)?))
    }

    /// How many elements it has. Spec: `exec-array.len`.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let len = store.as_context().0.objects.array_len(&self.0).map_err(HandleError::from)?;
        Ok(len.expect("it is an array"))
    }

    /// Element `n`; packed ones are zero-extended. Spec: `exec-array.get`.
    ///
    /// # Errors
    ///
    /// If there is no such element, or it belongs to another store.
    pub fn get(&self, store: impl AsContextMut, n: u32) -> Result<Val> {
        get(&self.0, store, n)
    }

    /// Writes element `n`; of packed ones, its low bits. Spec: `exec-array.set`.
    ///
    /// # Errors
    ///
    /// If there is no such element, elements are not mutable, the value is not of their type, or anything belongs to another
    /// store.
    pub fn set(&self, store: impl AsContextMut, n: u32, value: &Val) -> Result<()> {
        set(&self.0, store, n, value)
    }

    /// The reference as one to anything.
    #[must_use]
    pub fn to_any(&self) -> AnyRef {
        AnyRef(AnyHandle::Object(self.0.clone()))
    }
}

fn object_type(engine: &crate::Engine, ty: RefType) -> Result<Arc<ObjectType>> {
    let ty = match ty.0.heap() {
        CanonHeapType::Concrete(id) | CanonHeapType::Exact(id) => engine.object_type(&engine.types(), id),
        CanonHeapType::Abstract(_) => None,
    };
    Ok(ty.ok_or(HandleError::NotDefined)?)
}

fn values(vals: &[Val]) -> Vec<Value> {
    vals.iter().map(Val::to_value).collect()
}

fn get(object: &ObjectHandle, mut store: impl AsContextMut, n: u32) -> Result<Val> {
    let value = store.as_context_mut().0.objects.object_get(object, n).map_err(HandleError::from)?;
    Ok(Val::from_value(value.ok_or(HandleError::NoField)?))
}

fn set(object: &ObjectHandle, mut store: impl AsContextMut, n: u32, value: &Val) -> Result<()> {
    Ok(store.as_context_mut().0.objects.object_set(object, n, &value.to_value()).map_err(|error| match error {
        ObjectError::OutOfBounds => HandleError::NoField,
        ObjectError::Immutable => HandleError::ImmutableField,
        error => error.into(),
    })?)
}
