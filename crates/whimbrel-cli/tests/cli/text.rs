//! `whimbrel wat`, `disasm`, `ir --html` and `wast`.

use crate::session::{HELLO, Session, assert_transcript, execute};

const MODULE: &str = r#"
(module
  (type $node (sub (struct (field (mut i32)) (field (ref null 0)))))
  (rec (type $a (func (param (ref $b)))) (type $b (struct (field i8))))
  (import "env" "log" (func $log (param i32 f64)))
  (memory i64 1 2)
  (table $t 3 funcref)
  (tag $oops (param i32))
  (global $pi (mut f64) (f64.const 3.25))
  (export "go" (func $go))
  (func $go (param i32) (result i32) (local i64 f32)
    (block $out (result i32)
      (try_table (result i32) (catch $oops 0)
        (if (result i32) (local.get 0)
          (then (i32.load offset=8 align=1 (i64.const 16)))
          (else (throw $oops (i32.const -1))))))
    (drop (f32.const nan:0x200000))
    (drop (f64.const -inf))
    (drop (v128.const i32x4 1 2 3 4))
    (drop (i8x16.extract_lane_s 3 (v128.const i64x2 0 0)))
    (drop (ref.test (ref null $node) (struct.new $node (i32.const 1) (ref.null $node))))
    (call_indirect $t (param i32) (result i32) (i32.const 0))
    (br_table 0 0 (i32.const 1)))
  (elem (i32.const 1) $go $log)
  (elem declare func $go)
  (data (i64.const 8) "a\00\"\ff"))
"#;

#[test]
fn a_module_as_text() {
    assert_transcript!(Session::new().file("m.wat", MODULE).run("wat m.wat"));
}

#[test]
fn text_is_the_same_module_again() {
    let session = Session::new().file("m.wat", MODULE).file("hello.wasm", HELLO);
    for file in ["m.wat", "hello.wasm"] {
        let first = execute(session.path(), &format!("wat {file}"), b"").stdout;
        let second = execute(session.path(), "wat -", &first);
        assert!(second.status.success(), "{second:?}");
        assert!(
            String::from_utf8_lossy(&first)
                .lines()
                .filter(|line| !line.contains("custom section"))
                .eq(String::from_utf8_lossy(&second.stdout).lines().filter(|line| !line.contains("custom section"))),
            "{file}"
        );
    }
}

#[test]
fn instructions_with_their_bytes() {
    assert_transcript!(
        Session::new()
            .file("m.wat", MODULE)
            .run("disasm m.wat go")
            .run("disasm m.wat log")
            .run("disasm m.wat nothing")
            .run_with_input("disasm -", b"\0asm\x01\0\0\0\x0a\x05\x01\x03\0\xff\x0b")
    );
}

#[test]
fn the_page_holds_every_function() {
    let session =
        Session::new().file("m.wat", "(module (func $f<b> (param i32) (loop (br_if 0 (local.get 0)))) (func $g))");
    let page = execute(session.path(), "ir --html m.wat", b"");
    let page = String::from_utf8(page.stdout).expect("pages are UTF-8");
    assert_eq!(page.matches("<details").count(), 2);
    assert!(page.contains("f&lt;b&gt;") && !page.contains("f<b>"), "names cannot break the page");
    assert!(page.trim_end().ends_with("</html>"));
}

#[test]
fn scripts() {
    let script = r#"
(module (func (export "one") (result i32) (i32.const 1)) (func (export "no") unreachable))
(assert_return (invoke "one") (i32.const 1))
(assert_trap (invoke "no") "unreachable")
(assert_return (invoke "one") (i32.const 2))
"#;
    assert_transcript!(
        Session::new()
            .file("good.wast", script.replace("(i32.const 2)", "(i32.const 1)"))
            .file("bad.wast", script)
            .file("broken.wast", "(assert_return")
            .run("wast good.wast")
            .run("wast good.wast bad.wast")
            .run("wast broken.wast")
            .run("wast missing.wast")
    );
}
