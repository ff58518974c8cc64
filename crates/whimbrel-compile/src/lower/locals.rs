//! Locals: their slots, writes folded into producers, and which of them need zeroing.

use alloc::vec::Vec;

use wasm_syntax::LocalIdx;
use whimbrel_ir::{Class, Dst, Inst, Pin, RefKind, Slot};

use super::emit::Producer;
use super::stack::{Entry, Kind, constant};
use super::{Lowerer, slot};

/// Slots of locals whose assignment is followed. Locals further on are zeroed in any case.
pub(super) const TRACKED_SLOTS: usize = 256;

/// A set of the first slots after the parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned([u64; TRACKED_SLOTS / 64]);

impl Assigned {
    pub const NONE: Self = Self([0; TRACKED_SLOTS / 64]);
    pub const ALL: Self = Self([u64::MAX; TRACKED_SLOTS / 64]);

    /// The set as bits.
    pub const fn bits(&self) -> [u64; TRACKED_SLOTS / 64] {
        self.0
    }

    fn insert(&mut self, n: usize) {
        if let Some(word) = self.0.get_mut(n / 64) {
            *word |= 1 << (n % 64);
        }
    }

    fn contains(&self, n: usize) -> bool {
        self.0.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 != 0)
    }

    /// What is in both sets.
    pub fn intersect(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }
}

/// Locals of one class in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    slot: u32,
    class: Class,
    reference: Option<RefKind>,
}

/// The slots of a function's locals.
#[derive(Debug, Default)]
pub(super) struct Locals {
    runs: Vec<Run>,
    count: u32,
    end: u32,
    /// The first slot after the return ip.
    start: u32,
    /// The locals that are read where they may not have been written, as slots from `start`: first and end.
    zeroed: Option<(u32, u32)>,
    /// Whether there are integers, and `f64`s.
    has_ints: bool,
    has_floats: bool,
}

impl Locals {
    pub fn clear(&mut self) {
        self.runs.clear();
        (self.count, self.end, self.start, self.zeroed) = (0, 0, 0, None);
        (self.has_ints, self.has_floats) = (false, false);
    }

    /// Adds locals after those before.
    pub fn declare(&mut self, count: u32, class: Class, reference: Option<RefKind>) {
        if self.runs.last().is_none_or(|run| run.class != class || run.reference != reference) {
            self.runs.push(Run { first: self.count, slot: self.end, class, reference });
        }
        if reference.is_none() && count > 0 {
            self.has_ints |= matches!(class, Class::I32 | Class::I64);
            self.has_floats |= class == Class::F64;
        }
        self.count += count;
        self.end += count * class.slots();
    }

    /// Ends the parameters: other locals start at `start`.
    pub fn end_params(&mut self, start: u32) {
        (self.start, self.end) = (start, start);
        // Even locals of the last parameter's class do not lie right after it.
        self.runs.push(Run { first: self.count, slot: start, class: Class::I32, reference: None });
    }

    /// The slot after the last local.
    pub fn end(&self) -> u32 {
        self.end
    }

    fn run(&self, local: LocalIdx) -> Run {
        self.runs[self.runs.partition_point(|run| run.first <= local.0) - 1]
    }

    /// What the local refers to, if it is a reference.
    fn reference(&self, local: LocalIdx) -> Option<RefKind> {
        self.run(local).reference
    }

    fn get(&self, local: LocalIdx) -> (Slot, Class) {
        let run = self.run(local);
        (slot(run.slot + (local.0 - run.first) * run.class.slots()), run.class)
    }

    /// The slot of the first local behind the parameters.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The slot that the next local declared gets.
    pub fn next_slot(&self) -> u32 {
        self.end
    }

    /// The slots below `end` of locals that may be in machine registers.
    pub fn pinnable(&self, end: u32) -> impl Iterator<Item = Slot> + '_ {
        let ends = self.runs.iter().skip(1).map(|run| (run.slot, run.first)).chain([(self.end, self.count)]);
        let runs = self.runs.iter().zip(ends).filter(|(run, _)| run.reference.is_none() && Pin::takes(run.class));
        // Parameters' slots end where their number does, not where the other locals start.
        let slots = move |(run, (_, next)): (&Run, (u32, u32))| run.slot..(run.slot + next - run.first).min(end);
        runs.flat_map(slots).map(slot)
    }

    /// How many slots the caller's pins may take: those of the classes that locals have.
    pub fn saves(&self) -> u32 {
        if self.has_floats { 4 } else { 2 * u32::from(self.has_ints) }
    }

    /// The class of the local that starts at `slot`, if one does.
    pub fn class_of(&self, slot: Slot) -> Option<Class> {
        let n = self.runs.partition_point(|run| run.slot <= u32::from(slot.0));
        Some(self.runs.get(n.checked_sub(1)?)?.class)
    }

    /// Whether a slot has to start as zero.
    pub fn is_zeroed(&self, slot: Slot) -> bool {
        self.zeroed.is_some_and(|(start, end)| (start..end).contains(&u32::from(slot.0)))
    }

    /// Notes that the local at `slot` has to start as zero.
    pub fn zero(&mut self, slot: Slot, class: Class) {
        let start = u32::from(slot.0);
        let end = start + class.slots();
        let (a, b) = self.zeroed.unwrap_or((start, end));
        self.zeroed = Some((a.min(start), b.max(end)));
    }

    /// The slots that have to start as zero, and how many.
    pub fn to_zero(&self) -> Option<(Slot, u16)> {
        self.zeroed.map(|(start, end)| (slot(start), (end - start) as u16))
    }
}

impl Lowerer<'_> {
    pub(super) fn local_get(&mut self, local: LocalIdx) {
        let (at, class) = self.locals.get(local);
        if let Some(n) = u32::from(at.0).checked_sub(self.locals.start)
            && !self.assigned.contains(n as usize)
        {
            self.locals.zero(at, class);
        }
        self.push_local(class, at);
        self.refers_to(self.locals.reference(local));
    }

    pub(super) fn local_set(&mut self, local: LocalIdx) {
        let (to, class) = self.locals.get(local);
        if let Some(n) = u32::from(to.0).checked_sub(self.locals.start) {
            self.assigned.insert(n as usize);
        }
        let value = self.pop();
        if value.kind == Kind::Local(to) {
            return;
        }
        if !self.is_deferred(to) {
            self.write_slot(to, class, value);
            return;
        }
        // The operand stack still has the old value: its reads come first, then what computes the new one.
        match self.last_producer(value) {
            Some(Producer { at, inst, .. }) if !inst.reads_acc() => {
                self.move_behind(at, inst, class, to, |lowerer| lowerer.flush_local(to));
            }
            _ => {
                self.flush_local(to);
                self.write_slot(to, class, value);
            }
        }
    }

    /// Moves an operand that has been popped to a slot that is not its home.
    pub(super) fn write_slot(&mut self, to: Slot, class: Class, value: Entry) {
        if let Some(producer) = self.last_producer(value) {
            self.retarget(producer, class, to);
        } else if let Kind::Const(bits) = value.kind {
            self.define(class, to, constant(class, Dst::Slot(to), bits));
        } else {
            let a = self.take(value);
            self.define(class, to, Inst::Copy { class, d: Dst::Slot(to), a });
        }
    }

    pub(super) fn local_tee(&mut self, local: LocalIdx) {
        self.local_set(local);
        let (at, class) = self.locals.get(local);
        self.push_local(class, at);
        self.refers_to(self.locals.reference(local));
    }
}
