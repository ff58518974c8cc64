//! Attacks: whatever a guest tries, nothing outside its directories is read, written, created, removed or revealed.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::walking::Walking;
use support::{FOLLOW, Guest, ROOT, on_every_fs};
use tempfile::TempDir;
use wasi_lite::fs::Directory;
use wasi_lite::fs::host::HostDir;
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{Errno, FdFlags, FstFlags, Function, OFlags, Rights, WasiBuilder};

/// A directory `inside` for the guest, and a `secret` beside it.
fn prison() -> TempDir {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir(temp.path().join("inside")).unwrap();
    fs::create_dir(temp.path().join("outside")).unwrap();
    fs::write(temp.path().join("outside/secret"), "secret").unwrap();
    fs::write(temp.path().join("secret"), "secret").unwrap();
    temp
}

/// Runs the attack through the kernel's resolution and through the crate's own walk, then checks that nothing outside
/// has changed.
fn attack(test: impl Fn(&mut Guest, &Path)) {
    let walking = |dir: HostDir| -> Arc<dyn Directory> { Arc::new(Walking(Arc::new(dir))) };
    let plain = |dir: HostDir| -> Arc<dyn Directory> { Arc::new(dir) };
    for wrap in [&plain as &dyn Fn(HostDir) -> Arc<dyn Directory>, &walking] {
        let temp = prison();
        let inside = temp.path().join("inside");
        let mut guest = Guest::with_root(wrap(HostDir::open(&inside).unwrap()));
        test(&mut guest, &inside);
        let mut names: Vec<_> = fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["inside", "outside", "secret"]);
        assert_eq!(fs::read_to_string(temp.path().join("secret")).unwrap(), "secret");
        let outside: Vec<_> =
            fs::read_dir(temp.path().join("outside")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(outside, ["secret"]);
        assert_eq!(fs::read_to_string(temp.path().join("outside/secret")).unwrap(), "secret");
    }
}

/// Tries every function on a path that leads out; each must refuse with one of `allowed`.
fn try_everything(guest: &mut Guest, path: &str, allowed: &[Errno]) {
    let mut outcomes = Vec::new();
    for follow in [0, FOLLOW] {
        for oflags in [OFlags::empty(), OFlags::CREAT, OFlags::TRUNC, OFlags::DIRECTORY, OFlags::CREAT | OFlags::EXCL] {
            for rights in [Rights::empty(), Rights::FD_READ, Rights::FD_READ | Rights::FD_WRITE] {
                let rights = (rights, Rights::empty());
                let opened = guest.open_full(ROOT, follow, path, oflags, rights, FdFlags::empty());
                outcomes.push(opened.map(drop));
            }
        }
        outcomes.push(guest.path_filestat(ROOT, follow, path).map(drop));
        outcomes.push(guest.path_set_times(ROOT, follow, path, 1, FstFlags::MTIM));
        outcomes.push(guest.link(ROOT, follow, path, ROOT, "stolen"));
    }
    guest.create(ROOT, "bait").unwrap();
    outcomes.push(guest.mkdir(ROOT, path));
    outcomes.push(guest.rmdir(ROOT, path));
    outcomes.push(guest.unlink(ROOT, path));
    outcomes.push(guest.rename(ROOT, path, ROOT, "stolen"));
    outcomes.push(guest.rename(ROOT, "bait", ROOT, path));
    outcomes.push(guest.link(ROOT, 0, "bait", ROOT, path));
    outcomes.push(guest.symlink("bait", ROOT, path));
    outcomes.push(guest.readlink(ROOT, path, 40).map(drop));
    for outcome in outcomes {
        let errno = outcome.expect_err(path);
        assert!(allowed.contains(&errno), "{path}: {errno:?}");
    }
}

#[test]
fn dot_dot_and_absolute_paths() {
    attack(|guest, inside| {
        fs::create_dir_all(inside.join("a/b")).unwrap();
        symlink("a/b", inside.join("shortcut")).unwrap();
        let absolute = inside.join("../secret").display().to_string();
        let paths = [
            "../secret",
            "./../secret",
            "a/../../secret",
            "a/b/../../../secret",
            "a//b/./../../..//secret",
            "shortcut/../../../secret",
            "..//secret",
            "a/../../inside/../secret",
            "../outside/new",
            "/",
            "/secret",
            "//secret",
            "/proc/self/root/etc/passwd",
            "/..",
            absolute.as_str(),
        ];
        for path in paths {
            try_everything(guest, path, &[Errno::NotCapable]);
        }
        for path in ["..", "../", "../.", "a/../..", "a/b/../../.."] {
            try_everything(guest, path, &[Errno::NotCapable]);
        }
    });
}

