//! One function body at a time: the operand and control stacks, and what the compiler reads of them.
//!
//! Spec: `valid-func`, `algo-valid`.

use alloc::vec::Vec;
use core::ops::Deref;

use wasm_syntax::{BlockType, FuncIdx, Instr, LabelIdx, LocalIdx, TypeIdx, ValType};

use crate::error::{ErrorKind, IndexSpace, Operand, ValidateError};
use crate::info::ModuleInfo;
use crate::locals::Locals;
use crate::operands::Operands;
use crate::plain::{Bounds, PlainSteps};
use crate::rules;
use crate::types::{bottom, check_limit, check_val_type, is_bottom, unknown};

pub(crate) type Check<T = ()> = Result<T, ValidateError>;

/// How many operands there may be where blocks and calls leave results.
const MAX_OPERANDS: usize = 1 << 20;

/// The validator of one function's body. Spec: `valid-func`.
///
/// A driver declares the locals, pushes every instruction including the final `end` through [`step`](Self::step), and
/// calls [`finish`](Self::finish). Functions of a module are independent: any order, any thread. After an error the
/// validator is of no more use.
///
/// Between steps, the accessors show the operand and control stacks as they are after the last step, so that a compiler
/// that lowers each instruction right after its step needs no types of its own.
#[derive(Debug)]
pub struct FuncValidator<'m> {
    pub(crate) module: &'m ModuleInfo,
    pub(crate) operands: Operands,
    /// The innermost frame's height: what is below belongs to the frames outside.
    pub(crate) height: usize,
    pub(crate) control: Vec<Frame>,
    pub(crate) locals: Locals,
    results: ResultType<'m>,
    bounds: Bounds,
}

/// The allocations of a [`FuncValidator`], to be passed from function to function.
#[derive(Debug, Default)]
pub struct FuncBuffers {
    operands: Operands,
    control: Vec<Frame>,
    locals: Locals,
}

/// What opened an entry of the control stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The function itself.
    Func,
    /// `block`.
    Block,
    /// `loop`, whose label is at its start.
    Loop,
    /// The first arm of `if`.
    If,
    /// The second arm of `if`.
    Else,
    /// `try_table`.
    TryTable,
    /// The body of a `try` (legacy exceptions).
    LegacyTry,
    /// A `catch` of a `try` (legacy exceptions).
    LegacyCatch,
    /// The `catch_all` of a `try` (legacy exceptions).
    LegacyCatchAll,
}

/// An entry of the control stack.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// What opened it.
    pub kind: FrameKind,
    /// Its type; of no meaning for [`FrameKind::Func`], whose types are the function's.
    pub ty: BlockType,
    /// The number of operands below it, its own operands not included.
    pub height: usize,
    /// Whether the rest of the block cannot be reached.
    pub unreachable: bool,
    /// How many first writes to locals came before it.
    writes: u32,
    /// How many labels from this one outwards take no values.
    empty_labels: u32,
}

/// A list of value types: a block's operands or results. Spec: `syntax-resulttype`.
#[derive(Clone, Copy, Debug)]
pub enum ResultType<'m> {
    /// One type, written in the block type itself.
    One(ValType),
    /// The types of a function type.
    Many(&'m [ValType]),
}

impl Deref for ResultType<'_> {
    type Target = [ValType];

    #[inline]
    fn deref(&self) -> &[ValType] {
        match self {
            Self::One(ty) => core::slice::from_ref(ty),
            Self::Many(types) => types,
        }
    }
}

impl<'m> FuncValidator<'m> {
    /// Starts on the body of a function that the module defines.
    ///
    /// # Errors
    ///
    /// If there is no such function, or it has more parameters than there may be locals.
    pub fn new(module: &'m ModuleInfo, func: FuncIdx, buffers: FuncBuffers) -> Result<Self, ValidateError> {
        let sig = module.types.func(module.get_func(func)?)?;
        check_limit("locals", module.limits.locals.into(), sig.params.len() as u64)?;
        let mut validator = Self::with_results(module, ResultType::Many(sig.results), buffers);
        validator.locals.push_params(sig.params);
        validator.bounds.set_locals(validator.locals.first_with_values());
        Ok(validator)
    }

