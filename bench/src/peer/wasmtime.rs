//! wasmtime with each of its ways to execute: optimised code, code made quickly, and its interpreter.

use anyhow::{Context, Result, anyhow};
use wasmtime::{Config, Engine, Module, Store, Strategy, Val};

use super::{Instance, Loaded, Peer};
use crate::value::Value;

pub struct Wasmtime(Engine);

struct Running(Store<()>, wasmtime::Instance);

impl Wasmtime {
    pub fn cranelift() -> Result<Self> {
        Self::new(|config| _ = config.strategy(Strategy::Cranelift))
    }

    pub fn winch() -> Result<Self> {
        Self::new(|config| _ = config.strategy(Strategy::Winch))
    }

    pub fn pulley() -> Result<Self> {
        let mut target = Ok(());
        let engine = Self::new(|config| target = config.target("pulley64").map(drop))?;
        target.map_err(|error| anyhow!("{error:#}"))?;
        Ok(engine)
    }

    fn new(configure: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = Config::new();
        configure(&mut config);
        Ok(Self(Engine::new(&config).map_err(|error| anyhow!("{error:#}"))?))
    }
}

impl Peer for Wasmtime {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm).map_err(|error| anyhow!("{error:#}"))?))
    }
}

impl Loaded for Module {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let instance = wasmtime::Instance::new(&mut store, self, &[]).map_err(|error| anyhow!("{error:#}"))?;
        Ok(Box::new(Running(store, instance)))
    }
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
}

conversions!(Val, u32::from, u64::from, u32::from, u64::from);
