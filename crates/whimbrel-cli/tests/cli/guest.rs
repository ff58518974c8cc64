//! What `whimbrel run` shows a guest.

use crate::session::{Session, assert_transcript, execute, execute_with};

const WORDCOUNT: &[u8] = include_bytes!("../../../../examples/wordcount/wordcount.wasm");

/// Exits with the number of variables, ten times the number of bytes of the program's name added.
const SIZES: &str = r#"
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $args (i32.const 0) (i32.const 4)))
    (drop (call $environ (i32.const 8) (i32.const 12)))
    (call $exit (i32.add (i32.mul (i32.const 10) (i32.load (i32.const 4))) (i32.load (i32.const 8))))))
"#;

#[test]
fn names_and_variables() {
    assert_transcript!(
        Session::new()
            .file("sizes.wat", SIZES)
            .run("run sizes.wat")
            .run("run --argv0 abc sizes.wat")
            .run("run --env-inherit --argv0 abc sizes.wat")
            .run("run --env-inherit --env COLUMNS=1 --env X=2 --argv0 abc sizes.wat")
    );
}

#[test]
fn inherited_variables_are_those_of_the_program() {
    let session = Session::new().file("sizes.wat", SIZES);
    let code = |env: &[(&str, &str)]| {
        execute_with(session.path(), "run --env-inherit --argv0 a sizes.wat", b"", env).status.code()
    };
    assert_eq!(code(&[("A", "1")]), code(&[]).map(|code| code + 1));
}

/// Makes the directory `d` in its first directory; exits with the error.
const MKDIR: &str = r#"
(module
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "d")
  (func (export "_start") (call $exit (call $mkdir (i32.const 3) (i32.const 0) (i32.const 1)))))
"#;

#[test]
fn directories_to_read_only_and_in_memory() {
    let session = Session::new()
        .file("mkdir.wat", MKDIR)
        .file("wordcount.wasm", WORDCOUNT)
        .file("texts/a.txt", "one two\n")
        .run("run --dir texts::/:ro mkdir.wat")
        .run("run --dir texts:ro wordcount.wasm texts")
        .run("run --mem-fs mkdir.wat")
        .run("run --dir texts::/ mkdir.wat");
    assert!(session.path().join("texts/d").is_dir(), "the host's directory can be changed when it may");
    assert_transcript!(session);
}

/// Exits with the kind of descriptor 3.
const KIND: &str = r#"
(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $stat (i32.const 3) (i32.const 0)))
    (call $exit (i32.load8_u (i32.const 0)))))
"#;

#[test]
fn a_listening_socket() {
    let session = Session::new().file("kind.wat", KIND);
    let code = |line: &str| execute(session.path(), line, b"").status.code();
    // 6 is a stream socket.
    assert_eq!(code("run --tcplisten 127.0.0.1:0 kind.wat"), Some(6));
    assert_eq!(code("run kind.wat"), Some(0));
    assert_eq!(code("run --tcplisten nowhere kind.wat"), Some(2));
}
