//! WASI preview 1, from `wasi-lite`, as imports of a linker.

use wasi_lite::{Abi, Function};
use whimbrel_engine::Value;

use crate::error::HandleError;
use crate::host::{Caller, HostFunc};
use crate::store::StoreInner;
use crate::{Engine, Error, Extern, FuncType, I32Exit, Linker, Result, StoreContextMut, ValType};

pub use wasi_lite;
pub use wasi_lite::{BuildError, BytesInput, BytesOutput, InputStream, OutputStream, Wasi, WasiBuilder, fs};

/// No function of WASI preview 1 has more parameters.
const MAX_PARAMS: usize = 9;

/// Defines all functions of `wasi_snapshot_preview1`, and of `wasi_unstable` that came before it. `get` finds the context of
/// a guest in the store's data; the guest's memory is the caller's export `memory`.
///
/// `proc_exit`, and a raised signal that ends the guest, are errors that hold an [`I32Exit`].
///
/// ```
/// use whimbrel::wasi::{self, Wasi, WasiBuilder};
/// use whimbrel::{Engine, Linker, Store};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::<Wasi>::new(&engine);
/// wasi::add_to_linker(&mut linker, |wasi| wasi)?;
/// let wasi = WasiBuilder::new().arg("hello").inherit_stdio().build()?;
/// let mut store = Store::new(&engine, wasi);
/// # let module = whimbrel::Module::new(&engine, b"\0asm\x01\0\0\0")?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If one of the names is taken.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
) -> Result<()> {
    for abi in [Abi::Preview1, Abi::Unstable] {
        for &function in Function::ALL {
            let func = host_func(linker.engine(), abi, function, get);
            linker.define_host(abi.module(), function.name(), func)?;
        }
    }
    Ok(())
}

fn host_func<T: 'static>(
    engine: &Engine,
    abi: Abi,
    function: Function,
    get: impl Fn(&mut T) -> &mut Wasi + Send + Sync + 'static,
) -> HostFunc<T> {
    let types = |types: &[wasi_lite::ValType]| {
        types
            .iter()
            .map(|ty| match ty {
                wasi_lite::ValType::I32 => ValType::I32,
                wasi_lite::ValType::I64 => ValType::I64,
            })
            .collect::<alloc::vec::Vec<_>>()
    };
    let (params, results) = (function.params().len(), function.results().len());
    let call = move |store: &mut StoreInner<T>| {
        let mut values: [Value; MAX_PARAMS] = Default::default();
        store.objects.host_args(&mut values[..params]).map_err(HandleError::from)?;
        let mut args = [0; MAX_PARAMS];
        for (arg, value) in args.iter_mut().zip(&values) {
            *arg = match value {
                Value::I32(value) => u64::from(*value),
                Value::I64(value) => *value,
                _ => 0,
            };
        }
        let errno = call_wasi(store, abi, function, &args[..params], &get)?;
        store.objects.return_from_host(&[Value::I32(errno)][..results]).map_err(HandleError::from)?;
        Ok(())
    };
    HostFunc::raw(FuncType::new(engine, types(function.params()), types(function.results())), call)
}

fn call_wasi<T>(
    store: &mut StoreInner<T>,
    abi: Abi,
    function: Function,
    args: &[u64],
    get: &impl Fn(&mut T) -> &mut Wasi,
) -> Result<u32> {
    let mut caller = Caller(StoreContextMut(store));
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let result = match &memory {
        Some(memory) => {
            let (bytes, data) = memory.data_and_store_mut(&mut caller);
            get(data).call_abi(abi, function, bytes, args)
        }
        // Functions that touch no memory work without one.
        None => get(caller.data_mut()).call_abi(abi, function, &mut [][..], args),
    };
    result.map_err(|exit| Error::new(I32Exit(exit.code() as i32)))
}
