//! Instructions: one table from opcode to row, one `match` from row to value. Spec: `binary-instr`.

use wasm_syntax::{AtomicOp, Feature, Instr, LaneOp, LoadOp, MemoryLaneOp, NumericOp, StoreOp, VectorOp};

use crate::immediate::Immediate;
use crate::{Cursor, ReadError, ReadErrorKind, Result};

/// The first byte of opcodes that go on with an integer.
const FIRST_PREFIX: u8 = 0xFB;
/// Where in [`TABLE`] the opcodes of each prefix start, from [`FIRST_PREFIX`] on, and where the last end.
const PREFIX_STARTS: [usize; 5] = [256, 256 + 64, 256 + 64 + 64, 256 + 64 + 64 + 320, 256 + 64 + 64 + 320 + 80];
const TABLE_LEN: usize = PREFIX_STARTS[4];

/// What an opcode stands for.
#[derive(Clone, Copy)]
struct Entry {
    arm: Arm,
    feature: Feature,
}

const fn table_index(opcode: u32) -> usize {
    match opcode >> 16 {
        0 => opcode as usize,
        prefix => {
            let prefix = prefix as usize - FIRST_PREFIX as usize;
            let index = PREFIX_STARTS[prefix] + (opcode & 0xFFFF) as usize;
            assert!(index < PREFIX_STARTS[prefix + 1], "the prefix's part of the table is too short");
            index
        }
    }
}

macro_rules! fill_families {
    ($table:ident: $($variant:ident $op:ident;)*) => {$(
        let mut i = 0;
        while i < $op::ALL.len() {
            let op = $op::ALL[i];
            $table[table_index(op.opcode())] = Entry { arm: Arm::$variant(op), feature: op.feature() };
            i += 1;
        }
    )*};
}

macro_rules! decoder {
    ($($opcode:literal $variant:ident $(($($field:ident: $imm:ty),*))? $text:literal $feature:ident;)*) => {
        /// The rows that decode alike: a family, or an irregular row by itself.
        #[derive(Clone, Copy)]
        enum Arm {
            Illegal,
            $($variant,)*
            Numeric(NumericOp),
            Load(LoadOp),
            Store(StoreOp),
            Vector(VectorOp),
            VectorLane(LaneOp),
            MemoryLane(MemoryLaneOp),
            Atomic(AtomicOp),
        }

        static TABLE: [Entry; TABLE_LEN] = {
            let mut table = [Entry { arm: Arm::Illegal, feature: Feature::Mvp }; TABLE_LEN];
            $(table[table_index($opcode)] = Entry { arm: Arm::$variant, feature: Feature::$feature };)*
            fill_families! { table:
                Numeric NumericOp;
                Load LoadOp;
                Store StoreOp;
                Vector VectorOp;
                VectorLane LaneOp;
                MemoryLane MemoryLaneOp;
                Atomic AtomicOp;
            }
            table
        };

        impl<'a> InstrReader<'a> {
            /// Takes what follows the opcode of `arm`, which is `byte` if it is of one byte.
            #[inline(always)]
            fn immediates(&mut self, arm: Arm, byte: u8) -> Result<Instr<'a>> {
                Ok(match arm {
                    Arm::Illegal => return Err(self.illegal_opcode(u64::from(byte))),
                    $(Arm::$variant => {
                        self.nest::<$opcode>()?;
                        $($(let $field = Immediate::from_cursor(&mut self.cursor)?;)*)?
                        Instr::$variant $(($($field),*))?
                    })*
                    Arm::Numeric(op) => Instr::Numeric(op),
                    Arm::Load(op) => Instr::Load(op, Immediate::from_cursor(&mut self.cursor)?),
                    Arm::Store(op) => Instr::Store(op, Immediate::from_cursor(&mut self.cursor)?),
                    Arm::Vector(op) => Instr::Vector(op),
                    Arm::VectorLane(op) => Instr::VectorLane(op, Immediate::from_cursor(&mut self.cursor)?),
                    Arm::MemoryLane(op) => {
                        let arg = Immediate::from_cursor(&mut self.cursor)?;
                        Instr::MemoryLane(op, arg, Immediate::from_cursor(&mut self.cursor)?)
                    }
                    Arm::Atomic(op) => Instr::Atomic(op, Immediate::from_cursor(&mut self.cursor)?),
                })
            }
        }
    };
}
wasm_syntax::for_each_irregular!(decoder);

