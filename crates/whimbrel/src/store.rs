//! Stores, and the traits by which functions of this crate take them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use whimbrel_engine as engine;

use engine::GcStats;

use crate::error::HandleError;
use crate::host::HostCall;
use crate::limiter::{Limiter, ResourceLimiter};
use crate::observe::Observers;
use crate::{Engine, Module, Result};

/// Everything that a running program consists of, and the embedder's own `data` that host functions see.
///
/// Objects of a store, such as instances and memories, are named by handles; a handle keeps its object alive, and works with
/// its own store alone. What neither a handle nor another live object reaches is freed from time to time, and by
/// [`gc`](Self::gc).
pub struct Store<T> {
    inner: Box<StoreInner<T>>,
}

pub(crate) struct StoreInner<T> {
    pub(crate) engine: Engine,
    pub(crate) objects: engine::Store,
    /// Host functions. A call under way shares them as it knows them.
    pub(crate) hosts: Arc<Hosts<T>>,
    /// The modules of instances, by the address of their code.
    modules: HashMap<usize, Module>,
    pub(crate) observers: Observers,
    pub(crate) limiter: Option<Box<Limiter<T>>>,
    /// Whether something panicked while it changed objects.
    is_poisoned: bool,
    pub(crate) data: T,
}

/// Host functions by the engine's numbers.
pub(crate) struct Hosts<T>(Vec<Option<Arc<HostCall<T>>>>);

impl<T> Hosts<T> {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> &Arc<HostCall<T>> {
        let call = self.0.get(number as usize).and_then(Option::as_ref);
        call.expect("host functions that can be called have an entry")
    }
}

impl<T> Clone for Hosts<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> StoreInner<T> {
    /// Makes a function of the store that calls `call`.
    pub(crate) fn new_host_func(
        &mut self,
        ty: Arc<engine::FuncTypeInfo>,
        call: Arc<HostCall<T>>,
        direct: Option<engine::DirectFn>,
    ) -> engine::Handle<engine::FuncInst> {
        let (number, handle) = self.objects.new_host_func(ty, direct);
        let number = number as usize;
        let hosts = &mut Arc::make_mut(&mut self.hosts).0;
        if number >= hosts.len() {
            hosts.resize_with(number + 1, || None);
        }
        hosts[number] = Some(call);
        handle
    }

    /// Keeps `module` for as long as it has instances.
    pub(crate) fn keep_module(&mut self, module: &Module) {
        self.modules.entry(Arc::as_ptr(module.code()).addr()).or_insert_with(|| module.clone());
    }

    pub(crate) fn module_of(&self, code: &Arc<engine::exec::ModuleCode>) -> Option<&Module> {
        self.modules.get(&Arc::as_ptr(code).addr())
    }

    /// Does something to the objects; a panic meanwhile leaves the store poisoned.
    #[inline]
    pub(crate) fn change<R>(&mut self, act: impl FnOnce(&mut engine::Store) -> R) -> R {
        self.is_poisoned = true;
        let result = act(&mut self.objects);
        self.is_poisoned = false;
        result
    }

    /// Refuses to work with objects that a panic may have left half changed.
    #[inline]
    pub(crate) fn check_poison(&self) -> Result<(), HandleError> {
        if self.is_poisoned { Err(HandleError::Poisoned) } else { Ok(()) }
    }

    #[inline]
    pub(crate) fn collect_if_due(&mut self) {
        if self.objects.is_collection_due() {
            self.collect();
        }
    }

    #[cold]
    fn collect(&mut self) -> usize {
        if self.is_poisoned {
            return 0;
        }
        let collected = self.change(engine::Store::collect);
        // What the embedder's side has for objects that are gone.
        if !collected.host_funcs.is_empty() {
            let hosts = &mut Arc::make_mut(&mut self.hosts).0;
            collected.host_funcs.iter().for_each(|&number| hosts[number as usize] = None);
        }
        if collected.instances > 0 {
            self.modules.retain(|_, module| module.has_instances());
        }
        collected.instances
    }
}

impl<T> Store<T> {
    /// An empty store.
    #[must_use]
    pub fn new(engine: &Engine, data: T) -> Self {
        let config = engine.config();
        let mut limits = config.store_limits;
        limits.table_elems = limits.table_elems.min(config.limits.table_elems);
        let mut objects = engine::Store::new(limits);
        #[cfg(feature = "std")]
        objects.set_gc_clock(nanoseconds);
        objects.set_gc_stress(config.gc_stress);
        if config.consume_fuel {
            objects.set_fuel(Some(0));
        }
        let (hosts, modules, observers) = (Arc::new(Hosts(Vec::new())), HashMap::new(), Observers::default());
        let (engine, limiter, is_poisoned) = (engine.clone(), None, false);
        Self { inner: Box::new(StoreInner { engine, objects, hosts, modules, observers, limiter, is_poisoned, data }) }
    }

    pub(crate) fn inner(&self) -> &StoreInner<T> {
        &self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.inner
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The embedder's data.
    #[must_use]
    pub fn data(&self) -> &T {
        &self.inner.data
    }

    /// The embedder's data.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner.data
    }

