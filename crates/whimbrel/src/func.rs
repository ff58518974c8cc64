//! Functions, and the driver that carries out calls.

use alloc::vec::Vec;

use wasm_syntax::Trap;
use whimbrel_engine::exec::Outcome;
use whimbrel_engine::{CallError, FuncInst, Handle, Value, ValueError};

use crate::error::{FrameInfo, HandleError, WasmBacktrace};
use crate::host::{Caller, HostFunc, IntoFunc};
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
        store.collect_if_due();
        let expected = store.objects.func_type(&self.handle).map_err(HandleError::from)?.results.len();
        if expected != results.len() {
            return Err(HandleError::Count { what: "results", expected, found: results.len() }.into());
        }
        let args: Vec<Value> = params.iter().map(Val::to_value).collect();
        let mut values = alloc::vec![Value::Null; expected];
        if let Err(error) = begin(store, &self.handle, &args) {
            return Err(match error {
                CallError::Trap(trap) => trap.into(),
                CallError::Value(ValueError::Count { expected, found }) => {
                    HandleError::Count { what: "arguments", expected, found }.into()
                }
                CallError::Value(error) => {
                    let ty = self.try_ty(crate::StoreContext(store))?;
                    HandleError::of_values(error, ty.params(), params).into()
                }
            });
        }
        drive(store, &mut values)?;
        for (result, value) in results.iter_mut().zip(values) {
            *result = Val::from_value(value);
        }
        Ok(())
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
    begin(store, func, args).map_err(|error| match error {
        CallError::Trap(trap) => Error::new(trap),
        CallError::Value(error) => Error::new(HandleError::from(error)),
    })?;
    drive(store, results)
}

fn begin<T>(store: &mut StoreInner<T>, func: &Handle<FuncInst>, args: &[Value]) -> Result<(), CallError> {
    store.objects.begin_call(func, args)
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

/// Carries out the call begun last.
fn drive<T>(store: &mut StoreInner<T>, results: &mut [Value]) -> Result<()> {
    let depth = store.objects.call_depth() - 1;
    let running = Running { store, depth };
    let store = &mut *running.store;
    loop {
        let failed = match store.objects.run() {
            Outcome::Done => {
                store.objects.take_results(results).map_err(HandleError::from)?;
                return Ok(());
            }
            Outcome::HostPending { host } => match store.host(host)(store) {
                Ok(()) => continue,
                Err(error) => match error.downcast_ref::<Exception>().map(|exn| exn.throw(&mut store.objects)) {
                    Some(Ok(())) => continue,
                    Some(Err(refused)) => refused.into(),
                    None => error,
                },
            },
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
            Outcome::OutOfFuel => Trap::OutOfFuel.into(),
            Outcome::Interrupted => Trap::Interrupted.into(),
        };
        return Err(failed.with_backtrace(|| backtrace(store)));
    }
}

fn backtrace<T>(store: &StoreInner<T>) -> WasmBacktrace {
    let frames = store.objects.backtrace();
    WasmBacktrace::new(
        frames
            .iter()
            .map(|frame| match store.module_of(&frame.code) {
                Some(module) => module.frame_info(frame.func, frame.offset),
                None => FrameInfo::unknown(frame.func, frame.offset),
            })
            .collect(),
    )
}
