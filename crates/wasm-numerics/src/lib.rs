//! What each numeric and vector instruction computes, as pure functions; neither frames nor memory.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

#[macro_use]
mod ops;

pub mod convert;
pub mod float;
pub mod int;
pub mod simd;
pub mod wide;

#[cfg(test)]
mod testing;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use simd::*;
pub use wide::*;
