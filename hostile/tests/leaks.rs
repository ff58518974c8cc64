//! Hostile modules neither make loading panic nor leak. `cargo xtask leaks` does the same with every cut and more changes.

use hostile::bombs;
use hostile::corpus::{self, Module};
use hostile::mutate::{apply, changes};
use hostile::subject::{Outcome, Stage, submit};

/// How many changes of each module are tried.
const SAMPLE: usize = 12;

fn check(module: &Module, bytes: &[u8], stage: Stage, what: &str) -> Outcome {
    let report = submit(bytes, stage);
    assert_eq!(report.fault(), None, "{}: {what}", module.name);
    report.outcome
}

#[test]
fn the_suite_cut_and_changed_leaves_nothing_behind() {
    let modules = corpus::modules("").expect("the suite can be read");
    assert!(modules.len() > 4_000, "the suite has shrunk to {} modules", modules.len());
    let (mut accepted, mut refused) = (0, 0);
    for (seed, module) in modules.iter().enumerate() {
        let mut buffer = module.bytes.clone();
        let all = changes(buffer.len(), 1_000, seed as u64 + 1);
        let step = all.count() / SAMPLE + 1;
        for change in changes(buffer.len(), 1_000, seed as u64 + 1).skip(seed % step).step_by(step) {
            match apply(&mut buffer, change, |bytes| check(module, bytes, Stage::Load, &format!("{change:?}"))) {
                Outcome::Accepted => accepted += 1,
                _ => refused += 1,
            }
        }
    }
    assert!(accepted > 1_000 && refused > 10_000, "{accepted} accepted, {refused} refused: the sample is lopsided");
}

/// Parsers written by hand forget the names of an import that they give up on.
#[test]
fn an_import_section_cut_in_its_names_leaves_nothing_behind() {
    let imports: &[u8] = &[
        0, b'a', b's', b'm', 1, 0, 0, 0, 2, 30, 2, 3, b'e', b'n', b'v', 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, 1,
        5, b'o', b't', b'h', b'e', b'r', 5, b't', b'a', b'b', b'l', b'e', 1, 0x70, 0, 1,
    ];
    let module = Module { name: "imports of a memory and a table".to_owned(), bytes: imports.to_vec() };
    let size_at = 9;
    let mut refused = 0;
    for len in 0..imports.len() {
        // Cut as it is, and with a section that ends where the bytes do.
        let mut bytes = imports[..len].to_vec();
        refused += usize::from(check(&module, &bytes, Stage::Load, &format!("cut to {len}")) == Outcome::Refused);
        if len > size_at {
            bytes[size_at] = (len - size_at - 1) as u8;
            assert_eq!(check(&module, &bytes, Stage::Load, &format!("ended at {len}")), Outcome::Refused);
        }
    }
    // The empty section list is a module.
    assert_eq!(refused, imports.len() - 1);
}

#[test]
fn bombs_leave_nothing_behind() {
    for bomb in bombs::bombs(2_000) {
        check(&bomb, &bomb.bytes, Stage::Compile, "as it is");
        let mut buffer = bomb.bytes.clone();
        for change in changes(buffer.len(), 40, 1).step_by(7) {
            apply(&mut buffer, change, |bytes| check(&bomb, bytes, Stage::Load, &format!("{change:?}")));
        }
    }
}
