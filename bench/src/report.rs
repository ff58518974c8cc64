//! What was measured: as a table for people, as JSON for programs.

use serde_json::{Value, json};

use crate::clock::Times;

/// What one engine did with a case.
#[derive(Clone, Debug)]
pub struct Measured {
    pub engine: &'static str,
    pub times: Times,
    /// What it computed, to be compared.
    pub result: String,
}

/// A case and what the engines did with it, whimbrel first.
#[derive(Clone, Debug)]
pub struct Row {
    pub case: String,
    pub measured: Vec<Measured>,
}

impl Row {
    /// Whether all engines computed the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.measured.windows(2).all(|pair| pair[0].result == pair[1].result)
    }
}

/// The rows as lines: each engine's median, spread and the time as a multiple of whimbrel's.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text =
        format!("{:22} {:12} {:>11} {:>11} {:>11} {:>7}\n", "case", "engine", "median ms", "min ms", "max ms", "ratio");
    for row in rows {
        let first = row.measured.first().map_or(f64::NAN, |measured| measured.times.median_ms());
        for Measured { engine, times, result } in &row.measured {
            let (median, min, max) = (times.median_ms(), times.min_ms(), times.max_ms());
            let ratio = median / first;
            text += &format!("{:22} {engine:12} {median:11.4} {min:11.4} {max:11.4} {ratio:7.2}", row.case);
            text += &if row.agrees() { "\n".to_owned() } else { format!("  result {result}\n") };
        }
    }
    text
}

/// For each engine beside whimbrel, the geometric mean of its times as multiples of whimbrel's over the rows.
#[must_use]
pub fn geometric_means(rows: &[Row]) -> Vec<(&'static str, f64)> {
    let mut means: Vec<(&'static str, f64, u32)> = Vec::new();
    for row in rows {
        let Some((first, others)) = row.measured.split_first() else { continue };
        for other in others {
            let log = (other.times.median_ms() / first.times.median_ms()).ln();
            match means.iter_mut().find(|(engine, ..)| *engine == other.engine) {
                Some((_, sum, count)) => (*sum, *count) = (*sum + log, *count + 1),
                None => means.push((other.engine, log, 1)),
            }
        }
    }
    means.into_iter().map(|(engine, sum, count)| (engine, (sum / f64::from(count)).exp())).collect()
}

/// The rows as JSON.
#[must_use]
pub fn json(rows: &[Row]) -> Value {
    let result = |measured: &Measured| {
        let times = &measured.times;
        json!({
            "engine": measured.engine,
            "median_ms": times.median_ms(),
            "min_ms": times.min_ms(),
            "max_ms": times.max_ms(),
            "result": measured.result,
        })
    };
    let case = |row: &Row| json!({ "name": row.case, "results": row.measured.iter().map(result).collect::<Vec<_>>() });
    json!({ "cases": rows.iter().map(case).collect::<Vec<_>>() })
}
