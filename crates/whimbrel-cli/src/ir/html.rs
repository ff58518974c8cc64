//! The page of `whimbrel ir --html`: functions that fold, a search, and rows that light up together.

use std::io::{self, Write};

use wasm_syntax::FuncIdx;

use super::rows::Row;
use crate::names::FuncNames;

pub(super) const HEAD: &str = include_str!("page-head.html");
pub(super) const TAIL: &str = include_str!("page-tail.html");

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The part of the page for one function, `open` or folded.
pub(super) fn function(
    out: &mut Vec<u8>,
    names: &FuncNames<'_>,
    func: FuncIdx,
    rows: &[Row],
    open: bool,
) -> io::Result<()> {
    let name = escaped(&names.get(func).unwrap_or_default());
    let insts: usize = rows.iter().map(|row| row.insts.len()).sum();
    let fused = rows.iter().flat_map(|row| &row.insts).filter(|inst| inst.is_fused).count();
    writeln!(out, "<details id=\"f{func}\"{}>", if open { " open" } else { "" })?;
    writeln!(
        out,
        "<summary>[{func}] <b>{name}</b> <span class=\"n\">{} instructions, {insts} lowered, {} dispatches</span></summary>",
        rows.len() - 1,
        insts - fused,
    )?;
    writeln!(out, "<table><tr><th></th><th>WebAssembly</th><th></th><th>lowered code</th></tr>")?;
    for row in rows {
        let lines = row.insts.len().max(1);
        let wasm = escaped(&row.wasm);
        let (keyword, rest) = wasm.split_once(' ').map_or((&*wasm, ""), |(keyword, rest)| (keyword, rest));
        let (offset, indent) = (row.offset(), 1.2 * row.depth.min(30) as f64);
        write!(
            out,
            "<tr class=\"r\"><td class=\"o\" rowspan=\"{lines}\">{offset}</td><td rowspan=\"{lines}\" style=\"padding-left:{indent:.1}em\"><i>{keyword}</i> {rest}</td>"
        )?;
        for (n, inst) in row.insts.iter().enumerate() {
            if n > 0 {
                write!(out, "<tr class=\"r\">")?;
            }
            let class = if inst.is_fused { " f" } else { "" };
            let at = if inst.is_target {
                format!("<a id=\"f{func}-{0}\"></a>▸ {0}", inst.at)
            } else {
                inst.at.to_string()
            };
            write!(
                out,
                "<td class=\"o{class}\">{at}</td><td class=\"c{class}\">{}</td></tr>",
                linked(func, &inst.text)
            )?;
        }
        if row.insts.is_empty() {
            write!(out, "<td></td><td></td></tr>")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "</table></details>")
}

/// The text of an instruction, its branch target as a link.
fn linked(func: FuncIdx, text: &str) -> String {
    let text = escaped(text);
    match text.rsplit_once("-&gt; ") {
        Some((head, target)) if target.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{head}-&gt; <a href=\"#f{func}-{target}\">{target}</a>")
        }
        _ => text,
    }
}
