//! Feature sets, each with wasmparser's name for the same set.

use wasm_syntax::{Feature, Features};
use wasmparser::WasmFeatures;

/// The sets that a module is tried with.
///
/// The oldest is 1.0 with the encodings of segments that came with bulk memory and reference types: wasmparser reads some of
/// them without being asked.
#[must_use]
pub fn sets() -> [(&'static str, Features); 4] {
    let oldest = Features::V1.with(Feature::BulkMemory).with(Feature::ReferenceTypes);
    [("1.0", oldest), ("2.0", Features::V2), ("3.0", Features::V3), ("all", every())]
}

/// Every feature whose meaning here and in wasmparser is the same.
///
/// Left out are proposals that are still changing, where the two follow different drafts: custom descriptors and stack
/// switching.
fn every() -> Features {
    Features::ALL.without(Feature::CustomDescriptors).without(Feature::StackSwitching)
}

/// The same set, as wasmparser has it.
#[must_use]
pub fn for_wasmparser(features: Features) -> WasmFeatures {
    let base = WasmFeatures::FLOATS | WasmFeatures::GC_TYPES;
    features.iter().fold(base, |set, feature| set | counterpart(feature))
}

fn counterpart(feature: Feature) -> WasmFeatures {
    match feature {
        Feature::Mvp => WasmFeatures::empty(),
        Feature::MutableGlobal => WasmFeatures::MUTABLE_GLOBAL,
        Feature::SignExtension => WasmFeatures::SIGN_EXTENSION,
        Feature::SaturatingFloatToInt => WasmFeatures::SATURATING_FLOAT_TO_INT,
        Feature::MultiValue => WasmFeatures::MULTI_VALUE,
        Feature::BulkMemory => WasmFeatures::BULK_MEMORY,
        Feature::ReferenceTypes => WasmFeatures::REFERENCE_TYPES,
        Feature::Simd => WasmFeatures::SIMD,
        Feature::RelaxedSimd => WasmFeatures::RELAXED_SIMD,
        Feature::TailCall => WasmFeatures::TAIL_CALL,
        Feature::ExtendedConst => WasmFeatures::EXTENDED_CONST,
        Feature::FunctionReferences => WasmFeatures::FUNCTION_REFERENCES,
        Feature::Gc => WasmFeatures::GC,
        Feature::Exceptions => WasmFeatures::EXCEPTIONS,
        Feature::MultiMemory => WasmFeatures::MULTI_MEMORY,
        Feature::Memory64 => WasmFeatures::MEMORY64,
        Feature::LegacyExceptions => WasmFeatures::LEGACY_EXCEPTIONS,
        Feature::Threads => WasmFeatures::THREADS,
        Feature::CustomPageSizes => WasmFeatures::CUSTOM_PAGE_SIZES,
        Feature::WideArithmetic => WasmFeatures::WIDE_ARITHMETIC,
        Feature::CompactImports => WasmFeatures::COMPACT_IMPORTS,
        Feature::CustomDescriptors => WasmFeatures::CUSTOM_DESCRIPTORS,
        Feature::StackSwitching => WasmFeatures::STACK_SWITCHING,
    }
}
