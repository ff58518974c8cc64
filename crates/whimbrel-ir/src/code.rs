//! Compiled code: words, and what the engine, the printer and backtraces need beside them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use wasm_syntax::FuncIdx;

use crate::{Family, Handler, Inst, OpKey, Pos, RefMaps, Saves, Slot, decode, encode};

/// The code of one function: owned, relocatable, plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The function.
    pub func: FuncIdx,
    /// Where its frames keep the return ip: behind parameters and results.
    pub return_slot: Slot,
    /// Slots that its parameters take.
    pub param_slots: u16,
    /// Slots that its results take.
    pub result_slots: u16,
    /// Slots of a frame, headers of staged calls included.
    pub frame_slots: u32,
    /// The caller's pins that it keeps in its frame.
    pub saves: Saves,
    words: Vec<u64>,
    offsets: Vec<(Pos, u32)>,
    handlers: Vec<Handler>,
    /// `None` where no frame holds a reference.
    refs: Option<Box<RefMaps>>,
}

impl Code {
    /// Empty code of `func`.
    #[must_use]
    pub fn new(func: FuncIdx) -> Self {
        Self::with_words(func, Vec::new())
    }

    /// Empty code of `func` that reuses the allocation of `words`.
    #[must_use]
    pub fn with_words(func: FuncIdx, mut words: Vec<u64>) -> Self {
        words.clear();
        Self {
            func,
            return_slot: Slot(0),
            param_slots: 0,
            result_slots: 0,
            frame_slots: 0,
            saves: Saves::None,
            words,
            offsets: Vec::new(),
            handlers: Vec::new(),
            refs: None,
        }
    }

    /// The position at which the next instruction will stand.
    #[inline]
    #[must_use]
    pub fn end(&self) -> Pos {
        Pos(self.words.len() as u32)
    }

    /// Appends an instruction; returns its position.
    #[inline]
    pub fn push(&mut self, inst: Inst) -> Pos {
        let at = self.end();
        let words = &mut self.words;
        encode(inst, at, &mut |word| words.push(word));
        at
    }

    /// Makes room for that many words more.
    pub fn reserve(&mut self, words: usize) {
        self.words.reserve(words);
    }

    /// Appends one target of the `br_table` at `table`.
    pub fn push_br_table_target(&mut self, table: Pos, target: Pos) {
        self.words.push(distance(table, target));
    }

    /// Sets target `n` of the `br_table` at `table`.
    pub fn set_br_table_target(&mut self, table: Pos, n: u32, target: Pos) {
        self.words[(table.0 + 2 + n) as usize] = distance(table, target);
    }

    /// Target `n` of the `br_table` at `table`, if that many words follow.
    #[must_use]
    pub fn br_table_target(&self, table: Pos, n: u32) -> Option<Pos> {
        let word = *self.words.get(table.0 as usize + 2 + n as usize)?;
        Some(Pos(table.0.wrapping_add(word as u32)))
    }

    /// Makes the branch at `at` go to `target`.
    ///
    /// # Panics
    ///
    /// If no branch stands there.
    pub fn set_target(&mut self, at: Pos, target: Pos) {
        let inst = match self.inst(at) {
            Some(Inst::Br { .. }) => Inst::Br { target },
            Some(Inst::BrIf { cond, negate, .. }) => Inst::BrIf { cond, negate, target },
            Some(Inst::BrCmp { op, negate, a, b, .. }) => Inst::BrCmp { op, negate, a, b, target },
            other => panic!("no branch at word {}: {other:?}", at.0),
        };
        self.replace(at, inst);
    }

