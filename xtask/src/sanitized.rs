//! `xtask asan` and `xtask miri`: the engine under tools that see what a program does with memory.
//!
//! Both take the nightly compiler, since only that one has them.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::report::Tally;
use crate::workspace;

/// The engine's fused sequences in a build with the address sanitiser, unless the environment says otherwise.
const SEQUENCES: &str = "150";

#[derive(clap::Args)]
pub struct AsanArgs {
    /// Run only the scripts whose `GROUP/FILE` contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
}

/// The suite on the tail-call backend, in a process whose every access is checked, and which has to free all that it allocates.
pub fn asan(args: &AsanArgs) -> Result<Tally> {
    let report = workspace::target_dir()?.join("asan/report.json");
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let host = host()?;
    let mut cargo = nightly();
    // Handlers that end in a jump use no stack: nothing is lost by leaving their locals unchecked, of which they have none.
    cargo.env("RUSTFLAGS", "-Zsanitizer=address").env("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=1");
    if env::var_os("WHIMBREL_MAX_PATTERNS").is_none() {
        cargo.env("WHIMBREL_MAX_PATTERNS", SEQUENCES);
    }
    // Building is quicker by far without optimising across crates. The engine stays one unit: its handlers end in jumps only where
    // what they are made of is inlined into them.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    cargo.args(["run", "--quiet", "--release", "--config", "profile.release.package.whimbrel-engine.codegen-units=1"]);
    cargo.args(["--target", &host, "--package", "spectest", "--target-dir"]);
    cargo.arg(workspace::target_dir()?.join("asan")).arg("--").arg("--json").arg(&report);
    if let Some(filter) = &args.filter {
        cargo.args(["--filter", filter]);
    }
    cargo.arg("--wasm-tools").arg(crate::spec::wasm_tools()?);
    let status = cargo.current_dir(workspace::root()).status().context("cannot start cargo")?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("the runner wrote no report: {status}"))?;
    let counts = crate::spec::counts(&serde_json::from_str(&text).context("the report is no JSON")?)?;
    // A leak, or an error of the sanitiser's, is in the status alone.
    let failed = counts.failed + usize::from(!status.success() && counts.failed == 0);
    let tally = Tally { passed: counts.passed, failed };
    println!("{tally}");
    Ok(tally)
}

#[derive(clap::Args)]
pub struct MiriArgs {
    /// Fail where there is no Miri, rather than do what comes closest
    #[arg(long)]
    strict: bool,
}

/// What Miri, or what stands in for it, runs: the engine's and the facade's tests on the loop backend.
const TESTS: &[&[&str]] = &[
    &["--package", "whimbrel-engine"],
    &["--package", "whimbrel", "--test", "objects"],
    &["--package", "whimbrel", "--test", "gc"],
    &["--package", "whimbrel", "--test", "resumable"],
    &["--package", "whimbrel", "--test", "exceptions"],
    &["--package", "whimbrel", "--test", "lifetime"],
    &["--package", "whimbrel", "--test", "host"],
];

pub fn miri(args: &MiriArgs) -> Result<Tally> {
    let has_miri = nightly()
        .args(["miri", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    ensure!(has_miri || !args.strict, "this nightly compiler comes without Miri");
    if !has_miri {
        println!(
            "this nightly compiler comes without Miri: the same tests on the loop backend with the address sanitiser, and"
        );
        println!("checks of every precondition that the standard library's unsafe functions have");
    }
    let host = host()?;
    let mut tally = Tally::default();
    for test in TESTS {
        let mut cargo = nightly();
        if has_miri {
            // Addresses in cells are exposed on purpose.
            cargo.args(["miri", "test"]).env("MIRIFLAGS", "-Zmiri-permissive-provenance -Zmiri-disable-isolation");
        } else {
            cargo.arg("test").env("RUSTFLAGS", "-Zsanitizer=address -Zub-checks=yes -Cdebug-assertions=yes");
            cargo.args(["--target", &host]);
        }
        cargo.args(*test).arg("--target-dir").arg(workspace::target_dir()?.join("miri"));
        let status = cargo.current_dir(workspace::root()).status().context("cannot start cargo")?;
        tally.count(status.success());
    }
    println!("{tally}");
    Ok(tally)
}

/// cargo with the nightly compiler.
pub fn nightly() -> Command {
    let mut cargo = Command::new("cargo");
    // What the outer cargo says of its own toolchain is not meant for this one.
    cargo.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN").arg("+nightly");
    cargo
}

/// The target triple of the nightly compiler's host.
pub fn host() -> Result<String> {
    let output = nightly().args(["-vV"]).output().context("cannot start cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("cargo does not name its host")?.to_owned())
}
