//! A file system in memory: the same semantics as a host directory's, no host, and repeatable times.
use super::{DirEntry, Directory, File, OpenOptions, Opened, SetTime};
use crate::abi::{FdFlags, Filestat, Filetype, Whence};
use crate::errno::{Errno, Result};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use spin::{Mutex, MutexGuard};

const MAX_NAME_BYTES: usize = 255;
const DEFAULT_CAPACITY_BYTES: u64 = 1 << 30;
const ROOT: u64 = 1;

/// A file system in memory. Clones, and the directories made from it, share its contents.
///
/// Times come from a counter that starts at 2000-01-01T00:00:00Z and moves a microsecond with every change, so that runs
/// are repeatable. What is removed while it is open lives until it is closed.
#[derive(Clone)]
pub struct MemFs {
    tree: Arc<Mutex<Tree>>,
}

struct Tree {
    nodes: BTreeMap<u64, Node>,
    next_ino: u64,
    time: u64,
    /// Bytes in all files.
    used_bytes: u64,
    capacity_bytes: u64,
}

struct Node {
    body: Body,
    /// Names that refer to it; a directory's own `.` and its children's `..` do not count.
    names: u64,
    /// Open handles.
    handles: u64,
    atim: u64,
    mtim: u64,
    ctim: u64,
}

enum Body {
    File(Vec<u8>),
    Directory { entries: BTreeMap<String, u64>, parent: u64 },
    Symlink(String),
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

