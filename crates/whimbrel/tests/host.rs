//! Host functions: round trips, callers, re-entrancy, failure.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::{instantiate, linker, module};
use whimbrel::{
    AsContext, AsContextMut, Caller, Config, Engine, Error, ExternRef, Func, FuncType, HandleError, Instance, Linker,
    Result, Store, Trap, V128, Val, ValType, WasmBacktrace,
};

#[test]
fn every_type_makes_the_round_trip() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "nums", |a: i32, b: u32, c: i64, d: u64, e: f32, f: f64| (f, e, d, c, b, a)).unwrap();
    linker.func_wrap("h", "refs", |f: Option<Func>, e: Option<ExternRef>| (e, f)).unwrap();
    let module = module(
        &engine,
        r#"(module
            (import "h" "nums" (func $nums (param i32 i32 i64 i64 f32 f64) (result f64 f32 i64 i64 i32 i32)))
            (import "h" "refs" (func $refs (param funcref externref) (result externref funcref)))
            (func (export "nums") (param i32 i32 i64 i64 f32 f64) (result f64 f32 i64 i64 i32 i32)
                (call $nums (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))
            (func (export "refs") (param funcref externref) (result externref funcref)
                (call $refs (local.get 0) (local.get 1))))"#,
    );
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();

    type In = (i32, u32, i64, u64, f32, f64);
    type Out = (f64, f32, u64, i64, u32, i32);
    let nums = instance.get_typed_func::<In, Out>(&mut store, "nums").unwrap();
    let nan = f32::from_bits(0x7fa0_1234);
    let out = nums.call(&mut store, (-1, u32::MAX, i64::MIN, u64::MAX, nan, -0.0)).unwrap();
    assert_eq!((out.0.to_bits(), out.1.to_bits()), ((-0.0f64).to_bits(), nan.to_bits()));
    assert_eq!((out.2, out.3, out.4, out.5), (u64::MAX, i64::MIN, u32::MAX, -1));

    type Refs = (Option<Func>, Option<ExternRef>);
    let refs = instance.get_typed_func::<Refs, (Option<ExternRef>, Option<Func>)>(&mut store, "refs").unwrap();
    let (func, value) = (refs.func().clone(), ExternRef::new(&mut store, 42u8).unwrap());
    let (value2, func2) = refs.call(&mut store, (Some(func.clone()), Some(value.clone()))).unwrap();
    assert_eq!((func2, value2), (Some(func), Some(value.clone())));
    assert_eq!(value.data(&store).unwrap().downcast_ref(), Some(&42u8));
    assert_eq!(refs.call(&mut store, (None, None)).unwrap(), (None, None));
}

#[test]
fn vectors_pass_through_the_embedder_alone() {
    let mut store = Store::<()>::default();
    let swap = Func::wrap(&mut store, |a: V128, b: i32, c: V128| (c, b, a));
    let swap = swap.typed::<(V128, i32, V128), (V128, i32, V128)>(&store).unwrap();
    let (a, c) = (V128::from_u128(1 << 100 | 7), V128::from_u128(u128::MAX - 5));
    assert_eq!(swap.call(&mut store, (a, -3, c)).unwrap(), (c, -3, a));
}

#[test]
fn sixteen_parameters_and_untyped_functions() {
    let mut store = Store::<()>::default();
    let sum = Func::wrap(
        &mut store,
        |a: i32,
         b: i32,
         c: i32,
         d: i32,
         e: i32,
         f: i32,
         g: i32,
         h: i32,
         i: i32,
         j: i32,
         k: i32,
         l: i32,
         m: i32,
         n: i32,
         o: i32,
         p: i64| { i64::from(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o) * p },
    );
    let mut args = vec![Val::I32(2); 15];
    args.push(Val::I64(3));
    let mut results = [Val::I32(0)];
    sum.call(&mut store, &args, &mut results).unwrap();
    assert_eq!(results[0].unwrap_i64(), 90);

    let ty = FuncType::new(&store.engine().clone(), [ValType::I32, ValType::F64], [ValType::F64, ValType::I32]);
    let swap = Func::new(&mut store, ty.clone(), |_, params, results| {
        results.clone_from_slice(&[params[1].clone(), params[0].clone()]);
        Ok(())
    });
    assert_eq!(swap.ty(&store), ty);
    let swap = swap.typed::<(i32, f64), (f64, i32)>(&store).unwrap();
    assert_eq!(swap.call(&mut store, (5, 1.5)).unwrap(), (1.5, 5));
}

#[test]
fn a_result_of_the_wrong_type_is_an_error() {
    let mut store = Store::<()>::default();
    let ty = FuncType::new(&store.engine().clone(), [], [ValType::I32]);
    let func = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = func.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    assert_eq!(error.to_string(), "type mismatch: expected (i32), found (i64)");
}

