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
        let fitting = self.words.iter().filter(|candidate| candidate.starts_with(word));
        Ok((start, fitting.cloned().collect()))
    }
}
