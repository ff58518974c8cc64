//! Lowering, as people read it: each file of `lower` and the listing of its functions.

use wasm_syntax::{Features, FuncIdx};
use whimbrel_compile::{LoadOptions, ModuleEnv, Options, Scratch, compile_func, load_module};
use whimbrel_ir::{Listing, verify};

fn listing(wat: &str) -> Result<String, Box<dyn std::error::Error>> {
    let bytes = wat::parse_str(wat)?;
    let loaded = load_module(&bytes, &LoadOptions { features: Features::ALL, ..LoadOptions::default() })?;
    let mut scratch = Scratch::default();
    let imported = loaded.info.num_imported_funcs();
    let mut listings = Vec::new();
    for func in (imported..loaded.info.num_funcs()).map(FuncIdx) {
        let body = loaded.body(&bytes, func);
        let code = compile_func(&loaded.info, func, &body, &Options::default(), &mut scratch)?;
        verify(&code, &ModuleEnv(&loaded.info))?;
        // Validation changes nothing, nor does what the scratch memory held before.
        let unchecked =
            compile_func(&loaded.info, func, &body, &Options { validate: false, ..Options::default() }, &mut scratch)?;
        assert_eq!(code, unchecked);
        listings.push(Listing(&code).to_string());
    }
    Ok(listings.join("\n"))
}

macro_rules! snapshots {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let wat = include_str!(concat!("lower/", stringify!($name), ".wat"));
            insta::assert_snapshot!(stringify!($name), listing(wat).unwrap(), wat.lines().next().unwrap_or_default());
        }
    )*};
}

snapshots! {
    accumulator_chain
    atomics
    br_table
    branch_values
    bulk
    call_indirect
    calls
    compare_branch
    constants
    continuations
    deferred_sums
    exceptions
    far_access
    if_else
    indexed_access
    legacy_exceptions
    locals_fold
    loop_sum
    pins
    read_before_write
    ref_maps
    references
    select
    tail_calls
    unreachable_code
    wide_arithmetic
    zeroed_locals
}
