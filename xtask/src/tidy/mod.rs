//! `xtask tidy`: the rules of the code base that the compiler does not know.
//!
//! Each check returns the places where its rule is broken and how many things it looked at. A check that found nothing to
//! look at fails: a rule whose files have moved away is not being kept.

mod layers;
mod rust;
mod tree;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::report::Tally;
use crate::workspace;
use tree::Tree;

/// A place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Relative to the workspace's root, with `/` between its parts.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// What one check found.
#[derive(Debug, Default)]
pub struct Findings {
    /// The number of things checked: files, crates or arrows.
    pub checked: usize,
    pub breaches: Vec<Breach>,
}

impl Findings {
    fn breach(&mut self, file: &str, line: usize, what: impl Into<String>) {
        self.breaches.push(Breach { file: file.to_owned(), line, what: what.into() });
    }
}

/// A rule over the files of the tree: its name, what it counts, and its check.
type FileCheck = (&'static str, &'static str, fn(&Tree) -> Findings);

const FILE_CHECKS: &[FileCheck] = &[
    ("each Rust file opens with `//!`", "files", tree::headers),
    ("crates but the engine forbid unsafe code", "crate roots", tree::forbid_unsafe),
    ("each crate has a README", "crates", tree::readmes),
    ("files stay under 700 lines", "files", tree::sizes),
    ("unsafe code stays in the engine's unsafe modules", "files", tree::unsafe_code),
    ("nothing is left unfinished or ignored", "files", tree::unfinished),
    ("no paths of one machine", "files", tree::machine_paths),
];

pub fn run() -> Result<Tally> {
    let metadata = workspace::metadata()?;
    let root = metadata.workspace_root.as_std_path();
    let tree = Tree::read(root)?;
    let mut tally = Tally::default();
    settle(&mut tally, "crates depend downwards only", "arrows", layers::check(root, &layers::arrows(&metadata)));
    for (rule, unit, check) in FILE_CHECKS {
        settle(&mut tally, rule, unit, check(&tree));
    }
    println!("{tally}");
    Ok(tally)
}

/// Prints the outcome of one check and counts it.
fn settle(tally: &mut Tally, rule: &str, unit: &str, mut findings: Findings) {
    let ok = findings.breaches.is_empty() && findings.checked > 0;
    println!("{} {rule} ({} {unit})", if ok { "ok    " } else { "FAILED" }, findings.checked);
    findings.breaches.sort();
    for breach in &findings.breaches {
        println!("{breach}");
    }
    tally.count(ok);
}

/// The line, counted from 1, on which `needle` first stands in the file; 1 if it does not.
fn line_of(file: &Path, needle: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_saw_nothing_fails() {
        let mut tally = Tally::default();
        settle(&mut tally, "a rule", "files", Findings::default());
        settle(&mut tally, "a rule", "files", Findings { checked: 1, breaches: Vec::new() });
        assert_eq!(tally, Tally { passed: 1, failed: 1 });
    }

    #[test]
    fn a_breach_is_printed_as_a_place() {
        let mut findings = Findings::default();
        findings.breach("crates/a/src/lib.rs", 7, "too long");
        assert_eq!(findings.breaches[0].to_string(), "crates/a/src/lib.rs:7: too long");
    }
}
