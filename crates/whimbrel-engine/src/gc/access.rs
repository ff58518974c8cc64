//! Following handles and slots, while the store is borrowed.

use core::ptr::NonNull;

use super::collect::Trace;
use super::exceptions::ExceptionHandle;
use super::handle::Handle;
use super::heap::is_object;
use super::instance::{func_of_slot, slot_of_func};
use crate::instance::Instance;
use crate::store::{Objects, Store};
use crate::value::{SlotType, Value, ValueError, WrongStore};

impl Objects {
    /// The object of `handle`.
    pub(crate) fn get<T: Trace>(&self, handle: &Handle<T>) -> Result<&T, WrongStore> {
        let ptr = handle.ptr(self.id)?;
        // SAFETY: the handle keeps the object alive, and exclusive references to objects exist only while the store is
        // borrowed exclusively.
        Ok(unsafe { ptr.as_ref() })
    }

    /// The object of `handle`, to be changed.
    pub(crate) fn get_mut<T: Trace>(&mut self, handle: &Handle<T>) -> Result<&mut T, WrongStore> {
        let mut ptr = handle.ptr(self.id)?;
        // SAFETY: the handle keeps the object alive, and the store is borrowed exclusively.
        Ok(unsafe { ptr.as_mut() })
    }

    /// A handle of the object at `ptr`.
    ///
    /// # Safety
    ///
    /// The object is alive and of this store.
    pub(crate) unsafe fn handle<T: Trace>(&mut self, ptr: NonNull<T>) -> Handle<T> {
        // SAFETY: by contract.
        unsafe { Handle::new(ptr, ptr.as_ref().header(), self.id) }
    }

    /// Puts `value`, which must be of type `ty`, into its slots, the second one of which only vectors use.
    pub(crate) fn lower(&self, value: &Value, ty: SlotType) -> Result<[u64; 2], ValueError> {
        Ok(match (value, ty) {
            (&Value::I32(bits), SlotType::I32) | (&Value::F32(bits), SlotType::F32) => [u64::from(bits), 0],
            (&Value::I64(bits), SlotType::I64) | (&Value::F64(bits), SlotType::F64) => [bits, 0],
            (&Value::V128(bits), SlotType::V128) => [bits as u64, (bits >> 64) as u64],
            (Value::Func(Some(func)), SlotType::Func { ty, .. }) => {
                let matches = self.get(func)?.ty.matches_optional(ty);
                if !matches {
                    return Err(ValueError::Type);
                }
                [slot_of_func(func.ptr(self.id)?), 0]
            }
            (Value::Extern(Some(value)), SlotType::Extern { .. }) => [self.any_word(value)?, 0],
            (Value::Any(Some(value)), SlotType::Any { heap, .. }) => [self.lower_any(value, heap)?, 0],
            (Value::Exn(Some(exn)), SlotType::Exn { .. }) => [exn.0.address(self.id)?, 0],
            (Value::Cont(Some(cont)), SlotType::Cont { ty, .. }) => [self.lower_cont(cont, ty)?, 0],
            (Value::Exn(None) | Value::Null, SlotType::Exn { nullable: true })
            | (Value::Cont(None) | Value::Null, SlotType::Cont { nullable: true, .. })
            | (Value::Func(None) | Value::Null, SlotType::Func { nullable: true, .. })
            | (Value::Extern(None) | Value::Null, SlotType::Extern { nullable: true })
            | (Value::Any(None) | Value::Null, SlotType::Any { nullable: true, .. })
            | (
                Value::Func(None)
                | Value::Extern(None)
                | Value::Exn(None)
                | Value::Cont(None)
                | Value::Any(None)
                | Value::Null,
                SlotType::Null,
            ) => [0, 0],
            _ => return Err(ValueError::Type),
        })
    }

    /// The value in `slots`.
    ///
    /// # Safety
    ///
    /// The slots hold a value of type `ty`, whose target is alive if it is a reference.
    pub(crate) unsafe fn lift(&mut self, slots: &[u64], ty: SlotType) -> Value {
        match ty {
            SlotType::I32 => Value::I32(slots[0] as u32),
            SlotType::I64 => Value::I64(slots[0]),
            SlotType::F32 => Value::F32(slots[0] as u32),
            SlotType::F64 => Value::F64(slots[0]),
            SlotType::V128 => Value::V128(u128::from(slots[0]) | u128::from(slots[1]) << 64),
            // SAFETY: by contract a function of this store is at the address.
            SlotType::Func { .. } => Value::Func(func_of_slot(slots[0]).map(|func| unsafe { self.handle(func) })),
            // SAFETY: by contract.
            SlotType::Extern { .. } => Value::Extern(unsafe { self.lift_any(slots[0]) }),
            // SAFETY: by contract.
            SlotType::Any { .. } => Value::Any(unsafe { self.lift_any(slots[0]) }),
            SlotType::Exn { .. } => Value::Exn(is_object(slots[0]).then(|| {
                // SAFETY: by contract an exception of this store is at the address.
                ExceptionHandle(unsafe { self.heap.get_mut().hold(slots[0], self.id) })
            })),
            // SAFETY: by contract.
            SlotType::Cont { ty, .. } => Value::Cont(unsafe { self.lift_cont(slots[0], ty) }),
            SlotType::Null => Value::Null,
        }
    }
}

/// Pointers to objects that safe code of this crate has come from arenas, through live objects: what they point to is alive
/// until the next collection, and collections happen only where no such pointer is in hand.
impl Objects {
    /// The object at `ptr`.
    pub(crate) fn at<T: Trace>(&self, ptr: NonNull<T>) -> &T {
        // SAFETY: the object is alive (above), and the store is borrowed.
        unsafe { ptr.as_ref() }
    }

    /// The object at `ptr`, to be changed.
    pub(crate) fn at_mut<T: Trace>(&mut self, mut ptr: NonNull<T>) -> &mut T {
        // SAFETY: the object is alive (above), and the store is borrowed exclusively.
        unsafe { ptr.as_mut() }
    }

    /// Takes an instance in and tells it its address.
    pub(crate) fn alloc_instance(&mut self, instance: Instance) -> NonNull<Instance> {
        let ptr = self.instances.alloc(instance);
        self.at_mut(ptr).this = Some(ptr);
        ptr
    }
}

impl Store {
    /// A handle of the object at `ptr`.
    pub(crate) fn hold<T: Trace>(&mut self, ptr: NonNull<T>) -> Handle<T> {
        // SAFETY: the object is alive (above) and of this store, since no other store's pointers get here.
        unsafe { self.objects.handle(ptr) }
    }

    /// The value of type `ty` that `slots`, taken from an object, hold.
    pub(crate) fn value(&mut self, slots: &[u64], ty: SlotType) -> Value {
        // SAFETY: objects hold values of their types, whose targets they keep alive.
        unsafe { self.objects.lift(slots, ty) }
    }
}
