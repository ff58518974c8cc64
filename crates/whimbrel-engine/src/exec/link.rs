//! Linking: compiled code becomes handlers and addresses, in blocks that all instances of a module share.
//!
//! A module's functions start as stubs that ask for their code. Publishing a function's code changes where later calls go;
//! direct calls, which hold the callee's address, are changed one by one when they reach the stub.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use wasm_syntax::FuncIdx;
use whimbrel_ir::{Code, Family, Handler, OpKey, Pos, RefMaps, Saves, Slot};

use super::backend::{handler_for, handler_word};
use super::context::Ip;
use super::observe::{Observe, Seen};
use super::step::tiles::{self, Tiler};
use super::step::{self, Stub};
use crate::sync::Lock;

/// Reads the address in a direct call, which another thread may be changing.
///
/// # Safety
///
/// `at` is the payload of a direct call in linked code.
#[inline(always)]
pub(super) unsafe fn load_word(at: Ip) -> Ip {
    // SAFETY: such words are changed by `store_word` alone, and linked code is allocated as atomics' memory allows.
    let word = unsafe { AtomicU64::from_ptr(at.cast_mut()) }.load(Ordering::Acquire);
    ptr::with_exposed_provenance(word as usize)
}

/// Changes the address in a direct call.
///
/// # Safety
///
/// `at` is the payload of a direct call in linked code, and `start` a start of the callee's code.
pub(super) unsafe fn store_word(at: Ip, start: Ip) {
    // SAFETY: such words are read by `load_word` alone, and linked code is never behind a shared reference.
    unsafe { AtomicU64::from_ptr(at.cast_mut()) }.store(start.expose_provenance() as u64, Ordering::Release);
}

/// Words that nothing borrows: handlers read them, and change addresses in calls.
#[derive(Debug)]
struct Words {
    start: *mut u64,
    len: usize,
}

impl Words {
    fn new(words: Vec<u64>) -> Self {
        let words = Box::into_raw(words.into_boxed_slice());
        // Return ips are kept in slots as integers.
        let _ = words.cast::<u64>().expose_provenance();
        Self { start: words.cast(), len: words.len() }
    }

    fn contains(&self, ip: Ip) -> Option<Pos> {
        let offset = (ip as usize).checked_sub(self.start as usize)? / size_of::<u64>();
        (offset < self.len).then_some(Pos(offset as u32))
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: `new` made these from a box, and handlers do not run once the code is dropped.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(self.start, self.len)) });
    }
}

/// The code of one function, linked.
#[derive(Debug)]
struct Linked {
    words: Words,
    offsets: Vec<(Pos, u32)>,
    handlers: Vec<Handler>,
    refs: Option<Box<RefMaps>>,
    return_slot: Slot,
    /// What observation knows of the ops, by word; empty where code is not observed.
    seen: Vec<Option<Seen>>,
    saves: Saves,
}

/// The code of a function, as far as exceptions and the collector need it.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(&'a Linked);

impl<'a> Body<'a> {
    pub fn handlers(self) -> &'a [Handler] {
        &self.0.handlers
    }

    pub fn return_slot(self) -> Slot {
        self.0.return_slot
    }

    /// The caller's pins that its frames keep.
    pub fn saves(self) -> Saves {
        self.0.saves
    }

    /// Where its frames hold references, if they do.
    pub fn refs(self) -> Option<&'a RefMaps> {
        self.0.refs.as_deref()
    }

    /// The ip of the first op.
    pub fn start(self) -> Ip {
        self.0.words.start
    }

    pub fn contains(self, ip: Ip) -> bool {
        self.0.words.contains(ip).is_some()
    }

    /// The position of an ip in the code, or right behind it.
    pub fn end_position(self, ip: Ip) -> Pos {
        Pos(((ip as usize - self.0.words.start as usize) / size_of::<u64>()) as u32)
    }

    /// The position of an ip in the code.
    pub fn position(self, ip: Ip) -> Pos {
        self.0.words.contains(ip).unwrap_or_default()
    }

    /// The ip of a position.
    pub fn ip(self, pos: Pos) -> Ip {
        self.0.words.start.wrapping_add(pos.0 as usize)
    }
}

