//! Deterministic mode: NaNs are canonical, and what programs do is the same in every backend and version, as a golden file says.
#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::module;
use whimbrel::{CompilationMode, Config, Engine, Features, Instance, Store, Val};

/// Programs of what specifications leave open: the payloads of NaNs, relaxed vector instructions, the order of references.
const PROGRAMS: &[(&str, &str)] = &[
    ("scalars", include_str!("deterministic/scalars.wat")),
    ("vectors", include_str!("deterministic/vectors.wat")),
    ("relaxed", include_str!("deterministic/relaxed.wat")),
    ("references", include_str!("deterministic/references.wat")),
];

/// FNV-1a: the same everywhere, and a difference shows.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
}

fn val_bytes(val: &Val) -> Vec<u8> {
    match val {
        Val::I32(value) => value.to_le_bytes().to_vec(),
        Val::I64(value) => value.to_le_bytes().to_vec(),
        Val::F32(bits) => bits.to_le_bytes().to_vec(),
        Val::F64(bits) => bits.to_le_bytes().to_vec(),
        Val::V128(value) => value.to_u128().to_le_bytes().to_vec(),
        other => format!("{}", matches!(other, Val::NullRef | Val::FuncRef(None) | Val::AnyRef(None))).into_bytes(),
    }
}

/// The trace of a program: every call with its arguments, what comes of each, and the memory at the end.
fn trace(text: &str, config: &mut Config) -> u64 {
    let engine = Engine::new(config.wasm_features(Features::ALL)).unwrap();
    let mut store = Store::new(&engine, ());
    let hash = Arc::new(Mutex::new(Hash(0xCBF2_9CE4_8422_2325)));
    let calls = Arc::clone(&hash);
    store.on_call(move |call| {
        let mut hash = calls.lock().unwrap();
        hash.add(&call.frame.func_index().to_le_bytes());
        call.args.iter().for_each(|arg| hash.add(&val_bytes(arg)));
    });
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let names: Vec<String> = instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    for name in names {
        let Some(func) = instance.get_func(&mut store, &name) else { continue };
        let ty = func.ty(&store);
        let mut results = vec![Val::I32(0); ty.results().len()];
        let end = match func.call(&mut store, &[], &mut results) {
            Ok(()) => results.iter().flat_map(val_bytes).collect(),
            Err(error) => error.to_string().into_bytes(),
        };
        hash.lock().unwrap().add(&end);
    }
    if let Some(memory) = instance.get_memory(&mut store, "memory") {
        hash.lock().unwrap().add(memory.data(&store));
    }
    let hash = *hash.lock().unwrap();
    hash.0
}

#[test]
fn traces_are_those_of_the_golden_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/traces.txt");
    let mut traces = String::new();
    for (name, text) in PROGRAMS {
        let traced = |set: fn(&mut Config)| {
            let mut config = Config::new();
            config.deterministic(true).observe(true);
            set(&mut config);
            trace(text, &mut config)
        };
        let plain = traced(|_| {});
        let ways: [fn(&mut Config); 4] = [
            |config| _ = config.pinning(false),
            |config| _ = config.fusion(false),
            |config| _ = config.compilation_mode(CompilationMode::Eager),
            |config| _ = config.gc_stress(whimbrel::GcStress::Whole),
        ];
        ways.into_iter().for_each(|way| assert_eq!(traced(way), plain, "{name}"));
        writeln!(traces, "{name} {plain:016x}").unwrap();
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &traces).unwrap();
    }
    assert_eq!(traces, std::fs::read_to_string(&path).unwrap(), "backend {}", whimbrel::BACKEND);
}

#[test]
fn every_result_that_is_nan_is_canonical() {
    let floats = "0x1p0 -0x0p0 inf -inf nan -nan nan:0x1 -nan:0x4000 nan:0x200000";
    let binary = ["add", "sub", "mul", "div", "min", "max"];
    let unary = ["sqrt", "ceil", "floor", "trunc", "nearest"];
    for (ty, canonical, mask) in [("f32", 0x7FC0_0000u64, 0x7F80_0000u64), ("f64", 0x7FF8 << 48, 0x7FF0 << 48)] {
        for a in floats.split(' ') {
            let mut exprs: Vec<String> = unary.iter().map(|op| format!("({ty}.{op} (local.get 0))")).collect();
            for b in floats.split(' ') {
                let with = |op: &&str| format!("({ty}.{op} (local.get 0) ({ty}.const {b}))");
                exprs.extend(binary.iter().map(with));
                // Constants are folded by the same rules.
                exprs.extend(binary.iter().map(|op| format!("({ty}.{op} ({ty}.const {a}) ({ty}.const {b}))")));
            }
            exprs.push(if ty == "f32" {
                "(f32.demote_f64 (f64.promote_f32 (local.get 0)))".into()
            } else {
                "(f64.promote_f32 (f32.demote_f64 (local.get 0)))".into()
            });
            let funcs: String = exprs
                .iter()
                .enumerate()
                .map(|(n, expr)| {
                    format!("(func (export \"{n}\") (result {ty}) (local {ty}) (local.set 0 ({ty}.const {a})) {expr})")
                })
                .collect();
            let engine = Engine::new(Config::new().deterministic(true)).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module(&engine, &format!("(module {funcs})")), &[]).unwrap();
            for (n, expr) in exprs.iter().enumerate() {
                let func = instance.get_func(&mut store, &n.to_string()).unwrap();
                let mut results = [Val::I32(0)];
                func.call(&mut store, &[], &mut results).unwrap();
                let bits = match results[0] {
                    Val::F32(bits) => bits.into(),
                    Val::F64(bits) => bits,
                    ref other => panic!("{other:?}"),
                };
                let significand = (mask & mask.wrapping_neg()) - 1;
                let is_nan = bits & mask == mask && bits & significand != 0;
                assert!(!is_nan || bits == canonical, "{expr} of {a} is {bits:#x}");
            }
        }
    }
}
