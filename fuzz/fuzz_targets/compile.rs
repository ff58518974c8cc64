//! Compilation of valid modules: it does not panic, and what it emits is what the engine trusts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_syntax::FuncIdx;
use whimbrel_compile::{CompileErrorKind, LoadOptions, Options, Scratch, compile_func, load_module};
use whimbrel_fuzz::modules;

fuzz_target!(|bytes: &[u8]| {
    let Some(module) = modules::module(bytes, false) else { return };
    let Ok(loaded) = load_module(&module, &LoadOptions::default()) else { return };
    let mut scratch = Scratch::default();
    let imported = loaded.info.num_imported_funcs();
    for func in (imported..).map(FuncIdx).take(loaded.bodies.len()) {
        let body = loaded.body(&module, func);
        let validated = compile_func(&loaded.info, func, &body, &Options { validate: true, ..Options::default() }, &mut scratch);
        let trusted = compile_func(&loaded.info, func, &body, &Options { validate: false, ..Options::default() }, &mut scratch);
        match (validated, trusted) {
            (Ok(validated), Ok(trusted)) => assert_eq!(format!("{validated:?}"), format!("{trusted:?}")),
            (Err(validated), Err(trusted)) => {
                assert_eq!(validated.to_string(), trusted.to_string());
                assert!(!matches!(validated.kind(), CompileErrorKind::Read(_) | CompileErrorKind::Validate(_)));
            }
            (validated, trusted) => panic!("validated: {validated:?}, trusted: {trusted:?}"),
        }
    }
});
