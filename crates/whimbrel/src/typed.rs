//! Rust types as WebAssembly types, for functions whose types are known when the embedder is compiled.

use core::fmt;
use core::marker::PhantomData;

use wasm_syntax::V128;
use whimbrel_engine::Value;

use crate::error::HandleError;
use crate::func::{Func, begin, call, call_error, drive};
use crate::resumable::TypedResumableCall;
use crate::{AnyRef, AsContext, AsContextMut, ExnRef, ExternRef, FuncType, Result, ValType};

/// A Rust type that stands for a WebAssembly type. Signedness is the embedder's view: both `i32` and `u32` are `i32`.
pub trait WasmTy: Sized {
    /// The WebAssembly type.
    fn valtype() -> ValType;
    #[doc(hidden)]
    fn into_value(self) -> Value;
    /// From a value of [`valtype`](Self::valtype).
    #[doc(hidden)]
    fn from_value(value: Value) -> Self;
    /// Whether the type is a number type, whose values the two functions below pass as they are in slots.
    #[doc(hidden)]
    const IS_NUMBER: bool;
    #[doc(hidden)]
    fn into_slot(self) -> u64;
    #[doc(hidden)]
    fn from_slot(slot: u64) -> Self;
}

macro_rules! wasm_types {
    ($($ty:ty = $valtype:expr, $value:pat => $from:expr, $self:ident => $into:expr, $slot:ident;)*) => {$(
        impl WasmTy for $ty {
            fn valtype() -> ValType {
                $valtype
            }

            fn into_value(self) -> Value {
                let $self = self;
                $into
            }

            fn from_value(value: Value) -> Self {
                match value {
                    $value => $from,
                    other => wrong(&other),
                }
            }

            $slot!($ty);
        }
    )*};
}

/// A number of 32 bits, zero-extended in its slot; one of 64 bits; something else.
macro_rules! narrow {
    ($ty:ty) => {
        const IS_NUMBER: bool = true;

        #[inline(always)]
        fn into_slot(self) -> u64 {
            u32::from_ne_bytes(self.to_ne_bytes()).into()
        }

        #[inline(always)]
        fn from_slot(slot: u64) -> Self {
            Self::from_ne_bytes((slot as u32).to_ne_bytes())
        }
    };
}

macro_rules! wide {
    ($ty:ty) => {
        const IS_NUMBER: bool = true;

        #[inline(always)]
        fn into_slot(self) -> u64 {
            u64::from_ne_bytes(self.to_ne_bytes())
        }

        #[inline(always)]
        fn from_slot(slot: u64) -> Self {
            Self::from_ne_bytes(slot.to_ne_bytes())
        }
    };
}

macro_rules! no_number {
    ($ty:ty) => {
        const IS_NUMBER: bool = false;

        fn into_slot(self) -> u64 {
            unreachable!("only numbers are passed in slots")
        }

        fn from_slot(_: u64) -> Self {
            unreachable!("only numbers are passed in slots")
        }
    };
}

wasm_types! {
    i32 = ValType::I32, Value::I32(x) => x as Self, x => Value::I32(x as u32), narrow;
    u32 = ValType::I32, Value::I32(x) => x, x => Value::I32(x), narrow;
    i64 = ValType::I64, Value::I64(x) => x as Self, x => Value::I64(x as u64), wide;
    u64 = ValType::I64, Value::I64(x) => x, x => Value::I64(x), wide;
    f32 = ValType::F32, Value::F32(x) => Self::from_bits(x), x => Value::F32(x.to_bits()), narrow;
    f64 = ValType::F64, Value::F64(x) => Self::from_bits(x), x => Value::F64(x.to_bits()), wide;
    V128 = ValType::V128, Value::V128(x) => Self::from_u128(x), x => Value::V128(x.to_u128()), no_number;
    Option<Func> = ValType::FUNCREF, Value::Func(x) => x.map(Func::from_handle), x => Value::Func(x.map(|f| f.handle)), no_number;
    Option<ExternRef> = ValType::EXTERNREF, Value::Extern(x) => x.map(ExternRef), x => Value::Extern(x.map(|x| x.0)), no_number;
    Option<AnyRef> = ValType::ANYREF, Value::Any(x) => x.map(AnyRef), x => Value::Any(x.map(|x| x.0)), no_number;
    Option<ExnRef> = ValType::EXNREF, Value::Exn(x) => x.map(ExnRef), x => Value::Exn(x.map(|x| x.0)), no_number;
}

#[cold]
fn wrong(value: &Value) -> ! {
    unreachable!("types were compared before values of them were made: {value:?}")
}

/// A list of [`WasmTy`]: the parameters or results of a function. `()`, one type, or a tuple of up to 16.
pub trait WasmTyList: Sized {
    #[doc(hidden)]
    type Values: AsRef<[Value]> + AsMut<[Value]> + Default;
    #[doc(hidden)]
    fn valtypes() -> impl ExactSizeIterator<Item = ValType>;
    #[doc(hidden)]
    fn into_values(self) -> Self::Values;
    #[doc(hidden)]
    fn from_values(values: Self::Values) -> Self;
    /// Whether all are number types, whose values the two functions below pass as they are in slots.
    #[doc(hidden)]
    const ARE_NUMBERS: bool;
    #[doc(hidden)]
    type Slots: AsRef<[u64]> + AsMut<[u64]> + Default;
    #[doc(hidden)]
    fn into_slots(self) -> Self::Slots;
    #[doc(hidden)]
    fn from_slots(slots: Self::Slots) -> Self;
}

