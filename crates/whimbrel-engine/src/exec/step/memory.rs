//! Steps that access linear memory.

use core::marker::PhantomData;

use wasm_numerics as numerics;
use wasm_syntax::{LoadOp, StoreOp, Trap, V128};
use whimbrel_ir::{AddrMode, Class, DstKind, OpKey, SrcKind};

use super::given;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{
    Acc, Dst, ExtConst, Fields, SlotA, SlotB, SlotD, Src, Value, Zero, is_kind_of, is_result_kind_of,
};
use crate::memory::racy;

/// An integer or float as it lies in memory, little-endian.
pub(super) trait Raw: Copy {
    const WIDTH: usize;
    unsafe fn read(at: *const u8) -> Self;
    unsafe fn write(self, at: *mut u8);
    /// As `read`, where other threads may access the bytes.
    unsafe fn read_racy(at: *const u8) -> Self;
    /// As `write`, where other threads may access the bytes.
    unsafe fn write_racy(self, at: *mut u8);

    /// Reads from an address of kind `A`.
    #[inline(always)]
    unsafe fn read_at<A: Address>(at: *const u8) -> Self {
        // SAFETY: passed on from the caller.
        unsafe { if A::SHARED { Self::read_racy(at) } else { Self::read(at) } }
    }

    /// Writes to an address of kind `A`.
    #[inline(always)]
    unsafe fn write_at<A: Address>(self, at: *mut u8) {
        // SAFETY: passed on from the caller.
        unsafe { if A::SHARED { self.write_racy(at) } else { self.write(at) } }
    }
}

macro_rules! raw {
    ($($ty:ident)*) => {$(
        impl Raw for $ty {
            const WIDTH: usize = size_of::<Self>();

            #[inline(always)]
            unsafe fn read(at: *const u8) -> Self {
                // SAFETY: the caller has checked that `WIDTH` bytes lie inside the memory.
                Self::from_le_bytes(unsafe { at.cast::<[u8; size_of::<Self>()]>().read() })
            }

            #[inline(always)]
            unsafe fn write(self, at: *mut u8) {
                // SAFETY: the caller has checked that `WIDTH` bytes lie inside the memory.
                unsafe { at.cast::<[u8; size_of::<Self>()]>().write(self.to_le_bytes()) }
            }

            #[inline(always)]
            unsafe fn read_racy(at: *const u8) -> Self {
                // SAFETY: the same, the memory being shared.
                Self::from_le_bytes(unsafe { racy::load(at) })
            }

            #[inline(always)]
            unsafe fn write_racy(self, at: *mut u8) {
                // SAFETY: the same, the memory being shared.
                unsafe { racy::store(at, self.to_le_bytes()) }
            }
        }
    )*};
}
raw! { u8 i8 u16 i16 u32 i32 u64 f32 f64 }

impl Raw for V128 {
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn read(at: *const u8) -> Self {
        // SAFETY: the caller has checked that 16 bytes lie inside the memory.
        Self(unsafe { at.cast::<[u8; 16]>().read() })
    }

