//! The runner passes what is right and fails what is wrong, for every kind of directive.
#![allow(clippy::unwrap_used)]

use wasm_syntax::Features;
use whimbrel_wast::report::{FileReport, Verdict};
use whimbrel_wast::run::{self, Options};
use whimbrel_wast::script;

fn run(text: &str) -> FileReport {
    run::run("test.wast", &script::parse(text).unwrap(), Options::new(Features::ALL))
}

/// The lines of the directives that failed.
fn failed_lines(report: &FileReport) -> Vec<usize> {
    let failed = report.remarks.iter().filter(|remark| matches!(remark.verdict, Verdict::Failed { .. }));
    failed.map(|remark| remark.line).collect()
}

const MODULE: &str = r#"(module $M
  (global (export "g") i32 (i32.const 7))
  (memory 1)
  (func (export "id") (param i32) (result i32) (local.get 0))
  (func (export "nan") (result f32) (f32.const nan:0x200000))
  (func (export "null") (result externref) (ref.null extern))
  (func (export "ref") (param externref) (result externref) (local.get 0))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "lanes") (result v128) (v128.const f32x4 1 nan 2 nan:0x200000))
  (func (export "div") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
  (func $deep (export "deep") (call $deep)))
"#;

#[test]
fn right_directives_pass() {
    let report = run(&format!(
        r#"{MODULE}
        (register "M" $M)
        (module (import "M" "g" (global i32)) (import "spectest" "print_i32" (func (param i32))))
        (assert_return (invoke $M "id" (i32.const 3)) (i32.const 3))
        (assert_return (invoke $M "id" (i32.const 3)) (either (i32.const 4) (i32.const 3)))
        (assert_return (get $M "g") (i32.const 7))
        (assert_return (invoke $M "null") (ref.null extern))
        (assert_return (invoke $M "ref" (ref.extern 5)) (ref.extern 5))
        (assert_return (invoke $M "two") (i32.const 1) (i64.const 2))
        (assert_return (invoke $M "lanes") (v128.const f32x4 1 nan:canonical 2 nan:0x200000))
        (invoke $M "two")
        (assert_trap (invoke $M "div") "integer divide by zero")
        (assert_exhaustion (invoke $M "deep") "call stack exhausted")
        (assert_malformed (module binary "\00asm\01\00\00\00\01") "unexpected end")
        (assert_malformed (module quote "(func (i32.cons 1))") "unknown operator")
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_unlinkable (module (import "M" "none" (func))) "unknown import")
        (assert_unlinkable (module (import "M" "id" (func))) "incompatible import type")
        (assert_trap (module (func $f (unreachable)) (start $f)) "unreachable")
        (module definition $D (global (export "d") (mut i32) (i32.const 1)))
        (module instance $I1 $D)
        (assert_return (get $I1 "d") (i32.const 1))"#
    ));
    assert_eq!(report.remarks.iter().map(|remark| (remark.line, &remark.verdict)).collect::<Vec<_>>(), []);
    assert_eq!(report.passed, 22);
}

#[test]
fn wrong_directives_fail() {
    let wrong = [
        r#"(assert_return (invoke $M "id" (i32.const 3)) (i32.const 4))"#,
        r#"(assert_return (invoke $M "id" (i32.const 3)) (i64.const 3))"#,
        r#"(assert_return (invoke $M "id" (i32.const 3)))"#,
        r#"(assert_return (invoke $M "id" (i32.const 3)) (either (i32.const 4) (i32.const 5)))"#,
        r#"(assert_return (invoke $M "id"))"#,
        r#"(assert_return (invoke $M "nowhere"))"#,
        r#"(assert_return (invoke $M "nan") (f32.const nan:arithmetic))"#,
        r#"(assert_return (invoke $M "null") (ref.extern))"#,
        r#"(assert_return (invoke $M "ref" (ref.extern 5)) (ref.extern 6))"#,
        r#"(assert_return (invoke $M "two") (i32.const 1))"#,
        r#"(assert_return (invoke $M "lanes") (v128.const f32x4 1 2 nan:canonical nan:0x200000))"#,
        r#"(assert_return (invoke $M "div") (i32.const 0))"#,
        r#"(assert_return (get $M "g") (i32.const 8))"#,
        r#"(invoke $M "div")"#,
        r#"(assert_trap (invoke $M "div") "unreachable")"#,
        r#"(assert_trap (invoke $M "two") "unreachable")"#,
        r#"(assert_exhaustion (invoke $M "two") "call stack exhausted")"#,
        r#"(assert_exhaustion (invoke $M "div") "call stack exhausted")"#,
        r#"(assert_exception (invoke $M "div"))"#,
        r#"(assert_malformed (module binary "\00asm\01\00\00\00") "unexpected end")"#,
        r#"(assert_malformed (module binary "\00asm\01\00\00\00\03\02\01\00\0a\04\01\02\00\0b") "this is invalid")"#,
        r#"(assert_invalid (module) "type mismatch")"#,
        r#"(assert_invalid (module binary "\00asm\01\00\00\00\01") "this is malformed")"#,
        r#"(assert_unlinkable (module) "unknown import")"#,
        r#"(assert_unlinkable (module (import "M" "id" (func))) "unknown import")"#,
        r#"(module (import "M" "none" (func)))"#,
        r#"(assert_return (get "g") (i32.const 1))"#,
        r#"(module binary "\00asm\01\00\00\00\01")"#,
        r#"(module instance $I1 $D)"#,
        r#"(register "N" $N)"#,
    ];
    let text = format!("{MODULE}(register \"M\")\n{}", wrong.join("\n"));
    let first = MODULE.lines().count() + 2;
    assert_eq!(failed_lines(&run(&text)), (first..first + wrong.len()).collect::<Vec<_>>());
}

#[test]
fn what_is_unsupported_is_no_failure() {
    let report = run(r#"(module (func (export "one") (result i32) (i32.const 1)))
        (assert_return (invoke "one") (i32.const 1))
        (assert_return (invoke "one") (i32.const 2))
        (component)
        (assert_return (invoke "one") (i32.const 1))
        (assert_invalid (module (func (result i32) (i64.const 1))) "type mismatch")"#);
    assert_eq!(failed_lines(&report), [3]);
    let unsupported = report.remarks.iter().filter(|remark| matches!(remark.verdict, Verdict::Unsupported(_)));
    assert_eq!(unsupported.map(|remark| remark.line).collect::<Vec<_>>(), [4]);
    assert_eq!(report.passed, 4);
}

#[test]
fn threads_share_memories_and_their_directives_count() {
    let report = run(r#"(module $M (memory (export "m") 1 1 shared))
        (thread $T (shared (module $M))
          (register "mem" $M)
          (module
            (memory (import "mem" "m") 1 1 shared)
            (func (export "run") (result i32)
              (i32.atomic.store (i32.const 0) (i32.const 9))
              (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1))))
          (assert_return (invoke "run") (i32.const 2))
          (assert_return (invoke "run") (i32.const 0)))
        (wait $T)
        (wait $T)
        (module
          (memory (import "mem" "m") 1 1 shared)
          (func (export "get") (result i32) (i32.load (i32.const 0))))
        (assert_return (invoke "get") (i32.const 9))"#);
    assert_eq!(failed_lines(&report), [10, 12]);
    assert_eq!(report.kinds["assert_return"], 3);
}
