//! A host that lends a function to its guest: `examples/embedding/guest.wat` reports partial sums to it.
//!
//! ```console
//! $ cargo run --release -p whimbrel --features wat --example embedding 4
//! partial sums: [1, 5, 14, 30]
//! sum of squares up to 4: 30
//! ```

use whimbrel::{Caller, Engine, Linker, Module, Result, Store};

fn main() -> Result<()> {
    let n = match std::env::args().nth(1) {
        Some(arg) => arg.parse()?,
        None => 3,
    };

    // One engine for the program; modules are shared by everything that uses it.
    let engine = Engine::default();
    let guest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/embedding/guest.wat");
    let module = Module::new(&engine, std::fs::read(guest)?)?;

    // What the guest imports. The store's data, here a list, is what host functions work on.
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "log", |mut caller: Caller<'_, Vec<i32>>, sum: i32| caller.data_mut().push(sum))?;

    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    let sum = run.call(&mut store, n)?;

    println!("partial sums: {:?}", store.data());
    println!("sum of squares up to {n}: {sum}");
    Ok(())
}
