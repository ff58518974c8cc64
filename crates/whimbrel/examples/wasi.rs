//! Runs a WASI program that sees the current directory under the name `.`.
//!
//! ```console
//! $ cargo run --release -p whimbrel --features wasi --example wasi examples/hello/hello.wasm
//! Hello, world!
//! ```

use std::process::ExitCode;

use whimbrel::wasi::{self, Wasi, WasiBuilder};
use whimbrel::{Engine, Error, Linker, Module, Result, Store};

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = args.first() else { return Err(Error::msg("usage: wasi FILE ARG...")) };
    let wasi = WasiBuilder::new().args(&args).inherit_stdio().preopened_dir(".", ".").build()?;

    let engine = Engine::default();
    let module = Module::new(&engine, std::fs::read(path)?)?;
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // The low eight bits are what the host's processes have.
        Err(error) => error.i32_exit_status().map(|code| ExitCode::from(code as u8)).ok_or(error),
    }
}
