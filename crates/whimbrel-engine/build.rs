//! Chooses the executor's backend: tail calls where the target passes enough arguments in registers and the optimiser
//! turns calls in tail position into jumps, the loop elsewhere.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(whimbrel_tail)");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let registers = matches!(var("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    let optimised = var("OPT_LEVEL") != "0";
    let forced_loop = env::var_os("CARGO_FEATURE_LOOP").is_some() || env::var_os("CARGO_CFG_MIRI").is_some();
    if registers && optimised && !forced_loop {
        println!("cargo::rustc-cfg=whimbrel_tail");
    }
}
