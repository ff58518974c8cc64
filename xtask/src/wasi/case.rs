//! One test: its JSON in the older form (one run and what it must give) or the newer (a list of operations).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::process::Captured;

/// The version that the manifests of preview 1 name.
const PREVIEW_1: &str = "wasm32-wasip1";
/// The version and layer in a module's preamble; a component has others.
const MODULE: [u8; 4] = [1, 0, 0, 0];
/// The most of an output that a fault quotes.
const QUOTED_CHARS: usize = 1000;

/// How a test is run, and what it must produce.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Directories beside the module, each with the guest's name of it.
    pub dirs: Vec<(String, String)>,
    exit_code: i32,
    stdout: Option<String>,
    stderr: Option<String>,
}

/// Whether a test can be run.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    Run(Case),
    Skip(String),
}

impl Case {
    /// What the files beside `module` say of it.
    pub fn load(module: &Path) -> Result<Plan> {
        let manifest = read_json(&module.with_file_name("manifest.json"))?;
        if let Some(version) = manifest["version"].as_str()
            && version != PREVIEW_1
        {
            return Ok(Plan::Skip(format!("is of {version}")));
        }
        let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
        if bytes.strip_prefix(b"\0asm").and_then(|rest| rest.get(..4)).is_some_and(|version| version != MODULE) {
            return Ok(Plan::Skip("is a component".to_owned()));
        }
        Case::parse(&read_json(&module.with_extension("json"))?)
    }

    fn parse(json: &Value) -> Result<Plan> {
        let Some(operations) = json["operations"].as_array() else {
            let mut case = Case::of_run(json)?;
            case.exit_code = exit_code(json)?;
            case.stdout = text(&json["stdout"])?;
            case.stderr = text(&json["stderr"])?;
            return Ok(Plan::Run(case));
        };
        let mut case = Case::of_run(&json!({}))?;
        for operation in operations {
            let payload = text(&operation["payload"])?.unwrap_or_default();
            match (operation["type"].as_str(), operation["id"].as_str().unwrap_or("stdout")) {
                (Some("run"), _) => {
                    let run = Case::of_run(operation)?;
                    (case.args, case.env, case.dirs) = (run.args, run.env, run.dirs);
                }
                (Some("wait"), _) => case.exit_code = exit_code(operation)?,
                (Some("read"), "stdout") => case.stdout.get_or_insert_default().push_str(&payload),
                (Some("read"), "stderr") => case.stderr.get_or_insert_default().push_str(&payload),
                (Some(other), _) => return Ok(Plan::Skip(format!("asks for the operation `{other}`"))),
                (None, _) => bail!("an operation has no type"),
            }
        }
        Ok(Plan::Run(case))
    }

    /// The run that `json` describes, with nothing expected but success.
    fn of_run(json: &Value) -> Result<Case> {
        let root = text(&json["root"])?.map(|dir| (dir, "/".to_owned()));
        let others = strings(&json["dirs"])?.into_iter().map(|dir| (dir.clone(), dir));
        let none = Map::new();
        let env = json["env"].as_object().unwrap_or(&none);
        let env = env.iter().map(|(name, value)| Ok((name.clone(), text(value)?.context("a variable has no value")?)));
        Ok(Case {
            args: strings(&json["args"])?,
            env: env.collect::<Result<_>>()?,
            dirs: root.into_iter().chain(others).collect(),
            exit_code: 0,
            stdout: None,
            stderr: None,
        })
    }

    /// What is wrong with a run; `None` if it is as it must be.
    pub fn fault(&self, done: &Captured) -> Option<String> {
        if done.code() != Some(self.exit_code) {
            let code = done.code().map_or("no exit code".to_owned(), |code| format!("exit code {code}"));
            let output = quote(&[&done.stdout[..], &done.stderr].concat());
            return Some(format!("ended with {code}, expected {}\n{output}", self.exit_code));
        }
        let streams = [("standard output", &self.stdout, &done.stdout), ("standard error", &self.stderr, &done.stderr)];
        streams.into_iter().find_map(|(what, expected, found)| {
            let expected = expected.as_ref()?;
            (expected.as_bytes() != found).then(|| format!("{what} is {:?}, expected {expected:?}", quote(found)))
        })
    }
}

