//! Directories of the host.
//!
//! On Linux whole paths are opened with `openat2(RESOLVE_BENEATH)`, one system call in which the kernel keeps the path
//! inside. Where the kernel lacks it, or forbids it, the crate's own walk over single names does the same.
use super::{Advice, DirEntry, Directory, File, OpenOptions, Opened, SetTime};
use crate::abi::{FdFlags, Filestat, Filetype, Whence};
use crate::errno::{Errno, Result};
use crate::host::gather;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// For directories that are passed through: they need not be readable where the host knows `O_PATH`.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PASS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An open directory of the host.
#[derive(Debug)]
pub struct HostDir {
    fd: OwnedFd,
}

impl HostDir {
    /// Opens the directory at `path`, following symbolic links: it is the host that names it.
    pub fn open(path: &Path) -> Result<HostDir> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(HostDir { fd: rustix::fs::open(path, flags, Mode::empty())? })
    }

    fn opened(fd: OwnedFd, options: &OpenOptions) -> Result<Opened> {
        let filetype = filetype(FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode as _));
        Ok(match filetype {
            Filetype::Directory => Opened::Directory(Arc::new(HostDir { fd })),
            _ => Opened::File(Box::new(HostFile { fd, filetype, flags: options.flags })),
        })
    }
}

/// Refuses what is not a single name, should a caller of the public trait pass one.
fn single(name: &str) -> Result<&str> {
    match name {
        "" | "." | ".." => Err(Errno::Inval),
        _ if name.contains('/') => Err(Errno::NotCapable),
        _ => Ok(name),
    }
}

fn open_flags(options: &OpenOptions) -> OFlags {
    let mut flags = match (options.read, options.write) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        _ => OFlags::RDONLY,
    };
    flags |= OFlags::CLOEXEC | OFlags::NOCTTY;
    let choices = [
        (options.create, OFlags::CREATE),
        (options.create && options.exclusive, OFlags::EXCL),
        (options.truncate, OFlags::TRUNC),
        (options.directory, OFlags::DIRECTORY),
    ];
    for (chosen, flag) in choices {
        flags.set(flag, chosen);
    }
    flags | status_flags(options.flags)
}

fn status_flags(flags: FdFlags) -> OFlags {
    let mut host = OFlags::empty();
    host.set(OFlags::APPEND, flags.contains(FdFlags::APPEND));
    host.set(OFlags::NONBLOCK, flags.contains(FdFlags::NONBLOCK));
    host.set(OFlags::DSYNC, flags.contains(FdFlags::DSYNC));
    // No host distinguishes RSYNC: where reads are synchronised at all, it is as SYNC.
    host.set(OFlags::SYNC, flags.intersects(FdFlags::SYNC | FdFlags::RSYNC));
    host
}

const NEW_FILE: Mode = Mode::from_bits_truncate(0o666);
const NEW_DIRECTORY: Mode = Mode::from_bits_truncate(0o777);

fn filetype(host: FileType) -> Filetype {
    match host {
        FileType::RegularFile => Filetype::RegularFile,
        FileType::Directory => Filetype::Directory,
        FileType::Symlink => Filetype::SymbolicLink,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::BlockDevice => Filetype::BlockDevice,
        FileType::Socket => Filetype::SocketStream,
        _ => Filetype::Unknown,
    }
}

