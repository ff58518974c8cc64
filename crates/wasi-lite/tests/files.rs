//! The functions on open files and descriptors, on every file system.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use support::{FOLLOW, Guest, READ_WRITE, ROOT, on_every_fs};
use wasi_lite::{Errno, FdFlags, Filetype, FstFlags, Function, OFlags, Rights};

#[test]
fn writes_reads_and_positions() {
    on_every_fs(|guest| {
        let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
        assert_eq!(fd, 4);
        assert_eq!(guest.tell(fd), Ok(0));
        assert_eq!(guest.write_vectored(fd, &[b"hel", b"", b"lo"]), Ok(5));
        assert_eq!(guest.tell(fd), Ok(5));
        assert_eq!(guest.seek(fd, -4, 1), Ok(1));
        assert_eq!(guest.read_vectored(fd, &[2, 0, 10]).unwrap(), b"ello");
        assert_eq!(guest.read(fd, 4).unwrap(), b"");
        assert_eq!(guest.seek(fd, -2, 2), Ok(3));
        assert_eq!(guest.seek(fd, 1000, 1), Ok(1003));
        assert_eq!(guest.seek(fd, -2000, 1), Err(Errno::Inval));
        assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
        assert_eq!(guest.seek(fd, 0, 0), Ok(0));
        assert_eq!(guest.pwrite(fd, b"EL", 1), Ok(2));
        assert_eq!(guest.pread(fd, &[2, 2, 9], 0).unwrap(), b"hELlo");
        assert_eq!(guest.pread(fd, &[4], 4).unwrap(), b"o");
        assert_eq!(guest.pread(fd, &[4], u64::MAX), Err(Errno::Inval));
        assert_eq!(guest.tell(fd), Ok(0), "positioned transfers leave the position");
        assert_eq!(guest.write(fd, b""), Ok(0));
        assert_eq!(guest.close(fd), Ok(()));
        assert_eq!(guest.close(fd), Err(Errno::BadF));
        assert_eq!(guest.read(fd, 1), Err(Errno::BadF));
    });
}

#[test]
fn many_buffers_are_one_transfer() {
    on_every_fs(|guest| {
        let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
        let bytes: Vec<u8> = (0..100).collect();
        let bufs: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(guest.write_vectored(fd, &bufs), Ok(100));
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.read_vectored(fd, &[1; 100]).unwrap(), bytes);
        let too_many = vec![0; 1025];
        assert_eq!(guest.read_vectored(fd, &too_many), Err(Errno::Inval));
    });
}

#[test]
fn appending_is_a_flag_that_can_change() {
    on_every_fs(|guest| {
        let rights = (READ_WRITE, Rights::empty());
        let fd = guest.open_full(ROOT, 0, "file", OFlags::CREAT, rights, FdFlags::APPEND).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::APPEND);
        guest.write(fd, b"ab").unwrap();
        guest.seek(fd, 0, 0).unwrap();
        guest.write(fd, b"cd").unwrap();
        assert_eq!(guest.tell(fd), Ok(4));
        guest.set_flags(fd, FdFlags::empty()).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::empty());
        guest.seek(fd, 0, 0).unwrap();
        guest.write(fd, b"AB").unwrap();
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"ABcd");
        assert_eq!(guest.set_flags(fd, FdFlags::SYNC), Err(Errno::NotSup));
        assert_eq!(guest.call(Function::FdFdstatSetFlags, &[fd.into(), 32]), Err(Errno::Inval));
    });
}

#[test]
fn sync_flags_are_kept() {
    on_every_fs(|guest| {
        let flags = FdFlags::APPEND | FdFlags::SYNC;
        let rights = (READ_WRITE, Rights::empty());
        let fd = guest.open_full(ROOT, 0, "file", OFlags::CREAT, rights, flags).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, flags);
        assert_eq!(guest.call(Function::FdSync, &[fd.into()]), Ok(()));
        assert_eq!(guest.call(Function::FdDatasync, &[fd.into()]), Ok(()));
        assert_eq!(guest.call(Function::FdSync, &[ROOT.into()]), Ok(()));
    });
}

