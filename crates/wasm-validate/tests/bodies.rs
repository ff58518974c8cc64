//! Bodies: unreachable code, branches, locals without a value, and what the accessors show.

mod common;

use common::{F64, I32, I64, body, func, module_with_func, text};
use wasm_syntax::{
    BlockType, BrTable, Features, FuncIdx, HeapType, Instr, LabelIdx, LocalIdx, ModuleLimits, NumericOp, RefType,
    SelectTypes, Sequence, TagIdx, TypeIdx, ValType,
};
use wasm_validate::{FrameKind, FuncBuffers, FuncValidator, ModuleValidator};

const ONE: Instr<'_> = Instr::I32Const(1);
const ADD: Instr<'_> = Instr::Numeric(NumericOp::I32Add);
const VOID: BlockType = BlockType::Empty;

fn result(ty: ValType) -> BlockType {
    BlockType::Value(ty)
}

fn br_table(labels: &[u8], default: u32) -> Instr<'_> {
    let labels = Sequence::from_checked(labels, labels.len() as u32);
    Instr::BrTable(BrTable { labels, default: LabelIdx(default) })
}

#[test]
fn unreachable_code_takes_operands_from_nowhere() {
    let module = module_with_func(func(&[], &[I32]));
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    assert_eq!(run(&[Instr::Unreachable, ADD, Instr::End]), "ok");
    assert_eq!(run(&[Instr::Unreachable, Instr::F64Const(wasm_syntax::F64Bits(0)), ADD, Instr::End]), {
        "type mismatch in `i32.add`: expected i32, found f64 (at offset 0x2)"
    });
    // Operands outside of the block are out of reach even then.
    assert_eq!(run(&[ONE, Instr::Block(VOID), Instr::Drop, Instr::End, Instr::End]), {
        "type mismatch in `drop`: expected a value, found nothing (at offset 0x2)"
    });
    assert_eq!(run(&[ONE, Instr::Block(VOID), Instr::Unreachable, Instr::Drop, Instr::End, Instr::End]), "ok");
    assert_eq!(run(&[Instr::Unreachable, ONE, ONE, Instr::End]), {
        "type mismatch in `end`: 1 values remain at the end of the block (at offset 0x3)"
    });
}

#[test]
fn a_reference_of_unknown_type_is_no_number() {
    let module = module_with_func(func(&[], &[I32]));
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    assert_eq!(run(&[Instr::Unreachable, Instr::RefAsNonNull, Instr::RefIsNull, Instr::End]), "ok");
    assert_eq!(run(&[Instr::Unreachable, Instr::RefAsNonNull, ONE, ADD, Instr::End]), {
        "type mismatch in `i32.add`: expected i32, found a reference of unknown type (at offset 0x3)"
    });
    assert_eq!(run(&[Instr::Unreachable, Instr::RefAsNonNull, ONE, Instr::Select, Instr::End]), {
        "type mismatch in `select`: expected a number or vector, found a reference of unknown type (at offset 0x3)"
    });
}

#[test]
fn br_table_labels_agree_where_code_is_reachable() {
    let module = module_with_func(func(&[], &[]));
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    let nested = |before: &[Instr<'static>], table| {
        let mut instrs = vec![Instr::Block(result(ValType::F64)), Instr::Block(result(ValType::I32))];
        instrs.extend_from_slice(before);
        instrs.extend([ONE, table, Instr::End, Instr::Drop, Instr::F64Const(wasm_syntax::F64Bits(0))]);
        instrs.extend([Instr::End, Instr::Drop, Instr::End]);
        run(&instrs)
    };
    // Without an operand, labels of different types meet; with one, each label must take it.
    assert_eq!(nested(&[Instr::Unreachable], br_table(&[0, 1], 0)), "ok");
    assert_eq!(nested(&[ONE], br_table(&[0, 0], 0)), "ok");
    assert_eq!(nested(&[ONE], br_table(&[0, 1], 0)), {
        "type mismatch in `br_table`: expected f64, found i32 (at offset 0x4)"
    });
    assert_eq!(nested(&[Instr::Unreachable], br_table(&[2], 0)), {
        "type mismatch in `br_table`: expected 1 values, found 0 (at offset 0x4)"
    });
    assert_eq!(nested(&[Instr::Unreachable], br_table(&[3], 0)), {
        "unknown index in `br_table`: label 3, of 3 (at offset 0x4)"
    });
}

#[test]
fn a_conditional_branch_leaves_the_labels_types() {
    let module = module_with_func(func(&[I64], &[]));
    let eq = Instr::RefNull(HeapType::I31);
    let any = result(RefType::ANYREF.into());
    // The operand was an `i31ref`, but after the branch it is an `anyref`.
    let instrs = [Instr::Block(any), eq, ONE, Instr::BrIf(LabelIdx(0)), Instr::I31GetS, Instr::Drop];
    assert_eq!(text(body(&module, &[], &instrs)), {
        "type mismatch in `i31.get_s`: expected i31ref, found anyref (at offset 0x4)"
    });
}

