//! Canonical types: equality of recursive groups, subtyping, and the registry's counts.

mod common;

use common::{F64, I32, func, func_of, module_of, open, structure};
use wasm_syntax::{Features, ModuleLimits, SubType, TypeIdx};
use wasm_validate::linking::{self, CanonExternType};
use wasm_validate::{CanonRefType, CanonValType, CanonicalTypeId, ModuleInfo, ModuleValidator, TypeRegistry};

fn canonical(module: &ModuleInfo) -> Vec<u32> {
    (0..module.num_types()).map(|i| module.canonical(TypeIdx(i)).0).collect()
}

/// `(struct (field (ref null idx)))`, for indices of one byte.
fn link(bytes: &[u8; 3]) -> SubType<'_> {
    structure(bytes, 1)
}

#[test]
fn equal_definitions_have_one_canonical_index() {
    let types = [func(&[I32], &[]), func(&[F64], &[]), func(&[I32], &[]), func(&[], &[I32])];
    let module = module_of(&[&types[..1], &types[1..2], &types[2..3], &types[3..]]).unwrap();
    assert_eq!(canonical(&module), [0, 1, 0, 3]);
}

#[test]
fn a_type_in_a_larger_group_is_another_type() {
    let ty = func(&[I32], &[]);
    let module = module_of(&[&[ty], &[ty, ty], &[ty, ty]]).unwrap();
    assert_eq!(canonical(&module), [0, 1, 2, 1, 2]);
}

#[test]
fn mutual_recursion_is_equal_up_to_position() {
    // Two pairs, each member of which refers to the other.
    let (a, b) = ([0x63, 1, 0], [0x63, 0, 0]);
    let (c, d) = ([0x63, 3, 0], [0x63, 2, 0]);
    // A pair whose members refer to themselves, and one that refers back to the first.
    let (e, f) = ([0x63, 4, 0], [0x63, 5, 0]);
    let (g, h) = ([0x63, 1, 0], [0x63, 0, 0]);
    let module =
        module_of(&[&[link(&a), link(&b)], &[link(&c), link(&d)], &[link(&e), link(&f)], &[link(&g), link(&h)]]);
    assert_eq!(canonical(&module.unwrap()), [0, 1, 0, 1, 4, 5, 6, 7]);
}

#[test]
fn references_to_equal_types_make_equal_types() {
    let (to_first, to_second) = ([0x63, 0, 0], [0x63, 1, 0]);
    let empty = structure(&[], 0);
    let module = module_of(&[&[empty], &[empty], &[link(&to_first)], &[link(&to_second)]]).unwrap();
    assert_eq!(canonical(&module), [0, 0, 2, 2]);
}

/// A chain of open structures, each under the one before.
fn chain(len: u8) -> Result<ModuleInfo, wasm_validate::ValidateError> {
    let parents: Vec<[u8; 1]> = (0..len).map(|i| [i]).collect();
    let mut module = ModuleValidator::new(Features::V3, &ModuleLimits::DEFAULT);
    module.rec_group(0, [open(structure(&[], 0), &[])].into_iter())?;
    for parent in &parents {
        module.rec_group(0, [open(structure(&[], 0), parent)].into_iter())?;
    }
    module.finish(0)
}

#[test]
fn chains_of_supertypes_end_at_the_limit() {
    let module = chain(63).unwrap();
    let mut registry = TypeRegistry::new();
    let types = registry.intern(&module).unwrap();
    let id = |i| types.get(TypeIdx(i));
    assert!(registry.is_subtype(id(63), id(0)) && registry.is_subtype(id(63), id(40)));
    assert!(!registry.is_subtype(id(0), id(63)) && !registry.is_subtype(id(40), id(41)));
    assert_eq!(registry.supertypes(id(2)), [id(0), id(1)]);
    let error = chain(64).unwrap_err();
    assert_eq!(error.to_string(), "limit exceeded: subtyping_depth at most 63, found 64 (at offset 0x0)");
}

#[test]
fn siblings_are_not_subtypes() {
    let base = open(structure(&[], 0), &[]);
    let (x, y) = ([I32, 0], [F64, 0]);
    let module = module_of(&[&[base], &[open(structure(&x, 1), &[0])], &[open(structure(&y, 1), &[0])]]).unwrap();
    let (a, b) = (common::reference(true, 1), common::reference(true, 2));
    assert!(module.is_val_subtype(a, common::reference(true, 0)));
    assert!(!module.is_val_subtype(a, b) && !module.is_val_subtype(b, a));
    assert!(!module.is_val_subtype(a, common::reference(false, 0)));
}

