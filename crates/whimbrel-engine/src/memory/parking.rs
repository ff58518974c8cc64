//! Threads that wait at an address of a shared memory until others notify them. Spec: the threads proposal's
//! `exec-memory.atomic.wait` and `exec-memory.atomic.notify`.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use crate::sync::Lock;

/// How waiting ended; the numbers are the instruction's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Wait {
    /// Another thread notified this one.
    Woken = 0,
    /// The memory did not hold the expected value.
    Mismatch = 1,
    /// The time was over.
    TimedOut = 2,
}

/// The threads that wait in one memory.
#[derive(Debug, Default)]
pub(super) struct Parking {
    /// Each with its address, in the order in which they came.
    queue: Lock<VecDeque<(u64, Arc<Sleeper>)>>,
    /// How many there are in the queue, or are about to be.
    waiting: AtomicUsize,
}

impl Parking {
    /// Waits at `address` if `is_expected` says so, which is asked in one step with getting in line. A negative timeout, in
    /// nanoseconds, is none. `None` if `is_interrupted` came to be true, which is asked every half millisecond.
    ///
    /// Without the standard library there is neither a clock nor sleep: finite timeouts are over at once, and endless waiting
    /// keeps the processor busy.
    pub fn wait(
        &self,
        address: u64,
        is_expected: impl FnOnce() -> bool,
        timeout_ns: i64,
        is_interrupted: impl Fn() -> bool,
    ) -> Option<Wait> {
        let deadline = Deadline::new(timeout_ns);
        let sleeper = Arc::new(Sleeper::current());
        {
            let mut queue = self.queue.lock();
            self.waiting.fetch_add(1, Ordering::SeqCst);
            // With the fence in `notify`: either the value that a notifier wrote is seen here, or it sees this waiter.
            fence(Ordering::SeqCst);
            if !is_expected() {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                return Some(Wait::Mismatch);
            }
            queue.push_back((address, Arc::clone(&sleeper)));
        }
        loop {
            if sleeper.is_woken() {
                return Some(Wait::Woken);
            }
            let interrupted = is_interrupted();
            if interrupted || deadline.is_over() {
                return if !self.leave(&sleeper) {
                    Some(Wait::Woken)
                } else if interrupted {
                    None
                } else {
                    Some(Wait::TimedOut)
                };
            }
            deadline.sleep();
        }
    }

    /// Gets out of line; `false` if a notification came first.
    fn leave(&self, sleeper: &Arc<Sleeper>) -> bool {
        let mut queue = self.queue.lock();
        let Some(n) = queue.iter().position(|(_, other)| Arc::ptr_eq(other, sleeper)) else { return false };
        queue.remove(n);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        true
    }

    /// Wakes at most `count` threads that wait at `address`, those first that came first; returns how many.
    pub fn notify(&self, address: u64, count: u32) -> u32 {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return 0;
        }
        let mut woken = 0;
        self.queue.lock().retain(|(at, sleeper)| {
            let stays = *at != address || woken == count;
            if !stays {
                woken += 1;
                sleeper.wake();
            }
            stays
        });
        self.waiting.fetch_sub(woken as usize, Ordering::SeqCst);
        woken
    }
}

/// A thread that waits.
#[derive(Debug)]
struct Sleeper {
    woken: AtomicBool,
    #[cfg(feature = "std")]
    thread: std::thread::Thread,
}

impl Sleeper {
    fn current() -> Self {
        Self {
            woken: AtomicBool::new(false),
            #[cfg(feature = "std")]
            thread: std::thread::current(),
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        #[cfg(feature = "std")]
        self.thread.unpark();
    }
}

#[cfg(feature = "std")]
mod clock {
    use std::thread;
    use std::time::{Duration, Instant};

    /// Time between two looks at what else may end the waiting.
    const LOOK: Duration = Duration::from_micros(500);

    /// When waiting ends by itself.
    pub(super) struct Deadline(Option<Instant>);

    impl Deadline {
        pub(super) fn new(timeout_ns: i64) -> Self {
            let timeout = u64::try_from(timeout_ns).ok().map(Duration::from_nanos);
            Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
        }

        pub(super) fn is_over(&self) -> bool {
            self.0.is_some_and(|end| Instant::now() >= end)
        }

        /// Sleeps until this thread is woken, the deadline, or the next look.
        pub(super) fn sleep(&self) {
            let left = self.0.map_or(LOOK, |end| end.saturating_duration_since(Instant::now()));
            thread::park_timeout(left.min(LOOK));
        }
    }
}

#[cfg(not(feature = "std"))]
mod clock {
    /// Whether waiting ends by itself.
    pub(super) struct Deadline(bool);

    impl Deadline {
        pub(super) fn new(timeout_ns: i64) -> Self {
            Self(timeout_ns >= 0)
        }

        pub(super) fn is_over(&self) -> bool {
            self.0
        }

        pub(super) fn sleep(&self) {
            core::hint::spin_loop();
        }
    }
}

use clock::Deadline;
