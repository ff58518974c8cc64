//! Modules from their text.

use whimbrel::{Error, Result};
use whimbrel_wast::script::{self, Action, Source};

/// The bytes of the module of a text.
///
/// # Errors
///
/// If the text is not that of one module.
pub fn module(text: &str) -> Result<Vec<u8>> {
    let directives = script::parse(text).map_err(|error| Error::msg(format!("{error:#}")))?;
    match directives.into_iter().map(|directive| directive.action).next() {
        Some(Action::Module { source: Source::Binary(bytes), .. }) => Ok(bytes),
        _ => Err(Error::msg(format!("not the text of a module: {text}"))),
    }
}

/// An error that says `what`, unless it `holds`.
///
/// # Errors
///
/// If it does not.
pub fn ensure(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::msg(what)) }
}
