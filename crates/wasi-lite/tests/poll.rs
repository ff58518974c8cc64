//! Waiting for clocks, streams, files and sockets; and sockets themselves.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use support::{Guest, ROOT};
use wasi_lite::fs::Ready;
use wasi_lite::fs::mem::MemFs;
use wasi_lite::host::{HostInput, HostOutput};
use wasi_lite::{
    Abi, BytesInput, Errno, FdFlags, Filetype, Function, InTurn, InputStream, OFlags, Pending, Rights, WasiBuilder,
};

const IN: u32 = 30_000;
const EVENTS: u32 = 40_000;

#[derive(Clone, Copy)]
enum Sub {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    /// The number of its subscription.
    index: u64,
    errno: Errno,
    /// 0 clock, 1 read, 2 write.
    kind: u8,
    bytes: u64,
    hangup: bool,
}

fn poll(guest: &mut Guest, abi: Abi, subs: &[Sub]) -> Result<Vec<Event>, Errno> {
    let (size, clock) = if abi == Abi::Preview1 { (48, 16) } else { (56, 24) };
    for (index, sub) in subs.iter().enumerate() {
        let at = IN + index as u32 * size;
        guest.put(at, &vec![0; size as usize]);
        guest.put(at, &(index as u64).to_le_bytes());
        match sub {
            Sub::Clock { id, timeout, absolute } => {
                guest.put(at + clock, &id.to_le_bytes());
                guest.put(at + clock + 8, &timeout.to_le_bytes());
                guest.put(at + clock + 24, &[u8::from(*absolute)]);
            }
            Sub::Read(fd) | Sub::Write(fd) => {
                guest.put(at + 8, &[if let Sub::Read(_) = sub { 1 } else { 2 }]);
                guest.put(at + 16, &fd.to_le_bytes());
            }
        }
    }
    guest.call_abi(abi, Function::PollOneoff, &[IN.into(), EVENTS.into(), subs.len() as u64, 64])?;
    let count = guest.u32_at(64);
    let event = |at: u32| Event {
        index: guest.u64_at(at),
        errno: Errno::from_raw(guest.u32_at(at + 8) as u16).unwrap(),
        kind: guest.memory[at as usize + 10],
        bytes: guest.u64_at(at + 16),
        hangup: guest.memory[at as usize + 24] == 1,
    };
    Ok((0..count).map(|index| event(EVENTS + index * 32)).collect())
}

fn done(index: u64, kind: u8, bytes: u64) -> Event {
    Event { index, errno: Errno::Success, kind, bytes, hangup: false }
}

fn failed(index: u64, kind: u8, errno: Errno) -> Event {
    Event { index, errno, kind, bytes: 0, hangup: false }
}

const fn after_ms(ms: u64) -> Sub {
    Sub::Clock { id: 1, timeout: ms * 1_000_000, absolute: false }
}

#[test]
fn clocks_wait_for_their_time() {
    for abi in [Abi::Preview1, Abi::Unstable] {
        let mut guest = Guest::new(WasiBuilder::new().build().unwrap());
        let start = Instant::now();
        assert_eq!(poll(&mut guest, abi, &[after_ms(60_000), after_ms(20)]).unwrap(), [done(1, 0, 0)]);
        assert!((Duration::from_millis(20)..Duration::from_secs(30)).contains(&start.elapsed()));
        guest.call(Function::ClockTimeGet, &[0, 0, 64]).unwrap();
        let start = Instant::now();
        let until = |ms: u64| Sub::Clock { id: 0, timeout: guest.u64_at(64) + ms * 1_000_000, absolute: true };
        let subs = [until(20), until(60_000)];
        assert_eq!(poll(&mut guest, abi, &subs).unwrap(), [done(0, 0, 0)]);
        assert!((Duration::from_millis(15)..Duration::from_secs(30)).contains(&start.elapsed()));
        let past = Sub::Clock { id: 0, timeout: 5, absolute: true };
        assert_eq!(poll(&mut guest, abi, &[past]).unwrap(), [done(0, 0, 0)]);
    }
}

