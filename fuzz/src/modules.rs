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

/// A generated module that ends, whatever it does, and whose results do not depend on the engine: no imports, no
/// nondeterminism, small memories, nothing that whimbrel does not execute.
#[must_use]
pub fn terminating(bytes: &[u8]) -> Option<Vec<u8>> {
    generate(bytes, false)
}

/// As [`terminating`], with structures, arrays and exceptions as well.
#[must_use]
pub fn with_objects(bytes: &[u8]) -> Option<Vec<u8>> {
    generate(bytes, true)
}

fn generate(bytes: &[u8], objects: bool) -> Option<Vec<u8>> {
    let mut random = Unstructured::new(bytes);
    let mut config = Config::arbitrary(&mut random).ok()?;
    config.gc_enabled = objects;
    config.exceptions_enabled = objects;
    config.threads_enabled = false;
    config.relaxed_simd_enabled = false;
    config.custom_descriptors_enabled = false;
    config.compact_imports_enabled = false;
    config.wide_arithmetic_enabled = false;
    config.canonicalize_nans = true;
    // The code that keeps divisors from being zero is a `select` that wasmi 2.0 gets wrong.
    config.disallow_traps = false;
    config.allow_invalid_funcs = false;
    config.export_everything = true;
    config.max_imports = 0;
    config.min_imports = 0;
    config.min_funcs = 1;
    config.max_funcs = 8;
    config.max_types = 20;
    config.max_instructions = 300;
    config.max_memories = config.max_memories.min(3);
    config.max_memory32_bytes = 1 << 20;
    config.max_memory64_bytes = 1 << 20;
    config.memory_max_size_required = true;
    config.max_table_elements = 1_000;
    config.table_max_size_required = true;
    let mut module = Module::new(config, &mut random).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}

/// How many calls and rounds of loops a terminating module makes in all.
const FUEL: u32 = 500;
