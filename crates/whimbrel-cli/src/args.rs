//! The command line: commands, flags and their help texts.

use std::ffi::OsString;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
  134  the guest trapped";

/// A WebAssembly interpreter.
///
/// Runs, checks and looks into WebAssembly modules, binary (.wasm) or text (.wat).
#[derive(Debug, Parser)]
#[command(
    name = "whimbrel",
    bin_name = "whimbrel",
    version,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a WASI program, or call one of a module's functions
    Run(RunArgs),
    /// Check modules against the WebAssembly 3.0 rules
    Validate(ValidateArgs),
    /// Report what a module is made of
    Inspect(InspectArgs),
    /// Print functions as the interpreter executes them
    Ir(IrArgs),
}

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
  whimbrel run --dir texts::/data --env LANG=C wc.wasm /data
  whimbrel run --invoke add sum.wat 40 2",
    after_long_help = format!("\
Examples:
  Run a program with one argument:
    whimbrel run hello.wasm world

  Show it the directory `texts` as `/data`, and set a variable:
    whimbrel run --dir texts::/data --env LANG=C wc.wasm /data

  Call the exported function `add` and print its result:
    whimbrel run --invoke add sum.wat 40 2

  Run what another program writes:
    generate-module | whimbrel run -

{EXIT_CODES}"),
)]
pub(crate) struct RunArgs {
    /// Let the guest see a directory, under the name GUEST (by default the same name)
    #[arg(long = "dir", value_name = "HOST[::GUEST]")]
    pub(crate) dirs: Vec<String>,

    /// Set an environment variable for the guest; with NAME alone, pass this process's value on
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Call the exported function of this name with ARGS, and print its results one a line
    ///
    /// Integers are decimal or 0x… hexadecimal; floats are decimal, `inf`, `nan` or `nan:0x…`; references are `null`.
    #[arg(long, value_name = "EXPORT")]
    pub(crate) invoke: Option<String>,

    /// Accept imports that nothing provides: calling one traps, or does nothing and returns zeros
    #[arg(long, value_name = "HOW", hide_possible_values = true, value_parser = clap::value_parser!(UnknownImports))]
    pub(crate) unknown_imports: Option<UnknownImports>,

    /// The module, `-` for standard input; all that follows is passed to the guest
    #[arg(value_names = ["FILE", "ARGS"], required = true, trailing_var_arg = true, num_args = 1..)]
    file_and_args: Vec<OsString>,
}

impl RunArgs {
    /// The module's file, and what is passed to the guest.
    pub(crate) fn file_and_args(&self) -> (&OsString, &[OsString]) {
        self.file_and_args.split_first().expect("the parser requires a file")
    }
}

/// What becomes of imports that nothing provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnknownImports {
    /// Calling one traps
    Trap,
    /// Calling one does nothing and returns zeros
    Default,
}

/// Check modules against the WebAssembly 3.0 rules
///
/// Prints a line for each file, and fails if any of them is invalid.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel validate build/*.wasm
  whimbrel validate --quiet module.wat && echo fine")]
pub(crate) struct ValidateArgs {
    /// Print nothing for valid files
    #[arg(long, short)]
    pub(crate) quiet: bool,

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
  whimbrel inspect --all hello.wasm | less")]
pub(crate) struct InspectArgs {
    /// Shorten no list
    #[arg(long, short)]
    pub(crate) all: bool,

    /// The module, `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Print functions as the interpreter executes them
///
/// Each line is one instruction of the interpreter's own code: what it does, where its operands and its result live.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  whimbrel ir sum.wat            all functions
  whimbrel ir sum.wat add        the function exported or named `add`
  whimbrel ir sum.wat 12         function 12, counted from the first import")]
pub(crate) struct IrArgs {
    /// The module, `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,

    /// The function: its index, its export's name, or its name in the name section (default: all)
    #[arg(value_name = "FUNC")]
    pub(crate) func: Option<String>,
}
