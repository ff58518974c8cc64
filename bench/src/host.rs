//! What guests may import: a function for measuring calls of the host, and WASI, the same for every engine.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{BytesOutput, Exit, Function, GuestMemory, Wasi, WasiBuilder};

use crate::value::Value;

/// What an instance is given.
#[derive(Clone)]
pub enum Imports {
    /// Nothing.
    None,
    /// The function `next` of the module `host`: [`next`].
    Host,
    /// WASI preview 1.
    Wasi(Session),
}

/// The function that guests call to measure such calls.
#[must_use]
pub fn next(value: u32) -> u32 {
    value.rotate_left(5) ^ 0x9e37_79b9
}

/// A program with WASI: what it is given to work on.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub args: Vec<String>,
    /// Files in the directory `/data`.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Program {
    /// A program of that name with those arguments and copies of those files.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn new(name: &str, args: &[String], files: &[PathBuf]) -> Result<Self> {
        let file = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
        };
        let args = std::iter::once(name.to_owned()).chain(args.iter().cloned()).collect();
        Ok(Self { args, files: files.iter().map(file).collect::<Result<_>>()? })
    }
}

/// The module under whose name guests import WASI.
pub const WASI: &str = "wasi_snapshot_preview1";

/// The argument of a function of WASI as its bits.
#[must_use]
pub fn bits(value: Option<Value>) -> u64 {
    match value {
        Some(Value::I32(value)) => u64::from(value.cast_unsigned()),
        Some(Value::I64(value)) => value.cast_unsigned(),
        _ => 0,
    }
}

/// One run of a program: its view of a system, which is in memory and the same in every run.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    wasi: Mutex<Wasi>,
    stdout: BytesOutput,
    exit: Mutex<Option<u32>>,
}

impl Session {
    /// # Errors
    ///
    /// If the context cannot be built.
    pub fn new(program: &Program) -> Result<Self> {
        let stdout = BytesOutput::default();
        let data = MemFs::new();
        for (name, content) in &program.files {
            data.write(name, content).map_err(|error| anyhow!("{error:?}"))?;
        }
        let wasi = WasiBuilder::new()
            .args(program.args.iter().cloned())
            .stdout(Box::new(stdout.clone()))
            .preopen(data.root(), "/data")
            .deterministic(1)
            .build()?;
        Ok(Self(Arc::new(Inner { wasi: Mutex::new(wasi), stdout, exit: Mutex::new(None) })))
    }

    /// Calls a function of WASI; an error ends the program.
    ///
    /// # Errors
    ///
    /// If the program is at its end.
    pub fn call<M: GuestMemory + ?Sized>(&self, function: Function, memory: &mut M, args: &[u64]) -> Result<u32, Exit> {
        let result = self.0.wasi.lock().unwrap_or_else(PoisonError::into_inner).call(function, memory, args);
        if let Err(exit) = result {
            *self.0.exit.lock().unwrap_or_else(PoisonError::into_inner) = Some(exit.code());
        }
        result
    }

    /// With what the program ended, if it ended itself.
    #[must_use]
    pub fn exit(&self) -> Option<u32> {
        *self.0.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the program wrote to its standard output, as a length and a checksum.
    #[must_use]
    pub fn output(&self) -> String {
        let bytes = self.0.stdout.bytes();
        // Fowler, Noll and Vo's hash.
        let hash = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        format!("exit {}, {} bytes {hash:016x}", self.exit().unwrap_or(0), bytes.len())
    }
}
