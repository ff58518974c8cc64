//! `whimbrel completions` and `whimbrel man`: both from the definitions of the command line.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Exit, Failure, Result};
use crate::output::Plain;

/// Prints the completion script for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "whimbrel", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the page of the program or of one of its commands.
pub(crate) fn man(args: &ManArgs) -> Result<ExitCode> {
    let mut cli = Cli::command();
    cli.build();
    let command = match &args.command {
        None => cli,
        Some(name) => {
            let found = cli.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                Failure::new(Exit::Usage, format_args!("unknown command `{}` (see `whimbrel --help`)", Plain(name)))
            })?
        }
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    std::io::stdout().lock().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}
