//! Steps of numeric instructions, their meaning taken from `wasm_numerics` by the instruction table.

use core::marker::PhantomData;

use wasm_numerics as numerics;
use wasm_syntax::{NumericOp, Trap};
use whimbrel_ir::{Class, OpKey, SrcKind, kinds_are_in_order};

use super::given;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Ip, Regs};
use crate::exec::operand::{Const, Dst, SlotA, SlotB, Src, Value, is_kind_of, is_result_kind_of};

/// A numeric instruction of one operand.
pub(super) trait Unary {
    type A: Value;
    type R: Value;
    fn apply(a: Self::A) -> Result<Self::R, Trap>;
}

/// A numeric instruction of two operands.
pub(super) trait Binary {
    const OP: NumericOp;
    type A: Value;
    type B: Value;
    type R: Value;
    fn apply(a: Self::A, b: Self::B) -> Result<Self::R, Trap>;
}

/// What functions of `wasm_numerics` return, as a result of type `T`.
trait Outcome<T> {
    fn outcome(self) -> Result<T, Trap>;
}

impl<T: Value> Outcome<T> for T {
    #[inline(always)]
    fn outcome(self) -> Result<T, Trap> {
        Ok(self)
    }
}

impl<T: Value> Outcome<T> for Result<T, Trap> {
    #[inline(always)]
    fn outcome(self) -> Self {
        self
    }
}

impl Outcome<u32> for bool {
    #[inline(always)]
    fn outcome(self) -> Result<u32, Trap> {
        Ok(self.into())
    }
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
}

macro_rules! meaning {
    ($variant:ident $function:ident [$a:ident] [$r:ident]) => {
        pub(in crate::exec::step) struct $variant;

        impl Unary for $variant {
            type A = value_type!($a);
            type R = value_type!($r);

            #[inline(always)]
            fn apply(a: Self::A) -> Result<Self::R, Trap> {
                numerics::$function(a).outcome()
            }
        }
    };
    ($variant:ident $function:ident [$a:ident $b:ident] [$r:ident]) => {
        pub(in crate::exec::step) struct $variant;

        impl Binary for $variant {
            const OP: wasm_syntax::NumericOp = wasm_syntax::NumericOp::$variant;
            type A = value_type!($a);
            type B = value_type!($b);
            type R = value_type!($r);

            #[inline(always)]
            fn apply(a: Self::A, b: Self::B) -> Result<Self::R, Trap> {
                numerics::$function(a, b).outcome()
            }
        }
    };
    // More operands or results: a `SlotsOp`.
    ($variant:ident $function:ident [$($p:ident)*] [$($r:ident)*]) => {};
}

macro_rules! handlers {
    (unary $variant:ident [$a:ident] [$r:ident] $key:ident) => {
        unary_shapes::<op::$variant>($key)
    };
    (unary $variant:ident [$($p:ident)*] [$($r:ident)*] $key:ident) => {
        None
    };
    (binary $variant:ident [$a:ident $b:ident] [$r:ident] $key:ident) => {
        binary_shapes::<op::$variant>($key)
    };
    (binary $variant:ident [$($p:ident)*] [$($r:ident)*] $key:ident) => {
        None
    };
}

macro_rules! numeric {
    ($($opcode:literal $variant:ident $function:ident $text:literal [$($p:ident)*] [$($r:ident)*] $feature:ident;)*) => {
        /// A type for each numeric instruction.
        pub(super) mod op {
            use super::{Binary, Outcome, Trap, Unary, numerics};

            $(meaning!($variant $function [$($p)*] [$($r)*]);)*
        }

        /// Handlers of [`Family::Unary`](whimbrel_ir::Family).
        pub(super) fn unary(key: OpKey) -> Option<Handler> {
            match key.numeric()? {
                $(NumericOp::$variant => handlers!(unary $variant [$($p)*] [$($r)*] key),)*
            }
        }

        /// Handlers of [`Family::Binary`](whimbrel_ir::Family).
        pub(super) fn binary(key: OpKey) -> Option<Handler> {
            match key.numeric()? {
                $(NumericOp::$variant => handlers!(binary $variant [$($p)*] [$($r)*] key),)*
            }
        }
    };
}
wasm_syntax::for_each_numeric!(numeric);

pub(super) struct UnaryStep<O, A, D>(PhantomData<(O, A, D)>);

impl<O: Unary, A: Src, D: Dst> Step for UnaryStep<O, A, D> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand.
        let a = unsafe { A::get(ip, regs) };
        match O::apply(a) {
            Ok(value) => {
                // SAFETY: the op has this destination.
                unsafe { D::put(ip, regs, value) };
                Next::Fall
            }
            Err(trap) => Next::Trap(trap),
        }
    }
}

fn unary_shapes<O: Unary>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, Const| unary_to::<O, A>(key))
}

fn unary_to<O: Unary, A: Src>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const {
        let operand = !A::IS_CONST && is_kind_of(O::A::CLASS, A::KIND);
        given::<UnaryStep<O, A, D>>(operand && is_result_kind_of(O::R::CLASS, D::RESULT_KIND))
    })
}

pub(super) struct BinaryStep<O, A, B, D>(PhantomData<(O, A, B, D)>);

impl<O: Binary, A: Src, B: Src, D: Dst> Step for BinaryStep<O, A, B, D> {
    const LEN: usize = if matches!(O::A::CLASS, Class::F64) && (A::IS_CONST || B::IS_CONST) { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands.
        let (a, b) = unsafe { (A::get(ip, regs), B::get(ip, regs)) };
        match O::apply(a, b) {
            Ok(value) => {
                // SAFETY: the op has this destination.
                unsafe { D::put(ip, regs, value) };
                Next::Fall
            }
            Err(trap) => Next::Trap(trap),
        }
    }
}

/// Whether there are ops of `O` with operands of these kinds: no two constants, the accumulator once, in order.
pub(super) const fn are_operands_of<O: Binary>(a: SrcKind, b: SrcKind) -> bool {
    let constants = matches!((a, b), (SrcKind::Const, SrcKind::Const));
    let accumulators = matches!((a, b), (SrcKind::Acc, SrcKind::Acc));
    let pins = is_kind_of(O::A::CLASS, a) && is_kind_of(O::B::CLASS, b);
    !constants && !accumulators && pins && kinds_are_in_order(O::OP, a, b)
}

fn binary_shapes<O: Binary>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, Const| binary_right::<O, A>(key))
}

fn binary_right<O: Binary, A: Src>(key: OpKey) -> Option<Handler> {
    // With a constant on the left, the right operand's slot is in the first field.
    if A::IS_CONST {
        by_source!(key.shape.b(), |B: SlotA, Const| binary_to::<O, A, B>(key))
    } else {
        by_source!(key.shape.b(), |B: SlotB, Const| binary_to::<O, A, B>(key))
    }
}

fn binary_to<O: Binary, A: Src, B: Src>(key: OpKey) -> Option<Handler> {
    by_destination!(key.shape.d(), |D| const {
        let fields = !matches!(B::KIND, SrcKind::Slot) || B::IS_SLOT_A == A::IS_CONST;
        let operands = are_operands_of::<O>(A::KIND, B::KIND) && fields;
        given::<BinaryStep<O, A, B, D>>(operands && is_result_kind_of(O::R::CLASS, D::RESULT_KIND))
    })
}
