//! WASI preview 1, from `wasi-lite`, as imports of a linker.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use wasi_lite::{Abi, Exit, Fault, Function, GuestMemory, InTurn};

use crate::error::HandleError;
use crate::host::{Caller, HostFunc};
use crate::store::StoreInner;
use crate::{Engine, Error, Extern, FuncType, I32Exit, Linker, Result, SharedMemory, StoreContextMut, Trap, ValType};

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
    define_all(linker, false, move |data, _, call| {
        Ok(match call(get(data), None)? {
            InTurn::Done(errno) => Some(errno),
            InTurn::Wait(_) => None,
        })
    })
}

/// As [`add_to_linker`], for a context that threads share. A thread that waits for a clock, for input or a connection, or for
/// room for output waits without the context, which the others have meanwhile. An interruption ends such a call too.
///
/// # Errors
///
/// If one of the names is taken.
#[cfg(feature = "std")]
pub fn add_locked_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Arc<std::sync::Mutex<Wasi>> + Copy + Send + Sync + 'static,
) -> Result<()> {
    /// How long an interruption of a call that waits may take.
    const PATIENCE_NS: u64 = 10_000_000;
    define_all(linker, true, move |data, interrupt, call| {
        let wasi = Arc::clone(get(data));
        let start = std::time::Instant::now();
        loop {
            let waited_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let result = {
                let mut context = wasi.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                call(&mut context, Some(waited_ns))?
            };
            match result {
                InTurn::Done(errno) => return Ok(Some(errno)),
                InTurn::Wait(_) if interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) => return Ok(None),
                InTurn::Wait(pending) => pending.wait(PATIENCE_NS),
            }
        }
    })
}

/// A call of a function on a context. With a time, for how long it was waited before, it must not wait.
type Call<'a> = &'a mut dyn FnMut(&mut Wasi, Option<u64>) -> Result<InTurn, Exit>;

/// Makes a call on the context in the store's data, in as many turns as it takes; `None` if the flag interrupts it.
trait With<T>: Fn(&mut T, Option<&AtomicBool>, Call<'_>) -> Result<Option<u32>, Exit> + Send + Sync + 'static {}

impl<T, F> With<T> for F where
    F: Fn(&mut T, Option<&AtomicBool>, Call<'_>) -> Result<Option<u32>, Exit> + Send + Sync + 'static
{
}

fn define_all<T: 'static>(linker: &mut Linker<T>, may_let_go: bool, with: impl With<T> + Copy) -> Result<()> {
    for abi in [Abi::Preview1, Abi::Unstable] {
        for &function in Function::ALL {
            let func = host_func(linker.engine(), abi, function, may_let_go, with);
            linker.define_host(abi.module(), function.name(), func)?;
        }
    }
    Ok(())
}

fn host_func<T: 'static>(
    engine: &Engine,
    abi: Abi,
    function: Function,
    may_let_go: bool,
    with: impl With<T>,
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
        let mut args = [0; MAX_PARAMS];
        let slots = store.objects.host_numbers(params, results).map_err(HandleError::from)?;
        for ((arg, slot), ty) in args.iter_mut().zip(slots).zip(function.params()) {
            *arg = match ty {
                wasi_lite::ValType::I32 => u64::from(*slot as u32),
                wasi_lite::ValType::I64 => *slot,
            };
        }
        // Only a call that lets go of the context looks at the flag.
        let interrupt = may_let_go.then(|| Arc::clone(store.objects.interrupt_flag()));
        let Some(errno) = call_wasi(store, (abi, function, &args[..params]), interrupt.as_deref(), &with)? else {
            interrupt.inspect(|flag| flag.store(false, Ordering::Relaxed));
            return Err(Trap::Interrupted.into());
        };
        let slots = store.objects.host_numbers(params, results).map_err(HandleError::from)?;
        slots.iter_mut().take(results).for_each(|slot| *slot = errno.into());
        Ok(store.objects.return_numbers_from_host().map_err(HandleError::from)?)
    };
    HostFunc::raw(FuncType::new(engine, types(function.params()), types(function.results())), call)
}

/// One call on the guest's memory; `None` if it was interrupted while it waited.
fn call_wasi<T>(
    store: &mut StoreInner<T>,
    what: (Abi, Function, &[u64]),
    interrupt: Option<&AtomicBool>,
    with: &impl With<T>,
) -> Result<Option<u32>> {
    fn call<M: GuestMemory + ?Sized>(
        (abi, function, args): (Abi, Function, &[u64]),
        memory: &mut M,
        wasi: &mut Wasi,
        waited_ns: Option<u64>,
    ) -> Result<InTurn, Exit> {
        match waited_ns {
            Some(waited_ns) => wasi.call_in_turn(abi, function, memory, args, waited_ns),
            None => wasi.call_abi(abi, function, memory, args).map(InTurn::Done),
        }
    }
    let mut caller = Caller(StoreContextMut(store));
    let result = match caller.get_export("memory") {
        Some(Extern::SharedMemory(memory)) => {
            let mut memory = SharedGuest(memory);
            with(caller.data_mut(), interrupt, &mut |wasi, waited| call(what, &mut memory, wasi, waited))
        }
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(&mut caller);
            with(data, interrupt, &mut |wasi, waited| call(what, &mut *bytes, wasi, waited))
        }
        // Functions that touch no memory work without one.
        _ => with(caller.data_mut(), interrupt, &mut |wasi, waited| call(what, &mut [][..], wasi, waited)),
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
