//! Steps on structures, arrays and references to them.
//!
//! Reads and writes of fields are a test for null and an access. What makes objects is a call into ordinary code.

use core::marker::PhantomData;
use core::ptr::NonNull;

use wasm_syntax::{DataIdx, ElemIdx, Trap, V128};
use whimbrel_ir::{ARRAY_HEADER_BYTES, DstKind, OpKey, RefOp, SrcKind, StorageOp};

use super::memory::{Narrow, Raw};
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Fp, Ip, Reason, Regs};
use crate::exec::operand::{Acc, Dst, Fields, SlotA, SlotB, SlotD, Src, ToAcc, ToSlot, Value};
use crate::gc::heap::{AllocError, array_len, at, is_object, type_of};
use crate::gc::reference::{word_of_i31, write};
use crate::gc::{ObjectKind, ObjectType};
use crate::instance::{FuncInst, Instance};

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
fn object(reference: u64) -> *mut u8 {
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
        (SrcKind::Const, _) => None,
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
    by_storage!(key, field_set_of)
}

fn field_set_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match key.shape.a()? {
        SrcKind::Slot => of::<FieldSet<S, SlotD>>(),
        SrcKind::Acc => of::<FieldSet<S, Acc>>(),
        SrcKind::Const => None,
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
        (SrcKind::Const, _) => None,
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
    by_storage!(key, elem_set_of)
}

fn elem_set_of<S: Storage>(key: OpKey) -> Option<Handler> {
    match key.shape.a()? {
        SrcKind::Slot => of::<ElemSet<S, SlotD>>(),
        SrcKind::Acc => of::<ElemSet<S, Acc>>(),
        SrcKind::Const => None,
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
unsafe fn descriptor(reference: u64) -> u64 {
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
        (SrcKind::Const, _) => None,
    }
}

/// Whether a reference that is not null passes a test of kind `KIND`, as the encoding numbers them.
#[inline(always)]
unsafe fn passes<const KIND: u8>(ip: Ip, regs: &Regs, reference: u64) -> bool {
    // SAFETY: the op names a type of the module that the kind of test needs; a reference is to a live object of the
    // operand's hierarchy.
    unsafe {
        let instance = (*regs.ctx).instance;
        let index = Fields::of(ip).imm() as usize;
        match KIND {
            0 => false,
            1 => true,
            2 => reference & 1 == 1 || is_object(reference),
            3 => reference & 1 == 1,
            4 => is_object(reference) && type_of(reference).is_struct(),
            5 => is_object(reference) && !type_of(reference).is_struct(),
            6 | 7 => {
                is_object(reference) && {
                    let ty = object_type(instance, index);
                    let found = type_of(reference);
                    if KIND == 7 { found.id == ty.id } else { found.id == ty.id || found.matches(ty) }
                }
            }
            _ => {
                let func =
                    NonNull::<FuncInst>::new_unchecked(core::ptr::with_exposed_provenance_mut(reference as usize));
                let instance = &*instance;
                match instance.types.types.get_unchecked(index) {
                    Some(ty) if KIND == 9 => func.as_ref().ty.id == ty.id,
                    Some(ty) => func.as_ref().ty.matches(ty.id),
                    None => false,
                }
            }
        }
    }
}

/// A structure or array type of the instance's module.
#[inline(always)]
unsafe fn object_type<'a>(instance: *const Instance, index: usize) -> &'a ObjectType {
    // SAFETY: the index is of such a type (`ir::verify`, "indices exist"), and the module's types live as long as the
    // instance.
    unsafe {
        let instance = &*instance;
        match instance.types.objects.get_unchecked(index) {
            Some(ty) => &*alloc::sync::Arc::as_ptr(ty),
            None => core::hint::unreachable_unchecked(),
        }
    }
}

struct RefTest<D, const KIND: u8, const NULLABLE: bool>(PhantomData<D>);

impl<D: Dst, const KIND: u8, const NULLABLE: bool> Step for RefTest<D, KIND, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand, test and destination.
        unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            let passes = if reference == 0 { NULLABLE } else { passes::<KIND>(ip, regs, reference) };
            D::put(ip, regs, u32::from(passes));
        }
        Next::Fall
    }
}

struct RefCast<const KIND: u8, const NULLABLE: bool>;

impl<const KIND: u8, const NULLABLE: bool> Step for RefCast<KIND, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand and test.
        let passes = unsafe {
            let reference: u64 = SlotA::get(ip, regs);
            if reference == 0 { NULLABLE } else { passes::<KIND>(ip, regs, reference) }
        };
        if passes { Next::Fall } else { Next::Trap(Trap::CastFailure) }
    }
}

