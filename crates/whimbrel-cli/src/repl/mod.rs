//! `whimbrel repl`: a module to try, line by line.

mod complete;
mod session;

use std::path::PathBuf;
use std::process::ExitCode;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::args::ReplArgs;
use crate::failure::{Exit, Failure, Result};
use crate::output::{FAINT, print};
use crate::run::stop;
use complete::Helper;
use session::{Flow, Session};

/// Lines of history that are kept.
const HISTORY_LINES: usize = 1000;

/// Reads lines and carries them out, until there are no more.
pub(crate) fn repl(args: &ReplArgs) -> Result<ExitCode> {
    let mut session = Session::new(args)?;
    if let Some(file) = &args.file {
        session.load(file)?;
    }
    stop::watch_keyboard();
    let config = Config::builder().completion_type(CompletionType::List).max_history_size(HISTORY_LINES);
    let config = config.map_err(|error| no_terminal(&error))?.auto_add_history(true).build();
    let mut editor: Editor<Helper, FileHistory> = Editor::with_config(config).map_err(|error| no_terminal(&error))?;
    editor.set_helper(Some(Helper::default()));
    let history = history_file();
    if let Some(path) = &history {
        // The first time there is none.
        let _ = editor.load_history(path);
    }
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        print(format!("{FAINT}help lists what can be typed; the tab key completes{FAINT:#}\n").as_bytes())?;
    }
    let mut failed = false;
    loop {
        if let Some(helper) = editor.helper_mut() {
            helper.words = session.words();
        }
        let line = match editor.readline("> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(no_terminal(&error)),
        };
        stop::reset();
        match session.execute(&line) {
            Ok(Flow::Quit) => break,
            Ok(Flow::On) => {}
            Err(failure) => {
                failure.report();
                failed = true;
            }
        }
    }
    if let Some(path) = &history {
        if let Some(folder) = path.parent() {
            // Without the folder there is no history, and nothing else is lost.
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = editor.save_history(path);
    }
    // A script that pipes lines in learns whether they worked; a person has seen it.
    let is_script = !std::io::IsTerminal::is_terminal(&std::io::stdin());
    Ok(if failed && is_script { Exit::Other.into() } else { ExitCode::SUCCESS })
}

fn no_terminal(error: &ReadlineError) -> Failure {
    Failure::new(Exit::Other, format_args!("cannot read lines: {error}"))
}

/// Where lines typed are kept: `$XDG_STATE_HOME/whimbrel/history`, below `~/.local/state` without that variable.
fn history_file() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    Some(state.join("whimbrel/history"))
}
