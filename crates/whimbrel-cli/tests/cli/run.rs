//! `whimbrel run`.

use crate::session::{HELLO, Session, assert_transcript, execute};

const WORDCOUNT: &[u8] = include_bytes!("../../../../examples/wordcount/wordcount.wasm");

const MATH: &str = r#"
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "neg") (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))
  (func (export "half") (param f32) (result f32) (f32.div (local.get 0) (f32.const 2)))
  (func (export "both") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
  (func (export "same") (param f64) (result f64) (local.get 0))
  (func (export "ref") (param externref) (result externref) (local.get 0))
  (func (export "nothing"))
  (memory (export "memory") 1))
"#;

#[test]
fn a_program_gets_everything_after_its_name() {
    assert_transcript!(
        Session::new()
            .file("hello.wasm", HELLO)
            .file("-odd.wasm", HELLO)
            .run("run hello.wasm")
            .run("run hello.wasm reader")
            .run("run hello.wasm --help")
            .run("run hello.wasm --")
            .run("run -- -odd.wasm --dir")
            .run_with_input("run - reader", HELLO)
    );
}

/// Exits with the number of its arguments, its own name counted, plus ten times the number of its variables.
const COUNT: &str = r#"
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $args (i32.const 0) (i32.const 4)))
    (drop (call $environ (i32.const 8) (i32.const 12)))
    (call $exit (i32.add (i32.load (i32.const 0)) (i32.mul (i32.const 10) (i32.load (i32.const 8)))))))
"#;

#[test]
fn arguments_variables_and_the_exit_code() {
    assert_transcript!(
        Session::new()
            .file("count.wat", COUNT)
            .run("run count.wat")
            .run("run count.wat a b c")
            .run("run --env A=1 --env B= --env COLUMNS count.wat")
            .run("run --env MISSING count.wat")
            .run("run --env =1 count.wat")
    );
}

#[test]
fn directories() {
    let session = Session::new()
        .file("wordcount.wasm", WORDCOUNT)
        .file("texts/a.txt", "one two\nthree\n")
        .file("secret.txt", "nobody reads this\n");
    assert_transcript!(
        session
            .run("run --dir texts::/data wordcount.wasm /data")
            .run("run --dir texts wordcount.wasm texts")
            .run("run wordcount.wasm /data")
            .run("run --dir texts::/data wordcount.wasm /data/../secret.txt")
            .run("run --dir missing wordcount.wasm missing")
            .run("run --dir secret.txt wordcount.wasm secret.txt")
    );
}

#[test]
fn functions_called_by_name() {
    assert_transcript!(
        Session::new()
            .file("math.wat", MATH)
            .run("run --invoke add math.wat 40 2")
            .run("run --invoke add math.wat -1 0xffffffff")
            .run("run --invoke neg math.wat -9223372036854775808")
            .run("run --invoke half math.wat 0.1")
            .run("run --invoke both math.wat 7 -1e300")
            .run("run --invoke same math.wat nan")
            .run("run --invoke same math.wat -nan:0x4000000000001")
            .run("run --invoke same math.wat -inf")
            .run("run --invoke ref math.wat null")
            .run("run --invoke nothing math.wat")
    );
}

#[test]
fn arguments_that_do_not_fit() {
    assert_transcript!(
        Session::new()
            .file("math.wat", MATH)
            .run("run --invoke add math.wat 1")
            .run("run --invoke add math.wat 1 2 3")
            .run("run --invoke nothing math.wat 1")
            .run("run --invoke add math.wat 1 two")
            .run("run --invoke add math.wat 1 4294967296")
            .run("run --invoke half math.wat 0x10")
            .run("run --invoke ref math.wat 1")
    );
}

#[test]
fn functions_that_do_not_exist() {
    assert_transcript!(
        Session::new()
            .file("math.wat", MATH)
            .file("empty.wat", "(module)")
            .run("run --invoke sub math.wat 1 2")
            .run("run --invoke memory math.wat")
            .run("run --invoke f empty.wat")
            .run("run math.wat")
            .run("run empty.wat")
    );
}

