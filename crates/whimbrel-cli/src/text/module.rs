//! Modules in the text format, section by section.

use std::collections::HashMap;
use std::io::{self, Write};

use wasm_reader::{
    Body, ConstExpr, Data, DataMode, Elem, ElemItems, ElemMode, ExternIdx, Import, InstrReader, ReadError, RecGroup,
    Section,
};
use wasm_syntax::{CompositeType, ExternType, Features, FuncIdx, FuncType, Instr, TypeIdx};

use super::{Text, types};
use crate::failure::Failure;
use crate::names::FuncNames;
use crate::output::Plain;

/// What stopped the printer.
pub(crate) enum Stop {
    Read(ReadError),
    Write(Failure),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Writes the module `bytes` to `out` in the text format.
pub(crate) fn print_module(bytes: &[u8], out: &mut impl Write) -> Result<(), Stop> {
    let mut printer = Printer {
        out,
        identifiers: identifiers(&FuncNames::of_module(bytes)),
        func_types: Vec::new(),
        funcs: Vec::new(),
        imported_funcs: 0,
        counts: [0; 4],
    };
    writeln!(printer.out, "(module")?;
    let mut sections = wasm_reader::sections(bytes, Features::ALL)?;
    while let Some(section) = sections.read()? {
        printer.section(&section)?;
    }
    writeln!(printer.out, ")")?;
    Ok(())
}

/// What functions can be called in the text: their names, where no two have the same.
fn identifiers(names: &FuncNames<'_>) -> HashMap<FuncIdx, String> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    names.iter().for_each(|(_, name)| *uses.entry(name).or_default() += 1);
    let unique = names.iter().filter(|(_, name)| uses[name] == 1 && !name.is_empty());
    unique.map(|(func, name)| (func, identifier(name))).collect()
}

fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"(),;[]{}".contains(c);
    if name.chars().all(is_plain) { format!("${name}") } else { format!("${}", string(name.as_bytes())) }
}

/// A string literal.
fn string(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:02x}")),
        }
    }
    text.push('"');
    text
}

struct Printer<'a, W> {
    out: &'a mut W,
    identifiers: HashMap<FuncIdx, String>,
    func_types: Vec<Option<FuncType<'a>>>,
    /// Types of functions, imported ones first.
    funcs: Vec<TypeIdx>,
    imported_funcs: u32,
    /// Tables, memories, globals and tags so far.
    counts: [u32; 4],
}

/// Positions in [`Printer::counts`].
const TABLES: usize = 0;
const MEMORIES: usize = 1;
const GLOBALS: usize = 2;
const TAGS: usize = 3;

impl<'a, W: Write> Printer<'a, W> {
    fn section<'b: 'a>(&mut self, section: &Section<'b>) -> Result<(), Stop> {
        match section {
            Section::Type(groups) => groups.clone().try_for_each(|group| self.rec_group(&group?)),
            Section::Import(imports) => imports.clone().try_for_each(|import| self.import(&import?)),
            Section::Function(funcs) => {
                for ty in *funcs {
                    self.funcs.push(ty?);
                }
                Ok(())
            }
            Section::Table(tables) => {
                for table in *tables {
                    let table = table?;
                    let n = self.next(TABLES);
                    let init = table.init.map(|init| self.expr(init.instrs())).transpose()?;
                    let init = init.map_or(String::new(), |init| format!(" {init}"));
                    writeln!(self.out, "  (table (;{n};) {}{init})", types::table(&table.ty))?;
                }
                Ok(())
            }
            Section::Memory(memories) => {
                for memory in *memories {
                    let n = self.next(MEMORIES);
                    writeln!(self.out, "  (memory (;{n};) {})", types::memory(&memory?))?;
                }
                Ok(())
            }
            Section::Tag(tags) => {
                for tag in *tags {
                    let n = self.next(TAGS);
                    writeln!(self.out, "  (tag (;{n};) (type {}))", tag?.0)?;
                }
                Ok(())
            }
            Section::Global(globals) => {
                for global in *globals {
                    let global = global?;
                    let n = self.next(GLOBALS);
                    let init = self.expr(global.init.instrs())?;
                    writeln!(self.out, "  (global (;{n};) {} {init})", types::global(&global.ty))?;
                }
                Ok(())
            }
            Section::Export(exports) => {
                for export in *exports {
                    let export = export?;
                    let what = match export.idx {
                        ExternIdx::Func(func) => self.func(func),
                        other => other.index().to_string(),
                    };
                    let name = string(export.name.as_bytes());
                    writeln!(self.out, "  (export {name} ({} {what}))", export.idx.kind().text())?;
                }
                Ok(())
            }
            Section::Start(func) => Ok(writeln!(self.out, "  (start {})", self.func(*func))?),
            Section::Element(elems) => (0..).zip(*elems).try_for_each(|(n, elem)| self.elem(n, &elem?)),
            Section::DataCount(_) => Ok(()),
            Section::Code(bodies) => (0..).zip(*bodies).try_for_each(|(n, body)| self.body(n, &body?)),
            Section::Data(datas) => (0..).zip(*datas).try_for_each(|(n, data)| self.data(n, &data?)),
            Section::Custom(custom) => {
                Ok(writeln!(self.out, "  ;; custom section {}", Plain(&string(custom.name().as_bytes())))?)
            }
        }
    }

    /// The position of another thing of that kind.
    fn next(&mut self, kind: usize) -> u32 {
        self.counts[kind] += 1;
        self.counts[kind] - 1
    }

