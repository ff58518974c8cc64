//! Steps that enter and leave functions.
//!
//! The caller puts the return ip into the integer accumulator; the callee's [`Enter`] stores it behind its parameters and
//! results. The word before a return ip is the call's info, by which [`Return`] finds the caller's frame. A call that may leave
//! the instance is followed by a [`Reload`]: a callee of another instance returns to it, one of the same instance behind
//! it.

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::Ordering;

use wasm_syntax::{FuncIdx, Trap};
use whimbrel_ir::{Class, FIRST_TABLE, OpKey, Saves, SrcKind, TAIL_RECORD_SLOTS};

use super::branch::spend;
use super::copy::by_class;
use super::landing::Landings;
use super::{given, of};
use crate::exec::backend::{Handler, Next, Step, cold_handler_for, handler_for, handler_word};
use crate::exec::context::{Fp, Ip, Reason, Regs};
use crate::exec::link::{ModuleCode, load_word, store_word};
use crate::exec::operand::{Acc, Const, Fields, SlotA, SlotD, Src, Value, is_kind_of};
use crate::instance::{FuncInst, FuncKind, FuncTypeInfo, Instance};

/// Words of a [`Reload`], between the two places to which a call outside may return.
pub(in crate::exec) const RELOAD_LEN: usize = 3;

/// Slots from the caller's frame to the callee's, of the call that returns to `ip`.
#[inline(always)]
pub(super) unsafe fn delta_before(ip: Ip) -> usize {
    // SAFETY: the word before a return ip is the call's info, the distance in its low half.
    unsafe { *ip.sub(1) as u32 as usize }
}

/// Which of the caller's pins a function keeps in its frame: a type parameter of what begins and ends functions.
pub(super) trait Keep {
    /// Stores the pins from slot `first` on.
    ///
    /// # Safety
    ///
    /// The frame has slots for them there (`ir::verify`, "enter").
    unsafe fn save(regs: &Regs, first: usize);
    /// Loads them from there.
    ///
    /// # Safety
    ///
    /// As for [`save`](Self::save).
    unsafe fn restore(regs: &mut Regs, first: usize);
}

/// None.
pub(super) struct KeepNone;

impl Keep for KeepNone {
    #[inline(always)]
    unsafe fn save(_: &Regs, _: usize) {}
    #[inline(always)]
    unsafe fn restore(_: &mut Regs, _: usize) {}
}

/// The integers.
pub(super) struct KeepInts;

impl Keep for KeepInts {
    #[inline(always)]
    unsafe fn save(regs: &Regs, first: usize) {
        // SAFETY: passed on from the caller.
        unsafe {
            *regs.fp.add(first) = regs.pin0;
            *regs.fp.add(first + 1) = regs.pin1;
        }
    }

    #[inline(always)]
    unsafe fn restore(regs: &mut Regs, first: usize) {
        // SAFETY: passed on from the caller.
        unsafe {
            regs.pin0 = *regs.fp.add(first);
            regs.pin1 = *regs.fp.add(first + 1);
        }
    }
}

/// The integers and the `f64`s.
pub(super) struct KeepAll;

impl Keep for KeepAll {
    #[inline(always)]
    unsafe fn save(regs: &Regs, first: usize) {
        // SAFETY: passed on from the caller.
        unsafe {
            KeepInts::save(regs, first);
            regs.fpin0.store(regs.fp.add(first + 2));
            regs.fpin1.store(regs.fp.add(first + 3));
        }
    }

    #[inline(always)]
    unsafe fn restore(regs: &mut Regs, first: usize) {
        // SAFETY: passed on from the caller.
        unsafe {
            KeepInts::restore(regs, first);
            regs.fpin0 = f64::load(regs.fp.add(first + 2));
            regs.fpin1 = f64::load(regs.fp.add(first + 3));
        }
    }
}