    /// An empty file system whose files hold at most `capacity_bytes` together; beyond is [`Errno::NoSpc`].
    pub fn with_capacity(capacity_bytes: u64) -> MemFs {
        let tree = Tree {
            nodes: BTreeMap::new(),
            next_ino: ROOT,
            time: 946_684_800_000_000_000,
            used_bytes: 0,
            capacity_bytes,
        };
        let fs = MemFs { tree: Arc::new(Mutex::new(tree)) };
        let mut tree = fs.tree.lock();
        let root = tree.add(Body::Directory { entries: BTreeMap::new(), parent: ROOT });
        // The file system itself names its root.
        tree.node_mut(root).names = 1;
        drop(tree);
        fs
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

impl Tree {
    fn tick(&mut self) -> u64 {
        self.time += 1_000;
        self.time
    }

    /// Adds a node that has no name yet.
    fn add(&mut self, body: Body) -> u64 {
        let ino = self.next_ino;
        self.next_ino += 1;
        let now = self.tick();
        self.nodes.insert(ino, Node { body, names: 0, handles: 0, atim: now, mtim: now, ctim: now });
        ino
    }

    fn node(&self, ino: u64) -> &Node {
        self.nodes.get(&ino).expect("a node lives while a name or a handle refers to it")
    }

    fn node_mut(&mut self, ino: u64) -> &mut Node {
        self.nodes.get_mut(&ino).expect("a node lives while a name or a handle refers to it")
    }

    /// Frees the node if nothing refers to it.
    fn collect(&mut self, ino: u64) {
        let node = self.node(ino);
        if node.names == 0 && node.handles == 0 {
            if let Body::File(bytes) = &node.body {
                self.used_bytes -= bytes.len() as u64;
            }
            self.nodes.remove(&ino);
        }
    }

    fn entries(&self, dir: u64) -> Result<&BTreeMap<String, u64>> {
        match &self.node(dir).body {
            Body::Directory { entries, .. } => Ok(entries),
            _ => Err(Errno::NotDir),
        }
    }

    /// The entries of `dir` to be changed, and its times along with them.
    fn entries_mut(&mut self, dir: u64) -> Result<&mut BTreeMap<String, u64>> {
        let now = self.tick();
        let node = self.node_mut(dir);
        (node.mtim, node.ctim) = (now, now);
        match &mut node.body {
            Body::Directory { entries, .. } => Ok(entries),
            _ => Err(Errno::NotDir),
        }
    }

    fn find(&self, dir: u64, name: &str) -> Result<u64> {
        if name.len() > MAX_NAME_BYTES {
            return Err(Errno::NameTooLong);
        }
        self.entries(dir)?.get(single(name)?).copied().ok_or(Errno::NoEnt)
    }

    /// Names the node `ino` in `dir`, where `name` is free.
    fn attach(&mut self, dir: u64, name: &str, ino: u64) -> Result<()> {
        // A removed directory that is still open takes no new entries.
        if self.node(dir).names == 0 {
            return Err(Errno::NoEnt);
        }
        self.entries_mut(dir)?.insert(name.to_string(), ino);
        let now = self.time;
        let node = self.node_mut(ino);
        node.names += 1;
        node.ctim = now;
        if let Body::Directory { parent, .. } = &mut node.body {
            *parent = dir;
        }
        Ok(())
    }

    fn detach(&mut self, dir: u64, name: &str) -> Result<()> {
        let ino = self.entries_mut(dir)?.remove(name).ok_or(Errno::NoEnt)?;
        let now = self.time;
        let node = self.node_mut(ino);
        node.names -= 1;
        node.ctim = now;
        self.collect(ino);
        Ok(())
    }

    /// Makes a new node `name` in `dir`, which must not exist.
    fn create(&mut self, dir: u64, name: &str, body: Body) -> Result<u64> {
        match self.find(dir, name) {
            Ok(_) => return Err(Errno::Exist),
            Err(Errno::NoEnt) => {}
            Err(errno) => return Err(errno),
        }
        let ino = self.add(body);
        match self.attach(dir, name, ino) {
            Ok(()) => Ok(ino),
            Err(errno) => {
                self.collect(ino);
                Err(errno)
            }
        }
    }

    fn stat(&self, ino: u64) -> Filestat {
        let node = self.node(ino);
        let (filetype, size, links) = match &node.body {
            Body::File(bytes) => (Filetype::RegularFile, bytes.len(), node.names),
            Body::Directory { entries, .. } => (Filetype::Directory, entries.len(), node.names + 1),
            Body::Symlink(target) => (Filetype::SymbolicLink, target.len(), node.names),
        };
        let (atim, mtim, ctim) = (node.atim, node.mtim, node.ctim);
        Filestat { dev: 1, ino, filetype, nlink: links, size: size as u64, atim, mtim, ctim }
    }

    fn set_times(&mut self, ino: u64, atim: SetTime, mtim: SetTime) {
        let now = self.tick();
        let node = self.node_mut(ino);
        let pick = |old, new| match new {
            SetTime::Keep => old,
            SetTime::Now => now,
            SetTime::At(time) => time,
        };
        node.atim = pick(node.atim, atim);
        node.mtim = pick(node.mtim, mtim);
        node.ctim = now;
    }

    fn bytes(&self, ino: u64) -> Result<&Vec<u8>> {
        match &self.node(ino).body {
            Body::File(bytes) => Ok(bytes),
            _ => Err(Errno::IsDir),
        }
    }

    /// Makes the file `len` bytes long and marks it as changed.
    fn resize(&mut self, ino: u64, len: u64) -> Result<&mut Vec<u8>> {
        let old = self.bytes(ino)?.len() as u64;
        let used = self.used_bytes - old;
        if used.checked_add(len).is_none_or(|used| used > self.capacity_bytes) {
            return Err(Errno::NoSpc);
        }
        let len = usize::try_from(len).map_err(|_| Errno::FBig)?;
        let now = self.tick();
        let node = self.node_mut(ino);
        let Body::File(bytes) = &mut node.body else { return Err(Errno::IsDir) };
        if len > bytes.len() {
            bytes.try_reserve(len - bytes.len()).map_err(|_| Errno::NoSpc)?;
        }
        bytes.resize(len, 0);
        (node.mtim, node.ctim) = (now, now);
        self.used_bytes = used + len as u64;
        match &mut self.node_mut(ino).body {
            Body::File(bytes) => Ok(bytes),
            _ => Err(Errno::IsDir),
        }
    }

    /// Whether `ino` is `dir` or one of the directories above it.
    fn is_at_or_above(&self, ino: u64, mut dir: u64) -> bool {
        loop {
            if dir == ino {
                return true;
            }
            match &self.node(dir).body {
                Body::Directory { parent, .. } if *parent != dir && self.nodes.contains_key(parent) => dir = *parent,
                _ => return false,
            }
        }
    }

    fn rename(&mut self, old_dir: u64, old_name: &str, new_dir: u64, new_name: &str) -> Result<()> {
        let ino = self.find(old_dir, old_name)?;
        let is_dir = self.entries(ino).is_ok();
        if is_dir && self.is_at_or_above(ino, new_dir) {
            return Err(Errno::Inval);
        }
        match self.find(new_dir, new_name) {
            Ok(there) if there == ino => return Ok(()),
            Ok(there) => {
                match (is_dir, self.entries(there)) {
                    (true, Ok(entries)) if entries.is_empty() => {}
                    (true, Ok(_)) => return Err(Errno::NotEmpty),
                    (true, Err(_)) => return Err(Errno::NotDir),
                    (false, Ok(_)) => return Err(Errno::IsDir),
                    (false, Err(_)) => {}
                }
                self.detach(new_dir, new_name)?;
            }
            Err(Errno::NoEnt) => {}
            Err(errno) => return Err(errno),
        }
        self.attach(new_dir, new_name, ino)?;
        // The new name keeps the node alive.
        self.detach(old_dir, old_name)
    }
}

/// Refuses what is not a single name.
fn single(name: &str) -> Result<&str> {
    match name {
        "" | "." | ".." => Err(Errno::Inval),
        _ if name.contains('/') => Err(Errno::NotCapable),
        _ => Ok(name),
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
