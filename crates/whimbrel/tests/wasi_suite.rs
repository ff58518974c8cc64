//! The guests of `wasi-suite/`, in C and in text, on a directory of the host and on one in memory: what they expect holds, and
//! together they call every function of WASI preview 1, with success and with every error that its documentation names.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use whimbrel::wasi::wasi_lite::{Abi, Errno, Exit, Function, ValType as WasiType};
use whimbrel::wasi::{BytesOutput, Wasi, WasiBuilder, fs::mem::MemFs};
use whimbrel::{Caller, Engine, Error, Extern, FuncType, I32Exit, Linker, Module, Store, Val, ValType};

const HELLO: &[u8] = include_bytes!("wasi-suite/root.dir/hello.txt");

/// Which error numbers each function has returned, 0 among them; by the functions' names.
type Seen = Arc<Mutex<BTreeMap<&'static str, BTreeSet<Errno>>>>;

/// A guest and how it ends.
struct Guest {
    file: &'static str,
    args: &'static [&'static str],
    exit_code: i32,
    stdout: &'static str,
}

const fn guest(file: &'static str) -> Guest {
    Guest { file, args: &[], exit_code: 0, stdout: "" }
}

const GUESTS: &[Guest] = &[
    guest("files.wasm"),
    guest("paths.wasm"),
    guest("directories.wasm"),
    guest("poll.wasm"),
    guest("unstable.wat"),
    Guest { args: &["one", "", "zwölf"], ..guest("process.wasm") },
    Guest { exit_code: 42, stdout: "before\n", ..guest("ends.wat") },
    Guest { exit_code: 134, ..guest("raises.wat") },
    Guest { args: &["serve"], ..guest("sockets.wasm") },
];

/// What the documentation says of errors in so many words. That a change of the synchronisation flags may be `notsup` is said
/// of the flags.
const DOCUMENTED: &[(Function, Errno)] = &[
    (Function::ClockResGet, Errno::Inval),
    (Function::FdFdstatSetFlags, Errno::NotSup),
    (Function::FdFdstatSetRights, Errno::NotCapable),
    (Function::PathRemoveDirectory, Errno::NotEmpty),
    (Function::PathUnlinkFile, Errno::IsDir),
    (Function::PollOneoff, Errno::Inval),
];

/// Functions that cannot fail.
const INFALLIBLE: &[Function] = &[Function::ProcExit, Function::SchedYield];

fn suite(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasi-suite").join(file)
}

/// Defines all functions of both import modules so that each call is recorded.
fn recording_linker(engine: &Engine, seen: &Seen) -> Linker<Wasi> {
    let mut linker = Linker::new(engine);
    let types = |types: &[WasiType]| {
        let types = types.iter().map(|ty| if *ty == WasiType::I32 { ValType::I32 } else { ValType::I64 });
        types.collect::<Vec<_>>()
    };
    for abi in [Abi::Preview1, Abi::Unstable] {
        for &function in Function::ALL {
            let ty = FuncType::new(engine, types(function.params()), types(function.results()));
            let seen = Arc::clone(seen);
            let call = move |mut caller: Caller<'_, Wasi>, args: &[Val], results: &mut [Val]| {
                let args: Vec<u64> = args.iter().map(bits).collect();
                let Some(Extern::Memory(memory)) = caller.get_export("memory") else { panic!("no memory") };
                let (bytes, wasi) = memory.data_and_store_mut(&mut caller);
                let called = wasi.call_abi(abi, function, bytes, &args);
                let errno = called.unwrap_or(0);
                let known = Errno::from_raw(errno as u16).unwrap();
                seen.lock().unwrap().entry(function.name()).or_default().insert(known);
                called.map_err(|exit: Exit| Error::new(I32Exit(exit.code() as i32)))?;
                results[0] = Val::I32(errno as i32);
                Ok(())
            };
            linker.func_new(abi.module(), function.name(), ty, call).unwrap();
        }
    }
    linker
}

