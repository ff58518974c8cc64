//! A run on wasmi, and traps under the names that both engines share.

use wasmi::{Config, Engine, ExternType, Linker, Module, Store, TrapCode, Val, ValType};

use crate::observe::{Event, Value, digest, sample};

/// As [`run`](crate::run::run), on wasmi, of a module without imports. `None` if wasmi does not take the module.
#[must_use]
pub fn run(bytes: &[u8]) -> Option<Vec<Event>> {
    let mut config = Config::default();
    config.wasm_custom_page_sizes(true).wasm_wide_arithmetic(true).set_max_recursion_depth(100_000);
    config.set_max_stack_height(64 << 20);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    let instance = match Linker::new(&engine).instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => return Some(vec![Event::NotInstantiated(text(&error))]),
    };
    let mut events = Vec::new();
    let mut names: Vec<(String, ExternType)> =
        module.exports().map(|export| (export.name().to_owned(), export.ty().clone())).collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, ty) in names.iter().filter(|(_, ty)| matches!(ty, ExternType::Func(_))).take(50) {
        let ExternType::Func(ty) = ty else { continue };
        let params: Vec<Val> = ty.params().iter().enumerate().map(|(place, &ty)| argument(place, ty)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|&ty| Val::default_for_ty(ty)).collect();
        let func = instance.get_func(&store, name)?;
        events.push(match func.call(&mut store, &params, &mut results) {
            Ok(()) => Event::Returned(name.clone(), results.iter().map(value).collect()),
            Err(error) => Event::Failed(name.clone(), text(&error)),
        });
    }
    for (name, ty) in names {
        match ty {
            ExternType::Global(_) => {
                let global = instance.get_global(&store, &name)?;
                events.push(Event::Global(name, value(&global.get(&store))));
            }
            ExternType::Memory(_) => {
                let memory = instance.get_memory(&store, &name)?;
                events.push(Event::Memory(name, digest(memory.data(&store))));
            }
            _ => {}
        }
    }
    Some(events)
}

fn argument(place: usize, ty: ValType) -> Val {
    let sample = sample(place);
    match ty {
        ValType::I32 => sample.into(),
        ValType::I64 => i64::from(sample).into(),
        ValType::F32 => (sample as f32).into(),
        ValType::F64 => f64::from(sample).into(),
        other => Val::default_for_ty(other),
    }
}

fn value(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(func) => Value::Ref { is_null: func.is_null() },
        Val::ExternRef(value) => Value::Ref { is_null: value.is_null() },
    }
}

/// The trap under whimbrel's name for it.
fn text(error: &wasmi::Error) -> String {
    match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => "unreachable".to_owned(),
        Some(TrapCode::TableOutOfBounds) => TABLE.to_owned(),
        Some(TrapCode::IndirectCallToNull) => "uninitialized element".to_owned(),
        Some(trap) => trap.to_string(),
        None => format!("error: {error}"),
    }
}

const TABLE: &str = "out of bounds table access";

/// Events without what the engines tell apart otherwise: why a module is not instantiated, and of two kinds of access beyond
/// a table's end wasmi has one name for both.
#[must_use]
pub fn common(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        match event {
            Event::NotInstantiated(text) => text.clear(),
            Event::Failed(_, text) if text == "undefined element" => TABLE.clone_into(text),
            _ => {}
        }
    }
    events
}
