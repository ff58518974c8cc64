//! Steps on fields, elements and single references.
//!
//! Reads and writes are a test for null, of arrays one of the index, and an access.

use core::marker::PhantomData;

use wasm_syntax::{Trap, V128};
use whimbrel_ir::{ARRAY_HEADER_BYTES, DstKind, OpKey, RefOp, SrcKind, StorageOp};

use super::memory::{Narrow, Raw};
use super::of;
use crate::exec::backend::{Handler, Next, Step, cold_handler_for};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{Acc, Dst, Fields, SlotA, SlotB, SlotD, Src, ToAcc, ToSlot, Value};
use crate::gc::heap::{array_len, at, type_of};
use crate::gc::reference::word_of_i31;

/// How a field lies in memory, and what reading makes of it.
trait Storage {
    type Raw: Raw;
    type R: Value + Narrow<Self::Raw>;
    fn widen(raw: Self::Raw) -> Self::R;
}

macro_rules! storages {
    ($($name:ident $raw:ident $through:ident $result:ident;)*) => {
        mod kind {
            $(pub(super) struct $name;)*
            pub(super) struct V128;
        }

        $(impl Storage for kind::$name {
            type Raw = $raw;
            type R = $result;

            #[inline(always)]
            fn widen(raw: $raw) -> $result {
                raw as $through as $result
            }
        })*

        impl Storage for kind::V128 {
            type Raw = V128;
            type R = V128;

            #[inline(always)]
            fn widen(raw: V128) -> V128 {
                raw
            }
        }

        macro_rules! by_storage {
            ($key:ident, $function:ident) => {
                match *StorageOp::ALL.get(usize::from($key.sub))? {
                    $(StorageOp::$name => $function::<kind::$name>($key),)*
                    StorageOp::V128 => $function::<kind::V128>($key),
                    StorageOp::HeapRef => None,
                }
            };
        }
    };
}

storages! {
    I8S i8 i32 u32;
    I8U u8 u32 u32;
    I16S i16 i32 u32;
    I16U u16 u32 u32;
    I32 u32 u32 u32;
    I64 u64 u64 u64;
    F32 f32 f32 f32;
    F64 f64 f64 f64;
}

/// The pointer to the object that a reference refers to.
#[inline(always)]
pub(super) fn object(reference: u64) -> *mut u8 {
    at(reference as usize)
}

struct FieldGet<S, A, D>(PhantomData<(S, A, D)>);

impl<S: Storage, A: Src, D: Dst> Step for FieldGet<S, A, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand and this destination; a reference that is not null is to a structure with such a
        // field there, as validation has seen to.
        unsafe {
            let reference: u64 = A::get(ip, regs);
            if reference == 0 {
                return Next::Trap(Trap::NullStructureReference);
            }
            let raw = S::Raw::read(object(reference).add(Fields::of(ip).imm() as usize));
            D::put(ip, regs, S::widen(raw));
        }
        Next::Fall
    }
}

/// Handlers of [`Family::FieldGet`](whimbrel_ir::Family).
pub(super) fn field_get(key: OpKey) -> Option<Handler> {
    by_storage!(key, field_get_of)
}

fn field_get_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match (key.shape.a()?, key.shape.d()?) {
        (SrcKind::Slot, DstKind::Slot) => of::<FieldGet<S, SlotA, ToSlot>>(),
        (SrcKind::Slot, DstKind::Acc) => of::<FieldGet<S, SlotA, ToAcc>>(),
        (SrcKind::Acc, DstKind::Slot) => of::<FieldGet<S, Acc, ToSlot>>(),
        (SrcKind::Acc, DstKind::Acc) => of::<FieldGet<S, Acc, ToAcc>>(),
        _ => None,
    }
}

struct FieldSet<S, V>(PhantomData<(S, V)>);

impl<S: Storage, V: Src> Step for FieldSet<S, V> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands; for the rest see `FieldGet`.
        unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            if reference == 0 {
                return Next::Trap(Trap::NullStructureReference);
            }
            let value: S::R = V::get(ip, regs);
            value.narrow().write(object(reference).add(Fields::of(ip).imm() as usize));
        }
        Next::Fall
    }
}

/// Handlers of [`Family::FieldSet`](whimbrel_ir::Family).
pub(super) fn field_set(key: OpKey) -> Option<Handler> {
    if usize::from(key.sub) == StorageOp::HeapRef as usize {
        return match key.shape.a()? {
            SrcKind::Slot => of::<HeapFieldSet<SlotD>>(),
            SrcKind::Acc => of::<HeapFieldSet<Acc>>(),
            _ => None,
        };
    }
    by_storage!(key, field_set_of)
}

