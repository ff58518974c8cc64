//! `whimbrel inspect`: a report on what a module is made of.

mod json;
mod needs;
mod summary;
mod types;

use std::io::{self, Write};
use std::process::ExitCode;

use wasm_reader::SectionId;
use wasm_syntax::ExternKind;

use crate::args::InspectArgs;
use crate::failure::Result;
use crate::input::InputPath;
use crate::output::{Bytes, FAINT, HEADING, NAME, Plain, STRONG, bar, count, grouped, print, print_fitted};
use summary::Summary;

/// Lines of a list that is shortened.
const SHORT_LIST: usize = 20;
/// Functions among the largest.
const LARGEST: usize = 10;
/// Columns of a list of reasons, `and 12 more` aside.
const REASON_COLUMNS: usize = 38;
/// Columns of the longest bar.
const BAR_COLUMNS: u32 = 20;
/// Columns that names are padded to at most.
const NAME_COLUMNS: usize = 32;

/// Prints the report on `args.file`.
pub(crate) fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    let input = InputPath::from(args.file.as_os_str());
    let bytes = input.load()?;
    let summary = Summary::read(&bytes).map_err(|error| input.invalid(&bytes, error, Some(error.offset)))?;
    if args.json {
        let report = json::report(&input.to_string(), bytes.len() as u64, &summary);
        print(format!("{report:#}\n").as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut report = Report { out: Vec::new(), summary: &summary, all: args.all };
    report.title(&input, bytes.len() as u64)?;
    report.sections(bytes.len() as u64)?;
    report.needs()?;
    report.imports()?;
    report.exports()?;
    report.storage()?;
    report.start()?;
    report.functions()?;
    report.producers()?;
    print_fitted(&report.out)?;
    Ok(ExitCode::SUCCESS)
}

struct Report<'a> {
    out: Vec<u8>,
    summary: &'a Summary<'a>,
    /// Whether lists are printed whole.
    all: bool,
}

