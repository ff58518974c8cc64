//! Functions, and the driver that carries out calls.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wasm_syntax::Trap;
use whimbrel_engine::exec::Outcome;
use whimbrel_engine::{CallError, FuncInst, Handle, StackFrame, Suspension, Value, ValueError};

use crate::error::{FrameInfo, HandleError, WasmBacktrace};
use crate::host::{Caller, HostFunc, IntoFunc};
use crate::observe::{self, ObservedCall};
use crate::resumable::{ResumableCall, SuspendReason};
use crate::store::StoreInner;
use crate::typed::{TypedFunc, WasmParams, WasmResults};
use crate::types::FuncType;
use crate::{AsContext, AsContextMut, Error, Exception, Result, Val};

/// A function, of a module or the host. Spec: `syntax-funcinst`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Func {
    pub(crate) handle: Handle<FuncInst>,
}

impl Func {
    pub(crate) fn from_handle(handle: Handle<FuncInst>) -> Self {
        Self { handle }
    }

    /// A host function of type `ty`: `func` gets its arguments, and fills in results, which are zero or null at first.
    ///
    /// # Panics
    ///
    /// If `ty` belongs to another engine than the store.
    pub fn new<T>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        HostFunc::new(ty, func).in_store(store).expect("the type belongs to the store's engine")
    }

    /// A host function whose type is that of the closure `func`.
    pub fn wrap<T, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Self {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let func = HostFunc::wrap(&store.engine, func);
        func.in_store(store).expect("the type was made for the store's engine")
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        self.try_ty(store).expect("the function belongs to the store")
    }

    pub(crate) fn try_ty(&self, store: impl AsContext) -> Result<FuncType, HandleError> {
        let store = store.as_context().0;
        let id = store.objects.func_type(&self.handle)?.id;
        Ok(FuncType::from_id(&store.engine, wasm_validate::CanonicalTypeId(id.0)))
    }

    /// Calls it with `params`; puts what it returns into `results`.
    ///
    /// # Errors
    ///
    /// If the numbers or types of values are not those of the function, it traps, it ends in an [`Exception`], a host function that it calls fails, or
    /// anything belongs to another store.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val], results: &mut [Val]) -> Result<()> {
        let store = store.as_context_mut().0;
        let mut values = self.begin(store, params, results)?;
        drive(store, |objects| objects.take_results(&mut values))?;
        put(values, results);
        Ok(())
    }

    /// As [`call`](Self::call), but a call that runs out of fuel or is interrupted is suspended, to go on later.
    ///
    /// # Errors
    ///
    /// As for `call`, without those two traps; they are still traps where a host function that it calls gets them from a call
    /// of its own.
    pub fn call_resumable(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<ResumableCall> {
        let store = store.as_context_mut().0;
        let values = self.begin(store, params, results)?;
        ResumableCall::drive(store, values, results)
    }

    /// Begins a call; returns room for its results.
    fn begin<T>(&self, store: &mut StoreInner<T>, params: &[Val], results: &[Val]) -> Result<Vec<Value>> {
        store.check_poison()?;
        store.collect_if_due();
        store.take_limits();
        let expected = store.objects.func_type(&self.handle).map_err(HandleError::from)?.results.len();
        check_len(expected, results)?;
        let args: Vec<Value> = params.iter().map(Val::to_value).collect();
        store.objects.begin_call(&self.handle, &args).map_err(|error| match error {
            CallError::Trap(trap) => Error::from(trap),
            CallError::Value(ValueError::Count { expected, found }) => {
                HandleError::Count { what: "arguments", expected, found }.into()
            }
            CallError::Value(error) => match self.try_ty(crate::StoreContext(store)) {
                Ok(ty) => HandleError::of_values(error, ty.params(), params).into(),
                Err(error) => error.into(),
            },
        })?;
        Ok(alloc::vec![Value::Null; expected])
    }

    /// The function with its type known to Rust.
    ///
    /// # Errors
    ///
    /// If that is not its type, or it belongs to another store.
    pub fn typed<P: WasmParams, R: WasmResults>(&self, store: impl AsContext) -> Result<TypedFunc<P, R>> {
        TypedFunc::new(self.clone(), store)
    }
}

/// Calls a function of the store with values of its parameters' types.
pub(crate) fn call<T>(
    store: &mut StoreInner<T>,
    func: &Handle<FuncInst>,
    args: &[Value],
    results: &mut [Value],
) -> Result<()> {
    begin(store, func, args)?;
    drive(store, |objects| objects.take_results(results))
}

/// Begins a call of a function of the store with values of its parameters' types.
pub(crate) fn begin<T>(store: &mut StoreInner<T>, func: &Handle<FuncInst>, args: &[Value]) -> Result<()> {
    store.check_poison()?;
    store.take_limits();
    store.objects.begin_call(func, args).map_err(call_error)
}

pub(crate) fn call_error(error: CallError) -> Error {
    match error {
        CallError::Trap(trap) => Error::new(trap),
        CallError::Value(error) => Error::new(HandleError::from(error)),
    }
}

pub(crate) fn check_len(expected: usize, results: &[Val]) -> Result<()> {
    if expected != results.len() {
        return Err(HandleError::Count { what: "results", expected, found: results.len() }.into());
    }
    Ok(())
}

