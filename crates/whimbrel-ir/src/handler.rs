//! Handlers of exceptions and suspensions: a table beside the words, so that code which does not throw knows nothing of it.

use alloc::vec::Vec;

use wasm_syntax::TagIdx;

use crate::{Pos, Slot};

/// What happens to exceptions that a stretch of code throws, or that a call in it lets through.
///
/// An exception meets the handlers around its position from the deepest outward; of those of one depth, in their order in
/// the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The first word of the stretch.
    pub start: Pos,
    /// The word after it.
    pub end: Pos,
    /// How many blocks are around the one whose handler this is. Stretches are nested or apart; inner ones are deeper.
    pub depth: u32,
    /// What happens.
    pub action: Action,
}

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Takes the exceptions that its clause names.
    Catch(Clause),
    /// Passes every exception on to the handlers whose depth is at most this.
    Delegate(u32),
    /// Takes the suspensions, of a continuation that the stretch resumes, which the clause names: the reference is one to the
    /// rest of the continuation then.
    Suspend(Clause),
    /// Lets a continuation that the stretch resumes switch to another one by this tag.
    Switch(TagIdx),
}

/// Which exceptions are caught, and where execution goes on with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Exceptions of this tag; of any without.
    pub tag: Option<TagIdx>,
    /// Where execution goes on.
    pub target: Pos,
    /// Where the payload goes, slot after slot; nowhere if there is no tag.
    pub payload: Slot,
    /// Where a reference to the exception goes, if one is wanted.
    pub exn: Option<Slot>,
    /// A slot that gets null: where a reference would be, for the sake of reference maps.
    pub null: Option<Slot>,
}

impl Handler {
    /// Puts handlers into the order that [`find`](Self::find) wants. Handlers of one block stay in their order.
    pub fn sort(handlers: &mut [Self]) {
        handlers.sort_by_key(|handler| (handler.end, core::cmp::Reverse(handler.depth)));
    }

    /// Whether the handlers are in that order.
    #[must_use]
    pub fn are_sorted(handlers: &[Self]) -> bool {
        handlers.is_sorted_by_key(|handler| (handler.end, core::cmp::Reverse(handler.depth)))
    }

    /// The clauses that an exception meets which is thrown by the word at `at`, in order.
    pub fn find(handlers: &[Self], at: Pos) -> impl Iterator<Item = &Clause> {
        let first = handlers.partition_point(|handler| handler.end <= at);
        let mut depth_limit = u32::MAX;
        handlers[first..].iter().filter(move |handler| handler.start <= at).filter_map(move |handler| {
            if handler.depth > depth_limit {
                return None;
            }
            match &handler.action {
                Action::Catch(clause) => Some(clause),
                &Action::Delegate(depth) => {
                    depth_limit = depth;
                    None
                }
                Action::Suspend(_) | Action::Switch(_) => None,
            }
        })
    }

    /// What happens to suspensions and switches of a continuation that the instruction at `at` resumes, in order.
    pub fn of_resumption(handlers: &[Self], at: Pos) -> impl Iterator<Item = &Action> {
        let first = handlers.partition_point(|handler| handler.end <= at);
        // Such stretches are single instructions, so that they come first.
        let around = handlers[first..].iter().take_while(move |handler| handler.start <= at);
        around.map(|handler| &handler.action).filter(|action| matches!(action, Action::Suspend(_) | Action::Switch(_)))
    }

    /// Where execution goes on if the handler takes an exception.
    pub(crate) fn target(&self) -> Option<Pos> {
        match &self.action {
            Action::Catch(clause) | Action::Suspend(clause) => Some(clause.target),
            Action::Delegate(_) | Action::Switch(_) => None,
        }
    }

    /// Moves what lies behind `at` towards it by `words`.
    pub(crate) fn pull(handlers: &mut Vec<Self>, at: Pos, words: u32) {
        let pull = |pos: &mut Pos| {
            if *pos > at {
                pos.0 -= words;
            }
        };
        for handler in handlers {
            pull(&mut handler.start);
            pull(&mut handler.end);
            if let Action::Catch(clause) | Action::Suspend(clause) = &mut handler.action {
                pull(&mut clause.target);
            }
        }
    }
}
