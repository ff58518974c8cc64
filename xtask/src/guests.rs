//! `xtask guests`: the guest programs under `examples/`, `bench/` and the tests of WASI, rebuilt from their sources with pinned
//! compilers.
//!
//! The binaries are committed, so that running an example takes Rust alone. Building happens below cargo's target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::report::Tally;
use crate::{process, tools, workspace};

#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail if a committed program is not what its source gives
    #[arg(long)]
    check: bool,
    /// Rebuild only the programs whose path contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
}

/// A committed program.
struct Guest {
    /// Relative to the workspace's root.
    wasm: &'static str,
    recipe: Recipe,
}

enum Recipe {
    /// One C file, compiled for size.
    C(&'static str),
    /// The same with shared memory.
    Threads(&'static str),
    /// One C file without a library, compiled for speed; it exports `run`. And what else the compiler is told.
    Kernel(&'static str, &'static [&'static str]),
    /// One C file without a library, with its lines: its DWARF sections name the file without a folder.
    Lines(&'static str),
    /// A module in the text format.
    Text(&'static str),
    /// A folder with `package.json`, its lock file, `asconfig.json` and `assembly/`; its `build` script is run.
    AssemblyScript(&'static str),
}

macro_rules! kernel {
    ($name:literal $(, $flag:literal)*) => {
        Guest {
            wasm: concat!("bench/kernels/", $name, ".wasm"),
            recipe: Recipe::Kernel(concat!("bench/kernels/", $name, ".c"), &[$($flag),*]),
        }
    };
}

macro_rules! wasi_test {
    ($name:literal) => {
        Guest {
            wasm: concat!("crates/whimbrel/tests/wasi-suite/", $name, ".wasm"),
            recipe: Recipe::C(concat!("crates/whimbrel/tests/wasi-suite/", $name, ".c")),
        }
    };
}

const GUESTS: &[Guest] = &[
    Guest { wasm: "examples/hello/hello.wasm", recipe: Recipe::C("examples/hello/hello.c") },
    Guest { wasm: "examples/mandelbrot/mandelbrot.wasm", recipe: Recipe::C("examples/mandelbrot/mandelbrot.c") },
    Guest { wasm: "examples/threads/threads.wasm", recipe: Recipe::Threads("examples/threads/threads.c") },
    Guest { wasm: "examples/wordcount/wordcount.wasm", recipe: Recipe::C("examples/wordcount/wordcount.c") },
    Guest { wasm: "examples/assemblyscript/primes.wasm", recipe: Recipe::AssemblyScript("examples/assemblyscript") },
    Guest { wasm: "bench/wasi/throughput.wasm", recipe: Recipe::C("bench/wasi/throughput.c") },
    Guest {
        wasm: "crates/whimbrel-cli/tests/cli/lines.wasm",
        recipe: Recipe::Lines("crates/whimbrel-cli/tests/cli/lines.c"),
    },
    wasi_test!("directories"),
    wasi_test!("files"),
    wasi_test!("paths"),
    wasi_test!("poll"),
    wasi_test!("process"),
    wasi_test!("sockets"),
    kernel!("collatz"),
    kernel!("sieve"),
    kernel!("matrix"),
    kernel!("nbody"),
    kernel!("mandelbrot"),
    kernel!("hash"),
    kernel!("quicksort"),
    kernel!("search"),
    kernel!("bytecode"),
    kernel!("fib"),
    kernel!("indirect"),
    kernel!("bulk"),
    kernel!("compress"),
    kernel!("modpow"),
    kernel!("raytrace"),
    kernel!("life"),
    kernel!("paths"),
    kernel!("json"),
    kernel!("table"),
    kernel!("heap"),
    kernel!("huffman"),
    kernel!("bignum"),
    kernel!("siphash"),
    kernel!("regex"),
    kernel!("queens"),
    kernel!("cosine"),
    kernel!("tree"),
    kernel!("mix"),
    kernel!("simd", "-msimd128"),
    kernel!("tail", "-mtail-call"),
    kernel!("host"),
    Guest { wasm: "bench/kernels/gc.wasm", recipe: Recipe::Text("bench/kernels/gc.wat") },
    Guest { wasm: "bench/kernels/generator.wasm", recipe: Recipe::Text("bench/kernels/generator.wat") },
    Guest { wasm: "bench/kernels/linked_map.wasm", recipe: Recipe::Text("bench/kernels/linked_map.wat") },
    Guest { wasm: "bench/kernels/trees.wasm", recipe: Recipe::Text("bench/kernels/trees.wat") },
    Guest { wasm: "bench/kernels/throw.wasm", recipe: Recipe::Text("bench/kernels/throw.wat") },
];

pub fn run(args: &Args) -> Result<Tally> {
    let root = workspace::root();
    let build = workspace::target_dir()?.join("guests");
    fs::create_dir_all(&build).with_context(|| format!("cannot create {}", build.display()))?;
    let mut tally = Tally::default();
    for guest in GUESTS.iter().filter(|guest| args.filter.as_deref().is_none_or(|part| guest.wasm.contains(part))) {
        match rebuild(guest, root, &build) {
            Ok(bytes) => {
                let committed = root.join(guest.wasm);
                let before = fs::read(&committed).ok();
                let change = describe(before.as_deref(), &bytes);
                println!("{change:9}  {}  {} bytes", guest.wasm, bytes.len());
                tally.count(!args.check || before.as_deref() == Some(&*bytes));
                if !args.check {
                    fs::write(&committed, &bytes).with_context(|| format!("cannot write {}", committed.display()))?;
                }
            }
            Err(error) => {
                println!("not built  {}: {error:#}", guest.wasm);
                tally.count(false);
            }
        }
    }
    ensure!(tally != Tally::default(), "no guest program has `{}` in its path", args.filter.as_deref().unwrap_or(""));
    println!("{tally}");
    Ok(tally)
}

/// How a fresh build compares with what was there before.
fn describe(before: Option<&[u8]>, after: &[u8]) -> &'static str {
    match before {
        None => "new",
        Some(before) if before == after => "unchanged",
        Some(_) => "changed",
    }
}

fn rebuild(guest: &Guest, root: &Path, build: &Path) -> Result<Vec<u8>> {
    let wasm = match guest.recipe {
        Recipe::C(source) => build_c(&root.join(source), build, &["-Oz"])?,
        Recipe::Threads(source) => build_c(&root.join(source), build, THREADS)?,
        Recipe::Kernel(source, flags) => build_c(&root.join(source), build, &[KERNEL_FLAGS, flags].concat())?,
        Recipe::Lines(source) => build_with_lines(&root.join(source), build)?,
        Recipe::Text(source) => {
            return wat::parse_file(root.join(source)).with_context(|| format!("{source} is no module"));
        }
        Recipe::AssemblyScript(folder) => build_assemblyscript(&root.join(folder), build, guest.wasm)?,
    };
    fs::read(&wasm).with_context(|| format!("the build left no {}", wasm.display()))
}

/// What the compiler is told for programs with threads.
const THREADS: &[&str] = &[
    "-Oz",
    "-mcpu=generic+atomics+bulk_memory",
    "-Wl,--shared-memory,--import-memory,--export-memory,--max-memory=1048576",
    "-Wl,-z,stack-size=65536",
];

/// What compilers for WebAssembly turn on by default, without a C library around it.
const KERNEL_FLAGS: &[&str] = &["-O2", "-nostdlib", "-mbulk-memory", "-mexec-model=reactor", "-Wl,--no-entry"];

fn build_c(source: &Path, build: &Path, flags: &[&str]) -> Result<PathBuf> {
    let name = source.file_stem().context("a source file has a name")?;
    let wasm = build.join(name).with_extension("wasm");
    process::tool(tools::zig()?.args(flags).args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&wasm).arg(source))?;
    Ok(wasm)
}

/// Builds a copy that lies beside the compiler, so that no path of this machine is in the result.
fn build_with_lines(source: &Path, build: &Path) -> Result<PathBuf> {
    let name = Path::new(source.file_name().context("a source file has a name")?);
    fs::copy(source, build.join(name)).with_context(|| format!("cannot copy {}", source.display()))?;
    let flags = ["-nostdlib", "-Wl,--no-entry", "-O1", "-g", "-gdwarf-4", "-fdebug-compilation-dir=.", "-o"];
    let wasm = name.with_extension("wasm");
    let mut zig = tools::zig_for("wasm32-freestanding")?;
    process::tool(zig.current_dir(build).args(flags).arg(&wasm).arg(name))?;
    Ok(build.join(wasm))
}

/// Builds in a copy, so that installed packages stay out of the source tree.
fn build_assemblyscript(source: &Path, build: &Path, wasm: &str) -> Result<PathBuf> {
    let copy = build.join("assemblyscript");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    fs::create_dir_all(copy.join("assembly"))?;
    for file in ["package.json", "package-lock.json", "asconfig.json"] {
        fs::copy(source.join(file), copy.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    for entry in fs::read_dir(source.join("assembly"))? {
        let entry = entry?;
        fs::copy(entry.path(), copy.join("assembly").join(entry.file_name()))?;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    process::tool(Command::new(npm).arg("ci").args(quiet).current_dir(&copy)).context("npm cannot install asc")?;
    process::tool(Command::new(npm).args(["run", "build", "--loglevel=error"]).current_dir(&copy))?;
    let name = Path::new(wasm).file_name().context("a guest program has a name")?;
    Ok(copy.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named() {
        assert_eq!(describe(None, b"a"), "new");
        assert_eq!(describe(Some(b"a"), b"a"), "unchanged");
        assert_eq!(describe(Some(b"a"), b"b"), "changed");
    }

    #[test]
    fn every_guest_is_committed_with_its_source_and_small() {
        for guest in GUESTS {
            let bytes = fs::read(workspace::root().join(guest.wasm)).expect(guest.wasm);
            assert!(bytes.starts_with(b"\0asm\x01\0\0\0"), "{} is not a module", guest.wasm);
            assert!(bytes.len() < 100_000, "{} is too large to commit", guest.wasm);
            let (Recipe::C(source)
            | Recipe::Threads(source)
            | Recipe::Kernel(source, _)
            | Recipe::Lines(source)
            | Recipe::Text(source)
            | Recipe::AssemblyScript(source)) = guest.recipe;
            assert!(workspace::root().join(source).exists(), "{source} is missing");
        }
    }
}
