//! The rules that are checked file by file, over the text files of the workspace.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Findings;
use super::rust::{code_only, has_word};

/// The most lines a file may have, tables excepted: the aim is 600, and a little over is no reason to cut badly.
const MAX_LINES: usize = 700;

/// Folders whose Rust files are the project's own.
const RUST_FOLDERS: &[&str] = &["crates/", "xtask/", "spectest/", "hostile/", "bench/", "fuzz/", "examples/"];

/// Folders that hold what was built or fetched, not what was written.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules", "artifacts", "coverage", "corpus"];

/// The crate that may use unsafe code, and the beginnings of the paths of the modules where it does.
const UNSAFE_CRATE: &str = "crates/whimbrel-engine/";
const UNSAFE_MODULES: &[&str] = &[
    "crates/whimbrel-engine/src/exec",
    "crates/whimbrel-engine/src/memory",
    "crates/whimbrel-engine/src/gc",
    "crates/whimbrel-engine/src/store",
    ALLOCATOR,
];

/// A tool whose allocator fails; its root denies unsafe code but for that.
const FAULTS: &str = "hostile/faults/";
const ALLOCATOR: &str = "hostile/faults/src/allocator.rs";

/// Fuzz targets have no root of a crate in common; what they fuzz forbids unsafe code itself.
const FUZZ_FOLDER: &str = "fuzz/";

/// Macros that stand for code yet to be written, and the attribute that keeps a test from running.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "#[ignore"];

/// Folders at the root of a machine's file system below which people and build machines keep their work.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "work", "farm"];

/// A text file: its path relative to the root with `/` between the parts, and its content.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// The text files of the workspace.
pub struct Tree {
    pub files: Vec<Source>,
}

impl Tree {
    /// Reads every UTF-8 file below `root`, hidden folders other than the project's own excepted.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        read_folder(root, "", &mut files)?;
        Ok(Self { files })
    }

    /// The project's own Rust files.
    fn rust(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().filter(|file| {
            file.path.ends_with(".rs") && RUST_FOLDERS.iter().any(|folder| file.path.starts_with(folder))
        })
    }

    fn get(&self, path: &str) -> Option<&Source> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The folders of the packages, with a `/` at their end.
    fn packages(&self) -> impl Iterator<Item = &str> {
        let folders = self.files.iter().filter_map(|file| file.path.strip_suffix("Cargo.toml"));
        folders.filter(|folder| RUST_FOLDERS.iter().any(|own| folder.starts_with(own)))
    }

    /// The folders of the packages below `crates/`: those that others may depend on.
    fn crates(&self) -> impl Iterator<Item = &str> {
        self.packages().filter(|folder| folder.starts_with("crates/"))
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let hidden = name.starts_with('.') && ![".cargo", ".ci"].contains(&name.as_str());
            if !hidden && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                read_folder(&entry.path(), &format!("{prefix}{name}/"), files)?;
            }
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
        {
            files.push(Source { path: format!("{prefix}{name}"), text });
        }
    }
    Ok(())
}

/// Every Rust file says first what it owns.
pub fn headers(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    for file in tree.rust() {
        findings.checked += 1;
        if !file.text.starts_with("//!") {
            findings.breach(&file.path, 1, "the file does not open with `//!`");
        }
    }
    findings
}

/// Every root of a crate but the engine's forbids unsafe code.
pub fn forbid_unsafe(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    for folder in tree.packages().filter(|folder| ![UNSAFE_CRATE, FUZZ_FOLDER, FAULTS].contains(folder)) {
        let roots: Vec<&Source> =
            ["src/lib.rs", "src/main.rs"].iter().filter_map(|root| tree.get(&format!("{folder}{root}"))).collect();
        if roots.is_empty() {
            findings.breach(&format!("{folder}Cargo.toml"), 1, "the crate has neither `src/lib.rs` nor `src/main.rs`");
        }
        for file in roots {
            findings.checked += 1;
            if !code_only(&file.text).lines().any(|line| line.trim() == "#![forbid(unsafe_code)]") {
                findings.breach(&file.path, 1, "the crate root lacks `#![forbid(unsafe_code)]`");
            }
        }
    }
    findings
}

/// Every crate has a README, for those who depend on it alone.
pub fn readmes(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    for folder in tree.crates() {
        findings.checked += 1;
        if tree.get(&format!("{folder}README.md")).is_none() {
            findings.breach(&format!("{folder}Cargo.toml"), 1, "the crate has no README.md");
        }
    }
    findings
}

/// No Rust file but a table outgrows what one reads in one go.
pub fn sizes(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    let is_table = |path: &str| path.ends_with("/table.rs") || path.contains("/table/");
    for file in tree.rust().filter(|file| !is_table(&file.path)) {
        findings.checked += 1;
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            findings.breach(&file.path, lines, format!("the file has {lines} lines, more than {MAX_LINES}"));
        }
    }
    findings
}

/// Unsafe code stands in the engine's modules that are made for it, and nowhere else.
pub fn unsafe_code(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    for file in tree.rust().filter(|file| !UNSAFE_MODULES.iter().any(|module| file.path.starts_with(module))) {
        findings.checked += 1;
        for (index, line) in code_only(&file.text).lines().enumerate() {
            if has_word(line, "unsafe") {
                findings.breach(&file.path, index + 1, "unsafe code outside the engine's modules for it");
            }
        }
    }
    findings
}

/// Nothing is left to be written, and no test is switched off.
pub fn unfinished(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    for file in tree.rust() {
        findings.checked += 1;
        for (index, line) in code_only(&file.text).lines().enumerate() {
            if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(**mark)) {
                findings.breach(&file.path, index + 1, format!("`{mark}` is left in the code"));
            }
        }
    }
    findings
}