#[test]
fn sizes_are_set_and_allocated() {
    on_every_fs(|guest| {
        let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
        let allocate = |guest: &mut Guest, offset, len| guest.call(Function::FdAllocate, &[fd.into(), offset, len]);
        guest.set_size(fd, 100).unwrap();
        assert_eq!(guest.filestat(fd).unwrap().size, 100);
        assert_eq!(allocate(guest, 10, 10), Ok(()));
        assert_eq!(guest.filestat(fd).unwrap().size, 100, "allocating never shrinks");
        assert_eq!(allocate(guest, 90, 20), Ok(()));
        assert_eq!(guest.filestat(fd).unwrap().size, 110);
        assert_eq!(allocate(guest, 0, 0), Err(Errno::Inval));
        assert_eq!(allocate(guest, u64::MAX, 1), Err(Errno::FBig));
        assert_eq!(guest.read(fd, 200).unwrap(), vec![0; 110]);
        guest.set_size(fd, 3).unwrap();
        assert_eq!(guest.pread(fd, &[9], 0).unwrap(), [0; 3]);
        assert_eq!(guest.call(Function::FdAdvise, &[fd.into(), 1, 2, 5]), Ok(()));
        assert_eq!(guest.call(Function::FdAdvise, &[fd.into(), 1, 2, 6]), Err(Errno::Inval));
    });
}

#[test]
fn times_are_set() {
    on_every_fs(|guest| {
        let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
        let before = guest.filestat(fd).unwrap();
        guest.set_times(fd, 7, before.mtim - 100, FstFlags::MTIM).unwrap();
        let after = guest.filestat(fd).unwrap();
        assert_eq!((after.atim, after.mtim), (before.atim, before.mtim - 100));
        guest.set_times(fd, 7, 8, FstFlags::ATIM | FstFlags::MTIM_NOW).unwrap();
        let after = guest.filestat(fd).unwrap();
        assert_eq!(after.atim, 7);
        assert!(after.mtim > before.mtim - 100);
        for both in [FstFlags::ATIM | FstFlags::ATIM_NOW, FstFlags::MTIM | FstFlags::MTIM_NOW] {
            assert_eq!(guest.set_times(fd, 1, 1, both), Err(Errno::Inval));
            assert_eq!(guest.path_set_times(ROOT, 0, "file", 1, both), Err(Errno::Inval));
        }
        assert_eq!(guest.filestat(fd).unwrap().mtim, after.mtim);
        assert_eq!(guest.set_times(ROOT, 5, 6, FstFlags::ATIM | FstFlags::MTIM), Ok(()));
        assert_eq!(guest.filestat(ROOT).unwrap().mtim, 6);
    });
}

#[test]
fn times_of_links_and_their_targets_are_apart() {
    on_every_fs(|guest| {
        guest.create(ROOT, "file").unwrap();
        guest.symlink("file", ROOT, "link").unwrap();
        guest.path_set_times(ROOT, 0, "link", 1_000_000_005, FstFlags::MTIM).unwrap();
        guest.path_set_times(ROOT, FOLLOW, "link", 2_000_000_006, FstFlags::MTIM).unwrap();
        assert_eq!(guest.path_filestat(ROOT, 0, "link").unwrap().mtim, 1_000_000_005);
        assert_eq!(guest.path_filestat(ROOT, 0, "file").unwrap().mtim, 2_000_000_006);
        assert_eq!(guest.path_filestat(ROOT, FOLLOW, "link").unwrap().filetype, Filetype::RegularFile);
    });
}

#[test]
fn directories_are_not_files() {
    on_every_fs(|guest| {
        assert_eq!(guest.read(ROOT, 1), Err(Errno::IsDir));
        assert_eq!(guest.write(ROOT, b"x"), Err(Errno::IsDir));
        assert_eq!(guest.pread(ROOT, &[1], 0), Err(Errno::IsDir));
        assert_eq!(guest.pwrite(ROOT, b"x", 0), Err(Errno::IsDir));
        for whence in 0..3 {
            assert_eq!(guest.seek(ROOT, 0, whence), Err(Errno::IsDir));
        }
        assert_eq!(guest.tell(ROOT), Err(Errno::IsDir));
        assert_eq!(guest.set_size(ROOT, 0), Err(Errno::IsDir));
        assert_eq!(guest.call(Function::FdAllocate, &[ROOT.into(), 0, 1]), Err(Errno::IsDir));
        assert_eq!(guest.fdstat(ROOT).unwrap().filetype, Filetype::Directory as u8);
        assert_eq!(guest.filestat(ROOT).unwrap().filetype, Filetype::Directory);
        guest.create(ROOT, "file").unwrap();
        let fd = guest.open_file(ROOT, "file", OFlags::empty()).unwrap();
        assert_eq!(guest.readdir(fd, 100, 0).map(|_| ()), Err(Errno::NotDir));
        assert_eq!(guest.open(fd, "foo", OFlags::CREAT), Err(Errno::NotDir));
    });
}

