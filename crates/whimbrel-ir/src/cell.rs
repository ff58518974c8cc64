//! The encoding of instructions as 8-byte words.
//!
//! Word 0 is the op's key, which linking replaces by a handler; word 1 is the payload `a:u16 d:u16 b:u16 c:u16`, the last
//! two also being one 32-bit immediate; up to three extension words follow. What each op puts where is written in `encode` and
//! its inverse, `decode`; the engine's handlers read the same fields.

use wasm_syntax::{NumericOp, Trap, V128, ValType};

use crate::{Addr, Class, DstKind, Inst, Pos, Shape, Src, SrcKind};

mod decode;
mod word;
pub use decode::decode;
use word::{Cell, Payload, dst_slot, numeric_sub, slot_of};

/// What an op is, without its operands' values: the engine finds the handler by it.
///
/// In a word: family in bits 0–7, [`sub`](Self::sub) in 8–15, shape in 16–23, [`mode`](Self::mode) in 24–31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpKey {
    /// The family.
    pub family: Family,
    /// The member of the family: a class, or the position of the instruction in its family of the instruction table.
    pub sub: u8,
    /// The operands' kinds.
    pub shape: Shape,
    /// What else selects a handler: the address mode of loads and stores, [`NEGATE`] and [`BACKWARD`] of branches, the kind of
    /// a selection's condition, which pins are saved.
    pub mode: u8,
}

/// Whether a numeric instruction's first operand is an `f64`, by its position among them.
const OF_F64: [bool; NumericOp::ALL.len()] = {
    let mut of_f64 = [false; NumericOp::ALL.len()];
    let mut n = 0;
    while n < of_f64.len() {
        of_f64[n] = matches!(NumericOp::ALL[n].signature().params[0], ValType::F64);
        n += 1;
    }
    of_f64
};

/// Mode bit of a conditional branch that is taken when the condition does not hold.
pub const NEGATE: u8 = 1;
/// Mode of an indirect call through table 0.
pub const FIRST_TABLE: u8 = 1;
/// Mode bit of a branch to itself or to an earlier op.
pub const BACKWARD: u8 = 2;

/// The address modes of loads and stores, as the `mode` of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AddrMode {
    /// [`Addr::Plain`]: base in `a`, offset in the 32-bit immediate.
    Plain = 0,
    /// [`Addr::Indexed`] with scale 0: base in `a`, index in `b`, offset in an extension word.
    Indexed = 1,
    /// [`Addr::Indexed`] scaled by the width accessed.
    Scaled = 2,
    /// [`Addr::Far`] with 32-bit addresses: base in `a`, memory in the 32-bit immediate, offset in an extension word.
    Far32 = 3,
    /// [`Addr::Far`] with 64-bit addresses.
    Far64 = 4,
    /// [`Addr::Shared`] with 32-bit addresses, its fields where `Far32` has them.
    Shared32 = 5,
    /// [`Addr::Shared`] with 64-bit addresses.
    Shared64 = 6,
    /// [`Addr::Wrapped`]: base in `a`, displacement in the 32-bit immediate.
    Wrapped = 7,
}

impl AddrMode {
    /// Words that the address takes behind the payload.
    const fn extension_words(self) -> usize {
        match self {
            Self::Plain | Self::Wrapped => 0,
            Self::Indexed | Self::Scaled | Self::Far32 | Self::Far64 | Self::Shared32 | Self::Shared64 => 1,
        }
    }

    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Plain,
            1 => Self::Indexed,
            2 => Self::Scaled,
            3 => Self::Far32,
            4 => Self::Far64,
            5 => Self::Shared32,
            6 => Self::Shared64,
            7 => Self::Wrapped,
            _ => return None,
        })
    }
}

