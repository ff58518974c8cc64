//! The descriptor table: what a descriptor is, its rights, and how numbers are given out.
use crate::abi::{FdFlags, Filetype, Rights};
use crate::errno::{Errno, Result};
use crate::fs::{DirEntry, Directory, File, Opened};
use crate::stream::{InputStream, Listener, OutputStream, Socket};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A pipe that is ready has room for this many bytes (`PIPE_BUF`).
#[cfg(all(feature = "std", unix))]
const ROOM_BYTES: usize = 4096;

/// What a descriptor refers to.
pub(crate) enum Kind {
    Input(Box<dyn InputStream>),
    Output(Box<dyn OutputStream>),
    File(Box<dyn File>),
    Directory(OpenDirectory),
    Socket(Box<dyn Socket>, FdFlags),
    Listener(Box<dyn Listener>, FdFlags),
}

/// An open directory.
pub(crate) struct OpenDirectory {
    pub(crate) dir: Arc<dyn Directory>,
    /// The guest's name of a preopened directory.
    pub(crate) preopen: Option<String>,
    pub(crate) flags: FdFlags,
    /// The listing that `fd_readdir` cookies count in; taken anew at cookie 0.
    pub(crate) listing: Vec<DirEntry>,
}

impl OpenDirectory {
    pub(crate) fn new(dir: Arc<dyn Directory>, preopen: Option<String>, flags: FdFlags) -> OpenDirectory {
        OpenDirectory { dir, preopen, flags, listing: Vec::new() }
    }
}

/// A descriptor.
pub(crate) struct Descriptor {
    pub(crate) kind: Kind,
    pub(crate) rights: Rights,
    pub(crate) inheriting: Rights,
    /// Comes from a read-only mount: whatever changes the file system is `EROFS`.
    pub(crate) read_only: bool,
}

impl Descriptor {
    /// A stream, socket or listener with all rights of its kind.
    pub(crate) fn new(kind: Kind) -> Descriptor {
        let (rights, inheriting) = match &kind {
            Kind::Input(_) => (Rights::STREAM.difference(Rights::FD_WRITE), Rights::empty()),
            Kind::Output(_) => (Rights::STREAM.difference(Rights::FD_READ), Rights::empty()),
            Kind::File(_) => (Rights::FILE, Rights::empty()),
            Kind::Directory(_) => (Rights::DIRECTORY, Rights::all()),
            Kind::Socket(..) => (Rights::SOCKET, Rights::empty()),
            Kind::Listener(..) => (Rights::LISTENER, Rights::SOCKET),
        };
        Descriptor { kind, rights, inheriting, read_only: false }
    }

    /// What `path_open` makes of an opened file: the rights that were asked for, as far as they fit its type.
    pub(crate) fn opened(opened: Opened, flags: FdFlags, rights: Rights, inheriting: Rights) -> Descriptor {
        match opened {
            Opened::File(file) => {
                Descriptor { kind: Kind::File(file), rights: rights & Rights::FILE, inheriting, read_only: false }
            }
            Opened::Directory(dir) => Descriptor {
                kind: Kind::Directory(OpenDirectory::new(dir, None, flags)),
                rights: rights & Rights::DIRECTORY,
                inheriting,
                read_only: false,
            },
        }
    }

    pub(crate) fn filetype(&self) -> Filetype {
        match &self.kind {
            Kind::Input(input) => input.filetype(),
            Kind::Output(output) => output.filetype(),
            Kind::File(file) => file.filetype(),
            Kind::Directory(_) => Filetype::Directory,
            Kind::Socket(socket, _) => socket.filetype(),
            Kind::Listener(..) => Filetype::SocketStream,
        }
    }

