//! A file system in memory: the same semantics as a host directory's, no host, and repeatable times.
mod tree;

use super::{DirEntry, Directory, File, OpenOptions, Opened, SetTime};
use crate::abi::{FdFlags, Filestat, Filetype, Whence};
use crate::errno::{Errno, Result};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use spin::{Mutex, MutexGuard};
use tree::{Body, ROOT, Tree};

const DEFAULT_CAPACITY_BYTES: u64 = 1 << 30;

/// A file system in memory. Clones, and the directories made from it, share its contents.
///
/// Times come from a counter that starts at 2000-01-01T00:00:00Z and moves a microsecond with every change, so that runs
/// are repeatable. What is removed while it is open lives until it is closed.
#[derive(Clone)]
pub struct MemFs {
    tree: Arc<Mutex<Tree>>,
}

impl Default for MemFs {
    fn default() -> MemFs {
        MemFs::with_capacity(DEFAULT_CAPACITY_BYTES)
    }
}

impl MemFs {
    /// An empty file system of at most 1 GiB.
    pub fn new() -> MemFs {
        MemFs::default()
    }

    /// An empty file system whose files and links hold at most `capacity_bytes` together, under at most 2^20 names; beyond
    /// is [`Errno::NoSpc`].
    pub fn with_capacity(capacity_bytes: u64) -> MemFs {
        MemFs { tree: Arc::new(Mutex::new(Tree::new(capacity_bytes))) }
    }

    /// Writes a file at the relative path `path`, creating the directories on the way and replacing what was in it.
    pub fn write(&self, path: &str, contents: &[u8]) -> Result<()> {
        let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = self.create_directories(dirs)?;
        let options = OpenOptions { write: true, create: true, truncate: true, ..OpenOptions::default() };
        match dir.open(name, &options)? {
            Opened::File(mut file) => file.write(&[contents]).map(drop),
            Opened::Directory(_) => Err(Errno::IsDir),
        }
    }

    /// The contents of the file at the relative path `path`, which goes through no symbolic link.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let tree = self.tree.lock();
        let mut ino = ROOT;
        for name in path.split('/') {
            ino = tree.find(ino, name)?;
        }
        tree.bytes(ino).cloned()
    }

    /// Creates the directory at the relative path `path` and those on the way, as far as they do not exist.
    pub fn create_directories(&self, path: &str) -> Result<Arc<dyn Directory>> {
        let mut dir = self.root();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            match dir.create_directory(name) {
                Ok(()) | Err(Errno::Exist) => dir = dir.enter(name)?,
                Err(errno) => return Err(errno),
            }
        }
        Ok(dir)
    }

    /// The root directory, to be preopened.
    pub fn root(&self) -> Arc<dyn Directory> {
        self.handle(&mut self.tree.lock(), ROOT)
    }

    fn handle(&self, tree: &mut MutexGuard<'_, Tree>, ino: u64) -> Arc<dyn Directory> {
        Arc::new(MemDir { handle: Handle::new(self, tree, ino) })
    }
}

/// Keeps a node alive.
struct Handle {
    fs: MemFs,
    ino: u64,
}

impl Handle {
    fn new(fs: &MemFs, tree: &mut Tree, ino: u64) -> Handle {
        tree.node_mut(ino).handles += 1;
        Handle { fs: fs.clone(), ino }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.fs.tree.lock()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut tree = self.fs.tree.lock();
        tree.node_mut(self.ino).handles -= 1;
        tree.collect(self.ino);
    }
}

struct MemDir {
    handle: Handle,
}

impl MemDir {
    /// `other` as a directory of the same file system.
    fn same<'a>(&self, other: &'a dyn Directory) -> Result<&'a MemDir> {
        let other: &MemDir = other.downcast()?;
        if Arc::ptr_eq(&self.handle.fs.tree, &other.handle.fs.tree) { Ok(other) } else { Err(Errno::XDev) }
    }
}

