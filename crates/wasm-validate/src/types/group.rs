//! Recursive groups coming in: validity of their members, and the search for equal groups before them.
//!
//! Spec: `valid-rectype`, `valid-subtype`.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};
use wasm_syntax::{
    AbstractHeapType, CompositeType, Feature, Features, FieldType, HeapType, MAX_TYPE_IDX, ModuleLimits, RefType,
    StorageType, SubType, TypeIdx, ValType,
};

use super::key::{KeyWriter, write_group};
use super::{Composite, TypeDef, TypeTable, unknown};
use crate::canonical::CanonicalTypeId;
use crate::error::{ErrorKind, IndexSpace, ValidateError};

type Check<T = ()> = Result<T, ValidateError>;

/// What is needed while types come in and not after: the keys of the groups so far.
#[derive(Debug, Default)]
pub(crate) struct GroupBuilder {
    hasher: DefaultHashBuilder,
    /// Positions in `distinct` by the hash of their key.
    by_key: HashTable<u32>,
    /// Groups unlike any before them.
    distinct: Vec<Distinct>,
    keys: Vec<u64>,
}

#[derive(Debug)]
struct Distinct {
    key: Range<usize>,
    start: TypeIdx,
}

impl GroupBuilder {
    /// Adds a group to `table`. On an error the table is left with part of the group, and is of no more use.
    pub fn add<'a>(
        &mut self,
        table: &mut TypeTable,
        types: impl Iterator<Item = SubType<'a>>,
        features: Features,
        limits: &ModuleLimits,
    ) -> Check {
        let start = table.len();
        for ty in types {
            store(table, &ty, features, limits)?;
        }
        let group = start..table.len();
        table.groups.push(TypeIdx(start));
        for idx in group.clone() {
            check_references(table, TypeIdx(idx), features)?;
            if !features.has(Feature::Gc) {
                check_not_recursive(table, TypeIdx(idx))?;
            }
            check_descriptors(table, TypeIdx(idx), &group)?;
        }
        self.canonicalize(table, &group);
        for idx in group {
            set_depth(table, TypeIdx(idx), limits)?;
        }
        for idx in start..table.len() {
            check_supertype(table, TypeIdx(idx))?;
        }
        Ok(())
    }

    /// Finds an equal group before `group` and sets the members' canonical indices.
    fn canonicalize(&mut self, table: &mut TypeTable, group: &Range<u32>) {
        let key_start = self.keys.len();
        let outer = |idx: TypeIdx| CanonicalTypeId(table.def(idx).canonical.0);
        write_group(table, KeyWriter { words: &mut self.keys, group: group.clone(), outer });
        let key = &self.keys[key_start..];
        let hash = self.hasher.hash_one(key);
        let equal = self.by_key.find(hash, |&i| {
            let other = &self.distinct[i as usize];
            self.keys[other.key.clone()] == *key
        });
        let first = match equal {
            Some(&i) => {
                self.keys.truncate(key_start);
                self.distinct[i as usize].start.0
            }
            None => {
                let key = key_start..self.keys.len();
                self.distinct.push(Distinct { key, start: TypeIdx(group.start) });
                let (distinct, keys, hasher) = (&self.distinct, &self.keys, &self.hasher);
                self.by_key.insert_unique(hash, distinct.len() as u32 - 1, |&i| {
                    hasher.hash_one(&keys[distinct[i as usize].key.clone()])
                });
                group.start
            }
        };
        for idx in group.clone() {
            table.defs[idx as usize].canonical = TypeIdx(first + (idx - group.start));
        }
    }
}

/// Checks that a count is within one of the module limits.
pub(crate) fn check_limit(limit: &'static str, max: u64, found: u64) -> Check {
    if found > max { Err(ErrorKind::LimitExceeded { limit, max, found }.into()) } else { Ok(()) }
}

pub(crate) fn require(features: Features, feature: Feature, what: &'static str) -> Check {
    if features.has(feature) { Ok(()) } else { Err(ErrorKind::FeatureDisabled { what, feature }.into()) }
}

/// Checks that a reference type's index exists and that its features are on. Spec: `valid-reftype`.
pub(crate) fn check_ref_type(table: &TypeTable, features: Features, ty: RefType) -> Check {
    use AbstractHeapType as A;
    match ty.heap() {
        HeapType::Abstract(A::Func | A::Extern) => {
            require(features, Feature::ReferenceTypes, "a reference type")?;
        }
        HeapType::Abstract(A::Exn | A::NoExn) => require(features, Feature::Exceptions, "an exception reference")?,
        HeapType::Abstract(A::Cont | A::NoCont) => {
            require(features, Feature::StackSwitching, "a continuation reference")?;
        }
        HeapType::Abstract(_) => require(features, Feature::Gc, "a reference to managed data")?,
        HeapType::Concrete(idx) => {
            require(features, Feature::FunctionReferences, "a reference to a defined type")?;
            table.get(idx)?;
        }
        HeapType::Exact(idx) => {
            require(features, Feature::CustomDescriptors, "an exact reference")?;
            table.get(idx)?;
        }
    }
    if ty.is_nullable() { Ok(()) } else { require(features, Feature::FunctionReferences, "a non-nullable reference") }
}

/// Checks that a value type's index exists and that its features are on. Spec: `valid-valtype`.
#[inline]
pub(crate) fn check_val_type(table: &TypeTable, features: Features, ty: ValType) -> Check {
    match ty.as_ref() {
        Some(ty) => check_ref_type(table, features, ty),
        None if ty == ValType::V128 => require(features, Feature::Simd, "a vector type"),
        None => Ok(()),
    }
}