#[test]
fn callers_reach_their_instance_and_the_data() {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    linker
        .func_wrap("h", "print", |mut caller: Caller<'_, Vec<String>>, at: u32, len: u32| -> Result<()> {
            let memory = caller.get_export("memory").and_then(|export| export.into_memory());
            let memory = memory.ok_or_else(|| Error::msg("no memory"))?;
            let (bytes, data) = memory.data_and_store_mut(&mut caller);
            data.push(String::from_utf8(bytes[at as usize..][..len as usize].to_vec())?);
            Ok(())
        })
        .unwrap();
    let text = r#"(module
        (import "h" "print" (func $print (param i32 i32)))
        (memory (export "memory") 1) (data (i32.const 8) "hello")
        (func (export "f") (call $print (i32.const 8) (i32.const 5))))"#;
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap();
    assert_eq!(store.data(), &["hello"]);
    // Called by the embedder itself, there is no instance.
    let print = linker.get(&mut store, "h", "print").unwrap().into_func().unwrap();
    let error = print.typed::<(u32, u32), ()>(&store).unwrap().call(&mut store, (0, 0)).unwrap_err();
    assert_eq!(error.to_string(), "no memory");
}

#[test]
fn a_host_function_that_grows_the_memory_is_seen_at_once() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("h", "grow", |mut caller: Caller<'_, ()>| -> Result<u64> {
            let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
            let old = memory.grow(&mut caller, 3)?;
            memory.write(&mut caller, 3 << 16, &[9, 8, 7, 6])?;
            Ok(old)
        })
        .unwrap();
    let text = r#"(module
        (import "h" "grow" (func $grow (result i64)))
        (memory (export "memory") 1)
        (func (export "f") (result i64 i32 i32)
            (i32.store (i32.const 0) (i32.const 77))
            (call $grow)
            (i32.load (i32.const 0x30000))
            (i32.load (i32.const 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let f = instance.get_typed_func::<(), (i64, i32, i32)>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), (1, 0x0607_0809, 77));
}

/// `fact(n)` by way of the host at each level: WebAssembly calls `h.mul`, which calls `fact(n - 1)`.
fn factorial(engine: &Engine) -> (Store<u32>, Instance) {
    let mut linker = Linker::<u32>::new(engine);
    linker
        .func_wrap("h", "mul", |mut caller: Caller<'_, u32>, n: i64| -> Result<i64> {
            *caller.data_mut() += 1;
            let fact = caller.get_export("fact").unwrap().into_func().unwrap();
            let fact = fact.typed::<i64, i64>(&caller)?;
            Ok(n * fact.call(&mut caller, n - 1)?)
        })
        .unwrap();
    let text = r#"(module
        (import "h" "mul" (func $mul (param i64) (result i64)))
        (func (export "fact") (param i64) (result i64)
            (if (result i64) (i64.eqz (local.get 0))
                (then (i64.const 1))
                (else (call $mul (local.get 0))))))"#;
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate(&mut store, &module(engine, text)).unwrap();
    (store, instance)
}

#[test]
fn calls_nest() {
    let (mut store, instance) = factorial(&Engine::default());
    let fact = instance.get_typed_func::<i64, i64>(&mut store, "fact").unwrap();
    assert_eq!(fact.call(&mut store, 20).unwrap(), 2_432_902_008_176_640_000);
    assert_eq!(*store.data(), 20);
}

#[test]
fn nesting_is_limited_and_the_store_goes_on() {
    let mut config = Config::new();
    config.max_host_depth(10);
    let (mut store, instance) = factorial(&Engine::new(&config).unwrap());
    let fact = instance.get_typed_func::<i64, i64>(&mut store, "fact").unwrap();
    let error = fact.call(&mut store, 10).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::CallStackExhausted));
    assert_eq!(fact.call(&mut store, 9).unwrap(), 362_880);
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("refused {0}")]
struct Refused(i32);

#[test]
fn a_host_error_comes_out_with_a_backtrace() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "fail", |n: i32| -> Result<()> { Err(Refused(n).into()) }).unwrap();
    linker.func_wrap("h", "trap", || -> Result<i32> { Err(Trap::Unreachable.into()) }).unwrap();
    let text = r#"(module $guest
        (import "h" "fail" (func $fail (param i32)))
        (import "h" "trap" (func $trap (result i32)))
        (func $inner (param i32) (call $fail (local.get 0)))
        (func $outer (export "outer") (call $inner (i32.const 5)))
        (func (export "trap") (result i32) (i32.add (i32.const 1) (call $trap))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
    let error = outer.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Refused(5)));
    let frames = error.backtrace().unwrap().frames();
    let names: Vec<_> = frames.iter().map(|frame| frame.func_name().unwrap()).collect();
    assert_eq!(names, ["inner", "outer"]);
    assert!(error.downcast_ref::<WasmBacktrace>().is_some());

    let trap = instance.get_typed_func::<(), i32>(&mut store, "trap").unwrap();
    assert_eq!(trap.call(&mut store, ()).unwrap_err().downcast::<Trap>().unwrap(), Trap::Unreachable);
    // The store is as good as before.
    assert_eq!(outer.call(&mut store, ()).unwrap_err().downcast_ref(), Some(&Refused(5)));
}

