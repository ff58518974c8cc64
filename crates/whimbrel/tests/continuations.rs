//! Continuations run under every configuration, stop for the embedder where other code does, and leave nothing behind.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::module;
use whimbrel::{Caller, Config, Engine, Error, Func, GcStress, Instance, Store, Trap, TypedResumableCall, Val};

const PROGRAM: &str = r#"(module
    (type $f (func (param i32) (result i32)))
    (type $c (cont $f))
    (type $s (struct (field i32)))
    (import "host" "call" (func $host (param i32) (result i32)))
    (tag $t (param i32) (result i32))
    (global $k (export "k") (mut (ref null $c)) (ref.null $c))

    (func $counts (type $f) (local $i i32) (local $s (ref $s))
        (local.set $s (struct.new $s (i32.const 1)))
        (loop $l
            (local.set $i (i32.add (local.get $i) (struct.get $s 0 (local.get $s))))
            (drop (suspend $t (local.get $i)))
            (br_if $l (i32.lt_u (local.get $i) (local.get 0))))
        (i32.const -1))
    (func $asks (type $f) (i32.add (i32.const 1000) (call $host (suspend $t (call $host (local.get 0))))))
    (func $fails (type $f) (drop (suspend $t (i32.const 0))) (unreachable))
    (func $deeper (type $f)
        (if (result i32) (local.get 0)
            (then (resume $c (i32.sub (local.get 0) (i32.const 1)) (cont.new $c (ref.func $deeper))))
            (else (call $fails (i32.const 0)))))
    (elem declare func $counts $asks $fails $deeper)

    (func $first (param $f (ref $f)) (param i32) (result i32)
        (block $on (result i32 (ref $c))
            (resume $c (on $t $on) (local.get 1) (cont.new $c (local.get $f)))
            (return))
        (global.set $k))
    (func (export "go on") (param i32) (result i32)
        (block $on (result i32 (ref $c))
            (resume $c (on $t $on) (local.get 0) (global.get $k))
            (return))
        (global.set $k))
    (func (export "start") (result i32) (call $first (ref.func $counts) (i32.const 5)))
    (func (export "ask") (param i32) (result i32) (call $first (ref.func $asks) (local.get 0)))
    (func (export "fail") (param i32) (result i32)
        (drop (call $first (ref.func $deeper) (local.get 0)))
        (resume $c (i32.const 0) (global.get $k)))
    (func (export "sum") (param $n i32) (result i32) (local $sum i32) (local $k (ref null $c))
        (local.set $k (cont.new $c (ref.func $counts)))
        (loop $l (result i32)
            (block $on (result i32 (ref $c))
                (drop (resume $c (on $t $on) (local.get $n) (local.get $k)))
                (return (local.get $sum)))
            (local.set $k)
            (local.set $sum (i32.add (local.get $sum)))
            (br $l)))
    (func (export "drop many") (param $n i32)
        (loop $l
            (block $on (result i32 (ref $c))
                (resume $c (on $t $on) (i32.const 9) (cont.new $c (ref.func $counts)))
                (unreachable))
            (drop) (drop)
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "never started") (param $n i32)
        (loop $l
            (drop (cont.new $c (ref.func $counts)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)"#;

/// An instance of the program in a store that notes the arguments of the host function, which adds one, and fails for 13.
fn instance(config: &Config) -> (Store<Vec<i32>>, Instance) {
    let engine = Engine::new(config).unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i32>>, n: i32| -> Result<i32, Error> {
        caller.data_mut().push(n);
        if n == 13 { Err(Error::msg("thirteen")) } else { Ok(n + 1) }
    });
    let module = module(&engine, PROGRAM);
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    (store, instance)
}

fn call(store: &mut Store<Vec<i32>>, instance: &Instance, name: &str, args: &[i32]) -> Result<i32, Error> {
    let func = instance.get_func(&mut *store, name).unwrap();
    let args: Vec<Val> = args.iter().map(|&arg| arg.into()).collect();
    let mut results = [Val::I32(0)];
    let len = func.ty(&*store).results().len();
    func.call(&mut *store, &args, &mut results[..len])?;
    Ok(results[0].unwrap_i32())
}

#[test]
fn a_continuation_goes_on_in_a_later_call() {
    let (mut store, instance) = instance(&Config::new());
    assert_eq!(call(&mut store, &instance, "start", &[]).unwrap(), 1);
    for expected in 2..=5 {
        assert_eq!(call(&mut store, &instance, "go on", &[0]).unwrap(), expected);
    }
    assert_eq!(call(&mut store, &instance, "go on", &[0]).unwrap(), -1);
    let error = call(&mut store, &instance, "go on", &[0]).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::ContinuationConsumed));
}

