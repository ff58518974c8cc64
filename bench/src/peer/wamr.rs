//! WAMR's fast interpreter, which translates when a module is loaded; an instance takes the module with it.

use anyhow::{Result, bail};
use wamrx::{Engine, FuncType, Linker, Module, Val, ValType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports};
use crate::value::Value;

/// Imports are resolved when a module is loaded, so the host's function is there from the start.
pub struct Wamr(Engine, std::rc::Rc<Linker>);

struct Bytes(Engine, std::rc::Rc<Linker>, Vec<u8>);

struct Running(wamrx::Instance);

impl Wamr {
    pub fn new() -> Result<Self> {
        let engine = Engine::new()?;
        let mut linker = Linker::new(&engine);
        let ty = FuncType::new([ValType::I32], [ValType::I32]);
        linker.define_func("host", "next", ty, |params, results| {
            if let Val::I32(value) = params[0] {
                results[0] = Val::I32(host::next(value.cast_unsigned()).cast_signed());
            }
        })?;
        Ok(Self(engine, std::rc::Rc::new(linker)))
    }
}

impl Peer for Wamr {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Module::new(&self.0, wasm)?;
        Ok(Box::new(Bytes(self.0.clone(), self.1.clone(), wasm.to_vec())))
    }
}

impl Loaded for Bytes {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        if matches!(imports, Imports::Wasi(_)) {
            bail!("its bindings give host functions no memory");
        }
        Ok(Box::new(Running(self.1.instantiate(Module::new(&self.0, &self.2)?)?)))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        self.0.get_func(export)?.call(&args, &mut vals)?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let func = self.0.get_func(export)?;
        let mut vals = [Val::I32(1)];
        for _ in 0..times {
            let args = vals;
            func.call(&args, &mut vals)?;
        }
        match vals {
            [Val::I32(value)] => Ok(value),
            _ => bail!("it returns no i32"),
        }
    }
}

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
