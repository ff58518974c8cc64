//! What the fuzz targets share: modules from bytes, feature sets with wasmparser's names for them, walks over modules, runs and
//! what can be seen of them.
#![forbid(unsafe_code)]

pub mod custom;
pub mod exceptions;
pub mod features;
pub mod gc;
pub mod loop_peer;
pub mod modules;
pub mod observe;
#[cfg(feature = "wasmi")]
pub mod peer;
pub mod program;
pub mod run;
pub mod threads;
pub mod verdict;
pub mod walk;
pub mod wasi;
