//! The modules of the specification's test suite and of the project's own tests, each once.

use std::collections::HashSet;

use anyhow::{Context, Result};
use spectest::suite;
use whimbrel_wast::script::{self, Action, Execute, Source};

/// A module of a script.
pub struct Module {
    /// `GROUP/FILE:LINE`.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Every module whose text the text parser takes, valid or not, whose name contains `filter`.
///
/// # Errors
///
/// If a script cannot be read.
pub fn modules(filter: &str) -> Result<Vec<Module>> {
    let mut seen = HashSet::new();
    let mut modules = Vec::new();
    for group in suite::all()? {
        for file in &group.files {
            let place = format!("{}/{}", group.name, file.name);
            let directives = script::parse(&file.text()?).with_context(|| place.clone())?;
            for directive in directives {
                let name = format!("{place}:{}", directive.line);
                if let Some(bytes) = binary(directive.action)
                    && name.contains(filter)
                    && seen.insert(bytes.clone())
                {
                    modules.push(Module { name, bytes });
                }
            }
        }
    }
    Ok(modules)
}

fn binary(action: Action) -> Option<Vec<u8>> {
    let source = match action {
        Action::Module { source, .. }
        | Action::AssertMalformed(source, _)
        | Action::AssertInvalid(source, _)
        | Action::AssertMalformedCustom(source, _)
        | Action::AssertInvalidCustom(source, _)
        | Action::AssertUnlinkable(source, _)
        | Action::Execute(Execute::Instantiate(source))
        | Action::AssertTrap(Execute::Instantiate(source), _) => source,
        _ => return None,
    };
    match source {
        Source::Binary(bytes) => Some(bytes),
        Source::Refused(_) => None,
    }
}
