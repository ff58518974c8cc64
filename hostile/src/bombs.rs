//! Modules that claim to hold more than they do, or hold little that asks for much.

use crate::corpus::Module;

const HUGE: u32 = u32::MAX;
pub(crate) const I32: u8 = 0x7F;
const EMPTY_BLOCK: [u8; 2] = [0x02, 0x40];

/// How the names of bombs start.
pub const PREFIX: &str = "bomb: ";

/// The bombs. `scale` is about how many bytes those have that are not tiny.
#[must_use]
pub fn bombs(scale: usize) -> Vec<Module> {
    let mut bombs = counts();
    bombs.extend(types());
    bombs.extend(bodies(scale));
    bombs.extend(customs());
    bombs.extend(long_lists(scale));
    bombs.into_iter().map(|(name, bytes)| Module { name: format!("{PREFIX}{name}"), bytes }).collect()
}

type Bomb = (String, Vec<u8>);

/// Every section saying that it has 2^32 - 1 items.
fn counts() -> Vec<Bomb> {
    (1..=13)
        .flat_map(|id| {
            [HUGE, 1_000_000].map(|count| {
                let contents = [&leb(count)[..], &[0; 16]].concat();
                (format!("section {id} of {count} items"), module(&[section(id, &contents)]))
            })
        })
        .collect()
}

/// Types with more parts than they have.
fn types() -> Vec<Bomb> {
    let ty = |bytes: Vec<u8>| module(&[section(1, &[&[1][..], &bytes].concat())]);
    vec![
        ("params".to_owned(), ty([&[0x60][..], &leb(HUGE), &[I32; 8]].concat())),
        ("results".to_owned(), ty([&[0x60, 0][..], &leb(HUGE), &[I32; 8]].concat())),
        ("fields".to_owned(), ty([&[0x5F][..], &leb(HUGE), &[I32, 0, I32, 0]].concat())),
        ("a recursive group".to_owned(), ty([&[0x4E][..], &leb(HUGE), &[0x60, 0, 0]].concat())),
        ("supertypes".to_owned(), ty([&[0x50][..], &leb(HUGE), &[0, 0x60, 0, 0]].concat())),
    ]
}

/// Bodies of few bytes with many locals, labels, blocks, operands.
fn bodies(scale: usize) -> Vec<Bomb> {
    let plain = |body: &[u8]| with_bodies(&[0x60, 0, 0], &[body]);
    let mut bombs = vec![
        ("2^32 - 1 locals".to_owned(), plain(&[&[1][..], &leb(HUGE), &[I32, 0x0B]].concat())),
        ("50,000 locals".to_owned(), plain(&[&[1][..], &leb(50_000), &[I32, 0x0B]].concat())),
        ("runs of locals that overflow".to_owned(), plain(&locals_runs(8, HUGE / 2))),
        ("2^32 - 1 runs of locals".to_owned(), plain(&[&leb(HUGE)[..], &[1, I32, 0x0B]].concat())),
        ("many empty runs of locals".to_owned(), plain(&locals_runs(scale / 2, 0))),
        (
            "br_table of 2^32 - 1 labels".to_owned(),
            plain(&[&[0, 0x41, 0, 0x0E][..], &leb(HUGE), &[0, 0, 0x0B]].concat()),
        ),
        ("long br_table".to_owned(), plain(&br_table(scale))),
        ("nested blocks".to_owned(), plain(&nested(scale, &EMPTY_BLOCK))),
        ("nested ifs".to_owned(), plain(&nested(scale, &[0x41, 0, 0x04, 0x40]))),
        ("constants dropped".to_owned(), plain(&[&[0][..], &[0x41, 0, 0x1A].repeat(scale / 3), &[0x0B]].concat())),
        ("a chain of additions".to_owned(), plain(&chain(scale))),
        ("constants piled up".to_owned(), plain(&piled(scale))),
        ("catches".to_owned(), plain(&[&[0, 0x1F, 0x40][..], &leb(HUGE), &[2, 0, 0x0B, 0x0B]].concat())),
        ("select of 2^32 - 1 types".to_owned(), plain(&[&[0, 0x1C][..], &leb(HUGE), &[I32, 0x0B]].concat())),
        ("a body of 2^32 - 1 bytes".to_owned(), body_of_huge_size()),
    ];
    let empty: &[u8] = &[0, 0x0B];
    bombs.push(("tiny functions".to_owned(), with_bodies(&[0x60, 0, 0], &vec![empty; scale / 4])));
    let locals = [&[1][..], &leb(50_000), &[I32, 0x0B]].concat();
    let many_locals = with_bodies(&[0x60, 0, 0], &vec![&locals[..]; scale / 16]);
    bombs.push(("many functions of 50,000 locals".to_owned(), many_locals));
    bombs
}

fn locals_runs(runs: usize, count: u32) -> Vec<u8> {
    let run = [&leb(count)[..], &[I32]].concat();
    [leb(runs as u32), run.repeat(runs), vec![0x0B]].concat()
}

