//! A file, directory, stream, socket, clock and source of random bytes that fail with the error they are told.
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use wasi_lite::fs::{DirEntry, Directory, File, OpenOptions, Opened, SetTime};
use wasi_lite::{
    Clock, ClockId, Errno, FdFlags, Filestat, Filetype, InputStream, Listener, OutputStream, Random, Result, SdFlags,
    Socket, Whence,
};

/// Clones fail alike.
#[derive(Clone, Default)]
pub(crate) struct Faulty(Arc<AtomicU16>);

impl Faulty {
    /// From now on everything fails with `errno`; nothing does if that is success.
    pub(crate) fn set(&self, errno: Errno) {
        self.0.store(errno.raw(), Ordering::Relaxed);
    }

    fn give<T>(&self, value: T) -> Result<T> {
        match Errno::from_raw(self.0.load(Ordering::Relaxed)) {
            Some(Errno::Success) | None => Ok(value),
            Some(errno) => Err(errno),
        }
    }
}

fn total(bufs: &[&[u8]]) -> usize {
    bufs.iter().map(|buf| buf.len()).sum()
}

fn stat(filetype: Filetype) -> Filestat {
    Filestat { filetype, ..Filestat::default() }
}

impl File for Faulty {
    fn read(&mut self, _: &mut [u8]) -> Result<usize> {
        self.give(0)
    }
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        self.give(total(bufs))
    }
    fn read_at(&mut self, _: &mut [u8], _: u64) -> Result<usize> {
        self.give(0)
    }
    fn write_at(&mut self, bufs: &[&[u8]], _: u64) -> Result<usize> {
        self.give(total(bufs))
    }
    fn seek(&mut self, _: i64, _: Whence) -> Result<u64> {
        self.give(0)
    }
    fn stat(&self) -> Result<Filestat> {
        self.give(stat(Filetype::RegularFile))
    }
    fn flags(&self) -> FdFlags {
        FdFlags::empty()
    }
    fn set_flags(&mut self, _: FdFlags) -> Result<()> {
        self.give(())
    }
    fn set_len(&mut self, _: u64) -> Result<()> {
        self.give(())
    }
    fn set_times(&mut self, _: SetTime, _: SetTime) -> Result<()> {
        self.give(())
    }
    fn allocate(&mut self, _: u64, _: u64) -> Result<()> {
        self.give(())
    }
    fn advise(&mut self, _: u64, _: u64, _: wasi_lite::fs::Advice) -> Result<()> {
        self.give(())
    }
    fn sync(&mut self, _: bool) -> Result<()> {
        self.give(())
    }
}

/// Any name is that of a file, but `loop` is a symbolic link to itself, and `abs` one to `/x`.
impl Directory for Faulty {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        match name {
            "loop" => Err(Errno::Loop),
            _ if options.directory => self.give(Opened::Directory(Arc::new(self.clone()))),
            _ => self.give(Opened::File(Box::new(self.clone()))),
        }
    }
    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        self.give(Arc::new(self.clone()))
    }
    fn enter(&self, _: &str) -> Result<Arc<dyn Directory>> {
        self.give(Arc::new(self.clone()))
    }
    fn stat(&self) -> Result<Filestat> {
        self.give(stat(Filetype::Directory))
    }
    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        self.give(())
    }
    fn sync(&self, _: bool) -> Result<()> {
        self.give(())
    }
    fn entries(&self) -> Result<Vec<DirEntry>> {
        self.give(Vec::new())
    }
    fn stat_at(&self, name: &str) -> Result<Filestat> {
        self.give(stat(if name == "loop" { Filetype::SymbolicLink } else { Filetype::RegularFile }))
    }
    fn set_times_at(&self, _: &str, _: SetTime, _: SetTime) -> Result<()> {
        self.give(())
    }
    fn create_directory(&self, _: &str) -> Result<()> {
        self.give(())
    }
    fn remove_directory(&self, _: &str) -> Result<()> {
        self.give(())
    }
    fn unlink(&self, _: &str) -> Result<()> {
        self.give(())
    }
    fn symlink(&self, _: &str, _: &str) -> Result<()> {
        self.give(())
    }
    fn read_link(&self, name: &str) -> Result<String> {
        self.give(if name == "abs" { "/x" } else { "loop" }.to_owned())
    }
    fn link(&self, _: &str, _: &dyn Directory, _: &str) -> Result<()> {
        self.give(())
    }
    fn rename(&self, _: &str, _: &dyn Directory, _: &str) -> Result<()> {
        self.give(())
    }
}

impl InputStream for Faulty {
    fn read(&mut self, _: &mut [u8]) -> Result<usize> {
        self.give(0)
    }
}

impl OutputStream for Faulty {
    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        self.give(total(bufs))
    }
    fn flush(&mut self) -> Result<()> {
        self.give(())
    }
}

impl Socket for Faulty {
    fn recv(&mut self, _: &mut [u8], _: bool, _: bool) -> Result<(usize, bool)> {
        self.give((0, false))
    }
    fn send(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        self.give(total(bufs))
    }
    fn shutdown(&mut self, _: SdFlags) -> Result<()> {
        self.give(())
    }
    fn set_nonblock(&mut self, _: bool) -> Result<()> {
        self.give(())
    }
}

impl Listener for Faulty {
    fn accept(&mut self, _: FdFlags) -> Result<Box<dyn Socket>> {
        self.give(Box::new(self.clone()))
    }
    fn set_nonblock(&mut self, _: bool) -> Result<()> {
        self.give(())
    }
}

impl Clock for Faulty {
    fn resolution(&mut self, _: ClockId) -> Result<u64> {
        self.give(1)
    }
    fn now(&mut self, _: ClockId) -> Result<u64> {
        self.give(1)
    }
    fn sleep(&mut self, _: u64) -> Result<()> {
        self.give(())
    }
}

impl Random for Faulty {
    fn fill(&mut self, _: &mut [u8]) -> Result<()> {
        self.give(())
    }
}
