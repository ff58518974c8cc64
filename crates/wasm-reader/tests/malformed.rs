//! What is refused, in which words, and what only some features allow.

mod common;

use common::{Bytes, walk};
use wasm_reader::{Import, Section, SectionId, encode};
use wasm_syntax::{ExternType, Feature, Features, TypeIdx};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
/// A type section with `[] -> []`.
const TYPE: &[u8] = &[1, 4, 1, 0x60, 0, 0];
const FUNCTION: &[u8] = &[3, 2, 1, 0];

fn module(sections: &[&[u8]]) -> Vec<u8> {
    [&[HEADER], sections].concat().concat()
}

/// A module with one function of this body.
fn function(body: &[u8]) -> Vec<u8> {
    let len = u8::try_from(body.len()).expect("the body is short");
    module(&[TYPE, FUNCTION, &[10, len + 2, 1, len], body])
}

fn error(bytes: &[u8], features: Features) -> String {
    walk(bytes, features).expect_err("the module is malformed").to_string()
}

#[test]
fn headers() {
    let all = Features::ALL;
    assert_eq!(error(b"", all), "unexpected end of input: expected 4 more bytes (at offset 0x0)");
    assert_eq!(error(b"\0as", all), "unexpected end of input: expected 1 more byte (at offset 0x3)");
    assert_eq!(
        error(b"\x7fELF", all),
        "magic header not detected: expected `\\0asm`, found `\\x7fELF` (at offset 0x0)"
    );
    assert_eq!(error(b"\0asm\x02\0\0\0", all), "unknown binary version: expected 1, found 0x2 (at offset 0x4)");
    assert_eq!(
        error(b"\0asm\x0d\0\x01\0", all),
        "unsupported binary: expected a module, found a component (at offset 0x4)"
    );
}

#[test]
fn section_layout() {
    let all = Features::ALL;
    let memory: &[u8] = &[5, 3, 1, 0, 1];
    let tag: &[u8] = &[13, 3, 1, 0, 0];
    let global: &[u8] = &[6, 6, 1, 0x7F, 0, 0x41, 0, 0x0B];
    assert!(walk(&module(&[TYPE, memory, tag, global]), all).is_ok());
    assert_eq!(
        error(&module(&[TYPE, memory, global, tag]), all),
        "unexpected content: section 13 is out of order or comes twice (at offset 0x1b)"
    );
    assert_eq!(
        error(&module(&[TYPE, TYPE]), all),
        "unexpected content: section 1 is out of order or comes twice (at offset 0xe)"
    );
    assert_eq!(error(&module(&[&[14, 0]]), all), "malformed section id: expected 0 to 13, found 14 (at offset 0x8)");
    assert_eq!(
        error(&module(&[&[1, 5, 1, 0x60, 0, 0, 0]]), all),
        "section size mismatch: expected the end, found 1 more byte (at offset 0xe)"
    );
    assert_eq!(
        error(&module(&[&[1, 3, 1, 0x60, 0, 0]]), all),
        "unexpected end of input: expected 1 more byte (at offset 0xd)"
    );
    assert_eq!(
        error(&module(&[TYPE, FUNCTION]), all),
        "function and code section have inconsistent lengths: expected 1 bodies, found 0 (at offset 0x12)"
    );
    assert_eq!(
        error(&module(&[&[12, 1, 2], &[11, 1, 0]]), all),
        "data count and data section have inconsistent lengths: expected 2 segments, found 0 (at offset 0xb)"
    );
}

#[test]
fn bodies() {
    let all = Features::ALL;
    assert!(walk(&function(&[0, 0x02, 0x40, 0x0B, 0x0B]), all).is_ok());
    assert_eq!(
        error(&function(&[0, 0x02, 0x40, 0x0B]), all),
        "END opcode expected, found the end of the expression's bytes (at offset 0x1a)"
    );
    assert_eq!(
        error(&function(&[0, 0x0B, 0x0B]), all),
        "section size mismatch: expected the end, found 1 more byte (at offset 0x18)"
    );
    assert_eq!(error(&function(&[0, 0x05, 0x0B]), all), "`else` outside an `if` (at offset 0x17)");
    assert_eq!(
        error(&function(&[0, 0x04, 0x40, 0x05, 0x05, 0x0B, 0x0B]), all),
        "`else` outside an `if` (at offset 0x1a)"
    );
    assert_eq!(error(&function(&[0, 0x27, 0x0B]), all), "illegal opcode 0x27 (at offset 0x17)");
    assert_eq!(error(&function(&[0, 0xFC, 0x7F, 0x0B]), all), "illegal opcode 0xfc 0x7f (at offset 0x17)");
    assert_eq!(error(&function(&[0, 0xFF, 0x0B]), all), "illegal opcode 0xff (at offset 0x17)");
    assert_eq!(
        error(&function(&[2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 1, 0x7F, 0x0B]), all),
        "too many locals: expected fewer than 2^32 (at offset 0x16)"
    );
    assert_eq!(
        error(&function(&[0, 0xFC, 0x09, 0, 0x0B]), all),
        "data count section required by an instruction with a data index (at offset 0x19)"
    );
    assert_eq!(
        error(&function(&[0, 0xFE, 3, 1, 0x0B]), all),
        "zero byte expected: expected 0, found 0x1 (at offset 0x19)"
    );
}

