//! Decoding never panics, and pieces give the same as the whole.

mod common;

use common::{Random, Seen, walk};
use wasm_reader::{Chunk, Incremental, Payload, ReadError};
use wasm_syntax::Features;

/// Decodes everything, fed in pieces of random sizes.
fn walk_in_pieces(module: &[u8], random: &mut Random, max_piece: usize) -> Result<Seen, ReadError> {
    let mut reader = Incremental::new(Features::ALL);
    let mut seen = Seen::default();
    let (mut start, mut end) = (0, 0);
    loop {
        match reader.parse(&module[start..end], end == module.len())? {
            Chunk::NeedMore(missing) => {
                assert!(missing > 0 && end < module.len());
                end = module.len().min(end + 1 + random.below(max_piece));
            }
            Chunk::Parsed { consumed, payload } => {
                start += consumed;
                assert_eq!(reader.offset(), start as u64);
                match payload {
                    Payload::Header => {}
                    Payload::Section(section) => {
                        seen.section(&section)?;
                        seen.custom(&section);
                    }
                    Payload::CodeStart { .. } => seen.sections += 1,
                    Payload::Body(body) => {
                        assert_eq!(body.range().end, start as u64);
                        seen.body(&body)?;
                    }
                    Payload::End => return Ok(seen),
                }
            }
        }
    }
}

#[test]
fn pieces_give_the_same_as_the_whole() {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    for module in common::modules() {
        let whole = walk(&module, Features::ALL).expect("the module is well-formed");
        for round in 0..50 {
            let max_piece = 1 + round * 3;
            assert_eq!(walk_in_pieces(&module, &mut random, max_piece).as_ref(), Ok(&whole));
        }
    }
}

#[test]
fn every_cut_is_an_error_in_pieces_as_in_the_whole() {
    let mut random = Random(0xFEDC_BA98_7654_3211);
    for module in common::modules() {
        for len in 0..module.len() {
            let cut = &module[..len];
            let whole = walk(cut, Features::ALL);
            let pieces = walk_in_pieces(cut, &mut random, 9);
            assert_eq!(whole.is_ok(), pieces.is_ok(), "cut to {len} bytes: {whole:?} and {pieces:?}");
        }
    }
}

#[test]
fn mutations_do_not_panic_and_agree() {
    let mut random = Random(0x0BAD_5EED_0BAD_5EED);
    let modules = common::modules();
    let mut errors = 0;
    for _ in 0..40_000 {
        let mut module = modules[random.below(modules.len())].clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(module.len());
            module[at] = match random.below(4) {
                0 => 0xFF,
                1 => 0x80,
                2 => module[at].wrapping_add(1),
                _ => random.below(256) as u8,
            };
        }
        let whole = walk(&module, Features::ALL);
        let pieces = walk_in_pieces(&module, &mut random, 40);
        assert_eq!(whole.is_ok(), pieces.is_ok(), "{module:02x?}: {whole:?} and {pieces:?}");
        errors += usize::from(whole.is_err());
        for features in [Features::V1, Features::V2, Features::V3] {
            let _ = walk(&module, features);
        }
    }
    assert!(errors > 1_000, "the mutations are too tame: {errors}");
}
