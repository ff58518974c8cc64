//! sf-nano-core's interpreter. It decodes and validates when a module is loaded, and translates when it is instantiated.

use anyhow::{Result, anyhow, bail};
use sf_nano_core::{Config, Engine, Instance as Running, Module, Value};

use super::{Instance, Loaded, Peer};

pub struct SfNano;

/// Instances are made from bytes.
struct Bytes(Vec<u8>);

impl Peer for SfNano {
    fn name(&self) -> &'static str {
        "sf-nano"
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Module::new("", wasm).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Box::new(Bytes(wasm.to_vec())))
    }
}

fn instance(wasm: &[u8]) -> Result<Running> {
    let engine = Engine::new(Config::new()).map_err(|error| anyhow!("{error:?}"))?;
    Running::new(&engine, wasm, &[]).map_err(|error| anyhow!("{error:?}"))
}

impl Loaded for Bytes {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        Ok(Box::new(instance(&self.0)?))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, arg: i32) -> Result<i64> {
        let func = self.get_func(export).ok_or_else(|| anyhow!("no export `{export}`"))?;
        let mut results = [Value::I64(0)];
        Running::call(self, &func, &[Value::I32(arg)], &mut results).map_err(|error| anyhow!("{error:?}"))?;
        match results {
            [Value::I64(result)] => Ok(result),
            other => bail!("`{export}` returned {other:?}"),
        }
    }
}