/// Goes on with the type for the pins kept, which the mode of a key names.
macro_rules! by_kept {
    ($key:expr, |$ty:ident| $go_on:expr) => {
        match $key.mode {
            0 => {
                type $ty = KeepNone;
                $go_on
            }
            1 => {
                type $ty = KeepInts;
                $go_on
            }
            2 => {
                type $ty = KeepAll;
                $go_on
            }
            _ => None,
        }
    };
}

/// Gives a frame's caller its pins back, as a return would.
///
/// # Safety
///
/// `regs.fp` is a frame of a function that keeps `saves`, and has not given them back.
pub(in crate::exec) unsafe fn restore_pins(regs: &mut Regs, saves: Saves) {
    // SAFETY: passed on from the caller.
    unsafe {
        match saves {
            Saves::None => {}
            Saves::Ints(first) => KeepInts::restore(regs, first.0.into()),
            Saves::All(first) => KeepAll::restore(regs, first.0.into()),
        }
    }
}

/// Start of a function.
pub(super) struct Enter<K>(PhantomData<K>);

impl<K: Keep> Step for Enter<K> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the caller's frame has room for the callee's parameters, results and return ip (`ir::verify`, "slots in
        // frame"), and `wrapping_add` makes no claim about the frame's end. Once that is checked, there is the whole frame.
        unsafe {
            let fields = Fields::of(ip);
            *regs.fp.add(fields.a()) = regs.acc;
            if regs.fp.wrapping_add(fields.imm() as usize) > (*regs.ctx).stack_limit {
                return Next::Trap(Trap::CallStackExhausted);
            }
            if spend(regs) {
                // The function starts again later, and takes it then.
                (*regs.ctx).budget += 1;
                return Next::Stop(ip, Reason::Budget);
            }
            K::save(regs, fields.d());
            Next::Fall
        }
    }
}

/// Handlers of [`Family::Enter`](whimbrel_ir::Family).
pub(super) fn enter(key: OpKey) -> Option<Handler> {
    by_kept!(key, |K| of::<Enter<K>>())
}

/// A call of a function of the same module.
pub(super) struct Call;

impl Step for Call {
    const LEN: usize = 3;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: linking made the payload the address of the callee's code or stub; the info gives a distance inside the
        // frame.
        unsafe {
            regs.acc = ip.add(Self::LEN).expose_provenance() as u64;
            regs.fp = regs.fp.add(*ip.add(2) as u32 as usize);
            Next::Jump(load_word(ip.add(1)))
        }
    }
}

/// Where functions that have no code yet begin: asks the driver for it.
pub(in crate::exec) struct Stub;

impl Stub {
    /// The words of the stub of function `func`: a handler, and the function for the driver.
    pub(in crate::exec) fn words(func: u32) -> [u64; 2] {
        [handler_word(handler_for::<Self>()), func.into()]
    }
}

impl Step for Stub {
    const LEN: usize = 2;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the current instance is that of the function called, and live.
        let code: &ModuleCode = unsafe { &(*(*regs.ctx).instance).code };
        // SAFETY: a stub's second word is its function.
        let func = FuncIdx(unsafe { *ip.add(1) } as u32);
        // SAFETY: the stub is one of this code's.
        let start = unsafe { code.start(func) };
        if core::ptr::eq(start, ip) {
            return Next::Stop(ip, Reason::NeedsCode);
        }
        let return_ip = core::ptr::with_exposed_provenance::<u64>(regs.acc as usize);
        // SAFETY: at least three words of code lie before every return ip. A direct call to this stub is made to call
        // the code from now on; its word is only ever accessed atomically.
        unsafe {
            let (handler, callee) = (return_ip.sub(3), return_ip.sub(2));
            if *handler == call_word() && core::ptr::eq(load_word(callee), ip) {
                store_word(callee, start);
            }
        }
        Next::Jump(start)
    }
}

/// The word 0 of direct calls.
pub(in crate::exec) fn call_word() -> u64 {
    handler_word(handler_for::<Call>())
}

/// The word 0 of reloads.
pub(in crate::exec) fn reload_word() -> u64 {
    handler_word(handler_for::<Reload>())
}

