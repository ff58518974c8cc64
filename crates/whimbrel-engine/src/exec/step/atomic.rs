//! Steps of atomic instructions: slots in, slots out. Spec: the threads proposal's `exec-atomic`.
//!
//! An unshared memory belongs to one thread, so that reading and writing in one step is atomic there.

use core::marker::PhantomData;
use core::sync::atomic::{self, Ordering};

use wasm_syntax::{AtomicOp, Trap};
use whimbrel_ir::{AddrMode, OpKey};

use super::memory::{Address, Far, Plain, Raw};
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{Fields, SlotA, Src, Value};

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
}

macro_rules! words {
    ($($ty:ident)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn narrow(bits: u64) -> Self {
                bits as Self
            }

            #[inline(always)]
            fn widen(self) -> u64 {
                self.into()
            }
        }
    )*};
}
words! { u8 u16 u32 u64 }

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

impl<const MEMORY64: bool> Aligned for Far<MEMORY64> {
    #[inline(always)]
    unsafe fn effective(ip: Ip, regs: &Regs) -> u64 {
        // SAFETY: the op has its base in slot `a`, and its offset in the first extension word.
        unsafe {
            let base = if MEMORY64 { SlotA::get::<u64>(ip, regs) } else { SlotA::get::<u32>(ip, regs).into() };
            base.wrapping_add(Fields::of(ip).ext(0))
        }
    }
}

/// An access of kind `KIND` by an instruction whose values are `T`, `W` being what lies in memory.
struct AtomicStep<T, W, A, const KIND: u8>(PhantomData<(T, W, A)>);

impl<T: Value + Into<u64>, W: Word, A: Aligned, const KIND: u8> Step for AtomicStep<T, W, A, KIND> {
    const LEN: usize = 3 + A::EXTENSION;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        let ea = unsafe { A::effective(ip, regs) };
        if !ea.is_multiple_of(W::WIDTH as u64) {
            return Next::Trap(Trap::UnalignedAtomic);
        }
        // SAFETY: the op has this address.
        let Some(at) = (unsafe { A::resolve::<W>(ip, regs) }) else {
            return Next::Trap(Trap::MemoryOutOfBounds);
        };
        if KIND == kind::WAIT {
            return Next::Trap(Trap::ExpectedSharedMemory);
        }
        // SAFETY: the access is inside the memory; operands and destination are slots of the frame.
        unsafe {
            let fields = Fields::of(ip);
            let slots = fields.ext(A::EXTENSION);
            let operand = |shift: u32| T::load(regs.fp.add((slots >> shift) as u16 as usize)).into();
            let result = match KIND {
                kind::LOAD => W::read(at).widen(),
                kind::STORE => {
                    W::narrow(operand(0)).write(at);
                    return Next::Fall;
                }
                kind::NOTIFY => 0,
                kind::COMPARE_EXCHANGE => {
                    let old = W::read(at);
                    // An expectation that the width cannot hold is not met.
                    if old.widen() == operand(0) {
                        W::narrow(operand(16)).write(at);
                    }
                    old.widen()
                }
                _ => {
                    let old = W::read(at);
                    W::narrow(combine::<KIND>(old.widen(), operand(0))).write(at);
                    old.widen()
                }
            };
            T::from_bits(result).store(regs.fp.add(fields.d()));
        }
        Next::Fall
    }
}

/// `atomic.fence`.
pub(super) struct Fence;

impl Step for Fence {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(_: Ip, _: &mut Regs) -> Next {
        atomic::fence(Ordering::SeqCst);
        Next::Fall
    }
}

fn addresses<T: Value + Into<u64>, W: Word, const KIND: u8>(key: OpKey) -> Option<Handler> {
    match key.addr_mode()? {
        AddrMode::Plain => of::<AtomicStep<T, W, Plain<SlotA>, KIND>>(),
        AddrMode::Far32 => of::<AtomicStep<T, W, Far<false>, KIND>>(),
        AddrMode::Far64 => of::<AtomicStep<T, W, Far<true>, KIND>>(),
        AddrMode::Indexed | AddrMode::Scaled => None,
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
