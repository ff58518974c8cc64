//! A module's sections, in order: everything but the bodies. Spec: `valid-module`.

use alloc::string::String;
use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use wasm_syntax::{
    ExternKind, ExternType, Feature, Features, FuncIdx, GlobalType, Limits, MemIdx, MemType, ModuleLimits, RefType,
    SubType, TableIdx, TableType, TypeIdx, ValType,
};

use crate::error::{ErrorKind, IndexSpace, ValidateError};
use crate::func::{Check, FuncBuffers, mismatch};
use crate::info::{BitSet, ModuleInfo, StoredExport};
use crate::rules::constant::ConstValidator;
use crate::types::{GroupBuilder, check_limit, check_ref_type, check_val_type, require, unknown};

/// The validator of a module's sections. Spec: `valid-module`.
///
/// A driver that decodes a module pushes what it meets, in the binary format's order; `offset` is always where the item
/// starts, in bytes from the start of the module. After an item with constant expressions come these, each through
/// [`const_expr`](Self::const_expr). After an error the validator is of no more use. Bodies are validated afterwards,
/// from the [`ModuleInfo`] that [`finish`](Self::finish) gives.
///
/// Of the limits, those on what is not pushed in are the driver's to check: `body_bytes`, and `name_bytes` for the names
/// of imports. So is `table_elems`, at instantiation: a module with a larger table is valid.
#[derive(Debug)]
pub struct ModuleValidator {
    info: ModuleInfo,
    groups: GroupBuilder,
    export_names: ExportNames,
    declared_funcs: BitSet,
    /// Globals that a constant expression now may read.
    visible_globals: u32,
    buffers: FuncBuffers,
}

/// How an element or data segment is used; `I` is the index of a table or memory. Spec: `syntax-elemmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentMode<I> {
    /// By instructions only.
    Passive,
    /// Copied into a table or memory at instantiation.
    Active(I),
    /// Not at all: it only declares functions as referable. Element segments only.
    Declarative,
}

