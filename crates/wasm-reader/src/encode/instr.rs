//! Encoding of instructions. Spec: `binary-instr`.

use wasm_syntax::{
    BlockType, BrTable, CastTarget, Catch, DataIdx, ElemIdx, F32Bits, F64Bits, FenceFlags, FieldIdx, FuncIdx,
    GlobalIdx, Handler, Instr, LabelIdx, LocalIdx, MemArg, MemIdx, SelectTypes, ShuffleLanes, TableIdx, TagIdx, V128,
};

use super::types::put_signed;
use super::{Encode, Sink};

macro_rules! indices {
    ($($ty:ty)*) => {$(
        /// An index, as an unsigned integer.
        impl Encode for $ty {
            fn encode(&self, sink: &mut dyn Sink) {
                self.0.encode(sink);
            }
        }
    )*};
}
indices! { FuncIdx TableIdx MemIdx GlobalIdx TagIdx ElemIdx DataIdx LocalIdx LabelIdx FieldIdx }

/// Writes an opcode whose prefix byte is in bits 16–23.
fn put_opcode(opcode: u32, sink: &mut dyn Sink) {
    match (opcode >> 16) as u8 {
        0 => sink.put(&[opcode as u8]),
        prefix => {
            sink.put(&[prefix]);
            (opcode & 0xFFFF).encode(sink);
        }
    }
}

macro_rules! encoder {
    ($($opcode:literal $variant:ident $(($($field:ident: $imm:ty),*))? $text:literal $feature:ident;)*) => {
        impl Encode for Instr<'_> {
            fn encode(&self, sink: &mut dyn Sink) {
                put_opcode(self.opcode(), sink);
                match self {
                    $(Self::$variant $(($($field),*))? => { $($($field.encode(sink);)*)? })*
                    Self::Numeric(_) | Self::Vector(_) => {}
                    Self::Load(_, arg) | Self::Store(_, arg) | Self::Atomic(_, arg) => arg.encode(sink),
                    Self::VectorLane(_, lane) => lane.encode(sink),
                    Self::MemoryLane(_, arg, lane) => {
                        arg.encode(sink);
                        lane.encode(sink);
                    }
                }
            }
        }
    };
}
wasm_syntax::for_each_irregular!(encoder);

impl Encode for F32Bits {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&self.0.to_le_bytes());
    }
}

impl Encode for F64Bits {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&self.0.to_le_bytes());
    }
}

impl Encode for V128 {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&self.0);
    }
}

impl Encode for ShuffleLanes {
    fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&self.0);
    }
}

impl Encode for FenceFlags {
    fn encode(&self, sink: &mut dyn Sink) {
        self.0.encode(sink);
    }
}

/// In an alignment: the access names its memory.
const NAMES_MEMORY: u32 = 1 << 6;

impl Encode for MemArg {
    fn encode(&self, sink: &mut dyn Sink) {
        let names_memory = self.memory != MemIdx(0);
        let flags = if names_memory { NAMES_MEMORY } else { 0 };
        (u32::from(self.align_log2) | flags).encode(sink);
        if names_memory {
            self.memory.encode(sink);
        }
        self.offset.encode(sink);
    }
}

impl Encode for BlockType {
    fn encode(&self, sink: &mut dyn Sink) {
        match self {
            Self::Empty => 0x40_u8.encode(sink),
            Self::Value(ty) => ty.encode(sink),
            Self::Func(idx) => put_signed(i64::from(idx.0), sink),
        }
    }
}

impl Encode for BrTable<'_> {
    fn encode(&self, sink: &mut dyn Sink) {
        self.labels.encode(sink);
        self.default.encode(sink);
    }
}

/// Types after the first, which are not kept, are written like the first.
impl Encode for SelectTypes {
    fn encode(&self, sink: &mut dyn Sink) {
        self.count.encode(sink);
        if let Some(ty) = self.first {
            (0..self.count).for_each(|_| ty.encode(sink));
        }
    }
}

impl Encode for CastTarget {
    fn encode(&self, sink: &mut dyn Sink) {
        (u8::from(self.from.is_nullable()) | u8::from(self.to.is_nullable()) << 1).encode(sink);
        self.label.encode(sink);
        self.from.heap().encode(sink);
        self.to.heap().encode(sink);
    }
}

impl Encode for Catch {
    fn encode(&self, sink: &mut dyn Sink) {
        let (kind, tag, label): (u8, _, _) = match *self {
            Self::Tag(tag, label) => (0, Some(tag), label),
            Self::TagRef(tag, label) => (1, Some(tag), label),
            Self::All(label) => (2, None, label),
            Self::AllRef(label) => (3, None, label),
        };
        kind.encode(sink);
        if let Some(tag) = tag {
            tag.encode(sink);
        }
        label.encode(sink);
    }
}

impl Encode for Handler {
    fn encode(&self, sink: &mut dyn Sink) {
        match *self {
            Self::Label(tag, label) => {
                0_u8.encode(sink);
                tag.encode(sink);
                label.encode(sink);
            }
            Self::Switch(tag) => {
                1_u8.encode(sink);
                tag.encode(sink);
            }
        }
    }
}
