//! Every limit of modules and stores holds at n and refuses n + 1.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use whimbrel::{
    Config, Engine, Feature, Features, Instance, Module, ModuleLimits, Result, Store, Trap, TypedResumableCall,
};

/// A limit's name, how to set it, and a module that has so many of what it limits.
type Row = (&'static str, fn(&mut ModuleLimits, u32), fn(u32) -> String);

fn repeat(count: u32, item: impl Fn(u32) -> String) -> String {
    (0..count).map(item).collect()
}

/// A module of these fields.
fn fields(count: u32, item: impl Fn(u32) -> String) -> String {
    format!("(module {})", repeat(count, item))
}

fn func(contents: &str) -> String {
    format!("(module (func {contents}))")
}

const ROWS: &[Row] = &[
    ("types", |l, n| l.types = n, |n| fields(n, |_| "(type (func))".into())),
    ("types", |l, n| l.types = n, |n| format!("(module (rec {}))", repeat(n, |_| "(type (struct))".into()))),
    ("functions", |l, n| l.functions = n, |n| fields(n, |_| "(func)".into())),
    (
        "functions",
        |l, n| l.functions = n,
        |n| format!("(module (import \"\" \"\" (func)) {})", repeat(n - 1, |_| "(func)".into())),
    ),
    ("imports", |l, n| l.imports = n, |n| fields(n, |_| "(import \"\" \"\" (func))".into())),
    (
        "exports",
        |l, n| l.exports = n,
        |n| format!("(module (memory 0) {})", repeat(n, |n| format!("(export \"{n}\" (memory 0))"))),
    ),
    ("globals", |l, n| l.globals = n, |n| fields(n, |_| "(global i32 (i32.const 0))".into())),
    ("tables", |l, n| l.tables = n, |n| fields(n, |_| "(table 0 funcref)".into())),
    ("memories", |l, n| l.memories = n, |n| fields(n, |_| "(memory 0)".into())),
    ("tags", |l, n| l.tags = n, |n| fields(n, |_| "(tag)".into())),
    ("elem_segments", |l, n| l.elem_segments = n, |n| fields(n, |_| "(elem func)".into())),
    ("data_segments", |l, n| l.data_segments = n, |n| fields(n, |_| "(data \"\")".into())),
    (
        "name_bytes",
        |l, n| l.name_bytes = n,
        |n| format!("(module (memory 0) (export \"{}\" (memory 0)))", "x".repeat(n as usize)),
    ),
    (
        "name_bytes",
        |l, n| l.name_bytes = n,
        |n| format!("(module (import \"{}\" \"\" (func)))", "x".repeat(n as usize)),
    ),
    (
        "name_bytes",
        |l, n| l.name_bytes = n,
        |n| format!("(module (import \"\" \"{}\" (func)))", "x".repeat(n as usize)),
    ),
    // The number of runs of locals and the end take a byte each.
    ("body_bytes", |l, n| l.body_bytes = n, |n| func(&"nop ".repeat(n as usize - 2))),
    ("locals", |l, n| l.locals = n, |n| func(&"(local i32) ".repeat(n as usize))),
    ("locals", |l, n| l.locals = n, |n| func(&format!("(param i32 i64) (local {})", "f32 ".repeat(n as usize - 2)))),
    ("params", |l, n| l.params = n, |n| format!("(module (type (func (param {}))))", "i32 ".repeat(n as usize))),
    ("results", |l, n| l.results = n, |n| format!("(module (type (func (result {}))))", "i32 ".repeat(n as usize))),
    ("fields", |l, n| l.fields = n, |n| format!("(module (type (struct (field {}))))", "i32 ".repeat(n as usize))),
    (
        "subtyping_depth",
        |l, n| l.subtyping_depth = n,
        |n| format!("(module (type (sub (struct))) {})", repeat(n, |n| format!("(type (sub {n} (struct)))"))),
    ),
    (
        "array_new_fixed",
        |l, n| l.array_new_fixed = n,
        |n| {
            let values = "(i32.const 0) ".repeat(n as usize);
            format!("(module (type (array i32)) (func (drop (array.new_fixed 0 {n} {values}))))")
        },
    ),
    ("clauses", |l, n| l.clauses = n, |n| func(&format!("(try_table {})", "(catch_all 0) ".repeat(n as usize)))),
];

fn load(config: &Config, text: &str) -> Result<Module> {
    Module::new(&Engine::new(config)?, wat::parse_str(text).unwrap())
}

#[test]
fn modules_have_as_much_as_limits_allow_and_no_more() {
    let limit = 12;
    for (name, set, text) in ROWS {
        let mut limits = ModuleLimits::default();
        set(&mut limits, limit);
        let mut config = Config::new();
        config.limits(limits);
        if let Err(error) = load(&config, &text(limit)) {
            panic!("{name}: {limit} are allowed: {error:#}");
        }
        let error = load(&config, &text(limit + 1)).expect_err(name);
        assert!(format!("{error:#}").contains(name), "{name}: {error:#}");
    }
}

#[test]
fn every_limit_of_modules_has_a_row() {
    let text = format!("{:?}", ModuleLimits::default());
    let names: Vec<&str> =
        text.split(['{', ',']).skip(1).filter_map(|field| Some(field.split_once(':')?.0.trim())).collect();
    assert!(names.len() >= 20, "{names:?}");
    // A module with a larger table is valid, and has no instances.
    for name in names.into_iter().filter(|name| *name != "table_elems") {
        assert!(ROWS.iter().any(|row| row.0 == name), "{name} has no row");
    }
}

/// The presets, at the limits that are cheap to reach.
#[test]
fn presets_hold_at_their_numbers() {
    let mut strict = Config::new();
    strict.limits(ModuleLimits::STRICT);
    for (config, limits) in [(Config::new(), ModuleLimits::DEFAULT), (strict, ModuleLimits::STRICT)] {
        let numbers: [(&str, u32); 8] = [
            ("tables", limits.tables),
            ("memories", limits.memories),
            ("locals", limits.locals),
            ("params", limits.params),
            ("results", limits.results),
            ("fields", limits.fields),
            ("subtyping_depth", limits.subtyping_depth),
            ("name_bytes", limits.name_bytes),
        ];
        for (name, number) in numbers {
            let text = ROWS.iter().find(|row| row.0 == name).unwrap().2;
            if let Err(error) = load(&config, &text(number)) {
                panic!("{name}: {number} are allowed: {error:#}");
            }
            assert!(load(&config, &text(number + 1)).is_err(), "{name}: {number} + 1");
        }
    }
}

#[test]
fn defaults_are_those_of_other_engines() {
    let limits = ModuleLimits::default();
    let million = [limits.types, limits.functions, limits.imports, limits.exports];
    assert_eq!(million, [1_000_000; 4]);
    assert_eq!((limits.locals, limits.params, limits.results, limits.body_bytes), (50_000, 1_000, 1_000, 7_654_321));
    assert_eq!(
        (limits.memories, limits.tables, limits.table_elems, limits.subtyping_depth),
        (100, 100, 10_000_000, 63)
    );
}

fn instantiate(config: &Config, text: &str) -> Result<(Store<()>, Instance)> {
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, wat::parse_str(text).unwrap())?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    Ok((store, instance))
}

