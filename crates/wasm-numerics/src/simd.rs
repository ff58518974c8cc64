//! The operators on `v128`, by family.
//!
//! All are written lane by lane in a form that LLVM turns into the target's vector instructions.

mod access;
mod bits;
mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod relaxed;
mod shuffle;

#[cfg(test)]
mod float_tests;
#[cfg(test)]
mod tests;

pub use access::*;
pub use bits::*;
pub use compare::*;
pub use convert::*;
pub use float::*;
pub use int::*;
pub use relaxed::*;
pub use shuffle::*;
