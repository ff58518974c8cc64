//! Exceptions between WebAssembly and the embedder.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::{instantiate, linker, module, with_imports};
use whimbrel::{
    AsContextMut, Caller, Config, Engine, Error, Exception, ExnRef, ExternRef, Func, FuncType, HandleError, Instance,
    Store, Tag, TagType, Trap, Val, ValType, WasmBacktrace,
};

const RAISE: &str = r#"(module
    (tag $e (export "e") (param i32 i64 externref))
    (func $raise (export "raise") (param externref)
        (throw $e (i32.const 1) (i64.const -2) (local.get 0)))
    (func $around (export "around") (param externref) (call $raise (local.get 0))))"#;

fn tag(store: &mut Store<()>, instance: &Instance, name: &str) -> Tag {
    instance.get_export(store, name).and_then(whimbrel::Extern::into_tag).unwrap()
}

#[test]
fn uncaught_exceptions_reach_the_embedder() {
    let (mut store, instance) = instantiate(RAISE);
    let value = ExternRef::new(&mut store, "payload").unwrap();
    let around = instance.get_func(&mut store, "around").unwrap();
    let error = around.call(&mut store, &[value.clone().into()], &mut []).unwrap_err();
    assert_eq!(error.to_string(), "uncaught exception");
    assert_eq!(error.as_trap(), None);
    let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
    assert_eq!(frames.iter().map(|frame| frame.func_name().unwrap()).collect::<Vec<_>>(), ["raise", "around"]);
    let exception = error.downcast::<Exception>().unwrap();
    assert_eq!(exception.tag(), &tag(&mut store, &instance, "e"));
    let [a, b, c] = exception.payload() else { panic!("three values: {exception:?}") };
    assert_eq!((a.i32(), b.i64(), c.extern_ref()), (Some(1), Some(-2), Some(Some(&value))));
    // The store goes on.
    assert!(around.call(&mut store, &[Val::ExternRef(None)], &mut []).unwrap_err().is::<Exception>());
}

const CATCH: &str = r#"(module
    (import "" "tag" (tag $e (param i32)))
    (import "" "host" (func $host (param i32) (result i32)))
    (memory 1)
    (func $tail (param i32) (result i32) (return_call $host (local.get 0)))
    (func (export "catch") (param i32) (result i32)
        (block $h (result i32)
            (try_table (result i32) (catch $e $h)
                (i32.add (call $host (local.get 0)) (i32.const 1)))
            (return))
        (i32.add (i32.const 1000)))
    (func (export "catch-all") (param i32) (result i32)
        (block $h
            (try_table (catch_all $h) (return (call $tail (local.get 0)))))
        (i32.const -1))
    (func (export "miss") (param i32) (result i32) (call $tail (local.get 0))))"#;

/// A store with a tag, and an instance of `CATCH` whose host function `host` makes.
fn catching(
    host: impl Fn(Caller<'_, ()>, i32, &Tag) -> whimbrel::Result<i32> + Send + Sync + 'static,
) -> (Store<()>, Tag, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], []))).unwrap();
    let thrown = tag.clone();
    let func = Func::wrap(&mut store, move |caller: Caller<'_, ()>, n: i32| host(caller, n, &thrown));
    let instance = with_imports(&mut store, CATCH, &[tag.clone().into(), func.into()]).unwrap();
    (store, tag, instance)
}

fn call(store: &mut Store<()>, instance: &Instance, name: &str, n: i32) -> whimbrel::Result<i32> {
    instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap().call(store, n)
}

