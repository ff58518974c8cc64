//! The functions on sockets.
use crate::abi::{self, FdFlags, RiFlags, Rights};
use crate::context::Wasi;
use crate::descriptor::{Descriptor, Kind};
use crate::errno::{Errno, Result};
use crate::iovec::Buffers;
use crate::memory::GuestMemory;
use crate::stream::Socket;
use alloc::boxed::Box;

/// Set in the result of `sock_recv` if a datagram was cut.
const RECV_DATA_TRUNCATED: u16 = 1;

impl Wasi {
    /// The socket `fd`, held with the rights `needed`. A listening one is [`Errno::NotConn`].
    fn socket(&mut self, fd: u32, needed: Rights) -> Result<&mut Box<dyn Socket>> {
        let descriptor = self.table.get_mut(fd)?;
        match &descriptor.kind {
            Kind::Socket(..) => descriptor.demand(needed)?,
            Kind::Listener(..) => return Err(Errno::NotConn),
            _ => return Err(Errno::NotSock),
        }
        match &mut descriptor.kind {
            Kind::Socket(socket, _) => Ok(socket),
            _ => Err(Errno::NotSock),
        }
    }

    pub(crate) fn sock_accept(&mut self, mem: &mut dyn GuestMemory, fd: u32, flags: u32, out: u32) -> Result<()> {
        mem.check(out, 4)?;
        let flags = abi::fd_flags(flags)?;
        self.table.vacancy()?;
        let descriptor = self.table.get_mut(fd)?;
        match &descriptor.kind {
            Kind::Listener(..) => descriptor.demand(Rights::SOCK_ACCEPT)?,
            Kind::Socket(..) => return Err(Errno::Inval),
            _ => return Err(Errno::NotSock),
        }
        if !FdFlags::NONBLOCK.contains(flags) {
            return Err(Errno::Inval);
        }
        let rights = descriptor.inheriting;
        let Kind::Listener(listener, _) = &mut descriptor.kind else { return Err(Errno::NotSock) };
        let socket = listener.accept(flags)?;
        let number = self.table.insert(Descriptor { rights, ..Descriptor::new(Kind::Socket(socket, flags)) })?;
        mem.store_u32(out, number)
    }

    pub(crate) fn sock_recv(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        list: (u32, u32),
        flags: u32,
        out_len: u32,
        out_flags: u32,
    ) -> Result<()> {
        mem.check(out_len, 4)?;
        mem.check(out_flags, 2)?;
        let flags = abi::ri_flags(flags)?;
        let socket = self.socket(fd, Rights::FD_READ)?;
        let buffers = Buffers::load(mem, list)?;
        let (peek, wait_all) = (flags.contains(RiFlags::RECV_PEEK), flags.contains(RiFlags::RECV_WAITALL));
        let mut truncated = false;
        let len = buffers.fill(mem, &mut |buf, done| {
            // A second peek sees the first buffer's bytes again, and without WAITALL a second receive may wait.
            if done > 0 && (peek || !wait_all) {
                return Ok(0);
            }
            let (len, cut) = socket.recv(buf, peek, wait_all)?;
            truncated |= cut;
            Ok(len)
        })?;
        mem.store_u32(out_len, len)?;
        mem.store(out_flags, &(if truncated { RECV_DATA_TRUNCATED } else { 0 }).to_le_bytes())
    }

    pub(crate) fn sock_send(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        list: (u32, u32),
        flags: u32,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        self.socket(fd, Rights::FD_WRITE)?;
        if flags != 0 {
            return Err(Errno::Inval);
        }
        let buffers = Buffers::load(mem, list)?;
        let (in_turn, socket) = (self.waited_ns.is_some(), self.table.get_mut(fd)?);
        let len = if in_turn {
            buffers.drain(mem, &mut |bufs, done| socket.write_in_turn(bufs, done))
        } else {
            buffers.drain(mem, &mut |bufs, _| socket.write(bufs))
        }?;
        mem.store_u32(out, len)
    }

    pub(crate) fn sock_shutdown(&mut self, fd: u32, how: u32) -> Result<()> {
        let socket = self.socket(fd, Rights::SOCK_SHUTDOWN)?;
        let how = abi::sd_flags(how)?;
        if how.is_empty() {
            return Err(Errno::Inval);
        }
        socket.shutdown(how)
    }
}
