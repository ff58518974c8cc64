//! Host functions: Rust closures that WebAssembly calls.

use alloc::sync::Arc;
use alloc::vec::Vec;

use whimbrel_engine::{DirectFn, Value};

use crate::error::HandleError;
use crate::store::StoreInner;
use crate::typed::for_each_arity;
use crate::{
    AsContext, AsContextMut, Engine, Error, Extern, Func, FuncType, Instance, InterruptHandle, Result, StoreContext,
    StoreContextMut, Val, WasmTy, WasmTyList,
};

/// A host function that the engine has stopped for: takes its arguments from the store, and puts its results there.
pub(crate) type HostCall<T> = dyn Fn(&mut StoreInner<T>) -> Result<()> + Send + Sync;

/// A host function without a store.
pub(crate) struct HostFunc<T> {
    pub ty: FuncType,
    pub call: Arc<HostCall<T>>,
    /// The same for the engine to call by itself.
    direct: Option<DirectFn>,
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self { ty: self.ty.clone(), call: Arc::clone(&self.call), direct: self.direct.clone() }
    }
}

impl<T> HostFunc<T> {
    /// Of values whose types are known at run time.
    pub(crate) fn new(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (params, results) = (ty.params().len(), ty.clone());
        let call = move |store: &mut StoreInner<T>| {
            let mut values = alloc::vec![Value::Null; params];
            store.objects.host_args(&mut values).map_err(HandleError::from)?;
            let args: Vec<Val> = values.drain(..).map(Val::from_value).collect();
            let default = |ty| Val::default_for_ty(ty).unwrap_or(Val::NullRef);
            let mut rets: Vec<Val> = results.results().map(default).collect();
            func(Caller(StoreContextMut(store)), &args, &mut rets)?;
            values.extend(rets.iter().map(Val::to_value));
            store
                .objects
                .return_from_host(&values)
                .map_err(|error| HandleError::of_values(error, results.results(), &rets))?;
            Ok(())
        };
        Self { ty, call: Arc::new(call), direct: None }
    }

    /// Of what takes its arguments from the store itself.
    #[cfg(feature = "wasi")]
    pub(crate) fn raw(ty: FuncType, call: impl Fn(&mut StoreInner<T>) -> Result<()> + Send + Sync + 'static) -> Self {
        Self { ty, call: Arc::new(call), direct: None }
    }

    /// Of Rust types.
    pub(crate) fn wrap<Params, Results>(engine: &Engine, func: impl IntoFunc<T, Params, Results>) -> Self {
        func.into_host_func(engine)
    }

    /// The function in a store.
    pub(crate) fn in_store(&self, store: &mut StoreInner<T>) -> Result<Func> {
        if !store.engine.same(self.ty.engine()) {
            return Err(HandleError::WrongEngine.into());
        }
        Ok(Func::from_handle(store.new_host_func(self.ty.info(), Arc::clone(&self.call), self.direct.clone())))
    }
}

/// The store, and the instance that calls, as a host function sees them.
pub struct Caller<'a, T>(pub(crate) StoreContextMut<'a, T>);

impl<T> Caller<'_, T> {
    /// The embedder's data.
    #[must_use]
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// The embedder's data.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// An export of the instance that calls, such as its memory; `None` if there is none of that name, or the embedder
    /// itself calls.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let store = &mut *self.0.0;
        let handle = store.objects.calling_instance()?;
        let code = store.objects.instance_code(&handle).ok()?;
        let module = store.module_of(code)?.clone();
        Instance::from_parts(handle, module).get_export(&mut self.0, name)
    }

    /// As [`Store::interrupt_handle`](crate::Store::interrupt_handle).
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::of(self.0.0)
    }

    /// As [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// If the engine does not count it.
    pub fn get_fuel(&self) -> Result<u64> {
        self.0.get_fuel()
    }

    /// As [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// If the engine does not count it.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.0.set_fuel(fuel)
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.0.as_context()
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.0.as_context_mut()
    }
}

/// What a host function may return: `()`, one [`WasmTy`], a tuple of them, or a `Result` of these.
pub trait WasmRet {
    /// What it returns without an error.
    type Ok: WasmTyList;
    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Ok>;
    /// Whether it can be nothing but [`Ok`](Self::Ok).
    #[doc(hidden)]
    const IS_OK: bool;
}

impl<L: WasmTyList> WasmRet for L {
    type Ok = L;

    fn into_result(self) -> Result<L> {
        Ok(self)
    }

    const IS_OK: bool = true;
}

impl<L: WasmTyList> WasmRet for Result<L, Error> {
    type Ok = L;

    fn into_result(self) -> Self {
        self
    }

    const IS_OK: bool = false;
}

/// A closure that can be a host function: up to 16 [`WasmTy`] parameters, perhaps after a [`Caller`], and a [`WasmRet`].
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate calls it")]
    fn into_host_func(self, engine: &Engine) -> HostFunc<T>;
}

