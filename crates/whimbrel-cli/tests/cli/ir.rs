//! `whimbrel ir`.

use crate::session::{Session, assert_transcript};

const MODULE: &str = r#"
(module
  (import "env" "log" (func $log (param i32)))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "twice") (param $x i32) (result i32)
    (call $log (local.get $x))
    (call $double (call $double (local.get $x)))))
"#;

#[test]
fn functions_by_index_export_and_name() {
    assert_transcript!(
        Session::new()
            .file("m.wat", MODULE)
            .run("ir m.wat")
            .run("ir m.wat 1")
            .run("ir m.wat twice")
            .run("ir m.wat double")
            .run("ir --plain m.wat double")
    );
}

#[test]
fn functions_that_have_no_code() {
    assert_transcript!(
        Session::new()
            .file("m.wat", MODULE)
            .file("bad.wat", "(module (func (result i32)))")
            .run("ir m.wat log")
            .run("ir m.wat 3")
            .run("ir m.wat thrice")
            .run("ir bad.wat")
            .run("ir missing.wat")
    );
}
