//! Addresses, lengths and numbers that are out of all bounds.
use crate::support::{Guest, ROOT, Result, on_every_fs};
use std::collections::BTreeMap;
use std::fs;
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{
    BytesInput, Errno, Exit, Fault, Function, GuestMemory, OFlags, Random, SeededRandom, ValType, WasiBuilder,
};

pub fn memory_is_bounded() {
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

pub fn descriptors_run_out_without_a_leak() {
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

/// A memory of exactly 2^32 bytes that holds only what was written.
#[derive(Default)]
struct Full {
    bytes: BTreeMap<u32, u8>,
}

impl GuestMemory for Full {
    fn size(&self) -> u64 {
        1 << 32
    }

    fn read(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        let last = u64::from(addr) + buf.len() as u64;
        if last > self.size() {
            return Err(Fault);
        }
        for (at, byte) in buf.iter_mut().enumerate() {
            *byte = self.bytes.get(&(addr + at as u32)).copied().unwrap_or(0);
        }
        Ok(())
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        if u64::from(addr) + bytes.len() as u64 > self.size() {
            return Err(Fault);
        }
        for (at, byte) in bytes.iter().enumerate() {
            self.bytes.insert(addr + at as u32, *byte);
        }
        Ok(())
    }
}

fn errno(raw: Result<u32, Exit>) -> Errno {
    Errno::from_raw(raw.expect("nothing here ends the guest") as u16).expect("an error number")
}

/// Buffers that end with the address space work, those that go one byte beyond are refused; sums that overflow too.
pub fn buffers_at_the_end_of_the_address_space() {
    let builder = WasiBuilder::new().arg("a").env("A", "1").stdin(Box::new(BytesInput::new(*b"0123456789abcdef")));
    let mut wasi = builder.preopen(MemFs::new().root(), "/").build().unwrap();
    let mut memory = Full::default();
    let mut call = |function, memory: &mut Full, args: &[u64]| {
        let errno = errno(wasi.call(function, memory, args));
        crate::support::count(errno);
        errno
    };
    let top = u64::from(u32::MAX);
    let list = |memory: &mut Full, buffers: &[(u32, u32)]| {
        for (at, (addr, len)) in buffers.iter().enumerate() {
            memory.write(at as u32 * 8, &addr.to_le_bytes()).unwrap();
            memory.write(at as u32 * 8 + 4, &len.to_le_bytes()).unwrap();
        }
        buffers.len() as u64
    };
    let count = list(&mut memory, &[(u32::MAX - 7, 8)]);
    assert_eq!(call(Function::FdRead, &mut memory, &[0, 0, count, 64]), Errno::Success);
    assert_eq!(memory.bytes[&u32::MAX], b'7');
    assert_eq!(call(Function::FdWrite, &mut memory, &[1, 0, count, 64]), Errno::Success);
    for buffers in
        [&[(u32::MAX - 7, 9)][..], &[(u32::MAX, 2)], &[(1, u32::MAX), (0, u32::MAX)], &[(8, 8), (u32::MAX, u32::MAX)]]
    {
        let count = list(&mut memory, buffers);
        for function in [Function::FdRead, Function::FdWrite] {
            let fd = u64::from(function == Function::FdWrite);
            assert!(matches!(call(function, &mut memory, &[fd, 0, count, 64]), Errno::Fault | Errno::Inval));
        }
    }
    for count in [top, top / 8 + 1, 1 << 29] {
        assert_eq!(call(Function::FdRead, &mut memory, &[0, 8, count, 64]), Errno::Fault);
        assert_eq!(call(Function::PollOneoff, &mut memory, &[0, 0, count, 64]), Errno::Fault);
    }
    assert_eq!(call(Function::FdRead, &mut memory, &[0, top - 6, 1, 64]), Errno::Fault);
    assert_eq!(call(Function::FdRead, &mut memory, &[0, 0, 1, top - 2]), Errno::Fault);
    assert_eq!(call(Function::RandomGet, &mut memory, &[top - 7, 8]), Errno::Success);
    assert_eq!(call(Function::RandomGet, &mut memory, &[top - 7, 9]), Errno::Fault);
    assert_eq!(call(Function::RandomGet, &mut memory, &[top, top]), Errno::Fault);
    assert_eq!(call(Function::ArgsGet, &mut memory, &[top - 3, 128]), Errno::Success);
    assert_eq!(call(Function::ArgsGet, &mut memory, &[top - 2, 128]), Errno::Fault);
    assert_eq!(call(Function::ArgsGet, &mut memory, &[128, top - 1]), Errno::Success);
    assert_eq!(call(Function::ArgsGet, &mut memory, &[128, top]), Errno::Fault);
    assert_eq!(call(Function::EnvironGet, &mut memory, &[128, top - 2]), Errno::Fault);
    assert_eq!(call(Function::FdPrestatDirName, &mut memory, &[3, top, 9]), Errno::Success);
    assert_eq!(call(Function::FdReaddir, &mut memory, &[3, top - 31, 32, 0, 64]), Errno::Success);
    assert_eq!(call(Function::FdReaddir, &mut memory, &[3, top - 31, 33, 0, 64]), Errno::Fault);
    assert_eq!(call(Function::PathCreateDirectory, &mut memory, &[3, top - 3, 5]), Errno::Fault);
    assert_eq!(call(Function::PathCreateDirectory, &mut memory, &[3, 0, top]), Errno::NameTooLong);
    assert_eq!(call(Function::FdFilestatGet, &mut memory, &[3, top - 63]), Errno::Success);
    assert_eq!(call(Function::FdFilestatGet, &mut memory, &[3, top - 62]), Errno::Fault);
}

/// Buffers over each other, over their own list and over the place of the result: each byte comes from the file.
pub fn buffers_that_overlap() {
    on_every_fs(|guest| {
        guest.create_with(ROOT, "file", b"0123456789").unwrap();
        let fd = guest.open_file(ROOT, "file", OFlags::empty()).unwrap();
        let lay = |guest: &mut Guest, at: u32, buffers: &[(u32, u32)]| {
            for (index, (addr, len)) in buffers.iter().enumerate() {
                guest.put(at + index as u32 * 8, &addr.to_le_bytes());
                guest.put(at + index as u32 * 8 + 4, &len.to_le_bytes());
            }
            [fd.into(), at.into(), buffers.len() as u64, 0, 512]
        };
        let args = lay(guest, 1024, &[(2000, 4), (2002, 4)]);
        guest.call(Function::FdPread, &args).unwrap();
        assert_eq!((guest.u32_at(512), &guest.memory[2000..2006]), (8, &b"014567"[..]));
        // The list is read before the first buffer is filled.
        let args = lay(guest, 1024, &[(1024, 8), (3000, 2)]);
        guest.call(Function::FdPread, &args).unwrap();
        assert_eq!(
            (guest.u32_at(512), &guest.memory[1024..1032], &guest.memory[3000..3002]),
            (10, &b"01234567"[..], &b"89"[..])
        );
        let args = lay(guest, 1024, &[(510, 6)]);
        guest.call(Function::FdPread, &args).unwrap();
        assert_eq!(guest.u32_at(512), 6, "the result is written last");
        let end = guest.memory.len() as u32;
        for buffers in
            [&[(end - 3, 4)][..], &[(2000, 4), (end, 1)], &[(2000, u32::MAX), (2000, u32::MAX)], &[(u32::MAX, 4)]]
        {
            let before = guest.memory.clone();
            let args = lay(guest, 1024, buffers);
            let laid = guest.memory.clone();
            assert!(matches!(guest.call(Function::FdPread, &args), Err(Errno::Fault | Errno::Inval)));
            assert!(guest.memory == laid, "a refused call changes nothing");
            guest.memory = before;
        }
    });
}

/// All functions with arguments from the edges of their ranges, in every combination that a generator comes upon: an error
/// number or success, no panic, and the guest's memory keeps its size.
pub fn wild_arguments() {
    const EDGES: [u64; 16] = [
        0,
        1,
        2,
        3,
        4,
        8,
        64,
        4095,
        131_000,
        131_072,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_fff0,
        0xffff_ffff,
        1 << 63,
        u64::MAX,
    ];
    let mut random = SeededRandom::new(5);
    let mut pick = |below: usize| {
        let mut bytes = [0; 8];
        random.fill(&mut bytes).expect("seeded bytes do not fail");
        (u64::from_le_bytes(bytes) % below as u64) as usize
    };
    let fs = MemFs::with_capacity(1 << 20);
    fs.write("dir/file", b"content").unwrap();
    for round in 0..100 {
        let mut guest = Guest::new(
            WasiBuilder::new().deterministic(round).preopen(fs.root(), "/").max_descriptors(32).build().unwrap(),
        );
        guest.put(0, b"dir/file");
        for _ in 0..100 {
            let function = Function::ALL[pick(Function::ALL.len())];
            if matches!(function, Function::ProcExit | Function::ProcRaise) {
                continue;
            }
            let args: Vec<u64> = function
                .params()
                .iter()
                .map(|ty| {
                    let value = EDGES[pick(EDGES.len())];
                    if *ty == ValType::I32 { value & 0xffff_ffff } else { value }
                })
                .collect();
            let _ = guest.call(function, &args);
        }
    }
}

/// Descriptors that were closed, renumbered, or never there do nothing.
pub fn dead_descriptors() {
    on_every_fs(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.create_with(ROOT, "dir/file", b"content").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        let file = guest.open_file(ROOT, "dir/file", OFlags::empty()).unwrap();
        guest.renumber(dir, file).unwrap();
        guest.renumber(file, ROOT).unwrap();
        // The root is now `dir`; what was above is out of reach.
        assert_eq!(guest.content(ROOT, "file").unwrap(), b"content");
        assert_eq!(guest.content(ROOT, "../dir/file"), Err(Errno::NotCapable));
        assert_eq!(guest.content(ROOT, "dir/file"), Err(Errno::NoEnt));
        for fd in [dir, file, 99, u32::MAX, 0x8000_0000] {
            for function in Function::ALL {
                let Some(ValType::I32) = function.params().first() else { continue };
                if !function.name().starts_with("fd_") && !function.name().starts_with("sock_") {
                    continue;
                }
                let mut args: Vec<u64> = function.params().iter().map(|_| 0).collect();
                args[0] = fd.into();
                assert_eq!(guest.call(*function, &args), Err(Errno::BadF), "{}", function.name());
            }
            assert_eq!(guest.content(fd, "file"), Err(Errno::BadF));
            assert_eq!(guest.create(fd, "x"), Err(Errno::BadF));
            assert_eq!(guest.renumber(fd, ROOT), Err(Errno::BadF));
            assert_eq!(guest.renumber(ROOT, fd), Err(Errno::BadF));
        }
    });
}
