//! A store's limiter is asked before memories and tables are made or grow, and its other numbers hold.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod common;

use common::module;
use whimbrel::{
    Config, Engine, Error, HandleError, Instance, Memory, MemoryType, RefType, ResourceLimiter, Result, Store,
    StoreLimits, StoreLimitsBuilder, Table, TableType, Trap, Val,
};

const PAGE: usize = 65536;

/// Notes what it is asked, and answers by a list.
#[derive(Default)]
struct Notes {
    asked: Vec<(&'static str, usize, usize, Option<usize>)>,
    answers: Vec<Result<bool>>,
}

impl Notes {
    fn answer(&mut self, question: (&'static str, usize, usize, Option<usize>)) -> Result<bool> {
        self.asked.push(question);
        if self.answers.is_empty() { Ok(true) } else { self.answers.remove(0) }
    }
}

impl ResourceLimiter for Notes {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.answer(("memory", current, desired, maximum))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.answer(("table", current, desired, maximum))
    }
}

const GROWS: &str = r#"(module
  (memory (export "m") 1 10) (table $t (export "t") 2 funcref)
  (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))"#;

fn call(store: &mut Store<Notes>, instance: &Instance, name: &str, pages: i32) -> Result<i32> {
    instance.get_typed_func::<i32, i32>(&mut *store, name)?.call(store, pages)
}

fn limited<T: ResourceLimiter + 'static>(engine: &Engine, limiter: T) -> Store<T> {
    let mut store = Store::new(engine, limiter);
    store.limiter(|limiter| limiter);
    store
}

#[test]
fn growth_is_asked_about_with_its_sizes() {
    let engine = Engine::default();
    let mut store = limited(&engine, Notes::default());
    let instance = Instance::new(&mut store, &module(&engine, GROWS), &[]).unwrap();
    let max = Some(10 * PAGE);
    assert_eq!(store.data().asked, [("memory", 0, PAGE, max), ("table", 0, 2, None)]);
    store.data_mut().asked.clear();
    store.data_mut().answers = vec![Ok(true), Ok(false), Ok(false), Ok(true), Ok(true)];
    assert_eq!(call(&mut store, &instance, "memory", 2).unwrap(), 1);
    assert_eq!(call(&mut store, &instance, "memory", 1).unwrap(), -1);
    assert_eq!(call(&mut store, &instance, "table", 5).unwrap(), -1);
    assert_eq!(call(&mut store, &instance, "table", 5).unwrap(), 2);
    assert_eq!(call(&mut store, &instance, "memory", 1).unwrap(), 3);
    let expected = [
        ("memory", PAGE, 3 * PAGE, max),
        ("memory", 3 * PAGE, 4 * PAGE, max),
        ("table", 2, 7, None),
        ("table", 2, 7, None),
        ("memory", 3 * PAGE, 4 * PAGE, max),
    ];
    assert_eq!(store.data().asked, expected);
    // What the type does not allow, and what does not grow, nobody is asked about.
    assert_eq!(call(&mut store, &instance, "memory", 7).unwrap(), -1);
    assert_eq!(call(&mut store, &instance, "memory", -1).unwrap(), -1);
    assert_eq!(call(&mut store, &instance, "memory", 0).unwrap(), 4);
    assert_eq!(call(&mut store, &instance, "table", 0).unwrap(), 7);
    assert_eq!(store.data().asked.len(), expected.len());
}

#[test]
fn an_error_of_the_limiter_ends_the_call_and_nothing_grows() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = limited(&engine, Notes::default());
    store.set_fuel(1_000_000).unwrap();
    let instance = Instance::new(&mut store, &module(&engine, GROWS), &[]).unwrap();
    store.data_mut().answers = vec![Err(Error::msg("no more")), Ok(true)];
    let error = call(&mut store, &instance, "memory", 1).unwrap_err();
    assert_eq!(error.to_string(), "no more");
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "size").unwrap().call(&mut store, ()).unwrap(), 1);
    assert_eq!(call(&mut store, &instance, "memory", 1).unwrap(), 1);
    // The answer is for the one growth.
    store.data_mut().answers = vec![Ok(false), Ok(false)];
    assert_eq!(call(&mut store, &instance, "memory", 1).unwrap(), -1);
    assert_eq!(call(&mut store, &instance, "memory", 1).unwrap(), -1);
    assert!(store.data().answers.is_empty());
}

