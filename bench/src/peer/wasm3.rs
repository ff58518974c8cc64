//! wasm3, which checks function bodies when it translates them: when an instance first calls them.

use anyhow::{Context, Result};
use wasm3x::{Config, Engine, Linker, Module, Store, Val};

use super::{Instance, Loaded, Peer};
use crate::value::Value;

pub struct Wasm3(Engine);

struct Running(Store<()>, wasm3x::Instance);

impl Default for Wasm3 {
    fn default() -> Self {
        Self(Engine::new(&Config::new()))
    }
}

impl Peer for Wasm3 {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm)?))
    }
}

impl Loaded for Module {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let instance = Linker::new(self.engine()).instantiate_and_start(&mut store, self)?;
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

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
