//! The store alone: objects, handles, values, the collector.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasm_syntax::{Limits, RefType, TableType};
use whimbrel_engine::exec::Outcome;
use whimbrel_engine::{
    AnyHandle, CanonicalBits, FuncTypeInfo, ObjectError, SlotType, Store, StoreLimits, TypeId, Value, ValueError,
    WrongStore,
};

const FUNC: SlotType = SlotType::Func { nullable: true, ty: None };
const EXTERN: SlotType = SlotType::Extern { nullable: true };

/// The type `id` of functions from `params` to `results`.
fn ty(id: u32, params: &[SlotType], results: &[SlotType]) -> Arc<FuncTypeInfo> {
    Arc::new(FuncTypeInfo::new(TypeId(id), [].into(), params.into(), results.into()))
}

fn table_ty(min: u64) -> TableType {
    TableType { elem: RefType::FUNCREF, limits: Limits { min, max: None }, table64: false }
}

struct CountsDrops(Arc<AtomicUsize>);

impl Drop for CountsDrops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn tables_keep_what_they_refer_to() {
    let drops = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(StoreLimits::default());
    let table = store.new_table(table_ty(2), EXTERN, CanonicalBits(0), &Value::Extern(None)).unwrap();
    let value = store.new_extern(Box::new(CountsDrops(drops.clone()))).unwrap();
    store.table_set(&table, 1, &Value::Extern(Some(value.clone().into()))).unwrap();
    drop(value);
    assert_eq!(store.collect().objects, 0);
    let Some(Value::Extern(Some(value))) = store.table_get(&table, 1).unwrap() else { panic!("the value is there") };
    let AnyHandle::Extern(value) = value else { panic!("the value is the embedder's") };
    assert!(store.extern_value(&value).unwrap().is::<CountsDrops>());
    drop((value, table));
    assert_eq!(store.collect().objects, 2);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn numbers_of_freed_host_functions_are_told_and_used_again() {
    let mut store = Store::new(StoreLimits::default());
    let handles: Vec<_> = (0..4).map(|_| store.new_host_func(ty(0, &[], &[]), None)).collect();
    let numbers: Vec<_> = handles.iter().map(|(number, _)| *number).collect();
    let global = store.new_global(FUNC, true, CanonicalBits(0), &Value::Func(Some(handles[2].1.clone()))).unwrap();
    drop(handles);
    let mut freed = store.collect().host_funcs;
    freed.sort_unstable();
    assert_eq!(freed, [numbers[0], numbers[1], numbers[3]]);
    let (again, _handle) = store.new_host_func(ty(0, &[], &[]), None);
    assert!(freed.contains(&again));
    store.global_set(&global, &Value::Func(None)).unwrap();
    assert_eq!(store.collect().host_funcs, [numbers[2]]);
}

#[test]
fn values_are_checked() {
    let mut store = Store::new(StoreLimits::default());
    let (_, func) = store.new_host_func(ty(7, &[], &[]), None);
    let of = |id| SlotType::Func { nullable: false, ty: Some(TypeId(id)) };
    assert!(store.new_global(of(7), false, CanonicalBits(0), &Value::Func(Some(func.clone()))).is_ok());
    let mut refused = |kind, value| {
        store.new_global(kind, false, CanonicalBits(0), &value).expect_err("the value is not of the type")
    };
    assert_eq!(refused(of(8), Value::Func(Some(func.clone()))), ValueError::Type);
    assert_eq!(refused(of(7), Value::Func(None)), ValueError::Type);
    assert_eq!(refused(EXTERN, Value::Func(None)), ValueError::Type);
    assert_eq!(refused(SlotType::I32, Value::F32(0)), ValueError::Type);
    assert_eq!(refused(SlotType::Null, Value::I64(0)), ValueError::Type);
    let mut other = Store::new(StoreLimits::default());
    let foreign = other.new_global(FUNC, false, CanonicalBits(0), &Value::Func(Some(func)));
    assert_eq!(foreign.unwrap_err(), ValueError::Store(WrongStore));
}

#[test]
fn tables_stop_at_the_stores_limit() {
    let limits = StoreLimits { table_elems: 5, ..StoreLimits::default() };
    let mut store = Store::new(limits);
    let null = Value::Func(None);
    assert!(store.new_table(table_ty(6), FUNC, CanonicalBits(0), &null).is_err());
    let table = store.new_table(table_ty(4), FUNC, CanonicalBits(0), &null).unwrap();
    assert_eq!(store.table_grow(&table, 2, &null), Err(ObjectError::Limit("table")));
    assert_eq!(store.table_grow(&table, u64::MAX, &null), Err(ObjectError::Limit("table")));
    assert_eq!(store.table_grow(&table, 1, &null), Ok(4));
    assert_eq!(store.table_fill(&table, 4, &null, 2), Err(ObjectError::OutOfBounds));
    assert_eq!(store.table_fill(&table, u64::MAX, &null, 2), Err(ObjectError::OutOfBounds));
}

#[test]
fn a_host_call_passes_values_both_ways() {
    let mut store = Store::new(StoreLimits::default());
    let (number, func) =
        store.new_host_func(ty(0, &[SlotType::V128, EXTERN, SlotType::I32], &[EXTERN, SlotType::V128]), None);
    let value = store.new_extern(Box::new("value")).unwrap();
    let args = [Value::V128(5 << 64 | 6), Value::Extern(Some(value.clone().into())), Value::I32(7)];
    let is_value = |store: &Store, seen: &AnyHandle| {
        let AnyHandle::Extern(seen) = seen else { return false };
        store.extern_value(seen).unwrap().downcast_ref() == Some(&"value")
    };
    store.begin_call(&func, &args).unwrap();
    drop((args, value));
    // What a call was given stays under it.
    assert_eq!(store.collect().objects, 0);
    assert!(matches!(store.run(), Outcome::HostPending { host } if host == number));
    let mut seen = [Value::Null, Value::Null, Value::Null];
    store.host_args(&mut seen).unwrap();
    assert!(matches!(&seen, [Value::V128(bits), Value::Extern(Some(seen)), Value::I32(7)]
        if *bits == (5 << 64 | 6) && is_value(&store, seen)));
    assert!(store.calling_instance().is_none());
    assert_eq!(store.return_from_host(&[Value::Null]), Err(ValueError::Count { expected: 2, found: 1 }));
    assert_eq!(store.return_from_host(&[Value::I32(0), Value::V128(1)]), Err(ValueError::Type));
    store.return_from_host(&[Value::Extern(None), Value::V128(9)]).unwrap();
    assert!(matches!(store.run(), Outcome::Done));
    let mut results = [Value::Null, Value::Null];
    store.take_results(&mut results).unwrap();
    assert!(matches!(results, [Value::Extern(None), Value::V128(9)]));
    assert_eq!(store.call_depth(), 0);
    drop(seen);
    assert_eq!(store.collect().objects, 1);
}

#[test]
#[should_panic(expected = "a call goes on where it can")]
fn a_call_waits_for_its_host_function() {
    let mut store = Store::new(StoreLimits::default());
    let (_, func) = store.new_host_func(ty(0, &[], &[EXTERN]), None);
    store.begin_call(&func, &[]).unwrap();
    store.run();
    store.run();
}
