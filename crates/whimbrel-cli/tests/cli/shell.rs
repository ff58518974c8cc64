//! Completions, manual pages, JSON and the REPL.

use crate::session::{Session, assert_transcript, execute};

#[test]
fn every_command_is_completed_and_has_a_page() {
    let session = Session::new();
    let output = |line: &str| String::from_utf8(execute(session.path(), line, b"").stdout).expect("text is UTF-8");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = output(&format!("completions {shell}"));
        assert!(script.contains("validate") && script.contains("max-memory"), "{shell}: {script}");
    }
    assert!(output("man").contains(".TH whimbrel 1"));
    assert!(output("man run").contains(r"\-\-max\-memory"));
}

#[test]
fn pages_and_shells_that_do_not_exist() {
    assert_transcript!(Session::new().run("man bogus").run("completions tcsh"));
}

#[test]
fn a_report_for_programs() {
    let module = r#"
        (module $m
          (import "env" "log" (func (param i32)))
          (memory (export "memory") 1 2)
          (func (export "f") (result i64) (i64.extend8_s (i64.const 1))))"#;
    let session = Session::new().file("m.wat", module).run("inspect --json m.wat");
    assert_transcript!(session);
}

#[cfg(feature = "repl")]
#[test]
fn lines_typed_at_a_module() {
    let module = r#"
        (module
          (memory (export "memory") 1) (data (i32.const 16) "hello, wasm")
          (global (export "count") (mut i32) (i32.const 7))
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "crash") unreachable))"#;
    let input = "exports\nadd(40, 2)\nadd 1 2\nadd(1)\ncount\ncount = 8\ncount\nmemory 16 32\nmemory 0x20000\n\
                 crash\nbogus\nreset\ncount\nload other.wat\nanswer\nhelp\nquit\nexports\n";
    let other = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;
    let session = Session::new().file("m.wat", module).file("other.wat", other);
    assert_transcript!(session.run_with_input("repl m.wat", input.as_bytes()).run_with_input("repl", b"exports\n"));
}
