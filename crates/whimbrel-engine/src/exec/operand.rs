//! Operands of ops: values, where they are read from and written to.

#![cfg_attr(whimbrel_compact, allow(dead_code, reason = "builds for size have no pins"))]

use wasm_syntax::V128;
use whimbrel_ir::{Class, DstKind, Pin, SrcKind};

use super::context::{Ip, Regs};

/// The payload's four 16-bit fields, in the order in which `whimbrel_ir` packs them.
#[derive(Clone, Copy)]
pub(crate) struct Fields(Ip);

impl Fields {
    #[inline(always)]
    pub(crate) const fn of(ip: Ip) -> Self {
        Self(ip)
    }

    /// 16 bits of the payload from bit `SHIFT` on, read as narrowly as the machine can.
    #[inline(always)]
    unsafe fn half<const N: usize>(self) -> usize {
        let n = if cfg!(target_endian = "little") { N } else { 3 - N };
        // SAFETY: the caller's op has a payload, word 1.
        unsafe { *self.0.add(1).cast::<u16>().add(n) as usize }
    }

    #[inline(always)]
    pub(crate) unsafe fn a(self) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { self.half::<0>() }
    }

    #[inline(always)]
    pub(crate) unsafe fn d(self) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { self.half::<1>() }
    }

    #[inline(always)]
    pub(crate) unsafe fn b(self) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { self.half::<2>() }
    }

    #[inline(always)]
    pub(crate) unsafe fn c(self) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { self.half::<3>() }
    }

    #[inline(always)]
    pub(crate) unsafe fn imm(self) -> u32 {
        let n = if cfg!(target_endian = "little") { 1 } else { 0 };
        // SAFETY: the caller's op has a payload, word 1.
        unsafe { *self.0.add(1).cast::<u32>().add(n) }
    }

    /// Extension word `n`, counted from 0.
    #[inline(always)]
    pub(crate) unsafe fn ext(self, n: usize) -> u64 {
        // SAFETY: the caller's op has that many words.
        unsafe { *self.0.add(2 + n) }
    }
}

/// A value that fits an accumulator.
pub(crate) trait Value: Copy {
    const CLASS: Class;

    /// Reads the value from its slot.
    unsafe fn load(slot: *const u64) -> Self;
    /// Writes the value to its slot. Integers write all eight bytes, so that a later wider read is forwarded.
    unsafe fn store(self, slot: *mut u64);
    fn acc(regs: &Regs) -> Self;
    fn set_acc(self, regs: &mut Regs);
    /// The value in the second pin of the class, or in the first.
    fn pin<const SECOND: bool>(regs: &Regs) -> Self;
    fn set_pin<const SECOND: bool>(self, regs: &mut Regs);
    fn from_bits(bits: u64) -> Self;

    /// The constant operand of an op: 32 bits in the payload, but for `F64`.
    #[inline(always)]
    unsafe fn constant(ip: Ip) -> Self {
        // SAFETY: the op has a constant operand of this class.
        let bits = unsafe {
            match Self::CLASS {
                Class::F64 => Fields::of(ip).ext(0),
                Class::I64 => Fields::of(ip).imm() as i32 as i64 as u64,
                _ => Fields::of(ip).imm().into(),
            }
        };
        Self::from_bits(bits)
    }
}

/// An `i32` in eight bytes. Nobody relies on the upper half, which a debug build sees to.
#[inline(always)]
fn widen(value: u32) -> u64 {
    const UPPER_HALF: u64 = if cfg!(debug_assertions) { 0xa5a5_a5a5 << 32 } else { 0 };
    UPPER_HALF | u64::from(value)
}

impl Value for u32 {
    const CLASS: Class = Class::I32;

    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        let n = if cfg!(target_endian = "little") { 0 } else { 1 };
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot.cast::<u32>().add(n) }
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot = widen(self) }
    }

    #[inline(always)]
    fn acc(regs: &Regs) -> Self {
        regs.acc as u32
    }

    #[inline(always)]
    fn set_acc(self, regs: &mut Regs) {
        regs.acc = widen(self);
    }

    #[inline(always)]
    fn pin<const SECOND: bool>(regs: &Regs) -> Self {
        (if SECOND { regs.pin1 } else { regs.pin0 }) as u32
    }

    #[inline(always)]
    fn set_pin<const SECOND: bool>(self, regs: &mut Regs) {
        if SECOND { regs.pin1 = widen(self) } else { regs.pin0 = widen(self) }
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as u32
    }
}

