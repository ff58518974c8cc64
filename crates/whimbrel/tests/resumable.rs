//! Calls that are suspended and go on.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::time::{Duration, Instant};

use common::{instantiate, module};
use whimbrel::{
    Caller, Config, Engine, GcStress, Instance, Linker, ResumableCall, Store, SuspendReason, Trap, TypedResumableCall,
    Val,
};

/// Triangular numbers, with a call an iteration.
const SUM: &str = r#"(module
    (func $add (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
    (func (export "sum") (param i64) (result i64) (local i64)
        (loop
            (local.set 1 (call $add (local.get 1) (local.get 0)))
            (br_if 0 (i64.ne (i64.const 0) (local.tee 0 (i64.sub (local.get 0) (i64.const 1))))))
        (local.get 1)))"#;

fn metered() -> Engine {
    let mut config = Config::new();
    config.consume_fuel(true);
    Engine::new(&config).unwrap()
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = module(&store.engine().clone(), text);
    Instance::new(store, &module, &[]).unwrap()
}

#[test]
fn a_call_goes_on_with_every_refill() {
    let mut store = Store::new(&metered(), ());
    let instance = instance(&mut store, SUM);
    let sum = instance.get_func(&mut store, "sum").unwrap();
    let mut results = [Val::I64(0)];
    let mut call = sum.call_resumable(&mut store, &[Val::I64(1000)], &mut results).unwrap();
    let mut refills = 0;
    while let ResumableCall::Suspended(suspended) = call {
        assert_eq!((suspended.reason(), store.get_fuel().unwrap()), (SuspendReason::OutOfFuel, 0));
        store.set_fuel(100).unwrap();
        refills += 1;
        call = suspended.resume(&mut store, &mut results).unwrap();
    }
    assert_eq!(results[0].unwrap_i64(), 500_500);
    assert!(refills > 10, "{refills}");
}

#[test]
fn suspended_calls_leave_the_store_to_others_in_any_order() {
    let mut store = Store::new(&metered(), ());
    let instance = instance(&mut store, SUM);
    let sum = instance.get_typed_func::<i64, i64>(&mut store, "sum").unwrap();
    let mut waiting = Vec::new();
    for n in 1..=5 {
        store.set_fuel(1).unwrap();
        match sum.call_resumable(&mut store, n * 100).unwrap() {
            TypedResumableCall::Suspended(suspended) => waiting.push((n * 100, suspended)),
            TypedResumableCall::Finished(_) => panic!("there is fuel for two steps only"),
        }
    }
    store.set_fuel(1_000_000).unwrap();
    assert_eq!(sum.call(&mut store, 4).unwrap(), 10);
    for index in [2, 0, 2, 1, 0] {
        let (n, suspended) = waiting.remove(index);
        let TypedResumableCall::Finished(found) = suspended.resume(&mut store).unwrap() else {
            panic!("fuel suffices")
        };
        assert_eq!(found, n * (n + 1) / 2);
    }
}

#[test]
fn a_suspended_call_that_is_dropped_is_over() {
    let mut store = Store::new(&metered(), ());
    let instance = instance(&mut store, SUM);
    let sum = instance.get_typed_func::<i64, i64>(&mut store, "sum").unwrap();
    let suspended = sum.call_resumable(&mut store, 100).unwrap();
    drop((sum, instance));
    assert_eq!(store.gc(), 0, "the call can go on");
    drop(suspended);
    assert_eq!(store.gc(), 1);
}

#[test]
fn a_suspended_call_goes_on_in_its_own_store_only() {
    let engine = metered();
    let mut store = Store::new(&engine, ());
    let instance = instance(&mut store, SUM);
    let sum = instance.get_typed_func::<i64, i64>(&mut store, "sum").unwrap();
    let TypedResumableCall::Suspended(suspended) = sum.call_resumable(&mut store, 100).unwrap() else {
        panic!("there is no fuel")
    };
    let error = suspended.resume(Store::new(&engine, ())).unwrap_err();
    assert_eq!(error.to_string(), "object used with another store than its own");
}

#[test]
fn structures_of_a_suspended_call_stay() {
    let engine = Engine::new(Config::new().consume_fuel(true).gc_stress(GcStress::Whole)).unwrap();
    let mut store = Store::new(&engine, ());
    let text = r#"(module
        (type $box (struct (field i32)))
        (func (export "f") (param i32) (result i32) (local (ref null $box))
            (local.set 1 (struct.new $box (i32.const 77)))
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (struct.get $box 0 (local.get 1)))
        (func (export "garbage") (drop (struct.new $box (i32.const 1)))))"#;
    let instance = instance(&mut store, text);
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    let garbage = instance.get_typed_func::<(), ()>(&mut store, "garbage").unwrap();
    store.set_fuel(10).unwrap();
    let TypedResumableCall::Suspended(suspended) = f.call_resumable(&mut store, 100).unwrap() else {
        panic!("there is little fuel")
    };
    store.set_fuel(1_000_000).unwrap();
    (0..100).for_each(|_| garbage.call(&mut store, ()).unwrap());
    let TypedResumableCall::Finished(found) = suspended.resume(&mut store).unwrap() else { panic!("fuel suffices") };
    assert_eq!(found, 77);
}

