//! Pinning: the locals that a function's loops use most live in machine registers instead of slots.
//!
//! It happens to complete code, in place, since an op is as long with a pin as with a slot. A pinned local's slot is read
//! at entry, where it has a value from the caller or starts as zero, and not used from then on. What reads or writes slots
//! in another way than by single operands of ops that take pins keeps a local from being pinned. What uses there are is noted
//! while code is emitted, so that choosing looks at no op again, and replacing only at those that name a pinned slot.

use whimbrel_ir::{Addr, Class, Dst, FieldSearch, Inst, Pin, Pos, Saves, Slot, Src};

use super::locals::TRACKED_SLOTS;
use super::{Lowerer, emit};

/// How much more often a loop's body is taken to run than what is around it, as a base-2 logarithm.
const LOOP_FACTOR_LOG2: u32 = 3;
/// The deepest nesting of loops that counts.
const MAX_DEPTH: u32 = 4;
/// What a use of the local has to save for the registers to be worth saving and giving back.
const MIN_SCORE: u32 = 20;

/// How many uses of locals before a branch back are looked at.
const NEAR_END: usize = 8;

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

/// A read or write of a local's slot that a pin would save.
#[derive(Clone, Copy, Debug)]
struct Use {
    at: Pos,
    slot: u8,
    gain: u8,
}

const GAIN_OF_READ: u8 = 1;
const GAIN_OF_WRITE: u8 = 2;

/// What has been seen of the slots of locals while code was emitted.
#[derive(Debug, Default)]
pub(super) struct Uses {
    uses: alloc::vec::Vec<Use>,
    /// Slots with other uses than by pins, which therefore stay.
    excluded: [u64; TRACKED_SLOTS / 64],
}

impl Uses {
    pub fn clear(&mut self) {
        self.uses.clear();
        self.excluded = Default::default();
    }

    fn add(&mut self, at: Pos, slot: Slot, gain: u8) {
        if let Ok(slot) = u8::try_from(slot.0) {
            self.uses.push(Use { at, slot, gain });
        }
    }

    fn exclude(&mut self, slot: Slot) {
        if let Some(word) = self.excluded.get_mut(usize::from(slot.0 / 64)) {
            *word |= 1 << (slot.0 % 64);
        }
    }

    fn is_excluded(&self, slot: Slot) -> bool {
        self.excluded.get(usize::from(slot.0 / 64)).is_none_or(|word| word >> (slot.0 % 64) & 1 != 0)
    }