impl Value for u64 {
    const CLASS: Class = Class::I64;

    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot }
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot = self }
    }

    #[inline(always)]
    fn acc(regs: &Regs) -> Self {
        regs.acc
    }

    #[inline(always)]
    fn set_acc(self, regs: &mut Regs) {
        regs.acc = self;
    }

    #[inline(always)]
    fn pin<const SECOND: bool>(regs: &Regs) -> Self {
        if SECOND { regs.pin1 } else { regs.pin0 }
    }

    #[inline(always)]
    fn set_pin<const SECOND: bool>(self, regs: &mut Regs) {
        if SECOND { regs.pin1 = self } else { regs.pin0 = self }
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits
    }
}

impl Value for f32 {
    const CLASS: Class = Class::F32;

    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        let n = if cfg!(target_endian = "little") { 0 } else { 1 };
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot.cast::<f32>().add(n) }
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        let n = if cfg!(target_endian = "little") { 0 } else { 1 };
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot.cast::<f32>().add(n) = self }
    }

    #[inline(always)]
    fn acc(regs: &Regs) -> Self {
        regs.sacc
    }

    #[inline(always)]
    fn set_acc(self, regs: &mut Regs) {
        regs.sacc = self;
    }

    /// There are no pins for the class, and no handler that would use one.
    #[inline(always)]
    fn pin<const SECOND: bool>(_: &Regs) -> Self {
        0.0
    }

    #[inline(always)]
    fn set_pin<const SECOND: bool>(self, _: &mut Regs) {}

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl Value for f64 {
    const CLASS: Class = Class::F64;

    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot.cast::<f64>() }
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: the caller passes a slot of the frame.
        unsafe { *slot.cast::<f64>() = self }
    }

    #[inline(always)]
    fn acc(regs: &Regs) -> Self {
        regs.facc
    }

    #[inline(always)]
    fn set_acc(self, regs: &mut Regs) {
        regs.facc = self;
    }

    #[inline(always)]
    fn pin<const SECOND: bool>(regs: &Regs) -> Self {
        if SECOND { regs.fpin1 } else { regs.fpin0 }
    }

    #[inline(always)]
    fn set_pin<const SECOND: bool>(self, regs: &mut Regs) {
        if SECOND { regs.fpin1 = self } else { regs.fpin0 = self }
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

impl Value for V128 {
    const CLASS: Class = Class::V128;

    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: the caller passes the first of two slots of the frame.
        Self(unsafe { slot.cast::<[u8; 16]>().read() })
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: the caller passes the first of two slots of the frame.
        unsafe { slot.cast::<[u8; 16]>().write(self.0) }
    }

    /// There is no accumulator for vectors, and no handler that would read one.
    #[inline(always)]
    fn acc(_: &Regs) -> Self {
        Self::ZERO
    }

    #[inline(always)]
    fn set_acc(self, _: &mut Regs) {}

    /// There are no pins for the class, and no handler that would use one.
    #[inline(always)]
    fn pin<const SECOND: bool>(_: &Regs) -> Self {
        Self::ZERO
    }

    #[inline(always)]
    fn set_pin<const SECOND: bool>(self, _: &mut Regs) {}

    /// Only constants of other classes come from one word.
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self::from_u128(bits.into())
    }
}

/// Where an operand is read from: a type parameter of steps.
pub(crate) trait Src {
    const KIND: SrcKind;
    const IS_CONST: bool = matches!(Self::KIND, SrcKind::Const);
    /// Whether it is the slot in field `a`.
    const IS_SLOT_A: bool = false;

    /// Reads the operand.
    ///
    /// # Safety
    ///
    /// The op at `ip` has an operand of this kind and of type `T`.
    unsafe fn get<T: Value>(ip: Ip, regs: &Regs) -> T;
}

macro_rules! slot_sources {
    ($($(#[$doc:meta])* $name:ident $field:ident $is_a:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Src for $name {
            const KIND: SrcKind = SrcKind::Slot;
            const IS_SLOT_A: bool = $is_a;

            #[inline(always)]
            unsafe fn get<T: Value>(ip: Ip, regs: &Regs) -> T {
                // SAFETY: the field names a slot of the frame (`ir::verify`, "slots in frame").
                unsafe { T::load(regs.fp.add(Fields::of(ip).$field())) }
            }
        }
    )*};
}

slot_sources! {
    /// The slot in field `a`.
    SlotA a true;
    /// The slot in field `b`.
    SlotB b false;
    /// The slot in field `c`.
    SlotC c false;
    /// The slot in field `d`, in ops without a destination.
    SlotD d false;
}

/// The constant in the payload or, for `F64`, behind it.
pub(crate) struct Const;

impl Src for Const {
    const KIND: SrcKind = SrcKind::Const;

    #[inline(always)]
    unsafe fn get<T: Value>(ip: Ip, _: &Regs) -> T {
        // SAFETY: passed on from the caller.
        unsafe { T::constant(ip) }
    }
}

