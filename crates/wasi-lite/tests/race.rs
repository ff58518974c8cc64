//! Races: the host changes the tree while the guest goes through it. Nothing may be found outside, and nothing outside may
//! change.
//!
//! A second in all is enough to see a walk that is not safe; `WASI_LITE_RACE_MS` gives each race longer.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::walking::Walking;
use support::{FOLLOW, Guest, ROOT};
use wasi_lite::OFlags;
use wasi_lite::fs::Directory;
use wasi_lite::fs::host::HostDir;

/// What the host does over and over: renames below the guest's directory, each `(from, to)`. Where both are there and the host
/// can, they change places in one step, so that the guest always finds one of them.
type Swaps = &'static [(&'static str, &'static str)];

/// A directory gives way to a link to the directory outside, and comes back.
const DIRECTORY: Swaps = if EXCHANGES {
    &[("swap", "evil")]
} else {
    &[("swap", "aside"), ("evil", "swap"), ("swap", "evil"), ("aside", "swap")]
};
/// A file gives way to a link to the file outside.
const FILE: Swaps = if EXCHANGES {
    &[("file", "link")]
} else {
    &[("file", "kept"), ("link", "file"), ("file", "link"), ("kept", "file")]
};
/// A directory moves out of the guest's directory, to where its `..` is outside, and comes back.
const MOVED: Swaps = &[("swap", "../moved"), ("../moved", "swap")];

/// How long a guest that has not got in yet is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn duration() -> Duration {
    let ms = std::env::var("WASI_LITE_RACE_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(150);
    Duration::from_millis(ms)
}

#[cfg(target_os = "linux")]
const EXCHANGES: bool = true;
#[cfg(not(target_os = "linux"))]
const EXCHANGES: bool = false;

/// One step of the host. What the guest put in the way is its own matter: the next round finds its way again.
fn swap(from: &Path, to: &Path) {
    #[cfg(target_os = "linux")]
    if rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, rustix::fs::RenameFlags::EXCHANGE).is_ok()
    {
        return;
    }
    let _ = fs::rename(from, to);
}

/// Lets `tries` race against `swaps`, through the kernel's resolution and through the crate's own walk; `tries` returns how
/// often the guest got somewhere, so that a race that never happened is seen.
fn race(name: &str, swaps: Swaps, tries: impl Fn(&mut Guest) -> u64) {
    for walks in [false, true] {
        let temp = tempfile::tempdir().unwrap();
        let inside = temp.path().join("inside");
        fs::create_dir_all(inside.join("swap/deep")).unwrap();
        fs::create_dir(temp.path().join("outside")).unwrap();
        fs::write(temp.path().join("outside/secret"), "secret").unwrap();
        fs::write(temp.path().join("secret"), "secret").unwrap();
        fs::write(inside.join("file"), "public").unwrap();
        symlink("../outside", inside.join("evil")).unwrap();
        symlink("../secret", inside.join("link")).unwrap();
        let dir = Arc::new(HostDir::open(&inside).unwrap());
        let root: Arc<dyn Directory> = if walks { Arc::new(Walking(dir)) } else { dir };
        let mut guest = Guest::with_root(root);
        let (stop, swapped) = (AtomicBool::new(false), AtomicU64::new(0));
        let (mut rounds, mut entered) = (0_u64, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    for (from, to) in swaps {
                        swap(&inside.join(from), &inside.join(to));
                        // Without a pause the guest would mostly wait for the kernel's lock on renames.
                        (0..1000).for_each(|_| std::hint::spin_loop());
                    }
                    swapped.fetch_add(1, Ordering::Relaxed);
                }
            });
            let start = Instant::now();
            while start.elapsed() < duration() || (entered == 0 && start.elapsed() < PATIENCE) {
                entered += tries(&mut guest);
                rounds += 1;
            }
            stop.store(true, Ordering::Relaxed);
        });
        check_outside(temp.path());
        assert!(entered > 0, "{name}: the guest never got in");
        let how = if walks { "the own walk" } else { "the kernel" };
        println!("{name}, {how}: {rounds} rounds against {} swaps, {entered} times inside", swapped.into_inner());
    }
}

/// Nothing outside has changed.
fn check_outside(temp: &Path) {
    let outside: Vec<_> = fs::read_dir(temp.join("outside")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(outside, ["secret"]);
    for secret in ["secret", "outside/secret"] {
        assert_eq!(fs::read_to_string(temp.join(secret)).unwrap(), "secret");
        assert_eq!(std::os::unix::fs::MetadataExt::nlink(&fs::metadata(temp.join(secret)).unwrap()), 1);
    }
    let mut names: Vec<_> = fs::read_dir(temp).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name != "moved");
    names.sort();
    assert_eq!(names, ["inside", "outside", "secret"]);
}

#[test]
fn a_directory_swapped_for_a_link() {
    race("a directory swapped for a link", DIRECTORY, |guest| {
        for path in ["swap/secret", "swap/deep/../secret", "swap/deep/../../outside/secret", "swap/../secret"] {
            if let Ok(content) = guest.content(ROOT, path) {
                panic!("read {content:?} through {path}");
            }
        }
        assert!(guest.path_filestat(ROOT, FOLLOW, "swap/secret").is_err());
        // Succeeds only in the real directory; that none came to be outside is checked at the end.
        let entered = guest.create(ROOT, "swap/new").is_ok();
        let _ = guest.unlink(ROOT, "swap/new");
        let _ = guest.unlink(ROOT, "swap/secret");
        let _ = guest.mkdir(ROOT, "swap/dir");
        let _ = guest.rmdir(ROOT, "swap/dir");
        let _ = guest.rename(ROOT, "swap/secret", ROOT, "stolen");
        let _ = guest.link(ROOT, 0, "swap/secret", ROOT, "stolen");
        assert!(guest.path_filestat(ROOT, 0, "stolen").is_err());
        u64::from(entered)
    });
}

#[test]
fn a_file_swapped_for_a_link() {
    race("a file swapped for a link", FILE, |guest| {
        let mut entered = 0;
        for path in ["file", "swap/../file", "link", "swap/../link"] {
            if let Ok(content) = guest.content(ROOT, path) {
                assert_eq!(content, b"public", "read through {path}");
                entered += 1;
            }
            if let Ok(fd) = guest.open_file(ROOT, path, OFlags::empty()) {
                assert_eq!(guest.pwrite(fd, b"public", 0), Ok(6));
                guest.close(fd).unwrap();
            }
        }
        entered
    });
}

#[test]
fn a_directory_moved_out() {
    race("a directory moved out", MOVED, |guest| {
        for path in ["swap/../secret", "swap/deep/../../secret", "swap/deep/../../outside/secret"] {
            if let Ok(content) = guest.content(ROOT, path) {
                panic!("read {content:?} through {path}");
            }
        }
        let entered = u64::from(guest.path_filestat(ROOT, 0, "swap/deep").is_ok());
        // Held while it is outside, it is a root of its own: its `..` stays closed.
        if let Ok(dir) = guest.open_dir(ROOT, "swap/deep") {
            for path in ["../../secret", "../..", "..", "../../outside/secret"] {
                assert!(guest.content(dir, path).is_err(), "{path}");
            }
            guest.close(dir).unwrap();
        }
        let _ = guest.create(ROOT, "swap/../new");
        let _ = guest.unlink(ROOT, "swap/../secret");
        let _ = guest.rename(ROOT, "swap/../secret", ROOT, "stolen");
        assert!(guest.path_filestat(ROOT, 0, "stolen").is_err());
        entered
    });
}
