//! Each error that each function can end with, provoked: those that it finds itself, row by row, and all that the host can
//! answer, which reach the guest unchanged.
//!
//! WASI's documentation names few errors of single functions ([`DOCUMENTED`]) and else refers to the functions of POSIX, whose
//! errors are the host's.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod faulty;
mod rows;

use faulty::Faulty;
use rows::{Host, ROWS, Row};
use std::sync::Arc;
use wasi_lite::{Errno, Function, Rights, Wasi, WasiBuilder};

/// Descriptors of the guest.
pub(crate) const STDIN: u64 = 0;
pub(crate) const STDOUT: u64 = 1;
pub(crate) const ROOT: u64 = 3;
/// A directory mounted for reading only.
pub(crate) const MOUNT: u64 = 4;
pub(crate) const LISTENER: u64 = 5;
pub(crate) const BARE_LISTENER: u64 = 6;
pub(crate) const SOCKET: u64 = 7;
pub(crate) const BARE_SOCKET: u64 = 8;
pub(crate) const FILE: u64 = 9;
pub(crate) const BARE_FILE: u64 = 10;
/// A file of `MOUNT`.
pub(crate) const MOUNTED: u64 = 11;
pub(crate) const DIR: u64 = 12;
pub(crate) const BARE_DIR: u64 = 13;
/// A number that no descriptor has.
pub(crate) const NONE: u64 = 99;

/// Where results go, and a place for that at the end of the memory where none fits.
pub(crate) const OUT: u64 = 64;
pub(crate) const END: u64 = MEMORY_BYTES - 1;
/// A list of one buffer.
pub(crate) const LIST: u64 = 128;
pub(crate) const BUFFER: u64 = 1024;
/// A subscription to a clock, in a nanosecond.
pub(crate) const SUBSCRIPTION: u64 = 2048;
const TEXTS: u64 = 4096;
const MEMORY_BYTES: u64 = 1 << 16;

/// What stands one after the other at `TEXTS`.
const TEXT: &[u8] = b"f/../x/abs\0loop\xFF";

/// Paths, by address and length.
pub(crate) type Path = [u64; 2];
pub(crate) const P: Path = [TEXTS, 1];
pub(crate) const EMPTY: Path = [TEXTS, 0];
pub(crate) const SLASH: Path = [TEXTS, 2];
pub(crate) const UP: Path = [TEXTS + 2, 2];
pub(crate) const DOT: Path = [TEXTS + 2, 1];
pub(crate) const ABSOLUTE: Path = [TEXTS + 4, 2];
pub(crate) const ABS: Path = [TEXTS + 7, 3];
pub(crate) const NUL: Path = [TEXTS + 7, 4];
pub(crate) const LOOP: Path = [TEXTS + 11, 4];
pub(crate) const BYTES: Path = [TEXTS + 15, 1];
pub(crate) const LONG: Path = [8192, 4096];
pub(crate) const OUTSIDE: Path = [END, 2];

/// The errors that WASI's documentation names for single functions. That synchronisation flags may be refused is said of the flags.
const DOCUMENTED: &[(Function, Errno)] = &[
    (Function::ClockResGet, Errno::Inval),
    (Function::FdFdstatSetFlags, Errno::NotSup),
    (Function::FdFdstatSetRights, Errno::NotCapable),
    (Function::PathRemoveDirectory, Errno::NotEmpty),
    (Function::PathUnlinkFile, Errno::IsDir),
    (Function::PollOneoff, Errno::Inval),
];

struct Guest {
    wasi: Wasi,
    memory: Vec<u8>,
    faulty: Faulty,
}

impl Guest {
    fn call(&mut self, function: Function, args: &[u64]) -> Errno {
        let raw = self.wasi.call(function, &mut self.memory[..], args).unwrap();
        Errno::from_raw(raw as u16).unwrap()
    }

