//! The functions on descriptors.
use crate::abi::{self, Abi, FdFlags, Filestat, FstFlags, Rights, Whence};
use crate::context::Wasi;
use crate::descriptor::{Descriptor, Kind, OpenDirectory};
use crate::errno::{Errno, Result};
use crate::fs::{Advice, SetTime};
use crate::iovec::Buffers;
use crate::memory::GuestMemory;

/// Size of the fixed part of a directory entry in bytes.
const DIRENT_BYTES: usize = 24;

/// What `fst_flags` ask for: the new access and modification time.
pub(crate) fn set_times(raw: u32, atim: u64, mtim: u64) -> Result<(SetTime, SetTime)> {
    let flags = abi::fst_flags(raw)?;
    let choose = |at: FstFlags, now: FstFlags, time: u64| match (flags.contains(at), flags.contains(now)) {
        (false, false) => Ok(SetTime::Keep),
        (true, false) => Ok(SetTime::At(time)),
        (false, true) => Ok(SetTime::Now),
        (true, true) => Err(Errno::Inval),
    };
    let atim = choose(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?;
    let mtim = choose(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?;
    Ok((atim, mtim))
}

impl Wasi {
    pub(crate) fn fd_close(&mut self, fd: u32) -> Result<()> {
        self.table.remove(fd).map(drop)
    }

    pub(crate) fn fd_renumber(&mut self, from: u32, to: u32) -> Result<()> {
        self.table.renumber(from, to)
    }

    pub(crate) fn fd_fdstat_get(&mut self, mem: &mut dyn GuestMemory, fd: u32, out: u32) -> Result<()> {
        let descriptor = self.table.get(fd)?;
        let mut stat = [0; 24];
        stat[0] = descriptor.filetype() as u8;
        stat[2..4].copy_from_slice(&descriptor.flags().bits().to_le_bytes());
        stat[8..16].copy_from_slice(&descriptor.rights.bits().to_le_bytes());
        stat[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
        mem.store(out, &stat)
    }

    pub(crate) fn fd_fdstat_set_flags(&mut self, fd: u32, flags: u32) -> Result<()> {
        let flags = abi::fd_flags(flags)?;
        let descriptor = self.table.get_mut(fd)?;
        descriptor.demand(Rights::FD_FDSTAT_SET_FLAGS)?;
        match &mut descriptor.kind {
            Kind::File(file) => file.set_flags(flags),
            Kind::Directory(dir) => {
                dir.flags = flags;
                Ok(())
            }
            // The process's own streams are shared with other processes, which a flag would reach.
            Kind::Input(_) | Kind::Output(_) if flags.is_empty() => Ok(()),
            Kind::Input(_) | Kind::Output(_) => Err(Errno::NotSup),
            Kind::Socket(..) | Kind::Listener(..) if !FdFlags::NONBLOCK.contains(flags) => Err(Errno::Inval),
            Kind::Socket(socket, old) => {
                socket.set_nonblock(flags.contains(FdFlags::NONBLOCK))?;
                *old = flags;
                Ok(())
            }
            Kind::Listener(listener, old) => {
                listener.set_nonblock(flags.contains(FdFlags::NONBLOCK))?;
                *old = flags;
                Ok(())
            }
        }
    }

    pub(crate) fn fd_fdstat_set_rights(&mut self, fd: u32, base: u64, inheriting: u64) -> Result<()> {
        let descriptor = self.table.get_mut(fd)?;
        let (base, inheriting) = (Rights::from_bits_retain(base), Rights::from_bits_retain(inheriting));
        if !descriptor.rights.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::NotCapable);
        }
        descriptor.rights = base;
        descriptor.inheriting = inheriting;
        Ok(())
    }

    pub(crate) fn fd_filestat_get(&mut self, abi: Abi, mem: &mut dyn GuestMemory, fd: u32, out: u32) -> Result<()> {
        let descriptor = self.table.get(fd)?;
        descriptor.demand(Rights::FD_FILESTAT_GET)?;
        let stat = match &descriptor.kind {
            Kind::File(file) => file.stat()?,
            Kind::Directory(dir) => dir.dir.stat()?,
            _ => Filestat { filetype: descriptor.filetype(), ..Filestat::default() },
        };
        let (bytes, len) = stat.encode(abi);
        mem.store(out, &bytes[..len])
    }

    pub(crate) fn fd_filestat_set_size(&mut self, fd: u32, size: u64) -> Result<()> {
        self.table.file(fd, Rights::FD_FILESTAT_SET_SIZE)?.set_len(size)
    }

    pub(crate) fn fd_filestat_set_times(&mut self, fd: u32, atim: u64, mtim: u64, flags: u32) -> Result<()> {
        let (atim, mtim) = set_times(flags, atim, mtim)?;
        let descriptor = self.table.get_mut(fd)?;
        match &mut descriptor.kind {
            Kind::File(_) | Kind::Directory(_) => descriptor.demand(Rights::FD_FILESTAT_SET_TIMES)?,
            _ => return Err(Errno::Inval),
        }
        match &mut descriptor.kind {
            Kind::File(file) => file.set_times(atim, mtim),
            Kind::Directory(dir) => dir.dir.set_times(atim, mtim),
            _ => Err(Errno::Inval),
        }
    }

    pub(crate) fn fd_advise(&mut self, fd: u32, offset: u64, len: u64, advice: u32) -> Result<()> {
        let known =
            [Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed, Advice::NoReuse];
        let advice = *known.get(advice as usize).ok_or(Errno::Inval)?;
        self.table.file(fd, Rights::FD_ADVISE)?.advise(offset, len, advice)
    }

    pub(crate) fn fd_allocate(&mut self, fd: u32, offset: u64, len: u64) -> Result<()> {
        let file = self.table.file(fd, Rights::FD_ALLOCATE)?;
        if len == 0 {
            return Err(Errno::Inval);
        }
        offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok()).ok_or(Errno::FBig)?;
        file.allocate(offset, len)
    }

    pub(crate) fn fd_sync(&mut self, fd: u32, data_only: bool) -> Result<()> {
        let descriptor = self.table.get_mut(fd)?;
        match &mut descriptor.kind {
            Kind::Input(_) | Kind::Socket(..) | Kind::Listener(..) => return Err(Errno::Inval),
            _ => descriptor.demand(if data_only { Rights::FD_DATASYNC } else { Rights::FD_SYNC })?,
        }
        match &mut descriptor.kind {
            Kind::File(file) => file.sync(data_only),
            Kind::Directory(dir) => dir.dir.sync(data_only),
            Kind::Output(output) => output.flush(),
            _ => Err(Errno::Inval),
        }
    }

    pub(crate) fn fd_seek(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        offset: i64,
        whence: Whence,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 8)?;
        // Asking for the position is telling, not seeking.
        if offset == 0 && whence == Whence::Current {
            return self.fd_tell(mem, fd, out);
        }
        let position = self.table.file(fd, Rights::FD_SEEK)?.seek(offset, whence)?;
        mem.store_u64(out, position)
    }

    pub(crate) fn fd_tell(&mut self, mem: &mut dyn GuestMemory, fd: u32, out: u32) -> Result<()> {
        let seeks = self.table.get(fd)?.rights.contains(Rights::FD_SEEK);
        let file = self.table.file(fd, if seeks { Rights::FD_SEEK } else { Rights::FD_TELL })?;
        let position = file.seek(0, Whence::Current)?;
        mem.store_u64(out, position)
    }

    pub(crate) fn fd_prestat_get(&mut self, mem: &mut dyn GuestMemory, fd: u32, out: u32) -> Result<()> {
        let name = preopen_name(self.table.get(fd)?)?;
        mem.store_u64(out, (name.len() as u64) << 32)
    }

    pub(crate) fn fd_prestat_dir_name(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        buf: u32,
        buf_len: u32,
    ) -> Result<()> {
        let name = preopen_name(self.table.get(fd)?)?;
        if name.len() > buf_len as usize {
            return Err(Errno::NameTooLong);
        }
        mem.store(buf, name.as_bytes())
    }

    pub(crate) fn fd_read(&mut self, mem: &mut dyn GuestMemory, fd: u32, list: (u32, u32), out: u32) -> Result<()> {
        mem.check(out, 4)?;
        let descriptor = self.table.get_mut(fd)?;
        if let Kind::Directory(_) = descriptor.kind {
            return Err(Errno::IsDir);
        }
        descriptor.demand(Rights::FD_READ)?;
        let buffers = Buffers::load(mem, list)?;
        // Where reading can wait, one buffer is enough: the next may wait although there is something to return.
        let len = match &mut descriptor.kind {
            Kind::File(file) => {
                let waits = file.filetype() != abi::Filetype::RegularFile;
                buffers.fill(mem, &mut |buf, done| if done > 0 && waits { Ok(0) } else { file.read(buf) })
            }
            Kind::Input(input) => buffers.fill(mem, &mut |buf, done| if done > 0 { Ok(0) } else { input.read(buf) }),
            Kind::Socket(socket, _) => buffers.fill(mem, &mut |buf, done| {
                if done > 0 { Ok(0) } else { socket.recv(buf, false, false).map(|(len, _)| len) }
            }),
            _ => Err(Errno::BadF),
        }?;
        mem.store_u32(out, len)
    }

    pub(crate) fn fd_write(&mut self, mem: &mut dyn GuestMemory, fd: u32, list: (u32, u32), out: u32) -> Result<()> {
        mem.check(out, 4)?;
        let in_turn = self.waited_ns.is_some();
        let descriptor = self.table.get_mut(fd)?;
        if let Kind::Directory(_) = descriptor.kind {
            return Err(Errno::IsDir);
        }
        descriptor.demand(Rights::FD_WRITE)?;
        let buffers = Buffers::load(mem, list)?;
        if let Kind::Input(_) | Kind::Listener(..) = descriptor.kind {
            return Err(Errno::BadF);
        }
        let len = if in_turn {
            buffers.drain(mem, &mut |bufs, done| descriptor.write_in_turn(bufs, done))
        } else {
            buffers.drain(mem, &mut |bufs, _| descriptor.write(bufs))
        }?;
        mem.store_u32(out, len)
    }

    pub(crate) fn fd_pread(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        list: (u32, u32),
        offset: u64,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        let file = self.table.file(fd, Rights::FD_READ | Rights::FD_SEEK)?;
        let buffers = Buffers::load(mem, list)?;
        let len = buffers.fill(mem, &mut |buf, done| file.read_at(buf, file_offset(offset, done)?))?;
        mem.store_u32(out, len)
    }

    pub(crate) fn fd_pwrite(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        list: (u32, u32),
        offset: u64,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        let file = self.table.file(fd, Rights::FD_WRITE | Rights::FD_SEEK)?;
        let buffers = Buffers::load(mem, list)?;
        let len = buffers.drain(mem, &mut |bufs, done| file.write_at(bufs, file_offset(offset, done)?))?;
        mem.store_u32(out, len)
    }

    /// Cookies count entries: 0 is `.`, 1 is `..`, the rest index the listing taken at cookie 0, so that a guest that
    /// removes entries while it lists them misses none.
    pub(crate) fn fd_readdir(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        (buf, buf_len): (u32, u32),
        cookie: u64,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        mem.check(buf, u64::from(buf_len))?;
        let descriptor = self.table.get_mut(fd)?;
        let Kind::Directory(_) = descriptor.kind else { return Err(Errno::NotDir) };
        descriptor.demand(Rights::FD_READDIR)?;
        let Kind::Directory(dir) = &mut descriptor.kind else { return Err(Errno::NotDir) };
        if cookie == 0 || dir.listing.is_empty() {
            dir.listing = dir.dir.entries()?;
        }
        let len = write_listing(mem, dir, (buf, buf_len), cookie)?;
        mem.store_u32(out, len)
    }
}

