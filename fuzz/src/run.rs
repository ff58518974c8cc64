//! A run on whimbrel.

use whimbrel::{Config, Engine, Error, Extern, Func, Linker, Module, Store, Trap, Val, ValType};

use crate::observe::{Event, Value, digest, sample};

/// How much fuel a run has, if it is limited.
pub type Fuel = Option<u64>;

/// The largest memory and table that a run may have.
const MAX_MEMORY_BYTES: u64 = 16 << 20;
const MAX_TABLE_ELEMS: u64 = 100_000;
const MAX_CALLS: usize = 50;

/// Loads, instantiates with default imports, calls all exported functions, and tells what can be seen. `None` if the module is
/// not valid.
#[must_use]
pub fn run(bytes: &[u8], mut config: Config, fuel: Fuel) -> Option<Vec<Event>> {
    config.max_memory_bytes(MAX_MEMORY_BYTES).max_table_elements(MAX_TABLE_ELEMS).consume_fuel(fuel.is_some());
    let engine = Engine::new(&config).ok()?;
    let module = Module::from_binary(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).expect("the engine counts fuel");
    }
    let mut linker = Linker::new(&engine);
    let instance = linker
        .define_unknown_imports_as_default_values(&mut store, &module)
        .and_then(|()| linker.instantiate(&mut store, &module));
    let instance = match instance {
        Ok(instance) => instance,
        Err(error) => return Some(vec![Event::NotInstantiated(text(&error))]),
    };
    let mut exports: Vec<(String, Extern)> =
        instance.exports(&mut store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    let mut events = Vec::new();
    let funcs = exports.iter().filter_map(|(name, export)| Some((name, export.clone().into_func()?)));
    for (name, func) in funcs.take(MAX_CALLS) {
        if let Some(event) = call(&mut store, name, &func) {
            events.push(event);
        }
    }
    for (name, export) in exports {
        match export {
            Extern::Global(global) => events.push(Event::Global(name, value(&global.get(&mut store)))),
            Extern::Memory(memory) => events.push(Event::Memory(name, digest(memory.data(&store)))),
            _ => {}
        }
    }
    Some(events)
}

fn call(store: &mut Store<()>, name: &str, func: &Func) -> Option<Event> {
    let ty = func.ty(&*store);
    let params = ty.params().enumerate().map(|(place, ty)| argument(place, ty)).collect::<Option<Vec<_>>>()?;
    let mut results: Vec<Val> = vec![Val::I32(0); ty.results().len()];
    Some(match func.call(store, &params, &mut results) {
        Ok(()) => Event::Returned(name.to_owned(), results.iter().map(value).collect()),
        Err(error) => Event::Failed(name.to_owned(), text(&error)),
    })
}

fn argument(place: usize, ty: ValType) -> Option<Val> {
    let sample = sample(place);
    Some(match ty {
        ValType::I32 => sample.into(),
        ValType::I64 => i64::from(sample).into(),
        ValType::F32 => (sample as f32).into(),
        ValType::F64 => f64::from(sample).into(),
        other => return Val::default_for_ty(other),
    })
}

fn value(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(value) => Value::V128(value.to_u128()),
        Val::FuncRef(func) => Value::Ref { is_null: func.is_none() },
        Val::ExternRef(value) => Value::Ref { is_null: value.is_none() },
        Val::ExnRef(exn) => Value::Ref { is_null: exn.is_none() },
        Val::ContRef(cont) => Value::Ref { is_null: cont.is_none() },
        Val::AnyRef(value) => Value::Ref { is_null: value.is_none() },
        Val::NullRef => Value::Ref { is_null: true },
    }
}

/// The trap, or else what the error says.
fn text(error: &Error) -> String {
    error.as_trap().map_or_else(|| format!("error: {}", error.root_cause()), |trap| trap.to_string())
}

/// Whether a call has ended because there was no room for an object.
#[must_use]
pub fn is_exhausted(event: &Event) -> bool {
    let exhausted = Trap::AllocationFailure.to_string();
    matches!(event, Event::Failed(_, text) | Event::NotInstantiated(text) if *text == exhausted)
}
