//! Rearrangements of bytes.

use wasm_syntax::V128;

ops! {
    i8x16_swizzle(a: V128, indices: V128) -> V128 { pick(a, V128::ZERO, indices.0.map(|i| i.min(16))) }
        "The bytes of `a` that `indices` name; 0 for an index past the last", "op-ivswizzle";
    i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 { pick(a, b, lanes) }
        "The bytes of `a` followed by `b` that `lanes` name, each modulo 32", "op-ivshuffle";
}

/// The bytes of `a` followed by `b` at the indices, each modulo 32.
#[inline(always)]
fn pick(a: V128, b: V128, indices: [u8; 16]) -> V128 {
    let mut table = [0; 32];
    table[..16].copy_from_slice(&a.0);
    table[16..].copy_from_slice(&b.0);
    V128(indices.map(|i| table[usize::from(i) % 32]))
}