    /// Ends the store; gives the data back.
    #[must_use]
    pub fn into_data(self) -> T {
        self.inner.data
    }

    /// Frees what nothing reaches; returns how many instances that were.
    ///
    /// A store does so by itself when instances, or all objects, have doubled in number.
    pub fn gc(&mut self) -> usize {
        self.inner.collect()
    }

    /// What the garbage collector has done so far.
    #[must_use]
    pub fn gc_stats(&self) -> GcStats {
        self.inner.objects.gc_stats()
    }

    /// Has the limiter that `find` finds in the store's data decide, from now on, what the store may take.
    pub fn limiter(&mut self, find: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static) {
        self.inner.limiter = Some(Box::new(find));
        self.inner.objects.set_needs_consent(true);
    }

    /// How many instances are alive.
    #[must_use]
    pub fn num_instances(&self) -> usize {
        self.inner.objects.num_instances()
    }

    /// The fuel left, in units of [`Config::consume_fuel`](crate::Config::consume_fuel).
    ///
    /// # Errors
    ///
    /// If the engine does not [count](crate::Config::consume_fuel) it.
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// Sets the fuel. Without any left, execution traps with [`Trap::OutOfFuel`](crate::Trap::OutOfFuel), or is
    /// [suspended](crate::Func::call_resumable).
    ///
    /// # Errors
    ///
    /// If the engine does not [count](crate::Config::consume_fuel) it.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.as_context_mut().set_fuel(fuel)
    }

    /// What stops WebAssembly that runs in this store, from any thread.
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::of(&self.inner)
    }
}

impl<T: Default> Default for Store<T> {
    fn default() -> Self {
        Self::new(&Engine::default(), T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", &self.inner.data).finish_non_exhaustive()
    }
}

/// Stops WebAssembly in the store that it is from.
#[derive(Clone, Debug)]
pub struct InterruptHandle(Arc<AtomicBool>);

impl InterruptHandle {
    pub(crate) fn of<T>(store: &StoreInner<T>) -> Self {
        Self(Arc::clone(store.objects.interrupt_flag()))
    }

    /// Makes running WebAssembly trap with [`Trap::Interrupted`](crate::Trap::Interrupted), or
    /// [suspends](crate::Func::call_resumable) it; if none runs, the next that runs for long enough to notice.
    ///
    /// It is noticed within some 4,000 calls and branches backward, at the return of host functions, and inside copies and
    /// fills of memories and tables. This only sets a flag, which signal handlers may do.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A borrowed store.
pub struct StoreContext<'a, T>(pub(crate) &'a StoreInner<T>);

/// A mutably borrowed store.
pub struct StoreContextMut<'a, T>(pub(crate) &'a mut StoreInner<T>);

impl<'a, T> StoreContext<'a, T> {
    /// The embedder's data.
    #[must_use]
    pub fn data(&self) -> &'a T {
        &self.0.data
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &'a Engine {
        &self.0.engine
    }

    /// As [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine does not count it.
    pub fn get_fuel(&self) -> Result<u64> {
        Ok(self.0.objects.fuel().ok_or(HandleError::NoFuel)?)
    }
}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<T> StoreContextMut<'_, T> {
    /// The embedder's data.
    #[must_use]
    pub fn data(&self) -> &T {
        &self.0.data
    }

    /// The embedder's data.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.0.data
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// As [`Store::gc`], also while WebAssembly runs: what it holds stays.
    pub fn gc(&mut self) -> usize {
        self.0.collect()
    }

    /// As [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine does not count it.
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// As [`Store::set_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine does not count it.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        if self.0.objects.fuel().is_none() {
            return Err(HandleError::NoFuel.into());
        }
        self.0.objects.set_fuel(Some(fuel));
        Ok(())
    }
}

/// What lends a store: [`Store`], [`Caller`](crate::Caller), [`StoreContext`] and references to them.
pub trait AsContext {
    /// The embedder's data in the store.
    type Data;

    /// The store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What lends a store mutably.
pub trait AsContextMut: AsContext {
    /// The store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(&self.inner)
    }
}

impl<T> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(&mut self.inner)
    }
}

impl<T> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0)
    }
}

impl<S: AsContext + ?Sized> AsContext for &S {
    type Data = S::Data;

    fn as_context(&self) -> StoreContext<'_, S::Data> {
        (**self).as_context()
    }
}

impl<S: AsContext + ?Sized> AsContext for &mut S {
    type Data = S::Data;

    fn as_context(&self) -> StoreContext<'_, S::Data> {
        (**self).as_context()
    }
}

impl<S: AsContextMut + ?Sized> AsContextMut for &mut S {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, S::Data> {
        (**self).as_context_mut()
    }
}

impl<'a, S: AsContext> From<&'a S> for StoreContext<'a, S::Data> {
    fn from(store: &'a S) -> Self {
        store.as_context()
    }
}

impl<'a, S: AsContext> From<&'a mut S> for StoreContext<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        S::as_context(store)
    }
}

impl<'a, S: AsContextMut> From<&'a mut S> for StoreContextMut<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        store.as_context_mut()
    }
}

/// The time, for the garbage collector to measure pauses by.
#[cfg(feature = "std")]
fn nanoseconds() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
