//! Just enough of Rust's lexical grammar to tell code from comments and literals.

/// The source with every comment, string and character literal blanked out, line breaks kept, so that a word found in
/// the result is code and its line number is the source's.
pub fn code_only(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let after_word = code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let blank = if after_word { 0 } else { prefixed_literal_len(rest) }.max(comment_or_literal_len(rest));
        if blank > 0 {
            let (dropped, tail) = rest.split_at(blank);
            code.push(' ');
            code.extend(dropped.chars().filter(|&c| c == '\n'));
            rest = tail;
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Whether `word` stands in `line` as a whole identifier.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}

/// The length of the comment or unprefixed literal that `text` begins with; 0 if it begins with neither.
fn comment_or_literal_len(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment_len(text);
    }
    match text.as_bytes()[0] {
        b'"' => quoted_len(text, '"'),
        b'\'' => char_len(text),
        _ => 0,
    }
}

/// The length of a literal with a prefix (`b""`, `r#""#`, `b''`, `c""` and their kin) that `text` begins with, or 0.
fn prefixed_literal_len(text: &str) -> usize {
    let prefix = ["br", "cr", "r", "b", "c"].into_iter().find(|prefix| text.starts_with(prefix)).unwrap_or("");
    let body = &text[prefix.len()..];
    let hashes = if prefix.ends_with('r') { body.len() - body.trim_start_matches('#').len() } else { 0 };
    if prefix.ends_with('r') && body[hashes..].starts_with('"') {
        let close = format!("\"{}", "#".repeat(hashes));
        let open = prefix.len() + hashes + 1;
        return text[open..].find(&close).map_or(text.len(), |at| open + at + close.len());
    }
    match (prefix, body.chars().next()) {
        ("b" | "c", Some('"')) => 1 + quoted_len(body, '"'),
        ("b", Some('\'')) => 1 + char_len(body),
        _ => 0,
    }
}

/// The length of a nesting block comment.
fn block_comment_len(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let tail = &text.as_bytes()[at..];
        if tail.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if tail.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a literal between two `quote`s, the first of which opens `text`.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of the character literal that opens `text`, or 0 for a lifetime.
fn char_len(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted_len(text, '\''),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = concat!(
            "fn f<'a>(x: &'a str) { // unsafe in a comment\n",
            "    let s = \"unsafe \\\" unsafe\"; /* unsafe /* nested\n unsafe */ unsafe */ let r = r#\"unsafe \" \"#;\n",
            "    let c = ['\\'', 'u', '\"']; let b = b\"unsafe\"; let n = br##\"unsafe\"# \"##;\n",
            "    unsafe { g() }\n",
            "}\n",
        );
        let code = code_only(source);
        let lines: Vec<usize> =
            code.lines().enumerate().filter(|(_, line)| has_word(line, "unsafe")).map(|(index, _)| index + 1).collect();
        assert_eq!(lines, [5]);
        assert_eq!(code.lines().count(), source.lines().count());
        assert!(code.contains("fn f<'a>(x: &'a str) {"));
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("unsafe { }", "unsafe"));
        assert!(has_word("(unsafe extern", "unsafe"));
        assert!(!has_word("#![forbid(unsafe_code)]", "unsafe"));
        assert!(!has_word("not_unsafe()", "unsafe"));
    }

    #[test]
    fn unfinished_literals_end_with_the_file() {
        for source in ["\"open", "/* open /* */", "r#\"open\"", "'\\", "b'", "'"] {
            assert!(!code_only(source).contains("open"), "{source}");
        }
    }
}
