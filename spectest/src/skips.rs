//! The list of what may be skipped, and why.
//!
//! A line is a place and a reason: `wasm-v2/simd_*  vectors are not executed`. A place without a line number lets
//! directives be skipped for which the engine reports that it does not support something; `*` stands for any text. A place
//! with a line number, `wasm-v2/a.wast:7`, lets that directive be skipped whatever became of it; several are separated by
//! commas. An entry that matches nothing in a run of the whole suite makes the run fail, so that the list does not outlive
//! its reasons, but for those whose place ends in `?`.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

/// The list.
#[derive(Debug, Default)]
pub struct Skips(Vec<Entry>);

/// One line of the list.
#[derive(Debug)]
pub struct Entry {
    place: String,
    /// None for all of the place's.
    lines: Vec<usize>,
    /// Whether it may match nothing.
    is_rare: bool,
    reason: String,
    matched: AtomicUsize,
}

impl Skips {
    /// Reads the list; `#` starts a comment.
    ///
    /// # Errors
    ///
    /// If a line is not a place and a reason.
    pub fn parse(text: &str) -> Result<Self> {
        text.lines()
            .enumerate()
            .map(|(index, line)| (index, line.split('#').next().unwrap_or("").trim()))
            .filter(|(_, line)| !line.is_empty())
            .map(|(index, line)| Entry::parse(line).with_context(|| format!("line {} of the skips", index + 1)))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The reason why the directive at `line` of the script `place` may be skipped; `unsupported` says whether the engine
    /// reports that it does not support something.
    pub fn reason(&self, place: &str, line: usize, unsupported: bool) -> Option<&str> {
        let entry = self.0.iter().find(|entry| {
            let is_here = if entry.lines.is_empty() { unsupported } else { entry.lines.contains(&line) };
            is_here && matches_wildcards(&entry.place, place)
        })?;
        entry.matched.fetch_add(1, Ordering::Relaxed);
        Some(&entry.reason)
    }

    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self> {
        let (place, reason) = text.split_once(char::is_whitespace).context("a place needs a reason")?;
        let (place, is_rare) = place.strip_suffix('?').map_or((place, false), |place| (place, true));
        let (place, lines) = match place.rsplit_once(':') {
            Some((place, lines)) => {
                let lines = lines.split(',').map(|line| line.parse().context("line numbers come after the colon"));
                (place, lines.collect::<Result<_>>()?)
            }
            None => (place, Vec::new()),
        };
        Ok(Self {
            place: place.to_owned(),
            lines,
            is_rare,
            reason: reason.trim().to_owned(),
            matched: AtomicUsize::new(0),
        })
    }

    /// The place as written.
    pub fn place(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(usize::to_string).collect();
        let colon = if lines.is_empty() { "" } else { ":" };
        format!("{}{colon}{}", self.place, lines.join(","))
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it matched nothing although it has to.
    pub fn is_stale(&self) -> bool {
        self.matched() == 0 && !self.is_rare
    }

    /// How many directives it has matched.
    pub fn matched(&self) -> usize {
        self.matched.load(Ordering::Relaxed)
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any text.
fn matches_wildcards(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches_wildcards(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("a/b.wast", "a/b.wast", true),
            ("a/b.wast", "a/b.wast2", false),
            ("a/*", "a/b.wast", true),
            ("*/simd_*.wast", "wasm-v2/simd_lane.wast", true),
            ("*/simd_*.wast", "wasm-v2/lane.wast", false),
            ("*", "", true),
        ] {
            assert_eq!(matches_wildcards(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn places_with_lines_match_anything_there_and_only_there() {
        let skips = Skips::parse("# comment\nv2/simd_*  no vectors # yet\nv2/a.wast:7 the text parser errs\n").unwrap();
        assert_eq!(skips.reason("v2/simd_a.wast", 3, true), Some("no vectors"));
        assert_eq!(skips.reason("v2/simd_a.wast", 3, false), None);
        assert_eq!(skips.reason("v2/a.wast", 7, false), Some("the text parser errs"));
        assert_eq!(skips.reason("v2/a.wast", 8, true), None);
        assert_eq!(skips.iter().map(Entry::matched).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn places_may_have_several_lines_and_match_rarely() {
        let skips = Skips::parse("v2/a.wast:7,9 wrong\nv2/b.wast:1? sometimes wrong\n").unwrap();
        assert_eq!(skips.reason("v2/a.wast", 9, false), Some("wrong"));
        assert_eq!(skips.reason("v2/a.wast", 8, false), None);
        assert_eq!(skips.iter().map(Entry::is_stale).collect::<Vec<_>>(), [false, false]);
        assert_eq!(skips.iter().map(Entry::place).collect::<Vec<_>>(), ["v2/a.wast:7,9", "v2/b.wast:1"]);
        assert!(Skips::parse("v2/a.wast:7,x wrong").is_err());
    }

    #[test]
    fn a_place_without_a_reason_is_an_error() {
        let error = Skips::parse("\nv2/a.wast\n").unwrap_err();
        assert_eq!(format!("{error:#}"), "line 2 of the skips: a place needs a reason");
    }
}
