//! The symbolic operand stack: what is on it, and how it becomes operands of ops.

use wasm_syntax::{NumericOp, ValType};
use whimbrel_ir::{Class, Dst, Inst, RefKind, Slot, Src, Temps};

use super::emit::acc_of;
use super::{Lowerer, slot};

/// An operand on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub class: Class,
    /// The temporary of its height.
    pub home: Slot,
    pub kind: Kind,
    /// What it refers to, if it is a reference.
    pub reference: Option<RefKind>,
    /// The references among the operands up to this one, as far as they have been noted.
    pub temps: Temps,
}

/// Where an operand's value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// In its home.
    Temp,
    /// In a local that has not been written since the `local.get`.
    Local(Slot),
    /// Nowhere yet: a constant's bits.
    Const(u64),
    /// Nowhere yet: a sum that may become an address. Its operands are locals, or are in the home of the sum.
    Sum(Sum),
}

/// A sum of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sum {
    /// `base + (index << scale_log2)`.
    Indexed { base: Slot, index: Slot, scale_log2: u8 },
    /// `base + displacement`.
    Displaced { base: Slot, displacement: u32 },
}

impl Kind {
    /// Whether the value comes from the local at `local`.
    fn reads(self, local: Slot) -> bool {
        match self {
            Self::Local(slot) => slot == local,
            Self::Sum(Sum::Indexed { base, index, .. }) => base == local || index == local,
            Self::Sum(Sum::Displaced { base, .. }) => base == local,
            Self::Temp | Self::Const(_) => false,
        }
    }
}

impl Entry {
    pub fn is_const(&self) -> bool {
        matches!(self.kind, Kind::Const(_))
    }
}

/// The most operands that read locals and are deferred at a time. It bounds the search at every write of a local.
const MAX_DEFERRED: usize = 16;

/// The positions on the stack of deferred operands that read locals, lowest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deferred {
    indices: [u32; MAX_DEFERRED],
    len: usize,
}

impl Deferred {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn as_slice(&self) -> &[u32] {
        &self.indices[..self.len]
    }

    fn is_full(&self) -> bool {
        self.len == MAX_DEFERRED
    }

    fn push(&mut self, index: usize) {
        self.indices[self.len] = index as u32;
        self.len += 1;
    }

    /// Forgets the entry at `index` of the stack.
    fn remove(&mut self, index: usize) {
        if let Some(n) = self.as_slice().iter().rposition(|&other| other as usize == index) {
            self.indices.copy_within(n + 1..self.len, n);
            self.len -= 1;
        }
    }

    /// Forgets what is at `height` of the stack or above.
    fn truncate(&mut self, height: usize) {
        while self.len > 0 && self.indices[self.len - 1] as usize >= height {
            self.len -= 1;
        }
    }
}

