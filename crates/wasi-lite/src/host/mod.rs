//! The host's standard streams, clocks, random bytes, sockets, and waiting on its descriptors.
mod net;

pub use net::{HostListener, HostSocket};

use crate::abi::Filetype;
use crate::clock::{Clock, ClockId, Random};
use crate::errno::{Errno, Result};
use crate::fs::Ready;
use crate::stream::{InputStream, OutputStream};
use alloc::vec::Vec;
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags};
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

/// How many buffers one gathering write takes.
const GATHER: usize = 16;

/// Passes the buffers to a gathering write, without allocating; more than [`GATHER`] make a short write.
pub(crate) fn gather(bufs: &[&[u8]], write: impl FnOnce(&[IoSlice<'_>]) -> Result<usize>) -> Result<usize> {
    let mut slices = [IoSlice::new(&[]); GATHER];
    let count = bufs.len().min(GATHER);
    for (slice, buf) in slices.iter_mut().zip(bufs) {
        *slice = IoSlice::new(buf);
    }
    write(&slices[..count])
}

/// Writes the buffers at the descriptor's position.
pub(crate) fn write(fd: BorrowedFd<'_>, bufs: &[&[u8]]) -> Result<usize> {
    match bufs {
        // The plain call is the faster one.
        [buf] => Ok(rustix::io::write(fd, buf)?),
        _ => gather(bufs, |bufs| Ok(rustix::io::writev(fd, bufs)?)),
    }
}

/// A descriptor that the process has for its whole life, or one of its own.
#[derive(Debug)]
enum Source {
    Inherited(BorrowedFd<'static>),
    Owned(OwnedFd),
}

impl Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Source::Inherited(fd) => *fd,
            Source::Owned(fd) => fd.as_fd(),
        }
    }

    /// The type to report: a character device only if it is a terminal, which is what a guest concludes from it.
    fn filetype(&self) -> Filetype {
        if rustix::termios::isatty(self.as_fd()) {
            return Filetype::CharacterDevice;
        }
        match rustix::fs::fstat(self.as_fd()).map(|stat| FileType::from_raw_mode(stat.st_mode as _)) {
            Ok(FileType::RegularFile) => Filetype::RegularFile,
            Ok(FileType::Socket) => Filetype::SocketStream,
            _ => Filetype::Unknown,
        }
    }
}

/// Input from a descriptor of the host, read without a buffer of its own.
#[derive(Debug)]
pub struct HostInput(Source);

impl HostInput {
    /// The process's standard input.
    pub fn stdin() -> HostInput {
        HostInput(Source::Inherited(rustix::stdio::stdin()))
    }
}

impl From<OwnedFd> for HostInput {
    fn from(fd: OwnedFd) -> HostInput {
        HostInput(Source::Owned(fd))
    }
}

impl InputStream for HostInput {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        Ok(rustix::io::read(self.0.as_fd(), buf)?)
    }

    fn filetype(&self) -> Filetype {
        self.0.filetype()
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// Output to a descriptor of the host, written without a buffer of its own.
#[derive(Debug)]
pub struct HostOutput(Source);

impl HostOutput {
    /// The process's standard output.
    pub fn stdout() -> HostOutput {
        HostOutput(Source::Inherited(rustix::stdio::stdout()))
    }

    /// The process's standard error.
    pub fn stderr() -> HostOutput {
        HostOutput(Source::Inherited(rustix::stdio::stderr()))
    }
}

impl From<OwnedFd> for HostOutput {
    fn from(fd: OwnedFd) -> HostOutput {
        HostOutput(Source::Owned(fd))
    }
}

impl OutputStream for HostOutput {
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        write(self.0.as_fd(), bufs)
    }

    fn filetype(&self) -> Filetype {
        self.0.filetype()
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// The host's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

fn host_clock(id: ClockId) -> rustix::time::ClockId {
    match id {
        ClockId::Realtime => rustix::time::ClockId::Realtime,
        ClockId::Monotonic => rustix::time::ClockId::Monotonic,
        ClockId::ProcessCpuTime => rustix::time::ClockId::ProcessCPUTime,
        ClockId::ThreadCpuTime => rustix::time::ClockId::ThreadCPUTime,
    }
}

fn nanoseconds(time: Timespec) -> Result<u64> {
    let seconds = u64::try_from(time.tv_sec).map_err(|_| Errno::Overflow)?;
    seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(time.tv_nsec as u64)).ok_or(Errno::Overflow)
}

impl Clock for HostClock {
    fn resolution(&mut self, id: ClockId) -> Result<u64> {
        nanoseconds(rustix::time::clock_getres(host_clock(id)))
    }

    fn now(&mut self, id: ClockId) -> Result<u64> {
        nanoseconds(rustix::time::clock_gettime(host_clock(id)))
    }

    fn sleep(&mut self, duration_ns: u64) -> Result<()> {
        std::thread::sleep(Duration::from_nanos(duration_ns));
        Ok(())
    }
}

/// The host's random bytes, fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRandom;

impl Random for HostRandom {
    fn fill(&mut self, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            match rustix::rand::getrandom(&mut *buf, rustix::rand::GetRandomFlags::empty()) {
                Ok(len) => buf = &mut buf[len..],
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

/// One descriptor that [`wait`] waits on.
pub(crate) struct Waiting<'a> {
    /// Which subscription it is for.
    pub(crate) index: usize,
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) writing: bool,
    /// Filled in once it is ready.
    pub(crate) ready: Option<Result<Ready>>,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(index: usize, fd: BorrowedFd<'a>, writing: bool) -> Waiting<'a> {
        Waiting { index, fd, writing, ready: None }
    }
}

/// Whether reading or writing would not wait; true too where that cannot be told.
pub(crate) fn is_ready(fd: BorrowedFd<'_>, writing: bool) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, if writing { PollFlags::OUT } else { PollFlags::IN })];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut fds, Some(&now)).is_err() || !fds[0].revents().is_empty()
}

/// Whether it is a regular file, which takes all that is written.
pub(crate) fn is_regular(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode as _) == FileType::RegularFile)
}

/// Waits until one of the descriptors is ready or the time is over; `None` is no limit.
pub(crate) fn wait(waiting: &mut [Waiting<'_>], timeout_ns: Option<u64>) -> Result<()> {
    let start = Instant::now();
    let mut fds: Vec<_> = waiting
        .iter()
        .map(|one| PollFd::from_borrowed_fd(one.fd, if one.writing { PollFlags::OUT } else { PollFlags::IN }))
        .collect();
    loop {
        let left = timeout_ns.map(|ns| Duration::from_nanos(ns).saturating_sub(start.elapsed()));
        let limit = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
        match rustix::event::poll(&mut fds, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) => break,
        }
    }
    for (one, fd) in waiting.iter_mut().zip(&fds) {
        let found = fd.revents();
        if found.contains(PollFlags::NVAL) {
            one.ready = Some(Err(Errno::BadF));
        } else if !found.is_empty() {
            let bytes = if one.writing { 0 } else { rustix::io::ioctl_fionread(one.fd).unwrap_or(0) };
            one.ready = Some(Ok(Ready { bytes, hangup: found.intersects(PollFlags::HUP | PollFlags::ERR) }));
        }
    }
    Ok(())
}

/// Sets or clears the flag that operations do not wait.
fn set_nonblock(fd: BorrowedFd<'_>, nonblock: bool) -> Result<()> {
    let mut flags = rustix::fs::fcntl_getfl(fd)?;
    flags.set(OFlags::NONBLOCK, nonblock);
    Ok(rustix::fs::fcntl_setfl(fd, flags)?)
}