    /// A validator of instructions that give `results`, without locals.
    pub(crate) fn with_results(module: &'m ModuleInfo, results: ResultType<'m>, buffers: FuncBuffers) -> Self {
        let FuncBuffers { mut operands, mut control, mut locals } = buffers;
        operands.clear();
        control.clear();
        locals.clear();
        locals.types_mut().set_globals(module);
        let (kind, ty) = (FrameKind::Func, BlockType::Empty);
        let empty_labels = u32::from(results.is_empty());
        control.push(Frame { kind, ty, height: 0, unreachable: false, writes: 0, empty_labels });
        let mut bounds = Bounds::new(module);
        bounds.set_labels(empty_labels);
        Self { module, operands, height: 0, control, locals, results, bounds }
    }

    /// Declares `count` locals of type `ty` after those before.
    ///
    /// # Errors
    ///
    /// If the type is not valid in the module, or there are more locals than the limit.
    pub fn locals(&mut self, offset: u64, count: u32, ty: ValType) -> Result<(), ValidateError> {
        self.declare_locals(count, ty).map_err(|error| error.at(offset, None))
    }

    fn declare_locals(&mut self, count: u32, ty: ValType) -> Check {
        check_val_type(&self.module.types, self.module.features, ty)?;
        let total = u64::from(self.locals.len()) + u64::from(count);
        check_limit("locals", self.module.limits.locals.into(), total)?;
        self.locals.push_declared(count, ty);
        self.bounds.set_locals(self.locals.first_with_values());
        Ok(())
    }

    /// Hands the state to `run`, for as many plain instructions as it finds in a row.
    #[inline(always)]
    pub fn plain(&mut self, run: impl FnOnce(&mut PlainSteps<'_>)) {
        let (false, Some(types)) = (self.control.is_empty(), self.locals.types().entries()) else { return };
        let (entries, len) = self.operands.parts();
        let mut steps = PlainSteps { entries, len: *len, height: self.height, types, bounds: &self.bounds };
        run(&mut steps);
        *len = steps.len;
    }

    /// Validates the next instruction, which starts at `offset`.
    ///
    /// Instructions are large beside the work of checking one: where a reader returns it in a `Result`, matching on a
    /// reference to that saves a copy that can double the time.
    ///
    /// # Errors
    ///
    /// If it breaks a rule, or a block or call leaves the stack higher than 2^20 operands; the error names the instruction
    /// and `offset`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn step(&mut self, offset: u64, instr: &Instr<'_>) -> Result<(), ValidateError> {
        match rules::check(self, instr) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.at(offset, Some(instr.mnemonic()))),
        }
    }

    /// Ends the body at `offset` and gives the buffers back.
    ///
    /// # Errors
    ///
    /// If blocks are open, that of the function included.
    pub fn finish(self, offset: u64) -> Result<FuncBuffers, ValidateError> {
        if self.control.is_empty() {
            Ok(FuncBuffers { operands: self.operands, control: self.control, locals: self.locals })
        } else {
            Err(ValidateError::new(ErrorKind::Unclosed(self.control.len() as u64)).at(offset, None))
        }
    }

    /// The module that the function belongs to.
    #[must_use]
    pub fn module(&self) -> &'m ModuleInfo {
        self.module
    }

    /// How many operands are on the stack, those of outer blocks included.
    #[inline]
    #[must_use]
    pub fn operand_height(&self) -> usize {
        self.operands.len()
    }

    /// The type of the operand `depth` below the top, or `None` if unreachable code leaves it open or there is none.
    #[inline]
    #[must_use]
    pub fn operand(&self, depth: usize) -> Option<ValType> {
        let index = self.operands.len().checked_sub(depth + 1)?;
        let ty = self.operands.get(index);
        if is_bottom(ty) { None } else { Some(ty) }
    }

    /// Whether the next instruction of the innermost block cannot be reached. After the final `end`, it cannot.
    #[inline]
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.control.last().is_none_or(|frame| frame.unreachable)
    }

    /// How many blocks are open, the function's own included.
    #[inline]
    #[must_use]
    pub fn control_depth(&self) -> usize {
        self.control.len()
    }

    /// The block that a label means: 0 is the innermost. `None` if there is none.
    #[inline]
    #[must_use]
    pub fn frame(&self, label: LabelIdx) -> Option<&Frame> {
        self.control.len().checked_sub(label.index() + 1).map(|index| &self.control[index])
    }

    /// The operands that a block takes.
    #[inline]
    #[must_use]
    pub fn frame_params(&self, frame: &Frame) -> &'m [ValType] {
        if frame.kind == FrameKind::Func { &[] } else { self.block_params(frame.ty) }
    }

    /// The results that a block leaves.
    #[inline]
    #[must_use]
    pub fn frame_results(&self, frame: &Frame) -> ResultType<'m> {
        if frame.kind == FrameKind::Func { self.results } else { self.block_results(frame.ty) }
    }

    /// The types that a branch to the frame's label takes: a loop's operands, or any other block's results.
    #[inline]
    #[must_use]
    pub fn frame_label_types(&self, frame: &Frame) -> ResultType<'m> {
        if frame.kind == FrameKind::Loop {
            ResultType::Many(self.block_params(frame.ty))
        } else {
            self.frame_results(frame)
        }
    }

    /// The types that a branch to the label takes; `None` if there is no such label.
    #[must_use]
    pub fn label_types(&self, label: LabelIdx) -> Option<ResultType<'m>> {
        self.frame(label).map(|frame| self.frame_label_types(frame))
    }

    /// The operands of a block type whose index exists.
    #[inline]
    #[must_use]
    pub fn block_params(&self, ty: BlockType) -> &'m [ValType] {
        match ty {
            BlockType::Empty | BlockType::Value(_) => &[],
            BlockType::Func(idx) => self.block_sig(idx).0,
        }
    }

    /// The results of a block type whose index exists.
    #[inline]
    #[must_use]
    pub fn block_results(&self, ty: BlockType) -> ResultType<'m> {
        match ty {
            BlockType::Empty => ResultType::Many(&[]),
            BlockType::Value(ty) => ResultType::One(ty),
            BlockType::Func(idx) => ResultType::Many(self.block_sig(idx).1),
        }
    }

    fn block_sig(&self, idx: TypeIdx) -> (&'m [ValType], &'m [ValType]) {
        match self.module.type_sig(idx) {
            Some(sig) => (sig.params, sig.results),
            None => (&[], &[]),
        }
    }

    /// The function's results.
    #[must_use]
    pub fn results(&self) -> ResultType<'m> {
        self.results
    }

    /// The type of a local, parameters first; `None` if there is none.
    #[inline]
    #[must_use]
    pub fn local_type(&self, local: LocalIdx) -> Option<ValType> {
        self.locals.get(local).ok()
    }

    /// How many locals there are, parameters included.
    #[must_use]
    pub fn num_locals(&self) -> u32 {
        self.locals.len()
    }
}

