//! Linking and instantiation: what matches, what the errors say, what a failure leaves.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::{module, with_imports};
use whimbrel::{
    Caller, Engine, Extern, Func, HandleError, Instance, LinkError, Linker, Memory, MemoryType, RefType, Store, Table,
    TableType, Trap, Val,
};

#[test]
fn errors_name_the_import() {
    let engine = Engine::default();
    let module = module(&engine, r#"(module (import "env" "f" (func (param i32) (result i64))))"#);
    let mut linker = Linker::<()>::new(&engine);
    let mut store = Store::new(&engine, ());
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(error.to_string(), "unknown import: `env::f` has not been defined");
    linker.func_wrap("env", "f", |_: i64| {}).unwrap();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(
        error.to_string(),
        "incompatible import type for `env::f`: expected (func (param i32) (result i64)), found (func (param i64))"
    );
    assert!(matches!(error.downcast_ref(), Some(LinkError::Incompatible { .. })));
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 imports, found 0");
    assert_eq!(store.num_instances(), 0);
}

#[test]
fn sizes_are_matched_as_they_are_now() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
    let import = |limits: &str| format!(r#"(module (import "" "m" (memory {limits})))"#);
    let try_import = |store: &mut Store<()>, limits| {
        with_imports(store, &import(limits), &[memory.clone().into()]).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(
        try_import(&mut store, "2").unwrap_err(),
        "incompatible import type for `::m`: expected (memory 2), found (memory 1 4)"
    );
    assert!(try_import(&mut store, "1 3").is_err());
    memory.grow(&mut store, 1).unwrap();
    try_import(&mut store, "2").unwrap();
    try_import(&mut store, "2 4").unwrap();
}

#[test]
fn definitions_are_made_once_unless_shadowing_is_allowed() {
    let mut linker = Linker::<()>::new(&Engine::default());
    linker.func_wrap("a", "b", || 1).unwrap();
    let error = linker.func_wrap("a", "b", || 2).unwrap_err();
    assert_eq!(error.to_string(), "import of `a::b` defined twice");
    linker.allow_shadowing(true).func_wrap("a", "b", || 2).unwrap();
    linker.alias("a", "b", "c", "d").unwrap();
    let mut store = Store::new(linker.engine(), ());
    let func = linker.get(&mut store, "c", "d").unwrap().into_func().unwrap();
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 2);
    assert!(linker.get(&mut store, "a", "c").is_none());
    assert!(matches!(linker.alias("x", "y", "e", "f").unwrap_err().downcast(), Ok(LinkError::Unknown { .. })));
}

#[test]
fn modules_link_to_each_other() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let lib = module(
        &engine,
        r#"(module (memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 5))
            (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"#,
    );
    linker.module(&mut store, "lib", &lib).unwrap();
    let main = module(
        &engine,
        r#"(module (import "lib" "memory" (memory 1)) (import "lib" "g" (global $g (mut i32)))
            (import "lib" "set" (func $set (param i32 i32)))
            (func (export "f") (result i32)
                (call $set (i32.const 9) (global.get $g)) (global.set $g (i32.const 1)) (i32.load8_u (i32.const 9))))"#,
    );
    let instance = linker.instantiate(&mut store, &main).unwrap();
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "f").unwrap().call(&mut store, ()).unwrap(), 5);
    let global = linker.get(&mut store, "lib", "g").unwrap().into_global().unwrap();
    assert_eq!(global.get(&mut store).unwrap_i32(), 1);
}

#[test]
fn unknown_imports_become_traps_or_defaults() {
    let engine = Engine::default();
    let text = r#"(module
        (import "x" "f" (func $f (param i32) (result i64 externref)))
        (func (export "f") (result i64) (call $f (i32.const 1)) drop))"#;
    let module1 = module(&engine, text);
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&module1).unwrap();
    let instance = linker.instantiate(&mut store, &module1).unwrap();
    let f = instance.get_typed_func::<(), i64>(&mut store, "f").unwrap();
    let error = f.call(&mut store, ()).unwrap_err();
    assert_eq!(error.to_string(), "unknown import: `x::f` has not been defined");

    let text = r#"(module
        (import "x" "f" (func $f (param i32) (result i64 externref)))
        (import "x" "g" (global f32)) (import "x" "m" (memory 2)) (import "x" "t" (table 3 funcref))
        (func (export "f") (result i64) (call $f (i32.const 1)) drop)
        (export "m" (memory 0)) (export "t" (table 0)))"#;
    let module2 = module(&engine, text);
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_default_values(&mut store, &module2).unwrap();
    let instance = linker.instantiate(&mut store, &module2).unwrap();
    let f = instance.get_typed_func::<(), i64>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 0);
    assert_eq!(instance.get_memory(&mut store, "m").unwrap().size(&store), 2);
    assert_eq!(instance.get_table(&mut store, "t").unwrap().size(&store), 3);
}

