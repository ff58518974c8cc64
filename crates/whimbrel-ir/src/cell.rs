//! The encoding of instructions as 8-byte words.
//!
//! Word 0 is the op's key, which linking replaces by a handler; word 1 is the payload `a:u16 d:u16 b:u16 c:u16`, the last
//! two also being one 32-bit immediate; up to three extension words follow. What each op puts where is written once, in
//! `encode` and `decode` below; the engine's handlers read the same fields.

use wasm_syntax::{
    AtomicOp, FuncIdx, GlobalIdx, LaneOp, LoadOp, MemIdx, MemoryLaneOp, NumericOp, ShuffleLanes, StoreOp, TableIdx,
    TagIdx, Trap, TypeIdx, V128, VectorOp,
};

use crate::{
    Addr, AggregateOp, CallInfo, CastKind, CastTest, Class, DstKind, IndirectCallee, Inst, Pos, RefOp, Shape, Slot,
    SlotsOp, Src, SrcKind, StorageOp, TailMove,
};

mod word;
use word::{Cell, Payload, dst, dst_slot, numeric_sub, slot_of, src, widen};

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
    /// What else selects a handler: the address mode of loads and stores, [`NEGATE`] and [`BACKWARD`] of branches.
    pub mode: u8,
}

/// Mode bit of a conditional branch that is taken when the condition does not hold.
pub const NEGATE: u8 = 1;
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
}

impl AddrMode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Plain,
            1 => Self::Indexed,
            2 => Self::Scaled,
            3 => Self::Far32,
            4 => Self::Far64,
            5 => Self::Shared32,
            6 => Self::Shared64,
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
                let class = Class::of(self.numeric()?.signature().params[0]);
                2 + usize::from(wide(class, self.shape.a()) || wide(class, self.shape.b()))
            }
            Family::Load => 2 + usize::from(self.addr_mode()? != AddrMode::Plain),
            Family::Store => {
                let constant = self.shape.b() == Some(SrcKind::Const);
                2 + usize::from(self.addr_mode()? != AddrMode::Plain) + usize::from(constant)
            }
            Family::GlobalSet | Family::BrCmp => {
                let kind = if self.family == Family::BrCmp { self.shape.b() } else { self.shape.a() };
                2 + usize::from(kind == Some(SrcKind::Const))
            }
            Family::Enter
            | Family::Zero
            | Family::CopyRange
            | Family::Select
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
            Family::Throw | Family::ThrowRef => 3,
            Family::Vector => 2,
            Family::VectorLane => 3,
            Family::AtomicFence => 2,
            Family::MemoryLane | Family::Atomic => 3 + usize::from(self.addr_mode()? != AddrMode::Plain),
        })
    }
}