/// The stack operations that the rules are made of.
impl<'m> FuncValidator<'m> {
    #[inline(always)]
    pub(crate) fn push(&mut self, ty: ValType) {
        self.operands.push(ty);
    }

    /// Pushes the results of a block or call.
    ///
    /// A few bytes can push a thousand values time and again, so this is where the stack's height is bounded; what pushes
    /// one value at a time is bounded by the body's length.
    #[inline]
    pub(crate) fn push_all(&mut self, types: &[ValType]) -> Check {
        let height = self.operands.len() + types.len();
        if height > MAX_OPERANDS {
            return check_limit("operands", MAX_OPERANDS as u64, height as u64);
        }
        self.operands.extend(types);
        Ok(())
    }

    /// Pops a value of type `expected`.
    #[inline(always)]
    pub(crate) fn pop(&mut self, expected: ValType) -> Check {
        let len = self.operands.len();
        if len > self.height && self.operands.get(len - 1) == expected {
            self.operands.truncate(len - 1);
            return Ok(());
        }
        self.pop_subtype(expected).map(|_| ())
    }

    /// Pops a value of type `expected` and gives the type that it has.
    #[inline(never)]
    pub(crate) fn pop_subtype(&mut self, expected: ValType) -> Check<ValType> {
        let found = self.pop_any(Operand::Type(expected))?;
        if self.module.types.is_val_subtype(found, expected) { Ok(found) } else { Err(mismatch(expected, found)) }
    }

    /// Pops a value of any type, the bottom type if the code is unreachable. `expected` is for the error.
    #[inline]
    pub(crate) fn pop_any(&mut self, expected: Operand) -> Check<ValType> {
        let len = self.operands.len();
        if len > self.height {
            let ty = self.operands.get(len - 1);
            self.operands.truncate(len - 1);
            return Ok(ty);
        }
        if self.is_unreachable() {
            Ok(bottom())
        } else {
            Err(ErrorKind::TypeMismatch { expected, found: Operand::Nothing }.into())
        }
    }

    /// Pops values of the types, the last of which is on top.
    #[inline]
    pub(crate) fn pop_all(&mut self, types: &[ValType]) -> Check {
        types.iter().rev().try_for_each(|&ty| self.pop(ty))
    }

    /// As [`pop_all`](Self::pop_all), quick for one type or none.
    #[inline(always)]
    pub(crate) fn pop_list(&mut self, types: ResultType<'_>) -> Check {
        match types {
            ResultType::One(ty) => self.pop(ty),
            ResultType::Many([]) => Ok(()),
            ResultType::Many(types) => self.pop_all(types),
        }
    }

