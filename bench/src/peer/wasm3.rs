//! wasm3, which checks function bodies when it translates them: when an instance first calls them.

use anyhow::{Context, Result};
use wasi_lite::{Fault, Function, GuestMemory, ValType as WasiType};
use wasm3x::{Caller, Config, Engine, FuncType, Linker, Memory, Module, Store, Val, ValType};

use super::{Instance, Loaded, Peer};
use crate::host::{self, Imports, Session};
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
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let mut linker = Linker::new(self.engine());
        match imports {
            Imports::None => {}
            Imports::Host => {
                linker.func_wrap("host", "next", host::next)?;
            }
            Imports::Wasi(session) => {
                Function::ALL.iter().try_for_each(|&function| define(&mut linker, function, session))?;
            }
        }
        let instance = linker.instantiate_and_start(&mut store, self)?;
        Ok(Box::new(Running(store, instance)))
    }
}

/// The memory of a guest that calls, which a host function reaches by copying.
struct Bytes<'a, 'c> {
    memory: Memory,
    caller: &'a mut Caller<'c, ()>,
}

impl GuestMemory for Bytes<'_, '_> {
    fn size(&self) -> u64 {
        self.memory.data_size(&*self.caller) as u64
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        self.memory.read(&*self.caller, addr as usize, buf).map_err(|_| Fault)
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.memory.write(&mut *self.caller, addr as usize, bytes).map_err(|_| Fault)
    }
}

fn define(linker: &mut Linker<()>, function: Function, session: &Session) -> Result<()> {
    let types = |types: &[WasiType]| {
        types.iter().map(|ty| if *ty == WasiType::I32 { ValType::I32 } else { ValType::I64 }).collect::<Vec<_>>()
    };
    let ty = FuncType::new(types(function.params()), types(function.results()));
    let session = session.clone();
    linker.func_new(host::WASI, function.name(), ty, move |mut caller: Caller<'_, ()>, params, results| {
        let memory = caller.get_memory().ok_or_else(|| wasm3x::Error::new("no memory"))?;
        let args: Vec<u64> = params.iter().map(|param| host::bits(from_val(param))).collect();
        let errno =
            session.call(function, &mut Bytes { memory, caller: &mut caller }, &args).map_err(wasm3x::Error::host)?;
        results.iter_mut().for_each(|result| *result = Val::I32(errno.cast_signed()));
        Ok(())
    })?;
    Ok(())
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

    fn call_often(&mut self, export: &str, times: u32) -> Result<i32> {
        let Self(store, instance) = self;
        let func = instance.get_typed_func::<i32, i32>(&*store, export)?;
        Ok((0..times).try_fold(1, |value, _| func.call(&mut *store, value))?)
    }
}

conversions!(Val, f32::from_bits, f64::from_bits, f32::to_bits, f64::to_bits);
