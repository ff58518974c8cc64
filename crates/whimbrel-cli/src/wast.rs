//! `whimbrel wast`: scripts of the specification's test format.

use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::thread;

use wasm_syntax::Features;
use whimbrel_wast::report::{FileReport, Remark, Tally, Verdict};
use whimbrel_wast::run::{self, Options};
use whimbrel_wast::script;

use crate::args::WastArgs;
use crate::failure::{Exit, Failure, Result, io_reason};
use crate::output::{ERROR, FAINT, GOOD, Plain, print};

/// The stack for reading the text of scripts, whose parser is recursive.
const TEXT_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Runs the scripts of `args`; the exit code says whether all assertions hold.
pub(crate) fn wast(args: &WastArgs) -> Result<ExitCode> {
    let options = Options::new(args.features.unwrap_or(Features::ALL));
    let mut total = Tally::default();
    for path in &args.files {
        let name = path.to_string_lossy();
        let text = fs::read_to_string(path).map_err(|error| {
            let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NoFile } else { Exit::Other };
            Failure::new(exit, format_args!("cannot read {}: {}", Plain(&name), io_reason(&error)))
        })?;
        let report = on_large_stack(|| script::parse(&text).map(|script| run::run(&name, &script, options)));
        let report = report.map_err(|error| {
            let message = format!("{error:#}");
            let mut lines = message.lines();
            let what = lines.next().unwrap_or_default();
            let place = lines.next().and_then(|line| line.split_once(':')).map_or("", |(_, place)| place);
            let colon = if place.is_empty() { "" } else { ":" };
            Failure::new(Exit::Invalid, format_args!("{}{colon}{place}: {}", Plain(&name), Plain(what)))
        })?;
        total += report.tally();
        print(&lines(&report)?)?;
    }
    if args.files.len() > 1 {
        print(format!("{total}\n").as_bytes())?;
    }
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn on_large_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(TEXT_STACK_BYTES).spawn_scoped(scope, body);
        match thread.expect("the system can start a thread").join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// A line for the script, and one for each directive that did not pass.
fn lines(report: &FileReport) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let tally = report.tally();
    let style = if tally.failed == 0 { GOOD } else { ERROR };
    writeln!(out, "{}: {style}{tally}{style:#}", Plain(&report.name))?;
    for Remark { line, kind, verdict, .. } in &report.remarks {
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed { expected, got } => {
                writeln!(out, "  line {line}: {kind}: expected {}, got {}", Plain(expected), Plain(got))?;
            }
            Verdict::Unsupported(what) => writeln!(out, "  {FAINT}line {line}: {kind}: {}{FAINT:#}", Plain(what))?,
        }
    }
    Ok(out)
}
