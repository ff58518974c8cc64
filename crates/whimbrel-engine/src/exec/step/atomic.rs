//! Steps of atomic instructions: slots in, slots out. Spec: the threads proposal's `exec-atomic`.
//!
//! An unshared memory belongs to one thread, so that reading and writing in one step is atomic there. In a shared one every
//! access is sequentially consistent. Waiting is not done here: the op stops, and `Execution::run` waits.

use core::marker::PhantomData;
use core::sync::atomic::{self, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::SeqCst};

use wasm_syntax::{AtomicOp, Trap};
use whimbrel_ir::{AddrMode, OpKey};

use super::memory::{Address, Far, Plain, Raw, Shared};
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Reason, Regs, Waiting};
use crate::exec::operand::{Fields, SlotA, Src, Value};
use crate::memory::Memory;

/// What an atomic access does, as a constant parameter.
mod kind {
    pub(super) const LOAD: u8 = 0;
    pub(super) const STORE: u8 = 1;
    pub(super) const ADD: u8 = 2;
    pub(super) const SUB: u8 = 3;
    pub(super) const AND: u8 = 4;
    pub(super) const OR: u8 = 5;
    pub(super) const XOR: u8 = 6;
    pub(super) const EXCHANGE: u8 = 7;
    pub(super) const COMPARE_EXCHANGE: u8 = 8;
    pub(super) const WAIT: u8 = 9;
    pub(super) const NOTIFY: u8 = 10;

    /// The kind of the instruction with this opcode: opcodes come in sevens, one for each width and type.
    pub(super) const fn of(opcode: u32) -> u8 {
        match opcode & 0xFFFF {
            0x00 => NOTIFY,
            0x01..=0x02 => WAIT,
            0x10..=0x16 => LOAD,
            0x17..=0x1D => STORE,
            0x1E..=0x24 => ADD,
            0x25..=0x2B => SUB,
            0x2C..=0x32 => AND,
            0x33..=0x39 => OR,
            0x3A..=0x40 => XOR,
            0x41..=0x47 => EXCHANGE,
            0x48..=0x4E => COMPARE_EXCHANGE,
            _ => panic!("an atomic access has no such opcode"),
        }
    }
}

/// An unsigned integer that atomic accesses work on, and its way to and from the instruction's type.
trait Word: Raw + Eq {
    fn narrow(bits: u64) -> Self;
    fn widen(self) -> u64;

    /// Does an access of kind `KIND` to a shared memory; returns what was there.
    ///
    /// # Safety
    ///
    /// `at` is aligned and in the memory.
    unsafe fn access_shared<const KIND: u8>(at: *mut u8, operand: Self, replacement: Self) -> Self;
}

macro_rules! words {
    ($($ty:ident $atomic:ident)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn narrow(bits: u64) -> Self {
                bits as Self
            }

            #[inline(always)]
            fn widen(self) -> u64 {
                self.into()
            }

            #[inline(always)]
            unsafe fn access_shared<const KIND: u8>(at: *mut u8, operand: Self, replacement: Self) -> Self {
                // SAFETY: by contract.
                let place = unsafe { $atomic::from_ptr(at.cast()) };
                match KIND {
                    kind::STORE => {
                        place.store(operand.to_le(), SeqCst);
                        operand
                    }
                    kind::LOAD => Self::from_le(place.load(SeqCst)),
                    kind::AND => Self::from_le(place.fetch_and(operand.to_le(), SeqCst)),
                    kind::OR => Self::from_le(place.fetch_or(operand.to_le(), SeqCst)),
                    kind::XOR => Self::from_le(place.fetch_xor(operand.to_le(), SeqCst)),
                    kind::EXCHANGE => Self::from_le(place.swap(operand.to_le(), SeqCst)),
                    kind::COMPARE_EXCHANGE => {
                        let old = place.compare_exchange(operand.to_le(), replacement.to_le(), SeqCst, SeqCst);
                        Self::from_le(old.unwrap_or_else(|old| old))
                    }
                    kind::ADD if cfg!(target_endian = "little") => place.fetch_add(operand, SeqCst),
                    kind::SUB if cfg!(target_endian = "little") => place.fetch_sub(operand, SeqCst),
                    // The processor adds in its own order of bytes.
                    _ => {
                        let combined = |old: Self| combine::<KIND>(Self::from_le(old).widen(), operand.widen());
                        let update = |old| Some(Self::narrow(combined(old)).to_le());
                        Self::from_le(place.fetch_update(SeqCst, SeqCst, update).unwrap_or_else(|old| old))
                    }
                }
            }
        }
    )*};
}
words! { u8 AtomicU8 u16 AtomicU16 u32 AtomicU32 u64 AtomicU64 }

/// What a read-modify-write access of this kind leaves in memory.
#[inline(always)]
fn combine<const KIND: u8>(old: u64, operand: u64) -> u64 {
    match KIND {
        kind::ADD => old.wrapping_add(operand),
        kind::SUB => old.wrapping_sub(operand),
        kind::AND => old & operand,
        kind::OR => old | operand,
        kind::XOR => old ^ operand,
        _ => operand,
    }
}

