//! The nodes of the file system in memory, in one arena: numbers refer to them, so that no cycle keeps them alive.
use crate::abi::{Filestat, Filetype};
use crate::errno::{Errno, Result};
use crate::fs::SetTime;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const MAX_NAME_BYTES: usize = 255;
/// Names in all directories together; what they cost the host is not counted in bytes.
const MAX_NAMES: u64 = 1 << 20;
/// The root's number.
pub(super) const ROOT: u64 = 1;

pub(super) struct Tree {
    nodes: BTreeMap<u64, Node>,
    next_ino: u64,
    time: u64,
    /// Bytes in all files and links.
    used_bytes: u64,
    capacity_bytes: u64,
    /// Entries in all directories.
    names: u64,
}

pub(super) struct Node {
    pub(super) body: Body,
    /// Names that refer to it; a directory's own `.` and its children's `..` do not count.
    names: u64,
    /// Open handles.
    pub(super) handles: u64,
    atim: u64,
    mtim: u64,
    ctim: u64,
}

pub(super) enum Body {
    File(Vec<u8>),
    Directory { entries: BTreeMap<String, u64>, parent: u64 },
    Symlink(String),
}

impl Tree {
    pub(super) fn new(capacity_bytes: u64) -> Tree {
        let time = 946_684_800_000_000_000;
        let mut tree = Tree { nodes: BTreeMap::new(), next_ino: ROOT, time, used_bytes: 0, capacity_bytes, names: 0 };
        let root = tree.add(Body::Directory { entries: BTreeMap::new(), parent: ROOT });
        // The file system itself names its root.
        tree.node_mut(root).names = 1;
        tree
    }

    fn tick(&mut self) -> u64 {
        self.time += 1_000;
        self.time
    }

    /// Adds a node that has no name yet.
    pub(super) fn add(&mut self, body: Body) -> u64 {
        let ino = self.next_ino;
        self.next_ino += 1;
        let now = self.tick();
        self.nodes.insert(ino, Node { body, names: 0, handles: 0, atim: now, mtim: now, ctim: now });
        ino
    }

    pub(super) fn node(&self, ino: u64) -> &Node {
        self.nodes.get(&ino).expect("a node lives while a name or a handle refers to it")
    }

    pub(super) fn node_mut(&mut self, ino: u64) -> &mut Node {
        self.nodes.get_mut(&ino).expect("a node lives while a name or a handle refers to it")
    }

    /// Frees the node if nothing refers to it.
    pub(super) fn collect(&mut self, ino: u64) {
        let node = self.node(ino);
        if node.names == 0 && node.handles == 0 {
            self.used_bytes -= match &node.body {
                Body::File(bytes) => bytes.len() as u64,
                Body::Symlink(target) => target.len() as u64,
                Body::Directory { .. } => 0,
            };
            self.nodes.remove(&ino);
        }
    }

    pub(super) fn entries(&self, dir: u64) -> Result<&BTreeMap<String, u64>> {
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

    pub(super) fn find(&self, dir: u64, name: &str) -> Result<u64> {
        if name.len() > MAX_NAME_BYTES {
            return Err(Errno::NameTooLong);
        }
        self.entries(dir)?.get(single(name)?).copied().ok_or(Errno::NoEnt)
    }

    /// Names the node `ino` in `dir`, where `name` is free.
    pub(super) fn attach(&mut self, dir: u64, name: &str, ino: u64) -> Result<()> {
        // A removed directory that is still open takes no new entries.
        if self.node(dir).names == 0 {
            return Err(Errno::NoEnt);
        }
        if self.names >= MAX_NAMES {
            return Err(Errno::NoSpc);
        }
        self.entries_mut(dir)?.insert(name.to_string(), ino);
        self.names += 1;
        let now = self.time;
        let node = self.node_mut(ino);
        node.names += 1;
        node.ctim = now;
        if let Body::Directory { parent, .. } = &mut node.body {
            *parent = dir;
        }
        Ok(())
    }

    pub(super) fn detach(&mut self, dir: u64, name: &str) -> Result<()> {
        let ino = self.entries_mut(dir)?.remove(name).ok_or(Errno::NoEnt)?;
        self.names -= 1;
        let now = self.time;
        let node = self.node_mut(ino);
        node.names -= 1;
        node.ctim = now;
        self.collect(ino);
        Ok(())
    }

    /// Makes a new node `name` in `dir`, which must not exist.
    pub(super) fn create(&mut self, dir: u64, name: &str, body: Body) -> Result<u64> {
        match self.find(dir, name) {
            Ok(_) => return Err(Errno::Exist),
            Err(Errno::NoEnt) => {}
            Err(errno) => return Err(errno),
        }
        if let Body::Symlink(target) = &body {
            let used = self.used_bytes + target.len() as u64;
            if used > self.capacity_bytes {
                return Err(Errno::NoSpc);
            }
            self.used_bytes = used;
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

    pub(super) fn stat(&self, ino: u64) -> Filestat {
        let node = self.node(ino);
        let (filetype, size, links) = match &node.body {
            Body::File(bytes) => (Filetype::RegularFile, bytes.len(), node.names),
            Body::Directory { entries, .. } => (Filetype::Directory, entries.len(), node.names + 1),
            Body::Symlink(target) => (Filetype::SymbolicLink, target.len(), node.names),
        };
        let (atim, mtim, ctim) = (node.atim, node.mtim, node.ctim);
        Filestat { dev: 1, ino, filetype, nlink: links, size: size as u64, atim, mtim, ctim }
    }

    pub(super) fn set_times(&mut self, ino: u64, atim: SetTime, mtim: SetTime) {
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

    pub(super) fn bytes(&self, ino: u64) -> Result<&Vec<u8>> {
        match &self.node(ino).body {
            Body::File(bytes) => Ok(bytes),
            _ => Err(Errno::IsDir),
        }
    }

    /// Makes the file `len` bytes long and marks it as changed.
    pub(super) fn resize(&mut self, ino: u64, len: u64) -> Result<&mut Vec<u8>> {
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

    pub(super) fn rename(&mut self, old_dir: u64, old_name: &str, new_dir: u64, new_name: &str) -> Result<()> {
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
