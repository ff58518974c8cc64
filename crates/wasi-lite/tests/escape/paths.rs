//! Paths, links and names that lead out.
use crate::support::{FOLLOW, Guest, ROOT, on_every_fs};
use crate::{attack, attack_with};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use wasi_lite::fs::host::HostDir;
use wasi_lite::{Errno, FdFlags, FstFlags, Function, OFlags, Rights};

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

pub fn dot_dot_and_absolute_paths() {
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

pub fn links_of_the_host_that_lead_out() {
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

pub fn files_of_the_host_behind_links() {
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

pub fn links_that_the_guest_makes() {
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

pub fn names_with_nul_and_without_utf8() {
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

pub fn names_that_are_not_utf8_are_not_listed() {
    use std::os::unix::ffi::OsStrExt;
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(std::ffi::OsStr::from_bytes(b"bad\xff")), "").unwrap();
    fs::write(temp.path().join("good"), "").unwrap();
    let mut guest = Guest::with_root(Arc::new(HostDir::open(temp.path()).unwrap()));
    assert_eq!(guest.names(ROOT), [".", "..", "good"]);
}

/// A whole `/proc` in the guest's hands: its links to other places stay closed.
pub fn proc_as_a_directory() {
    if !Path::new("/proc/self/root").exists() {
        return;
    }
    attack_with(Path::new("/proc"), |guest| {
        let magic =
            ["self/root", "self/cwd", "self/exe", "thread-self/root", "self/fd/0", "self/fd/3", "self/task/../root"];
        for path in magic {
            for rights in [Rights::empty(), Rights::FD_READ] {
                let opened =
                    guest.open_full(ROOT, FOLLOW, path, OFlags::empty(), (rights, Rights::empty()), FdFlags::empty());
                assert!(matches!(opened, Err(Errno::NotCapable | Errno::Loop | Errno::NoEnt)), "{path}: {opened:?}");
            }
            let stat = guest.path_filestat(ROOT, FOLLOW, &format!("{path}/"));
            assert!(matches!(stat, Err(Errno::NotCapable | Errno::Loop | Errno::NoEnt)), "{path}/: {stat:?}");
        }
        for path in ["self/root/etc/passwd", "self/cwd/Cargo.toml", "thread-self/root/etc/passwd", "self/fd/3/secret"] {
            let opened = guest.open_file(ROOT, path, OFlags::empty());
            assert!(matches!(opened, Err(Errno::NotCapable | Errno::Loop | Errno::NoEnt)), "{path}: {opened:?}");
        }
    });
}

/// Chains that end outside after as many links as are allowed, and chains without an end.
pub fn long_chains_of_links() {
    attack(|guest, inside| {
        symlink("../secret", inside.join("0")).unwrap();
        for number in 1..60 {
            symlink((number - 1).to_string(), inside.join(number.to_string())).unwrap();
        }
        for number in 0..60 {
            let opened = guest.open_file(ROOT, &number.to_string(), OFlags::empty());
            assert!(matches!(opened, Err(Errno::NotCapable | Errno::Loop)), "{number}: {opened:?}");
        }
        symlink("b/x", inside.join("a")).unwrap();
        symlink("a/x", inside.join("b")).unwrap();
        for path in ["a", "b", "a/", "a/x/../..", "b/x"] {
            assert_eq!(guest.open_file(ROOT, path, OFlags::empty()), Err(Errno::Loop), "{path}");
        }
    });
}

/// Slashes at the end must not let a link be followed that is not followed without.
pub fn slashes_at_the_end() {
    attack(|guest, inside| {
        symlink("../outside", inside.join("out")).unwrap();
        symlink("../secret", inside.join("file")).unwrap();
        guest.mkdir(ROOT, "dir").unwrap();
        for path in ["out/", "out//", "out/.", "out/./", "out/..", "file/", "file/."] {
            for oflags in [OFlags::empty(), OFlags::DIRECTORY, OFlags::TRUNC] {
                guest.open_file(ROOT, path, oflags).expect_err(path);
            }
            guest.path_filestat(ROOT, 0, path).expect_err(path);
            guest.path_set_times(ROOT, 0, path, 1, FstFlags::MTIM).expect_err(path);
            guest.rmdir(ROOT, path).expect_err(path);
            guest.unlink(ROOT, path).expect_err(path);
            guest.rename(ROOT, path, ROOT, "stolen/").expect_err(path);
            guest.rename(ROOT, "dir", ROOT, path).expect_err(path);
            guest.link(ROOT, 0, path, ROOT, "stolen").expect_err(path);
            guest.mkdir(ROOT, path).expect_err(path);
            guest.symlink("dir", ROOT, path).expect_err(path);
        }
    });
}
