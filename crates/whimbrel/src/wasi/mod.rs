//! WASI preview 1, from `wasi-lite`, as imports of a linker.

use wasi_lite::{Abi, Exit, Fault, Function, GuestMemory};
use whimbrel_engine::Value;

use crate::error::HandleError;
use crate::host::{Caller, HostFunc};
use crate::store::StoreInner;
use crate::{Engine, Error, Extern, FuncType, I32Exit, Linker, Result, SharedMemory, StoreContextMut, ValType};

pub use wasi_lite;
pub use wasi_lite::{BuildError, BytesInput, BytesOutput, InputStream, OutputStream, Wasi, WasiBuilder, fs};

#[cfg(feature = "std")]
mod threads;

#[cfg(feature = "std")]
pub use threads::ThreadGroup;

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
    define_all(linker, move |data, call| call(get(data)))
}

/// As [`add_to_linker`], for a context that threads share. A call has it for as long as it lasts: while one thread reads or
/// sleeps, others wait with theirs.
///
/// # Errors
///
/// If one of the names is taken.
#[cfg(feature = "std")]
pub fn add_locked_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut alloc::sync::Arc<std::sync::Mutex<Wasi>> + Copy + Send + Sync + 'static,
) -> Result<()> {
    define_all(linker, move |data, call| {
        let wasi = alloc::sync::Arc::clone(get(data));
        let mut wasi = wasi.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        call(&mut wasi)
    })
}

/// A call of a function on a context.
type Call<'a> = &'a mut dyn FnMut(&mut Wasi) -> Result<u32, Exit>;

fn define_all<T: 'static>(
    linker: &mut Linker<T>,
    with: impl Fn(&mut T, Call<'_>) -> Result<u32, Exit> + Copy + Send + Sync + 'static,
) -> Result<()> {
    for abi in [Abi::Preview1, Abi::Unstable] {
        for &function in Function::ALL {
            let func = host_func(linker.engine(), abi, function, with);
            linker.define_host(abi.module(), function.name(), func)?;
        }
    }
    Ok(())
}

fn host_func<T: 'static>(
    engine: &Engine,
    abi: Abi,
    function: Function,
    with: impl Fn(&mut T, Call<'_>) -> Result<u32, Exit> + Send + Sync + 'static,
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
        let errno = call_wasi(store, abi, function, &args[..params], &with)?;
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
    with: &impl Fn(&mut T, Call<'_>) -> Result<u32, Exit>,
) -> Result<u32> {
    let mut caller = Caller(StoreContextMut(store));
    let result = match caller.get_export("memory") {
        Some(Extern::SharedMemory(memory)) => {
            let mut memory = SharedGuest(memory);
            with(caller.data_mut(), &mut |wasi| wasi.call_abi(abi, function, &mut memory, args))
        }
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(&mut caller);
            with(data, &mut |wasi| wasi.call_abi(abi, function, &mut *bytes, args))
        }
        // Functions that touch no memory work without one.
        _ => with(caller.data_mut(), &mut |wasi| wasi.call_abi(abi, function, &mut [][..], args)),
    };
    result.map_err(|exit| Error::new(I32Exit(exit.code() as i32)))
}

/// A shared memory as `wasi-lite` sees memories.
struct SharedGuest(SharedMemory);

impl GuestMemory for SharedGuest {
    fn size(&self) -> u64 {
        self.0.data_size()
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        self.0.read(addr.into(), buf).map_err(|_| Fault)
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.0.write(addr.into(), bytes).map_err(|_| Fault)
    }
}
