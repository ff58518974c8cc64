//! The least that a program does with an engine: it loads the module in a file, calls its export `run` with an argument, and
//! prints the result. What it weighs more than `empty` is the engine.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let (Some(file), Some(arg)) = (args.next(), args.next()) else { return ExitCode::FAILURE };
    let (Ok(bytes), Ok(arg)) = (fs::read(file), arg.parse::<i32>()) else { return ExitCode::FAILURE };
    let Some(result) = run(&bytes, arg) else { return ExitCode::FAILURE };
    println!("{result}");
    ExitCode::SUCCESS
}

#[cfg(feature = "whimbrel")]
fn run(bytes: &[u8], arg: i32) -> Option<i64> {
    use whimbrel::{Engine, Instance, Module, Store};
    let engine = Engine::default();
    let module = Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).ok()?;
    instance.get_typed_func::<i32, i64>(&mut store, "run").ok()?.call(&mut store, arg).ok()
}

#[cfg(all(feature = "wasmi1", not(feature = "whimbrel")))]
fn run(bytes: &[u8], arg: i32) -> Option<i64> {
    use wasmi1::{Engine, Linker, Module, Store};
    let engine = Engine::default();
    let module = Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).ok()?;
    instance.get_typed_func::<i32, i64>(&store, "run").ok()?.call(&mut store, arg).ok()
}

#[cfg(not(any(feature = "whimbrel", feature = "wasmi1")))]
fn run(_: &[u8], _: i32) -> Option<i64> {
    compile_error!("name the engine as a feature: `whimbrel` or `wasmi1`")
}