#[allow(clippy::unnecessary_cast, reason = "the widths of the fields differ between hosts")]
fn filestat(stat: &Stat) -> Filestat {
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns).max(0) as u64;
    Filestat {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        filetype: filetype(FileType::from_raw_mode(stat.st_mode as _)),
        nlink: stat.st_nlink as u64,
        size: stat.st_size as u64,
        atim: ns(stat.st_atime as i64, stat.st_atime_nsec as i64),
        mtim: ns(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctim: ns(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

fn timestamps(atim: SetTime, mtim: SetTime) -> Timestamps {
    let spec = |time| match time {
        SetTime::Keep => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        SetTime::Now => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        SetTime::At(ns) => Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as _ },
    };
    Timestamps { last_access: spec(atim), last_modification: spec(mtim) }
}

fn sync(fd: &OwnedFd, data_only: bool) -> Result<()> {
    // Not every host can leave out the attributes.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if data_only {
        return Ok(rustix::fs::fdatasync(fd)?);
    }
    let _ = data_only;
    Ok(rustix::fs::fsync(fd)?)
}

impl Directory for HostDir {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        let flags = open_flags(options) | OFlags::NOFOLLOW;
        HostDir::opened(rustix::fs::openat(&self.fd, single(name)?, flags, NEW_FILE)?, options)
    }

    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Arc::new(HostDir { fd: rustix::fs::openat(&self.fd, ".", flags, Mode::empty())? }))
    }

    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>> {
        let flags = PASS | OFlags::NOFOLLOW;
        Ok(Arc::new(HostDir { fd: rustix::fs::openat(&self.fd, single(name)?, flags, Mode::empty())? }))
    }

    fn enter_path(&self, path: &str) -> Option<Result<Arc<dyn Directory>>> {
        let fd = beneath::open(&self.fd, path, PASS, Mode::empty())?;
        Some(fd.map(|fd| Arc::new(HostDir { fd }) as Arc<dyn Directory>))
    }

    fn open_path(&self, path: &str, follow: bool, options: &OpenOptions) -> Option<Result<Opened>> {
        let mut flags = open_flags(options);
        flags.set(OFlags::NOFOLLOW, !follow);
        let mode = if options.create { NEW_FILE } else { Mode::empty() };
        let fd = beneath::open(&self.fd, path, flags, mode)?;
        Some(fd.and_then(|fd| HostDir::opened(fd, options)))
    }

    fn stat(&self) -> Result<Filestat> {
        Ok(filestat(&rustix::fs::fstat(&self.fd)?))
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        // Through `.`, since a descriptor that only passes through takes no times.
        Ok(rustix::fs::utimensat(&self.fd, ".", &timestamps(atim, mtim), AtFlags::empty())?)
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        sync(&self.fd, data_only)
    }

    fn entries(&self) -> Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name != "." && name != ".." {
                let filetype = filetype(entry.file_type());
                entries.push(DirEntry { name: String::from(name), ino: entry.ino(), filetype });
            }
        }
        Ok(entries)
    }

    fn stat_at(&self, name: &str) -> Result<Filestat> {
        Ok(filestat(&rustix::fs::statat(&self.fd, single(name)?, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    fn set_times_at(&self, name: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        let times = timestamps(atim, mtim);
        Ok(rustix::fs::utimensat(&self.fd, single(name)?, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn create_directory(&self, name: &str) -> Result<()> {
        Ok(rustix::fs::mkdirat(&self.fd, single(name)?, NEW_DIRECTORY)?)
    }

    fn remove_directory(&self, name: &str) -> Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, single(name)?, AtFlags::REMOVEDIR)?)
    }

    fn unlink(&self, name: &str) -> Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, single(name)?, AtFlags::empty())?)
    }

    fn symlink(&self, target: &str, name: &str) -> Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.fd, single(name)?)?)
    }

    fn read_link(&self, name: &str) -> Result<String> {
        let target = rustix::fs::readlinkat(&self.fd, single(name)?, Vec::new())?;
        target.into_string().map_err(|_| Errno::IlSeq)
    }

    fn link(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        let new_dir: &HostDir = new_dir.downcast()?;
        let (name, new_name) = (single(name)?, single(new_name)?);
        Ok(rustix::fs::linkat(&self.fd, name, &new_dir.fd, new_name, AtFlags::empty())?)
    }

    fn rename(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        let new_dir: &HostDir = new_dir.downcast()?;
        Ok(rustix::fs::renameat(&self.fd, single(name)?, &new_dir.fd, single(new_name)?)?)
    }
}

/// An open file of the host; its position is the host's.
#[derive(Debug)]
struct HostFile {
    fd: OwnedFd,
    filetype: Filetype,
    flags: FdFlags,
}

