//! Tables of references. Spec: `syntax-tableinst`.

use alloc::vec::Vec;

use wasm_syntax::TableType;

use crate::gc::Header;
use crate::value::{CanonicalBits, SlotType};

/// A table: references as slots hold them. Spec: `syntax-tableinst`.
#[derive(Debug)]
pub struct Table {
    pub(crate) header: Header,
    elems: Vec<u64>,
    ty: TableType,
    elem: SlotType,
    canonical: CanonicalBits,
    max_elems: u64,
}

impl Table {
    /// A table of the smallest size that `ty` allows, filled with `init`; `None` if that is more than `max_elems` or there is
    /// no room. `elem` and `canonical` are the type of its elements, as the engine and as the embedding layer knows it.
    /// Spec: `alloc-table`.
    #[must_use]
    pub(crate) fn new(
        ty: TableType,
        elem: SlotType,
        canonical: CanonicalBits,
        init: u64,
        max_elems: u64,
    ) -> Option<Self> {
        let mut table = Self { header: Header::new(), elems: Vec::new(), ty, elem, canonical, max_elems };
        table.extend(ty.limits.min, init)?;
        Some(table)
    }

    /// The elements.
    #[inline]
    #[must_use]
    pub fn elems(&self) -> &[u64] {
        &self.elems
    }

    /// The elements, to be written.
    #[inline]
    #[must_use]
    pub(crate) fn elems_mut(&mut self) -> &mut [u64] {
        &mut self.elems
    }

    /// The number of elements. Spec: `exec-table.size`.
    #[inline]
    #[must_use]
    pub fn size(&self) -> u64 {
        self.elems.len() as u64
    }

    /// The type that the table was made with. Type indices in it are those of the module that defines it: across modules,
    /// [`canonical`](Self::canonical) counts.
    #[must_use]
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// The type with the present size as the minimum, as linking compares it. Spec: `match-tabletype`.
    #[must_use]
    pub fn current_type(&self) -> TableType {
        let mut ty = self.ty;
        ty.limits.min = self.size();
        ty
    }

    /// What its elements are.
    #[must_use]
    pub fn elem(&self) -> SlotType {
        self.elem
    }

    /// What its elements are, as the embedding layer knows it.
    #[must_use]
    pub fn canonical(&self) -> CanonicalBits {
        self.canonical
    }

    /// Grows the table by `delta` elements that are `init`; returns the old size, or `None` past a limit or without room,
    /// the table then being as it was. Spec: `exec-table.grow`.
    pub(crate) fn grow(&mut self, delta: u64, init: u64) -> Option<u64> {
        let old = self.size();
        if self.ty.limits.max.is_some_and(|max| old.checked_add(delta).is_none_or(|new| new > max)) {
            return None;
        }
        self.extend(delta, init)?;
        Some(old)
    }

    fn extend(&mut self, delta: u64, init: u64) -> Option<()> {
        let new = self.size().checked_add(delta)?;
        let address_space = if self.ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
        if new > self.max_elems.min(address_space) {
            return None;
        }
        let new = usize::try_from(new).ok()?;
        self.elems.try_reserve(new - self.elems.len()).ok()?;
        self.elems.resize(new, init);
        Some(())
    }
}
