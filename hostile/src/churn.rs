//! Many instances in one process, each used and given up in another way: the process does not grow.

use std::fs;

use whimbrel::{Caller, Config, Engine, Error, Func, Instance, Module, Result, ResumableCall, Store, Trap};

use crate::text::{self, ensure};

/// What is compared: resident memory after so many instances, and at the end.
const WARM: usize = 100;
/// How much more it may be at the end, in percent.
const MAX_GROWTH_PERCENT: f64 = 5.0;

const MODULE: &str = r#"(module
  (import "" "host" (func $host))
  (type $node (struct (field (mut i32)) (field (mut (ref null $node)))))
  (memory (export "memory") 2)
  (table $t 16 funcref) (elem (table $t) (i32.const 0) func $leaf $host)
  (data (i32.const 8) "some bytes")
  (tag $tag (param i32))
  (global $list (mut (ref null $node)) (ref.null $node))
  (func $leaf (result i32) (i32.const 7))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (global.set $list (struct.new $node (local.get $n) (global.get $list)))
      (i32.store (i32.mul (local.get $n) (i32.const 4)) (local.get $n))
      (block $caught (result i32)
        (try_table (catch $tag $caught) (throw $tag (local.get $n))) (unreachable))
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 1)))
    (call $host)
    (local.get $sum))
  (func (export "trap") (unreachable))
  (func (export "throw") (throw $tag (i32.const 1)))
  (func (export "recurse") (export "overflow") (call $again))
  (func $again (call $again) (drop (i32.const 0)))
  (func (export "forever") (loop $l (br $l))))"#;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub instances: usize,
    pub warm_kib: u64,
    pub end_kib: u64,
}

impl Report {
    /// By how much the process has grown since the first instances, in percent.
    #[must_use]
    pub fn growth_percent(&self) -> f64 {
        (self.end_kib as f64 / self.warm_kib as f64 - 1.0) * 100.0
    }

    /// Whether it has grown by no more than it may.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.growth_percent() <= MAX_GROWTH_PERCENT
    }
}

/// Makes, uses and drops so many instances: by turns in a store of their own and in one for all, with a module of their own
/// every tenth time.
///
/// # Errors
///
/// If an instance does anything but what it should.
pub fn churn(instances: usize) -> Result<Report> {
    ensure(instances > WARM, "too few instances")?;
    let engine = Engine::new(&Config::new())?;
    let bytes = text::module(MODULE)?;
    let module = Module::from_binary(&engine, &bytes)?;
    let mut common = Store::new(&engine, 0u64);
    let mut warm_kib = 0;
    for n in 0..instances {
        let own_module = if n % 10 == 0 { Module::from_binary(&engine, &bytes)? } else { module.clone() };
        if n % 2 == 0 {
            use_instance(&mut Store::new(&engine, 0), &own_module, n)?;
        } else {
            use_instance(&mut common, &own_module, n)?;
        }
        if n + 1 == WARM {
            warm_kib = resident_kib()?;
        }
    }
    common.gc();
    Ok(Report { instances, warm_kib, end_kib: resident_kib()? })
}

fn use_instance(store: &mut Store<u64>, module: &Module, n: usize) -> Result<()> {
    let host = Func::wrap(&mut *store, |mut caller: Caller<'_, u64>| *caller.data_mut() += 1);
    let instance = Instance::new(&mut *store, module, &[host.into()])?;
    let run = instance.get_typed_func::<i32, i32>(&mut *store, "run")?;
    ensure(run.call(&mut *store, 100)? == 5050, "the sum is wrong")?;
    let export = |store: &mut Store<u64>, name: &str| {
        instance.get_func(&mut *store, name).ok_or_else(|| Error::msg(format!("`{name}` is missing")))
    };
    let call = |store: &mut Store<u64>, name: &str| -> Result<Error> {
        let ended = export(store, name)?.call(&mut *store, &[], &mut []);
        ended.err().ok_or_else(|| Error::msg(format!("`{name}` returned")))
    };
    let trap = |store: &mut Store<u64>, name: &str| -> Result<_> { Ok(call(store, name)?.as_trap()) };
    ensure(trap(store, "trap")? == Some(Trap::Unreachable), "`trap` does not")?;
    ensure(trap(store, "overflow")? == Some(Trap::CallStackExhausted), "`overflow` does not")?;
    ensure(call(store, "throw")?.is::<whimbrel::Exception>(), "`throw` does not")?;
    store.interrupt_handle().interrupt();
    if n.is_multiple_of(3) {
        ensure(trap(store, "forever")? == Some(Trap::Interrupted), "`forever` was not interrupted")?;
    } else {
        let call = export(store, "forever")?.call_resumable(&mut *store, &[], &mut [])?;
        // Some are resumed once more, and all are given up.
        if let (ResumableCall::Suspended(call), 1) = (call, n % 3) {
            store.interrupt_handle().interrupt();
            let call = call.resume(&mut *store, &mut [])?;
            ensure(matches!(call, ResumableCall::Suspended(_)), "`forever` was not interrupted again")?;
        }
    }
    Ok(())
}

/// The memory of this process that is in use.
fn resident_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
