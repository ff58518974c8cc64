//! What programs cost: exactly the sum of what their instructions do, whatever the engine makes of them, in every version.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fmt::Write;

use common::module;
use whimbrel::{CompilationMode, Config, Engine, Instance, Store, TypedResumableCall};

/// Programs by name, each with a function `f` from an `i32` to an `i32`.
const PROGRAMS: &[(&str, &str)] = &[
    ("straight", "(i32.add (local.get 0) (i32.const 1))"),
    ("if", "(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.mul (i32.const 2) (i32.const 3))))"),
    ("if without else", "(if (local.get 0) (then (local.set 0 (i32.mul (local.get 0) (i32.const 3))))) (local.get 0)"),
    (
        "branch out of an if",
        "(if (local.get 0) (then (br_if 0 (i32.and (local.get 0) (i32.const 1)))
            (local.set 0 (i32.const 9)) (br_if 0 (i32.and (local.get 0) (i32.const 2))) (local.set 0 (i32.const 8))))
         (local.get 0)",
    ),
    (
        "loop",
        "(loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))) (local.get 1)",
    ),
    (
        "loop with branches",
        "(block (loop (br_if 1 (i32.eqz (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (if (i32.and (local.get 0) (i32.const 1))
                (then (local.set 1 (i32.div_u (local.get 0) (i32.const 3))) (br 1))
                (else (br_if 2 (i32.gt_u (local.get 1) (i32.const 1000)))))
            (br 0))) (local.get 1)",
    ),
    (
        "table of branches",
        "(loop (block (block (block (br_if 2 (i32.eqz (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_table 0 1 2 3 (i32.and (local.get 0) (i32.const 7))))
            (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br 2))
            (local.set 1 (i32.add (local.get 1) (i32.const 10))))
            (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))) (local.get 1)",
    ),
    (
        "table of branches with values",
        "(i32.add (i32.const 5) (block (result i32) (block (result i32)
            (br_table 0 1 2 (i32.mul (local.get 0) (i32.const 7)) (i32.and (local.get 0) (i32.const 3)))) (i32.const 1) (i32.add)))",
    ),
    ("early return", "(if (local.get 0) (then (return (i32.const 4)))) (i32.const 5)"),
    (
        "calls",
        "(if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
            (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1)))
                (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 2)) (i32.const 0)))))",
    ),
    (
        "tail calls",
        "(if (result i32) (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))",
    ),
    (
        "memory",
        "(memory.fill (i32.const 3) (i32.const 1) (i32.mul (local.get 0) (i32.const 1000)))
         (memory.copy (i32.const 70) (i32.const 3) (i32.mul (local.get 0) (i32.const 999)))
         (i32.store (i32.const 8) (i32.load (local.get 0)))
         (i32.add (memory.grow (i32.const 1)) (memory.grow (i32.const 100000)))",
    ),
    (
        "tables",
        "(table.fill (i32.const 0) (ref.null func) (local.get 0)) (table.copy (i32.const 1) (i32.const 0) (local.get 0))
         (table.grow (ref.null func) (local.get 0))",
    ),
    (
        "arrays",
        "(local.set 1 (array.len (array.new $a (i64.const 1) (i32.mul (local.get 0) (i32.const 100)))))
         (array.fill $a (array.new_default $a (i32.const 64)) (i32.const 0) (i64.const 7) (local.get 0))
         (struct.get $s 0 (struct.new $s (local.get 1)))",
    ),
    (
        "exceptions",
        "(loop (block $caught (try_table (catch $e $caught)
                (local.set 1 (i32.add (local.get 1) (i32.const 3)))
                (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e)))))
            (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))) (local.get 1)",
    ),
    (
        "vectors",
        "(i32x4.extract_lane 1 (i32x4.mul (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4)))",
    ),
];

const ARGUMENTS: &[i32] = &[0, 1, 2, 3, 5, 8];

fn text(body: &str) -> String {
    format!(
        r#"(module (type $t (func (param i32) (result i32))) (type $a (array (mut i64))) (type $s (struct (field i32)))
        (memory 2 4) (table 100 funcref) (tag $e) (elem (i32.const 0) $f)
        (func $f (export "f") (type $t) (local i32) {body}))"#
    )
}

fn configs() -> Vec<Config> {
    let mut configs = Vec::new();
    for mode in [CompilationMode::Lazy, CompilationMode::Eager] {
        for (fusion, pinning) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut config = Config::new();
            config.consume_fuel(true).compilation_mode(mode).fusion(fusion).pinning(pinning);
            configs.push(config);
        }
    }
    configs
}

const PLENTY: u64 = 1 << 24;

/// The result and what it cost, given everything at once or `portion` at a time.
fn run(config: &Config, body: &str, argument: i32, portion: Option<u64>) -> (i32, u64) {
    let engine = Engine::new(config).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, &text(body)), &[]).unwrap();
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    store.set_fuel(portion.unwrap_or(PLENTY)).unwrap();
    let mut given = portion.unwrap_or(PLENTY);
    let mut call = f.call_resumable(&mut store, argument).unwrap();
    loop {
        match call {
            TypedResumableCall::Finished(result) => return (result, given - store.get_fuel().unwrap()),
            TypedResumableCall::Suspended(suspended) => {
                assert_eq!(store.get_fuel().unwrap(), 0);
                let portion = portion.unwrap();
                store.set_fuel(portion).unwrap();
                given += portion;
                call = suspended.resume(&mut store).unwrap();
            }
        }
    }
}

#[test]
fn costs_are_those_of_every_version_in_every_configuration() {
    let mut found = String::new();
    for (name, body) in PROGRAMS {
        for &argument in ARGUMENTS {
            let mut results = configs().into_iter().map(|config| run(&config, body, argument, None));
            let first = results.next().unwrap();
            results.for_each(|other| assert_eq!(other, first, "{name} {argument}"));
            writeln!(found, "{name} {argument}: {}", first.1).unwrap();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/fuel.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap(), "programs cost other than before");
}

#[test]
fn refuelling_changes_no_cost() {
    let config = &configs()[0];
    for (name, body) in PROGRAMS {
        for &argument in ARGUMENTS {
            let (result, whole) = run(config, body, argument, None);
            for portion in [1, 2, 7, 100] {
                let (again, cost) = run(config, body, argument, Some(portion));
                assert_eq!(again, result, "{name} {argument}");
                // What is owed when the last portion is gone is waived; no stretch without a call or a loop costs more.
                assert!(cost <= whole && whole - cost < 40_000, "{name} {argument}: {cost} instead of {whole}");
            }
        }
    }
}

/// The sum of what instructions cost, followed by hand.
#[test]
fn costs_add_up() {
    let config = &configs()[0];
    // The function's start, and a constant, a local, an addition.
    assert_eq!(run(config, PROGRAMS[0].1, 1, None).1, 1 + 3);
    // Each iteration takes eleven instructions of one unit; all but the last branch back.
    let (loop_, body) = PROGRAMS[4];
    assert_eq!(loop_, "loop");
    for n in 1..20 {
        assert_eq!(run(config, body, n, None).1, 1 + 11 * n as u64 + (n as u64 - 1) + 1, "{n} iterations");
    }
    // Both arms: condition and `if`, then one constant, or two and a product.
    assert_eq!(run(config, PROGRAMS[1].1, 1, None).1, 1 + 2 + 1);
    assert_eq!(run(config, PROGRAMS[1].1, 0, None).1, 1 + 2 + 3);
}