    /// Puts `inst` in the place of one of the same length.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn replace(&mut self, at: Pos, inst: Inst) {
        let len = self.len_at(at);
        let mut next = at.0 as usize;
        let words = &mut self.words;
        encode(inst, at, &mut |word| {
            words[next] = word;
            next += 1;
        });
        assert_eq!(next - at.0 as usize, len, "an instruction is replaced by one of the same length");
    }

    /// Removes the instruction at `at`. No branch may lead across it or to it: distances of others stay as they are. Handlers
    /// follow what they refer to.
    pub fn remove(&mut self, at: Pos) {
        let len = self.len_at(at) as u32;
        self.words.drain(at.0 as usize..(at.0 + len) as usize);
        for (pos, _) in &mut self.offsets {
            if *pos > at {
                pos.0 -= len;
            }
        }
        Handler::pull(&mut self.handlers, at, len);
        if let Some(refs) = &mut self.refs {
            refs.pull(at, len);
        }
    }

    /// Removes everything from `at` on.
    pub fn truncate(&mut self, at: Pos) {
        self.words.truncate(at.0 as usize);
        while self.offsets.last().is_some_and(|&(pos, _)| pos >= at) {
            self.offsets.pop();
        }
        if let Some(refs) = &mut self.refs {
            refs.truncate(at);
        }
    }

    /// Notes that what follows comes from byte `offset` of the body.
    #[inline]
    pub fn mark_offset(&mut self, offset: u32) {
        let at = self.end();
        match self.offsets.last_mut() {
            Some(last) if last.0 == at => last.1 = offset,
            _ => self.offsets.push((at, offset)),
        }
    }

    /// The byte of the body from which the instruction at `at` comes.
    #[must_use]
    pub fn offset_at(&self, at: Pos) -> Option<u32> {
        let n = self.offsets.partition_point(|&(pos, _)| pos <= at);
        Some(self.offsets.get(n.checked_sub(1)?)?.1)
    }

    /// Positions and body offsets, ascending.
    #[must_use]
    pub fn offsets(&self) -> &[(Pos, u32)] {
        &self.offsets
    }

    /// Exception handlers, in the order of [`Handler::sort`].
    #[must_use]
    pub fn handlers(&self) -> &[Handler] {
        &self.handlers
    }

    /// Sets the exception handlers, in any order.
    pub fn set_handlers(&mut self, mut handlers: Vec<Handler>) {
        Handler::sort(&mut handlers);
        self.handlers = handlers;
    }

    /// Takes the exception handlers out, for the engine to keep.
    #[must_use]
    pub fn take_handlers(&mut self) -> Vec<Handler> {
        core::mem::take(&mut self.handlers)
    }

    /// Reference maps, if any frame holds a reference.
    #[must_use]
    pub fn refs(&self) -> Option<&RefMaps> {
        self.refs.as_deref()
    }

    /// Reference maps, to be added to.
    #[must_use]
    pub fn refs_mut(&mut self) -> Option<&mut RefMaps> {
        self.refs.as_deref_mut()
    }

    /// Sets the reference maps.
    pub fn set_refs(&mut self, refs: Option<Box<RefMaps>>) {
        self.refs = refs;
    }

    /// Takes the reference maps out, for the engine to keep.
    #[must_use]
    pub fn take_refs(&mut self) -> Option<Box<RefMaps>> {
        self.refs.take()
    }

    /// The words, unlinked.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words and the offsets, for the engine to keep.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u64>, Vec<(Pos, u32)>) {
        (self.words, self.offsets)
    }

    /// The instruction at `at`, if one starts there.
    #[must_use]
    pub fn inst(&self, at: Pos) -> Option<Inst> {
        decode(&self.words, at)
    }

    /// The position after the instruction at `at`.
    #[must_use]
    pub fn inst_end(&self, at: Pos) -> Pos {
        Pos(at.0 + self.len_at(at) as u32)
    }

    fn len_at(&self, at: Pos) -> usize {
        self.words.get(at.0 as usize).and_then(|&word| OpKey::from_word(word)?.len_words()).unwrap_or(0)
    }

    /// Every instruction with its position. Ends early, with `None` in the last item, where the words are no instruction.
    pub fn insts(&self) -> impl Iterator<Item = (Pos, Option<Inst>)> + '_ {
        let mut at = Pos(0);
        core::iter::from_fn(move || {
            if at.0 as usize >= self.words.len() {
                return None;
            }
            let (here, inst) = (at, self.inst(at));
            at = match inst {
                Some(Inst::BrTable { count, .. }) => Pos(here.0 + 2 + count),
                Some(_) => Pos(here.0 + self.len_at(here) as u32),
                None => self.end(),
            };
            Some((here, inst))
        })
    }
}

/// Words from `from` to `to`, as the engine adds them to its ip.
fn distance(from: Pos, to: Pos) -> u64 {
    i64::from(to.0.wrapping_sub(from.0) as i32) as u64
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
