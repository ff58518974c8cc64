//! Verdicts on files.
fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let Some(module) = whimbrel_fuzz::modules::module(&bytes, true) else { continue };
        if let Err(e) = whimbrel_fuzz::verdict::agrees(&module) { println!("{path}: {e}"); }
    }
}
