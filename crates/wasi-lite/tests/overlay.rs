//! One directory tree laid over another.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use std::sync::Arc;
use support::{FOLLOW, Guest, READ_WRITE, ROOT};
use wasi_lite::fs::mem::MemFs;
use wasi_lite::fs::overlay::Overlay;
use wasi_lite::{Errno, FdFlags, FstFlags, OFlags, Rights};

/// `both/upper` and `both/same` in the upper layer; `both/lower`, `both/same`, `low/file`, `hidden/x` in the lower.
fn layers() -> (MemFs, MemFs, Guest) {
    let (upper, lower) = (MemFs::new(), MemFs::new());
    upper.write("both/upper", b"u").unwrap();
    upper.write("both/same", b"from above").unwrap();
    upper.write("hidden", b"a file").unwrap();
    lower.write("both/lower", b"l").unwrap();
    lower.write("both/same", b"from below").unwrap();
    lower.write("both/deep/file", b"deep").unwrap();
    lower.write("low/file", b"low").unwrap();
    lower.write("hidden/x", b"x").unwrap();
    lower.root().symlink("both/same", "link").unwrap();
    let guest = Guest::with_root(Arc::new(Overlay::new(upper.root(), lower.root())));
    (upper, lower, guest)
}

#[test]
fn both_layers_are_seen() {
    let (_, _, mut guest) = layers();
    for (path, content) in [
        ("both/upper", "u"),
        ("both/lower", "l"),
        ("both/same", "from above"),
        ("both/deep/../../both/deep/file", "deep"),
        ("low/file", "low"),
        ("hidden", "a file"),
        ("link", "from above"),
    ] {
        assert_eq!(guest.content(ROOT, path).unwrap(), content.as_bytes(), "{path}");
    }
    assert_eq!(guest.names(ROOT), [".", "..", "both", "hidden", "link", "low"]);
    let both = guest.open_dir(ROOT, "both").unwrap();
    assert_eq!(guest.names(both), [".", "..", "deep", "lower", "same", "upper"]);
    assert_eq!(guest.content(ROOT, "hidden/x"), Err(Errno::NotDir));
    assert_eq!(guest.content(both, "none"), Err(Errno::NoEnt));
    assert_eq!(guest.content(both, "../low/file"), Err(Errno::NotCapable));
}

#[test]
fn neither_layer_changes() {
    let (upper, lower, mut guest) = layers();
    let snapshot = |guest: &mut Guest| {
        let stats =
            ["both/upper", "both/lower", "low/file", "both", "low"].map(|path| guest.path_filestat(ROOT, 0, path));
        (stats, upper.read("both/upper"), lower.read("low/file"))
    };
    let before = snapshot(&mut guest);
    for path in ["both/upper", "both/lower", "low/file"] {
        let open = |guest: &mut Guest, oflags, rights| {
            guest.open_full(ROOT, FOLLOW, path, oflags, (rights, Rights::empty()), FdFlags::empty())
        };
        assert_eq!(open(&mut guest, OFlags::empty(), READ_WRITE), Err(Errno::RoFs));
        assert_eq!(open(&mut guest, OFlags::TRUNC, Rights::FD_READ), Err(Errno::RoFs));
        assert_eq!(open(&mut guest, OFlags::CREAT | OFlags::EXCL, Rights::FD_READ), Err(Errno::Exist));
        let fd = open(&mut guest, OFlags::CREAT, READ_WRITE.difference(Rights::FD_WRITE)).unwrap();
        assert_eq!(guest.set_size(fd, 0), Err(Errno::RoFs));
        assert_eq!(guest.set_times(fd, 1, 1, FstFlags::MTIM), Err(Errno::RoFs));
        assert_eq!(guest.unlink(ROOT, path), Err(Errno::RoFs));
        assert_eq!(guest.rename(ROOT, path, ROOT, "new"), Err(Errno::RoFs));
        assert_eq!(guest.link(ROOT, 0, path, ROOT, "new"), Err(Errno::RoFs));
        assert_eq!(guest.path_set_times(ROOT, 0, path, 1, FstFlags::MTIM), Err(Errno::RoFs));
    }
    for path in ["new", "both/new", "low/new"] {
        assert_eq!(guest.open(ROOT, path, OFlags::CREAT), Err(Errno::RoFs));
        assert_eq!(guest.mkdir(ROOT, path), Err(Errno::RoFs));
        assert_eq!(guest.symlink("both", ROOT, path), Err(Errno::RoFs));
    }
    assert_eq!(guest.mkdir(ROOT, "low"), Err(Errno::Exist));
    assert_eq!(guest.rmdir(ROOT, "low"), Err(Errno::RoFs));
    assert_eq!(snapshot(&mut guest), before);
}
