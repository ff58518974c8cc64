//! The scripts of the package `wasm-tools`, its folder `tests/cli`: each says in a comment with which features it is run.
//!
//! The program they are made for reads and validates only. Their modules are instantiated here, and what they invoke is
//! executed, but an import of a name that no script defines leaves a module valid rather than failed.

use std::path::Path;

use anyhow::{Context, Result};
use wasm_syntax::{Feature, Features};

use crate::suite::{self, Group};

/// What the program has on unless told otherwise.
const DEFAULT: Features =
    Features::V3.with(Feature::Threads).with(Feature::WideArithmetic).with(Feature::CompactImports);

/// What a script is run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Features(Features),
    /// Something that the engine can neither have nor be without.
    Other(&'static str),
}

/// The scripts below `folder`, a group for each of its folders and one for those directly in it.
///
/// # Errors
///
/// If the folder cannot be read or holds no script.
pub fn groups(folder: &Path) -> Result<Vec<Group>> {
    let all = suite::from_path(folder)?;
    let mut groups: Vec<Group> = Vec::new();
    for mut file in all.files {
        let text = file.text()?;
        // Some files only say where to find a script that is not in the package.
        let Some(flags) = flags(&text) else { continue };
        let (group, name) = match file.name.split_once('/') {
            Some((folder, name)) => (format!("wasm-tools/{folder}"), name.to_owned()),
            None => ("wasm-tools".to_owned(), file.name.clone()),
        };
        let needs = needs(&flags).with_context(|| format!("the first lines of {}", file.name))?;
        (file.name, file.needs) = (name, needs);
        match groups.iter_mut().find(|known| known.name == group) {
            Some(known) => known.files.push(file),
            None => groups.push(Group { name: group, is_open: true, files: vec![file] }),
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(groups)
}

/// The values of the options `-f` in the comment that says how the script is run; `None` if it is run on another file.
fn flags(text: &str) -> Option<String> {
    let mut command = String::new();
    for line in text.lines().take_while(|line| line.starts_with(";;")) {
        let line = line.trim_start_matches(';').trim();
        let line = line.strip_prefix("RUN:").unwrap_or(line).trim();
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        command += line;
        command.push(' ');
        if !goes_on {
            break;
        }
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    if !words.contains(&"%") {
        return None;
    }
    let mut flags = Vec::new();
    for (n, word) in words.iter().enumerate() {
        if *word == "-f" {
            flags.push(*words.get(n + 1)?);
        } else if let Some(value) = word.strip_prefix("-f=").or(word.strip_prefix("--features=")) {
            flags.push(value);
        }
    }
    Some(flags.join(","))
}

fn needs(flags: &str) -> Result<Needs> {
    let mut features = DEFAULT;
    for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
        let (name, on) = match flag.strip_prefix('-') {
            Some(name) => (name, false),
            None => (flag, true),
        };
        if let Some(set) = set(name) {
            features = set;
        } else if let Some(&feature) = Feature::ALL.iter().find(|feature| feature.text() == name) {
            features = if on { features.with(feature) } else { features.without(feature) };
        } else {
            let (is_on, what) = other(name).with_context(|| format!("an unknown feature, `{name}`"))?;
            if on != is_on {
                return Ok(Needs::Other(what));
            }
        }
    }
    Ok(Needs::Features(features))
}

/// Features by a common name.
fn set(name: &str) -> Option<Features> {
    Some(match name {
        "mvp" => Features::V1.without(Feature::MutableGlobal),
        "wasm1" => Features::V1,
        "wasm2" => Features::V2,
        "wasm3" => Features::V3,
        "lime1" => Features::V1
            .with(Feature::BulkMemory)
            .with(Feature::MultiValue)
            .with(Feature::SignExtension)
            .with(Feature::SaturatingFloatToInt)
            .with(Feature::ExtendedConst),
        _ => return None,
    })
}

/// Whether the engine has something that cannot be switched, and what it would be like if that were otherwise.
fn other(name: &str) -> Option<(bool, &'static str)> {
    Some(match name {
        "shared-everything-threads" => (false, "shared objects"),
        "acquire-release-atomics" => (false, "atomics of weaker orders"),
        "memory-control" => (false, "giving memory back"),
        "multibyte-array-access" => (false, "reading arrays of bytes by words"),
        "floats" => (true, "a language without floats"),
        "gc-types" => (true, "a language without the types of its collector"),
        _ if name.starts_with("cm") || name == "component-model" => (false, "components"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_come_from_the_comment() {
        let needs = |text: &str| needs(&flags(text).unwrap()).unwrap();
        let gc = needs(";; RUN: wast % -f=-gc\n(module)");
        assert_eq!(gc, Needs::Features(DEFAULT.without(Feature::Gc)));
        let first = needs(";; RUN: wast --assert default \\\n;;   % -f wasm1,simd\n");
        assert_eq!(first, Needs::Features(Features::V1.with(Feature::Simd)));
        assert_eq!(needs(";; RUN: wast % -f memory-control"), Needs::Other("giving memory back"));
        assert_eq!(needs(";; RUN: wast % -f=-shared-everything-threads"), Needs::Features(DEFAULT));
    }

    #[test]
    fn scripts_that_are_elsewhere_are_left_out() {
        assert_eq!(flags(";; RUN: wast \\\n;;  --features=wasm3 \\\n;;  tests/testsuite/call.wast\n"), None);
    }
}
