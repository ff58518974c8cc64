//! Which sequences of ops have a handler of their own, and which of them a function is covered with.
//!
//! The sequences are data, chosen by `cargo xtask patterns`; the build script makes tables of them. A handler of a sequence
//! stands in its first cell only. The other cells keep theirs, so that a branch to one of them is as right as before.

use alloc::vec::Vec;

use whimbrel_ir::OpKey;

use crate::exec::backend::handler_word;

#[allow(clippy::all, unused, reason = "tables written by the build script")]
mod tables {
    use crate::exec::backend::{Handler, One, Seq};

    include!(concat!(env!("OUT_DIR"), "/patterns.rs"));
}

/// What is known of no key and no edge.
const NONE: u16 = u16::MAX;

/// Finds a key in one of the build script's tables.
fn find(table: &[(u32, u16)], key: u32) -> u16 {
    // The same function as in the build script.
    let mut at = (key.wrapping_mul(0x9e37_79b1) >> 8) as usize;
    loop {
        let (known, value) = table[at & (table.len() - 1)];
        if known == key {
            return value;
        }
        if known == u32::MAX {
            return NONE;
        }
        at += 1;
    }
}

/// How many sequences this build has handlers for.
pub(in crate::exec) fn count() -> usize {
    tables::TILES.iter().flatten().count()
}

/// Covers a function's ops with tiles, fewest first.
#[derive(Debug)]
pub(in crate::exec) struct Tiler {
    /// Positions of the ops, and their numbers in the tables.
    ops: Vec<(u32, u16)>,
}

impl Tiler {
    /// A tiler with room for that many ops.
    pub fn with_capacity(ops: usize) -> Self {
        Self { ops: Vec::with_capacity(ops) }
    }

    /// Notes the next op.
    pub fn push(&mut self, at: usize, key: OpKey) {
        self.ops.push((at as u32, find(tables::KEYS, key.to_word() as u32)));
    }

    /// Gives each op the handler of the tile with which the rest of its function takes the fewest dispatches. Linear in the
    /// number of ops.
    pub fn cover(self, words: &mut [u64]) {
        // Dispatches from an op to the end, if control only falls through. What branches add is the same for all tilings.
        let mut dispatches = alloc::vec![0_u32; self.ops.len() + 1];
        for first in (0..self.ops.len()).rev() {
            let (at, mut node) = self.ops[first];
            let (mut fewest, mut best) = (dispatches[first + 1] + 1, None);
            let mut end = first + 1;
            while node != NONE && end < self.ops.len() && self.ops[end].1 != NONE {
                node = find(tables::EDGES, u32::from(node) << 16 | u32::from(self.ops[end].1));
                end += 1;
                let Some(tile) = tables::TILES.get(usize::from(node)).copied().flatten() else { continue };
                if dispatches[end] + 1 < fewest {
                    (fewest, best) = (dispatches[end] + 1, Some(tile));
                }
            }
            dispatches[first] = fewest;
            if let Some(tile) = best {
                words[at as usize] = handler_word(tile);
            }
        }
    }
}

/// Whether this build has any sequence.
pub(in crate::exec) fn any() -> bool {
    !tables::TILES.is_empty()
}

/// The path of the type of an op's step, as pattern lists have it.
#[cfg(feature = "step-names")]
pub(in crate::exec) fn step_name(key: OpKey) -> Option<&'static str> {
    let tile = super::handler(key)?.name();
    tile.strip_prefix("whimbrel_engine::exec::backend::One<")?.strip_suffix('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_a_table_is_not_found() {
        let mut table = [(u32::MAX, 0); 4];
        let home = |key: u32| (key.wrapping_mul(0x9e37_79b1) >> 8) as usize & 3;
        let collides = (1..).find(|&key| home(key) == home(0)).unwrap_or_default();
        table[home(0)] = (0, 7);
        assert_eq!((find(&table, 0), find(&table, collides)), (7, NONE));
        table[(home(0) + 1) & 3] = (collides, 8);
        assert_eq!((find(&table, 0), find(&table, collides)), (7, 8));
    }
}