/// The parameters of a [`TypedFunc`].
pub trait WasmParams: WasmTyList {}
/// The results of a [`TypedFunc`].
pub trait WasmResults: WasmTyList {}

impl<L: WasmTyList> WasmParams for L {}
impl<L: WasmTyList> WasmResults for L {}

impl<V: WasmTy> WasmTyList for V {
    type Values = [Value; 1];

    fn valtypes() -> impl ExactSizeIterator<Item = ValType> {
        [V::valtype()].into_iter()
    }

    fn into_values(self) -> [Value; 1] {
        [self.into_value()]
    }

    fn from_values([value]: [Value; 1]) -> Self {
        V::from_value(value)
    }

    const ARE_NUMBERS: bool = V::IS_NUMBER;
    type Slots = [u64; 1];

    #[inline(always)]
    fn into_slots(self) -> [u64; 1] {
        [self.into_slot()]
    }

    #[inline(always)]
    fn from_slots([slot]: [u64; 1]) -> Self {
        V::from_slot(slot)
    }
}

macro_rules! wasm_lists {
    ($($len:literal $($ty:ident $name:ident)*;)*) => {$(
        impl<$($ty: WasmTy),*> WasmTyList for ($($ty,)*) {
            type Values = [Value; $len];

            fn valtypes() -> impl ExactSizeIterator<Item = ValType> {
                let types: [ValType; $len] = [$($ty::valtype()),*];
                types.into_iter()
            }

            fn into_values(self) -> [Value; $len] {
                let ($($name,)*) = self;
                [$($name.into_value()),*]
            }

            #[allow(clippy::unused_unit, reason = "the empty list is one of them")]
            fn from_values([$($name),*]: [Value; $len]) -> Self {
                ($($ty::from_value($name),)*)
            }

            const ARE_NUMBERS: bool = true $(&& $ty::IS_NUMBER)*;
            type Slots = [u64; $len];

            #[inline(always)]
            fn into_slots(self) -> [u64; $len] {
                let ($($name,)*) = self;
                [$($name.into_slot()),*]
            }

            #[inline(always)]
            #[allow(clippy::unused_unit, reason = "the empty list is one of them")]
            fn from_slots([$($name),*]: [u64; $len]) -> Self {
                ($($ty::from_slot($name),)*)
            }
        }
    )*};
}

/// Calls `$macro` with every length up to 16, and that many type and value names.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro! {
            0;
            1 A a;
            2 A a B b;
            3 A a B b C c;
            4 A a B b C c D d;
            5 A a B b C c D d E e;
            6 A a B b C c D d E e G g;
            7 A a B b C c D d E e G g H h;
            8 A a B b C c D d E e G g H h I i;
            9 A a B b C c D d E e G g H h I i J j;
            10 A a B b C c D d E e G g H h I i J j K k;
            11 A a B b C c D d E e G g H h I i J j K k L l;
            12 A a B b C c D d E e G g H h I i J j K k L l M m;
            13 A a B b C c D d E e G g H h I i J j K k L l M m N n;
            14 A a B b C c D d E e G g H h I i J j K k L l M m N n O o;
            15 A a B b C c D d E e G g H h I i J j K k L l M m N n O o P p;
            16 A a B b C c D d E e G g H h I i J j K k L l M m N n O o P p Q q;
        }
    };
}
pub(crate) use for_each_arity;

for_each_arity!(wasm_lists);

/// A function whose parameters and results are Rust types. Calling it allocates nothing.
pub struct TypedFunc<P, R> {
    func: Func,
    types: PhantomData<fn(P) -> R>,
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    pub(crate) fn new(func: Func, store: impl AsContext) -> Result<Self> {
        let ty = func.try_ty(store)?;
        if !ty.params().eq(P::valtypes()) || !ty.results().eq(R::valtypes()) {
            let expected = FuncType::new(ty.engine(), P::valtypes(), R::valtypes());
            return Err(HandleError::func_type(&expected, &ty).into());
        }
        Ok(Self { func, types: PhantomData })
    }

    /// The function.
    #[must_use]
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// If it traps, a host function that it calls fails, or anything belongs to another store.
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        let func = &self.func.handle;
        if const { P::ARE_NUMBERS && R::ARE_NUMBERS } {
            store.check_poison()?;
            store.take_limits();
            store.objects.begin_number_call(func, params.into_slots().as_ref()).map_err(call_error)?;
            let mut results = R::Slots::default();
            drive(store, |objects| objects.take_number_results(results.as_mut()))?;
            return Ok(R::from_slots(results));
        }
        let mut results = R::Values::default();
        call(store, func, params.into_values().as_ref(), results.as_mut())?;
        Ok(R::from_values(results))
    }

    /// As [`call`](Self::call), but a call that runs out of fuel or is interrupted is suspended, to go on later.
    ///
    /// # Errors
    ///
    /// As for [`Func::call_resumable`].
    pub fn call_resumable(&self, mut store: impl AsContextMut, params: P) -> Result<TypedResumableCall<R>> {
        let store = store.as_context_mut().0;
        store.collect_if_due();
        begin(store, &self.func.handle, params.into_values().as_ref())?;
        TypedResumableCall::drive(store)
    }
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        Self { func: self.func.clone(), types: PhantomData }
    }
}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.func.fmt(f)
    }
}
