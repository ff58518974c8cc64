//! whimbrel itself.

use anyhow::{Result, anyhow};
use whimbrel::{Engine, Module, Store};

use super::{Instance, Loaded, Peer};

#[derive(Default)]
pub struct Whimbrel(Engine);

struct Running(Store<()>, whimbrel::Instance);

impl Peer for Whimbrel {
    fn name(&self) -> &'static str {
        "whimbrel"
    }

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
    fn call(&mut self, export: &str, arg: i32) -> Result<i64> {
        let Self(store, instance) = self;
        let func = instance.get_typed_func::<i32, i64>(&mut *store, export).map_err(|error| anyhow!("{error}"))?;
        func.call(store, arg).map_err(|error| anyhow!("{error}"))
    }
}
