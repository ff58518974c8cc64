//! Names of functions: what the name section, the exports and the imports call them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use wasm_reader::custom::NameSubsection;
use wasm_reader::{Custom, ExternIdx, KnownCustom, Section};
use wasm_syntax::{ExternKind, Features, FuncIdx};

use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::output::{NAME, Plain};

/// The functions' names. What is malformed in a module names fewer functions, and is no failure.
#[derive(Debug, Default)]
pub(crate) struct FuncNames<'a> {
    /// From the name section, an export or an import, the first of these that has one.
    names: HashMap<FuncIdx, &'a str>,
    exports: Vec<(&'a str, FuncIdx)>,
}

impl<'a> FuncNames<'a> {
    /// The names in the module `bytes`.
    pub(crate) fn of_module(bytes: &'a [u8]) -> Self {
        let mut names = Self::default();
        let mut imports = Vec::new();
        for section in wasm_reader::sections(bytes, Features::ALL).into_iter().flatten().flatten() {
            match section {
                Section::Import(section) => {
                    let funcs = section.flatten().filter(|import| import.ty.kind() == ExternKind::Func);
                    imports.extend((0..).map(FuncIdx).zip(funcs.map(|import| import.name)));
                }
                Section::Export(exports) => {
                    names.exports.extend(exports.flatten().filter_map(|export| match export.idx {
                        ExternIdx::Func(func) => Some((export.name, func)),
                        _ => None,
                    }));
                }
                Section::Custom(custom) => names.read_custom(&custom),
                _ => {}
            }
        }
        for &(name, func) in &names.exports {
            names.names.entry(func).or_insert(name);
        }
        for (func, name) in imports {
            names.names.entry(func).or_insert(name);
        }
        names
    }

    fn read_custom(&mut self, custom: &Custom<'a>) {
        let Ok(Some(KnownCustom::Name(subsections))) = custom.known() else { return };
        for subsection in subsections.flatten() {
            if let NameSubsection::Functions(map) = subsection {
                self.names.extend(map.flatten().map(|naming| (FuncIdx(naming.index), naming.name)));
            }
        }
    }

    /// All functions that have a name, as the module writes it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FuncIdx, &'a str)> + '_ {
        self.names.iter().map(|(&func, &name)| (func, name))
    }

    /// A function's name as [`readable`] gives it, safe to print.
    pub(crate) fn get(&self, func: FuncIdx) -> Option<String> {
        self.names.get(&func).map(|name| Plain(&readable(name)).to_string())
    }

    /// `[12] name`, the name as [`readable`] gives it, or the index alone.
    pub(crate) fn show(&self, func: FuncIdx) -> String {
        match self.names.get(&func) {
            Some(name) => format!("[{func}] {NAME}{}{NAME:#}", Plain(&readable(name))),
            None => format!("[{func}]"),
        }
    }

    /// The function that is exported as `name`, or else the first that has this name, as written or as shown.
    pub(crate) fn find(&self, name: &str) -> Option<FuncIdx> {
        let exported = self.exports.iter().find(|(export, _)| *export == name).map(|&(_, func)| func);
        let has_name = |other: &str| other == name || readable(other) == name;
        exported.or_else(|| self.names.iter().filter(|(_, other)| has_name(other)).map(|(&func, _)| func).min())
    }
}

/// A name as its author wrote it: Rust's mangling undone, without the hash.
fn readable(name: &str) -> Cow<'_, str> {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}").into(),
        Err(_) => name.into(),
    }
}

/// The functions that `func` of `input` means: an index, a name, or all that are defined, from `imported` to `end`.
pub(crate) fn find_func(
    input: &InputPath,
    func: Option<&str>,
    names: &FuncNames<'_>,
    imported: u32,
    end: u32,
) -> Result<Range<u32>> {
    let Some(name) = func else { return Ok(imported..end) };
    let found = match name.parse() {
        Ok(index) => (index < end).then_some(FuncIdx(index)),
        Err(_) => names.find(name),
    };
    match found {
        None => Err(Failure::new(Exit::NoFunction, format_args!("{input} has no function `{}`", Plain(name)))),
        Some(func) if func.0 < imported => Err(Failure::new(
            Exit::NoFunction,
            format_args!("function {func} of {input} is imported, so it has no code"),
        )),
        Some(func) => Ok(func.0..func.0 + 1),
    }
}

/// The function in whose body the byte at `offset` of the module is.
pub(crate) fn func_at(bytes: &[u8], offset: u64) -> Option<FuncIdx> {
    let mut func = FuncIdx(0);
    for section in wasm_reader::sections(bytes, Features::ALL).into_iter().flatten().flatten() {
        match section {
            Section::Import(imports) => {
                func.0 = imports.flatten().filter(|import| import.ty.kind() == ExternKind::Func).count() as u32;
            }
            Section::Code(mut bodies) => {
                while let Ok(Some(body)) = bodies.read() {
                    if body.range().contains(&offset) {
                        return Some(func);
                    }
                    func.0 += 1;
                }
                return None;
            }
            _ => {}
        }
    }
    None
}