pub(crate) fn put(values: Vec<Value>, results: &mut [Val]) {
    for (result, value) in results.iter_mut().zip(values) {
        *result = Val::from_value(value);
    }
}

/// The call begun last: ended when this is dropped, also by a panic in a host function.
struct Running<'a, T> {
    store: &'a mut StoreInner<T>,
    depth: usize,
}

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        self.store.objects.end_calls(self.depth);
    }
}

/// Carries out the call begun last; `take` takes its results.
#[inline]
pub(crate) fn drive<T>(
    store: &mut StoreInner<T>,
    take: impl FnOnce(&mut whimbrel_engine::Store) -> Result<(), ValueError>,
) -> Result<()> {
    let suspended = drive_until(store, false, take)?;
    debug_assert!(suspended.is_none(), "the call may not be suspended");
    Ok(())
}

/// Carries out the call begun last until it is over, or out of fuel or interrupted if it may be suspended then. `take` takes
/// the results of a call that has returned, and ends it.
#[inline]
pub(crate) fn drive_until<T>(
    store: &mut StoreInner<T>,
    may_suspend: bool,
    take: impl FnOnce(&mut whimbrel_engine::Store) -> Result<(), ValueError>,
) -> Result<Option<(SuspendReason, Suspension)>> {
    let depth = store.objects.call_depth() - 1;
    let running = Running { store, depth };
    let suspended = run(running.store, may_suspend)?;
    if suspended.is_none() {
        take(&mut running.store.objects).map_err(HandleError::from)?;
    }
    Ok(suspended)
}

/// Runs the call begun last until it has returned, or is suspended.
fn run<T>(store: &mut StoreInner<T>, may_suspend: bool) -> Result<Option<(SuspendReason, Suspension)>> {
    // Host functions as they were when one was called last, held so that calling one counts nothing.
    let mut hosts = None;
    loop {
        let failed = match store.change(whimbrel_engine::Store::run) {
            Outcome::Done => return Ok(None),
            Outcome::OutOfFuel if may_suspend => return Ok(Some((SuspendReason::OutOfFuel, store.objects.suspend()))),
            Outcome::Interrupted if may_suspend => {
                return Ok(Some((SuspendReason::Interrupted, store.objects.suspend())));
            }
            Outcome::HostPending { host } => {
                let hosts = match &hosts {
                    Some(hosts) if Arc::ptr_eq(hosts, &store.hosts) => hosts,
                    _ => hosts.insert(Arc::clone(&store.hosts)),
                };
                match hosts.get(host)(store) {
                    Ok(()) => continue,
                    Err(error) => match error.downcast_ref::<Exception>().map(|exn| exn.throw(&mut store.objects)) {
                        Some(Ok(())) => continue,
                        Some(Err(refused)) => refused.into(),
                        None => error,
                    },
                }
            }
            Outcome::NeedsCode { code, func } => {
                let module = store.module_of(&code).expect("modules stay as long as their instances").clone();
                match module.compile(func) {
                    Ok(()) => continue,
                    Err(error) => error,
                }
            }
            Outcome::Trap(trap) => trap.into(),
            Outcome::Exception => Exception::from_engine(store.objects.thrown()).into(),
            Outcome::HeapFull => unreachable!("the store collects its heap by itself"),
            #[cfg(feature = "std")]
            Outcome::HostPanicked(payload) => std::panic::resume_unwind(payload),
            #[cfg(not(feature = "std"))]
            Outcome::HostPanicked(_) => unreachable!("without `std` no host function is called directly"),
            Outcome::Grows(growth) => match store.allows(growth) {
                Ok(granted) => {
                    store.objects.consent(granted);
                    continue;
                }
                Err(error) => error,
            },
            Outcome::Called => {
                observed_call(store);
                continue;
            }
            Outcome::Sample => {
                let backtrace = backtrace(store);
                if let Some(on_sample) = &mut store.observers.on_sample {
                    on_sample(&backtrace);
                }
                continue;
            }
            Outcome::OutOfFuel => Trap::OutOfFuel.into(),
            Outcome::Interrupted => Trap::Interrupted.into(),
        };
        return Err(failed.with_backtrace(|| backtrace(store)));
    }
}

/// Tells the store's observer of the function that is about to be entered.
fn observed_call<T>(store: &mut StoreInner<T>) {
    let depth = observe::depth(&store.objects.backtrace());
    let Some((frame, args)) = store.objects.called() else { return };
    let frame = frame_info(store, &frame);
    if let Some(on_call) = &mut store.observers.on_call {
        on_call(&ObservedCall { frame: &frame, args: &observe::args(args), depth });
    }
}

fn frame_info<T>(store: &StoreInner<T>, frame: &StackFrame) -> FrameInfo {
    match store.module_of(&frame.code) {
        Some(module) => module.frame_info(frame.func, frame.offset),
        None => FrameInfo::unknown(frame.func, frame.offset),
    }
}

/// How many functions a backtrace tells of: a guest that recurses as deep as it may is not to cost its embedder a name for each frame.
const MAX_BACKTRACE: usize = 100;

fn backtrace<T>(store: &StoreInner<T>) -> WasmBacktrace {
    let frames = store.objects.backtrace();
    WasmBacktrace::new(frames.iter().take(MAX_BACKTRACE).map(|frame| frame_info(store, frame)).collect())
}
