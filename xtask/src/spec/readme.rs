//! The conformance table of the repository's README, made from the reports of a run of the whole suite.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The table stands between these two lines.
const BEGIN: &str = "<!-- conformance:begin -->\n";
const END: &str = "<!-- conformance:end -->\n";

/// The README with its table replaced by what `runs` say, one report a backend.
///
/// # Errors
/// If the backends disagree, or the README has no place for the table.
pub fn updated(readme: &str, runs: &[Value]) -> Result<String> {
    let (before, rest) = readme.split_once(BEGIN).context("README.md has no line `conformance:begin`")?;
    let (_, after) = rest.split_once(END).context("README.md has no line `conformance:end`")?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", table(runs)?))
}

/// A row a group, and their sum; directives of every kind count once.
fn table(runs: &[Value]) -> Result<String> {
    let mut tables = runs.iter().map(rows).collect::<Result<Vec<_>>>()?;
    let first = tables.pop().context("no backend was run")?;
    ensure!(tables.iter().all(|other| *other == first), "the backends give different results");
    Ok(first)
}

fn rows(run: &Value) -> Result<String> {
    let groups = run["groups"].as_array().context("the report lacks `groups`")?;
    let mut text = String::from("| group | scripts | passed | failed | skipped |\n|---|---:|---:|---:|---:|\n");
    let mut sums = [0; 4];
    for group in groups {
        let name = group["name"].as_str().context("a group has no name")?;
        let mut counts = [0; 4];
        for (count, field) in counts.iter_mut().zip(["files", "passed", "failed", "skipped"]) {
            *count = group[field].as_u64().with_context(|| format!("the group {name} lacks `{field}`"))?;
        }
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        row(&mut text, &format!("`{name}`"), counts);
    }
    row(&mut text, "**all**", sums);
    Ok(text)
}

fn row(text: &mut String, name: &str, [scripts, passed, failed, skipped]: [u64; 4]) {
    writeln!(text, "| {name} | {scripts} | {passed} | {failed} | {skipped} |").expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(passed: u64) -> Value {
        let group = |name: &str, skipped| json!({ "name": name, "files": 2, "passed": passed, "failed": 1, "skipped": skipped });
        json!({ "groups": [group("a", 0), group("b", 4)] })
    }

    #[test]
    fn the_table_replaces_the_one_before() {
        let readme = format!("above\n{BEGIN}old\n{END}below\n");
        let table = "| group | scripts | passed | failed | skipped |\n|---|---:|---:|---:|---:|\n\
            | `a` | 2 | 3 | 1 | 0 |\n| `b` | 2 | 3 | 1 | 4 |\n| **all** | 4 | 6 | 2 | 4 |\n";
        assert_eq!(updated(&readme, &[run(3), run(3)]).unwrap(), format!("above\n{BEGIN}{table}{END}below\n"));
    }

    #[test]
    fn backends_that_disagree_make_no_table() {
        let readme = format!("{BEGIN}{END}");
        assert!(updated(&readme, &[run(3), run(4)]).unwrap_err().to_string().contains("different results"));
        assert!(updated(&readme, &[]).is_err());
    }

    #[test]
    fn the_readme_has_a_place_for_the_table() {
        let readme = std::fs::read_to_string(crate::workspace::root().join("README.md")).unwrap();
        assert!(updated(&readme, &[run(1)]).unwrap().contains("| `b` | 2 | 1 | 1 | 4 |"));
        assert!(updated("no markers", &[run(1)]).is_err());
    }
}
