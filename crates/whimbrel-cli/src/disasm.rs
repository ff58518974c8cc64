//! `whimbrel disasm`: functions instruction by instruction; and the place of an error, byte by byte.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use wasm_reader::{Body, Section};
use wasm_syntax::{ExternKind, Features, FuncIdx, Instr};

use crate::args::DisasmArgs;
use crate::failure::Result;
use crate::input::InputPath;
use crate::names::{FuncNames, find_func};
use crate::output::{ERROR, FAINT, NAME, print};
use crate::text::Text;

/// Bytes of an instruction that are shown.
const SHOWN_BYTES: usize = 8;
/// Bytes in a line of a hexdump.
const ROW_BYTES: u64 = 16;

/// Prints the functions that `args` name.
pub(crate) fn disasm(args: &DisasmArgs) -> Result<ExitCode> {
    let input = InputPath::from(args.place.file.as_os_str());
    let bytes = input.load()?;
    let malformed = |error: wasm_reader::ReadError| input.invalid(&bytes, error, Some(error.offset));
    let names = FuncNames::of_module(&bytes);
    let (mut func, mut bodies) = (FuncIdx(0), None);
    for section in wasm_reader::sections(&bytes, Features::ALL).map_err(malformed)? {
        match section.map_err(malformed)? {
            Section::Import(imports) => {
                func.0 = imports.flatten().filter(|import| import.ty.kind() == ExternKind::Func).count() as u32;
            }
            Section::Code(section) => bodies = Some(section),
            _ => {}
        }
    }
    let count = bodies.map_or(0, |bodies| bodies.len());
    let funcs = find_func(&input, args.place.func.as_deref(), &names, func.0, func.0 + count)?;
    for body in bodies.into_iter().flatten() {
        let body = body.map_err(malformed)?;
        if funcs.contains(&func.0) {
            let mut text = Vec::new();
            writeln!(text, "{}", names.show(func))?;
            listing(&mut text, &bytes, &body, &names).map_err(|error| match error {
                Stop::Read(error) => malformed(error),
                Stop::Write(error) => error.into(),
            })?;
            if func.0 + 1 < funcs.end {
                writeln!(text)?;
            }
            print(&text)?;
        }
        func.0 += 1;
    }
    Ok(ExitCode::SUCCESS)
}

enum Stop {
    Read(wasm_reader::ReadError),
    Write(std::io::Error),
}

impl From<wasm_reader::ReadError> for Stop {
    fn from(error: wasm_reader::ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error)
    }
}

/// The instructions of `body`, a line each: offset in the module, bytes, text.
fn listing(out: &mut Vec<u8>, module: &[u8], body: &Body<'_>, names: &FuncNames<'_>) -> Result<(), Stop> {
    for run in body.locals().iter() {
        writeln!(out, "  {:37}local {} × {}", "", run.count, run.ty)?;
    }
    let mut instrs = body.instrs();
    while !instrs.is_finished() {
        let (start, outer) = (instrs.offset(), instrs.depth());
        let instr = instrs.read()?;
        let encoded = &module[start as usize..instrs.offset() as usize];
        let indent = 2 * depth_of(&instr, outer, instrs.depth()).min(30) as usize;
        let bytes = hex(encoded);
        writeln!(out, "{FAINT}{start:>#9x}  {bytes:<26}{FAINT:#}  {:indent$}{}", "", described(&instr, names))?;
    }
    Ok(())
}

/// How far an instruction is indented that stands between these depths.
pub(crate) fn depth_of(instr: &Instr<'_>, before: u32, after: u32) -> u32 {
    match instr {
        Instr::Else | Instr::Catch(_) | Instr::CatchAll => before.saturating_sub(1),
        _ => before.min(after),
    }
}

/// An instruction's text, with the name of the function that it calls.
pub(crate) fn described(instr: &Instr<'_>, names: &FuncNames<'_>) -> String {
    Text(instr, |func: FuncIdx| match names.get(func) {
        Some(name) => format!("{func} {NAME}{name}{NAME:#}"),
        None => func.to_string(),
    })
    .to_string()
}

fn hex(bytes: &[u8]) -> String {
    let mut text: Vec<_> = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > SHOWN_BYTES {
        text.push("…".to_owned());
    }
    text.join(" ")
}

/// What stands at `offset` of a module: the bytes around it with a mark below, and the instruction, if one is there.
pub(crate) fn place(module: &[u8], offset: u64) -> String {
    let mut text = String::new();
    let instr = instr_at(module, offset);
    let marked = instr.as_ref().map_or(1, |(len, _)| *len).max(1);
    let row = offset / ROW_BYTES * ROW_BYTES;
    for start in [row.checked_sub(ROW_BYTES), Some(row), row.checked_add(ROW_BYTES)].into_iter().flatten() {
        let end = (start + ROW_BYTES).min(module.len() as u64);
        if start >= end && start != row {
            continue;
        }
        let bytes: Vec<_> = (start..end).map(|at| format!("{:02x}", module[at as usize])).collect();
        let _ = writeln!(text, "  {FAINT}{start:>#9x}{FAINT:#}  {}", bytes.join(" "));
        if start == row {
            let count = marked.min(start + ROW_BYTES - offset) as usize;
            let indent = 13 + 3 * (offset - start) as usize;
            let _ = writeln!(text, "{:indent$}{ERROR}{}{ERROR:#}", "", "^".repeat(3 * count - 1));
        }
    }
    if let Some((_, instr)) = instr {
        let _ = writeln!(text, "  {FAINT}{offset:>#9x}{FAINT:#}  {instr}");
    }
    text
}

/// Length and text of the instruction that starts at `offset`.
fn instr_at(module: &[u8], offset: u64) -> Option<(u64, String)> {
    for section in wasm_reader::sections(module, Features::ALL).into_iter().flatten().flatten() {
        let Section::Code(mut bodies) = section else { continue };
        while let Ok(Some(body)) = bodies.read() {
            if !body.range().contains(&offset) {
                continue;
            }
            let mut instrs = body.instrs();
            while instrs.offset() <= offset && !instrs.is_finished() {
                let start = instrs.offset();
                let instr = instrs.read().ok()?;
                if start == offset {
                    let names = FuncNames::of_module(module);
                    return Some((instrs.offset() - start, described(&instr, &names)));
                }
            }
        }
    }
    None
}
