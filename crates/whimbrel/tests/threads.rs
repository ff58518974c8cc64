//! Shared memories under real threads: ordering, counting, waiting, growth, and plain accesses that race.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::module;
use whimbrel::{
    Engine, Error, Extern, HandleError, Instance, LinkError, Memory, MemoryType, SharedMemory, Store, Trap, WaitResult,
    WasmParams, WasmResults,
};

const PAGE: u64 = 65536;

fn shared(engine: &Engine, min: u32, max: u32) -> SharedMemory {
    SharedMemory::new(engine, MemoryType::shared(min, max)).unwrap()
}

/// Calls an export of a fresh instance of the module of `text`, in a store of its own, which imports the memory.
fn call<P: WasmParams, R: WasmResults>(memory: &SharedMemory, text: &str, name: &str, params: P) -> Result<R, Error> {
    let engine = memory.engine();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module(engine, text), &[memory.clone().into()])?;
    instance.get_typed_func::<P, R>(&mut store, name)?.call(&mut store, params)
}

fn word(memory: &SharedMemory, address: u64) -> u32 {
    let mut bytes = [0; 4];
    memory.read(address, &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

#[test]
fn counters_of_every_width_lose_nothing() {
    const THREADS: i32 = 4;
    const TURNS: i32 = 2000;
    let text = r#"(module (import "" "m" (memory 1 1 shared))
      (func (export "f") (param $n i32)
        (loop $l
          (drop (i32.atomic.rmw8.add_u (i32.const 0) (i32.const 1)))
          (drop (i32.atomic.rmw16.sub_u (i32.const 2) (i32.const 1)))
          (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 3)))
          (drop (i64.atomic.rmw.sub (i32.const 8) (i64.const 5)))
          (call $increment)
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func $increment (local $old i64)
        (loop $again
          (local.set $old (i64.atomic.load (i32.const 16)))
          (br_if $again (i64.ne (local.get $old) (i64.atomic.rmw.cmpxchg (i32.const 16)
            (local.get $old) (i64.add (local.get $old) (i64.const 1))))))))"#;
    let memory = shared(&Engine::default(), 1, 1);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| call::<_, ()>(&memory, text, "f", TURNS).unwrap());
        }
    });
    let total = THREADS * TURNS;
    let mut bytes = [0; 24];
    memory.read(0, &mut bytes).unwrap();
    let int = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(bytes[0], total as u8);
    assert_eq!(bytes[1], 0, "a narrow access stays in its bytes");
    assert_eq!(u16::from_le_bytes([bytes[2], bytes[3]]), (total as u16).wrapping_neg());
    assert_eq!(word(&memory, 4), 3 * total as u32);
    assert_eq!((int(8), int(16)), (-5 * i64::from(total), i64::from(total)));
}

#[test]
fn what_is_written_before_a_flag_is_seen_after_it() {
    let text = r#"(module (import "" "m" (memory 1 1 shared))
      (func (export "write") (param $n i32)
        (loop $l
          (i64.store (i32.const 1001) (i64.extend_i32_u (local.get $n)))
          (v128.store (i32.const 2008) (i32x4.splat (local.get $n)))
          (i32.atomic.store (i32.const 0) (local.get $n))
          (loop $wait (br_if $wait (i32.ne (i32.atomic.load (i32.const 4)) (local.get $n))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "read") (param $n i32) (result i32)
        (loop $l
          (loop $wait (br_if $wait (i32.ne (i32.atomic.load (i32.const 0)) (local.get $n))))
          (if (i32.ne (i32.load (i32.const 1001)) (local.get $n)) (then (return (local.get $n))))
          (if (i32.ne (i32x4.extract_lane 3 (v128.load (i32.const 2008))) (local.get $n))
            (then (return (local.get $n))))
          (i32.atomic.store (i32.const 4) (local.get $n))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0)))"#;
    let memory = shared(&Engine::default(), 1, 1);
    thread::scope(|scope| {
        let reader = scope.spawn(|| call::<_, i32>(&memory, text, "read", 500).unwrap());
        call::<_, ()>(&memory, text, "write", 500).unwrap();
        assert_eq!(reader.join().unwrap(), 0);
    });
}

/// With sequential consistency, of two threads that write one word each and then read the other's, one sees the other's.
#[test]
fn atomic_stores_come_before_later_atomic_loads() {
    let text = r#"(module (import "" "m" (memory 1 1 shared))
      (func (export "f") (param $mine i32) (param $other i32) (param $result i32) (param $n i32)
        (loop $l
          ;; Both start a turn together.
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
          (loop $wait (br_if $wait
            (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.mul (i32.const 2) (local.get $n)))))
          (i32.atomic.store (local.get $mine) (local.get $n))
          (i32.store (local.get $result) (i32.eq (i32.atomic.load (local.get $other)) (local.get $n)))
          (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
          (loop $wait (br_if $wait
            (i32.lt_u (i32.atomic.load (i32.const 4)) (i32.mul (i32.const 2) (local.get $n)))))
          (if (i32.eqz (i32.or (i32.load (i32.const 24)) (i32.load (i32.const 32)))) (then (unreachable)))
          (br_if $l (i32.le_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 300))))))"#;
    let memory = shared(&Engine::default(), 1, 1);
    thread::scope(|scope| {
        let other = scope.spawn(|| call::<_, ()>(&memory, text, "f", (8, 16, 24, 1)));
        let this = call::<_, ()>(&memory, text, "f", (16, 8, 32, 1));
        other.join().unwrap().and(this).unwrap();
    });
}