/// Writes entries from `cookie` on; the last may be cut at the end of the buffer. Returns the number of bytes.
fn write_listing(
    mem: &mut dyn GuestMemory,
    dir: &OpenDirectory,
    (buf, buf_len): (u32, u32),
    cookie: u64,
) -> Result<u32> {
    // The parent may lie outside what the guest can see: `..` carries the directory's own number.
    let own_ino = if cookie < 2 { dir.dir.stat()?.ino } else { 0 };
    let mut used = 0;
    let mut put = |bytes: &[u8]| -> Result<bool> {
        let part = bytes.len().min((buf_len - used) as usize);
        if part > 0 {
            mem.store(buf + used, &bytes[..part])?;
        }
        used += part as u32;
        Ok(used < buf_len)
    };
    let mut next = cookie;
    loop {
        let (name, ino, filetype) = match next {
            0 => (".", own_ino, abi::Filetype::Directory),
            1 => ("..", own_ino, abi::Filetype::Directory),
            _ => match usize::try_from(next - 2).ok().and_then(|index| dir.listing.get(index)) {
                Some(entry) => (entry.name.as_str(), entry.ino, entry.filetype),
                None => break,
            },
        };
        next += 1;
        let mut head = [0; DIRENT_BYTES];
        head[0..8].copy_from_slice(&next.to_le_bytes());
        head[8..16].copy_from_slice(&ino.to_le_bytes());
        head[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
        head[20] = filetype as u8;
        if !(put(&head)? && put(name.as_bytes())?) {
            break;
        }
    }
    Ok(used)
}

/// Where a positioned transfer goes on after `done` bytes.
fn file_offset(offset: u64, done: u64) -> Result<u64> {
    offset.checked_add(done).filter(|offset| i64::try_from(*offset).is_ok()).ok_or(Errno::Inval)
}

fn preopen_name(descriptor: &Descriptor) -> Result<&str> {
    match &descriptor.kind {
        Kind::Directory(OpenDirectory { preopen: Some(name), .. }) => Ok(name),
        _ => Err(Errno::BadF),
    }
}
