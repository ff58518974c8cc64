//! wasmi, translating lazily after full validation.

use anyhow::{Context, Result};
use wasi_lite::{Function, ValType as WasiType};
use wasmi::{CompilationMode, Config, Engine, Extern, F32, F64, FuncType, Linker, Module, Store, Val, ValType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
use crate::value::Value;

pub struct Wasmi(Engine);

struct Running(Store<()>, wasmi::Instance);

impl Default for Wasmi {
    fn default() -> Self {
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::LazyTranslation);
        Self(Engine::new(&config))
    }
}

impl Peer for Wasmi {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm)?))
    }
}

impl Loaded for Module {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let mut linker = Linker::new(self.engine());
        match imports {
            Imports::None => {}
            Imports::Host => {
                linker.func_wrap("host", "next", host::next)?;
            }
            Imports::Wasi(session) => {
                Function::ALL.iter().try_for_each(|&function| define(&mut linker, function, session))?;
            }
        }
        let instance = linker.instantiate_and_start(&mut store, self)?;
        Ok(Box::new(Running(store, instance)))
    }
}

fn define(linker: &mut Linker<()>, function: Function, session: &Session) -> Result<()> {
    let types = |types: &[WasiType]| {
        types.iter().map(|ty| if *ty == WasiType::I32 { ValType::I32 } else { ValType::I64 }).collect::<Vec<_>>()
    };
    let ty = FuncType::new(types(function.params()), types(function.results()));
    let session = session.clone();
    linker.func_new(host::WASI, function.name(), ty, move |mut caller, params, results| {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| wasmi::Error::new("no memory is exported"))?;
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno = session.call(function, memory.data_mut(&mut caller), &args);
        let errno = errno.map_err(|exit| wasmi::Error::new(exit.to_string()))?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    })?;
    Ok(())
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let Self(store, instance) = self;
        let func = instance.get_func(&*store, export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        func.call(store, &args, &mut vals)?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let Self(store, instance) = self;
        let func = instance.get_typed_func::<i32, i32>(&*store, export)?;
        Ok((0..times).try_fold(1, |value, _| func.call(&mut *store, value))?)
    }
}

conversions!(Val, F32::from_bits, F64::from_bits, F32::to_bits, F64::to_bits);
