//! A module that needs a feature which is off is refused with the feature's name and the place of what needs it; with the feature
//! on, it is loaded. So is every feature. A component is refused as one.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wasm_syntax::{Feature, Features};
use whimbrel::{Config, Engine, Module};

/// For each feature modules that need it, as text or, what the text format no longer has, in binary; and the byte at which the
/// error says so.
const CASES: &[(Feature, &[(&str, u64)])] = &[
    (Feature::MutableGlobal, &[(r#"(module (global (export "g") (mut i32) (i32.const 0)))"#, 0x13)]),
    (Feature::SignExtension, &[("(module (func (drop (i32.extend8_s (i32.const 1)))))", 0x19)]),
    (Feature::SaturatingFloatToInt, &[("(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))", 0x1c)]),
    (
        Feature::MultiValue,
        &[
            ("(module (func (result i32 i32) (i32.const 1) (i32.const 2)))", 0xb),
            ("(module (func (i32.const 1) (block (param i32) (drop))))", 0x1e),
        ],
    ),
    (
        Feature::BulkMemory,
        &[
            ("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))", 0x22),
            (r#"(module (memory 1) (data "passive"))"#, 0x10),
        ],
    ),
    (
        Feature::ReferenceTypes,
        &[
            ("(module (func (param externref)))", 0xd),
            ("(module (table 1 funcref) (table 1 funcref))", 0xe),
            ("(module (table 1 funcref) (func (drop (table.size 0))))", 0x1d),
        ],
    ),
    (Feature::Simd, &[("(module (func (param v128)))", 0xd), ("(module (func (drop (v128.const i64x2 0 0))))", 0x17)]),
    (
        Feature::RelaxedSimd,
        &[("(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))", 0x1c)],
    ),
    (Feature::TailCall, &[("(module (func $f (return_call $f)))", 0x17)]),
    (Feature::ExtendedConst, &[("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", 0x11)]),
    (
        Feature::FunctionReferences,
        &[
            ("(module (type $f (func)) (func (param (ref $f))))", 0x10),
            ("(module (type $f (func)) (func (param funcref) (drop (ref.as_non_null (local.get 0)))))", 0x1d),
        ],
    ),
    (
        Feature::Gc,
        &[
            ("(module (type (struct (field i32))))", 0xb),
            ("(module (rec (type (func)) (type (func))))", 0xb),
            ("(module (func (param anyref)))", 0xd),
            ("(module (func (drop (ref.i31 (i32.const 1)))))", 0x19),
        ],
    ),
    (Feature::Exceptions, &[("(module (func (param exnref)))", 0xd), ("(module (func (try_table)))", 0x17)]),
    (Feature::MultiMemory, &[("(module (memory 1) (memory 1))", 0xd)]),
    (Feature::Memory64, &[("(module (memory i64 1))", 0xb), ("(module (table i64 1 funcref))", 0xc)]),
    (
        Feature::LegacyExceptions,
        &[("\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x08\x01\x06\0\x06\x40\x19\x0b\x0b", 0x17)],
    ),
    (
        Feature::Threads,
        &[
            ("(module (memory 1 2 shared))", 0xb),
            ("(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))", 0x1e),
        ],
    ),
    (Feature::CustomPageSizes, &[("(module (memory 1 (pagesize 1)))", 0xb)]),
    (Feature::WideArithmetic, &[("(module (func (i64.const 0) (i64.const 0) (i64.mul_wide_s) (drop) (drop)))", 0x1b)]),
    (Feature::CompactImports, &[(r#"(module (import "m" (item "f" (func)) (item "g" (func))))"#, 0x14)]),
    (
        Feature::CustomDescriptors,
        &[("(module (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct))))", 0xd)],
    ),
    (
        Feature::StackSwitching,
        &[("(module (type $f (func)) (type (cont $f)))", 0xe), ("(module (func (param contref)))", 0xd)],
    ),
];

fn load(features: Features, bytes: &[u8]) -> Result<Module, whimbrel::Error> {
    Module::new(&Engine::new(Config::new().wasm_features(features)).unwrap(), bytes)
}

#[test]
fn every_feature_has_cases() {
    let missing: Vec<_> = Feature::ALL
        .iter()
        .filter(|&&feature| feature != Feature::Mvp && CASES.iter().all(|(other, _)| *other != feature))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn errors_name_the_feature_that_is_off_and_the_place() {
    let mut wrong = Vec::new();
    for &(feature, cases) in CASES {
        for &(text, place) in cases {
            let bytes = wat::parse_bytes(text.as_bytes()).unwrap();
            if let Err(error) = load(Features::ALL, &bytes) {
                wrong.push(format!("{text}: refused with all features: {error}"));
            }
            match load(Features::ALL.without(feature), &bytes) {
                Ok(_) => wrong.push(format!("{text}: accepted without `{feature}`")),
                Err(error) => {
                    let found = error.to_string();
                    let named = found.contains(&format!("`{feature}`"));
                    if !named || error.module_offset() != Some(place) {
                        wrong.push(format!("{text}: {place:#x}: {found} {:?}", error.module_offset()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tags_came_with_several_features() {
    let bytes = wat::parse_str("(module (tag))").unwrap();
    let without = |features: &[Feature]| features.iter().fold(Features::ALL, |all, &feature| all.without(feature));
    let all = [Feature::Exceptions, Feature::LegacyExceptions, Feature::StackSwitching];
    for n in 0..3 {
        let others: Vec<_> = all.into_iter().filter(|&feature| feature != all[n]).collect();
        assert!(load(without(&others), &bytes).is_ok(), "{}", all[n]);
    }
    let error = load(without(&all), &bytes).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("feature `exceptions` is off and this encoding needs it (at offset 0x10)"));
}

#[test]
fn a_component_is_called_one() {
    let error = load(Features::ALL, b"\0asm\x0d\0\x01\0").err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("unsupported binary: expected a module, found a component (at offset 0x4)"));
}
