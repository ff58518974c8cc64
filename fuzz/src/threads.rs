//! Programs of several threads on one shared memory, whose outcome does not depend on who is first.
//!
//! Words that all threads change are each changed by operations that commute; the rest of the memory is divided among them.

use std::thread;

use arbitrary::{Arbitrary, Result, Unstructured};
use whimbrel::{Config, Engine, Error, Instance, MemoryType, Module, ResumableCall, SharedMemory, Store};

const PAGE_BYTES: usize = 65_536;
const MAX_PAGES: u32 = 4;
/// Words that all change: a width for each remainder by 4, an operation for each quotient.
const WORDS: u8 = 16;
/// Where compare-and-exchange counts.
const COUNTER: usize = 8 * WORDS as usize;
/// What each thread has to itself, from `OWN_BYTES * (thread + 1)` on.
const OWN_BYTES: usize = 8192;

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Op {
    /// Adds, subtracts (odd values), or applies what the word takes.
    Modify { word: u8, value: i32, wide: bool },
    Count { times: u8 },
    Store { at: u16, value: i32, is_atomic: bool },
    /// `sum = sum * 31 + load(at)`.
    Load { at: u16, is_atomic: bool },
    Fill { at: u16, byte: u8, len: u16 },
    Copy { to: u16, from: u16, len: u16 },
    /// Waits for no time; adds what comes of it to the sum.
    Wait { at: u16, expected: u8 },
    Notify { at: u16 },
    Fence,
    Grow,
}

/// What each thread does.
#[derive(Debug)]
pub struct Program(Vec<Vec<Op>>);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(random: &mut Unstructured<'a>) -> Result<Self> {
        let threads = random.int_in_range(2..=3)?;
        let ops = |random: &mut Unstructured<'a>| {
            let len = random.int_in_range(0..=20)?;
            (0..len).map(|_| random.arbitrary()).collect::<Result<_>>()
        };
        Ok(Self((0..threads).map(|_| ops(random)).collect::<Result<_>>()?))
    }
}

/// A place of `width` bytes in a thread's own part, aligned, in front of the sum.
fn own(thread: usize, at: u16, width: usize) -> usize {
    OWN_BYTES * (thread + 1) + usize::from(at) % (OWN_BYTES - 16) / width * width
}

/// Start and length of a stretch of a thread's own part.
fn stretch(thread: usize, at: u16, len: u16) -> (usize, usize) {
    let start = own(thread, at, 1);
    (start, usize::from(len).min(OWN_BYTES * (thread + 2) - 16 - start))
}

fn sum_at(thread: usize) -> usize {
    OWN_BYTES * (thread + 2) - 8
}

/// Bytes of a word.
fn width(word: u8) -> usize {
    1 << (word % 4)
}

fn operation(word: u8, value: i32) -> &'static str {
    match word / 4 % 4 {
        0 if value % 2 == 0 => "add",
        0 => "sub",
        1 => "xor",
        2 => "or",
        _ => "and",
    }
}

impl Program {
    fn text(&self) -> String {
        let mut text = format!("(module (import \"\" \"memory\" (memory 1 {MAX_PAGES} shared))\n");
        for (thread, ops) in self.0.iter().enumerate() {
            text += &format!("  (func (export \"t{thread}\") (local $sum i32) (local $n i32) (local $old i32)\n");
            for op in ops {
                text += "    ";
                text += &emit(thread, *op);
                text += "\n";
            }
            text += &format!("    (i32.store (i32.const {}) (local.get $sum)))\n", sum_at(thread));
        }
        text + ")"
    }

    fn foresee(&self) -> Vec<u8> {
        let mut memory = vec![0; PAGE_BYTES];
        let mut grown = 1;
        for (thread, ops) in self.0.iter().enumerate() {
            let mut sum = 0i32;
            for op in ops {
                apply(&mut memory, thread, *op, &mut sum);
                grown += u32::from(matches!(op, Op::Grow));
            }
            memory[sum_at(thread)..][..4].copy_from_slice(&sum.to_le_bytes());
        }
        memory.resize(grown.min(MAX_PAGES) as usize * PAGE_BYTES, 0);
        memory
    }

    /// Runs the threads, with and without fuel, and compares the memory.
    ///
    /// # Panics
    ///
    /// If it is not as foreseen.
    pub fn check(&self) {
        let text = self.text();
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let foreseen = self.foresee();
        for fuel in [None, Some(11)] {
            let memory = self.run(&bytes, fuel).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
            assert_eq!(memory.len(), foreseen.len(), "fuel {fuel:?}\n{text}");
            let differs = memory.iter().zip(&foreseen).position(|(a, b)| a != b);
            assert_eq!(differs, None, "fuel {fuel:?}\n{text}");
        }
    }

