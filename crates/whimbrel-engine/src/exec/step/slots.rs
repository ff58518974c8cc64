//! Steps whose operands are consecutive slots: bulk memory, tables, references, wide arithmetic.
//!
//! They are calls into ordinary code: what they cost beside a dispatch is their work.

use wasm_numerics as numerics;
use wasm_syntax::{FuncIdx, NumericOp, Trap};
use whimbrel_ir::OpKey;

use super::branch::spend_bulk;
use super::of;
use crate::exec::backend::{Handler, Next, Step};
use crate::exec::context::{Context, Fp, Ip, Reason, Regs};
use crate::exec::growth::GrowthOf;
use crate::exec::operand::{Fields, Value};
use crate::instance::Instance;
use crate::memory::{Memory, racy};
use crate::table::Table;

/// What a slots op sees: its operands, the two indices of its payload, and the instance.
struct Operands {
    slots: Fp,
    x: usize,
    y: usize,
    instance: *mut Instance,
}

impl Operands {
    /// Operand `n` as an address, index or size.
    unsafe fn size(&self, n: usize, is_64: bool) -> u64 {
        // SAFETY: the op has that many operands.
        unsafe {
            let slot = self.slots.add(n);
            if is_64 { *slot } else { u32::load(slot).into() }
        }
    }

    /// Operand `n` as 64 bits.
    unsafe fn word(&self, n: usize) -> u64 {
        // SAFETY: the op has that many operands.
        unsafe { *self.slots.add(n) }
    }

    /// Sets result `n`.
    unsafe fn set(&self, n: usize, value: u64) {
        // SAFETY: the op has that many results.
        unsafe { *self.slots.add(n) = value }
    }

    /// Sets the result to a size, or to -1 where there is none.
    unsafe fn set_size(&self, size: Option<u64>, is_64: bool) {
        let value = size.unwrap_or(u64::MAX);
        // SAFETY: the op has one result.
        unsafe { self.set(0, if is_64 { value } else { (value as u32).into() }) }
    }

    /// Where in memory 0 ranges of a plain memory start whose addresses are these operands and whose length, returned first, is
    /// operand 2, if they are all in it and are not to be split.
    #[inline(always)]
    unsafe fn small_ranges<const N: usize>(&self, regs: &Regs, starts: [usize; N]) -> Option<(usize, [*mut u8; N])> {
        // SAFETY: the op has these operands, `ctx` is the execution's context, and starts are at most at the memory's end.
        unsafe {
            let Context { mem0_base, mem0_bulk_end, .. } = &*regs.ctx;
            let len = self.size(2, false);
            let starts = starts.map(|n| self.size(n, false));
            let fits = len <= CHUNK_BYTES as u64 && starts.iter().all(|start| start + len < *mem0_bulk_end);
            fits.then(|| (len as usize, starts.map(|start| mem0_base.add(start as usize))))
        }
    }

    /// Makes operand `n` an address or index that is `by` further on.
    unsafe fn advance(&self, n: usize, by: usize) {
        // SAFETY: the op has that many operands, and an index stays within 32 bits where it is one of 32.
        unsafe { *self.slots.add(n) = self.word(n).wrapping_add(by as u64) }
    }

    /// Makes the length in operand 2 `left`.
    unsafe fn shorten(&self, left: usize) {
        // SAFETY: the op has three operands.
        unsafe { self.set(2, left as u64) }
    }

    unsafe fn memory(&self, n: usize) -> *mut Memory {
        // SAFETY: the index is in range (`ir::verify`, "indices in range").
        unsafe {
            let memories = &(*self.instance).memories;
            memories.get_unchecked(n).as_ptr()
        }
    }

    unsafe fn table(&self, n: usize) -> *mut Table {
        // SAFETY: the index is in range (`ir::verify`, "indices in range").
        unsafe {
            let tables = &(*self.instance).tables;
            tables.get_unchecked(n).as_ptr()
        }
    }
}

