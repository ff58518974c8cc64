//! Completion of commands and names.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Result};

/// What the editor asks while a line is typed.
#[derive(Default)]
pub(super) struct Helper {
    /// The words that can be completed to.
    pub(super) words: Vec<String>,
}

impl rustyline::Helper for Helper {}
impl Highlighter for Helper {}
impl Validator for Helper {}

impl Hinter for Helper {
    type Hint = String;
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let start = line[..pos].rfind([' ', '(', ',']).map_or(0, |at| at + 1);
        let word = &line[start..pos];
        let mut fitting: Vec<_> = self.words.iter().filter(|candidate| candidate.starts_with(word)).cloned().collect();
        // Arguments follow the first word.
        if let ([only], 0) = (&mut fitting[..], start) {
            only.push(' ');
        }
        Ok((start, fitting))
    }
}

#[cfg(test)]
mod tests {
    use rustyline::Context;
    use rustyline::completion::Completer;
    use rustyline::history::FileHistory;

    use super::Helper;

    #[test]
    fn the_word_at_the_end_is_completed_and_the_first_is_followed_by_arguments() {
        let helper = Helper { words: ["fib", "first", "memory"].map(str::to_owned).to_vec() };
        let history = FileHistory::new();
        let complete =
            |line: &str| helper.complete(line, line.len(), &Context::new(&history)).expect("words are known");
        assert_eq!(complete("fi"), (0, vec!["fib".to_owned(), "first".to_owned()]));
        assert_eq!(complete("m"), (0, vec!["memory ".to_owned()]));
        assert_eq!(complete("memory me"), (7, vec!["memory".to_owned()]));
        assert_eq!(complete("x"), (0, vec![]));
    }
}
