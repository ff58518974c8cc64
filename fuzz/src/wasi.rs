//! Sequences of WASI calls with any arguments, over a file system in memory, in three ways: on a slice, by closures, and from
//! WebAssembly.

use std::cell::RefCell;

use arbitrary::{Arbitrary, Result, Unstructured};
use whimbrel::wasi::wasi_lite::{Fault, FnMemory, Function, ValType};
use whimbrel::wasi::{self, BytesInput, BytesOutput, Wasi, WasiBuilder, fs::mem::MemFs};
use whimbrel::{Engine, I32Exit, Linker, Module, Store, Val};

const MEMORY_BYTES: usize = 65_536;
/// Where the random bytes are in the guest's memory, and what there is in front of them.
const RANDOM_AT: usize = 1024;

#[derive(Debug, Arbitrary)]
enum Arg {
    /// A descriptor, a flag or a length.
    Small(u8),
    /// An address in the memory.
    Address(u16),
    Rights(u32),
    Any(u64),
}

impl Arg {
    fn value(&self, ty: ValType) -> u64 {
        let value = match *self {
            Self::Small(value) => value.into(),
            Self::Address(value) => value.into(),
            Self::Rights(value) => value.into(),
            Self::Any(value) => value,
        };
        if ty == ValType::I32 { u64::from(value as u32) } else { value }
    }
}

/// Calls, and what the guest's memory holds at first.
#[derive(Debug)]
pub struct Calls {
    calls: Vec<(Function, Vec<u64>)>,
    memory: Vec<u8>,
}

impl<'a> Arbitrary<'a> for Calls {
    fn arbitrary(random: &mut Unstructured<'a>) -> Result<Self> {
        let len = random.int_in_range(1..=24)?;
        let calls = (0..len).map(|_| {
            let function = *random.choose(Function::ALL)?;
            let args = function.params().iter().map(|&ty| Ok(random.arbitrary::<Arg>()?.value(ty))).collect::<Result<_>>()?;
            Ok((function, args))
        });
        let calls = calls.collect::<Result<_>>()?;
        let mut memory = vec![0; MEMORY_BYTES];
        place_paths_and_vectors(&mut memory);
        let rest = random.bytes(random.len().min(4096))?;
        memory[RANDOM_AT..RANDOM_AT + rest.len()].copy_from_slice(rest);
        Ok(Self { calls, memory })
    }
}

/// Paths at multiples of 16 from 0 on, and from 512 on vectors of them, good and bad.
fn place_paths_and_vectors(memory: &mut [u8]) {
    let paths = ["a", "b", "d/c", "..", "/etc", "link", "d", ".", "d/../../x", "new", "d/link", "a/b", "\u{e9}", "x\0y", "", "d/"];
    for (n, path) in paths.iter().enumerate() {
        memory[16 * n..16 * n + path.len()].copy_from_slice(path.as_bytes());
    }
    let vectors = [(0, 16), (2048, 100), (u32::MAX, 1), (65_530, 64), (16, 0), (512, 64), (4096, u32::MAX), (3, 5)];
    for (n, (at, len)) in vectors.iter().cycle().take(32).enumerate() {
        memory[512 + 8 * n..][..4].copy_from_slice(&u32::to_le_bytes(*at));
        memory[516 + 8 * n..][..4].copy_from_slice(&u32::to_le_bytes(*len));
    }
}

/// What a call did: its number, or that the guest has ended.
type Outcome = std::result::Result<u32, i32>;

/// What can be seen of a run.
#[derive(PartialEq, Eq)]
struct Seen {
    outcomes: Vec<Outcome>,
    memory: Vec<u8>,
    stdout: Vec<u8>,
}

impl Calls {
    /// Makes the calls in all ways and compares.
    ///
    /// # Panics
    ///
    /// If the ways differ, or a number is none of WASI's.
    pub fn check(&self) {
        let plain = self.on_slice();
        assert!(plain.outcomes.iter().flatten().all(|&errno| errno <= 76), "{self:?}: {:?}", plain.outcomes);
        for (name, other) in [("closures", self.by_closures()), ("guest", self.from_guest())] {
            assert_eq!(plain.outcomes, other.outcomes, "{name}: {:?}", self.calls);
            assert!(plain.memory == other.memory, "{name}: memories differ: {:?}", self.calls);
            assert!(plain.stdout == other.stdout, "{name}: outputs differ: {:?}", self.calls);
        }
    }

    fn on_slice(&self) -> Seen {
        let (mut wasi, stdout) = context();
        let mut memory = self.memory.clone();
        let outcomes = until_exit(&self.calls, |function, args| {
            wasi.call(function, &mut memory[..], args).map_err(|exit| exit.code() as i32)
        });
        Seen { outcomes, memory, stdout: stdout.bytes() }
    }

