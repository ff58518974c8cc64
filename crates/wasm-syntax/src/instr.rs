//! Instructions: one value each, made from the rows of the table. Spec: `syntax-instr`.

use crate::{
    BlockType, BrTable, CastTarget, Catches, DataIdx, ElemIdx, F32Bits, F64Bits, Feature, FenceFlags, FieldIdx,
    FuncIdx, GlobalIdx, Handlers, HeapType, LabelIdx, LocalIdx, MemArg, MemIdx, SelectTypes, ShuffleLanes, TableIdx,
    TagIdx, TypeIdx, V128, ValType,
};

/// The operands and results of an instruction of fixed type, the operand pushed last coming last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What is popped.
    pub params: &'static [ValType],
    /// What is pushed.
    pub results: &'static [ValType],
}

/// Defines a family's enum with what its rows say in common.
macro_rules! family {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $opcode:literal $text:literal $feature:ident)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// Every member, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The opcode; a prefix byte is in bits 16–23. Spec: `binary-instr`.
            #[inline]
            #[must_use]
            pub const fn opcode(self) -> u32 {
                const OPCODES: &[u32] = &[$($opcode),*];
                OPCODES[self as usize]
            }

            /// The text format's keyword.
            #[must_use]
            pub const fn mnemonic(self) -> &'static str {
                const TEXTS: &[&str] = &[$($text),*];
                TEXTS[self as usize]
            }

            /// The feature with which the instruction came.
            #[inline]
            #[must_use]
            pub const fn feature(self) -> Feature {
                const FEATURES: &[Feature] = &[$(Feature::$feature),*];
                FEATURES[self as usize]
            }
        }
    };
}

