//! Fused sequences of ops change how fast code runs, never what it does: every run here is compared with one without them.
//!
//! A debug build has no fused sequences; the comparison means something in an optimised one.

mod common;

use common::module;
use whimbrel::{Config, Engine, Linker, Store, Val};

/// Results, or the trap with its backtrace; fuel left; the first bytes of memory.
fn outcome(wat: &str, export: &str, args: &[Val], fuel: u64, fusion: bool) -> (String, u64, Vec<u8>) {
    let mut config = Config::new();
    config.fusion(fusion).consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let module = module(&engine, wat);
    let mut store = Store::new(&engine, ());
    store.set_fuel(fuel).unwrap();
    let instance = Linker::<()>::new(&engine).instantiate(&mut store, &module).unwrap();
    let func = instance.get_func(&mut store, export).unwrap();
    let mut results = [Val::I32(0)];
    let text = match func.call(&mut store, args, &mut results) {
        Ok(()) => format!("{results:?}"),
        Err(error) => format!("{error:?}"),
    };
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    (text, store.get_fuel().unwrap(), memory.data(&store)[..256].to_vec())
}

fn assert_same(wat: &str, export: &str, args: &[Val], fuel: u64) -> String {
    let fused = outcome(wat, export, args, fuel, true);
    assert_eq!(fused, outcome(wat, export, args, fuel, false), "{export} {args:?} with {fuel} fuel");
    fused.0
}

/// Sums words, sieves, branches over blocks, calls itself.
const PROGRAM: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "fill") (param $n i32) (result i32) (local $i i32) (local $s i32)
        (loop $next
            (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (i32.const 2654435)))
            (local.set $s (i32.xor (local.get $s)
                (i32.load offset=4 (i32.shl (i32.and (local.get $s) (local.get $i)) (i32.const 2)))))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (local.get $s))
    (func $fib (export "fib") (param $n i32) (result i32)
        (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
            (then (local.get $n))
            (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                           (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
    (func (export "divide") (param $n i32) (result i32) (local $q i32)
        (loop $next
            (local.set $q (i32.add (local.get $q) (i32.div_u (i32.const 1000) (local.get $n))))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br $next))
        (local.get $q))
    (func (export "collatz") (param $n i32) (result i32) (local $steps i32)
        (block $done
            (loop $next
                (br_if $done (i32.eq (local.get $n) (i32.const 1)))
                (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
                (if (i32.and (local.get $n) (i32.const 1))
                    (then (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 3)) (i32.const 1))))
                    (else (local.set $n (i32.shr_u (local.get $n) (i32.const 1)))))
                (br $next)))
        (local.get $steps)))"#;

#[test]
fn results_and_memory_are_the_same() {
    assert!(assert_same(PROGRAM, "fill", &[Val::I32(1000)], 1 << 20).contains("I32"));
    assert!(assert_same(PROGRAM, "fib", &[Val::I32(15)], 1 << 20).contains("I32(610)"));
    assert!(assert_same(PROGRAM, "collatz", &[Val::I32(27)], 1 << 20).contains("I32(111)"));
}

#[test]
fn traps_inside_a_sequence_are_at_the_same_place() {
    assert!(assert_same(PROGRAM, "fill", &[Val::I32(100_000)], 1 << 20).contains("out of bounds memory access"));
    assert!(assert_same(PROGRAM, "divide", &[Val::I32(30)], 1 << 20).contains("integer divide by zero"));
    assert!(assert_same(PROGRAM, "fib", &[Val::I32(i32::MAX)], u64::MAX >> 1).contains("call stack exhausted"));
}

#[test]
fn fuel_runs_out_at_the_same_place() {
    for fuel in 0..200 {
        for export in ["fill", "fib", "collatz"] {
            assert_same(PROGRAM, export, &[Val::I32(27)], fuel);
        }
    }
}