#[test]
fn host_functions_throw() {
    let (mut store, tag, instance) = catching(|_, n, tag| match n {
        0 => Err(Exception::new(tag, [Val::I32(7)]).into()),
        1 => Err(Error::from(Exception::new(tag, [Val::I32(8)])).context("with words around it")),
        2 => Err(Trap::Unreachable.into()),
        3 => Err(Exception::new(tag, [Val::I64(7)]).into()),
        n => Ok(n),
    });
    assert_eq!(call(&mut store, &instance, "catch", 0).unwrap(), 1007);
    assert_eq!(call(&mut store, &instance, "catch", 1).unwrap(), 1008);
    assert_eq!(call(&mut store, &instance, "catch", 5).unwrap(), 6);
    assert_eq!(call(&mut store, &instance, "catch-all", 0).unwrap(), -1);
    // Other errors are not exceptions, nor is one whose payload is not the tag's.
    assert_eq!(call(&mut store, &instance, "catch-all", 2).unwrap_err().as_trap(), Some(Trap::Unreachable));
    let refused = call(&mut store, &instance, "catch-all", 3).unwrap_err();
    assert!(refused.is::<HandleError>(), "{refused:?}");
    // Nobody catches: through a frame and back to the embedder.
    let error = call(&mut store, &instance, "miss", 0).unwrap_err();
    assert_eq!(error.downcast::<Exception>().unwrap().tag(), &tag);
}

#[test]
fn exceptions_pass_through_host_functions() {
    // Every call from within goes down to 0, where the exception is thrown; frames of four calls lie between.
    let (mut store, _, instance) = catching(|mut caller, n, tag| {
        if n == 0 {
            return Err(Exception::new(tag, [Val::I32(3)]).into());
        }
        let miss = caller.get_export("miss").and_then(whimbrel::Extern::into_func).unwrap();
        let mut results = [Val::I32(0)];
        miss.call(caller.as_context_mut(), &[Val::I32(n - 1)], &mut results)?;
        Ok(results[0].unwrap_i32())
    });
    assert_eq!(call(&mut store, &instance, "catch", 4).unwrap(), 1003);
    assert!(call(&mut store, &instance, "miss", 4).unwrap_err().is::<Exception>());
    assert_eq!(call(&mut store, &instance, "catch-all", 2).unwrap(), -1);
}

#[test]
fn functions_of_the_host_alone_throw_to_the_embedder() {
    let (mut store, tag, _) = catching(|_, n, _| Ok(n));
    let thrown = tag.clone();
    let throw = Func::wrap(&mut store, move |n: i32| -> whimbrel::Result<i32> {
        Err(Exception::new(&thrown, [Val::I32(n)]).into())
    });
    let error = throw.call(&mut store, &[Val::I32(9)], &mut [Val::I32(0)]).unwrap_err();
    assert_eq!(error.downcast::<Exception>().unwrap().payload()[0].unwrap_i32(), 9);
}

#[test]
fn tags_of_other_stores_are_refused() {
    let (_, foreign, _) = catching(|_, n, _| Ok(n));
    let (mut store, _, instance) = catching(move |_, _, _| Err(Exception::new(&foreign, [Val::I32(0)]).into()));
    let error = call(&mut store, &instance, "catch-all", 0).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&HandleError::WrongStore));
}