fn field_set_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match key.shape.a()? {
        SrcKind::Slot => of::<FieldSet<S, SlotD>>(),
        SrcKind::Acc => of::<FieldSet<S, Acc>>(),
        _ => None,
    }
}

/// The place of an element of `R` in the array in slot `a`.
#[inline(always)]
unsafe fn elem<R: Raw>(ip: Ip, regs: &Regs, index: u32) -> Result<*mut u8, Trap> {
    // SAFETY: the op has this operand; a reference that is not null is to an array of such elements, as validation has seen
    // to.
    unsafe {
        let reference: u64 = SlotA::get(ip, regs);
        if reference == 0 {
            return Err(Trap::NullArrayReference);
        }
        if index >= array_len(reference) {
            return Err(Trap::ArrayOutOfBounds);
        }
        Ok(object(reference).add(ARRAY_HEADER_BYTES as usize + index as usize * R::WIDTH))
    }
}

struct ElemGet<S, I, D>(PhantomData<(S, I, D)>);

impl<S: Storage, I: Src, D: Dst> Step for ElemGet<S, I, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands and this destination.
        unsafe {
            match elem::<S::Raw>(ip, regs, I::get(ip, regs)) {
                Ok(place) => D::put(ip, regs, S::widen(S::Raw::read(place))),
                Err(trap) => return Next::Trap(trap),
            }
        }
        Next::Fall
    }
}

/// Handlers of [`Family::ElemGet`](whimbrel_ir::Family).
pub(super) fn elem_get(key: OpKey) -> Option<Handler> {
    by_storage!(key, elem_get_of)
}

fn elem_get_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match (key.shape.a()?, key.shape.d()?) {
        (SrcKind::Slot, DstKind::Slot) => of::<ElemGet<S, SlotB, ToSlot>>(),
        (SrcKind::Slot, DstKind::Acc) => of::<ElemGet<S, SlotB, ToAcc>>(),
        (SrcKind::Acc, DstKind::Slot) => of::<ElemGet<S, Acc, ToSlot>>(),
        (SrcKind::Acc, DstKind::Acc) => of::<ElemGet<S, Acc, ToAcc>>(),
        _ => None,
    }
}

/// A write of a reference to the heap, of which the collector is told where it wants to be: what is in the place may be on its
/// way to where the collector has been.
struct HeapFieldSet<V>(PhantomData<V>);

impl<V: Src> Step for HeapFieldSet<V> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the same op as the other steps'.
        unsafe {
            if (*regs.ctx).is_marking {
                return Next::Cold(cold_handler_for::<Shading<Self, FieldSet<kind::I64, V>>>());
            }
            FieldSet::<kind::I64, V>::run(ip, regs)
        }
    }
}

impl<V: Src> Place for HeapFieldSet<V> {
    unsafe fn place(ip: Ip, regs: &Regs) -> Option<*const u64> {
        // SAFETY: by contract; see `FieldGet`.
        unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            (reference != 0).then(|| object(reference).add(Fields::of(ip).imm() as usize).cast_const().cast())
        }
    }
}

/// As [`HeapFieldSet`], of an element.
struct HeapElemSet<V>(PhantomData<V>);

impl<V: Src> Step for HeapElemSet<V> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the same op as the other steps'.
        unsafe {
            if (*regs.ctx).is_marking {
                return Next::Cold(cold_handler_for::<Shading<Self, ElemSet<kind::I64, V>>>());
            }
            ElemSet::<kind::I64, V>::run(ip, regs)
        }
    }
}

impl<V: Src> Place for HeapElemSet<V> {
    unsafe fn place(ip: Ip, regs: &Regs) -> Option<*const u64> {
        // SAFETY: by contract.
        unsafe { elem::<u64>(ip, regs, SlotB::get(ip, regs)).ok().map(|place| place.cast_const().cast()) }
    }
}

/// An op that overwrites a reference.
trait Place {
    /// The place that it writes; `None` where it traps.
    ///
    /// # Safety
    ///
    /// The op is at `ip`.
    unsafe fn place(ip: Ip, regs: &Regs) -> Option<*const u64>;
}

/// Tells the collector of what the op is about to overwrite, then does it.
struct Shading<P, S>(PhantomData<(P, S)>);

impl<P: Place, S: Step> Step for Shading<P, S> {
    const LEN: usize = S::LEN;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: passed on from the caller; a reference is in the place.
        unsafe {
            if let Some(place) = P::place(ip, regs) {
                (*(*regs.ctx).heap).shade(u64::from_le(*place));
            }
            S::run(ip, regs)
        }
    }
}

struct ElemSet<S, V>(PhantomData<(S, V)>);

