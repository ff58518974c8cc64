//! `whimbrel validate`.

use crate::session::{HELLO, Session, assert_transcript};

#[test]
fn a_line_for_each_file() {
    assert_transcript!(
        Session::new()
            .file("good.wat", "(module (func (export \"f\") (result i32) i32.const 1))")
            .file("bad.wat", "(module (func $sum (param f64) (result i32) (i32.add (i32.const 1) (local.get 0))))")
            .file("hello.wasm", HELLO)
            .file("cut.wasm", &HELLO[..1000])
            .file("component.wasm", b"\0asm\x0d\0\x01\0")
            .run("validate hello.wasm good.wat")
            .run("validate hello.wasm bad.wat cut.wasm component.wasm good.wat")
            .run("validate --quiet hello.wasm bad.wat")
    );
}

#[test]
fn files_that_cannot_be_read() {
    assert_transcript!(
        Session::new()
            .file("hello.wasm", HELLO)
            .file("dir/file", "")
            .run("validate missing.wasm hello.wasm")
            .run("validate dir")
    );
}

#[test]
fn standard_input() {
    assert_transcript!(
        Session::new().run_with_input("validate -", HELLO).run_with_input("validate -", b"(module (func unknown))")
    );
}
