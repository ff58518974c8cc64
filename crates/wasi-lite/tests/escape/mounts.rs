//! Several mounts, and rights.
use crate::support::{FOLLOW, Guest, ROOT, on_every_fs};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use wasi_lite::fs::mem::MemFs;
use wasi_lite::fs::overlay::Overlay;
use wasi_lite::{Errno, FstFlags, OFlags, Rights, WasiBuilder};

pub fn read_only_mounts_stay_as_they_are() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("ro")).unwrap();
    fs::create_dir(temp.path().join("rw")).unwrap();
    fs::write(temp.path().join("ro/file"), "content").unwrap();
    fs::create_dir(temp.path().join("ro/dir")).unwrap();
    let before = fs::metadata(temp.path().join("ro/file")).unwrap().modified().unwrap();
    let wasi = WasiBuilder::new()
        .preopened_dir_read_only(temp.path().join("ro"), "/ro")
        .preopened_dir(temp.path().join("rw"), "/rw")
        .build()
        .unwrap();
    let mut guest = Guest::new(wasi);
    let (ro, rw) = (3, 4);
    let sub = guest.open_dir(ro, ".").unwrap();
    for dir in [ro, sub] {
        assert_eq!(guest.content(dir, "file").unwrap(), b"content");
        assert_eq!(guest.open_file(dir, "file", OFlags::empty()), Err(Errno::RoFs));
        assert_eq!(guest.open(dir, "file", OFlags::TRUNC), Err(Errno::RoFs));
        assert_eq!(guest.open(dir, "new", OFlags::CREAT), Err(Errno::RoFs));
        assert_eq!(guest.open(dir, "file", OFlags::CREAT | OFlags::EXCL), Err(Errno::Exist));
        let fd = guest.open(dir, "file", OFlags::CREAT).unwrap();
        assert_eq!(guest.write(fd, b"x"), Err(Errno::RoFs));
        assert_eq!(guest.set_size(fd, 0), Err(Errno::RoFs));
        assert_eq!(guest.set_times(fd, 1, 1, FstFlags::MTIM), Err(Errno::RoFs));
        assert_eq!(guest.unlink(dir, "file"), Err(Errno::RoFs));
        assert_eq!(guest.rmdir(dir, "dir"), Err(Errno::RoFs));
        assert_eq!(guest.mkdir(dir, "new"), Err(Errno::RoFs));
        assert_eq!(guest.symlink("file", dir, "new"), Err(Errno::RoFs));
        assert_eq!(guest.rename(dir, "file", rw, "file"), Err(Errno::RoFs));
        assert_eq!(guest.rename(dir, "file", dir, "new"), Err(Errno::RoFs));
        assert_eq!(guest.link(dir, 0, "file", rw, "file"), Err(Errno::RoFs), "a link could be written through");
        assert_eq!(guest.path_set_times(dir, 0, "file", 1, FstFlags::MTIM), Err(Errno::RoFs));
        guest.create(rw, "own").unwrap();
        assert_eq!(guest.rename(rw, "own", dir, "own"), Err(Errno::RoFs));
        assert_eq!(guest.link(rw, 0, "own", dir, "own"), Err(Errno::RoFs));
    }
    assert_eq!(fs::metadata(temp.path().join("ro/file")).unwrap().modified().unwrap(), before);
    assert_eq!(guest.names(ro), [".", "..", "dir", "file"]);
}

pub fn links_and_renames_gain_no_rights() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "weak").unwrap();
        guest.create_with(ROOT, "weak/file", b"content").unwrap();
        let weak = guest.open_dir(ROOT, "weak").unwrap();
        guest.set_rights(weak, Rights::DIRECTORY, Rights::FD_READ).unwrap();
        assert_eq!(guest.link(weak, 0, "file", ROOT, "strong"), Err(Errno::NotCapable));
        assert_eq!(guest.rename(weak, "file", ROOT, "strong"), Err(Errno::NotCapable));
        assert_eq!(guest.link(ROOT, 0, "weak/file", weak, "other"), Ok(()), "losing rights is fine");
        assert_eq!(guest.open_file(weak, "file", OFlags::empty()), Err(Errno::NotCapable));
    });
}

pub fn file_systems_are_apart() {
    let temp = tempfile::tempdir().unwrap();
    let wasi = WasiBuilder::new()
        .preopen(MemFs::new().root(), "/one")
        .preopen(MemFs::new().root(), "/two")
        .preopened_dir(temp.path(), "/host")
        .build()
        .unwrap();
    let mut guest = Guest::new(wasi);
    for (from, to) in [(3, 4), (3, 5), (5, 3)] {
        guest.create(from, "file").unwrap();
        assert_eq!(guest.rename(from, "file", to, "file"), Err(Errno::XDev));
        assert_eq!(guest.link(from, 0, "file", to, "file"), Err(Errno::XDev));
        guest.unlink(from, "file").unwrap();
    }
}