#[test]
fn supertypes_are_open_and_match() {
    let base = structure(&[], 0);
    let under_final = module_of(&[&[base], &[open(base, &[0])]]).unwrap_err();
    assert_eq!(under_final.to_string(), "supertype is final: type 0 (at offset 0x0)");
    let wide = [I32, 0];
    let narrower = module_of(&[&[open(structure(&wide, 1), &[])], &[open(base, &[0])]]).unwrap_err();
    assert_eq!(narrower.to_string(), "definition does not match its supertype: type 1 (at offset 0x0)");
    let forward = module_of(&[&[open(base, &[1]), open(base, &[])]]).unwrap_err();
    assert_eq!(forward.to_string(), "unknown index: type 1, of 0 (at offset 0x0)");
}

#[test]
fn modules_share_types_and_release_them() {
    let to_self = [0x63, 0, 0];
    let to_first = [0x63, 0, 0];
    let first = module_of(&[&[link(&to_self)], &[func(&[I32], &[])]]).unwrap();
    let second = module_of(&[&[func(&[I32], &[])], &[func_of(&[0x63, 0], 1)]]).unwrap();
    let third = module_of(&[&[link(&to_self)], &[link(&to_first)]]).unwrap();
    let mut registry = TypeRegistry::new();
    let a = registry.intern(&first).unwrap();
    let b = registry.intern(&second).unwrap();
    let c = registry.intern(&third).unwrap();
    assert_eq!(a.get(TypeIdx(1)), b.get(TypeIdx(0)));
    assert_eq!(a.get(TypeIdx(0)), c.get(TypeIdx(0)));
    assert_ne!(c.get(TypeIdx(0)), c.get(TypeIdx(1)));
    assert_eq!(registry.len(), 4);
    registry.release(a);
    assert_eq!(registry.len(), 4);
    registry.release(c);
    assert_eq!(registry.len(), 2);
    // The freed ids are given out again.
    let again = registry.intern(&first).unwrap();
    assert!(again.ids().iter().all(|id| id.0 < 4));
    registry.release(again);
    registry.release(b);
    assert!(registry.is_empty());
}

#[test]
fn a_group_keeps_what_it_mentions() {
    let mut registry = TypeRegistry::new();
    let inner = registry.intern_func(&[CanonValType::I32], &[]).unwrap();
    let reference = CanonRefType::new(true, wasm_validate::CanonHeapType::Concrete(inner));
    let outer = registry.intern_func(&[reference.into()], &[]).unwrap();
    registry.release_type(inner);
    assert_eq!(registry.func_sig(inner).unwrap().params, [CanonValType::I32]);
    registry.retain(outer);
    registry.release_type(outer);
    assert_eq!(registry.len(), 2);
    registry.release_type(outer);
    assert!(registry.is_empty());
}

#[test]
fn ids_are_found_for_groups_of_any_size() {
    let ty = func(&[I32], &[]);
    let pair = module_of(&[&[ty, func(&[F64], &[])]]).unwrap();
    let singles = module_of(&[&[func(&[], &[I32])], &[func(&[], &[F64])]]).unwrap();
    let mut registry = TypeRegistry::new();
    let held = registry.intern_func(&[], &[]).unwrap();
    let before = registry.intern(&pair).unwrap();
    registry.release(before);
    let after = registry.intern(&singles).unwrap();
    assert_eq!(after.ids(), [CanonicalTypeId(1), CanonicalTypeId(2)]);
    registry.release(after);
    registry.release_type(held);
}

#[test]
fn imports_match_by_subtype() {
    let sub = open(func(&[], &[]), &[0]);
    let module = module_of(&[&[open(func(&[], &[]), &[])], &[sub]]).unwrap();
    let mut registry = TypeRegistry::new();
    let types = registry.intern(&module).unwrap();
    let given = |ty: u32, exact| CanonExternType::Func { ty: types.get(TypeIdx(ty)), exact };
    assert!(linking::matches(&registry, &given(1, true), &given(0, false)));
    assert!(!linking::matches(&registry, &given(0, true), &given(1, false)));
    assert!(!linking::matches(&registry, &given(1, true), &given(0, true)));
    let global = |ty, mutable| CanonExternType::Global { val: types.val_type(common::reference(true, ty)), mutable };
    assert!(linking::matches(&registry, &global(1, false), &global(0, false)));
    assert!(!linking::matches(&registry, &global(1, true), &global(0, true)));
    assert!(!linking::matches(&registry, &global(0, true), &global(0, false)));
}