    /// A guest with the descriptors and the memory that the rows speak of.
    fn new() -> Guest {
        let faulty = Faulty::default();
        let builder = WasiBuilder::new().arg("name").env("NAME", "value");
        let builder = builder.stdin(Box::new(faulty.clone())).stdout(Box::new(faulty.clone()));
        let builder = builder.preopen(Arc::new(faulty.clone()), "/").preopen_read_only(Arc::new(faulty.clone()), "/ro");
        let builder = builder.listener(Box::new(faulty.clone())).listener(Box::new(faulty.clone()));
        let builder = builder.clock(Box::new(faulty.clone())).random(Box::new(faulty.clone()));
        let mut memory = vec![0; MEMORY_BYTES as usize];
        let mut put = |at: u64, bytes: &[u8]| memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
        put(TEXTS, TEXT);
        put(LONG[0], &[b'a'; 4096]);
        put(LIST, &BUFFER.to_le_bytes()[..4]);
        put(LIST + 4, &[8]);
        put(SUBSCRIPTION + 24, &[1]);
        let mut guest = Guest { wasi: builder.build().unwrap(), memory, faulty };
        for socket in [SOCKET, BARE_SOCKET] {
            assert_eq!(guest.call(Function::SockAccept, &[LISTENER, 0, OUT]), Errno::Success);
            assert_eq!(u64::from(guest.memory[OUT as usize]), socket);
        }
        let file = (Rights::FILE.bits(), 0, 0);
        let dir = (Rights::DIRECTORY.bits(), Rights::all().bits(), 2);
        let read = (Rights::FD_READ.bits(), 0, 0);
        let opened = [
            (ROOT, file, FILE),
            (ROOT, file, BARE_FILE),
            (MOUNT, read, MOUNTED),
            (ROOT, dir, DIR),
            (ROOT, dir, BARE_DIR),
        ];
        for (parent, (rights, inheriting, oflags), fd) in opened {
            let args = [parent, 0, P[0], P[1], oflags, rights, inheriting, 0, OUT];
            assert_eq!(guest.call(Function::PathOpen, &args), Errno::Success);
            assert_eq!(u64::from(guest.memory[OUT as usize]), fd);
        }
        for bare in [BARE_LISTENER, BARE_SOCKET, BARE_FILE, BARE_DIR] {
            assert_eq!(guest.call(Function::FdFdstatSetRights, &[bare, 0, 0]), Errno::Success);
        }
        guest
    }
}

#[test]
fn every_function_has_a_row() {
    let functions: Vec<_> = ROWS.iter().map(|row| row.function).collect();
    assert_eq!(functions, Function::ALL);
    assert_eq!(functions.len(), 46);
    for row in ROWS {
        match row.host {
            Host::Call(args) => assert_eq!(args.concat().len(), row.function.params().len(), "{}", row.function.name()),
            Host::Never(reason) => assert!(reason.len() > 10, "{} needs a reason", row.function.name()),
        }
    }
}

#[test]
fn every_error_that_a_function_finds_itself() {
    let mut count = 0;
    for Row { function, own, .. } in ROWS {
        for (errno, args) in *own {
            let args = args.concat();
            assert_eq!(Guest::new().call(*function, &args), *errno, "{} {args:?}", function.name());
            count += 1;
        }
    }
    println!("{count} errors that functions find themselves");
}

#[test]
fn every_error_of_the_host_reaches_the_guest() {
    let mut count = 0;
    for Row { function, host, .. } in ROWS {
        let Host::Call(args) = host else { continue };
        let mut guest = Guest::new();
        for errno in Errno::ALL {
            guest.faulty.set(*errno);
            assert_eq!(guest.call(*function, &args.concat()), *errno, "{}", function.name());
            count += 1;
        }
    }
    println!("{count} answers of the host, success among them");
}

#[test]
fn errors_that_the_documentation_names_are_among_them() {
    for (function, errno) in DOCUMENTED {
        let row = ROWS.iter().find(|row| row.function == *function).unwrap();
        let provoked = row.own.iter().any(|(own, _)| own == errno) || matches!(row.host, Host::Call(_));
        assert!(provoked, "{} is not provoked to say {errno}", function.name());
    }
}

#[test]
fn there_is_a_limit_on_descriptors() {
    let open = [ROOT, 0, P[0], P[1], 0, 0, 0, 0, OUT];
    for (function, args) in [(Function::PathOpen, &open[..]), (Function::SockAccept, &[4, 0, OUT])] {
        let faulty = Faulty::default();
        let builder = WasiBuilder::new().preopen(Arc::new(faulty.clone()), "/").listener(Box::new(faulty.clone()));
        let wasi = builder.max_descriptors(5).build().unwrap();
        let mut guest = Guest { wasi, memory: Guest::new().memory, faulty };
        assert_eq!(guest.call(function, args), Errno::MFile, "{}", function.name());
    }
}
