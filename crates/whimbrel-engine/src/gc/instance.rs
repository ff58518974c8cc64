//! References to functions, and an instance's ownership of those to its own.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ptr::{self, NonNull};

use wasm_syntax::FuncIdx;

use super::Header;
use crate::instance::{FuncInst, FuncKind, Instance};

/// The slot that refers to the function.
pub(crate) fn slot_of_func(func: NonNull<FuncInst>) -> u64 {
    func.as_ptr().expose_provenance() as u64
}

/// The function that a slot refers to; `None` for null.
pub(crate) fn func_of_slot(slot: u64) -> Option<NonNull<FuncInst>> {
    NonNull::new(ptr::with_exposed_provenance_mut(slot as usize))
}

impl Instance {
    /// The function at `func`: an imported one, or one of the instance's own, which is made when first asked for and lives
    /// as long as the instance.
    ///
    /// # Panics
    ///
    /// If there is no such function, or `this` was not told its address yet.
    #[must_use]
    pub fn func_ref(&self, func: FuncIdx) -> NonNull<FuncInst> {
        if let Some(&imported) = self.imported_funcs.get(func.index()) {
            return imported;
        }
        let cell = &self.func_refs[func.index() - self.imported_funcs.len()];
        if let Some(made) = cell.get() {
            return made;
        }
        let ty = self.types.func(func);
        let kind = FuncKind::Wasm { instance: self.this.expect("an instance in an arena knows its address"), func };
        let entry = Some(NonNull::from(self.code.entry_start(func)));
        let made = FuncInst { header: Header::new(), ty: Arc::clone(ty), kind, entry, direct: None };
        let made = NonNull::from(Box::leak(Box::new(made)));
        cell.set(Some(made));
        self.made_funcs.borrow_mut().push(made);
        made
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for func in self.made_funcs.get_mut().drain(..) {
            // SAFETY: `func_ref` leaked this box, and only the instance owns it; whoever else pointed to it kept the instance
            // alive, or ends with it.
            drop(unsafe { Box::from_raw(func.as_ptr()) });
        }
    }
}

impl Instance {
    /// The slot that refers to the function at `func`.
    #[must_use]
    pub(crate) fn func_slot(&self, func: FuncIdx) -> u64 {
        slot_of_func(self.func_ref(func))
    }
}
