//! Arguments, environment, clocks, random bytes, ending, standard streams, and calls that are wrong in themselves.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use support::{Guest, ROOT, on_every_fs};
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{
    Abi, BuildError, BytesInput, BytesOutput, Clock, ClockId, Errno, Exit, Fault, Filetype, Function, GuestMemory,
    OFlags, Random, SeededRandom, WasiBuilder,
};

fn guest(builder: WasiBuilder) -> Guest {
    Guest::new(builder.build().unwrap())
}

#[test]
fn arguments_and_environment_are_laid_out() {
    let builder = WasiBuilder::new().arg("prog").args(["", "zwölf"]).env("A", "1").envs([("B", "x=y"), ("A", "2")]);
    let mut guest = guest(builder);
    assert_eq!(guest.call(Function::ArgsSizesGet, &[8, 12]), Ok(()));
    assert_eq!((guest.u32_at(8), guest.u32_at(12)), (3, 5 + 1 + 7));
    assert_eq!(guest.call(Function::ArgsGet, &[64, 128]), Ok(()));
    assert_eq!([64, 68, 72].map(|at| guest.u32_at(at)), [128, 133, 134]);
    assert_eq!(&guest.memory[128..142], "prog\0\0zwölf\0\0".as_bytes());
    assert_eq!(guest.call(Function::EnvironSizesGet, &[8, 12]), Ok(()));
    assert_eq!((guest.u32_at(8), guest.u32_at(12)), (2, 6 + 4));
    assert_eq!(guest.call(Function::EnvironGet, &[64, 128]), Ok(()));
    assert_eq!(&guest.memory[128..138], b"B=x=y\0A=2\0");
    let end = guest.memory.len() as u64;
    for function in [Function::ArgsGet, Function::EnvironGet, Function::ArgsSizesGet, Function::EnvironSizesGet] {
        assert_eq!(guest.call(function, &[end - 3, 8]), Err(Errno::Fault));
        assert_eq!(guest.call(function, &[8, end - 3]), Err(Errno::Fault));
    }
}

#[test]
fn nothing_is_granted_by_default() {
    let mut guest = guest(WasiBuilder::new());
    assert_eq!(guest.call(Function::ArgsSizesGet, &[8, 12]), Ok(()));
    assert_eq!((guest.u32_at(8), guest.u32_at(12)), (0, 0));
    assert_eq!(guest.call(Function::FdPrestatGet, &[3, 8]), Err(Errno::BadF));
    assert_eq!(guest.read(0, 8).unwrap(), b"");
    assert_eq!(guest.write(1, b"gone"), Ok(4));
}

#[test]
fn contexts_move_between_threads() {
    fn assert_send<T: Send>() {}
    assert_send::<wasi_lite::Wasi>();
    assert_send::<MemFs>();
}

#[test]
fn builders_tell_what_is_wrong() {
    let message = |builder: WasiBuilder| builder.build().err().map(|error| error.to_string());
    assert_eq!(message(WasiBuilder::new().arg("a").arg("b\0")).unwrap(), "argument 1 contains a NUL byte");
    for (name, value) in [("", "x"), ("a=b", "x"), ("a", "\0"), ("\0", "x")] {
        let error = WasiBuilder::new().env(name, value).build().err();
        assert!(matches!(error, Some(BuildError::Variable { .. })), "{name:?}={value:?}");
    }
    let missing = message(WasiBuilder::new().preopened_dir("/no/such/directory", "/")).unwrap();
    assert_eq!(missing, "cannot open directory `/no/such/directory`: no such file or directory");
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(message(WasiBuilder::new().preopened_dir(file.path(), "/")).unwrap().ends_with(": not a directory"));
    let full = WasiBuilder::new().max_descriptors(3).preopen(MemFs::new().root(), "/");
    assert_eq!(message(full).unwrap(), "too many preopened descriptors for a limit of 3");
}

#[test]
fn clocks() {
    let mut guest = guest(WasiBuilder::new());
    let mut now = |id: u64| guest.call(Function::ClockTimeGet, &[id, 1, 64]).map(|()| guest.u64_at(64));
    let first = now(1).unwrap();
    assert!(now(1).unwrap() >= first);
    assert!(now(0).unwrap() > 1_600_000_000_000_000_000);
    assert!(now(2).is_ok() && now(3).is_ok());
    assert_eq!(now(4), Err(Errno::Inval));
    for id in 0..4 {
        assert_eq!(guest.call(Function::ClockResGet, &[id, 64]), Ok(()));
        assert!((1..=100_000_000).contains(&guest.u64_at(64)));
    }
    assert_eq!(guest.call(Function::ClockResGet, &[4, 64]), Err(Errno::Inval));
    assert_eq!(guest.call(Function::SchedYield, &[]), Ok(()));
}