#[test]
fn links_of_the_host_that_lead_out() {
    attack(|guest, inside| {
        fs::create_dir(inside.join("dir")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink("../outside", inside.join("out")).unwrap();
        symlink(inside.join("../outside"), inside.join("absolute")).unwrap();
        symlink("/", inside.join("root")).unwrap();
        symlink("up", inside.join("chain1")).unwrap();
        symlink("dir/../chain1", inside.join("chain2")).unwrap();
        symlink("../../outside", inside.join("dir/out")).unwrap();
        for path in ["up/secret", "out/secret", "absolute/secret", "chain2/secret", "dir/out/secret", "chain1/secret"] {
            try_everything(guest, path, &[Errno::NotCapable]);
        }
        for path in ["root/etc/passwd", "root/proc/self/environ", "root/proc/self/fd/0", "root/dev/null"] {
            try_everything(guest, path, &[Errno::NotCapable]);
        }
        // The same as last component: following is refused, and so is a slash that asks for it.
        for path in ["up", "out", "absolute", "root", "chain2", "dir/out"] {
            let rights = (Rights::empty(), Rights::all());
            let open = |guest: &mut Guest, follow, path: &str| {
                guest.open_full(ROOT, follow, path, OFlags::empty(), rights, FdFlags::empty())
            };
            assert_eq!(open(guest, FOLLOW, path), Err(Errno::NotCapable), "{path}");
            assert_eq!(open(guest, 0, &format!("{path}/")), Err(Errno::NotCapable), "{path}/");
            assert_eq!(guest.path_filestat(ROOT, FOLLOW, path), Err(Errno::NotCapable), "{path}");
            assert_eq!(guest.path_filestat(ROOT, 0, &format!("{path}/")), Err(Errno::NotCapable), "{path}/");
            assert_eq!(guest.path_set_times(ROOT, FOLLOW, path, 1, FstFlags::MTIM), Err(Errno::NotCapable));
            assert_eq!(guest.link(ROOT, FOLLOW, path, ROOT, "stolen"), Err(Errno::NotCapable));
        }
        assert_eq!(guest.readlink(ROOT, "absolute", 40), Err(Errno::NotCapable), "reveals a name of the host");
        assert_eq!(guest.readlink(ROOT, "root", 40), Err(Errno::NotCapable));
    });
}

#[test]
fn files_of_the_host_behind_links() {
    attack(|guest, inside| {
        symlink("../secret", inside.join("link")).unwrap();
        symlink("../new", inside.join("dangling")).unwrap();
        for oflags in [OFlags::empty(), OFlags::CREAT, OFlags::TRUNC, OFlags::CREAT | OFlags::TRUNC] {
            assert_eq!(guest.open_file(ROOT, "link", oflags), Err(Errno::NotCapable));
            assert_eq!(guest.open_file(ROOT, "dangling", oflags), Err(Errno::NotCapable));
        }
        // Moving and linking the links themselves stays inside, and so does what is then reached through them.
        guest.mkdir(ROOT, "deeper").unwrap();
        guest.rename(ROOT, "link", ROOT, "deeper/link").unwrap();
        assert_eq!(guest.open_file(ROOT, "deeper/link", OFlags::empty()), Err(Errno::NoEnt));
        guest.link(ROOT, 0, "deeper/link", ROOT, "again").unwrap();
        assert_eq!(guest.open_file(ROOT, "again", OFlags::empty()), Err(Errno::NotCapable));
    });
}

#[test]
fn links_that_the_guest_makes() {
    on_every_fs(|guest| {
        assert_eq!(guest.symlink("/", ROOT, "link"), Err(Errno::NotCapable));
        assert_eq!(guest.symlink("/etc/passwd", ROOT, "link"), Err(Errno::NotCapable));
        guest.symlink("..", ROOT, "up").unwrap();
        guest.symlink("up/..", ROOT, "further").unwrap();
        guest.mkdir(ROOT, "dir").unwrap();
        guest.symlink("../..", ROOT, "dir/up2").unwrap();
        for path in ["up", "up/x", "further/x", "dir/up2", "dir/up2/etc"] {
            assert_eq!(guest.open_file(ROOT, path, OFlags::CREAT), Err(Errno::NotCapable), "{path}");
        }
        // Below a subdirectory the same link leads out of it, though not out of the root.
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        guest.symlink("../up2", ROOT, "dir/side").unwrap();
        assert_eq!(guest.open_file(dir, "side", OFlags::empty()), Err(Errno::NotCapable));
        assert_eq!(guest.open_file(dir, "../up", OFlags::empty()), Err(Errno::NotCapable));
    });
}

#[test]
fn names_with_nul_and_without_utf8() {
    on_every_fs(|guest| {
        guest.create(ROOT, "file").unwrap();
        guest.put(4096, b"file\0/../../secret");
        for len in [5, 18] {
            let open = [ROOT.into(), 0, 4096, len, 0, 0, 0, 0, 64];
            assert_eq!(guest.call(Function::PathOpen, &open), Err(Errno::Inval));
            assert_eq!(guest.call(Function::PathUnlinkFile, &[ROOT.into(), 4096, len]), Err(Errno::Inval));
        }
        guest.put(4096, b"fil\xff");
        assert_eq!(guest.call(Function::PathCreateDirectory, &[ROOT.into(), 4096, 4]), Err(Errno::IlSeq));
        assert_eq!(guest.names(ROOT), [".", "..", "file"]);
    });
}

#[test]
fn names_that_are_not_utf8_are_not_listed() {
    use std::os::unix::ffi::OsStrExt;
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(std::ffi::OsStr::from_bytes(b"bad\xff")), "").unwrap();
    fs::write(temp.path().join("good"), "").unwrap();
    let mut guest = Guest::with_root(Arc::new(HostDir::open(temp.path()).unwrap()));
    assert_eq!(guest.names(ROOT), [".", "..", "good"]);
}