    /// Forgets uses by ops from `at` on. What they excluded stays so.
    fn truncate(&mut self, at: Pos) {
        while self.uses.last().is_some_and(|last| last.at >= at) {
            self.uses.pop();
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
        for at in self.locals.pinnable(TRACKED_SLOTS as u32).filter(|&slot| !self.uses.is_excluded(slot)) {
            // Several results are put together where the parameters are.
            if self.results.len() > 1 && at.0 < self.code.result_slots {
                continue;
            }
            let score = scores[usize::from(at.0)];
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
        Pinned { ints: self.in_order(ints), floats }
    }

    /// The two integers in the order in which more sequences of ops have handlers: first the one by which loops go on, that is,
    /// which they use last before they branch back.
    fn in_order(&self, pins: [Option<Slot>; 2]) -> [Option<Slot>; 2] {
        let [Some(first), Some(second)] = pins else { return pins };
        let uses = &self.uses.uses;
        let mut depths = Depths::new(&self.loops);
        let mut loops = self.loops.clone();
        loops.sort_unstable_by_key(|found| found.start);
        let (mut of_first, mut of_second) = (0, 0);
        for found in loops {
            let weight = depths.weight(found.start);
            let end = uses.partition_point(|used| used.at < found.end);
            let of_loop = uses[..end].iter().rev().take_while(|used| used.at >= found.start).take(NEAR_END);
            match of_loop.map(|used| Slot(used.slot.into())).find(|&slot| slot == first || slot == second) {
                Some(slot) if slot == first => of_first += weight,
                Some(_) => of_second += weight,
                None => {}
            }
        }
        if of_second > of_first { [pins[1], pins[0]] } else { pins }
    }

    /// What each slot would gain by a pin.
    fn scores(&self) -> [u32; TRACKED_SLOTS] {
        let mut scores = [0_u32; TRACKED_SLOTS];
        let mut depths = Depths::new(&self.loops);
        for used in &self.uses.uses {
            let score = &mut scores[usize::from(used.slot)];
            *score = score.saturating_add(u32::from(used.gain) * depths.weight(used.at));
        }
        scores
    }

    /// Notes which locals' slots `inst`, emitted at `at`, uses, and how. What the accumulators hold is as before it.
    pub(super) fn note_uses(&mut self, at: Pos, inst: &Inst) {
        if !self.pins {
            return;
        }
        match *inst {
            Inst::Copy { d, a, .. } | Inst::Unary { d, a, .. } => {
                self.note_read(at, a);
                self.note_write(at, d);
            }
            Inst::Binary { d, a, b, .. } => {
                self.note_read(at, a);
                self.note_read(at, b);
                self.note_write(at, d);
            }
            Inst::BrCmp { a, b, .. } => {
                self.note_read(at, a);
                self.note_read(at, b);
            }
            Inst::Const64 { d, .. } | Inst::GlobalGet { d, .. } => self.note_write(at, d),
            Inst::GlobalSet { a, .. } | Inst::ReturnValue { a, .. } => self.note_read(at, a),
            Inst::BrIf { cond: a, .. } | Inst::BrTable { index: a, .. } => self.note_read(at, a),
            Inst::Select { d, a, b, cond, .. } => {
                [a, b, cond].into_iter().for_each(|src| self.note_read(at, src));
                self.note_write(at, d);
            }
            Inst::Load { d, addr, .. } if inst.takes_pins() => {
                self.note_address(at, addr);
                self.note_write(at, d);
            }
            Inst::Store { addr, value, .. } if inst.takes_pins() => {
                self.note_address(at, addr);
                self.note_read(at, value);
            }
            Inst::Br { .. } | Inst::Call { .. } | Inst::Return { .. } | Inst::Trap(_) => {}
            _ => self.exclude_operands(inst),
        }
    }

    fn note_read(&mut self, at: Pos, src: Src) {
        if let Src::Slot(slot) = src
            && slot < self.saved
        {
            self.uses.add(at, slot, GAIN_OF_READ);
        }
    }

    /// Notes that the op at `at`, which takes pins, writes there.
    pub(super) fn note_write(&mut self, at: Pos, d: Dst) {
        if let Dst::Slot(slot) = d
            && slot < self.saved
            && self.pins
        {
            self.uses.add(at, slot, GAIN_OF_WRITE);
        }
    }

    fn note_address(&mut self, at: Pos, addr: Addr) {
        match addr {
            Addr::Plain { base, .. } | Addr::Wrapped { base, .. } => self.note_read(at, base),
            Addr::Indexed { base, index, .. } => {
                self.note_read(at, base);
                self.note_read(at, index);
            }
            Addr::Far { .. } | Addr::Shared { .. } => {}
        }
    }

    /// Keeps what `inst`, which takes no pins, uses in slots.
    #[cold]
    fn exclude_operands(&mut self, inst: &Inst) {
        debug_assert!(!inst.takes_pins(), "{inst:?}");
        for (class, src) in inst.sources().into_iter().flatten() {
            match src {
                Src::Slot(slot) => self.uses.exclude(slot),
                Src::Acc => {
                    if let Some(held) = emit::acc_of(class).and_then(|acc| self.accs[acc]) {
                        self.uses.exclude(held.slot);
                    }
                }
                Src::Const(_) | Src::Pin(_) => {}
            }
        }
        if let Some((_, Dst::Slot(slot))) = inst.result() {
            self.uses.exclude(slot);
        }
        if let Some((_, slot)) = inst.slot_result() {
            self.uses.exclude(slot);
        }
        if let Inst::CopyRange { d, a, count } = *inst {
            (0..count).flat_map(|n| [d.0 + n, a.0 + n]).for_each(|n| self.uses.exclude(Slot(n)));
        }
    }

    /// Forgets the uses by ops from `at` on.
    pub(super) fn forget_uses(&mut self, at: Pos) {
        self.uses.truncate(at);
    }

    /// Notes that the op at `at` writes `to` instead of its home.
    pub(super) fn note_retarget(&mut self, at: Pos, inst: &Inst, to: Slot) {
        if inst.takes_pins() {
            self.note_write(at, Dst::Slot(to));
        } else {
            self.uses.exclude(to);
        }
    }

    /// Replaces slots by their pins. A result in a pin is in no accumulator, so that what would read it there reads the pin.
    fn rewrite(&mut self, pinned: &Pinned) {
        let saves = self.code.saves;
        let mut alias: [Option<Pin>; 2] = [None; 2];
        let search = FieldSearch::new([pinned.ints[0], pinned.ints[1], pinned.floats[0], pinned.floats[1]]);
        let mut at = Pos(0);
        loop {
            // What neither names a pinned slot nor may find a pin's value in an accumulator stays as it is.
            if alias == [None; 2] {
                at = search.next(&self.code, at);
            }
            let Some(inst) = self.code.inst(at) else { break };
            debug_assert!(inst.takes_pins() || !uses_pinned(&inst, pinned), "{inst:?}");
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

/// Whether an operand or the result is in a pinned slot.
fn uses_pinned(inst: &Inst, pinned: &Pinned) -> bool {
    let mut sources = inst.sources().into_iter().flatten();
    sources.any(|(class, src)| matches!(src, Src::Slot(slot) if pinned.find(class, slot).is_some()))
        || matches!(inst.result(), Some((class, Dst::Slot(slot))) if pinned.find(class, slot).is_some())
        || matches!(inst.slot_result(), Some((class, slot)) if pinned.find(class, slot).is_some())
}
