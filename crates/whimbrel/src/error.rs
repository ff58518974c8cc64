//! The error of this crate: what failed, in what context, and where in WebAssembly.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use wasm_syntax::{ExternKind, FuncIdx, Trap};
use whimbrel_compile::{LoadError, LoadErrorKind};
use whimbrel_engine::{ObjectError, ValueError, WrongStore};

use crate::{FuncType, Val, ValType};

/// The result of most functions of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

type Payload = Box<dyn core::error::Error + Send + Sync + 'static>;

/// An error: one word, made from any error type by `?` and taken apart by [`downcast_ref`](Self::downcast_ref).
///
/// What this crate puts in: [`Trap`], [`LinkError`], [`HandleError`], [`I32Exit`], the readers' and validators' errors, and
/// what host functions return. Errors from within WebAssembly carry a [`WasmBacktrace`].
///
/// `{}` shows the outermost context, `{:#}` all of them, `{:?}` the backtrace too.
///
/// ```
/// use whimbrel::{Engine, Instance, Module, Store, Trap};
///
/// # fn main() -> whimbrel::Result<()> {
/// let engine = Engine::default();
/// // (module (func (export "f") unreachable))
/// let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x05\x01\x03\0\0\x0b";
/// let module = Module::new(&engine, bytes)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
/// let error = f.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Unreachable));
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    payload: Payload,
    /// Innermost first.
    contexts: Vec<String>,
    backtrace: Option<WasmBacktrace>,
}

impl Error {
    /// An error that wraps `error`.
    #[must_use]
    pub fn new<E: core::error::Error + Send + Sync + 'static>(error: E) -> Self {
        Self::from_boxed(Box::new(error))
    }

    /// An error with a message alone.
    #[must_use]
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::new(Message(message.to_string()))
    }

    fn from_boxed(payload: Payload) -> Self {
        Self(Box::new(Inner { payload, contexts: Vec::new(), backtrace: None }))
    }

    /// Adds what was being done.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.contexts.push(context.to_string());
        self
    }

    /// The error inside, if it is an `E`; also the [`WasmBacktrace`], if there is one.
    #[must_use]
    pub fn downcast_ref<E: core::error::Error + 'static>(&self) -> Option<&E> {
        let backtrace = self.0.backtrace.as_ref().map(|trace| trace as &(dyn core::error::Error + 'static));
        self.0.payload.downcast_ref().or_else(|| backtrace?.downcast_ref())
    }

    /// The error inside, if it is an `E`.
    ///
    /// # Errors
    ///
    /// This error, if it is not.
    pub fn downcast<E: core::error::Error + Send + Sync + 'static>(self) -> Result<E> {
        let Inner { payload, contexts, backtrace } = *self.0;
        match payload.downcast() {
            Ok(error) => Ok(*error),
            Err(payload) => Err(Self(Box::new(Inner { payload, contexts, backtrace }))),
        }
    }

    /// Whether the error inside is an `E`.
    #[must_use]
    pub fn is<E: core::error::Error + Send + Sync + 'static>(&self) -> bool {
        self.0.payload.is::<E>()
    }

    /// The trap, if this is one.
    #[must_use]
    pub fn as_trap(&self) -> Option<Trap> {
        self.downcast_ref().copied()
    }

    /// The exit status that the program asked for, if it did.
    #[must_use]
    pub fn i32_exit_status(&self) -> Option<i32> {
        self.downcast_ref::<I32Exit>().map(|exit| exit.0)
    }

    /// The innermost error that this one wraps.
    #[must_use]
    pub fn root_cause(&self) -> &(dyn core::error::Error + 'static) {
        let mut cause: &(dyn core::error::Error + 'static) = &*self.0.payload;
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause
    }

    /// Where a module is malformed or not valid, in bytes from its start, if that is the error.
    #[must_use]
    pub fn module_offset(&self) -> Option<u64> {
        Some(match self.downcast_ref::<LoadError>()?.kind() {
            LoadErrorKind::Read(error) => error.offset,
            LoadErrorKind::Validate(error) => error.offset(),
            LoadErrorKind::Unsupported { offset, .. } => *offset,
            _ => return None,
        })
    }

    /// Where in WebAssembly it happened, if that is where.
    #[must_use]
    pub fn backtrace(&self) -> Option<&WasmBacktrace> {
        self.0.backtrace.as_ref()
    }

    /// Adds a backtrace, unless there is one from further inside.
    pub(crate) fn with_backtrace(mut self, backtrace: impl FnOnce() -> WasmBacktrace) -> Self {
        self.0.backtrace.get_or_insert_with(backtrace);
        self
    }
}

