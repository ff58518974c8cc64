//! sf-nano-core's interpreter. It decodes and validates when a module is loaded, and translates when it is instantiated.

use anyhow::{Context, Result, anyhow};
use sf_nano_core::{Config, Engine, Instance as Running, Module, Value as Val};

use super::{Instance, Loaded, Peer};
use crate::value::Value;

pub struct SfNano(Engine);

/// Instances are made from bytes.
struct Bytes(Engine, Vec<u8>);

impl SfNano {
    pub fn new() -> Result<Self> {
        Ok(Self(Engine::new(Config::new()).map_err(|error| anyhow!("{error:?}"))?))
    }
}

impl Peer for SfNano {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Module::new("", wasm).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Box::new(Bytes(self.0, wasm.to_vec())))
    }
}

impl Loaded for Bytes {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        Ok(Box::new(Running::new(&self.0, &self.1, &[]).map_err(|error| anyhow!("{error:?}"))?))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let func = self.get_func(export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        Self::call(self, &func, &args, &mut vals).map_err(|error| anyhow!("{error:?}"))?;
        put(results, &vals)
    }
}

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
