//! Standard streams and sockets as traits, and the implementations that need no host.
use crate::abi::{FdFlags, Filetype, SdFlags};
use crate::errno::{Errno, Result};
use crate::fs::Ready;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use spin::Mutex;

/// Where the guest's standard input comes from.
pub trait InputStream: Send {
    /// Reads what there is, waiting for at least one byte; 0 at the end.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize>;

    /// The type to report; [`Filetype::CharacterDevice`] claims a terminal.
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    /// Whether reading would not wait. Asked where there is no descriptor of the host to wait on.
    fn ready(&mut self) -> Option<Ready> {
        Some(Ready::default())
    }

    /// The descriptor to wait on.
    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// Where the guest's standard output or error goes.
pub trait OutputStream: Send {
    /// Writes the buffers in order; returns how many bytes were taken.
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize>;

    /// Passes on what is held back.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// The type to report; [`Filetype::CharacterDevice`] claims a terminal.
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    /// Whether writing would not wait. Asked where there is no descriptor of the host to wait on.
    fn ready(&mut self) -> Option<Ready> {
        Some(Ready::default())
    }

    /// The descriptor to wait on.
    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// A connected socket.
pub trait Socket: Send {
    /// Receives into `buf`; 0 at the end. The flag tells that a datagram was cut.
    fn recv(&mut self, buf: &mut [u8], peek: bool, wait_all: bool) -> Result<(usize, bool)>;

    /// Sends the buffers in order; returns how many bytes were taken.
    fn send(&mut self, bufs: &[&[u8]]) -> Result<usize>;

    /// Closes the given directions.
    fn shutdown(&mut self, how: SdFlags) -> Result<()>;

    /// The type to report.
    fn filetype(&self) -> Filetype {
        Filetype::SocketStream
    }

    /// Sets or clears [`FdFlags::NONBLOCK`].
    fn set_nonblock(&mut self, nonblock: bool) -> Result<()>;

    /// The descriptor to wait on.
    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// A listening socket.
pub trait Listener: Send {
    /// Accepts a connection, whose flags are `flags`.
    fn accept(&mut self, flags: FdFlags) -> Result<Box<dyn Socket>>;

    /// Sets or clears [`FdFlags::NONBLOCK`].
    fn set_nonblock(&mut self, nonblock: bool) -> Result<()>;

    /// The descriptor to wait on.
    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// Input that is at its end, output that is swallowed: the standard streams of a guest that was given none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl InputStream for Null {
    fn read(&mut self, _buf: &mut [u8]) -> Result<usize> {
        Ok(0)
    }
}

impl OutputStream for Null {
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }
}

/// Input from bytes in memory.
#[derive(Clone, Debug, Default)]
pub struct BytesInput {
    bytes: Vec<u8>,
    position: usize,
}

impl BytesInput {
    /// Input that gives these bytes, then ends.
    pub fn new(bytes: impl Into<Vec<u8>>) -> BytesInput {
        BytesInput { bytes: bytes.into(), position: 0 }
    }
}

impl InputStream for BytesInput {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let rest = &self.bytes[self.position..];
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        self.position += len;
        Ok(len)
    }

    fn ready(&mut self) -> Option<Ready> {
        Some(Ready { bytes: (self.bytes.len() - self.position) as u64, hangup: false })
    }
}

/// Output kept in memory. Clones share their bytes: give one to the guest and keep one to look at.
#[derive(Clone, Debug, Default)]
pub struct BytesOutput {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl BytesOutput {
    /// What was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().clone()
    }
}

impl OutputStream for BytesOutput {
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        let mut bytes = self.bytes.lock();
        let len = bufs.iter().map(|buf| buf.len()).sum();
        bytes.try_reserve(len).map_err(|_| Errno::NoSpc)?;
        bufs.iter().for_each(|buf| bytes.extend_from_slice(buf));
        Ok(len)
    }
}