impl Lowerer<'_> {
    fn push(&mut self, class: Class, kind: Kind) {
        self.stack.push(Entry { class, home: slot(self.top), kind, reference: None, temps: Temps::NONE });
        self.top += class.slots();
        self.need_slots(self.top);
    }

    /// Pushes a value of type `ty` that is in its home.
    pub(super) fn push_typed(&mut self, ty: ValType) {
        self.push_temp(Class::of(ty));
        self.refers_to(self.ref_kind(ty));
    }

    /// Pushes a value that is in its home.
    pub(super) fn push_temp(&mut self, class: Class) {
        self.push(class, Kind::Temp);
    }

    pub(super) fn push_const(&mut self, class: Class, bits: u64) {
        self.push(class, Kind::Const(bits));
    }

    /// Pushes a value that is, until the next write, in the local at `local`.
    pub(super) fn push_local(&mut self, class: Class, local: Slot) {
        self.push_deferred(class, Kind::Local(local));
    }

    /// Pushes a sum that is computed when it turns out not to be an address.
    pub(super) fn push_sum(&mut self, sum: Sum) {
        self.push_deferred(Class::I32, Kind::Sum(sum));
    }

    fn push_deferred(&mut self, class: Class, kind: Kind) {
        if self.deferred.is_full() {
            self.flush(self.deferred.as_slice()[0] as usize);
        }
        self.deferred.push(self.stack.len());
        self.push(class, kind);
    }

    /// Pushes the result of an op that `make` makes for its destination.
    pub(super) fn push_result(&mut self, class: Class, make: impl FnOnce(Dst) -> Inst) {
        let home = slot(self.top);
        self.define(class, home, make(Dst::Slot(home)));
        self.push_temp(class);
    }

    /// Pushes an operand that has just been popped.
    pub(super) fn push_back(&mut self, entry: Entry) {
        match entry.kind {
            Kind::Local(local) => self.push_local(entry.class, local),
            kind => self.push(entry.class, kind),
        }
        self.refers_to(entry.reference);
    }

    pub(super) fn pop(&mut self) -> Entry {
        let mut entry = self.pop_address();
        if let Kind::Sum(_) = entry.kind {
            self.materialise(&mut entry);
        }
        entry
    }

    /// Pops an operand that may be a sum.
    pub(super) fn pop_address(&mut self) -> Entry {
        // Validation has made sure that reachable code finds its operands.
        let Some(entry) = self.stack.pop() else { unreachable!("validated code pops what it has pushed") };
        self.top -= entry.class.slots();
        self.deferred.truncate(self.stack.len());
        self.references.unchain(self.stack.len());
        entry
    }

    /// Pops down to `height` operands.
    pub(super) fn truncate(&mut self, height: usize) {
        if let Some(first) = self.stack.get(height) {
            self.top = u32::from(first.home.0);
        }
        self.stack.truncate(height);
        self.deferred.truncate(height);
        self.references.unchain(height);
    }

    /// Computes an operand into its home.
    pub(super) fn materialise(&mut self, entry: &mut Entry) {
        let Entry { class, home, kind, .. } = *entry;
        match kind {
            Kind::Temp => return,
            Kind::Local(_) => {
                let a = self.peek(*entry);
                self.define(class, home, Inst::Copy { class, d: Dst::Slot(home), a });
            }
            Kind::Const(bits) => self.define(class, home, constant(class, Dst::Slot(home), bits)),
            Kind::Sum(sum) => self.compute_sum(home, sum),
        }
        entry.kind = Kind::Temp;
    }

    fn compute_sum(&mut self, home: Slot, sum: Sum) {
        let (d, op) = (Dst::Slot(home), NumericOp::I32Add);
        let inst = match sum {
            Sum::Displaced { base, displacement } => {
                let a = self.sum_operand(base, home);
                Inst::Binary { op, d, a, b: Src::Const(displacement.into()) }
            }
            Sum::Indexed { base, index, scale_log2: 0 } => {
                let (a, b) = self.sum_operands(home, base, index);
                Inst::Binary { op, d, a, b }
            }
            Sum::Indexed { base, index, scale_log2 } => {
                let a = self.sum_operand(index, home);
                let shift = Src::Const(scale_log2.into());
                self.emit_to_acc(Class::I32, Inst::Binary { op: NumericOp::I32Shl, d: Dst::Acc, a, b: shift });
                Inst::Binary { op, d, a: Src::Acc, b: Src::Slot(base) }
            }
        };
        self.define(Class::I32, home, inst);
    }

    /// The operands of a sum, for the op that consumes it; the accumulator is not both.
    pub(super) fn sum_operands(&mut self, home: Slot, base: Slot, index: Slot) -> (Src, Src) {
        let second = self.sum_operand(index, home);
        if base == index { (Src::Slot(base), second) } else { (self.sum_operand(base, home), second) }
    }

    /// An operand of the sum whose home is `home`: that is its own, other slots are locals.
    pub(super) fn sum_operand(&mut self, slot: Slot, home: Slot) -> Src {
        let kind = if slot == home { Kind::Temp } else { Kind::Local(slot) };
        self.take(Entry { class: Class::I32, home, kind, reference: None, temps: Temps::NONE })
    }

    /// Computes the operand at `index` of the stack into its home.
    pub(super) fn flush(&mut self, index: usize) {
        let mut entry = self.stack[index];
        if entry.kind != Kind::Temp {
            self.materialise(&mut entry);
            self.stack[index] = entry;
            self.deferred.remove(index);
            self.references.unchain(index);
        }
    }

    /// Computes the `n` operands on top into their homes.
    pub(super) fn flush_top(&mut self, n: usize) {
        (self.stack.len() - n..self.stack.len()).for_each(|index| self.flush(index));
    }

    /// Whether the `n` operands on top are in their homes.
    pub(super) fn is_flushed(&self, n: usize) -> bool {
        self.stack[self.stack.len() - n..].iter().all(|entry| entry.kind == Kind::Temp)
    }

    /// Whether the operand on top is a sum that has not been computed.
    pub(super) fn is_sum_on_top(&self) -> bool {
        self.stack.last().is_some_and(|entry| matches!(entry.kind, Kind::Sum(_)))
    }

    /// Computes all sums, before an instruction that is no plain computation.
    pub(super) fn flush_sums(&mut self) {
        let mut n = 0;
        while let Some(&index) = self.deferred.as_slice().get(n) {
            if let Kind::Sum(_) = self.stack[index as usize].kind {
                self.flush(index as usize);
            } else {
                n += 1;
            }
        }
    }

    /// Computes all deferred operands that read locals.
    pub(super) fn flush_deferred(&mut self) {
        while let Some(&index) = self.deferred.as_slice().first() {
            self.flush(index as usize);
        }
    }

    /// Whether a deferred read needs the local at `local` unchanged.
    pub(super) fn is_deferred(&self, local: Slot) -> bool {
        self.deferred.as_slice().iter().any(|&index| self.stack[index as usize].kind.reads(local))
    }

    /// Computes the deferred reads of the local at `local`.
    pub(super) fn flush_local(&mut self, local: Slot) {
        let mut n = 0;
        while let Some(&index) = self.deferred.as_slice().get(n) {
            if self.stack[index as usize].kind.reads(local) {
                self.flush(index as usize);
            } else {
                n += 1;
            }
        }
    }

    /// The operand for an op that is not its last use.
    pub(super) fn peek(&self, entry: Entry) -> Src {
        let home = match entry.kind {
            Kind::Const(bits) => return Src::Const(bits),
            Kind::Temp => entry.home,
            Kind::Local(local) => local,
            Kind::Sum(_) => unreachable!("sums are computed before anything but an address reads them"),
        };
        let held = acc_of(entry.class).and_then(|acc| self.accs[acc]);
        if held.is_some_and(|held| held.slot == home && held.class == entry.class) { Src::Acc } else { Src::Slot(home) }
    }

    /// The operand for the op that consumes it. A producer whose value nobody else needs no longer writes its slot.
    pub(super) fn take(&mut self, entry: Entry) -> Src {
        let src = self.peek(entry);
        if src == Src::Acc && entry.kind == Kind::Temp {
            self.release(entry);
        }
        src
    }

    /// The operands for an op that consumes both; not both are the same accumulator.
    pub(super) fn take_two(&mut self, first: Entry, second: Entry) -> (Src, Src) {
        let b = self.take(second);
        let a = self.take(first);
        match first.kind {
            // Two reads of one local: nothing else has one accumulator for both.
            Kind::Local(local) if a == Src::Acc && b == Src::Acc && acc_of(first.class) == acc_of(second.class) => {
                (Src::Slot(local), b)
            }
            _ => (a, b),
        }
    }

    /// The slot of an operand for ops that take no others; constants are computed into their homes.
    pub(super) fn slot_operand(&mut self, entry: &mut Entry) -> Slot {
        if entry.is_const() {
            self.materialise(entry);
        }
        match entry.kind {
            Kind::Local(local) => local,
            _ => entry.home,
        }
    }

    /// Computes a constant that no op can hold.
    pub(super) fn fit(&mut self, entry: &mut Entry) {
        if let Kind::Const(bits) = entry.kind
            && entry.class == Class::I64
            && !Src::fits_i64(bits)
        {
            self.materialise(entry);
        }
    }
}

/// The op that computes a constant.
pub(super) fn constant(class: Class, d: Dst, bits: u64) -> Inst {
    if class == Class::I64 && !Src::fits_i64(bits) {
        Inst::Const64 { class, d, value: bits }
    } else {
        Inst::Copy { class, d, a: Src::Const(bits) }
    }
}