/// Interrupts `export` from another thread again and again, for as long as it takes; returns the longest time to stop.
fn interrupt(text: &str, export: &str) -> Duration {
    let mut store = Store::<()>::default();
    let mut linker = Linker::new(store.engine());
    linker.func_wrap("h", "nothing", || {}).unwrap();
    let module = module(&store.engine().clone(), text);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let func = instance.get_typed_func::<(), ()>(&mut store, export).unwrap();
    let handle = store.interrupt_handle();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            let mut call = func.call_resumable(&mut store, ()).unwrap();
            for _ in 0..3 {
                let TypedResumableCall::Suspended(suspended) = call else { panic!("it does not end") };
                assert_eq!(suspended.reason(), SuspendReason::Interrupted);
                call = suspended.resume(&mut store).unwrap();
            }
            Instant::now()
        });
        let mut last = Instant::now();
        while !running.is_finished() {
            last = Instant::now();
            handle.interrupt();
            std::thread::sleep(Duration::from_millis(5));
        }
        running.join().unwrap().saturating_duration_since(last)
    })
}

#[test]
fn interruptions_stop_loops_recursion_host_calls_and_bulk_operations() {
    let text = r#"(module
        (import "h" "nothing" (func $nothing))
        (memory 1024)
        (table 1000000 funcref)
        (func (export "loop") (loop (br 0)))
        (func (export "host") (loop (call $nothing) (br 0)))
        (func (export "fill") (loop
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br 0)))
        (func (export "copy") (loop
            (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3ffffff)) (br 0)))
        (func (export "table") (loop
            (table.fill (i32.const 0) (ref.null func) (i32.const 1000000))
            (table.copy (i32.const 1) (i32.const 0) (i32.const 999999)) (br 0))))"#;
    for export in ["loop", "host", "fill", "copy", "table"] {
        interrupt(text, export);
    }
}

#[test]
fn an_interrupted_copy_is_complete_when_it_goes_on() {
    const LEN: usize = 4 << 20;
    for (to, from) in [(0, 5), (5, 0)] {
        let text = format!(
            r#"(module (memory (export "memory") 65)
            (func (export "copy") (memory.copy (i32.const {to}) (i32.const {from}) (i32.const {LEN}))))"#
        );
        let (mut store, instance) = instantiate(&text);
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let bytes: Vec<u8> = (0..65usize << 16).map(|n| (n * 7 + n / 251) as u8).collect();
        memory.data_mut(&mut store).copy_from_slice(&bytes);
        let mut expected = bytes;
        expected.copy_within(from..from + LEN, to);
        let copy = instance.get_typed_func::<(), ()>(&mut store, "copy").unwrap();
        let handle = store.interrupt_handle();
        handle.interrupt();
        let mut call = copy.call_resumable(&mut store, ()).unwrap();
        let mut times = 0;
        while let TypedResumableCall::Suspended(suspended) = call {
            times += 1;
            handle.interrupt();
            call = suspended.resume(&mut store).unwrap();
        }
        assert!(times > 10, "{times}");
        assert!(memory.data(&store) == expected);
    }
}