impl Directory for MemDir {
    fn open(&self, name: &str, options: &OpenOptions) -> Result<Opened> {
        let fs = &self.handle.fs;
        let mut tree = self.handle.tree();
        let ino = match tree.find(self.handle.ino, name) {
            Ok(_) if options.create && options.exclusive => return Err(Errno::Exist),
            Err(Errno::NoEnt) if options.create => tree.create(self.handle.ino, name, Body::File(Vec::new()))?,
            found => found?,
        };
        match &tree.node(ino).body {
            Body::Symlink(_) if options.directory => return Err(Errno::NotDir),
            Body::Symlink(_) => return Err(Errno::Loop),
            Body::Directory { .. } if options.write || options.create => return Err(Errno::IsDir),
            Body::Directory { .. } => return Ok(Opened::Directory(fs.handle(&mut tree, ino))),
            Body::File(_) if options.directory => return Err(Errno::NotDir),
            Body::File(_) => {}
        }
        if options.truncate {
            tree.resize(ino, 0)?;
        }
        let handle = Handle::new(fs, &mut tree, ino);
        let (read, write) = (options.read, options.write);
        Ok(Opened::File(Box::new(MemFile { handle, position: 0, flags: options.flags, read, write })))
    }

    fn reopen(&self) -> Result<Arc<dyn Directory>> {
        Ok(self.handle.fs.handle(&mut self.handle.tree(), self.handle.ino))
    }

    fn enter(&self, name: &str) -> Result<Arc<dyn Directory>> {
        match self.open(name, &OpenOptions { read: true, directory: true, ..OpenOptions::default() })? {
            Opened::Directory(dir) => Ok(dir),
            Opened::File(_) => Err(Errno::NotDir),
        }
    }

    fn stat(&self) -> Result<Filestat> {
        Ok(self.handle.tree().stat(self.handle.ino))
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.handle.tree().set_times(self.handle.ino, atim, mtim);
        Ok(())
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }

    fn entries(&self) -> Result<Vec<DirEntry>> {
        let tree = self.handle.tree();
        let entries = tree.entries(self.handle.ino)?;
        let entry = |(name, ino): (&String, &u64)| DirEntry {
            name: name.clone(),
            ino: *ino,
            filetype: tree.stat(*ino).filetype,
        };
        Ok(entries.iter().map(entry).collect())
    }

    fn stat_at(&self, name: &str) -> Result<Filestat> {
        let tree = self.handle.tree();
        Ok(tree.stat(tree.find(self.handle.ino, name)?))
    }

    fn set_times_at(&self, name: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        let mut tree = self.handle.tree();
        let ino = tree.find(self.handle.ino, name)?;
        tree.set_times(ino, atim, mtim);
        Ok(())
    }

    fn create_directory(&self, name: &str) -> Result<()> {
        let body = Body::Directory { entries: BTreeMap::new(), parent: self.handle.ino };
        self.handle.tree().create(self.handle.ino, name, body).map(drop)
    }

    fn remove_directory(&self, name: &str) -> Result<()> {
        let mut tree = self.handle.tree();
        let ino = tree.find(self.handle.ino, name)?;
        if !tree.entries(ino)?.is_empty() {
            return Err(Errno::NotEmpty);
        }
        tree.detach(self.handle.ino, name)
    }

    fn unlink(&self, name: &str) -> Result<()> {
        let mut tree = self.handle.tree();
        let ino = tree.find(self.handle.ino, name)?;
        if tree.entries(ino).is_ok() {
            return Err(Errno::IsDir);
        }
        tree.detach(self.handle.ino, name)
    }

    fn symlink(&self, target: &str, name: &str) -> Result<()> {
        self.handle.tree().create(self.handle.ino, name, Body::Symlink(target.to_string())).map(drop)
    }

    fn read_link(&self, name: &str) -> Result<String> {
        let tree = self.handle.tree();
        match &tree.node(tree.find(self.handle.ino, name)?).body {
            Body::Symlink(target) => Ok(target.clone()),
            _ => Err(Errno::Inval),
        }
    }

