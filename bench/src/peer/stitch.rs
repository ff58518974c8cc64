//! makepad-stitch, which translates functions when they are first called.

use anyhow::{Context, Result, anyhow, bail};
use makepad_stitch::{Engine, Func, Linker, Module, Store, Val};

use super::{Instance, Loaded, Peer};
use crate::host::Imports;
use crate::value::Value;

pub struct Stitch(Engine);

struct Loading(Engine, Module);

struct Running(Store, makepad_stitch::Instance);

impl Default for Stitch {
    fn default() -> Self {
        Self(Engine::new())
    }
}

impl Peer for Stitch {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Loading(self.0.clone(), Module::new(&self.0, wasm).map_err(|error| anyhow!("{error}"))?)))
    }
}

impl Loaded for Loading {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.0.clone());
        let linker = Linker::new();
        match imports {
            Imports::None => {}
            // Each call of a host function leaves a native frame behind, and many overflow the stack.
            Imports::Host => bail!("its calls of host functions use up the native stack"),
            Imports::Wasi(_) => bail!("its host functions have types known to Rust only"),
        }
        let instance = linker.instantiate(&mut store, &self.1).map_err(|error| anyhow!("{error}"))?;
        Ok(Box::new(Running(store, instance)))
    }
}

impl Running {
    fn func(&self, export: &str) -> Result<Func> {
        self.1.exported_func(export).context("no such function")
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let func = self.func(export)?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        func.call(&mut self.0, &args, &mut vals).map_err(|error| anyhow!("{error}"))?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let func = self.func(export)?;
        let mut vals = [Val::I32(1)];
        for _ in 0..times {
            let args = vals;
            func.call(&mut self.0, &args, &mut vals).map_err(|error| anyhow!("{error}"))?;
        }
        vals[0].to_i32().context("it returns no i32")
    }
}

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
