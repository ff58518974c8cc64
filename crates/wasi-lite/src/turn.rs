//! Calls on a context that threads share: a call that would wait says what for instead, and the wait happens without the
//! context, which others have meanwhile.
use crate::context::Wasi;
use crate::table::Function;
#[cfg(all(feature = "std", unix))]
use alloc::vec::Vec;

/// How long to wait for what nothing tells of.
pub(crate) const PAUSE_NS: u64 = 1_000_000;

/// What a call in turn came to.
#[derive(Debug)]
pub enum InTurn {
    /// The [`Errno`](crate::Errno), as the `i32` that the function returns.
    Done(u32),
    /// Nothing yet: the same call is to be made again after a wait.
    Wait(Pending),
}

/// What a call waits for: host descriptors, of its own, and a time.
#[derive(Debug, Default)]
pub struct Pending {
    /// `None` is as long as it takes.
    due_ns: Option<u64>,
    /// Each with whether it is waited for to be written to.
    #[cfg(all(feature = "std", unix))]
    fds: Vec<(std::os::fd::OwnedFd, bool)>,
}

impl Pending {
    /// A wait for a time alone.
    pub(crate) fn after(due_ns: Option<u64>) -> Pending {
        Pending { due_ns, ..Pending::default() }
    }

    /// Adds a descriptor of the host.
    #[cfg(all(feature = "std", unix))]
    pub(crate) fn add(&mut self, fd: std::os::fd::BorrowedFd<'_>, writing: bool) {
        match fd.try_clone_to_owned() {
            Ok(fd) => self.fds.push((fd, writing)),
            // The process has no descriptor left: ask again and again instead.
            Err(_) => self.due_ns = Some(self.due_ns.map_or(PAUSE_NS, |ns| ns.min(PAUSE_NS))),
        }
    }

    /// In how many nanoseconds the call is to be made again at the latest; `None` is not before a descriptor is ready.
    pub fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }

    /// Waits until the call can go on, at most `patience_ns` nanoseconds.
    #[cfg(feature = "std")]
    pub fn wait(&self, patience_ns: u64) {
        let limit_ns = self.due_ns.map_or(patience_ns, |ns| ns.min(patience_ns));
        #[cfg(unix)]
        if !self.fds.is_empty() {
            use crate::host::{Waiting, wait};
            use std::os::fd::AsFd;
            let waiting = self.fds.iter().map(|(fd, writing)| Waiting::new(0, fd.as_fd(), *writing));
            // What cannot be waited for is for the call itself to tell.
            let _ = wait(&mut waiting.collect::<Vec<_>>(), Some(limit_ns));
            return;
        }
        std::thread::sleep(core::time::Duration::from_nanos(limit_ns));
    }
}

impl Wasi {
    /// What a call of `function` on descriptor `fd` would wait for; `None` if it would not wait, or tells so itself.
    pub(crate) fn obstacle(&self, function: Function, fd: u32) -> Option<Pending> {
        let writing = match function {
            Function::FdRead | Function::SockRecv | Function::SockAccept => false,
            Function::FdWrite | Function::SockSend => true,
            _ => return None,
        };
        #[cfg(all(feature = "std", unix))]
        if let Ok(descriptor) = self.table.get(fd)
            && let Some(host) = descriptor.host_fd()
            && !descriptor.flags().contains(crate::abi::FdFlags::NONBLOCK)
            && !crate::host::is_ready(host, writing)
        {
            let mut pending = Pending::default();
            pending.add(host, writing);
            return Some(pending);
        }
        let _ = (fd, writing);
        None
    }
}