#[test]
fn racing_plain_accesses_see_bytes_that_were_written() {
    let text = r#"(module (import "" "m" (memory 1 1 shared))
      (func (export "write") (param $byte i32) (param $n i32)
        (loop $l
          (memory.fill (i32.const 3) (local.get $byte) (i32.const 61))
          (i64.store (i32.const 99) (i64.mul (i64.extend_i32_u (local.get $byte)) (i64.const 0x0101010101010101)))
          (i32.store16 (i32.const 121) (i32.mul (local.get $byte) (i32.const 0x0101)))
          (memory.copy (i32.const 200) (i32.const 3) (i32.const 61))
          (v128.store8_lane 0 (i32.const 130) (i8x16.splat (local.get $byte)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let memory = shared(&Engine::default(), 1, 1);
    thread::scope(|scope| {
        for byte in [0x55, 0xAA] {
            let memory = &memory;
            scope.spawn(move || call::<_, ()>(memory, text, "write", (byte, 500)).unwrap());
        }
        let mut bytes = [0; 300];
        for _ in 0..200 {
            memory.read(0, &mut bytes).unwrap();
            assert!(bytes.iter().all(|byte| [0, 0x55, 0xAA].contains(byte)));
        }
    });
    let mut last = [0; 1];
    memory.read(130, &mut last).unwrap();
    assert_ne!(last, [0]);
}

const WAIT: &str = r#"(module (import "" "m" (memory 1 10 shared))
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "size") (result i32) (memory.size)))"#;

#[test]
fn threads_wait_until_they_are_notified() {
    let memory = shared(&Engine::default(), 1, 10);
    assert_eq!(call::<_, i32>(&memory, WAIT, "wait32", (8, 1, -1_i64)).unwrap(), 1);
    assert_eq!(call::<_, i32>(&memory, WAIT, "wait64", (8, 0_i64, 1_000_000_i64)).unwrap(), 2);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|n| {
                let memory = &memory;
                scope.spawn(move || match n {
                    0 => call::<_, i32>(memory, WAIT, "wait64", (8, 0_i64, -1_i64)).unwrap(),
                    _ => call::<_, i32>(memory, WAIT, "wait32", (8, 0, -1_i64)).unwrap(),
                })
            })
            .collect();
        let mut woken = 0;
        while woken < 2 {
            woken += call::<_, i32>(&memory, WAIT, "notify", (8, 1)).unwrap();
        }
        while memory.atomic_notify(8, 1).unwrap() == 0 {}
        waiting.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 0));
    });
    let embedder = memory.atomic_wait32(8, 0, Some(1000)).unwrap();
    assert_eq!((embedder, memory.atomic_wait64(8, 7, None).unwrap()), (WaitResult::TimedOut, WaitResult::Mismatch));
}

#[test]
fn waiting_is_interrupted_and_can_be_repeated() {
    let engine = Engine::default();
    let memory = shared(&engine, 1, 10);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, WAIT), &[memory.clone().into()]).unwrap();
    let wait = instance.get_typed_func::<(i32, i32, i64), i32>(&mut store, "wait32").unwrap();
    let handle = store.interrupt_handle();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(30));
            handle.interrupt();
        });
        let error = wait.call(&mut store, (0, 0, -1)).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::Interrupted));
    });
    // The one that was interrupted waits no longer.
    assert_eq!(memory.atomic_notify(0, 9).unwrap(), 0);
    let start = Instant::now();
    assert_eq!(wait.call(&mut store, (0, 0, 3_000_000)).unwrap(), 2);
    // Without the standard library there is no clock, and finite timeouts are over at once.
    assert!(!cfg!(feature = "std") || start.elapsed() >= Duration::from_millis(3));
}

#[test]
fn growth_is_seen_by_every_thread() {
    let engine = Engine::default();
    let memory = shared(&engine, 1, 10);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, WAIT), &[memory.clone().into()]).unwrap();
    let load = instance.get_typed_func::<i32, i32>(&mut store, "load").unwrap();
    let size = instance.get_typed_func::<(), i32>(&mut store, "size").unwrap();
    assert_eq!(load.call(&mut store, PAGE as i32).unwrap_err().as_trap(), Some(Trap::MemoryOutOfBounds));
    thread::scope(|scope| {
        let grown = scope.spawn(|| call::<_, i32>(&memory, WAIT, "grow", 2).unwrap());
        assert_eq!(grown.join().unwrap(), 1);
    });
    memory.write(3 * PAGE - 4, &[1, 2, 3, 4]).unwrap();
    assert_eq!(load.call(&mut store, 3 * PAGE as i32 - 4).unwrap(), 0x0403_0201);
    assert_eq!(load.call(&mut store, 3 * PAGE as i32 - 3).unwrap_err().as_trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!((size.call(&mut store, ()).unwrap(), memory.size(), memory.data_size()), (3, 3, 3 * PAGE));
    assert_eq!(call::<_, i32>(&memory, WAIT, "grow", 8).unwrap(), -1);
    assert_eq!(memory.grow(7).unwrap(), 3);
    assert!(matches!(memory.grow(1).unwrap_err().downcast_ref(), Some(HandleError::Limit("memory"))));
}

