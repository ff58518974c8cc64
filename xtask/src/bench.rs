//! `xtask bench`: builds the crate `bench` with the engines that are asked for, and runs it.
//!
//! Each engine is a feature of that crate, so a run that measures two engines does not wait for the others to be built.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::report::Tally;
use crate::{programs, tools, workspace};

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What the program takes: see `cargo xtask bench --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

/// The engines by their names, with the feature of the crate `bench` that has them.
const ENGINES: &[(&str, Option<&str>)] = &[
    ("whimbrel", None),
    ("wasmi", Some("wasmi")),
    ("sf-nano", Some("sf-nano")),
    ("stitch", Some("stitch")),
    ("wasm3", Some("wasm3")),
    ("tinywasm", Some("tinywasm")),
    ("submilli", Some("submilli")),
    ("wamr", Some("wamr")),
    ("pulley", Some("wasmtime")),
    ("winch", Some("wasmtime")),
    ("wasmtime", Some("wasmtime")),
];

/// What a real program is given to work on: none is one that the pattern list is made from.
struct Work {
    /// As in the list of `xtask programs`.
    program: &'static str,
    args: &'static [&'static str],
    inputs: &'static [(&'static str, &'static [u8])],
}

const WORKS: &[Work] = &[
    Work {
        program: "sqlite",
        args: &["-batch", "-noinit", ":memory:", ".read /data/speed.sql"],
        inputs: &[("speed.sql", include_bytes!("../../bench/programs/speed.sql"))],
    },
    Work {
        program: "resvg",
        args: &["/data/picture.svg", "/data/picture.png"],
        inputs: &[("picture.svg", include_bytes!("programs/inputs/picture.svg"))],
    },
    Work {
        program: "zopfli",
        args: &["/data/picture.svg", "/data/picture.svg.gz"],
        inputs: &[("picture.svg", include_bytes!("programs/inputs/picture.svg"))],
    },
    Work {
        program: "boolector",
        args: &["-i", "/data/words.smt2"],
        inputs: &[("words.smt2", include_bytes!("programs/inputs/words.smt2"))],
    },
];

/// The features whose build reads C headers.
const WITH_BINDINGS: &[&str] = &["wasm3", "wamr"];

pub fn run(args: &Args) -> Result<Tally> {
    let features = features(&args.options)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "-p", "whimbrel-bench", "--no-default-features"]);
    cargo.args(["--features", &features.join(",")]).current_dir(workspace::root());
    if features.iter().any(|feature| WITH_BINDINGS.contains(feature)) {
        tools::for_bindings(&mut cargo)?;
    }
    let status = cargo.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the benchmark does not build");
    }
    let program =
        workspace::target_dir()?.join("release").join(format!("whimbrel-bench{}", std::env::consts::EXE_SUFFIX));
    let mut options = args.options.clone();
    if let Some(at) = options.iter().position(|option| option == "--programs") {
        options.insert(at + 1, fetch_programs()?.display().to_string());
    }
    let status = Command::new(&program)
        .args(&options)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut tally = Tally::default();
    tally.count(status.success());
    Ok(tally)
}

/// Fetches or builds the real programs and writes down what they are to do; the path of that file.
fn fetch_programs() -> Result<PathBuf> {
    let cache = workspace::target_dir()?.join("programs");
    let folder = cache.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut list = Vec::new();
    for Work { program, args, inputs } in WORKS {
        let wasm = programs::wasm(program, &cache)?;
        let mut files = Vec::new();
        for (name, content) in *inputs {
            fs::write(folder.join(name), content)?;
            files.push(folder.join(name));
        }
        list.push(json!({ "name": program, "wasm": wasm, "args": args, "files": files }));
    }
    let path = folder.join("programs.json");
    fs::write(&path, json!(list).to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The features that the options ask for: those of the engines named with `--engine`, or all.
fn features(options: &[String]) -> Result<Vec<&'static str>> {
    let mut features = Vec::new();
    if options.iter().any(|option| option == "--help" || option == "-h") {
        return Ok(features);
    }
    let mut add = |feature: Option<&'static str>| match feature {
        Some(feature) if !features.contains(&feature) => features.push(feature),
        _ => {}
    };
    let names = engine_names(options);
    for name in &names {
        let Some((_, feature)) = ENGINES.iter().find(|(engine, _)| engine == name) else {
            let known: Vec<&str> = ENGINES.iter().map(|(engine, _)| *engine).collect();
            bail!("no engine is named `{name}`; there are {}", known.join(", "));
        };
        add(*feature);
    }
    if names.is_empty() {
        ENGINES.iter().for_each(|(_, feature)| add(*feature));
    }
    Ok(features)
}

/// What follows `--engine`, cut at commas.
fn engine_names(options: &[String]) -> Vec<&str> {
    let mut names = Vec::new();
    for (n, option) in options.iter().enumerate() {
        let list = match option.strip_prefix("--engine") {
            Some("") => options.get(n + 1).map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        names.extend(list.into_iter().flat_map(|list| list.split(',')));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Vec<&'static str>> {
        features(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_is_measured_is_built() {
        assert_eq!(of("--rounds 3 --engine whimbrel,sf-nano").unwrap(), ["sf-nano"]);
        assert_eq!(of("--engine=winch --engine wasmtime").unwrap(), ["wasmtime"]);
        assert!(of("--engine whimbrel").unwrap().is_empty());
        assert!(of("--engine wasmo").unwrap_err().to_string().contains("wasmi, sf-nano"));
        assert!(of("--rounds 3").unwrap().len() > 3);
    }

    #[test]
    fn every_engine_has_a_feature_of_the_crate() {
        let metadata = workspace::metadata().unwrap();
        let bench = metadata.packages.iter().find(|package| package.name.as_str() == "whimbrel-bench").unwrap();
        for (engine, feature) in ENGINES {
            assert!(feature.is_none_or(|feature| bench.features.contains_key(feature)), "{engine}");
        }
    }
}