    fn by_closures(&self) -> Seen {
        let (mut wasi, stdout) = context();
        let memory = RefCell::new(self.memory.clone());
        let range = |at: u32, len: usize| at as usize..at as usize + len;
        let mut guest = FnMemory::new(
            MEMORY_BYTES as u64,
            |at, buf: &mut [u8]| {
                let memory = memory.borrow();
                buf.copy_from_slice(memory.get(range(at, buf.len())).ok_or(Fault)?);
                Ok(())
            },
            |at, bytes: &[u8]| {
                let mut memory = memory.borrow_mut();
                memory.get_mut(range(at, bytes.len())).ok_or(Fault)?.copy_from_slice(bytes);
                Ok(())
            },
        );
        let outcomes = until_exit(&self.calls, |function, args| {
            wasi.call(function, &mut guest, args).map_err(|exit| exit.code() as i32)
        });
        Seen { outcomes, memory: memory.into_inner(), stdout: stdout.bytes() }
    }

    fn from_guest(&self) -> Seen {
        let (wasi, stdout) = context();
        let engine = Engine::default();
        let module = Module::from_binary(&engine, &trampolines()).expect("the module is valid");
        let mut linker = Linker::<Wasi>::new(&engine);
        wasi::add_to_linker(&mut linker, |wasi| wasi).expect("no name is taken");
        let mut store = Store::new(&engine, wasi);
        let instance = linker.instantiate(&mut store, &module).expect("the module imports WASI alone");
        let memory = instance.get_memory(&mut store, "memory").expect("it exports a memory");
        memory.data_mut(&mut store).copy_from_slice(&self.memory);
        let outcomes = until_exit(&self.calls, |function, args| {
            let func = instance.get_func(&mut store, function.name()).expect("it exports every function");
            let args: Vec<Val> = args.iter().zip(function.params()).map(|(&arg, ty)| val(arg, *ty)).collect();
            let mut results = vec![Val::I32(0); function.results().len()];
            match func.call(&mut store, &args, &mut results) {
                Ok(()) => Ok(results.first().map_or(0, |result| result.unwrap_i32() as u32)),
                Err(error) => match error.downcast_ref::<I32Exit>() {
                    Some(exit) => Err(exit.0),
                    None => panic!("{}: {error:?}", function.name()),
                },
            }
        });
        Seen { outcomes, memory: memory.data(&store).to_vec(), stdout: stdout.bytes() }
    }
}

fn val(arg: u64, ty: ValType) -> Val {
    match ty {
        ValType::I32 => Val::I32(arg as i32),
        ValType::I64 => Val::I64(arg as i64),
    }
}

fn until_exit(
    calls: &[(Function, Vec<u64>)],
    mut call: impl FnMut(Function, &[u64]) -> Outcome,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (function, args) in calls {
        outcomes.push(call(*function, args));
        if outcomes.last().is_some_and(Result::is_err) {
            break;
        }
    }
    outcomes
}

/// A context that grants one directory in memory, and the stream that it writes to.
fn context() -> (Wasi, BytesOutput) {
    let fs = MemFs::with_capacity(1 << 20);
    for path in ["a", "b", "d/c"] {
        if let Some((directory, _)) = path.rsplit_once('/') {
            fs.create_directories(directory).expect("there is room");
        }
        fs.write(path, path.repeat(40).as_bytes()).expect("there is room");
    }
    let stdout = BytesOutput::default();
    let wasi = WasiBuilder::new()
        .args(["program", "argument"])
        .env("NAME", "value")
        .stdin(Box::new(BytesInput::new(*b"what is read from the standard input")))
        .stdout(Box::new(stdout.clone()))
        .preopen(fs.root(), "/")
        .max_descriptors(40)
        .deterministic(7)
        .build();
    (wasi.expect("the arguments are fine"), stdout)
}

/// A module that imports every function and exports one that calls it.
fn trampolines() -> Vec<u8> {
    let mut text = String::from("(module\n");
    let types = |types: &[ValType]| {
        types.iter().map(|ty| if *ty == ValType::I32 { " i32" } else { " i64" }).collect::<String>()
    };
    for function in Function::ALL {
        let (name, params, results) = (function.name(), types(function.params()), types(function.results()));
        text += &format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{params}) (result{results})))\n"
        );
    }
    text += "(memory (export \"memory\") 1 1)\n";
    for function in Function::ALL {
        let (name, params, results) = (function.name(), types(function.params()), types(function.results()));
        let args: String = (0..function.params().len()).map(|n| format!("(local.get {n})")).collect();
        text += &format!("(func (export \"{name}\") (param{params}) (result{results}) (call ${name} {args}))\n");
    }
    wat::parse_str(text + ")").expect("the text is well-formed")
}