    #[inline(always)]
    unsafe fn write(self, at: *mut u8) {
        // SAFETY: the caller has checked that 16 bytes lie inside the memory.
        unsafe { at.cast::<[u8; 16]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn read_racy(at: *const u8) -> Self {
        // SAFETY: the same, the memory being shared.
        Self(unsafe { racy::load(at) })
    }

    #[inline(always)]
    unsafe fn write_racy(self, at: *mut u8) {
        // SAFETY: the same, the memory being shared.
        unsafe { racy::store(at, self.0) }
    }
}

/// Which bytes an access touches, and how its address is found: a type parameter of loads and stores.
pub(super) trait Address {
    /// Extension words that the address takes.
    const EXTENSION: usize;
    /// Whether other threads may access the bytes.
    const SHARED: bool = false;
    /// Whether there are such addresses.
    const EXISTS: bool = true;
    /// Whether one of its operands is the integer accumulator.
    const HAS_ACC: bool = false;
    /// Whether value and result may be pins.
    const TAKES_PINS: bool = false;

    /// The first byte of an access of `R`'s width; `None` where it leaves the memory.
    ///
    /// # Safety
    ///
    /// The op at `ip` has an address of this kind.
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8>;
}

/// Checks an effective address in memory 0.
#[inline(always)]
unsafe fn memory0<R: Raw>(regs: &Regs, ea: u64) -> Option<*mut u8> {
    // SAFETY: the context is the execution's, and holds the current size of memory 0.
    unsafe {
        let limit = (*regs.ctx).mem0_limits[R::WIDTH.trailing_zeros() as usize];
        if ea >= limit { None } else { Some((*regs.ctx).mem0_base.add(ea as usize)) }
    }
}

/// [`AddrMode::Plain`].
pub(super) struct Plain<B>(PhantomData<B>);

impl<B: Src> Address for Plain<B> {
    const EXTENSION: usize = 0;
    const HAS_ACC: bool = matches!(B::KIND, SrcKind::Acc);
    const TAKES_PINS: bool = true;

    #[inline(always)]
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8> {
        // SAFETY: the op has this base, and its offset in the immediate.
        unsafe {
            let base: u32 = B::get(ip, regs);
            memory0::<R>(regs, u64::from(base) + u64::from(Fields::of(ip).imm()))
        }
    }
}

/// [`AddrMode::Wrapped`].
pub(super) struct Wrapped<B>(PhantomData<B>);

impl<B: Src> Address for Wrapped<B> {
    const EXTENSION: usize = 0;
    const EXISTS: bool = !B::IS_CONST;
    const HAS_ACC: bool = matches!(B::KIND, SrcKind::Acc);
    const TAKES_PINS: bool = true;

    #[inline(always)]
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8> {
        // SAFETY: the op has this base, and its displacement in the immediate.
        unsafe {
            let base: u32 = B::get(ip, regs);
            memory0::<R>(regs, base.wrapping_add(Fields::of(ip).imm()).into())
        }
    }
}

/// [`AddrMode::Indexed`], and [`AddrMode::Scaled`] by the width.
pub(super) struct Indexed<B, I, const SCALED: bool>(PhantomData<(B, I)>);

impl<B: Src, I: Src, const SCALED: bool> Address for Indexed<B, I, SCALED> {
    const EXTENSION: usize = 1;
    const EXISTS: bool = {
        let accumulators = matches!((B::KIND, I::KIND), (SrcKind::Acc, SrcKind::Acc));
        !B::IS_CONST && !I::IS_CONST && !accumulators && (SCALED || B::KIND.rank() <= I::KIND.rank())
    };
    const HAS_ACC: bool = matches!(B::KIND, SrcKind::Acc) || matches!(I::KIND, SrcKind::Acc);
    const TAKES_PINS: bool = true;

    #[inline(always)]
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8> {
        // SAFETY: the op has this base and index, and its offset in the first extension word.
        unsafe {
            let (base, index): (u32, u32) = (B::get(ip, regs), I::get(ip, regs));
            let index = if SCALED { index << R::WIDTH.trailing_zeros() } else { index };
            memory0::<R>(regs, u64::from(base.wrapping_add(index)) + Fields::of(ip).ext(0))
        }
    }
}

/// [`AddrMode::Far32`] and [`AddrMode::Far64`].
pub(super) struct Far<const MEMORY64: bool>;

impl<const MEMORY64: bool> Address for Far<MEMORY64> {
    const EXTENSION: usize = 1;

    #[inline(always)]
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8> {
        // SAFETY: the op has its base in slot `a`, and names one of the instance's memories, which live as long as it.
        let (memory, base, offset) = unsafe {
            let fields = Fields::of(ip);
            let slot = regs.fp.add(fields.a());
            let base = if MEMORY64 { u64::load(slot) } else { u64::from(u32::load(slot)) };
            let memories = &(*(*regs.ctx).instance).memories;
            (memories.get_unchecked(fields.imm() as usize).as_ref(), base, fields.ext(0))
        };
        let end = base.checked_add(offset)?.checked_add(R::WIDTH as u64)?;
        if end > memory.own_len_bytes() {
            return None;
        }
        // SAFETY: the access ends inside the memory.
        Some(unsafe { memory.base().add((end - R::WIDTH as u64) as usize) })
    }
}

/// [`AddrMode::Shared32`] and [`AddrMode::Shared64`].
pub(super) struct Shared<const MEMORY64: bool>;

impl<const MEMORY64: bool> Address for Shared<MEMORY64> {
    const EXTENSION: usize = 1;
    const SHARED: bool = true;

    #[inline(always)]
    unsafe fn resolve<R: Raw>(ip: Ip, regs: &Regs) -> Option<*mut u8> {
        // SAFETY: the op has its base in slot `a`, and names one of the instance's memories, which live as long as it.
        let (memory, base, offset) = unsafe {
            let fields = Fields::of(ip);
            let slot = regs.fp.add(fields.a());
            let base = if MEMORY64 { u64::load(slot) } else { u64::from(u32::load(slot)) };
            let memories = &(*(*regs.ctx).instance).memories;
            (memories.get_unchecked(fields.imm() as usize).as_ref(), base, fields.ext(0))
        };
        memory.shared()?.locate(base.checked_add(offset)?, R::WIDTH as u64)
    }
}

/// What a load makes of the bytes.
pub(super) trait Load {
    type Raw: Raw;
    type R: Value;
    fn widen(raw: Self::Raw) -> Self::R;
}

pub(super) struct LoadStep<L, A, D>(PhantomData<(L, A, D)>);

impl<L: Load, A: Address, D: Dst> Step for LoadStep<L, A, D> {
    const LEN: usize = 2 + A::EXTENSION;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        let Some(at) = (unsafe { A::resolve::<L::Raw>(ip, regs) }) else {
            return Next::Trap(Trap::MemoryOutOfBounds);
        };
        // SAFETY: the address is checked, and the op has this destination.
        unsafe {
            let value = L::widen(L::Raw::read_at::<A>(at));
            D::put(ip, regs, value);
        }
        Next::Fall
    }
}

pub(super) struct StoreStep<T, R, A, V>(PhantomData<(T, R, A, V)>);

/// Takes the low part of a value.
pub(super) trait Narrow<R> {
    fn narrow(self) -> R;
}

impl<T: Value, R: Raw, A: Address, V: Src> Step for StoreStep<T, R, A, V>
where
    T: Narrow<R>,
{
    const LEN: usize = 2 + A::EXTENSION + V::IS_CONST as usize;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        let Some(at) = (unsafe { A::resolve::<R>(ip, regs) }) else {
            return Next::Trap(Trap::MemoryOutOfBounds);
        };
        // SAFETY: the address is checked, and the op has this value.
        unsafe {
            let value: T = V::get(ip, regs);
            value.narrow().write_at::<A>(at);
        }
        Next::Fall
    }
}