impl ModuleValidator {
    /// A validator of a module that may use `features`, within `limits`.
    #[must_use]
    pub fn new(features: Features, limits: &ModuleLimits) -> Self {
        Self {
            info: ModuleInfo::new(features, limits),
            groups: GroupBuilder::default(),
            export_names: ExportNames::default(),
            declared_funcs: BitSet::default(),
            visible_globals: 0,
            buffers: FuncBuffers::default(),
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn info(&self) -> &ModuleInfo {
        &self.info
    }

    /// A recursive group of types. Spec: `valid-rectype`.
    ///
    /// # Errors
    ///
    /// If a member refers to a type that is not defined, does not match its supertype, or is above the limits.
    pub fn rec_group<'a>(
        &mut self,
        offset: u64,
        types: impl Iterator<Item = SubType<'a>>,
    ) -> Result<(), ValidateError> {
        let Self { info, groups, .. } = self;
        groups.add(&mut info.types, types, info.features, &info.limits).map_err(|error| error.at(offset, None))
    }

    /// An import. Spec: `valid-import`.
    ///
    /// # Errors
    ///
    /// If its type is not valid.
    pub fn import(&mut self, offset: u64, ty: ExternType) -> Result<(), ValidateError> {
        self.add_import(ty).map_err(|error| error.at(offset, None))
    }

    fn add_import(&mut self, ty: ExternType) -> Check {
        check_limit("imports", self.info.limits.imports.into(), self.info.imports.len() as u64 + 1)?;
        match ty {
            ExternType::Func(ty) => {
                let func = self.info.num_funcs();
                self.add_function(ty)?;
                self.info.inexact_funcs.insert(func);
            }
            ExternType::FuncExact(ty) => {
                require(self.info.features, Feature::CustomDescriptors, "an exact function import")?;
                self.add_function(ty)?;
            }
            ExternType::Table(ty) => self.add_table(ty)?,
            ExternType::Memory(ty) => self.add_memory(ty)?,
            ExternType::Global(ty) => {
                if ty.mutable {
                    require(self.info.features, Feature::MutableGlobal, "an import of a mutable global")?;
                }
                self.add_global(ty)?;
                self.visible_globals = self.info.num_globals();
            }
            ExternType::Tag(ty) => self.add_tag(ty)?,
        }
        self.info.imported[ty.kind() as usize] += 1;
        self.info.imports.push(ty);
        Ok(())
    }

    /// A function's type; its body comes after the module. Spec: `valid-func`.
    ///
    /// # Errors
    ///
    /// If the index is not that of a function type, or there are too many functions.
    pub fn function(&mut self, offset: u64, ty: TypeIdx) -> Result<(), ValidateError> {
        self.add_function(ty).map_err(|error| error.at(offset, None))
    }

    fn add_function(&mut self, ty: TypeIdx) -> Check {
        check_limit("functions", self.info.limits.functions.into(), u64::from(self.info.num_funcs()) + 1)?;
        self.info.types.func(ty)?;
        self.info.funcs.push(ty);
        Ok(())
    }

    /// A table. With `has_init`, the constant expression of its elements' initial value comes next, of the elements' type.
    /// Spec: `valid-table`.
    ///
    /// # Errors
    ///
    /// If its type is not valid, or its elements have neither a default nor an initial value.
    pub fn table(&mut self, offset: u64, ty: TableType, has_init: bool) -> Result<(), ValidateError> {
        self.add_defined_table(ty, has_init).map_err(|error| error.at(offset, None))
    }

    fn add_defined_table(&mut self, ty: TableType, has_init: bool) -> Check {
        if has_init {
            require(self.info.features, Feature::FunctionReferences, "a table's initial value")?;
        } else if !ty.elem.is_nullable() {
            return Err(ErrorKind::TableWithoutInit(ty.elem).into());
        }
        self.add_table(ty)
    }

    fn add_table(&mut self, ty: TableType) -> Check {
        let Self { info, .. } = self;
        let count = u64::from(info.num_tables()) + 1;
        check_limit("tables", info.limits.tables.into(), count)?;
        if count > 1 {
            require(info.features, Feature::ReferenceTypes, "a second table")?;
        }
        if ty.elem != RefType::FUNCREF {
            check_ref_type(&info.types, info.features, ty.elem)?;
        }
        if ty.table64 {
            require(info.features, Feature::Memory64, "a table with 64-bit indices")?;
        }
        let max = if ty.table64 { u64::MAX } else { u32::MAX.into() };
        check_limits(ty.limits, max, IndexSpace::Table)?;
        info.tables.push(ty);
        Ok(())
    }

    /// A memory. Spec: `valid-memory`.
    ///
    /// # Errors
    ///
    /// If its type is not valid, or there are too many memories.
    pub fn memory(&mut self, offset: u64, ty: MemType) -> Result<(), ValidateError> {
        self.add_memory(ty).map_err(|error| error.at(offset, None))
    }

    fn add_memory(&mut self, ty: MemType) -> Check {
        let Self { info, .. } = self;
        let count = u64::from(info.num_memories()) + 1;
        check_limit("memories", info.limits.memories.into(), count)?;
        if count > 1 {
            require(info.features, Feature::MultiMemory, "a second memory")?;
        }
        if ty.memory64 {
            require(info.features, Feature::Memory64, "a memory with 64-bit addresses")?;
        }
        match ty.page_size_log2 {
            16 => {}
            0 => require(info.features, Feature::CustomPageSizes, "a custom page size")?,
            log2 => return Err(ErrorKind::PageSize(log2).into()),
        }
        if ty.shared {
            require(info.features, Feature::Threads, "a shared memory")?;
            if ty.limits.max.is_none() {
                return Err(ErrorKind::SharedWithoutMax.into());
            }
        }
        // As many pages as addresses reach; with pages of one byte, one less, so that sizes are addresses too.
        let max = match (ty.memory64, ty.page_size_log2) {
            (false, 0) => u32::MAX.into(),
            (false, log2) => 1 << (32 - log2),
            (true, 0) => u64::MAX,
            (true, log2) => 1 << (64 - log2),
        };
        check_limits(ty.limits, max, IndexSpace::Memory)?;
        info.memories.push(ty);
        Ok(())
    }

    /// A tag, by the index of its function type. Spec: `valid-tag`.
    ///
    /// # Errors
    ///
    /// If the index is not that of a function type, or the type has results and stack switching is off.
    pub fn tag(&mut self, offset: u64, ty: TypeIdx) -> Result<(), ValidateError> {
        self.add_tag(ty).map_err(|error| error.at(offset, None))
    }

    fn add_tag(&mut self, ty: TypeIdx) -> Check {
        let Self { info, .. } = self;
        check_limit("tags", info.limits.tags.into(), u64::from(info.num_tags()) + 1)?;
        if !info.features.has(Feature::LegacyExceptions) && !info.features.has(Feature::StackSwitching) {
            require(info.features, Feature::Exceptions, "a tag")?;
        }
        let sig = info.types.func(ty)?;
        if !sig.results.is_empty() && !info.features.has(Feature::StackSwitching) {
            return Err(ErrorKind::TagResults.into());
        }
        info.tags.push(ty);
        Ok(())
    }

    /// A global. The constant expression of its initial value comes next, of type `ty.val`. Spec: `valid-global`.
    ///
    /// # Errors
    ///
    /// If its type is not valid, or there are too many globals.
    pub fn global(&mut self, offset: u64, ty: GlobalType) -> Result<(), ValidateError> {
        self.visible_globals = self.info.num_globals();
        self.add_global(ty).map_err(|error| error.at(offset, None))
    }

    fn add_global(&mut self, ty: GlobalType) -> Check {
        let Self { info, .. } = self;
        check_limit("globals", info.limits.globals.into(), u64::from(info.num_globals()) + 1)?;
        check_val_type(&info.types, info.features, ty.val)?;
        info.globals.push(ty);
        Ok(())
    }

    /// An export. Spec: `valid-export`.
    ///
    /// # Errors
    ///
    /// If there is nothing with that index, or another export has the name.
    pub fn export(&mut self, offset: u64, name: &str, kind: ExternKind, idx: u32) -> Result<(), ValidateError> {
        self.add_export(name, kind, idx).map_err(|error| error.at(offset, None))
    }

    fn add_export(&mut self, name: &str, kind: ExternKind, idx: u32) -> Check {
        let Self { info, .. } = self;
        check_limit("exports", info.limits.exports.into(), info.exports.len() as u64 + 1)?;
        check_limit("name_bytes", info.limits.name_bytes.into(), name.len() as u64)?;
        let count = match kind {
            ExternKind::Func => info.num_funcs(),
            ExternKind::Table => info.num_tables(),
            ExternKind::Memory => info.num_memories(),
            ExternKind::Global => info.num_globals(),
            ExternKind::Tag => info.num_tags(),
        };
        if idx >= count {
            return Err(unknown(kind.into(), idx, count));
        }
        match kind {
            ExternKind::Func => self.declared_funcs.insert(idx),
            ExternKind::Global if info.globals[idx as usize].mutable => {
                require(info.features, Feature::MutableGlobal, "an export of a mutable global")?;
            }
            _ => {}
        }
        self.export_names.add(info, name, kind, idx)
    }

    /// The start function. Spec: `valid-start`.
    ///
    /// # Errors
    ///
    /// If there is no such function, it has operands or results, or there is a start function already.
    pub fn start(&mut self, offset: u64, func: FuncIdx) -> Result<(), ValidateError> {
        self.set_start(func).map_err(|error| error.at(offset, None))
    }

    fn set_start(&mut self, func: FuncIdx) -> Check {
        let sig = self.info.types.func(self.info.get_func(func)?)?;
        if !sig.params.is_empty() || !sig.results.is_empty() {
            return Err(ErrorKind::StartSignature.into());
        }
        match self.info.start.replace(func) {
            None => Ok(()),
            Some(_) => Err(ErrorKind::SecondStart.into()),
        }
    }

    /// An element segment of elements of type `ty`. If it is active, the constant expression of its offset comes next, of
    /// the type returned; then its elements, as [`elem_func`](Self::elem_func) or as constant expressions of type `ty`.
    /// Spec: `valid-elem`.
    ///
    /// # Errors
    ///
    /// If its table does not exist or has elements of another type, or `ty` is not valid.
    pub fn elem_segment(
        &mut self,
        offset: u64,
        mode: SegmentMode<TableIdx>,
        ty: RefType,
    ) -> Result<Option<ValType>, ValidateError> {
        self.add_elem_segment(mode, ty).map_err(|error| error.at(offset, None))
    }

    fn add_elem_segment(&mut self, mode: SegmentMode<TableIdx>, ty: RefType) -> Check<Option<ValType>> {
        self.visible_globals = self.info.num_globals();
        let Self { info, .. } = self;
        check_limit("elem_segments", info.limits.elem_segments.into(), u64::from(info.num_elems()) + 1)?;
        if ty.with_nullable(true) != RefType::FUNCREF {
            check_ref_type(&info.types, info.features, ty)?;
        }
        let offset_type = match mode {
            SegmentMode::Active(table) => {
                let table = info.get_table(table)?;
                if !info.types.is_ref_subtype(ty, table.elem) {
                    return Err(mismatch(table.elem.into(), ty.into()));
                }
                Some(table.addr_type())
            }
            SegmentMode::Passive | SegmentMode::Declarative => {
                require(info.features, Feature::BulkMemory, "a segment that is not active")?;
                None
            }
        };
        info.elems.push(ty);
        Ok(offset_type)
    }

    /// An element given as the index of a function, of the segment pushed last.
    ///
    /// # Errors
    ///
    /// If there is no such function.
    pub fn elem_func(&mut self, offset: u64, func: FuncIdx) -> Result<(), ValidateError> {
        self.info.get_func(func).map_err(|error| error.at(offset, None))?;
        self.declared_funcs.insert(func.0);
        Ok(())
    }

    /// The number of data segments, announced before the bodies. Spec: `syntax-datacountsec`.
    ///
    /// # Errors
    ///
    /// If it is above the limit.
    pub fn data_count(&mut self, offset: u64, count: u32) -> Result<(), ValidateError> {
        check_limit("data_segments", self.info.limits.data_segments.into(), count.into())
            .map_err(|error| error.at(offset, None))?;
        self.info.data_count = Some(count);
        Ok(())
    }

    /// A data segment. If it is active, the constant expression of its offset comes next, of the type returned.
    /// Spec: `valid-data`.
    ///
    /// # Errors
    ///
    /// If its memory does not exist.
    pub fn data_segment(&mut self, offset: u64, mode: SegmentMode<MemIdx>) -> Result<Option<ValType>, ValidateError> {
        self.add_data_segment(mode).map_err(|error| error.at(offset, None))
    }

    fn add_data_segment(&mut self, mode: SegmentMode<MemIdx>) -> Check<Option<ValType>> {
        self.visible_globals = self.info.num_globals();
        let Self { info, .. } = self;
        check_limit("data_segments", info.limits.data_segments.into(), u64::from(info.data_segments) + 1)?;
        let offset_type = match mode {
            SegmentMode::Active(memory) => Some(info.get_memory(memory)?.addr_type()),
            SegmentMode::Passive | SegmentMode::Declarative => {
                require(info.features, Feature::BulkMemory, "a segment that is not active")?;
                None
            }
        };
        info.data_segments += 1;
        Ok(offset_type)
    }

    /// The validator of a constant expression that must give a value of type `expected`. Spec: `valid-constant`.
    pub fn const_expr(&mut self, expected: ValType) -> ConstValidator<'_> {
        let Self { info, declared_funcs, visible_globals, buffers, .. } = self;
        ConstValidator::new(info, declared_funcs, *visible_globals, buffers, expected)
    }