/// Adds an address to the cell of a load or store; also returns the kinds of base and index.
fn address(cell: Cell, addr: Addr) -> (Cell, SrcKind, SrcKind) {
    match addr {
        Addr::Plain { base, offset } => {
            (cell.mode(AddrMode::Plain as u8).a(slot_of(base)).imm(offset), base.kind(), SrcKind::Slot)
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

fn decode_address(
    key: OpKey,
    payload: Payload,
    ext: u64,
    base: Option<SrcKind>,
    index: Option<SrcKind>,
    width: u8,
) -> Option<Addr> {
    let (far_base, memory) = (Slot(payload.a), MemIdx(payload.imm));
    let far = |memory64| Addr::Far { base: far_base, offset: ext, memory, memory64 };
    let shared = |memory64| Addr::Shared { base: far_base, offset: ext, memory, memory64 };
    let indexed = |scale_log2| {
        Some(Addr::Indexed {
            base: src(base, payload.a, 0)?,
            index: src(index, payload.b(), 0)?,
            scale_log2,
            offset: u32::try_from(ext).ok()?,
        })
    };
    Some(match key.addr_mode()? {
        AddrMode::Plain => Addr::Plain { base: src(base, payload.a, 0)?, offset: payload.imm },
        AddrMode::Indexed => indexed(0)?,
        AddrMode::Scaled => indexed(width.trailing_zeros() as u8)?,
        AddrMode::Far32 => far(false),
        AddrMode::Far64 => far(true),
        AddrMode::Shared32 => shared(false),
        AddrMode::Shared64 => shared(true),
    })
}

fn cast_test(key: OpKey, ty: u32) -> Option<CastTest> {
    Some(CastTest { nullable: key.mode != 0, kind: CastKind::from_parts(key.sub, ty)? })
}

/// A vector as two words, lane 0 in the first.
const fn halves(value: V128) -> [u64; 2] {
    let bits = value.to_u128();
    [bits as u64, (bits >> 64) as u64]
}

/// The vector of two words.
const fn whole([low, high]: [u64; 2]) -> V128 {
    V128::from_u128(low as u128 | (high as u128) << 64)
}

/// Encodes `inst`, which stands at `at`, word by word into `out`.
///
/// The operands keep to what the documentation of each instruction says; a debug build checks it where it is cheap.
pub fn encode(inst: Inst, at: Pos, out: &mut impl FnMut(u64)) {
    use DstKind::Slot as D;
    use SrcKind::Slot as S;
    let cell = match inst {
        Inst::Enter { return_slot, frame_slots } => Cell::new(Family::Enter).a(return_slot.0).imm(frame_slots),
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
        Inst::Select { class, d, a, b, cond } => Cell::new(Family::Select)
            .sub(class as u8)
            .shape(d.kind(), cond.kind(), S)
            .d(dst_slot(d))
            .a(a.0)
            .imm(Payload::pair(b.0, slot_of(cond))),
        Inst::Load { op, d, addr } => {
            let (cell, base, index) = address(Cell::new(Family::Load).sub(op as u16 as u8), addr);
            cell.shape(d.kind(), base, index).d(dst_slot(d))
        }
        Inst::Store { op, addr, value } => {
            let (cell, base, index) = address(Cell::new(Family::Store).sub(op as u16 as u8), addr);
            let index = if index == SrcKind::Acc { DstKind::Acc } else { D };
            let cell = cell.shape(index, base, value.kind()).d(slot_of(value));
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
        Inst::Return { return_slot } => Cell::new(Family::Return).d(return_slot.0),
        Inst::ReturnValue { class, a, return_slot } => {
            let cell = Cell::new(Family::ReturnValue).sub(class as u8).shape(D, a.kind(), S).d(return_slot.0);
            if let Src::Const(value) = a { cell.constant(class, value) } else { cell.a(slot_of(a)) }
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
        Inst::Trap(trap) => {
            let position = Trap::ALL.iter().position(|&other| other == trap);
            Cell::new(Family::Trap).imm(position.unwrap_or_default() as u32)
        }
    };
    debug_assert_eq!(cell.key.len_words(), Some(2 + cell.extension_len), "{inst:?}");
    cell.write(out);
}

/// Decodes the unlinked op that starts at `at`.
///
/// `None` where the words are no op, or end too early. The targets that follow a `br_table` are not read.
#[must_use]
pub fn decode(words: &[u64], at: Pos) -> Option<Inst> {
    let cell = words.get(at.0 as usize..)?;
    let key = OpKey::from_word(*cell.first()?)?;
    let cell = cell.get(..key.len_words()?)?;
    let payload = Payload::from_word(cell[1]);
    let ext = |n: usize| cell.get(2 + n).copied().unwrap_or_default();
    let last = cell[cell.len() - 1];
    let target = Pos(at.0.wrapping_add(payload.imm));
    let d = || dst(key.shape.d(), payload.d);
    let constant = |class| if class == Class::F64 { ext(0) } else { widen(class, payload.imm) };
    let negate = key.mode & NEGATE != 0;
    let storage = || StorageOp::ALL.get(usize::from(key.sub)).copied();
    let (func, global) = (FuncIdx(payload.imm), GlobalIdx(payload.imm));
    let callee = || Some(IndirectCallee { table: TableIdx(payload.imm), ty: TypeIdx(u32::try_from(ext(0)).ok()?) });
    let (info, tail, saved) = (CallInfo::from_word(last), TailMove::from_word(last), Slot(payload.a));
    Some(match key.family {
        Family::Enter => Inst::Enter { return_slot: Slot(payload.a), frame_slots: payload.imm },
        Family::Zero => Inst::Zero { first: Slot(payload.d), count: payload.b() },
        Family::Copy => {
            let class = key.class()?;
            Inst::Copy { class, d: d()?, a: src(key.shape.a(), payload.a, constant(class))? }
        }
        Family::Const64 => Inst::Const64 { class: key.class()?, d: d()?, value: ext(0) },
        Family::CopyRange => Inst::CopyRange { d: Slot(payload.d), a: Slot(payload.a), count: payload.b() },
        Family::Unary => Inst::Unary { op: key.numeric()?, d: d()?, a: src(key.shape.a(), payload.a, 0)? },
        Family::Binary => {
            let op = key.numeric()?;
            let value = constant(Class::of(op.signature().params[0]));
            let (a, b) = if key.shape.a() == Some(SrcKind::Const) {
                (Src::Const(value), src(key.shape.b(), payload.a, 0)?)
            } else {
                (src(key.shape.a(), payload.a, 0)?, src(key.shape.b(), payload.b(), value)?)
            };
            Inst::Binary { op, d: d()?, a, b }
        }
        Family::Select => Inst::Select {
            class: key.class()?,
            d: d()?,
            a: Slot(payload.a),
            b: Slot(payload.b()),
            cond: src(key.shape.a(), payload.c(), 0)?,
        },
        Family::Load => {
            let op = *LoadOp::ALL.get(usize::from(key.sub))?;
            let addr = decode_address(key, payload, ext(0), key.shape.a(), key.shape.b(), op.width_bytes())?;
            Inst::Load { op, d: d()?, addr }
        }
        Family::Store => {
            let op = *StoreOp::ALL.get(usize::from(key.sub))?;
            let index = if key.shape.d()? == DstKind::Acc { SrcKind::Acc } else { SrcKind::Slot };
            let addr = decode_address(key, payload, ext(0), key.shape.a(), Some(index), op.width_bytes())?;
            Inst::Store { op, addr, value: src(key.shape.b(), payload.d, last)? }
        }
        Family::GlobalGet => Inst::GlobalGet { class: key.class()?, d: d()?, global },
        Family::GlobalSet => Inst::GlobalSet { class: key.class()?, global, a: src(key.shape.a(), payload.a, last)? },
        Family::Br => Inst::Br { target },
        Family::BrIf => Inst::BrIf { cond: src(key.shape.a(), payload.a, 0)?, negate, target },
        Family::BrCmp => Inst::BrCmp {
            op: key.numeric()?,
            negate,
            a: src(key.shape.a(), payload.a, 0)?,
            b: src(key.shape.b(), payload.d, last)?,
            target,
        },
        Family::BrTable => Inst::BrTable { index: src(key.shape.a(), payload.a, 0)?, count: payload.imm },
        Family::Call => Inst::Call { func, info },
        Family::CallImport => Inst::CallImport { func, saved, info },
        Family::CallIndirect => {
            Inst::CallIndirect { callee: callee()?, index: src(key.shape.a(), payload.d, 0)?, saved, info }
        }
        Family::CallRef => Inst::CallRef { func: Slot(payload.d), saved, info },
        Family::Reload => Inst::Reload { saved, info },
        Family::ReturnCall => Inst::ReturnCall { func, tail },
        Family::ReturnCallImport => Inst::ReturnCallImport { func, tail },
        Family::ReturnCallIndirect => Inst::ReturnCallIndirect { callee: callee()?, index: Slot(payload.d), tail },
        Family::ReturnCallRef => Inst::ReturnCallRef { func: Slot(payload.d), tail },
        Family::Return => Inst::Return { return_slot: Slot(payload.d) },
        Family::ReturnValue => {
            let class = key.class()?;
            let a = src(key.shape.a(), payload.a, constant(class))?;
            Inst::ReturnValue { class, a, return_slot: Slot(payload.d) }
        }
        Family::Slots => Inst::Slots {
            op: SlotsOp::from_parts(key.sub, payload.imm, u32::try_from(ext(0)).ok()?)?,
            a: Slot(payload.a),
        },
        Family::Vector => Inst::Vector {
            op: *VectorOp::ALL.get(usize::from(key.sub))?,
            d: Slot(payload.d),
            a: Slot(payload.a),
            b: Slot(payload.b()),
            c: Slot(payload.c()),
        },
        Family::VectorLane => Inst::VectorLane {
            op: *LaneOp::ALL.get(usize::from(key.sub))?,
            d: Slot(payload.d),
            a: Slot(payload.a),
            b: Slot(payload.b()),
            lane: u8::try_from(ext(0)).ok()?,
        },
        Family::Shuffle => {
            let lanes = ShuffleLanes(whole([ext(0), ext(1)]).0);
            Inst::Shuffle { d: Slot(payload.d), a: Slot(payload.a), b: Slot(payload.b()), lanes }
        }
        Family::VectorConst => Inst::VectorConst { d: Slot(payload.d), value: whole([ext(0), ext(1)]) },
        Family::MemoryLane => {
            let op = *MemoryLaneOp::ALL.get(usize::from(key.sub))?;
            let kind = Some(SrcKind::Slot);
            let addr = decode_address(key, payload, ext(0), kind, kind, op.width_bytes())?;
            Inst::MemoryLane { op, d: Slot(payload.d), addr, vector: Slot(last as u16), lane: (last >> 16) as u8 }
        }
        Family::Throw => Inst::Throw { tag: TagIdx(payload.imm), args: Slot(payload.a) },
        Family::ThrowRef => Inst::ThrowRef { exn: Slot(payload.a) },
        Family::FieldGet => {
            Inst::FieldGet { op: storage()?, d: d()?, a: src(key.shape.a(), payload.a, 0)?, offset: payload.imm }
        }
        Family::FieldSet => Inst::FieldSet {
            op: storage()?,
            a: Slot(payload.a),
            value: src(key.shape.a(), payload.d, 0)?,
            offset: payload.imm,
        },
        Family::ElemGet => {
            Inst::ElemGet { op: storage()?, d: d()?, a: Slot(payload.a), index: src(key.shape.a(), payload.b(), 0)? }
        }
        Family::ElemSet => Inst::ElemSet {
            op: storage()?,
            a: Slot(payload.a),
            index: Slot(payload.b()),
            value: src(key.shape.a(), payload.d, 0)?,
        },
        Family::RefUnary => {
            Inst::RefUnary { op: *RefOp::ALL.get(usize::from(key.sub))?, d: d()?, a: src(key.shape.a(), payload.a, 0)? }
        }
        Family::RefTest => Inst::RefTest { d: d()?, a: Slot(payload.a), test: cast_test(key, payload.imm)? },
        Family::RefCast => Inst::RefCast { a: Slot(payload.a), test: cast_test(key, payload.imm)? },
        Family::DescTest => {
            Inst::DescTest { d: d()?, a: Slot(payload.a), b: Slot(payload.b()), nullable: key.mode != 0 }
        }
        Family::Aggregate => Inst::Aggregate {
            op: AggregateOp::from_parts(key.sub, payload.imm, u32::try_from(ext(0)).ok()?)?,
            a: Slot(payload.a),
        },
        Family::Atomic => {
            let op = *AtomicOp::ALL.get(usize::from(key.sub))?;
            let kind = Some(SrcKind::Slot);
            let addr = decode_address(key, payload, ext(0), kind, kind, op.width_bytes())?;
            Inst::Atomic { op, d: Slot(payload.d), addr, b: Slot(last as u16), c: Slot((last >> 16) as u16) }
        }
        Family::AtomicFence => Inst::AtomicFence,
        Family::Trap => Inst::Trap(*Trap::ALL.get(payload.imm as usize)?),
    })
}
