//! `xtask patterns`: makes the list of sequences that the engine gets handlers for.

mod corpus;
mod count;
mod select;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use whimbrel_engine::exec::step_name;
use whimbrel_ir::OpKey;

use crate::report::{self, Tally};
use crate::workspace;
use corpus::SOURCES;
use count::Corpus;
use select::{Patterns, Sequence, select};

#[derive(clap::Args)]
pub struct Args {
    /// The programs to fit the list to; without any, those that the default list is made from are fetched
    #[arg(value_name = "GUEST.wasm")]
    guests: Vec<PathBuf>,
    /// Where the list goes
    #[arg(short, long, value_name = "FILE", default_value = "crates/whimbrel-engine/patterns/default.txt")]
    output: PathBuf,
    /// How many sequences
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    count: usize,
    /// Also report how well the list covers this program, which it is not made from
    #[arg(long, value_name = "FILE.wasm")]
    check: Vec<PathBuf>,
    /// Write the list given anew, with the steps' present names, instead of making one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["guests", "count"])]
    rename: Option<PathBuf>,
}

/// Sizes of which the report shows how well they cover the programs.
const SHOWN_COUNTS: [usize; 4] = [0, 2_500, 5_000, 10_000];

pub fn run(args: &Args) -> Result<Tally> {
    let text = match &args.rename {
        Some(file) => rename(file)?,
        None => make(args)?,
    };
    fs::write(&args.output, text).with_context(|| format!("cannot write {}", args.output.display()))?;
    let mut tally = Tally::default();
    tally.count(true);
    println!("{tally}");
    Ok(tally)
}

fn make(args: &Args) -> Result<String> {
    let mut corpus = Corpus::default();
    let mut made_from = Vec::new();
    if args.guests.is_empty() {
        let cache = workspace::target_dir()?.join("patterns");
        fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
        for source in SOURCES {
            let label = format!("{} {} ({})", source.package, source.version, source.toolchain);
            add(&mut corpus, &corpus::wasm(source, &cache)?, &label)?;
            made_from.push(label);
        }
    } else {
        for guest in &args.guests {
            let label = file_name(guest);
            add(&mut corpus, guest, &label)?;
            made_from.push(label);
        }
    }
    let list = select(&corpus, |key| step_name(key).is_some(), args.count);
    let trained = corpus.runs.len();
    let mut programs = vec![("the programs it is made from".to_owned(), 0..trained)];
    for file in &args.check {
        let first = corpus.runs.len();
        add(&mut corpus, file, &file_name(file))?;
        programs.push((file_name(file), first..corpus.runs.len()));
    }
    print!("{}", coverage(&corpus, &list, &programs));
    Ok(text(&corpus, &list, &made_from))
}

fn add(corpus: &mut Corpus, file: &Path, label: &str) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let skipped = corpus.skipped;
    corpus.add(&bytes).with_context(|| format!("cannot use {}", file.display()))?;
    println!("{label}: {} functions not compiled", corpus.skipped - skipped);
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Ops a dispatch, by program and length of the list.
fn coverage(corpus: &Corpus, list: &[Sequence], programs: &[(String, std::ops::Range<usize>)]) -> String {
    let counts: Vec<usize> = SHOWN_COUNTS.into_iter().filter(|&count| count < list.len()).chain([list.len()]).collect();
    let mut table = vec![vec!["ops a dispatch".to_owned()]];
    table[0].extend(counts.iter().map(|count| count.to_string()));
    table.extend(programs.iter().map(|(label, _)| vec![label.clone()]));
    let mut patterns = Patterns::default();
    let mut added = 0;
    for &count in &counts {
        list[added..count].iter().for_each(|sequence| patterns.insert(sequence.clone()));
        added = count;
        for (n, (_, runs)) in programs.iter().enumerate() {
            let (ops, dispatches) = patterns.measure(&corpus.runs[runs.clone()]);
            table[n + 1].push(format!("{:.3}", ops / dispatches));
        }
    }
    report::table(&table)
}

/// The list as a file: what it is made from, the ops with their steps, the sequences.
fn text(corpus: &Corpus, list: &[Sequence], made_from: &[String]) -> String {
    let mut text = String::from(
        "# Sequences of ops that get a handler of their own, the most valuable first, after the ops with their steps.\n\
         # Made by `cargo xtask patterns` from:\n",
    );
    made_from.iter().for_each(|label| text += &format!("#   {label}\n"));
    let mut used: Vec<OpKey> = list.iter().flatten().map(|&op| corpus.keys[usize::from(op)]).collect();
    used.sort_by_key(|key| key.to_word());
    used.dedup();
    for key in used {
        // Sequences have been selected from ops that have a step.
        let _ = writeln!(text, "{key} = {}", step_name(key).unwrap_or_default());
    }
    for sequence in list {
        let keys: Vec<String> = sequence.iter().map(|&op| corpus.keys[usize::from(op)].to_string()).collect();
        text += &(keys.join(" ") + "\n");
    }
    text
}

/// A list with the names of steps looked up anew.
fn rename(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut renamed = String::new();
    for line in text.lines() {
        match line.split_once(" = ") {
            Some((text, _)) => {
                let step = text.parse::<OpKey>().ok().and_then(step_name);
                ensure!(step.is_some(), "the engine has no op `{text}`");
                let _ = writeln!(renamed, "{text} = {}", step.unwrap_or_default());
            }
            None => renamed += &format!("{line}\n"),
        }
    }
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_list_names_the_steps_as_the_engine_does() {
        let file = workspace::root().join("crates/whimbrel-engine/patterns/default.txt");
        assert_eq!(rename(&file).unwrap(), fs::read_to_string(&file).unwrap());
    }
}