#[test]
fn simulated_clocks_move_instead_of_waiting() {
    let mut guest = Guest::new(WasiBuilder::new().deterministic(0).build().unwrap());
    let start = Instant::now();
    let day_ms = 86_400_000;
    assert_eq!(poll(&mut guest, Abi::Preview1, &[after_ms(day_ms), after_ms(2 * day_ms)]).unwrap(), [done(0, 0, 0)]);
    guest.call(Function::ClockTimeGet, &[1, 0, 64]).unwrap();
    assert!((day_ms * 1_000_000..day_ms * 1_001_000).contains(&guest.u64_at(64)));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn wrong_subscriptions() {
    let mut guest = Guest::new(WasiBuilder::new().preopen(MemFs::new().root(), "/").build().unwrap());
    assert_eq!(poll(&mut guest, Abi::Preview1, &[]), Err(Errno::Inval));
    let cpu = Sub::Clock { id: 2, timeout: 1, absolute: false };
    let unknown = Sub::Clock { id: 9, timeout: 1, absolute: false };
    let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
    guest.set_rights(fd, Rights::FD_READ, Rights::empty()).unwrap();
    let subs = [cpu, unknown, Sub::Read(99), Sub::Write(0), Sub::Read(1), Sub::Read(fd), after_ms(60_000)];
    let expected = [
        failed(0, 0, Errno::NotSup),
        failed(1, 0, Errno::Inval),
        failed(2, 1, Errno::BadF),
        failed(3, 2, Errno::BadF),
        failed(4, 1, Errno::BadF),
        failed(5, 1, Errno::NotCapable),
    ];
    assert_eq!(poll(&mut guest, Abi::Preview1, &subs).unwrap(), expected);
    guest.put(IN + 8, &[3]);
    assert_eq!(guest.call(Function::PollOneoff, &[IN.into(), EVENTS.into(), 1, 64]), Err(Errno::Inval));
    let end = guest.memory.len() as u64;
    for args in [[end - 47, 0, 1, 64], [0, end - 31, 1, 64], [0, 0, u32::MAX.into(), 64], [0, 0, 1, end - 3]] {
        assert_eq!(guest.call(Function::PollOneoff, &args), Err(Errno::Fault));
    }
}

#[test]
fn files_and_bytes_are_ready() {
    let builder = WasiBuilder::new().stdin(Box::new(BytesInput::new(*b"abc"))).preopen(MemFs::new().root(), "/");
    let mut guest = Guest::new(builder.build().unwrap());
    let fd = guest.open_file(ROOT, "file", OFlags::CREAT).unwrap();
    guest.write(fd, b"12345678").unwrap();
    guest.seek(fd, 3, 0).unwrap();
    let subs = [Sub::Read(0), Sub::Write(1), Sub::Read(fd), Sub::Write(fd), after_ms(60_000)];
    let expected = [done(0, 1, 3), done(1, 2, 0), done(2, 1, 5), done(3, 2, 0)];
    assert_eq!(poll(&mut guest, Abi::Preview1, &subs).unwrap(), expected);
    assert_eq!(poll(&mut guest, Abi::Unstable, &subs).unwrap(), expected);
}

#[test]
fn pipes_of_the_host() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (mut out_reader, out_writer) = std::io::pipe().unwrap();
    let builder = WasiBuilder::new()
        .stdin(Box::new(HostInput::from(std::os::fd::OwnedFd::from(reader))))
        .stdout(Box::new(HostOutput::from(std::os::fd::OwnedFd::from(out_writer))));
    let mut guest = Guest::new(builder.build().unwrap());
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(0), after_ms(20)]).unwrap(), [done(1, 0, 0)]);
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(0), Sub::Write(1)]).unwrap(), [done(1, 2, 0)]);
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        writer.write_all(b"input").unwrap();
        writer
    });
    assert_eq!(poll(&mut guest, Abi::Preview1, &[after_ms(60_000), Sub::Read(0)]).unwrap(), [done(1, 1, 5)]);
    assert_eq!(guest.read_vectored(0, &[5, 5]).unwrap(), b"input", "does not wait for the second buffer");
    drop(later.join().unwrap());
    let closed = Event { hangup: true, ..done(0, 1, 0) };
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(0)]).unwrap(), [closed]);
    assert_eq!(guest.read(0, 1).unwrap(), b"");
    assert_eq!(guest.write_vectored(1, &[b"out", b"put"]), Ok(6));
    drop(guest);
    let mut output = String::new();
    out_reader.read_to_string(&mut output).unwrap();
    assert_eq!(output, "output");
}

#[test]
fn streams_that_only_answer_questions_are_asked_again() {
    struct Third(u32);
    impl InputStream for Third {
        fn read(&mut self, _buf: &mut [u8]) -> Result<usize, Errno> {
            Ok(0)
        }
        fn ready(&mut self) -> Option<Ready> {
            self.0 += 1;
            (self.0 > 3).then_some(Ready { bytes: 9, hangup: true })
        }
    }
    for deterministic in [false, true] {
        let builder = WasiBuilder::new().stdin(Box::new(Third(0)));
        let builder = if deterministic { builder.deterministic(0) } else { builder };
        let mut guest = Guest::new(builder.build().unwrap());
        assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(0), after_ms(1)]).unwrap().len(), 1);
        let ready = Event { hangup: true, ..done(0, 1, 9) };
        assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(0)]).unwrap(), [ready]);
    }
}

