//! The operand stack. Spec: `algo-valid`.

use alloc::vec::Vec;
use core::ops::Range;

use wasm_syntax::ValType;

/// Entries below the lowest operand and above the highest that are there to be read and written, but mean nothing: so what
/// needs an instruction's operands looks at a window of fixed size, however high the stack is.
pub(crate) const MARGIN: usize = 2;

/// Operand types, the last pushed on top. What lies above the top is kept for reuse.
#[derive(Debug, Default)]
pub(crate) struct Operands {
    /// `MARGIN` entries, the operands, and at least `MARGIN` more.
    entries: Vec<ValType>,
    len: usize,
}

impl Operands {
    /// Empties the stack; an unused one has to be emptied first too.
    pub fn clear(&mut self) {
        self.len = 0;
        if self.entries.is_empty() {
            self.grow(0);
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn push(&mut self, ty: ValType) {
        if self.len + 2 * MARGIN >= self.entries.len() {
            self.grow(1);
        }
        self.entries[self.len + MARGIN] = ty;
        self.len += 1;
    }

    pub fn extend(&mut self, types: &[ValType]) {
        if self.len + types.len() + 2 * MARGIN >= self.entries.len() {
            self.grow(types.len());
        }
        let start = self.len + MARGIN;
        self.entries[start..start + types.len()].copy_from_slice(types);
        self.len += types.len();
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, count: usize) {
        const LEAST: usize = 64;
        let wanted = (self.len + count + 2 * MARGIN + 1).max(LEAST).max(self.entries.len() * 2);
        self.entries.resize(wanted, ValType::I32);
    }

    /// Forgets the operands from position `len` on.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The operands at these positions.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline]
    pub fn range(&self, range: Range<usize>) -> &[ValType] {
        &self.entries[range.start + MARGIN..range.end + MARGIN]
    }

    /// The operands from a position on.
    #[inline]
    pub fn above_mut(&mut self, height: usize) -> &mut [ValType] {
        &mut self.entries[height + MARGIN..self.len + MARGIN]
    }

    /// The operand at a position.
    #[inline]
    pub fn get(&self, position: usize) -> ValType {
        self.entries[position + MARGIN]
    }

    /// All entries, and how many operands there are, to be worked on in place.
    #[inline]
    pub fn parts(&mut self) -> (&mut [ValType], &mut usize) {
        (&mut self.entries, &mut self.len)
    }
}
