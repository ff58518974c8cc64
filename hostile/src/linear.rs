//! Compile time grows as the input does: twice as much takes about twice as long, also of what modules seldom have much of.

use wasm_syntax::Features;
use whimbrel::{CompilationMode, Config, Engine, Module, ModuleLimits, Result};

use crate::bombs::{I32, leb, module, section, with_bodies};
use crate::text::ensure;

/// Twice the input may take so many times as long.
pub const MAX_RATIO: f64 = 2.2;
/// Times are the shortest of so many.
const RUNS: usize = 7;
/// How often a ratio that is too large is measured again, the machine perhaps having had other things to do.
const RETRIES: usize = 4;
/// How long the smaller input is to take at least, so that the clock does not matter.
const ENOUGH_NS: u64 = 4_000_000;

/// A kind of module, of `n` of what there is much of.
type Kind = (&'static str, fn(usize) -> Vec<u8>);

const KINDS: &[Kind] = &[
    ("labels of a br_table", |n| plain(&[&[0, 0x41, 0, 0x0E][..], &leb(n as u32), &vec![0; n], &[0, 0x0B]].concat())),
    ("br_tables", |n| plain(&[&[0][..], &[0x41, 0, 0x0E, 2, 0, 0, 0].repeat(n), &[0x0B]].concat())),
    ("nested blocks", |n| plain(&[vec![0], [0x02, 0x40].repeat(n), vec![0x0B; n], vec![0x0B]].concat())),
    ("nested ifs", |n| plain(&[vec![0], [0x41, 0, 0x04, 0x40].repeat(n), vec![0x0B; n], vec![0x0B]].concat())),
    ("nested loops that branch out", |n| {
        let body = [vec![0], [0x03, 0x40].repeat(n), [0x41, 0, 0x0D, 0].repeat(n), vec![0x0B; n], vec![0x0B]];
        plain(&body.concat())
    }),
    ("blocks with a value in a row", |n| {
        plain(&[vec![0], [0x02, I32, 0x41, 1, 0x0B, 0x1A].repeat(n), vec![0x0B]].concat())
    }),
    ("locals, of functions with 1,000 each", |n| {
        let body: &[u8] = &[&[1][..], &leb(1_000), &[I32, 0x20, 0x87, 0x07, 0x1A, 0x0B]].concat();
        with_bodies(&[0x60, 0, 0], &vec![body; n / 100 + 1])
    }),
    ("runs of locals", |n| plain(&[leb(n as u32), [0, I32].repeat(n), vec![0x0B]].concat())),
    ("wide signatures", |n| {
        let params = [&leb(1_000)[..], &[I32; 1_000]].concat();
        // Types that differ in their results, so that none is another.
        let types = (0..n / 100 + 1).map(|n| {
            let results: Vec<u8> = (0..10).map(|bit| if n >> bit & 1 == 1 { I32 } else { 0x7E }).collect();
            [&[0x60][..], &params, &[10], &results].concat()
        });
        module(&[section(1, &[leb((n / 100 + 1) as u32), types.flatten().collect()].concat())])
    }),
    ("calls of a wide signature", |n| {
        let mut ty = [&[0x60][..], &leb(100), &[I32; 100]].concat();
        ty.push(0);
        let pushes = [0x41, 0].repeat(100);
        let recursive = [&[0][..], &[&pushes[..], &[0x10, 0]].concat().repeat(n / 20 + 1), &[0x0B]].concat();
        with_bodies(&ty, &[&recursive])
    }),
    ("a chain of constants", |n| plain(&[&[0, 0x41, 0][..], &[0x41, 1, 0x6A].repeat(n), &[0x1A, 0x0B]].concat())),
    ("constants piled up", |n| plain(&[vec![0], [0x41, 0].repeat(n), vec![0x1A; n], vec![0x0B]].concat())),
    ("a chain in a constant expression", |n| {
        let init = [&[I32, 0, 0x41, 0][..], &[0x41, 1, 0x6A].repeat(n), &[0x0B]].concat();
        module(&[section(6, &[&[1][..], &init].concat())])
    }),
    ("locals kept on the stack while they are set", |n| {
        let body = [&[1, 1, I32][..], &[0x20, 0].repeat(n), &[0x41, 1, 0x21, 0], &vec![0x1A; n], &[0x0B]].concat();
        plain(&body)
    }),
    ("tiny functions", |n| with_bodies(&[0x60, 0, 0], &vec![&[0, 0x0B][..]; n])),
    ("a recursive group", |n| module(&[section(1, &[vec![1, 0x4E], leb(n as u32), [0x60, 0, 0].repeat(n)].concat())])),
    ("recursive groups, each referring to the one before", |n| {
        let groups = (0..n).map(|n| {
            let before = if n == 0 { vec![0x6E] } else { [&[0x63][..], &heap_type(n - 1)].concat() };
            [&[0x4E, 1, 0x5F, 1][..], &before, &[0]].concat()
        });
        module(&[section(1, &[leb(n as u32), groups.flatten().collect()].concat())])
    }),
    ("a recursive group whose types refer to each other", |n| {
        let types = (0..n).map(|k| [&[0x5F, 1, 0x63][..], &heap_type((k + 1) % n), &[0]].concat());
        module(&[section(1, &[vec![1, 0x4E], leb(n as u32), types.flatten().collect()].concat())])
    }),
    ("data segments", |n| module(&[section(11, &[leb(n as u32), [1, 0].repeat(n)].concat())])),
    ("active data segments", |n| {
        module(&[section(5, &[1, 0, 1]), section(11, &[leb(n as u32), [0, 0x41, 0, 0x0B, 0].repeat(n)].concat())])
    }),
    ("element segments", |n| module(&[section(9, &[leb(n as u32), [1, 0, 0].repeat(n)].concat())])),
    ("elements", |n| {
        let elems = [&[1, 1, 0][..], &leb(n as u32), &vec![0; n]].concat();
        module(&[section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(9, &elems), section(10, &[1, 2, 0, 0x0B])])
    }),
    ("names of exports", |n| {
        let exports = (0..n).map(|n| [&[8][..], format!("{n:08x}").as_bytes(), &[0, 0]].concat());
        let exports = [leb(n as u32), exports.flatten().collect()].concat();
        let (types, funcs, code) = (section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(10, &[1, 2, 0, 0x0B]));
        module(&[types, funcs, section(7, &exports), code])
    }),
    ("imports", |n| {
        module(&[section(1, &[1, 0x60, 0, 0]), section(2, &[leb(n as u32), [0, 0, 0, 0].repeat(n)].concat())])
    }),
    ("names of functions", |n| {
        let names = (0..n).flat_map(|n| [&leb(n as u32)[..], &[4], format!("{:04x}", n % 65536).as_bytes()].concat());
        let names = [leb(n as u32), names.collect()].concat();
        let names = [&[4][..], b"name", &[1], &leb(names.len() as u32), &names].concat();
        let mut bytes = with_bodies(&[0x60, 0, 0], &[&[0, 0x0B]]);
        bytes.extend(section(0, &names));
        bytes
    }),
    ("globals", |n| module(&[section(6, &[leb(n as u32), [I32, 0, 0x41, 0, 0x0B].repeat(n)].concat())])),
    ("try_tables", |n| {
        let tag = [section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(13, &[1, 0, 0])];
        let code = [&[0][..], &[0x02, 0x40, 0x1F, 0x40, 1, 0, 0, 0, 0x01, 0x0B, 0x0B].repeat(n), &[0x0B]].concat();
        let code = [&[1][..], &leb(code.len() as u32), &code].concat();
        module(&[&tag[..], &[section(10, &code)]].concat())
    }),
];

/// A type index where a heap type may stand, which is signed.
fn heap_type(index: usize) -> Vec<u8> {
    let mut bytes = leb(index as u32);
    if let Some(last) = bytes.last_mut()
        && *last & 0x40 != 0
    {
        *last |= 0x80;
        bytes.push(0);
    }
    bytes
}

fn plain(body: &[u8]) -> Vec<u8> {
    with_bodies(&[0x60, 0, 0], &[body])
}

/// What was measured of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    /// Bytes of the smaller module.
    pub bytes: usize,
    pub ns: u64,
    pub ratio: f64,
}