/// No file names a folder that only one machine has.
pub fn machine_paths(tree: &Tree) -> Findings {
    let mut findings = Findings::default();
    let needles: Vec<String> = MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/")).collect();
    for file in tree.files.iter().filter(|file| !file.path.ends_with(".lock")) {
        findings.checked += 1;
        for (index, line) in file.text.lines().enumerate() {
            // A path that goes on to the left (`a/home/b`, an address) does not begin at the root.
            let goes_on = |c: char| c.is_alphanumeric() || "_.-/~})".contains(c);
            let is_rooted = |at: usize| !line[..at].ends_with(goes_on);
            let found = needles.iter().find(|needle| line.match_indices(*needle).any(|(at, _)| is_rooted(at)));
            if let Some(needle) = found {
                findings.breach(&file.path, index + 1, format!("`{needle}` is a folder of one machine"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Tree::read(root.path()).unwrap()
    }

    fn breaches(findings: &Findings) -> Vec<String> {
        assert!(findings.checked > 0, "the check saw nothing");
        findings.breaches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_tree_is_read_without_what_was_built() {
        let tree = tree(&[
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("target/debug/b.rs", ""),
            ("examples/as/node_modules/c.rs", ""),
            (".git/d.rs", ""),
            (".ci/run", "x"),
        ]);
        let mut paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, [".ci/run", "crates/a/src/lib.rs"]);
    }

    #[test]
    fn headers_are_demanded_in_the_projects_folders_only() {
        let tree = tree(&[
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/a/src/b.rs", "use std::fs;\n//! Late.\n"),
            ("scripts/c.rs", "fn main() {}\n"),
        ]);
        assert_eq!(breaches(&headers(&tree)), ["crates/a/src/b.rs:1: the file does not open with `//!`"]);
    }

    #[test]
    fn crate_roots_forbid_unsafe_code() {
        let tree = tree(&[
            ("xtask/Cargo.toml", ""),
            ("xtask/src/main.rs", "#![forbid(unsafe_code)]\n"),
            ("fuzz/Cargo.toml", ""),
            ("crates/a/Cargo.toml", ""),
            ("crates/a/src/lib.rs", "//! A.\n// #![forbid(unsafe_code)]\n"),
            ("crates/b/Cargo.toml", ""),
            ("crates/whimbrel-engine/Cargo.toml", ""),
            ("crates/whimbrel-engine/src/lib.rs", "//! E.\n"),
        ]);
        let mut found = breaches(&forbid_unsafe(&tree));
        found.sort();
        assert_eq!(
            found,
            [
                "crates/a/src/lib.rs:1: the crate root lacks `#![forbid(unsafe_code)]`",
                "crates/b/Cargo.toml:1: the crate has neither `src/lib.rs` nor `src/main.rs`",
            ]
        );
    }

    #[test]
    fn a_crate_without_a_readme_is_reported() {
        let tree = tree(&[("crates/a/Cargo.toml", ""), ("crates/b/Cargo.toml", ""), ("crates/b/README.md", "# b\n")]);
        assert_eq!(breaches(&readmes(&tree)), ["crates/a/Cargo.toml:1: the crate has no README.md"]);
    }

    #[test]
    fn only_tables_may_be_long() {
        let long = "//! L.\n".repeat(MAX_LINES + 1);
        let fits = "//! F.\n".repeat(MAX_LINES);
        let tree = tree(&[
            ("crates/a/src/long.rs", &long),
            ("crates/a/src/fits.rs", &fits),
            ("crates/a/src/table.rs", &long),
            ("crates/a/src/table/rows.rs", &long),
        ]);
        assert_eq!(breaches(&sizes(&tree)), ["crates/a/src/long.rs:701: the file has 701 lines, more than 700"]);
    }

    #[test]
    fn unsafe_code_is_found_where_it_does_not_belong() {
        let block = "//! E.\n\nfn f() {\n    unsafe { g() }\n}\n";
        let tree = tree(&[
            ("crates/whimbrel-engine/src/exec/step.rs", block),
            ("crates/whimbrel-engine/src/memory.rs", block),
            ("crates/whimbrel-engine/src/linker.rs", block),
            ("crates/a/src/lib.rs", "//! Nothing unsafe here.\n#![forbid(unsafe_code)]\nconst S: &str = \"unsafe\";\n"),
        ]);
        assert_eq!(
            breaches(&unsafe_code(&tree)),
            ["crates/whimbrel-engine/src/linker.rs:4: unsafe code outside the engine's modules for it"]
        );
    }

    #[test]
    fn unfinished_code_is_found() {
        let tree = tree(&[(
            "crates/a/src/lib.rs",
            "//! A, without todo!().\nfn f() {\n    todo!()\n}\n#[ignore = \"slow\"]\nfn t() {}\n",
        )]);
        assert_eq!(
            breaches(&unfinished(&tree)),
            [
                "crates/a/src/lib.rs:3: `todo!` is left in the code",
                "crates/a/src/lib.rs:5: `#[ignore` is left in the code"
            ]
        );
    }

    #[test]
    fn machine_paths_are_found_in_any_text_file() {
        let folder = format!("/{}/", MACHINE_FOLDERS[0]);
        let here = format!("see\n{folder}someone/notes\n");
        let inner = format!("https://example.org{folder}page and .{folder}x\n");
        let tree = tree(&[("README.md", &here), ("a.md", &inner)]);
        assert_eq!(breaches(&machine_paths(&tree)), [format!("README.md:2: `{folder}` is a folder of one machine")]);
    }
}
