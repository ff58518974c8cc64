//! What came of a run: counts by group, failures, skips; as a table for people and as JSON for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use whimbrel_wast::report::{FileReport, Tally, Verdict};

/// What became of a group of scripts.
#[derive(Debug)]
pub struct GroupReport {
    pub name: String,
    pub files: Vec<FileReport>,
}

impl GroupReport {
    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.files.iter().for_each(|file| tally += file.tally());
        tally
    }

    fn time(&self) -> Duration {
        self.files.iter().map(|file| file.time).sum()
    }

    fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for (kind, count) in self.files.iter().flat_map(|file| &file.kinds) {
            *kinds.entry(*kind).or_default() += count;
        }
        kinds
    }
}

/// What became of everything that was run.
#[derive(Debug)]
pub struct Report {
    pub backend: &'static str,
    pub groups: Vec<GroupReport>,
    /// Entries of the list of skips that match nothing.
    pub stale: Vec<String>,
}

/// The kinds with a column of their own, and their headings; the rest are counted together.
const COLUMNS: &[(&str, &str)] = &[
    ("module", "modules"),
    ("assert_return", "return"),
    ("assert_trap", "trap"),
    ("assert_exhaustion", "exhaustion"),
    ("assert_malformed", "malformed"),
    ("assert_invalid", "invalid"),
    ("assert_unlinkable", "unlinkable"),
    ("assert_exception", "exception"),
];

impl Report {
    /// The counts of all groups.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.groups.iter().for_each(|group| tally += group.tally());
        tally
    }

    /// How many directives were skipped for no listed reason.
    pub fn unlisted(&self) -> usize {
        let remarks = self.groups.iter().flat_map(|group| &group.files).flat_map(|file| &file.remarks);
        remarks.filter(|remark| remark.listed.is_none() && matches!(remark.verdict, Verdict::Unsupported(_))).count()
    }

    /// Whether nothing failed, every skip is listed, and the list has no stale entries.
    pub fn is_success(&self) -> bool {
        self.tally().failed == 0 && self.unlisted() == 0 && self.stale.is_empty()
    }

    /// One row a group, and their sum.
    pub fn table(&self) -> String {
        let mut heading = vec!["group".to_owned(), "files".to_owned()];
        heading.extend(COLUMNS.iter().map(|(_, text)| (*text).to_owned()));
        heading.extend(["other", "passed", "failed", "skipped", "time"].map(str::to_owned));
        let mut rows = vec![heading];
        rows.extend(
            self.groups
                .iter()
                .map(|group| row(&group.name, group.files.len(), &group.kinds(), group.tally(), group.time())),
        );
        if self.groups.len() > 1 {
            let mut kinds = BTreeMap::new();
            for (kind, count) in self.groups.iter().flat_map(GroupReport::kinds) {
                *kinds.entry(kind).or_default() += count;
            }
            let files = self.groups.iter().map(|group| group.files.len()).sum();
            rows.push(row("total", files, &kinds, self.tally(), self.groups.iter().map(GroupReport::time).sum()));
        }
        align(&rows)
    }

    /// Every failure, and every skip that is not listed, as a line or two.
    pub fn failures(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for group in &self.groups {
            for file in &group.files {
                for remark in file.remarks.iter().filter(|remark| remark.listed.is_none()) {
                    let place = format!("{}/{}:{} {}", group.name, file.name, remark.line, remark.kind);
                    lines.push(match &remark.verdict {
                        Verdict::Failed { expected, got } => {
                            format!("FAILED {place}\n    expected {expected}\n    got      {got}")
                        }
                        Verdict::Unsupported(what) => format!("SKIPPED without a listed reason {place}\n    {what}"),
                        Verdict::Passed => unreachable!("what passes leaves no remark"),
                    });
                }
            }
        }
        lines
    }

    /// The whole report for other programs.
    pub fn json(&self) -> Json {
        let groups: Vec<Json> = self.groups.iter().map(group_json).collect();
        json!({
            "backend": self.backend,
            "success": self.is_success(),
            "total": tally_json(self.tally()),
            "skips_not_listed": self.unlisted(),
            "stale_skip_entries": self.stale,
            "groups": groups,
        })
    }
}

fn tally_json(tally: Tally) -> Json {
    json!({ "passed": tally.passed, "failed": tally.failed, "skipped": tally.skipped })
}