impl<E: core::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl From<Error> for Box<dyn core::error::Error + Send + Sync> {
    fn from(error: Error) -> Self {
        Box::new(Report(error))
    }
}

impl From<Error> for Box<dyn core::error::Error> {
    fn from(error: Error) -> Self {
        Box::new(Report(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { payload, contexts, .. } = &*self.0;
        if !f.alternate() {
            return match contexts.last() {
                Some(context) => f.write_str(context),
                None => payload.fmt(f),
            };
        }
        for context in contexts.iter().rev() {
            write!(f, "{context}: ")?;
        }
        write!(f, "{payload}")?;
        let mut cause = payload.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")?;
        match &self.0.backtrace {
            Some(backtrace) if !backtrace.frames.is_empty() => write!(f, "\n{backtrace}"),
            _ => Ok(()),
        }
    }
}

/// An [`Error`] as an error of the standard kind.
struct Report(Error);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl core::error::Error for Report {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Without context, the wrapped error's text is this one's.
        if self.0.0.contexts.is_empty() { self.0.0.payload.source() } else { Some(&*self.0.0.payload) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);

/// Why a module does not link. Spec: `exec-instantiation`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nothing is defined by that name.
    #[error("unknown import: `{module}::{name}` has not been defined")]
    Unknown {
        /// The name of the import's module.
        module: String,
        /// The import's name in it.
        name: String,
    },
    /// What is defined does not have the import's type.
    #[error("incompatible import type for `{module}::{name}`: expected {expected}, found {found}")]
    Incompatible {
        /// The name of the import's module.
        module: String,
        /// The import's name in it.
        name: String,
        /// What the module imports.
        expected: String,
        /// What was given.
        found: String,
    },
    /// More or fewer things were given than the module imports.
    #[error("expected {expected} imports, found {found}")]
    Count {
        /// How many imports the module has.
        expected: usize,
        /// How many things were given.
        found: usize,
    },
    /// The linker has that name already, and may not [shadow](crate::Linker::allow_shadowing) it.
    #[error("import of `{module}::{name}` defined twice")]
    Duplicate {
        /// The name of the import's module.
        module: String,
        /// The import's name in it.
        name: String,
    },
}

/// A function, memory or other object is not used as it can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The object belongs to another store.
    #[error("object used with another store than its own")]
    WrongStore,
    /// A module, linker or type belongs to another engine.
    #[error("object used with another engine than its own")]
    WrongEngine,
    /// There are more or fewer values than there have to be.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// `arguments`, `results` or `values`.
        what: &'static str,
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A value is of the wrong type.
    #[error("type mismatch: expected {expected}, found {found}")]
    Type {
        /// The type that belongs there.
        expected: String,
        /// The value's type.
        found: String,
    },
    /// The instance has no such export, or it is of another kind.
    #[error("no export `{name}` that is a {}", kind.text())]
    Export {
        /// The name.
        name: String,
        /// The kind that was asked for.
        kind: ExternKind,
    },
    /// A global that may not be written.
    #[error("global is not mutable")]
    Immutable,
    /// A field or elements that may not be written.
    #[error("field is not mutable")]
    ImmutableField,
    /// A structure has no such field, or an array no such element.
    #[error("no such field or element")]
    NoField,
    /// The type of a structure or array is not one of that kind that a module defines.
    #[error("not a defined type of structures or arrays")]
    NotDefined,
    /// An `externref` that comes from inside WebAssembly has no value of the embedder's.
    #[error("reference to no value of the embedder's")]
    NotHost,
    /// A place past the end of a table.
    #[error("out of bounds table access")]
    TableOutOfBounds,
    /// Bytes past the end of a memory.
    #[error("out of bounds memory access")]
    MemoryOutOfBounds,
    /// A limit of the store, or what memory the machine has.
    #[error("{0} exceeds the store's limits or the memory available")]
    Limit(&'static str),
    /// A memory is shared, or is not, where it must be the other.
    #[error("{}", if *expected { "the memory must be shared" } else { "the memory must not be shared" })]
    Shared {
        /// Whether it must be.
        expected: bool,
    },
    /// Something panicked while it worked on the store, which may be left half changed: such as the destructor of a value of the
    /// embedder's, run by the collector. A panic in a host function does not do that.
    #[error("the store is poisoned: something panicked while it was being changed")]
    Poisoned,
    /// The engine does not count fuel.
    #[error("fuel is not configured in this engine")]
    NoFuel,
}

impl HandleError {
    /// A function has another type than expected.
    pub(crate) fn func_type(expected: &FuncType, found: &FuncType) -> Self {
        Self::Type { expected: expected.to_string(), found: found.to_string() }
    }

    /// The engine has refused `found` as values of the types `expected`.
    pub(crate) fn of_values(error: ValueError, expected: impl Iterator<Item = ValType>, found: &[Val]) -> Self {
        match error {
            ValueError::Type => Self::Type {
                expected: list(expected.map(|ty| ty.to_string())),
                found: list(found.iter().map(|val| val.type_text().to_string())),
            },
            other => other.into(),
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    alloc::format!("({})", items.collect::<Vec<_>>().join(", "))
}

impl From<WrongStore> for HandleError {
    fn from(_: WrongStore) -> Self {
        Self::WrongStore
    }
}

impl From<ValueError> for HandleError {
    fn from(error: ValueError) -> Self {
        match error {
            ValueError::Type => Self::Type { expected: "another type".to_string(), found: "this value".to_string() },
            ValueError::Count { expected, found } => Self::Count { what: "values", expected, found },
            ValueError::Store(error) => error.into(),
        }
    }
}

impl From<ObjectError> for HandleError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Limit(what) => Self::Limit(what),
            ObjectError::OutOfBounds => Self::TableOutOfBounds,
            ObjectError::Immutable => Self::Immutable,
            ObjectError::Value(error) => error.into(),
        }
    }
}

/// The program asked to exit with this status, by WASI's `proc_exit` or a host function's own decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("exited with status {0}")]
pub struct I32Exit(pub i32);

/// The functions that were running when an error happened, innermost first; the 100 innermost, if there are more.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
}