#[test]
fn the_embedder_is_limited_too() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(2 * PAGE).table_elements(5).memories(2).tables(1).instances(1);
    let mut store = limited(&engine, limits.build());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert_limit(memory.grow(&mut store, 1), "memory");
    assert_limit(Memory::new(&mut store, MemoryType::new(3, None)), "memory");
    Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    assert_limit(Memory::new(&mut store, MemoryType::new(1, None)), "number of memories");
    let table = |store: &mut Store<StoreLimits>, size| {
        Table::new(store, TableType::new(RefType::FUNCREF, size, None), Val::FuncRef(None))
    };
    assert_limit(table(&mut store, 6), "table");
    let made = table(&mut store, 5).unwrap();
    assert_limit(made.grow(&mut store, 1, Val::FuncRef(None)), "table");
    assert_limit(table(&mut store, 1), "number of tables");
    let empty = module(&engine, "(module)");
    Instance::new(&mut store, &empty, &[]).unwrap();
    assert_limit(Instance::new(&mut store, &empty, &[]), "number of instances");
}

fn assert_limit<T>(result: Result<T>, what: &str) {
    let error = result.err().expect("beyond a limit");
    assert_eq!(
        error.downcast_ref::<HandleError>(),
        Some(&HandleError::Limit(match what {
            "memory" => "memory",
            "table" => "table",
            "number of memories" => "number of memories",
            "number of tables" => "number of tables",
            _ => "number of instances",
        }))
    );
}

#[test]
fn instances_are_refused_before_anything_is_made() {
    let engine = Engine::default();
    let mut store = limited(&engine, StoreLimitsBuilder::new().memory_size(PAGE).tables(0).build());
    assert_limit(Instance::new(&mut store, &module(&engine, "(module (memory 2))"), &[]), "memory");
    assert_limit(Instance::new(&mut store, &module(&engine, "(module (table 0 funcref))"), &[]), "number of tables");
    assert_eq!(store.num_instances(), 0);
    Instance::new(&mut store, &module(&engine, "(module (memory 1))"), &[]).unwrap();
}

#[test]
fn growth_past_a_limit_traps_if_that_is_wanted() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(2 * PAGE).trap_on_grow_failure(true).build();
    let mut store = limited(&engine, limits);
    let instance = Instance::new(&mut store, &module(&engine, GROWS), &[]).unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "memory").unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    assert_limit(grow.call(&mut store, 1), "memory");
}

#[test]
fn the_heap_and_the_stack_are_limited() {
    let engine = Engine::default();
    let text = r#"(module (type $bytes (array (mut i8)))
      (global $kept (mut (ref null $bytes)) (ref.null $bytes))
      (func (export "alloc") (param i32) (global.set $kept (array.new_default $bytes (local.get 0))))
      (func $down (export "down") (param i32)
        (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let mut store = limited(&engine, StoreLimitsBuilder::new().heap_size(1 << 20).stack_size(64 << 10).build());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let alloc = instance.get_typed_func::<i32, ()>(&mut store, "alloc").unwrap();
    let down = instance.get_typed_func::<i32, ()>(&mut store, "down").unwrap();
    let trap = |result: Result<()>| result.unwrap_err().as_trap();
    alloc.call(&mut store, 400_000).unwrap();
    alloc.call(&mut store, 400_000).unwrap();
    assert_eq!(trap(alloc.call(&mut store, 1 << 20)), Some(Trap::AllocationFailure));
    down.call(&mut store, 500).unwrap();
    assert_eq!(trap(down.call(&mut store, 10_000)), Some(Trap::CallStackExhausted));
    // A limit that rises holds from the next call on, within those of the engine.
    *store.data_mut() = StoreLimits::default();
    alloc.call(&mut store, 1 << 20).unwrap();
    down.call(&mut store, 10_000).unwrap();
    assert_eq!(trap(down.call(&mut store, 1_000_000)), Some(Trap::CallStackExhausted));
}

#[test]
fn the_strict_preset_holds() {
    let engine = Engine::new(Config::new().strict()).unwrap();
    let load = |text: &str| whimbrel::Module::new(&engine, wat::parse_str(text).unwrap()).map(drop);
    load("(module (memory 1))").unwrap();
    load("(module (memory 1) (memory 1))").unwrap_err();
    let mut store = Store::new(&engine, ());
    Memory::new(&mut store, MemoryType::new(4096, None)).unwrap();
    Memory::new(&mut store, MemoryType::new(4097, None)).unwrap_err();
}
