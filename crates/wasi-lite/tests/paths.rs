//! The functions on paths, on every file system.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use support::{FOLLOW, Guest, ROOT, on_every_fs};
use wasi_lite::{Errno, FdFlags, Filetype, Function, OFlags, Rights};

fn open_code(guest: &mut Guest, follow: u32, path: &str, oflags: OFlags) -> Result<(), Errno> {
    let fd = guest.open_full(ROOT, follow, path, oflags, (Rights::empty(), Rights::empty()), FdFlags::empty())?;
    guest.close(fd)
}

#[test]
fn opening_creates_truncates_and_excludes() {
    on_every_fs(|guest| {
        assert_eq!(guest.open(ROOT, "file", OFlags::empty()), Err(Errno::NoEnt));
        guest.create_with(ROOT, "file", b"content").unwrap();
        assert_eq!(guest.open(ROOT, "file", OFlags::CREAT | OFlags::EXCL), Err(Errno::Exist));
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"content");
        open_code(guest, 0, "file", OFlags::TRUNC).unwrap();
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"");
        assert_eq!(guest.open(ROOT, "file", OFlags::DIRECTORY), Err(Errno::NotDir));
        assert_eq!(guest.open(ROOT, "new", OFlags::DIRECTORY | OFlags::CREAT), Err(Errno::Inval));
        assert_eq!(guest.open(ROOT, "no/new", OFlags::CREAT), Err(Errno::NoEnt));
        assert_eq!(guest.open(ROOT, "file/new", OFlags::CREAT), Err(Errno::NotDir));
        assert_eq!(guest.open(ROOT, &"n".repeat(256), OFlags::CREAT), Err(Errno::NameTooLong));
        assert_eq!(guest.open(ROOT, &"n".repeat(4096), OFlags::CREAT), Err(Errno::NameTooLong));
        assert_eq!(guest.open(ROOT, "", OFlags::empty()), Err(Errno::NoEnt));
        let raw = |guest: &mut Guest, dirflags, oflags, fdflags| {
            guest.call(Function::PathOpen, &[ROOT.into(), dirflags, 0, 1, oflags, 0, 0, fdflags, 8])
        };
        assert_eq!(raw(guest, 2, 0, 0), Err(Errno::Inval));
        assert_eq!(raw(guest, 0, 16, 0), Err(Errno::Inval));
        assert_eq!(raw(guest, 0, 0, 32), Err(Errno::Inval));
    });
}

#[test]
fn directories_open_with_directory_rights() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        let open = |guest: &mut Guest, path, oflags, rights| {
            guest.open_full(ROOT, 0, path, oflags, (rights, Rights::empty()), FdFlags::empty())
        };
        let read_write = Rights::FD_READ | Rights::FD_WRITE;
        for path in [".", "dir", "dir/", "dir/..", "dir/."] {
            let fd = open(guest, path, OFlags::DIRECTORY, Rights::FD_READ | Rights::FD_SEEK).unwrap();
            let stat = guest.fdstat(fd).unwrap();
            assert_eq!((stat.filetype, stat.rights), (Filetype::Directory as u8, Rights::empty()));
            assert_eq!(guest.readdir(fd, 99, 0).map(|_| ()), Err(Errno::NotCapable));
            assert_eq!(open(guest, path, OFlags::DIRECTORY, read_write), Err(Errno::IsDir), "{path}");
            assert_eq!(open(guest, path, OFlags::empty(), Rights::FD_WRITE), Err(Errno::IsDir), "{path}");
        }
        assert_eq!(open(guest, "dir", OFlags::TRUNC, Rights::empty()), Err(Errno::IsDir));
        let rights = (Rights::empty(), Rights::empty());
        assert!(guest.open_full(ROOT, 0, ".", OFlags::empty(), rights, FdFlags::NONBLOCK).is_ok());
        let root = guest.fdstat(ROOT).unwrap();
        assert!(
            guest.open_full(ROOT, 0, ".", OFlags::empty(), (root.rights, root.inheriting), FdFlags::empty()).is_ok()
        );
    });
}

#[test]
fn dots_and_slashes() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.mkdir(ROOT, "dir/nested/").unwrap();
        guest.create(ROOT, "dir/nested/file").unwrap();
        assert_eq!(open_code(guest, 0, "dir/.//nested/../../dir/nested/../nested///./file", OFlags::empty()), Ok(()));
        for path in ["dir/nested/", "dir/nested///", "./dir/nested/."] {
            assert_eq!(open_code(guest, 0, path, OFlags::empty()), Ok(()), "{path}");
            assert_eq!(guest.path_filestat(ROOT, 0, path).unwrap().filetype, Filetype::Directory);
        }
        for path in ["dir/nested/file/", "dir/nested/file///"] {
            assert_eq!(open_code(guest, 0, path, OFlags::empty()), Err(Errno::NotDir), "{path}");
            assert_eq!(guest.path_filestat(ROOT, 0, path), Err(Errno::NotDir));
            assert_eq!(guest.unlink(ROOT, path), Err(Errno::NotDir));
            assert_eq!(guest.rmdir(ROOT, path), Err(Errno::NotDir));
        }
        assert_eq!(open_code(guest, 0, "new/", OFlags::CREAT), Err(Errno::IsDir));
        assert_eq!(guest.mkdir(ROOT, "."), Err(Errno::Exist));
        assert_eq!(guest.mkdir(ROOT, "dir/"), Err(Errno::Exist));
        assert_eq!(guest.rmdir(ROOT, "."), Err(Errno::Inval));
        assert_eq!(guest.unlink(ROOT, "dir/."), Err(Errno::IsDir));
        assert_eq!(guest.rename(ROOT, "dir/.", ROOT, "other"), Err(Errno::Busy));
    });
}