#[derive(Debug)]
struct Entry {
    /// Where calls go: the stub, then the code.
    start: AtomicPtr<u64>,
    /// The code, once there is any.
    linked: AtomicPtr<Linked>,
}

/// The linked code of a module, shared by its instances and between threads.
#[derive(Debug)]
pub struct ModuleCode {
    imported: u32,
    entries: Box<[Entry]>,
    stubs: Words,
    size_bytes: AtomicUsize,
    fuse: bool,
    observe: bool,
    /// Functions whose code is observed, by the address of that.
    observed: Lock<BTreeMap<usize, FuncIdx>>,
}

// SAFETY: words of code change only through atomics, entries are atomics.
unsafe impl Send for ModuleCode {}
// SAFETY: the same.
unsafe impl Sync for ModuleCode {}

impl ModuleCode {
    /// Code of a module with that many imported functions and functions of its own, none of them compiled.
    #[must_use]
    pub fn new(imported_funcs: u32, defined_funcs: u32) -> Self {
        let stubs = Words::new((0..defined_funcs).flat_map(|n| Stub::words(imported_funcs + n)).collect());
        let entries = (0..defined_funcs as usize).map(|n| Entry {
            // SAFETY: a stub has two words.
            start: AtomicPtr::new(unsafe { stubs.start.add(2 * n) }),
            linked: AtomicPtr::new(ptr::null_mut()),
        });
        Self {
            imported: imported_funcs,
            entries: entries.collect(),
            stubs,
            size_bytes: AtomicUsize::new(0),
            fuse: true,
            observe: false,
            observed: Lock::default(),
        }
    }

    /// Sets whether sequences of ops share handlers, which they do unless told otherwise. It changes how fast code runs,
    /// never what it does.
    #[must_use]
    pub fn with_fusion(mut self, fuse: bool) -> Self {
        self.fuse = fuse;
        self
    }

    /// Sets whether executions count what they execute of it, and may stop for samples and calls. That is slow.
    #[must_use]
    pub fn with_observation(mut self, observe: bool) -> Self {
        self.observe = observe;
        self
    }

    /// The observed code that holds `ip`: its start, and what is known of its ops.
    pub(super) fn seen(&self, ip: Ip) -> Option<(Ip, &[Option<Seen>])> {
        let func = *self.observed.lock().range(..=ip as usize).next_back()?.1;
        let linked = Self::linked(self.entry(func)?)?;
        Some((linked.words.start, &linked.seen))
    }

    /// Where calls of `func` go.
    ///
    /// # Safety
    ///
    /// `func` is a function of the module's own.
    #[inline(always)]
    pub(super) unsafe fn start(&self, func: FuncIdx) -> Ip {
        // SAFETY: the caller passes a function that has an entry.
        unsafe { self.entries.get_unchecked((func.0 - self.imported) as usize) }.start.load(Ordering::Acquire)
    }

    /// What [`start`](Self::start) reads, which stays where it is.
    pub(crate) fn entry_start(&self, func: FuncIdx) -> &AtomicPtr<u64> {
        &self.entry(func).expect("the module defines the function").start
    }

