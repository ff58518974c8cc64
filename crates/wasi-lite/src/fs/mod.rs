//! File systems as traits. A [`Directory`] works on single names and never interprets a path: walking paths, and that
//! no path leads out, is this crate's business, in one place for all file systems.
#[cfg(all(feature = "std", unix))]
pub mod host;
pub mod mem;
pub mod overlay;

use crate::abi::{FdFlags, Filestat, Filetype, Whence};
use crate::errno::{Errno, Result};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

/// How to open a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Create a regular file if there is none.
    pub create: bool,
    /// With `create`: fail with [`Errno::Exist`] if there is one.
    pub exclusive: bool,
    /// Cut a regular file to zero bytes.
    pub truncate: bool,
    /// Fail with [`Errno::NotDir`] unless it is a directory.
    pub directory: bool,
    /// Initial flags of the descriptor.
    pub flags: FdFlags,
}

/// What opening gave.
pub enum Opened {
    /// Anything but a directory.
    File(Box<dyn File>),
    /// A directory.
    Directory(Arc<dyn Directory>),
}

/// What to do with one of a file's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// Set it to the current time.
    Now,
    /// Set it to this many nanoseconds since 1970-01-01T00:00:00Z.
    At(u64),
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name; neither `.` nor `..`.
    pub name: String,
    /// Its serial number; 0 if unknown.
    pub ino: u64,
    /// Its type; [`Filetype::Unknown`] if asking costs more than the listing.
    pub filetype: Filetype,
}

/// How a program is expected to use a range of a file; the discriminant is the ABI value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Advice {
    /// No expectation.
    Normal = 0,
    /// In order.
    Sequential = 1,
    /// In no order.
    Random = 2,
    /// Soon.
    WillNeed = 3,
    /// Not soon.
    DontNeed = 4,
    /// Once.
    NoReuse = 5,
}

/// What can be done at once on a descriptor that is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// How many bytes can be read or written without waiting; 0 if unknown or at the end.
    pub bytes: u64,
    /// The other side has closed.
    pub hangup: bool,
}

/// An open file with its position.
pub trait File: Send {
    /// Reads at the position and moves it; 0 at the end.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize>;

    /// Writes the buffers in order at the position (at the end under [`FdFlags::APPEND`]) and moves it behind them.
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize>;

    /// Reads at `offset`; the position stays.
    fn read_at(&mut self, buf: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes the buffers in order at `offset`; the position stays.
    fn write_at(&mut self, bufs: &[&[u8]], offset: u64) -> Result<usize>;

    /// Moves the position and returns it; [`Errno::Inval`] before the start.
    fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64>;

    /// The attributes.
    fn stat(&self) -> Result<Filestat>;

    /// The type.
    fn filetype(&self) -> Filetype {
        self.stat().map_or(Filetype::Unknown, |stat| stat.filetype)
    }

    /// The flags in force.
    fn flags(&self) -> FdFlags;

    /// Replaces the flags; [`Errno::NotSup`] for a change that cannot be made on an open file.
    fn set_flags(&mut self, flags: FdFlags) -> Result<()>;

    /// Sets the size in bytes, cutting or filling with zeros.
    fn set_len(&mut self, len: u64) -> Result<()>;

    /// Sets access and modification time.
    fn set_times(&mut self, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Makes sure that `offset .. offset + len` exists and has space on the disk; never shrinks.
    fn allocate(&mut self, offset: u64, len: u64) -> Result<()>;

    /// Takes note of how a range will be used; `len` 0 is up to the end.
    fn advise(&mut self, offset: u64, len: u64, advice: Advice) -> Result<()> {
        let _ = (offset, len, advice);
        Ok(())
    }

    /// Waits until the data, and unless `data_only` the attributes, are on the disk.
    fn sync(&mut self, data_only: bool) -> Result<()>;

    /// The descriptor to wait on, for a file where reading can wait (a pipe, a device).
    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

/// An open directory. Names are single components without `/`, never empty, `.` or `..`; symbolic links are never
/// followed: opening one fails with [`Errno::Loop`] (or [`Errno::NotDir`] where a directory is asked for).
pub trait Directory: Any + Send + Sync {
    /// Opens the entry `name`.
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened>;

    /// Opens this directory anew.
    fn reopen(&self) -> Result<Arc<dyn Directory>>;

    /// Opens the directory `name` for passing through; it need not be readable.
    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>>;

    /// Opens the directory at a whole relative path, following symbolic links, if this file system can do that in one
    /// step from which no path leads out. `None` if it cannot: then the path is walked with [`Directory::enter`]. A path
    /// that leads out is [`Errno::NotCapable`].
    fn enter_path(&self, path: &str) -> Option<Result<Arc<dyn Directory>>> {
        let _ = path;
        None
    }

    /// As [`Directory::open`] for a whole relative path; the last component is followed if `follow`.
    fn open_path(&self, path: &str, follow: bool, options: &OpenOptions) -> Option<Result<Opened>> {
        let _ = (path, follow, options);
        None
    }

    /// The directory's own attributes.
    fn stat(&self) -> Result<Filestat>;

    /// Sets the directory's own times.
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Waits until the directory is on the disk.
    fn sync(&self, data_only: bool) -> Result<()>;

    /// All entries without `.` and `..`. Names that are not UTF-8 cannot be told to a guest and are left out.
    fn entries(&self) -> Result<Vec<DirEntry>>;

    /// The attributes of the entry `name`.
    fn stat_at(&self, name: &str) -> Result<Filestat>;

    /// Sets the times of the entry `name`.
    fn set_times_at(&self, name: &str, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Creates a directory.
    fn create_directory(&self, name: &str) -> Result<()>;

    /// Removes an empty directory.
    fn remove_directory(&self, name: &str) -> Result<()>;

    /// Removes anything but a directory.
    fn unlink(&self, name: &str) -> Result<()>;

    /// Creates a symbolic link with this text.
    fn symlink(&self, target: &str, name: &str) -> Result<()>;

    /// The text of a symbolic link; [`Errno::Inval`] if it is none.
    fn read_link(&self, name: &str) -> Result<String>;

    /// Makes `new_name` in `new_dir` another name of the entry `name`. [`Errno::XDev`] if that is another file system.
    fn link(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()>;

    /// Moves the entry `name`, replacing `new_name` in `new_dir`. [`Errno::XDev`] if that is another file system.
    fn rename(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()>;
}

impl dyn Directory {
    /// This directory as the file system `T`, or [`Errno::XDev`].
    pub fn downcast<T: Directory>(&self) -> Result<&T> {
        (self as &dyn Any).downcast_ref().ok_or(Errno::XDev)
    }
}
