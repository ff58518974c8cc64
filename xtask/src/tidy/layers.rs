//! The layering: which crate may depend on which, and whether the manifests keep to it.

use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata};

use super::{Findings, line_of};

/// Every library and program crate with the workspace crates that it may depend on. Development dependencies are free.
///
/// The facade wires the layers together, so it sees all of them but the numerics; the program sees what it prints.
const LAYERS: &[(&str, &[&str])] = &[
    ("wasm-syntax", &[]),
    ("wasm-numerics", &["wasm-syntax"]),
    ("wasm-reader", &["wasm-syntax"]),
    ("wasm-validate", &["wasm-syntax"]),
    ("whimbrel-ir", &["wasm-syntax"]),
    ("whimbrel-compile", &["wasm-syntax", "wasm-numerics", "wasm-reader", "wasm-validate", "whimbrel-ir"]),
    ("whimbrel-engine", &["wasm-syntax", "wasm-numerics", "whimbrel-ir"]),
    ("wasi-lite", &[]),
    (
        "whimbrel",
        &[
            "wasm-syntax",
            "wasm-reader",
            "wasm-validate",
            "whimbrel-ir",
            "whimbrel-compile",
            "whimbrel-engine",
            "wasi-lite",
        ],
    ),
    ("whimbrel-wast", &["whimbrel", "wasm-syntax", "wasm-reader"]),
    ("whimbrel-cli", &["whimbrel", "whimbrel-wast", "wasm-syntax", "wasm-reader", "whimbrel-ir", "wasi-lite"]),
];

/// Packages on top of the layers, free to depend on any of them and never depended on.
const ON_TOP: &[&str] = &["xtask", "spectest", "hostile", "hostile-faults", "whimbrel-bench", "whimbrel-size"];

/// A package and the workspace packages that it builds with.
pub struct Arrows {
    pub package: String,
    /// Relative to the workspace's root.
    pub manifest: String,
    pub to: Vec<String>,
}

/// The arrows between workspace packages: normal and build dependencies, optional ones included.
pub fn arrows(metadata: &Metadata) -> Vec<Arrows> {
    let packages = metadata.workspace_packages();
    let is_ours = |name: &str| packages.iter().any(|package| package.name.as_str() == name);
    packages
        .iter()
        .map(|package| Arrows {
            package: package.name.to_string(),
            manifest: package
                .manifest_path
                .strip_prefix(&metadata.workspace_root)
                .unwrap_or(&package.manifest_path)
                .to_string(),
            to: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development && is_ours(&dependency.name))
                .map(|dependency| dependency.name.clone())
                .collect(),
        })
        .collect()
}

/// Checks the arrows against [`LAYERS`]; `root` is where the manifests are read for line numbers.
pub fn check(root: &Path, arrows: &[Arrows]) -> Findings {
    let mut findings = Findings::default();
    for Arrows { package, manifest, to } in arrows {
        if ON_TOP.contains(&package.as_str()) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == package) else {
            findings.breach(manifest, 1, format!("`{package}` has no row in the table of layers"));
            continue;
        };
        for target in to {
            findings.checked += 1;
            if !allowed.contains(&target.as_str()) {
                let line = line_of(&root.join(manifest), &format!("{target} ="));
                findings.breach(manifest, line, format!("`{package}` must not depend on `{target}`"));
            }
        }
    }
    for (name, _) in LAYERS {
        if !arrows.iter().any(|arrow| arrow.package == *name) {
            findings.breach("Cargo.toml", 1, format!("the layer `{name}` is not in the workspace"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(change: impl Fn(&str) -> Option<Vec<&'static str>>) -> Vec<Arrows> {
        LAYERS
            .iter()
            .map(|(name, allowed)| Arrows {
                package: (*name).to_owned(),
                manifest: format!("crates/{name}/Cargo.toml"),
                to: change(name).unwrap_or_else(|| allowed.to_vec()).iter().map(ToString::to_string).collect(),
            })
            .collect()
    }

    #[test]
    fn the_table_itself_is_allowed_and_has_no_cycle() {
        let findings = check(Path::new("."), &whole(|_| None));
        assert!(findings.breaches.is_empty(), "{:?}", findings.breaches);
        assert!(findings.checked > 20);
        for (index, (name, allowed)) in LAYERS.iter().enumerate() {
            for target in *allowed {
                let below = LAYERS.iter().position(|(other, _)| other == target);
                assert!(below.is_some_and(|below| below < index), "{name} -> {target} does not point downwards");
            }
        }
    }

    #[test]
    fn an_upward_arrow_is_reported_on_its_line() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crates/wasm-reader");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Cargo.toml"), "[package]\n\n[dependencies]\nwhimbrel-engine = {}\n").unwrap();
        let upward = whole(|name| (name == "wasm-reader").then(|| vec!["wasm-syntax", "whimbrel-engine"]));
        let breaches = check(root.path(), &upward).breaches;
        assert_eq!(breaches.len(), 1);
        assert_eq!(
            breaches[0].to_string(),
            "crates/wasm-reader/Cargo.toml:4: `wasm-reader` must not depend on `whimbrel-engine`"
        );
    }

    #[test]
    fn unknown_and_missing_crates_are_reported() {
        let mut arrows = whole(|_| None);
        arrows[0].package = "wasm-novelty".to_owned();
        let texts: Vec<String> = check(Path::new("."), &arrows).breaches.iter().map(|b| b.what.clone()).collect();
        assert_eq!(
            texts,
            ["`wasm-novelty` has no row in the table of layers", "the layer `wasm-syntax` is not in the workspace"]
        );
    }
}
