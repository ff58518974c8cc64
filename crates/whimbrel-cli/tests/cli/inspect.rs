//! `whimbrel inspect`.

use crate::session::{HELLO, Session, assert_transcript};

#[test]
fn a_program_built_from_c() {
    assert_transcript!(Session::new().file("hello.wasm", HELLO).run("inspect hello.wasm"));
}

const EVERYTHING: &str = r#"
(module $zoo
  (@producers (language "C" "17") (processed-by "one" "1.2") (processed-by "two" ""))
  (type $point (sub (struct (field i32) (field (mut f64)))))
  (type $bytes (array (mut i8)))
  (import "env" "log" (func $log (param i32 i64)))
  (import "env" "counter" (global $counter (mut i32)))
  (import "js" "tag" (tag $tag (param i32)))
  (memory $small 1 2)
  (memory $wide i64 0 65536)
  (table $funcs 2 4 funcref)
  (table $things 1 externref)
  (global $pi f64 (f64.const 3.14))
  (global $sum (export "sum") (mut i32) (i32.add (i32.const 1) (i32.const 2)))
  (export "run" (func $run))
  (export "memory" (memory $small))
  (export "table" (table $funcs))
  (start $setup)
  (func $setup (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)))
  (func $run (param $x i32) (result i32 v128)
    (drop (struct.new $point (i32.const 1) (f64.const 2)))
    (drop (array.new_default $bytes (i32.const 3)))
    (drop (i8x16.add (v128.const i64x2 0 0) (v128.const i64x2 0 0)))
    (i32.extend8_s (local.get $x))
    (return_call $two))
  (func $two (result i32 v128) (i32.const 1) (v128.const i64x2 1 2))
  (data (memory $small) (i32.const 0) "hello")
  (data "passive")
  (elem declare func $run))
"#;

#[test]
fn a_module_with_a_little_of_everything() {
    assert_transcript!(Session::new().file("zoo.wat", EVERYTHING).run("inspect zoo.wat"));
}

#[test]
fn standard_input_and_a_module_of_nothing() {
    assert_transcript!(Session::new().run_with_input("inspect -", b"\0asm\x01\0\0\0"));
}

#[test]
fn long_lists_are_shortened_unless_asked() {
    let funcs: String = (0..40).map(|i| format!("(func (export \"f{i}\"))")).collect();
    let module = format!("(module {funcs})");
    assert_transcript!(Session::new().file("many.wat", module).run("inspect many.wat").run("inspect --all many.wat"));
}

#[test]
fn names_cannot_steer_the_terminal() {
    let module = r#"(module (import "a\1b[2J" "b\0d" (func $"\1b[31mred")) (func (export "c\n\e2\80\ae")))"#;
    assert_transcript!(Session::new().file("evil.wat", module).run("inspect evil.wat"));
}

#[test]
fn files_that_are_no_modules() {
    assert_transcript!(
        Session::new()
            .file("cut.wasm", &HELLO[..1000])
            .file("header.wasm", &HELLO[..6])
            .file("empty.wasm", "")
            .file("text.wasm", "#!/bin/sh\n")
            .file("future.wasm", b"\0asm\x02\0\0\0")
            .file("component.wasm", b"\0asm\x0d\0\x01\0")
            .file("typo.wat", "(module\n  (func (result i32)\n    i32.cost 1))")
            .file("latin1.wat", b"(module (; \xE9 ;))")
            .file("dir/file", "")
            .run("inspect missing.wasm")
            .run("inspect cut.wasm")
            .run("inspect header.wasm")
            .run("inspect empty.wasm")
            .run("inspect text.wasm")
            .run("inspect future.wasm")
            .run("inspect component.wasm")
            .run("inspect typo.wat")
            .run("inspect latin1.wat")
            .run("inspect dir")
    );
}