#[test]
fn read_only_mounts_stay_as_they_are() {
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

#[test]
fn links_and_renames_gain_no_rights() {
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

#[test]
fn file_systems_are_apart() {
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

#[test]
fn memory_is_bounded() {
    let fs = MemFs::with_capacity(1000);
    let mut guest = Guest::with_root(fs.root());
    let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
    assert_eq!(guest.set_size(fd, 1001), Err(Errno::NoSpc));
    assert_eq!(guest.set_size(fd, u64::MAX), Err(Errno::NoSpc));
    assert_eq!(guest.pwrite(fd, b"x", 1 << 60), Err(Errno::NoSpc));
    assert_eq!(guest.set_size(fd, 1000), Ok(()));
    assert_eq!(guest.pwrite(fd, b"x", 1000), Err(Errno::NoSpc));
    guest.unlink(ROOT, "file").unwrap();
    guest.close(fd).unwrap();
    assert_eq!(guest.create_with(ROOT, "other", &[1; 1000]), Ok(()), "closing gave the space back");
}

#[test]
fn descriptors_run_out_without_a_leak() {
    let temp = tempfile::tempdir().unwrap();
    let wasi = WasiBuilder::new().preopened_dir(temp.path(), "/").max_descriptors(10).build().unwrap();
    let mut guest = Guest::new(wasi);
    let open_count = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    for expected in 4..10 {
        assert_eq!(guest.open(ROOT, "file", OFlags::CREAT), Ok(expected));
    }
    let before = open_count();
    for _ in 0..100 {
        assert_eq!(guest.open(ROOT, "another", OFlags::CREAT), Err(Errno::MFile));
        let args = [ROOT.into(), 0, 0, 1, 1, 0, 0, 0, u64::from(u32::MAX)];
        assert_eq!(guest.call(Function::PathOpen, &args), Err(Errno::Fault));
    }
    // Other tests of this process open and close descriptors at the same time.
    assert!(open_count() < before + 100);
    assert!(!temp.path().join("another").exists());
}

/// The host swaps a directory for a link that leads out, over and over, while the guest opens, lists, creates and removes
/// through it. Nothing may be found outside, and nothing outside may change.
#[test]
fn swapping_directories_while_the_guest_opens() {
    let deadline = Duration::from_millis(400);
    attack(|guest, inside| {
        fs::create_dir_all(inside.join("swap/deep")).unwrap();
        symlink("../outside", inside.join("evil")).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    for (from, to) in [("swap", "aside"), ("evil", "swap"), ("swap", "evil"), ("aside", "swap")] {
                        fs::rename(inside.join(from), inside.join(to)).unwrap();
                    }
                }
            });
            let start = Instant::now();
            let mut opened = 0;
            while start.elapsed() < deadline {
                for path in ["swap/secret", "swap/deep/../secret", "swap/deep/../../outside/secret"] {
                    if let Ok(content) = guest.content(ROOT, path) {
                        panic!("read {content:?} through {path}");
                    }
                }
                assert!(guest.path_filestat(ROOT, FOLLOW, "swap/secret").is_err());
                // Succeeds only in the real directory; `attack` checks that none came to be outside.
                opened += u32::from(guest.create(ROOT, "swap/new").is_ok());
                let _ = guest.unlink(ROOT, "swap/new");
                let _ = guest.unlink(ROOT, "swap/secret");
                let _ = guest.mkdir(ROOT, "swap/dir");
                let _ = guest.rename(ROOT, "swap/secret", ROOT, "stolen");
                let _ = guest.link(ROOT, 0, "swap/secret", ROOT, "stolen");
            }
            stop.store(true, Ordering::Relaxed);
            assert!(opened > 0, "the race never let the guest in");
            assert!(guest.path_filestat(ROOT, 0, "stolen").is_err());
        });
    });
}
