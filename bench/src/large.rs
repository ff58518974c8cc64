//! Large modules, made from a small one: its functions over and over, up to a size. Calls keep going to the first copies.

use anyhow::{Context, Result, anyhow};
use wasm_reader::encode::{self, Encode, Sink};
use wasm_reader::{Section, SectionId};
use wasm_syntax::Features;

/// A program with a C library in it.
const SEED: &[u8] = include_bytes!("../../examples/wordcount/wordcount.wasm");

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A valid module of about `size_bytes`.
///
/// # Errors
///
/// If the module that it is made from cannot be read.
pub fn synthetic(size_bytes: usize) -> Result<Vec<u8>> {
    let copies = (size_bytes / SEED.len()).max(1);
    let mut large = Bytes::default();
    encode::header(&mut large);
    for section in wasm_reader::sections(SEED, Features::default()).map_err(|error| anyhow!("{error}"))? {
        match section.map_err(|error| anyhow!("{error}"))? {
            Section::Function(types) => repeat(SectionId::Function, types, copies, &mut large)?,
            Section::Code(bodies) => repeat(SectionId::Code, bodies, copies, &mut large)?,
            Section::Custom(_) => {}
            section => section.encode(&mut large),
        }
    }
    Ok(large.0)
}

fn repeat<T: Encode>(
    id: SectionId,
    items: impl Iterator<Item = wasm_reader::Result<T>>,
    copies: usize,
    large: &mut Bytes,
) -> Result<()> {
    let mut once = Bytes::default();
    let mut count = 0;
    for item in items {
        item.map_err(|error| anyhow!("{error}"))?.encode(&mut once);
        count += 1;
    }
    let count = u32::try_from(count * copies).context("too many functions")?;
    encode::section(id, large, |sink| {
        count.encode(sink);
        (0..copies).for_each(|_| sink.put(&once.0));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_modules_are_valid() {
        let module = synthetic(500_000).unwrap();
        assert!((400_000..600_000).contains(&module.len()), "{} bytes", module.len());
        wasmparser::validate(&module).unwrap();
        whimbrel::Module::validate(&whimbrel::Engine::default(), &module).unwrap();
    }
}
