//! Values as the embedder sees them.

use wasm_syntax::V128;
use whimbrel_engine::Value;

use crate::{AnyRef, ContRef, ExnRef, ExternRef, Func, RefType, ValType};

/// A value whose type is known at run time only. Spec: `syntax-val`.
///
/// Floats are bits, so that NaNs keep their payloads: `Val::from(1.5f64)`, [`unwrap_f64`](Self::unwrap_f64).
#[derive(Clone, Debug)]
pub enum Val {
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A `v128`.
    V128(V128),
    /// A function, or null.
    FuncRef(Option<Func>),
    /// A value of the embedder's, or null.
    ExternRef(Option<ExternRef>),
    /// An exception, or null.
    ExnRef(Option<ExnRef>),
    /// A continuation, or null.
    ContRef(Option<ContRef>),
    /// A reference to a 31-bit integer, a structure or an array, or null.
    AnyRef(Option<AnyRef>),
    /// The null reference of a kind whose references do not leave WebAssembly.
    NullRef,
}

impl Val {
    /// The default of values of type `ty`: zero, or null; `None` for types without null.
    #[must_use]
    pub fn default_for_ty(ty: ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(V128::ZERO),
            ValType::Ref(ty) => return Self::null(ty),
        })
    }

    /// The null reference of a type, if it has one.
    #[must_use]
    pub fn null(ty: RefType) -> Option<Self> {
        if !ty.is_nullable() {
            return None;
        }
        Some(match ty {
            RefType::FUNCREF => Self::FuncRef(None),
            RefType::EXTERNREF => Self::ExternRef(None),
            RefType::EXNREF => Self::ExnRef(None),
            RefType::ANYREF => Self::AnyRef(None),
            _ => Self::NullRef,
        })
    }

    /// What kind of value it is, as errors say.
    pub(crate) fn type_text(&self) -> &'static str {
        match self {
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::V128(_) => "v128",
            Self::FuncRef(_) => "funcref",
            Self::ExternRef(_) => "externref",
            Self::ExnRef(_) => "exnref",
            Self::ContRef(_) => "contref",
            Self::AnyRef(_) => "anyref",
            Self::NullRef => "null",
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            &Self::I32(value) => Value::I32(value as u32),
            &Self::I64(value) => Value::I64(value as u64),
            &Self::F32(bits) => Value::F32(bits),
            &Self::F64(bits) => Value::F64(bits),
            Self::V128(value) => Value::V128(value.to_u128()),
            Self::FuncRef(Some(func)) => Value::Func(Some(func.handle.clone())),
            Self::ExternRef(Some(value)) => Value::Extern(Some(value.0.clone())),
            Self::FuncRef(None) => Value::Func(None),
            Self::ExternRef(None) => Value::Extern(None),
            Self::ExnRef(exn) => Value::Exn(exn.as_ref().map(|exn| exn.0.clone())),
            Self::ContRef(cont) => Value::Cont(cont.as_ref().map(|cont| cont.0.clone())),
            Self::AnyRef(reference) => Value::Any(reference.as_ref().map(|reference| reference.0.clone())),
            Self::NullRef => Value::Null,
        }
    }

    pub(crate) fn from_value(value: Value) -> Self {
        match value {
            Value::I32(value) => Self::I32(value as i32),
            Value::I64(value) => Self::I64(value as i64),
            Value::F32(bits) => Self::F32(bits),
            Value::F64(bits) => Self::F64(bits),
            Value::V128(bits) => Self::V128(V128::from_u128(bits)),
            Value::Func(func) => Self::FuncRef(func.map(Func::from_handle)),
            Value::Extern(value) => Self::ExternRef(value.map(ExternRef)),
            Value::Exn(exn) => Self::ExnRef(exn.map(ExnRef)),
            Value::Cont(cont) => Self::ContRef(cont.map(ContRef)),
            Value::Any(reference) => Self::AnyRef(reference.map(AnyRef)),
            Value::Null => Self::NullRef,
        }
    }
}

macro_rules! accessors {
    ($($get:ident $unwrap:ident $text:literal $ty:ty: $pattern:pat => $value:expr;)*) => {
        impl Val {$(
            #[doc = concat!("The value, if it is ", $text, ".")]
            #[must_use]
            pub fn $get(&self) -> Option<$ty> {
                if let $pattern = self { Some($value) } else { None }
            }

            #[doc = concat!("The value, which is ", $text, ".")]
            ///
            /// # Panics
            ///
            /// If it is not.
            #[must_use]
            pub fn $unwrap(&self) -> $ty {
                self.$get().expect(concat!("expected ", $text))
            }
        )*}
    };
}

accessors! {
    i32 unwrap_i32 "an `i32`" i32: &Self::I32(value) => value;
    i64 unwrap_i64 "an `i64`" i64: &Self::I64(value) => value;
    f32 unwrap_f32 "an `f32`" f32: &Self::F32(bits) => f32::from_bits(bits);
    f64 unwrap_f64 "an `f64`" f64: &Self::F64(bits) => f64::from_bits(bits);
    v128 unwrap_v128 "a `v128`" V128: &Self::V128(value) => value;
    func_ref unwrap_func_ref "a function or null" Option<&Func>: Self::FuncRef(func) => func.as_ref();
    any_ref unwrap_any_ref "an internal reference or null" Option<&AnyRef>: Self::AnyRef(v) => v.as_ref();
    extern_ref unwrap_extern_ref "an embedder's value or null" Option<&ExternRef>: Self::ExternRef(v) => v.as_ref();
    exn_ref unwrap_exn_ref "an exception or null" Option<&ExnRef>: Self::ExnRef(exn) => exn.as_ref();
}

macro_rules! conversions {
    ($($ty:ty: $value:ident => $val:expr;)*) => {$(
        impl From<$ty> for Val {
            fn from($value: $ty) -> Self {
                $val
            }
        }
    )*};
}

conversions! {
    i32: value => Self::I32(value);
    u32: value => Self::I32(value as i32);
    i64: value => Self::I64(value);
    u64: value => Self::I64(value as i64);
    f32: value => Self::F32(value.to_bits());
    f64: value => Self::F64(value.to_bits());
    V128: value => Self::V128(value);
    Func: value => Self::FuncRef(Some(value));
    Option<Func>: value => Self::FuncRef(value);
    AnyRef: value => Self::AnyRef(Some(value));
    Option<AnyRef>: value => Self::AnyRef(value);
    ExternRef: value => Self::ExternRef(Some(value));
    Option<ExternRef>: value => Self::ExternRef(value);
    ExnRef: value => Self::ExnRef(Some(value));
    Option<ExnRef>: value => Self::ExnRef(value);
}
