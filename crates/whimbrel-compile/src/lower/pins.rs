//! Pinning: the locals that a function's loops use most live in machine registers instead of slots.
//!
//! It happens to complete code, in place, since an op is as long with a pin as with a slot. A pinned local's slot is read
//! at entry, where it has a value from the caller or starts as zero, and not used from then on. What reads or writes slots
//! in another way than by single operands of ops that take pins keeps a local from being pinned.

use whimbrel_ir::{Class, Dst, Inst, Pin, Pos, Saves, Slot, Src};

use super::locals::TRACKED_SLOTS;
use super::{Lowerer, slot};

/// How much more often a loop's body is taken to run than what is around it, as a base-2 logarithm.
const LOOP_FACTOR_LOG2: u32 = 3;
/// The deepest nesting of loops that counts.
const MAX_DEPTH: u32 = 4;
/// What a use of the local has to save for the registers to be worth saving and giving back.
const MIN_SCORE: u32 = 20;

/// A loop by its first op and the last branch back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    pub start: Pos,
    pub end: Pos,
}

/// How deep in loops the ops are, asked for in rising order.
struct Depths {
    starts: alloc::vec::Vec<Pos>,
    ends: alloc::vec::Vec<Pos>,
    entered: usize,
    left: usize,
}

impl Depths {
    fn new(loops: &[Loop]) -> Self {
        let mut starts: alloc::vec::Vec<Pos> = loops.iter().map(|found| found.start).collect();
        let mut ends: alloc::vec::Vec<Pos> = loops.iter().map(|found| found.end).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        Self { starts, ends, entered: 0, left: 0 }
    }

    /// How often an op is executed, estimated.
    fn weight(&mut self, at: Pos) -> u32 {
        while self.starts.get(self.entered).is_some_and(|&start| start <= at) {
            self.entered += 1;
        }
        while self.ends.get(self.left).is_some_and(|&end| end < at) {
            self.left += 1;
        }
        let depth = (self.entered - self.left) as u32;
        1 << (LOOP_FACTOR_LOG2 * depth.min(MAX_DEPTH))
    }
}

/// What each slot of a local would gain by a pin; `None` where it may have none.
struct Scores([Option<u32>; TRACKED_SLOTS]);

impl Scores {
    fn add(&mut self, slot: Slot, gain: u32) {
        if let Some(Some(score)) = self.0.get_mut(usize::from(slot.0)) {
            *score = score.saturating_add(gain);
        }
    }

    fn exclude(&mut self, slot: Slot) {
        if let Some(score) = self.0.get_mut(usize::from(slot.0)) {
            *score = None;
        }
    }
}

/// The slots that are pinned: integers and `f64`s.
#[derive(Clone, Copy, Debug, Default)]
struct Pinned {
    ints: [Option<Slot>; 2],
    floats: [Option<Slot>; 2],
}

impl Pinned {
    fn of_class(&self, class: Class) -> [Option<Slot>; 2] {
        if class == Class::F64 { self.floats } else { self.ints }
    }

    fn find(&self, class: Class, slot: Slot) -> Option<Pin> {
        Pin::ALL.into_iter().find(|&pin| self.of_class(class)[pin as usize] == Some(slot))
    }
}

/// The accumulator of values that can be pinned: integer, `f64`.
fn acc_of(class: Class) -> Option<usize> {
    match class {
        Class::I32 | Class::I64 => Some(0),
        Class::F64 => Some(1),
        Class::F32 | Class::V128 => None,
    }
}

