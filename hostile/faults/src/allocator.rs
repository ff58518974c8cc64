//! An allocator that counts what is allocated, and fails once where it is told to.
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

struct Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Allocations until the one that fails; none does while it is negative.
static LEFT: AtomicI64 = AtomicI64::new(-1);
static HAS_FAILED: AtomicBool = AtomicBool::new(false);
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);
static TRACE: AtomicBool = AtomicBool::new(false);

/// Has the `n`th allocation from now on fail, counted from 1; with `trace`, says where.
pub fn fail_at(n: i64, trace: bool) {
    TRACE.store(trace, SeqCst);
    HAS_FAILED.store(false, SeqCst);
    LEFT.store(n, SeqCst);
}

/// Lets all allocations succeed again; returns whether one has failed.
pub fn disarm() -> bool {
    LEFT.store(-1, SeqCst);
    HAS_FAILED.swap(false, SeqCst)
}

/// Bytes that are allocated.
pub fn live_bytes() -> i64 {
    LIVE_BYTES.load(SeqCst)
}

fn fails() -> bool {
    if LEFT.load(SeqCst) < 0 || LEFT.fetch_sub(1, SeqCst) != 1 {
        return false;
    }
    LEFT.store(-1, SeqCst);
    HAS_FAILED.store(true, SeqCst);
    if TRACE.load(SeqCst) {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
    }
    true
}

fn count(bytes: usize) {
    LIVE_BYTES.fetch_add(bytes as i64, SeqCst);
}

// SAFETY: all is the system's allocator's; where this one fails, it returns null as it may.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        count(layout.size());
        // SAFETY: passed on from the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        count(layout.size());
        // SAFETY: passed on from the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        LIVE_BYTES.fetch_add(size as i64 - layout.size() as i64, SeqCst);
        // SAFETY: passed on from the caller.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size() as i64, SeqCst);
        // SAFETY: passed on from the caller.
        unsafe { System.dealloc(at, layout) }
    }
}
