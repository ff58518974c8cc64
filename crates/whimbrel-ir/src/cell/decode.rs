//! From words back to instructions.

use wasm_syntax::{
    AtomicOp, FuncIdx, GlobalIdx, LaneOp, LoadOp, MemIdx, MemoryLaneOp, ShuffleLanes, StoreOp, TableIdx, TagIdx, Trap,
    TypeIdx, V128, VectorOp,
};

use super::word::{Payload, dst, src, widen};
use super::{AddrMode, Family, NEGATE, OpKey};
use crate::{
    Addr, AggregateOp, CallInfo, CastKind, CastTest, Class, DstKind, IndirectCallee, Inst, Pos, RefOp, Resumption,
    Saves, Slot, SlotsOp, Src, SrcKind, StorageOp, TailMove,
};

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
        Family::Enter => {
            let saves = Saves::from_parts(key.mode, payload.d)?;
            Inst::Enter { return_slot: Slot(payload.a), frame_slots: payload.imm, saves }
        }
        Family::Pins => {
            let floats = (key.mode != 0).then_some([Slot(payload.b()), Slot(payload.c())]);
            Inst::Pins { ints: [Slot(payload.a), Slot(payload.d)], floats }
        }
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
            a: src(key.shape.a(), payload.a, widen(key.class()?, ext(0) as u32))?,
            b: src(key.shape.b(), payload.b(), widen(key.class()?, (ext(0) >> 32) as u32))?,
            cond: src(key.selector(), payload.c(), 0)?,
        },
        Family::Load => {
            let op = *LoadOp::ALL.get(usize::from(key.sub))?;
            let addr = decode_address(key, payload, ext(0), key.shape.a(), key.shape.b(), op.width_bytes())?;
            Inst::Load { op, d: d()?, addr }
        }
        Family::Store => {
            let op = *StoreOp::ALL.get(usize::from(key.sub))?;
            let index = as_src(key.shape.d()?);
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
        Family::Return => Inst::Return { return_slot: Slot(payload.d), saves: Saves::from_parts(key.mode, payload.a)? },
        Family::ReturnValue => {
            let class = key.class()?;
            let a = src(key.shape.a(), payload.a, constant(class))?;
            let first = if let Src::Slot(_) = a { payload.b() } else { payload.a };
            let saves = Saves::from_parts(key.mode, first)?;
            Inst::ReturnValue { class, a, return_slot: Slot(payload.d), saves }
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
        Family::ContNew => Inst::ContNew { a: Slot(payload.a) },
        Family::ContBind => Inst::ContBind { a: Slot(payload.a), args: payload.d },
        Family::Resume => {
            let how = Resumption::from_parts(key.mode, payload.imm)?;
            Inst::Resume { cont: Slot(payload.a), how, args: payload.d, info }
        }
        Family::Suspend => Inst::Suspend { tag: TagIdx(payload.imm), info },
        Family::Switch => Inst::Switch {
            tag: TagIdx(payload.imm),
            cont: Slot(payload.a),
            args: payload.d,
            ty: TypeIdx(u32::try_from(ext(0)).ok()?),
            info,
        },
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
        Family::Charge => Inst::Charge { cost: payload.imm as i32 },
        Family::Trap => Inst::Trap(*Trap::ALL.get(payload.imm as usize)?),
    })
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
        AddrMode::Wrapped => Addr::Wrapped { base: src(base, payload.a, 0)?, displacement: payload.imm },
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

/// The kind of a store's index, which the shape has where others have the destination's.
const fn as_src(index: DstKind) -> SrcKind {
    match index {
        DstKind::Slot => SrcKind::Slot,
        DstKind::Acc => SrcKind::Acc,
        DstKind::Pin0 => SrcKind::Pin0,
        DstKind::Pin1 => SrcKind::Pin1,
    }
}

/// The vector of two words.
const fn whole([low, high]: [u64; 2]) -> V128 {
    V128::from_u128(low as u128 | (high as u128) << 64)
}