/// An address whose alignment can be told before it is known to be in the memory.
trait Aligned: Address {
    /// The effective address, modulo 2^64.
    ///
    /// # Safety
    ///
    /// The op at `ip` has an address of this kind.
    unsafe fn effective(ip: Ip, regs: &Regs) -> u64;
}

impl Aligned for Plain<SlotA> {
    #[inline(always)]
    unsafe fn effective(ip: Ip, regs: &Regs) -> u64 {
        // SAFETY: the op has its base in slot `a`, and its offset in the immediate.
        unsafe {
            let base: u32 = SlotA::get(ip, regs);
            u64::from(base) + u64::from(Fields::of(ip).imm())
        }
    }
}

/// The effective address of ops with their base in slot `a`, and their offset in the first extension word.
#[inline(always)]
unsafe fn far_effective<const MEMORY64: bool>(ip: Ip, regs: &Regs) -> u64 {
    // SAFETY: the caller's op is such a one.
    unsafe {
        let base = if MEMORY64 { SlotA::get::<u64>(ip, regs) } else { SlotA::get::<u32>(ip, regs).into() };
        base.wrapping_add(Fields::of(ip).ext(0))
    }
}

impl<const MEMORY64: bool> Aligned for Far<MEMORY64> {
    #[inline(always)]
    unsafe fn effective(ip: Ip, regs: &Regs) -> u64 {
        // SAFETY: the op has an address of this kind.
        unsafe { far_effective::<MEMORY64>(ip, regs) }
    }
}

impl<const MEMORY64: bool> Aligned for Shared<MEMORY64> {
    #[inline(always)]
    unsafe fn effective(ip: Ip, regs: &Regs) -> u64 {
        // SAFETY: the op has an address of this kind.
        unsafe { far_effective::<MEMORY64>(ip, regs) }
    }
}

/// Does an access to an unshared memory; returns what was there.
#[inline(always)]
unsafe fn access_own<W: Word, const KIND: u8>(at: *mut u8, operand: u64, replacement: u64) -> W {
    // SAFETY: the caller has checked that the access is in the memory.
    unsafe {
        let old = if KIND == kind::STORE { W::narrow(operand) } else { W::read(at) };
        match KIND {
            kind::LOAD => {}
            kind::COMPARE_EXCHANGE => {
                if old.widen() == operand {
                    W::narrow(replacement).write(at);
                }
            }
            _ => W::narrow(combine::<KIND>(old.widen(), operand)).write(at),
        }
        old
    }
}

/// An access of kind `KIND` by an instruction whose values are `T`, `W` being what lies in memory.
struct AtomicStep<T, W, A, const KIND: u8>(PhantomData<(T, W, A)>);

impl<T: Value + Into<u64>, W: Word, A: Aligned, const KIND: u8> Step for AtomicStep<T, W, A, KIND> {
    const LEN: usize = 3 + A::EXTENSION;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        let at = match unsafe { check::<W, A>(ip, regs) } {
            Ok(at) => at,
            Err(trap) => return Next::Trap(trap),
        };
        // SAFETY: the access is inside the memory; operands and destination are slots of the frame.
        unsafe {
            let fields = Fields::of(ip);
            let slots = fields.ext(A::EXTENSION);
            let at_shift = |shift: u32| regs.fp.add((slots >> shift) as u16 as usize);
            let (operand, replacement): (u64, u64) = match KIND {
                kind::LOAD => (0, 0),
                kind::COMPARE_EXCHANGE => (T::load(at_shift(0)).into(), T::load(at_shift(16)).into()),
                _ => (T::load(at_shift(0)).into(), 0),
            };
            let result = if !A::SHARED {
                access_own::<W, KIND>(at, operand, replacement).widen()
            } else if KIND == kind::COMPARE_EXCHANGE && W::narrow(operand).widen() != operand {
                // An expectation that the width cannot hold is not met.
                W::access_shared::<{ kind::LOAD }>(at, W::narrow(0), W::narrow(0)).widen()
            } else {
                W::access_shared::<KIND>(at, W::narrow(operand), W::narrow(replacement)).widen()
            };
            if KIND != kind::STORE {
                T::from_bits(result).store(regs.fp.add(fields.d()));
            }
        }
        Next::Fall
    }
}

/// `memory.atomic.notify`.
struct Notify<A>(PhantomData<A>);

impl<A: Aligned> Step for Notify<A> {
    const LEN: usize = 3 + A::EXTENSION;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        if let Err(trap) = unsafe { check::<u32, A>(ip, regs) } {
            return Next::Trap(trap);
        }
        // SAFETY: operand and destination are slots of the frame; a shared address names a memory of the instance.
        unsafe {
            let fields = Fields::of(ip);
            let count = u32::load(regs.fp.add(fields.ext(A::EXTENSION) as u16 as usize));
            let shared = if A::SHARED { memory_of(fields, regs).shared() } else { None };
            let woken = shared.map_or(Ok(0), |shared| shared.notify(A::effective(ip, regs), count));
            woken.unwrap_or_default().store(regs.fp.add(fields.d()));
        }
        Next::Fall
    }
}

