//! The lock of objects that threads share: the standard library's, or a spinning one without it.

#[cfg(feature = "std")]
mod imp {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// A mutex whose data stay usable after a panic.
    #[derive(Debug, Default)]
    pub struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        /// Waits until no other thread has the data.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use spin::{Mutex, MutexGuard};

    /// A mutex that spins.
    #[derive(Debug, Default)]
    pub struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        /// Waits until no other thread has the data.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock()
        }
    }
}

pub use imp::Lock;
