//! wasmtime with each of its ways to execute: optimised code, code made quickly, and its interpreter.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasi_lite::{Function, ValType as WasiType};
use wasmtime::{Config, Engine, Extern, FuncType, Linker, Module, Store, Strategy, Val, ValType};

use super::{Instance, Loaded, Peer};
use crate::case::Case;
use crate::host::{self, Imports, Session};
use crate::value::Value;

pub struct Wasmtime(Engine);

struct Running(Store<()>, wasmtime::Instance);

impl Wasmtime {
    pub fn cranelift() -> Result<Self> {
        Self::new(|config| _ = config.strategy(Strategy::Cranelift).wasm_gc(true).wasm_exceptions(true))
    }

    pub fn winch() -> Result<Self> {
        Self::new(|config| _ = config.strategy(Strategy::Winch))
    }

    pub fn pulley() -> Result<Self> {
        let mut target = Ok(());
        let engine = Self::new(|config| {
            config.wasm_gc(true).wasm_exceptions(true);
            target = config.target("pulley64").map(drop);
        })?;
        target.map_err(failed)?;
        Ok(engine)
    }

    fn new(configure: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = Config::new();
        configure(&mut config);
        Ok(Self(Engine::new(&config).map_err(failed)?))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}

impl Peer for Wasmtime {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm).map_err(failed)?))
    }

    fn load_file(&self, path: &Path) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::from_file(&self.0, path).map_err(failed)?))
    }
}

/// Operators that a kernel executes: what it takes of the fuel of which each takes one.
pub fn operators(case: &Case, rounds: i32) -> Result<u64> {
    let engine = Wasmtime::new(|config| _ = config.consume_fuel(true).wasm_gc(true).wasm_exceptions(true))?.0;
    let mut store = Store::new(&engine, ());
    store.set_fuel(u64::MAX).map_err(failed)?;
    let module = Module::new(&engine, &case.wasm).map_err(failed)?;
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).map_err(failed)?;
    let func = instance.get_typed_func::<i32, i64>(&mut store, &case.export).map_err(failed)?;
    func.call(&mut store, rounds).map_err(failed)?;
    Ok(u64::MAX - store.get_fuel().map_err(failed)?)
}

impl Loaded for Module {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let mut linker = Linker::new(self.engine());
        match imports {
            Imports::None => {}
            Imports::Host => {
                linker.func_wrap("host", "next", host::next).map_err(failed)?;
            }
            Imports::Wasi(session) => {
                Function::ALL.iter().try_for_each(|&function| define(&mut linker, function, session))?;
            }
        }
        let instance = linker.instantiate(&mut store, self).map_err(failed)?;
        Ok(Box::new(Running(store, instance)))
    }
}

fn define(linker: &mut Linker<()>, function: Function, session: &Session) -> Result<()> {
    let types = |types: &[WasiType]| {
        types.iter().map(|ty| if *ty == WasiType::I32 { ValType::I32 } else { ValType::I64 }).collect::<Vec<_>>()
    };
    let ty = FuncType::new(linker.engine(), types(function.params()), types(function.results()));
    let session = session.clone();
    let defined = linker.func_new(host::WASI, function.name(), ty, move |mut caller, params, results| {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("no memory is exported"))?;
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno = session.call(function, memory.data_mut(&mut caller), &args)?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    });
    defined.map(drop).map_err(failed)
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let Self(store, instance) = self;
        let func = instance.get_func(&mut *store, export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        func.call(store, &args, &mut vals).map_err(failed)?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let Self(store, instance) = self;
        let func = instance.get_typed_func::<i32, i32>(&mut *store, export).map_err(failed)?;
        (0..times).try_fold(1, |value, _| func.call(&mut *store, value)).map_err(failed)
    }
}

conversions!(Val, u32::from, u64::from, u32::from, u64::from);