/// `memory.atomic.wait32` and `memory.atomic.wait64`, by the type of what is expected.
struct WaitStep<T, A>(PhantomData<(T, A)>);

impl<T: Value + Word + Into<u64>, A: Aligned> Step for WaitStep<T, A> {
    const LEN: usize = 3 + A::EXTENSION;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        if let Err(trap) = unsafe { check::<T, A>(ip, regs) } {
            return Next::Trap(trap);
        }
        if !A::SHARED {
            return Next::Trap(Trap::ExpectedSharedMemory);
        }
        // SAFETY: operands and destination are slots of the frame; the address names a memory of the instance.
        unsafe {
            let fields = Fields::of(ip);
            let slots = fields.ext(A::EXTENSION);
            (*regs.ctx).waiting = Some(Waiting {
                memory: memory_of(fields, regs),
                address: A::effective(ip, regs),
                expected: T::load(regs.fp.add(slots as u16 as usize)).into(),
                is_64: T::WIDTH == 8,
                timeout_ns: u64::load(regs.fp.add((slots >> 16) as u16 as usize)) as i64,
                result: regs.fp.add(fields.d()),
                behind: ip.add(Self::LEN),
            });
        }
        Next::Stop(ip, Reason::Wait)
    }
}

/// The memory that the address of an op names.
///
/// # Safety
///
/// The op's address names a memory of the current instance.
unsafe fn memory_of<'a>(fields: Fields, regs: &Regs) -> &'a Memory {
    // SAFETY: by contract; memories live as long as the instance.
    unsafe {
        let memories = &(*(*regs.ctx).instance).memories;
        memories.get_unchecked(fields.imm() as usize).as_ref()
    }
}

/// The first byte of an access of `W`'s width.
///
/// # Safety
///
/// The op at `ip` has an address of this kind.
#[inline(always)]
unsafe fn check<W: Raw, A: Aligned>(ip: Ip, regs: &Regs) -> Result<*mut u8, Trap> {
    // SAFETY: passed on from the caller.
    if !unsafe { A::effective(ip, regs) }.is_multiple_of(W::WIDTH as u64) {
        return Err(Trap::UnalignedAtomic);
    }
    // SAFETY: the same.
    unsafe { A::resolve::<W>(ip, regs) }.ok_or(Trap::MemoryOutOfBounds)
}

/// `atomic.fence`.
pub(super) struct Fence;

impl Step for Fence {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(_: Ip, _: &mut Regs) -> Next {
        atomic::fence(SeqCst);
        Next::Fall
    }
}

fn addresses<T: Value + Word + Into<u64>, W: Word, const KIND: u8>(key: OpKey) -> Option<Handler> {
    match key.addr_mode()? {
        AddrMode::Plain => access::<T, W, Plain<SlotA>, KIND>(),
        AddrMode::Far32 => access::<T, W, Far<false>, KIND>(),
        AddrMode::Far64 => access::<T, W, Far<true>, KIND>(),
        AddrMode::Shared32 => access::<T, W, Shared<false>, KIND>(),
        AddrMode::Shared64 => access::<T, W, Shared<true>, KIND>(),
        AddrMode::Wrapped | AddrMode::Indexed | AddrMode::Scaled => None,
    }
}

fn access<T: Value + Word + Into<u64>, W: Word, A: Aligned, const KIND: u8>() -> Option<Handler> {
    match KIND {
        kind::NOTIFY => of::<Notify<A>>(),
        kind::WAIT => of::<WaitStep<T, A>>(),
        _ => of::<AtomicStep<T, W, A, KIND>>(),
    }
}

/// The type of an instruction's values: its first operand's after the address, or else its result's.
macro_rules! value_type {
    ([I32 $($p:ident)*] $results:tt) => {
        u32
    };
    ([I64 $($p:ident)*] $results:tt) => {
        u64
    };
    ([] [I32]) => {
        u32
    };
    ([] [I64]) => {
        u64
    };
}

macro_rules! word_type {
    (1) => {
        u8
    };
    (2) => {
        u16
    };
    (4) => {
        u32
    };
    (8) => {
        u64
    };
}

macro_rules! atomics {
    ($($opcode:literal $variant:ident $text:literal $width:tt $params:tt $results:tt $feature:ident;)*) => {
        /// Handlers of [`Family::Atomic`](whimbrel_ir::Family).
        pub(super) fn atomic(key: OpKey) -> Option<Handler> {
            match *AtomicOp::ALL.get(usize::from(key.sub))? {
                $(AtomicOp::$variant => {
                    addresses::<value_type!($params $results), word_type!($width), { kind::of($opcode) }>(key)
                })*
            }
        }
    };
}
wasm_syntax::for_each_atomic!(atomics);