#[test]
fn rights_are_lost_for_good() {
    on_every_fs(|guest| {
        let rights = Rights::FD_READ | Rights::FD_WRITE | Rights::FD_SEEK;
        let fd = guest.open_full(ROOT, 0, "file", OFlags::CREAT, (rights, Rights::empty()), FdFlags::empty()).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().rights, rights);
        guest.write(fd, b"abc").unwrap();
        assert_eq!(guest.filestat(fd).map(|_| ()), Err(Errno::NotCapable));
        guest.set_rights(fd, Rights::FD_SEEK, Rights::empty()).unwrap();
        assert_eq!(guest.read(fd, 1), Err(Errno::NotCapable));
        assert_eq!(guest.write(fd, b"x"), Err(Errno::NotCapable));
        assert_eq!(guest.pread(fd, &[1], 0), Err(Errno::NotCapable));
        assert_eq!(guest.seek(fd, 1, 0), Ok(1));
        assert_eq!(guest.set_rights(fd, rights, Rights::empty()), Err(Errno::NotCapable));
        assert_eq!(guest.set_rights(fd, Rights::FD_SEEK, Rights::FD_READ), Err(Errno::NotCapable));
        let dir = guest.open_dir(ROOT, ".").unwrap();
        guest.set_rights(dir, Rights::DIRECTORY, Rights::FD_READ).unwrap();
        assert_eq!(guest.open_file(dir, "file", OFlags::empty()), Err(Errno::NotCapable));
        assert_eq!(guest.content(dir, "file").unwrap(), b"abc");
        guest.set_rights(dir, Rights::PATH_OPEN, Rights::FD_READ).unwrap();
        assert_eq!(guest.open(dir, "new", OFlags::CREAT), Err(Errno::NotCapable));
        assert_eq!(guest.open(dir, "file", OFlags::TRUNC), Err(Errno::NotCapable));
        assert_eq!(guest.unlink(dir, "file"), Err(Errno::NotCapable));
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"abc");
    });
}

#[test]
fn opening_for_one_direction_gives_that_direction() {
    on_every_fs(|guest| {
        guest.create(ROOT, "file").unwrap();
        let open = |guest: &mut Guest, rights| {
            guest.open_full(ROOT, 0, "file", OFlags::empty(), (rights, Rights::empty()), FdFlags::empty()).unwrap()
        };
        let reader = open(guest, Rights::FD_READ);
        let writer = open(guest, Rights::FD_WRITE);
        assert_eq!(guest.write(reader, b"x"), Err(Errno::NotCapable));
        assert_eq!(guest.read(writer, 1), Err(Errno::NotCapable));
        assert_eq!(guest.write(writer, b"xy"), Ok(2));
        assert_eq!(guest.read(reader, 9).unwrap(), b"xy", "both see one file");
    });
}

#[test]
fn descriptors_take_the_lowest_number() {
    on_every_fs(|guest| {
        let fds: Vec<u32> = (0..3).map(|_| guest.open(ROOT, "file", OFlags::CREAT).unwrap()).collect();
        assert_eq!(fds, [4, 5, 6]);
        guest.close(5).unwrap();
        guest.close(1).unwrap();
        assert_eq!(guest.open(ROOT, "file", OFlags::empty()), Ok(1));
        assert_eq!(guest.open(ROOT, "file", OFlags::empty()), Ok(5));
        assert_eq!(guest.open(ROOT, "file", OFlags::empty()), Ok(7));
    });
}

#[test]
fn renumbering_moves_and_closes() {
    on_every_fs(|guest| {
        guest.create_with(ROOT, "one", b"1").unwrap();
        guest.create_with(ROOT, "two", b"2").unwrap();
        let one = guest.open_file(ROOT, "one", OFlags::empty()).unwrap();
        let two = guest.open_file(ROOT, "two", OFlags::empty()).unwrap();
        let stat = guest.fdstat(one).unwrap();
        guest.renumber(one, two).unwrap();
        assert_eq!(guest.close(one), Err(Errno::BadF));
        assert_eq!(guest.fdstat(two).unwrap(), stat);
        assert_eq!(guest.read(two, 9).unwrap(), b"1");
        assert_eq!(guest.renumber(two, one), Err(Errno::BadF));
        assert_eq!(guest.renumber(one, two), Err(Errno::BadF));
        assert_eq!(guest.renumber(two, two), Ok(()));
        for stdio in 0..3 {
            let fd = guest.open(ROOT, "one", OFlags::empty()).unwrap();
            guest.renumber(stdio, fd).unwrap();
            assert!(guest.fdstat(fd).is_ok());
            assert!(guest.fdstat(stdio).is_err());
        }
    });
}

