//! The functions on paths.
use crate::abi::{self, Abi, FdFlags, Filetype, LookupFlags, OFlags, Rights};
use crate::context::Wasi;
use crate::descriptor::{Descriptor, Kind};
use crate::errno::{Errno, Result};
use crate::fd::set_times;
use crate::fs::{Directory, OpenOptions};
use crate::memory::GuestMemory;
use crate::resolve::{self, Place};
use alloc::sync::Arc;

/// Address and length of a path in the guest's memory.
type Path = (u32, u32);

fn is_following(raw: u32) -> Result<bool> {
    Ok(abi::lookup_flags(raw)?.contains(LookupFlags::SYMLINK_FOLLOW))
}

/// The rights over a file's contents that moving or linking it elsewhere must not gain.
const CONTENT: Rights = Rights::FD_WRITE
    .union(Rights::FD_ALLOCATE)
    .union(Rights::FD_FILESTAT_SET_SIZE)
    .union(Rights::FD_FILESTAT_SET_TIMES);

/// Where a path that was written with a trailing slash may name no directory: that there is none, or what is there.
fn demand_directory(place: &Place) -> Result<()> {
    if place.must_be_dir && place.stat()?.filetype != Filetype::Directory {
        return Err(Errno::NotDir);
    }
    Ok(())
}

/// Refuses a path with a trailing slash as the name of something new that is no directory.
fn refuse_slash(place: &Place) -> Result<()> {
    if !place.must_be_dir {
        return Ok(());
    }
    Err(match place.stat()?.filetype {
        Filetype::Directory => Errno::Exist,
        _ => Errno::NotDir,
    })
}

impl Wasi {
    /// The directory behind `fd`, held with the rights `needed`.
    fn base(&self, fd: u32, needed: Rights) -> Result<Arc<dyn Directory>> {
        Ok(self.table.directory(fd, needed)?.dir.clone())
    }

    /// The place of `path` below `fd`; its last component is not followed.
    fn place(&self, mem: &dyn GuestMemory, fd: u32, (addr, len): Path, needed: Rights) -> Result<Place> {
        let base = self.base(fd, needed)?;
        resolve::locate(&base, &mem.load_path(addr, len)?)
    }

    /// The place of `path` below `fd`; its last component is followed as `flags` say.
    fn lookup(&self, mem: &dyn GuestMemory, fd: u32, flags: u32, path: Path, needed: Rights) -> Result<Place> {
        let following = is_following(flags)?;
        let base = self.base(fd, needed)?;
        resolve::lookup(&base, &mem.load_path(path.0, path.1)?, following)
    }

    /// Fails if files below `to` could be changed in ways in which those below `from` cannot.
    fn refuse_amplification(&self, from: u32, to: u32) -> Result<()> {
        let (from, to) = (self.table.get(from)?, self.table.get(to)?);
        if from.inheriting.contains(to.inheriting & CONTENT) { Ok(()) } else { Err(Errno::NotCapable) }
    }

    pub(crate) fn path_create_directory(&mut self, mem: &mut dyn GuestMemory, fd: u32, path: Path) -> Result<()> {
        let place = self.place(mem, fd, path, Rights::PATH_CREATE_DIRECTORY)?;
        place.dir.create_directory(place.named(Errno::Exist)?)
    }

    pub(crate) fn path_filestat_get(
        &mut self,
        abi: Abi,
        mem: &mut dyn GuestMemory,
        fd: u32,
        flags: u32,
        path: Path,
        out: u32,
    ) -> Result<()> {
        let place = self.lookup(mem, fd, flags, path, Rights::PATH_FILESTAT_GET)?;
        let stat = place.stat()?;
        if place.must_be_dir && stat.filetype != Filetype::Directory {
            return Err(Errno::NotDir);
        }
        let (bytes, len) = stat.encode(abi);
        mem.store(out, &bytes[..len])
    }

    pub(crate) fn path_filestat_set_times(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        flags: u32,
        path: Path,
        (atim, mtim): (u64, u64),
        fst_flags: u32,
    ) -> Result<()> {
        let (atim, mtim) = set_times(fst_flags, atim, mtim)?;
        let place = self.lookup(mem, fd, flags, path, Rights::PATH_FILESTAT_SET_TIMES)?;
        if place.name.is_empty() {
            return place.dir.set_times(atim, mtim);
        }
        demand_directory(&place)?;
        place.dir.set_times_at(&place.name, atim, mtim)
    }

    pub(crate) fn path_link(
        &mut self,
        mem: &mut dyn GuestMemory,
        (old_fd, flags): (u32, u32),
        old_path: Path,
        new_fd: u32,
        new_path: Path,
    ) -> Result<()> {
        let old = self.lookup(mem, old_fd, flags, old_path, Rights::PATH_LINK_SOURCE)?;
        let new = self.place(mem, new_fd, new_path, Rights::PATH_LINK_TARGET)?;
        self.refuse_amplification(old_fd, new_fd)?;
        let old_name = old.named(Errno::Perm)?;
        let new_name = new.named(Errno::Exist)?;
        demand_directory(&old)?;
        refuse_slash(&new)?;
        old.dir.link(old_name, &*new.dir, new_name)
    }

    #[allow(clippy::too_many_arguments, reason = "the function has nine parameters in the ABI")]
    pub(crate) fn path_open(
        &mut self,
        mem: &mut dyn GuestMemory,
        (fd, dirflags): (u32, u32),
        (addr, len): Path,
        oflags: u32,
        (base, inheriting): (u64, u64),
        fdflags: u32,
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        let following = is_following(dirflags)?;
        let oflags = abi::o_flags(oflags)?;
        let flags = abi::fd_flags(fdflags)?;
        let rights = (Rights::from_bits_truncate(base), Rights::from_bits_truncate(inheriting));
        let path = mem.load_path(addr, len)?;
        let (descriptor, number) = self.open(fd, following, &path, oflags, rights, flags)?;
        let inserted = self.table.insert(descriptor)?;
        debug_assert_eq!(inserted, number, "nothing took the vacancy in between");
        mem.store_u32(out, inserted)
    }

