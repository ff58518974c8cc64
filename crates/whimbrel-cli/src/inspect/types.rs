//! Types as a report writes them.

use std::fmt::Write;

use wasm_reader::ExternIdx;
use wasm_syntax::{ExternType, FuncType, GlobalType, Limits, MemType, Sequence, TableType, ValType};

use super::summary::Summary;
use crate::output::{Bytes, count, grouped};

/// `(i32, i64) -> f64`, without the arrow where there are no results.
pub(crate) fn func(ty: &FuncType<'_>) -> String {
    let mut text = list(&ty.params);
    match ty.results.len() {
        0 => {}
        1 => text.extend(ty.results.iter().map(|ty| format!(" -> {ty}"))),
        _ => {
            text.push_str(" -> ");
            text.push_str(&list(&ty.results));
        }
    }
    text
}

fn list(types: &Sequence<'_, ValType>) -> String {
    let types: Vec<_> = types.iter().map(|ty| ty.to_string()).collect();
    format!("({})", types.join(", "))
}

/// The type of an import or export.
pub(crate) fn external(summary: &Summary<'_>, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) | ExternType::FuncExact(ty) | ExternType::Tag(ty) => match summary.func_type(*ty) {
            Some(ty) => func(&ty),
            None => format!("type {ty}, which is not a function type"),
        },
        ExternType::Table(ty) => table(ty),
        ExternType::Memory(ty) => memory(ty),
        ExternType::Global(ty) => global(ty),
    }
}

/// The type of what an export names.
pub(crate) fn exported(summary: &Summary<'_>, idx: ExternIdx) -> String {
    match summary.extern_type(idx) {
        Some(ty) => external(summary, &ty),
        None => format!("{} does not exist", idx.index()),
    }
}

fn global(ty: &GlobalType) -> String {
    if ty.mutable { format!("mut {}", ty.val) } else { ty.val.to_string() }
}

pub(crate) fn table(ty: &TableType) -> String {
    let mut text = format!("{} of {}", count(ty.limits.min, "element", "elements"), ty.elem);
    maximum(&mut text, ty.limits, grouped);
    if ty.table64 {
        text.push_str(", 64-bit");
    }
    text
}

pub(crate) fn memory(ty: &MemType) -> String {
    let page_bytes = 1 << ty.page_size_log2;
    let size = |pages: u64| Bytes(pages.saturating_mul(page_bytes));
    let mut text = format!("{} ({})", count(ty.limits.min, "page", "pages"), size(ty.limits.min));
    maximum(&mut text, ty.limits, |max| format!("{} ({})", grouped(max), size(max)));
    if ty.page_size_log2 != 16 {
        let _ = write!(text, ", pages of {}", Bytes(page_bytes));
    }
    if ty.memory64 {
        text.push_str(", 64-bit");
    }
    if ty.shared {
        text.push_str(", shared");
    }
    text
}

fn maximum(text: &mut String, limits: Limits, show: impl Fn(u64) -> String) {
    match limits.max {
        Some(max) => {
            let _ = write!(text, ", at most {}", show(max));
        }
        None => text.push_str(", no maximum"),
    }
}
