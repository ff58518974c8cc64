//! The host's sockets.
use super::set_nonblock;
use crate::abi::{FdFlags, Filetype, SdFlags};
use crate::errno::{Errno, Result};
use crate::stream::{Listener, Socket};
use alloc::boxed::Box;
use rustix::net::{RecvFlags, SendFlags, Shutdown, SocketType};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A closed peer is an error, not a signal.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
/// Elsewhere it is left to the process to ignore the signal, as Rust programs do from their start.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: SendFlags = SendFlags::empty();

/// A connected socket of the host.
#[derive(Debug)]
pub struct HostSocket(OwnedFd);

impl From<OwnedFd> for HostSocket {
    fn from(fd: OwnedFd) -> HostSocket {
        HostSocket(fd)
    }
}

impl Socket for HostSocket {
    fn recv(&mut self, buf: &mut [u8], peek: bool, wait_all: bool) -> Result<(usize, bool)> {
        let mut flags = RecvFlags::empty();
        flags.set(RecvFlags::PEEK, peek);
        flags.set(RecvFlags::WAITALL, wait_all);
        let capacity = buf.len();
        let is_datagram = self.filetype() == Filetype::SocketDgram;
        // With TRUNC the host tells a datagram's whole length; on a byte stream it would throw the bytes away.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        flags.set(RecvFlags::TRUNC, is_datagram);
        let (len, whole) = rustix::net::recv(&self.0, buf, flags)?;
        Ok((len, is_datagram && whole > capacity))
    }

    fn send(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        if self.filetype() == Filetype::SocketDgram && bufs.len() > 1 {
            let message = bufs.concat();
            return Ok(rustix::net::send(&self.0, &message, NO_SIGNAL)?);
        }
        let mut sent = 0;
        for buf in bufs.iter().filter(|buf| !buf.is_empty()) {
            let len = match rustix::net::send(&self.0, buf, NO_SIGNAL) {
                Ok(len) => len,
                Err(_) if sent > 0 => break,
                Err(errno) => return Err(errno.into()),
            };
            sent += len;
            if len < buf.len() {
                break;
            }
        }
        Ok(sent)
    }

    fn shutdown(&mut self, how: SdFlags) -> Result<()> {
        let how = match (how.contains(SdFlags::RD), how.contains(SdFlags::WR)) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            (false, true) => Shutdown::Write,
            (false, false) => return Err(Errno::Inval),
        };
        Ok(rustix::net::shutdown(&self.0, how)?)
    }

    fn filetype(&self) -> Filetype {
        match rustix::net::sockopt::socket_type(&self.0) {
            Ok(SocketType::DGRAM) => Filetype::SocketDgram,
            _ => Filetype::SocketStream,
        }
    }

    fn set_nonblock(&mut self, nonblock: bool) -> Result<()> {
        set_nonblock(self.0.as_fd(), nonblock)
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// A listening socket of the host.
#[derive(Debug)]
pub struct HostListener(OwnedFd);

impl From<OwnedFd> for HostListener {
    fn from(fd: OwnedFd) -> HostListener {
        HostListener(fd)
    }
}

impl From<std::net::TcpListener> for HostListener {
    fn from(listener: std::net::TcpListener) -> HostListener {
        HostListener(listener.into())
    }
}

impl Listener for HostListener {
    fn accept(&mut self, flags: FdFlags) -> Result<Box<dyn Socket>> {
        let fd = rustix::net::accept(&self.0)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        set_nonblock(fd.as_fd(), flags.contains(FdFlags::NONBLOCK))?;
        Ok(Box::new(HostSocket(fd)))
    }

    fn set_nonblock(&mut self, nonblock: bool) -> Result<()> {
        set_nonblock(self.0.as_fd(), nonblock)
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}
