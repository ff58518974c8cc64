//! When the collector works, how much at a time, and what it tells of that.
//!
//! A collection begins once half as many bytes as the last one left, or [`MIN_BUDGET_BYTES`], have been allocated. From then
//! on every [`STEP_BYTES`] allocated pay for a step that follows a few times as much. The collection is over before the heap
//! has doubled, unless the heap's limit comes first.

use super::heap::AllocError;

/// Bytes that are allocated before the first collection, and between collections at least.
const MIN_BUDGET_BYTES: usize = 4 << 20;
/// Bytes that are allocated between two steps.
const STEP_BYTES: usize = 256 << 10;
/// Bytes that a step follows for a byte allocated.
const STEP_RATE: usize = 5;

/// When tests have the collector work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GcStress {
    /// When it is due.
    #[default]
    Off,
    /// A whole collection at every allocation.
    Whole,
    /// A step of one object at every allocation, one collection following the other.
    Steps,
}

/// What the collector has done in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcStats {
    /// Collections that are complete.
    pub collections: u64,
    /// How often running code, or the embedder, has waited for the collector.
    pub pauses: u64,
    /// Nanoseconds of the longest such pause; 0 without a [clock](crate::Store::set_gc_clock).
    pub longest_pause_ns: u64,
    /// Nanoseconds of all of them.
    pub total_pause_ns: u64,
    /// Bytes in objects that the last complete collection left.
    pub live_bytes: usize,
    /// Bytes in objects, dead ones that were not collected yet among them.
    pub used_bytes: usize,
}

/// The bytes in use, and what they lead to.
#[derive(Debug)]
pub(crate) struct Pacing {
    pub(super) stats: GcStats,
    /// At how many bytes in use the collector has something to do.
    due_bytes: usize,
    limit_bytes: usize,
    /// What the allocation that was refused needs.
    requested_bytes: usize,
    stress: GcStress,
}

impl Pacing {
    pub fn new(limit_bytes: usize) -> Self {
        let due_bytes = MIN_BUDGET_BYTES.min(limit_bytes);
        Self { stats: GcStats::default(), due_bytes, limit_bytes, requested_bytes: 0, stress: GcStress::Off }
    }

    pub fn is_stressed(&self) -> bool {
        self.stress != GcStress::Off
    }

    pub fn set_stress(&mut self, stress: GcStress) {
        self.stress = stress;
        self.begin_interval();
    }

    pub fn set_limit(&mut self, limit_bytes: usize) {
        if limit_bytes != self.limit_bytes {
            self.limit_bytes = limit_bytes;
            self.due_bytes = self.due_bytes.min(limit_bytes);
        }
    }

    pub fn stress(&self) -> GcStress {
        self.stress
    }

    /// Whether `bytes` may be allocated; how many may be before the collector is due.
    #[inline]
    pub fn allow(&mut self, bytes: usize) -> Result<usize, AllocError> {
        let left = self.due_bytes.saturating_sub(self.stats.used_bytes);
        if bytes > left {
            self.requested_bytes = bytes;
            return Err(AllocError::Collect);
        }
        if self.is_stressed() {
            return Ok(bytes);
        }
        Ok(left)
    }

    /// Counts bytes given out.
    pub fn count(&mut self, bytes: usize) {
        self.stats.used_bytes += bytes;
    }

    /// Counts bytes that nobody has to ask for.
    pub fn count_freely(&mut self, bytes: usize) {
        self.count(bytes);
        self.requested_bytes = 0;
    }

    /// Whether the collector has something to do.
    pub fn is_due(&self) -> bool {
        self.stats.used_bytes >= self.due_bytes
    }

    /// Whether the allocation that was refused would pass the limit.
    pub fn is_exhausted(&self) -> bool {
        self.stats.used_bytes.saturating_add(self.requested_bytes) > self.limit_bytes
    }

    /// Sets when the next step is due; returns how many bytes this one is to follow.
    pub fn begin_step(&mut self) -> usize {
        if self.stress == GcStress::Steps {
            self.set_due(0);
            return 1;
        }
        self.set_due(STEP_BYTES);
        STEP_RATE * STEP_BYTES.max(self.requested_bytes)
    }

    /// Sets when the next collection is due, after one, or at the start.
    pub fn begin_interval(&mut self) {
        let budget = if self.is_stressed() { 0 } else { (self.stats.live_bytes / 2).max(MIN_BUDGET_BYTES) };
        self.set_due(budget);
    }

    /// Makes the allocation that was refused possible, and `budget` bytes beside it, within the limit.
    fn set_due(&mut self, budget: usize) {
        let needed = self.requested_bytes.max(1);
        let due = self.stats.used_bytes.saturating_add(needed.max(budget));
        self.due_bytes = due.min(self.limit_bytes);
    }

    /// Ends a collection that has left `live_bytes`.
    pub fn finish(&mut self, live_bytes: usize) {
        (self.stats.live_bytes, self.stats.used_bytes) = (live_bytes, live_bytes);
        self.stats.collections += 1;
        self.begin_interval();
    }

    /// Notes a pause.
    pub fn note_pause(&mut self, ns: u64) {
        self.stats.pauses += 1;
        self.stats.total_pause_ns += ns;
        self.stats.longest_pause_ns = self.stats.longest_pause_ns.max(ns);
    }
}
