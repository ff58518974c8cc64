//! How long running WebAssembly takes to stop once it is interrupted, whatever it is doing.

use std::thread;
use std::time::{Duration, Instant};

use whimbrel::{Caller, Config, Engine, Error, Func, Instance, Module, Result, Store, Trap};

use crate::text::{self, ensure};

/// What programs are doing when they are interrupted: a name, and a module that exports `forever`, perhaps after `setup`, or does it
/// at its start.
const PROGRAMS: &[(&str, &str)] = &[
    ("a tight loop", r#"(module (func (export "forever") (loop $l (br $l))))"#),
    (
        "calls",
        r#"(module (func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
          (func (export "forever") (loop $l (call $f (i32.const 500)) (br $l))))"#,
    ),
    ("straight code of 20,000 instructions", "STRAIGHT"),
    (
        "memory.fill of 256 MiB",
        r#"(module (memory 4096) (func (export "forever")
          (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x10000000)) (br $l))))"#,
    ),
    (
        "memory.copy of 128 MiB, overlapping",
        r#"(module (memory 4096) (func (export "forever")
          (loop $l (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x8000000)) (br $l))))"#,
    ),
    (
        "table.fill of 8 million",
        r#"(module (table 8000000 funcref) (func (export "forever")
          (loop $l (table.fill (i32.const 0) (ref.null func) (i32.const 8000000)) (br $l))))"#,
    ),
    (
        ON_ARRAYS,
        r#"(module (type $a (array (mut i64))) (global $a (mut (ref null $a)) (ref.null $a))
          (func (export "setup") (global.set $a (array.new_default $a (i32.const 16000000))))
          (func (export "forever") (loop $l (array.fill $a (global.get $a) (i32.const 0) (i64.const 1) (i32.const 16000000)) (br $l))))"#,
    ),
    ("a start function", r#"(module (func $s (loop $l (br $l))) (start $s))"#),
    ("host calls", r#"(module (import "" "host" (func $h)) (func (export "forever") (loop $l (call $h) (br $l))))"#),
    (
        "collections of 200,000 nodes",
        r#"(module (type $n (struct (field (ref null $n)) (field i64)))
          (global $live (mut (ref null $n)) (ref.null $n))
          (func (export "setup") (local $i i32) (local.set $i (i32.const 200000))
            (loop $l (global.set $live (struct.new $n (global.get $live) (i64.const 1)))
              (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
          (func (export "forever") (loop $l (drop (struct.new $n (ref.null $n) (i64.const 2))) (br $l))))"#,
    ),
    (
        "exceptions",
        r#"(module (tag $t) (func $f (throw $t)) (func (export "forever")
          (loop $l (block $b (try_table (catch $t $b) (call $f))) (br $l))))"#,
    ),
    (
        "memory.grow",
        r#"(module (memory 1 60000) (func (export "forever") (loop $l
          (drop (memory.grow (i32.const 1))) (br $l))))"#,
    ),
    (
        "memory.atomic.wait32",
        r#"(module (memory 1 1 shared) (func (export "forever")
          (loop $l (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) (br $l))))"#,
    ),
];

/// What works on a whole array at once, and does not look at the flag meanwhile.
pub const ON_ARRAYS: &str = "array.fill of 16 million";

/// How long one kind of program took to stop.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    /// What a tenth of the interruptions took at most: in the others, something else may have had the processor.
    pub tenth: Duration,
    pub median: Duration,
    pub longest: Duration,
}

/// Interrupts each program so many times.
///
/// # Errors
///
/// If a program ends otherwise than by the interruption.
pub fn measure(times: usize, mut tell: impl FnMut(&Row)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &(name, program) in PROGRAMS {
        let straight;
        let program = if program == "STRAIGHT" {
            let add = "(local.set 0 (i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 3))))".repeat(4000);
            straight = format!("(module (func (export \"forever\") (local i32) (loop $l {add} (br $l))))");
            &straight
        } else {
            program
        };
        let bytes = text::module(program)?;
        let mut delays = (0..times)
            .map(|n| interrupt(&bytes, Duration::from_micros(2_000 + 377 * (n as u64 % 10))))
            .collect::<Result<Vec<_>>>()
            .map_err(|error| error.context(name))?;
        delays.sort();
        let row = Row { name, tenth: delays[times / 10], median: delays[times / 2], longest: delays[times - 1] };
        tell(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// Runs the module for a while, interrupts it, returns how long it went on.
fn interrupt(bytes: &[u8], run_for: Duration) -> Result<Duration> {
    let engine = Engine::new(&Config::new())?;
    let module = Module::from_binary(&engine, bytes)?;
    let mut store = Store::new(&engine, ());
    let handle = store.interrupt_handle();
    let (started, start) = std::sync::mpsc::channel();
    let runner = thread::spawn(move || -> Result<(Instant, Option<Trap>)> {
        let host = Func::wrap(&mut store, |_: Caller<'_, ()>| {});
        let imports = if module.imports().len() == 0 { Vec::new() } else { vec![host.into()] };
        let is_start = module.info().start().is_some();
        if is_start {
            started.send(())?;
        }
        let ended = Instance::new(&mut store, &module, &imports).and_then(|instance| {
            if let Some(setup) = instance.get_func(&mut store, "setup") {
                setup.call(&mut store, &[], &mut [])?;
            }
            let forever = instance.get_func(&mut store, "forever");
            started.send(())?;
            forever.ok_or_else(|| Error::msg("the module does nothing"))?.call(&mut store, &[], &mut [])
        });
        // Before the store, and what is in it, is given back.
        let at = Instant::now();
        Ok((at, ended.err().and_then(|error| error.as_trap())))
    });
    start.recv()?;
    thread::sleep(run_for);
    let at = Instant::now();
    handle.interrupt();
    let (stopped, trap) = runner.join().map_err(|_| Error::msg("the runner panicked"))??;
    ensure(trap == Some(Trap::Interrupted), "not ended by the interruption")?;
    Ok(stopped.saturating_duration_since(at))
}