    fn link(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        let new_dir = self.same(new_dir)?.handle.ino;
        let mut tree = self.handle.tree();
        let ino = tree.find(self.handle.ino, name)?;
        if tree.entries(ino).is_ok() {
            return Err(Errno::Perm);
        }
        match tree.find(new_dir, new_name) {
            Ok(_) => Err(Errno::Exist),
            Err(Errno::NoEnt) => tree.attach(new_dir, new_name, ino),
            Err(errno) => Err(errno),
        }
    }

    fn rename(&self, name: &str, new_dir: &dyn Directory, new_name: &str) -> Result<()> {
        let new_dir = self.same(new_dir)?.handle.ino;
        self.handle.tree().rename(self.handle.ino, name, new_dir, new_name)
    }
}

struct MemFile {
    handle: Handle,
    position: u64,
    flags: FdFlags,
    read: bool,
    write: bool,
}

impl MemFile {
    fn put(&mut self, bufs: &[&[u8]], offset: u64) -> Result<usize> {
        if !self.write {
            return Err(Errno::BadF);
        }
        let len: usize = bufs.iter().map(|buf| buf.len()).sum();
        if len == 0 {
            return Ok(0);
        }
        let end = offset.checked_add(len as u64).ok_or(Errno::FBig)?;
        let mut tree = self.handle.tree();
        let size = tree.bytes(self.handle.ino)?.len() as u64;
        let bytes = tree.resize(self.handle.ino, size.max(end))?;
        // The file holds `end` bytes now, so the offset fits.
        let mut at = offset as usize;
        for buf in bufs {
            bytes[at..at + buf.len()].copy_from_slice(buf);
            at += buf.len();
        }
        Ok(len)
    }

    fn len(&self) -> Result<u64> {
        Ok(self.handle.tree().bytes(self.handle.ino)?.len() as u64)
    }
}

impl File for MemFile {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let len = self.read_at(buf, self.position)?;
        self.position += len as u64;
        Ok(len)
    }

    fn write(&mut self, bufs: &[&[u8]]) -> Result<usize> {
        if self.flags.contains(FdFlags::APPEND) {
            self.position = self.len()?;
        }
        let len = self.put(bufs, self.position)?;
        self.position += len as u64;
        Ok(len)
    }

    fn read_at(&mut self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if !self.read {
            return Err(Errno::BadF);
        }
        let tree = self.handle.tree();
        let bytes = tree.bytes(self.handle.ino)?;
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or(&[]);
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&mut self, bufs: &[&[u8]], offset: u64) -> Result<usize> {
        self.put(bufs, offset)
    }

    fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        let from = match whence {
            Whence::Set => 0,
            Whence::Current => self.position,
            Whence::End => self.len()?,
        };
        let position = from.checked_add_signed(offset).filter(|position| i64::try_from(*position).is_ok());
        self.position = position.ok_or(Errno::Inval)?;
        Ok(self.position)
    }

    fn stat(&self) -> Result<Filestat> {
        Ok(self.handle.tree().stat(self.handle.ino))
    }

    fn filetype(&self) -> Filetype {
        Filetype::RegularFile
    }

    fn flags(&self) -> FdFlags {
        self.flags
    }

    fn set_flags(&mut self, flags: FdFlags) -> Result<()> {
        let changeable = FdFlags::APPEND | FdFlags::NONBLOCK;
        if !changeable.contains(self.flags ^ flags) {
            return Err(Errno::NotSup);
        }
        self.flags = flags;
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> Result<()> {
        if !self.write {
            return Err(Errno::Inval);
        }
        self.handle.tree().resize(self.handle.ino, len).map(drop)
    }

    fn set_times(&mut self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.handle.tree().set_times(self.handle.ino, atim, mtim);
        Ok(())
    }

    fn allocate(&mut self, offset: u64, len: u64) -> Result<()> {
        if !self.write {
            return Err(Errno::BadF);
        }
        let end = offset.checked_add(len).ok_or(Errno::FBig)?;
        let mut tree = self.handle.tree();
        let size = tree.bytes(self.handle.ino)?.len() as u64;
        if end > size { tree.resize(self.handle.ino, end).map(drop) } else { Ok(()) }
    }

    fn sync(&mut self, _data_only: bool) -> Result<()> {
        Ok(())
    }
}
