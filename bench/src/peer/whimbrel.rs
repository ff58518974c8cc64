//! whimbrel itself.

use anyhow::{Context, Result, anyhow};
use whimbrel::{Engine, Module, Store, Val};

use super::{Instance, Loaded, Peer};
use crate::value::Value;

#[derive(Default)]
pub struct Whimbrel(Engine);

struct Running(Store<()>, whimbrel::Instance);

impl Peer for Whimbrel {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm).map_err(|error| anyhow!("{error}"))?))
    }
}

impl Loaded for Module {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let instance = whimbrel::Instance::new(&mut store, self, &[]).map_err(|error| anyhow!("{error}"))?;
        Ok(Box::new(Running(store, instance)))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let Self(store, instance) = self;
        let func = instance.get_func(&mut *store, export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        func.call(store, &args, &mut vals).map_err(|error| anyhow!("{error}"))?;
        put(results, &vals)
    }
}

conversions!(Val, u32::from, u64::from, u32::from, u64::from);
