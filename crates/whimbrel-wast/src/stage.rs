//! The stages at which a module can be refused before it runs: decoding, and validation.
//!
//! A script says at which stage a module fails. Loading fuses the stages, so that of two errors the one that comes first
//! in the file is reported; decoding the whole module by itself tells which stage refuses it.

use std::collections::BTreeMap;

use wasm_reader::custom::BranchHint;
use wasm_reader::{KnownCustom, Result, Section};
use wasm_syntax::{ExternType, Features, Instr};

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

/// What is wrong with the branch hints of a module that decodes, if anything is.
///
/// # Errors
///
/// If the module or its hints are malformed.
pub fn branch_hint_error(bytes: &[u8], features: Features) -> Result<Option<String>> {
    let mut imported = 0;
    let mut hinted: Option<BTreeMap<u32, Vec<BranchHint>>> = None;
    for section in wasm_reader::sections(bytes, features)? {
        match section? {
            Section::Import(imports) => {
                for import in imports {
                    imported += u32::from(matches!(import?.ty, ExternType::Func(_) | ExternType::FuncExact(_)));
                }
            }
            Section::Custom(custom) => {
                let Some(KnownCustom::BranchHints(items)) = custom.known()? else { continue };
                let mut funcs = BTreeMap::new();
                for item in items {
                    let item = item?;
                    funcs.insert(item.func.0, item.hints.collect::<Result<_>>()?);
                }
                if hinted.replace(funcs).is_some() {
                    return Ok(Some("two sections of branch hints".to_owned()));
                }
            }
            Section::Code(bodies) => {
                let mut hinted = hinted.take().unwrap_or_default();
                for (func, body) in (imported..).zip(bodies) {
                    let (body, hints) = (body?, hinted.remove(&func).unwrap_or_default());
                    let mut branches = Vec::new();
                    for instr in body.instrs() {
                        let (offset, instr) = instr?;
                        if matches!(instr, Instr::If(_) | Instr::BrIf(_)) {
                            branches.push(offset - body.offset());
                        }
                    }
                    let is_branch = |hint: &BranchHint| branches.contains(&hint.offset_bytes.into());
                    if !hints.iter().all(is_branch) {
                        return Ok(Some(format!("a hint in function {func} that is for no branch")));
                    }
                }
                if let Some(func) = hinted.keys().next() {
                    return Ok(Some(format!("hints for function {func}, which has no body")));
                }
            }
            _ => {}
        }
    }
    Ok(hinted.and_then(|funcs| funcs.keys().next().map(|func| format!("hints for function {func} behind the code"))))
}
