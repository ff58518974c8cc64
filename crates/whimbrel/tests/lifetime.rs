//! What keeps objects alive, and that the rest is freed.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{instantiate, module, with_imports};
use whimbrel::{
    Engine, Extern, ExternRef, Func, Global, GlobalType, Instance, Linker, Module, Mutability, RefType, Store, Table,
    TableType, Val, ValType,
};

/// Counts how many of its clones' values were dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn token(&self) -> Token {
        Token(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

struct Token(Drops);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

const LEAF: &str = r#"(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1))
    (func (export "f") (result i32) (i32.const 3)))"#;

#[test]
fn an_instance_goes_when_its_last_handle_goes() {
    let (mut store, instance) = instantiate(LEAF);
    let clone = instance.clone();
    drop(instance);
    assert_eq!((store.gc(), store.num_instances()), (0, 1));
    drop(clone);
    assert_eq!((store.gc(), store.num_instances()), (1, 0));
}

#[test]
fn a_function_holds_its_instance_and_a_memory_does_not() {
    let (mut store, instance) = instantiate(LEAF);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    memory.write(&mut store, 0, b"kept").unwrap();
    let func = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    drop(instance);
    assert_eq!(store.gc(), 0);
    assert_eq!(func.call(&mut store, ()).unwrap(), 3);
    drop(func);
    assert_eq!(store.gc(), 1);
    assert_eq!(&memory.data(&store)[..4], b"kept");
}

#[test]
fn importers_hold_what_they_import() {
    let (mut store, lib) = instantiate(LEAF);
    let f = lib.get_export(&mut store, "f").unwrap();
    let text = r#"(module (import "" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))"#;
    let user = with_imports(&mut store, text, &[f]).unwrap();
    drop(lib);
    assert_eq!(store.gc(), 0);
    let g = user.get_typed_func::<(), i32>(&mut store, "g").unwrap();
    drop(user);
    assert_eq!(store.gc(), 0);
    assert_eq!(g.call(&mut store, ()).unwrap(), 3);
    drop(g);
    assert_eq!(store.gc(), 2);
}

#[test]
fn cycles_through_tables_and_globals_are_freed() {
    let mut store = Store::<()>::default();
    let table = TableType::new(RefType::FUNCREF, 2, None);
    let table = Table::new(&mut store, table, Val::FuncRef(None)).unwrap();
    let global = GlobalType::new(ValType::FUNCREF, Mutability::Var);
    let global = Global::new(&mut store, global, Val::FuncRef(None)).unwrap();
    let text = |n| {
        format!(
            r#"(module (import "" "t" (table 2 funcref)) (import "" "g" (global $g (mut funcref)))
                (func $f) (elem (i32.const {n}) func $f)
                (func $s (global.set $g (ref.func $f))) (start $s))"#
        )
    };
    for n in 0..2 {
        with_imports(&mut store, &text(n), &[table.clone().into(), global.clone().into()]).unwrap();
    }
    assert_eq!(store.gc(), 0);
    table.fill(&mut store, 0, Val::FuncRef(None), 2).unwrap();
    assert_eq!(store.gc(), 1, "the global holds the second");
    drop((table, global));
    assert_eq!(store.gc(), 1);
}

#[test]
fn passive_segments_hold_what_they_refer_to() {
    let drops = Drops::default();
    let mut store = Store::<()>::default();
    let value = ExternRef::new(&mut store, drops.token()).unwrap();
    let global = GlobalType::new(ValType::EXTERNREF, Mutability::Const);
    let global = Global::new(&mut store, global, value.into()).unwrap();
    let text = r#"(module (import "" "g" (global $g externref)) (elem $e externref (global.get $g)) (table 1 externref)
        (func (export "get") (result externref)
            (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (table.get 0 (i32.const 0))))"#;
    let instance = with_imports(&mut store, text, &[global.into()]).unwrap();
    store.gc();
    assert_eq!(drops.count(), 0);
    let get = instance.get_typed_func::<(), Option<ExternRef>>(&mut store, "get").unwrap();
    let value = get.call(&mut store, ()).unwrap().unwrap();
    assert!(value.data(&store).unwrap().is::<Token>());
    drop((value, get, instance));
    assert_eq!((store.gc(), drops.count()), (1, 1));
}

#[test]
fn embedders_values_and_closures_are_dropped_once() {
    let drops = Drops::default();
    let mut store = Store::<()>::default();
    let value = ExternRef::new(&mut store, drops.token()).unwrap();
    let token = drops.token();
    let func = Func::wrap(&mut store, move || {
        let _ = &token;
    });
    store.gc();
    assert_eq!(drops.count(), 0);
    drop(value);
    store.gc();
    assert_eq!(drops.count(), 1);
    drop(func);
    store.gc();
    assert_eq!(drops.count(), 2);
    let _kept = ExternRef::new(&mut store, drops.token()).unwrap();
    drop(store);
    assert_eq!(drops.count(), 3);
}