/// What takes instructions as they are read; see [`InstrReader::read_into`].
///
/// The most frequent instructions are given by calls of their own: with an `instr` that is inlined and tells instructions
/// apart, decoding one of them goes straight to what is done with it, without telling it apart again.
pub trait InstrSink<'a> {
    /// Why the sink refuses an instruction, or the reader cannot read it.
    type Error: From<ReadError>;

    /// Takes an instruction and its offset in the module.
    ///
    /// # Errors
    ///
    /// If the sink refuses it.
    fn instr(&mut self, offset: u64, instr: &Instr<'a>) -> Result<(), Self::Error>;
}

/// The instructions of an expression, up to the `end` that closes it.
///
/// As an iterator it gives each with its offset in the module, and nothing after an error. Blocks are checked to be
/// closed exactly at the end. That an `else` belongs to an `if` is checked for the 64 outermost blocks, since the reader
/// does not allocate; a validator's control stack knows it for all.
#[derive(Clone, Debug)]
pub struct InstrReader<'a> {
    pub(crate) cursor: Cursor<'a>,
    /// Open blocks within the expression.
    depth: u32,
    /// Which of the open blocks, outermost in bit 0, are an `if` without an `else`.
    ifs: u64,
    finished: bool,
    /// Whether bytes may follow the closing `end`.
    is_prefix: bool,
}