/// Measures each kind whose name contains `filter`: loading, with every function translated.
///
/// # Errors
///
/// If a module is not valid.
pub fn measure(filter: &str, mut tell: impl FnMut(&Row)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &(name, make) in KINDS.iter().filter(|(name, _)| name.contains(filter)) {
        let row = measure_kind(name, make).map_err(|error| error.context(name))?;
        tell(&row);
        rows.push(row);
    }
    ensure(!rows.is_empty(), "no kind has that in its name")?;
    Ok(rows)
}

fn measure_kind(name: &'static str, make: fn(usize) -> Vec<u8>) -> Result<Row> {
    let mut n = 2_000;
    while n < 32_000 && time(&make(n), 1)? < ENOUGH_NS {
        n *= 2;
    }
    let (small, large) = (make(n), make(2 * n));
    let mut best = Row { name, bytes: small.len(), ns: 0, ratio: f64::INFINITY };
    for _ in 0..=RETRIES {
        let (short_ns, long_ns) = (time(&small, RUNS)?, time(&large, RUNS)?);
        // As if both modules grew by the same, also where headers do not.
        let growth = (large.len() as f64 / small.len() as f64) / 2.0;
        let ratio = long_ns as f64 / short_ns as f64 / growth.max(1.0);
        if ratio < best.ratio {
            best = Row { ns: short_ns, ratio, ..best };
        }
        if best.ratio <= MAX_RATIO {
            break;
        }
    }
    Ok(best)
}

/// The processor time that loading takes, the shortest of so many.
fn time(bytes: &[u8], runs: usize) -> Result<u64> {
    let mut config = Config::new();
    config.wasm_features(Features::ALL).compilation_mode(CompilationMode::Eager).limits(limits());
    let mut shortest = u64::MAX;
    for _ in 0..runs {
        // An engine keeps the types that it has seen.
        let engine = Engine::new(&config)?;
        let start = processor_ns();
        let module = Module::from_binary(&engine, bytes)?;
        drop(module);
        shortest = shortest.min(processor_ns().saturating_sub(start));
    }
    Ok(shortest)
}

/// No limit is to end a module that is only long.
fn limits() -> ModuleLimits {
    ModuleLimits { elem_segments: 1_000_000, data_segments: 1_000_000, ..ModuleLimits::DEFAULT }
}

/// The processor time of this thread.
fn processor_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
