//! Observation: what programs execute, counted, sampled and traced.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

pub use whimbrel_engine::exec::Counts;
use whimbrel_engine::exec::Observation;

use crate::{FrameInfo, Store, Val, WasmBacktrace};

/// A call that observed code is about to make.
#[derive(Debug)]
#[non_exhaustive]
pub struct ObservedCall<'a> {
    /// The function.
    pub frame: &'a FrameInfo,
    /// Its arguments.
    pub args: &'a [Val],
    /// How many functions of the store have called one another to get here; 0 for one that the embedder calls.
    pub depth: usize,
}

type OnCall = Box<dyn FnMut(&ObservedCall<'_>) + Send + Sync>;
type OnSample = Box<dyn FnMut(&WasmBacktrace) + Send + Sync>;

/// Who is told of what in a store.
#[derive(Default)]
pub(crate) struct Observers {
    pub(crate) on_call: Option<OnCall>,
    pub(crate) on_sample: Option<OnSample>,
    observation: Observation,
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observers").field(&self.observation).finish()
    }
}

/// Observation, of an engine that [observes](crate::Config::observe).
impl<T> Store<T> {
    /// Calls `on_call` for each function of modules that is called, before it begins. It replaces what was set before.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use whimbrel::{Config, Engine, Instance, Module, Store};
    ///
    /// # fn main() -> whimbrel::Result<()> {
    /// let engine = Engine::new(Config::new().observe(true))?;
    /// // (module (func (export "f") (param i32)))
    /// # let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x04\x01\x02\0\x0b";
    /// let module = Module::new(&engine, bytes)?;
    /// let mut store = Store::new(&engine, ());
    /// let calls = Arc::new(Mutex::new(Vec::new()));
    /// let seen = Arc::clone(&calls);
    /// store.on_call(move |call| seen.lock().unwrap().push(format!("{:?}", call.args)));
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// instance.get_typed_func::<i32, ()>(&mut store, "f")?.call(&mut store, 7)?;
    /// assert_eq!(*calls.lock().unwrap(), ["[I32(7)]"]);
    /// assert_eq!(store.counts().calls, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_call(&mut self, on_call: impl FnMut(&ObservedCall<'_>) + Send + Sync + 'static) {
        let inner = self.inner_mut();
        inner.observers.on_call = Some(Box::new(on_call));
        inner.observers.observation.calls = true;
        inner.objects.set_observation(inner.observers.observation);
    }

    /// Calls `on_sample` after every `every` instructions of the lowered code, with the functions that are on the stack. It
    /// replaces what was set before.
    pub fn on_sample(&mut self, every: u64, on_sample: impl FnMut(&WasmBacktrace) + Send + Sync + 'static) {
        let inner = self.inner_mut();
        inner.observers.on_sample = Some(Box::new(on_sample));
        inner.observers.observation.sample_every = every.max(1);
        inner.objects.set_observation(inner.observers.observation);
    }

    /// What was executed so far. All zero unless the engine [observes](crate::Config::observe).
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner().objects.counts()
    }
}

/// The depth at which the innermost of `frames` runs.
pub(crate) fn depth(frames: &[whimbrel_engine::StackFrame]) -> usize {
    frames.len().saturating_sub(1)
}

/// Arguments as the embedder sees them.
pub(crate) fn args(values: Vec<whimbrel_engine::Value>) -> Vec<Val> {
    values.into_iter().map(Val::from_value).collect()
}