/// How a call outside the module finds its callee.
pub(super) trait Callee {
    /// Extension words before the info.
    const EXTENSION: usize;

    /// The function called.
    ///
    /// # Safety
    ///
    /// The op at `ip` names its callee this way.
    unsafe fn find(ip: Ip, regs: &Regs) -> Result<NonNull<FuncInst>, Trap>;

    /// The function called, where that is quickly known.
    ///
    /// # Safety
    ///
    /// As for [`find`](Self::find).
    #[inline(always)]
    unsafe fn find_quickly(ip: Ip, regs: &Regs) -> Option<NonNull<FuncInst>> {
        // SAFETY: passed on from the caller.
        unsafe { Self::find(ip, regs) }.ok()
    }
}

/// An imported function, its index in the immediate.
pub(super) struct Imported;

impl Callee for Imported {
    const EXTENSION: usize = 0;

    #[inline(always)]
    unsafe fn find(ip: Ip, regs: &Regs) -> Result<NonNull<FuncInst>, Trap> {
        // SAFETY: the index is below the number of imported functions (`ir::verify`, "indices in range").
        unsafe {
            let imports = &(*(*regs.ctx).instance).imported_funcs;
            Ok(*imports.get_unchecked(Fields::of(ip).imm() as usize))
        }
    }
}

/// An element of the table in the immediate, of the type in the first extension word.
pub(super) struct Indirect<I>(PhantomData<I>);

impl<I: Src> Indirect<I> {
    /// The element, and the type that it must have.
    #[inline(always)]
    unsafe fn look_up<'a>(ip: Ip, regs: &Regs) -> Result<(NonNull<FuncInst>, Option<&'a FuncTypeInfo>), Trap> {
        // SAFETY: table and type are in range (`ir::verify`, "indices in range"), and live as long as the instance; an
        // element is null or a live function.
        unsafe {
            let instance = &*(*regs.ctx).instance;
            let fields = Fields::of(ip);
            let table = instance.tables.get_unchecked(fields.imm() as usize).as_ref();
            // A 32-bit index is zero-extended in its slot, as integers are when written.
            let index = if table.ty().table64 { I::get::<u64>(ip, regs) } else { I::get::<u32>(ip, regs).into() };
            let element = usize::try_from(index).ok().and_then(|index| table.elems().get(index));
            let element = *element.ok_or(Trap::UndefinedElement)?;
            let func = core::ptr::with_exposed_provenance_mut::<FuncInst>(element as usize);
            let func = NonNull::new(func).ok_or(Trap::UninitializedElement)?;
            Ok((func, instance.types.types.get_unchecked(fields.ext(0) as usize).as_deref()))
        }
    }
}

impl<I: Src> Callee for Indirect<I> {
    const EXTENSION: usize = 1;

    #[inline(always)]
    unsafe fn find(ip: Ip, regs: &Regs) -> Result<NonNull<FuncInst>, Trap> {
        // SAFETY: passed on from the caller; the function is live.
        unsafe {
            match Self::look_up(ip, regs)? {
                (func, Some(ty)) if func.as_ref().ty.matches(ty.id) => Ok(func),
                _ => Err(Trap::IndirectCallTypeMismatch),
            }
        }
    }

    #[inline(always)]
    unsafe fn find_quickly(ip: Ip, regs: &Regs) -> Option<NonNull<FuncInst>> {
        // SAFETY: passed on from the caller; the function is live.
        unsafe {
            match Self::look_up(ip, regs) {
                Ok((func, Some(ty))) if func.as_ref().ty.id == ty.id => Some(func),
                _ => None,
            }
        }
    }
}

/// As [`Indirect`], through table 0.
pub(super) struct IndirectFirst<I>(PhantomData<I>);

impl<I: Src> Callee for IndirectFirst<I> {
    const EXTENSION: usize = 1;

