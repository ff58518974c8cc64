//! A function's locals: their types, and which of them may still be without a value.
//!
//! The first locals are found by index; those beyond, of which a few bytes can declare thousands, by binary search over
//! the declarations. Only locals of non-defaultable types are tracked. Spec: `syntax-local`, `valid-local`.

use alloc::vec::Vec;

use wasm_syntax::{LocalIdx, ValType};

use crate::error::{ErrorKind, IndexSpace, ValidateError};
use crate::plain::{INDEXED, Types};
use crate::types::unknown;

/// Buffers are kept between functions.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    /// The first locals' types; entries from `count` on mean nothing.
    indexed: Types,
    runs: Vec<Run>,
    count: u32,
    /// Every local below has a value from the start.
    tracked_from: u32,
    /// One bit a local, set once it has been written; empty while none is tracked.
    written: Vec<u64>,
    /// The tracked locals in the order of their first write, to undo at the end of a block.
    writes: Vec<LocalIdx>,
}

/// A declaration: locals up to `end` that an earlier run does not cover.
#[derive(Clone, Copy, Debug)]
struct Run {
    end: u32,
    ty: ValType,
}

impl Locals {
    pub fn clear(&mut self) {
        self.indexed.prepare();
        self.runs.clear();
        self.count = 0;
        self.tracked_from = u32::MAX;
        self.written.clear();
        self.writes.clear();
    }

    /// Appends parameters, which have values.
    pub fn push_params(&mut self, params: &[ValType]) {
        for &ty in params {
            self.push_types(1, ty);
        }
    }

    /// Appends declared locals; the caller has checked the limit.
    pub fn push_declared(&mut self, count: u32, ty: ValType) {
        if !ty.is_defaultable() {
            self.tracked_from = self.tracked_from.min(self.count);
        }
        self.push_types(count, ty);
        if self.tracked_from < self.count {
            self.written.resize(self.count as usize / 64 + 1, 0);
        }
    }

    fn push_types(&mut self, count: u32, ty: ValType) {
        let end = self.count + count;
        let indexed = |position: u32| (position as usize).min(INDEXED);
        self.indexed.locals_mut()[indexed(self.count)..indexed(end)].fill(ty);
        self.count = end;
        if self.count > INDEXED as u32 && count > 0 {
            self.runs.push(Run { end: self.count, ty });
        }
    }

    pub fn len(&self) -> u32 {
        self.count
    }

    #[inline]
    pub fn get(&self, local: LocalIdx) -> Result<ValType, ValidateError> {
        match self.indexed.local(local.index()) {
            Some(ty) if local.0 < self.count => Ok(ty),
            _ => self.search(local),
        }
    }

    /// The first locals' types.
    #[inline]
    pub fn types(&self) -> &Types {
        &self.indexed
    }

    /// As [`types`](Self::types).
    pub fn types_mut(&mut self) -> &mut Types {
        &mut self.indexed
    }

    /// How many of the first locals have values from the start.
    pub fn first_with_values(&self) -> u32 {
        self.count.min(self.tracked_from)
    }

    #[cold]
    fn search(&self, local: LocalIdx) -> Result<ValType, ValidateError> {
        let run = self.runs.partition_point(|run| run.end <= local.0);
        match self.runs.get(run) {
            Some(run) => Ok(run.ty),
            None => Err(unknown(IndexSpace::Local, local.0, self.count)),
        }
    }

    /// Checks that the local, whose type is `ty`, has a value.
    #[inline]
    pub fn check_read(&self, local: LocalIdx, ty: ValType) -> Result<(), ValidateError> {
        if local.0 < self.tracked_from || ty.is_defaultable() || self.is_written(local) {
            Ok(())
        } else {
            Err(ErrorKind::UninitializedLocal(local).into())
        }
    }

    /// Notes that the local, whose type is `ty`, has a value from here to the end of the block.
    #[inline]
    pub fn note_write(&mut self, local: LocalIdx, ty: ValType) {
        if local.0 >= self.tracked_from && !ty.is_defaultable() && !self.is_written(local) {
            self.written[local.index() / 64] |= 1 << (local.0 % 64);
            self.writes.push(local);
        }
    }

    fn is_written(&self, local: LocalIdx) -> bool {
        self.written.get(local.index() / 64).is_some_and(|word| word >> (local.0 % 64) & 1 != 0)
    }

    /// How many first writes there have been, for [`undo_writes`](Self::undo_writes).
    pub fn num_writes(&self) -> u32 {
        self.writes.len() as u32
    }

    /// Takes back the writes since there were `count`.
    #[inline]
    pub fn undo_writes(&mut self, count: u32) {
        while self.writes.len() > count as usize {
            if let Some(local) = self.writes.pop() {
                self.written[local.index() / 64] &= !(1 << (local.0 % 64));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_syntax::{HeapType, RefType};

    #[test]
    fn runs_beyond_the_indexed_locals() {
        let mut locals = Locals::default();
        locals.clear();
        locals.push_params(&[ValType::F64]);
        locals.push_declared(200, ValType::I32);
        locals.push_declared(0, ValType::F32);
        locals.push_declared(1000, ValType::I64);
        locals.push_declared(1, ValType::V128);
        let at = |i| locals.get(LocalIdx(i)).ok();
        assert_eq!([at(0), at(1), at(200), at(201)].map(Option::unwrap), {
            [ValType::F64, ValType::I32, ValType::I32, ValType::I64]
        });
        assert_eq!([at(255), at(256), at(1200), at(1201)].map(Option::unwrap), {
            [ValType::I64, ValType::I64, ValType::I64, ValType::V128]
        });
        assert_eq!((at(1202), locals.len()), (None, 1202));
    }

    #[test]
    fn writes_are_undone_in_reverse() {
        let non_null: ValType = RefType::new(false, HeapType::FUNC).into();
        let mut locals = Locals::default();
        locals.clear();
        locals.push_params(&[non_null]);
        locals.push_declared(300, non_null);
        assert!(locals.check_read(LocalIdx(0), non_null).is_ok());
        assert!(locals.check_read(LocalIdx(1), non_null).is_err());
        locals.note_write(LocalIdx(1), non_null);
        let outer = locals.num_writes();
        locals.note_write(LocalIdx(1), non_null);
        locals.note_write(LocalIdx(299), non_null);
        assert!(locals.check_read(LocalIdx(299), non_null).is_ok());
        locals.undo_writes(outer);
        assert!(locals.check_read(LocalIdx(299), non_null).is_err());
        assert!(locals.check_read(LocalIdx(1), non_null).is_ok());
    }
}
