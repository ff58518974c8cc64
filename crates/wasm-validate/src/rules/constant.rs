//! Constant expressions: which instructions they may contain. Spec: `valid-constant`.

use wasm_syntax::{Feature, GlobalIdx, Instr, NumericOp, ValType};

use super::reference::push_func;
use crate::error::{ErrorKind, IndexSpace, ValidateError};
use crate::func::{Check, FuncBuffers, FuncValidator, ResultType};
use crate::info::{BitSet, ModuleInfo};
use crate::types::unknown;

/// The validator of one constant expression; from [`ModuleValidator::const_expr`](crate::ModuleValidator::const_expr).
///
/// A driver pushes every instruction including the final `end`, and calls [`finish`](Self::finish).
#[derive(Debug)]
pub struct ConstValidator<'a> {
    instrs: FuncValidator<'a>,
    declared_funcs: &'a mut BitSet,
    /// Globals from here on are not defined yet.
    visible_globals: u32,
    buffers: &'a mut FuncBuffers,
}

impl<'a> ConstValidator<'a> {
    pub(crate) fn new(
        module: &'a ModuleInfo,
        declared_funcs: &'a mut BitSet,
        visible_globals: u32,
        buffers: &'a mut FuncBuffers,
        expected: ValType,
    ) -> Self {
        let taken = core::mem::take(buffers);
        let instrs = FuncValidator::with_results(module, ResultType::One(expected), taken);
        Self { instrs, declared_funcs, visible_globals, buffers }
    }

    /// Validates the next instruction, which starts at `offset`. Functions that it refers to count as declared.
    ///
    /// # Errors
    ///
    /// If the instruction is not constant, or breaks a rule of its own.
    pub fn step(&mut self, offset: u64, instr: &Instr<'_>) -> Result<(), ValidateError> {
        self.check(instr).map_err(|error| error.at(offset, Some(instr.mnemonic())))
    }

    fn check(&mut self, instr: &Instr<'_>) -> Check {
        match *instr {
            Instr::RefFunc(func) if self.instrs.control_depth() > 0 => {
                push_func(&mut self.instrs, func)?;
                self.declared_funcs.insert(func.0);
                return Ok(());
            }
            Instr::GlobalGet(global) => self.check_global(global)?,
            Instr::Numeric(
                NumericOp::I32Add
                | NumericOp::I32Sub
                | NumericOp::I32Mul
                | NumericOp::I64Add
                | NumericOp::I64Sub
                | NumericOp::I64Mul,
            ) => {
                if !self.instrs.module.features.has(Feature::ExtendedConst) {
                    let (what, feature) = ("arithmetic in a constant expression", Feature::ExtendedConst);
                    return Err(ErrorKind::FeatureDisabled { what, feature }.into());
                }
            }
            Instr::End
            | Instr::I32Const(_)
            | Instr::I64Const(_)
            | Instr::F32Const(_)
            | Instr::F64Const(_)
            | Instr::V128Const(_)
            | Instr::RefNull(_)
            | Instr::RefI31
            | Instr::StructNew(_)
            | Instr::StructNewDefault(_)
            | Instr::StructNewDesc(_)
            | Instr::StructNewDefaultDesc(_)
            | Instr::ArrayNew(_)
            | Instr::ArrayNewDefault(_)
            | Instr::ArrayNewFixed(..)
            | Instr::AnyConvertExtern
            | Instr::ExternConvertAny => {}
            _ => return Err(ErrorKind::NotConstant.into()),
        }
        super::check(&mut self.instrs, instr)
    }

    fn check_global(&self, global: GlobalIdx) -> Check {
        let module = self.instrs.module;
        if global.0 >= self.visible_globals {
            return Err(unknown(IndexSpace::Global, global.0, self.visible_globals));
        }
        let imported = global.0 < module.num_imported_globals();
        if module.global(global).mutable || (!imported && !module.features.has(Feature::Gc)) {
            return Err(ErrorKind::GlobalNotConstant(global.0).into());
        }
        Ok(())
    }

    /// Ends the expression at `offset`.
    ///
    /// # Errors
    ///
    /// If its `end` is missing.
    pub fn finish(self, offset: u64) -> Result<(), ValidateError> {
        *self.buffers = self.instrs.finish(offset)?;
        Ok(())
    }
}
