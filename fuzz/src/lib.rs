//! What the fuzz targets share: modules from bytes, feature sets with wasmparser's names for them, walks over modules.
#![forbid(unsafe_code)]

pub mod custom;
pub mod features;
pub mod modules;
pub mod walk;
pub mod verdict;
