//! Plain instructions: by table, without a branch on what they are.
//!
//! Four of five instructions in real code read or write a local, give a constant, compute, or access memory. What they do to
//! the stack is one row of a table; applying it takes the same few operations whatever the instruction, so there is no
//! branch that a processor could mispredict. Where a row does not apply, the state is left as it was, and the general rule
//! decides.

use alloc::vec::Vec;

use wasm_syntax::{Feature, Instr, LoadOp, NumericOp, StoreOp, ValType};

use crate::info::ModuleInfo;
use crate::operands::MARGIN;

/// What bounds the first byte after the opcode.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Bound {
    /// No byte will do: the instruction is not plain.
    Never,
    /// Any byte will do.
    Always,
    /// It is a local with a value.
    Local,
    /// It is an alignment, whose logarithm is at most 0 to 3; the module has a memory with 32-bit addresses.
    Align1,
    Align2,
    Align4,
    Align8,
    /// It is a global.
    Global,
    /// It is a mutable global.
    MutableGlobal,
    /// It is a label that takes no values, as all do that are further in.
    Label,
}

/// How many bounds there are.
const BOUNDS: usize = Bound::Label as usize + 1;

/// Indices from here on take more than a byte.
const LONG: u32 = 0x80;

/// The bounds that hold at a point in a function, by [`Bound`], exclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds([u16; BOUNDS]);

impl Bounds {
    /// The bounds in a module, without a function.
    pub fn new(module: &ModuleInfo) -> Self {
        let mut bounds = Self([0; BOUNDS]);
        bounds.0[Bound::Always as usize] = 0x100;
        if module.memories.first().is_some_and(|memory| !memory.memory64) {
            for align_log2 in 0..4 {
                bounds.0[Bound::Align1 as usize + align_log2] = align_log2 as u16 + 1;
            }
        }
        let globals = &module.globals[..module.globals.len().min(LONG as usize)];
        let mutable = globals.iter().take_while(|global| global.mutable).count();
        bounds.0[Bound::Global as usize] = globals.len() as u16;
        bounds.0[Bound::MutableGlobal as usize] = mutable as u16;
        bounds
    }

    /// Says how many of the first locals have a value from the start.
    pub fn set_locals(&mut self, count: u32) {
        self.0[Bound::Local as usize] = count.min(LONG) as u16;
    }

    /// Says how many of the innermost labels take no values.
    #[inline]
    pub fn set_labels(&mut self, count: u32) {
        self.0[Bound::Label as usize] = count.min(LONG) as u16;
    }
}

/// Where the types of locals and globals are followed by these.
const NUMBER_TYPES: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];

/// The types that instructions pop and push: of locals, from [`GLOBALS`] on of globals, and from [`NUMBERS`] on of numbers.
///
/// Unused buffers have none, so that taking them costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Types(Vec<ValType>);

const GLOBALS: usize = INDEXED;
const NUMBERS: usize = GLOBALS + LONG as usize;
/// How many entries there are, a power of two.
const TYPES: usize = 512;

/// How many locals have their types in [`Types`].
pub(crate) const INDEXED: usize = 256;

impl Types {
    /// The type of a local, if there is room for it.
    #[inline]
    pub fn local(&self, index: usize) -> Option<ValType> {
        if index < INDEXED { self.0.get(index).copied() } else { None }
    }

    /// The types of the locals.
    pub fn locals_mut(&mut self) -> &mut [ValType] {
        &mut self.0[..INDEXED]
    }

    /// Makes room for all, if there is none.
    pub fn prepare(&mut self) {
        if self.0.is_empty() {
            self.0.resize(TYPES, ValType::I32);
            self.0[NUMBERS..NUMBERS + NUMBER_TYPES.len()].copy_from_slice(&NUMBER_TYPES);
        }
    }

    /// Takes over the types of the first globals.
    pub fn set_globals(&mut self, module: &ModuleInfo) {
        for (ty, global) in self.0[GLOBALS..NUMBERS].iter_mut().zip(&module.globals) {
            *ty = global.val;
        }
    }

    /// All entries; none before [`prepare`](Self::prepare).
    #[inline]
    pub fn entries(&self) -> Option<&[ValType; TYPES]> {
        self.0.first_chunk()
    }
}

/// A row: what an instruction pops and pushes.
#[derive(Clone, Copy)]
struct Effect {
    /// The type of the operand below the topmost, if there are two.
    second: ValType,
    /// The positions in [`Types`] of the topmost operand and of the result, if they exist, without the index.
    first: u16,
    result: u16,
    /// All ones if the types are those of the local or global that the byte after the opcode names.
    indexed: u8,
    /// All ones if the topmost operand is of a type that matters.
    first_matters: i8,
    /// All ones if there is a second operand.
    second_matters: i8,
    pops: u8,
    /// How much higher the stack is afterwards.
    rise: i8,
    bound: Bound,
}

const _: () = assert!(size_of::<Effect>() == 16);

const NOT_PLAIN: Effect = Effect {
    second: ValType::I32,
    first: 0,
    result: 0,
    indexed: 0,
    first_matters: 0,
    second_matters: 0,
    pops: 0,
    rise: 0,
    bound: Bound::Never,
};

const fn position(ty: ValType) -> u16 {
    let mut i = 0;
    while NUMBER_TYPES[i].to_bits() != ty.to_bits() {
        i += 1;
    }
    (NUMBERS + i) as u16
}

