//! Modules from the fuzzer's bytes: the bytes themselves, or what wasm-smith makes of them.

use std::borrow::Cow;

use arbitrary::{Arbitrary, Unstructured};
use wasm_smith::{Config, Module};

/// The bytes themselves if they start as a module does, otherwise a module generated from them.
///
/// Seeds are modules, so both kinds are in a corpus. With `allow_invalid_funcs`, a generated module may have bodies of
/// random instructions.
#[must_use]
pub fn module(bytes: &[u8], allow_invalid_funcs: bool) -> Option<Cow<'_, [u8]>> {
    if bytes.starts_with(b"\0asm") {
        return Some(Cow::Borrowed(bytes));
    }
    let mut random = Unstructured::new(bytes);
    let config = config(&mut random, allow_invalid_funcs)?;
    Some(Cow::Owned(Module::new(config, &mut random).ok()?.to_bytes()))
}

/// What generated modules may have: everything that is standard, and threads, wide arithmetic and custom page sizes.
fn config(random: &mut Unstructured<'_>, allow_invalid_funcs: bool) -> Option<Config> {
    let mut config = Config::arbitrary(random).ok()?;
    config.allow_invalid_funcs = allow_invalid_funcs && bool::arbitrary(random).ok()?;
    config.max_instructions = 400;
    config.max_funcs = 10;
    config.max_types = 20;
    config.custom_descriptors_enabled = false;
    Some(config)
}