fn br_table(labels: usize) -> Vec<u8> {
    [&[0, 0x41, 0, 0x0E][..], &leb(labels as u32), &vec![0; labels], &[0, 0x0B]].concat()
}

fn nested(scale: usize, opener: &[u8]) -> Vec<u8> {
    let depth = scale / (opener.len() + 1);
    [vec![0], opener.repeat(depth), vec![0x0B; depth], vec![0x0B]].concat()
}

fn chain(scale: usize) -> Vec<u8> {
    [&[0, 0x41, 0][..], &[0x41, 1, 0x6A].repeat(scale / 3), &[0x1A, 0x0B]].concat()
}

fn piled(scale: usize) -> Vec<u8> {
    let count = scale / 3;
    [vec![0], [0x41, 0].repeat(count), vec![0x1A; count], vec![0x0B]].concat()
}

fn body_of_huge_size() -> Vec<u8> {
    let code = [&[1][..], &leb(HUGE), &[0, 0x0B]].concat();
    module(&[section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(10, &code)])
}

/// Custom sections whose maps have more entries than bytes.
fn customs() -> Vec<Bomb> {
    let custom = |name: &str, contents: &[u8]| {
        module(&[section(0, &[&leb(name.len() as u32)[..], name.as_bytes(), contents].concat())])
    };
    let map = |id: u8| [&[id][..], &leb(9), &leb(HUGE), &[0, 1, b'a', 0]].concat();
    let mut bombs: Vec<Bomb> = (0..=11).map(|id| (format!("names of kind {id}"), custom("name", &map(id)))).collect();
    for name in ["producers", "target_features", "dylink.0", "linking", "reloc.CODE", "metadata.code.branch_hint"] {
        bombs.push((name.to_owned(), custom(name, &[&leb(HUGE)[..], &[1, 1, 1, 1]].concat())));
    }
    bombs
}

/// Lists that are as long as they say, of the smallest items there are.
fn long_lists(scale: usize) -> Vec<Bomb> {
    let list = |item: &[u8], count: usize| [leb(count as u32), item.repeat(count)].concat();
    let func_type = section(1, &[1, 0x60, 0, 0]);
    let exports: Vec<u8> =
        (0..scale / 8).flat_map(|n| [&[4][..], format!("{n:04x}").as_bytes(), &[0, 0]].concat()).collect();
    let exports = [leb((scale / 8) as u32), exports].concat();
    let one_func = [section(3, &[1, 0]), section(10, &[1, 2, 0, 0x0B])];
    vec![
        ("many types".to_owned(), module(&[section(1, &list(&[0x60, 0, 0], scale / 3))])),
        (
            "a long recursive group".to_owned(),
            module(&[section(1, &[vec![1, 0x4E], list(&[0x60, 0, 0], scale / 3)].concat())]),
        ),
        ("many recursive groups".to_owned(), module(&[section(1, &list(&[0x4E, 0], scale / 2))])),
        ("many subtypes".to_owned(), module(&[section(1, &subtypes(scale / 4))])),
        ("many imports".to_owned(), module(&[func_type.clone(), section(2, &list(&[0, 0, 0, 0], scale / 4))])),
        ("many globals".to_owned(), module(&[section(6, &list(&[I32, 0, 0x41, 0, 0x0B], scale / 5))])),
        ("many tags".to_owned(), module(&[func_type.clone(), section(13, &list(&[0, 0], scale / 2))])),
        ("many data segments".to_owned(), module(&[section(11, &list(&[1, 0], scale / 2))])),
        ("many element segments".to_owned(), module(&[section(9, &list(&[1, 0, 0], scale / 3))])),
        (
            "many exports".to_owned(),
            module(&[&[func_type, one_func[0].clone(), section(7, &exports)][..], &one_func[1..]].concat()),
        ),
        ("many custom sections".to_owned(), module(&vec![section(0, &[0]); scale / 3])),
    ]
}

/// A chain of struct types, each below the one before, as deep as may be, then anew.
fn subtypes(count: usize) -> Vec<u8> {
    let types = (0..count).map(|n| match n % 60 {
        0 => vec![0x50, 0, 0x5F, 0],
        _ => [&[0x50, 1][..], &leb(n as u32 - 1), &[0x5F, 0]].concat(),
    });
    [leb(count as u32), types.flatten().collect()].concat()
}

/// Functions of one type with these bodies.
pub(crate) fn with_bodies(ty: &[u8], bodies: &[&[u8]]) -> Vec<u8> {
    let count = leb(bodies.len() as u32);
    let code = bodies.iter().flat_map(|body| [&leb(body.len() as u32)[..], body].concat());
    let code = [count.clone(), code.collect()].concat();
    let funcs = [count, vec![0; bodies.len()]].concat();
    module(&[section(1, &[&[1][..], ty].concat()), section(3, &funcs), section(10, &code)])
}

pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

pub(crate) fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(contents.len() as u32), contents].concat()
}

pub(crate) fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
