//! Selection: which sequences are worth a handler.
//!
//! Pairs come first, ranked by a model of how often they are executed: what a corpus holds of the exact pairs that another
//! program wants is little, but which instructions follow each other, and where operands live, is much the same everywhere.
//! Longer sequences are then joined from the tiles that a covering with the sequences so far puts next to each other.

use std::collections::{HashMap, HashSet};

use whimbrel_ir::OpKey;

use super::count::{Corpus, OpId, Run};

/// The part of the list that pairs get, of 100.
const PAIRS_PERCENT: usize = 60;
/// How often the corpus is covered anew while longer sequences are added.
const ROUNDS: usize = 8;
/// Ops of the longest sequence.
const MAX_LEN: usize = 4;
/// How much of a pair's rank is what the corpus holds of the pair itself.
const OBSERVED: f64 = 0.5;

pub type Sequence = Vec<OpId>;

/// The set of sequences with a handler, to cover runs with.
#[derive(Default)]
pub struct Patterns {
    set: HashSet<Sequence>,
    /// Those and all that they begin with: where to stop looking.
    prefixes: HashSet<Sequence>,
}

impl Patterns {
    pub fn insert(&mut self, sequence: Sequence) {
        (2..=sequence.len()).for_each(|len| {
            self.prefixes.insert(sequence[..len].to_vec());
        });
        self.set.insert(sequence);
    }

    /// The lengths of the fewest tiles that cover a run, in the run's order: what linking does.
    pub fn cover(&self, run: &Run) -> Vec<usize> {
        let ops = &run.ops;
        let mut best = vec![(0_u32, 1_usize); ops.len() + 1];
        for first in (0..ops.len()).rev() {
            best[first] = (best[first + 1].0 + 1, 1);
            for end in first + 2..=ops.len() {
                let sequence = &ops[first..end];
                if !self.prefixes.contains(sequence) {
                    break;
                }
                if best[end].0 + 1 < best[first].0 && self.set.contains(sequence) {
                    best[first] = (best[end].0 + 1, end - first);
                }
            }
        }
        let mut tiles = Vec::new();
        let mut at = 0;
        while at < ops.len() {
            tiles.push(best[at].1);
            at += best[at].1;
        }
        tiles
    }

    /// Ops and dispatches of runs, weighted.
    pub fn measure(&self, runs: &[Run]) -> (f64, f64) {
        let (mut ops, mut dispatches) = (0.0, 0.0);
        for run in runs {
            ops += run.weights.iter().sum::<f64>();
            let mut at = 0;
            for len in self.cover(run) {
                dispatches += run.weights[at];
                at += len;
            }
        }
        (ops, dispatches)
    }
}

/// The `count` sequences estimated to save the most dispatches, best first.
pub fn select(corpus: &Corpus, known: impl Fn(OpKey) -> bool, count: usize) -> Vec<Sequence> {
    let mut scores: HashMap<Sequence, f64> = HashMap::new();
    let mut patterns = Patterns::default();
    for (pair, score) in ranked_pairs(corpus).into_iter().take(count * PAIRS_PERCENT / 100) {
        patterns.insert(pair.clone());
        scores.insert(pair, score);
    }
    for round in 0..ROUNDS {
        let wanted = (count - scores.len()) / (ROUNDS - round);
        for (sequence, score) in joins(corpus, &patterns).into_iter().take(wanted) {
            patterns.insert(sequence.clone());
            scores.insert(sequence, score);
        }
    }
    // What a sequence saves where it is used in the end; pairs that the model alone knows keep their estimate.
    for (sequence, saved) in savings(corpus, &patterns) {
        let score = scores.entry(sequence).or_default();
        *score = score.max(saved);
    }
    let mut list: Vec<(Sequence, f64)> = scores.into_iter().collect();
    list.retain(|(sequence, _)| sequence.iter().all(|&op| known(corpus.keys[usize::from(op)])));
    rank(&mut list, corpus);
    list.into_iter().map(|(sequence, _)| sequence).collect()
}

/// Sorts by score; ties by spelling, so that equal input gives equal lists.
fn rank(list: &mut [(Sequence, f64)], corpus: &Corpus) {
    let words = |sequence: &Sequence| -> Vec<u64> {
        sequence.iter().map(|&op| corpus.keys[usize::from(op)].to_word()).collect()
    };
    list.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| words(a).cmp(&words(b))));
}

/// A key without its operands' kinds; the kind of its destination; the kinds of its sources.
fn parts(key: OpKey) -> (u64, u8, u8) {
    (key.to_word() & !0xff_0000, key.shape.0 & 3, key.shape.0 >> 2)
}

