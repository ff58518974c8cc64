//! Threads of a guest: `thread-spawn` of the wasi-threads proposal.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::fmt;
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use hashbrown::HashMap;

use crate::store::InterruptHandle;
use crate::{Error, ExternType, Instance, Linker, Module, Result, SharedMemory, Store};

/// Thread ids are positive and have 29 bits, as the proposal says.
const MAX_TID: u32 = 0x1FFF_FFFF;
/// What `thread-spawn` returns if it cannot start a thread: the negative of WASI's `again`.
const AGAIN: i32 = -6;
/// How long the end of a program waits for threads that are inside host functions.
const PATIENCE: Duration = Duration::from_secs(1);

/// A guest with threads: each is a thread of the host with a store and an instance of its own; they share the memories that
/// the module imports.
///
/// ```no_run
/// use std::sync::{Arc, Mutex};
/// use whimbrel::wasi::{self, ThreadGroup, Wasi, WasiBuilder};
/// use whimbrel::{Engine, Linker, Module};
///
/// # fn main() -> whimbrel::Result<()> {
/// # let (engine, bytes) = (Engine::default(), b"");
/// let module = Module::new(&engine, bytes)?;
/// let mut linker = Linker::<Arc<Mutex<Wasi>>>::new(&engine);
/// wasi::add_locked_to_linker(&mut linker, |wasi| wasi)?;
/// let wasi = Arc::new(Mutex::new(WasiBuilder::new().inherit_stdio().build()?));
/// ThreadGroup::new(linker, &module, move || wasi.clone())?.run()
/// # }
/// ```
pub struct ThreadGroup<T>(Arc<Group<T>>);

struct Group<T> {
    module: Module,
    linker: Linker<T>,
    data: Box<dyn Fn() -> T + Send + Sync>,
    state: Mutex<State>,
    /// Told whenever a thread has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    last_tid: u32,
    /// What interrupts each thread, by its id; the main thread's is 0.
    running: HashMap<u32, InterruptHandle>,
    /// Whether the program has ended, no matter how.
    is_over: bool,
    /// What ended it: the first error in any thread.
    error: Option<Error>,
}

impl<T: 'static> ThreadGroup<T> {
    /// A group whose threads take their imports from `linker`, in which `thread-spawn` is defined anew, and shared memories
    /// that the module imports and the linker does not have; `data` makes the data of each thread's store.
    ///
    /// # Errors
    ///
    /// If a memory cannot be made.
    pub fn new(mut linker: Linker<T>, module: &Module, data: impl Fn() -> T + Send + Sync + 'static) -> Result<Self> {
        for import in module.imports() {
            if linker.has(import.module(), import.name()) {
                continue;
            }
            if let ExternType::Memory(ty) = import.ty()
                && ty.is_shared()
            {
                let memory = SharedMemory::new(linker.engine(), ty)?;
                linker.define_shared_memory(import.module(), import.name(), memory)?;
            }
        }
        let mut failed = None;
        let group = Arc::new_cyclic(|group: &Weak<Group<T>>| {
            let group = Weak::clone(group);
            // The linker is part of the group, and must not keep it.
            let spawn = move |argument: i32| group.upgrade().map_or(AGAIN, |group| Group::spawn(&group, argument));
            failed = linker.allow_shadowing(true).func_wrap("wasi", "thread-spawn", spawn).err();
            let (state, ended) = (Mutex::default(), Condvar::new());
            Group { module: module.clone(), linker, data: Box::new(data), state, ended }
        });
        failed.map_or(Ok(Self(group)), Err)
    }

    /// Ends the program, from any thread: [`run`](Self::run) returns [`Trap::Interrupted`](crate::Trap::Interrupted).
    pub fn interrupt(&self) {
        self.0.end(Some(crate::Trap::Interrupted.into()));
    }

    /// Runs the program: `_start` on this thread. The program ends when that returns, or with the first error in any thread,
    /// an exit included; the other threads are interrupted then. Those that are inside host functions end when these return.
    ///
    /// # Errors
    ///
    /// The error that ended the program.
    pub fn run(&self) -> Result<()> {
        let result = self
            .0
            .run_thread(0, |store, instance| instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(store, ()));
        self.0.end(result.err());
        let state = self.0.state();
        let is_busy = |state: &mut State| !state.running.is_empty();
        let waited = self.0.ended.wait_timeout_while(state, PATIENCE, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.error.take().map_or(Ok(()), Err)
    }
}

impl<T: 'static> Group<T> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that calls `wasi_thread_start`; its id, or a negative error code.
    fn spawn(group: &Arc<Self>, argument: i32) -> i32 {
        let tid = {
            let mut state = group.state();
            if state.is_over || state.last_tid == MAX_TID {
                return AGAIN;
            }
            state.last_tid += 1;
            state.last_tid
        };
        let own = Arc::clone(group);
        let body = move || {
            let result = own.run_thread(tid, |store, instance| {
                let start = instance.get_typed_func::<(i32, i32), ()>(&mut *store, "wasi_thread_start")?;
                start.call(store, (tid as i32, argument))
            });
            if let Err(error) = result {
                own.end(Some(error));
            }
        };
        let started = thread::Builder::new().name(alloc::format!("wasi-thread-{tid}")).spawn(body);
        if started.is_ok() { tid as i32 } else { AGAIN }
    }

    /// Runs `body` in a store and an instance for thread `tid`, unless the program has ended.
    fn run_thread(&self, tid: u32, body: impl FnOnce(&mut Store<T>, &Instance) -> Result<()>) -> Result<()> {
        let mut store = Store::new(self.linker.engine(), (self.data)());
        {
            let mut state = self.state();
            if state.is_over {
                return Ok(());
            }
            state.running.insert(tid, store.interrupt_handle());
        }
        let result = self.linker.instantiate(&mut store, &self.module).and_then(|instance| body(&mut store, &instance));
        drop(store);
        self.state().running.remove(&tid);
        self.ended.notify_all();
        result
    }

    /// Ends the program, if it has not ended.
    fn end(&self, error: Option<Error>) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        state.is_over = true;
        state.error = error;
        state.running.values().for_each(InterruptHandle::interrupt);
    }
}

/// Clones are the same group.
impl<T> Clone for ThreadGroup<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for ThreadGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadGroup").field("module", &self.0.module).finish_non_exhaustive()
    }
}