#[test]
fn the_host_keeps_a_continuation_and_gives_it_back() {
    let (mut store, instance) = instance(&Config::new());
    assert_eq!(call(&mut store, &instance, "start", &[]).unwrap(), 1);
    let global = instance.get_global(&mut store, "k").unwrap();
    let kept = global.get(&mut store);
    assert!(matches!(kept, Val::ContRef(Some(_))));
    global.set(&mut store, Val::ContRef(None)).unwrap();
    store.gc();
    assert_eq!(call(&mut store, &instance, "start", &[]).unwrap(), 1);
    let other = global.get(&mut store);
    global.set(&mut store, kept).unwrap();
    assert_eq!(call(&mut store, &instance, "go on", &[0]).unwrap(), 2);
    assert_eq!(call(&mut store, &instance, "go on", &[0]).unwrap(), 3);
    global.set(&mut store, other).unwrap();
    assert_eq!(call(&mut store, &instance, "go on", &[0]).unwrap(), 2);
    assert!(global.set(&mut store, Val::I32(0)).is_err());
}

#[test]
fn host_functions_are_called_in_a_continuation_and_may_fail_there() {
    let (mut store, instance) = instance(&Config::new());
    assert_eq!(call(&mut store, &instance, "ask", &[5]).unwrap(), 6);
    assert_eq!(call(&mut store, &instance, "go on", &[70]).unwrap(), 1071);
    assert_eq!(*store.data(), [5, 70]);
    assert_eq!(call(&mut store, &instance, "ask", &[13]).unwrap_err().to_string(), "thirteen");
    assert_eq!(call(&mut store, &instance, "ask", &[5]).unwrap(), 6);
    assert_eq!(call(&mut store, &instance, "go on", &[13]).unwrap_err().to_string(), "thirteen");
    assert_eq!(call(&mut store, &instance, "sum", &[10]).unwrap(), 55);
}

#[test]
fn backtraces_go_through_all_stacks() {
    let (mut store, instance) = instance(&Config::new());
    let error = call(&mut store, &instance, "fail", &[3]).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::Unreachable));
    let backtrace = error.backtrace().unwrap();
    let names: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_name().unwrap_or("fail")).collect();
    assert_eq!(names, ["fails", "deeper", "deeper", "deeper", "deeper", "fail"]);
}

#[test]
fn what_nobody_resumes_is_freed() {
    for stress in [GcStress::Off, GcStress::Steps] {
        let (mut store, instance) = instance(Config::new().gc_stress(stress));
        let rounds = if stress == GcStress::Off { 200_000 } else { 500 };
        call(&mut store, &instance, "drop many", &[rounds]).unwrap();
        call(&mut store, &instance, "never started", &[rounds]).unwrap();
        for _ in 0..50 {
            call(&mut store, &instance, "fail", &[20]).unwrap_err();
        }
        store.gc();
        let live_bytes = store.gc_stats().live_bytes;
        assert!(live_bytes < 4096, "{live_bytes}");
    }
}

#[test]
fn stacks_that_are_kept_count_against_the_limit_of_the_heap() {
    let text = r#"(module
        (type $f (func)) (type $c (cont $f)) (tag $t)
        (func $f (suspend $t)) (elem declare func $f)
        (table $t 0 (ref null $c))
        (func (export "keep") (param $n i32)
            (loop $l
                (block $on (result (ref $c))
                    (resume $c (on $t $on) (cont.new $c (ref.func $f)))
                    (unreachable))
                (drop (table.grow $t (i32.const 1)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "forget") (table.fill $t (i32.const 0) (ref.null $c) (table.size $t))))"#;
    let engine = Engine::new(Config::new().max_heap_bytes(8 << 20)).unwrap();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, text);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&mut store, "forget").unwrap();
    for _ in 0..3 {
        keep.call(&mut store, 5_000).unwrap();
        assert_eq!(keep.call(&mut store, 100_000).unwrap_err().as_trap(), Some(Trap::AllocationFailure));
        forget.call(&mut store, ()).unwrap();
    }
}

#[test]
fn fuel_runs_out_and_is_refilled_in_continuations() {
    let mut plain = Config::new();
    let costs: Vec<u64> = [plain.consume_fuel(true).clone(), plain.clone().pinning(false).clone()]
        .iter()
        .map(|config| {
            let (mut store, instance) = instance(config);
            store.set_fuel(1_000_000).unwrap();
            assert_eq!(call(&mut store, &instance, "sum", &[100]).unwrap(), 5050);
            1_000_000 - store.get_fuel().unwrap()
        })
        .collect();
    let (mut store, instance) = instance(&plain);
    let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum").unwrap();
    store.set_fuel(50).unwrap();
    let (mut given, mut call) = (50, sum.call_resumable(&mut store, 100).unwrap());
    let found = loop {
        match call {
            TypedResumableCall::Finished(found) => break found,
            TypedResumableCall::Suspended(suspended) => {
                // What ran meanwhile does not disturb it.
                store.gc();
                store.set_fuel(50).unwrap();
                given += 50;
                call = suspended.resume(&mut store).unwrap();
            }
        }
    };
    let cost = given - store.get_fuel().unwrap();
    assert_eq!((found, &costs), (5050, &vec![cost, cost]));
}
