//! The pass over one body: each instruction is decoded, validated and lowered before the next is looked at.

use core::mem::take;

use wasm_reader::{Body, ConstExpr, InstrReader, InstrSink};
use wasm_syntax::{FuncIdx, Instr, ValType};
use wasm_validate::{FuncBuffers, FuncValidator, ModuleInfo, ResultType, ValidateError};
use whimbrel_ir::{Code, verify};

use crate::env::ModuleEnv;
use crate::error::{CompileError, LoadError};
use crate::lower::{Buffers, Lowerer};

/// The opcode of `loop`.
const LOOP: u8 = 0x03;

/// How functions are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether bodies are validated while they are compiled. Only a body that has been validated before, as
    /// [`load_module`](crate::load_module) does unless told otherwise, may do without: compiling one that is not valid may
    /// panic.
    pub validate: bool,
    /// Whether locals that loops use much are kept in machine registers. It changes how fast code runs, never what it does.
    pub pins: bool,
    /// Whether the code takes [fuel](crate::cost) for its instructions.
    pub metering: bool,
    /// Whether results that are NaN are the canonical one, on every host.
    pub canonical_nans: bool,
    /// Whether the code tells of every op which instruction it comes from, not only of those that may trap or call: for people
    /// who read it.
    pub all_offsets: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { validate: true, pins: true, metering: false, canonical_nans: false, all_offsets: false }
    }
}

/// The allocations of compilation, to be used for function after function.
#[derive(Debug, Default)]
pub struct Scratch {
    validator: FuncBuffers,
    lowerer: Buffers,
}

/// Compiles the body of a function that the module defines.
///
/// The time it takes is linear in the body's size.
///
/// # Errors
///
/// If the body is malformed or not valid, has an instruction that the engine does not execute yet, or needs too large a
/// frame.
pub fn compile_func(
    info: &ModuleInfo,
    func: FuncIdx,
    body: &Body<'_>,
    options: &Options,
    scratch: &mut Scratch,
) -> Result<Code, CompileError> {
    let validator = if options.validate { Some(start_validator(info, func, body, scratch)?) } else { None };
    let sig = info.func_sig(func);
    // Without the opcode of loops among its bytes, a body has no loop whose locals to pin.
    let pins = options.pins && body.instr_bytes().contains(&LOOP);
    let results = ResultType::Many(sig.results);
    let mut lowerer = Lowerer::new(info, func, sig.params, results, pins, options.metering, take(&mut scratch.lowerer));
    lowerer.canonical_nans(options.canonical_nans);
    lowerer.mark_all(options.all_offsets);
    for run in body.locals().iter() {
        lowerer.declare_locals(run.count, run.ty);
    }
    let code = run(lowerer, validator, body.instrs(), body.offset(), scratch)?;
    debug_assert_eq!(verify(&code, &ModuleEnv(info)), Ok(()), "the engine trusts the code of function {func}");
    Ok(code)
}

/// Compiles a constant expression, which [`load_module`](crate::load_module) has validated, as a function without
/// parameters whose one result is of type `ty`. The code's function index means nothing.
///
/// # Errors
///
/// If it has an instruction that the engine does not execute yet.
pub fn compile_const_expr(
    info: &ModuleInfo,
    ty: ValType,
    expr: &ConstExpr<'_>,
    scratch: &mut Scratch,
) -> Result<Code, CompileError> {
    let buffers = take(&mut scratch.lowerer);
    let lowerer = Lowerer::new(info, FuncIdx(u32::MAX), &[], ResultType::One(ty), false, false, buffers);
    run(lowerer, None, expr.instrs(), expr.offset(), scratch)
}

/// Validates the body of a function that the module defines.
///
/// # Errors
///
/// If the body is malformed or not valid.
pub fn validate_func(
    info: &ModuleInfo,
    func: FuncIdx,
    body: &Body<'_>,
    scratch: &mut Scratch,
) -> Result<(), LoadError> {
    let mut validator = start_validator(info, func, body, scratch)?;
    let mut instrs = body.instrs();
    while !instrs.is_finished() {
        validator.plain(|steps| instrs.take_plain(|opcode, first| steps.step(opcode, first)));
        instrs.read_into(&mut Validating(&mut validator))?;
    }
    scratch.validator = validator.finish(instrs.offset())?;
    Ok(())
}

struct Validating<'v, 'm>(&'v mut FuncValidator<'m>);

impl<'a> InstrSink<'a> for Validating<'_, '_> {
    type Error = LoadError;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn instr(&mut self, offset: u64, instr: &Instr<'a>) -> Result<(), LoadError> {
        Ok(self.0.step(offset, instr)?)
    }
}

fn start_validator<'m>(
    info: &'m ModuleInfo,
    func: FuncIdx,
    body: &Body<'_>,
    scratch: &mut Scratch,
) -> Result<FuncValidator<'m>, ValidateError> {
    let mut validator = FuncValidator::new(info, func, take(&mut scratch.validator))?;
    for run in body.locals().iter() {
        validator.locals(body.offset(), run.count, run.ty)?;
    }
    Ok(validator)
}

/// Takes all instructions of a body, which starts at `start`, through both.
fn run(
    mut lowerer: Lowerer<'_>,
    mut validator: Option<FuncValidator<'_>>,
    mut instrs: InstrReader<'_>,
    start: u64,
    scratch: &mut Scratch,
) -> Result<Code, CompileError> {
    lowerer.begin();
    while !instrs.is_finished() {
        let offset = instrs.offset();
        let instr = instrs.read()?;
        if let Some(validator) = &mut validator {
            validator.step(offset, &instr)?;
        }
        lowerer.lower((offset - start) as u32, &instr);
    }
    if let Some(validator) = validator {
        scratch.validator = validator.finish(instrs.offset())?;
    }
    let (code, buffers) = lowerer.finish()?;
    scratch.lowerer = buffers;
    Ok(code)
}
