//! Structures and arrays survive collections as long as anything refers to them, and not longer.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::sync::Arc;

use common::module;
use whimbrel::{
    AnyRef, ArrayRef, Caller, Config, Engine, ExternRef, Func, GcStress, Instance, Module, RefType, Store, StructRef,
    Trap, Val, ValType,
};

/// Trees, lists and arrays that are made, changed and walked while others become garbage.
const PROGRAM: &str = r#"(module
    (rec (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree)) (field $n i64))))
    (type $list (struct (field $head i32) (field $tail (mut (ref null $list)))))
    (type $lists (array (mut (ref null $list))))
    (type $bytes (array (mut i8)))
    (type $wide (struct (field v128) (field (ref null $list)) (field f64)))
    (import "host" "call" (func $host (param anyref) (result anyref)))
    (global $kept (mut (ref null $lists)) (ref.null $lists))
    (table $table 4 anyref)

    (func $make (param $depth i32) (param $n i64) (result (ref $tree))
        (if (result (ref $tree)) (i32.eqz (local.get $depth))
            (then (struct.new $tree (ref.null $tree) (ref.null $tree) (local.get $n)))
            (else (struct.new $tree
                (call $make (i32.sub (local.get $depth) (i32.const 1)) (i64.mul (local.get $n) (i64.const 2)))
                (call $make (i32.sub (local.get $depth) (i32.const 1))
                    (i64.add (i64.mul (local.get $n) (i64.const 2)) (i64.const 1)))
                (local.get $n)))))
    (func $sum (param $tree (ref null $tree)) (result i64)
        (if (result i64) (ref.is_null (local.get $tree))
            (then (i64.const 0))
            (else (i64.add (struct.get $tree $n (local.get $tree))
                (i64.add (call $sum (struct.get $tree $left (local.get $tree)))
                    (call $sum (struct.get $tree $right (local.get $tree))))))))
    (func (export "trees") (param $depth i32) (param $rounds i32) (result i64)
        (local $long (ref null $tree)) (local $total i64)
        (local.set $long (call $make (local.get $depth) (i64.const 1)))
        (loop $again
            (local.set $total (i64.add (local.get $total) (call $sum (call $make (local.get $depth) (i64.const 1)))))
            (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (i64.add (local.get $total) (call $sum (local.get $long))))

    (func $list (param $len i32) (result (ref null $list))
        (local $list (ref null $list))
        (block $done
            (loop $again
                (br_if $done (i32.eqz (local.get $len)))
                (local.set $list (struct.new $list (local.get $len) (local.get $list)))
                (local.set $len (i32.sub (local.get $len) (i32.const 1)))
                (br $again)))
        (local.get $list))
    (func $length (param $list (ref null $list)) (result i32)
        (local $len i32)
        (block $done
            (loop $again
                (br_on_null $done (local.get $list))
                (local.set $list (struct.get $list $tail))
                (local.set $len (i32.add (local.get $len) (i32.const 1)))
                (br $again)))
        (local.get $len))
    (func (export "long_list") (param i32) (result i32) (call $length (call $list (local.get 0))))

    (func (export "lists") (param $n i32) (param $len i32) (result i32)
        (local $i i32) (local $total i32)
        (global.set $kept (array.new_default $lists (local.get $n)))
        (loop $again
            (array.set $lists (global.get $kept) (local.get $i) (call $list (local.get $len)))
            (drop (array.new $bytes (i32.const 7) (i32.const 3000)))
            (drop (array.new $bytes (i32.const 7) (i32.const 30000)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (loop $again
            (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (local.set $total (i32.add (local.get $total) (call $length (array.get $lists (global.get $kept) (local.get $i)))))
            (br_if $again (local.get $i)))
        (local.get $total))
    (func (export "forget") (global.set $kept (ref.null $lists)) (table.fill $table (i32.const 0) (ref.null any) (i32.const 4)))

    (func (export "wide") (param $n i32) (result i32)
        (local $wide (ref null $wide)) (local $kept (ref null $wide))
        (local.set $kept (struct.new $wide (v128.const i64x2 5 6) (call $list (i32.const 9)) (f64.const 1.5)))
        (loop $again
            (local.set $wide (struct.new_default $wide))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.add (call $length (struct.get $wide 1 (local.get $kept)))
            (i32.wrap_i64 (i64x2.extract_lane 1 (struct.get $wide 0 (local.get $kept))))))

    (func (export "through_host") (param $n i32) (result i32)
        (local $mine (ref null $list))
        (local.set $mine (call $list (local.get $n)))
        (call $length (ref.cast (ref $list) (call $host (call $list (local.get $n)))))
        (i32.add (call $length (local.get $mine))))
    (func (export "garbage") (param $n i32)
        (loop $again (drop (call $list (i32.const 100))) (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "new") (param $n i32) (result (ref null $list)) (call $list (local.get $n)))
    (func (export "length") (param (ref null $list)) (result i32) (call $length (local.get 0)))
    (func (export "bytes") (param (ref null $bytes)) (result i32) (array.get_s $bytes (local.get 0) (i32.const 1)))
    (func (export "put") (param i32 anyref) (table.set $table (local.get 0) (local.get 1)))
    (func (export "take") (param i32) (result anyref) (table.get $table (local.get 0)))
    (func (export "huge") (param i32) (drop (array.new_default $lists (local.get 0))))
    (func (export "hoard") (local $list (ref null $list))
        (loop $again (local.set $list (struct.new $list (i32.const 1) (local.get $list))) (br $again))))"#;

fn start(config: &Config) -> (Store<()>, Instance) {
    let engine = Engine::new(config).unwrap();
    let mut store = Store::new(&engine, ());
    let module: Module = module(&engine, PROGRAM);
    let ty = whimbrel::FuncType::new(&engine, [ValType::ANYREF], [ValType::ANYREF]);
    let host = Func::new(&mut store, ty, |mut caller: Caller<'_, ()>, args, results| {
        // A collection happens below this call, which alone holds the argument.
        let garbage = caller.get_export("garbage").and_then(whimbrel::Extern::into_func).unwrap();
        garbage.call(&mut caller, &[Val::I32(20)], &mut [])?;
        results[0] = args[0].clone();
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    (store, instance)
}

fn call(store: &mut Store<()>, instance: &Instance, name: &str, args: &[Val]) -> Val {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, args, &mut results).unwrap();
    results.pop().unwrap_or(Val::I32(0))
}

/// What a full tree of that depth, numbered from 1, adds up to.
fn tree_sum(depth: u32) -> i64 {
    let nodes = (1 << (depth + 1)) - 1;
    nodes * (nodes + 1) / 2
}

fn check_all(config: &Config, depth: i32, scale: i32) {
    let (mut store, instance) = start(config);
    let trees = call(&mut store, &instance, "trees", &[Val::I32(depth), Val::I32(scale)]);
    assert_eq!(trees.unwrap_i64(), tree_sum(depth as u32) * i64::from(scale + 1));
    let lists = call(&mut store, &instance, "lists", &[Val::I32(scale), Val::I32(50)]);
    assert_eq!(lists.unwrap_i32(), 50 * scale);
    assert_eq!(call(&mut store, &instance, "wide", &[Val::I32(scale)]).unwrap_i32(), 15);
    assert_eq!(call(&mut store, &instance, "through_host", &[Val::I32(scale)]).unwrap_i32(), 2 * scale);
    assert_eq!(call(&mut store, &instance, "long_list", &[Val::I32(100 * scale)]).unwrap_i32(), 100 * scale);
    call(&mut store, &instance, "forget", &[]);
    store.gc();
    assert_eq!(store.gc_stats().used_bytes, 0);
}

#[test]
fn objects_survive_a_collection_at_every_allocation() {
    check_all(Config::new().gc_stress(GcStress::Whole), 5, 10);
}

#[test]
fn objects_survive_a_step_at_every_allocation() {
    check_all(Config::new().gc_stress(GcStress::Steps), 8, 20);
}

#[test]
fn garbage_makes_room() {
    // All that is made would take many times the limit.
    check_all(Config::new().max_heap_bytes(4 << 20), 12, 200);
}

#[test]
fn without_room_allocation_traps() {
    let (mut store, instance) = start(Config::new().max_heap_bytes(1 << 20));
    for (name, args) in [("hoard", &[][..]), ("huge", &[Val::I32(1 << 20)]), ("huge", &[Val::I32(-1)])] {
        let func = instance.get_func(&mut store, name).unwrap();
        let error = func.call(&mut store, args, &mut []).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::AllocationFailure), "{name}");
    }
    assert_eq!(call(&mut store, &instance, "long_list", &[Val::I32(1000)]).unwrap_i32(), 1000);
}

#[test]
fn handles_keep_objects() {
    let (mut store, instance) = start(&Config::new());
    let list = call(&mut store, &instance, "new", &[Val::I32(30)]);
    let other = call(&mut store, &instance, "new", &[Val::I32(40)]);
    store.gc();
    let both = store.gc_stats().used_bytes;
    call(&mut store, &instance, "garbage", &[Val::I32(2000)]);
    assert_eq!(call(&mut store, &instance, "length", std::slice::from_ref(&list)).unwrap_i32(), 30);
    drop(other);
    store.gc();
    assert!(store.gc_stats().used_bytes < both);
    assert_eq!(call(&mut store, &instance, "length", std::slice::from_ref(&list)).unwrap_i32(), 30);
    let structure = list.unwrap_any_ref().unwrap().as_struct(&store).unwrap().unwrap();
    assert_eq!(structure.field(&mut store, 0).unwrap().unwrap_i32(), 1);
    assert!(structure.set_field(&mut store, 0, &Val::I32(5)).is_err(), "the field is immutable");
    structure.set_field(&mut store, 1, &Val::AnyRef(None)).unwrap();
    assert!(structure.field(&mut store, 2).is_err());
    assert!(structure.set_field(&mut store, 1, &AnyRef::from_i31(1).into()).is_err());
    assert_eq!(call(&mut store, &instance, "length", &[structure.to_any().into()]).unwrap_i32(), 1);
    drop((list, structure));
    store.gc();
    assert_eq!(store.gc_stats().used_bytes, 0);
}

#[test]
fn the_embedder_makes_objects() {
    let (mut store, instance) = start(Config::new().gc_stress(GcStress::Whole));
    let param = |store: &mut Store<()>, name: &str| -> RefType {
        match instance.get_func(&mut *store, name).unwrap().ty(&*store).params().next() {
            Some(ValType::Ref(ty)) => ty,
            _ => panic!("a reference"),
        }
    };
    let list_type = param(&mut store, "length");
    let end = StructRef::new(&mut store, list_type, &[Val::I32(2), Val::NullRef]).unwrap();
    let list = StructRef::new(&mut store, list_type, &[Val::I32(1), end.to_any().into()]).unwrap();
    drop(end);
    assert_eq!(call(&mut store, &instance, "length", &[list.to_any().into()]).unwrap_i32(), 2);
    assert!(StructRef::new(&mut store, list_type, &[Val::I32(1)]).is_err());
    assert!(StructRef::new(&mut store, RefType::ANYREF, &[]).is_err());

    let bytes_type = param(&mut store, "bytes");
    let bytes = ArrayRef::new(&mut store, bytes_type, &[Val::I32(1), Val::I32(0x1ff)]).unwrap();
    assert_eq!(bytes.len(&store).unwrap(), 2);
    assert_eq!(bytes.get(&mut store, 1).unwrap().unwrap_i32(), 255);
    assert_eq!(call(&mut store, &instance, "bytes", &[bytes.to_any().into()]).unwrap_i32(), -1);
    bytes.set(&mut store, 1, &Val::I32(3)).unwrap();
    assert_eq!(call(&mut store, &instance, "bytes", &[bytes.to_any().into()]).unwrap_i32(), 3);
    assert!(bytes.get(&mut store, 2).is_err());
    assert!(ArrayRef::new(&mut store, list_type, &[]).is_err());
    let mut other = Store::new(store.engine(), ());
    assert!(bytes.len(&other).is_err());
    assert!(bytes.get(&mut other, 0).is_err());
}

#[test]
fn references_pass_through_tables_and_conversions() {
    let (mut store, instance) = start(Config::new().gc_stress(GcStress::Whole));
    let token = Arc::new(());
    let value = ExternRef::new(&mut store, Arc::clone(&token)).unwrap();
    call(&mut store, &instance, "put", &[Val::I32(0), AnyRef::convert_extern(value.clone()).into()]);
    call(&mut store, &instance, "put", &[Val::I32(1), AnyRef::from_i31(u32::MAX).into()]);
    let list = call(&mut store, &instance, "new", &[Val::I32(3)]);
    call(&mut store, &instance, "put", &[Val::I32(2), list]);
    drop(value);
    call(&mut store, &instance, "garbage", &[Val::I32(3)]);
    store.gc();
    let taken =
        ExternRef::convert_any(call(&mut store, &instance, "take", &[Val::I32(0)]).unwrap_any_ref().unwrap().clone());
    assert!(taken.data(&store).unwrap().is::<Arc<()>>());
    let i31 = call(&mut store, &instance, "take", &[Val::I32(1)]);
    assert_eq!(i31.unwrap_any_ref().unwrap().as_i31(), Some(u32::MAX >> 1));
    let list = call(&mut store, &instance, "take", &[Val::I32(2)]);
    assert_eq!(call(&mut store, &instance, "length", &[list]).unwrap_i32(), 3);
    drop(taken);
    call(&mut store, &instance, "forget", &[]);
    store.gc();
    assert_eq!((Arc::strong_count(&token), store.gc_stats().used_bytes), (1, 0));
}

/// A value that counts how many of its kind there are.
struct Counted(Arc<()>);

#[test]
fn what_a_running_program_drops_is_freed_while_it_runs() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, (Arc::new(()), 0_usize));
    let program = r#"(module
        (import "" "make" (func $make (result externref)))
        (tag $tag (param externref))
        (func (export "run") (param $n i32)
            (loop $again
                ;; Caught with a reference, which nothing keeps.
                (block $caught (result externref exnref)
                    (try_table (catch_ref $tag $caught) (throw $tag (call $make)))
                    (unreachable))
                (drop) (drop)
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let module: Module = module(&engine, program);
    let ty = whimbrel::FuncType::new(&engine, [], [ValType::EXTERNREF]);
    let make = Func::new(&mut store, ty, |mut caller: Caller<'_, (Arc<()>, usize)>, _, results| {
        let (token, most) = caller.data_mut();
        let value = Counted(Arc::clone(token));
        *most = (*most).max(Arc::strong_count(&value.0));
        results[0] = ExternRef::new(&mut caller, value)?.into();
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[make.into()]).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    let rounds = 100_000;
    run.call(&mut store, rounds).unwrap();
    assert!(store.gc_stats().collections > 0);
    let most = store.data().1;
    assert!(most < rounds as usize / 2, "{most} values at once");
    store.gc();
    assert_eq!((Arc::strong_count(&store.data().0), store.gc_stats().used_bytes), (1, 0));
}
