//! A walk over the known custom sections, for the sake of walking.

use std::hint::black_box;

use wasm_reader::custom::{DylinkSubsection, KnownCustom, LinkingSubsection, NameSubsection};

/// Reads a known custom section to its end, or to where it is malformed.
pub fn walk(custom: KnownCustom<'_>) {
    let items: usize = match custom {
        KnownCustom::Name(parts) => parts
            .map(|part| match part {
                Ok(NameSubsection::Functions(names)) => names.count(),
                Ok(NameSubsection::Locals(names)) => names.flatten().map(|naming| naming.names.count()).sum(),
                Ok(_) | Err(_) => 1,
            })
            .sum(),
        KnownCustom::Producers(fields) => fields.flatten().flat_map(|field| field.values).count(),
        KnownCustom::TargetFeatures(features) => features.count(),
        KnownCustom::Dylink(parts) => parts
            .map(|part| match part {
                Ok(DylinkSubsection::Needed(names)) => names.count(),
                Ok(_) | Err(_) => 1,
            })
            .sum(),
        KnownCustom::Linking(linking) => linking
            .subsections
            .map(|part| match part {
                Ok(LinkingSubsection::Symbols(symbols)) => symbols.count(),
                Ok(LinkingSubsection::Comdats(comdats)) => comdats.flatten().flat_map(|comdat| comdat.members).count(),
                Ok(_) | Err(_) => 1,
            })
            .sum(),
        KnownCustom::Reloc(section) => section.relocs.count(),
        KnownCustom::BranchHints(funcs) => funcs.flatten().flat_map(|func| func.hints).count(),
    };
    black_box(items);
}
