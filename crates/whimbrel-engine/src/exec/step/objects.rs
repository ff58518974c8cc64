//! Steps that make structures and arrays, or work on stretches of arrays.
//!
//! They are calls into ordinary code; one that finds that the heap has to be collected first stops, to be done again.

use core::cell::Cell;
use core::hint::unreachable_unchecked;
use core::slice;

use wasm_syntax::{DataIdx, ElemIdx, Trap};
use whimbrel_ir::{ARRAY_HEADER_BYTES, OpKey, StorageOp};

use super::aggregate::object;
use super::branch::spend_bulk;
use super::cast::object_type;
use super::of;
use crate::exec::backend::{Handler, Next, Step, cold_handler_for};
use crate::exec::context::{Fp, Ip, Reason, Regs};
use crate::exec::operand::{Fields, Value};
use crate::gc::heap::{AllocError, array_len};
use crate::gc::reference::write;
use crate::gc::{Heap, ObjectKind, ObjectType};
use crate::instance::Instance;

/// What an op on objects sees: its operands, its type, the other index of its payload, and the instance.
struct Operands<'a> {
    slots: Fp,
    ty: &'a ObjectType,
    y: usize,
    instance: *mut Instance,
    heap: *mut Heap,
    /// The bytes of the array's elements that it works on.
    bytes: Cell<u64>,
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
            let heap = (*regs.ctx).heap;
            let (slots, bytes) = (regs.fp.add(fields.a()), Cell::new(0));
            Operands { slots, ty, y: fields.ext(0) as usize, instance, heap, bytes }
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
            Ok(()) => {
                spend_bulk(regs, op.bytes.get());
                Next::Fall
            }
            Err(Stop::Trap(trap)) => Next::Trap(trap),
            Err(Stop::Collect) => Next::Stop(ip, Reason::Heap),
        }
    }
}

/// Writes fields from slots in a row.
#[inline(always)]
unsafe fn fill_struct(ty: &ObjectType, mut slot: Fp, object: *mut u8) {
    // SAFETY: the object has room for the fields, a cell for what plain ones write; the slots are the fields' values.
    unsafe {
        for &offset in &ty.plain_fields {
            object.add(offset as usize).cast::<u64>().write_unaligned(*slot);
            slot = slot.add(1);
        }
        if let ObjectKind::Struct(fields) = &ty.kind {
            for field in fields.get_unchecked(ty.plain_fields.len()..) {
                write(object.add(field.offset as usize), field.op, slot);
                slot = slot.add(field.op.class().slots() as usize);
            }
        }
    }
}

/// `struct.new` where there is a free cell at hand.
struct StructNew;

impl Step for StructNew {
    const LEN: usize = 3;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has a structure type, of the current instance's module, and its fields from slot `a` on. The heap
        // keeps the type.
        unsafe {
            let fields = Fields::of(ip);
            let Some(ty) = &*(*regs.ctx).objects.add(fields.imm() as usize) else { unreachable_unchecked() };
            let Some(object) = (*(*regs.ctx).heap).bump(&**ty) else {
                return Next::Cold(cold_handler_for::<AggregateStep<0>>());
            };
            let slots = regs.fp.add(fields.a());
            fill_struct(ty, slots, object);
            *slots = object.expose_provenance() as u64;
        }
        Next::Fall
    }
}

/// Handlers of [`Family::Aggregate`](whimbrel_ir::Family).
pub(super) fn aggregate(key: OpKey) -> Option<Handler> {
    if key.sub == 0 {
        return of::<StructNew>();
    }
    macro_rules! tags {
        ($($tag:literal)*) => {
            match key.sub {
                $($tag => of::<AggregateStep<$tag>>(),)*
                _ => None,
            }
        };
    }
    tags!(1 2 3 4 5 6 7 8 9 10 11 12)
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
        Ok(unsafe { (*self.heap).alloc(self.ty, self.ty.size_bytes as usize)? })
    }

    /// An array, and its first element.
    unsafe fn new_array(&self, len: u32) -> Outcome<(*mut u8, *mut u8)> {
        self.bytes.set(u64::from(len) * self.width() as u64);
        // SAFETY: the same.
        unsafe {
            let object = (*self.heap).alloc_array(self.ty, len)?;
            Ok((object, object.add(ARRAY_HEADER_BYTES as usize)))
        }
    }

    unsafe fn fill_struct(&self, object: *mut u8) {
        // SAFETY: passed on from the caller.
        unsafe { fill_struct(self.ty, self.slots, object) }
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

    unsafe fn fill(&self, elems: &Elems, value: *const u64) {
        let len = elems.len as usize;
        // SAFETY: the elements are the array's, and the value is one of theirs.
        unsafe {
            match self.elem_op() {
                StorageOp::I8S | StorageOp::I8U => elems.start.write_bytes(*value as u8, len),
                StorageOp::I64 | StorageOp::F64 => {
                    slice::from_raw_parts_mut(elems.start.cast::<u64>(), len).fill((*value).to_le());
                }
                op => (0..len).for_each(|n| write(elems.start.add(n * self.width()), op, value)),
            }
        }
    }

    /// Tells the collector of the references in a stretch that is about to be overwritten, if it wants to know.
    unsafe fn shade(&self, elems: &Elems) {
        // SAFETY: the elements are the array's, and references to the heap.
        unsafe {
            if (*self.heap).is_marking() && self.ty.has_heap_elems() {
                let start = elems.start.cast::<u64>();
                (0..elems.len as usize).for_each(|n| (*self.heap).shade(u64::from_le(start.add(n).read())));
            }
        }
    }

    unsafe fn array_new(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let len = self.int(self.elem_slots());
            let (object, start) = self.new_array(len)?;
            self.fill(&Elems { start, len }, self.slots);
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
            self.bytes.set(u64::from(len) * self.width() as u64);
            Ok(Elems { start: object(reference).add(ARRAY_HEADER_BYTES as usize + offset), len })
        }
    }

    unsafe fn array_fill(&self) -> Outcome {
        // SAFETY: see above.
        unsafe {
            let elems = self.elems(0, self.int(2 + self.elem_slots()))?;
            self.shade(&elems);
            self.fill(&elems, self.slots.add(2));
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
            self.shade(&to);
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
            self.shade(&elems);
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