    /// Opens `path` below `fd`; returns the descriptor and the number that it will get.
    fn open(
        &mut self,
        fd: u32,
        following: bool,
        path: &str,
        oflags: OFlags,
        (rights, inheriting): (Rights, Rights),
        flags: FdFlags,
    ) -> Result<(Descriptor, u32)> {
        let number = self.table.vacancy()?;
        let parent = self.table.get(fd)?;
        let Kind::Directory(dir) = &parent.kind else { return Err(Errno::NotDir) };
        let creating = oflags.contains(OFlags::CREAT);
        let mut needed = Rights::PATH_OPEN;
        if oflags.contains(OFlags::TRUNC) {
            needed |= Rights::PATH_FILESTAT_SET_SIZE;
        }
        if creating && !parent.read_only {
            needed |= Rights::PATH_CREATE_FILE;
        }
        parent.demand(needed)?;
        if !parent.inheriting.contains(rights | inheriting) {
            return Err(Errno::NotCapable);
        }
        if creating && oflags.contains(OFlags::DIRECTORY) {
            return Err(Errno::Inval);
        }
        let read_only = parent.read_only;
        if read_only && rights.contains(Rights::FD_WRITE) {
            return Err(Errno::RoFs);
        }
        let write = rights.contains(Rights::FD_WRITE) || oflags.contains(OFlags::TRUNC);
        let options = OpenOptions {
            read: !write || rights.intersects(Rights::FD_READ | Rights::FD_READDIR),
            write,
            create: creating && !read_only,
            exclusive: oflags.contains(OFlags::EXCL),
            truncate: oflags.contains(OFlags::TRUNC),
            directory: oflags.contains(OFlags::DIRECTORY),
            flags,
        };
        let opened = resolve::open(&dir.dir, path, following, &options).map_err(|errno| match errno {
            Errno::NoEnt if creating && read_only => Errno::RoFs,
            errno => errno,
        })?;
        if creating && read_only && options.exclusive {
            return Err(Errno::Exist);
        }
        let rights = if read_only { rights.difference(Rights::MUTATING) } else { rights };
        let descriptor = Descriptor { read_only, ..Descriptor::opened(opened, flags, rights, inheriting) };
        Ok((descriptor, number))
    }

    pub(crate) fn path_readlink(
        &mut self,
        mem: &mut dyn GuestMemory,
        fd: u32,
        path: Path,
        (buf, buf_len): (u32, u32),
        out: u32,
    ) -> Result<()> {
        mem.check(out, 4)?;
        mem.check(buf, u64::from(buf_len))?;
        let place = self.place(mem, fd, path, Rights::PATH_READLINK)?;
        let name = place.named(Errno::Inval)?;
        demand_directory(&place)?;
        let target = place.dir.read_link(name)?;
        // What an absolute link says is a name of the host's, which the guest could not use anyway.
        if target.starts_with('/') {
            return Err(Errno::NotCapable);
        }
        let len = target.len().min(buf_len as usize);
        mem.store(buf, &target.as_bytes()[..len])?;
        mem.store_u32(out, len as u32)
    }

    pub(crate) fn path_remove_directory(&mut self, mem: &mut dyn GuestMemory, fd: u32, path: Path) -> Result<()> {
        let place = self.place(mem, fd, path, Rights::PATH_REMOVE_DIRECTORY)?;
        place.dir.remove_directory(place.named(Errno::Inval)?)
    }

    pub(crate) fn path_rename(
        &mut self,
        mem: &mut dyn GuestMemory,
        old_fd: u32,
        old_path: Path,
        new_fd: u32,
        new_path: Path,
    ) -> Result<()> {
        let old = self.place(mem, old_fd, old_path, Rights::PATH_RENAME_SOURCE)?;
        let new = self.place(mem, new_fd, new_path, Rights::PATH_RENAME_TARGET)?;
        self.refuse_amplification(old_fd, new_fd)?;
        let old_name = old.named(Errno::Busy)?;
        let new_name = new.named(Errno::Busy)?;
        if (old.must_be_dir || new.must_be_dir) && old.stat()?.filetype != Filetype::Directory {
            return Err(Errno::NotDir);
        }
        old.dir.rename(old_name, &*new.dir, new_name)
    }

    pub(crate) fn path_symlink(
        &mut self,
        mem: &mut dyn GuestMemory,
        (target, target_len): Path,
        fd: u32,
        path: Path,
    ) -> Result<()> {
        let place = self.place(mem, fd, path, Rights::PATH_SYMLINK)?;
        let target = mem.load_path(target, target_len)?;
        if target.is_empty() {
            return Err(Errno::NoEnt);
        }
        if target.starts_with('/') {
            return Err(Errno::NotCapable);
        }
        let name = place.named(Errno::Exist)?;
        refuse_slash(&place)?;
        place.dir.symlink(&target, name)
    }

    pub(crate) fn path_unlink_file(&mut self, mem: &mut dyn GuestMemory, fd: u32, path: Path) -> Result<()> {
        let place = self.place(mem, fd, path, Rights::PATH_UNLINK_FILE)?;
        let name = place.named(Errno::IsDir)?;
        if place.must_be_dir {
            return Err(match place.stat()?.filetype {
                Filetype::Directory => Errno::IsDir,
                _ => Errno::NotDir,
            });
        }
        place.dir.unlink(name)
    }
}
