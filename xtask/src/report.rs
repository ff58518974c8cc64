//! What the tasks print: tables with aligned columns, and the closing count.

use std::fmt;
use std::time::Duration;

/// How many of a task's checks passed and failed. Its text is the closing line of every task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
}

impl Tally {
    pub fn count(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// A table of text: the first row is its heading, each column as wide as its widest cell.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A duration as a person reads it: milliseconds below ten seconds, seconds above.
pub fn duration(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// A size in the unit in which it has at most four digits before the point.
pub fn size(size_bytes: u64) -> String {
    match size_bytes {
        0..10_000 => format!("{size_bytes} B"),
        10_000..10_000_000 => format!("{} KB", size_bytes / 1000),
        _ => format!("{:.1} MB", size_bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_blanks() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let text = table(&[row(&["name", "verdict"]), row(&["a longer name", "ok"]), row(&["x", ""])]);
        assert_eq!(text, "name           verdict\na longer name  ok\nx\n");
    }

    #[test]
    fn the_closing_line_counts() {
        let mut tally = Tally::default();
        tally.count(true);
        tally.count(false);
        tally.count(true);
        assert_eq!(tally.to_string(), "2 passed, 1 failed");
    }

    #[test]
    fn units_follow_the_magnitude() {
        assert_eq!(duration(Duration::from_micros(1500)), "1.5 ms");
        assert_eq!(duration(Duration::from_secs(75)), "75.0 s");
        assert_eq!([size(9_999), size(10_000), size(24_000_000)], ["9999 B", "10 KB", "24.0 MB"]);
    }
}
