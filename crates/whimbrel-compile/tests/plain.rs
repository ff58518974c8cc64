//! Validation by table says what the rules say: the same verdict, the same error, at the same place.

use wasm_reader::Body;
use wasm_syntax::FuncIdx;
use wasm_validate::{FuncBuffers, FuncValidator, ModuleInfo};
use whimbrel_compile::{LoadError, LoadOptions, Scratch, load_module, validate_func};

/// A module whose last function is to be replaced, with what plain instructions can name.
const MODULE: &str = "(module
    (memory 1)
    (global i32 (i32.const 0)) (global (mut f64) (f64.const 0)) (global (mut funcref) (ref.null func))
    (global (mut i32) (i32.const 0))
    (func $callee (param i64) (result f32) unreachable)
    (func (param i32 i64 f32 f64 funcref) (result i32)
        (local i32 v128 (ref func)) (local i64)
        unreachable))";
const LOCALS: &[u8] = &[4, 1, 0x7F, 1, 0x7B, 1, 0x64, 0x70, 1, 0x7E];

/// One instruction after the other, by the rules alone.
fn by_rules(info: &ModuleInfo, func: FuncIdx, body: &Body<'_>) -> Result<(), LoadError> {
    let mut validator = FuncValidator::new(info, func, FuncBuffers::default())?;
    for run in body.locals().iter() {
        validator.locals(body.offset(), run.count, run.ty)?;
    }
    let mut instrs = body.instrs();
    while !instrs.is_finished() {
        let offset = instrs.offset();
        validator.step(offset, &instrs.read()?)?;
    }
    validator.finish(instrs.offset())?;
    Ok(())
}

/// Pseudo-random numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// An instruction as bytes, more often than not one that could be valid.
fn instr(numbers: &mut Numbers) -> Vec<u8> {
    let index = numbers.below(10) as u8;
    match numbers.below(12) {
        0..=3 => vec![numbers.of(&[0x20, 0x20, 0x20, 0x21, 0x22]), index],
        4 => vec![numbers.of(&[0x23, 0x24]), numbers.below(5) as u8],
        5 => numbers
            .of(&[
                &[0x41, 5][..],
                &[0x41, 0x80, 0x7F],
                &[0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
                &[0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            ])
            .to_vec(),
        6 => [&[numbers.of(&[0x43, 0x44])][..], &[0x3F; 8]].concat()[..numbers.of(&[5, 9])].to_vec(),
        7 | 8 => vec![0x45 + numbers.below(0x80) as u8],
        9 => {
            let memarg = numbers.of(&[&[2, 0][..], &[0, 0x90, 1], &[3, 5], &[0x80, 0, 7], &[0x82, 0x80, 1, 7], &[1]]);
            [&[0x28 + numbers.below(0x17) as u8], memarg].concat()
        }
        10 => vec![numbers.of(&[0x1A, 0x1A, 0x01, 0x00, 0x1B, 0x0F])],
        _ => numbers
            .of(&[
                &[0x0D, 0][..],
                &[0x0D, 1],
                &[0x0C, 0],
                &[0x02, 0x40],
                &[0x03, 0x7F],
                &[0x04, 0x7E],
                &[0x05],
                &[0x0B],
                &[0x10, 0],
            ])
            .to_vec(),
    }
}

#[test]
fn tables_and_rules_agree() {
    let bytes = wat::parse_str(MODULE).unwrap();
    let loaded = load_module(&bytes, &LoadOptions::default()).unwrap();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (mut valid, mut longest) = (0, 0);
    for _ in 0..3_000 {
        let mut body = LOCALS.to_vec();
        let mut accepted = body.clone();
        // Grow a valid body where that is possible, so that errors come late as well as early.
        for _ in 0..numbers.below(40) {
            let instr = instr(&mut numbers);
            body.extend(&instr);
            if numbers.below(20) != 0 && !is_prefix_valid(&loaded.info, &body) {
                body.clone_from(&accepted);
            }
            accepted.clone_from(&body);
        }
        body.extend(&[0x0B; 4][..1 + numbers.below(3)]);
        let cursor = wasm_reader::Cursor::new(&body, 100, loaded.info.features());
        let body = Body::new(cursor).unwrap();
        let func = FuncIdx(1);
        let expected = by_rules(&loaded.info, func, &body).map_err(|error| error.to_string());
        let found =
            validate_func(&loaded.info, func, &body, &mut Scratch::default()).map_err(|error| error.to_string());
        assert_eq!(found, expected, "{:x?}", body.as_bytes());
        if expected.is_ok() {
            valid += 1;
            longest = longest.max(body.as_bytes().len());
        }
    }
    assert!(valid > 20 && longest > 40, "{valid} valid bodies, {longest} bytes");
}

/// Whether the instructions so far are valid, but for the missing end.
fn is_prefix_valid(info: &ModuleInfo, body: &[u8]) -> bool {
    let body = Body::new(wasm_reader::Cursor::new(body, 100, info.features())).expect("the locals are well-formed");
    by_rules(info, FuncIdx(1), &body).is_err_and(|error| error.to_string().starts_with("END opcode expected"))
}
