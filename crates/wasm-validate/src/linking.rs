//! Import matching: whether what is given for an import has a type that matches the import's.
//!
//! Types are over canonical ids, so that modules that never saw each other compare. Spec: `match-externtype`.

use wasm_syntax::{ExternKind, Limits, MemType};

use crate::canonical::{CanonRefType, CanonValType, CanonicalTypeId};
use crate::registry::TypeRegistry;

/// The type of an import, or of something given for one. Spec: `syntax-externtype`.
///
/// From a module's types by [`CanonicalTypes::extern_type`](crate::CanonicalTypes::extern_type). For something that
/// exists, sizes are those that it has now, and functions are of exactly their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanonExternType {
    /// A function.
    Func {
        /// Its type.
        ty: CanonicalTypeId,
        /// Whether it is exactly of the type, rather than of a subtype (custom descriptors proposal).
        exact: bool,
    },
    /// A table.
    Table {
        /// What the elements are.
        elem: CanonRefType,
        /// Size bounds in elements.
        limits: Limits,
        /// Whether indices are 64 bits wide.
        table64: bool,
    },
    /// A memory.
    Memory(MemType),
    /// A global.
    Global {
        /// What it holds.
        val: CanonValType,
        /// Whether it may be written.
        mutable: bool,
    },
    /// A tag, by its function type.
    Tag(CanonicalTypeId),
}

impl CanonExternType {
    /// The kind of thing that the type describes.
    #[must_use]
    pub const fn kind(&self) -> ExternKind {
        match self {
            Self::Func { .. } => ExternKind::Func,
            Self::Table { .. } => ExternKind::Table,
            Self::Memory(_) => ExternKind::Memory,
            Self::Global { .. } => ExternKind::Global,
            Self::Tag(_) => ExternKind::Tag,
        }
    }
}

/// Whether something of type `actual` may be given for an import of type `expected`. Spec: `match-externtype`.
#[must_use]
pub fn matches(registry: &TypeRegistry, actual: &CanonExternType, expected: &CanonExternType) -> bool {
    use CanonExternType as T;
    match (*actual, *expected) {
        (T::Func { ty, exact }, T::Func { ty: expected, exact: true }) => exact && ty == expected,
        (T::Func { ty, .. }, T::Func { ty: expected, exact: false }) => registry.is_subtype(ty, expected),
        (T::Table { elem, limits, table64 }, T::Table { elem: elem2, limits: limits2, table64: table64_2 }) => {
            // Tables are read and written, so their elements' types must be the same.
            elem == elem2 && table64 == table64_2 && limits_match(limits, limits2)
        }
        (T::Memory(actual), T::Memory(expected)) => memory_matches(actual, expected),
        (T::Global { val, mutable: true }, T::Global { val: expected, mutable: true }) => val == expected,
        (T::Global { val, mutable: false }, T::Global { val: expected, mutable: false }) => {
            registry.is_val_subtype(val, expected)
        }
        (T::Tag(actual), T::Tag(expected)) => actual == expected,
        _ => false,
    }
}

/// Whether sizes within `actual` are within `expected`. Spec: `match-limits`.
#[must_use]
pub fn limits_match(actual: Limits, expected: Limits) -> bool {
    actual.min >= expected.min
        && match (actual.max, expected.max) {
            (_, None) => true,
            (Some(actual), Some(expected)) => actual <= expected,
            (None, Some(_)) => false,
        }
}

/// Whether a memory of type `actual` may be given for one of type `expected`. Spec: `match-memtype`.
#[must_use]
pub fn memory_matches(actual: MemType, expected: MemType) -> bool {
    actual.memory64 == expected.memory64
        && actual.shared == expected.shared
        && actual.page_size_log2 == expected.page_size_log2
        && limits_match(actual.limits, expected.limits)
}
