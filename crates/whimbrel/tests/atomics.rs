//! Atomic instructions on memories of one thread: every access, in every kind of memory, beside a model of bytes.

#![allow(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod common;

use common::instantiate;
use wasm_syntax::AtomicOp;
use whimbrel::{Trap, Val};

/// What an access leaves behind and gives: the new bytes at the address as an integer, and the result.
fn model(op: AtomicOp, old: u64, a: u64, b: u64) -> (u64, u64) {
    let mask = u64::MAX >> (64 - 8 * u32::from(op.width_bytes()));
    let name = op.mnemonic();
    // `i64.atomic.rmw8.add_u` and `i32.atomic.rmw.add` are both `add`.
    let verb = name.rsplit('.').next().expect("a mnemonic is not empty").trim_end_matches("_u");
    let new = match verb {
        "add" => old.wrapping_add(a),
        "sub" => old.wrapping_sub(a),
        "and" => old & a,
        "or" => old | a,
        "xor" => old ^ a,
        "xchg" => a,
        "cmpxchg" if old == a => b,
        store if store.starts_with("store") => a,
        _ => old,
    };
    (new & mask, old)
}

/// Places of the memory accessed: the memories declared, the index of the one meant, the type of addresses.
const PLACES: [(&str, u32, &str); 3] =
    [("(memory 1)", 0, "i32"), ("(memory 0) (memory 1)", 1, "i32"), ("(memory i64 1)", 0, "i64")];

fn accesses() -> impl Iterator<Item = AtomicOp> {
    AtomicOp::ALL.iter().copied().filter(|op| !op.mnemonic().starts_with("memory."))
}

/// A module that exports the access as `f` and the memory accessed as `m`. Addresses are 24 bytes below those accessed.
fn text(op: AtomicOp, (memories, memory, address): (&str, u32, &str)) -> String {
    let signature = op.signature();
    let params: String = signature.params.iter().map(|ty| format!(" {ty}")).collect();
    let results: String = signature.results.iter().map(|ty| format!(" {ty}")).collect();
    let gets: String = (1..=signature.params.len()).map(|n| format!(" (local.get {n})")).collect();
    format!(
        "(module {memories} (export \"m\" (memory {memory}))
           (func (export \"f\") (param {address}{params}) (result{results})
             ({} {memory} offset=24 (local.get 0){gets})))",
        op.mnemonic()
    )
}

fn value(is_64: bool, bits: u64) -> Val {
    if is_64 { Val::I64(bits as i64) } else { Val::I32(bits as i32) }
}

#[test]
fn every_access_does_what_the_model_says() {
    const PATTERN: u64 = 0xF1E2_D3C4_B5A6_9788;
    for place in PLACES {
        for op in accesses() {
            let (mut store, instance) = instantiate(&text(op, place));
            let (f, memory) =
                (instance.get_func(&mut store, "f").unwrap(), instance.get_memory(&mut store, "m").unwrap());
            let width = usize::from(op.width_bytes());
            let mask = u64::MAX >> (64 - 8 * width);
            let is_64 = op.mnemonic().starts_with("i64");
            // The second expectation is met by `cmpxchg` only; the third has bits that a narrow access cannot have.
            for (a, b) in [(3, 5), (PATTERN & mask, 9), (u64::MAX ^ 0x10, PATTERN)] {
                memory.data_mut(&mut store)[16..40].fill(0xEE);
                memory.data_mut(&mut store)[32..40].copy_from_slice(&PATTERN.to_le_bytes());
                let operands = [a, b].map(|bits| if is_64 { bits } else { bits & 0xFFFF_FFFF });
                let mut args = vec![value(place.2 == "i64", 8)];
                args.extend(operands.iter().take(op.signature().params.len()).map(|&bits| value(is_64, bits)));
                let mut results = vec![Val::I32(0); op.signature().results.len()];
                f.call(&mut store, &args, &mut results).unwrap();

                let (new, old) = model(op, PATTERN & mask, operands[0], operands[1]);
                let bytes = &memory.data(&store)[32..40];
                let expected = PATTERN & !mask | new;
                assert_eq!(bytes, expected.to_le_bytes(), "{} in {place:?}", op.mnemonic());
                assert!(memory.data(&store)[16..32].iter().all(|&byte| byte == 0xEE));
                match results[..] {
                    [Val::I32(found)] => assert_eq!(u64::from(found as u32), old, "{}", op.mnemonic()),
                    [Val::I64(found)] => assert_eq!(found as u64, old, "{}", op.mnemonic()),
                    _ => assert!(results.is_empty()),
                }
            }
        }
    }
}

#[test]
fn misaligned_and_distant_accesses_trap() {
    for place in PLACES {
        for op in AtomicOp::ALL.iter().copied() {
            let (mut store, instance) = instantiate(&text(op, place));
            let f = instance.get_func(&mut store, "f").unwrap();
            let width = u64::from(op.width_bytes());
            let mut trap = |address: u64| {
                let mut args = vec![value(place.2 == "i64", address)];
                args.extend(op.signature().params.iter().map(|ty| value(ty.to_string() == "i64", 0)));
                let mut results = vec![Val::I32(0); op.signature().results.len()];
                f.call(&mut store, &args, &mut results).err().and_then(|error| error.as_trap())
            };
            let (end, name) = (65536 - 24, op.mnemonic());
            let expected = if name.contains("wait") { Some(Trap::ExpectedSharedMemory) } else { None };
            assert_eq!(trap(end - width), expected, "{name}");
            assert_eq!(trap(end), Some(Trap::MemoryOutOfBounds), "{name}");
            if width > 1 {
                // Alignment is looked at first.
                assert_eq!(trap(1), Some(Trap::UnalignedAtomic), "{name}");
                assert_eq!(trap(end + width / 2), Some(Trap::UnalignedAtomic), "{name}");
            }
            if place.2 == "i64" {
                assert_eq!(trap(u64::MAX - 23), Some(Trap::MemoryOutOfBounds), "{name}");
            }
        }
    }
}

#[test]
fn nobody_waits_in_a_memory_of_one_thread() {
    let (mut store, instance) = instantiate(
        "(module (memory 1) (func (export \"f\") (result i32)
           (atomic.fence) (memory.atomic.notify (i32.const 8) (i32.const -1))))",
    );
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 0);
}
