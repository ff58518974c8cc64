//! A search for ops by the slots that they name, over words, without decoding what is not found.

use crate::{Code, DstKind, Family, OpKey, Pos, Shape, Slot, SrcKind};

/// A search for ops that take pins, by slots that they name.
#[derive(Clone, Copy, Debug)]
pub struct FieldSearch([u64; 4]);

/// A payload with 1 in each field.
const ONES: u64 = 0x0001_0001_0001_0001;
/// The fields of a payload.
const A: u64 = 0xffff;
const D: u64 = A << 16;
const B: u64 = A << 32;
const C: u64 = A << 48;

/// The fields of each family that may name slots, if the family's ops take pins.
const FIELDS: [u64; Family::ALL.len()] = {
    let mut fields = [0; Family::ALL.len()];
    fields[Family::Copy as usize] = A | D;
    fields[Family::Const64 as usize] = D;
    fields[Family::Unary as usize] = A | D;
    fields[Family::Binary as usize] = A | D | B;
    fields[Family::Select as usize] = A | D | B | C;
    fields[Family::Load as usize] = A | D | B;
    fields[Family::Store as usize] = A | D | B;
    fields[Family::GlobalGet as usize] = D;
    fields[Family::GlobalSet as usize] = A;
    fields[Family::BrIf as usize] = A;
    fields[Family::BrCmp as usize] = A | D;
    fields[Family::BrTable as usize] = A;
    fields
};

/// The fields that name slots in families whose shape says of each field whether it does. A constant on the left leaves its
/// field to the operand on the right.
const SHAPES: [u64; 256] = {
    let mut shapes = [0; 256];
    let mut n = 0;
    while n < 256 {
        let shape = Shape(n as u8);
        let (a, b) = (shape.a(), shape.b());
        if matches!(shape.d(), Some(DstKind::Slot)) {
            shapes[n] |= D;
        }
        if matches!((a, b), (Some(SrcKind::Slot), _) | (Some(SrcKind::Const), Some(SrcKind::Slot))) {
            shapes[n] |= A;
        }
        if matches!(b, Some(SrcKind::Slot)) {
            shapes[n] |= B;
        }
        n += 1;
    }
    shapes
};

impl FieldSearch {
    /// A search for ops that name one of these slots, of which at least one is there. No frame is so large that it has slot
    /// `0xffff`.
    pub fn new(slots: [Option<Slot>; 4]) -> Self {
        let any = slots.into_iter().flatten().next().unwrap_or_default();
        Self(slots.map(|slot| u64::from(slot.unwrap_or(any).0) * ONES))
    }

    /// The first op from `at` on that may name one of the slots, or that returns; the code's end if there is none.
    #[must_use]
    pub fn next(&self, code: &Code, mut at: Pos) -> Pos {
        while let Some(&[key, payload]) = code.words().get(at.0 as usize..).and_then(|words| words.first_chunk()) {
            let Some(key) = OpKey::from_word(key) else { break };
            let shaped = matches!(key.family, Family::Copy | Family::Unary | Family::Binary);
            let shape = if shaped { SHAPES[usize::from(key.shape.0)] } else { u64::MAX };
            // A field that names no slot is made one that no pattern has.
            let named = payload | !(FIELDS[key.family as usize] & shape);
            // Of a word, whether one of its four fields is zero.
            let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & ONES << 15;
            let found = self.0.iter().fold(0, |found, pattern| found | has_zero(named ^ pattern));
            if found != 0 || matches!(key.family, Family::Return | Family::ReturnValue) {
                return at;
            }
            let Some(len) = key.len_words() else { break };
            let targets = if key.family == Family::BrTable { (payload >> 32) as u32 } else { 0 };
            at = Pos(at.0 + len as u32 + targets);
        }
        code.end()
    }
}
