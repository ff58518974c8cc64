//! wasmi, translating lazily after full validation.

use anyhow::{Context, Result};
use wasmi::{CompilationMode, Config, Engine, F32, F64, Module, Store, Val};

use super::{Instance, Loaded, Peer};
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
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let instance = wasmi::Linker::new(self.engine()).instantiate_and_start(&mut store, self)?;
        Ok(Box::new(Running(store, instance)))
    }
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
}

conversions!(Val, F32::from_bits, F64::from_bits, F32::to_bits, F64::to_bits);