impl<'a> InstrReader<'a> {
    /// The instructions that `cursor`'s bytes, to their end, consist of.
    #[must_use]
    pub const fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, depth: 0, ifs: 0, finished: false, is_prefix: false }
    }

    /// The offset in the module of what comes next.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// How many blocks are open within the expression.
    #[inline]
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether the closing `end` has been read.
    #[inline]
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Takes the next instruction.
    ///
    /// # Errors
    ///
    /// If it is malformed, or nothing is left, as after the closing `end`. The position is then unspecified.
    // Inlined into the caller's loop, the value stays in registers and its kind is not told apart twice.
    #[inline(always)]
    pub fn read(&mut self) -> Result<Instr<'a>> {
        let start = self.cursor.offset();
        let Ok(byte) = self.cursor.byte() else { return Err(self.cursor.error(ReadErrorKind::EndExpected)) };
        let entry = if byte < FIRST_PREFIX { TABLE[byte as usize] } else { self.prefixed(byte)? };
        if !self.cursor.features().has(entry.feature) {
            self.feature_off(&entry, start)?;
        }
        self.immediates(entry.arm, byte)
    }

    /// Takes the next instruction and gives it to `sink`.
    ///
    /// # Errors
    ///
    /// `sink`'s, or that of reading.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn read_into<S: InstrSink<'a>>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let offset = self.offset();
        macro_rules! frequent {
            ($($opcode:literal $arm:ident)*) => {
                match self.cursor.rest().first() {
                    // Without the optimiser, each copy of what is inlined would take its own place on the stack.
                    $(#[cfg(not(debug_assertions))]
                    Some($opcode) => {
                        self.cursor.byte()?;
                        sink.instr(offset, &self.immediates(Arm::$arm, $opcode)?)
                    })*
                    _ => sink.instr(offset, &self.read()?),
                }
            };
        }
        frequent! {
            0x02 Block 0x03 Loop 0x04 If 0x0B End 0x0C Br 0x0D BrIf 0x0F Return 0x10 Call
            0x1B Select 0x23 GlobalGet 0x24 GlobalSet 0x41 I32Const
        }
    }

    /// Calls `sink` with every instruction and its offset, up to the closing `end`.
    ///
    /// # Errors
    ///
    /// The first of `sink`'s, or of reading.
    #[inline]
    pub fn for_each<E: From<ReadError>>(
        mut self,
        mut sink: impl FnMut(u64, Instr<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !self.finished {
            let offset = self.offset();
            sink(offset, self.read()?)?;
        }
        Ok(())
    }

    /// Reads to the closing `end`, and gives the position after it.
    pub(crate) fn skip(cursor: Cursor<'a>) -> Result<Cursor<'a>> {
        let mut reader = Self { is_prefix: true, ..Self::new(cursor) };
        while !reader.finished {
            reader.read()?;
        }
        Ok(reader.cursor)
    }

    /// Takes the integer after the prefix `byte`.
    #[inline(never)]
    fn prefixed(&mut self, byte: u8) -> Result<Entry> {
        let prefix = (byte - FIRST_PREFIX) as usize;
        let (Some(&start), Some(&end)) = (PREFIX_STARTS.get(prefix), PREFIX_STARTS.get(prefix + 1)) else {
            return Err(self.illegal_opcode(u64::from(byte)));
        };
        let at_prefix = self.clone();
        let sub = self.cursor.u32()?;
        match TABLE[start..end].get(sub as usize) {
            None | Some(Entry { arm: Arm::Illegal, .. }) => {
                Err(at_prefix.illegal_opcode(u64::from(byte) << 32 | u64::from(sub)))
            }
            Some(entry) => Ok(*entry),
        }
    }

    /// Keeps account of open blocks; decided at compile time for the instructions that neither open nor close one.
    #[inline(always)]
    fn nest<const OPCODE: u32>(&mut self) -> Result<()> {
        match OPCODE {
            // block, loop, try, try_table
            0x02 | 0x03 | 0x06 | 0x1F => self.open(false),
            // if
            0x04 => self.open(true),
            // else
            0x05 => return self.switch_to_else(),
            // end
            0x0B => return self.close(),
            // delegate
            0x18 if self.depth == 0 => return Err(self.error(ReadErrorKind::EndExpected)),
            0x18 => return self.close(),
            _ => {}
        }
        Ok(())
    }

    /// The bit of `ifs` for the block at `depth`; none for blocks too deep to have one.
    #[inline(always)]
    const fn if_bit(depth: u32) -> u64 {
        if depth < u64::BITS { 1 << depth } else { 0 }
    }

    #[inline(always)]
    fn open(&mut self, is_if: bool) {
        let bit = Self::if_bit(self.depth);
        self.ifs = if is_if { self.ifs | bit } else { self.ifs & !bit };
        self.depth += 1;
    }

    #[inline]
    fn switch_to_else(&mut self) -> Result<()> {
        let bit = match self.depth.checked_sub(1) {
            Some(depth) => Self::if_bit(depth),
            None => return Err(self.error(ReadErrorKind::ElseOutsideIf)),
        };
        if bit != 0 && self.ifs & bit == 0 {
            return Err(self.error(ReadErrorKind::ElseOutsideIf));
        }
        self.ifs &= !bit;
        Ok(())
    }

    #[inline(always)]
    fn close(&mut self) -> Result<()> {
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => {
                self.finished = true;
                if !self.is_prefix {
                    self.cursor.finish()?;
                }
            }
        }
        Ok(())
    }

    /// An error at the opcode just taken, of one byte.
    #[cold]
    #[inline(never)]
    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError { kind, offset: self.cursor.offset().saturating_sub(1) }
    }

    #[cold]
    #[inline(never)]
    fn illegal_opcode(&self, opcode: u64) -> ReadError {
        self.error(ReadErrorKind::IllegalOpcode { opcode })
    }

    /// The error for an instruction whose feature is off, unless it is also part of one that is on.
    #[cold]
    #[inline(never)]
    fn feature_off(&self, entry: &Entry, start: u64) -> Result<()> {
        match entry.arm {
            Arm::Throw if self.cursor.features().has(Feature::LegacyExceptions) => Ok(()),
            _ => Err(ReadError { kind: ReadErrorKind::FeatureOff(entry.feature), offset: start }),
        }
    }
}

impl<'a> Iterator for InstrReader<'a> {
    type Item = Result<(u64, Instr<'a>)>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let offset = self.offset();
        let item = self.read().map(|instr| (offset, instr));
        self.finished |= item.is_err();
        Some(item)
    }
}

impl core::iter::FusedIterator for InstrReader<'_> {}
