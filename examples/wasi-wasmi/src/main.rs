//! Runs a WASI program with wasmi: every function of WASI becomes a host function that passes its call on.
//!
//! ```sh
//! cargo run --manifest-path examples/wasi-wasmi/Cargo.toml -- examples/wordcount/wordcount.wasm README.md
//! ```
//!
//! The program sees the current directory under the name `.`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use wasi_lite::{Abi, Exit, Function, Wasi, WasiBuilder};
use wasmi::{Caller, Engine, Extern, FuncType, Linker, Module, Store, Val, ValType};

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = args.first().context("usage: wasi-wasmi FILE ARG...")?;
    let wasi = WasiBuilder::new().args(&args).inherit_stdio().preopened_dir(".", ".").build()?;

    let engine = Engine::default();
    let module = Module::new(&engine, std::fs::read(path)?)?;
    let mut linker = Linker::new(&engine);
    for abi in [Abi::Preview1, Abi::Unstable] {
        for &function in Function::ALL {
            define(&mut linker, abi, function)?;
        }
    }
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // The low eight bits are what the host's processes have.
        Err(error) => match error.i32_exit_status() {
            Some(code) => Ok(ExitCode::from(code as u8)),
            None => Err(error.into()),
        },
    }
}

/// Defines one function of WASI.
fn define(linker: &mut Linker<Wasi>, abi: Abi, function: Function) -> Result<()> {
    let types = |types: &[wasi_lite::ValType]| {
        types
            .iter()
            .map(|ty| if *ty == wasi_lite::ValType::I32 { ValType::I32 } else { ValType::I64 })
            .collect::<Vec<_>>()
    };
    let ty = FuncType::new(types(function.params()), types(function.results()));
    linker
        .func_new(abi.module(), function.name(), ty, move |mut caller: Caller<'_, Wasi>, args, results| {
            let args: Vec<u64> = args.iter().map(bits).collect();
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                return Err(wasmi::Error::new("the program exports no memory"));
            };
            let (bytes, wasi) = memory.data_and_store_mut(&mut caller);
            match wasi.call_abi(abi, function, bytes, &args) {
                Ok(errno) => results.iter_mut().for_each(|result| *result = Val::I32(errno as i32)),
                Err(exit) => return Err(exited(exit)),
            }
            Ok(())
        })
        .map_err(|error| anyhow!("{}: {error}", function.name()))?;
    Ok(())
}

/// An argument as WASI takes it: an `i32` in the low half.
fn bits(val: &Val) -> u64 {
    match val {
        Val::I32(value) => u64::from(*value as u32),
        Val::I64(value) => *value as u64,
        _ => unreachable!("WASI's functions take integers"),
    }
}

/// The end that the program chose, as the error that wasmi hands through.
fn exited(exit: Exit) -> wasmi::Error {
    wasmi::Error::i32_exit(exit.code() as i32)
}