#[test]
fn select_takes_one_type() {
    let module = module_with_func(func(&[], &[I32]));
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    let null = Instr::RefNull(HeapType::FUNC);
    assert_eq!(run(&[ONE, ONE, ONE, Instr::Select, Instr::End]), "ok");
    assert_eq!(run(&[Instr::Unreachable, ONE, Instr::Select, ADD, Instr::End]), "ok");
    assert_eq!(run(&[ONE, Instr::I64Const(0), ONE, Instr::Select, Instr::End]), {
        "type mismatch in `select`: expected i32, found i64 (at offset 0x3)"
    });
    assert_eq!(run(&[null, null, ONE, Instr::Select, Instr::End]), {
        "type mismatch in `select`: expected a number or vector, found funcref (at offset 0x3)"
    });
    let typed = |count, first| Instr::SelectTyped(SelectTypes { count, first });
    assert_eq!(run(&[null, null, ONE, typed(1, Some(ValType::FUNCREF)), Instr::RefIsNull, Instr::End]), "ok");
    assert_eq!(run(&[ONE, ONE, ONE, typed(2, Some(ValType::I32)), Instr::End]), {
        "invalid result arity in `select`: expected one type, found 2 (at offset 0x3)"
    });
}

#[test]
fn locals_have_values_until_their_block_ends() {
    let module = module_with_func(func(&[], &[]));
    let non_null = RefType::new(false, HeapType::I31);
    let locals = [(300, non_null.into())];
    let run = |instrs: &[Instr<'_>]| text(body(&module, &locals, instrs));
    let (get, set) = (Instr::LocalGet(LocalIdx(299)), Instr::LocalSet(LocalIdx(299)));
    let value = [ONE, Instr::RefI31];
    let body = |before: &[Instr<'static>], after: &[Instr<'static>]| {
        run(&[before, &value, &[set], after, &[Instr::Drop, Instr::End]].concat())
    };
    assert_eq!(run(&[get]), "uninitialized local in `local.get`: 299 (at offset 0x0)");
    assert_eq!(body(&[], &[get]), "ok");
    assert_eq!(body(&[], &[Instr::Block(VOID), get, Instr::Drop, Instr::End, get]), "ok");
    assert_eq!(body(&[Instr::Block(VOID)], &[Instr::End, get]), {
        "uninitialized local in `local.get`: 299 (at offset 0x5)"
    });
    assert_eq!(body(&[ONE, Instr::If(VOID)], &[Instr::Else, get]), {
        "uninitialized local in `local.get`: 299 (at offset 0x6)"
    });
    // Unreachable code is no value.
    assert_eq!(run(&[Instr::Unreachable, get]), "uninitialized local in `local.get`: 299 (at offset 0x1)");
}

#[test]
fn if_without_else_passes_its_operands_on() {
    let module = module_with_func(func(&[I32], &[I32]));
    let same = BlockType::Func(TypeIdx(0));
    let run = |ty, instrs: &[Instr<'_>]| text(body(&module, &[], &[&[ONE, ONE, Instr::If(ty)], instrs].concat()));
    assert_eq!(run(same, &[Instr::End, Instr::End]), "ok");
    assert_eq!(run(result(ValType::I32), &[ONE, Instr::End]), {
        "type mismatch in `end`: without `else`, operands must be the results (at offset 0x4)"
    });
}

#[test]
fn bodies_end_exactly_at_their_end() {
    let module = module_with_func(func(&[], &[]));
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    assert_eq!(run(&[Instr::End, Instr::Nop]), "instruction after the end of the body in `nop` (at offset 0x1)");
    assert_eq!(run(&[Instr::Block(VOID), Instr::End]), "unclosed blocks: 1 (at offset 0x2)");
    assert_eq!(run(&[Instr::Block(VOID), Instr::Else]), "misplaced instruction in `else` (at offset 0x1)");
}

#[test]
fn locals_are_limited() {
    let module = module_with_func(func(&[I32], &[]));
    assert_eq!(text(body(&module, &[(49_999, ValType::I32)], &[Instr::End])), "ok");
    assert_eq!(text(body(&module, &[(49_999, ValType::I32), (1, ValType::I32)], &[Instr::End])), {
        "limit exceeded: locals at most 50000, found 50001 (at offset 0x0)"
    });
    assert_eq!(text(body(&module, &[(u32::MAX, ValType::I32)], &[Instr::End])), {
        "limit exceeded: locals at most 50000, found 4294967296 (at offset 0x0)"
    });
}

#[test]
fn accessors_show_the_stacks_between_steps() {
    let module = module_with_func(func(&[I32, F64], &[I64]));
    let mut func = FuncValidator::new(&module, FuncIdx(0), FuncBuffers::default()).unwrap();
    func.locals(0, 2, ValType::F32).unwrap();
    assert_eq!((func.num_locals(), func.local_type(LocalIdx(1))), (4, Some(ValType::F64)));
    assert_eq!(func.local_type(LocalIdx(4)), None);
    let mut step = |instr: Instr<'_>| func.step(0, &instr).unwrap();
    step(Instr::I64Const(0));
    step(Instr::Loop(result(ValType::I64)));
    step(ONE);
    step(Instr::Unreachable);
    step(Instr::RefAsNonNull);
    assert_eq!((func.operand_height(), func.operand(0), func.operand(1)), (2, None, Some(ValType::I64)));
    assert_eq!((func.operand(2), func.control_depth(), func.is_unreachable()), (None, 2, true));
    let frame = func.frame(LabelIdx(0)).unwrap();
    assert_eq!((frame.kind, frame.height, frame.unreachable), (FrameKind::Loop, 1, true));
    assert_eq!((func.frame_results(frame).len(), func.label_types(LabelIdx(0)).unwrap().len()), (1, 0));
    assert_eq!(*func.label_types(LabelIdx(1)).unwrap(), [ValType::I64]);
    assert_eq!(func.frame(LabelIdx(1)).unwrap().kind, FrameKind::Func);
    assert!(func.frame(LabelIdx(2)).is_none());
}

#[test]
fn the_operand_stack_is_bounded_where_values_multiply() {
    let results = [I32; 1000];
    let module = module_with_func(func(&[], &results));
    let mut body = FuncValidator::new(&module, FuncIdx(0), FuncBuffers::default()).unwrap();
    for _ in 0..1048 {
        body.step(0, &Instr::Call(FuncIdx(0))).unwrap();
    }
    assert_eq!(body.step(5, &Instr::Call(FuncIdx(0))).unwrap_err().to_string(), {
        "limit exceeded in `call`: operands at most 1048576, found 1049000 (at offset 0x5)"
    });
}

#[test]
fn legacy_handlers_follow_their_try() {
    let mut module = ModuleValidator::new(Features::ALL, &ModuleLimits::DEFAULT);
    module.rec_group(0, [func(&[I32], &[])].into_iter()).unwrap();
    module.function(0, TypeIdx(0)).unwrap();
    module.tag(0, TypeIdx(0)).unwrap();
    let module = module.finish(0).unwrap();
    let run = |instrs: &[Instr<'_>]| text(body(&module, &[], instrs));
    let (start, catch) = (Instr::Try(VOID), Instr::Catch(TagIdx(0)));
    assert_eq!(run(&[start, catch, Instr::Drop, catch, Instr::Drop, Instr::CatchAll, Instr::End, Instr::End]), "ok");
    assert_eq!(run(&[start, Instr::CatchAll, catch]), "misplaced instruction in `catch` (at offset 0x2)");
    assert_eq!(run(&[start, catch, Instr::End]), {
        "type mismatch in `end`: 1 values remain at the end of the block (at offset 0x2)"
    });
    assert_eq!(run(&[start, Instr::Rethrow(LabelIdx(0))]), "label is not a catch in `rethrow` (at offset 0x1)");
    assert_eq!(run(&[start, Instr::CatchAll, Instr::Rethrow(LabelIdx(0)), Instr::End, Instr::End]), "ok");
    assert_eq!(run(&[start, Instr::Delegate(LabelIdx(0)), Instr::End]), "ok");
    assert_eq!(run(&[start, Instr::Delegate(LabelIdx(1))]), {
        "unknown index in `delegate`: label 1, of 1 (at offset 0x1)"
    });
}

#[test]
fn a_label_takes_what_a_try_table_catches() {
    let module = {
        let mut module = ModuleValidator::new(Features::V3, &ModuleLimits::DEFAULT);
        module.rec_group(0, [func(&[I32], &[])].into_iter()).unwrap();
        module.function(0, TypeIdx(0)).unwrap();
        module.tag(0, TypeIdx(0)).unwrap();
        module.finish(0).unwrap()
    };
    let run = |ty, catch: &[u8]| {
        let catches = Sequence::from_checked(catch, 1);
        let instrs = [Instr::Block(result(ty)), Instr::TryTable(VOID, catches), Instr::Unreachable, Instr::End];
        let rest = [Instr::Unreachable, Instr::End, Instr::Drop, Instr::End];
        text(body(&module, &[], &[instrs, rest].concat()))
    };
    // `catch 0 0`, `catch_all_ref 0`, `catch_all 0`.
    assert_eq!(run(ValType::I32, &[0, 0, 0]), "ok");
    assert_eq!(run(RefType::EXNREF.into(), &[3, 0]), "ok");
    assert_eq!(run(ValType::I32, &[3, 0]), {
        "type mismatch in `try_table`: expected i32, found (ref exn) (at offset 0x1)"
    });
    assert_eq!(run(ValType::I32, &[2, 0]), {
        "type mismatch in `try_table`: expected 1 values, found 0 (at offset 0x1)"
    });
}
