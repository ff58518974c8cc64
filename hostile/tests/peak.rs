//! Loading and compiling never have more allocated at once than the module's bytes warrant.

use hostile::bombs;
use hostile::corpus::{self, Module};
use hostile::subject::{Stage, peak_limit, submit};

fn violations(modules: &[Module], stage: Stage, dense: bool) -> Vec<String> {
    modules
        .iter()
        .filter_map(|module| {
            let report = submit(&module.bytes, stage);
            assert_eq!(report.fault(), None, "{}", module.name);
            let peak = report.peak_bytes;
            let limit = peak_limit(module.bytes.len(), dense);
            (peak > limit).then(|| format!("{}: {peak} bytes, {limit} allowed", module.name))
        })
        .collect()
}

#[test]
fn the_suite_stays_within_what_its_bytes_warrant() {
    let modules = corpus::modules("").expect("the suite can be read");
    assert_eq!(violations(&modules, Stage::Load, false), Vec::<String>::new());
    assert_eq!(violations(&modules, Stage::Compile, true), Vec::<String>::new());
}

#[test]
fn bombs_stay_within_what_their_bytes_warrant() {
    assert_eq!(violations(&bombs::bombs(20_000), Stage::Compile, true), Vec::<String>::new());
    // What is not dense is tiny, and says that it is huge.
    let tiny: Vec<Module> = bombs::bombs(20_000).into_iter().filter(|bomb| bomb.bytes.len() < 200).collect();
    assert!(tiny.len() > 40, "only {} bombs are tiny", tiny.len());
    assert_eq!(violations(&tiny, Stage::Compile, false), Vec::<String>::new());
}