    /// The code of function `func`, if it has any.
    pub(super) fn body(&self, func: u32) -> Option<Body<'_>> {
        Some(Body(Self::linked(self.entry(FuncIdx(func))?)?))
    }

    fn entry(&self, func: FuncIdx) -> Option<&Entry> {
        self.entries.get(func.0.checked_sub(self.imported)? as usize)
    }

    fn linked(entry: &Entry) -> Option<&Linked> {
        // SAFETY: code once published stays until `self` is dropped.
        unsafe { entry.linked.load(Ordering::Acquire).as_ref() }
    }

    /// Whether `func` has code.
    #[must_use]
    pub fn is_compiled(&self, func: FuncIdx) -> bool {
        self.entry(func).is_some_and(|entry| Self::linked(entry).is_some())
    }

    /// Bytes of linked code.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Links `code` and makes calls of its function go there. A second publication of a function has no effect.
    ///
    /// The engine trusts the code as far as `whimbrel_ir` says under `verify`.
    ///
    /// # Panics
    ///
    /// If the code is of no function of this module, or has an op that the engine has no handler for.
    pub fn publish(&self, mut code: Code) {
        let entry = self.entry(code.func).expect("code is published for a function of the module");
        let Code { func, return_slot, saves, .. } = code;
        let (handlers, refs) = (code.take_handlers(), code.take_refs());
        let (mut words, offsets) = code.into_parts();
        let mut seen = Vec::new();
        link(&mut words, func, self.fuse, self.observe.then_some(&mut seen), |func| {
            let entry = self.entry(func).expect("direct calls are of functions of the module");
            entry.start.load(Ordering::Acquire)
        });
        let linked = Linked { words: Words::new(words), offsets, handlers, refs, return_slot, seen, saves };
        let linked = Box::into_raw(Box::new(linked));
        // SAFETY: just made from a box.
        let (start, len) = unsafe { ((*linked).words.start, (*linked).words.len) };
        let first = entry.linked.compare_exchange(ptr::null_mut(), linked, Ordering::AcqRel, Ordering::Acquire);
        if first.is_err() {
            // SAFETY: not published, so nothing else knows it.
            drop(unsafe { Box::from_raw(linked) });
            return;
        }
        self.size_bytes.fetch_add(len * size_of::<u64>(), Ordering::Relaxed);
        if self.observe {
            self.observed.lock().insert(start as usize, func);
        }
        entry.start.store(start, Ordering::Release);
    }

    /// The function whose code or stub holds `ip`, and the offset in its body.
    pub(super) fn locate(&self, ip: Ip) -> Option<Location> {
        if let Some(pos) = self.stubs.contains(ip) {
            return Some(Location { func: FuncIdx(self.imported + pos.0 / 2), offset: None, return_slot: None });
        }
        self.entries.iter().enumerate().find_map(|(n, entry)| {
            let linked = Self::linked(entry)?;
            let pos = linked.words.contains(ip)?;
            let n = linked.offsets.partition_point(|&(at, _)| at <= pos).checked_sub(1).map(|at| (n, at));
            let (n, offset) = match n {
                Some((n, at)) => (n, Some(linked.offsets[at].1)),
                None => (self.entries.iter().position(|other| ptr::eq(other, entry))?, None),
            };
            Some(Location { func: FuncIdx(self.imported + n as u32), offset, return_slot: Some(linked.return_slot) })
        })
    }
}

impl Drop for ModuleCode {
    fn drop(&mut self) {
        for entry in &self.entries {
            let linked = entry.linked.load(Ordering::Acquire);
            if !linked.is_null() {
                // SAFETY: published from a box, once.
                drop(unsafe { Box::from_raw(linked) });
            }
        }
    }
}

/// Where an ip lies.
pub(super) struct Location {
    pub func: FuncIdx,
    /// Bytes from the body's start; `None` where the code has no note of it.
    pub offset: Option<u32>,
    /// `None` in a stub, whose frame has no return ip yet.
    pub return_slot: Option<Slot>,
}

/// Code outside a module's functions: a constant expression's.
#[derive(Debug)]
pub struct LooseCode {
    words: Words,
}

// SAFETY: nothing changes the words.
unsafe impl Send for LooseCode {}
// SAFETY: the same.
unsafe impl Sync for LooseCode {}

