//! sf-nano-core's interpreter. It decodes and validates when a module is loaded, and translates when it is instantiated.

use anyhow::{Context, Result, anyhow, bail};
use sf_nano_core::{Config, Engine, Import, Instance as Running, Module, Value as Val, WasmError};
use wasi_lite::Function;

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
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
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let imports: Vec<Import> = match imports {
            Imports::None => Vec::new(),
            Imports::Host => vec![Import::func("host", "next", |_, params, results| {
                if let (Val::I32(value), Some(result)) = (params[0], results.first_mut()) {
                    *result = Val::I32(host::next(value.cast_unsigned()).cast_signed());
                }
                Ok(())
            })],
            Imports::Wasi(session) => Function::ALL.iter().map(|&function| import(function, session.clone())).collect(),
        };
        Ok(Box::new(Running::new(&self.0, &self.1, &imports).map_err(|error| anyhow!("{error:?}"))?))
    }
}

fn import(function: Function, session: Session) -> Import {
    Import::func(host::WASI, function.name(), move |caller, params, results| {
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let memory = caller.memory_mut().ok_or_else(|| WasmError::invalid("no memory"))?;
        let errno =
            session.call(function, memory, &args).map_err(|_| WasmError::invalid("the program is at its end"))?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    })
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let func = self.get_func(export).context("no such function")?;
        let args: Vec<Val> = args.iter().map(to_val).collect();
        let mut vals: Vec<Val> = results.iter().map(to_val).collect();
        Self::call(self, &func, &args, &mut vals).map_err(|error| anyhow!("{error:?}"))?;
        put(results, &vals)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let func = self.get_func(export).context("no such function")?;
        let mut vals = [Val::I32(1)];
        for _ in 0..times {
            let args = vals;
            Self::call(self, &func, &args, &mut vals).map_err(|error| anyhow!("{error:?}"))?;
        }
        match vals {
            [Val::I32(value)] => Ok(value),
            _ => bail!("it returns no i32"),
        }
    }
}

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
