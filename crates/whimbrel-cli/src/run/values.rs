//! The arguments and results of `--invoke`.

use wasm_syntax::V128;
use whimbrel::{FuncType, Val, ValType};

use super::numbers::{format_f32, format_f64, parse_f32, parse_f64, parse_int, parse_v128};
use crate::failure::{Exit, Failure, Result};
use crate::output::{Plain, count};

/// The values that `args` stand for as the parameters of the function `name`.
pub(crate) fn parse_all(name: &str, ty: &FuncType, args: &[String]) -> Result<Vec<Val>> {
    let params: Vec<ValType> = ty.params().collect();
    if params.len() != args.len() {
        let types: Vec<_> = params.iter().map(ToString::to_string).collect();
        let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
        let expected = match params.len() {
            0 => "no arguments".to_owned(),
            len => count(len as u64, "argument", "arguments"),
        };
        let verb = if args.len() == 1 { "was" } else { "were" };
        return Err(Failure::new(
            Exit::Arguments,
            format_args!("`{}` takes {expected}{types}, and {} {verb} given", Plain(name), args.len()),
        ));
    }
    let wrong = |n: usize, arg: &str, ty: &ValType| {
        let position = n + 1;
        let what = format_args!("argument {position} of `{}`: `{}` is not a valid {ty}", Plain(name), Plain(arg));
        Failure::new(Exit::Arguments, what)
    };
    let values = params.iter().zip(args).enumerate();
    values.map(|(n, (ty, arg))| parse(ty, arg).ok_or_else(|| wrong(n, arg, ty))).collect()
}

/// The value of type `ty` that `text` stands for.
pub(crate) fn parse(ty: &ValType, text: &str) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(parse_int(text, 32)? as i32),
        ValType::I64 => Val::I64(parse_int(text, 64)? as i64),
        ValType::F32 => Val::F32(parse_f32(text)?),
        ValType::F64 => Val::F64(parse_f64(text)?),
        ValType::V128 => Val::V128(V128::from_u128(parse_v128(text)?)),
        ValType::Ref(ty) if text == "null" => Val::null(*ty)?,
        ValType::Ref(_) => return None,
    })
}

/// A result, in a form that can be an argument again where it is a number.
pub(crate) fn format(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => format_f32(*bits),
        Val::F64(bits) => format_f64(*bits),
        Val::V128(value) => format!("{:#034x}", value.to_u128()),
        Val::FuncRef(None)
        | Val::ExternRef(None)
        | Val::ExnRef(None)
        | Val::ContRef(None)
        | Val::AnyRef(None)
        | Val::NullRef => "null".to_owned(),
        Val::FuncRef(Some(_)) => "funcref".to_owned(),
        Val::ExternRef(Some(_)) => "externref".to_owned(),
        Val::ExnRef(Some(_)) => "exnref".to_owned(),
        Val::ContRef(Some(_)) => "contref".to_owned(),
        Val::AnyRef(Some(reference)) => match reference.as_i31() {
            Some(value) => format!("i31 {value}"),
            None => "anyref".to_owned(),
        },
    }
}