/// Pairs by estimated frequency. The model: how often the two instructions follow each other with that destination of the
/// first, times how often the first has its sources given the destination, times how often the second has its kinds given
/// the destination of what is before it.
fn ranked_pairs(corpus: &Corpus) -> Vec<(Sequence, f64)> {
    type Counts<K> = HashMap<K, HashMap<OpId, f64>>;
    let mut observed: HashMap<(OpId, OpId), f64> = HashMap::new();
    let mut links: HashMap<((u64, u8), u64), f64> = HashMap::new();
    let mut firsts: Counts<(u64, u8)> = HashMap::new();
    let mut seconds: Counts<(u64, u8)> = HashMap::new();
    let key = |op: OpId| corpus.keys[usize::from(op)];
    for run in &corpus.runs {
        for (pair, &weight) in run.ops.windows(2).zip(&run.weights) {
            let (first, second) = (pair[0], pair[1]);
            let (a, d, _) = parts(key(first));
            let (b, ..) = parts(key(second));
            *observed.entry((first, second)).or_default() += weight;
            *links.entry(((a, d), b)).or_default() += weight;
            *firsts.entry((a, d)).or_default().entry(first).or_default() += weight;
            *seconds.entry((b, d)).or_default().entry(second).or_default() += weight;
        }
    }
    let sum = |counts: &HashMap<OpId, f64>| counts.values().sum::<f64>();
    let mut scores: HashMap<(OpId, OpId), f64> = HashMap::new();
    for (&((a, d), b), &weight) in &links {
        let (firsts, seconds) = (&firsts[&(a, d)], &seconds[&(b, d)]);
        let scale = (1.0 - OBSERVED) * weight / (sum(firsts) * sum(seconds));
        for (&first, first_weight) in firsts {
            for (&second, second_weight) in seconds {
                scores.insert((first, second), scale * first_weight * second_weight);
            }
        }
    }
    for (pair, weight) in observed {
        *scores.entry(pair).or_default() += OBSERVED * weight;
    }
    let mut list: Vec<_> = scores.into_iter().map(|((a, b), score)| (vec![a, b], score)).collect();
    rank(&mut list, corpus);
    list
}

/// Sequences that would replace two neighbouring tiles, by how often those are executed.
fn joins(corpus: &Corpus, patterns: &Patterns) -> Vec<(Sequence, f64)> {
    let mut scores: HashMap<&[OpId], f64> = HashMap::new();
    for run in &corpus.runs {
        let tiles = patterns.cover(run);
        let mut at = 0;
        for pair in tiles.windows(2) {
            let len = pair[0] + pair[1];
            if len <= MAX_LEN {
                *scores.entry(&run.ops[at..at + len]).or_default() += run.weights[at + pair[0]];
            }
            at += pair[0];
        }
    }
    let mut list: Vec<_> = scores
        .into_iter()
        .filter(|(sequence, _)| !patterns.set.contains(*sequence))
        .map(|(sequence, score)| (sequence.to_vec(), score))
        .collect();
    rank(&mut list, corpus);
    list
}

/// Dispatches that each sequence saves, where it is used.
fn savings(corpus: &Corpus, patterns: &Patterns) -> HashMap<Sequence, f64> {
    let mut saved: HashMap<Sequence, f64> = HashMap::new();
    for run in &corpus.runs {
        let mut at = 0;
        for len in patterns.cover(run) {
            if len > 1 {
                *saved.entry(run.ops[at..at + len].to_vec()).or_default() +=
                    run.weights[at + 1..at + len].iter().sum::<f64>();
            }
            at += len;
        }
    }
    saved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(keys: &[&str], runs: &[&[OpId]]) -> Corpus {
        let mut corpus = Corpus::default();
        for key in keys {
            corpus.id(key.parse().unwrap());
        }
        corpus.runs = runs.iter().map(|ops| Run { ops: ops.to_vec(), weights: vec![1.0; ops.len()] }).collect();
        corpus
    }

    const KEYS: [&str; 4] =
        ["Binary:i32.add:s,sk:0", "Binary:i32.add:s,ss:0", "Binary:i32.sub:s,sk:0", "BrIf:0:s,as:2"];

    #[test]
    fn a_covering_has_the_fewest_tiles() {
        let mut patterns = Patterns::default();
        patterns.insert(vec![0, 1]);
        patterns.insert(vec![1, 2, 3]);
        let run = |ops: &[OpId]| Run { ops: ops.to_vec(), weights: vec![1.0; ops.len()] };
        assert_eq!(patterns.cover(&run(&[0, 1, 2, 3])), [1, 3]);
        assert_eq!(patterns.cover(&run(&[0, 1, 2])), [2, 1]);
        assert_eq!(patterns.measure(&[run(&[0, 1, 2, 3])]), (4.0, 2.0));
    }

    #[test]
    fn pairs_that_were_never_seen_are_ranked_by_their_parts() {
        // Both kinds of addition precede the branch's comparison; only one of them precedes the subtraction.
        let corpus = corpus(&KEYS, &[&[0, 2], &[0, 2], &[1, 3]]);
        let pairs = ranked_pairs(&corpus);
        let score = |pair: [OpId; 2]| pairs.iter().find(|(other, _)| *other == pair).map(|&(_, score)| score);
        assert!(score([1, 2]).is_some_and(|unseen| unseen > 0.0 && Some(unseen) < score([0, 2])));
        assert_eq!(score([2, 0]), None);
    }

    #[test]
    fn longer_sequences_join_what_stands_together() {
        let corpus = corpus(&KEYS, &[&[0, 1, 2, 3], &[0, 1, 2, 3]]);
        let list = select(&corpus, |_| true, 20);
        assert!(list.contains(&vec![0, 1, 2, 3]), "{list:?}");
        let known = select(&corpus, |key| key.family != whimbrel_ir::Family::BrIf, 20);
        assert!(!known.is_empty() && known.iter().all(|sequence| !sequence.contains(&3)), "{known:?}");
    }
}
