//! What ends a guest from outside: Ctrl-C and the time limit.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::failure::Exit;

/// How long a guest that is inside a host function, such as a read, has to end.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why the guest was ended, as an exit code; 0 if it was not.
static CAUSE: AtomicU8 = AtomicU8::new(0);

/// What interrupts what runs now.
static INTERRUPT: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Interrupts by `interrupt` from now on, until the guard is dropped.
#[must_use]
pub(crate) fn on_stop(interrupt: impl Fn() + Send + 'static) -> Guard {
    *INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(interrupt));
    Guard
}

/// While it lives, a guest runs.
pub(crate) struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        *INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Has Ctrl-C end the guest, and the program if the guest does not end.
pub(crate) fn watch_keyboard() {
    // A program that runs without this still ends, without a word.
    let _ = ctrlc::set_handler(|| stop(Exit::Interrupted));
}

/// Ends the guest once `limit` is over.
pub(crate) fn watch_clock(limit: Duration) {
    // Without a thread there is no clock to watch, and no guest was promised one.
    let started = thread::Builder::new().name("timeout".to_owned()).spawn(move || {
        thread::sleep(limit);
        stop(Exit::Timeout);
    });
    drop(started);
}

/// Why the guest was ended from outside, if it was.
pub(crate) fn cause() -> Option<Exit> {
    match CAUSE.load(Ordering::SeqCst) {
        cause if cause == Exit::Interrupted as u8 => Some(Exit::Interrupted),
        cause if cause == Exit::Timeout as u8 => Some(Exit::Timeout),
        _ => None,
    }
}

/// Forgets why.
#[cfg(feature = "repl")]
pub(crate) fn reset() {
    CAUSE.store(0, Ordering::SeqCst);
}

fn stop(cause: Exit) {
    CAUSE.store(cause as u8, Ordering::SeqCst);
    let is_running = match &*INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(interrupt) => {
            interrupt();
            true
        }
        None => false,
    };
    // What waits inside a host function does not see the interruption.
    if is_running {
        thread::sleep(PATIENCE);
    }
    let still_runs = INTERRUPT.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    if still_runs {
        crate::failure::Failure::new(cause, message(cause)).report();
        std::process::exit(i32::from(cause as u8));
    }
}

/// What is said of a guest that was ended.
pub(crate) fn message(cause: Exit) -> &'static str {
    match cause {
        Exit::Timeout => "the program ran longer than --timeout allows",
        _ => "interrupted",
    }
}
