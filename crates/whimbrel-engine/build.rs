//! Chooses the executor's backend, and makes the tables of the sequences that get a handler of their own.
//!
//! The backend is tail calls where the target passes enough arguments in registers and the optimiser turns calls in tail
//! position into jumps, the loop elsewhere. Only the tail-call backend has fused sequences.
//!
//! A build for size (opt-level `s` or `z`) is compact: it has no handlers for pins, and no fused sequences unless told.
//!
//! `WHIMBREL_PATTERNS` names a list to be used instead of `patterns/default.txt`, and `WHIMBREL_MAX_PATTERNS` how many of
//! its sequences are used, from the first on.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use whimbrel_ir::{Family, OpKey};

/// How many sequences of the list are used unless told otherwise.
const DEFAULT_PATTERNS: usize = 10_000;

/// How many in a build for size.
const COMPACT_PATTERNS: usize = 0;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(whimbrel_tail, whimbrel_compact)");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let registers = matches!(var("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    let optimised = var("OPT_LEVEL") != "0";
    let forced_loop = env::var_os("CARGO_FEATURE_LOOP").is_some() || env::var_os("CARGO_CFG_MIRI").is_some();
    let tail = registers && optimised && !forced_loop;
    if tail {
        println!("cargo::rustc-cfg=whimbrel_tail");
    }
    let compact = matches!(var("OPT_LEVEL").as_str(), "s" | "z");
    if compact {
        println!("cargo::rustc-cfg=whimbrel_compact");
    }
    let default = if compact { COMPACT_PATTERNS } else { DEFAULT_PATTERNS };
    let patterns = if tail { read_patterns(default)? } else { Patterns::default() };
    let out = PathBuf::from(env::var("OUT_DIR")?).join("patterns.rs");
    fs::write(out, patterns.tables()?)?;
    Ok(())
}

/// A pattern list: the ops that it mentions, with the paths of their steps, and sequences of positions in that table.
#[derive(Default)]
struct Patterns {
    ops: Vec<(OpKey, String)>,
    sequences: Vec<Vec<u16>>,
}

/// The list, as far as it is used.
fn read_patterns(default: usize) -> Result<Patterns, Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=WHIMBREL_PATTERNS");
    println!("cargo::rerun-if-env-changed=WHIMBREL_MAX_PATTERNS");
    let file = match env::var_os("WHIMBREL_PATTERNS") {
        Some(path) => PathBuf::from(path),
        None => Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("patterns/default.txt"),
    };
    println!("cargo::rerun-if-changed={}", file.display());
    let max = match env::var("WHIMBREL_MAX_PATTERNS") {
        Ok(number) => number.parse().map_err(|_| format!("WHIMBREL_MAX_PATTERNS is `{number}`, expected a number"))?,
        Err(_) => default,
    };
    let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let line_error = |n: usize, what: &str| format!("{}:{}: {what}", file.display(), n + 1);
    let (mut names, mut ops, mut ids, mut sequences) = (HashMap::new(), Vec::new(), HashMap::new(), Vec::new());
    for (n, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((key, step)) = line.split_once(" = ") {
            names.insert(key, step);
            continue;
        }
        if sequences.len() == max {
            break;
        }
        let mut sequence = Vec::new();
        for key in line.split(' ') {
            let next = ids.len() as u16;
            let id = *ids.entry(key).or_insert(next);
            if id == next {
                let step = names.get(key).ok_or_else(|| line_error(n, &format!("no step is given for `{key}`")))?;
                let step = step.replace("whimbrel_engine::", "crate::").replace("::v128::V128", "::V128");
                ops.push((key.parse().map_err(|_| line_error(n, &format!("`{key}` is no op")))?, step));
            }
            sequence.push(id);
        }
        if sequence.len() < 2 {
            return Err(line_error(n, "a sequence has at least two ops").into());
        }
        sequences.push(sequence);
    }
    Ok(Patterns { ops, sequences })
}

impl Patterns {
    /// The source of the tables: see `exec/step/tiles.rs`, which looks things up in them.
    fn tables(&self) -> Result<String, Box<dyn Error>> {
        let (edges, tiles) = self.trie();
        if tiles.len() > usize::from(u16::MAX) {
            return Err(format!("{} sequences are too many for 16-bit numbers", self.sequences.len()).into());
        }
        let mut out = String::new();
        for (id, (_, step)) in self.ops.iter().enumerate() {
            writeln!(out, "type S{id} = {step};")?;
        }
        let keys: Vec<(u32, u16)> =
            self.ops.iter().enumerate().map(|(id, (key, _))| (key.to_word() as u32, id as u16)).collect();
        writeln!(out, "pub(super) static KEYS: &[(u32, u16)] = &{:?};", hash_table(&keys))?;
        writeln!(out, "pub(super) static EDGES: &[(u32, u16)] = &{:?};", hash_table(&edges))?;
        writeln!(out, "pub(super) static TILES: &[Option<Handler>] = &[")?;
        for tile in tiles {
            match tile {
                Some(n) => writeln!(out, "Some(Handler::of::<{}>()),", self.tile_type(&self.sequences[n]))?,
                None => writeln!(out, "None,")?,
            }
        }
        writeln!(out, "];")?;
        Ok(out)
    }

    /// The type of a sequence's tile. What follows a branch in a sequence stands at the branch's target.
    fn tile_type(&self, sequence: &[u16]) -> String {
        let (last, others) = sequence.split_last().expect("a sequence has ops");
        let mut tile = String::new();
        for id in others {
            let link = if self.ops[usize::from(*id)].0.family == Family::Br { "Hop" } else { "Seq" };
            tile += &format!("{link}<S{id}, ");
        }
        tile + &format!("One<S{last}>") + &">".repeat(others.len())
    }

    /// The sequences as a trie whose first nodes are the ops. Edges are `node << 16 | op` and the node reached; for each
    /// node, the sequence that ends there.
    fn trie(&self) -> (Vec<(u32, u16)>, Vec<Option<usize>>) {
        let mut tiles = vec![None; self.ops.len()];
        let (mut edges, mut known) = (Vec::new(), HashMap::new());
        for (n, sequence) in self.sequences.iter().enumerate() {
            let mut node = u32::from(sequence[0]);
            for &id in &sequence[1..] {
                let edge = node << 16 | u32::from(id);
                node = *known.entry(edge).or_insert_with(|| {
                    edges.push((edge, tiles.len() as u16));
                    tiles.push(None);
                    tiles.len() as u32 - 1
                });
            }
            tiles[node as usize].get_or_insert(n);
        }
        (edges, tiles)
    }
}

/// An open-addressed table of a power of two of entries, at most half full; `u32::MAX` is no key.
fn hash_table(entries: &[(u32, u16)]) -> Vec<(u32, u16)> {
    let size = (2 * entries.len()).next_power_of_two().max(2);
    let mut table = vec![(u32::MAX, 0); size];
    for &(key, value) in entries {
        // The same function as in `exec/step/tiles.rs`.
        let mut at = (key.wrapping_mul(0x9e37_79b1) >> 8) as usize;
        while table[at & (size - 1)].0 != u32::MAX {
            at += 1;
        }
        table[at & (size - 1)] = (key, value);
    }
    table
}