#[test]
fn the_start_function_runs_and_may_fail() {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("h", "log", |mut caller: Caller<'_, i32>, n: i32| *caller.data_mut() += n).unwrap();
    let text = |rest: &str| {
        format!(
            r#"(module (import "h" "log" (func $log (param i32))) (func $s (call $log (i32.const 4)) {rest}) (start $s))"#
        )
    };
    let mut store = Store::new(&engine, 0);
    linker.instantiate(&mut store, &module(&engine, &text(""))).unwrap();
    let error = linker.instantiate(&mut store, &module(&engine, &text("unreachable"))).unwrap_err();
    assert_eq!((error.as_trap(), *store.data()), (Some(Trap::Unreachable), 8));
}

/// A table, and a module whose first segment fits it and whose second does not.
fn partial(store: &mut Store<()>) -> Table {
    let ty = TableType::new(RefType::FUNCREF, 4, None);
    let table = Table::new(&mut *store, ty, Val::FuncRef(None)).unwrap();
    let text = r#"(module
        (import "" "t" (table 4 funcref))
        (memory (export "memory") 1) (data (i32.const 3) "\05")
        (func $f (export "f") (result i32) (i32.add (i32.load8_u (i32.const 3)) (i32.const 37)))
        (elem (i32.const 2) func $f)
        (elem (i32.const 3) func $f $f)
        (data (i32.const 0) "never"))"#;
    let error = with_imports(store, text, &[table.clone().into()]).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::TableOutOfBounds));
    assert_eq!(error.to_string(), "out of bounds table access");
    table
}

#[test]
fn a_failed_instantiation_leaves_what_it_wrote() {
    let mut store = Store::<()>::default();
    let table = partial(&mut store);
    // The instance lives on in the table, and goes with its last reference.
    store.gc();
    assert_eq!(store.num_instances(), 1);
    // The segment that did not fit wrote nothing, not even the element that would have fitted.
    assert!(table.get(&mut store, 3).unwrap().unwrap_func_ref().is_none());
    let func = table.get(&mut store, 2).unwrap().unwrap_func_ref().unwrap().clone();
    let typed = func.typed::<(), i32>(&store).unwrap();
    // Data segments come after element segments: none was written.
    assert_eq!(typed.call(&mut store, ()).unwrap(), 37);
    table.set(&mut store, 2, Val::FuncRef(None)).unwrap();
    assert_eq!(store.gc(), 0, "a handle to its function holds the instance");
    drop((func, typed));
    assert_eq!(store.gc(), 1);
}

#[test]
fn data_segments_that_do_not_fit_trap_after_those_that_do() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let text = r#"(module (import "" "m" (memory 1)) (data (i32.const 1) "ab") (data (i32.const 65535) "cd"))"#;
    let error = with_imports(&mut store, text, &[memory.clone().into()]).unwrap_err();
    assert_eq!(error.to_string(), "out of bounds memory access");
    assert_eq!((&memory.data(&store)[..4], memory.data(&store)[65535]), (&b"\0ab\0"[..], 0));
}

