//! What is done while an allocation fails, and what must hold afterwards.

use whimbrel::{Caller, CompilationMode, Config, Engine, Error, Extern, Func, Instance, Module, Result, Store, Trap};

use crate::allocator;

fn ensure(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::msg(what)) }
}

/// A program of everything that allocates while it runs.
const TEXT: &str = r#"(module
  (import "" "host" (func $host (param i32) (result i32)))
  (type $node (struct (field (mut i32)) (field (mut (ref null $node)))))
  (type $bytes (array (mut i8)))
  (memory (export "memory") 1 64)
  (table $t (export "table") 8 funcref)
  (elem (table $t) (i32.const 0) func $leaf $host)
  (elem $passive funcref (ref.func $leaf) (ref.null func))
  (data (i32.const 8) "some bytes") (data $later "more bytes")
  (tag $tag (param i32))
  (global $list (mut (ref null $node)) (ref.null $node))
  (global $made (ref $bytes) (array.new $bytes (i32.const 1) (i32.const 100)))
  (func $leaf (result i32) (i32.const 7))
  (func $throws (param i32) (throw $tag (local.get 0)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (global.set $list (struct.new $node (local.get $n) (global.get $list)))
      (drop (array.new $bytes (i32.const 2) (i32.mul (local.get $n) (i32.const 500))))
      (block $caught (result i32 exnref)
        (try_table (catch_ref $tag $caught) (call $throws (local.get $n))) (unreachable))
      (drop)
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 3)))
    (drop (table.grow $t (ref.func $leaf) (i32.const 100)))
    (memory.init $later (i32.const 32) (i32.const 0) (i32.const 10))
    (table.init $t $passive (i32.const 4) (i32.const 0) (i32.const 2))
    (i32.add (local.get $sum) (call $host (i32.const 5)))))"#;

/// What `run` returns for 20.
const SUM: i32 = 210 + 10;

/// What happens while an allocation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Phase {
    /// The module is decoded and validated.
    Load,
    /// All functions are translated.
    Translate,
    /// It is instantiated.
    Instantiate,
    /// An export is called for the first time, functions being translated as they are reached.
    FirstCall,
    /// An export is called again.
    Call,
}

pub const PHASES: [Phase; 5] = [Phase::Load, Phase::Translate, Phase::Instantiate, Phase::FirstCall, Phase::Call];

/// How a phase went in which an allocation was to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There were not so many allocations.
    NotReached,
    /// An error or a trap.
    Failed,
    /// The phase did without: the program saw `memory.grow` fail, or a list stayed shorter.
    Absorbed,
}

/// Performs `phase` with its `n`th allocation failing, then everything again without, in the same store.
///
/// # Errors
///
/// If the store is not usable afterwards, or something stays allocated.
pub fn perform(phase: Phase, n: i64, trace: bool) -> Result<Outcome> {
    let bytes = wat::parse_str(TEXT)?;
    // What the process allocates once and keeps is allocated before.
    attempt(&bytes, phase, 0, false)?;
    let before = allocator::live_bytes();
    let outcome = attempt(&bytes, phase, n, trace)?;
    let leaked = allocator::live_bytes() - before;
    ensure(leaked == 0, &format!("{leaked} bytes leaked"))?;
    Ok(outcome)
}

fn attempt(bytes: &[u8], phase: Phase, n: i64, trace: bool) -> Result<Outcome> {
    let mut outcome = Outcome::NotReached;
    let mut faulty = |at: Phase, act: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        if at != phase || n == 0 {
            return act();
        }
        allocator::fail_at(n, trace);
        let result = act();
        outcome = match (allocator::disarm(), &result) {
            (false, _) => Outcome::NotReached,
            (true, Ok(())) => Outcome::Absorbed,
            (true, Err(_)) => Outcome::Failed,
        };
        match (result, outcome) {
            (Err(error), Outcome::NotReached) => Err(error),
            // What has failed is done again, undisturbed.
            (Err(_), _) => act(),
            (Ok(()), _) => Ok(()),
        }
    };
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Lazy).max_stack_slots(4096);
    let engine = Engine::new(&config)?;
    let mut module = None;
    faulty(Phase::Load, &mut || {
        module = Some(Module::from_binary(&engine, bytes)?);
        Ok(())
    })?;
    let module = module.expect("the module is loaded");
    if phase != Phase::FirstCall {
        faulty(Phase::Translate, &mut || module.translate())?;
    }
    let mut store = Store::new(&engine, 0);
    let host: Extern = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, value: i32| {
        *caller.data_mut() += 1;
        value * 2
    })
    .into();
    let mut instance = None;
    faulty(Phase::Instantiate, &mut || {
        instance = Some(Instance::new(&mut store, &module, std::slice::from_ref(&host))?);
        Ok(())
    })?;
    let instance = instance.expect("the module is instantiated");
    let func = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    let mut run = |phase: Phase| {
        faulty(phase, &mut || {
            let sum = func.call(&mut store, 20)?;
            if sum == SUM { Ok(()) } else { Err(Error::msg(format!("the sum is {sum}"))) }
        })
    };
    run(Phase::FirstCall)?;
    run(Phase::Call)?;
    // The store is as good as new, also after a collection.
    store.gc();
    let again = Instance::new(&mut store, &module, std::slice::from_ref(&host))?;
    let sum = again.get_typed_func::<i32, i32>(&mut store, "run")?.call(&mut store, 20)?;
    ensure(sum == SUM, &format!("after the failure the sum is {sum}"))?;
    Ok(outcome)
}

/// Has memories, tables, the heap and stacks grow until the system refuses; each time the program goes on.
///
/// # Errors
///
/// If nothing is refused, or the store is not usable afterwards.
pub fn refused() -> Result<()> {
    let text = r#"(module
      (type $longs (array (mut i64))) (type $list (struct (field (ref null $list)) (field (ref null $longs))))
      (memory 1) (table $t 1 funcref) (global $list (mut (ref null $list)) (ref.null $list))
      (func (export "memory") (result i32) (local $n i32)
        (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $l (i32.ne (memory.grow (i32.const 256)) (i32.const -1))))
        (local.get $n))
      (func (export "table") (result i32) (local $n i32)
        (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1))))
        (local.get $n))
      (func (export "heap") (result i32)
        (loop $l (global.set $list
          (struct.new $list (global.get $list) (array.new_default $longs (i32.const 100000)))) (br $l))
        (unreachable))
      (func (export "forget") (result i32) (global.set $list (ref.null $list)) (i32.const 1)))"#;
    let engine = Engine::new(Config::new().max_table_elements(u64::MAX))?;
    let module = Module::from_binary(&engine, &wat::parse_str(text)?)?;
    for name in ["memory", "table", "heap"] {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let mut call = |name: &str| instance.get_typed_func::<(), i32>(&mut store, name)?.call(&mut store, ());
        match (name, call(name)) {
            ("heap", Err(error)) => ensure(error.as_trap() == Some(Trap::AllocationFailure), &format!("{error:?}"))?,
            ("heap", Ok(_)) => return Err(Error::msg("the heap was not refused")),
            (_, rounds) => ensure(rounds? > 1, &format!("not even one round of `{name}`"))?,
        }
        ensure(call("forget")? == 1, &format!("the store is not usable after `{name}`"))?;
    }
    Ok(())
}
