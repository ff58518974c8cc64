//! A guest for tests: its memory, and WASI's functions with their arguments laid out in it as a program would.
#![allow(dead_code, reason = "every test file uses its own part")]

pub mod walking;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasi_lite::fs::Directory;
use wasi_lite::fs::host::HostDir;
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{Abi, Errno, FdFlags, Filestat, Filetype, FstFlags, Function, OFlags, Rights, Wasi, WasiBuilder};

pub type Result<T = (), E = Errno> = std::result::Result<T, E>;

/// Where results are stored.
const OUT: u32 = 64;
/// Where the first and the second string argument are.
const TEXT: u32 = 4096;
const TEXT2: u32 = 12288;
/// Where data buffers are.
const DATA: u32 = 20480;
const MEMORY_BYTES: usize = 1 << 17;

/// The preopened root of every test guest.
pub const ROOT: u32 = 3;
pub const FOLLOW: u32 = 1;
pub const READ_WRITE: Rights = Rights::FILE;

pub struct Guest {
    pub wasi: Wasi,
    pub memory: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Fdstat {
    pub filetype: u8,
    pub flags: FdFlags,
    pub rights: Rights,
    pub inheriting: Rights,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Dirent {
    pub next: u64,
    pub ino: u64,
    pub filetype: u8,
    pub name: String,
}

/// Calls that were refused.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// How many calls were refused so far in this process.
pub fn refused() -> usize {
    REFUSED.load(Ordering::Relaxed)
}

/// Counts the call if it was refused.
pub fn count(errno: Errno) {
    REFUSED.fetch_add(usize::from(errno != Errno::Success), Ordering::Relaxed);
}

/// Runs `test` on every file system: the host's through the kernel's resolution, the host's through the crate's own walk,
/// and the one in memory.
pub fn on_every_fs(test: impl Fn(&mut Guest)) {
    let temp = tempfile::tempdir().unwrap();
    test(&mut Guest::with_root(Arc::new(HostDir::open(temp.path()).unwrap())));
    let temp = tempfile::tempdir().unwrap();
    let dir = Arc::new(HostDir::open(temp.path()).unwrap());
    test(&mut Guest::with_root(Arc::new(walking::Walking(dir))));
    test(&mut Guest::with_root(MemFs::new().root()));
}

fn filetype(raw: u8) -> Filetype {
    let known = [
        Filetype::Unknown,
        Filetype::BlockDevice,
        Filetype::CharacterDevice,
        Filetype::Directory,
        Filetype::RegularFile,
        Filetype::SocketDgram,
        Filetype::SocketStream,
        Filetype::SymbolicLink,
    ];
    known[usize::from(raw)]
}

impl Guest {
    pub fn new(wasi: Wasi) -> Guest {
        Guest { wasi, memory: vec![0; MEMORY_BYTES] }
    }

    pub fn with_root(root: Arc<dyn Directory>) -> Guest {
        Guest::new(WasiBuilder::new().preopen(root, "/").build().unwrap())
    }

    pub fn call(&mut self, function: Function, args: &[u64]) -> Result {
        self.call_abi(Abi::Preview1, function, args)
    }

    pub fn call_abi(&mut self, abi: Abi, function: Function, args: &[u64]) -> Result {
        let raw = self.wasi.call_abi(abi, function, &mut self.memory[..], args).unwrap();
        let errno = Errno::from_raw(u16::try_from(raw).unwrap()).unwrap();
        count(errno);
        match errno {
            Errno::Success => Ok(()),
            errno => Err(errno),
        }
    }

    pub fn u32_at(&self, addr: u32) -> u32 {
        u32::from_le_bytes(self.memory[addr as usize..][..4].try_into().unwrap())
    }

    pub fn u64_at(&self, addr: u32) -> u64 {
        u64::from_le_bytes(self.memory[addr as usize..][..8].try_into().unwrap())
    }

    pub fn put(&mut self, addr: u32, bytes: &[u8]) {
        self.memory[addr as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Lays out a string; returns its address and length as arguments.
    fn text(&mut self, addr: u32, text: &[u8]) -> [u64; 2] {
        self.put(addr, text);
        [u64::from(addr), text.len() as u64]
    }

    /// Lays out buffers of these lengths one after the other; returns the list's address and length as arguments.
    fn buffers(&mut self, lens: &[usize]) -> [u64; 2] {
        let list = 1024;
        let mut at = DATA;
        for (index, len) in lens.iter().enumerate() {
            self.put(list + index as u32 * 8, &at.to_le_bytes());
            self.put(list + index as u32 * 8 + 4, &(*len as u32).to_le_bytes());
            at += *len as u32;
        }
        [u64::from(list), lens.len() as u64]
    }

    pub fn open_full(
        &mut self,
        dir: u32,
        follow: u32,
        path: &str,
        oflags: OFlags,
        (rights, inheriting): (Rights, Rights),
        flags: FdFlags,
    ) -> Result<u32> {
        let [at, len] = self.text(TEXT, path.as_bytes());
        let rights = [rights.bits(), inheriting.bits()];
        let args = [
            dir.into(),
            follow.into(),
            at,
            len,
            oflags.bits().into(),
            rights[0],
            rights[1],
            flags.bits().into(),
            OUT.into(),
        ];
        self.call(Function::PathOpen, &args)?;
        Ok(self.u32_at(OUT))
    }

    /// Opens with no rights, not following.
    pub fn open(&mut self, dir: u32, path: &str, oflags: OFlags) -> Result<u32> {
        self.open_full(dir, 0, path, oflags, (Rights::empty(), Rights::empty()), FdFlags::empty())
    }

    /// Opens following, with all rights of a file.
    pub fn open_file(&mut self, dir: u32, path: &str, oflags: OFlags) -> Result<u32> {
        self.open_full(dir, FOLLOW, path, oflags, (READ_WRITE, Rights::empty()), FdFlags::empty())
    }

    /// Opens a directory with all rights.
    pub fn open_dir(&mut self, dir: u32, path: &str) -> Result<u32> {
        let rights = (Rights::DIRECTORY, Rights::all());
        self.open_full(dir, 0, path, OFlags::DIRECTORY, rights, FdFlags::empty())
    }

    pub fn create(&mut self, dir: u32, path: &str) -> Result {
        let fd = self.open(dir, path, OFlags::CREAT)?;
        self.close(fd)
    }

    /// Creates a file with this content.
    pub fn create_with(&mut self, dir: u32, path: &str, content: &[u8]) -> Result {
        let fd = self.open_file(dir, path, OFlags::CREAT | OFlags::TRUNC)?;
        assert_eq!(self.write(fd, content), Ok(content.len() as u32));
        self.close(fd)
    }

    /// The whole content of a file.
    pub fn content(&mut self, dir: u32, path: &str) -> Result<Vec<u8>> {
        let rights = (Rights::FD_READ, Rights::empty());
        let fd = self.open_full(dir, FOLLOW, path, OFlags::empty(), rights, FdFlags::empty())?;
        let content = self.read(fd, 4096);
        self.close(fd)?;
        content
    }

    pub fn close(&mut self, fd: u32) -> Result {
        self.call(Function::FdClose, &[fd.into()])
    }

    pub fn write_vectored(&mut self, fd: u32, bufs: &[&[u8]]) -> Result<u32> {
        let lens: Vec<usize> = bufs.iter().map(|buf| buf.len()).collect();
        let [list, count] = self.buffers(&lens);
        self.put(DATA, &bufs.concat());
        self.call(Function::FdWrite, &[fd.into(), list, count, OUT.into()])?;
        Ok(self.u32_at(OUT))
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32> {
        self.write_vectored(fd, &[bytes])
    }

    pub fn read_vectored(&mut self, fd: u32, lens: &[usize]) -> Result<Vec<u8>> {
        let [list, count] = self.buffers(lens);
        self.call(Function::FdRead, &[fd.into(), list, count, OUT.into()])?;
        let len = self.u32_at(OUT) as usize;
        Ok(self.memory[DATA as usize..][..len].to_vec())
    }

    pub fn read(&mut self, fd: u32, len: usize) -> Result<Vec<u8>> {
        self.read_vectored(fd, &[len])
    }

    pub fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<u32> {
        let [list, count] = self.buffers(&[bytes.len()]);
        self.put(DATA, bytes);
        self.call(Function::FdPwrite, &[fd.into(), list, count, offset, OUT.into()])?;
        Ok(self.u32_at(OUT))
    }

    pub fn pread(&mut self, fd: u32, lens: &[usize], offset: u64) -> Result<Vec<u8>> {
        let [list, count] = self.buffers(lens);
        self.call(Function::FdPread, &[fd.into(), list, count, offset, OUT.into()])?;
        let len = self.u32_at(OUT) as usize;
        Ok(self.memory[DATA as usize..][..len].to_vec())
    }

    /// `whence` as preview 1 numbers it: 0 start, 1 current, 2 end.
    pub fn seek(&mut self, fd: u32, offset: i64, whence: u64) -> Result<u64> {
        self.call(Function::FdSeek, &[fd.into(), offset as u64, whence, OUT.into()])?;
        Ok(self.u64_at(OUT))
    }

    pub fn tell(&mut self, fd: u32) -> Result<u64> {
        self.call(Function::FdTell, &[fd.into(), OUT.into()])?;
        Ok(self.u64_at(OUT))
    }

    pub fn fdstat(&mut self, fd: u32) -> Result<Fdstat> {
        self.call(Function::FdFdstatGet, &[fd.into(), OUT.into()])?;
        Ok(Fdstat {
            filetype: self.memory[OUT as usize],
            flags: FdFlags::from_bits((self.u32_at(OUT) >> 16) as u16).unwrap(),
            rights: Rights::from_bits(self.u64_at(OUT + 8)).unwrap(),
            inheriting: Rights::from_bits(self.u64_at(OUT + 16)).unwrap(),
        })
    }

    pub fn set_flags(&mut self, fd: u32, flags: FdFlags) -> Result {
        self.call(Function::FdFdstatSetFlags, &[fd.into(), flags.bits().into()])
    }

    pub fn set_rights(&mut self, fd: u32, base: Rights, inheriting: Rights) -> Result {
        self.call(Function::FdFdstatSetRights, &[fd.into(), base.bits(), inheriting.bits()])
    }

    fn filestat_out(&self) -> Filestat {
        let [dev, ino, nlink, size, atim, mtim, ctim] = [0, 8, 24, 32, 40, 48, 56].map(|at| self.u64_at(OUT + at));
        Filestat { dev, ino, filetype: filetype(self.memory[OUT as usize + 16]), nlink, size, atim, mtim, ctim }
    }

    pub fn filestat(&mut self, fd: u32) -> Result<Filestat> {
        self.call(Function::FdFilestatGet, &[fd.into(), OUT.into()])?;
        Ok(self.filestat_out())
    }

    pub fn path_filestat(&mut self, dir: u32, follow: u32, path: &str) -> Result<Filestat> {
        let [at, len] = self.text(TEXT, path.as_bytes());
        self.call(Function::PathFilestatGet, &[dir.into(), follow.into(), at, len, OUT.into()])?;
        Ok(self.filestat_out())
    }

    pub fn set_size(&mut self, fd: u32, size: u64) -> Result {
        self.call(Function::FdFilestatSetSize, &[fd.into(), size])
    }

    pub fn set_times(&mut self, fd: u32, atim: u64, mtim: u64, flags: FstFlags) -> Result {
        self.call(Function::FdFilestatSetTimes, &[fd.into(), atim, mtim, flags.bits().into()])
    }

    pub fn path_set_times(&mut self, dir: u32, follow: u32, path: &str, mtim: u64, flags: FstFlags) -> Result {
        let [at, len] = self.text(TEXT, path.as_bytes());
        let args = [dir.into(), follow.into(), at, len, 0, mtim, flags.bits().into()];
        self.call(Function::PathFilestatSetTimes, &args)
    }

    fn path_call(&mut self, function: Function, dir: u32, path: &str) -> Result {
        let [at, len] = self.text(TEXT, path.as_bytes());
        self.call(function, &[dir.into(), at, len])
    }

    pub fn mkdir(&mut self, dir: u32, path: &str) -> Result {
        self.path_call(Function::PathCreateDirectory, dir, path)
    }

    pub fn rmdir(&mut self, dir: u32, path: &str) -> Result {
        self.path_call(Function::PathRemoveDirectory, dir, path)
    }

    pub fn unlink(&mut self, dir: u32, path: &str) -> Result {
        self.path_call(Function::PathUnlinkFile, dir, path)
    }

    pub fn rename(&mut self, dir: u32, path: &str, new_dir: u32, new_path: &str) -> Result {
        let [at, len] = self.text(TEXT, path.as_bytes());
        let [new_at, new_len] = self.text(TEXT2, new_path.as_bytes());
        self.call(Function::PathRename, &[dir.into(), at, len, new_dir.into(), new_at, new_len])
    }

    pub fn link(&mut self, dir: u32, follow: u32, path: &str, new_dir: u32, new_path: &str) -> Result {
        let [at, len] = self.text(TEXT, path.as_bytes());
        let [new_at, new_len] = self.text(TEXT2, new_path.as_bytes());
        let args = [dir.into(), follow.into(), at, len, new_dir.into(), new_at, new_len];
        self.call(Function::PathLink, &args)
    }

    pub fn symlink(&mut self, target: &str, dir: u32, path: &str) -> Result {
        let [target_at, target_len] = self.text(TEXT2, target.as_bytes());
        let [at, len] = self.text(TEXT, path.as_bytes());
        self.call(Function::PathSymlink, &[target_at, target_len, dir.into(), at, len])
    }

    pub fn readlink(&mut self, dir: u32, path: &str, buf_len: u32) -> Result<Vec<u8>> {
        let [at, len] = self.text(TEXT, path.as_bytes());
        self.put(DATA, &[0xaa; 64]);
        let args = [dir.into(), at, len, DATA.into(), buf_len.into(), OUT.into()];
        self.call(Function::PathReadlink, &args)?;
        let len = self.u32_at(OUT) as usize;
        assert_eq!(self.memory[DATA as usize + len], 0xaa, "wrote beyond the target");
        Ok(self.memory[DATA as usize..][..len].to_vec())
    }

    pub fn renumber(&mut self, from: u32, to: u32) -> Result {
        self.call(Function::FdRenumber, &[from.into(), to.into()])
    }

    /// One call of `fd_readdir`: the whole entries, and whether the end was reached.
    pub fn readdir(&mut self, fd: u32, buf_len: u32, cookie: u64) -> Result<(Vec<Dirent>, bool)> {
        self.call(Function::FdReaddir, &[fd.into(), DATA.into(), buf_len.into(), cookie, OUT.into()])?;
        let used = self.u32_at(OUT);
        assert!(used <= buf_len);
        let mut entries = Vec::new();
        let mut at = DATA;
        while at + 24 <= DATA + used && at + 24 + self.u32_at(at + 16) <= DATA + used {
            let name_len = self.u32_at(at + 16);
            let name = &self.memory[at as usize + 24..][..name_len as usize];
            entries.push(Dirent {
                next: self.u64_at(at),
                ino: self.u64_at(at + 8),
                filetype: self.memory[at as usize + 20],
                name: String::from_utf8(name.to_vec()).unwrap(),
            });
            at += 24 + name_len;
        }
        Ok((entries, used < buf_len))
    }

    /// The sorted names of a whole directory.
    pub fn names(&mut self, fd: u32) -> Vec<String> {
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let (entries, end) = self.readdir(fd, 256, cookie).unwrap();
            cookie = entries.last().map_or(cookie, |entry| entry.next);
            names.extend(entries.into_iter().map(|entry| entry.name));
            if end {
                names.sort();
                return names;
            }
        }
    }
}