fn accept(guest: &mut Guest, fd: u32, flags: FdFlags) -> Result<u32, Errno> {
    guest.call(Function::SockAccept, &[fd.into(), flags.bits().into(), 64])?;
    Ok(guest.u32_at(64))
}

/// Receives into buffers of these lengths.
fn recv(guest: &mut Guest, fd: u32, lens: &[u32], flags: u64) -> Result<Vec<u8>, Errno> {
    let mut at = 50_000u32;
    for (index, len) in lens.iter().enumerate() {
        guest.put(index as u32 * 8, &at.to_le_bytes());
        guest.put(index as u32 * 8 + 4, &len.to_le_bytes());
        at += len;
    }
    guest.call(Function::SockRecv, &[fd.into(), 0, lens.len() as u64, flags, 64, 68])?;
    let len = guest.u32_at(64) as usize;
    Ok(guest.memory[50_000..50_000 + len].to_vec())
}

fn send(guest: &mut Guest, fd: u32, bytes: &[u8], flags: u64) -> Result<u32, Errno> {
    guest.put(0, &50_000u32.to_le_bytes());
    guest.put(4, &(bytes.len() as u32).to_le_bytes());
    guest.put(50_000, bytes);
    guest.call(Function::SockSend, &[fd.into(), 0, 1, flags, 64])?;
    Ok(guest.u32_at(64))
}

#[test]
fn sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let builder = WasiBuilder::new().preopen(MemFs::new().root(), "/").tcp_listener(listener);
    let mut guest = Guest::new(builder.build().unwrap());
    let fd = 4;
    assert_eq!(guest.fdstat(fd).unwrap().filetype, Filetype::SocketStream as u8);
    guest.set_flags(fd, FdFlags::NONBLOCK).unwrap();
    assert_eq!(guest.set_flags(fd, FdFlags::APPEND), Err(Errno::Inval));
    assert_eq!(accept(&mut guest, fd, FdFlags::empty()), Err(Errno::Again));
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(fd), after_ms(5)]).unwrap(), [done(1, 0, 0)]);
    let mut peer = TcpStream::connect(address).unwrap();
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(fd)]).unwrap()[0].errno, Errno::Success);
    assert_eq!(accept(&mut guest, fd, FdFlags::APPEND), Err(Errno::Inval));
    let socket = accept(&mut guest, fd, FdFlags::NONBLOCK).unwrap();
    assert_eq!(guest.fdstat(socket).unwrap().flags, FdFlags::NONBLOCK);
    assert_eq!(recv(&mut guest, socket, &[8], 0), Err(Errno::Again));
    guest.set_flags(socket, FdFlags::empty()).unwrap();
    peer.write_all(b"request").unwrap();
    assert_eq!(poll(&mut guest, Abi::Preview1, &[Sub::Read(socket)]).unwrap(), [done(0, 1, 7)]);
    assert_eq!(recv(&mut guest, socket, &[3, 9], 1).unwrap(), b"req", "peeking");
    assert_eq!(recv(&mut guest, socket, &[3, 4], 2).unwrap(), b"request", "waiting for all");
    assert_eq!(recv(&mut guest, socket, &[3], 4), Err(Errno::Inval));
    assert_eq!(send(&mut guest, socket, b"answer", 0), Ok(6));
    assert_eq!(send(&mut guest, socket, b"answer", 1), Err(Errno::Inval));
    assert_eq!(guest.write(socket, b"!"), Ok(1));
    assert_eq!(guest.call(Function::SockShutdown, &[socket.into(), 0]), Err(Errno::Inval));
    assert_eq!(guest.call(Function::SockShutdown, &[socket.into(), 4]), Err(Errno::Inval));
    assert_eq!(guest.call(Function::SockShutdown, &[socket.into(), 2]), Ok(()));
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer!");
    assert_eq!(send(&mut guest, socket, b"more", 0), Err(Errno::Pipe));
    drop(peer);
    assert_eq!(guest.read(socket, 9).unwrap(), b"");
    assert_eq!(guest.seek(socket, 0, 0), Err(Errno::SPipe));
    assert_eq!(accept(&mut guest, socket, FdFlags::empty()), Err(Errno::Inval));
    assert_eq!(accept(&mut guest, ROOT, FdFlags::empty()), Err(Errno::NotSock));
    assert_eq!(accept(&mut guest, 99, FdFlags::empty()), Err(Errno::BadF));
    assert_eq!(send(&mut guest, fd, b"x", 0), Err(Errno::NotConn));
    assert_eq!(recv(&mut guest, 0, &[1], 0), Err(Errno::NotSock));
    assert_eq!(guest.call(Function::SockShutdown, &[9, 1]), Err(Errno::BadF));
    guest.close(socket).unwrap();
    assert_eq!(recv(&mut guest, socket, &[1], 0), Err(Errno::BadF));
}