impl LooseCode {
    /// Links `code`, which has no direct calls.
    ///
    /// # Panics
    ///
    /// If the code has a direct call, or an op that the engine has no handler for.
    #[must_use]
    pub fn link(code: Code) -> Self {
        let (mut words, _) = code.into_parts();
        link(&mut words, FuncIdx(u32::MAX), false, None, |func| {
            panic!("a direct call of function {func} outside a function")
        });
        Self { words: Words::new(words) }
    }

    pub(super) fn start(&self) -> Ip {
        self.words.start
    }
}

/// The sequences of ops in `code` that share a handler: the word at which each starts, and how many ops it has. A branch may lead
/// into one, where another starts then.
#[must_use]
pub fn tiles(code: &Code) -> Vec<(u32, u32)> {
    let mut words = code.words().to_vec();
    let mut seen = Vec::new();
    link(&mut words, code.func, true, Some(&mut seen), |_| ptr::null_mut());
    let tiles = (0..).zip(seen).filter_map(|(at, op)| Some((at, op?.tile)));
    tiles.filter(|&(_, ops)| ops > 1).collect()
}

/// Puts handlers into the `words` of function `func`, those of sequences where `fuse` says so, and addresses into direct
/// calls; and the function itself into the last word of whatever exceptions pass, so that they find its handlers.
///
/// Where there is room for what observation knows, the handlers are those that observe.
fn link(
    words: &mut [u64],
    func: FuncIdx,
    fuse: bool,
    mut seen: Option<&mut Vec<Option<Seen>>>,
    start: impl Fn(FuncIdx) -> *mut u64,
) {
    if let Some(seen) = &mut seen {
        seen.resize(words.len(), None);
    }
    let mut tiler = (fuse && tiles::any()).then(|| Tiler::with_capacity(words.len() / 2));
    let mut at = 0;
    while at < words.len() {
        let key = OpKey::from_word(words[at]);
        let handler = key.and_then(step::handler);
        let (Some(key), Some(handler)) = (key, handler) else {
            panic!("no handler for {key:?} at word {at}");
        };
        words[at] = handler_word(handler);
        if let Some(tiler) = &mut tiler {
            tiler.push(at, key);
        }
        let payload_imm = (words[at + 1] >> 32) as u32;
        if matches!(key.family, Family::Call | Family::ReturnCall) {
            words[at + 1] = start(FuncIdx(payload_imm)).expose_provenance() as u64;
        }
        let targets = if key.family == Family::BrTable { payload_imm as usize } else { 0 };
        let len = key.len_words().expect("a key with a handler has a length");
        // Unwinding knows reloads by their handler.
        if let Some(seen) = &mut seen
            && key.family != Family::Reload
        {
            let branch = (key.family == Family::Br).then_some(payload_imm as i32);
            let (len, is_enter) = (len as u32, key.family == Family::Enter);
            seen[at] = Some(Seen { handler, len, tile: 1, is_enter, branch });
        }
        if is_passed(key.family) {
            words[at + len - 1] |= u64::from(func.0) << 32;
        }
        at += len + targets;
    }
    if let Some(tiler) = tiler {
        tiler.cover(words, |at, ops| {
            if let Some(op) = seen.as_mut().and_then(|seen| seen[at].as_mut()) {
                op.tile = ops;
            }
        });
    }
    for (word, _) in words.iter_mut().zip(seen.iter().flat_map(|seen| seen.iter())).filter(|(_, op)| op.is_some()) {
        *word = handler_word(handler_for::<Observe>());
    }
}

/// Whether exceptions come from or through ops of the family, whose last word has room for a function.
const fn is_passed(family: Family) -> bool {
    matches!(
        family,
        Family::Call
            | Family::CallImport
            | Family::CallIndirect
            | Family::CallRef
            | Family::Reload
            | Family::Throw
            | Family::ThrowRef
            | Family::Resume
            | Family::Suspend
            | Family::Switch
    )
}
