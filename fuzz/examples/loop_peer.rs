//! Runs modules on the loop backend for the fuzz target `execute`.

fn main() -> std::io::Result<()> {
    assert_eq!(whimbrel::BACKEND, "loop", "built with the feature `loop`");
    whimbrel_fuzz::loop_peer::serve()
}
