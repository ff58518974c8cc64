//! What engines execute: the kernels as data, and modules from outside.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use whimbrel::{Engine, ExternType, Module, ValType};

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
}

/// All kernels.
pub fn kernels() -> impl Iterator<Item = Case> {
    KERNELS.iter().map(|&(name, wasm, rounds)| Case {
        name: name.to_owned(),
        wasm: Cow::Borrowed(wasm),
        export: "run".to_owned(),
        args: vec![Value::I32(rounds)],
        results: vec![Value::I64(0)],
        warm_up: Some(vec![Value::I32(1)]),
    })
}

/// The kernel of that name, as a module to be loaded and instantiated.
///
/// # Errors
///
/// If there is none.
pub fn kernel(name: &str) -> Result<Case> {
    kernels().find(|case| case.name == name).with_context(|| format!("there is no kernel `{name}`"))
}

/// A call of an export of the module in a file.
///
/// # Errors
///
/// If the file cannot be read, is no module, or has no such function, or the arguments are not of its type.
pub fn from_file(path: &Path, export: &str, args: &[String]) -> Result<Case> {
    let wasm = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (params, results) = signature(&wasm, export).with_context(|| path.display().to_string())?;
    ensure!(
        params.len() == args.len(),
        "`{export}` takes {} arguments, {} are given with --arg",
        params.len(),
        args.len()
    );
    Ok(Case {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        wasm: Cow::Owned(wasm),
        export: export.to_owned(),
        args: args.iter().zip(params).map(|(arg, ty)| Value::parse(arg, ty)).collect::<Result<_>>()?,
        results: results.into_iter().map(Value::zero).collect::<Result<_>>()?,
        warm_up: None,
    })
}

/// Types of parameters and results of the function exported under that name.
fn signature(wasm: &[u8], export: &str) -> Result<(Vec<ValType>, Vec<ValType>)> {
    let module = Module::new(&Engine::default(), wasm).map_err(|error| anyhow!("{error}"))?;
    let Some(ExternType::Func(ty)) = module.get_export(export) else { bail!("no function is exported as `{export}`") };
    Ok((ty.params().collect(), ty.results().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_is_a_valid_module_with_an_export_of_the_right_type() {
        for case in kernels() {
            assert_eq!(
                signature(&case.wasm, &case.export).unwrap(),
                (vec![ValType::I32], vec![ValType::I64]),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn a_module_from_a_file_takes_the_arguments_of_its_type() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/fib.wasm"));
        let case = from_file(file, "run", &["3".to_owned()]).unwrap();
        assert_eq!(
            (case.name.as_str(), &case.args[..], &case.results[..]),
            ("fib", &[Value::I32(3)][..], &[Value::I64(0)][..])
        );
        assert!(from_file(file, "run", &[]).is_err());
        assert!(from_file(file, "memory", &[]).is_err());
    }
}