impl File for HostFile {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        Ok(rustix::io::read(&self.fd, buf)?)
    }

    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        crate::host::write(self.fd.as_fd(), bufs)
    }

    fn read_at(&mut self, buf: &mut [u8], offset: u64) -> Result<usize> {
        Ok(rustix::io::pread(&self.fd, buf, offset)?)
    }

    fn write_at(&mut self, bufs: &[&[u8]], offset: u64) -> Result<usize> {
        gather(bufs, |bufs| Ok(rustix::io::pwritev(&self.fd, bufs, offset)?))
    }

    fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        let position = match whence {
            Whence::Set => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        Ok(rustix::fs::seek(&self.fd, position)?)
    }

    fn stat(&self) -> Result<Filestat> {
        Ok(filestat(&rustix::fs::fstat(&self.fd)?))
    }

    fn filetype(&self) -> Filetype {
        self.filetype
    }

    fn flags(&self) -> FdFlags {
        self.flags
    }

    fn set_flags(&mut self, flags: FdFlags) -> Result<()> {
        let changeable = FdFlags::APPEND | FdFlags::NONBLOCK;
        if !changeable.contains(self.flags ^ flags) {
            return Err(Errno::NotSup);
        }
        rustix::fs::fcntl_setfl(&self.fd, status_flags(flags))?;
        self.flags = flags;
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> Result<()> {
        Ok(rustix::fs::ftruncate(&self.fd, len)?)
    }

    fn set_times(&mut self, atim: SetTime, mtim: SetTime) -> Result<()> {
        Ok(rustix::fs::futimens(&self.fd, &timestamps(atim, mtim))?)
    }

    fn allocate(&mut self, offset: u64, len: u64) -> Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match rustix::fs::fallocate(&self.fd, rustix::fs::FallocateFlags::empty(), offset, len) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            other => return Ok(other?),
        }
        // Without the host's help the range is made to exist, not to have space.
        let size = self.stat()?.size;
        let end = offset.checked_add(len).ok_or(Errno::FBig)?;
        if end > size { self.set_len(end) } else { Ok(()) }
    }

    fn advise(&mut self, offset: u64, len: u64, advice: Advice) -> Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::fs::Advice as Host;
            let advice = match advice {
                Advice::Normal => Host::Normal,
                Advice::Sequential => Host::Sequential,
                Advice::Random => Host::Random,
                Advice::WillNeed => Host::WillNeed,
                Advice::DontNeed => Host::DontNeed,
                Advice::NoReuse => Host::NoReuse,
            };
            rustix::fs::fadvise(&self.fd, offset, core::num::NonZeroU64::new(len), advice)?;
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = (offset, len, advice);
        Ok(())
    }

    fn sync(&mut self, data_only: bool) -> Result<()> {
        sync(&self.fd, data_only)
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        (self.filetype != Filetype::RegularFile).then(|| self.fd.as_fd())
    }
}

/// Opening whole paths in one step.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod beneath {
    use crate::errno::{Errno, Result};
    use core::sync::atomic::{AtomicU8, Ordering};
    use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::Errno as Host;
    use std::os::fd::OwnedFd;

    /// How often to try again when something in the tree moved while the kernel walked it; then the own walk decides.
    const TRIES: usize = 8;

    const UNKNOWN: u8 = 0;
    const PRESENT: u8 = 1;
    const ABSENT: u8 = 2;
    static SUPPORT: AtomicU8 = AtomicU8::new(UNKNOWN);

    /// Whether the kernel has the call and lets this process use it. A sandbox may deny it with any error, so that only
    /// asking for something harmless tells.
    fn is_supported(dir: &OwnedFd) -> bool {
        match SUPPORT.load(Ordering::Relaxed) {
            UNKNOWN => {
                let present = openat2(dir, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), RESOLVE).is_ok();
                SUPPORT.store(if present { PRESENT } else { ABSENT }, Ordering::Relaxed);
                present
            }
            support => support == PRESENT,
        }
    }

    const RESOLVE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);

    pub(super) fn open(dir: &OwnedFd, path: &str, flags: OFlags, mode: Mode) -> Option<Result<OwnedFd>> {
        if !is_supported(dir) {
            return None;
        }
        for _ in 0..TRIES {
            match openat2(dir, path, flags, mode, RESOLVE) {
                Err(Host::AGAIN) => {}
                Err(Host::XDEV) => return Some(Err(Errno::NotCapable)),
                other => return Some(other.map_err(Errno::from)),
            }
        }
        None
    }
}

/// Opening whole paths in one step: no such call on this host.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod beneath {
    use crate::errno::Result;
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::OwnedFd;

    pub(super) fn open(_dir: &OwnedFd, _path: &str, _flags: OFlags, _mode: Mode) -> Option<Result<OwnedFd>> {
        None
    }
}
