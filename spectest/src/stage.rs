//! The stages at which a module can be refused before it runs: decoding, and validation.
//!
//! A script says at which stage a module fails. Loading fuses the stages, so that of two errors the one that comes first
//! in the file is reported; decoding the whole module by itself tells which stage refuses it.

use wasm_reader::{KnownCustom, Result, Section};
use wasm_syntax::Features;

/// Decodes every section, body and constant expression, of custom sections only the name.
///
/// # Errors
///
/// If the module is malformed.
pub fn decode(bytes: &[u8], features: Features) -> Result<()> {
    for section in wasm_reader::sections(bytes, features)? {
        decode_section(section?)?;
    }
    Ok(())
}

fn decode_section(section: Section<'_>) -> Result<()> {
    match section {
        Section::Type(items) => drain(items),
        Section::Import(items) => drain(items),
        Section::Function(items) => drain(items),
        Section::Table(items) => drain(items),
        Section::Memory(items) => drain(items),
        Section::Tag(items) => drain(items),
        Section::Global(items) => drain(items),
        Section::Export(items) => drain(items),
        Section::Element(items) => drain(items),
        Section::Data(items) => drain(items),
        Section::Code(mut bodies) => bodies.try_for_each(|body| drain(body?.instrs())),
        Section::Start(_) | Section::DataCount(_) | Section::Custom(_) => Ok(()),
    }
}

fn drain<T>(mut items: impl Iterator<Item = Result<T>>) -> Result<()> {
    items.try_for_each(|item| item.map(drop))
}

/// Decodes the custom sections whose meaning is known.
///
/// # Errors
///
/// If one of them is malformed, or the module around them.
pub fn decode_custom(bytes: &[u8], features: Features) -> Result<()> {
    for section in wasm_reader::sections(bytes, features)? {
        if let Section::Custom(custom) = section?
            && let Some(known) = custom.known()?
        {
            decode_known(known)?;
        }
    }
    Ok(())
}

fn decode_known(custom: KnownCustom<'_>) -> Result<()> {
    match custom {
        KnownCustom::Name(items) => drain(items),
        KnownCustom::Producers(items) => drain(items),
        KnownCustom::TargetFeatures(items) => drain(items),
        KnownCustom::Dylink(items) => drain(items),
        KnownCustom::Linking(section) => drain(section.subsections),
        KnownCustom::Reloc(section) => drain(section.relocs),
        KnownCustom::BranchHints(items) => drain(items),
    }
}