macro_rules! by_kind {
    ($key:ident, $function:ident) => {
        match $key.sub {
            0 => $function::<0>($key),
            1 => $function::<1>($key),
            2 => $function::<2>($key),
            3 => $function::<3>($key),
            4 => $function::<4>($key),
            5 => $function::<5>($key),
            6 => $function::<6>($key),
            7 => $function::<7>($key),
            8 => $function::<8>($key),
            9 => $function::<9>($key),
            _ => None,
        }
    };
}

/// Handlers of [`Family::RefTest`](whimbrel_ir::Family).
pub(super) fn ref_test(key: OpKey) -> Option<Handler> {
    by_kind!(key, ref_test_of)
}

fn ref_test_of<const KIND: u8>(key: OpKey) -> Option<Handler> {
    match (key.shape.d()?, key.mode != 0) {
        (DstKind::Slot, false) => of::<RefTest<ToSlot, KIND, false>>(),
        (DstKind::Slot, true) => of::<RefTest<ToSlot, KIND, true>>(),
        (DstKind::Acc, false) => of::<RefTest<ToAcc, KIND, false>>(),
        (DstKind::Acc, true) => of::<RefTest<ToAcc, KIND, true>>(),
    }
}

/// Handlers of [`Family::RefCast`](whimbrel_ir::Family).
pub(super) fn ref_cast(key: OpKey) -> Option<Handler> {
    by_kind!(key, ref_cast_of)
}

fn ref_cast_of<const KIND: u8>(key: OpKey) -> Option<Handler> {
    if key.mode != 0 { of::<RefCast<KIND, true>>() } else { of::<RefCast<KIND, false>>() }
}

struct DescTest<D, const NULLABLE: bool>(PhantomData<D>);

impl<D: Dst, const NULLABLE: bool> Step for DescTest<D, NULLABLE> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has these operands and this destination.
        unsafe {
            let (reference, expected): (u64, u64) = (SlotA::get(ip, regs), SlotB::get(ip, regs));
            if expected == 0 {
                return Next::Trap(Trap::NullDescriptorReference);
            }
            let passes = match reference {
                0 => NULLABLE,
                _ => is_object(reference) && descriptor(reference) == expected,
            };
            D::put(ip, regs, u32::from(passes));
        }
        Next::Fall
    }
}

/// Handlers of [`Family::DescTest`](whimbrel_ir::Family).
pub(super) fn desc_test(key: OpKey) -> Option<Handler> {
    match (key.shape.d()?, key.mode != 0) {
        (DstKind::Slot, false) => of::<DescTest<ToSlot, false>>(),
        (DstKind::Slot, true) => of::<DescTest<ToSlot, true>>(),
        (DstKind::Acc, false) => of::<DescTest<ToAcc, false>>(),
        (DstKind::Acc, true) => of::<DescTest<ToAcc, true>>(),
    }
}

/// What an op on objects sees: its operands, its type, the other index of its payload, and the instance.
struct Operands<'a> {
    slots: Fp,
    ty: &'a ObjectType,
    y: usize,
    instance: *mut Instance,
}

/// Why an op did not happen.
enum Stop {
    Trap(Trap),
    /// The heap has to be collected first.
    Collect,
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl From<AllocError> for Stop {
    fn from(error: AllocError) -> Self {
        match error {
            AllocError::Collect => Self::Collect,
            AllocError::Exhausted => Self::Trap(Trap::AllocationFailure),
        }
    }
}

type Outcome<T = ()> = Result<T, Stop>;

struct AggregateStep<const TAG: u8>;

impl<const TAG: u8> Step for AggregateStep<TAG> {
    const LEN: usize = 3;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has a type, another index, and its operands from slot `a` on.
        let op = unsafe {
            let fields = Fields::of(ip);
            let instance = (*regs.ctx).instance;
            let ty = object_type(instance, fields.imm() as usize);
            Operands { slots: regs.fp.add(fields.a()), ty, y: fields.ext(0) as usize, instance }
        };
        // SAFETY: the operands are those of this op.
        let outcome = unsafe {
            match TAG {
                0 => op.struct_new(),
                1 => op.struct_new_default(),
                2 => op.struct_new_desc(),
                3 => op.struct_new_default_desc(),
                4 => op.array_new(),
                5 => op.array_new_default(),
                6 => op.array_new_fixed(),
                7 => op.array_new_data(),
                8 => op.array_new_elem(),
                9 => op.array_fill(),
                10 => op.array_copy(),
                11 => op.array_init_data(),
                _ => op.array_init_elem(),
            }
        };
        match outcome {
            Ok(()) => Next::Fall,
            Err(Stop::Trap(trap)) => Next::Trap(trap),
            Err(Stop::Collect) => Next::Stop(ip, Reason::Heap),
        }
    }
}