#[test]
fn dropped_segments_are_empty() {
    let text = r#"(module
        (memory 1) (table 4 funcref) (func $f)
        (data (i32.const 0) "abc") (data $passive "de")
        (elem (i32.const 0) func $f) (elem declare func $f) (elem $kept func $f $f)
        (func (export "data") (param i32) (memory.init 0 (i32.const 0) (i32.const 0) (local.get 0)))
        (func (export "passive") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 2)))
        (func (export "elem") (param i32) (table.init 0 (i32.const 0) (i32.const 0) (local.get 0)))
        (func (export "declared") (param i32) (table.init 1 (i32.const 0) (i32.const 0) (local.get 0)))
        (func (export "kept") (table.init $kept (i32.const 0) (i32.const 0) (i32.const 2))))"#;
    let (mut store, instance) = common::instantiate(text);
    for (name, trap) in
        [("data", Trap::MemoryOutOfBounds), ("elem", Trap::TableOutOfBounds), ("declared", Trap::TableOutOfBounds)]
    {
        let init = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
        init.call(&mut store, 0).unwrap();
        assert_eq!(init.call(&mut store, 1).unwrap_err().as_trap(), Some(trap), "{name}");
    }
    for name in ["passive", "kept"] {
        instance.get_typed_func::<(), ()>(&mut store, name).unwrap().call(&mut store, ()).unwrap();
    }
}

#[test]
fn handles_of_another_store_are_errors() {
    let (mut store, instance) = common::instantiate(r#"(module (memory (export "m") 1) (func (export "f")))"#);
    let func = instance.get_func(&mut store, "f").unwrap();
    let typed = func.typed::<(), ()>(&store).unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let mut other = Store::new(&store.engine().clone(), ());
    let is_wrong = |error: whimbrel::Error| assert_eq!(error.downcast_ref(), Some(&HandleError::WrongStore));
    is_wrong(func.call(&mut other, &[], &mut []).unwrap_err());
    is_wrong(typed.call(&mut other, ()).unwrap_err());
    is_wrong(func.typed::<(), ()>(&other).unwrap_err());
    is_wrong(memory.grow(&mut other, 0).unwrap_err());
    assert!(instance.get_export(&mut other, "f").is_none());
    let table = TableType::new(RefType::FUNCREF, 1, None);
    is_wrong(Table::new(&mut other, table, func.clone().into()).unwrap_err());
    let text = r#"(module (import "" "m" (memory 1)))"#;
    is_wrong(with_imports(&mut other, text, &[Extern::Memory(memory.clone())]).unwrap_err());
    // A reference as an argument, from the wrong side.
    let take = Func::wrap(&mut other, |_: Option<Func>| {});
    is_wrong(take.call(&mut other, &[func.clone().into()], &mut []).unwrap_err());
    let give = Func::wrap(&mut other, move || Some(func.clone()));
    is_wrong(give.call(&mut other, &[], &mut [Val::FuncRef(None)]).unwrap_err());
}

#[test]
#[should_panic(expected = "the object belongs to the store")]
fn a_memory_of_another_store_does_not_lend_its_bytes() {
    let (mut store, instance) = common::instantiate(r#"(module (memory (export "m") 1))"#);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let other = Store::new(&store.engine().clone(), ());
    let _ = memory.data(&other);
}

#[test]
fn modules_of_another_engine_are_errors() {
    let module = module(&Engine::default(), "(module)");
    let mut store = Store::<()>::default();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&HandleError::WrongEngine));
}

#[test]
fn wrong_arguments_are_errors() {
    let (mut store, instance) =
        common::instantiate(r#"(module (func (export "f") (param i32 i64) (result f32) (f32.const 1)))"#);
    let func = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::I32(0)];
    let mut text = |args: &[Val], results: &mut [Val]| func.call(&mut store, args, results).unwrap_err().to_string();
    assert_eq!(text(&[Val::I32(1)], &mut results), "expected 2 arguments, found 1");
    assert_eq!(text(&[Val::I32(1), Val::F32(0)], &mut results), "type mismatch: expected (i32, i64), found (i32, f32)");
    assert_eq!(text(&[Val::I32(1), Val::I64(0)], &mut []), "expected 1 results, found 0");
    func.call(&mut store, &[Val::I32(1), Val::I64(0)], &mut results).unwrap();
    assert_eq!(results[0].unwrap_f32(), 1.0);
    let error = instance.get_typed_func::<(i32, i32), f32>(&mut store, "f").unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "failed to find function export `f`: type mismatch: expected (func (param i32 i32) (result f32)), \
         found (func (param i32 i64) (result f32))"
    );
    let error = instance.get_typed_func::<(), ()>(&mut store, "g").unwrap_err();
    assert_eq!(error.to_string(), "no export `g` that is a func");
}