/// The constant in extension word `N`, whatever its class.
pub(crate) struct ExtConst<const N: usize>;

impl<const N: usize> Src for ExtConst<N> {
    const KIND: SrcKind = SrcKind::Const;

    #[inline(always)]
    unsafe fn get<T: Value>(ip: Ip, _: &Regs) -> T {
        // SAFETY: the op has that extension word.
        T::from_bits(unsafe { Fields::of(ip).ext(N) })
    }
}

/// The constant in a half of the first extension word, which two of them share: the upper one, or the lower.
pub(crate) struct HalfConst<const UPPER: bool>;

impl<const UPPER: bool> Src for HalfConst<UPPER> {
    const KIND: SrcKind = SrcKind::Const;

    #[inline(always)]
    unsafe fn get<T: Value>(ip: Ip, _: &Regs) -> T {
        let n = if cfg!(target_endian = "little") == UPPER { 1 } else { 0 };
        // SAFETY: the op has that extension word.
        let bits = unsafe { *ip.add(2).cast::<u32>().add(n) };
        T::from_bits(match T::CLASS {
            Class::I64 => bits as i32 as i64 as u64,
            _ => bits.into(),
        })
    }
}

/// Zero, the base of addresses that have no other.
pub(crate) struct Zero;

impl Src for Zero {
    const KIND: SrcKind = SrcKind::Const;

    #[inline(always)]
    unsafe fn get<T: Value>(_: Ip, _: &Regs) -> T {
        T::from_bits(0)
    }
}

/// The accumulator of the operand's class.
pub(crate) struct Acc;

impl Src for Acc {
    const KIND: SrcKind = SrcKind::Acc;

    #[inline(always)]
    unsafe fn get<T: Value>(_: Ip, regs: &Regs) -> T {
        T::acc(regs)
    }
}

/// A pin of the operand's class: as a source, and as a destination without the accumulator.
pub(crate) struct Pinned<const SECOND: bool>;
pub(crate) type Pin0 = Pinned<false>;
pub(crate) type Pin1 = Pinned<true>;

impl<const SECOND: bool> Src for Pinned<SECOND> {
    const KIND: SrcKind = if SECOND { SrcKind::Pin1 } else { SrcKind::Pin0 };

    #[inline(always)]
    unsafe fn get<T: Value>(_: Ip, regs: &Regs) -> T {
        T::pin::<SECOND>(regs)
    }
}

impl<const SECOND: bool> Dst for Pinned<SECOND> {
    const RESULT_KIND: DstKind = if SECOND { DstKind::Pin1 } else { DstKind::Pin0 };

    #[inline(always)]
    unsafe fn put<T: Value>(_: Ip, regs: &mut Regs, value: T) {
        value.set_pin::<SECOND>(regs);
    }
}

/// Where a result is written to: a type parameter of steps.
pub(crate) trait Dst {
    const RESULT_KIND: DstKind;

    /// Writes the result.
    ///
    /// # Safety
    ///
    /// The op at `ip` has a destination of this kind and of type `T`.
    unsafe fn put<T: Value>(ip: Ip, regs: &mut Regs, value: T);
}

/// The slot in field `d`, and the accumulator.
pub(crate) struct ToSlot;

impl Dst for ToSlot {
    const RESULT_KIND: DstKind = DstKind::Slot;

    #[inline(always)]
    unsafe fn put<T: Value>(ip: Ip, regs: &mut Regs, value: T) {
        // SAFETY: the field names a slot of the frame (`ir::verify`, "slots in frame").
        unsafe { value.store(regs.fp.add(Fields::of(ip).d())) };
        value.set_acc(regs);
    }
}

/// The accumulator alone.
pub(crate) struct ToAcc;

impl Dst for ToAcc {
    const RESULT_KIND: DstKind = DstKind::Acc;

    #[inline(always)]
    unsafe fn put<T: Value>(_: Ip, regs: &mut Regs, value: T) {
        value.set_acc(regs);
    }
}

/// Whether an operand of class `class` may have this kind: vectors are in slots, and only some classes in pins.
pub(crate) const fn is_kind_of(class: Class, kind: SrcKind) -> bool {
    match kind {
        SrcKind::Slot => true,
        SrcKind::Const | SrcKind::Acc => !matches!(class, Class::V128),
        SrcKind::Pin0 | SrcKind::Pin1 => Pin::takes(class),
    }
}

/// Whether a result of class `class` may have this kind.
pub(crate) const fn is_result_kind_of(class: Class, kind: DstKind) -> bool {
    match kind {
        DstKind::Slot => true,
        DstKind::Acc => !matches!(class, Class::V128),
        DstKind::Pin0 | DstKind::Pin1 => Pin::takes(class),
    }
}
