//! Sections: declared functions, constant expressions, limits and features, errors as the user sees them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{I32, func};
use wasm_syntax::{
    ExternKind, ExternType, Feature, Features, FuncIdx, GlobalIdx, GlobalType, HeapType, Instr, Limits, MemIdx,
    MemType, ModuleLimits, NumericOp, RefType, TableIdx, TableType, TypeIdx, ValType,
};
use wasm_validate::{FuncBuffers, FuncValidator, ModuleValidator, SegmentMode, ValidateError};

const MEMORY: MemType =
    MemType { limits: Limits { min: 1, max: None }, memory64: false, shared: false, page_size_log2: 16 };
const TABLE: TableType = TableType { elem: RefType::FUNCREF, limits: Limits { min: 1, max: None }, table64: false };
const I32_GLOBAL: GlobalType = GlobalType { val: ValType::I32, mutable: false };

/// A module of three functions without operands and results.
fn three_funcs(features: Features) -> ModuleValidator {
    let mut module = ModuleValidator::new(features, &ModuleLimits::DEFAULT);
    module.rec_group(0, [func(&[], &[])].into_iter()).unwrap();
    for _ in 0..3 {
        module.function(0, TypeIdx(0)).unwrap();
    }
    module
}

fn constant(module: &mut ModuleValidator, ty: ValType, instrs: &[Instr<'_>]) -> Result<(), ValidateError> {
    let mut expr = module.const_expr(ty);
    for (offset, instr) in instrs.iter().enumerate() {
        expr.step(offset as u64, instr)?;
    }
    expr.finish(instrs.len() as u64)
}

fn error<T: std::fmt::Debug>(result: Result<T, ValidateError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn functions_are_declared_by_exports_elements_and_constants() {
    let mut module = three_funcs(Features::V3);
    module.table(0, TABLE, false).unwrap();
    module.global(0, GlobalType { val: ValType::FUNCREF, mutable: false }).unwrap();
    constant(&mut module, ValType::FUNCREF, &[Instr::RefFunc(FuncIdx(1)), Instr::End]).unwrap();
    module.export(0, "f", ExternKind::Func, 0).unwrap();
    module.start(0, FuncIdx(2)).unwrap();
    let module = module.finish(0).unwrap();
    assert_eq!([0, 1, 2].map(|i| module.is_declared_func_ref(FuncIdx(i))), [true, true, false]);
    let mut body = FuncValidator::new(&module, FuncIdx(2), FuncBuffers::default()).unwrap();
    body.step(7, &Instr::RefFunc(FuncIdx(1))).unwrap();
    assert_eq!(error(body.step(9, &Instr::RefFunc(FuncIdx(2)))), {
        "undeclared function reference in `ref.func`: 2 (at offset 0x9)"
    });
}

#[test]
fn constants_read_earlier_globals() {
    let read = [Instr::GlobalGet(GlobalIdx(1)), Instr::End];
    let run = |features| {
        let mut module = ModuleValidator::new(features, &ModuleLimits::DEFAULT);
        module.import(0, ExternType::Global(I32_GLOBAL)).unwrap();
        module.global(0, I32_GLOBAL).unwrap();
        let own = constant(&mut module, ValType::I32, &read);
        constant(&mut module, ValType::I32, &[Instr::GlobalGet(GlobalIdx(0)), Instr::End]).unwrap();
        module.global(0, I32_GLOBAL).unwrap();
        (error(own), constant(&mut module, ValType::I32, &read).map_err(|error| error.to_string()))
    };
    let own = "unknown index in `global.get`: global 1, of 1 (at offset 0x0)";
    assert_eq!(run(Features::V3), (own.to_owned(), Ok(())));
    let defined = "global is not constant here in `global.get`: 1 (at offset 0x0)";
    assert_eq!(run(Features::V2), (own.to_owned(), Err(defined.to_owned())));
}

#[test]
fn constants_are_constant() {
    let mut module = three_funcs(Features::V3);
    let add = [Instr::I32Const(1), Instr::I32Const(2), Instr::Numeric(NumericOp::I32Add), Instr::End];
    constant(&mut module, ValType::I32, &add).unwrap();
    let div = Instr::Numeric(NumericOp::I32DivU);
    assert_eq!(error(constant(&mut module, ValType::I32, &[add[0], add[1], div])), {
        "constant expression required in `i32.div_u` (at offset 0x2)"
    });
    assert_eq!(error(constant(&mut module, ValType::I64, &add)), {
        "type mismatch in `end`: expected i64, found i32 (at offset 0x3)"
    });
    assert_eq!(error(constant(&mut module, ValType::I32, &add[..3])), "unclosed blocks: 1 (at offset 0x3)");
    let mut older = three_funcs(Features::V2);
    assert_eq!(error(constant(&mut older, ValType::I32, &add)), {
        "disabled feature in `i32.add`: arithmetic in a constant expression needs `extended-const` (at offset 0x2)"
    });
}

#[test]
fn names_of_exports_are_unlike() {
    let mut module = three_funcs(Features::V3);
    for (i, name) in ["", "f", "g"].into_iter().enumerate() {
        module.export(0, name, ExternKind::Func, i as u32).unwrap();
    }
    assert_eq!(error(module.export(5, "f", ExternKind::Func, 2)), "duplicate export name: \"f\" (at offset 0x5)");
    assert_eq!(error(module.export(5, "h", ExternKind::Global, 0)), "unknown index: global 0, of 0 (at offset 0x5)");
    let module = module.finish(0).unwrap();
    let exports: Vec<_> = module.exports().map(|export| (export.name, export.idx)).collect();
    assert_eq!(exports, [("", 0), ("f", 1), ("g", 2)]);
}

#[test]
fn sizes_are_within_what_addresses_reach() {
    let memory = |ty: MemType| {
        let mut module = ModuleValidator::new(Features::ALL, &ModuleLimits::DEFAULT);
        module.memory(0, ty).map_err(|error| error.to_string())
    };
    let sized = |min, page_size_log2, memory64| MemType {
        limits: Limits { min, max: None },
        page_size_log2,
        memory64,
        shared: false,
    };
    assert_eq!(memory(sized(1 << 16, 16, false)), Ok(()));
    assert_eq!(memory(sized((1 << 16) + 1, 16, false)), {
        Err("size out of range: a memory's size is at most 65536, found 65537 (at offset 0x0)".to_owned())
    });
    assert_eq!(memory(sized(u32::MAX.into(), 0, false)), Ok(()));
    assert!(memory(sized(1 << 32, 0, false)).is_err());
    assert_eq!(memory(sized(1 << 48, 16, true)), Ok(()));
    assert!(memory(sized((1 << 48) + 1, 16, true)).is_err());
    assert_eq!(memory(sized(u64::MAX, 0, true)), Ok(()));
    assert_eq!(memory(sized(1, 12, false)), {
        Err("invalid page size: expected 2^0 or 2^16, found 2^12 (at offset 0x0)".to_owned())
    });
    assert_eq!(memory(MemType { shared: true, ..MEMORY }), {
        Err("shared memory without a maximum (at offset 0x0)".to_owned())
    });
    let limits = Limits { min: 2, max: Some(1) };
    assert_eq!(memory(MemType { limits, ..MEMORY }), {
        Err("size minimum above its maximum: 2 above 1 (at offset 0x0)".to_owned())
    });
}

#[test]
fn tables_of_non_null_references_have_initial_values() {
    let elem = RefType::new(false, HeapType::FUNC);
    let mut module = three_funcs(Features::V3);
    assert_eq!(error(module.table(3, TableType { elem, ..TABLE }, false)), {
        "table without an initial value: elements of (ref func) have no default (at offset 0x3)"
    });
    module.table(3, TableType { elem, ..TABLE }, true).unwrap();
    constant(&mut module, elem.into(), &[Instr::RefFunc(FuncIdx(0)), Instr::End]).unwrap();
    assert_eq!(error(module.elem_segment(8, SegmentMode::Active(TableIdx(0)), RefType::FUNCREF)), {
        "type mismatch: expected (ref func), found funcref (at offset 0x8)"
    });
    assert_eq!(module.elem_segment(8, SegmentMode::Active(TableIdx(0)), elem).unwrap(), Some(ValType::I32));
}

#[test]
fn features_that_are_off_are_named() {
    let mut module = three_funcs(Features::V1);
    module.memory(0, MEMORY).unwrap();
    assert_eq!(
        error(module.memory(4, MEMORY)),
        "disabled feature: a second memory needs `multi-memory` (at offset 0x4)"
    );
    assert_eq!(error(module.rec_group(4, [func(&[], &[I32, I32])].into_iter())), {
        "disabled feature: a function with several results needs `multi-value` (at offset 0x4)"
    });
    let mut module = three_funcs(Features::V1.without(Feature::MutableGlobal));
    let global = GlobalType { mutable: true, ..I32_GLOBAL };
    assert_eq!(error(module.import(4, ExternType::Global(global))), {
        "disabled feature: an import of a mutable global needs `mutable-global` (at offset 0x4)"
    });
}

#[test]
fn data_segments_are_as_many_as_announced() {
    let mut module = three_funcs(Features::V3);
    module.memory(0, MEMORY).unwrap();
    module.data_count(0, 2).unwrap();
    assert_eq!(module.data_segment(0, SegmentMode::Active(MemIdx(0))).unwrap(), Some(ValType::I32));
    constant(&mut module, ValType::I32, &[Instr::I32Const(0), Instr::End]).unwrap();
    assert_eq!(error(module.finish(9)), "data count does not match the segments: expected 2, found 1 (at offset 0x9)");
}

/// Each limit lets through as many as it says and not one more.
#[test]
fn limits_hold_at_n_and_fail_at_n_plus_one() {
    type SetLimit = fn(&mut ModuleLimits);
    type Push = fn(&mut ModuleValidator) -> Result<(), ValidateError>;
    let cases: [(&str, SetLimit, Push); 9] = [
        ("types", |l| l.types = 3, |m| m.rec_group(0, [func(&[], &[])].into_iter())),
        ("functions", |l| l.functions = 2, |m| m.function(0, TypeIdx(0))),
        ("imports", |l| l.imports = 2, |m| m.import(0, ExternType::Func(TypeIdx(0)))),
        ("globals", |l| l.globals = 2, |m| m.global(0, I32_GLOBAL)),
        ("tables", |l| l.tables = 2, |m| m.table(0, TABLE, false)),
        ("memories", |l| l.memories = 2, |m| m.memory(0, MEMORY)),
        ("tags", |l| l.tags = 2, |m| m.tag(0, TypeIdx(0))),
        (
            "elem_segments",
            |l| l.elem_segments = 2,
            |m| m.elem_segment(0, SegmentMode::Passive, RefType::FUNCREF).map(|_| ()),
        ),
        ("data_segments", |l| l.data_segments = 2, |m| m.data_segment(0, SegmentMode::Passive).map(|_| ())),
    ];
    for (name, set, push) in cases {
        let mut limits = ModuleLimits::DEFAULT;
        set(&mut limits);
        let mut module = ModuleValidator::new(Features::V3, &limits);
        module.rec_group(0, [func(&[], &[])].into_iter()).unwrap();
        for _ in 0..2 {
            push(&mut module).unwrap();
        }
        let max = if name == "types" { 3 } else { 2 };
        let expected = format!("limit exceeded: {name} at most {max}, found {} (at offset 0x0)", max + 1);
        assert_eq!(error(push(&mut module)), expected);
    }
}

#[test]
fn module_info_is_shared_between_threads() {
    let module = three_funcs(Features::V3).finish(0).unwrap();
    std::thread::scope(|scope| {
        for i in 0..3 {
            let module = &module;
            scope.spawn(move || {
                let mut body = FuncValidator::new(module, FuncIdx(i), FuncBuffers::default()).unwrap();
                body.step(0, &Instr::End).unwrap();
                body.finish(1).unwrap();
            });
        }
    });
}
