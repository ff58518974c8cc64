//! Backtraces as the user sees them: which functions were running, and where in them.

use std::fmt::Write;

use wasm_syntax::FuncIdx;
use whimbrel::{FrameInfo, Module, WasmBacktrace};

use crate::names::FuncNames;
use crate::output::{FAINT, grouped};

/// Frames that a backtrace shows from its inner end, and from its outer.
const INNERMOST: usize = 20;
const OUTERMOST: usize = 5;

/// A line for each frame, innermost first; a long backtrace is shortened in the middle.
pub(crate) fn lines(backtrace: Option<&WasmBacktrace>, module: &Module) -> String {
    let mut text = String::new();
    let Some(frames) = backtrace.map(WasmBacktrace::frames) else { return text };
    let names = FuncNames::of_module(module.bytes());
    let left_out = match frames.len().saturating_sub(INNERMOST + OUTERMOST) {
        // One frame takes no more room than the line that stands for it.
        1 => 0,
        more => more,
    };
    for (n, frame) in frames.iter().enumerate() {
        if left_out > 0 && n == INNERMOST {
            let _ = writeln!(text, "  {FAINT}… {} more …{FAINT:#}", grouped(left_out as u64));
        }
        if left_out == 0 || n < INNERMOST || n >= INNERMOST + left_out {
            line(&mut text, frame, &names);
        }
    }
    text
}

/// `  at 0x1f3  [12] name`
fn line(text: &mut String, frame: &FrameInfo, names: &FuncNames<'_>) {
    let offset = frame.module_offset().map_or(String::new(), |offset| format!("{offset:#x}"));
    let _ = writeln!(text, "  {FAINT}at {offset:>8}{FAINT:#}  {}", names.show(FuncIdx(frame.func_index())));
}
