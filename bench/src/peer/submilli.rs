//! submilli-wasm, whose embedding API is wasmtime's.

use anyhow::{Context, Result, anyhow};
use submilli_wasm::{Engine, Extern, FuncType, Linker, Module, Store, Val, ValType};
use wasi_lite::{Function, ValType as WasiType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
use crate::value::Value;

#[derive(Default)]
pub struct Submilli(Engine);

struct Bytes(Engine, Module);

struct Running(Store<()>, submilli_wasm::Instance);

impl Peer for Submilli {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Bytes(self.0.clone(), Module::new(&self.0, wasm).map_err(|error| anyhow!("{error:#}"))?)))
    }
}

impl Loaded for Bytes {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let Self(engine, module) = self;
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        match imports {
            Imports::None => {}
            Imports::Host => {
                linker.func_wrap("host", "next", host::next).map_err(|error| anyhow!("{error:#}"))?;
            }
            Imports::Wasi(session) => {
                Function::ALL.iter().try_for_each(|&function| define(&mut linker, engine, function, session))?;
            }
        }
        let instance = linker.instantiate(&mut store, module).map_err(|error| anyhow!("{error:#}"))?;
        Ok(Box::new(Running(store, instance)))
    }
}

fn define(linker: &mut Linker<()>, engine: &Engine, function: Function, session: &Session) -> Result<()> {
    let types = |types: &[WasiType]| {
        types.iter().map(|ty| if *ty == WasiType::I32 { ValType::I32 } else { ValType::I64 }).collect::<Vec<_>>()
    };
    let ty = FuncType::new(engine, types(function.params()), types(function.results()));
    let session = session.clone();
    let defined = linker.func_new(host::WASI, function.name(), ty, move |mut caller, params, results| {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return Err(submilli_wasm::Error::msg("no memory is exported"));
        };
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno = session.call(function, memory.data_mut(&mut caller), &args)?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    });
    defined.map(drop).map_err(|error| anyhow!("{error:#}"))
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let Self(store, instance) = self;
        let func = instance.get_func(&mut *store, export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        func.call(store, &args, &mut vals).map_err(|error| anyhow!("{error:#}"))?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let Self(store, instance) = self;
        let func = instance.get_typed_func::<i32, i32>(&mut *store, export).map_err(|error| anyhow!("{error:#}"))?;
        (0..times).try_fold(1, |value, _| func.call(&mut *store, value)).map_err(|error| anyhow!("{error:#}"))
    }
}

conversions!(Val, u32::from, u64::from, u32::from, u64::from);