/// The row of operands `params` and at most one result.
const fn effect(params: &[ValType], result: Option<ValType>, bound: Bound) -> Effect {
    let pops = params.len();
    assert!(pops <= MARGIN);
    let (result, pushes) = match result {
        Some(ty) => (position(ty), 1),
        None => (0, 0),
    };
    Effect {
        second: if pops > 1 { params[0] } else { ValType::I32 },
        first: if pops > 0 { position(params[pops - 1]) } else { 0 },
        result,
        first_matters: if pops > 0 { -1 } else { 0 },
        second_matters: if pops > 1 { -1 } else { 0 },
        pops: pops as u8,
        rise: pushes - pops as i8,
        bound,
        ..NOT_PLAIN
    }
}

const fn align(width_bytes: u8) -> Bound {
    match width_bytes {
        1 => Bound::Align1,
        2 => Bound::Align2,
        4 => Bound::Align4,
        8 => Bound::Align8,
        _ => Bound::Never,
    }
}

const fn is_plain(opcode: u32, feature: Feature) -> bool {
    opcode < 256 && matches!(feature, Feature::Mvp)
}

static EFFECTS: [Effect; 256] = {
    use wasm_syntax::{F32Bits, F64Bits, GlobalIdx, LabelIdx, LocalIdx};
    let mut table = [NOT_PLAIN; 256];
    let get = Effect { indexed: !0, bound: Bound::Local, rise: 1, ..NOT_PLAIN };
    let set = Effect { indexed: !0, bound: Bound::Local, first_matters: -1, pops: 1, rise: -1, ..NOT_PLAIN };
    let start = GLOBALS as u16;
    table[Instr::LocalGet(LocalIdx(0)).opcode() as usize] = get;
    table[Instr::LocalSet(LocalIdx(0)).opcode() as usize] = set;
    table[Instr::LocalTee(LocalIdx(0)).opcode() as usize] = Effect { rise: 0, ..set };
    table[Instr::GlobalGet(GlobalIdx(0)).opcode() as usize] = Effect { result: start, bound: Bound::Global, ..get };
    table[Instr::GlobalSet(GlobalIdx(0)).opcode() as usize] =
        Effect { first: start, bound: Bound::MutableGlobal, ..set };
    table[Instr::BrIf(LabelIdx(0)).opcode() as usize] = effect(&[ValType::I32], None, Bound::Label);
    table[Instr::Nop.opcode() as usize] = effect(&[], None, Bound::Always);
    table[Instr::Drop.opcode() as usize] = Effect { first_matters: 0, ..effect(&[ValType::I32], None, Bound::Always) };
    table[Instr::I32Const(0).opcode() as usize] = effect(&[], Some(ValType::I32), Bound::Always);
    table[Instr::I64Const(0).opcode() as usize] = effect(&[], Some(ValType::I64), Bound::Always);
    table[Instr::F32Const(F32Bits(0)).opcode() as usize] = effect(&[], Some(ValType::F32), Bound::Always);
    table[Instr::F64Const(F64Bits(0)).opcode() as usize] = effect(&[], Some(ValType::F64), Bound::Always);
    let mut i = 0;
    while i < NumericOp::ALL.len() {
        let op = NumericOp::ALL[i];
        if is_plain(op.opcode(), op.feature()) {
            let signature = op.signature();
            assert!(signature.results.len() == 1);
            table[op.opcode() as usize] = effect(signature.params, Some(signature.results[0]), Bound::Always);
        }
        i += 1;
    }
    i = 0;
    while i < LoadOp::ALL.len() {
        let op = LoadOp::ALL[i];
        if is_plain(op.opcode(), op.feature()) {
            table[op.opcode() as usize] = effect(&[ValType::I32], Some(op.val_type()), align(op.width_bytes()));
        }
        i += 1;
    }
    i = 0;
    while i < StoreOp::ALL.len() {
        let op = StoreOp::ALL[i];
        if is_plain(op.opcode(), op.feature()) {
            table[op.opcode() as usize] = effect(&[ValType::I32, op.val_type()], None, align(op.width_bytes()));
        }
        i += 1;
    }
    table
};

/// The state that plain instructions work on; from [`FuncValidator::plain`](crate::FuncValidator::plain).
#[derive(Debug)]
pub struct PlainSteps<'v> {
    pub(crate) entries: &'v mut [ValType],
    pub(crate) len: usize,
    pub(crate) height: usize,
    pub(crate) types: &'v [ValType; TYPES],
    pub(crate) bounds: &'v Bounds,
}

impl PlainSteps<'_> {
    /// Validates the instruction whose opcode is the byte `opcode` and whose next byte in the module is `first`, if it is
    /// plain and valid. Otherwise nothing has changed, and [`FuncValidator::step`](crate::FuncValidator::step) decides.
    ///
    /// What else follows the opcode is the reader's to check; an offset must be below 2^32.
    #[inline(always)]
    #[must_use]
    pub fn step(&mut self, opcode: u8, first: u8) -> bool {
        let effect = &EFFECTS[opcode as usize];
        let index = u16::from(first & effect.indexed);
        let expected = self.types[(effect.first + index) as usize % TYPES];
        let result = self.types[(effect.result + index) as usize % TYPES];
        let Some(window) = self.entries.get_mut(self.len..).and_then(<[ValType]>::first_chunk_mut::<4>) else {
            return false;
        };
        let pops = effect.pops as usize;
        let mask = |matters: i8| i32::from(matters) as u32;
        let wrong = (window[MARGIN - 1].to_bits() ^ expected.to_bits()) & mask(effect.first_matters)
            | (window[MARGIN - 2].to_bits() ^ effect.second.to_bits()) & mask(effect.second_matters);
        let in_bounds = u16::from(first) < self.bounds.0[effect.bound as usize];
        if !((wrong == 0) & in_bounds & (self.len >= self.height + pops)) {
            return false;
        }
        // Where there is no result, this is above the top.
        window[(MARGIN - pops) & 3] = result;
        self.len = self.len.wrapping_add_signed(isize::from(effect.rise));
        true
    }
}