/// The bytes or elements from `start` on, `len` of them, if there are that many.
fn range(start: u64, len: u64, size: usize) -> Option<core::ops::Range<usize>> {
    let end = start.checked_add(len)?;
    (end <= size as u64).then_some(start as usize..end as usize)
}

type Outcome = Result<(), Trap>;

/// Bytes that move between two looks at the budget.
const CHUNK_BYTES: usize = 256 << 10;

/// What a bulk op makes of its range: all of it, or the first part, the operands then being those of the rest.
struct Bulk<'r> {
    regs: &'r Regs,
    elem_bytes: usize,
}

impl<'r> Bulk<'r> {
    fn new(regs: &'r Regs, elem_bytes: usize) -> Self {
        Self { regs, elem_bytes }
    }

    /// Does `part` for one piece of the range after another, each given by its start and end; returns how many of the `len`
    /// are left, which is none unless the budget ran out.
    fn run(&self, len: usize, mut part: impl FnMut(usize, usize)) -> usize {
        let mut done = 0usize;
        loop {
            let end = len.min(done.saturating_add(CHUNK_BYTES / self.elem_bytes));
            part(done, end);
            spend_bulk(self.regs, ((end - done) * self.elem_bytes) as u64);
            done = end;
            // SAFETY: `ctx` is the execution's context, to which there is no other reference.
            if done == len || unsafe { (*self.regs.ctx).budget < 0 } {
                return len - done;
            }
        }
    }
}

pub(super) struct SlotsStep<const TAG: u8>;

impl<const TAG: u8> Step for SlotsStep<TAG> {
    const LEN: usize = 3;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has two indices and its operands from slot `a` on.
        let operands = unsafe {
            let fields = Fields::of(ip);
            let slots = regs.fp.add(fields.a());
            Operands { slots, x: fields.imm() as usize, y: fields.ext(0) as usize, instance: (*regs.ctx).instance }
        };
        if matches!(TAG, 4 | 8) {
            // SAFETY: the operands are those of an op that grows; `ctx` is the execution's context.
            let stops = unsafe { stops_to_ask(regs.ctx, operands.slots, operands.x, TAG == 4) };
            if stops {
                return Next::Stop(ip, Reason::Grow);
            }
        }
        // SAFETY: the operands are those of this op.
        let outcome = unsafe {
            match TAG {
                0 => memory_copy(&operands, regs),
                1 => memory_fill(&operands, regs),
                2 => memory_init(&operands, regs),
                3 => data_drop(&operands),
                4 => memory_grow(&operands, regs),
                5 => memory_size(&operands),
                6 => table_get(&operands),
                7 => table_set(&operands),
                8 => table_grow(&operands, regs),
                9 => table_size(&operands),
                10 => table_fill(&operands, regs),
                11 => table_copy(&operands, regs),
                12 => table_init(&operands, regs),
                13 => elem_drop(&operands),
                14 => ref_func(&operands),
                _ => wide(&operands),
            }
        };
        match outcome {
            // SAFETY: these have their length in operand 2.
            Ok(()) if matches!(TAG, 0 | 1 | 10 | 11) && unsafe { operands.word(2) } != 0 => {
                Next::Stop(ip, Reason::Budget)
            }
            Ok(()) => Next::Fall,
            Err(trap) => Next::Trap(trap),
        }
    }
}

/// Handlers of [`Family::Slots`](whimbrel_ir::Family).
pub(super) fn slots(key: OpKey) -> Option<Handler> {
    macro_rules! tags {
        ($($tag:literal)*) => {
            match key.sub {
                $($tag => of::<SlotsStep<$tag>>(),)*
                _ => None,
            }
        };
    }
    tags!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
}

