//! whimbrel itself.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasi_lite::{Function, ValType as WasiType};
use whimbrel::{Engine, Extern, FuncType, Linker, Module, Store, Val, ValType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
use crate::value::Value;

#[derive(Default)]
pub struct Whimbrel(Engine);

struct Running(Store<()>, whimbrel::Instance);

impl Peer for Whimbrel {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm).map_err(failed)?))
    }

    fn load_file(&self, path: &Path) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::from_file(&self.0, path).map_err(failed)?))
    }
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
    let call = linker.func_new(host::WASI, function.name(), ty, move |mut caller, params, results| {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| whimbrel::Error::msg("no memory is exported"))?;
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno = session.call(function, memory.data_mut(&mut caller), &args)?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    });
    call.map(drop).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: whimbrel::Error) -> anyhow::Error {
    anyhow!("{error}")
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
