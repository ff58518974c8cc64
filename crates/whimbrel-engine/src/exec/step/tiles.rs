//! Which sequences of ops have a handler of their own, and which of them a function is covered with.
//!
//! The sequences are data, chosen by `cargo xtask patterns`; the build script makes tables of them. A handler of a sequence
//! stands in its first cell only. The other cells keep theirs, so that a branch to one of them is as right as before. What
//! follows an unconditional branch in a sequence are the ops at its target.

use alloc::vec::Vec;

use whimbrel_ir::{Family, OpKey};

use crate::exec::backend::handler_word;

#[allow(clippy::all, unused, reason = "tables written by the build script")]
mod tables {
    use crate::exec::backend::{Handler, Hop, One, Seq};

    include!(concat!(env!("OUT_DIR"), "/patterns.rs"));
}

/// The cost of a dispatch.
const DISPATCH: u32 = 8;

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
    ops: Vec<Op>,
}

#[derive(Clone, Copy, Debug)]
struct Op {
    at: u32,
    /// The number in the tables of the op whose handler can execute it.
    id: u16,
    is_br: bool,
    /// Whether unwinding knows the op by its handler, so that no tile may start with it.
    is_known: bool,
}

impl Tiler {
    /// A tiler with room for that many ops.
    pub fn with_capacity(ops: usize) -> Self {
        Self { ops: Vec::with_capacity(ops) }
    }

    /// Notes the next op.
    pub fn push(&mut self, at: usize, key: OpKey) {
        let id = find(tables::KEYS, key.widened().to_word() as u32);
        let is_known = key.family == Family::Reload;
        self.ops.push(Op { at: at as u32, id, is_br: key.family == Family::Br, is_known });
    }

    /// Where control goes on behind an op: at a branch's target, or at the next op.
    fn next(&self, n: usize, words: &[u64]) -> usize {
        let op = self.ops[n];
        if !op.is_br {
            return n + 1;
        }
        let distance = (words[op.at as usize + 1] >> 32) as i32;
        let target = op.at.wrapping_add_signed(distance);
        self.ops.binary_search_by_key(&target, |op| op.at).unwrap_or(self.ops.len())
    }

    /// Gives each op the handler of the tile with which the rest of its function takes the fewest dispatches; tells `found` of
    /// each: the word at which it starts, and how many ops it has.
    pub fn cover(self, words: &mut [u64], mut found: impl FnMut(usize, u32)) {
        // What it takes from an op to the end, if conditions do not hold and loops end. What is behind a backward branch is
        // not known yet: it counts as nothing, and each of its ops that a tile takes along counts in the tile's favour.
        let mut costs = alloc::vec![0_u32; self.ops.len() + 1];
        for first in (0..self.ops.len()).rev() {
            let Op { at, id: mut node, is_known, .. } = self.ops[first];
            let mut end = self.next(first, words);
            let (mut is_behind, mut bonus, mut ops) = (end <= first, 0, 1);
            let (mut lowest, mut best) = (if is_behind { 0 } else { costs[end] } + DISPATCH, None);
            while node != NONE && end < self.ops.len() && self.ops[end].id != NONE {
                ops += 1;
                node = find(tables::EDGES, u32::from(node) << 16 | u32::from(self.ops[end].id));
                bonus += u32::from(is_behind && bonus < DISPATCH);
                let next = self.next(end, words);
                is_behind |= next <= end;
                end = next;
                let Some(tile) = tables::TILES.get(usize::from(node)).copied().flatten() else { continue };
                let behind = if is_behind { 0 } else { costs[end] };
                if behind + DISPATCH - bonus < lowest {
                    (lowest, best) = (behind + DISPATCH - bonus, Some((tile, ops)));
                }
            }
            costs[first] = lowest;
            if let Some((tile, ops)) = best.filter(|_| !is_known) {
                found(at as usize, ops);
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
