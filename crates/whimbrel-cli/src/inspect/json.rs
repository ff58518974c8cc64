//! The report as JSON, for other programs.

use serde_json::{Value, json};
use wasm_reader::ExternIdx;
use wasm_syntax::{ExternType, FuncIdx, Limits};

use super::section_name;
use super::summary::Summary;

/// The report on the module in `file`, of that many bytes.
pub(super) fn report(file: &str, bytes: u64, summary: &Summary<'_>) -> Value {
    let sections = summary.sections.iter().map(|section| {
        json!({ "id": section_name(section.id), "name": section.name, "items": section.items, "bytes": section.bytes })
    });
    let imports = summary.imports.iter().map(|import| {
        let mut value = described(summary, &import.ty);
        value["module"] = import.module.into();
        value["name"] = import.name.into();
        value
    });
    let exports = summary.exports.iter().map(|export| {
        let ty = summary.extern_type(export.idx);
        let mut value = ty.map_or_else(|| json!({ "kind": export.idx.kind().text() }), |ty| described(summary, &ty));
        value["name"] = export.name.into();
        value["index"] = export.idx.index().into();
        if let ExternIdx::Func(func) = export.idx {
            value["function"] = summary.names.get(func).into();
        }
        value
    });
    let functions = summary
        .bodies
        .iter()
        .map(|body| json!({ "index": body.func.0, "name": summary.names.get(body.func), "bytes": body.bytes }));
    let features =
        summary.needs.by_feature().map(|(feature, reasons)| json!({ "name": feature.text(), "for": reasons }));
    let producers = summary.producers.iter().map(|(field, values)| {
        let values = values.iter().map(|(name, version)| json!({ "name": name, "version": version }));
        json!({ "field": field, "values": values.collect::<Vec<_>>() })
    });
    json!({
        "file": file,
        "bytes": bytes,
        "name": summary.module_name,
        "sections": sections.collect::<Vec<_>>(),
        "features": features.collect::<Vec<_>>(),
        "imports": imports.collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "memories": summary.memories.iter().map(|ty| described(summary, &ExternType::Memory(*ty))).collect::<Vec<_>>(),
        "tables": summary.tables.iter().map(|ty| described(summary, &ExternType::Table(*ty))).collect::<Vec<_>>(),
        "start": summary.start.map(|FuncIdx(func)| func),
        "functions": functions.collect::<Vec<_>>(),
        "producers": producers.collect::<Vec<_>>(),
    })
}

/// Kind and type of something.
fn described(summary: &Summary<'_>, ty: &ExternType) -> Value {
    let kind = ty.kind().text();
    let limits = |limits: Limits| json!({ "min": limits.min, "max": limits.max });
    match ty {
        ExternType::Func(ty) | ExternType::FuncExact(ty) | ExternType::Tag(ty) => {
            let ty = summary.func_type(*ty);
            let list = |types: Option<wasm_syntax::Sequence<'_, wasm_syntax::ValType>>| -> Vec<String> {
                types.iter().flat_map(|types| types.iter()).map(|ty| ty.to_string()).collect()
            };
            json!({ "kind": kind, "params": list(ty.map(|ty| ty.params)), "results": list(ty.map(|ty| ty.results)) })
        }
        ExternType::Table(ty) => json!({
            "kind": kind, "element": ty.elem.to_string(), "elements": limits(ty.limits), "table64": ty.table64,
        }),
        ExternType::Memory(ty) => json!({
            "kind": kind, "pages": limits(ty.limits), "page_bytes": 1_u64 << ty.page_size_log2, "memory64": ty.memory64,
            "shared": ty.shared,
        }),
        ExternType::Global(ty) => json!({ "kind": kind, "type": ty.val.to_string(), "mutable": ty.mutable }),
    }
}
