//! Modules, a random number generator, and a walk over everything a module holds.
#![allow(dead_code, reason = "each test file uses a part")]

use wasm_reader::custom::{DylinkSubsection, KnownCustom, LinkingSubsection, NameSubsection};
use wasm_reader::encode::Sink;
use wasm_reader::{Body, ConstExpr, DataMode, Elem, ElemItems, ElemMode, ReadError, Section};
use wasm_syntax::Features;

/// A sink that keeps what it takes.
#[derive(Default)]
pub struct Bytes(pub Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Marsaglia's xorshift: random enough to find what is fragile, and the same on every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

const TEXTS: &[&str] = &[
    "(module)",
    include_str!("scalar.wat"),
    include_str!("segments.wat"),
    include_str!("gc.wat"),
    include_str!("rest.wat"),
];

/// Modules that have, together, every kind of section and most kinds of immediates.
pub fn modules() -> Vec<Vec<u8>> {
    TEXTS.iter().map(|text| wat::parse_str(text).expect("the module is well-formed")).collect()
}

/// What a walk over a module saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub instrs: usize,
    pub items: usize,
    pub sections: usize,
}

impl Seen {
    fn expr(&mut self, expr: &ConstExpr<'_>) -> Result<(), ReadError> {
        expr.instrs().try_for_each(|instr| instr.map(|_| self.instrs += 1))
    }

    pub fn body(&mut self, body: &Body<'_>) -> Result<(), ReadError> {
        self.items += body.locals().iter().count();
        body.instrs().try_for_each(|instr| instr.map(|_| self.instrs += 1))
    }

    fn elem(&mut self, elem: &Elem<'_>) -> Result<(), ReadError> {
        if let ElemMode::Active { offset, .. } = &elem.mode {
            self.expr(offset)?;
        }
        match &elem.items {
            ElemItems::Funcs(funcs) => self.items += funcs.iter().count(),
            ElemItems::Exprs(exprs) => exprs.iter().try_for_each(|expr| self.expr(&expr))?,
        }
        Ok(())
    }

    fn count<T>(&mut self, items: impl Iterator<Item = Result<T, ReadError>>) -> Result<(), ReadError> {
        items.into_iter().try_for_each(|item| item.map(|_| self.items += 1))
    }

    pub fn section(&mut self, section: &Section<'_>) -> Result<(), ReadError> {
        self.sections += 1;
        match *section {
            Section::Type(groups) => groups.into_iter().try_for_each(|group| {
                self.items += group?.types().count();
                Ok(())
            }),
            Section::Import(mut items) => self.count(&mut items),
            Section::Function(items) => self.count(items),
            Section::Table(mut items) => items.try_for_each(|item| item?.init.map_or(Ok(()), |init| self.expr(&init))),
            Section::Memory(items) => self.count(items),
            Section::Tag(items) => self.count(items),
            Section::Global(mut items) => items.try_for_each(|item| self.expr(&item?.init)),
            Section::Export(items) => self.count(items),
            Section::Element(mut items) => items.try_for_each(|item| self.elem(&item?)),
            Section::Code(mut items) => items.try_for_each(|item| self.body(&item?)),
            Section::Data(mut items) => items.try_for_each(|item| match item?.mode {
                DataMode::Active { offset, .. } => self.expr(&offset),
                DataMode::Passive => Ok(()),
            }),
            Section::Start(_) | Section::DataCount(_) | Section::Custom(_) => Ok(()),
        }
    }

    /// Walks a known custom section to its end, whatever is malformed in it.
    pub fn custom(&mut self, section: &Section<'_>) {
        let Section::Custom(custom) = section else { return };
        match custom.known() {
            Ok(Some(KnownCustom::Name(parts))) => parts.for_each(|part| match part {
                Ok(NameSubsection::Functions(names)) => self.items += names.count(),
                Ok(NameSubsection::Locals(names)) => {
                    self.items += names.flatten().map(|naming| naming.names.count()).sum::<usize>();
                }
                _ => self.items += 1,
            }),
            Ok(Some(KnownCustom::Producers(fields))) => self.items += fields.flatten().flat_map(|f| f.values).count(),
            Ok(Some(KnownCustom::TargetFeatures(features))) => self.items += features.count(),
            Ok(Some(KnownCustom::Dylink(parts))) => parts.for_each(|part| match part {
                Ok(DylinkSubsection::Needed(names)) => self.items += names.count(),
                _ => self.items += 1,
            }),
            Ok(Some(KnownCustom::Linking(linking))) => linking.subsections.for_each(|part| match part {
                Ok(LinkingSubsection::Symbols(symbols)) => self.items += symbols.count(),
                Ok(LinkingSubsection::Comdats(comdats)) => {
                    self.items += comdats.flatten().flat_map(|c| c.members).count();
                }
                _ => self.items += 1,
            }),
            Ok(Some(KnownCustom::Reloc(section))) => self.items += section.relocs.count(),
            Ok(Some(KnownCustom::BranchHints(funcs))) => self.items += funcs.flatten().flat_map(|f| f.hints).count(),
            Ok(None) | Err(_) => {}
        }
    }
}

/// Decodes everything in the module.
pub fn walk(bytes: &[u8], features: Features) -> Result<Seen, ReadError> {
    let mut seen = Seen::default();
    for section in wasm_reader::sections(bytes, features)? {
        let section = section?;
        seen.section(&section)?;
        seen.custom(&section);
    }
    Ok(seen)
}