/// A call that must not wait, with the time that was waited before; `None` if it says what it waits for.
fn call_in_turn(guest: &mut Guest, function: Function, args: &[u64], waited_ms: u64) -> Result<u32, Pending> {
    match guest.wasi.call_in_turn(Abi::Preview1, function, &mut guest.memory[..], args, waited_ms * 1_000_000).unwrap()
    {
        InTurn::Done(errno) => Ok(errno),
        InTurn::Wait(pending) => Err(pending),
    }
}

const MINUTE_NS: u64 = 60_000_000_000;

#[test]
fn calls_in_turn_say_what_they_wait_for() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(
        WasiBuilder::new().stdin(Box::new(HostInput::from(std::os::fd::OwnedFd::from(reader)))).build().unwrap(),
    );
    // A clock of 50 ms is due in the turn in which the time that was waited adds up to it.
    guest.put(IN, &[0; 48]);
    guest.put(IN + 16, &1_u32.to_le_bytes());
    guest.put(IN + 24, &50_000_000_u64.to_le_bytes());
    let poll = [IN.into(), EVENTS.into(), 1, 64];
    assert_eq!(call_in_turn(&mut guest, Function::PollOneoff, &poll, 0).unwrap_err().due_ns(), Some(50_000_000));
    let pending = call_in_turn(&mut guest, Function::PollOneoff, &poll, 40).unwrap_err();
    assert_eq!(pending.due_ns(), Some(10_000_000));
    let start = Instant::now();
    pending.wait(MINUTE_NS);
    assert!((10..30_000).contains(&start.elapsed().as_millis()));
    assert_eq!(call_in_turn(&mut guest, Function::PollOneoff, &poll, 50).unwrap(), 0);
    assert_eq!(guest.u32_at(64), 1);
    // Input ends a wait for it, by reading and by `poll_oneoff`.
    guest.put(1024, &2000_u32.to_le_bytes());
    guest.put(1028, &8_u32.to_le_bytes());
    let read = [0, 1024, 1, 64];
    guest.put(IN, &[0; 48]);
    guest.put(IN + 8, &[1]);
    let start = Instant::now();
    let pendings = [(Function::FdRead, read), (Function::PollOneoff, poll)]
        .map(|(function, args)| call_in_turn(&mut guest, function, &args, 0).unwrap_err());
    assert_eq!(pendings.each_ref().map(Pending::due_ns), [None; 2]);
    writer.write_all(b"input").unwrap();
    pendings.iter().for_each(|pending| pending.wait(MINUTE_NS));
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(call_in_turn(&mut guest, Function::PollOneoff, &poll, 0).unwrap(), 0);
    assert_eq!(call_in_turn(&mut guest, Function::FdRead, &read, 1).unwrap(), 0);
    assert_eq!((guest.u32_at(64), &guest.memory[2000..2005]), (5, &b"input"[..]));
}

#[test]
fn writes_in_turn_take_what_there_is_room_for() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(
        WasiBuilder::new().stdout(Box::new(HostOutput::from(std::os::fd::OwnedFd::from(writer)))).build().unwrap(),
    );
    guest.put(1024, &2000_u32.to_le_bytes());
    guest.put(1028, &60_000_u32.to_le_bytes());
    let write = [1, 1024, 1, 64];
    // A pipe holds 64 KiB where nothing says otherwise, and nobody reads from this one yet.
    let mut room = 0;
    let pending = loop {
        match call_in_turn(&mut guest, Function::FdWrite, &write, 0) {
            Ok(errno) => assert_eq!(errno, 0),
            Err(pending) => break pending,
        }
        room += guest.u32_at(64) as usize;
    };
    assert!((4096..1 << 20).contains(&room), "{room} bytes fit in the pipe");
    let start = Instant::now();
    let emptied = std::thread::spawn(move || {
        let mut bytes = vec![0; room];
        let mut reader = reader;
        reader.read_exact(&mut bytes).unwrap();
        reader
    });
    pending.wait(MINUTE_NS);
    assert!(start.elapsed() < Duration::from_secs(30));
    let _reader = emptied.join().unwrap();
    assert_eq!(call_in_turn(&mut guest, Function::FdWrite, &write, 0).unwrap(), 0);
}
