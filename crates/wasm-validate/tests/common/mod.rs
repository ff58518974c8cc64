//! Short ways to write types and modules for the tests. Types are in the binary format's bytes.
#![allow(dead_code, reason = "each test file uses some")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use wasm_syntax::{
    CompositeType, Features, FieldType, FuncIdx, FuncType, HeapType, Instr, ModuleLimits, RefType, Sequence,
    StorageType, SubType, TypeIdx, ValType,
};
use wasm_validate::{FuncBuffers, FuncValidator, ModuleInfo, ModuleValidator, ValidateError};

pub const I32: u8 = 0x7F;
pub const I64: u8 = 0x7E;
pub const F64: u8 = 0x7C;
pub const FUNCREF: u8 = 0x70;

/// `(func (param …) (result …))`, final; one byte a type.
pub fn func<'a>(params: &'a [u8], results: &'a [u8]) -> SubType<'a> {
    let params = Sequence::from_checked(params, params.len() as u32);
    let results = Sequence::from_checked(results, results.len() as u32);
    final_type(CompositeType::Func(FuncType { params, results }))
}

/// `(func)` with parameters of which some take several bytes.
pub fn func_of(params: &[u8], count: u32) -> SubType<'_> {
    let params = Sequence::from_checked(params, count);
    final_type(CompositeType::Func(FuncType { params, results: Sequence::from_checked(&[], 0) }))
}

/// `(struct (field …)…)`, final.
pub fn structure(fields: &[u8], count: u32) -> SubType<'_> {
    final_type(CompositeType::Struct(Sequence::from_checked(fields, count)))
}

pub fn array(elem: ValType, mutable: bool) -> SubType<'static> {
    final_type(CompositeType::Array(FieldType { storage: StorageType::Val(elem), mutable }))
}

fn final_type(composite: CompositeType<'_>) -> SubType<'_> {
    let supertypes = Sequence::from_checked(&[], 0);
    SubType { is_final: true, supertypes, describes: None, descriptor: None, composite }
}

/// The same type, open to subtypes, and under `parent` (one byte) if there is one.
pub fn open<'a>(ty: SubType<'a>, parent: &'a [u8]) -> SubType<'a> {
    SubType { is_final: false, supertypes: Sequence::from_checked(parent, parent.len() as u32), ..ty }
}

pub fn reference(nullable: bool, idx: u32) -> ValType {
    RefType::new(nullable, HeapType::Concrete(TypeIdx(idx))).into()
}

/// A module of nothing but recursive groups.
pub fn module_of(groups: &[&[SubType<'_>]]) -> Result<ModuleInfo, ValidateError> {
    let mut module = ModuleValidator::new(Features::V3, &ModuleLimits::DEFAULT);
    for group in groups {
        module.rec_group(0, group.iter().copied())?;
    }
    module.finish(0)
}

/// A module of one function of the type, which has the index 0.
pub fn module_with_func(ty: SubType<'_>) -> ModuleInfo {
    let mut module = ModuleValidator::new(Features::V3, &ModuleLimits::DEFAULT);
    module.rec_group(0, [ty].into_iter()).unwrap();
    module.function(0, TypeIdx(0)).unwrap();
    module.finish(0).unwrap()
}

/// Validates function 0 of the module with these locals and instructions; offsets count instructions.
pub fn body(module: &ModuleInfo, locals: &[(u32, ValType)], instrs: &[Instr<'_>]) -> Result<(), ValidateError> {
    let mut func = FuncValidator::new(module, FuncIdx(0), FuncBuffers::default())?;
    for &(count, ty) in locals {
        func.locals(0, count, ty)?;
    }
    for (offset, instr) in instrs.iter().enumerate() {
        func.step(offset as u64, instr)?;
    }
    func.finish(instrs.len() as u64).map(|_| ())
}

/// The text of the error, or `ok`.
pub fn text(result: Result<(), ValidateError>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}