#[test]
fn reserved_bytes_become_indices() {
    let size_of_memory_1 = function(&[0, 0x3F, 1, 0x1A, 0x0B]);
    assert!(walk(&size_of_memory_1, Features::V3).is_ok());
    assert!(error(&size_of_memory_1, Features::V2).starts_with("zero byte expected"));
    let indirect_through_table_1 = function(&[0, 0x11, 0, 1, 0x0B]);
    assert!(walk(&indirect_through_table_1, Features::V2).is_ok());
    assert!(error(&indirect_through_table_1, Features::V1).starts_with("zero byte expected"));
    let long_zero = function(&[0, 0x11, 0, 0x80, 0, 0x0B]);
    assert!(walk(&long_zero, Features::V2).is_ok());
    assert!(walk(&long_zero, Features::V1).is_err());
}

#[test]
fn memory_flags_need_features() {
    let cases: [(&[u8], Feature); 3] = [
        (&[5, 4, 1, 3, 1, 1], Feature::Threads),
        (&[5, 3, 1, 4, 1], Feature::Memory64),
        (&[5, 4, 1, 8, 1, 0], Feature::CustomPageSizes),
    ];
    for (section, feature) in cases {
        let module = module(&[section]);
        assert!(walk(&module, Features::ALL).is_ok());
        let expected = format!("feature `{feature}` is off and this encoding needs it (at offset 0xb)");
        assert_eq!(error(&module, Features::ALL.without(feature)), expected);
    }
    assert_eq!(
        error(&module(&[&[5, 3, 1, 0x10, 1]]), Features::ALL),
        "malformed limits flags: expected known bits only, found 0x10 (at offset 0xb)"
    );
    assert_eq!(
        error(&module(&[&[5, 4, 1, 8, 1, 64]]), Features::ALL),
        "invalid custom page size: expected a power of two below 2^64, found 0x40 (at offset 0xd)"
    );
}

#[test]
fn type_indices_have_a_limit() {
    let body = |idx: [u8; 3]| function(&[0, 0xD0, idx[0], idx[1], idx[2], 0x1A, 0x0B]);
    assert!(walk(&body([0xFF, 0xFF, 0x3F]), Features::V3).is_ok());
    assert_eq!(
        error(&body([0x80, 0x80, 0x40]), Features::V3),
        "malformed heap type: expected a type index or an abstract heap type, found 0x80 (at offset 0x18)"
    );
    let too_large = function(&[0, 0xD0, 0x80, 0x80, 0xC0, 0x00, 0x1A, 0x0B]);
    assert_eq!(
        error(&too_large, Features::V3),
        "type index too large: expected at most 1048575, found 1048576 (at offset 0x18)"
    );
}

#[test]
fn compact_imports_come_one_by_one() {
    // By module: two names with their types; by type: two names; then a plain one with an empty name.
    let imports = b"\x02\x1e\x03\
        \x01m\0\x7f\x02\x01a\0\0\x01b\0\x01\
        \x01n\0\x7e\0\x02\x02\x01c\x01d\
        \x01o\0\0\x03";
    let module = module(&[imports]);
    let sections = wasm_reader::sections(&module, Features::ALL).expect("a module");
    let mut seen = Vec::new();
    for section in sections {
        let Ok(Section::Import(imports)) = section else { panic!("expected the imports: {section:?}") };
        assert_eq!(imports.entries(), 3);
        seen.extend(imports.map(|import| import.expect("a well-formed import")));
    }
    let import = |module, name, idx| Import { module, name, ty: ExternType::Func(TypeIdx(idx)) };
    let expected =
        [import("m", "a", 0), import("m", "b", 1), import("n", "c", 2), import("n", "d", 2), import("o", "", 3)];
    assert_eq!(seen, expected);
    assert!(error(&module, Features::V3).starts_with("feature `compact-imports` is off"));
}

#[test]
fn one_block_deeper_than_tracked_is_left_to_the_validator() {
    let nested = |depth: usize| {
        let mut body = vec![0];
        body.extend([0x02, 0x40].repeat(depth));
        body.push(0x05);
        body.extend(vec![0x0B; depth + 1]);
        let mut code = Bytes::default();
        encode::section(SectionId::Code, &mut code, |sink| encode::list(sink, [&body[..]]));
        module(&[TYPE, FUNCTION, &code.0])
    };
    assert!(walk(&nested(64), Features::V3).is_err());
    assert!(walk(&nested(65), Features::V3).is_ok());
}
