//! What came of a script.

use std::collections::BTreeMap;
use std::time::Duration;

/// What became of one directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed {
        expected: String,
        got: String,
    },
    /// The engine does not support what the directive, or one that it depends on, needs.
    Unsupported(String),
}

/// A directive that did not pass.
#[derive(Debug)]
pub struct Remark {
    pub line: usize,
    pub kind: &'static str,
    pub verdict: Verdict,
    /// Why this does not count as a failure.
    pub listed: Option<String>,
}

/// What became of one script.
#[derive(Debug, Default)]
pub struct FileReport {
    pub name: String,
    /// Directives by kind.
    pub kinds: BTreeMap<&'static str, usize>,
    pub passed: usize,
    /// In order of lines.
    pub remarks: Vec<Remark>,
    /// Spent executing, without reading the text.
    pub time: Duration,
}

impl FileReport {
    /// Accounts for the directive at `line`.
    pub fn count(&mut self, line: usize, kind: &'static str, verdict: Verdict) {
        *self.kinds.entry(kind).or_default() += 1;
        match verdict {
            Verdict::Passed => self.passed += 1,
            verdict => self.remarks.push(Remark { line, kind, verdict, listed: None }),
        }
    }

    /// Accounts for what a thread of the script has executed.
    pub fn absorb(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.passed += other.passed;
        self.remarks.extend(other.remarks);
        self.remarks.sort_by_key(|remark| remark.line);
    }

    /// Says of what did not pass why it does not count as a failure, if `reason` knows one: by the line, and whether it is
    /// unsupported.
    pub fn excuse(&mut self, reason: impl Fn(usize, bool) -> Option<String>) {
        for remark in &mut self.remarks {
            remark.listed = reason(remark.line, matches!(remark.verdict, Verdict::Unsupported(_)));
        }
    }

    /// How many directives passed, failed and were skipped.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { passed: self.passed, ..Tally::default() };
        for remark in &self.remarks {
            match (&remark.listed, &remark.verdict) {
                (None, Verdict::Failed { .. }) => tally.failed += 1,
                _ => tally.skipped += 1,
            }
        }
        tally
    }
}

/// How many directives passed, failed and were skipped. Its text is the closing line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}
