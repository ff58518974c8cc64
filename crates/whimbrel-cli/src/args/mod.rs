//! The command line: commands, flags and their help texts.

mod run;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::output::fitted;
pub(crate) use run::{EngineArgs, GuestArgs, LimitArgs, ReportArgs, RunArgs, UnknownImports};

/// Columns of what `--version` says.
const VERSION_COLUMNS: usize = 80;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
    0  success (`run`: the guest's own exit code)
    1  an error without a code of its own; `validate`: an invalid module
    2  a wrong flag or a missing operand
   64  arguments that do not fit the function named by --invoke
   65  not a WebAssembly module, or an invalid one
   66  no such file
   67  no such export or function
   68  an import that nothing provides
   69  an unsupported kind of input, such as a component
   72  a directory for --dir that cannot be opened
  124  the guest ran longer than --timeout allows
  130  the guest was ended by Ctrl-C
  134  the guest trapped";

/// What `--version` says after the name.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let config = whimbrel::Config::default();
    let features: Vec<_> = config.features().iter().skip(1).map(|feature| feature.text()).collect();
    let off: Vec<_> = wasm_syntax::Feature::ALL
        .iter()
        .filter(|&&feature| !config.features().has(feature))
        .map(|feature| feature.text())
        .collect();
    let mut parts = vec!["wat"];
    parts.extend(cfg!(feature = "dwarf").then_some("dwarf"));
    parts.extend(cfg!(feature = "profile").then_some("profile"));
    parts.extend(cfg!(feature = "repl").then_some("repl"));
    let backend = format!("{} ({} fused sequences)", whimbrel::BACKEND, whimbrel::fused_sequences());
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    for (name, value) in [
        ("backend", backend),
        ("built with", parts.join(", ")),
        ("features", features.join(", ")),
        ("off by default", off.join(", ")),
    ] {
        text.push('\n');
        text.push_str(&fitted(&format!("{name}: {value}"), VERSION_COLUMNS));
    }
    text
});

/// A WebAssembly interpreter.
///
/// Runs, checks and looks into WebAssembly modules, binary (.wasm) or text (.wat).
#[derive(Debug, Parser)]
#[command(
    name = "whimbrel",
    bin_name = "whimbrel",
    version,
    long_version = LONG_VERSION.as_str(),
    styles = STYLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  whimbrel run hello.wasm            run a program
  whimbrel run --dir . tool.wasm -v  let it see this directory, give it a flag
  whimbrel inspect hello.wasm        see what a module is made of

`whimbrel run --help` lists the exit codes.",
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

