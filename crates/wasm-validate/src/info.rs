//! What is known of a module once its sections are validated; read by function bodies, the compiler and the linker.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_syntax::{
    DataIdx, ElemIdx, ExternKind, ExternType, Features, FieldType, FuncIdx, GlobalIdx, GlobalType, MemIdx, MemType,
    ModuleLimits, RefType, TableIdx, TableType, TagIdx, TypeIdx, ValType,
};

use crate::error::{IndexSpace, ValidateError};
use crate::types::{FuncSig, TypeTable, unknown};

/// A module's index spaces: types, and the type of everything that is imported or defined.
///
/// Immutable and shareable between threads. Accessors that take an index panic if it is out of range; instructions that
/// have passed validation only hold indices that are in range.
#[derive(Debug)]
pub struct ModuleInfo {
    pub(crate) features: Features,
    pub(crate) limits: ModuleLimits,
    pub(crate) types: TypeTable,
    pub(crate) imports: Vec<ExternType>,
    pub(crate) funcs: Vec<TypeIdx>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) memories: Vec<MemType>,
    pub(crate) globals: Vec<GlobalType>,
    pub(crate) tags: Vec<TypeIdx>,
    pub(crate) elems: Vec<RefType>,
    /// Number of imports of each kind, by `ExternKind`.
    pub(crate) imported: [u32; 5],
    /// Imported functions whose type need not be exact, as the positions below `imported` that are set.
    pub(crate) inexact_funcs: BitSet,
    pub(crate) declared_funcs: BitSet,
    pub(crate) data_count: Option<u32>,
    pub(crate) data_segments: u32,
    pub(crate) start: Option<FuncIdx>,
    pub(crate) exports: Vec<StoredExport>,
    pub(crate) export_names: String,
}

/// An export. Spec: `syntax-export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'m> {
    /// Its name, unlike that of any other export of the module.
    pub name: &'m str,
    /// What is exported.
    pub kind: ExternKind,
    /// Its position in the kind's index space.
    pub idx: u32,
}

/// An export whose name ends at `name_end` of the text of all names, and starts where the name before ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredExport {
    pub name_end: u32,
    pub kind: ExternKind,
    pub idx: u32,
}

impl ModuleInfo {
    pub(crate) fn new(features: Features, limits: &ModuleLimits) -> Self {
        Self {
            features,
            limits: *limits,
            types: TypeTable::default(),
            imports: Vec::new(),
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            elems: Vec::new(),
            imported: [0; 5],
            inexact_funcs: BitSet::default(),
            declared_funcs: BitSet::default(),
            data_count: None,
            data_segments: 0,
            start: None,
            exports: Vec::new(),
            export_names: String::new(),
        }
    }

    /// The features that the module was validated with.
    #[must_use]
    pub fn features(&self) -> Features {
        self.features
    }

    /// The limits that the module was validated with.
    #[must_use]
    pub fn limits(&self) -> &ModuleLimits {
        &self.limits
    }

    /// How many types there are.
    #[must_use]
    pub fn num_types(&self) -> u32 {
        self.types.len()
    }

    /// Every type's index with its function signature, or `None` where it is no function type.
    pub fn types(&self) -> impl ExactSizeIterator<Item = (TypeIdx, Option<FuncSig<'_>>)> {
        (0..self.types.len() as usize).map(|i| {
            let idx = TypeIdx(i as u32);
            (idx, self.type_sig(idx))
        })
    }

    /// The recursive groups in order, as ranges of type indices.
    pub fn rec_groups(&self) -> impl ExactSizeIterator<Item = core::ops::Range<u32>> {
        self.types.groups()
    }

