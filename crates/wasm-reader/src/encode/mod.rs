//! The encoder: instructions, types and sections to bytes, from the table that decodes them.
//!
//! It writes the shortest form of each integer, so that decoding and encoding again gives other bytes only where the
//! module had longer ones.

mod instr;
mod item;
mod sink;
mod types;

use wasm_syntax::Instr;

use crate::SectionId;

pub use sink::{Buffer, Count, Sink};

/// What is written in the binary format.
pub trait Encode {
    /// Writes it to `sink`.
    fn encode(&self, sink: &mut dyn Sink);
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, sink: &mut dyn Sink) {
        (**self).encode(sink);
    }
}

/// How many bytes `value` takes.
#[must_use]
pub fn len_bytes(value: &(impl Encode + ?Sized)) -> u64 {
    let mut count = Count::default();
    value.encode(&mut count);
    count.bytes
}

/// Writes an instruction. Spec: `binary-instr`.
pub fn encode_instr(instr: &Instr<'_>, sink: &mut dyn Sink) {
    instr.encode(sink);
}

/// Writes magic number and version, with which a module starts. Spec: `binary-magic`.
pub fn header(sink: &mut dyn Sink) {
    sink.put(b"\0asm\x01\0\0\0");
}

/// Writes a section: id, length, and what `contents` writes. Spec: `binary-section`.
///
/// `contents` is called twice, to measure first, and must write the same both times.
pub fn section(id: SectionId, sink: &mut dyn Sink, contents: impl Fn(&mut dyn Sink)) {
    sink.put(&[id as u8]);
    sized(sink, contents);
}

/// Writes a section that is a list of `items`, their count first. Spec: `binary-section`.
pub fn list_section<I>(id: SectionId, sink: &mut dyn Sink, items: &I)
where
    I: IntoIterator<IntoIter: ExactSizeIterator, Item: Encode> + Clone,
{
    section(id, sink, |sink| list(sink, items.clone()));
}

/// Writes a custom section. Spec: `binary-customsec`.
pub fn custom_section(name: &str, contents: &[u8], sink: &mut dyn Sink) {
    section(SectionId::Custom, sink, |sink| {
        name.encode(sink);
        sink.put(contents);
    });
}

/// Writes the count of `items` and each of them. Spec: `binary-list`.
pub fn list<I>(sink: &mut dyn Sink, items: I)
where
    I: IntoIterator<IntoIter: ExactSizeIterator, Item: Encode>,
{
    let items = items.into_iter();
    u32_len(items.len()).encode(sink);
    items.for_each(|item| item.encode(sink));
}

/// Writes a function's body, its length first: locals, then instructions, among which is the closing `end`.
/// Spec: `binary-code`.
pub fn body<'a>(
    locals: &[crate::LocalRun],
    instrs: &(impl IntoIterator<Item = Instr<'a>> + Clone),
    sink: &mut dyn Sink,
) {
    sized(sink, |sink| {
        list(sink, locals);
        instrs.clone().into_iter().for_each(|instr| instr.encode(sink));
    });
}

/// Writes the number of bytes that `contents` writes, and those.
fn sized(sink: &mut dyn Sink, contents: impl Fn(&mut dyn Sink)) {
    let mut count = Count::default();
    contents(&mut count);
    u32::try_from(count.bytes).unwrap_or(u32::MAX).encode(sink);
    contents(sink);
}

/// A length as the format has it. Lists longer than 2^32 - 1 have none; what is written for one is malformed.
fn u32_len(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