/// Makes a host function of a closure that takes its parameters as one tuple.
fn wrap<T, P: WasmTyList, R: WasmRet>(
    engine: &Engine,
    func: impl Fn(Caller<'_, T>, P) -> R + Send + Sync + 'static,
) -> HostFunc<T> {
    let ty = FuncType::new(engine, P::valtypes(), R::Ok::valtypes());
    let call = move |store: &mut StoreInner<T>| {
        if const { P::ARE_NUMBERS && R::Ok::ARE_NUMBERS } {
            return call_with_numbers(store, &func);
        }
        let mut args = P::Values::default();
        store.objects.host_args(args.as_mut()).map_err(HandleError::from)?;
        let results = func(Caller(StoreContextMut(store)), P::from_values(args)).into_result()?;
        store.objects.return_from_host(results.into_values().as_ref()).map_err(HandleError::from)?;
        Ok(())
    };
    HostFunc { ty, call: Arc::new(call), direct: None }
}

/// As [`wrap`], of a closure that sees no store.
fn wrap_pure<T, P: WasmTyList, R: WasmRet>(
    engine: &Engine,
    func: impl Fn(P) -> R + Send + Sync + 'static,
) -> HostFunc<T> {
    let func = Arc::new(func);
    #[cfg(feature = "std")]
    let direct = direct_of(&func);
    #[cfg(not(feature = "std"))]
    let direct = None;
    HostFunc { direct, ..wrap(engine, move |_, args| func(args)) }
}

/// How the engine calls a closure by itself, which it can if that passes numbers alone and ends in a panic at worst.
#[cfg(feature = "std")]
fn direct_of<P: WasmTyList, R: WasmRet>(func: &Arc<impl Fn(P) -> R + Send + Sync + 'static>) -> Option<DirectFn> {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    if !const { P::ARE_NUMBERS && R::Ok::ARE_NUMBERS && R::IS_OK } {
        return None;
    }
    let func = Arc::clone(func);
    Some(DirectFn(Arc::new(move |slots: &mut [u64]| {
        let mut args = P::Slots::default();
        let params = args.as_ref().len();
        args.as_mut().copy_from_slice(&slots[..params]);
        // The panic goes on where the engine's caller is told of it, so nobody sees what it leaves.
        let results = catch_unwind(AssertUnwindSafe(|| func(P::from_slots(args)).into_result()))?;
        let results = results.unwrap_or_else(|_| unreachable!("it is no `Result`")).into_slots();
        slots[..results.as_ref().len()].copy_from_slice(results.as_ref());
        Ok(())
    })))
}

/// Calls a host function that takes and returns numbers alone.
#[inline(always)]
fn call_with_numbers<T, P: WasmTyList, R: WasmRet>(
    store: &mut StoreInner<T>,
    func: &impl Fn(Caller<'_, T>, P) -> R,
) -> Result<()> {
    let (mut args, mut results) = (P::Slots::default(), <R::Ok as WasmTyList>::Slots::default());
    let (params_len, results_len) = (args.as_ref().len(), results.as_ref().len());
    let slots = store.objects.host_numbers(params_len, results_len).map_err(HandleError::from)?;
    args.as_mut().copy_from_slice(&slots[..params_len]);
    results = func(Caller(StoreContextMut(store)), P::from_slots(args)).into_result()?.into_slots();
    let slots = store.objects.host_numbers(params_len, results_len).map_err(HandleError::from)?;
    slots[..results_len].copy_from_slice(results.as_ref());
    Ok(store.objects.return_numbers_from_host().map_err(HandleError::from)?)
}

macro_rules! closures {
    ($($len:literal $($ty:ident $name:ident)*;)*) => {$(
        impl<T, F, R, $($ty: WasmTy),*> IntoFunc<T, ($($ty,)*), R> for F
        where
            F: Fn($($ty),*) -> R + Send + Sync + 'static,
            R: WasmRet,
        {
            #[expect(private_interfaces, reason = "only this crate calls it")]
            fn into_host_func(self, engine: &Engine) -> HostFunc<T> {
                wrap_pure(engine, move |($($name,)*): ($($ty,)*)| self($($name),*))
            }
        }

        impl<T, F, R, $($ty: WasmTy),*> IntoFunc<T, (Caller<'_, T>, $($ty,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($ty),*) -> R + Send + Sync + 'static,
            R: WasmRet,
        {
            #[expect(private_interfaces, reason = "only this crate calls it")]
            fn into_host_func(self, engine: &Engine) -> HostFunc<T> {
                wrap(engine, move |caller: Caller<'_, T>, ($($name,)*): ($($ty,)*)| self(caller, $($name),*))
            }
        }
    )*};
}

for_each_arity!(closures);