/// Handlers of [`Family::Aggregate`](whimbrel_ir::Family).
pub(super) fn aggregate(key: OpKey) -> Option<Handler> {
    macro_rules! tags {
        ($($tag:literal)*) => {
            match key.sub {
                $($tag => of::<AggregateStep<$tag>>(),)*
                _ => None,
            }
        };
    }
    tags!(0 1 2 3 4 5 6 7 8 9 10 11 12)
}

/// A stretch of an array.
struct Elems {
    start: *mut u8,
    len: u32,
}

/// The bytes or elements from `start` on, `len` of them, if there are that many.
fn range(start: u64, len: u64, size: u64) -> Option<core::ops::Range<usize>> {
    let end = start.checked_add(len)?;
    (end <= size).then_some(start as usize..end as usize)
}

/// All of it relies on operands being such as validation has seen to, and on operands being copied out of the slots before
/// results go there.
impl Operands<'_> {
    /// Operand `n` as an `i32`.
    unsafe fn int(&self, n: usize) -> u32 {
        // SAFETY: the op has that many operands.
        unsafe { u32::load(self.slots.add(n)) }
    }

    /// Operand `n` as a reference.
    unsafe fn reference(&self, n: usize) -> u64 {
        // SAFETY: the op has that many operands.
        unsafe { *self.slots.add(n) }
    }

    unsafe fn set(&self, object: *mut u8) {
        // SAFETY: the op has one result.
        unsafe { *self.slots = object.expose_provenance() as u64 }
    }

    fn elem_op(&self) -> StorageOp {
        self.ty.elem().map_or(StorageOp::I64, |elem| elem.op)
    }

    /// How many slots an element takes.
    fn elem_slots(&self) -> usize {
        self.elem_op().class().slots() as usize
    }

    fn width(&self) -> usize {
        self.elem_op().width_bytes() as usize
    }

    unsafe fn new_struct(&self) -> Outcome<*mut u8> {
        // SAFETY: the heap keeps the types of instances' modules.
        Ok(unsafe { (*(*self.instance).heap.as_ptr()).alloc(self.ty, self.ty.size_bytes as usize)? })
    }

    /// An array, and its first element.
    unsafe fn new_array(&self, len: u32) -> Outcome<(*mut u8, *mut u8)> {
        // SAFETY: the same.
        unsafe {
            let object = (*(*self.instance).heap.as_ptr()).alloc_array(self.ty, len)?;
            Ok((object, object.add(ARRAY_HEADER_BYTES as usize)))
        }
    }

    /// Writes fields from slots in a row; returns the slot behind.
    unsafe fn fill_struct(&self, object: *mut u8) -> Fp {
        let mut slot = self.slots;
        if let ObjectKind::Struct(fields) = &self.ty.kind {
            for field in fields {
                // SAFETY: the object has room for the field, and the operands are the fields' values.
                unsafe {
                    write(object.add(field.offset as usize), field.op, slot);
                    slot = slot.add(field.op.class().slots() as usize);
                }
            }
        }
        slot
    }

    unsafe fn struct_new(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let object = self.new_struct()?;
            self.fill_struct(object);
            self.set(object);
        }
        Ok(())
    }

    unsafe fn zeroed_struct(&self) -> Outcome<*mut u8> {
        // SAFETY: see above.
        unsafe {
            let object = self.new_struct()?;
            let header = size_of::<u64>();
            object.add(header).write_bytes(0, self.ty.size_bytes as usize - header);
            Ok(object)
        }
    }

    unsafe fn struct_new_default(&self) -> Outcome {
        // SAFETY: see above.
        unsafe { self.set(self.zeroed_struct()?) };
        Ok(())
    }

    unsafe fn set_descriptor(&self, object: *mut u8, descriptor: u64) {
        if let Some(offset) = self.ty.descriptor {
            // SAFETY: the type has its descriptor there.
            unsafe { object.add(offset as usize).cast::<u64>().write(descriptor.to_le()) };
        }
    }

    unsafe fn struct_new_desc(&self) -> Outcome {
        let slots = match &self.ty.kind {
            ObjectKind::Struct(fields) => fields.iter().map(|field| field.op.class().slots() as usize).sum(),
            ObjectKind::Array(_) => 0,
        };
        // SAFETY: see above.
        unsafe {
            let descriptor = self.reference(slots);
            if descriptor == 0 {
                return Err(Trap::NullDescriptorReference.into());
            }
            let object = self.new_struct()?;
            self.fill_struct(object);
            self.set_descriptor(object, descriptor);
            self.set(object);
        }
        Ok(())
    }

    unsafe fn struct_new_default_desc(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let descriptor = self.reference(0);
            if descriptor == 0 {
                return Err(Trap::NullDescriptorReference.into());
            }
            let object = self.zeroed_struct()?;
            self.set_descriptor(object, descriptor);
            self.set(object);
        }
        Ok(())
    }

    unsafe fn fill(&self, elems: Elems, value: *const u64) {
        // SAFETY: the elements are the array's.
        (0..elems.len as usize).for_each(|n| unsafe {
            write(elems.start.add(n * self.width()), self.elem_op(), value);
        });
    }

    unsafe fn array_new(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let len = self.int(self.elem_slots());
            let (object, start) = self.new_array(len)?;
            self.fill(Elems { start, len }, self.slots);
            self.set(object);
        }
        Ok(())
    }

    unsafe fn array_new_default(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let len = self.int(0);
            let (object, start) = self.new_array(len)?;
            start.write_bytes(0, len as usize * self.width());
            self.set(object);
        }
        Ok(())
    }

    unsafe fn array_new_fixed(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let (object, start) = self.new_array(self.y as u32)?;
            for n in 0..self.y {
                write(start.add(n * self.width()), self.elem_op(), self.slots.add(n * self.elem_slots()));
            }
            self.set(object);
        }
        Ok(())
    }

    /// `len` elements' bytes of the data segment.
    unsafe fn data(&self, offset: u32, len: u32) -> Outcome<&[u8]> {
        // SAFETY: the instance is live.
        let instance = unsafe { &*self.instance };
        let data = DataIdx(self.y as u32);
        let dropped = instance.dropped_data.get(data.index()).copied().unwrap_or(true);
        let bytes = if dropped { &[] } else { instance.data.get(data.index()) };
        let range = range(offset.into(), u64::from(len) * self.width() as u64, bytes.len() as u64);
        Ok(&bytes[range.ok_or(Trap::MemoryOutOfBounds)?])
    }

    unsafe fn segment(&self, offset: u32, len: u32) -> Outcome<&[u64]> {
        // SAFETY: the instance is live.
        let instance = unsafe { &*self.instance };
        let elems = instance.elems.get(ElemIdx(self.y as u32).index()).map_or(&[][..], |elems| elems);
        Ok(&elems[range(offset.into(), len.into(), elems.len() as u64).ok_or(Trap::TableOutOfBounds)?])
    }

    unsafe fn array_new_data(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let bytes = self.data(self.int(0), self.int(1))?;
            let (object, start) = self.new_array(self.int(1))?;
            copy_data(bytes, start);
            self.set(object);
        }
        Ok(())
    }

    unsafe fn array_new_elem(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let slots = self.segment(self.int(0), self.int(1))?;
            let (object, start) = self.new_array(self.int(1))?;
            copy_slots(slots, start);
            self.set(object);
        }
        Ok(())
    }

    /// The elements of the array in operand `n` from the index in the next one on.
    unsafe fn elems(&self, n: usize, len: u32) -> Outcome<Elems> {
        // SAFETY: see above.
        unsafe {
            let reference = self.reference(n);
            if reference == 0 {
                return Err(Trap::NullArrayReference.into());
            }
            let range = range(self.int(n + 1).into(), len.into(), array_len(reference).into());
            let offset = range.ok_or(Trap::ArrayOutOfBounds)?.start * self.width();
            Ok(Elems { start: object(reference).add(ARRAY_HEADER_BYTES as usize + offset), len })
        }
    }

    unsafe fn array_fill(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let elems = self.elems(0, self.int(2 + self.elem_slots()))?;
            self.fill(elems, self.slots.add(2));
        }
        Ok(())
    }

    unsafe fn array_copy(&self) -> Outcome {
        // SAFETY: see above; the elements of both arrays are equally wide.
        unsafe {
            let len = self.int(4);
            // A null source traps before indices are looked at.
            if self.reference(0) == 0 || self.reference(2) == 0 {
                return Err(Trap::NullArrayReference.into());
            }
            let (to, from) = (self.elems(0, len)?, self.elems(2, len)?);
            to.start.copy_from(from.start, len as usize * self.width());
        }
        Ok(())
    }

    unsafe fn array_init_data(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let len = self.int(3);
            let elems = self.elems(0, len)?;
            copy_data(self.data(self.int(2), len)?, elems.start);
        }
        Ok(())
    }

    unsafe fn array_init_elem(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let len = self.int(3);
            let elems = self.elems(0, len)?;
            let slots = self.segment(self.int(2), len)?;
            copy_slots(slots, elems.start);
        }
        Ok(())
    }
}

/// Copies a data segment's numbers into an array, where they are little-endian, too.
unsafe fn copy_data(bytes: &[u8], to: *mut u8) {
    // SAFETY: the caller passes an array with room for them, and no data segment lies in the heap.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

/// Copies references into an array.
unsafe fn copy_slots(slots: &[u64], to: *mut u8) {
    for (n, slot) in slots.iter().enumerate() {
        // SAFETY: the caller passes an array with room for them.
        unsafe { to.cast::<u64>().add(n).write(slot.to_le()) };
    }
}