fn bits(val: &Val) -> u64 {
    match val {
        Val::I32(value) => u64::from(*value as u32),
        Val::I64(value) => *value as u64,
        other => panic!("{other:?} is no argument of WASI"),
    }
}

/// Runs a guest; panics with what it printed if it does not end as it must.
fn run(guest: &Guest, builder: WasiBuilder, seen: &Seen) {
    let engine = Engine::default();
    let bytes = wat::parse_file(suite(guest.file)).unwrap();
    let module = Module::new(&engine, bytes).unwrap();
    let stdout = BytesOutput::default();
    let builder = builder.arg(guest.file).args(guest.args.iter().copied()).stdout(Box::new(stdout.clone()));
    let builder = builder.envs([("NAME", "value"), ("EMPTY", ""), ("SIGN", "a=b")]);
    let mut store = Store::new(&engine, builder.build().unwrap());
    let instance = recording_linker(&engine, seen).instantiate(&mut store, &module).unwrap();
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    let ended = start.call(&mut store, ());
    let code = match &ended {
        Ok(()) => 0,
        Err(error) => error.i32_exit_status().unwrap_or_else(|| panic!("{}: {error}", guest.file)),
    };
    let printed = String::from_utf8_lossy(&stdout.bytes()).into_owned();
    assert_eq!((code, printed.as_str()), (guest.exit_code, guest.stdout), "{}", guest.file);
}

/// A listening socket with a client that does what `sockets.c` says it does.
fn served() -> (TcpListener, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"ping").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    (listener, client)
}

fn run_all(builder: impl Fn() -> WasiBuilder, seen: &Seen) {
    for guest in GUESTS {
        if guest.args == ["serve"] {
            let (listener, client) = served();
            run(guest, WasiBuilder::new().tcp_listener(listener), seen);
            assert_eq!(client.join().unwrap(), b"pong");
        } else {
            run(guest, builder(), seen);
        }
    }
}

#[test]
fn every_function_is_called_with_success_and_with_every_documented_error() {
    let seen = Seen::default();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hello.txt"), HELLO).unwrap();
    run_all(|| WasiBuilder::new().preopened_dir(folder.path(), "/"), &seen);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().any(|name| name == "transfer"), "nothing was written: {left:?}");
    run_all(
        || {
            let fs = MemFs::new();
            fs.write("hello.txt", HELLO).unwrap();
            WasiBuilder::new().preopen(fs.root(), "/")
        },
        &seen,
    );

    let seen = seen.lock().unwrap();
    let called: Vec<_> = Function::ALL.iter().filter(|function| seen.contains_key(function.name())).collect();
    assert_eq!(called.len(), 46, "not called: {:?}", missing(|name| seen.contains_key(name)));
    let succeeded = |name| seen.get(name).is_some_and(|errnos: &BTreeSet<Errno>| errnos.contains(&Errno::Success));
    assert_eq!(missing(succeeded), [""; 0], "without success");
    let failed = |name| seen.get(name).is_some_and(|errnos: &BTreeSet<Errno>| errnos.len() > 1);
    assert_eq!(missing(failed), INFALLIBLE.iter().map(|function| function.name()).collect::<Vec<_>>(), "without error");
    for (function, errno) in DOCUMENTED {
        assert!(seen[function.name()].contains(errno), "{} never gave {errno}", function.name());
    }
    let pairs: usize =
        seen.values().map(|errnos| errnos.iter().filter(|errno| **errno != Errno::Success).count()).sum();
    println!("{} of 46 functions, {pairs} pairs of a function and an error", called.len());
    assert!(pairs >= 150, "only {pairs} pairs of a function and an error");
}

/// The names of the functions for which something does not hold, in the order of the table.
fn missing(holds: impl Fn(&'static str) -> bool) -> Vec<&'static str> {
    Function::ALL.iter().map(|function| function.name()).filter(|name| !holds(name)).collect()
}
