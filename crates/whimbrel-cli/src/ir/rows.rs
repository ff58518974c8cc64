//! Instructions and what they were lowered to, matched by the bytes from which the code comes.

use std::collections::{BTreeMap, HashSet};

use wasm_reader::{Body, Section};
use wasm_syntax::Features;
use whimbrel_ir::{Code, Listing};

use crate::disasm::depth_of;
use crate::names::FuncNames;
use crate::text::Text;

/// An instruction of the module, and what comes from it.
pub(super) struct Row {
    /// Bytes from the body's start; none for the function's entry.
    pub(super) start: Option<u32>,
    pub(super) depth: usize,
    pub(super) wasm: String,
    pub(super) insts: Vec<Lowered>,
}

impl Row {
    pub(super) fn offset(&self) -> String {
        self.start.map_or(String::new(), |start| format!("{start:#x}"))
    }
}

/// An instruction of the lowered code.
pub(super) struct Lowered {
    pub(super) at: u32,
    pub(super) text: String,
    /// Whether a branch leads here.
    pub(super) is_target: bool,
    /// Whether it is executed together with the one before, without a dispatch.
    pub(super) is_fused: bool,
}

/// The bodies of the functions that a valid module defines.
pub(super) fn bodies(module: &[u8]) -> Vec<Body<'_>> {
    let sections = wasm_reader::sections(module, Features::ALL).into_iter().flatten().flatten();
    sections
        .filter_map(|section| match section {
            Section::Code(bodies) => Some(bodies),
            _ => None,
        })
        .flat_map(|bodies| bodies.into_iter().flatten())
        .collect()
}

/// The rows of a function. `tiles` are the positions of fused sequences and how many instructions each has.
pub(super) fn rows(body: &Body<'_>, code: &Code, tiles: &[(u32, u32)], names: &FuncNames<'_>) -> Vec<Row> {
    let mut by_offset = lowered(code, tiles);
    let entry = by_offset.remove(&None).unwrap_or_default();
    let mut rows = vec![Row { start: None, depth: 0, wasm: String::new(), insts: entry }];
    let mut instrs = body.instrs();
    while !instrs.is_finished() {
        let (start, outer) = (instrs.offset(), instrs.depth());
        // Loading has decoded the body.
        let Ok(instr) = instrs.read() else { break };
        let start = (start - body.range().start) as u32;
        let name = |func| names.get(func).unwrap_or_else(|| format!("{func}"));
        rows.push(Row {
            start: Some(start),
            depth: depth_of(&instr, outer, instrs.depth()) as usize,
            wasm: Text(&instr, name).to_string(),
            insts: by_offset.remove(&Some(start)).unwrap_or_default(),
        });
    }
    rows
}

/// The code's instructions by the offset that they come from; the listing has a line for each, after its head.
fn lowered(code: &Code, tiles: &[(u32, u32)]) -> BTreeMap<Option<u32>, Vec<Lowered>> {
    let listing = Listing(code).to_string();
    let positions: Vec<u32> = code.insts().map(|(at, _)| at.0).collect();
    let mut fused = HashSet::<u32>::new();
    for &(at, len) in tiles {
        // A sequence that starts inside another is for branches that lead there.
        if !fused.contains(&at)
            && let Ok(first) = positions.binary_search(&at)
        {
            fused.extend(positions.iter().skip(first + 1).take(len as usize - 1));
        }
    }
    let mut by_offset: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ((at, _), line) in code.insts().zip(listing.lines().skip(1)) {
        let text = line.split_once("  ").map_or("", |(_, rest)| rest);
        let text = text.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let text = text.rsplit_once("  @").map_or(text, |(text, _)| text).to_owned();
        let (is_target, is_fused) = (line.starts_with('>'), fused.contains(&at.0));
        // No instruction is the body's first byte: what is marked so comes from the function's entry.
        let offset = code.offset_at(at).filter(|&offset| offset > 0);
        by_offset.entry(offset).or_default().push(Lowered { at: at.0, text, is_target, is_fused });
    }
    by_offset
}
