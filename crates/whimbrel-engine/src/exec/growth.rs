//! Growth of memories and tables that the embedder is asked about: execution stops at the op, and does it again with the answer.

use wasm_syntax::{MemType, TableType};

use super::context::{Context, Reason};
use crate::memory::Memory;
use crate::table::Table;

/// What is to grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grows {
    /// A memory; sizes are in bytes.
    Memory,
    /// A table; sizes are in elements.
    Table,
}

/// Growth that code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What is to grow.
    pub what: Grows,
    /// Its present size.
    pub current: u64,
    /// The size that it is to have.
    pub desired: u64,
    /// What its type allows, if that is limited.
    pub maximum: Option<u64>,
}

impl Growth {
    /// A new memory of that type; its sizes are as large as they get where they are beyond any machine.
    #[must_use]
    pub fn of_memory(ty: &MemType) -> Self {
        let bytes = |pages: u64| pages.saturating_mul(1 << ty.page_size_log2);
        let maximum = ty.limits.max.map(bytes);
        Self { what: Grows::Memory, current: 0, desired: bytes(ty.limits.min), maximum }
    }

    /// A new table of that type.
    #[must_use]
    pub fn of_table(ty: &TableType) -> Self {
        Self { what: Grows::Table, current: 0, desired: ty.limits.min, maximum: ty.limits.max }
    }

    /// A memory that is to have `delta` more pages; `None` where that is beyond any machine.
    #[must_use]
    pub fn by_memory(memory: &Memory, delta: u64) -> Option<Self> {
        GrowthOf::Memory(memory, delta).growth()
    }

    /// A table that is to have `delta` more elements.
    #[must_use]
    pub fn by_table(table: &Table, delta: u64) -> Option<Self> {
        GrowthOf::Table(table, delta).growth()
    }
}

/// The memory or table that an op is to grow, and by how much.
pub(crate) enum GrowthOf<'a> {
    Memory(&'a Memory, u64),
    Table(&'a Table, u64),
}

impl GrowthOf<'_> {
    /// The sizes; `None` where they are beyond any machine.
    fn growth(&self) -> Option<Growth> {
        Some(match *self {
            Self::Memory(memory, delta) => {
                let bytes = |pages: u64| pages.checked_mul(1 << memory.ty().page_size_log2);
                let current = memory.len_bytes();
                let desired = current.checked_add(bytes(delta)?)?;
                let maximum = memory.ty().limits.max.map(|pages| bytes(pages).unwrap_or(u64::MAX));
                Growth { what: Grows::Memory, current, desired, maximum }
            }
            Self::Table(table, delta) => {
                let current = table.size();
                let desired = current.checked_add(delta)?;
                Growth { what: Grows::Table, current, desired, maximum: table.ty().limits.max }
            }
        })
    }
}

/// Whether the embedder has to consent to growth, and has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Consent {
    #[default]
    NotNeeded,
    Needed,
    /// Given, or refused, for the op at the context's ip.
    Given(bool),
}

impl Context {
    /// Sets whether consent is needed, unless it has just been given.
    pub(super) fn need_consent(&mut self, needed: bool) {
        self.consent = match (needed, self.consent) {
            (false, _) => Consent::NotNeeded,
            (true, Consent::NotNeeded) => Consent::Needed,
            (true, other) => other,
        };
    }

    /// Whether an op of this instance has to stop before it grows what `of` says; if it need not, whether growth is allowed
    /// stands in the context. What its type does not allow, nobody is asked about.
    pub(super) fn stops_for(&mut self, of: &GrowthOf<'_>) -> bool {
        if self.consent != Consent::Needed {
            return false;
        }
        let allowed = |growth: &Growth| growth.maximum.is_none_or(|maximum| growth.desired <= maximum);
        match of.growth().filter(allowed) {
            Some(growth) if growth.desired > growth.current => {
                self.growth = Some(growth);
                true
            }
            other => {
                self.consent = Consent::Given(other.is_some());
                false
            }
        }
    }

    /// Whether growth is allowed; the next has to be asked about again.
    pub(super) fn take_consent(&mut self) -> bool {
        let Consent::Given(allowed) = self.consent else { return true };
        self.consent = Consent::Needed;
        allowed
    }

    /// The growth for which handlers stopped.
    pub(super) fn pending_growth(&self) -> Growth {
        debug_assert_eq!(self.reason, Reason::Grow, "code asks for growth");
        self.growth.expect("handlers stop for growth once they have said for which")
    }
}