#[test]
fn removing() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.mkdir(ROOT, "dir/nested").unwrap();
        guest.create(ROOT, "file").unwrap();
        assert_eq!(guest.rmdir(ROOT, "dir"), Err(Errno::NotEmpty));
        assert_eq!(guest.unlink(ROOT, "dir"), Err(Errno::IsDir));
        assert_eq!(guest.unlink(ROOT, "dir/"), Err(Errno::IsDir));
        assert_eq!(guest.rmdir(ROOT, "file"), Err(Errno::NotDir));
        assert_eq!(guest.rmdir(ROOT, "no"), Err(Errno::NoEnt));
        assert_eq!(guest.unlink(ROOT, "no"), Err(Errno::NoEnt));
        assert_eq!(guest.unlink(ROOT, "no/"), Err(Errno::NoEnt));
        assert_eq!(guest.rmdir(ROOT, "dir/nested/"), Ok(()));
        assert_eq!(guest.rmdir(ROOT, "dir"), Ok(()));
        assert_eq!(guest.unlink(ROOT, "file"), Ok(()));
        assert_eq!(guest.names(ROOT), [".", ".."]);
    });
}

#[test]
fn renaming() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Ok(()));
        assert_eq!(open_code(guest, 0, "source", OFlags::DIRECTORY), Err(Errno::NoEnt));
        guest.mkdir(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source/", ROOT, "target/"), Ok(()), "onto an empty directory");
        guest.mkdir(ROOT, "source").unwrap();
        guest.create(ROOT, "target/file").unwrap();
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Err(Errno::NotEmpty));
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target/file"), Err(Errno::NotDir));
        assert_eq!(guest.rename(ROOT, "target", ROOT, "target/below"), Err(Errno::Inval));
        guest.create_with(ROOT, "file", b"new").unwrap();
        assert_eq!(guest.rename(ROOT, "file", ROOT, "source"), Err(Errno::IsDir));
        assert_eq!(guest.rename(ROOT, "file/", ROOT, "other"), Err(Errno::NotDir));
        assert_eq!(guest.rename(ROOT, "file", ROOT, "other/"), Err(Errno::NotDir));
        assert_eq!(guest.rename(ROOT, "file", ROOT, "file"), Ok(()));
        assert_eq!(guest.rename(ROOT, "file", ROOT, "target/file"), Ok(()));
        assert_eq!(guest.content(ROOT, "target/file").unwrap(), b"new");
        assert_eq!(guest.rename(ROOT, "no", ROOT, "other"), Err(Errno::NoEnt));
        let target = guest.open_dir(ROOT, "target").unwrap();
        assert_eq!(guest.rename(target, "file", ROOT, "moved"), Ok(()));
        assert_eq!(guest.names(ROOT), [".", "..", "moved", "source", "target"]);
    });
}

