//! What can be seen of a run: results and traps of every exported function, then globals and memories.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A value, as far as engines can be compared: references only by whether they are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Ref { is_null: bool },
}

/// What can be seen of a run, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The module cannot be instantiated, or its start function failed.
    NotInstantiated(String),
    Returned(String, Vec<Value>),
    Failed(String, String),
    Global(String, Value),
    Memory(String, u64),
}

/// A number that differs where memories do, in all likelihood.
#[must_use]
pub fn digest(memory: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    memory.hash(&mut hasher);
    hasher.finish()
}

/// The arguments with which functions are called: small, from the parameter's place.
#[must_use]
pub fn sample(place: usize) -> i32 {
    [0, 1, -1, 7, 65_536, i32::MIN][place % 6]
}
