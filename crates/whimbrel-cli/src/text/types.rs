//! Types in the text format.

use std::fmt::Write;

use wasm_syntax::{
    CompositeType, FieldType, FuncType, GlobalType, Limits, MemType, Sequence, SubType, TableType, ValType,
};

/// ` (param i32 i64) (result f32)`
pub(super) fn signature(ty: &FuncType<'_>) -> String {
    let list = |keyword: &str, types: &Sequence<'_, ValType>| {
        if types.is_empty() {
            return String::new();
        }
        let types: String = types.iter().map(|ty| format!(" {ty}")).collect();
        format!(" ({keyword}{types})")
    };
    list("param", &ty.params) + &list("result", &ty.results)
}

fn field(ty: &FieldType) -> String {
    if ty.mutable { format!("(mut {})", ty.storage) } else { ty.storage.to_string() }
}

fn composite(ty: &CompositeType<'_>) -> String {
    match ty {
        CompositeType::Func(ty) => format!("(func{})", signature(ty)),
        CompositeType::Struct(fields) => {
            let fields: String = fields.iter().map(|ty| format!(" (field {})", field(&ty))).collect();
            format!("(struct{fields})")
        }
        CompositeType::Array(ty) => format!("(array {})", field(ty)),
        CompositeType::Cont(ty) => format!("(cont {ty})"),
    }
}

/// What stands in a `(type …)`.
pub(super) fn sub_type(ty: &SubType<'_>) -> String {
    let mut text = composite(&ty.composite);
    if let Some(descriptor) = ty.descriptor {
        text = format!("(descriptor {descriptor}) {text}");
    }
    if let Some(describes) = ty.describes {
        text = format!("(describes {describes}) {text}");
    }
    let is_plain = ty.is_final && ty.supertypes.is_empty();
    if is_plain && ty.descriptor.is_none() && ty.describes.is_none() {
        return text;
    }
    let supertypes: String = ty.supertypes.iter().map(|ty| format!("{ty} ")).collect();
    format!("(sub {}{supertypes}{text})", if ty.is_final { "final " } else { "" })
}

fn limits(limits: Limits) -> String {
    match limits.max {
        Some(max) => format!("{} {max}", limits.min),
        None => limits.min.to_string(),
    }
}

pub(super) fn table(ty: &TableType) -> String {
    format!("{}{} {}", if ty.table64 { "i64 " } else { "" }, limits(ty.limits), ty.elem)
}

pub(super) fn memory(ty: &MemType) -> String {
    let mut text = format!("{}{}", if ty.memory64 { "i64 " } else { "" }, limits(ty.limits));
    if ty.shared {
        text.push_str(" shared");
    }
    if ty.page_size_log2 != 16 {
        let _ = write!(text, " (pagesize {})", 1_u64 << ty.page_size_log2);
    }
    text
}

pub(super) fn global(ty: &GlobalType) -> String {
    if ty.mutable { format!("(mut {})", ty.val) } else { ty.val.to_string() }
}