unsafe fn memory_copy(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: the op has three operands, and the ranges found are in memory 0; they may overlap.
    unsafe {
        if op.x | op.y == 0
            && let Some((len, [to, from])) = op.small_ranges(regs, [0, 1])
        {
            to.copy_from(from, len);
            spend_bulk(regs, len as u64);
            op.shorten(0);
            return Ok(());
        }
    }
    // SAFETY: memories are live; the ranges are checked before the copy, which allows overlap.
    unsafe {
        let (dst, src) = (op.memory(op.x), op.memory(op.y));
        let (dst64, src64) = ((*dst).ty().memory64, (*src).ty().memory64);
        let len = op.size(2, dst64 && src64);
        let to = range(op.size(0, dst64), len, (*dst).len_bytes() as usize).ok_or(Trap::MemoryOutOfBounds)?;
        let from = range(op.size(1, src64), len, (*src).len_bytes() as usize).ok_or(Trap::MemoryOutOfBounds)?;
        let (dst, src) = (&*dst, &*src);
        let is_racy = dst.shared().is_some() || src.shared().is_some();
        let (to, from, len) = (dst.start().add(to.start), src.start().add(from.start), to.len());
        copy_in_parts(op, &Bulk::new(regs, 1), len, to.cast_const() <= from, |start, end| {
            if is_racy {
                racy::copy(to.add(start), from.add(start), end - start);
            } else if end > start {
                to.add(start).copy_from(from.add(start), end - start);
            }
        });
    }
    Ok(())
}

/// Copies `len` bytes or elements from the end at which none is overwritten before it is read; makes the operands those of what
/// is left.
unsafe fn copy_in_parts(op: &Operands, bulk: &Bulk<'_>, len: usize, ascends: bool, part: impl Fn(usize, usize)) {
    let left = bulk.run(len, |start, end| if ascends { part(start, end) } else { part(len - end, len - start) });
    // SAFETY: the op is a copy.
    unsafe {
        if ascends {
            op.advance(0, len - left);
            op.advance(1, len - left);
        }
        op.shorten(left);
    }
}

unsafe fn memory_fill(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: the op has three operands, and the range found is in memory 0.
    unsafe {
        if op.x == 0
            && let Some((len, [at])) = op.small_ranges(regs, [0])
        {
            at.write_bytes(op.word(1) as u8, len);
            spend_bulk(regs, len as u64);
            op.shorten(0);
            return Ok(());
        }
    }
    // SAFETY: the memory is live; the range is checked.
    unsafe {
        let memory = op.memory(op.x);
        let is_64 = (*memory).ty().memory64;
        let to = range(op.size(0, is_64), op.size(2, is_64), (*memory).len_bytes() as usize);
        let to = to.ok_or(Trap::MemoryOutOfBounds)?;
        let (at, value) = ((*memory).start().add(to.start), op.word(1) as u8);
        let left = Bulk::new(regs, 1).run(to.len(), |start, end| {
            if (*memory).shared().is_some() {
                racy::fill(at.add(start), value, end - start);
            } else if end > start {
                at.add(start).write_bytes(value, end - start);
            }
        });
        op.advance(0, to.len() - left);
        op.shorten(left);
    }
    Ok(())
}

unsafe fn memory_init(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: instance and memory are live; the ranges are checked, and a module's bytes are in no memory.
    unsafe {
        let memory = op.memory(op.y);
        let dropped = &(*op.instance).dropped_data;
        let dropped = dropped.get(op.x).copied().unwrap_or(true);
        let bytes = if dropped { &[] } else { (*op.instance).data.get(op.x) };
        let len = op.size(2, false);
        let to = range(op.size(0, (*memory).ty().memory64), len, (*memory).len_bytes() as usize);
        let to = to.ok_or(Trap::MemoryOutOfBounds)?;
        let from = range(op.size(1, false), len, bytes.len()).ok_or(Trap::MemoryOutOfBounds)?;
        spend_bulk(regs, len);
        if (*memory).shared().is_some() {
            racy::write((*memory).start().add(to.start), &bytes[from]);
        } else if !to.is_empty() {
            (*memory).base().add(to.start).copy_from_nonoverlapping(bytes.as_ptr().add(from.start), to.len());
        }
    }
    Ok(())
}

