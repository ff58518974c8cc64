//! Calls between the embedder and WebAssembly whose arguments and results are numbers alone: slots pass as they are, without
//! [`Value`](crate::Value)s.
//!
//! In a slot of a number type any bits are a value, so all that has to be checked is that the function has no others.

use super::Handle;
use super::running::{CallError, Stage, type_of};
use crate::instance::FuncInst;
use crate::store::Store;
use crate::value::ValueError;

impl Store {
    /// [`begin_call`](Self::begin_call) of a function that has [only numbers](crate::FuncTypeInfo::has_only_numbers).
    ///
    /// # Errors
    ///
    /// If it has not, or there are more or fewer arguments than parameters, or anything is of another store, or calls are
    /// nested too deeply.
    #[inline]
    pub fn begin_number_call(&mut self, func: &Handle<FuncInst>, args: &[u64]) -> Result<(), CallError> {
        let ptr = func.ptr(self.objects.id)?;
        // SAFETY: the function is alive, being held.
        let ty = unsafe { type_of(ptr) };
        check(ty.has_only_numbers, ty.params.len(), args.len())?;
        // SAFETY: the same; any bits are arguments of its types.
        Ok(unsafe { self.begin(ptr, args) }?)
    }

    /// [`take_results`](Self::take_results) of a function that has only numbers.
    ///
    /// # Errors
    ///
    /// If it has not, or there are more or fewer `results`.
    ///
    /// # Panics
    ///
    /// If the call has not returned.
    #[inline]
    pub fn take_number_results(&mut self, results: &mut [u64]) -> Result<(), ValueError> {
        let running = self.executions.running.last().expect("a call was begun");
        assert_eq!(running.stage, Stage::Done, "results exist once the function has returned");
        // SAFETY: the function is alive while its execution is.
        let ty = unsafe { type_of(running.func) };
        check(ty.has_only_numbers, ty.results.len(), results.len())?;
        results.copy_from_slice(running.execution.results(results.len()));
        let depth = self.executions.running.len() - 1;
        self.end_calls(depth);
        Ok(())
    }

    /// The slots of a host function that has to be called and has only numbers: `params` arguments, to be replaced by
    /// `results` results before [`return_numbers_from_host`](Self::return_numbers_from_host).
    ///
    /// # Errors
    ///
    /// If it has other parameters or results.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub fn host_numbers(&mut self, params: usize, results: usize) -> Result<&mut [u64], ValueError> {
        let running = self.executions.running.last_mut().expect("a call was begun");
        // SAFETY: this function does not end the call.
        let ty = unsafe { running.host_type() };
        check(ty.has_only_numbers, ty.params.len(), params)?;
        check(true, ty.results.len(), results)?;
        Ok(running.execution.host_slots(params.max(results)))
    }

    /// Returns from a host function that has only numbers, whose results are in [`host_numbers`](Self::host_numbers).
    ///
    /// # Errors
    ///
    /// If it has others.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub fn return_numbers_from_host(&mut self) -> Result<(), ValueError> {
        let running = self.executions.running.last_mut().expect("a call was begun");
        // SAFETY: this function does not end the call.
        let ty = unsafe { running.host_type() };
        check(ty.has_only_numbers, 0, 0)?;
        running.stage = Stage::Ready;
        Ok(())
    }
}

#[inline]
fn check(has_only_numbers: bool, expected: usize, found: usize) -> Result<(), ValueError> {
    if !has_only_numbers {
        return Err(ValueError::Type);
    }
    if expected != found {
        return Err(ValueError::Count { expected, found });
    }
    Ok(())
}
