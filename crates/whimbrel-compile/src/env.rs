//! What the verifier of code asks of a module.

use wasm_syntax::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx};
use wasm_validate::{FuncSig, ModuleInfo};
use whimbrel_ir::{CalleeSlots, Class, StorageOp, VerifyEnv};

use crate::lower::slots_of;

/// A module, for [`verify`](whimbrel_ir::verify) of code compiled from it.
#[derive(Clone, Copy, Debug)]
pub struct ModuleEnv<'m>(pub &'m ModuleInfo);

fn callee(sig: FuncSig<'_>) -> CalleeSlots {
    CalleeSlots { params: slots_of(sig.params), results: slots_of(sig.results) }
}

impl VerifyEnv for ModuleEnv<'_> {
    fn func(&self, func: FuncIdx) -> Option<(CalleeSlots, bool)> {
        (func.0 < self.0.num_funcs()).then(|| (callee(self.0.func_sig(func)), func.0 < self.0.num_imported_funcs()))
    }

    fn func_type(&self, ty: TypeIdx) -> Option<CalleeSlots> {
        if ty.0 < self.0.num_types() { self.0.type_sig(ty).map(callee) } else { None }
    }

    fn global(&self, global: GlobalIdx) -> Option<Class> {
        (global.0 < self.0.num_globals()).then(|| Class::of(self.0.global(global).val))
    }

    fn is_shared(&self, memory: MemIdx) -> Option<bool> {
        (memory.0 < self.0.num_memories()).then(|| self.0.memory(memory).shared)
    }

    fn is_memory64(&self, memory: MemIdx) -> Option<bool> {
        (memory.0 < self.0.num_memories()).then(|| self.0.memory(memory).memory64)
    }

    fn is_table64(&self, table: TableIdx) -> Option<bool> {
        (table.0 < self.0.num_tables()).then(|| self.0.table(table).table64)
    }

    fn has_data(&self, data: DataIdx) -> bool {
        data.0 < self.0.num_datas()
    }

    fn has_elem(&self, elem: ElemIdx) -> bool {
        elem.0 < self.0.num_elems()
    }

    fn struct_type(&self, ty: TypeIdx) -> Option<u32> {
        let is_struct = ty.0 < self.0.num_types()
            && self.0.type_sig(ty).is_none()
            && self.0.array_elem(ty).is_none()
            && self.0.cont_func(ty).is_none();
        is_struct
            .then(|| self.0.struct_fields(ty).iter().map(|field| StorageOp::of(*field, false).class().slots()).sum())
    }

    fn array_type(&self, ty: TypeIdx) -> Option<u32> {
        if ty.0 >= self.0.num_types() {
            return None;
        }
        Some(StorageOp::of(self.0.array_elem(ty)?, false).class().slots())
    }

    fn tag(&self, tag: TagIdx) -> Option<CalleeSlots> {
        if tag.0 < self.0.num_tags() { self.func_type(self.0.tag(tag)) } else { None }
    }
}