unsafe fn data_drop(op: &Operands) -> Outcome {
    // SAFETY: the instance is live, and nothing borrows it.
    let dropped = unsafe { &mut (*op.instance).dropped_data };
    if let Some(dropped) = dropped.get_mut(op.x) {
        *dropped = true;
    }
    Ok(())
}

/// Whether the op has to stop before it grows memory or table `x`. A function of its own, called with plain values: a handler of
/// whose locals an address is taken could not end in a jump.
///
/// # Safety
///
/// `slots` are the operands of a `memory.grow`, or else of a `table.grow`, and `ctx` is the execution's context.
#[inline(never)]
unsafe fn stops_to_ask(ctx: *mut Context, slots: Fp, x: usize, is_memory: bool) -> bool {
    // SAFETY: memories and tables of the instance are live, and nothing changes them while the op looks.
    unsafe {
        let op = Operands { slots, x, y: 0, instance: (*ctx).instance };
        let growth = if is_memory {
            let memory = &*op.memory(op.x);
            GrowthOf::Memory(memory, op.size(0, memory.ty().memory64))
        } else {
            let table = &*op.table(op.x);
            GrowthOf::Table(table, op.size(1, table.ty().table64))
        };
        (*ctx).stops_for(&growth)
    }
}

unsafe fn memory_grow(op: &Operands, regs: &mut Regs) -> Outcome {
    // SAFETY: the memory is live, and nothing borrows it; the context's copy of its place is renewed.
    unsafe {
        let memory = op.memory(op.x);
        let is_64 = (*memory).ty().memory64;
        let delta = op.size(0, is_64);
        let old = if (*regs.ctx).take_consent() { (*memory).grow(delta) } else { None };
        if old.is_some() {
            spend_bulk(regs, delta << (*memory).ty().page_size_log2);
        }
        op.set_size(old, is_64);
        (*regs.ctx).reload();
    }
    Ok(())
}

unsafe fn memory_size(op: &Operands) -> Outcome {
    // SAFETY: the memory is live.
    unsafe {
        let memory = op.memory(op.x);
        op.set_size(Some((*memory).size_pages()), (*memory).ty().memory64);
    }
    Ok(())
}

unsafe fn table_get(op: &Operands) -> Outcome {
    // SAFETY: the table is live.
    unsafe {
        let table = op.table(op.x);
        let index = op.size(0, (*table).ty().table64);
        let element = usize::try_from(index).ok().and_then(|index| (*table).elems().get(index).copied());
        op.set(0, element.ok_or(Trap::TableOutOfBounds)?);
    }
    Ok(())
}

unsafe fn table_set(op: &Operands) -> Outcome {
    // SAFETY: the table is live, and nothing borrows it.
    unsafe {
        let table = op.table(op.x);
        let index = op.size(0, (*table).ty().table64);
        let element = usize::try_from(index).ok().and_then(|index| (*table).elems_mut().get_mut(index));
        *element.ok_or(Trap::TableOutOfBounds)? = op.word(1);
    }
    Ok(())
}

unsafe fn table_grow(op: &Operands, regs: &mut Regs) -> Outcome {
    // SAFETY: the table is live, and nothing borrows it; the context's copy of its place is renewed.
    unsafe {
        let table = op.table(op.x);
        let is_64 = (*table).ty().table64;
        let delta = op.size(1, is_64);
        let old = if (*regs.ctx).take_consent() { (*table).grow(delta, op.word(0)) } else { None };
        if old.is_some() {
            spend_bulk(regs, delta * size_of::<u64>() as u64);
        }
        op.set_size(old, is_64);
        (*regs.ctx).reload();
    }
    Ok(())
}

unsafe fn table_size(op: &Operands) -> Outcome {
    // SAFETY: the table is live.
    unsafe {
        let table = op.table(op.x);
        op.set_size(Some((*table).elems().len() as u64), (*table).ty().table64);
    }
    Ok(())
}

