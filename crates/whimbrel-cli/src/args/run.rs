//! The flags of `whimbrel run`.

use std::ffi::OsString;
use std::net::SocketAddr;
#[cfg(feature = "profile")]
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use wasm_syntax::Features;

use super::EXIT_CODES;
use super::values::{Preload, parse_duration, parse_features, parse_preload, parse_size};

/// Run a WASI program, or call one of a module's functions
///
/// A program is a module that exports `_start`. It sees nothing of this machine but its arguments, the standard
/// streams, the clock and random bytes, unless flags give it more.
#[derive(Debug, Args)]
#[command(
    override_usage = "whimbrel run [OPTIONS] FILE [ARGS]...",
    after_help = "\
Examples:
  whimbrel run hello.wasm world
  whimbrel run --dir texts::/data:ro --env LANG=C wc.wasm /data
  whimbrel run --invoke add sum.wat 40 2",
    after_long_help = format!("\
Examples:
  Run a program with one argument:
    whimbrel run hello.wasm world

  Show it the directory `texts` as `/data`, not to be changed, and set a variable:
    whimbrel run --dir texts::/data:ro --env LANG=C wc.wasm /data

  Call the exported function `add` and print its result:
    whimbrel run --invoke add sum.wat 40 2

  Run what nobody trusts:
    whimbrel run --timeout 5s --max-memory 64MiB --deterministic plugin.wasm

  Run what another program writes:
    generate-module | whimbrel run -

{EXIT_CODES}"),
)]
pub(crate) struct RunArgs {
    /// Call the exported function of this name with ARGS, and print its results one a line
    ///
    /// Integers are decimal or 0x… hexadecimal; floats are decimal, `inf`, `nan` or `nan:0x…`; vectors are integers, lane 0
    /// in the low bits; references are `null`.
    #[arg(long, value_name = "EXPORT")]
    pub(crate) invoke: Option<String>,

    /// The module, `-` for standard input; all that follows is passed to the guest
    #[arg(value_names = ["FILE", "ARGS"], required = true, trailing_var_arg = true, num_args = 1.., value_hint = ValueHint::AnyPath)]
    file_and_args: Vec<OsString>,

    #[command(flatten)]
    pub(crate) guest: GuestArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

impl RunArgs {
    /// The module's file, and what is passed to the guest.
    pub(crate) fn file_and_args(&self) -> (&OsString, &[OsString]) {
        self.file_and_args.split_first().expect("the parser requires a file")
    }
}

/// What the guest sees.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What the guest sees")]
pub(crate) struct GuestArgs {
    /// Let the guest see a directory, under the name GUEST (by default the same name); `:ro` for reading only
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_hint = ValueHint::DirPath)]
    pub(crate) dirs: Vec<String>,

    /// Give the guest an empty directory `/` in memory, which is gone when it ends
    #[arg(long)]
    pub(crate) mem_fs: bool,

    /// Set an environment variable for the guest; with NAME alone, pass this process's value on
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Pass all environment variables of this process on
    #[arg(long)]
    pub(crate) env_inherit: bool,

    /// The program's own name, as it sees it (by default the file's)
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// Give the guest a socket that listens here
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) tcplisten: Vec<SocketAddr>,

    /// Instantiate a module first, whose exports others import from NAME
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_preload)]
    pub(crate) preload: Vec<Preload>,

    /// What becomes of imports that nothing provides
    #[arg(long, value_name = "HOW", value_enum, default_value_t = UnknownImports::Deny)]
    pub(crate) unknown_imports: UnknownImports,

    /// Make runs repeatable: a simulated clock, and random bytes that are always the same
    #[arg(long)]
    pub(crate) deterministic: bool,
}

/// What the guest may use up.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Stop the guest when it has used up that much fuel, of which most instructions take one unit
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,

    /// Stop the guest after that time, such as 5s, 300ms or 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Bytes that each memory, and the heap, may grow to, such as 64MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_memory: Option<u64>,

    /// Bytes of stack that the guest's functions may take, such as 8MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_stack: Option<u64>,
}

/// How the engine works.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineArgs {
    /// Allow (+) or forbid (-) features, such as +custom-descriptors,-simd; `inspect` says what a module needs
    #[arg(long, value_name = "±NAME,…", allow_hyphen_values = true, value_parser = parse_features)]
    pub(crate) features: Option<Features>,

    /// Insist on a backend; a build has one, which `whimbrel --version` names
    ///
    /// `tail` is the fast one, of optimised builds for x86-64 and aarch64; `loop` is that of all other builds.
    #[arg(long, value_name = "NAME", value_parser = ["tail", "loop"])]
    pub(crate) backend: Option<String>,

    /// Translate all functions before the start, not each when it is first called
    #[arg(long)]
    pub(crate) eager: bool,
}

/// What is reported of the run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportArgs {
    /// Print, at the end and to standard error, where time and memory went
    #[arg(long)]
    pub(crate) stats: bool,

    /// Print each call with its arguments, to standard error
    #[arg(long)]
    pub(crate) trace: bool,

    /// Write a flame graph of the functions in which instructions were executed
    #[cfg(feature = "profile")]
    #[arg(long, value_name = "FILE.svg", value_hint = ValueHint::FilePath)]
    pub(crate) profile: Option<PathBuf>,

    /// Show every frame of a trap's backtrace, and lines of source where the module has DWARF sections
    #[arg(long)]
    pub(crate) backtrace: bool,
}

/// What becomes of imports that nothing provides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnknownImports {
    /// The module is not run
    #[default]
    Deny,
    /// Calling one traps
    Trap,
    /// Calling one does nothing and returns zeros
    Default,
}