    fn func(&self, func: FuncIdx) -> String {
        self.identifiers.get(&func).cloned().unwrap_or_else(|| func.to_string())
    }

    fn rec_group(&mut self, group: &RecGroup<'a>) -> Result<(), Stop> {
        let indent = if group.is_explicit() { "    " } else { "  " };
        if group.is_explicit() {
            writeln!(self.out, "  (rec")?;
        }
        for (_, ty) in group.types() {
            let n = self.func_types.len();
            writeln!(self.out, "{indent}(type (;{n};) {})", types::sub_type(&ty))?;
            self.func_types.push(match ty.composite {
                CompositeType::Func(ty) => Some(ty),
                _ => None,
            });
        }
        if group.is_explicit() {
            writeln!(self.out, "  )")?;
        }
        Ok(())
    }

    fn import(&mut self, import: &Import<'_>) -> Result<(), Stop> {
        let what = match &import.ty {
            ExternType::Func(ty) | ExternType::FuncExact(ty) => {
                let func = FuncIdx(self.imported_funcs);
                self.imported_funcs += 1;
                self.funcs.push(*ty);
                let id = self.identifiers.get(&func).map_or(String::new(), |id| format!(" {id}"));
                match import.ty {
                    ExternType::FuncExact(_) => format!("(func{id} (;{func};) (exact (type {ty})))"),
                    _ => format!("(func{id} (;{func};) (type {ty}))"),
                }
            }
            ExternType::Table(ty) => format!("(table (;{};) {})", self.next(TABLES), types::table(ty)),
            ExternType::Memory(ty) => format!("(memory (;{};) {})", self.next(MEMORIES), types::memory(ty)),
            ExternType::Global(ty) => format!("(global (;{};) {})", self.next(GLOBALS), types::global(ty)),
            ExternType::Tag(ty) => format!("(tag (;{};) (type {ty}))", self.next(TAGS)),
        };
        let (module, name) = (string(import.module.as_bytes()), string(import.name.as_bytes()));
        Ok(writeln!(self.out, "  (import {module} {name} {what})")?)
    }

    /// The instructions of a constant expression in one line, without the closing `end`.
    fn expr(&self, instrs: InstrReader<'_>) -> Result<String, Stop> {
        let mut text: Vec<String> = Vec::new();
        for instr in instrs {
            let (_, instr) = instr?;
            text.push(Text(&instr, |func| self.func(func)).to_string());
        }
        text.pop();
        Ok(text.join(" "))
    }

    fn elem(&mut self, n: u32, elem: &Elem<'_>) -> Result<(), Stop> {
        write!(self.out, "  (elem (;{n};)")?;
        match elem.mode {
            ElemMode::Passive => {}
            ElemMode::Declared => write!(self.out, " declare")?,
            ElemMode::Active { table, offset } => {
                if table.0 != 0 || !matches!(elem.items, ElemItems::Funcs(_)) {
                    write!(self.out, " (table {table})")?;
                }
                self.offset(&offset)?;
            }
        }
        match elem.items {
            ElemItems::Funcs(funcs) => {
                write!(self.out, " func")?;
                for func in funcs.iter() {
                    write!(self.out, " {}", self.func(func.0))?;
                }
            }
            ElemItems::Exprs(exprs) => {
                write!(self.out, " {}", elem.ty)?;
                for expr in exprs.iter() {
                    let item = self.expr(expr.instrs())?;
                    write!(self.out, " (item {item})")?;
                }
            }
        }
        Ok(writeln!(self.out, ")")?)
    }

    fn offset(&mut self, offset: &ConstExpr<'_>) -> Result<(), Stop> {
        let text = self.expr(offset.instrs())?;
        Ok(write!(self.out, " (offset {text})")?)
    }

    fn data(&mut self, n: u32, data: &Data<'_>) -> Result<(), Stop> {
        write!(self.out, "  (data (;{n};)")?;
        if let DataMode::Active { memory, offset } = data.mode {
            if memory.0 != 0 {
                write!(self.out, " (memory {memory})")?;
            }
            self.offset(&offset)?;
        }
        Ok(writeln!(self.out, " {})", string(data.bytes))?)
    }

    fn body(&mut self, n: u32, body: &Body<'_>) -> Result<(), Stop> {
        let func = FuncIdx(self.imported_funcs + n);
        let id = self.identifiers.get(&func).map_or(String::new(), |id| format!("{id} "));
        write!(self.out, "  (func {id}(;{func};)")?;
        if let Some(ty) = self.funcs.get(func.index()) {
            let signature = self.func_types.get(ty.index()).copied().flatten();
            let signature = signature.map_or(String::new(), |ty| types::signature(&ty));
            write!(self.out, " (type {ty}){signature}")?;
        }
        writeln!(self.out)?;
        if body.local_count() > 0 {
            write!(self.out, "    (local")?;
            for run in body.locals().iter() {
                for _ in 0..run.count {
                    write!(self.out, " {}", run.ty)?;
                }
            }
            writeln!(self.out, ")")?;
        }
        let mut instrs = body.instrs();
        loop {
            let outer = instrs.depth();
            let instr = instrs.read()?;
            if instrs.is_finished() {
                return Ok(writeln!(self.out, "  )")?);
            }
            let depth = match instr {
                Instr::Else | Instr::Catch(_) | Instr::CatchAll => outer - 1,
                _ => outer.min(instrs.depth()),
            };
            let indent = 4 + 2 * depth.min(40) as usize;
            let text = Text(&instr, |func| self.func(func)).to_string();
            writeln!(self.out, "{:indent$}{text}", "")?;
        }
    }
}
