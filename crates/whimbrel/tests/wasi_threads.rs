//! Guests with threads.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{Arc, Mutex};

use whimbrel::wasi::{self, BytesOutput, ThreadGroup, Wasi, WasiBuilder};
use whimbrel::{Engine, Linker, Module, Result, Trap};

fn run(text: &str) -> (Result<()>, Vec<u8>) {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::<Arc<Mutex<Wasi>>>::new(&engine);
    wasi::add_locked_to_linker(&mut linker, |wasi| wasi).unwrap();
    let stdout = BytesOutput::default();
    let wasi = WasiBuilder::new().stdout(Box::new(stdout.clone())).deterministic(1).build().unwrap();
    let wasi = Arc::new(Mutex::new(wasi));
    let result = ThreadGroup::new(linker, &module, move || Arc::clone(&wasi)).unwrap().run();
    (result, stdout.bytes())
}

/// A module with the imports of programs with threads, and a function for threads that does `start`.
fn program(main: &str, start: &str) -> String {
    format!(
        r#"(module
          (import "env" "memory" (memory 1 2 shared))
          (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (export "memory" (memory 0))
          (global $id (mut i32) (i32.const 0))
          (data (i32.const 16) "\40\00\00\00\01\00\00\00")
          (func $forever (drop (memory.atomic.wait32 (i32.const 2048) (i32.const 0) (i64.const -1))))
          (func (export "wasi_thread_start") (param $tid i32) (param $argument i32) {start})
          (func (export "_start") (local $n i32) {main}))"#
    )
}

/// The main thread waits in `poll_oneoff` until another has written; with the context kept for as long as a call waits, the
/// other would come only after the minute.
#[test]
fn a_thread_that_sleeps_leaves_the_context_to_others() {
    let text = r#"(module
      (import "env" "memory" (memory 1 2 shared))
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (export "memory" (memory 0))
      (data (i32.const 16) "\40\00\00\00\01\00\00\00")
      (data (i32.const 64) "!")
      (func (export "wasi_thread_start") (param i32 i32)
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
        (call $exit (i32.const 7)))
      (func (export "_start")
        (drop (call $spawn (i32.const 0)))
        ;; A minute on the monotonic clock.
        (i32.store (i32.const 144) (i32.const 1))
        (i64.store (i32.const 152) (i64.const 60000000000))
        (drop (call $poll (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 512)))))"#;
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::<Arc<Mutex<Wasi>>>::new(&engine);
    wasi::add_locked_to_linker(&mut linker, |wasi| wasi).unwrap();
    let stdout = BytesOutput::default();
    let wasi = Arc::new(Mutex::new(WasiBuilder::new().stdout(Box::new(stdout.clone())).build().unwrap()));
    let start = std::time::Instant::now();
    let group = ThreadGroup::new(linker, &module, move || Arc::clone(&wasi)).unwrap();
    let error = group.run().unwrap_err();
    assert_eq!((error.i32_exit_status(), stdout.bytes()), (Some(7), b"!".to_vec()));
    assert!(start.elapsed() < std::time::Duration::from_secs(40), "the other thread waited for the clock");
}