/// A mount below another: what is read-only under one name is not changed under the other's rights.
pub fn mounts_that_overlap() {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir_all(temp.path().join("a/b")).unwrap();
    fs::write(temp.path().join("a/b/file"), "content").unwrap();
    fs::write(temp.path().join("a/above"), "content").unwrap();
    symlink("../above", temp.path().join("a/b/up")).unwrap();
    let wasi = WasiBuilder::new()
        .preopened_dir_read_only(temp.path().join("a"), "/a")
        .preopened_dir(temp.path().join("a/b"), "/b")
        .build()
        .unwrap();
    let mut guest = Guest::new(wasi);
    let (a, b) = (3, 4);
    assert_eq!(guest.open_file(a, "b/file", OFlags::empty()), Err(Errno::RoFs));
    assert_eq!(guest.open_file(b, "up", OFlags::empty()), Err(Errno::NotCapable), "the link leads out of this mount");
    assert_eq!(guest.path_filestat(b, FOLLOW, "up").map(drop), Err(Errno::NotCapable));
    assert_eq!(guest.link(a, 0, "above", b, "mine"), Err(Errno::RoFs));
    assert_eq!(guest.rename(a, "above", b, "mine"), Err(Errno::RoFs));
    assert_eq!(guest.link(a, FOLLOW, "b/up", b, "mine"), Err(Errno::RoFs));
    assert_eq!(guest.rename(b, "file", a, "file"), Err(Errno::RoFs));
    assert_eq!(guest.open_file(b, "../above", OFlags::empty()), Err(Errno::NotCapable));
    assert_eq!(fs::read_to_string(temp.path().join("a/above")).unwrap(), "content");
    assert!(!temp.path().join("a/b/mine").exists());
}

/// Nothing changes either layer of an overlay.
pub fn overlays_stay_as_they_are() {
    let (upper, lower) = (MemFs::new(), MemFs::new());
    upper.write("dir/upper", b"u").unwrap();
    lower.write("dir/lower", b"l").unwrap();
    let mut guest = Guest::with_root(Arc::new(Overlay::new(upper.root(), lower.root())));
    for path in ["dir/upper", "dir/lower"] {
        assert_eq!(guest.open_file(ROOT, path, OFlags::empty()), Err(Errno::RoFs));
        assert_eq!(guest.open(ROOT, path, OFlags::TRUNC), Err(Errno::RoFs));
        assert_eq!(guest.unlink(ROOT, path), Err(Errno::RoFs));
        assert_eq!(guest.rename(ROOT, path, ROOT, "x"), Err(Errno::RoFs));
        assert_eq!(guest.link(ROOT, 0, path, ROOT, "x"), Err(Errno::RoFs));
        assert_eq!(guest.path_set_times(ROOT, 0, path, 1, FstFlags::MTIM), Err(Errno::RoFs));
        let rights = (Rights::FILE.difference(Rights::FD_WRITE), Rights::empty());
        let fd = guest.open_full(ROOT, 0, path, OFlags::empty(), rights, wasi_lite::FdFlags::empty()).unwrap();
        assert_eq!(guest.set_size(fd, 0), Err(Errno::RoFs));
        assert_eq!(guest.set_times(fd, 1, 1, FstFlags::MTIM), Err(Errno::RoFs));
    }
    assert_eq!(guest.mkdir(ROOT, "dir/new"), Err(Errno::RoFs));
    assert_eq!(guest.rmdir(ROOT, "dir"), Err(Errno::RoFs));
    assert_eq!(guest.symlink("x", ROOT, "dir/new"), Err(Errno::RoFs));
    assert_eq!((upper.read("dir/upper").unwrap(), lower.read("dir/lower").unwrap()), (b"u".to_vec(), b"l".to_vec()));
}

/// What a descriptor has lost comes back neither by itself, nor by opening anew, nor by another number.
pub fn rights_dropped_are_not_regained() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.create_with(ROOT, "dir/file", b"content").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        let listing = Rights::FD_READDIR | Rights::PATH_OPEN;
        let reading = Rights::FD_READ | listing;
        guest.set_rights(dir, listing, reading).unwrap();
        for rights in [Rights::all(), Rights::DIRECTORY, Rights::FD_WRITE, reading | Rights::PATH_UNLINK_FILE] {
            assert_eq!(guest.set_rights(dir, rights, reading), Err(Errno::NotCapable));
            assert_eq!(guest.set_rights(dir, listing, rights), Err(Errno::NotCapable));
        }
        assert_eq!(guest.open_dir(dir, "."), Err(Errno::NotCapable));
        assert_eq!(guest.open_file(dir, "file", OFlags::empty()), Err(Errno::NotCapable));
        let again =
            guest.open_full(dir, 0, ".", OFlags::DIRECTORY, (listing, reading), wasi_lite::FdFlags::empty()).unwrap();
        assert_eq!(guest.fdstat(again).unwrap().inheriting, reading);
        let other = guest.open(ROOT, "dir/file", OFlags::empty()).unwrap();
        guest.renumber(again, other).unwrap();
        for fd in [dir, other] {
            assert_eq!(guest.unlink(fd, "file"), Err(Errno::NotCapable));
            assert_eq!(guest.mkdir(fd, "new"), Err(Errno::NotCapable));
            assert_eq!(guest.open_file(fd, "file", OFlags::empty()), Err(Errno::NotCapable));
            assert_eq!(guest.open(fd, "file", OFlags::TRUNC), Err(Errno::NotCapable));
        }
        assert_eq!(guest.content(ROOT, "dir/file").unwrap(), b"content");
    });
}
