//! Attacks: whatever a guest tries, nothing outside its directories is read, written, created, removed or revealed.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod memory;
mod mounts;
mod paths;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use support::walking::Walking;
use support::{Guest, refused};
use tempfile::TempDir;
use wasi_lite::fs::Directory;
use wasi_lite::fs::host::HostDir;

/// Each attack with the number of calls that it must see refused at least.
const ATTACKS: &[(&str, usize, fn())] = &[
    ("`..` and absolute paths", 1760, paths::dot_dot_and_absolute_paths),
    ("links of the host that lead out", 956, paths::links_of_the_host_that_lead_out),
    ("files of the host behind links", 20, paths::files_of_the_host_behind_links),
    ("links that the guest makes", 27, paths::links_that_the_guest_makes),
    ("long chains of links", 130, paths::long_chains_of_links),
    ("slashes at the end", 168, paths::slashes_at_the_end),
    ("names with NUL and without UTF-8", 15, paths::names_with_nul_and_without_utf8),
    ("names that are not UTF-8 are not listed", 0, paths::names_that_are_not_utf8_are_not_listed),
    ("`/proc` as a directory", 0, paths::proc_as_a_directory),
    ("read-only mounts", 34, mounts::read_only_mounts_stay_as_they_are),
    ("mounts that overlap", 8, mounts::mounts_that_overlap),
    ("overlays", 19, mounts::overlays_stay_as_they_are),
    ("links and renames gain no rights", 9, mounts::links_and_renames_gain_no_rights),
    ("rights dropped are not regained", 54, mounts::rights_dropped_are_not_regained),
    ("file systems are apart", 6, mounts::file_systems_are_apart),
    ("closed and renumbered descriptors", 441, memory::dead_descriptors),
    ("buffers at the end of the address space", 25, memory::buffers_at_the_end_of_the_address_space),
    ("buffers that overlap", 12, memory::buffers_that_overlap),
    ("wild arguments", 8_000, memory::wild_arguments),
    ("memory is bounded", 4, memory::memory_is_bounded),
    ("descriptors run out", 200, memory::descriptors_run_out_without_a_leak),
];

#[test]
fn every_attack_is_refused() {
    let mut total = 0;
    for (name, at_least, attack) in ATTACKS {
        let before = refused();
        attack();
        let count = refused() - before;
        println!("{count:6}  {name}");
        assert!(count >= *at_least, "{name}: only {count} calls were refused, expected {at_least}");
        total += count;
    }
    println!("{} attacks, {total} calls refused", ATTACKS.len());
}

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
pub fn attack(test: impl Fn(&mut Guest, &Path)) {
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

/// Runs the attack on a directory of the host, through the kernel's resolution and through the crate's own walk.
pub fn attack_with(root: &Path, test: impl Fn(&mut Guest)) {
    let open = || HostDir::open(root).unwrap();
    test(&mut Guest::with_root(Arc::new(open())));
    test(&mut Guest::with_root(Arc::new(Walking(Arc::new(open())))));
}
