//! `whimbrel ir`: functions as the interpreter executes them.

use std::io::Write;
use std::process::ExitCode;

use wasm_syntax::FuncIdx;
use whimbrel::{Engine, Module};
use whimbrel_ir::Listing;

use crate::args::IrArgs;
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::names::FuncNames;
use crate::output::{Plain, print};

/// Prints the listing of the functions that `args` name.
pub(crate) fn ir(args: &IrArgs) -> Result<ExitCode> {
    let input = InputPath::from(args.file.as_os_str());
    let bytes = input.load()?;
    let module = Module::new(&Engine::default(), &bytes)
        .map_err(|error| input.invalid(&bytes, &error, error.module_offset()))?;
    let names = FuncNames::of_module(&bytes);
    let (imported, end) = (module.info().num_imported_funcs(), module.info().num_funcs());
    let funcs = match &args.func {
        None => imported..end,
        Some(name) => {
            let func = find(name, &names, end).ok_or_else(|| {
                Failure::new(Exit::NoFunction, format_args!("{input} has no function `{}`", Plain(name)))
            })?;
            if func.0 < imported {
                let what = format_args!("function {func} of {input} is imported, so it has no code");
                return Err(Failure::new(Exit::NoFunction, what));
            }
            func.0..func.0 + 1
        }
    };
    for func in funcs.clone().map(FuncIdx) {
        let code =
            module.lower(func).map_err(|error| Failure::new(Exit::Unsupported, format_args!("{input}: {error}")))?;
        let mut text = Vec::new();
        write!(text, ";; {}\n{}", names.show(func), Listing(&code))?;
        if func.0 + 1 < funcs.end {
            writeln!(text)?;
        }
        // Function by function, since the listing of a large module is longer than anyone reads.
        print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The function that `name` means: an index, or a name.
fn find(name: &str, names: &FuncNames<'_>, end: u32) -> Option<FuncIdx> {
    match name.parse() {
        Ok(index) => (index < end).then_some(FuncIdx(index)),
        Err(_) => names.find(name),
    }
}