#[test]
fn deterministic_runs_repeat() {
    let run = || {
        let mut guest = guest(WasiBuilder::new().deterministic(7));
        guest.call(Function::ClockTimeGet, &[0, 0, 64]).unwrap();
        guest.call(Function::ClockTimeGet, &[1, 0, 72]).unwrap();
        guest.call(Function::RandomGet, &[80, 1000]).unwrap();
        guest.memory[64..1080].to_vec()
    };
    let (one, two) = (run(), run());
    assert_eq!(one, two);
    assert!(one[16..].iter().any(|byte| *byte != 0));
    let mut bytes = [[0; 20]; 2];
    SeededRandom::new(7).fill(&mut bytes[0]).unwrap();
    SeededRandom::new(8).fill(&mut bytes[1]).unwrap();
    assert_ne!(bytes[0], bytes[1]);
}

#[test]
fn random_bytes_fill_exactly_the_buffer() {
    let mut guest = guest(WasiBuilder::new());
    guest.call(Function::RandomGet, &[100, 1000]).unwrap();
    assert!(guest.memory[..100].iter().chain(&guest.memory[1100..]).all(|byte| *byte == 0));
    assert!(guest.memory[100..1100].chunks(100).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    assert_eq!(guest.call(Function::RandomGet, &[0, 0]), Ok(()));
    let end = guest.memory.len() as u64;
    assert_eq!(guest.call(Function::RandomGet, &[end, 0]), Ok(()));
    assert_eq!(guest.call(Function::RandomGet, &[end - 1, 2]), Err(Errno::Fault));
    assert_eq!(guest.call(Function::RandomGet, &[8, u32::MAX.into()]), Err(Errno::Fault));
    assert_eq!(guest.memory[end as usize - 1], 0);
}

#[test]
fn ending() {
    let mut wasi = WasiBuilder::new().build().unwrap();
    let mut call = |function, arg| wasi.call(function, &mut [0u8; 8], &[arg]);
    assert_eq!(call(Function::ProcExit, 33), Err(Exit::Proc(33)));
    assert_eq!(call(Function::ProcExit, u32::MAX.into()), Err(Exit::Proc(u32::MAX)));
    assert_eq!(call(Function::ProcRaise, 6), Err(Exit::Signal(6)));
    assert_eq!((Exit::Signal(6).code(), Exit::Proc(3).code()), (134, 3));
    let errno = |errno: Errno| Ok(errno.raw().into());
    assert_eq!(call(Function::ProcRaise, 0), errno(Errno::Success));
    assert_eq!(call(Function::ProcRaise, 27), errno(Errno::Success));
    assert_eq!(call(Function::ProcRaise, 18), errno(Errno::NotSup));
    assert_eq!(call(Function::ProcRaise, 31), errno(Errno::Inval));
    assert_eq!(call(Function::SchedYield, 0), errno(Errno::Inval), "one argument too many");
}

#[test]
fn standard_streams() {
    let (out, err) = (BytesOutput::default(), BytesOutput::default());
    let builder = WasiBuilder::new()
        .stdin(Box::new(BytesInput::new(*b"some input")))
        .stdout(Box::new(out.clone()))
        .stderr(Box::new(err.clone()));
    let mut guest = guest(builder);
    assert_eq!(guest.read_vectored(0, &[0, 4, 4]).unwrap(), b"some", "one buffer at a time");
    assert_eq!(guest.read(0, 100).unwrap(), b" input");
    assert_eq!(guest.read(0, 100).unwrap(), b"");
    assert_eq!(guest.write_vectored(1, &[b"o", b"ut"]), Ok(3));
    assert_eq!(guest.write(2, b"err"), Ok(3));
    assert_eq!((out.bytes(), err.bytes()), (b"out".to_vec(), b"err".to_vec()));
    assert_eq!(guest.read(1, 1), Err(Errno::NotCapable));
    assert_eq!(guest.write(0, b"x"), Err(Errno::NotCapable));
    for fd in 0..3 {
        assert_eq!(guest.seek(fd, 0, 1), Err(Errno::SPipe));
        assert_eq!(guest.pread(fd, &[1], 0), Err(Errno::SPipe));
        assert_eq!(guest.open(fd, "file", OFlags::empty()), Err(Errno::NotDir));
        assert_eq!(guest.call(Function::SockShutdown, &[fd.into(), 1]), Err(Errno::NotSock));
        assert_eq!(guest.filestat(fd).unwrap().filetype, Filetype::Unknown);
        assert_eq!(guest.fdstat(fd).unwrap().filetype, Filetype::Unknown as u8);
    }
    assert_eq!(guest.call(Function::FdSync, &[1]), Ok(()));
    assert_eq!(guest.call(Function::FdSync, &[0]), Err(Errno::Inval));
    guest.close(1).unwrap();
    assert_eq!(guest.write(1, b"x"), Err(Errno::BadF));
    let invalid = u64::from(-31337_i32 as u32);
    assert_eq!(guest.call(Function::FdWrite, &[invalid, 0, 0, 8]), Err(Errno::BadF));
}

#[test]
fn buffer_lists_are_checked_before_anything_moves() {
    let out = BytesOutput::default();
    let mut guest = guest(WasiBuilder::new().stdout(Box::new(out.clone())));
    let end = guest.memory.len() as u32;
    let write = |guest: &mut Guest, list: &[(u32, u32)], at: u32, nwritten: u32| {
        for (index, (addr, len)) in list.iter().enumerate() {
            guest.put(index as u32 * 8, &addr.to_le_bytes());
            guest.put(index as u32 * 8 + 4, &len.to_le_bytes());
        }
        guest.call(Function::FdWrite, &[1, at.into(), list.len() as u64, nwritten.into()])
    };
    assert_eq!(write(&mut guest, &[(64, 4), (end - 3, 4)], 0, 1000), Err(Errno::Fault));
    assert_eq!(write(&mut guest, &[(64, 4), (u32::MAX, u32::MAX)], 0, 1000), Err(Errno::Fault));
    assert_eq!(write(&mut guest, &[(64, 4)], end - 7, 1000), Err(Errno::Fault));
    assert_eq!(write(&mut guest, &[(64, 4)], 0, end - 3), Err(Errno::Fault));
    assert_eq!(write(&mut guest, &[(64, 4)], 0, u32::MAX), Err(Errno::Fault));
    assert_eq!(guest.call(Function::FdWrite, &[1, 0, u32::MAX.into(), 8]), Err(Errno::Fault));
    assert_eq!(out.bytes(), b"");
    assert_eq!(write(&mut guest, &[(64, 4), (66, 4), (end, 0)], 0, 1000), Ok(()), "overlapping buffers are fine");
    assert_eq!(out.bytes(), [0; 8]);
}

#[test]
fn lengths_that_overflow_are_refused() {
    // A memory of 4 GiB without its bytes: reads give zeros, all but the list at the start.
    struct Huge(Vec<u8>);
    impl GuestMemory for Huge {
        fn size(&self) -> u64 {
            1 << 32
        }
        fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
            buf.fill(0);
            if (addr as usize) < self.0.len() {
                return GuestMemory::read(&self.0, addr, buf);
            }
            Ok(())
        }
        fn write(&mut self, _addr: u32, _bytes: &[u8]) -> Result<(), Fault> {
            Ok(())
        }
    }
    let mut list = Vec::new();
    for half in [0u32, u32::MAX, 0, u32::MAX] {
        list.extend(half.to_le_bytes());
    }
    let mut wasi = WasiBuilder::new().build().unwrap();
    let errno = wasi.call(Function::FdWrite, &mut Huge(list), &[1, 0, 2, 64]);
    assert_eq!(errno, Ok(Errno::Inval.raw().into()), "two buffers of 4 GiB less one");
}