fn group_json(group: &GroupReport) -> Json {
    let mut json = json!({
        "name": group.name,
        "files": group.files.len(),
        "directives": group.kinds(),
        "seconds": group.time().as_secs_f64(),
        "failures": [],
        "skips": [],
    });
    for (name, value) in tally_json(group.tally()).as_object().into_iter().flatten() {
        json[name] = value.clone();
    }
    for file in &group.files {
        for remark in &file.remarks {
            let mut entry = json!({ "file": file.name, "line": remark.line, "kind": remark.kind });
            let list = match (&remark.listed, &remark.verdict) {
                (None, Verdict::Failed { expected, got }) => {
                    entry["expected"] = expected.as_str().into();
                    entry["got"] = got.as_str().into();
                    "failures"
                }
                (listed, verdict) => {
                    if let Verdict::Unsupported(what) = verdict {
                        entry["unsupported"] = what.as_str().into();
                    }
                    entry["reason"] = listed.as_deref().into();
                    "skips"
                }
            };
            json[list].as_array_mut().expect("both lists are arrays").push(entry);
        }
    }
    json
}

fn row(name: &str, files: usize, kinds: &BTreeMap<&str, usize>, tally: Tally, time: Duration) -> Vec<String> {
    let columns: Vec<usize> = COLUMNS.iter().map(|(kind, _)| kinds.get(kind).copied().unwrap_or(0)).collect();
    let other = kinds.values().sum::<usize>() - columns.iter().sum::<usize>();
    let mut cells = vec![name.to_owned(), files.to_string()];
    let counts = columns.into_iter().chain([other, tally.passed, tally.failed, tally.skipped]);
    cells.extend(counts.map(|count| count.to_string()));
    cells.push(format!("{:.2} s", time.as_secs_f64()));
    cells
}

/// The first column flush left, the others flush right.
fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!("{:width$}", row[0], width = widths[0]));
        for (cell, &width) in row.iter().zip(&widths).skip(1) {
            text.push_str(&format!("  {cell:>width$}"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skips::Skips;

    fn report() -> Report {
        let mut file = FileReport { name: "a.wast".to_owned(), ..FileReport::default() };
        file.count(1, "module", Verdict::Passed);
        file.count(2, "assert_return", Verdict::Failed { expected: "i32 1".to_owned(), got: "i32 2".to_owned() });
        file.count(3, "register", Verdict::Unsupported("vectors".to_owned()));
        let groups = vec![GroupReport { name: "v9".to_owned(), files: vec![file] }];
        Report { backend: "loop", groups, stale: Vec::new() }
    }

    #[test]
    fn a_run_fails_until_everything_is_listed() {
        let mut report = report();
        assert_eq!(report.tally().to_string(), "1 passed, 1 failed, 1 skipped");
        assert_eq!(report.unlisted(), 1);
        assert!(!report.is_success());
        let skips = Skips::parse("v9/a.wast:2 known\nv9/* vectors are not executed\n").unwrap();
        report.groups[0].files[0]
            .excuse(|line, unsupported| skips.reason("v9/a.wast", line, unsupported).map(str::to_owned));
        assert_eq!(report.tally().to_string(), "1 passed, 0 failed, 2 skipped");
        assert!(report.is_success());
        report.stale.push("v9/b.wast".to_owned());
        assert!(!report.is_success());
    }

    #[test]
    fn the_table_counts_by_kind() {
        let text = report().table();
        let words: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(words, ["v9", "1", "1", "1", "0", "0", "0", "0", "0", "0", "1", "1", "1", "1", "0.00", "s"]);
    }

    #[test]
    fn failures_say_where_and_what() {
        assert_eq!(
            report().failures(),
            [
                "FAILED v9/a.wast:2 assert_return\n    expected i32 1\n    got      i32 2",
                "SKIPPED without a listed reason v9/a.wast:3 register\n    vectors",
            ]
        );
    }

    #[test]
    fn json_holds_the_same() {
        let json = report().json();
        assert_eq!(json["total"]["failed"], 1);
        assert_eq!(json["groups"][0]["failures"][0]["line"], 2);
        assert_eq!(json["groups"][0]["skips"][0]["unsupported"], "vectors");
        assert_eq!(json["groups"][0]["directives"]["assert_return"], 1);
    }
}