#[test]
fn start_functions_and_nested_calls_are_interrupted() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.interrupt_handle().interrupt();
    let start = module(&engine, "(module (func $f (loop (br 0))) (start $f))");
    let error = Instance::new(&mut store, &start, &[]).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::Interrupted));

    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("h", "again", |mut caller: Caller<'_, ()>| {
            let spin = caller.get_export("spin").and_then(|export| export.into_func()).unwrap();
            caller.interrupt_handle().interrupt();
            let call = spin.call_resumable(&mut caller, &[], &mut []).unwrap();
            let ResumableCall::Suspended(suspended) = call else { panic!("it does not end") };
            caller.interrupt_handle().interrupt();
            suspended.resume(&mut caller, &mut []).map(drop)
        })
        .unwrap();
    let nested = module(
        &engine,
        r#"(module (import "h" "again" (func $again)) (func (export "spin") (loop (br 0)))
            (func (export "f") (result i32) (call $again) (i32.const 5)))"#,
    );
    let instance = linker.instantiate(&mut store, &nested).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 5);
}

/// References that a frame holds, in a local and among the operands, while a fill, a copy or a fill of a table waits for fuel.
#[test]
fn what_a_suspended_fill_holds_survives_collections() {
    let text = r#"(module (type $n (struct (field i32)))
        (memory 16) (table $t 100000 funcref)
        (func (export "garbage") (local $i i32)
            (loop $l (drop (struct.new $n (i32.const -1)))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10)))))
        (func (export "fill") (result i32) (local $x (ref null $n))
            (local.set $x (struct.new $n (i32.const 42)))
            (struct.new $n (i32.const 7))
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000))
            (i32.add (struct.get $n 0) (struct.get $n 0 (local.get $x))))
        (func (export "copy") (result i32) (local $x (ref null $n))
            (local.set $x (struct.new $n (i32.const 40)))
            (struct.new $n (i32.const 9))
            (memory.copy (i32.const 1) (i32.const 0) (i32.const 0xfffff))
            (i32.add (struct.get $n 0) (struct.get $n 0 (local.get $x))))
        (func (export "table") (result i32) (local $x (ref null $n))
            (local.set $x (struct.new $n (i32.const 41)))
            (struct.new $n (i32.const 8))
            (table.fill $t (i32.const 0) (ref.null func) (i32.const 100000))
            (i32.add (struct.get $n 0) (struct.get $n 0 (local.get $x)))))"#;
    for stress in [GcStress::Off, GcStress::Whole, GcStress::Steps] {
        let engine = Engine::new(Config::new().consume_fuel(true).gc_stress(stress)).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = instance(&mut store, text);
        let garbage = instance.get_typed_func::<(), ()>(&mut store, "garbage").unwrap();
        for name in ["fill", "copy", "table"] {
            let func = instance.get_typed_func::<(), i32>(&mut store, name).unwrap();
            store.set_fuel(50).unwrap();
            let mut call = func.call_resumable(&mut store, ()).unwrap();
            let mut times = 0;
            let result = loop {
                match call {
                    TypedResumableCall::Finished(result) => break result,
                    TypedResumableCall::Suspended(suspended) => {
                        store.gc();
                        store.set_fuel(10_000).unwrap();
                        garbage.call(&mut store, ()).unwrap();
                        store.gc();
                        store.set_fuel(5_000).unwrap();
                        times += 1;
                        call = suspended.resume(&mut store).unwrap();
                    }
                }
            };
            assert_eq!(result, 49, "{name}, {stress:?}");
            assert!(times > 3, "{name} was suspended {times} times");
        }
    }
}
