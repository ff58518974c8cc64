//! What stops loading and compilation, as the user sees it.

use wasm_syntax::{Features, FuncIdx};
use whimbrel_compile::{
    CompileErrorKind, LoadOptions, Options, Scratch, compile_const_expr, compile_func, load_module,
};

fn options() -> LoadOptions {
    LoadOptions { features: Features::ALL, ..LoadOptions::default() }
}

fn load_error(wat: &str) -> String {
    match wat::parse_str(wat) {
        Ok(bytes) => load_module(&bytes, &options()).map_or_else(|error| error.to_string(), |_| String::from("none")),
        Err(error) => error.to_string(),
    }
}

#[test]
fn frames_have_a_largest_size() {
    let locals = |n: usize| format!("(module (func (local {})))", "v128 ".repeat(n));
    let compile = |wat: &str| {
        let bytes = wat::parse_str(wat).unwrap();
        let loaded = load_module(&bytes, &options()).unwrap();
        let body = loaded.body(&bytes, FuncIdx(0));
        compile_func(&loaded.info, FuncIdx(0), &body, &Options::default(), &mut Scratch::default())
    };
    // Beside the locals there are the return ip and the slot that keeps the instance.
    assert_eq!(compile(&locals(32_766)).unwrap().frame_slots, 65_534);
    insta::assert_snapshot!(
        compile(&locals(32_767)).unwrap_err(),
        @"frame too large: at most 65535 slots, found 65536"
    );
}

#[test]
fn bodies_are_validated_at_load_or_at_compilation() {
    let wat = "(module (func (result i32) (i64.const 1)))";
    insta::assert_snapshot!(
        load_error(wat),
        @"type mismatch in `end`: expected i32, found i64 (at offset 0x1a)"
    );
    let bytes = wat::parse_str(wat).unwrap();
    let loaded = load_module(&bytes, &LoadOptions { validate_bodies: false, ..options() }).unwrap();
    let body = loaded.body(&bytes, FuncIdx(0));
    let error = compile_func(&loaded.info, FuncIdx(0), &body, &Options::default(), &mut Scratch::default());
    assert!(matches!(error.unwrap_err().kind(), CompileErrorKind::Validate(_)));
}

#[test]
fn bytes_that_are_no_module_are_malformed() {
    let error = load_module(b"\0asm\x02\0\0\0", &options()).unwrap_err();
    assert!(error.is_malformed());
    insta::assert_snapshot!(error, @"unknown binary version: expected 1, found 0x2 (at offset 0x4)");
}

#[test]
fn loading_keeps_the_places_of_what_instantiation_needs() {
    let wat = r#"(module $m
        (import "env" "print" (func $print (param i32)))
        (global i64 (i64.add (i64.const 40) (i64.const 2)))
        (table 4 funcref)
        (memory 1)
        (elem (i32.const 1) func $print $named)
        (data (i32.const 8) "bytes")
        (func $named))"#;
    let bytes = wat::parse_str(wat).unwrap();
    let loaded = load_module(&bytes, &options()).unwrap();
    let [(module, name)] = loaded.imports[..] else { panic!("one import") };
    assert_eq!((module.of(&bytes), name.of(&bytes)), (&b"env"[..], &b"print"[..]));
    assert_eq!(loaded.func_name(&bytes, FuncIdx(1)), Some("named"));
    assert_eq!(loaded.func_name(&bytes, FuncIdx(2)), None);
    assert_eq!(loaded.datas[0].bytes.of(&bytes), b"bytes");
    assert_eq!(loaded.elem_items(&bytes, &loaded.elems[0]).count(), 2);
    let init = loaded.const_expr(&bytes, loaded.globals[0]);
    let code = compile_const_expr(&loaded.info, wasm_syntax::ValType::I64, &init, &mut Scratch::default()).unwrap();
    insta::assert_snapshot!(whimbrel_ir::Listing(&code), @r"
    func 4294967295: params 0, results 1, frame 5
        0  enter s1, 5
        2  i64.return 42
    ");
}
