//! The command line: commands, flags and their help texts.

use std::ffi::OsString;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

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
  whimbrel inspect hello.wasm        see what a module is made of",
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what a module is made of
    Inspect(InspectArgs),
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