    fn run(&self, bytes: &[u8], fuel: Option<u64>) -> std::result::Result<Vec<u8>, Error> {
        let mut config = Config::new();
        config.consume_fuel(fuel.is_some());
        let engine = Engine::new(&config)?;
        let module = Module::from_binary(&engine, bytes)?;
        let memory = SharedMemory::new(&engine, MemoryType::shared(1, MAX_PAGES))?;
        thread::scope(|scope| {
            let threads = (0..self.0.len()).map(|n| {
                let (memory, module) = (memory.clone(), module.clone());
                scope.spawn(move || run_thread(&module, memory, n, fuel))
            });
            threads.collect::<Vec<_>>().into_iter().try_for_each(|thread| thread.join().expect("threads do not panic"))
        })?;
        let mut bytes = vec![0; memory.data_size() as usize];
        memory.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

fn run_thread(module: &Module, memory: SharedMemory, n: usize, fuel: Option<u64>) -> std::result::Result<(), Error> {
    let mut store = Store::new(module.engine(), ());
    let refuel = |store: &mut Store<()>| fuel.map_or(Ok(()), |units| store.set_fuel(units));
    refuel(&mut store)?;
    let instance = Instance::new(&mut store, module, &[memory.into()])?;
    let func = instance.get_func(&mut store, &format!("t{n}")).expect("a function for each thread");
    let mut call = func.call_resumable(&mut store, &[], &mut [])?;
    while let ResumableCall::Suspended(suspended) = call {
        refuel(&mut store)?;
        call = suspended.resume(&mut store, &mut [])?;
    }
    Ok(())
}

fn emit(thread: usize, op: Op) -> String {
    match op {
        Op::Modify { word, value, wide } => {
            let (word, address) = (word % WORDS, 8 * usize::from(word % WORDS));
            let (width, operation) = (width(word), operation(word, value));
            let ty = if wide || width == 8 { "i64" } else { "i32" };
            let is_full = width == if ty == "i64" { 8 } else { 4 };
            let (bits, sign) = if is_full { (String::new(), "") } else { ((8 * width).to_string(), "_u") };
            format!("(drop ({ty}.atomic.rmw{bits}.{operation}{sign} (i32.const {address}) ({ty}.const {value})))")
        }
        Op::Count { times } => format!(
            "(local.set $n (i32.const {})) (loop $l (local.set $old (i32.atomic.load (i32.const {COUNTER})))
      (br_if $l (i32.ne (local.get $old) (i32.atomic.rmw.cmpxchg (i32.const {COUNTER}) (local.get $old)
        (i32.add (local.get $old) (i32.const 1)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))",
            times % 16 + 1
        ),
        Op::Store { at, value, is_atomic } => {
            let name = if is_atomic { "i32.atomic.store" } else { "i32.store" };
            format!("({name} (i32.const {}) (i32.const {value}))", own(thread, at, 4))
        }
        Op::Load { at, is_atomic } => {
            let name = if is_atomic { "i32.atomic.load" } else { "i32.load" };
            let load = format!("({name} (i32.const {}))", own(thread, at, 4));
            format!("(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) {load}))")
        }
        Op::Fill { at, byte, len } => {
            let (start, len) = stretch(thread, at, len);
            format!("(memory.fill (i32.const {start}) (i32.const {byte}) (i32.const {len}))")
        }
        Op::Copy { to, from, len } => {
            let ((to, len), (from, other)) = (stretch(thread, to, len), stretch(thread, from, len));
            format!("(memory.copy (i32.const {to}) (i32.const {from}) (i32.const {}))", len.min(other))
        }
        Op::Wait { at, expected } => {
            let at = own(thread, at, 4);
            let wait = format!("(memory.atomic.wait32 (i32.const {at}) (i32.const {expected}) (i64.const 0))");
            format!("(local.set $sum (i32.add (local.get $sum) {wait}))")
        }
        Op::Notify { at } => {
            let notify = format!("(memory.atomic.notify (i32.const {}) (i32.const -1))", own(thread, at, 4));
            format!("(local.set $sum (i32.add (local.get $sum) {notify}))")
        }
        Op::Fence => "(atomic.fence)".to_owned(),
        Op::Grow => "(drop (memory.grow (i32.const 1)))".to_owned(),
    }
}

fn apply(memory: &mut [u8], thread: usize, op: Op, sum: &mut i32) {
    let word = |memory: &[u8], at: usize| i32::from_le_bytes(memory[at..at + 4].try_into().expect("four bytes"));
    match op {
        Op::Modify { word, value, .. } => {
            let (word, at) = (word % WORDS, 8 * usize::from(word % WORDS));
            let width = width(word);
            let mut bytes = [0; 8];
            bytes[..width].copy_from_slice(&memory[at..at + width]);
            let (old, operand) = (i64::from_le_bytes(bytes), i64::from(value));
            let new = match operation(word, value) {
                "add" => old.wrapping_add(operand),
                "sub" => old.wrapping_sub(operand),
                "xor" => old ^ operand,
                "or" => old | operand,
                _ => old & operand,
            };
            memory[at..at + width].copy_from_slice(&new.to_le_bytes()[..width]);
        }
        Op::Count { times } => {
            let count = word(memory, COUNTER) + i32::from(times % 16 + 1);
            memory[COUNTER..COUNTER + 4].copy_from_slice(&count.to_le_bytes());
        }
        Op::Store { at, value, .. } => memory[own(thread, at, 4)..][..4].copy_from_slice(&value.to_le_bytes()),
        Op::Load { at, .. } => *sum = sum.wrapping_mul(31).wrapping_add(word(memory, own(thread, at, 4))),
        Op::Fill { at, byte, len } => {
            let (start, len) = stretch(thread, at, len);
            memory[start..start + len].fill(byte);
        }
        Op::Copy { to, from, len } => {
            let ((to, len), (from, other)) = (stretch(thread, to, len), stretch(thread, from, len));
            memory.copy_within(from..from + len.min(other), to);
        }
        Op::Wait { at, expected } => {
            // Another value is there, or time is up.
            let is_there = word(memory, own(thread, at, 4)) == i32::from(expected);
            *sum = sum.wrapping_add(if is_there { 2 } else { 1 });
        }
        Op::Notify { .. } | Op::Fence | Op::Grow => {}
    }
}