#[test]
fn symbolic_links() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.create_with(ROOT, "dir/file", b"found").unwrap();
        guest.symlink("dir", ROOT, "link").unwrap();
        guest.symlink("../link/file", ROOT, "dir/second").unwrap();
        assert_eq!(guest.content(ROOT, "link/second").unwrap(), b"found");
        assert_eq!(open_code(guest, 0, "link/second", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(open_code(guest, 0, "link", OFlags::DIRECTORY), Err(Errno::NotDir));
        assert_eq!(open_code(guest, 0, "link", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(open_code(guest, FOLLOW, "link", OFlags::DIRECTORY), Ok(()));
        assert_eq!(open_code(guest, FOLLOW, "dir/second", OFlags::DIRECTORY), Err(Errno::NotDir));
        assert_eq!(open_code(guest, 0, "link/", OFlags::empty()), Ok(()), "a trailing slash follows");
        assert_eq!(guest.path_filestat(ROOT, 0, "link").unwrap().filetype, Filetype::SymbolicLink);
        assert_eq!(guest.path_filestat(ROOT, 0, "link/").unwrap().filetype, Filetype::Directory);
        assert_eq!(guest.path_filestat(ROOT, FOLLOW, "link").unwrap().filetype, Filetype::Directory);
        assert_eq!(guest.rmdir(ROOT, "link"), Err(Errno::NotDir));
        assert_eq!(guest.rmdir(ROOT, "link/"), Err(Errno::NotDir));
        assert_eq!(guest.unlink(ROOT, "link/"), Err(Errno::NotDir));
        assert_eq!(guest.mkdir(ROOT, "link"), Err(Errno::Exist));
        assert_eq!(guest.readlink(ROOT, "dir/second", 40).unwrap(), b"../link/file");
        assert_eq!(guest.readlink(ROOT, "dir/second", 4).unwrap(), b"../l");
        assert_eq!(guest.readlink(ROOT, "dir", 4), Err(Errno::Inval));
        assert_eq!(guest.readlink(ROOT, "no", 4), Err(Errno::NoEnt));
        assert_eq!(guest.unlink(ROOT, "link"), Ok(()));
        assert_eq!(guest.path_filestat(ROOT, FOLLOW, "dir/second"), Err(Errno::NoEnt));
    });
}

#[test]
fn dangling_links_and_loops() {
    on_every_fs(|guest| {
        guest.symlink("target", ROOT, "dangling").unwrap();
        guest.symlink("loop", ROOT, "loop").unwrap();
        assert_eq!(open_code(guest, 0, "dangling", OFlags::DIRECTORY), Err(Errno::NotDir));
        assert_eq!(open_code(guest, 0, "dangling", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(open_code(guest, FOLLOW, "dangling", OFlags::empty()), Err(Errno::NoEnt));
        assert_eq!(open_code(guest, FOLLOW, "dangling", OFlags::CREAT | OFlags::EXCL), Err(Errno::Exist));
        assert_eq!(guest.path_filestat(ROOT, FOLLOW, "dangling"), Err(Errno::NoEnt));
        assert_eq!(open_code(guest, 0, "loop", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(open_code(guest, FOLLOW, "loop", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(open_code(guest, 0, "loop/x", OFlags::empty()), Err(Errno::Loop));
        assert_eq!(guest.path_filestat(ROOT, FOLLOW, "loop"), Err(Errno::Loop));
        assert_eq!(open_code(guest, FOLLOW, "dangling", OFlags::CREAT), Ok(()));
        assert_eq!(guest.path_filestat(ROOT, 0, "target").unwrap().filetype, Filetype::RegularFile);
    });
}

#[test]
fn names_of_new_links_end_without_a_slash() {
    on_every_fs(|guest| {
        assert_eq!(guest.symlink("source", ROOT, "target/"), Err(Errno::NoEnt));
        guest.mkdir(ROOT, "dir").unwrap();
        guest.create(ROOT, "file").unwrap();
        assert_eq!(guest.symlink("source", ROOT, "dir/"), Err(Errno::Exist));
        assert_eq!(guest.symlink("source", ROOT, "dir"), Err(Errno::Exist));
        assert_eq!(guest.symlink("source", ROOT, "file/"), Err(Errno::NotDir));
        assert_eq!(guest.symlink("source", ROOT, "file"), Err(Errno::Exist));
        assert_eq!(guest.symlink("", ROOT, "new"), Err(Errno::NoEnt));
        assert_eq!(guest.link(ROOT, 0, "file", ROOT, "new/"), Err(Errno::NoEnt));
    });
}

#[test]
fn hard_links() {
    on_every_fs(|guest| {
        guest.create_with(ROOT, "file", b"shared").unwrap();
        guest.mkdir(ROOT, "dir").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        guest.link(ROOT, 0, "file", dir, "link").unwrap();
        let (one, two) = (guest.path_filestat(ROOT, 0, "file"), guest.path_filestat(dir, 0, "link"));
        assert_eq!(one, two);
        assert_eq!(one.unwrap().nlink, 2);
        guest.unlink(ROOT, "file").unwrap();
        assert_eq!(guest.content(dir, "link").unwrap(), b"shared");
        assert_eq!(guest.path_filestat(dir, 0, "link").unwrap().nlink, 1);
        assert_eq!(guest.link(dir, 0, "link", dir, "link"), Err(Errno::Exist));
        assert_eq!(guest.link(dir, 0, "link", ROOT, "dir"), Err(Errno::Exist));
        assert_eq!(guest.link(ROOT, 0, "dir", ROOT, "other"), Err(Errno::Perm));
        assert_eq!(guest.link(ROOT, 0, "no", ROOT, "other"), Err(Errno::NoEnt));
        guest.symlink("dir/link", ROOT, "symlink").unwrap();
        guest.link(ROOT, 0, "symlink", ROOT, "copy").unwrap();
        assert_eq!(guest.path_filestat(ROOT, 0, "copy").unwrap().filetype, Filetype::SymbolicLink);
        guest.link(ROOT, FOLLOW, "symlink", ROOT, "followed").unwrap();
        assert_eq!(guest.path_filestat(ROOT, 0, "followed").unwrap().filetype, Filetype::RegularFile);
        guest.symlink("no", ROOT, "dangling").unwrap();
        assert_eq!(guest.link(ROOT, FOLLOW, "dangling", ROOT, "other"), Err(Errno::NoEnt));
        assert_eq!(guest.link(dir, 0, "link", ROOT, "dangling"), Err(Errno::Exist));
    });
}
