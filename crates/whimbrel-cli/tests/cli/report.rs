//! What `whimbrel run` reports of a guest, and `whimbrel bench`.

use crate::session::{HELLO, Session, assert_transcript, execute};

const FIB: &str = r#"
(module
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $half (export "half") (param f64 i64 v128 externref) (result i32) (call $fib (i32.const 1))))
"#;

#[test]
fn a_trace_of_calls() {
    assert_transcript!(
        Session::new()
            .file("fib.wat", FIB)
            .run("run --trace --invoke fib fib.wat 3")
            .run("run --trace --invoke half fib.wat 0.5 -1 7 null")
    );
}

#[test]
fn statistics_count_what_was_executed() {
    let session = Session::new().file("fib.wat", FIB);
    let output = execute(session.path(), "run --stats --invoke fib fib.wat 10", b"");
    let report = String::from_utf8(output.stderr).expect("reports are UTF-8");
    let number = |name: &str| {
        let line = report.lines().find_map(|line| line.trim_start().strip_prefix(name));
        let word = line.and_then(|line| line.split_whitespace().next()).map(|word| word.replace(',', ""));
        word.and_then(|word| word.parse::<u64>().ok()).unwrap_or_else(|| panic!("{name} in {report}"))
    };
    // fib(10) calls itself 177 times in all.
    assert_eq!(number("calls"), 177);
    assert!(number("operators") > 177 * 3 && number("dispatches") <= number("operators"), "{report}");
    for name in ["load", "validate", "translate", "run", "guest", "collections"] {
        assert!(report.contains(name), "{name} in {report}");
    }
    assert_eq!(output.stdout, b"55\n", "the result is apart from the report");
}

#[cfg(feature = "profile")]
#[test]
fn a_flame_graph_names_functions() {
    let session = Session::new().file("fib.wat", FIB);
    let output = execute(session.path(), "run --profile out.svg --invoke fib fib.wat 20", b"");
    assert!(output.status.success(), "{output:?}");
    let svg = std::fs::read_to_string(session.path().join("out.svg")).expect("the graph was written");
    assert!(svg.contains("<svg") && svg.contains("fib (") && svg.contains("instructions"), "{svg}");
}

#[test]
fn long_backtraces_can_be_shown_whole() {
    let deep = r#"
        (module
          (func $down (export "down") (param i32)
            (if (i32.eqz (local.get 0)) (then unreachable))
            (call $down (i32.sub (local.get 0) (i32.const 1)))))"#;
    let session = Session::new().file("deep.wat", deep);
    let lines = |flag: &str| {
        let output = execute(session.path(), &format!("run {flag} --invoke down deep.wat 40"), b"");
        String::from_utf8_lossy(&output.stderr).lines().count()
    };
    assert_eq!((lines("--eager"), lines("--backtrace")), (27, 42));
}

#[test]
fn a_benchmark_has_a_line_for_each_stage() {
    let session = Session::new().file("hello.wasm", HELLO).file("fib.wat", FIB);
    for line in ["bench --runs 2 hello.wasm", "bench --runs 2 --invoke fib fib.wat 10"] {
        let output = execute(session.path(), line, b"");
        let report = String::from_utf8(output.stdout).expect("reports are UTF-8");
        let runs: Vec<_> =
            report.lines().filter(|line| line.contains(" 2 ")).filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(runs, ["validate", "translate", "run"], "{report}");
        assert!(!report.contains("Hello"), "what the guest prints is thrown away");
    }
}
