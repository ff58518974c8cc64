//! What the tests share.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use whimbrel::{Engine, Extern, Instance, Linker, Module, Result, Store};

/// The module of a text.
pub fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, wat::parse_str(text).unwrap()).unwrap()
}

/// A store without data and an instance of the module of `text`, which imports nothing.
pub fn instantiate(text: &str) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    (store, instance)
}

/// An instance of the module of `text`, with imports by position.
pub fn with_imports<T>(store: &mut Store<T>, text: &str, imports: &[Extern]) -> Result<Instance> {
    let module = module(&store.engine().clone(), text);
    Instance::new(store, &module, imports)
}

/// A linker of the store's engine.
pub fn linker<T>(store: &Store<T>) -> Linker<T> {
    Linker::new(store.engine())
}