#[test]
fn preopens_have_names_and_can_be_closed() {
    on_every_fs(|guest| {
        let get = |guest: &mut Guest, fd: u32| guest.call(Function::FdPrestatGet, &[fd.into(), 64]);
        let name = |guest: &mut Guest, len: u64| guest.call(Function::FdPrestatDirName, &[ROOT.into(), 80, len]);
        assert_eq!(get(guest, ROOT), Ok(()));
        assert_eq!((guest.u32_at(64), guest.u32_at(68)), (0, 1));
        assert_eq!(name(guest, 0), Err(Errno::NameTooLong));
        assert_eq!(name(guest, 2), Ok(()));
        assert_eq!(guest.memory[80..82], *b"/\0");
        let other = guest.open_dir(ROOT, ".").unwrap();
        assert_eq!(get(guest, other), Err(Errno::BadF), "only preopens have names");
        assert_eq!(get(guest, 1), Err(Errno::BadF));
        let inode = guest.filestat(other).unwrap().ino;
        guest.renumber(other, ROOT).unwrap();
        assert_eq!(guest.filestat(ROOT).unwrap().ino, inode);
        guest.close(ROOT).unwrap();
        assert_eq!(guest.fdstat(ROOT), Err(Errno::BadF));
    });
}

#[test]
fn listing_resumes_at_every_cookie() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        let own = guest.filestat(dir).unwrap().ino;
        let (entries, end) = guest.readdir(dir, 256, 0).unwrap();
        assert!(end);
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), [".", ".."]);
        assert_eq!((entries[0].ino, entries[0].filetype), (own, Filetype::Directory as u8));

        guest.create(dir, "file").unwrap();
        let (entries, _) = guest.readdir(dir, 256, 0).unwrap();
        assert_eq!((entries.len(), entries[2].filetype), (3, Filetype::RegularFile as u8));
        assert_eq!(entries[2].ino, guest.path_filestat(dir, 0, "file").unwrap().ino);
        let (rest, end) = guest.readdir(dir, 256, entries[1].next).unwrap();
        assert_eq!((rest, end), (vec![entries.into_iter().last().unwrap()], true));
        assert_eq!(guest.readdir(dir, 256, u64::MAX).unwrap(), (vec![], true));
        assert_eq!(guest.readdir(dir, 0, 0).unwrap(), (vec![], false));

        for index in 0..100 {
            guest.create(dir, &format!("file.{index}")).unwrap();
        }
        let names = guest.names(dir);
        assert_eq!(names.len(), 103);
        for name in names.iter().filter(|name| name.starts_with("file")) {
            guest.unlink(dir, name).unwrap();
        }
        assert_eq!(guest.names(dir), [".", ".."]);
    });
}

#[test]
fn removing_while_listing_misses_nothing() {
    on_every_fs(|guest| {
        for index in 0..50 {
            guest.create(ROOT, &format!("{index}")).unwrap();
        }
        let (mut cookie, mut removed) = (0, 0);
        loop {
            let (entries, end) = guest.readdir(ROOT, 128, cookie).unwrap();
            for entry in &entries {
                if !entry.name.starts_with('.') {
                    guest.unlink(ROOT, &entry.name).unwrap();
                    removed += 1;
                }
            }
            cookie = entries.last().map_or(cookie, |entry| entry.next);
            if end {
                break;
            }
        }
        assert_eq!(removed, 50);
    });
}

#[test]
fn what_is_removed_lives_while_it_is_open() {
    on_every_fs(|guest| {
        let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
        guest.write(fd, b"alive").unwrap();
        guest.unlink(ROOT, "file").unwrap();
        assert_eq!(guest.pread(fd, &[9], 0).unwrap(), b"alive");
        assert_eq!(guest.filestat(fd).unwrap().nlink, 0);
        guest.create(ROOT, "file").unwrap();
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"");
        guest.mkdir(ROOT, "dir").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        guest.rmdir(ROOT, "dir").unwrap();
        assert_eq!(guest.create(dir, "file"), Err(Errno::NoEnt));
    });
}