impl Lowerer<'_> {
    /// Pins locals where that pays; returns what fills the pins at entry, if they have to be filled.
    pub(super) fn pin(&mut self) -> Option<Inst> {
        if self.loops.is_empty() || self.has_tail_call || !self.pins {
            return None;
        }
        let pinned = self.choose();
        let has_floats = pinned.floats[0].is_some();
        self.code.saves = match (pinned.ints[0].is_some(), has_floats) {
            (false, false) => return None,
            (true, false) => Saves::Ints(self.saves_at),
            (_, true) => Saves::All(self.saves_at),
        };
        self.rewrite(&pinned);
        let needs_value = |slot: Slot| slot < self.code.return_slot || self.locals.is_zeroed(slot);
        if !pinned.ints.iter().chain(&pinned.floats).flatten().any(|&slot| needs_value(slot)) {
            return None;
        }
        let slots = |pins: [Option<Slot>; 2]| pins.map(Option::unwrap_or_default);
        Some(Inst::Pins { ints: slots(pinned.ints), floats: has_floats.then(|| slots(pinned.floats)) })
    }

    fn choose(&self) -> Pinned {
        let scores = self.scores();
        let mut best = [[(MIN_SCORE - 1, None); 2]; 2];
        for (n, score) in scores.0.iter().enumerate() {
            let at = slot(n as u32);
            let Some(&score) = score.as_ref() else { continue };
            let Some(acc) = self.locals.class_of(at).and_then(acc_of) else { continue };
            let [first, second] = &mut best[acc];
            if score > first.0 {
                *second = *first;
                *first = (score, Some(at));
            } else if score > second.0 {
                *second = (score, Some(at));
            }
        }
        let [ints, floats] = best.map(|pair| pair.map(|(_, slot)| slot));
        Pinned { ints, floats }
    }

    fn scores(&self) -> Scores {
        let mut scores = Scores([None; TRACKED_SLOTS]);
        self.locals.pinnable(TRACKED_SLOTS as u32).for_each(|slot| scores.0[usize::from(slot.0)] = Some(0));
        if self.results.len() > 1 {
            // Several results are put together where the parameters are.
            (0..self.code.result_slots).for_each(|n| scores.exclude(Slot(n)));
        }
        let mut depths = Depths::new(&self.loops);
        // The slot whose value the accumulators have, too.
        let mut held = [None; 2];
        for (at, inst) in self.code.insts() {
            let Some(inst) = inst else { break };
            let weight = depths.weight(at);
            let takes_pins = inst.takes_pins();
            for (class, src) in inst.sources().into_iter().flatten() {
                match src {
                    Src::Slot(slot) if takes_pins => scores.add(slot, weight),
                    Src::Slot(slot) => scores.exclude(slot),
                    Src::Acc if !takes_pins => {
                        if let Some(slot) = acc_of(class).and_then(|acc| held[acc]) {
                            scores.exclude(slot);
                        }
                    }
                    Src::Acc | Src::Const(_) | Src::Pin(_) => {}
                }
            }
            if let Some((class, d)) = inst.result() {
                let to = match d {
                    Dst::Slot(slot) => Some(slot),
                    Dst::Acc | Dst::Pin(_) => None,
                };
                if let Some(slot) = to {
                    if takes_pins { scores.add(slot, 2 * weight) } else { scores.exclude(slot) }
                }
                if let Some(acc) = acc_of(class) {
                    held[acc] = to;
                }
            }
            if let Some((_, slot)) = inst.slot_result() {
                scores.exclude(slot);
            }
            if let Inst::CopyRange { d, a, count } = inst {
                (0..count).for_each(|n| {
                    scores.exclude(Slot(d.0 + n));
                    scores.exclude(Slot(a.0 + n));
                });
            }
        }
        scores
    }

    /// Replaces slots by their pins. A result in a pin is in no accumulator, so that what would read it there reads the pin.
    fn rewrite(&mut self, pinned: &Pinned) {
        let saves = self.code.saves;
        let mut alias: [Option<Pin>; 2] = [None; 2];
        let mut at = Pos(0);
        while let Some(inst) = self.code.inst(at) {
            let (before, mut after) = (alias, alias);
            let mut new = inst.map_operands(
                |class, src| match src {
                    Src::Slot(slot) => pinned.find(class, slot).map_or(src, Src::Pin),
                    Src::Acc => acc_of(class).and_then(|acc| before[acc]).map_or(src, Src::Pin),
                    Src::Const(_) | Src::Pin(_) => src,
                },
                |class, d| match d {
                    Dst::Slot(slot) => pinned.find(class, slot).map_or(d, Dst::Pin),
                    Dst::Acc | Dst::Pin(_) => d,
                },
            );
            if let Some((class, d)) = new.result()
                && let Some(acc) = acc_of(class)
            {
                after[acc] = if let Dst::Pin(pin) = d { Some(pin) } else { None };
            }
            alias = after;
            if let Inst::Return { saves: found, .. } | Inst::ReturnValue { saves: found, .. } = &mut new {
                *found = saves;
            }
            let new = new.in_order();
            let end = self.code.inst_end(at);
            if new != inst {
                self.code.replace(at, new);
            }
            at = match new {
                Inst::BrTable { count, .. } => Pos(end.0 + count),
                _ => end,
            };
        }
    }
}