#[test]
fn a_panic_in_a_host_function_leaves_the_store_usable() {
    let (mut store, _) = instantiate("(module)");
    let boom = Func::wrap(&mut store, |n: i32| if n == 0 { panic!("boom") } else { n });
    let boom = boom.typed::<i32, i32>(&store).unwrap();
    let call = std::panic::AssertUnwindSafe(|| boom.call(&mut store, 0));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(boom.call(&mut store, 3).unwrap(), 3);
    // Nothing counts as running any more, so collections happen.
    let (before, _) = (store.num_instances(), store.gc());
    assert_eq!((before, store.num_instances()), (1, 0));
}

#[test]
fn a_panic_in_a_host_function_called_by_wasm_reaches_the_embedder() {
    let engine = Engine::default();
    let text = r#"(module
        (import "host" "pure" (func $pure (param i32) (result i32)))
        (import "host" "seeing" (func $seeing (param i32) (result i32)))
        (func (export "pure") (param i32) (result i32) (call $pure (local.get 0)))
        (func (export "seeing") (param i32) (result i32) (call $seeing (local.get 0))))"#;
    let check = |n: i32| if n == 0 { panic!("boom") } else { n };
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "pure", check).unwrap();
    linker.func_wrap("host", "seeing", move |_: Caller<'_, ()>, n: i32| check(n)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    for name in ["pure", "seeing"] {
        let func = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
        let call = std::panic::AssertUnwindSafe(|| func.call(&mut store, 0));
        let payload = std::panic::catch_unwind(call).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"boom"), "{name}");
        assert_eq!(func.call(&mut store, 3).unwrap(), 3, "{name}");
    }
}

#[test]
fn numbers_pass_to_closures_and_back_bit_by_bit() {
    let engine = Engine::default();
    let text = r#"(module
        (type $t (func (param i32 i64 f32 f64) (result f64 f32 i64 i32)))
        (import "host" "turn" (func $turn (type $t)))
        (table funcref (elem $turn))
        (func (export "direct") (type $t)
            (call $turn (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (func (export "indirect") (type $t)
            (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 0)))
        (func (export "tail") (type $t)
            (return_call $turn (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"#;
    let turn = |a: i32, b: i64, c: f32, d: f64| (-d, c, b + 1, a - 1);
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "turn", turn).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let nan = f32::from_bits(0x7fa0_1234);
    for name in ["direct", "indirect", "tail"] {
        let func = instance.get_typed_func::<(i32, i64, f32, f64), (f64, f32, i64, u32)>(&mut store, name).unwrap();
        let (d, c, b, a) = func.call(&mut store, (0, i64::MAX - 1, nan, 0.0)).unwrap();
        assert_eq!(
            (d.to_bits(), c.to_bits(), b, a),
            ((-0.0_f64).to_bits(), nan.to_bits(), i64::MAX, u32::MAX),
            "{name}"
        );
    }
}

#[test]
fn generic_code_takes_anything_that_lends_a_store() {
    fn twice(mut store: impl AsContextMut<Data = u32>) -> u32 {
        let mut store = store.as_context_mut();
        *store.data_mut() *= 2;
        *store.as_context().data()
    }
    let mut store = Store::new(&Engine::default(), 1);
    assert_eq!(twice(&mut store), 2);
    let func = Func::wrap(&mut store, |mut caller: Caller<'_, u32>| twice(&mut caller));
    assert_eq!(func.typed::<(), u32>(&store).unwrap().call(&mut store, ()).unwrap(), 4);
    assert_eq!(store.into_data(), 4);
}

#[test]
fn fuel_runs_out_and_can_be_refilled() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let text = r#"(module (func (export "spin") (param i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let spin = instance.get_typed_func::<i32, ()>(&mut store, "spin").unwrap();
    store.set_fuel(1000).unwrap();
    spin.call(&mut store, 100).unwrap();
    let left = store.get_fuel().unwrap();
    // A hundred rounds of five instructions, 99 branches back, the start.
    assert_eq!(left, 1000 - 500 - 99 - 1);
    let error = spin.call(&mut store, 1_000_000).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::OutOfFuel));
    assert_eq!(store.get_fuel().unwrap(), 0);
    store.set_fuel(1000).unwrap();
    spin.call(&mut store, 100).unwrap();
    let (mut other, _) = instantiate("(module)");
    assert_eq!(other.set_fuel(1).unwrap_err().to_string(), "fuel is not configured in this engine");
}

#[test]
fn another_thread_interrupts() {
    let (mut store, instance) = instantiate(r#"(module (func (export "spin") (loop (br 0))))"#);
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
    let handle = store.interrupt_handle();
    let error = std::thread::scope(|scope| {
        let running = scope.spawn(|| spin.call(&mut store, ()).unwrap_err());
        handle.interrupt();
        running.join().unwrap()
    });
    assert_eq!(error.as_trap(), Some(Trap::Interrupted));
}

#[test]
fn deep_recursion_is_a_trap() {
    let (mut store, instance) = instantiate(
        r#"(module (func $f (export "f") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))))"#,
    );
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, 10_000).unwrap(), 10_000);
    let error = f.call(&mut store, -1).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::CallStackExhausted));
    // Tens of thousands of frames are not all told of.
    assert_eq!(error.backtrace().unwrap().frames().len(), 100);
    assert_eq!(f.call(&mut store, 10_000).unwrap(), 10_000);
}