    unsafe fn find(ip: Ip, regs: &Regs) -> Result<NonNull<FuncInst>, Trap> {
        // SAFETY: passed on from the caller.
        unsafe { Indirect::<I>::find(ip, regs) }
    }

    #[inline(always)]
    unsafe fn find_quickly(ip: Ip, regs: &Regs) -> Option<NonNull<FuncInst>> {
        // SAFETY: the context has the elements of table 0, of which each is null or a live function, and the module's types,
        // among which the op's is (`ir::verify`, "indices in range").
        unsafe {
            let ctx = &*regs.ctx;
            let index = u64::from(I::get::<u32>(ip, regs));
            if index >= ctx.table0_len {
                return None;
            }
            let element = *ctx.table0.add(index as usize);
            let func = NonNull::new(core::ptr::with_exposed_provenance_mut::<FuncInst>(element as usize))?;
            let ty = (*ctx.types.add(Fields::of(ip).ext(0) as usize)).as_deref()?;
            (func.as_ref().ty.id == ty.id).then_some(func)
        }
    }
}

/// A reference in slot `d`.
pub(super) struct Referenced;

impl Callee for Referenced {
    const EXTENSION: usize = 0;

    #[inline(always)]
    unsafe fn find(ip: Ip, regs: &Regs) -> Result<NonNull<FuncInst>, Trap> {
        // SAFETY: the slot holds null or a live function.
        let reference = unsafe { *regs.fp.add(Fields::of(ip).d()) };
        NonNull::new(core::ptr::with_exposed_provenance_mut(reference as usize)).ok_or(Trap::NullFunctionReference)
    }
}

/// A call that may leave the instance; a [`Reload`] follows.
pub(super) struct Outside<C>(PhantomData<C>);

impl<C: Callee> Outside<C> {
    const INFO: usize = 2 + C::EXTENSION;
}

impl<C: Callee> Step for Outside<C> {
    const LEN: usize = Self::INFO + 1;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names its callee this way; a function found is live.
        unsafe {
            if let Some(func) = C::find_quickly(ip, regs)
                && let &FuncInst { kind: FuncKind::Wasm { instance, .. }, entry: Some(entry), .. } = func.as_ref()
                && core::ptr::eq(instance.as_ptr(), (*regs.ctx).instance)
            {
                regs.acc = ip.add(Self::LEN + RELOAD_LEN).expose_provenance() as u64;
                regs.fp = regs.fp.add(*ip.add(Self::INFO) as u32 as usize);
                return Next::Jump(entry.as_ref().load(Ordering::Acquire));
            }
            Next::Cold(cold_handler_for::<CallAway<C>>())
        }
    }
}

/// A call outside of any function, and the traps of such calls.
struct CallAway<C>(PhantomData<C>);

impl<C: Callee> Step for CallAway<C> {
    const LEN: usize = Outside::<C>::LEN;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names its callee this way; a function found is live, and the info before the reload gives a
        // distance inside the frame, which has room for the callee's parameters and results (`ir::verify`, "slots in frame").
        unsafe {
            let callee = match C::find(ip, regs) {
                Ok(callee) => callee,
                Err(trap) => return Next::Trap(trap),
            };
            (*regs.ctx).callee = callee.as_ptr();
            let reload = ip.add(Self::LEN);
            let fp = regs.fp;
            regs.fp = fp.add(delta_before(reload));
            match callee.as_ref().kind {
                FuncKind::Wasm { instance, func } => {
                    *fp.add(Fields::of(ip).a()) = (*regs.ctx).instance.expose_provenance() as u64;
                    (*regs.ctx).enter_instance(instance.as_ptr());
                    regs.acc = reload.expose_provenance() as u64;
                    Next::Jump((*instance.as_ptr()).code.start(func))
                }
                FuncKind::Host(_) => {
                    let behind = reload.add(RELOAD_LEN);
                    match &callee.as_ref().direct {
                        Some(direct) if !(*regs.ctx).is_interrupted() => {
                            let slots = callee.as_ref().ty.return_slot().into();
                            if let Err(payload) = (direct.0)(slice::from_raw_parts_mut(regs.fp, slots)) {
                                (*regs.ctx).panic = Some(payload);
                                return Next::Stop(behind, Reason::Panic);
                            }
                            regs.fp = fp;
                            Next::Jump(behind)
                        }
                        _ => Next::Stop(behind, Reason::Host),
                    }
                }
            }
        }
    }
}

