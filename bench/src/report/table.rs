//! The rows as lines of text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::means::{best_peer, geometric_mean, ratio};
use crate::measure::Row;

/// How much slower than another engine an engine is before it counts as slower: less is noise.
const NOISE: f64 = 0.02;

const AHEAD: Style = AnsiColor::Red.on_default();
const HEADING: Style = Style::new().bold();

/// A row a case: the median of `base` with its spread, and the other engines' medians as multiples of it. Where another
/// engine is faster, the multiple is below one and red.
#[must_use]
pub fn ratios(rows: &[Row], engines: &[&str]) -> String {
    let Some((base, others)) = engines.split_first() else { return String::new() };
    let width = rows.iter().map(|row| row.case.len()).max().unwrap_or(0).max(14);
    let mut text = format!("{HEADING}{:width$} {:>11} {:>7}", "case", format!("{base} ms"), "spread");
    for other in others {
        let _ = write!(text, " {:>10}", format!("{other} ×"));
    }
    let _ = writeln!(text, "{HEADING:#}");
    for row in rows {
        let times = row.of(base).map(|measured| &measured.times);
        let _ = write!(text, "{:width$}", row.case);
        match times {
            Some(times) => {
                let spread = format!("{:.0} %", times.spread() * 100.0);
                let _ = write!(text, " {:11.3} {spread:>7}", times.median_ms());
            }
            None => text += &format!(" {:>11} {:>7}", "–", ""),
        }
        for other in others {
            text += &cell(ratio(row, other, base));
        }
        text += if row.agrees() { "\n" } else { "  RESULTS DIFFER\n" };
    }
    text
}

fn cell(ratio: Option<f64>) -> String {
    match ratio {
        None => format!(" {:>10}", "–"),
        Some(ratio) if ratio < 1.0 - NOISE => format!(" {AHEAD}{ratio:10.2}{AHEAD:#}"),
        Some(ratio) => format!(" {ratio:10.2}"),
    }
}

/// Every engine's median and extremes.
#[must_use]
pub fn details(rows: &[Row]) -> String {
    let mut text = format!(
        "{HEADING}{:22} {:12} {:>11} {:>11} {:>11}  result{HEADING:#}\n",
        "case", "engine", "median ms", "min ms", "max ms"
    );
    for row in rows {
        for measured in &row.measured {
            let (times, result) = (&measured.times, &measured.result);
            let (median, min, max) = (times.median_ms(), times.min_ms(), times.max_ms());
            let _ =
                writeln!(text, "{:22} {:12} {median:11.4} {min:11.4} {max:11.4}  {result}", row.case, measured.engine);
        }
    }
    text
}

/// What the engines could not do, with their reasons.
#[must_use]
pub fn unable(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        for unable in &row.unable {
            let why = unable.why.lines().next().unwrap_or_default();
            let _ = writeln!(text, "{} cannot do {}: {why}", unable.engine, row.case);
        }
    }
    text
}

/// The results of rows on which the engines do not agree.
#[must_use]
pub fn disagreements(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| !row.agrees()) {
        let _ = writeln!(text, "{}: the engines do not agree", row.case);
        for measured in &row.measured {
            let _ = writeln!(text, "    {:12} {}", measured.engine, measured.result);
        }
    }
    text
}

/// The geometric means over kernels.
#[must_use]
pub fn means(rows: &[Row], engines: &[&str]) -> String {
    let Some((base, others)) = engines.split_first() else { return String::new() };
    let mut text = String::new();
    for other in others {
        let ratios = || rows.iter().map(|row| ratio(row, other, base));
        let Some((mean, count)) = geometric_mean(ratios()) else { continue };
        let faster = ratios().flatten().filter(|&ratio| ratio < 1.0 - NOISE).count();
        let _ = writeln!(
            text,
            "{other:12} takes {mean:6.3} times {base}'s time (geometric mean of {count} kernels), and is faster on {faster}"
        );
    }
    let best = || rows.iter().map(|row| best_peer(row, base));
    if let Some((mean, count)) = geometric_mean(best().map(|best| best.map(|(_, ratio)| ratio))) {
        let faster = best().flatten().filter(|&(_, ratio)| ratio < 1.0 - NOISE).count();
        let _ = writeln!(
            text,
            "the best other interpreter of each kernel takes {mean:.3} times {base}'s time ({count} kernels), and is faster on {faster}"
        );
    }
    if let Some((mean, count)) = geometric_mean(rows.iter().map(|row| ratio(row, base, "wasmtime")))
        && others.contains(&"wasmtime")
    {
        let _ = writeln!(text, "{base} takes {mean:.3} times Cranelift's time ({count} kernels)");
    }
    text
}
