//! The pass over a body, lowering, and loading, which drives reader and validator over a module; neither stores nor
//! execution.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod env;
mod error;
mod fold;
mod func;
mod load;
mod lower;

pub use env::ModuleEnv;
pub use error::{CompileError, CompileErrorKind, LoadError, LoadErrorKind};
pub use func::{Options, Scratch, compile_const_expr, compile_func, validate_func};
pub use load::{DataSegment, ElemItem, ElemSegment, LoadOptions, Loaded, Span, load_module};
pub use lower::cost;
