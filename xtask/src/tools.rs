//! Tools that the tasks need, installed by exact version below cargo's target folder if they are not there yet.
//!
//! They come through pip, so a mirror or a proxy that pip is set up with is used here too.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The version of zig whose C compiler and libc build the C programs. Its package holds all of both.
pub const ZIG_VERSION: &str = "0.17.1";

/// The version of the library with which bindings to C are made.
const LIBCLANG_VERSION: &str = "18.1.1";

/// The version of the tool with which C libraries are built.
const CMAKE_VERSION: &str = "4.4.5";

/// The folder into which a package is installed.
fn install(package: &str, version: &str) -> Result<PathBuf> {
    let home = workspace::target_dir()?.join("tools").join(format!("{package}-{version}"));
    if !home.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--target"]).arg(&home).arg(format!("{package}=={version}"));
        process::tool(&mut pip).with_context(|| format!("cannot install {package} {version}"))?;
    }
    Ok(home)
}

/// `zig cc` for WASI, without debug sections.
pub fn zig() -> Result<Command> {
    let mut zig = zig_for("wasm32-wasi")?;
    zig.arg("-s");
    Ok(zig)
}

/// `zig cc` for a target, its cache beside it.
pub fn zig_for(target: &str) -> Result<Command> {
    let home = install("ziglang", ZIG_VERSION)?;
    let cache = workspace::target_dir()?.join("tools").join("zig-cache");
    let mut zig = Command::new(home.join("ziglang").join(format!("zig{}", std::env::consts::EXE_SUFFIX)));
    zig.env("ZIG_GLOBAL_CACHE_DIR", &cache).env("ZIG_LOCAL_CACHE_DIR", &cache);
    zig.args(["cc", "-target", target]);
    Ok(zig)
}

/// Lets a build of cargo's make bindings to C libraries, and those libraries: tells it where libclang is, unless the
/// environment does, and where the C compiler has the headers that libclang comes without; puts CMake into its path.
pub fn for_bindings(cargo: &mut Command) -> Result<()> {
    let cmake = install("cmake", CMAKE_VERSION)?.join("cmake").join("data").join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([cmake]);
    cargo.env("PATH", std::env::join_paths(folders).context("CMake is in a folder whose name no path can hold")?);
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return Ok(());
    }
    cargo.env("LIBCLANG_PATH", install("libclang", LIBCLANG_VERSION)?.join("clang").join("native"));
    let cc = Command::new("cc").arg("-print-file-name=include").output().context("cannot start cc")?;
    cargo.env("BINDGEN_EXTRA_CLANG_ARGS", format!("-I{}", String::from_utf8_lossy(&cc.stdout).trim_end()));
    Ok(())
}
