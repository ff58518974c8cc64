//! tinywasm, which validates and translates when a module is loaded.

use anyhow::{Result, anyhow};
use tinywasm::types::{FuncType, WasmType, WasmValue};
use tinywasm::{HostFunction, Memory, Module, ModuleInstance, Store};
use wasi_lite::{Fault, Function, GuestMemory, ValType as WasiType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
use crate::value::Value;

pub struct TinyWasm;

struct Loading(Module);

struct Running(Store, ModuleInstance);

impl Peer for TinyWasm {
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Loading(tinywasm::parse_bytes(wasm).map_err(|error| anyhow!("{error}"))?)))
    }
}

impl Loaded for Loading {
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let mut store = Store::default();
        let imports = match imports {
            Imports::None => None,
            Imports::Host => {
                let next =
                    HostFunction::from(&mut store, |_, value: i32| Ok(host::next(value.cast_unsigned()).cast_signed()));
                let mut imports = tinywasm::Imports::new();
                imports.define("host", "next", next);
                Some(imports)
            }
            Imports::Wasi(session) => {
                let mut imports = tinywasm::Imports::new();
                for &function in Function::ALL {
                    imports.define(host::WASI, function.name(), define(&mut store, function, session.clone()));
                }
                Some(imports)
            }
        };
        let instance = ModuleInstance::instantiate(&mut store, &self.0, imports).map_err(|error| anyhow!("{error}"))?;
        Ok(Box::new(Running(store, instance)))
    }
}

fn define(store: &mut Store, function: Function, session: Session) -> tinywasm::Function {
    let types = |types: &[WasiType]| {
        types.iter().map(|ty| if *ty == WasiType::I32 { WasmType::I32 } else { WasmType::I64 }).collect::<Vec<_>>()
    };
    let ty = FuncType::new(&types(function.params()), &types(function.results()));
    HostFunction::from_untyped(store, &ty, move |mut context, params| {
        let memory = context.memory("memory")?;
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno = session.call(function, &mut Bytes { memory, store: context.store_mut() }, &args);
        let errno = errno.map_err(|exit| tinywasm::Error::Other(exit.to_string()))?;
        Ok(function.results().iter().map(|_| WasmValue::I32(errno.cast_signed())).collect())
    })
}

/// The memory of a guest that calls, which a host function reaches by copying.
struct Bytes<'a> {
    memory: Memory,
    store: &'a mut Store,
}

impl GuestMemory for Bytes<'_> {
    fn size(&self) -> u64 {
        self.memory.len(self.store).unwrap_or(0) as u64
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        self.memory.read_exact(self.store, addr as usize, buf).map_err(|_| Fault)
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.memory.copy_from_slice(self.store, addr as usize, bytes).map_err(|_| Fault)
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()> {
        let Self(store, instance) = self;
        let func = instance.func_untyped(store, export).map_err(|error| anyhow!("{error}"))?;
        let args: Vec<WasmValue> = args.iter().map(to_val).collect();
        put(results, &func.call(store, &args).map_err(|error| anyhow!("{error}"))?)
    }

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let Self(store, instance) = self;
        let func = instance.func::<i32, i32>(store, export).map_err(|error| anyhow!("{error}"))?;
        (0..times).try_fold(1, |value, _| func.call(store, value)).map_err(|error| anyhow!("{error}"))
    }
}

conversions!(WasmValue, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
