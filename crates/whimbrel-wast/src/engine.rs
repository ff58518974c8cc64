//! What the runner asks of the engine, and how the engine's errors fall into the kinds that scripts tell apart.

use std::fmt;

use wasm_reader::ReadErrorKind;
use wasm_syntax::{Feature, Features};
use whimbrel::{
    AnyRef, Config, Engine, Error, Extern, ExternRef, GcStress, Global, GlobalType, HandleError, Instance, LinkError,
    Linker, Memory, MemoryType, Module, Mutability, RefType, SharedMemory, Store, Table, TableType, Trap, V128, Val,
    ValType,
};

use crate::stage;
use crate::value::{Hierarchy, Value};

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The module's text or bytes cannot be read.
    Malformed(String),
    /// The module breaks a rule of validation.
    Invalid(String),
    /// The module's imports are not satisfied.
    Unlinkable(String),
    /// Execution trapped.
    Trap(Trap),
    /// The engine does not do that.
    Unsupported(String),
    /// Anything else, such as an export that does not exist.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => write!(f, "malformed module: {text}"),
            Self::Invalid(text) => write!(f, "invalid module: {text}"),
            Self::Unlinkable(text) => write!(f, "unlinkable module: {text}"),
            Self::Trap(trap) => write!(f, "trap: {trap}"),
            Self::Unsupported(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = format!("{error:#}");
        if is_unsupported(&error) {
            Self::Unsupported(text)
        } else if let Some(&trap) = error.downcast_ref::<Trap>() {
            Self::Trap(trap)
        } else if let Some(link) = error.downcast_ref::<LinkError>() {
            Self::Unlinkable(link.to_string())
        } else {
            Self::Other(text)
        }
    }
}

/// Whether the engine says that it does not execute something yet, rather than that something is wrong.
fn is_unsupported(error: &Error) -> bool {
    error.root_cause().to_string().starts_with("unsupported ")
}

/// Shared memories by the names of the exports that they were.
pub type SharedExports = Vec<(String, SharedMemory)>;

/// One store with what a script has put into it.
pub struct Host {
    engine: Engine,
    features: Features,
    store: Store<()>,
    linker: Linker<()>,
}

