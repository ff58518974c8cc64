//! WASI preview 1 over any guest memory; no engine.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod abi;
mod builder;
mod clock;
mod context;
mod descriptor;
mod errno;
mod fd;
pub mod fs;
#[cfg(all(feature = "std", unix))]
pub mod host;
mod iovec;
mod memory;
mod path;
mod poll;
mod resolve;
mod sock;
mod stream;
mod table;
mod turn;

pub use abi::{Abi, FdFlags, Filestat, Filetype, FstFlags, LookupFlags, OFlags, RiFlags, Rights, SdFlags, Whence};
pub use builder::{BuildError, WasiBuilder};
pub use clock::{Clock, ClockId, Missing, Random, SeededRandom, SimulatedClock};
pub use context::{Exit, Wasi};
pub use errno::{Errno, Result};
pub use memory::{Fault, FnMemory, GuestMemory};
pub use stream::{BytesInput, BytesOutput, InputStream, Listener, Null, OutputStream, Socket};
pub use table::{Function, ValType};
pub use turn::{InTurn, Pending};