impl<S: Storage, V: Src> Step for ElemSet<S, V> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands.
        unsafe {
            match elem::<S::Raw>(ip, regs, SlotB::get(ip, regs)) {
                Ok(place) => {
                    let value: S::R = V::get(ip, regs);
                    value.narrow().write(place);
                }
                Err(trap) => return Next::Trap(trap),
            }
        }
        Next::Fall
    }
}

/// Handlers of [`Family::ElemSet`](whimbrel_ir::Family).
pub(super) fn elem_set(key: OpKey) -> Option<Handler> {
    if usize::from(key.sub) == StorageOp::HeapRef as usize {
        return match key.shape.a()? {
            SrcKind::Slot => of::<HeapElemSet<SlotD>>(),
            SrcKind::Acc => of::<HeapElemSet<Acc>>(),
            _ => None,
        };
    }
    by_storage!(key, elem_set_of)
}

fn elem_set_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match key.shape.a()? {
        SrcKind::Slot => of::<ElemSet<S, SlotD>>(),
        SrcKind::Acc => of::<ElemSet<S, Acc>>(),
        _ => None,
    }
}

/// Meanings of [`RefOp`].
trait Unary {
    type A: Value;
    type R: Value;

    /// # Safety
    ///
    /// The operand is of the instruction's operand type.
    unsafe fn apply(a: Self::A) -> Result<Self::R, Trap>;
}

struct RefI31;

impl Unary for RefI31 {
    type A = u32;
    type R = u64;

    #[inline(always)]
    unsafe fn apply(a: u32) -> Result<u64, Trap> {
        Ok(word_of_i31(a))
    }
}

struct I31Get<const SIGNED: bool>;

impl<const SIGNED: bool> Unary for I31Get<SIGNED> {
    type A = u64;
    type R = u32;

    #[inline(always)]
    unsafe fn apply(a: u64) -> Result<u32, Trap> {
        match a {
            0 => Err(Trap::NullI31Reference),
            _ if SIGNED => Ok((a as u32 as i32 >> 1) as u32),
            _ => Ok(a as u32 >> 1),
        }
    }
}

struct ArrayLen;

impl Unary for ArrayLen {
    type A = u64;
    type R = u32;

    #[inline(always)]
    unsafe fn apply(a: u64) -> Result<u32, Trap> {
        // SAFETY: a reference that is not null is to an array.
        if a == 0 { Err(Trap::NullArrayReference) } else { Ok(unsafe { array_len(a) }) }
    }
}

struct GetDesc;

impl Unary for GetDesc {
    type A = u64;
    type R = u64;

    #[inline(always)]
    unsafe fn apply(a: u64) -> Result<u64, Trap> {
        // SAFETY: a reference that is not null is to a structure.
        if a == 0 { Err(Trap::NullReference) } else { Ok(unsafe { descriptor(a) }) }
    }
}

/// The descriptor of a structure; 0 if it has none.
#[inline(always)]
pub(super) unsafe fn descriptor(reference: u64) -> u64 {
    // SAFETY: the caller passes a reference to a structure, whose type says where its descriptor is.
    unsafe {
        match type_of(reference).descriptor {
            Some(offset) => u64::from_le(object(reference).add(offset as usize).cast::<u64>().read()),
            None => 0,
        }
    }
}

struct UnaryStep<O, A, D>(PhantomData<(O, A, D)>);

impl<O: Unary, A: Src, D: Dst> Step for UnaryStep<O, A, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand and this destination.
        unsafe {
            match O::apply(A::get(ip, regs)) {
                Ok(value) => D::put(ip, regs, value),
                Err(trap) => return Next::Trap(trap),
            }
        }
        Next::Fall
    }
}

/// Handlers of [`Family::RefUnary`](whimbrel_ir::Family).
pub(super) fn ref_unary(key: OpKey) -> Option<Handler> {
    match *RefOp::ALL.get(usize::from(key.sub))? {
        RefOp::RefI31 => unary_of::<RefI31>(key),
        RefOp::I31GetS => unary_of::<I31Get<true>>(key),
        RefOp::I31GetU => unary_of::<I31Get<false>>(key),
        RefOp::ArrayLen => unary_of::<ArrayLen>(key),
        RefOp::GetDesc => unary_of::<GetDesc>(key),
    }
}

fn unary_of<O: Unary>(key: OpKey) -> Option<Handler> {
    match (key.shape.a()?, key.shape.d()?) {
        (SrcKind::Slot, DstKind::Slot) => of::<UnaryStep<O, SlotA, ToSlot>>(),
        (SrcKind::Slot, DstKind::Acc) => of::<UnaryStep<O, SlotA, ToAcc>>(),
        (SrcKind::Acc, DstKind::Slot) => of::<UnaryStep<O, Acc, ToSlot>>(),
        (SrcKind::Acc, DstKind::Acc) => of::<UnaryStep<O, Acc, ToAcc>>(),
        _ => None,
    }
}
