//! The same run on the loop backend: which backend an engine has is decided where it is built, so another program does it.
//!
//! `WHIMBREL_LOOP_PEER` names that program, the example `loop_peer`; without it nothing is compared. Requests and answers are
//! a length of four bytes and as many bytes: fuel in eight (0 for none) and a module; what can be seen of the run.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use whimbrel::Config;

use crate::observe::Event;
use crate::run::{self, Fuel};

struct Peer {
    _child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
}

static PEER: Mutex<Option<Peer>> = Mutex::new(None);

/// Runs the module on the other backend, if there is a peer, and compares.
///
/// # Panics
///
/// If the runs differ, or the peer ends.
pub fn agrees(module: &[u8], fuel: Fuel, events: Option<&[Event]>) {
    let Some(path) = env::var_os("WHIMBREL_LOOP_PEER") else { return };
    let mut peer = PEER.lock().expect("no other thread panics");
    let peer = peer.get_or_insert_with(|| {
        let mut command = Command::new(path);
        // What the sanitisers say of the fuzzer is not said of the peer.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the loop peer starts");
        let (requests, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Peer { _child: child, requests, answers }
    });
    let request = [&fuel.unwrap_or(0).to_le_bytes()[..], module].concat();
    write_frame(&mut peer.requests, &request).expect("the loop peer takes requests");
    let answer = read_frame(&mut peer.answers).expect("the loop peer answers").expect("the loop peer goes on");
    assert_eq!(text(events), String::from_utf8_lossy(&answer), "tail and loop backend differ");
}

/// Answers requests from the standard input until it ends.
///
/// # Errors
///
/// If the streams break.
pub fn serve() -> io::Result<()> {
    let (mut requests, mut answers) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = read_frame(&mut requests)? {
        let (fuel, module) = request.split_at(8);
        let fuel = u64::from_le_bytes(fuel.try_into().expect("eight bytes"));
        let events = run::run(module, Config::new(), (fuel > 0).then_some(fuel));
        write_frame(&mut answers, text(events.as_deref()).as_bytes())?;
    }
    Ok(())
}

fn text(events: Option<&[Event]>) -> String {
    format!("{events:?}")
}

fn write_frame(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u32).to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// `None` at the end of the stream.
fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut len = [0; 4];
    match from.read_exact(&mut len) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = vec![0; u32::from_le_bytes(len) as usize];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}