macro_rules! families {
    ($($name:ident $text:literal;)*) => {
        /// The families of ops, one for each variant of [`Inst`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "each is named after its variant of `Inst`")]
        pub enum Family {
            $($name,)*
        }

        impl Family {
            /// Every family, in encoding order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Name in listings.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

families! {
    Enter "enter";
    Pins "pins";
    Zero "zero";
    Copy "copy";
    Const64 "const";
    CopyRange "copy_range";
    Unary "unary";
    Binary "binary";
    Select "select";
    Load "load";
    Store "store";
    GlobalGet "global.get";
    GlobalSet "global.set";
    Br "br";
    BrIf "br_if";
    BrCmp "br_cmp";
    BrTable "br_table";
    Call "call";
    CallImport "call_import";
    CallIndirect "call_indirect";
    CallRef "call_ref";
    Reload "reload";
    ReturnCall "return_call";
    ReturnCallImport "return_call_import";
    ReturnCallIndirect "return_call_indirect";
    ReturnCallRef "return_call_ref";
    Return "return";
    ReturnValue "return";
    Slots "slots";
    Vector "vector";
    VectorLane "vector_lane";
    Shuffle "i8x16.shuffle";
    VectorConst "v128.const";
    MemoryLane "memory_lane";
    Throw "throw";
    ThrowRef "throw_ref";
    ContNew "cont.new";
    ContBind "cont.bind";
    Resume "resume";
    Suspend "suspend";
    Switch "switch";
    FieldGet "struct.get";
    FieldSet "struct.set";
    ElemGet "array.get";
    ElemSet "array.set";
    RefUnary "ref";
    RefTest "ref.test";
    RefCast "ref.cast";
    DescTest "desc_test";
    Aggregate "aggregate";
    Atomic "atomic";
    AtomicFence "atomic.fence";
    Charge "charge";
    Trap "trap";
}

impl OpKey {
    const fn new(family: Family) -> Self {
        Self { family, sub: 0, shape: Shape(0), mode: 0 }
    }

    /// The key as word 0 of an unlinked op.
    #[must_use]
    pub const fn to_word(self) -> u64 {
        self.family as u64 | (self.sub as u64) << 8 | (self.shape.0 as u64) << 16 | (self.mode as u64) << 24
    }

    /// The key in word 0 of an unlinked op, if it is one.
    #[must_use]
    pub fn from_word(word: u64) -> Option<Self> {
        if word >> 32 != 0 {
            return None;
        }
        let family = *Family::ALL.get(word as u8 as usize)?;
        Some(Self { family, sub: (word >> 8) as u8, shape: Shape((word >> 16) as u8), mode: (word >> 24) as u8 })
    }

    /// The class named by [`sub`](Self::sub), for families whose members are classes.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        Class::ALL.get(usize::from(self.sub)).copied()
    }

    /// The numeric instruction named by [`sub`](Self::sub).
    #[must_use]
    pub fn numeric(self) -> Option<NumericOp> {
        NumericOp::ALL.get(usize::from(self.sub)).copied()
    }

    /// The kind of a selection's condition.
    #[must_use]
    pub fn selector(self) -> Option<SrcKind> {
        SrcKind::from_bits(self.mode)
    }

    /// The address mode of a load or store.
    #[must_use]
    pub fn addr_mode(self) -> Option<AddrMode> {
        AddrMode::from_bits(self.mode)
    }

    /// Words that the op occupies, the targets of a `br_table` not counted.
    ///
    /// `None` where the key makes no sense.
    #[must_use]
    pub fn len_words(self) -> Option<usize> {
        let wide = |class: Class, kind: Option<SrcKind>| class == Class::F64 && kind == Some(SrcKind::Const);
        Some(match self.family {
            Family::Copy | Family::ReturnValue => 2 + usize::from(wide(self.class()?, self.shape.a())),
            Family::Unary => 2,
            Family::Binary => {
                let is_const = |kind| kind == Some(SrcKind::Const);
                let has_const = is_const(self.shape.a()) || is_const(self.shape.b());
                2 + usize::from(has_const && *OF_F64.get(usize::from(self.sub))?)
            }
            Family::Load => 2 + self.addr_mode()?.extension_words(),
            Family::Store => {
                let constant = self.shape.b() == Some(SrcKind::Const);
                2 + self.addr_mode()?.extension_words() + usize::from(constant)
            }
            Family::Select => {
                let is_const = |kind| kind == Some(SrcKind::Const);
                2 + usize::from(is_const(self.shape.a()) || is_const(self.shape.b()))
            }
            Family::GlobalSet | Family::BrCmp => {
                let kind = if self.family == Family::BrCmp { self.shape.b() } else { self.shape.a() };
                2 + usize::from(kind == Some(SrcKind::Const))
            }
            Family::Enter
            | Family::Pins
            | Family::Zero
            | Family::CopyRange
            | Family::GlobalGet
            | Family::Br
            | Family::BrIf
            | Family::BrTable
            | Family::Return
            | Family::Trap => 2,
            Family::FieldGet
            | Family::FieldSet
            | Family::ElemGet
            | Family::ElemSet
            | Family::RefUnary
            | Family::RefTest
            | Family::RefCast
            | Family::DescTest => 2,
            Family::Aggregate => 3,
            Family::Const64
            | Family::Call
            | Family::CallImport
            | Family::CallRef
            | Family::Reload
            | Family::ReturnCall
            | Family::ReturnCallImport
            | Family::ReturnCallRef
            | Family::Slots => 3,
            Family::CallIndirect | Family::ReturnCallIndirect | Family::Shuffle | Family::VectorConst => 4,
            Family::Throw | Family::ThrowRef | Family::Resume | Family::Suspend => 3,
            Family::ContNew | Family::ContBind => 2,
            Family::Switch => 4,
            Family::Vector => 2,
            Family::VectorLane => 3,
            Family::AtomicFence | Family::Charge => 2,
            Family::MemoryLane | Family::Atomic => 3 + self.addr_mode()?.extension_words(),
        })
    }
}

/// Adds an address to the cell of a load or store; also returns the kinds of base and index.
fn address(cell: Cell, addr: Addr) -> (Cell, SrcKind, SrcKind) {
    match addr {
        Addr::Plain { base, offset } => {
            (cell.mode(AddrMode::Plain as u8).a(slot_of(base)).imm(offset), base.kind(), SrcKind::Slot)
        }
        Addr::Wrapped { base, displacement } => {
            (cell.mode(AddrMode::Wrapped as u8).a(slot_of(base)).imm(displacement), base.kind(), SrcKind::Slot)
        }
        Addr::Indexed { base, index, scale_log2, offset } => {
            let mode = if scale_log2 == 0 { AddrMode::Indexed } else { AddrMode::Scaled };
            let cell = cell.mode(mode as u8).a(slot_of(base)).imm(slot_of(index).into()).extend(offset.into());
            (cell, base.kind(), index.kind())
        }
        Addr::Far { base, offset, memory, memory64 } => {
            let mode = if memory64 { AddrMode::Far64 } else { AddrMode::Far32 };
            (cell.mode(mode as u8).a(base.0).imm(memory.0).extend(offset), SrcKind::Slot, SrcKind::Slot)
        }
        Addr::Shared { base, offset, memory, memory64 } => {
            let mode = if memory64 { AddrMode::Shared64 } else { AddrMode::Shared32 };
            (cell.mode(mode as u8).a(base.0).imm(memory.0).extend(offset), SrcKind::Slot, SrcKind::Slot)
        }
    }
}

/// The kind of a store's index where the shape has a destination's.
const fn as_dst(index: SrcKind) -> DstKind {
    match index {
        SrcKind::Slot | SrcKind::Const => DstKind::Slot,
        SrcKind::Acc => DstKind::Acc,
        SrcKind::Pin0 => DstKind::Pin0,
        SrcKind::Pin1 => DstKind::Pin1,
    }
}

/// A vector as two words, lane 0 in the first.
const fn halves(value: V128) -> [u64; 2] {
    let bits = value.to_u128();
    [bits as u64, (bits >> 64) as u64]
}

/// Encodes `inst`, which stands at `at`, word by word into `out`.
///
/// The operands keep to what the documentation of each instruction says; a debug build checks it where it is cheap.
pub fn encode(inst: Inst, at: Pos, out: &mut impl FnMut(u64)) {
    use DstKind::Slot as D;
    use SrcKind::Slot as S;
    let cell = match inst {
        Inst::Enter { return_slot, frame_slots, saves } => {
            let (mode, first) = saves.parts();
            Cell::new(Family::Enter).mode(mode).a(return_slot.0).d(first).imm(frame_slots)
        }
        Inst::Pins { ints: [a, d], floats } => {
            let [b, c] = floats.unwrap_or_default();
            Cell::new(Family::Pins).mode(floats.is_some().into()).a(a.0).d(d.0).imm(Payload::pair(b.0, c.0))
        }
        Inst::Zero { first, count } => Cell::new(Family::Zero).d(first.0).imm(count.into()),
        Inst::Copy { class, d, a } => {
            let cell = Cell::new(Family::Copy).sub(class as u8).shape(d.kind(), a.kind(), S).d(dst_slot(d));
            if let Src::Const(value) = a { cell.constant(class, value) } else { cell.a(slot_of(a)) }
        }
        Inst::Const64 { class, d, value } => {
            Cell::new(Family::Const64).sub(class as u8).shape(d.kind(), S, S).d(dst_slot(d)).extend(value)
        }
        Inst::CopyRange { d, a, count } => Cell::new(Family::CopyRange).d(d.0).a(a.0).imm(count.into()),
        Inst::Unary { op, d, a } => {
            Cell::new(Family::Unary).sub(numeric_sub(op)).shape(d.kind(), a.kind(), S).d(dst_slot(d)).a(slot_of(a))
        }
        Inst::Binary { op, d, a, b } => {
            let class = Class::of(op.signature().params[0]);
            let cell =
                Cell::new(Family::Binary).sub(numeric_sub(op)).shape(d.kind(), a.kind(), b.kind()).d(dst_slot(d));
            match (a, b) {
                // With a constant on the left the right operand's slot moves to the first field.
                (Src::Const(value), b) => cell.a(slot_of(b)).constant(class, value),
                (a, Src::Const(value)) => cell.a(slot_of(a)).constant(class, value),
                (a, b) => cell.a(slot_of(a)).imm(slot_of(b).into()),
            }
        }
        // Constants stand in the two halves of one word.
        Inst::Select { class, d, a, b, cond } => {
            let half = |src| if let Src::Const(value) = src { u64::from(value as u32) } else { 0 };
            let is_const = |src: Src| src.kind() == SrcKind::Const;
            let cell = Cell::new(Family::Select)
                .sub(class as u8)
                .mode(cond.kind() as u8)
                .shape(d.kind(), a.kind(), b.kind())
                .d(dst_slot(d))
                .a(slot_of(a))
                .imm(Payload::pair(slot_of(b), slot_of(cond)));
            if is_const(a) || is_const(b) { cell.extend(half(a) | half(b) << 32) } else { cell }
        }
        Inst::Load { op, d, addr } => {
            let (cell, base, index) = address(Cell::new(Family::Load).sub(op as u16 as u8), addr);
            cell.shape(d.kind(), base, index).d(dst_slot(d))
        }
        Inst::Store { op, addr, value } => {
            let (cell, base, index) = address(Cell::new(Family::Store).sub(op as u16 as u8), addr);
            let cell = cell.shape(as_dst(index), base, value.kind()).d(slot_of(value));
            if let Src::Const(value) = value { cell.extend(value) } else { cell }
        }
        Inst::GlobalGet { class, d, global } => {
            Cell::new(Family::GlobalGet).sub(class as u8).shape(d.kind(), S, S).d(dst_slot(d)).imm(global.0)
        }
        Inst::GlobalSet { class, global, a } => {
            let cell = Cell::new(Family::GlobalSet).sub(class as u8).shape(D, a.kind(), S).a(slot_of(a)).imm(global.0);
            if let Src::Const(value) = a { cell.extend(value) } else { cell }
        }
        Inst::Br { target } => Cell::new(Family::Br).branch(at, target),
        Inst::BrIf { cond, negate, target } => Cell::new(Family::BrIf)
            .mode(if negate { NEGATE } else { 0 })
            .shape(D, cond.kind(), S)
            .a(slot_of(cond))
            .branch(at, target),
        Inst::BrCmp { op, negate, a, b, target } => {
            let cell = Cell::new(Family::BrCmp)
                .sub(numeric_sub(op))
                .mode(if negate { NEGATE } else { 0 })
                .shape(D, a.kind(), b.kind())
                .a(slot_of(a))
                .d(slot_of(b))
                .branch(at, target);
            if let Src::Const(value) = b { cell.extend(value) } else { cell }
        }
        Inst::BrTable { index, count } => {
            Cell::new(Family::BrTable).shape(D, index.kind(), S).a(slot_of(index)).imm(count)
        }
        // Linking replaces the whole payload of a direct call by the address of the callee's code.
        Inst::Call { func, info } => Cell::new(Family::Call).imm(func.0).extend(info.to_word()),
        Inst::CallImport { func, saved, info } => {
            Cell::new(Family::CallImport).a(saved.0).imm(func.0).extend(info.to_word())
        }
        Inst::CallIndirect { callee, index, saved, info } => Cell::new(Family::CallIndirect)
            .mode(if callee.table.0 == 0 { FIRST_TABLE } else { 0 })
            .shape(D, index.kind(), S)
            .a(saved.0)
            .d(slot_of(index))
            .imm(callee.table.0)
            .extend(callee.ty.0.into())
            .extend(info.to_word()),
        Inst::CallRef { func, saved, info } => Cell::new(Family::CallRef).a(saved.0).d(func.0).extend(info.to_word()),
        Inst::Reload { saved, info } => Cell::new(Family::Reload).a(saved.0).extend(info.to_word()),
        Inst::ReturnCall { func, tail } => Cell::new(Family::ReturnCall).imm(func.0).extend(tail.to_word()),
        Inst::ReturnCallImport { func, tail } => Cell::new(Family::ReturnCallImport).imm(func.0).extend(tail.to_word()),
        Inst::ReturnCallIndirect { callee, index, tail } => Cell::new(Family::ReturnCallIndirect)
            .d(index.0)
            .imm(callee.table.0)
            .extend(callee.ty.0.into())
            .extend(tail.to_word()),
        Inst::ReturnCallRef { func, tail } => Cell::new(Family::ReturnCallRef).d(func.0).extend(tail.to_word()),
        Inst::Return { return_slot, saves } => {
            let (mode, first) = saves.parts();
            Cell::new(Family::Return).mode(mode).d(return_slot.0).a(first)
        }
        // The saved pins are in `b` where a slot is in `a`.
        Inst::ReturnValue { class, a, return_slot, saves } => {
            let (mode, first) = saves.parts();
            let cell =
                Cell::new(Family::ReturnValue).sub(class as u8).mode(mode).shape(D, a.kind(), S).d(return_slot.0);
            match a {
                Src::Slot(slot) => cell.a(slot.0).imm(first.into()),
                Src::Const(value) => cell.a(first).constant(class, value),
                Src::Acc | Src::Pin(_) => cell.a(first),
            }
        }
        Inst::Slots { op, a } => {
            let (tag, x, y) = op.parts();
            Cell::new(Family::Slots).sub(tag).a(a.0).imm(x).extend(y.into())
        }
        Inst::Vector { op, d, a, b, c } => {
            Cell::new(Family::Vector).sub(op as u16 as u8).d(d.0).a(a.0).imm(Payload::pair(b.0, c.0))
        }
        Inst::VectorLane { op, d, a, b, lane } => {
            let cell = Cell::new(Family::VectorLane).sub(op as u16 as u8).d(d.0).a(a.0);
            cell.imm(b.0.into()).extend(lane.into())
        }
        Inst::Shuffle { d, a, b, lanes } => {
            let [low, high] = halves(V128(lanes.0));
            Cell::new(Family::Shuffle).d(d.0).a(a.0).imm(b.0.into()).extend(low).extend(high)
        }
        Inst::VectorConst { d, value } => {
            let [low, high] = halves(value);
            Cell::new(Family::VectorConst).d(d.0).extend(low).extend(high)
        }
        Inst::MemoryLane { op, d, addr, vector, lane } => {
            let (cell, ..) = address(Cell::new(Family::MemoryLane).sub(op as u16 as u8), addr);
            cell.d(d.0).extend(u64::from(vector.0) | u64::from(lane) << 16)
        }
        // Linking puts the function into the extension word, so that its handlers are found at once.
        Inst::Throw { tag, args } => Cell::new(Family::Throw).a(args.0).imm(tag.0).extend(0),
        Inst::ThrowRef { exn } => Cell::new(Family::ThrowRef).a(exn.0).extend(0),
        Inst::ContNew { a } => Cell::new(Family::ContNew).a(a.0),
        Inst::ContBind { a, args } => Cell::new(Family::ContBind).a(a.0).d(args),
        // As for throws, and as calls have it.
        Inst::Resume { cont, how, args, info } => {
            let (mode, tag) = how.parts();
            Cell::new(Family::Resume).mode(mode).a(cont.0).d(args).imm(tag).extend(info.to_word())
        }
        Inst::Suspend { tag, info } => Cell::new(Family::Suspend).imm(tag.0).extend(info.to_word()),
        Inst::Switch { tag, cont, args, ty, info } => {
            Cell::new(Family::Switch).a(cont.0).d(args).imm(tag.0).extend(ty.0.into()).extend(info.to_word())
        }
        Inst::FieldGet { op, d, a, offset } => {
            let cell = Cell::new(Family::FieldGet).sub(op as u8).shape(d.kind(), a.kind(), S);
            cell.d(dst_slot(d)).a(slot_of(a)).imm(offset)
        }
        Inst::FieldSet { op, a, value, offset } => {
            let cell = Cell::new(Family::FieldSet).sub(op as u8).shape(D, value.kind(), S);
            cell.d(slot_of(value)).a(a.0).imm(offset)
        }
        Inst::ElemGet { op, d, a, index } => {
            let cell = Cell::new(Family::ElemGet).sub(op as u8).shape(d.kind(), index.kind(), S);
            cell.d(dst_slot(d)).a(a.0).imm(slot_of(index).into())
        }
        Inst::ElemSet { op, a, index, value } => {
            let cell = Cell::new(Family::ElemSet).sub(op as u8).shape(D, value.kind(), S);
            cell.d(slot_of(value)).a(a.0).imm(index.0.into())
        }
        Inst::RefUnary { op, d, a } => {
            let cell = Cell::new(Family::RefUnary).sub(op as u8).shape(d.kind(), a.kind(), S);
            cell.d(dst_slot(d)).a(slot_of(a))
        }
        Inst::RefTest { d, a, test } => {
            let (tag, ty) = test.kind.parts();
            let cell = Cell::new(Family::RefTest).sub(tag).shape(d.kind(), S, S).mode(test.nullable.into());
            cell.d(dst_slot(d)).a(a.0).imm(ty)
        }
        Inst::RefCast { a, test } => {
            let (tag, ty) = test.kind.parts();
            Cell::new(Family::RefCast).sub(tag).mode(test.nullable.into()).a(a.0).imm(ty)
        }
        Inst::DescTest { d, a, b, nullable } => {
            let cell = Cell::new(Family::DescTest).shape(d.kind(), S, S).mode(nullable.into());
            cell.d(dst_slot(d)).a(a.0).imm(b.0.into())
        }
        Inst::Aggregate { op, a } => {
            let (tag, x, y) = op.parts();
            Cell::new(Family::Aggregate).sub(tag).a(a.0).imm(x).extend(y.into())
        }
        Inst::Atomic { op, d, addr, b, c } => {
            let (cell, ..) = address(Cell::new(Family::Atomic).sub(op as u16 as u8), addr);
            cell.d(d.0).extend(Payload::pair(b.0, c.0).into())
        }
        Inst::AtomicFence => Cell::new(Family::AtomicFence),
        Inst::Charge { cost } => Cell::new(Family::Charge).imm(cost as u32),
        Inst::Trap(trap) => {
            let position = Trap::ALL.iter().position(|&other| other == trap);
            Cell::new(Family::Trap).imm(position.unwrap_or_default() as u32)
        }
    };
    debug_assert_eq!(cell.key.len_words(), Some(2 + cell.extension_len), "{inst:?}");
    cell.write(out);
}