/// Threads that wait on streams of the host: one for input that never comes, one for room in a pipe that nobody reads. The main
/// thread then makes two thousand calls, which is more than it could if each came after a pause of theirs.
#[cfg(unix)]
#[test]
fn threads_that_wait_for_streams_leave_the_context_to_others() {
    use std::os::fd::OwnedFd;
    use whimbrel::wasi::wasi_lite::host::{HostInput, HostOutput};
    let text = r#"(module
      (import "env" "memory" (memory 4 4 shared))
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (export "memory" (memory 0))
      ;; At 16 a buffer of one byte, at 24 one of 100,000 bytes.
      (data (i32.const 16) "\40\00\00\00\01\00\00\00\40\01\00\00\a0\86\01\00")
      (data (i32.const 64) "!")
      (func (export "wasi_thread_start") (param i32) (param $writes i32)
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (if (local.get $writes)
          (then (loop $l (drop (call $write (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 40))) (br $l)))
          (else (drop (call $read (i32.const 0) (i32.const 24) (i32.const 1) (i32.const 44)))))
        ;; Not before the streams end.
        (call $exit (i32.const 1)))
      (func (export "_start") (local $n i32)
        (drop (call $spawn (i32.const 0)))
        (drop (call $spawn (i32.const 1)))
        (loop $l (br_if $l (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.const 2))))
        (loop $l
          (drop (call $write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 32)))
          (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 2000))))
        (call $exit (i32.const 7))))"#;
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::<Arc<Mutex<Wasi>>>::new(&engine);
    wasi::add_locked_to_linker(&mut linker, |wasi| wasi).unwrap();
    // The other ends stay open, and unused.
    let (input, _writer) = std::io::pipe().unwrap();
    let (_reader, output) = std::io::pipe().unwrap();
    let stderr = BytesOutput::default();
    let builder = WasiBuilder::new()
        .stdin(Box::new(HostInput::from(OwnedFd::from(input))))
        .stdout(Box::new(HostOutput::from(OwnedFd::from(output))))
        .stderr(Box::new(stderr.clone()));
    let wasi = Arc::new(Mutex::new(builder.build().unwrap()));
    let start = std::time::Instant::now();
    let error = ThreadGroup::new(linker, &module, move || Arc::clone(&wasi)).unwrap().run().unwrap_err();
    assert_eq!((error.i32_exit_status(), stderr.bytes().len()), (Some(7), 2000));
    assert!(start.elapsed() < std::time::Duration::from_secs(40), "the main thread waited for the others");
}

#[test]
fn threads_share_the_memory_and_have_globals_of_their_own() {
    let (result, output) = run(&program(
        r#"(loop $l
             (if (i32.ne (call $spawn (i32.add (local.get $n) (i32.const 100))) (i32.add (local.get $n) (i32.const 1)))
               (then (unreachable)))
             (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5))))
           (loop $l
             (local.set $n (i32.atomic.load (i32.const 0)))
             (if (i32.ne (local.get $n) (i32.const 5)) (then
               (drop (memory.atomic.wait32 (i32.const 0) (local.get $n) (i64.const -1)))
               (br $l))))
           ;; The sums of ids and of arguments, and that this thread's global is its own.
           (if (i32.ne (i32.atomic.load (i32.const 4)) (i32.const 15)) (then (unreachable)))
           (if (i32.ne (i32.atomic.load (i32.const 8)) (i32.const 510)) (then (unreachable)))
           (if (global.get $id) (then (unreachable)))
           (i32.store8 (i32.const 64) (i32.const 0x21))
           (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))"#,
        r#"(if (global.get $id) (then (unreachable)))
           (global.set $id (local.get $tid))
           (drop (i32.atomic.rmw.add (i32.const 4) (local.get $tid)))
           (drop (i32.atomic.rmw.add (i32.const 8) (local.get $argument)))
           (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
           (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))"#,
    ));
    result.unwrap();
    assert_eq!(output, b"!");
}

#[test]
fn an_exit_in_a_thread_ends_the_program() {
    let (result, _) =
        run(&program("(drop (call $spawn (i32.const 7))) (call $forever)", "(call $exit (local.get $argument))"));
    assert_eq!(result.unwrap_err().i32_exit_status(), Some(7));
}

#[test]
fn a_trap_in_a_thread_ends_the_program() {
    let (result, _) = run(&program("(drop (call $spawn (i32.const 7))) (loop $l (br $l))", "(unreachable)"));
    assert_eq!(result.unwrap_err().as_trap(), Some(Trap::Unreachable));
}

#[test]
fn the_end_of_the_main_thread_ends_the_others() {
    let main = "(drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 1)))";
    let (result, _) = run(&program(main, "(if (local.get $argument) (then (call $forever)) (else (loop $l (br $l))))"));
    result.unwrap();
}
