//! Reference maps: which slots of a frame hold references while its function is stopped. A table beside the words, so that
//! code which runs knows nothing of it.

use alloc::vec::Vec;
use core::fmt;

use crate::{Pos, Slot};

/// What a slot that holds a reference refers to, as far as who looks for what is alive has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// Something of the heap or of the embedder's, or a 31-bit integer: the hierarchies of `any`, `extern` and `exn`.
    Heap,
    /// A function.
    Func,
}

/// Where a function is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point(u32);

impl Point {
    /// Before the instruction at `at`, which has not happened yet.
    #[must_use]
    pub const fn before(at: Pos) -> Self {
        Self(at.0 << 1 | 1)
    }

    /// In a call that returns to `at`; of calls that a `reload` follows, behind that.
    #[must_use]
    pub const fn returning(at: Pos) -> Self {
        Self(at.0 << 1)
    }

    /// The position, and whether the function is in a call that returns there.
    #[must_use]
    pub const fn parts(self) -> (Pos, bool) {
        (Pos(self.0 >> 1), self.0 & 1 == 0)
    }
}

/// A set of the first slots behind a function's parameters and return ip.
pub type LocalSet = [u64; RefMaps::SET_SLOTS / 64];

/// No link, no set.
const NONE: u32 = u32::MAX;

/// A temporary that holds a reference, and those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Temp {
    below: u32,
    slot: Slot,
    kind: RefKind,
}

/// A chain of temporaries, each above those that were there before: maps of points share what they have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temps(u32);

impl Temps {
    /// None.
    pub const NONE: Self = Self(NONE);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    point: Point,
    set: u32,
    temps: Temps,
}

/// The reference maps of a function.
///
/// A slot that is in the map of a point holds a reference or null there, in code that the compiler made; other slots may hold
/// what is left of references, or anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefMaps {
    /// Parameters, and locals that have a value from the start.
    always: Vec<(Slot, RefKind)>,
    first_local: Slot,
    /// Which of the locals in sets are functions.
    funcs: LocalSet,
    sets: Vec<LocalSet>,
    temps: Vec<Temp>,
    entries: Vec<Entry>,
}

impl RefMaps {
    /// Slots in a [`LocalSet`].
    pub const SET_SLOTS: usize = 256;

    /// Maps of no point; sets of locals start at `first_local`, and `funcs` says which of their slots are functions.
    #[must_use]
    pub fn new(first_local: Slot, funcs: LocalSet) -> Self {
        Self { first_local, funcs, ..Self::default() }
    }

    /// Whether no point has a reference.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.always.is_empty() && self.entries.is_empty()
    }

    /// Adds a slot to all maps.
    pub fn push_always(&mut self, slot: Slot, kind: RefKind) {
        self.always.push((slot, kind));
    }

    /// A temporary above others.
    pub fn push_temp(&mut self, below: Temps, slot: Slot, kind: RefKind) -> Temps {
        self.temps.push(Temp { below: below.0, slot, kind });
        Temps(self.temps.len() as u32 - 1)
    }

    /// Adds the map of a point behind those before. A second one of the same point takes the first one's place.
    pub fn push_point(&mut self, point: Point, locals: &LocalSet, temps: Temps) {
        self.truncate_points(point);
        let set = if *locals == LocalSet::default() {
            NONE
        } else {
            if self.sets.last() != Some(locals) {
                self.sets.push(*locals);
            }
            self.sets.len() as u32 - 1
        };
        if (set, temps) != (NONE, Temps::NONE) {
            self.entries.push(Entry { point, set, temps });
        }
    }

    fn truncate_points(&mut self, from: Point) {
        while self.entries.last().is_some_and(|entry| entry.point >= from) {
            self.entries.pop();
        }
    }

    /// Forgets the points from `at` on.
    pub(crate) fn truncate(&mut self, at: Pos) {
        self.truncate_points(Point::before(at));
    }

    /// Moves what lies behind `at` towards it by `words`.
    pub(crate) fn pull(&mut self, at: Pos, words: u32) {
        for Entry { point, .. } in &mut self.entries {
            if point.parts().0 > at {
                point.0 -= words << 1;
            }
        }
    }

    /// The points that have maps with more than what is in all, ascending.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.entries.iter().map(|entry| entry.point)
    }

    /// The slots that are in all maps.
    #[must_use]
    pub fn always(&self) -> &[(Slot, RefKind)] {
        &self.always
    }

    /// The slots that hold references at a point, each once.
    pub fn at(&self, point: Point) -> impl Iterator<Item = (Slot, RefKind)> + '_ {
        let entry = self.entries.binary_search_by_key(&point, |entry| entry.point).ok().map(|n| self.entries[n]);
        let locals =
            entry.and_then(|entry| self.sets.get(entry.set as usize)).into_iter().flat_map(|set| self.locals(set));
        let mut next = entry.map_or(NONE, |entry| entry.temps.0);
        let temps = core::iter::from_fn(move || {
            let temp = self.temps.get(next as usize)?;
            next = temp.below;
            Some((temp.slot, temp.kind))
        });
        self.always.iter().copied().chain(locals).chain(temps)
    }

    fn locals(&self, set: &LocalSet) -> impl Iterator<Item = (Slot, RefKind)> + '_ {
        let set = *set;
        (0..Self::SET_SLOTS).filter(move |n| set[n / 64] >> (n % 64) & 1 == 1).map(|n| {
            let kind = if self.funcs[n / 64] >> (n % 64) & 1 == 1 { RefKind::Func } else { RefKind::Heap };
            (Slot(self.first_local.0 + n as u16), kind)
        })
    }

    /// Whether chains lead to earlier temporaries, and points ascend: then lookups end and find what there is.
    pub(crate) fn are_in_order(&self) -> bool {
        let is_below = |(n, temp): (usize, &Temp)| temp.below == NONE || (temp.below as usize) < n;
        let exists = |entry: &Entry| {
            (entry.set == NONE || (entry.set as usize) < self.sets.len())
                && (entry.temps.0 == NONE || (entry.temps.0 as usize) < self.temps.len())
        };
        self.temps.iter().enumerate().all(is_below)
            && self.entries.iter().all(exists)
            && self.entries.is_sorted_by(|a, b| a.point < b.point)
    }

    /// Every slot that some map has, some of them more than once.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let locals = self.sets.iter().flat_map(|set| self.locals(set));
        let temps = self.temps.iter().map(|temp| (temp.slot, temp.kind));
        self.always.iter().copied().chain(locals).chain(temps).map(|(slot, _)| slot)
    }
}

impl fmt::Display for RefKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heap => "",
            Self::Func => " func",
        })
    }
}
