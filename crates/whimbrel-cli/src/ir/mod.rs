//! `whimbrel ir`: functions as the interpreter executes them, beside the instructions that they come from.

mod html;
mod rows;

use std::io::Write;
use std::process::ExitCode;

use wasm_syntax::FuncIdx;
use whimbrel::{Engine, Module};
use whimbrel_ir::Listing;

use crate::args::IrArgs;
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::names::{FuncNames, find_func};
use crate::output::{FAINT, GOOD, print};
use rows::{Row, bodies, rows};

/// Columns of the WebAssembly side.
const LEFT_COLUMNS: usize = 36;

/// Prints the listing of the functions that `args` name.
pub(crate) fn ir(args: &IrArgs) -> Result<ExitCode> {
    let input = InputPath::from(args.place.file.as_os_str());
    let bytes = input.load()?;
    let module = Module::new(&Engine::default(), &bytes)
        .map_err(|error| input.invalid(&bytes, &error, error.module_offset()))?;
    let names = FuncNames::of_module(&bytes);
    let (imported, end) = (module.info().num_imported_funcs(), module.info().num_funcs());
    let funcs = find_func(&input, args.place.func.as_deref(), &names, imported, end)?;
    let bodies = bodies(&bytes);
    if args.html {
        print(html::HEAD.replace("TITLE", &html::escaped(&input.to_string())).as_bytes())?;
    }
    for func in funcs.clone().map(FuncIdx) {
        let code =
            module.lower(func).map_err(|error| Failure::new(Exit::Unsupported, format_args!("{input}: {error}")))?;
        let mut text = Vec::new();
        if args.plain {
            write!(text, ";; {}\n{}", names.show(func), Listing(&code))?;
        } else {
            let rows = rows(&bodies[(func.0 - imported) as usize], &code, &module.tiles(&code), &names);
            if args.html {
                html::function(&mut text, &names, func, &rows, funcs.len() == 1)?;
            } else {
                let slots = format_args!(
                    "params {}, results {}, frame {}",
                    code.param_slots, code.result_slots, code.frame_slots
                );
                writeln!(text, "{}  {FAINT}{slots}{FAINT:#}", names.show(func))?;
                table(&mut text, &rows)?;
            }
        }
        if func.0 + 1 < funcs.end && !args.html {
            writeln!(text)?;
        }
        // Function by function, since the listing of a large module is longer than anyone reads.
        print(&text)?;
    }
    if args.html {
        print(html::TAIL.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// WebAssembly on the left, lowered code on the right.
fn table(out: &mut Vec<u8>, rows: &[Row]) -> std::io::Result<()> {
    for row in rows {
        let left = format!("{:>5}  {:indent$}{}", row.offset(), "", row.wasm, indent = 2 * row.depth.min(8));
        let mut left: String = if left.chars().count() > LEFT_COLUMNS {
            left.chars().take(LEFT_COLUMNS - 1).chain(['…']).collect()
        } else {
            format!("{left:<LEFT_COLUMNS$}")
        };
        if row.insts.is_empty() {
            writeln!(out, "{}", left.trim_end())?;
        }
        for inst in &row.insts {
            let mark = if inst.is_fused { format!("{GOOD}+{GOOD:#}") } else { " ".to_owned() };
            let target = if inst.is_target { '>' } else { ' ' };
            writeln!(out, "{left} {FAINT}│{FAINT:#}{mark}{target}{:>4}  {}", inst.at, inst.text)?;
            left = " ".repeat(LEFT_COLUMNS);
        }
    }
    Ok(())
}
