//! Backtraces as the user sees them: which functions were running, and where in them.

use std::fmt::Write;

use wasm_syntax::FuncIdx;
use whimbrel::{FrameInfo, Module, WasmBacktrace};

use crate::names::FuncNames;
use crate::output::{FAINT, grouped};

/// Frames that a backtrace shows from its inner end, and from its outer.
const INNERMOST: usize = 20;
const OUTERMOST: usize = 5;

/// A line for each frame, innermost first. A long backtrace is shortened in the middle, unless `all` is asked for: lines of
/// source are then shown too.
pub(crate) fn lines(backtrace: Option<&WasmBacktrace>, module: &Module, all: bool) -> String {
    let mut text = String::new();
    let Some(frames) = backtrace.map(WasmBacktrace::frames) else { return text };
    let names = FuncNames::of_module(module.bytes());
    #[cfg(feature = "dwarf")]
    let sources = all.then(|| super::dwarf::Sources::of_module(module.bytes())).flatten();
    let left_out = match frames.len().saturating_sub(INNERMOST + OUTERMOST) {
        _ if all => 0,
        // One frame takes no more room than the line that stands for it.
        1 => 0,
        more => more,
    };
    for (n, frame) in frames.iter().enumerate() {
        if left_out > 0 && n == INNERMOST {
            let more = grouped(left_out as u64);
            let _ = writeln!(text, "  {FAINT}… {more} more (--backtrace shows them) …{FAINT:#}");
        }
        if left_out == 0 || n < INNERMOST || n >= INNERMOST + left_out {
            line(&mut text, frame, &names);
            #[cfg(feature = "dwarf")]
            if let (Some(sources), Some(offset)) = (&sources, frame.module_offset()) {
                sources.lines(&mut text, offset as u64);
            }
        }
    }
    text
}

/// `  at 0x1f3  [12] name`
fn line(text: &mut String, frame: &FrameInfo, names: &FuncNames<'_>) {
    let offset = frame.module_offset().map_or(String::new(), |offset| format!("{offset:#x}"));
    let _ = writeln!(text, "  {FAINT}at {offset:>8}{FAINT:#}  {}", names.show(FuncIdx(frame.func_index())));
}
