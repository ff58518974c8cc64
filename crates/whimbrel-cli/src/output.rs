//! How output looks: styles, sizes, bars, and text that comes from a module.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

/// `error:`
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Headings.
pub(crate) const HEADING: Style = AnsiColor::Green.on_default().bold();
/// What the eye looks for first.
pub(crate) const STRONG: Style = Style::new().bold();
/// Names from the module.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// What matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();

/// Prints a finished text to standard output, without its styles where they are not wanted.
///
/// The text goes out in one piece: a stream that strips styles must not be written to in parts.
pub(crate) fn print(text: &[u8]) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()
}

/// As [`print`], for a report: on a terminal its lines are broken where words end.
pub(crate) fn print_fitted(text: &[u8]) -> io::Result<()> {
    print(for_terminal(&String::from_utf8_lossy(text), &io::stdout()).as_bytes())
}

/// A text with its lines broken at the terminal's width, if `stream` is one.
pub(crate) fn for_terminal<'a>(text: &'a str, stream: &impl IsTerminal) -> Cow<'a, str> {
    let width = if stream.is_terminal() { terminal_size::terminal_size() } else { None };
    // Narrower than that, nothing looks well.
    let columns = width.map(|(width, _)| usize::from(width.0)).filter(|&columns| columns >= 40);
    columns.map_or(Cow::Borrowed(text), |columns| Cow::Owned(fitted(text, columns)))
}

/// A text whose lines are broken before words that go beyond `columns`; what is broken off stands four columns further in than
/// the line. Styles take no columns.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.split_inclusive('\n') {
        if line.len() <= columns {
            out.push_str(line);
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len() + 4;
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            let (all, wanted) = (width(word), width(word.trim_end()));
            if column + wanted > columns && column > indent {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            }
            out.push_str(word);
            column += all;
        }
    }
    out
}

/// Columns that a text takes: its characters, those of styles aside.
fn width(text: &str) -> usize {
    let mut in_style = false;
    let is_shown = |c: char| {
        let shown = !in_style && c != '\u{1b}';
        in_style = if in_style { c != 'm' } else { c == '\u{1b}' };
        shown
    };
    text.chars().map(is_shown).filter(|&shown| shown).count()
}

/// Text from a module, in which control characters are escaped so that it cannot steer the terminal.
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a>(pub(crate) &'a str);

/// Characters that reorder or hide text around them.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains(|c: char| c.is_control() || is_deceptive(c)) {
            return f.pad(self.0);
        }
        let mut escaped = String::new();
        for c in self.0.chars() {
            match c {
                c if c.is_control() || is_deceptive(c) => escaped.extend(c.escape_default()),
                c => escaped.push(c),
            }
        }
        f.pad(&escaped)
    }
}

/// A number of bytes for people: `978 B`, `21.4 KiB`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut size = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // From 1023.95 on, one decimal would show 1024.0.
        while size >= 1023.95 && unit + 1 < UNITS.len() {
            size /= 1024.0;
            unit += 1;
        }
        f.pad(&format!("{size:.1} {}", UNITS[unit]))
    }
}

/// A bar of `part / whole` of `columns` terminal columns, in eighths of one.
pub(crate) fn bar(part: u64, whole: u64, columns: u32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (u128::from(part) * u128::from(columns) * 8).div_ceil(u128::from(whole.max(1))) as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// `1 page`, `2 pages`.
pub(crate) fn count(n: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { singular } else { plural })
}

/// A number with commas between groups of three digits.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Bytes, ERROR, Plain, bar, fitted, grouped};

    #[test]
    fn sizes_round_without_reaching_the_next_unit() {
        assert_eq!(Bytes(1023).to_string(), "1023 B");
        assert_eq!(Bytes(1024).to_string(), "1.0 KiB");
        assert_eq!(Bytes(1_048_524).to_string(), "1023.9 KiB");
        assert_eq!(Bytes(1_048_575).to_string(), "1.0 MiB");
        assert_eq!(Bytes(u64::MAX).to_string(), "16.0 EiB");
    }

    #[test]
    fn bars_show_the_smallest_part_and_fill_up_at_the_whole() {
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(1, u64::MAX, 8), "▏");
        assert_eq!(bar(5, 10, 3), "█▌");
        assert_eq!(bar(10, 10, 3), "███");
        assert_eq!(bar(0, 0, 3), "");
    }

    #[test]
    fn text_from_a_module_cannot_steer_the_terminal() {
        assert_eq!(Plain("naïve λ").to_string(), "naïve λ");
        assert_eq!(Plain("\u{1b}[2J\n").to_string(), "\\u{1b}[2J\\n");
        assert_eq!(Plain("a\u{202e}b").to_string(), "a\\u{202e}b");
    }

    #[test]
    fn lines_are_broken_where_words_end() {
        assert_eq!(fitted("as it is\n", 8), "as it is\n");
        assert_eq!(fitted("  one two three four\nfive\n", 12), "  one two\n      three\n      four\nfive\n");
        assert_eq!(
            fitted("nothing to break: aaaaaaaaaaaaaaaaaaaaaaaa", 18),
            "nothing to break:\n    aaaaaaaaaaaaaaaaaaaaaaaa"
        );
        let styled = format!("{ERROR}error:{ERROR:#} naïve names");
        assert_eq!(fitted(&styled, 18), styled, "styles take no columns");
        assert_eq!(fitted(&styled, 17), format!("{ERROR}error:{ERROR:#} naïve\n    names"));
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
