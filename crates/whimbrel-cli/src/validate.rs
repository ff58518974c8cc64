//! `whimbrel validate`: a line for each file.

use std::io::Write;
use std::process::ExitCode;

use whimbrel::{Engine, Module};

use crate::args::ValidateArgs;
use crate::failure::{Exit, Result};
use crate::input::InputPath;
use crate::output::{ERROR, GOOD, print};

/// Validates the files of `args` and prints what is wrong with each; the exit code says whether anything is.
pub(crate) fn validate(args: &ValidateArgs) -> Result<ExitCode> {
    let engine = Engine::default();
    let mut worst = None;
    for file in &args.files {
        let input = InputPath::from(file.as_os_str());
        let mut line = Vec::new();
        match check(&engine, &input) {
            Ok(()) if args.quiet => continue,
            Ok(()) => writeln!(line, "{input}: {GOOD}ok{GOOD:#}")?,
            Err(failure) if failure.exit() == Exit::Other || failure.exit() == Exit::NoFile => {
                worst.get_or_insert(failure.exit());
                failure.report();
                continue;
            }
            Err(failure) => {
                worst = Some(Exit::Other);
                writeln!(line, "{ERROR}{}{ERROR:#}", failure.message())?;
            }
        }
        // Each line as soon as it is known: the next file may be a large one.
        print(&line)?;
    }
    Ok(worst.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn check(engine: &Engine, input: &InputPath) -> Result<()> {
    let bytes = input.load()?;
    Module::validate(engine, &bytes).map_err(|error| input.invalid(&bytes, &error, error.module_offset()))
}