#[test]
fn references_to_exceptions_are_values() {
    let (mut store, instance) = instantiate(
        r#"(module
            (tag $e (export "e") (param externref))
            (global $kept (export "kept") (mut exnref) (ref.null exn))
            (table $t (export "t") 1 exnref)
            (func (export "keep") (param externref) (result exnref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $e (local.get 0)))
                    (unreachable))
                (global.set $kept)
                (table.set $t (i32.const 0) (global.get $kept))
                (global.get $kept))
            (func (export "throw") (param exnref) (throw_ref (local.get 0)))
            (func (export "payload") (result externref)
                (block $h (result externref)
                    (try_table (catch $e $h) (throw_ref (table.get $t (i32.const 0))))
                    (unreachable))))"#,
    );
    let value = ExternRef::new(&mut store, 42u8).unwrap();
    let keep = instance.get_typed_func::<Option<ExternRef>, Option<ExnRef>>(&mut store, "keep").unwrap();
    let kept = keep.call(&mut store, Some(value.clone())).unwrap().unwrap();
    assert_eq!(kept.exception(&mut store).unwrap().payload()[0].extern_ref(), Some(Some(&value)));

    // What only the table holds survives a collection, with what it carries.
    let global = instance.get_global(&mut store, "kept").unwrap();
    global.set(&mut store, Val::ExnRef(None)).unwrap();
    drop((kept, value));
    store.gc();
    let payload = instance.get_typed_func::<(), Option<ExternRef>>(&mut store, "payload").unwrap();
    let value = payload.call(&mut store, ()).unwrap().unwrap();
    assert_eq!(value.data(&store).unwrap().downcast_ref(), Some(&42u8));

    // One that the embedder makes.
    let tag = tag(&mut store, &instance, "e");
    let exn = ExnRef::new(&mut store, &Exception::new(&tag, [value.clone().into()])).unwrap();
    store.gc();
    let throw = instance.get_typed_func::<Option<ExnRef>, ()>(&mut store, "throw").unwrap();
    let thrown = throw.call(&mut store, Some(exn)).unwrap_err().downcast::<Exception>().unwrap();
    assert_eq!(thrown.payload()[0].extern_ref(), Some(Some(&value)));
    let null = throw.call(&mut store, None).unwrap_err();
    assert_eq!(null.as_trap(), Some(Trap::NullExceptionReference));
    assert!(ExnRef::new(&mut store, &Exception::new(&tag, [])).is_err());
}

#[test]
fn exceptions_are_collected() {
    let (mut store, instance) = instantiate(
        r#"(module
            (tag $e (param externref))
            (func (export "f") (param externref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $e (local.get 0)))
                    (unreachable))
                (drop)))"#,
    );
    let f = instance.get_typed_func::<Option<ExternRef>, ()>(&mut store, "f").unwrap();
    let value = std::sync::Arc::new(());
    for _ in 0..100 {
        let reference = ExternRef::new(&mut store, value.clone()).unwrap();
        f.call(&mut store, Some(reference)).unwrap();
    }
    assert_eq!(std::sync::Arc::strong_count(&value), 101);
    store.gc();
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
}

const FOREVER: &str = r#"(module
    (tag $e)
    (func (export "f") (loop $l (try_table (catch $e $l) (throw $e)))))"#;

#[test]
fn catching_takes_fuel() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let instance = Instance::new(&mut store, &module(&engine, FOREVER), &[]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap_err().as_trap(), Some(Trap::OutOfFuel));
    assert_eq!(store.get_fuel().unwrap(), 0);
}

#[test]
fn catching_can_be_interrupted() {
    let (mut store, instance) = instantiate(FOREVER);
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let handle = store.interrupt_handle();
    let interrupter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        handle.interrupt();
    });
    assert_eq!(f.call(&mut store, ()).unwrap_err().as_trap(), Some(Trap::Interrupted));
    interrupter.join().unwrap();
}

#[test]
fn tags_link_by_type_and_tell_apart_by_identity() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
    let (one, two) = (Tag::new(&mut store, &ty).unwrap(), Tag::new(&mut store, &ty).unwrap());
    assert_ne!(one, two);
    assert_eq!(one.ty(&store).ty(), ty.ty());
    let importing = r#"(module (import "" "a" (tag (param i32))) (import "" "b" (tag $b (param i32)))
        (func (export "f") (throw $b (i32.const 0))))"#;
    let instance = with_imports(&mut store, importing, &[one.clone().into(), two.clone().into()]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap_err().downcast::<Exception>().unwrap().tag(), &two);
    let mut linker = linker(&store);
    linker.define(&store, "", "a", one).unwrap();
    let other = module(&engine, r#"(module (import "" "a" (tag (param i64))))"#);
    assert!(linker.instantiate(&mut store, &other).unwrap_err().is::<whimbrel::LinkError>());
}