/// Stores a member before its references are checked, since it may refer to members after it.
fn store(table: &mut TypeTable, ty: &SubType<'_>, features: Features, limits: &ModuleLimits) -> Check {
    let max = limits.types.min(MAX_TYPE_IDX);
    check_limit("types", max.into(), u64::from(table.len()) + 1)?;
    let mut supertypes = ty.supertypes.iter();
    let supertype = supertypes.next();
    if supertypes.next().is_some() {
        return Err(ErrorKind::Supertypes(ty.supertypes.len()).into());
    }
    if supertype.is_some() || !ty.is_final {
        require(features, Feature::Gc, "subtyping")?;
    }
    if ty.describes.is_some() || ty.descriptor.is_some() {
        require(features, Feature::CustomDescriptors, "a descriptor")?;
    }
    let composite = match ty.composite {
        CompositeType::Func(func) => {
            check_limit("params", limits.params.into(), func.params.len().into())?;
            check_limit("results", limits.results.into(), func.results.len().into())?;
            if func.results.len() > 1 {
                require(features, Feature::MultiValue, "a function with several results")?;
            }
            let start = table.vals.len() as u32;
            table.vals.extend(func.params.iter());
            table.vals.extend(func.results.iter());
            Composite::Func { start, params: func.params.len(), results: func.results.len() }
        }
        CompositeType::Struct(fields) => {
            require(features, Feature::Gc, "a structure type")?;
            check_limit("fields", limits.fields.into(), fields.len().into())?;
            let start = table.fields.len() as u32;
            table.fields.extend(fields.iter());
            Composite::Struct { start, len: fields.len() }
        }
        CompositeType::Array(field) => {
            require(features, Feature::Gc, "an array type")?;
            Composite::Array(field)
        }
        CompositeType::Cont(func) => {
            require(features, Feature::StackSwitching, "a continuation type")?;
            Composite::Cont(func)
        }
    };
    table.defs.push(TypeDef {
        composite,
        supertype,
        describes: ty.describes,
        descriptor: ty.descriptor,
        canonical: TypeIdx(0),
        depth: 0,
        is_final: ty.is_final,
    });
    Ok(())
}

fn check_references(table: &TypeTable, idx: TypeIdx, features: Features) -> Check {
    let field = |field: &FieldType| match field.storage {
        StorageType::Val(ty) => check_val_type(table, features, ty),
        StorageType::I8 | StorageType::I16 => Ok(()),
    };
    let def = table.def(idx);
    if let Some(parent) = def.supertype
        && parent >= idx
    {
        return Err(unknown(IndexSpace::Type, parent.0, idx.0));
    }
    match &def.composite {
        composite @ Composite::Func { .. } => match table.sig_of(composite) {
            Some(sig) => sig.params.iter().chain(sig.results).try_for_each(|&ty| check_val_type(table, features, ty)),
            None => Ok(()),
        },
        composite @ Composite::Struct { .. } => table.fields_of(composite).into_iter().flatten().try_for_each(field),
        Composite::Array(elem) => field(elem),
        Composite::Cont(func) => table.func(*func).map(|_| ()),
    }
}

/// Types refer only to those before them in the language without recursive types. Continuation types are checked when they
/// are used, and the types of structures and arrays came with recursive ones.
fn check_not_recursive(table: &TypeTable, idx: TypeIdx) -> Check {
    let Some(sig) = table.sig_of(&table.def(idx).composite) else { return Ok(()) };
    let refers = |ty: &ValType| ty.as_ref().and_then(|ty| ty.heap().type_idx()).is_some_and(|to| to >= idx);
    if sig.params.iter().chain(sig.results).any(refers) {
        return Err(ErrorKind::FeatureDisabled { what: "a recursive type", feature: Feature::Gc }.into());
    }
    Ok(())
}

/// `describes` and `descriptor` come in pairs within a group, on structures, and only point back the one way.
fn check_descriptors(table: &TypeTable, idx: TypeIdx, group: &Range<u32>) -> Check {
    let def = table.def(idx);
    let clauses = [def.describes, def.descriptor];
    if clauses == [None, None] {
        return Ok(());
    }
    let agree = matches!(def.composite, Composite::Struct { .. })
        && clauses.iter().flatten().all(|other| group.contains(&other.0))
        && def.describes.is_none_or(|other| other < idx && table.def(other).descriptor == Some(idx))
        && def.descriptor.is_none_or(|other| table.def(other).describes == Some(idx));
    if agree { Ok(()) } else { Err(ErrorKind::Descriptors.into()) }
}

fn set_depth(table: &mut TypeTable, idx: TypeIdx, limits: &ModuleLimits) -> Check {
    if let Some(parent) = table.def(idx).supertype {
        let depth = u32::from(table.def(parent).depth) + 1;
        check_limit("subtyping_depth", limits.subtyping_depth.min(u8::MAX.into()).into(), depth.into())?;
        table.defs[idx.index()].depth = depth as u8;
    }
    Ok(())
}

/// A definition matches that of its supertype, which is open. Spec: `valid-subtype`.
fn check_supertype(table: &TypeTable, idx: TypeIdx) -> Check {
    let def = table.def(idx);
    let Some(parent_idx) = def.supertype else { return Ok(()) };
    let parent = table.def(parent_idx);
    if parent.is_final {
        return Err(ErrorKind::FinalSupertype(parent_idx).into());
    }
    let described = match (def.describes, parent.describes) {
        (Some(a), Some(b)) => table.is_subtype(a, b),
        (a, b) => a == b,
    };
    let descriptor = match (def.descriptor, parent.descriptor) {
        (Some(a), Some(b)) => table.is_subtype(a, b),
        (_, b) => b.is_none(),
    };
    if described && descriptor && table.is_composite_subtype(&def.composite, &parent.composite) {
        Ok(())
    } else {
        Err(ErrorKind::NotASubtype(idx).into())
    }
}
