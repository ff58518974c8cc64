//! Reading any bytes: pieces give the same as the whole, and decoding and encoding undo each other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_syntax::Features;
use whimbrel_fuzz::walk;

fuzz_target!(|bytes: &[u8]| {
    for features in [Features::ALL, Features::V1] {
        let whole = walk::whole(bytes, features);
        // Sizes of pieces that follow from the bytes, so that a crash can be repeated.
        let sizes = &bytes[bytes.len().saturating_sub(8)..];
        let pieces = walk::pieces(bytes, features, sizes);
        let log = match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => {
                assert!(whole.bytes.0 == pieces.bytes.0, "pieces read otherwise than the whole");
                assert_eq!(whole.offsets, pieces.offsets);
                whole
            }
            (Err(_), Err(_)) => continue,
            (whole, pieces) => panic!("whole: {:?}, pieces: {:?}", whole.map(|_| ()), pieces.map(|_| ())),
        };
        for instrs in [false, true] {
            let again = walk::rewrite(bytes, features, instrs).expect("the module has been read");
            let read_again = walk::whole(&again, features).expect("what is written is well-formed");
            assert!(log.bytes.0 == read_again.bytes.0, "the module changed on its way");
            let thrice = walk::rewrite(&again, features, instrs).expect("the module has been read");
            assert!(again == thrice, "writing is not stable");
        }
    }
});