    /// The host's descriptor to wait on.
    #[cfg(all(feature = "std", unix))]
    pub(crate) fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        match &self.kind {
            Kind::Input(input) => input.host_fd(),
            Kind::Output(output) => output.host_fd(),
            Kind::File(file) => file.host_fd(),
            Kind::Directory(_) => None,
            Kind::Socket(socket, _) => socket.host_fd(),
            Kind::Listener(listener, _) => listener.host_fd(),
        }
    }

    /// Writes the buffers in order; returns how many bytes were taken.
    pub(crate) fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        match &mut self.kind {
            Kind::File(file) => file.write(bufs),
            Kind::Output(output) => output.write(bufs),
            Kind::Socket(socket, _) => socket.send(bufs),
            Kind::Input(_) | Kind::Directory(_) | Kind::Listener(..) => Err(Errno::BadF),
        }
    }

    /// As [`Descriptor::write`] for what follows `done` bytes of the same call, but takes no more than it can without waiting:
    /// for the first bytes of a call the descriptor is ready.
    pub(crate) fn write_in_turn(&mut self, bufs: &[&[u8]], done: u64) -> Result<usize> {
        #[cfg(all(feature = "std", unix))]
        if (done > 0 || bufs.iter().map(|buf| buf.len()).sum::<usize>() > ROOM_BYTES)
            && self.filetype() != Filetype::SocketDgram
            && self.host_fd().is_some_and(|host| !crate::host::is_regular(host))
        {
            let (mut taken, mut is_first) = (0, done == 0);
            for part in bufs.iter().flat_map(|buf| buf.chunks(ROOM_BYTES)) {
                if !is_first && !self.host_fd().is_some_and(|host| crate::host::is_ready(host, true)) {
                    break;
                }
                is_first = false;
                match self.write(&[part]) {
                    Ok(len) if len == part.len() => taken += len,
                    Ok(len) => return Ok(taken + len),
                    Err(_) if taken > 0 => break,
                    Err(errno) => return Err(errno),
                }
            }
            return Ok(taken);
        }
        let _ = done;
        self.write(bufs)
    }

    pub(crate) fn flags(&self) -> FdFlags {
        match &self.kind {
            Kind::Input(_) | Kind::Output(_) => FdFlags::empty(),
            Kind::File(file) => file.flags(),
            Kind::Directory(dir) => dir.flags,
            Kind::Socket(_, flags) | Kind::Listener(_, flags) => *flags,
        }
    }

    /// Fails unless all of `needed` are held, and with `EROFS` for a change on a read-only mount.
    pub(crate) fn demand(&self, needed: Rights) -> Result<()> {
        if self.read_only && needed.intersects(Rights::MUTATING) {
            Err(Errno::RoFs)
        } else if self.rights.contains(needed) {
            Ok(())
        } else {
            Err(Errno::NotCapable)
        }
    }
}

/// The open descriptors. A new one takes the lowest free number.
pub(crate) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// No number below this one is free.
    first_free: usize,
    limit: usize,
}

impl Table {
    pub(crate) fn new(limit: usize) -> Table {
        Table { slots: Vec::new(), first_free: 0, limit }
    }

    /// The number that the next descriptor gets, or [`Errno::MFile`].
    pub(crate) fn vacancy(&mut self) -> Result<u32> {
        while self.slots.get(self.first_free).is_some_and(Option::is_some) {
            self.first_free += 1;
        }
        if self.first_free >= self.limit { Err(Errno::MFile) } else { Ok(self.first_free as u32) }
    }

    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32> {
        let number = self.vacancy()?;
        let index = number as usize;
        if index == self.slots.len() {
            self.slots.push(Some(descriptor));
        } else {
            self.slots[index] = Some(descriptor);
        }
        Ok(number)
    }

    pub(crate) fn get(&self, number: u32) -> Result<&Descriptor> {
        self.slots.get(number as usize).and_then(Option::as_ref).ok_or(Errno::BadF)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Result<&mut Descriptor> {
        self.slots.get_mut(number as usize).and_then(Option::as_mut).ok_or(Errno::BadF)
    }

    /// Takes the descriptor out and frees its number.
    pub(crate) fn remove(&mut self, number: u32) -> Result<Descriptor> {
        let descriptor = self.slots.get_mut(number as usize).and_then(Option::take).ok_or(Errno::BadF)?;
        self.first_free = self.first_free.min(number as usize);
        Ok(descriptor)
    }

    /// Gives `from` the number `to`, closing what had it. Both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<()> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let descriptor = self.remove(from)?;
            self.slots[to as usize] = Some(descriptor);
        }
        Ok(())
    }

    /// The file `number`, held with the rights `needed`. A directory is [`Errno::IsDir`], a stream [`Errno::SPipe`].
    pub(crate) fn file(&mut self, number: u32, needed: Rights) -> Result<&mut dyn File> {
        let descriptor = self.get_mut(number)?;
        match &descriptor.kind {
            Kind::Directory(_) => return Err(Errno::IsDir),
            Kind::File(_) => descriptor.demand(needed)?,
            _ => return Err(Errno::SPipe),
        }
        match &mut descriptor.kind {
            Kind::File(file) => Ok(&mut **file),
            _ => unreachable!("the match above let only files through"),
        }
    }

    /// The directory `number`, held with the rights `needed`. Anything else is [`Errno::NotDir`].
    pub(crate) fn directory(&self, number: u32, needed: Rights) -> Result<&OpenDirectory> {
        let descriptor = self.get(number)?;
        let Kind::Directory(dir) = &descriptor.kind else { return Err(Errno::NotDir) };
        descriptor.demand(needed)?;
        Ok(dir)
    }
}
