//! What the fuzz targets share: modules from bytes, feature sets with wasmparser's names for them, walks over modules, runs and
//! what can be seen of them.
#![forbid(unsafe_code)]

pub mod custom;
pub mod features;
pub mod modules;
pub mod observe;
#[cfg(feature = "wasmi")]
pub mod peer;
pub mod run;
pub mod verdict;
pub mod walk;
