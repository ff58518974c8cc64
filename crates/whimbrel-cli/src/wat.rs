//! `whimbrel wat`: a module in the text format.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use crate::args::WatArgs;
use crate::failure::Result;
use crate::input::InputPath;
use crate::text::{Stop, print_module};

/// Prints the module of `args`.
pub(crate) fn wat(args: &WatArgs) -> Result<ExitCode> {
    let input = InputPath::from(args.file.as_os_str());
    let bytes = input.load()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match print_module(&bytes, &mut out) {
        Ok(()) => {}
        Err(Stop::Write(failure)) => return Err(failure),
        Err(Stop::Read(error)) => {
            out.flush()?;
            return Err(input.invalid(&bytes, error, Some(error.offset)));
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
