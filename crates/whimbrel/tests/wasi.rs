//! WASI through a linker.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use whimbrel::wasi::{self, BytesOutput, Wasi, WasiBuilder};
use whimbrel::{Engine, I32Exit, Linker, Module, Result, Store};

fn run(text: &str) -> (Result<()>, Vec<u8>) {
    let engine = Engine::default();
    let mut linker = Linker::<Wasi>::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi| wasi).unwrap();
    let stdout = BytesOutput::default();
    let wasi = WasiBuilder::new().arg("prog").stdout(Box::new(stdout.clone())).deterministic(1).build().unwrap();
    let mut store = Store::new(&engine, wasi);
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    (start.call(&mut store, ()), stdout.bytes())
}

#[test]
fn programs_write_and_exit() {
    let (result, output) = run(r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\06\00\00\00") (data (i32.const 16) "hello\0a")
        (func (export "_start")
            (call $exit (i32.add (i32.const 40)
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))"#);
    assert_eq!(output, b"hello\n");
    let error = result.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&I32Exit(40)));
    assert_eq!(error.i32_exit_status(), Some(40));
}

#[test]
fn a_program_without_memory_gets_an_errno() {
    let (result, _) = run(r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (call $sizes (i32.const 0) (i32.const 4)))))"#);
    // `efault`
    assert_eq!(result.unwrap_err().i32_exit_status(), Some(21));
}