    /// The operands and results of a function type; `None` for types of other kinds.
    #[inline]
    #[must_use]
    pub fn type_sig(&self, ty: TypeIdx) -> Option<FuncSig<'_>> {
        self.types.sig_of(&self.types.def(ty).composite)
    }

    /// The fields of a structure type; empty for types of other kinds.
    #[must_use]
    pub fn struct_fields(&self, ty: TypeIdx) -> &[FieldType] {
        self.types.fields_of(&self.types.def(ty).composite).unwrap_or(&[])
    }

    /// The element of an array type; `None` for types of other kinds.
    #[must_use]
    pub fn array_elem(&self, ty: TypeIdx) -> Option<FieldType> {
        self.types.elem(ty).ok()
    }

    /// The function type of a continuation type; `None` for types of other kinds.
    #[must_use]
    pub fn cont_func(&self, ty: TypeIdx) -> Option<TypeIdx> {
        self.types.cont(ty).ok()
    }

    /// The descriptor type of a structure type, if it has one (custom descriptors proposal).
    #[must_use]
    pub fn descriptor(&self, ty: TypeIdx) -> Option<TypeIdx> {
        self.types.def(ty).descriptor
    }

    /// The declared supertype, if there is one.
    #[must_use]
    pub fn supertype(&self, ty: TypeIdx) -> Option<TypeIdx> {
        self.types.def(ty).supertype
    }

    /// The smallest type index of the module that defines the same type. Two of a module's types are equal exactly if
    /// these are; across modules, compare the ids that a [`TypeRegistry`](crate::TypeRegistry) gives.
    #[must_use]
    pub fn canonical(&self, ty: TypeIdx) -> TypeIdx {
        self.types.def(ty).canonical
    }

    /// Whether every value of type `a` is one of type `b`. Spec: `match-valtype`.
    #[must_use]
    pub fn is_val_subtype(&self, a: ValType, b: ValType) -> bool {
        self.types.is_val_subtype(a, b)
    }

    /// Whether every reference of type `a` is one of type `b`. Spec: `match-reftype`.
    #[must_use]
    pub fn is_ref_subtype(&self, a: RefType, b: RefType) -> bool {
        self.types.is_ref_subtype(a, b)
    }

    /// The imports' types, in order.
    #[must_use]
    pub fn imports(&self) -> &[ExternType] {
        &self.imports
    }

    /// The exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = Export<'_>> {
        (0..self.exports.len()).map(|i| self.export(i))
    }

    pub(crate) fn export(&self, i: usize) -> Export<'_> {
        let start = if i == 0 { 0 } else { self.exports[i - 1].name_end as usize };
        let StoredExport { name_end, kind, idx } = self.exports[i];
        Export { name: &self.export_names[start..name_end as usize], kind, idx }
    }

    /// What an export's type is.
    #[must_use]
    pub fn extern_type(&self, kind: ExternKind, idx: u32) -> ExternType {
        match kind {
            ExternKind::Func if self.is_exact(FuncIdx(idx)) => ExternType::FuncExact(self.func_type_idx(FuncIdx(idx))),
            ExternKind::Func => ExternType::Func(self.func_type_idx(FuncIdx(idx))),
            ExternKind::Table => ExternType::Table(self.table(TableIdx(idx))),
            ExternKind::Memory => ExternType::Memory(self.memory(MemIdx(idx))),
            ExternKind::Global => ExternType::Global(self.global(GlobalIdx(idx))),
            ExternKind::Tag => ExternType::Tag(self.tag(TagIdx(idx))),
        }
    }

    /// The type of a function.
    #[inline]
    #[must_use]
    pub fn func_type_idx(&self, func: FuncIdx) -> TypeIdx {
        self.funcs[func.index()]
    }

    /// The operands and results of a function.
    #[inline]
    #[must_use]
    pub fn func_sig(&self, func: FuncIdx) -> FuncSig<'_> {
        match self.type_sig(self.func_type_idx(func)) {
            Some(sig) => sig,
            None => unreachable!("functions have function types"),
        }
    }

    /// Whether references to the function have exactly its type: it is defined here, or its import says so.
    #[must_use]
    pub fn is_exact(&self, func: FuncIdx) -> bool {
        !self.inexact_funcs.contains(func.0)
    }

    /// The type of a table.
    #[must_use]
    pub fn table(&self, table: TableIdx) -> TableType {
        self.tables[table.index()]
    }

    /// The type of a memory.
    #[inline]
    #[must_use]
    pub fn memory(&self, memory: MemIdx) -> MemType {
        self.memories[memory.index()]
    }

    /// The type of a global.
    #[inline]
    #[must_use]
    pub fn global(&self, global: GlobalIdx) -> GlobalType {
        self.globals[global.index()]
    }

    /// The function type of a tag.
    #[must_use]
    pub fn tag(&self, tag: TagIdx) -> TypeIdx {
        self.tags[tag.index()]
    }

    /// The type of an element segment's elements.
    #[must_use]
    pub fn elem(&self, elem: ElemIdx) -> RefType {
        self.elems[elem.index()]
    }

    /// How many functions there are, imported ones included.
    #[must_use]
    pub fn num_funcs(&self) -> u32 {
        self.funcs.len() as u32
    }

    /// How many tables there are, imported ones included.
    #[must_use]
    pub fn num_tables(&self) -> u32 {
        self.tables.len() as u32
    }

    /// How many memories there are, imported ones included.
    #[must_use]
    pub fn num_memories(&self) -> u32 {
        self.memories.len() as u32
    }

    /// How many globals there are, imported ones included.
    #[must_use]
    pub fn num_globals(&self) -> u32 {
        self.globals.len() as u32
    }

    /// How many tags there are, imported ones included.
    #[must_use]
    pub fn num_tags(&self) -> u32 {
        self.tags.len() as u32
    }

    /// How many element segments there are.
    #[must_use]
    pub fn num_elems(&self) -> u32 {
        self.elems.len() as u32
    }

    /// How many data segments there are.
    #[must_use]
    pub fn num_datas(&self) -> u32 {
        self.data_segments
    }

    /// How many functions are imported; they come first in the index space, as for every kind.
    #[must_use]
    pub fn num_imported_funcs(&self) -> u32 {
        self.imported[ExternKind::Func as usize]
    }

    /// How many tables are imported.
    #[must_use]
    pub fn num_imported_tables(&self) -> u32 {
        self.imported[ExternKind::Table as usize]
    }

    /// How many memories are imported.
    #[must_use]
    pub fn num_imported_memories(&self) -> u32 {
        self.imported[ExternKind::Memory as usize]
    }

    /// How many globals are imported.
    #[must_use]
    pub fn num_imported_globals(&self) -> u32 {
        self.imported[ExternKind::Global as usize]
    }

    /// How many tags are imported.
    #[must_use]
    pub fn num_imported_tags(&self) -> u32 {
        self.imported[ExternKind::Tag as usize]
    }

    /// The start function, if there is one.
    #[must_use]
    pub fn start(&self) -> Option<FuncIdx> {
        self.start
    }

    /// Whether bodies may take references to the function: it occurs in the module outside of bodies and `start`.
    #[must_use]
    pub fn is_declared_func_ref(&self, func: FuncIdx) -> bool {
        self.declared_funcs.contains(func.0)
    }

    /// Gives back what growing lists have left over.
    pub(crate) fn shrink(&mut self) {
        self.types.shrink();
        self.imports.shrink_to_fit();
        self.funcs.shrink_to_fit();
        self.tables.shrink_to_fit();
        self.memories.shrink_to_fit();
        self.globals.shrink_to_fit();
        self.tags.shrink_to_fit();
        self.elems.shrink_to_fit();
        self.exports.shrink_to_fit();
        self.export_names.shrink_to_fit();
    }

    #[inline]
    pub(crate) fn get_func(&self, func: FuncIdx) -> Result<TypeIdx, ValidateError> {
        get(&self.funcs, IndexSpace::Func, func.0)
    }

    pub(crate) fn get_table(&self, table: TableIdx) -> Result<&TableType, ValidateError> {
        get_ref(&self.tables, IndexSpace::Table, table.0)
    }

    #[inline]
    pub(crate) fn get_memory(&self, memory: MemIdx) -> Result<&MemType, ValidateError> {
        get_ref(&self.memories, IndexSpace::Memory, memory.0)
    }

    #[inline]
    pub(crate) fn get_global(&self, global: GlobalIdx) -> Result<GlobalType, ValidateError> {
        get(&self.globals, IndexSpace::Global, global.0)
    }

    pub(crate) fn get_elem(&self, elem: ElemIdx) -> Result<RefType, ValidateError> {
        get(&self.elems, IndexSpace::Elem, elem.0)
    }

    /// Checks that a data segment exists, by the count that comes before the bodies.
    pub(crate) fn check_data(&self, data: DataIdx) -> Result<(), ValidateError> {
        match self.data_count {
            None => Err(crate::ErrorKind::DataCountRequired.into()),
            Some(count) if data.0 >= count => Err(unknown(IndexSpace::Data, data.0, count)),
            Some(_) => Ok(()),
        }
    }

    /// The operands and results that a tag's exceptions carry.
    pub(crate) fn tag_sig(&self, tag: TagIdx) -> Result<FuncSig<'_>, ValidateError> {
        let ty = get(&self.tags, IndexSpace::Tag, tag.0)?;
        self.types.func(ty)
    }
}

#[inline]
fn get_ref<T>(list: &[T], space: IndexSpace, index: u32) -> Result<&T, ValidateError> {
    match list.get(index as usize) {
        Some(item) => Ok(item),
        None => Err(unknown(space, index, list.len() as u32)),
    }
}

#[inline]
fn get<T: Copy>(list: &[T], space: IndexSpace, index: u32) -> Result<T, ValidateError> {
    get_ref(list, space, index).copied()
}

/// A set of small integers.
#[derive(Debug, Default)]
pub(crate) struct BitSet(Vec<u64>);

impl BitSet {
    pub fn insert(&mut self, index: u32) {
        let word = index as usize / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % 64);
    }

    pub fn contains(&self, index: u32) -> bool {
        self.0.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }
}
