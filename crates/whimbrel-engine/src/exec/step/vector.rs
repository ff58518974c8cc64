//! Steps of vector instructions: slots in, slots out, their meaning taken from `wasm_numerics` by the instruction table.

use core::marker::PhantomData;

use wasm_numerics as numerics;
use wasm_syntax::{LaneOp, MemoryLaneOp, Trap, V128, VectorOp};
use whimbrel_ir::{AddrMode, OpKey};

use super::memory::{Address, Far, Plain, Raw, Shared};
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Fp, Ip, Regs};
use crate::exec::operand::{Fields, SlotA, Value};

/// What vector functions of `wasm_numerics` return, as a value for a slot.
trait Outcome {
    type Value: Value;
    fn outcome(self) -> Self::Value;
}

impl<T: Value> Outcome for T {
    type Value = T;

    #[inline(always)]
    fn outcome(self) -> T {
        self
    }
}

impl Outcome for bool {
    type Value = u32;

    #[inline(always)]
    fn outcome(self) -> u32 {
        self.into()
    }
}

/// A vector instruction: reads its operands from slots, writes its result to slot `d`.
pub(super) trait Meaning {
    unsafe fn apply(fp: Fp, fields: Fields);
}

macro_rules! value_type {
    (I32) => {
        u32
    };
    (I64) => {
        u64
    };
    (F32) => {
        f32
    };
    (F64) => {
        f64
    };
    (V128) => {
        V128
    };
}

/// Reads operands from the fields named, in order, and applies a function to them.
macro_rules! apply {
    ($function:ident $fp:ident $fields:ident [$($ty:ident $field:ident)*]) => {
        numerics::$function($(<value_type!($ty)>::load($fp.add($fields.$field()))),*)
    };
}

macro_rules! operands {
    ($function:ident $fp:ident $fields:ident [$a:ident]) => { apply!($function $fp $fields [$a a]) };
    ($function:ident $fp:ident $fields:ident [$a:ident $b:ident]) => { apply!($function $fp $fields [$a a $b b]) };
    ($function:ident $fp:ident $fields:ident [$a:ident $b:ident $c:ident]) => {
        apply!($function $fp $fields [$a a $b b $c c])
    };
}

pub(super) struct VectorStep<M>(PhantomData<M>);

impl<M: Meaning> Step for VectorStep<M> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this instruction's operands and destination, in slots of the frame.
        unsafe { M::apply(regs.fp, Fields::of(ip)) };
        Next::Fall
    }
}

macro_rules! vectors {
    ($($opcode:literal $variant:ident $function:ident $text:literal [$($p:ident)*] [$r:ident] $feature:ident;)*) => {
        pub(super) mod op {
            $(pub(in crate::exec::step) struct $variant;)*
        }

        $(impl Meaning for op::$variant {
            #[inline(always)]
            unsafe fn apply(fp: Fp, fields: Fields) {
                // SAFETY: passed on from the caller.
                unsafe {
                    let result = operands!($function fp fields [$($p)*]).outcome();
                    result.store(fp.add(fields.d()));
                }
            }
        })*

        /// Handlers of [`Family::Vector`](whimbrel_ir::Family).
        pub(super) fn vector(key: OpKey) -> Option<Handler> {
            match *VectorOp::ALL.get(usize::from(key.sub))? {
                $(VectorOp::$variant => of::<VectorStep<op::$variant>>(),)*
            }
        }
    };
}
wasm_syntax::for_each_vector!(vectors);

pub(super) struct LaneStep<M>(PhantomData<M>);

impl<M: Meaning> Step for LaneStep<M> {
    const LEN: usize = 3;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this instruction's operands and destination, in slots of the frame, and its lane.
        unsafe { M::apply(regs.fp, Fields::of(ip)) };
        Next::Fall
    }
}

macro_rules! lane_operands {
    ($function:ident $fp:ident $fields:ident [$a:ident]) => {
        numerics::$function(<value_type!($a)>::load($fp.add($fields.a())), $fields.ext(0) as u8)
    };
    ($function:ident $fp:ident $fields:ident [$a:ident $b:ident]) => {
        numerics::$function(
            <value_type!($a)>::load($fp.add($fields.a())),
            $fields.ext(0) as u8,
            <value_type!($b)>::load($fp.add($fields.b())),
        )
    };
}

macro_rules! lanes {
    ($($opcode:literal $variant:ident $function:ident $text:literal $lanes:literal
       [$($p:ident)*] [$r:ident] $feature:ident;)*) => {
        pub(super) mod lane {
            $(pub(in crate::exec::step) struct $variant;)*
        }

        $(impl Meaning for lane::$variant {
            #[inline(always)]
            unsafe fn apply(fp: Fp, fields: Fields) {
                // SAFETY: passed on from the caller.
                unsafe {
                    let result = lane_operands!($function fp fields [$($p)*]).outcome();
                    result.store(fp.add(fields.d()));
                }
            }
        })*

        /// Handlers of [`Family::VectorLane`](whimbrel_ir::Family).
        pub(super) fn vector_lane(key: OpKey) -> Option<Handler> {
            match *LaneOp::ALL.get(usize::from(key.sub))? {
                $(LaneOp::$variant => of::<LaneStep<lane::$variant>>(),)*
            }
        }
    };
}
wasm_syntax::for_each_vector_lane!(lanes);