/// The JSON in a file; an empty object if there is no such file.
fn read_json(path: &Path) -> Result<Value> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(json!({})),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn exit_code(json: &Value) -> Result<i32> {
    let Some(code) = json.get("exit_code") else { return Ok(0) };
    let code = code.as_i64().context("`exit_code` is no integer")?;
    i32::try_from(code).context("`exit_code` is out of range")
}

fn text(json: &Value) -> Result<Option<String>> {
    ensure!(json.is_null() || json.is_string(), "{json} is no text");
    Ok(json.as_str().map(str::to_owned))
}

fn strings(json: &Value) -> Result<Vec<String>> {
    match json {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(|item| text(item)?.context("a list holds a null")).collect(),
        _ => bail!("{json} is no list"),
    }
}

fn quote(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().chars().take(QUOTED_CHARS).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    fn done(code: i32, stdout: &str, stderr: &str) -> Captured {
        let status = Some(ExitStatus::from_raw(code << 8));
        Captured { status, stdout: stdout.into(), stderr: stderr.into(), time: Duration::ZERO }
    }

    fn case(json: &Value) -> Case {
        match Case::parse(json).expect("the JSON is well-formed") {
            Plan::Run(case) => case,
            Plan::Skip(why) => panic!("skipped: {why}"),
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let old = json!({
            "args": ["a", "b"], "env": { "N": "v" }, "root": "d", "exit_code": 3, "stdout": "out", "stderr": "err",
        });
        let new = json!({ "operations": [
            { "type": "run", "args": ["a", "b"], "env": { "N": "v" }, "root": "d" },
            { "type": "read", "payload": "o" }, { "type": "read", "id": "stdout", "payload": "ut" },
            { "type": "read", "id": "stderr", "payload": "err" }, { "type": "wait", "exit_code": 3 },
        ]});
        assert_eq!(case(&old), case(&new));
        assert_eq!(case(&old).dirs, [("d".to_owned(), "/".to_owned())]);
    }

    #[test]
    fn nothing_said_is_a_plain_run_that_succeeds() {
        let plain = case(&json!({}));
        assert_eq!((plain.args.len(), plain.env.len(), plain.dirs.len()), (0, 0, 0));
        assert_eq!(plain.fault(&done(0, "anything", "at all")), None);
        assert_eq!(plain.fault(&done(1, "", "why")).unwrap(), "ended with exit code 1, expected 0\nwhy");
    }

    #[test]
    fn outputs_are_compared_where_they_are_given() {
        let test = case(&json!({ "stdout": "a\n", "dirs": ["x"] }));
        assert_eq!(test.dirs, [("x".to_owned(), "x".to_owned())]);
        assert_eq!(test.fault(&done(0, "a\n", "b")), None);
        assert!(test.fault(&done(0, "a", "")).unwrap().starts_with("standard output is"));
        let test = case(&json!({ "stderr": "" }));
        assert!(test.fault(&done(0, "", "b")).unwrap().starts_with("standard error is"));
    }

    #[test]
    fn what_cannot_be_run_is_skipped_and_what_makes_no_sense_is_an_error() {
        let connects = json!({ "operations": [{ "type": "run" }, { "type": "connect" }] });
        assert_eq!(Case::parse(&connects).unwrap(), Plan::Skip("asks for the operation `connect`".to_owned()));
        for bad in [json!({ "args": "a" }), json!({ "root": 1 }), json!({ "exit_code": "0" })] {
            assert!(Case::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_versions_and_components_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("x.wasm");
        fs::write(&module, b"\0asm\x01\0\0\0").unwrap();
        assert!(matches!(Case::load(&module).unwrap(), Plan::Run(_)));
        fs::write(&module, b"\0asm\x0d\0\x01\0").unwrap();
        assert_eq!(Case::load(&module).unwrap(), Plan::Skip("is a component".to_owned()));
        fs::write(folder.path().join("manifest.json"), r#"{ "version": "wasm32-wasip3" }"#).unwrap();
        assert_eq!(Case::load(&module).unwrap(), Plan::Skip("is of wasm32-wasip3".to_owned()));
    }
}