impl WasmBacktrace {
    pub(crate) fn new(frames: Vec<FrameInfo>) -> Self {
        Self { frames }
    }

    /// The functions, innermost first: 100 at most.
    #[must_use]
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm backtrace:")?;
        for (n, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {n:>3}: {frame}")?;
        }
        Ok(())
    }
}

/// A function in a [`WasmBacktrace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    pub(crate) module_name: Option<String>,
    pub(crate) func: FuncIdx,
    pub(crate) func_name: Option<String>,
    pub(crate) func_offset: Option<u32>,
    pub(crate) module_offset: Option<u64>,
}

impl FrameInfo {
    /// A function of which only this is known.
    pub(crate) fn unknown(func: FuncIdx, func_offset: Option<u32>) -> Self {
        Self { module_name: None, func, func_name: None, func_offset, module_offset: None }
    }

    /// The module's name, if it says.
    #[must_use]
    pub fn module_name(&self) -> Option<&str> {
        self.module_name.as_deref()
    }

    /// The function's position in the module.
    #[must_use]
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The function's name, if the module says.
    #[must_use]
    pub fn func_name(&self) -> Option<&str> {
        self.func_name.as_deref()
    }

    /// Bytes from the start of the function's body to the instruction, where known.
    #[must_use]
    pub fn func_offset(&self) -> Option<usize> {
        self.func_offset.map(|offset| offset as usize)
    }

    /// Bytes from the start of the module to the instruction, where known.
    #[must_use]
    pub fn module_offset(&self) -> Option<usize> {
        self.module_offset.and_then(|offset| usize::try_from(offset).ok())
    }
}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.module_offset {
            write!(f, "{offset:#8x} - ")?;
        }
        write!(f, "{}!", self.module_name().unwrap_or("<unknown>"))?;
        match self.func_name() {
            Some(name) => f.write_str(name),
            None => write!(f, "<wasm function {}>", self.func),
        }
    }
}