macro_rules! numeric_op {
    ($($opcode:literal $variant:ident $function:ident $text:literal [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        family! {
            /// A scalar instruction without immediates. Spec: `syntax-instr-numeric`.
            NumericOp { $($variant $opcode $text $feature)* }
        }

        impl NumericOp {
            /// The types of operands and results.
            #[inline]
            #[must_use]
            pub const fn signature(self) -> Signature {
                const ROWS: &[Signature] =
                    &[$(Signature { params: &[$(ValType::$p),*], results: &[$(ValType::$r),*] }),*];
                ROWS[self as usize]
            }
        }
    };
}
crate::for_each_numeric!(numeric_op);

macro_rules! vector_op {
    ($($opcode:literal $variant:ident $function:ident $text:literal [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        family! {
            /// A vector instruction without immediates. Spec: `syntax-instr-vec`.
            VectorOp { $($variant $opcode $text $feature)* }
        }

        impl VectorOp {
            /// The types of operands and results.
            #[inline]
            #[must_use]
            pub const fn signature(self) -> Signature {
                const ROWS: &[Signature] =
                    &[$(Signature { params: &[$(ValType::$p),*], results: &[$(ValType::$r),*] }),*];
                ROWS[self as usize]
            }
        }
    };
}
crate::for_each_vector!(vector_op);

macro_rules! lane_op {
    ($($opcode:literal $variant:ident $function:ident $text:literal $lanes:literal
       [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        family! {
            /// A vector instruction with a lane index. Spec: `syntax-instr-vec`.
            LaneOp { $($variant $opcode $text $feature)* }
        }

        impl LaneOp {
            /// The types of operands and results.
            #[inline]
            #[must_use]
            pub const fn signature(self) -> Signature {
                const ROWS: &[Signature] =
                    &[$(Signature { params: &[$(ValType::$p),*], results: &[$(ValType::$r),*] }),*];
                ROWS[self as usize]
            }

            /// The number of lanes; the index is below it.
            #[must_use]
            pub const fn lanes(self) -> u8 {
                const LANES: &[u8] = &[$($lanes),*];
                LANES[self as usize]
            }
        }
    };
}
crate::for_each_vector_lane!(lane_op);

macro_rules! access_ops {
    ($(#[$doc:meta])* $name:ident: $($opcode:literal $variant:ident $text:literal $ty:ident $width:literal $feature:ident;)*) => {
        family! {
            $(#[$doc])*
            $name { $($variant $opcode $text $feature)* }
        }

        impl $name {
            /// The type of the value loaded or stored.
            #[inline]
            #[must_use]
            pub const fn val_type(self) -> ValType {
                const TYPES: &[ValType] = &[$(ValType::$ty),*];
                TYPES[self as usize]
            }

            /// The number of bytes accessed; also the largest alignment allowed.
            #[inline]
            #[must_use]
            pub const fn width_bytes(self) -> u8 {
                const WIDTHS: &[u8] = &[$($width),*];
                WIDTHS[self as usize]
            }
        }
    };
}
macro_rules! load_op {
    ($($row:tt)*) => {
        access_ops! {
            /// A plain load. Spec: `syntax-instr-memory`.
            LoadOp: $($row)*
        }
    };
}
crate::for_each_load!(load_op);
macro_rules! store_op {
    ($($row:tt)*) => {
        access_ops! {
            /// A plain store. Spec: `syntax-instr-memory`.
            StoreOp: $($row)*
        }
    };
}
crate::for_each_store!(store_op);

macro_rules! memory_lane_op {
    ($($opcode:literal $variant:ident $text:literal $width:literal [$($r:ident)*] $feature:ident;)*) => {
        family! {
            /// A load into or a store from one vector lane. Spec: `syntax-instr-memory`.
            MemoryLaneOp { $($variant $opcode $text $feature)* }
        }

        impl MemoryLaneOp {
            /// The number of bytes accessed; also the largest alignment allowed. There are `16 / width_bytes` lanes.
            #[inline]
            #[must_use]
            pub const fn width_bytes(self) -> u8 {
                const WIDTHS: &[u8] = &[$($width),*];
                WIDTHS[self as usize]
            }

            /// The results: the vector for a load, nothing for a store.
            #[inline]
            #[must_use]
            pub const fn results(self) -> &'static [ValType] {
                const RESULTS: &[&[ValType]] = &[$(&[$(ValType::$r),*]),*];
                RESULTS[self as usize]
            }
        }
    };
}
crate::for_each_memory_lane!(memory_lane_op);

macro_rules! atomic_op {
    ($($opcode:literal $variant:ident $text:literal $width:literal [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        family! {
            /// An atomic memory access (threads proposal).
            AtomicOp { $($variant $opcode $text $feature)* }
        }

        impl AtomicOp {
            /// The types of the operands after the address, and of the results.
            #[inline]
            #[must_use]
            pub const fn signature(self) -> Signature {
                const ROWS: &[Signature] =
                    &[$(Signature { params: &[$(ValType::$p),*], results: &[$(ValType::$r),*] }),*];
                ROWS[self as usize]
            }

            /// The number of bytes accessed; also the one alignment allowed.
            #[inline]
            #[must_use]
            pub const fn width_bytes(self) -> u8 {
                const WIDTHS: &[u8] = &[$($width),*];
                WIDTHS[self as usize]
            }
        }
    };
}
crate::for_each_atomic!(atomic_op);

macro_rules! instr {
    ($($opcode:literal $variant:ident $(($($field:ident: $imm:ty),*))? $text:literal $feature:ident;)*) => {
        /// An instruction with its immediates. Spec: `syntax-instr`.
        ///
        /// Regular families are one variant each; every other instruction has its own.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Instr<'a> {
            $(#[doc = concat!("`", $text, "`")] $variant $(($($imm),*))?,)*
            /// A scalar instruction without immediates.
            Numeric(NumericOp),
            /// A plain load.
            Load(LoadOp, MemArg),
            /// A plain store.
            Store(StoreOp, MemArg),
            /// A vector instruction without immediates.
            Vector(VectorOp),
            /// A vector instruction with a lane index.
            VectorLane(LaneOp, u8),
            /// A load into or a store from one vector lane.
            MemoryLane(MemoryLaneOp, MemArg, u8),
            /// An atomic memory access.
            Atomic(AtomicOp, MemArg),
        }

        impl Instr<'_> {
            /// The text format's keyword.
            #[must_use]
            pub const fn mnemonic(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $text,)*
                    Self::Numeric(op) => op.mnemonic(),
                    Self::Load(op, _) => op.mnemonic(),
                    Self::Store(op, _) => op.mnemonic(),
                    Self::Vector(op) => op.mnemonic(),
                    Self::VectorLane(op, _) => op.mnemonic(),
                    Self::MemoryLane(op, ..) => op.mnemonic(),
                    Self::Atomic(op, _) => op.mnemonic(),
                }
            }

            /// The opcode; a prefix byte is in bits 16–23. Spec: `binary-instr`.
            #[must_use]
            pub const fn opcode(&self) -> u32 {
                match self {
                    $(Self::$variant { .. } => $opcode,)*
                    Self::Numeric(op) => op.opcode(),
                    Self::Load(op, _) => op.opcode(),
                    Self::Store(op, _) => op.opcode(),
                    Self::Vector(op) => op.opcode(),
                    Self::VectorLane(op, _) => op.opcode(),
                    Self::MemoryLane(op, ..) => op.opcode(),
                    Self::Atomic(op, _) => op.opcode(),
                }
            }

            /// The feature with which the instruction came.
            #[must_use]
            pub const fn feature(&self) -> Feature {
                match self {
                    $(Self::$variant { .. } => Feature::$feature,)*
                    Self::Numeric(op) => op.feature(),
                    Self::Load(op, _) => op.feature(),
                    Self::Store(op, _) => op.feature(),
                    Self::Vector(op) => op.feature(),
                    Self::VectorLane(op, _) => op.feature(),
                    Self::MemoryLane(op, ..) => op.feature(),
                    Self::Atomic(op, _) => op.feature(),
                }
            }
        }

        const IRREGULAR: &[Row] =
            &[$(Row { opcode: $opcode, mnemonic: $text, family: "irregular", feature: Feature::$feature },)*];
    };
}
crate::for_each_irregular!(instr);

/// What the table says of any instruction, whatever its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The opcode; a prefix byte is in bits 16–23.
    pub opcode: u32,
    /// The text format's keyword.
    pub mnemonic: &'static str,
    /// The family: `numeric`, `load`, `store`, `vector`, `vector lane`, `memory lane`, `atomic` or `irregular`.
    pub family: &'static str,
    /// The feature with which the instruction came.
    pub feature: Feature,
}

/// Every instruction of the table, family by family.
pub fn rows() -> impl Iterator<Item = Row> {
    macro_rules! family_rows {
        ($ty:ident, $family:literal) => {
            $ty::ALL.iter().map(|op| Row {
                opcode: op.opcode(),
                mnemonic: op.mnemonic(),
                family: $family,
                feature: op.feature(),
            })
        };
    }
    IRREGULAR
        .iter()
        .copied()
        .chain(family_rows!(NumericOp, "numeric"))
        .chain(family_rows!(LoadOp, "load"))
        .chain(family_rows!(StoreOp, "store"))
        .chain(family_rows!(VectorOp, "vector"))
        .chain(family_rows!(LaneOp, "vector lane"))
        .chain(family_rows!(MemoryLaneOp, "memory lane"))
        .chain(family_rows!(AtomicOp, "atomic"))
}