    /// As [`push_all`](Self::push_all), quick for one type or none.
    #[inline(always)]
    pub(crate) fn push_list(&mut self, types: ResultType<'_>) -> Check {
        match types {
            ResultType::One(ty) => {
                self.push(ty);
                Ok(())
            }
            ResultType::Many([]) => Ok(()),
            ResultType::Many(types) => self.push_all(types),
        }
    }

    /// Checks that the values on top have the types, without popping them.
    pub(crate) fn check_top(&self, types: &[ValType]) -> Check {
        let available = self.operands.range(self.height..self.operands.len());
        let mut found = available.iter().rev();
        for &expected in types.iter().rev() {
            match found.next() {
                Some(&found) if self.module.types.is_val_subtype(found, expected) => {}
                Some(&found) => return Err(mismatch(expected, found)),
                None if self.is_unreachable() => return Ok(()),
                None => {
                    let (expected, found) = (Operand::Type(expected), Operand::Nothing);
                    return Err(ErrorKind::TypeMismatch { expected, found }.into());
                }
            }
        }
        Ok(())
    }

    /// Marks the rest of the block unreachable: what it leaves on the stack can be anything.
    #[inline]
    pub(crate) fn set_unreachable(&mut self) {
        self.operands.truncate(self.height);
        if let Some(frame) = self.control.last_mut() {
            frame.unreachable = true;
        }
    }

    /// Opens a block whose operands have been popped.
    #[inline(always)]
    pub(crate) fn push_frame(&mut self, kind: FrameKind, ty: BlockType) -> Check {
        let height = self.operands.len();
        let is_empty = match ty {
            BlockType::Empty => true,
            BlockType::Value(_) => kind == FrameKind::Loop,
            BlockType::Func(_) => false,
        };
        let outer = self.control.last().map_or(0, |frame| frame.empty_labels);
        let empty_labels = if is_empty { outer + 1 } else { 0 };
        self.bounds.set_labels(empty_labels);
        let writes = self.locals.num_writes();
        self.control.push(Frame { kind, ty, height, unreachable: false, writes, empty_labels });
        self.height = height;
        match ty {
            BlockType::Func(_) => self.push_all(self.block_params(ty)),
            _ => Ok(()),
        }
    }

    /// Ends the innermost block's instructions: its results are on the stack and nothing else.
    #[inline(always)]
    pub(crate) fn end_instrs(&mut self) -> Check<Frame> {
        let Some(&frame) = self.control.last() else {
            return Err(ErrorKind::AfterEnd.into());
        };
        self.pop_list(self.frame_results(&frame))?;
        if self.operands.len() != frame.height {
            return Err(ErrorKind::ValuesRemain((self.operands.len() - frame.height) as u64).into());
        }
        self.locals.undo_writes(frame.writes);
        Ok(frame)
    }

    /// Starts another part of the innermost block, such as `else`, with `operands` on the stack.
    pub(crate) fn continue_frame(&mut self, kind: FrameKind, operands: &[ValType]) -> Check {
        if let Some(frame) = self.control.last_mut() {
            frame.kind = kind;
            frame.unreachable = false;
        }
        self.push_all(operands)
    }

    /// Closes the innermost block, whose instructions have ended. The function's results are not left on the stack.
    #[inline(always)]
    pub(crate) fn pop_frame(&mut self) -> Check {
        if let Some(frame) = self.control.pop()
            && let Some(outer) = self.control.last()
        {
            self.height = outer.height;
            self.bounds.set_labels(outer.empty_labels);
            self.push_list(self.frame_results(&frame))?;
        }
        Ok(())
    }

    /// The frame of a label, or the error that there is none.
    #[inline(always)]
    pub(crate) fn get_frame(&self, label: LabelIdx) -> Check<&Frame> {
        match self.frame(label) {
            Some(frame) => Ok(frame),
            None => Err(unknown(IndexSpace::Label, label.0, self.control.len() as u32)),
        }
    }

    /// The types that a branch to the label takes, or the error that there is none.
    #[inline(always)]
    pub(crate) fn get_label_types(&self, label: LabelIdx) -> Check<ResultType<'m>> {
        Ok(self.frame_label_types(self.get_frame(label)?))
    }
}

#[cold]
pub(crate) fn mismatch(expected: ValType, found: ValType) -> ValidateError {
    ErrorKind::TypeMismatch { expected: Operand::Type(expected), found: Operand::Type(found) }.into()
}
