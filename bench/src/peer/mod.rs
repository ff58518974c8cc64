//! The engines that are measured, behind one interface.

/// Defines `to_val`, `from_val` and `put`, which convert between [`Value`](crate::value::Value) and an engine's own type of numbers, given how it
/// makes floats of their bits and bits of its floats.
macro_rules! conversions {
    ($Val:ident, $f32:expr, $f64:expr, $bits32:expr, $bits64:expr) => {
        fn to_val(value: &Value) -> $Val {
            match *value {
                Value::I32(value) => $Val::I32(value),
                Value::I64(value) => $Val::I64(value),
                Value::F32(bits) => $Val::F32($f32(bits)),
                Value::F64(bits) => $Val::F64($f64(bits)),
            }
        }

        /// A number of the engine's as one of ours; `None` of anything else.
        fn from_val(val: &$Val) -> Option<Value> {
            Some(match val {
                $Val::I32(value) => Value::I32(*value),
                $Val::I64(value) => Value::I64(*value),
                $Val::F32(value) => Value::F32($bits32(*value)),
                $Val::F64(value) => Value::F64($bits64(*value)),
                #[allow(unreachable_patterns)]
                _ => return None,
            })
        }

        /// Puts what an engine returned where it belongs.
        fn put(results: &mut [Value], vals: &[$Val]) -> anyhow::Result<()> {
            for (result, val) in results.iter_mut().zip(vals) {
                *result = from_val(val).ok_or_else(|| anyhow::anyhow!("a result is no number"))?;
            }
            Ok(())
        }
    };
}

#[cfg(feature = "sf-nano")]
mod sf_nano;
#[cfg(feature = "stitch")]
mod stitch;
#[cfg(feature = "submilli")]
mod submilli;
#[cfg(feature = "tinywasm")]
mod tinywasm;
#[cfg(feature = "wamr")]
mod wamr;
#[cfg(feature = "wasm3")]
mod wasm3;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;
mod whimbrel;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::case::Case;
use crate::host::Imports;
use crate::value::Value;

/// An engine, in the configuration in which its users meet it: validating, translating when a function is first called if it
/// can.
pub trait Peer {
    /// Decodes, validates and, if the engine does not do so lazily, translates `wasm`.
    ///
    /// # Errors
    ///
    /// If the engine does not take the module.
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>>;

    /// The same of a file, as the engine does it with the least memory.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load), or if the file cannot be read.
    fn load_file(&self, path: &Path) -> Result<Box<dyn Loaded>> {
        let wasm = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.load(&wasm)
    }
}

/// A module that an engine has loaded.
pub trait Loaded {
    /// Makes an instance of it.
    ///
    /// # Errors
    ///
    /// If the engine refuses.
    fn instantiate(&self, imports: &Imports) -> Result<Box<dyn Instance>>;
}

/// An instance in an engine.
pub trait Instance {
    /// Calls an export; `results` holds values of the types that it returns, and afterwards what it returned.
    ///
    /// # Errors
    ///
    /// If there is no such function, its type is another, or it traps.
    fn call(&mut self, export: &str, args: &[Value], results: &mut [Value]) -> Result<()>;

    /// Calls an export that takes an `i32` and returns one so many times, each time with what it returned before, by the
    /// quickest way that the engine has for functions of a type known to Rust.
    ///
    /// # Errors
    ///
    /// If there is no such function, its type is another, or it traps.
    fn call_often(&mut self, export: &str, times: u32) -> Result<i32>;
}

type Make = fn() -> Result<Box<dyn Peer>>;

/// An engine by its name.
pub struct Engine {
    /// As in tables and in JSON.
    pub name: &'static str,
    /// Whether it generates machine code.
    pub is_compiler: bool,
    make: Option<Make>,
}

impl Engine {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// If this program was built without it, or it does not work here.
    pub fn make(&self) -> Result<Box<dyn Peer>> {
        let Some(make) = self.make else { bail!("this program was built without {}", self.name) };
        make()
    }

    /// Whether this program was built with it.
    #[must_use]
    pub fn is_built(&self) -> bool {
        self.make.is_some()
    }
}

/// A maker of a peer, if the program is built with the feature.
macro_rules! maker {
    ($feature:literal, $make:expr) => {{
        #[cfg(feature = $feature)]
        let make: Option<Make> = Some(|| Ok(Box::new($make)));
        #[cfg(not(feature = $feature))]
        let make = None;
        make
    }};
}

/// All engines, whimbrel first, then the interpreters, then those that generate code.
pub static ENGINES: &[Engine] = &[
    Engine { name: "whimbrel", is_compiler: false, make: Some(|| Ok(Box::new(whimbrel::Whimbrel::default()))) },
    Engine { name: "wasmi", is_compiler: false, make: maker!("wasmi", wasmi::Wasmi::default()) },
    Engine { name: "sf-nano", is_compiler: false, make: maker!("sf-nano", sf_nano::SfNano::new()?) },
    Engine { name: "stitch", is_compiler: false, make: maker!("stitch", stitch::Stitch::default()) },
    Engine { name: "wasm3", is_compiler: false, make: maker!("wasm3", wasm3::Wasm3::default()) },
    Engine { name: "tinywasm", is_compiler: false, make: maker!("tinywasm", tinywasm::TinyWasm) },
    Engine { name: "submilli", is_compiler: false, make: maker!("submilli", submilli::Submilli::default()) },
    Engine { name: "wamr", is_compiler: false, make: maker!("wamr", wamr::Wamr::new()?) },
    Engine { name: "pulley", is_compiler: false, make: maker!("wasmtime", wasmtime::Wasmtime::pulley()?) },
    Engine { name: "winch", is_compiler: true, make: maker!("wasmtime", wasmtime::Wasmtime::winch()?) },
    Engine { name: "wasmtime", is_compiler: true, make: maker!("wasmtime", wasmtime::Wasmtime::cranelift()?) },
];

/// The engine of that name.
///
/// # Errors
///
/// If there is none.
pub fn named(name: &str) -> Result<&'static Engine> {
    let Some(engine) = ENGINES.iter().find(|engine| engine.name == name) else {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
        bail!("no engine is named `{name}`; there are {}", names.join(", "));
    };
    Ok(engine)
}

/// How many operators a kernel executes, `nop`, `drop` and the brackets of blocks not counted; `None` if this program was
/// built without the engine that counts them.
#[must_use]
pub fn operators(case: &Case, rounds: i32) -> Option<u64> {
    #[cfg(feature = "wasmtime")]
    return wasmtime::operators(case, rounds).ok();
    #[cfg(not(feature = "wasmtime"))]
    {
        let _ = (case, rounds);
        None
    }
}