#[test]
fn references_come_back_to_life_from_tables() {
    let drops = Drops::default();
    let mut store = Store::<()>::default();
    let table = TableType::new(RefType::EXTERNREF, 1, None);
    let table = Table::new(&mut store, table, Val::ExternRef(None)).unwrap();
    let value = ExternRef::new(&mut store, drops.token()).unwrap();
    table.set(&mut store, 0, value.into()).unwrap();
    store.gc();
    let value = table.get(&mut store, 0).unwrap();
    table.set(&mut store, 0, Val::ExternRef(None)).unwrap();
    store.gc();
    assert!(value.unwrap_extern_ref().unwrap().data(&store).unwrap().is::<Token>());
    drop(value);
    store.gc();
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_store_that_only_makes_instances_stays_small() {
    let drops = Drops::default();
    let engine = Engine::default();
    let module = module(&engine, r#"(module (import "h" "f" (func)) (memory 1) (func (export "g") (call 0)))"#);
    let mut store = Store::new(&engine, ());
    for _ in 0..1000 {
        let token = drops.token();
        let func = Func::wrap(&mut store, move || {
            let _ = &token;
        });
        let instance = Instance::new(&mut store, &module, &[func.into()]).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "g").unwrap().call(&mut store, ()).unwrap();
        assert!(store.num_instances() <= 8);
    }
    assert!(drops.count() >= 990, "{}", drops.count());
}

#[test]
fn collections_under_running_code_keep_what_runs() {
    let engine = Engine::default();
    let mut linker = Linker::<Option<Instance>>::new(&engine);
    linker
        .func_wrap("h", "drop", |mut caller: whimbrel::Caller<'_, Option<Instance>>| {
            // The last handle to the instance that runs; a table had the only other reference.
            caller.data_mut().take();
            for _ in 0..20 {
                let module = Module::new(caller.engine(), b"\0asm\x01\0\0\0").unwrap();
                Instance::new(&mut caller, &module, &[]).unwrap();
            }
            assert!(whimbrel::AsContextMut::as_context_mut(&mut caller).gc() > 0, "what does not run is freed");
            assert_eq!(whimbrel::AsContextMut::as_context_mut(&mut caller).gc(), 0);
        })
        .unwrap();
    let outer = r#"(module (type $f (func (result i32))) (table (export "t") 1 funcref)
        (func (export "f") (result i32) (call_indirect (type $f) (i32.const 0))))"#;
    let inner = r#"(module (import "h" "drop" (func $drop)) (import "outer" "t" (table 1 funcref)) (memory 1)
        (elem (i32.const 0) $g)
        (func $g (result i32)
            (i32.store (i32.const 0) (i32.const 11))
            (table.set (i32.const 0) (ref.null func))
            (call $drop)
            (i32.load (i32.const 0))))"#;
    let mut store = Store::new(&engine, None);
    let outer = linker.instantiate(&mut store, &module(&engine, outer)).unwrap();
    linker.instance(&mut store, "outer", &outer).unwrap();
    let inner = linker.instantiate(&mut store, &module(&engine, inner)).unwrap();
    let f = outer.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    *store.data_mut() = Some(inner);
    assert_eq!(f.call(&mut store, ()).unwrap(), 11);
    // Nothing runs in the inner instance any more.
    assert_eq!((store.gc(), store.num_instances()), (1, 1));
}

#[test]
fn modules_go_with_their_last_instance() {
    let engine = Engine::default();
    let module1 = module(&engine, LEAF);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module1, &[]).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    // The store keeps the module, which is translated only now.
    drop((module1, instance));
    store.gc();
    assert_eq!(f.call(&mut store, ()).unwrap(), 3);
}

#[test]
fn handles_outlive_their_store_harmlessly() {
    let (mut store, instance) = instantiate(LEAF);
    let exports: Vec<Extern> = instance.exports(&mut store).map(|export| export.into_extern()).collect();
    let value = ExternRef::new(&mut store, 1).unwrap();
    let engine = store.engine().clone();
    drop(store);
    let mut other = Store::new(&engine, ());
    assert!(instance.get_export(&mut other, "f").is_none());
    assert!(value.data(&other).is_err());
    for export in exports {
        if let Extern::Func(func) = export {
            assert!(func.call(&mut other, &[], &mut [Val::I32(0)]).is_err());
        }
    }
}

#[test]
fn threads_share_modules_and_engines() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
            (func (export "f") (param i32) (result i32) (call $g (call $g (local.get 0)))))"#,
    );
    let results: Vec<i32> = std::thread::scope(|scope| {
        let spawn = |n| {
            let (engine, module) = (engine.clone(), module.clone());
            scope.spawn(move || {
                let mut store = Store::new(&engine, ());
                is_shared(&store);
                is_shared(&module);
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
                f.call(&mut store, n).unwrap()
            })
        };
        let threads: Vec<_> = (0..4).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results, [0, 9, 18, 27]);
}