// The help texts are those of the arguments: one here would take their place, and leave out what follows the first line.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Validate(ValidateArgs),
    Inspect(InspectArgs),
    Ir(IrArgs),
    Disasm(DisasmArgs),
    Wat(WatArgs),
    Wast(WastArgs),
    Bench(BenchArgs),
    #[cfg(feature = "repl")]
    Repl(ReplArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Check modules against the WebAssembly 3.0 rules
///
/// Prints a line for each file, and fails if any of them is invalid: with the offset and the function, and the bytes and the
/// instruction there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel validate build/*.wasm
  whimbrel validate --quiet module.wat && echo fine")]
pub(crate) struct ValidateArgs {
    /// Print nothing for valid files
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Allow (+) or forbid (-) features, such as +custom-descriptors,-simd
    #[arg(long, value_name = "±NAME,…", allow_hyphen_values = true, value_parser = values::parse_features)]
    pub(crate) features: Option<wasm_syntax::Features>,

    /// How many files are checked at once (default: as many as there are processors)
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,

    /// The modules, `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,
}

/// Report what a module is made of
///
/// Sections with their sizes, imports and exports with their types, the features that the module needs, its largest
/// functions and what made it. The module is decoded, not validated.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel inspect hello.wasm
  whimbrel inspect --all hello.wasm | less
  whimbrel inspect --json hello.wasm | jq .imports")]
pub(crate) struct InspectArgs {
    /// Shorten no list
    #[arg(long, short)]
    pub(crate) all: bool,

    /// Print the report as JSON, with every list whole
    #[arg(long)]
    pub(crate) json: bool,

    /// The module, `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Print functions as the interpreter executes them
///
/// The module's instructions stand on the left, what they became on the right: what each does, where its operands and its
/// result live. A `+` marks what is executed together with the line above, without a dispatch between them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel ir sum.wat            all functions
  whimbrel ir sum.wat add        the function exported or named `add`
  whimbrel ir sum.wat 12         function 12, counted from the first import
  whimbrel ir --html sum.wat > sum.html")]
pub(crate) struct IrArgs {
    /// Print the lowered code alone, whole, with its handlers and reference maps
    #[arg(long)]
    pub(crate) plain: bool,

    /// Write a page that folds functions and highlights what belongs together
    #[arg(long, conflicts_with = "plain")]
    pub(crate) html: bool,

    #[command(flatten)]
    pub(crate) place: FuncArgs,
}

/// A module, and one function of it or all.
#[derive(Debug, Args)]
pub(crate) struct FuncArgs {
    /// The module, `-` for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: OsString,

    /// The function: its index, its export's name, or its name in the name section (default: all)
    #[arg(value_name = "FUNC")]
    pub(crate) func: Option<String>,
}

/// Print functions instruction by instruction, with offsets and bytes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel disasm hello.wasm | less
  whimbrel disasm hello.wasm main")]
pub(crate) struct DisasmArgs {
    #[command(flatten)]
    pub(crate) place: FuncArgs,
}

/// Print a module in the text format
///
/// What it prints is the same module when it is read again. The module is decoded, not validated.
#[derive(Debug, Args)]
pub(crate) struct WatArgs {
    /// The module, `-` for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: OsString,
}

/// Run scripts of the specification's test format
///
/// Prints a line for each script, and each assertion that fails.
#[derive(Debug, Args)]
pub(crate) struct WastArgs {
    /// Allow (+) or forbid (-) features, such as +custom-descriptors,-simd (default: all)
    #[arg(long, value_name = "±NAME,…", allow_hyphen_values = true, value_parser = values::parse_features)]
    pub(crate) features: Option<wasm_syntax::Features>,

    /// The scripts
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
}

/// Measure how long loading and running a module takes
///
/// Each stage is repeated: validation, translation of all functions, and the run, of which each has an instance of its own.
/// What the guest prints is thrown away, and it reads nothing.
#[derive(Debug, Args)]
#[command(
    override_usage = "whimbrel bench [OPTIONS] FILE [ARGS]...",
    after_help = "\
Examples:
  whimbrel bench mandelbrot.wasm 56 18
  whimbrel bench --runs 20 --invoke fib fib.wat 25"
)]
pub(crate) struct BenchArgs {
    /// How often each stage is measured, at most
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,

    /// How long each stage is repeated, at most
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = values::parse_duration)]
    pub(crate) time: Duration,

    /// Measure the exported function of this name, called with ARGS
    #[arg(long, value_name = "EXPORT")]
    pub(crate) invoke: Option<String>,

    /// The module, `-` for standard input; all that follows is passed to the guest
    #[arg(value_names = ["FILE", "ARGS"], required = true, trailing_var_arg = true, num_args = 1..)]
    file_and_args: Vec<OsString>,

    #[command(flatten)]
    pub(crate) guest: GuestArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

impl BenchArgs {
    /// The module's file, and what is passed to the guest.
    pub(crate) fn file_and_args(&self) -> (&OsString, &[OsString]) {
        self.file_and_args.split_first().expect("the parser requires a file")
    }
}

/// Try a module: call its functions, look at its memory and globals
///
/// `help` lists what can be typed. Names are completed by the tab key, and lines typed are kept in
/// `$XDG_STATE_HOME/whimbrel/history`.
#[cfg(feature = "repl")]
#[derive(Debug, Args)]
pub(crate) struct ReplArgs {
    /// The module
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<OsString>,

    #[command(flatten)]
    pub(crate) guest: GuestArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Print a script that completes commands and flags in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel completions bash > ~/.local/share/bash-completion/completions/whimbrel
  whimbrel completions fish > ~/.config/fish/completions/whimbrel.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel man | man -l -
  whimbrel man run > whimbrel-run.1")]
pub(crate) struct ManArgs {
    /// The command of which the page tells (default: the page of the program)
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}
