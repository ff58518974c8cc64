//! What engines execute: the kernels as data, and modules from outside.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use whimbrel::{Engine, ExternType, Module, ValType};

use crate::host::{self, Imports, Program, Session};
use crate::value::Value;

/// One call of one export of a fresh instance.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub wasm: Cow<'static, [u8]>,
    pub export: String,
    pub args: Vec<Value>,
    /// Values of the types that the export returns.
    pub results: Vec<Value>,
    /// Arguments of a call that comes first and is not measured, so that functions are translated.
    pub warm_up: Option<Vec<Value>>,
    pub needs: Needs,
    /// Instead of one call, so many by way of a function of a type known to the host.
    pub times: Option<u32>,
}

/// What a case's module imports.
#[derive(Clone, Debug)]
pub enum Needs {
    Nothing,
    Host,
    Wasi(Program),
}

impl Needs {
    /// What one instance is given.
    ///
    /// # Errors
    ///
    /// If WASI cannot be set up.
    pub fn imports(&self) -> Result<Imports> {
        Ok(match self {
            Self::Nothing => Imports::None,
            Self::Host => Imports::Host,
            Self::Wasi(program) => Imports::Wasi(Session::new(program)?),
        })
    }
}

macro_rules! kernels {
    ($($name:literal $rounds:literal)*) => {
        /// The kernels: modules whose export `run` takes how much to do and returns what came of it, with the argument with
        /// which they run for some tens of milliseconds in an interpreter.
        const KERNELS: &[(&str, &[u8], i32)] =
            &[$(($name, include_bytes!(concat!("../kernels/", $name, ".wasm")), $rounds),)*];
    };
}

kernels! {
    "collatz" 60_000
    "sieve" 40
    "matrix" 25
    "nbody" 60_000
    "mandelbrot" 30
    "hash" 150
    "quicksort" 60
    "search" 1_500
    "bytecode" 100_000
    "fib" 500
    "indirect" 1_500_000
    "bulk" 200_000
    "compress" 120
    "modpow" 60_000
    "raytrace" 80
    "life" 200
    "paths" 20
    "json" 400
    "table" 70
    "heap" 30
    "huffman" 40
    "bignum" 4_600
    "siphash" 80_000
    "regex" 140
    "queens" 600
    "cosine" 4_000
    "tree" 60_000
    "mix" 200
    "simd" 1_500
    "tail" 80_000
    "gc" 1_000
    "trees" 100
    "linked_map" 300
    "throw" 60_000
    "generator" 1_000
}

/// All kernels.
pub fn kernels() -> impl Iterator<Item = Case> {
    let run = |&(name, wasm, rounds): &(&str, &'static [u8], i32)| Case {
        name: name.to_owned(),
        wasm: Cow::Borrowed(wasm),
        export: "run".to_owned(),
        args: vec![Value::I32(rounds)],
        results: vec![Value::I64(0)],
        warm_up: Some(vec![Value::I32(1)]),
        needs: Needs::Nothing,
        times: None,
    };
    KERNELS.iter().map(run)
}

/// Calls between host and guest, both ways.
pub fn boundaries() -> [Case; 2] {
    let case = |name: &str, export: &str, rounds, times: Option<u32>| Case {
        name: name.to_owned(),
        wasm: Cow::Borrowed(HOST),
        export: export.to_owned(),
        args: vec![Value::I32(rounds)],
        results: vec![Value::I64(0)],
        warm_up: times.is_none().then(|| vec![Value::I32(1)]),
        needs: Needs::Host,
        times,
    };
    [case("guest to host", "run", 500_000, None), case("host to guest", "step", 0, Some(500_000))]
}

/// The module that calls the host and is called by it.
const HOST: &[u8] = include_bytes!("../kernels/host.wasm");

/// The kernel of that name, as a module to be loaded and instantiated.
///
/// # Errors
///
/// If there is none.
pub fn kernel(name: &str) -> Result<Case> {
    kernels().find(|case| case.name == name).with_context(|| format!("there is no kernel `{name}`"))
}

/// A call of an export of the module in a file; of a program with WASI, `_start` if no export is named.
///
/// # Errors
///
/// If the file cannot be read, is no module, or has no such function, or the arguments are not of its type.
pub fn from_file(path: &Path, export: Option<&str>, args: &[String], program: Program) -> Result<Case> {
    let wasm = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let module = Module::new(&Engine::default(), &wasm).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let export = export.unwrap_or("_start");
    let (params, results) = signature(&module, export).with_context(|| path.display().to_string())?;
    ensure!(
        params.len() == args.len(),
        "`{export}` takes {} arguments, {} are given with --arg",
        params.len(),
        args.len()
    );
    let imports = |name: &str| module.imports().any(|import| import.module() == name);
    let needs = if imports(host::WASI) {
        Needs::Wasi(program)
    } else if imports("host") {
        Needs::Host
    } else {
        Needs::Nothing
    };
    Ok(Case {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        export: export.to_owned(),
        args: args.iter().zip(params).map(|(arg, ty)| Value::parse(arg, ty)).collect::<Result<_>>()?,
        results: results.into_iter().map(Value::zero).collect::<Result<_>>()?,
        warm_up: None,
        needs,
        times: None,
        wasm: Cow::Owned(wasm),
    })
}

/// Runs of real programs, as a file lists them: `[{"name", "wasm", "args", "files"}]`.
///
/// # Errors
///
/// If the file is no such list, or one that it names cannot be read.
pub fn programs(list: &Path) -> Result<Vec<Case>> {
    let text = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&text).context("the list of programs is no list")?;
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    let case = |entry: &serde_json::Value| {
        let name = entry["name"].as_str().context("a program has no name")?;
        let files = texts(&entry["files"]).into_iter().map(PathBuf::from).collect::<Vec<_>>();
        let program = Program::new(name, &texts(&entry["args"]), &files)?;
        let wasm = entry["wasm"].as_str().with_context(|| format!("`{name}` is not anywhere"))?;
        Ok(Case { name: name.to_owned(), ..from_file(Path::new(wasm), None, &[], program)? })
    };
    entries.iter().map(case).collect()
}

/// Types of parameters and results of the function exported under that name.
fn signature(module: &Module, export: &str) -> Result<(Vec<ValType>, Vec<ValType>)> {
    let Some(ExternType::Func(ty)) = module.get_export(export) else { bail!("no function is exported as `{export}`") };
    Ok((ty.params().collect(), ty.results().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_a_valid_module_with_an_export_of_the_right_type() {
        for case in kernels() {
            let module = Module::new(&Engine::default(), &case.wasm).unwrap();
            assert_eq!(
                signature(&module, &case.export).unwrap(),
                (vec![ValType::I32], vec![ValType::I64]),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn a_module_from_a_file_takes_the_arguments_of_its_type() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/fib.wasm"));
        let case = from_file(file, Some("run"), &["3".to_owned()], Program::default()).unwrap();
        assert_eq!(
            (case.name.as_str(), &case.args[..], &case.results[..]),
            ("fib", &[Value::I32(3)][..], &[Value::I64(0)][..])
        );
        assert!(from_file(file, Some("run"), &[], Program::default()).is_err());
        assert!(from_file(file, Some("memory"), &[], Program::default()).is_err());
    }
}
