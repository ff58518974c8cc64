//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Parser;

use crate::peer::{self, ENGINES, Engine};

/// Measures whimbrel beside other engines: kernels, and what it costs until a program runs. Every engine's result is compared
/// on every case; a disagreement is a failure. Times are CPU time of this process, in rounds that take the engines in turn.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
pub struct Args {
    /// Measure only these engines; the first is what the others are compared with. All engines by default. Only what is
    /// measured is built.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub engine: Vec<String>,
    /// How often each case is measured with each engine
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// Only cases whose name contains one of these
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    pub filter: Vec<String>,
    /// Only the kernels, not what comes before a program runs
    #[arg(long)]
    pub kernels: bool,
    /// Show every engine's median, minimum, maximum and result too
    #[arg(long)]
    pub details: bool,
    /// Write the results to a file as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw the results as a bar chart
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Measure this module instead of the cases: one call of a fresh instance, translation included
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,
    /// The exported function of the module that is called; `_start`, of a program with WASI, unless told otherwise
    #[arg(long, value_name = "EXPORT", requires = "module")]
    pub invoke: Option<String>,
    /// An argument of the call; once for each
    #[arg(long, value_name = "VALUE", requires = "module", allow_negative_numbers = true)]
    pub arg: Vec<String>,
    /// Also real programs, which are fetched and built if they are not there yet. (The name of a file that lists them is put
    /// behind this by `cargo xtask bench`.)
    #[arg(long, value_name = "")]
    pub programs: Option<PathBuf>,
    /// Instead of time, measure memory: the peak of a process that loads a large module, what an idle instance takes
    #[arg(long)]
    pub memory: bool,
    /// Instead of time, count host instructions and dispatches for each operator of the kernels, with valgrind
    #[arg(long)]
    pub instructions: bool,
    /// What this process does for another one that measures it
    #[arg(long, hide = true)]
    pub task: Vec<String>,
    /// What a program with WASI gets as arguments, after its name
    #[arg(long, value_name = "TEXT", requires = "module", allow_hyphen_values = true)]
    pub wasi_arg: Vec<String>,
    /// A file that a program with WASI finds in its directory `/data`
    #[arg(long, value_name = "FILE", requires = "module")]
    pub wasi_file: Vec<PathBuf>,
    /// Validate and load this module too
    #[arg(long, value_name = "FILE")]
    pub large: Option<PathBuf>,
}

impl Args {
    /// The engines that are asked for, all that are built if none is.
    ///
    /// # Errors
    ///
    /// If a name is no engine's, or the engine is not built into this program.
    pub fn engines(&self) -> Result<Vec<&'static Engine>> {
        if self.engine.is_empty() {
            return Ok(ENGINES.iter().filter(|engine| engine.is_built()).collect());
        }
        let engines = self.engine.iter().map(|name| peer::named(name)).collect::<Result<Vec<_>>>()?;
        for (n, engine) in engines.iter().enumerate() {
            if !engine.is_built() {
                bail!("this program was built without {}", engine.name);
            }
            ensure!(engines[..n].iter().all(|before| before.name != engine.name), "{} is named twice", engine.name);
        }
        Ok(engines)
    }

    /// Whether a case of that name is asked for.
    #[must_use]
    pub fn wants(&self, case: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|part| case.contains(part))
    }
}
