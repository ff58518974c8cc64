//! What `whimbrel run` lets a guest use up, and what the engine is asked for.

use crate::session::{Session, assert_transcript};

const GUEST: &str = r#"
(module
  (memory (export "memory") 1)
  (func (export "spin") (loop (br 0)))
  (func $deep (export "deep") (call $deep))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "vector") (result v128) (v128.const i64x2 1 2)))
"#;

#[test]
fn fuel_time_memory_and_stack() {
    assert_transcript!(
        Session::new()
            .file("guest.wat", GUEST)
            .run("run --fuel 100 --invoke spin guest.wat")
            .run("run --timeout 50ms --invoke spin guest.wat")
            .run("run --max-memory 128KiB --invoke grow guest.wat 1")
            .run("run --max-memory 128KiB --invoke grow guest.wat 2")
            .run("run --max-memory 1k guest.wat")
            .run("run --max-stack 1KiB --invoke deep guest.wat")
            .run("run --timeout soon guest.wat")
            .run("run --max-memory 7apples guest.wat")
    );
}

#[test]
fn features_and_engines() {
    assert_transcript!(
        Session::new()
            .file("guest.wat", GUEST)
            .run("run --eager --invoke vector guest.wat")
            .run("run --features -simd --invoke vector guest.wat")
            .run("run --features +warp --invoke vector guest.wat")
            .run("run --backend jit --invoke vector guest.wat")
            .run("validate --features v1 guest.wat")
    );
}

#[test]
fn a_backend_is_there_or_is_missed() {
    let other = if whimbrel::BACKEND == "loop" { "tail" } else { "loop" };
    let session = Session::new().file("guest.wat", GUEST);
    let run = |backend: &str| {
        let line = format!("run --backend {backend} --invoke vector guest.wat");
        crate::session::execute(session.path(), &line, b"").status.code()
    };
    assert_eq!((run(whimbrel::BACKEND), run(other)), (Some(0), Some(2)));
}

#[test]
fn modules_for_others_to_import() {
    let library = r#"(module (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;
    let main = r#"
        (module
          (import "lib" "double" (func $double (param i32) (result i32)))
          (func (export "quadruple") (param i32) (result i32) (call $double (call $double (local.get 0)))))"#;
    assert_transcript!(
        Session::new()
            .file("lib.wat", library)
            .file("main.wat", main)
            .run("run --preload lib=lib.wat --invoke quadruple main.wat 10")
            .run("run --invoke quadruple main.wat 10")
            .run("run --preload lib --invoke quadruple main.wat 10")
            .run("run --preload lib=missing.wat --invoke quadruple main.wat 10")
    );
}

/// What a guest learns of time and chance: the low bits of the clock, and four random bytes.
const CHANCE: &str = r#"
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "time") (result i64)
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0))) (i64.load (i32.const 0)))
  (func (export "random") (result i64)
    (drop (call $random (i32.const 0) (i32.const 8))) (i64.load (i32.const 0))))
"#;

#[test]
fn runs_can_be_repeatable() {
    let session = Session::new().file("chance.wat", CHANCE);
    for export in ["time", "random"] {
        let run = |flag: &str| {
            crate::session::execute(session.path(), &format!("run {flag} --invoke {export} chance.wat"), b"").stdout
        };
        assert_eq!(run("--deterministic"), run("--deterministic"), "{export} is the same in every run");
        assert_ne!(run("--env A=1"), run("--env A=1"), "{export} differs without the flag");
    }
}

#[cfg(unix)]
#[test]
fn an_interruption_from_the_keyboard_ends_the_guest() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let session = Session::new().file("guest.wat", GUEST);
    let mut child = Command::new(env!("CARGO_BIN_EXE_whimbrel"))
        .args(["run", "--trace", "--invoke", "spin", "guest.wat"])
        .current_dir(session.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stderr = child.stderr.take().expect("standard error is piped");
    // The trace says that the guest runs.
    let mut first = [0; 4];
    stderr.read_exact(&mut first).expect("the call is traced");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("messages are UTF-8");
    assert_eq!(child.wait().expect("the program ends").code(), Some(130), "{rest}");
    assert!(rest.contains("error: interrupted"), "{rest}");
}