    /// Ends the module's sections at `offset`; bodies may be validated from what this gives.
    ///
    /// # Errors
    ///
    /// If there are more or fewer data segments than announced.
    pub fn finish(mut self, offset: u64) -> Result<ModuleInfo, ValidateError> {
        let found = self.info.data_segments;
        if let Some(expected) = self.info.data_count
            && expected != found
        {
            return Err(ValidateError::new(ErrorKind::DataCount { expected, found }).at(offset, None));
        }
        self.info.declared_funcs = self.declared_funcs;
        self.info.shrink();
        Ok(self.info)
    }
}

/// Checks a size's bounds. Spec: `valid-limits`.
fn check_limits(limits: Limits, max: u64, what: IndexSpace) -> Check {
    for found in [Some(limits.min), limits.max].into_iter().flatten() {
        if found > max {
            return Err(ErrorKind::SizeOutOfRange { what, max, found }.into());
        }
    }
    match limits.max {
        Some(max) if limits.min > max => Err(ErrorKind::MinAboveMax { min: limits.min, max }.into()),
        _ => Ok(()),
    }
}

/// The exports found by name, to see that no two have one.
#[derive(Debug, Default)]
struct ExportNames {
    hasher: DefaultHashBuilder,
    /// Positions in the export list.
    by_name: HashTable<u32>,
}

impl ExportNames {
    fn add(&mut self, info: &mut ModuleInfo, name: &str, kind: ExternKind, idx: u32) -> Check {
        let hash = self.hasher.hash_one(name);
        if self.by_name.find(hash, |&i| info.export(i as usize).name == name).is_some() {
            return Err(ErrorKind::DuplicateExport(String::from(name)).into());
        }
        info.export_names.push_str(name);
        info.exports.push(StoredExport { name_end: info.export_names.len() as u32, kind, idx });
        let (hasher, info) = (&self.hasher, &*info);
        self.by_name
            .insert_unique(hash, info.exports.len() as u32 - 1, |&i| hasher.hash_one(info.export(i as usize).name));
        Ok(())
    }
}