#[test]
fn tables_start_no_larger_than_modules_may_ask_for() {
    let mut config = Config::new();
    config.limits(ModuleLimits { table_elems: 12, ..ModuleLimits::default() });
    assert!(instantiate(&config, "(module (table 12 funcref))").is_ok());
    assert!(instantiate(&config, "(module (table 13 funcref))").is_err());
}

#[test]
fn stores_hold_as_much_as_limits_allow_and_no_more() {
    let mut config = Config::new();
    config.max_memory_bytes(3 << 16).max_table_elements(5).max_instances(4);
    for (kind, limit) in [("memory", 3), ("table", 5)] {
        let ty = if kind == "table" { "funcref" } else { "" };
        assert!(instantiate(&config, &format!("(module ({kind} {limit} {ty}))")).is_ok());
        assert!(instantiate(&config, &format!("(module ({kind} {} {ty}))", limit + 1)).is_err());
        let init = if kind == "table" { "(ref.null func)" } else { "" };
        let text = format!(
            r#"(module ({kind} 1 {ty}) (func (export "grow") (param i32) (result i32) ({kind}.grow {init} (local.get 0))))"#
        );
        let (mut store, instance) = instantiate(&config, &text).unwrap();
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
        assert_eq!(grow.call(&mut store, limit).unwrap(), -1);
        assert_eq!(grow.call(&mut store, limit - 1).unwrap(), 1);
        assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    }
    let (mut store, first) = instantiate(&config, "(module)").unwrap();
    let more: Vec<_> = (0..3).map(|_| Instance::new(&mut store, first.module(), &[]).unwrap()).collect();
    assert!(Instance::new(&mut store, first.module(), &[]).is_err());
    assert_eq!(more.len() + 1, store.num_instances());
}

#[test]
fn the_stack_and_host_calls_end_where_limits_say() {
    let text = r#"(module (func $f (export "f") (param i32)
        (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let deepest = |bytes: usize| {
        let mut config = Config::new();
        config.max_wasm_stack(bytes);
        let (mut store, instance) = instantiate(&config, text).unwrap();
        let f = instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap();
        let fits = |depth: &i32| match f.call(&mut store, *depth) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.as_trap(), Some(Trap::CallStackExhausted));
                false
            }
        };
        (0..10_000).take_while(fits).count()
    };
    let (small, large) = (deepest(16 << 10), deepest(32 << 10));
    assert!(small > 50 && large > 3 * small / 2 && large < 5 * small / 2, "{small}, {large}");
}

#[test]
fn features_that_are_off_are_refused() {
    let mut config = Config::new();
    config.wasm_features(Features::V3.without(Feature::Simd));
    assert!(load(&config, &func("(drop (v128.const i64x2 0 0))")).is_err());
}

/// A call that is out of fuel before it starts is suspended there.
#[test]
fn no_fuel_is_no_start() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let (mut store, instance) = instantiate(&config, r#"(module (func (export "f")))"#).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let TypedResumableCall::Suspended(call) = f.call_resumable(&mut store, ()).unwrap() else {
        panic!("there is none")
    };
    store.set_fuel(1).unwrap();
    assert!(matches!(call.resume(&mut store).unwrap(), TypedResumableCall::Finished(())));
    assert_eq!(store.get_fuel().unwrap(), 0);
}