#[test]
fn linkers_make_functions_for_any_store() {
    let engine = Engine::default();
    let mut first = Store::new(&engine, 1);
    let mut second = Store::new(&engine, 2);
    let mut linker = linker(&first);
    linker.func_wrap("h", "data", |caller: Caller<'_, i32>| *caller.data()).unwrap();
    let text = r#"(module (import "h" "data" (func (result i32))) (export "data" (func 0)))"#;
    let module = module(&engine, text);
    for (store, expected) in [(&mut first, 1), (&mut second, 2)] {
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        let data = instance.get_typed_func::<(), i32>(&mut *store, "data").unwrap();
        assert_eq!(data.call(store, ()).unwrap(), expected);
    }
}

#[cfg(feature = "std")]
#[test]
fn a_module_comes_from_a_file() {
    let engine = Engine::default();
    let path = std::env::temp_dir().join(format!("whimbrel-from-file-{}.wasm", std::process::id()));
    std::fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
    let module = whimbrel::Module::from_file(&engine, &path).unwrap();
    assert_eq!(module.bytes(), b"\0asm\x01\0\0\0");
    #[cfg(feature = "wat")]
    {
        std::fs::write(&path, "(module (func (export \"f\")))").unwrap();
        assert_eq!(whimbrel::Module::from_file(&engine, &path).unwrap().exports().count(), 1);
    }
    std::fs::remove_file(&path).unwrap();
    let error = whimbrel::Module::from_file(&engine, &path).map(drop).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot read {}: ", path.display())), "{error}");
}

/// A value of the embedder's whose destructor panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

#[test]
fn a_store_that_a_destructor_has_poisoned_says_so() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, "(module (func (export \"f\")))");
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    drop(ExternRef::new(&mut store, Bomb).unwrap());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.gc()));
    assert!(panicked.is_err());
    let is_poisoned = |error: &Error| error.downcast_ref::<HandleError>() == Some(&HandleError::Poisoned);
    assert!(is_poisoned(&f.call(&mut store, ()).unwrap_err()));
    assert!(is_poisoned(&f.func().call(&mut store, &[], &mut []).unwrap_err()));
    assert!(is_poisoned(&Instance::new(&mut store, &module, &[]).unwrap_err()));
    assert_eq!(store.gc(), 0);
}

#[test]
fn a_host_function_may_drop_handles_collect_and_instantiate() {
    let engine = Engine::default();
    let text = r#"(module (import "" "host" (func $h (result i32)))
        (type $n (struct (field i32)))
        (func (export "f") (result i32) (local $x (ref null $n))
            (local.set $x (struct.new $n (i32.const 30)))
            (i32.add (call $h) (struct.get $n 0 (local.get $x)))))"#;
    let mut store = Store::new(&engine, Vec::<Instance>::new());
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<Instance>>| -> Result<i32> {
        // The only handles of the instance that calls, and of another.
        caller.data_mut().clear();
        caller.as_context_mut().gc();
        let engine = caller.engine().clone();
        let other = Instance::new(&mut caller, &module(&engine, "(module (memory 1))"), &[])?;
        caller.data_mut().push(other);
        caller.as_context_mut().gc();
        Ok(12)
    });
    let instance = Instance::new(&mut store, &module(&engine, text), &[host.into()]).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    store.data_mut().push(instance);
    assert_eq!(f.call(&mut store, ()).unwrap(), 42);
    assert_eq!(f.call(&mut store, ()).unwrap(), 42);
}
