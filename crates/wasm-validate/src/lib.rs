//! The typing rules, subtyping and canonical types, constant expressions, limits, import matching; neither bytes (a
//! driver decodes and pushes syntax items in) nor execution.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod canonical;
mod error;
mod func;
mod info;
pub mod linking;
mod locals;
mod module;
mod operands;
mod plain;
mod registry;
mod rules;
mod types;

pub use canonical::{CanonFieldType, CanonHeapType, CanonRefType, CanonStorageType, CanonValType, CanonicalTypeId};
pub use error::{CompositeKind, ErrorKind, IndexSpace, Operand, ValidateError};
pub use func::{Frame, FrameKind, FuncBuffers, FuncValidator, ResultType};
pub use info::{Export, ModuleInfo};
pub use module::{ModuleValidator, SegmentMode};
pub use plain::PlainSteps;
pub use registry::{CanonComposite, CanonFuncSig, CanonicalTypes, RegistryFull, TypeRegistry};
pub use rules::constant::ConstValidator;
pub use types::FuncSig;
