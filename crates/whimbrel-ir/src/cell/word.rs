//! The words of an instruction while it is put together or taken apart, and the values that fill a word of their own.

use wasm_syntax::{DataIdx, ElemIdx, FuncIdx, MemIdx, NumericOp, TableIdx, TagIdx, VectorOp};

use super::{BACKWARD, Family, OpKey};
use crate::{CallInfo, Class, Dst, DstKind, Pin, Pos, Resumption, Saves, Shape, Slot, SlotsOp, Src, SrcKind, TailMove};

/// The payload's fields while an op is put together.
#[derive(Clone, Copy, Default)]
pub(super) struct Payload {
    pub(super) a: u16,
    pub(super) d: u16,
    pub(super) imm: u32,
}

impl Payload {
    pub(super) const fn to_word(self) -> u64 {
        self.a as u64 | (self.d as u64) << 16 | (self.imm as u64) << 32
    }

    pub(super) const fn from_word(word: u64) -> Self {
        Self { a: word as u16, d: (word >> 16) as u16, imm: (word >> 32) as u32 }
    }

    pub(super) const fn b(self) -> u16 {
        self.imm as u16
    }

    pub(super) const fn c(self) -> u16 {
        (self.imm >> 16) as u16
    }

    pub(super) const fn pair(b: u16, c: u16) -> u32 {
        b as u32 | (c as u32) << 16
    }
}

pub(super) const fn slot_of(src: Src) -> u16 {
    match src {
        Src::Slot(slot) => slot.0,
        _ => 0,
    }
}

pub(super) const fn dst_slot(d: Dst) -> u16 {
    match d {
        Dst::Slot(slot) => slot.0,
        Dst::Acc | Dst::Pin(_) => 0,
    }
}

pub(super) fn src(kind: Option<SrcKind>, slot: u16, value: u64) -> Option<Src> {
    Some(match kind? {
        SrcKind::Slot => Src::Slot(Slot(slot)),
        SrcKind::Const => Src::Const(value),
        SrcKind::Acc => Src::Acc,
        SrcKind::Pin0 => Src::Pin(Pin::First),
        SrcKind::Pin1 => Src::Pin(Pin::Second),
    })
}

pub(super) fn dst(kind: Option<DstKind>, slot: u16) -> Option<Dst> {
    Some(match kind? {
        DstKind::Slot => Dst::Slot(Slot(slot)),
        DstKind::Acc => Dst::Acc,
        DstKind::Pin0 => Dst::Pin(Pin::First),
        DstKind::Pin1 => Dst::Pin(Pin::Second),
    })
}

impl Saves {
    /// The mode of an op, and the slot.
    pub(super) const fn parts(self) -> (u8, u16) {
        match self {
            Self::None => (0, 0),
            Self::Ints(first) => (1, first.0),
            Self::All(first) => (2, first.0),
        }
    }

    pub(super) const fn from_parts(mode: u8, first: u16) -> Option<Self> {
        Some(match mode {
            0 => Self::None,
            1 => Self::Ints(Slot(first)),
            2 => Self::All(Slot(first)),
            _ => return None,
        })
    }
}

impl Resumption {
    /// The mode of the op, and the tag.
    pub(super) const fn parts(self) -> (u8, u32) {
        match self {
            Self::Return => (0, 0),
            Self::Throw(tag) => (1, tag.0),
            Self::ThrowRef => (2, 0),
        }
    }

    pub(super) const fn from_parts(mode: u8, tag: u32) -> Option<Self> {
        Some(match mode {
            0 => Self::Return,
            1 => Self::Throw(TagIdx(tag)),
            2 => Self::ThrowRef,
            _ => return None,
        })
    }
}

/// A 32-bit immediate as the constant of a class that is not `F64`.
pub(super) const fn widen(class: Class, imm: u32) -> u64 {
    match class {
        Class::I64 => imm as i32 as i64 as u64,
        _ => imm as u64,
    }
}

impl CallInfo {
    pub(super) const fn to_word(self) -> u64 {
        self.delta as u64
    }

    pub(super) const fn from_word(word: u64) -> Self {
        Self { delta: word as u32 }
    }
}

impl TailMove {
    pub(super) const fn to_word(self) -> u64 {
        self.args.0 as u64 | (self.count as u64) << 16 | (self.return_slot.0 as u64) << 32 | (self.results as u64) << 48
    }

    pub(super) const fn from_word(word: u64) -> Self {
        Self {
            args: Slot(word as u16),
            count: (word >> 16) as u16,
            return_slot: Slot((word >> 32) as u16),
            results: (word >> 48) as u16,
        }
    }
}

/// An instruction as words: key, payload, extensions.
pub(super) struct Cell {
    pub(super) key: OpKey,
    pub(super) payload: Payload,
    pub(super) extension: [u64; 2],
    pub(super) extension_len: usize,
}

