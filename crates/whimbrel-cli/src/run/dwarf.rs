//! Lines of source, from a module's DWARF sections.

use std::fmt::Write;

use addr2line::Context;
use gimli::{Dwarf, EndianSlice, LittleEndian};
use wasm_reader::{Section, SectionId};
use wasm_syntax::Features;

use crate::output::{FAINT, NAME, Plain};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// What a module's DWARF sections say of its code.
pub(super) struct Sources<'a> {
    context: Context<Bytes<'a>>,
    /// Where the contents of the code section begin: addresses count from there.
    code_start: u64,
}

impl<'a> Sources<'a> {
    /// Those of the module `bytes`; `None` if it has none, or none that can be read.
    pub(super) fn of_module(bytes: &'a [u8]) -> Option<Self> {
        let mut customs = Vec::new();
        let mut code_start = None;
        let mut sections = wasm_reader::sections(bytes, Features::ALL).ok()?;
        loop {
            let start = sections.offset();
            let Ok(Some(section)) = sections.read() else { break };
            match section {
                Section::Custom(custom) => customs.push((custom.name(), custom.contents().rest())),
                other if other.id() == SectionId::Code => {
                    // Behind the id stands the size, whose last byte has no continuation bit.
                    let size = bytes.get(start as usize + 1..)?;
                    code_start = Some(start + 2 + size.iter().position(|byte| byte & 0x80 == 0)? as u64);
                }
                _ => {}
            }
        }
        let dwarf = Dwarf::load(|id| {
            let found = customs.iter().find(|(name, _)| *name == id.name());
            Ok::<_, gimli::Error>(Bytes::new(found.map_or(&[], |(_, contents)| contents), LittleEndian))
        });
        if !customs.iter().any(|(name, _)| *name == ".debug_info") {
            return None;
        }
        Some(Self { context: Context::from_dwarf(dwarf.ok()?).ok()?, code_start: code_start? })
    }

    /// Writes a line for each function of the source that the instruction at `offset` of the module is in: one, or more where
    /// functions were inlined.
    pub(super) fn lines(&self, text: &mut String, offset: u64) {
        let Some(address) = offset.checked_sub(self.code_start) else { return };
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else { return };
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file, location.line) else { continue };
            let column =
                location.column.filter(|&column| column > 0).map_or(String::new(), |column| format!(":{column}"));
            let name = frame.function.and_then(|name| name.demangle().ok().map(|name| Plain(&name).to_string()));
            let name = name.map_or(String::new(), |name| format!("{NAME}{name}{NAME:#} "));
            let _ = writeln!(text, "              {name}{FAINT}{}:{line}{column}{FAINT:#}", Plain(file));
        }
    }
}