unsafe fn table_fill(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: the table is live, and nothing borrows it.
    unsafe {
        let table = op.table(op.x);
        let is_64 = (*table).ty().table64;
        let elems = (*table).elems_mut();
        let to = range(op.size(0, is_64), op.size(2, is_64), elems.len()).ok_or(Trap::TableOutOfBounds)?;
        let (elems, value) = (&mut elems[to], op.word(1));
        let left = Bulk::new(regs, size_of::<u64>()).run(elems.len(), |start, end| elems[start..end].fill(value));
        op.advance(0, elems.len() - left);
        op.shorten(left);
    }
    Ok(())
}

unsafe fn table_copy(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: the tables are live, and nothing borrows them; the ranges are checked before the copy, which allows overlap.
    unsafe {
        let (dst, src) = (op.table(op.x), op.table(op.y));
        let (dst64, src64) = ((*dst).ty().table64, (*src).ty().table64);
        let len = op.size(2, dst64 && src64);
        let to = range(op.size(0, dst64), len, (*dst).elems().len()).ok_or(Trap::TableOutOfBounds)?;
        let from = range(op.size(1, src64), len, (*src).elems().len()).ok_or(Trap::TableOutOfBounds)?;
        let (len, from) = (to.len(), (*src).elems().as_ptr().add(from.start));
        let to = (*dst).elems_mut().as_mut_ptr().add(to.start);
        // Where one table is both, the pointer derived last may be the only one that is used.
        let from = if core::ptr::eq(dst, src) { to.cast_const().offset(from.offset_from(to)) } else { from };
        copy_in_parts(op, &Bulk::new(regs, size_of::<u64>()), len, to.cast_const() <= from, |start, end| {
            to.add(start).copy_from(from.add(start), end - start);
        });
    }
    Ok(())
}

unsafe fn table_init(op: &Operands, regs: &Regs) -> Outcome {
    // SAFETY: instance and table are live, and nothing borrows the table.
    unsafe {
        let table = op.table(op.y);
        let segments = &(*op.instance).elems;
        let segment: &[u64] = segments.get(op.x).map_or(&[], |segment| segment);
        let len = op.size(2, false);
        let elems = (*table).elems_mut();
        let to = range(op.size(0, (*table).ty().table64), len, elems.len()).ok_or(Trap::TableOutOfBounds)?;
        let from = range(op.size(1, false), len, segment.len()).ok_or(Trap::TableOutOfBounds)?;
        spend_bulk(regs, len * size_of::<u64>() as u64);
        elems[to].copy_from_slice(&segment[from]);
    }
    Ok(())
}

unsafe fn elem_drop(op: &Operands) -> Outcome {
    // SAFETY: the instance is live, and nothing borrows it.
    let segments = unsafe { &mut (*op.instance).elems };
    if let Some(segment) = segments.get_mut(op.x) {
        *segment = alloc::vec::Vec::new();
    }
    Ok(())
}

unsafe fn ref_func(op: &Operands) -> Outcome {
    // SAFETY: the instance is live, and the index in range (`ir::verify`, "indices in range").
    unsafe {
        let func = (*op.instance).func_ref(FuncIdx(op.x as u32));
        op.set(0, func.as_ptr().expose_provenance() as u64);
    }
    Ok(())
}

unsafe fn wide(op: &Operands) -> Outcome {
    // SAFETY: the op has as many operands as the instruction.
    let (low, high) = unsafe {
        match NumericOp::ALL[op.x] {
            NumericOp::I64Add128 => numerics::i64_add128(op.word(0), op.word(1), op.word(2), op.word(3)),
            NumericOp::I64Sub128 => numerics::i64_sub128(op.word(0), op.word(1), op.word(2), op.word(3)),
            NumericOp::I64MulWideS => numerics::i64_mul_wide_s(op.word(0), op.word(1)),
            NumericOp::I64MulWideU => numerics::i64_mul_wide_u(op.word(0), op.word(1)),
            other => unreachable!("`{}` has one result", other.mnemonic()),
        }
    };
    // SAFETY: the op has two results.
    unsafe {
        op.set(0, low);
        op.set(1, high);
    }
    Ok(())
}