macro_rules! loads {
    ($($name:ident $raw:ident $through:ident $result:ident;)*) => {
        pub(super) mod kind {
            $(pub(in crate::exec::step) struct $name;)*
        }

        $(impl Load for kind::$name {
            type Raw = $raw;
            type R = $result;

            #[inline(always)]
            fn widen(raw: $raw) -> $result {
                raw as $through as $result
            }
        })*

        /// Handlers of [`Family::Load`](whimbrel_ir::Family).
        pub(super) fn load(key: OpKey) -> Option<Handler> {
            match *LoadOp::ALL.get(usize::from(key.sub))? {
                $(LoadOp::$name => load_addresses::<kind::$name>(key),)*
                _ => vector_load(key),
            }
        }
    };
}

loads! {
    I32Load u32 u32 u32;
    I64Load u64 u64 u64;
    F32Load f32 f32 f32;
    F64Load f64 f64 f64;
    I32Load8S i8 i32 u32;
    I32Load8U u8 u32 u32;
    I32Load16S i16 i32 u32;
    I32Load16U u16 u32 u32;
    I64Load8S i8 i64 u64;
    I64Load8U u8 u64 u64;
    I64Load16S i16 i64 u64;
    I64Load16U u16 u64 u64;
    I64Load32S i32 i64 u64;
    I64Load32U u32 u64 u64;
}

macro_rules! vector_loads {
    ($($name:ident $raw:ident $function:path;)*) => {
        pub(super) mod vector_kind {
            $(pub(in crate::exec::step) struct $name;)*
        }

        $(impl Load for vector_kind::$name {
            type Raw = $raw;
            type R = V128;

            #[inline(always)]
            fn widen(raw: $raw) -> V128 {
                $function(raw)
            }
        })*

        fn vector_load(key: OpKey) -> Option<Handler> {
            match *LoadOp::ALL.get(usize::from(key.sub))? {
                $(LoadOp::$name => load_addresses::<vector_kind::$name>(key),)*
                _ => None,
            }
        }
    };
}

vector_loads! {
    V128Load V128 core::convert::identity;
    V128Load8x8S u64 numerics::v128_load8x8_s;
    V128Load8x8U u64 numerics::v128_load8x8_u;
    V128Load16x4S u64 numerics::v128_load16x4_s;
    V128Load16x4U u64 numerics::v128_load16x4_u;
    V128Load32x2S u64 numerics::v128_load32x2_s;
    V128Load32x2U u64 numerics::v128_load32x2_u;
    V128Load8Splat u8 numerics::v128_load8_splat;
    V128Load16Splat u16 numerics::v128_load16_splat;
    V128Load32Splat u32 numerics::v128_load32_splat;
    V128Load64Splat u64 numerics::v128_load64_splat;
    V128Load32Zero u32 numerics::v128_load32_zero;
    V128Load64Zero u64 numerics::v128_load64_zero;
}

fn load_addresses<L: Load>(key: OpKey) -> Option<Handler> {
    match key.addr_mode()? {
        AddrMode::Plain => by_source!(key.shape.a(), |B: SlotA, Zero| load_to::<L, Plain<B>>(key)),
        AddrMode::Wrapped => by_source!(key.shape.a(), |B: SlotA, Zero| load_to::<L, Wrapped<B>>(key)),
        AddrMode::Indexed => by_source!(key.shape.a(), |B: SlotA, Zero| load_indexed::<L, B, false>(key)),
        AddrMode::Scaled => by_source!(key.shape.a(), |B: SlotA, Zero| load_indexed::<L, B, true>(key)),
        AddrMode::Far32 => load_to::<L, Far<false>>(key),
        AddrMode::Far64 => load_to::<L, Far<true>>(key),
        AddrMode::Shared32 => load_to::<L, Shared<false>>(key),
        AddrMode::Shared64 => load_to::<L, Shared<true>>(key),
    }
}