#[test]
fn a_module_with_a_start_function_or_an_initialiser_is_run_by_them() {
    let start = r#"
        (module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func $start (call $exit (i32.const 3)))
          (start $start))"#;
    let library = r#"
        (module
          (global $ready (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $ready (i32.const 42)))
          (func (export "ready") (result i32) (global.get $ready)))"#;
    assert_transcript!(
        Session::new()
            .file("start.wat", start)
            .file("library.wat", library)
            .run("run start.wat")
            .run("run library.wat")
            .run("run --invoke ready library.wat")
    );
}

const TRAPS: &str = r#"
(module
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $middle (result i32) (call $divide (i32.const 1) (i32.const 0)))
  (func (export "_start") (drop (call $middle)))
  (func (export "forever") (call 3))
  (func (export "outside") (drop (i32.load (i32.const 65536))))
  (memory 1))
"#;

/// Made from `lines.c` beside it, with DWARF sections.
#[cfg(feature = "dwarf")]
#[test]
fn traps_show_lines_of_source() {
    assert_transcript!(
        Session::new()
            .file("lines.wasm", include_bytes!("lines.wasm"))
            .run("run --backtrace --invoke divide lines.wasm 42")
            .run("run --invoke divide lines.wasm 42")
    );
}

#[test]
fn traps_show_where_they_happened() {
    assert_transcript!(
        Session::new()
            .file("traps.wat", TRAPS)
            .run("run traps.wat")
            .run("run --invoke outside traps.wat")
            .run("run --invoke forever traps.wat")
    );
}

#[test]
fn names_of_rust_functions_are_readable() {
    let module = r#"(module (func $_ZN4core6option13unwrap_failed17h7c5ab1b4d2d1a3e0E (export "f") unreachable))"#;
    assert_transcript!(
        Session::new()
            .file("rust.wat", module)
            .run("run --invoke f rust.wat")
            .run("ir rust.wat core::option::unwrap_failed")
    );
}

#[test]
fn imports_that_nothing_provides() {
    let module = r#"
        (module
          (import "env" "answer" (func $answer (result i32)))
          (import "env" "log" (func (param i32)))
          (func (export "seven") (result i32) (i32.const 7))
          (func (export "ask") (result i32) (call $answer)))"#;
    let wrong_type = r#"(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64))))"#;
    assert_transcript!(
        Session::new()
            .file("env.wat", module)
            .file("wrong.wat", wrong_type)
            .run("run --invoke seven env.wat")
            .run("run --unknown-imports trap --invoke seven env.wat")
            .run("run --unknown-imports trap --invoke ask env.wat")
            .run("run --unknown-imports default --invoke ask env.wat")
            .run("run wrong.wat")
    );
}

#[test]
fn files_that_are_no_modules() {
    assert_transcript!(
        Session::new()
            .file("cut.wasm", &HELLO[..1000])
            .file("empty.wasm", "")
            .file("text.wasm", "#!/bin/sh\n")
            .file("component.wasm", b"\0asm\x0d\0\x01\0")
            .file("invalid.wat", "(module (func (export \"_start\") (i32.add (i32.const 1) (f32.const 2)) drop))")
            .file("dir/file", "")
            .run("run missing.wasm")
            .run("run cut.wasm")
            .run("run empty.wasm")
            .run("run text.wasm")
            .run("run component.wasm")
            .run("run invalid.wat")
            .run("run dir")
    );
}

#[test]
fn standard_input_reaches_the_guest() {
    let cat = r#"
        (module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 64))
            (loop $more
              (i32.store (i32.const 4) (i32.const 1024))
              (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
              (i32.store (i32.const 4) (i32.load (i32.const 8)))
              (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
              (br_if $more (i32.load (i32.const 8))))))"#;
    let session = Session::new().file("cat.wat", cat);
    let input: String = (0..2000).map(|i| format!("line {i}\n")).collect();
    let output = execute(session.path(), "run cat.wat", input.as_bytes());
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout == input.as_bytes(), "the guest copies its input byte by byte");
}
