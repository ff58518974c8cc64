//! Calls that stop where fuel runs out or an interruption arrives, and go on from there.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use whimbrel_engine::{Suspension, Value};

use crate::func::{call_error, check_len, drive_until, put};
use crate::store::StoreInner;
use crate::typed::WasmResults;
use crate::{AsContextMut, Result, Val};

/// Why a call was suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuspendReason {
    /// The store has no fuel left. Without more, resuming gets no further.
    OutOfFuel,
    /// [`InterruptHandle::interrupt`](crate::InterruptHandle::interrupt) was called.
    Interrupted,
}

/// How far a call by [`Func::call_resumable`](crate::Func::call_resumable) has got.
#[derive(Debug)]
pub enum ResumableCall {
    /// It has returned; its results are in place.
    Finished,
    /// It can go on.
    Suspended(SuspendedCall),
}

/// A call that can go on, and which meanwhile leaves its store to other calls.
///
/// Its stack stays allocated in the store, and all objects of the store stay alive (structures and arrays are still
/// collected), until it is resumed or dropped.
#[must_use = "dropping it ends the call"]
pub struct SuspendedCall {
    suspension: Suspension,
    reason: SuspendReason,
    results: usize,
}

impl ResumableCall {
    /// Carries out the call begun last.
    pub(crate) fn drive<T>(store: &mut StoreInner<T>, mut values: Vec<Value>, results: &mut [Val]) -> Result<Self> {
        Ok(match drive_until(store, true, |objects| objects.take_results(&mut values))? {
            Some((reason, suspension)) => Self::Suspended(SuspendedCall { suspension, reason, results: results.len() }),
            None => {
                put(values, results);
                Self::Finished
            }
        })
    }
}

impl SuspendedCall {
    /// Why it was suspended.
    #[must_use]
    pub fn reason(&self) -> SuspendReason {
        self.reason
    }

    /// Goes on with the call; puts what it returns into `results`.
    ///
    /// # Errors
    ///
    /// As for [`Func::call_resumable`](crate::Func::call_resumable); if the store is another one, the call is over.
    pub fn resume(self, mut store: impl AsContextMut, results: &mut [Val]) -> Result<ResumableCall> {
        check_len(self.results, results)?;
        let store = store.as_context_mut().0;
        begin_again(store, &self.suspension)?;
        ResumableCall::drive(store, alloc::vec![Value::Null; self.results], results)
    }
}

impl fmt::Debug for SuspendedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspendedCall").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// How far a call by [`TypedFunc::call_resumable`](crate::TypedFunc::call_resumable) has got.
#[derive(Debug)]
pub enum TypedResumableCall<R> {
    /// What it has returned.
    Finished(R),
    /// It can go on.
    Suspended(TypedSuspendedCall<R>),
}

/// A [`SuspendedCall`] whose results are Rust types.
#[must_use = "dropping it ends the call"]
pub struct TypedSuspendedCall<R> {
    suspension: Suspension,
    reason: SuspendReason,
    results: PhantomData<fn() -> R>,
}

impl<R: WasmResults> TypedResumableCall<R> {
    /// Carries out the call begun last.
    pub(crate) fn drive<T>(store: &mut StoreInner<T>) -> Result<Self> {
        let mut values = R::Values::default();
        Ok(match drive_until(store, true, |objects| objects.take_results(values.as_mut()))? {
            Some((reason, suspension)) => {
                Self::Suspended(TypedSuspendedCall { suspension, reason, results: PhantomData })
            }
            None => Self::Finished(R::from_values(values)),
        })
    }
}

impl<R: WasmResults> TypedSuspendedCall<R> {
    /// Why it was suspended.
    #[must_use]
    pub fn reason(&self) -> SuspendReason {
        self.reason
    }

    /// Goes on with the call.
    ///
    /// # Errors
    ///
    /// As for [`SuspendedCall::resume`].
    pub fn resume(self, mut store: impl AsContextMut) -> Result<TypedResumableCall<R>> {
        let store = store.as_context_mut().0;
        begin_again(store, &self.suspension)?;
        TypedResumableCall::drive(store)
    }
}

impl<R> fmt::Debug for TypedSuspendedCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedSuspendedCall").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Makes a suspended call the one begun last.
fn begin_again<T>(store: &mut StoreInner<T>, suspension: &Suspension) -> Result<()> {
    store.check_poison()?;
    store.objects.resume(suspension).map_err(call_error)
}