impl Cell {
    pub(super) fn new(family: Family) -> Self {
        Self { key: OpKey::new(family), payload: Payload::default(), extension: [0; 2], extension_len: 0 }
    }

    pub(super) fn sub(mut self, sub: u8) -> Self {
        self.key.sub = sub;
        self
    }

    pub(super) fn mode(mut self, mode: u8) -> Self {
        self.key.mode = mode;
        self
    }

    pub(super) fn shape(mut self, d: DstKind, a: SrcKind, b: SrcKind) -> Self {
        self.key.shape = Shape::new(d, a, b);
        self
    }

    pub(super) fn a(mut self, slot: u16) -> Self {
        self.payload.a = slot;
        self
    }

    pub(super) fn d(mut self, slot: u16) -> Self {
        self.payload.d = slot;
        self
    }

    pub(super) fn imm(mut self, imm: u32) -> Self {
        self.payload.imm = imm;
        self
    }

    pub(super) fn extend(mut self, word: u64) -> Self {
        self.extension[self.extension_len] = word;
        self.extension_len += 1;
        self
    }

    /// Puts a constant of `class` where ops of that class look for one.
    pub(super) fn constant(self, class: Class, value: u64) -> Self {
        if class == Class::F64 {
            return self.extend(value);
        }
        debug_assert!(class != Class::I64 || Src::fits_i64(value), "the constant needs `Const64`");
        self.imm(value as u32)
    }

    /// A branch of `distance` words from its own start.
    pub(super) fn branch(mut self, at: Pos, target: Pos) -> Self {
        let distance = target.0.wrapping_sub(at.0) as i32;
        if distance <= 0 {
            self.key.mode |= BACKWARD;
        }
        self.imm(distance as u32)
    }

    pub(super) fn write(&self, out: &mut impl FnMut(u64)) {
        out(self.key.to_word());
        out(self.payload.to_word());
        self.extension[..self.extension_len].iter().for_each(|&word| out(word));
    }
}

/// A numeric instruction's position in its family, as the `sub` of keys.
pub(super) const fn numeric_sub(op: NumericOp) -> u8 {
    op as u16 as u8
}

const _: () = assert!(NumericOp::ALL.len() <= 256 && VectorOp::ALL.len() <= 256);

impl SlotsOp {
    pub(super) const fn parts(self) -> (u8, u32, u32) {
        match self {
            Self::MemoryCopy { dst, src } => (0, dst.0, src.0),
            Self::MemoryFill(memory) => (1, memory.0, 0),
            Self::MemoryInit(data, memory) => (2, data.0, memory.0),
            Self::DataDrop(data) => (3, data.0, 0),
            Self::MemoryGrow(memory) => (4, memory.0, 0),
            Self::MemorySize(memory) => (5, memory.0, 0),
            Self::TableGet(table) => (6, table.0, 0),
            Self::TableSet(table) => (7, table.0, 0),
            Self::TableGrow(table) => (8, table.0, 0),
            Self::TableSize(table) => (9, table.0, 0),
            Self::TableFill(table) => (10, table.0, 0),
            Self::TableCopy { dst, src } => (11, dst.0, src.0),
            Self::TableInit(elem, table) => (12, elem.0, table.0),
            Self::ElemDrop(elem) => (13, elem.0, 0),
            Self::RefFunc(func) => (14, func.0, 0),
            Self::Wide(op) => (15, op as u16 as u32, 0),
        }
    }

    pub(super) fn from_parts(tag: u8, x: u32, y: u32) -> Option<Self> {
        Some(match tag {
            0 => Self::MemoryCopy { dst: MemIdx(x), src: MemIdx(y) },
            1 => Self::MemoryFill(MemIdx(x)),
            2 => Self::MemoryInit(DataIdx(x), MemIdx(y)),
            3 => Self::DataDrop(DataIdx(x)),
            4 => Self::MemoryGrow(MemIdx(x)),
            5 => Self::MemorySize(MemIdx(x)),
            6 => Self::TableGet(TableIdx(x)),
            7 => Self::TableSet(TableIdx(x)),
            8 => Self::TableGrow(TableIdx(x)),
            9 => Self::TableSize(TableIdx(x)),
            10 => Self::TableFill(TableIdx(x)),
            11 => Self::TableCopy { dst: TableIdx(x), src: TableIdx(y) },
            12 => Self::TableInit(ElemIdx(x), TableIdx(y)),
            13 => Self::ElemDrop(ElemIdx(x)),
            14 => Self::RefFunc(FuncIdx(x)),
            15 => Self::Wide(*NumericOp::ALL.get(x as usize)?),
            _ => return None,
        })
    }
}
