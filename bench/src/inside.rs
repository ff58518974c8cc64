//! What is measured apart from time: memory of processes, instructions and dispatches for each operator.

use std::fmt::Write as _;
use std::{env, fs};

use anyhow::{Context, Result, anyhow};
use indicatif::ProgressBar;
use wasm_syntax::FuncIdx;

use crate::case::Case;
use crate::child::{self, Counts, Task};
use crate::large::synthetic;
use crate::peer::{self, Engine};
use crate::start;
use crate::value::Value;

/// The peak of a process that loads a large module, and what an instance of a small one takes.
///
/// # Errors
///
/// If the large module cannot be made or written.
pub fn memory(engines: &[&Engine], bar: &ProgressBar) -> Result<String> {
    const SIZE_BYTES: usize = 24_000_000;
    let file = env::temp_dir().join(format!("whimbrel-bench-{}.wasm", std::process::id()));
    fs::write(&file, synthetic(SIZE_BYTES)?).with_context(|| format!("cannot write {}", file.display()))?;
    let mut text = format!("{:12} {:>22} {:>22}\n", "engine", "load 24 MB, peak MiB", "an idle instance, KiB");
    for engine in engines {
        bar.set_message(engine.name);
        bar.tick();
        let peak = child::ask(engine.name, &Task::Load(&file)).map(|kib| kib as f64 / 1024.0);
        let instance = child::ask(engine.name, &Task::Instances).map(|kib| kib as f64 / child::INSTANCES as f64);
        let _ = writeln!(text, "{:12} {:>22} {:>22}", engine.name, figure(peak), figure(instance));
    }
    fs::remove_file(&file)?;
    let _ = writeln!(text, "whimbrel's code takes {:.1} bytes an operator", code_bytes(&synthetic(0)?)?);
    Ok(text)
}

fn figure(of: Result<f64>) -> String {
    of.map_or_else(|_| "–".to_owned(), |figure| format!("{figure:.1}"))
}

/// Bytes of whimbrel's code for each operator of a module.
fn code_bytes(wasm: &[u8]) -> Result<f64> {
    let module = whimbrel::Module::new(&whimbrel::Engine::default(), wasm).map_err(|error| anyhow!("{error}"))?;
    let info = module.info();
    let funcs = info.num_imported_funcs()..info.num_funcs();
    let words = funcs.map(|func| Ok(module.lower(FuncIdx(func)).map_err(|error| anyhow!("{error}"))?.words().len()));
    let words: usize = words.sum::<Result<usize>>()?;
    Ok(8.0 * words as f64 / start::operators(wasm)? as f64)
}

/// Instructions of the host and dispatches for each operator that a kernel executes, or in all where it is not known how
/// many it executes. What comes before the kernel runs is not in them: they are differences between two runs.
///
/// # Errors
///
/// If valgrind is not there.
pub fn instructions(engines: &[&Engine], cases: &[Case], bar: &ProgressBar) -> Result<String> {
    let mut text = format!("{:14} {:>12}", "kernel", "operators");
    for engine in engines {
        let _ = write!(text, " {:>18}", engine.name);
    }
    text += "\n";
    for case in cases {
        let Some(Value::I32(rounds)) = case.args.first() else { continue };
        let (few, many) = (rounds / 40 + 1, rounds / 10 + 2);
        let operators = [few, many].map(|rounds| peer::operators(case, rounds));
        let operators = operators[1].zip(operators[0]).map(|(many, few)| many - few);
        let _ = write!(
            text,
            "{:14} {:>12}",
            case.name,
            operators.map_or_else(|| "–".to_owned(), |count| count.to_string())
        );
        for engine in engines {
            bar.set_message(format!("{}, {}", case.name, engine.name));
            bar.tick();
            let task = |rounds| Task::Run { kernel: &case.name, rounds };
            let counted = [few, many].map(|rounds| child::count(engine.name, &task(rounds), &env::temp_dir()));
            let cell = match counted {
                [Ok(few), Ok(many)] => of_operators(few, many, operators),
                [Err(error), _] if error.to_string().contains("cannot start valgrind") => return Err(error),
                _ => "–".to_owned(),
            };
            let _ = write!(text, " {cell:>18}");
        }
        text += "\n";
    }
    text += "Each cell: host instructions / dispatches for an operator";
    Ok(text)
}

fn of_operators(few: Counts, many: Counts, operators: Option<u64>) -> String {
    let (instructions, indirect) = (many.instructions - few.instructions, many.indirect - few.indirect);
    match operators {
        Some(count) => format!("{:.2} / {:.3}", instructions as f64 / count as f64, indirect as f64 / count as f64),
        None => format!("{instructions} / {indirect}"),
    }
}