#[test]
fn reading_over_the_buffer_list_itself_is_harmless() {
    let mut guest =
        guest(WasiBuilder::new().stdin(Box::new(BytesInput::new([0xff; 100]))).preopen(MemFs::new().root(), "/"));
    guest.create_with(ROOT, "file", &[0xff; 64]).unwrap();
    let fd = guest.open_file(ROOT, "file", OFlags::empty()).unwrap();
    // Two buffers: the first covers the list, the second lies behind it.
    for (at, word) in [(0, 0u32), (4, 16), (8, 16), (12, 8)] {
        guest.put(at, &word.to_le_bytes());
    }
    assert_eq!(guest.call(Function::FdRead, &[fd.into(), 0, 2, 200]), Ok(()));
    assert_eq!(guest.u32_at(200), 24);
    assert!(guest.memory[..24].iter().all(|byte| *byte == 0xff));
    assert_eq!(guest.memory[24], 0);
}

/// A memory that lends no bytes, as a shared one.
struct Unlent<'a>(&'a mut Vec<u8>);

impl GuestMemory for Unlent<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }
    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        GuestMemory::read(&*self.0, addr, buf)
    }
    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        GuestMemory::write(&mut *self.0, addr, bytes)
    }
}

#[test]
fn memories_that_lend_no_bytes_work_alike() {
    let mut guest = guest(WasiBuilder::new().preopen(MemFs::new().root(), "/").deterministic(1));
    let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
    let data: Vec<u8> = (0..30_000u32).map(|index| (index % 251) as u8).collect();
    let mut memory = vec![0; 100_000];
    memory[20_000..50_000].copy_from_slice(&data);
    for (index, word) in [20_000u32, 10_000, 30_000, 20_000].iter().enumerate() {
        memory[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    let mut call = |function, memory: &mut Vec<u8>, args: &[u64]| guest.wasi.call(function, &mut Unlent(memory), args);
    assert_eq!(call(Function::FdWrite, &mut memory, &[fd.into(), 0, 2, 64]), Ok(0));
    assert_eq!(memory[64..68], 30_000u32.to_le_bytes());
    memory[20_000..50_000].fill(0);
    assert_eq!(call(Function::FdPread, &mut memory, &[fd.into(), 0, 2, 0, 64]), Ok(0));
    assert_eq!(memory[20_000..50_000], data);
    assert_eq!(call(Function::RandomGet, &mut memory, &[60_000, 1001]), Ok(0));
    let mut expected = vec![0; 1001];
    SeededRandom::new(1).fill(&mut expected[..512]).unwrap();
    assert_eq!(memory[60_000..60_512], expected[..512]);
    assert_ne!(memory[60_512..61_001], expected[512..]);
    assert_eq!(memory[61_001], 0);
}

#[test]
fn the_older_module_has_its_own_layouts() {
    assert_eq!(Abi::by_module("wasi_unstable"), Some(Abi::Unstable));
    assert_eq!(Abi::by_module("wasi_snapshot_preview1"), Some(Abi::Preview1));
    assert_eq!(Abi::by_module("wasi"), None);
    on_every_fs(|guest| {
        guest.create_with(ROOT, "file", b"12345678").unwrap();
        let fd = guest.open_file(ROOT, "file", OFlags::empty()).unwrap();
        let seek = |guest: &mut Guest, offset: i64, whence: u64| {
            let args = [fd.into(), offset as u64, whence, 64];
            guest.call_abi(Abi::Unstable, Function::FdSeek, &args).map(|()| guest.u64_at(64))
        };
        assert_eq!(seek(guest, 3, 0), Ok(3), "0 is the current position");
        assert_eq!(seek(guest, 3, 0), Ok(6));
        assert_eq!(seek(guest, -1, 1), Ok(7), "1 is the end");
        assert_eq!(seek(guest, 2, 2), Ok(2), "2 is the start");
        guest.put(64, &[0xee; 64]);
        guest.call_abi(Abi::Unstable, Function::FdFilestatGet, &[fd.into(), 64]).unwrap();
        assert_eq!((guest.memory[80], guest.u32_at(84), guest.u64_at(88)), (4, 1, 8));
        assert_eq!(guest.memory[120], 0xee, "56 bytes long");
    });
}

#[test]
fn clocks_and_random_sources_can_be_missing() {
    let builder = WasiBuilder::new().clock(Box::new(wasi_lite::Missing)).random(Box::new(wasi_lite::Missing));
    let mut guest = guest(builder);
    assert_eq!(guest.call(Function::ClockTimeGet, &[0, 0, 64]), Err(Errno::NoSys));
    assert_eq!(guest.call(Function::RandomGet, &[0, 8]), Err(Errno::NoSys));
    assert_eq!(wasi_lite::Missing.resolution(ClockId::Realtime), Err(Errno::NoSys));
}

/// Whatever the arguments, a call answers; nothing panics, and the guest never leaves its directory.
#[test]
fn any_arguments_are_answered() {
    let mut random = SeededRandom::new(0x5eed);
    let mut word = || {
        let mut bytes = [0; 8];
        random.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    };
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("inside")).unwrap();
    let mut answers = [0; 77];
    // Closing what it needs is what a guest at random soon does, so that each starts over after a while.
    for round in 0..1000 {
        let builder = WasiBuilder::new().arg("a").env("b", "c").deterministic(round);
        let mut guest = guest(match round % 2 {
            0 => builder.preopened_dir(temp.path().join("inside"), "/"),
            _ => builder.preopen(MemFs::with_capacity(1 << 20).root(), "/"),
        });
        for at in (0..guest.memory.len()).step_by(16) {
            guest.memory[at] = (word() % 64) as u8;
        }
        guest.put(1, b"a/../b/./c");
        for _ in 0..100 {
            let function = Function::ALL[word() as usize % Function::ALL.len()];
            let args: Vec<u64> = (0..function.params().len())
                .map(|_| match word() % 8 {
                    0 => word() & 0xffff_ffff,
                    1 => word(),
                    2 => guest.memory.len() as u64 - word() % 32,
                    3 => word() % 1024,
                    _ => word() % 8,
                })
                .collect();
            if let Ok(errno) = guest.wasi.call(function, &mut guest.memory[..], &args) {
                answers[errno as usize] += 1;
            }
        }
    }
    assert!(answers[0] > 5_000, "many calls succeed: {answers:?}");
    assert!(answers.iter().filter(|count| **count > 0).count() > 12, "and many kinds of error are met: {answers:?}");
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
}
