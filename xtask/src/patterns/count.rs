//! Counting: compiled functions as runs of ops, each with an estimate of how often it is executed.

use std::collections::HashMap;

use anyhow::{Context, Result};
use wasm_syntax::{Features, FuncIdx, NumericOp};
use whimbrel_compile::{LoadOptions, Options, Scratch, compile_func, load_module};
use whimbrel_ir::{AddrMode, Code, Family, Inst, OpKey, Pos};

/// How much more often a loop's body is taken to run than what is around it, and how deep that is believed.
const LOOP_FACTOR: f64 = 5.0;
const MAX_DEPTH: i32 = 3;

/// Ops at a branch's target that count as the branch's successors.
const BEHIND_BRANCHES: usize = 3;

/// An op by its number in [`Corpus::keys`].
pub type OpId = u16;

/// Consecutive ops that control runs through from the first on, and how often each is executed, estimated.
pub struct Run {
    pub ops: Vec<OpId>,
    pub weights: Vec<f64>,
}

/// What programs are made of.
#[derive(Default)]
pub struct Corpus {
    pub keys: Vec<OpKey>,
    ids: HashMap<OpKey, OpId>,
    /// The runs of all modules; the weights of each module add up to 1.
    pub runs: Vec<Run>,
    /// Functions that the compiler refuses.
    pub skipped: usize,
}

impl Corpus {
    /// Adds every function of a module.
    pub fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let load = LoadOptions { features: Features::ALL, ..LoadOptions::default() };
        let loaded = load_module(bytes, &load).context("the module is not valid")?;
        let first = self.runs.len();
        let mut scratch = Scratch::default();
        let options = Options { validate: false, ..Options::default() };
        for func in loaded.info.num_imported_funcs()..loaded.info.num_funcs() {
            let body = loaded.body(bytes, FuncIdx(func));
            match compile_func(&loaded.info, FuncIdx(func), &body, &options, &mut scratch) {
                Ok(code) => self.add_code(&code),
                Err(_) => self.skipped += 1,
            }
        }
        let added = &mut self.runs[first..];
        let total: f64 = added.iter().flat_map(|run| &run.weights).sum();
        added.iter_mut().flat_map(|run| &mut run.weights).for_each(|weight| *weight /= total);
        Ok(())
    }

    /// The number of the key of the op whose handler can execute one with `key`.
    pub fn id(&mut self, key: OpKey) -> OpId {
        let (key, keys) = (key.widened(), &mut self.keys);
        *self.ids.entry(key).or_insert_with(|| {
            keys.push(key);
            (keys.len() - 1) as OpId
        })
    }

    fn add_code(&mut self, code: &Code) {
        let depths = loop_depths(code);
        let ops: Vec<(Pos, OpKey)> = code
            .insts()
            .map_while(|(at, inst)| {
                inst.and_then(|_| OpKey::from_word(code.words()[at.0 as usize])).map(|key| (at, key))
            })
            .collect();
        let mut run = Run { ops: Vec::new(), weights: Vec::new() };
        for (n, &(at, key)) in ops.iter().enumerate() {
            let weight = LOOP_FACTOR.powi(depths[n].min(MAX_DEPTH));
            if can_follow(key) {
                run.ops.push(self.id(key));
                run.weights.push(weight);
            }
            if let Some(Inst::Br { target }) = code.inst(at) {
                // A tile goes on at the target. The block there counts by itself, too, for those that come another way.
                let first = ops.binary_search_by_key(&target, |&(at, _)| at).unwrap_or(ops.len());
                for &(_, key) in ops[first..].iter().take(BEHIND_BRANCHES) {
                    if can_follow(key) {
                        run.ops.push(self.id(key));
                        run.weights.push(weight);
                    }
                    if !can_precede(key) {
                        break;
                    }
                }
            }
            if !can_precede(key) && !run.ops.is_empty() {
                self.runs.push(Run { ops: std::mem::take(&mut run.ops), weights: std::mem::take(&mut run.weights) });
            }
        }
        if !run.ops.is_empty() {
            self.runs.push(run);
        }
    }
}

/// In how many loops each op lies: between a backward branch and its target.
fn loop_depths(code: &Code) -> Vec<i32> {
    let positions: Vec<Pos> = code.insts().map(|(at, _)| at).collect();
    let index = |at: Pos| positions.binary_search(&at).unwrap_or_else(|n| n);
    let mut loops: HashMap<Pos, Pos> = HashMap::new();
    for (at, inst) in code.insts() {
        let (Some(Inst::Br { target }) | Some(Inst::BrIf { target, .. }) | Some(Inst::BrCmp { target, .. })) = inst
        else {
            continue;
        };
        if target <= at {
            loops.insert(target, at);
        }
    }
    let mut changes = vec![0; positions.len() + 1];
    for (start, end) in loops {
        changes[index(start)] += 1;
        changes[index(end) + 1] -= 1;
    }
    changes
        .iter()
        .scan(0, |depth, change| {
            *depth += change;
            Some(*depth)
        })
        .collect()
}

/// Whether an op may be part of a sequence. Those whose work is a call into ordinary code gain nothing, and would make the
/// others' registers be saved around it; what is behind a call is never reached from what is before.
fn can_follow(key: OpKey) -> bool {
    match key.family {
        Family::Unary => !key.numeric().is_some_and(calls_out),
        Family::Enter
        | Family::Copy
        | Family::Const64
        | Family::Binary
        | Family::Select
        | Family::GlobalGet
        | Family::GlobalSet
        | Family::Br
        | Family::BrIf
        | Family::BrCmp
        | Family::BrTable
        | Family::Call
        | Family::CallImport
        | Family::CallIndirect
        | Family::Return
        | Family::ReturnValue => true,
        Family::Load | Family::Store => {
            use AddrMode as M;
            matches!(key.addr_mode(), Some(M::Plain | M::Wrapped | M::Indexed | M::Scaled))
        }
        _ => false,
    }
}

/// Roundings, which are instructions of some processors only.
fn calls_out(op: NumericOp) -> bool {
    use NumericOp as N;
    matches!(
        op,
        N::F32Ceil | N::F32Floor | N::F32Trunc | N::F32Nearest | N::F64Ceil | N::F64Floor | N::F64Trunc | N::F64Nearest
    )
}

/// Whether a sequence may go on behind the op.
fn can_precede(key: OpKey) -> bool {
    can_follow(key)
        && !matches!(
            key.family,
            Family::Br
                | Family::BrTable
                | Family::Call
                | Family::CallImport
                | Family::CallIndirect
                | Family::Return
                | Family::ReturnValue
        )
}