impl Host {
    /// A store in which the module `spectest` can be imported; with `fuel`, it counts fuel and never runs out of it.
    /// `gc_stress` says when it collects garbage.
    ///
    /// # Errors
    ///
    /// If the engine refuses what every script relies on.
    pub fn new(features: Features, fuel: bool, gc_stress: GcStress) -> Result<Self, Failure> {
        let mut config = Config::new();
        config.wasm_features(features).consume_fuel(fuel).gc_stress(gc_stress);
        let engine = Engine::new(&config)?;
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(u64::MAX)?;
        }
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        define_spectest(&mut linker, &mut store)?;
        if features.has(Feature::Threads) {
            let module = Module::new(&engine, SHARED_MEMORY)?;
            let instance = linker.instantiate(&mut store, &module)?;
            linker.instance(&mut store, SPECTEST, &instance)?;
        }
        Ok(Self { engine, features, store, linker })
    }

    /// Decodes and validates a module.
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`], [`Failure::Invalid`], or [`Failure::Unsupported`] if it is valid.
    pub fn load(&self, bytes: &[u8]) -> Result<Module, Failure> {
        let loaded = Module::new(&self.engine, bytes);
        match (stage::decode(bytes, self.features), loaded) {
            (Ok(()), Ok(module)) => Ok(module),
            // A valid module may have what cannot be prepared for execution.
            (Ok(()), Err(error)) => Err(match Module::validate(&self.engine, bytes) {
                Ok(()) => error.into(),
                Err(error) => Failure::Invalid(format!("{error:#}")),
            }),
            // An index that is too large for the implementation refers to nothing, which is for validation to say.
            (Err(error), Err(_)) if matches!(error.kind, ReadErrorKind::TypeIdxTooLarge { .. }) => {
                Err(Failure::Invalid(error.to_string()))
            }
            (Err(error), Err(_)) => Err(Failure::Malformed(error.to_string())),
            (Err(error), Ok(_)) => Err(Failure::Other(format!("loading accepts what decoding refuses: {error}"))),
        }
    }

    /// Instantiates a module with what is registered.
    ///
    /// # Errors
    ///
    /// [`Failure::Unlinkable`], [`Failure::Trap`] or [`Failure::Unsupported`].
    pub fn instantiate(&mut self, module: &Module) -> Result<Instance, Failure> {
        Ok(self.linker.instantiate(&mut self.store, module)?)
    }

    /// Makes an instance's exports importable.
    ///
    /// # Errors
    ///
    /// If the engine refuses one.
    pub fn register(&mut self, name: &str, instance: &Instance) -> Result<(), Failure> {
        self.linker.instance(&mut self.store, name, instance)?;
        Ok(())
    }

    /// The shared memories that an instance exports, which other threads may import.
    pub fn shared_exports(&mut self, instance: &Instance) -> SharedExports {
        let exports = instance.exports(&mut self.store);
        exports
            .filter_map(|export| Some((export.name().to_owned(), export.into_extern().into_shared_memory()?)))
            .collect()
    }

    /// Makes another thread's shared memories importable.
    ///
    /// # Errors
    ///
    /// If the engine refuses one.
    pub fn register_shared(&mut self, name: &str, exports: &SharedExports) -> Result<(), Failure> {
        for (export, memory) in exports {
            self.linker.define(&mut self.store, name, export, memory.clone())?;
        }
        Ok(())
    }

    /// Calls an exported function.
    ///
    /// # Errors
    ///
    /// [`Failure::Trap`], [`Failure::Unsupported`], or [`Failure::Other`] if there is no such function.
    pub fn invoke(&mut self, instance: &Instance, name: &str, args: &[Value]) -> Result<Vec<Value>, Failure> {
        let func = instance
            .get_func(&mut self.store, name)
            .ok_or_else(|| Failure::Other(format!("the instance exports no function `{name}`")))?;
        let args = args.iter().map(|&arg| self.val_from(arg)).collect::<Result<Vec<_>, _>>()?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        results.iter().map(|result| self.value_from(result)).collect()
    }

    /// Reads an exported global.
    ///
    /// # Errors
    ///
    /// [`Failure::Other`] if there is no such global.
    pub fn get(&mut self, instance: &Instance, name: &str) -> Result<Value, Failure> {
        match instance.get_export(&mut self.store, name) {
            Some(Extern::Global(global)) => {
                let value = global.get(&mut self.store);
                self.value_from(&value)
            }
            _ => Err(Failure::Other(format!("the instance exports no global `{name}`"))),
        }
    }

    fn val_from(&mut self, value: Value) -> Result<Val, Failure> {
        Ok(match value {
            Value::I32(value) => Val::I32(value),
            Value::I64(value) => Val::I64(value),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(bits) => Val::V128(V128::from_u128(bits)),
            Value::Null(Hierarchy::Func) => Val::FuncRef(None),
            Value::Null(Hierarchy::Extern) => Val::ExternRef(None),
            Value::Extern(number) => Val::ExternRef(Some(ExternRef::new(&mut self.store, number)?)),
            Value::Null(Hierarchy::Any) => Val::AnyRef(None),
            Value::Host(number) => Val::AnyRef(Some(AnyRef::convert_extern(ExternRef::new(&mut self.store, number)?))),
            Value::Null(_) | Value::TypedNull => Val::NullRef,
            Value::Ref(_) => unreachable!("scripts have no such arguments"),
        })
    }

    /// The number of a host object; `None` if the reference is to something inside WebAssembly.
    fn number_of(&self, reference: &ExternRef) -> Result<Option<u32>, Failure> {
        let data = match reference.data(&self.store) {
            Ok(data) => data,
            Err(error) if error.downcast_ref() == Some(&HandleError::NotHost) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let number = data.downcast_ref::<u32>();
        Ok(Some(*number.ok_or_else(|| Failure::Other("an externref from nowhere".to_owned()))?))
    }

    fn value_from(&self, val: &Val) -> Result<Value, Failure> {
        Ok(match val {
            Val::I32(value) => Value::I32(*value),
            Val::I64(value) => Value::I64(*value),
            Val::F32(bits) => Value::F32(*bits),
            Val::F64(bits) => Value::F64(*bits),
            Val::V128(value) => Value::V128(value.to_u128()),
            Val::FuncRef(None) => Value::Null(Hierarchy::Func),
            Val::FuncRef(Some(_)) => Value::Ref("func"),
            Val::ExternRef(None) => Value::Null(Hierarchy::Extern),
            Val::ExternRef(Some(reference)) => match self.number_of(reference)? {
                Some(number) => Value::Extern(number),
                None => Value::Ref("extern"),
            },
            Val::AnyRef(None) => Value::Null(Hierarchy::Any),
            Val::AnyRef(Some(reference)) => {
                if reference.as_i31().is_some() {
                    Value::Ref("i31")
                } else if reference.as_struct(&self.store)?.is_some() {
                    Value::Ref("struct")
                } else if reference.as_array(&self.store)?.is_some() {
                    Value::Ref("array")
                } else {
                    let number = self.number_of(&ExternRef::convert_any(reference.clone()))?;
                    Value::Host(number.ok_or_else(|| Failure::Other("an anyref to nothing known".to_owned()))?)
                }
            }
            Val::ExnRef(None) => Value::Null(Hierarchy::Exn),
            Val::ExnRef(Some(_)) => Value::Ref("exn"),
            Val::ContRef(None) => Value::Null(Hierarchy::Cont),
            Val::ContRef(Some(_)) => Value::Ref("cont"),
            Val::NullRef => Value::TypedNull,
        })
    }
}

/// The name of the module that scripts import without having defined it.
const SPECTEST: &str = "spectest";
/// `(module (memory (export "shared_memory") 1 2 shared))`
const SHARED_MEMORY: &[u8] = b"\0asm\x01\0\0\0\x05\x04\x01\x03\x01\x02\x07\x11\x01\x0dshared_memory\x02\0";

fn define_spectest(linker: &mut Linker<()>, store: &mut Store<()>) -> Result<(), Failure> {
    linker.func_wrap(SPECTEST, "print", || {})?;
    linker.func_wrap(SPECTEST, "print_i32", |_: i32| {})?;
    linker.func_wrap(SPECTEST, "print_i64", |_: i64| {})?;
    linker.func_wrap(SPECTEST, "print_f32", |_: f32| {})?;
    linker.func_wrap(SPECTEST, "print_f64", |_: f64| {})?;
    linker.func_wrap(SPECTEST, "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap(SPECTEST, "print_f64_f64", |_: f64, _: f64| {})?;
    for (name, value) in [
        ("global_i32", Val::from(666_i32)),
        ("global_i64", Val::from(666_i64)),
        ("global_f32", Val::from(666.6_f32)),
        ("global_f64", Val::from(666.6_f64)),
    ] {
        let content = match value {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            _ => ValType::F64,
        };
        let global = Global::new(&mut *store, GlobalType::new(content, Mutability::Const), value)?;
        linker.define(&mut *store, SPECTEST, name, global)?;
    }
    for (name, ty) in [
        ("table", TableType::new(RefType::FUNCREF, 10, Some(20))),
        ("table64", TableType::new64(RefType::FUNCREF, 10, Some(20))),
    ] {
        let table = Table::new(&mut *store, ty, Val::FuncRef(None))?;
        linker.define(&mut *store, SPECTEST, name, table)?;
    }
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define(&mut *store, SPECTEST, "memory", memory)?;
    Ok(())
}