/// Handlers of [`Family::CallIndirect`](whimbrel_ir::Family).
pub(super) fn call_indirect(key: OpKey) -> Option<Handler> {
    match (key.shape.a()?, key.mode) {
        (SrcKind::Slot, 0) => of::<Outside<Indirect<SlotD>>>(),
        (SrcKind::Slot, FIRST_TABLE) => of::<Outside<IndirectFirst<SlotD>>>(),
        (SrcKind::Acc, 0) => of::<Outside<Indirect<Acc>>>(),
        (SrcKind::Acc, FIRST_TABLE) => of::<Outside<IndirectFirst<Acc>>>(),
        _ => None,
    }
}

/// Makes the caller's instance current again.
pub(super) struct Reload;

impl Step for Reload {
    const LEN: usize = RELOAD_LEN;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the call saved its instance in slot `a`; what runs is live.
        unsafe {
            let saved = *regs.fp.add(Fields::of(ip).a());
            (*regs.ctx).enter_instance(core::ptr::with_exposed_provenance_mut::<Instance>(saved as usize));
        }
        Next::Fall
    }
}

/// Goes back to the caller: `ip` is where it goes on, `frame` the returning frame.
#[inline(always)]
pub(super) unsafe fn return_to(ip: u64, regs: &mut Regs) -> Next {
    let ip = core::ptr::with_exposed_provenance::<u64>(ip as usize);
    // SAFETY: the caller's frame lies that far below.
    unsafe { regs.fp = regs.fp.sub(delta_before(ip)) };
    Next::Jump(ip)
}

/// Returns; the results are in place.
pub(super) struct Return<K>(PhantomData<K>);

impl<K: Keep> Step for Return<K> {
    const LEN: usize = 2;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: `d` is the return slot, and `a` the first of those with the caller's pins.
        unsafe {
            let fields = Fields::of(ip);
            K::restore(regs, fields.a());
            let return_ip = *regs.fp.add(fields.d());
            return_to(return_ip, regs)
        }
    }
}

/// Handlers of [`Family::Return`](whimbrel_ir::Family).
pub(super) fn return_(key: OpKey) -> Option<Handler> {
    by_kept!(key, |K| of::<Return<K>>())
}

pub(super) struct ReturnValue<T, A, K>(PhantomData<(T, A, K)>);

impl<T: Value, A: Src, K: Keep> Step for ReturnValue<T, A, K> {
    const LEN: usize = if matches!(T::CLASS, Class::F64) && A::IS_CONST { 3 } else { 2 };

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op has this operand; `d` is the return slot, which is above slot 0 where there is a result, and below
        // those with the caller's pins.
        unsafe {
            let fields = Fields::of(ip);
            let value: T = A::get(ip, regs);
            value.store(regs.fp);
            K::restore(regs, if A::IS_SLOT_A { fields.b() } else { fields.a() });
            let return_ip = *regs.fp.add(fields.d());
            return_to(return_ip, regs)
        }
    }
}

/// Handlers of [`Family::ReturnValue`](whimbrel_ir::Family).
pub(super) fn return_value(key: OpKey) -> Option<Handler> {
    by_class!(key.class(), return_value_of, key)
}

fn return_value_of<T: Value>(key: OpKey) -> Option<Handler> {
    by_source!(key.shape.a(), |A: SlotA, Const| return_value_from::<T, A>(key))
}

fn return_value_from<T: Value, A: Src>(key: OpKey) -> Option<Handler> {
    by_kept!(key, |K| const { given::<ReturnValue<T, A, K>>(is_kind_of(T::CLASS, A::KIND)) })
}