/// The vector in the two extension words.
unsafe fn extension(fields: Fields) -> V128 {
    // SAFETY: the caller's op has two extension words.
    let (low, high) = unsafe { (fields.ext(0), fields.ext(1)) };
    V128::from_u128(u128::from(low) | u128::from(high) << 64)
}

/// `i8x16.shuffle`.
pub(super) struct Shuffle;

impl Step for Shuffle {
    const LEN: usize = 4;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has two vectors in slots, a destination, and its lanes behind the payload.
        unsafe {
            let fields = Fields::of(ip);
            let (a, b) = (V128::load(regs.fp.add(fields.a())), V128::load(regs.fp.add(fields.b())));
            numerics::i8x16_shuffle(a, b, extension(fields).0).store(regs.fp.add(fields.d()));
        }
        Next::Fall
    }
}

/// A vector constant.
pub(super) struct VectorConst;

impl Step for VectorConst {
    const LEN: usize = 4;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has a destination, and the value behind the payload.
        unsafe {
            let fields = Fields::of(ip);
            extension(fields).store(regs.fp.add(fields.d()));
        }
        Next::Fall
    }
}

/// A load into, or store from, one lane.
pub(super) trait LaneAccess {
    type Raw: Raw;
    /// Performs the access at `at`; the vector that a load gives.
    unsafe fn access<A: Address>(at: *mut u8, vector: V128, lane: u8) -> Option<V128>;
}

pub(super) struct MemoryLaneStep<L, A>(PhantomData<(L, A)>);

impl<L: LaneAccess, A: Address> Step for MemoryLaneStep<L, A> {
    const LEN: usize = 3 + A::EXTENSION;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this address.
        let Some(at) = (unsafe { A::resolve::<L::Raw>(ip, regs) }) else {
            return Next::Trap(Trap::MemoryOutOfBounds);
        };
        // SAFETY: the address is checked; the vector's slot and the lane are in the last extension word.
        unsafe {
            let fields = Fields::of(ip);
            let word = fields.ext(A::EXTENSION);
            let vector = V128::load(regs.fp.add(word as u16 as usize));
            if let Some(loaded) = L::access::<A>(at, vector, (word >> 16) as u8) {
                loaded.store(regs.fp.add(fields.d()));
            }
        }
        Next::Fall
    }
}

macro_rules! lane_accesses {
    ($($variant:ident $raw:ident $kind:ident $function:ident;)*) => {
        pub(super) mod memory_lane {
            $(pub(in crate::exec::step) struct $variant;)*
        }

        $(impl LaneAccess for memory_lane::$variant {
            type Raw = $raw;

            #[inline(always)]
            unsafe fn access<A: Address>(at: *mut u8, vector: V128, lane: u8) -> Option<V128> {
                lane_accesses!($kind $raw A $function at vector lane)
            }
        })*

        /// Handlers of [`Family::MemoryLane`](whimbrel_ir::Family).
        pub(super) fn memory_lane(key: OpKey) -> Option<Handler> {
            match *MemoryLaneOp::ALL.get(usize::from(key.sub))? {
                $(MemoryLaneOp::$variant => memory_lane_addresses::<memory_lane::$variant>(key),)*
            }
        }
    };
    (load $raw:ident $address:ident $function:ident $at:ident $vector:ident $lane:ident) => {
        // SAFETY: the caller has checked the address.
        Some(numerics::$function($vector, $lane, unsafe { <$raw as Raw>::read_at::<$address>($at) }))
    };
    (store $raw:ident $address:ident $function:ident $at:ident $vector:ident $lane:ident) => {{
        // SAFETY: the caller has checked the address.
        unsafe { numerics::$function($vector, $lane).write_at::<$address>($at) };
        None
    }};
}

lane_accesses! {
    V128Load8Lane u8 load v128_load8_lane;
    V128Load16Lane u16 load v128_load16_lane;
    V128Load32Lane u32 load v128_load32_lane;
    V128Load64Lane u64 load v128_load64_lane;
    V128Store8Lane u8 store v128_store8_lane;
    V128Store16Lane u16 store v128_store16_lane;
    V128Store32Lane u32 store v128_store32_lane;
    V128Store64Lane u64 store v128_store64_lane;
}

fn memory_lane_addresses<L: LaneAccess>(key: OpKey) -> Option<Handler> {
    match key.addr_mode()? {
        AddrMode::Plain => of::<MemoryLaneStep<L, Plain<SlotA>>>(),
        AddrMode::Far32 => of::<MemoryLaneStep<L, Far<false>>>(),
        AddrMode::Far64 => of::<MemoryLaneStep<L, Far<true>>>(),
        AddrMode::Shared32 => of::<MemoryLaneStep<L, Shared<false>>>(),
        AddrMode::Shared64 => of::<MemoryLaneStep<L, Shared<true>>>(),
        AddrMode::Wrapped | AddrMode::Indexed | AddrMode::Scaled => None,
    }
}
