//! Ratios of medians and their geometric means.

use crate::measure::Row;
use crate::peer::ENGINES;

/// How many times as long as `base` another engine takes for a case; `None` if one of the two has not done it.
#[must_use]
pub fn ratio(row: &Row, engine: &str, base: &str) -> Option<f64> {
    Some(row.of(engine)?.times.median_ms() / row.of(base)?.times.median_ms())
}

/// The geometric mean of the ratios that there are, and how many there are.
#[must_use]
pub fn geometric_mean(ratios: impl Iterator<Item = Option<f64>>) -> Option<(f64, usize)> {
    let logs: Vec<f64> = ratios.flatten().map(f64::ln).collect();
    (!logs.is_empty()).then(|| ((logs.iter().sum::<f64>() / logs.len() as f64).exp(), logs.len()))
}

/// How many times as long as `base` the fastest of the other interpreters takes for a case, and which it is.
#[must_use]
pub fn best_peer(row: &Row, base: &str) -> Option<(&'static str, f64)> {
    let interpreter = |name: &str| ENGINES.iter().any(|engine| engine.name == name && !engine.is_compiler);
    row.measured
        .iter()
        .filter(|measured| measured.engine != base && interpreter(measured.engine))
        .filter_map(|measured| Some((measured.engine, ratio(row, measured.engine, base)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Times;
    use crate::measure::Measured;

    fn row(times: &[(&'static str, u64)]) -> Row {
        let measured = |&(engine, ms)| Measured { engine, times: Times::of_ms(&[ms]), result: String::new() };
        Row { case: "a".to_owned(), measured: times.iter().map(measured).collect(), unable: Vec::new() }
    }

    #[test]
    fn means_leave_out_what_was_not_measured() {
        let rows =
            [row(&[("whimbrel", 2), ("wasmi", 4)]), row(&[("whimbrel", 1), ("wasmi", 8)]), row(&[("whimbrel", 1)])];
        let (mean, count) = geometric_mean(rows.iter().map(|row| ratio(row, "wasmi", "whimbrel"))).unwrap();
        assert!((mean - 4.0).abs() < 1e-12, "{mean}");
        assert_eq!(count, 2);
        assert_eq!(geometric_mean(rows.iter().map(|row| ratio(row, "wasm3", "whimbrel"))), None);
    }

    #[test]
    fn the_best_peer_is_an_interpreter() {
        let row = row(&[("whimbrel", 4), ("wasmi", 8), ("sf-nano", 6), ("wasmtime", 1)]);
        assert_eq!(best_peer(&row, "whimbrel"), Some(("sf-nano", 1.5)));
    }
}