/// The fields of a [`TailMove`](whimbrel_ir::TailMove) in the op's first word behind the payload.
#[derive(Clone, Copy)]
struct Tail {
    args: usize,
    count: usize,
    return_slot: usize,
    results: usize,
}

impl Tail {
    #[inline(always)]
    unsafe fn at(word: Ip) -> Self {
        // SAFETY: the caller passes the tail's word.
        let word = unsafe { *word };
        let half = |n: u32| (word >> (16 * n)) as u16 as usize;
        Self { args: half(0), count: half(1), return_slot: half(2), results: half(3) }
    }

    /// Moves the arguments to `to`; returns the caller's return ip, read before.
    #[inline(always)]
    unsafe fn shift(self, fp: Fp, to: Fp) -> u64 {
        // SAFETY: return slot, arguments and their new place lie in the frame (`ir::verify`, "slots in frame").
        unsafe {
            let return_ip = *fp.add(self.return_slot);
            to.copy_from(fp.add(self.args), self.count);
            return_ip
        }
    }
}

/// A tail call of a function of the same module.
pub(super) struct ReturnCall;

impl Step for ReturnCall {
    const LEN: usize = 3;

    #[inline(always)]
    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: linking made the payload the address of the callee's code or stub.
        unsafe {
            regs.acc = Tail::at(ip.add(2)).shift(regs.fp, regs.fp);
            Next::Jump(load_word(ip.add(1)))
        }
    }
}

/// A tail call that may leave the instance.
pub(super) struct ReturnOutside<C>(PhantomData<C>);

impl<C: Callee> Step for ReturnOutside<C> {
    const LEN: usize = 3 + C::EXTENSION;

    unsafe fn run(ip: Ip, regs: &mut Regs) -> Next {
        // SAFETY: the op names its callee this way; a function found is live, and so is its instance. The frame has room
        // for a tail record below the callee's parameters and results.
        unsafe {
            let callee = match C::find(ip, regs) {
                Ok(func) => func,
                Err(trap) => return Next::Trap(trap),
            };
            let tail = Tail::at(ip.add(Self::LEN - 1));
            let (instance, func) = match callee.as_ref().kind {
                FuncKind::Wasm { instance, func } => (instance, func),
                FuncKind::Host(_) => {
                    (*regs.ctx).callee = callee.as_ptr();
                    let return_ip = tail.shift(regs.fp, regs.fp);
                    let return_ip = core::ptr::with_exposed_provenance::<u64>(return_ip as usize);
                    return Next::Stop(return_ip, Reason::Host);
                }
            };
            let current = (*regs.ctx).instance;
            let return_ip = *regs.fp.add(tail.return_slot);
            if core::ptr::eq(instance.as_ptr(), current) || restores_instance(return_ip, &(*regs.ctx).landings) {
                regs.acc = tail.shift(regs.fp, regs.fp);
            } else {
                let record = regs.fp;
                regs.fp = record.add(TAIL_RECORD_SLOTS as usize);
                tail.shift(record, regs.fp);
                *record = return_ip;
                *record.add(1) = current.expose_provenance() as u64;
                *record.add(2) = tail.results as u64;
                regs.acc = (*regs.ctx).landings.untail().expose_provenance() as u64;
            }
            if !core::ptr::eq(instance.as_ptr(), current) {
                (*regs.ctx).enter_instance(instance.as_ptr());
            }
            Next::Jump((*instance.as_ptr()).code.start(func))
        }
    }
}

/// Whether what is at a return ip sets the instance itself, so that any instance's function may return there.
unsafe fn restores_instance(return_ip: u64, landings: &Landings) -> bool {
    let ip = core::ptr::with_exposed_provenance::<u64>(return_ip as usize);
    // SAFETY: a return ip is at an op of linked code.
    let word = unsafe { *ip };
    word == reload_word() || landings.is_bottom(ip) || landings.is_untail(ip)
}