#[test]
fn misaligned_and_distant_accesses_trap() {
    let memory = shared(&Engine::default(), 1, 10);
    let trap = |name: &str, address: i32| match name {
        "notify" => call::<_, i32>(&memory, WAIT, name, (address, 0)).unwrap_err().as_trap(),
        "wait32" => call::<_, i32>(&memory, WAIT, name, (address, 0, 0_i64)).unwrap_err().as_trap(),
        _ => call::<_, i32>(&memory, WAIT, name, (address, 0_i64, 0_i64)).unwrap_err().as_trap(),
    };
    for name in ["notify", "wait32", "wait64"] {
        assert_eq!(trap(name, 2), Some(Trap::UnalignedAtomic));
        assert_eq!(trap(name, PAGE as i32 + 2), Some(Trap::UnalignedAtomic));
        assert_eq!(trap(name, PAGE as i32), Some(Trap::MemoryOutOfBounds));
    }
    assert_eq!(trap("wait64", 4), Some(Trap::UnalignedAtomic));
}

#[test]
fn one_module_uses_shared_and_other_memories() {
    let text = r#"(module
      (import "" "m" (memory $shared 1 1 shared))
      (memory $own 1)
      (memory (export "other") i64 1 2 shared)
      (data (memory $shared) (i32.const 4) "abcd")
      (data $passive "wxyz")
      (func (export "f") (result i32)
        (memory.copy $own $shared (i32.const 100) (i32.const 4) (i32.const 4))
        (memory.copy $shared $own (i32.const 9) (i32.const 101) (i32.const 3))
        (memory.init 2 $passive (i64.const 65533) (i32.const 1) (i32.const 3))
        (i32.atomic.store8 2 (i64.const 65535) (i32.atomic.rmw8.xchg_u $own (i32.const 100) (i32.const 33)))
        (i64.store16 2 offset=2 (i64.const 65532) (i64.load8_u $own (i32.const 100)))
        (i32.load $own (i32.const 100)))
      (func (export "far") (drop (i32.load 2 offset=4 (i64.const -4)))))"#;
    let engine = Engine::default();
    let memory = shared(&engine, 1, 1);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[memory.clone().into()]).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap().to_le_bytes(), *b"!bcd");
    let mut bytes = [0; 8];
    memory.read(4, &mut bytes).unwrap();
    assert_eq!(&bytes, b"abcd\0bcd");
    let other = instance.get_shared_memory(&mut store, "other").unwrap();
    let mut bytes = [0; 3];
    other.read(PAGE - 3, &mut bytes).unwrap();
    assert_eq!(&bytes, b"x!\0");
    let far = instance.get_typed_func::<(), ()>(&mut store, "far").unwrap();
    assert_eq!(far.call(&mut store, ()).unwrap_err().as_trap(), Some(Trap::MemoryOutOfBounds));
    assert!(instance.get_memory(&mut store, "other").is_none());
}

#[test]
fn shared_and_other_memories_do_not_match() {
    let engine = Engine::default();
    let (memory, mut store) = (shared(&engine, 1, 2), Store::new(&engine, ()));
    let own: Extern = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap().into();
    let needs_own = module(&engine, r#"(module (import "" "m" (memory 1 2)))"#);
    let needs_shared = module(&engine, r#"(module (import "" "m" (memory 1 2 shared)))"#);
    let needs_smaller = module(&engine, r#"(module (import "" "m" (memory 1 1 shared)))"#);
    for (module, import) in
        [(&needs_own, memory.clone().into()), (&needs_shared, own), (&needs_smaller, memory.clone().into())]
    {
        let error = Instance::new(&mut store, module, &[import]).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(LinkError::Incompatible { .. })), "{error}");
    }
    let is = |error: Error, wanted: bool| matches!(error.downcast_ref(), Some(HandleError::Shared { expected }) if *expected == wanted);
    assert!(is(SharedMemory::new(&engine, MemoryType::new(1, Some(2))).unwrap_err(), true));
    assert!(is(Memory::new(&mut store, MemoryType::shared(1, 2)).unwrap_err(), false));
    let memories = [memory.clone(), shared(&engine, 1, 2)].map(Extern::from);
    assert!(memories[0] == Extern::from(memory) && memories[0] != memories[1]);
}