fn load_indexed<L: Load, B: Src, const SCALED: bool>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.b(), |I: SlotB, Zero| load_to::<L, Indexed<B, I, SCALED>>(key))
}

fn load_to<L: Load, A: Address>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const {
        let is_pin = matches!(D::RESULT_KIND, DstKind::Pin0 | DstKind::Pin1);
        let is_kind = is_result_kind_of(L::R::CLASS, D::RESULT_KIND) && (A::TAKES_PINS || !is_pin);
        given::<LoadStep<L, A, D>>(A::EXISTS && is_kind)
    })
}

macro_rules! narrows {
    ($($from:ident $to:ident;)*) => {$(
        impl Narrow<$to> for $from {
            #[inline(always)]
            fn narrow(self) -> $to {
                self as $to
            }
        }
    )*};
}
narrows! { u32 u32; u32 u8; u32 u16; u32 i8; u32 i16; u64 u64; u64 u8; u64 u16; u64 u32; f32 f32; f64 f64; V128 V128; }

/// Handlers of [`Family::Store`](whimbrel_ir::Family).
pub(super) fn store(key: OpKey) -> Option<Handler> {
    match *StoreOp::ALL.get(usize::from(key.sub))? {
        StoreOp::I32Store => store_addresses::<u32, u32>(key),
        StoreOp::I64Store => store_addresses::<u64, u64>(key),
        StoreOp::F32Store => store_addresses::<f32, f32>(key),
        StoreOp::F64Store => store_addresses::<f64, f64>(key),
        StoreOp::I32Store8 => store_addresses::<u32, u8>(key),
        StoreOp::I32Store16 => store_addresses::<u32, u16>(key),
        StoreOp::I64Store8 => store_addresses::<u64, u8>(key),
        StoreOp::I64Store16 => store_addresses::<u64, u16>(key),
        StoreOp::I64Store32 => store_addresses::<u64, u32>(key),
        StoreOp::V128Store => store_addresses::<V128, V128>(key),
    }
}

fn store_addresses<T: Value + Narrow<R>, R: Raw>(key: OpKey) -> Option<Handler> {
    match key.addr_mode()? {
        AddrMode::Plain => by_source!(key.shape.a(), |B: SlotA, Zero| store_of::<T, R, Plain<B>>(key)),
        AddrMode::Wrapped => by_source!(key.shape.a(), |B: SlotA, Zero| store_of::<T, R, Wrapped<B>>(key)),
        AddrMode::Indexed => by_source!(key.shape.a(), |B: SlotA, Zero| store_indexed::<T, R, B, false>(key)),
        AddrMode::Scaled => by_source!(key.shape.a(), |B: SlotA, Zero| store_indexed::<T, R, B, true>(key)),
        AddrMode::Far32 => store_of::<T, R, Far<false>>(key),
        AddrMode::Far64 => store_of::<T, R, Far<true>>(key),
        AddrMode::Shared32 => store_of::<T, R, Shared<false>>(key),
        AddrMode::Shared64 => store_of::<T, R, Shared<true>>(key),
    }
}

fn store_indexed<T: Value + Narrow<R>, R: Raw, B: Src, const SCALED: bool>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |I: SlotB, Acc| store_of::<T, R, Indexed<B, I, SCALED>>(key))
}

fn store_of<T: Value + Narrow<R>, R: Raw, A: Address>(key: OpKey) -> Option<Handler> {
    // A constant stands behind the address.
    if A::EXTENSION == 0 {
        by_source!(key.shape.b(), |V: SlotD, ExtConst<0>| const { given::<StoreStep<T, R, A, V>>(is_store::<T, A, V>(0)) })
    } else {
        by_source!(key.shape.b(), |V: SlotD, ExtConst<1>| const { given::<StoreStep<T, R, A, V>>(is_store::<T, A, V>(1)) })
    }
}

/// Whether there are stores to such an address, of that many extension words, of such a value.
const fn is_store<T: Value, A: Address, V: Src>(extension: usize) -> bool {
    let is_pin = matches!(V::KIND, SrcKind::Pin0 | SrcKind::Pin1);
    let is_int_acc = matches!((V::KIND, T::CLASS), (SrcKind::Acc, Class::I32 | Class::I64));
    let is_kind = is_kind_of(T::CLASS, V::KIND) && (A::TAKES_PINS || !is_pin) && !(is_int_acc && A::HAS_ACC);
    A::EXISTS && A::EXTENSION == extension && is_kind
}
