//! The features that a module needs, each with what needs it.

use std::collections::HashSet;

use wasm_syntax::{
    AbstractHeapType, BlockType, CompositeType, ExternType, Feature, FieldType, GlobalType, HeapType, Instr, MemType,
    RefType, StorageType, SubType, TableType, ValType,
};

/// Collects needs while a module is read.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// In order of discovery, without repetition.
    found: Vec<(Feature, &'static str)>,
    opcodes: HashSet<u32>,
    labels: HashSet<(Feature, &'static str)>,
}

impl Needs {
    /// The features in declaration order, each with what needs it in order of appearance.
    pub(crate) fn by_feature(&self) -> impl Iterator<Item = (Feature, Vec<&'static str>)> + '_ {
        Feature::ALL.iter().filter_map(|&feature| {
            let reasons: Vec<_> =
                self.found.iter().filter(|(needed, _)| *needed == feature).map(|&(_, reason)| reason).collect();
            (!reasons.is_empty()).then_some((feature, reasons))
        })
    }

    /// Notes that `reason` needs `feature`.
    pub(crate) fn note(&mut self, feature: Feature, reason: &'static str) {
        if self.labels.insert((feature, reason)) {
            self.found.push((feature, reason));
        }
    }

    /// Notes what an instruction needs, its immediates included.
    pub(crate) fn instr(&mut self, instr: &Instr<'_>) {
        let feature = instr.feature();
        if feature != Feature::Mvp && self.opcodes.insert(instr.opcode()) {
            self.note(feature, instr.mnemonic());
        }
        match *instr {
            Instr::Block(ty) | Instr::Loop(ty) | Instr::If(ty) | Instr::TryTable(ty, _) | Instr::Try(ty) => {
                self.block_type(ty);
            }
            Instr::RefNull(heap) => self.heap_type(heap),
            Instr::SelectTyped(types) => {
                if let Some(ty) = types.first {
                    self.val_type(ty);
                }
            }
            _ => {}
        }
    }

    /// Notes what an instruction needs more in a constant expression than elsewhere.
    pub(crate) fn const_instr(&mut self, instr: &Instr<'_>) {
        self.instr(instr);
        if matches!(instr, Instr::Numeric(_)) {
            self.note(Feature::ExtendedConst, "arithmetic in constant expressions");
        }
    }

    fn block_type(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Value(ty) => self.val_type(ty),
            BlockType::Func(_) => self.note(Feature::MultiValue, "block types with parameters or several results"),
        }
    }

    pub(crate) fn val_type(&mut self, ty: ValType) {
        if ty == ValType::V128 {
            self.note(Feature::Simd, "v128 values");
        } else if let Some(ty) = ty.as_ref() {
            self.ref_type(ty);
        }
    }

    fn ref_type(&mut self, ty: RefType) {
        if ty.is_nullable() {
            self.heap_type(ty.heap());
        } else {
            self.note(Feature::FunctionReferences, "non-nullable references");
            if !matches!(ty.heap(), HeapType::FUNC | HeapType::EXTERN) {
                self.heap_type(ty.heap());
            }
        }
    }

    fn heap_type(&mut self, heap: HeapType) {
        use AbstractHeapType as Ty;
        match heap {
            HeapType::Abstract(Ty::Func) => self.note(Feature::ReferenceTypes, "funcref values"),
            HeapType::Abstract(Ty::Extern) => self.note(Feature::ReferenceTypes, "externref values"),
            HeapType::Abstract(Ty::Exn | Ty::NoExn) => self.note(Feature::Exceptions, "exception references"),
            HeapType::Abstract(Ty::Cont | Ty::NoCont) => self.note(Feature::StackSwitching, "continuation references"),
            HeapType::Abstract(_) => self.note(Feature::Gc, "references to collected values"),
            HeapType::Concrete(_) => self.note(Feature::FunctionReferences, "typed references"),
            HeapType::Exact(_) => self.note(Feature::CustomDescriptors, "exact references"),
        }
    }

    fn field_type(&mut self, field: FieldType) {
        if let StorageType::Val(ty) = field.storage {
            self.val_type(ty);
        }
    }

    /// Notes what a type definition needs.
    pub(crate) fn sub_type(&mut self, ty: &SubType<'_>) {
        if !ty.is_final || !ty.supertypes.is_empty() {
            self.note(Feature::Gc, "subtyping");
        }
        if ty.describes.is_some() || ty.descriptor.is_some() {
            self.note(Feature::CustomDescriptors, "type descriptors");
        }
        match ty.composite {
            CompositeType::Func(func) => {
                if func.results.len() > 1 {
                    self.note(Feature::MultiValue, "functions with several results");
                }
                func.params.iter().chain(func.results.iter()).for_each(|ty| self.val_type(ty));
            }
            CompositeType::Struct(fields) => {
                self.note(Feature::Gc, "structure types");
                fields.iter().for_each(|field| self.field_type(field));
            }
            CompositeType::Array(field) => {
                self.note(Feature::Gc, "array types");
                self.field_type(field);
            }
            CompositeType::Cont(_) => self.note(Feature::StackSwitching, "continuation types"),
        }
    }

    pub(crate) fn table_type(&mut self, ty: &TableType) {
        if ty.elem != RefType::FUNCREF {
            self.note(Feature::ReferenceTypes, "tables of other things than functions");
            self.ref_type(ty.elem);
        }
        if ty.table64 {
            self.note(Feature::Memory64, "64-bit tables");
        }
    }

    pub(crate) fn memory_type(&mut self, ty: &MemType) {
        if ty.memory64 {
            self.note(Feature::Memory64, "64-bit memories");
        }
        if ty.shared {
            self.note(Feature::Threads, "shared memories");
        }
        if ty.page_size_log2 != 16 {
            self.note(Feature::CustomPageSizes, "memories with another page size");
        }
    }

    pub(crate) fn import(&mut self, ty: &ExternType) {
        match ty {
            ExternType::Func(_) => {}
            ExternType::FuncExact(_) => self.note(Feature::CustomDescriptors, "imports of exact functions"),
            ExternType::Table(ty) => self.table_type(ty),
            ExternType::Memory(ty) => self.memory_type(ty),
            ExternType::Global(ty) => {
                self.val_type(ty.val);
                self.shared_global(ty);
            }
            ExternType::Tag(_) => self.note(Feature::Exceptions, "tags"),
        }
    }

    /// Notes what a global needs that is imported or exported.
    pub(crate) fn shared_global(&mut self, ty: &GlobalType) {
        if ty.mutable {
            self.note(Feature::MutableGlobal, "mutable globals imported or exported");
        }
    }
}
