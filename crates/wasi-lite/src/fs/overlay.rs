//! Two directory trees seen as one, to be read.
use super::{DirEntry, Directory, OpenOptions, Opened, SetTime};
use crate::abi::{Filestat, Filetype};
use crate::errno::{Errno, Result};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A read-only view of one directory laid over another.
///
/// A name is looked up in the upper directory, then in the lower; where both have a directory, the two are laid over each
/// other in turn, and anything else in the upper hides what is below. Whatever would change either is [`Errno::RoFs`].
pub struct Overlay {
    upper: Arc<dyn Directory>,
    lower: Arc<dyn Directory>,
}

impl Overlay {
    /// `upper` over `lower`.
    pub fn new(upper: Arc<dyn Directory>, lower: Arc<dyn Directory>) -> Overlay {
        Overlay { upper, lower }
    }

    /// The layer that `name` is found in.
    fn layer(&self, name: &str) -> &dyn Directory {
        match self.upper.stat_at(name) {
            Err(Errno::NoEnt) => &*self.lower,
            _ => &*self.upper,
        }
    }

    /// `upper`, the directory `name` of the upper layer, over its namesake in the lower if that is a directory too.
    fn merge(&self, name: &str, upper: Arc<dyn Directory>) -> Arc<dyn Directory> {
        match self.lower.enter(name) {
            Ok(lower) => Arc::new(Overlay { upper, lower }),
            Err(_) => Arc::new(ReadOnly(upper)),
        }
    }
}

/// Opens from one layer; `merge` turns a directory into the one to show.
fn open(
    layer: &dyn Directory,
    name: &str,
    options: &OpenOptions,
    merge: impl FnOnce(Arc<dyn Directory>) -> Arc<dyn Directory>,
) -> Result<Opened> {
    let exists = layer.stat_at(name);
    if options.create && options.exclusive && exists.is_ok() {
        return Err(Errno::Exist);
    }
    if options.write || options.truncate || (options.create && exists == Err(Errno::NoEnt)) {
        return Err(Errno::RoFs);
    }
    let options = OpenOptions { create: false, exclusive: false, ..*options };
    Ok(match layer.open(name, &options)? {
        Opened::Directory(dir) => Opened::Directory(merge(dir)),
        Opened::File(file) => Opened::File(Box::new(ReadOnlyFile(file))),
    })
}

/// What both kinds of read-only directory refuse.
macro_rules! refuse_changes {
    () => {
        fn set_times(&self, _atim: SetTime, _mtim: SetTime) -> Result<()> {
            Err(Errno::RoFs)
        }
        fn set_times_at(&self, _name: &str, _atim: SetTime, _mtim: SetTime) -> Result<()> {
            Err(Errno::RoFs)
        }
        fn create_directory(&self, name: &str) -> Result<()> {
            if self.stat_at(name).is_ok() { Err(Errno::Exist) } else { Err(Errno::RoFs) }
        }
        fn remove_directory(&self, _name: &str) -> Result<()> {
            Err(Errno::RoFs)
        }
        fn unlink(&self, _name: &str) -> Result<()> {
            Err(Errno::RoFs)
        }
        fn symlink(&self, _target: &str, name: &str) -> Result<()> {
            if self.stat_at(name).is_ok() { Err(Errno::Exist) } else { Err(Errno::RoFs) }
        }
        fn link(&self, _name: &str, _new_dir: &dyn Directory, _new_name: &str) -> Result<()> {
            Err(Errno::RoFs)
        }
        fn rename(&self, _name: &str, _new_dir: &dyn Directory, _new_name: &str) -> Result<()> {
            Err(Errno::RoFs)
        }
    };
}

impl Directory for Overlay {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        match self.upper.stat_at(name) {
            Err(Errno::NoEnt) => open(&*self.lower, name, options, |dir| Arc::new(ReadOnly(dir))),
            _ => open(&*self.upper, name, options, |dir| self.merge(name, dir)),
        }
    }

    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        Ok(Arc::new(Overlay { upper: self.upper.reopen()?, lower: self.lower.reopen()? }))
    }

    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>> {
        match self.upper.enter(name) {
            Ok(upper) => Ok(self.merge(name, upper)),
            Err(Errno::NoEnt) => Ok(Arc::new(ReadOnly(self.lower.enter(name)?))),
            Err(errno) => Err(errno),
        }
    }

    fn stat(&self) -> Result<Filestat> {
        self.upper.stat()
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Vec<DirEntry>> {
        let mut entries = self.upper.entries()?;
        let hidden: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        entries.extend(self.lower.entries()?.into_iter().filter(|entry| !hidden.contains(&entry.name)));
        Ok(entries)
    }

    fn stat_at(&self, name: &str) -> Result<Filestat> {
        self.layer(name).stat_at(name)
    }

    fn read_link(&self, name: &str) -> Result<String> {
        self.layer(name).read_link(name)
    }

    refuse_changes!();
}

/// A directory of which only one layer is left, to be read.
struct ReadOnly(Arc<dyn Directory>);

impl Directory for ReadOnly {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        open(&*self.0, name, options, |dir| Arc::new(ReadOnly(dir)))
    }

    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        Ok(Arc::new(ReadOnly(self.0.reopen()?)))
    }

    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>> {
        Ok(Arc::new(ReadOnly(self.0.enter(name)?)))
    }

    fn stat(&self) -> Result<Filestat> {
        self.0.stat()
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Vec<DirEntry>> {
        self.0.entries()
    }

    fn stat_at(&self, name: &str) -> Result<Filestat> {
        self.0.stat_at(name)
    }

    fn read_link(&self, name: &str) -> Result<String> {
        self.0.read_link(name)
    }

    refuse_changes!();
}

/// A file of a layer, to be read. It was opened for reading; what a reader could still change is refused here.
struct ReadOnlyFile(Box<dyn super::File>);

impl super::File for ReadOnlyFile {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.0.read(buf)
    }

    fn write(&mut self, _bufs: &[&[u8]]) -> Result<usize> {
        Err(Errno::RoFs)
    }

    fn read_at(&mut self, buf: &mut [u8], offset: u64) -> Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&mut self, _bufs: &[&[u8]], _offset: u64) -> Result<usize> {
        Err(Errno::RoFs)
    }

    fn seek(&mut self, offset: i64, whence: crate::abi::Whence) -> Result<u64> {
        self.0.seek(offset, whence)
    }

    fn stat(&self) -> Result<Filestat> {
        self.0.stat()
    }

    fn filetype(&self) -> Filetype {
        self.0.filetype()
    }

    fn flags(&self) -> crate::abi::FdFlags {
        self.0.flags()
    }

    fn set_flags(&mut self, flags: crate::abi::FdFlags) -> Result<()> {
        self.0.set_flags(flags)
    }

    fn set_len(&mut self, _len: u64) -> Result<()> {
        Err(Errno::RoFs)
    }

    fn set_times(&mut self, _atim: SetTime, _mtim: SetTime) -> Result<()> {
        Err(Errno::RoFs)
    }

    fn allocate(&mut self, _offset: u64, _len: u64) -> Result<()> {
        Err(Errno::RoFs)
    }

    fn sync(&mut self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    #[cfg(all(feature = "std", unix))]
    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.0.host_fd()
    }
}