impl Report<'_> {
    fn title(&mut self, input: &InputPath, bytes: u64) -> io::Result<()> {
        write!(self.out, "{STRONG}{input}{STRONG:#}: WebAssembly module, {}", Bytes(bytes))?;
        if let Some(name) = self.summary.module_name {
            write!(self.out, ", named {NAME}{}{NAME:#}", Plain(name))?;
        }
        writeln!(self.out)
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{HEADING}{text}{HEADING:#}")
    }

    fn sections(&mut self, module_bytes: u64) -> io::Result<()> {
        if self.summary.sections.is_empty() {
            return Ok(());
        }
        self.heading("Sections")?;
        for section in &self.summary.sections {
            let name = match section.name {
                Some(name) => format!("custom {}", Plain(name)),
                None => section_name(section.id).to_owned(),
            };
            let items = section.items.map_or(String::new(), |items| grouped(items.into()));
            let percent = section.bytes as f64 * 100.0 / module_bytes as f64;
            let bar = bar(section.bytes, module_bytes, BAR_COLUMNS);
            let size = Bytes(section.bytes);
            writeln!(self.out, "  {name:<26} {items:>7} {size:>11} {percent:>5.1} %  {FAINT}{bar}{FAINT:#}")?;
        }
        Ok(())
    }

    fn needs(&mut self) -> io::Result<()> {
        self.heading("Features needed")?;
        let mut any = false;
        for (feature, reasons) in self.summary.needs.by_feature() {
            any = true;
            let columns = if self.all { usize::MAX } else { REASON_COLUMNS };
            writeln!(self.out, "  {NAME}{:<24}{NAME:#} {}", feature.text(), shortened(&reasons, columns))?;
        }
        if !any {
            writeln!(self.out, "  none beyond WebAssembly's first version")?;
        }
        Ok(())
    }

    fn imports(&mut self) -> io::Result<()> {
        let imports = &self.summary.imports;
        if imports.is_empty() {
            return Ok(());
        }
        self.heading(&format!("Imports ({})", grouped(imports.len() as u64)))?;
        let shown = self.shown(imports.len());
        let width = column(imports[..shown].iter().map(|import| import.name));
        let mut module = None;
        for import in &imports[..shown] {
            if module != Some(import.module) {
                writeln!(self.out, "  from {STRONG}{}{STRONG:#}", Plain(import.module))?;
                module = Some(import.module);
            }
            let kind = import.ty.kind().text();
            let ty = types::external(self.summary, &import.ty);
            writeln!(self.out, "    {NAME}{:<width$}{NAME:#}  {kind:<6} {ty}", Plain(import.name))?;
        }
        self.rest(imports.len() - shown)
    }

    fn exports(&mut self) -> io::Result<()> {
        let exports = &self.summary.exports;
        if exports.is_empty() {
            return Ok(());
        }
        self.heading(&format!("Exports ({})", grouped(exports.len() as u64)))?;
        let shown = self.shown(exports.len());
        let width = column(exports[..shown].iter().map(|export| export.name));
        for export in &exports[..shown] {
            let kind = export.idx.kind().text();
            let ty = types::exported(self.summary, export.idx);
            writeln!(self.out, "  {NAME}{:<width$}{NAME:#}  {kind:<6} {ty}", Plain(export.name))?;
        }
        self.rest(exports.len() - shown)
    }

    /// Memories and tables, imported ones included.
    fn storage(&mut self) -> io::Result<()> {
        let Summary { memories, tables, .. } = self.summary;
        if memories.is_empty() && tables.is_empty() {
            return Ok(());
        }
        self.heading("Memories and tables")?;
        for (index, ty) in memories.iter().enumerate() {
            writeln!(self.out, "  {} {index}  {}", ExternKind::Memory.text(), types::memory(ty))?;
        }
        let shown = self.shown(tables.len());
        for (index, ty) in tables[..shown].iter().enumerate() {
            writeln!(self.out, "  {:<6} {index}  {}", ExternKind::Table.text(), types::table(ty))?;
        }
        self.rest(tables.len() - shown)
    }

    fn start(&mut self) -> io::Result<()> {
        let Some(func) = self.summary.start else { return Ok(()) };
        self.heading("Start function")?;
        writeln!(self.out, "  {}", self.summary.names.show(func))
    }

    fn functions(&mut self) -> io::Result<()> {
        let mut bodies = self.summary.bodies.clone();
        if bodies.is_empty() {
            return Ok(());
        }
        bodies.sort_by_key(|body| std::cmp::Reverse(body.bytes));
        let total: u64 = bodies.iter().map(|body| body.bytes).sum();
        let shown = if self.all { bodies.len() } else { bodies.len().min(LARGEST) };
        let defined = count(bodies.len() as u64, "function", "functions");
        self.heading(&format!("Largest functions (of {defined}, {})", Bytes(total)))?;
        for body in &bodies[..shown] {
            let size = Bytes(body.bytes);
            let percent = body.bytes as f64 * 100.0 / total as f64;
            let name = self.summary.names.show(body.func);
            writeln!(self.out, "  {size:>10} {percent:>5.1} %  {name}")?;
        }
        Ok(())
    }

    fn producers(&mut self) -> io::Result<()> {
        if self.summary.producers.is_empty() {
            return Ok(());
        }
        self.heading("Made with")?;
        for (field, values) in &self.summary.producers {
            let mut label = Plain(field).to_string();
            for (name, version) in values {
                let space = if version.is_empty() { "" } else { " " };
                writeln!(self.out, "  {label:<14} {}{space}{}", Plain(name), Plain(version))?;
                label.clear();
            }
        }
        Ok(())
    }

    /// How many of `len` lines are printed.
    fn shown(&self, len: usize) -> usize {
        // A list that is a little too long is not worth a line that says so.
        if self.all || len <= SHORT_LIST + 2 { len } else { SHORT_LIST }
    }

    fn rest(&mut self, left_out: usize) -> io::Result<()> {
        if left_out == 0 {
            return Ok(());
        }
        writeln!(self.out, "  {FAINT}… and {} more (--all shows them){FAINT:#}", grouped(left_out as u64))
    }
}

/// The width of a column of names.
fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| Plain(name).to_string().chars().count()).max().unwrap_or(0).min(NAME_COLUMNS)
}

/// The reasons one after the other, as many as fit into `columns`, and at least one.
fn shortened(reasons: &[&str], columns: usize) -> String {
    let mut text = String::new();
    for (i, reason) in reasons.iter().enumerate() {
        if i > 0 && text.len() + reason.len() > columns {
            text.push_str(&format!(" and {} more", reasons.len() - i));
            break;
        }
        let separator = if i == 0 { "" } else { ", " };
        text.push_str(&format!("{separator}{reason}"));
    }
    text
}

fn section_name(id: SectionId) -> &'static str {
    match id {
        SectionId::Custom => "custom",
        SectionId::Type => "type",
        SectionId::Import => "import",
        SectionId::Function => "function",
        SectionId::Table => "table",
        SectionId::Memory => "memory",
        SectionId::Global => "global",
        SectionId::Export => "export",
        SectionId::Start => "start",
        SectionId::Element => "element",
        SectionId::Code => "code",
        SectionId::Data => "data",
        SectionId::DataCount => "data count",
        SectionId::Tag => "tag",
    }
}
