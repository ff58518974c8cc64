//! Operands: where an op finds its inputs and leaves its result.

use core::fmt;

/// A position in the current frame, in 8-byte units from the frame pointer.
///
/// A frame is `[parameters and results | return ip | locals | temporaries]`. An `i32` or `f32` occupies
/// the low half of its slot, the upper half being undefined; a `v128` occupies two slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// Number of slots between the parameters' area and the locals: the return ip.
pub const FRAME_HEADER_SLOTS: u32 = 1;

/// Slots by which a tail call into another instance may move its arguments up, to keep a record below them. A frame with
/// such a call has this many slots, and a header, beyond the callee's parameters and results.
pub const TAIL_RECORD_SLOTS: u32 = 3;

/// The machine register class and width of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// 32-bit integers, in the integer accumulator.
    I32,
    /// 64-bit integers and references, in the integer accumulator.
    I64,
    /// 32-bit floats, in the `f32` accumulator.
    F32,
    /// 64-bit floats, in the `f64` accumulator.
    F64,
    /// Vectors, in two slots; there is no accumulator for them.
    V128,
}

impl Class {
    /// Every class, in encoding order.
    pub const ALL: [Self; 5] = [Self::I32, Self::I64, Self::F32, Self::F64, Self::V128];

    /// Slots that a value of the class occupies.
    #[must_use]
    pub const fn slots(self) -> u32 {
        match self {
            Self::V128 => 2,
            _ => 1,
        }
    }

    /// The class of values of `ty`. References are 64-bit integers to the engine.
    #[must_use]
    pub const fn of(ty: wasm_syntax::ValType) -> Self {
        match ty {
            wasm_syntax::ValType::I32 => Self::I32,
            wasm_syntax::ValType::F32 => Self::F32,
            wasm_syntax::ValType::F64 => Self::F64,
            wasm_syntax::ValType::V128 => Self::V128,
            _ => Self::I64,
        }
    }

    /// Suffix in listings.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
        }
    }
}

/// A machine register that holds one slot's value for as long as the function runs.
///
/// There are two for integers and two for `f64`s; the class of an operand says of which kind it is. A function that uses any
/// keeps its caller's, as [`Saves`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Pin {
    /// The first of its class.
    First = 0,
    /// The second of its class.
    Second = 1,
}

impl Pin {
    /// Both, in encoding order.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// Whether values of the class can be pinned.
    #[must_use]
    pub const fn takes(class: Class) -> bool {
        matches!(class, Class::I32 | Class::I64 | Class::F64)
    }
}

/// The caller's pins that a function keeps in its frame while it uses them for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Saves {
    /// It uses none.
    #[default]
    None,
    /// The two integers are in two slots from this one on.
    Ints(Slot),
    /// The two integers and the two `f64`s are in four slots from this one on.
    All(Slot),
}

impl Saves {
    /// The first slot, and how many.
    #[must_use]
    pub const fn slots(self) -> (Slot, u32) {
        match self {
            Self::None => (Slot(0), 0),
            Self::Ints(first) => (first, 2),
            Self::All(first) => (first, 4),
        }
    }

    /// Whether values of the class may be in pins.
    #[must_use]
    pub const fn allows(self, class: Class) -> bool {
        match self {
            Self::None => false,
            Self::Ints(_) => matches!(class, Class::I32 | Class::I64),
            Self::All(_) => Pin::takes(class),
        }
    }
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Src {
    /// A slot of the frame.
    Slot(Slot),
    /// A constant: the bits of the value, zero-extended for 32-bit classes.
    ///
    /// An `i64` constant must fit a sign-extended 32-bit immediate ([`Src::fits_i64`]); others go through
    /// [`Inst::Const64`](crate::Inst::Const64).
    Const(u64),
    /// The accumulator of the operand's class.
    Acc,
    /// A pin of the operand's class.
    Pin(Pin),
}

impl Src {
    /// Whether an `i64` constant can be an operand: it survives truncation to 32 bits and sign extension.
    #[must_use]
    pub const fn fits_i64(value: u64) -> bool {
        value as i64 == value as i32 as i64
    }

    /// The kind, for shapes.
    #[must_use]
    pub const fn kind(self) -> SrcKind {
        match self {
            Self::Slot(_) => SrcKind::Slot,
            Self::Const(_) => SrcKind::Const,
            Self::Acc => SrcKind::Acc,
            Self::Pin(Pin::First) => SrcKind::Pin0,
            Self::Pin(Pin::Second) => SrcKind::Pin1,
        }
    }
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dst {
    /// A slot of the frame; the value is in the accumulator of its class afterwards, too.
    Slot(Slot),
    /// Only the accumulator of the result's class.
    Acc,
    /// Only a pin of the result's class; the accumulator keeps what it holds.
    Pin(Pin),
}

impl Dst {
    /// The kind, for shapes.
    #[must_use]
    pub const fn kind(self) -> DstKind {
        match self {
            Self::Slot(_) => DstKind::Slot,
            Self::Acc => DstKind::Acc,
            Self::Pin(Pin::First) => DstKind::Pin0,
            Self::Pin(Pin::Second) => DstKind::Pin1,
        }
    }
}

/// The kind of a [`Src`], three bits of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SrcKind {
    /// A slot.
    Slot = 0,
    /// A constant.
    Const = 1,
    /// The accumulator.
    Acc = 2,
    /// The first pin.
    Pin0 = 3,
    /// The second pin.
    Pin1 = 4,
}

impl SrcKind {
    /// Every kind, in encoding order.
    pub const ALL: [Self; 5] = [Self::Slot, Self::Const, Self::Acc, Self::Pin0, Self::Pin1];

    pub(crate) const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Slot),
            1 => Some(Self::Const),
            2 => Some(Self::Acc),
            3 => Some(Self::Pin0),
            4 => Some(Self::Pin1),
            _ => None,
        }
    }

    /// The place in the order in which operands stand that may be exchanged: the lower comes first.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Pin0 => 0,
            Self::Pin1 => 1,
            Self::Acc => 2,
            Self::Slot => 3,
            Self::Const => 4,
        }
    }
}

/// The kind of a [`Dst`], two bits of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DstKind {
    /// A slot, through the accumulator.
    Slot = 0,
    /// The accumulator alone.
    Acc = 1,
    /// The first pin alone.
    Pin0 = 2,
    /// The second pin alone.
    Pin1 = 3,
}

impl DstKind {
    /// Every kind, in encoding order.
    pub const ALL: [Self; 4] = [Self::Slot, Self::Acc, Self::Pin0, Self::Pin1];

    pub(crate) const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Slot),
            1 => Some(Self::Acc),
            2 => Some(Self::Pin0),
            3 => Some(Self::Pin1),
            _ => None,
        }
    }
}

/// The operand kinds of an op: an index into the engine's table of handlers for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(pub u8);

impl Shape {
    /// The shape of an op with these operands; absent ones count as slots.
    #[must_use]
    pub const fn new(d: DstKind, a: SrcKind, b: SrcKind) -> Self {
        Self(d as u8 | (a as u8) << 2 | (b as u8) << 5)
    }

    /// Kind of the destination.
    #[must_use]
    pub const fn d(self) -> Option<DstKind> {
        DstKind::from_bits(self.0 & 3)
    }

    /// Kind of the first source.
    #[must_use]
    pub const fn a(self) -> Option<SrcKind> {
        SrcKind::from_bits(self.0 >> 2 & 7)
    }

    /// Kind of the second source.
    #[must_use]
    pub const fn b(self) -> Option<SrcKind> {
        SrcKind::from_bits(self.0 >> 5)
    }
}
