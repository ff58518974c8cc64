//! Each rule of code refuses what breaks it, and nothing else about the same code.

use wasm_syntax::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, LoadOp, MemIdx, NumericOp, TableIdx, TagIdx, Trap, TypeIdx};
use whimbrel_ir::{
    Action, Addr, AggregateOp, CallInfo, CalleeSlots, CastKind, CastTest, Class, Clause, Code, Dst, Handler, Inst,
    LocalSet, Pin, Point, Pos, RefKind, RefMaps, RefOp, Resumption, Rule, Saves, Slot, SlotsOp, Src, StorageOp,
    TailMove, Temps, VerifyEnv, verify,
};

/// A module with an imported function 0, functions 1 of one parameter and one result, a 32-bit memory, an `i32` global.
struct Env;

impl VerifyEnv for Env {
    fn func(&self, func: FuncIdx) -> Option<(CalleeSlots, bool)> {
        (func.0 < 2).then_some((CalleeSlots { params: 1, results: 1 }, func.0 == 0))
    }

    fn func_type(&self, ty: TypeIdx) -> Option<CalleeSlots> {
        (ty.0 == 0).then_some(CalleeSlots { params: 1, results: 1 })
    }

    fn global(&self, global: GlobalIdx) -> Option<Class> {
        (global.0 == 0).then_some(Class::I32)
    }

    fn is_shared(&self, memory: MemIdx) -> Option<bool> {
        (memory.0 < 3).then_some(memory.0 == 2)
    }

    fn is_memory64(&self, memory: MemIdx) -> Option<bool> {
        (memory.0 == 0).then_some(false)
    }

    fn is_table64(&self, _: TableIdx) -> Option<bool> {
        None
    }

    fn has_data(&self, _: DataIdx) -> bool {
        false
    }

    fn has_elem(&self, _: ElemIdx) -> bool {
        false
    }

    fn struct_type(&self, ty: TypeIdx) -> Option<u32> {
        (ty.0 == 2).then_some(3)
    }

    fn array_type(&self, ty: TypeIdx) -> Option<u32> {
        (ty.0 == 3).then_some(1)
    }

    fn tag(&self, tag: TagIdx) -> Option<CalleeSlots> {
        (tag.0 < 1).then_some(CalleeSlots { params: 2, results: 3 })
    }
}

const ENTER: Inst = Inst::Enter { return_slot: Slot(1), frame_slots: 6, saves: Saves::None };
const RETURN: Inst = Inst::Return { return_slot: Slot(1), saves: Saves::None };
const ADD: Inst = add(Dst::Slot(Slot(2)), Src::Slot(Slot(0)), Src::Const(1));

const fn add(d: Dst, a: Src, b: Src) -> Inst {
    Inst::Binary { op: NumericOp::I32Add, d, a, b }
}

/// Code of a function of one parameter and one result, with a frame of six slots.
fn code(insts: &[Inst]) -> Code {
    let mut code = Code::new(FuncIdx(1));
    (code.param_slots, code.result_slots, code.return_slot, code.frame_slots) = (1, 1, Slot(1), 6);
    for &inst in insts {
        let at = code.push(inst);
        if let Inst::BrTable { count, .. } = inst {
            (0..count).for_each(|_| code.push_br_table_target(at, Pos(0)));
        }
    }
    code
}

fn broken(insts: &[Inst]) -> Option<Rule> {
    verify(&code(insts), &Env).err().map(|error| error.rule)
}

fn call(delta: u32) -> Inst {
    Inst::Call { func: FuncIdx(1), info: CallInfo { delta } }
}

fn load(addr: Addr) -> Inst {
    Inst::Load { op: LoadOp::I32Load, d: Dst::Acc, addr }
}

#[test]
fn sound_code_is_accepted() {
    let info = CallInfo { delta: 4 };
    let saved = Slot(3);
    let insts = [
        ENTER,
        ADD,
        add(Dst::Acc, Src::Acc, Src::Slot(Slot(5))),
        load(Addr::Plain { base: Src::Acc, offset: 8 }),
        call(4),
        Inst::CallImport { func: FuncIdx(0), saved, info },
        Inst::Reload { saved, info },
        Inst::Br { target: Pos(0) },
        RETURN,
    ];
    assert_eq!(broken(&insts), None);
}

#[test]
fn words_that_do_not_decode_are_refused() {
    // The last word is a payload without its key, or a key without its payload.
    let mut whole = code(&[ENTER, RETURN]);
    whole.truncate(Pos(3));
    assert_eq!(verify(&whole, &Env).err().map(|error| (error.rule, error.at)), Some((Rule::Words, Pos(2))));
}

#[test]
fn frames_are_checked() {
    assert_eq!(broken(&[ADD, RETURN]), Some(Rule::Enter));
    assert_eq!(broken(&[ENTER, ENTER, RETURN]), Some(Rule::Enter));
    let mut areas = code(&[ENTER, RETURN]);
    areas.param_slots = 2;
    assert_eq!(verify(&areas, &Env).err().map(|error| error.rule), Some(Rule::Areas));
    assert_eq!(broken(&[ENTER, Inst::Return { return_slot: Slot(0), saves: Saves::None }]), Some(Rule::Areas));
}

#[test]
fn slots_are_in_the_frame() {
    for inst in [
        add(Dst::Slot(Slot(6)), Src::Slot(Slot(0)), Src::Const(1)),
        add(Dst::Acc, Src::Slot(Slot(6)), Src::Const(1)),
        Inst::Copy { class: Class::V128, d: Dst::Slot(Slot(0)), a: Src::Slot(Slot(5)) },
        Inst::Zero { first: Slot(4), count: 3 },
        Inst::CopyRange { d: Slot(0), a: Slot(5), count: 2 },
        Inst::Slots { op: SlotsOp::MemoryFill(MemIdx(0)), a: Slot(4) },
    ] {
        assert_eq!(broken(&[ENTER, inst, RETURN]), Some(Rule::Slots), "{inst:?}");
    }
}

#[test]
fn calls_are_checked() {
    assert_eq!(broken(&[ENTER, call(5), RETURN]), Some(Rule::Calls));
    let tail = TailMove { args: Slot(4), count: 1, return_slot: Slot(1), results: 1 };
    let tail_call = |tail| Inst::ReturnCall { func: FuncIdx(1), tail };
    assert_eq!(broken(&[ENTER, tail_call(tail)]), None);
    for wrong in
        [TailMove { count: 2, ..tail }, TailMove { results: 0, ..tail }, TailMove { return_slot: Slot(2), ..tail }]
    {
        assert_eq!(broken(&[ENTER, tail_call(wrong)]), Some(Rule::TailCalls), "{wrong:?}");
    }
    let info = CallInfo { delta: 4 };
    let import = Inst::CallImport { func: FuncIdx(0), saved: Slot(3), info };
    assert_eq!(broken(&[ENTER, import, RETURN]), Some(Rule::Reloads));
    assert_eq!(broken(&[ENTER, import, Inst::Reload { saved: Slot(2), info }, RETURN]), Some(Rule::Reloads));
    assert_eq!(broken(&[ENTER, Inst::Reload { saved: Slot(3), info }, RETURN]), Some(Rule::Reloads));
}

#[test]
fn control_flow_is_checked() {
    assert_eq!(broken(&[ENTER, Inst::Br { target: Pos(1) }]), Some(Rule::Targets));
    assert_eq!(broken(&[ENTER, Inst::Br { target: Pos(4) }]), Some(Rule::Targets));
    assert_eq!(broken(&[ENTER, Inst::BrTable { index: Src::Slot(Slot(0)), count: 0 }]), Some(Rule::Tables));
    assert_eq!(broken(&[ENTER, ADD]), Some(Rule::End));
    assert_eq!(
        broken(&[ENTER, Inst::BrIf { cond: Src::Slot(Slot(0)), negate: false, target: Pos(0) }]),
        Some(Rule::End)
    );
}

#[test]
fn accumulators_are_defined_where_they_are_read() {
    let use_acc = add(Dst::Acc, Src::Acc, Src::Const(1));
    let accumulators = Some(Rule::Accumulators);
    assert_eq!(broken(&[ENTER, use_acc, RETURN]), accumulators);
    assert_eq!(broken(&[ENTER, ADD, call(4), use_acc, RETURN]), accumulators);
    // A label between the definition, whose words are 2 and 3, and the use.
    let branch = Inst::BrIf { cond: Src::Slot(Slot(0)), negate: true, target: Pos(4) };
    assert_eq!(broken(&[ENTER, ADD, use_acc, branch, RETURN]), accumulators);
    // A value of another class is in the same accumulator.
    let wide = Inst::Const64 { class: Class::I64, d: Dst::Acc, value: 1 };
    assert_eq!(broken(&[ENTER, wide, use_acc, RETURN]), accumulators);
}

#[test]
fn operand_kinds_are_checked() {
    let unary = |op, a| Inst::Unary { op, d: Dst::Acc, a };
    let indexed = |base, index| load(Addr::Indexed { base, index, scale_log2: 0, offset: 0 });
    for inst in [
        add(Dst::Acc, Src::Acc, Src::Acc),
        unary(NumericOp::I32Add, Src::Slot(Slot(0))),
        indexed(Src::Acc, Src::Acc),
        Inst::Copy { class: Class::V128, d: Dst::Acc, a: Src::Slot(Slot(0)) },
        Inst::Const64 { class: Class::F32, d: Dst::Acc, value: 0 },
        Inst::BrCmp { op: NumericOp::I32Add, negate: false, a: Src::Slot(Slot(0)), b: Src::Const(0), target: Pos(0) },
        // There is another comparison that says the same, and another order of the operands.
        Inst::BrCmp { op: NumericOp::I32Eq, negate: true, a: Src::Slot(Slot(0)), b: Src::Const(0), target: Pos(0) },
        add(Dst::Acc, Src::Slot(Slot(0)), Src::Acc),
        indexed(Src::Slot(Slot(0)), Src::Acc),
    ] {
        assert_eq!(broken(&[ENTER, ADD, inst, RETURN]), Some(Rule::Shapes), "{inst:?}");
    }
}

#[test]
fn pins_are_kept_and_given_back() {
    let (pin, slot) = (Src::Pin(Pin::First), Slot(0));
    let with = |saves, insts: &[Inst]| {
        let enter = Inst::Enter { return_slot: Slot(1), frame_slots: 6, saves };
        let end = Inst::Return { return_slot: Slot(1), saves };
        let mut code = code(&[&[enter], insts, &[end]].concat());
        code.saves = saves;
        verify(&code, &Env).err().map(|error| error.rule)
    };
    let (ints, all) = (Saves::Ints(Slot(4)), Saves::All(Slot(2)));
    let float = Inst::Copy { class: Class::F64, d: Dst::Pin(Pin::Second), a: Src::Slot(slot) };
    let fill = |floats| Inst::Pins { ints: [slot; 2], floats };
    let to_pin = add(Dst::Pin(Pin::First), pin, Src::Const(1));
    assert_eq!(with(ints, &[fill(None), to_pin]), None);
    assert_eq!(with(all, &[fill(Some([slot; 2])), to_pin, float]), None);
    assert_eq!(with(Saves::None, &[to_pin]), Some(Rule::Pins));
    assert_eq!(with(Saves::None, &[fill(None)]), Some(Rule::Pins));
    assert_eq!(with(ints, &[float]), Some(Rule::Pins));
    assert_eq!(with(ints, &[fill(Some([slot; 2]))]), Some(Rule::Pins));
    // A single float is no pin, and references' instructions take none.
    assert_eq!(with(all, &[Inst::Copy { class: Class::F32, d: Dst::Acc, a: pin }]), Some(Rule::Pins));
    assert_eq!(with(all, &[Inst::RefUnary { op: RefOp::RefI31, d: Dst::Acc, a: pin }]), Some(Rule::Pins));
    // What is in a pin is not in the accumulator.
    assert_eq!(with(ints, &[to_pin, add(Dst::Acc, Src::Acc, Src::Const(1))]), Some(Rule::Accumulators));
    assert_eq!(with(ints, &[RETURN]), Some(Rule::Pins));
    let tail = TailMove { args: Slot(4), count: 1, return_slot: Slot(1), results: 1 };
    assert_eq!(with(ints, &[Inst::ReturnCall { func: FuncIdx(1), tail }]), Some(Rule::Pins));
    assert_eq!(with(Saves::Ints(Slot(5)), &[]), Some(Rule::Slots));
}

#[test]
fn indices_exist() {
    let far = |memory, memory64| load(Addr::Far { base: Slot(0), offset: 0, memory: MemIdx(memory), memory64 });
    let info = CallInfo { delta: 3 };
    for inst in [
        Inst::Call { func: FuncIdx(0), info },
        Inst::Call { func: FuncIdx(2), info },
        Inst::GlobalGet { class: Class::I64, d: Dst::Acc, global: GlobalIdx(0) },
        Inst::GlobalGet { class: Class::I32, d: Dst::Acc, global: GlobalIdx(1) },
        far(1, false),
        far(0, true),
        Inst::Slots { op: SlotsOp::TableSize(TableIdx(0)), a: Slot(2) },
        Inst::Slots { op: SlotsOp::ElemDrop(ElemIdx(0)), a: Slot(0) },
    ] {
        assert_eq!(broken(&[ENTER, inst, RETURN]), Some(Rule::Indices), "{inst:?}");
    }
}

fn with_handler(handler: Handler) -> Option<Rule> {
    // A call at words 2 to 4, and a return at word 5.
    let mut code = code(&[ENTER, call(4), RETURN]);
    code.set_handlers([handler].into());
    verify(&code, &Env).err().map(|error| error.rule)
}

#[test]
fn handlers_are_checked() {
    let clause = Clause { tag: Some(TagIdx(0)), target: Pos(5), payload: Slot(3), exn: Some(Slot(5)), null: None };
    let handler = |clause| Handler { start: Pos(2), end: Pos(5), depth: 1, action: Action::Catch(clause) };
    assert_eq!(with_handler(handler(clause)), None);
    assert_eq!(with_handler(Handler { end: Pos(2), ..handler(clause) }), Some(Rule::Handlers));
    assert_eq!(with_handler(Handler { end: Pos(8), ..handler(clause) }), Some(Rule::Handlers));
    assert_eq!(with_handler(handler(Clause { target: Pos(4), ..clause })), Some(Rule::Handlers));
    assert_eq!(with_handler(handler(Clause { payload: Slot(5), ..clause })), Some(Rule::Slots));
    assert_eq!(with_handler(handler(Clause { exn: Some(Slot(6)), ..clause })), Some(Rule::Slots));
    assert_eq!(with_handler(handler(Clause { tag: Some(TagIdx(1)), ..clause })), Some(Rule::Indices));
    assert_eq!(broken(&[ENTER, Inst::Throw { tag: TagIdx(0), args: Slot(4) }]), None);
    assert_eq!(broken(&[ENTER, Inst::Throw { tag: TagIdx(0), args: Slot(5) }]), Some(Rule::Slots));
    assert_eq!(broken(&[ENTER, Inst::Throw { tag: TagIdx(1), args: Slot(0) }]), Some(Rule::Indices));
    assert_eq!(broken(&[ENTER, Inst::ThrowRef { exn: Slot(6) }]), Some(Rule::Slots));
}

#[test]
fn continuations_are_checked() {
    let info = |delta| CallInfo { delta };
    let resume = |cont, how, args, delta| Inst::Resume { cont: Slot(cont), how, args, info: info(delta) };
    let rule = |inst| broken(&[ENTER, inst, RETURN]);
    assert_eq!(rule(Inst::ContNew { a: Slot(5) }), None);
    assert_eq!(rule(Inst::ContNew { a: Slot(6) }), Some(Rule::Slots));
    assert_eq!(rule(Inst::ContBind { a: Slot(3), args: 2 }), None);
    assert_eq!(rule(Inst::ContBind { a: Slot(4), args: 2 }), Some(Rule::Slots));
    assert_eq!(rule(resume(5, Resumption::Return, 2, 3)), None);
    assert_eq!(rule(resume(6, Resumption::Return, 2, 3)), Some(Rule::Slots));
    assert_eq!(rule(resume(5, Resumption::Return, 2, 4)), Some(Rule::Calls));
    assert_eq!(rule(resume(5, Resumption::Throw(TagIdx(0)), 2, 3)), None);
    assert_eq!(rule(resume(5, Resumption::Throw(TagIdx(0)), 1, 3)), Some(Rule::Indices));
    assert_eq!(rule(resume(5, Resumption::Throw(TagIdx(1)), 2, 3)), Some(Rule::Indices));
    assert_eq!(rule(Inst::Suspend { tag: TagIdx(0), info: info(2) }), None);
    assert_eq!(rule(Inst::Suspend { tag: TagIdx(0), info: info(3) }), Some(Rule::Calls));
    assert_eq!(rule(Inst::Suspend { tag: TagIdx(1), info: info(2) }), Some(Rule::Indices));
    let switch = |tag, ty, delta| {
        let (tag, ty) = (TagIdx(tag), TypeIdx(ty));
        Inst::Switch { tag, cont: Slot(5), args: 1, ty, info: info(delta) }
    };
    assert_eq!(rule(switch(0, 0, 4)), None);
    assert_eq!(rule(switch(0, 0, 5)), Some(Rule::Calls));
    assert_eq!(rule(switch(0, 1, 4)), Some(Rule::Indices));
    assert_eq!(rule(switch(1, 0, 4)), Some(Rule::Indices));

    // A resumption at words 2 to 4, and a return at word 5.
    let handled = |start, end, action| {
        let mut code = code(&[ENTER, resume(5, Resumption::Return, 0, 3), RETURN]);
        code.set_handlers([Handler { start: Pos(start), end: Pos(end), depth: 1, action }].into());
        verify(&code, &Env).err().map(|error| error.rule)
    };
    let clause = Clause { tag: Some(TagIdx(0)), target: Pos(5), payload: Slot(2), exn: Some(Slot(4)), null: None };
    assert_eq!(handled(2, 5, Action::Suspend(clause)), None);
    assert_eq!(handled(0, 5, Action::Suspend(clause)), Some(Rule::Handlers));
    assert_eq!(handled(2, 7, Action::Suspend(clause)), Some(Rule::Handlers));
    assert_eq!(handled(2, 5, Action::Suspend(Clause { exn: None, ..clause })), Some(Rule::Handlers));
    assert_eq!(handled(2, 5, Action::Suspend(Clause { target: Pos(4), ..clause })), Some(Rule::Handlers));
    assert_eq!(handled(2, 5, Action::Suspend(Clause { payload: Slot(5), ..clause })), Some(Rule::Slots));
    assert_eq!(handled(2, 5, Action::Switch(TagIdx(0))), None);
    assert_eq!(handled(5, 7, Action::Switch(TagIdx(0))), Some(Rule::Handlers));
    assert_eq!(handled(2, 5, Action::Switch(TagIdx(1))), Some(Rule::Indices));
}

#[test]
fn suspensions_meet_the_handlers_of_their_resumption_alone() {
    let clause = Clause { tag: Some(TagIdx(0)), target: Pos(9), payload: Slot(0), exn: Some(Slot(1)), null: None };
    let handler = |start, end, depth, action| Handler { start: Pos(start), end: Pos(end), depth, action };
    let mut handlers = [
        handler(0, 5, 1, Action::Catch(clause)),
        handler(2, 5, 2, Action::Switch(TagIdx(3))),
        handler(2, 5, 2, Action::Suspend(clause)),
        handler(5, 8, 1, Action::Switch(TagIdx(4))),
    ];
    Handler::sort(&mut handlers);
    let met = |at| Handler::of_resumption(&handlers, Pos(at)).copied().collect::<Vec<_>>();
    assert_eq!(met(4), [Action::Switch(TagIdx(3)), Action::Suspend(clause)]);
    assert_eq!(met(5), [Action::Switch(TagIdx(4))]);
    assert_eq!(met(1), []);
    assert_eq!(Handler::find(&handlers, Pos(4)).count(), 1);
}

#[test]
fn reference_maps_are_checked() {
    let with_map = |slot, point| {
        // A call at words 2 to 4, and a return at word 5.
        let mut code = code(&[ENTER, call(4), RETURN]);
        let mut refs = RefMaps::new(Slot(0), LocalSet::default());
        let temps = refs.push_temp(Temps::NONE, Slot(slot), RefKind::Heap);
        refs.push_point(point, &LocalSet::default(), temps);
        code.set_refs(Some(refs.into()));
        verify(&code, &Env).err().map(|error| error.rule)
    };
    assert_eq!(with_map(3, Point::returning(Pos(5))), None);
    assert_eq!(with_map(3, Point::before(Pos(2))), None);
    assert_eq!(with_map(6, Point::returning(Pos(5))), Some(Rule::References));
    assert_eq!(with_map(3, Point::returning(Pos(2))), Some(Rule::References));
    assert_eq!(with_map(3, Point::before(Pos(3))), Some(Rule::References));
}

#[test]
fn reference_maps_share_what_points_have_in_common() {
    let mut refs = RefMaps::new(Slot(3), [0b10, 0, 0, 0]);
    refs.push_always(Slot(0), RefKind::Heap);
    let below = refs.push_temp(Temps::NONE, Slot(7), RefKind::Func);
    let above = refs.push_temp(below, Slot(8), RefKind::Heap);
    refs.push_point(Point::returning(Pos(4)), &[0b11, 0, 0, 0], below);
    refs.push_point(Point::before(Pos(4)), &LocalSet::default(), above);
    let at = |point| refs.at(point).map(|(slot, kind)| (slot.0, kind == RefKind::Func)).collect::<Vec<_>>();
    assert_eq!(at(Point::returning(Pos(4))), [(0, false), (3, false), (4, true), (7, true)]);
    assert_eq!(at(Point::before(Pos(4))), [(0, false), (8, false), (7, true)]);
    assert_eq!(at(Point::before(Pos(9))), [(0, false)]);
}

#[test]
fn no_accumulator_is_defined_where_exceptions_arrive() {
    let use_acc = add(Dst::Acc, Src::Acc, Src::Const(1));
    let insts = [ENTER, ADD, use_acc, RETURN];
    assert_eq!(broken(&insts), None);
    let clause = Clause { tag: None, target: Pos(4), payload: Slot(0), exn: None, null: None };
    let mut code = code(&insts);
    code.set_handlers([Handler { start: Pos(0), end: Pos(4), depth: 1, action: Action::Catch(clause) }].into());
    assert_eq!(verify(&code, &Env).err().map(|error| error.rule), Some(Rule::Accumulators));
}

#[test]
fn exceptions_meet_handlers_from_the_inside() {
    let catch = |start, end, depth, target| {
        let clause = Clause { tag: None, target: Pos(target), payload: Slot(0), exn: None, null: None };
        Handler { start: Pos(start), end: Pos(end), depth, action: Action::Catch(clause) }
    };
    // Listed as blocks open; the two of depth 3 belong to one block.
    let mut handlers = [
        catch(0, 20, 1, 100),
        catch(2, 20, 2, 101),
        catch(2, 10, 3, 102),
        catch(2, 10, 3, 103),
        Handler { start: Pos(4), end: Pos(6), depth: 4, action: Action::Delegate(1) },
        catch(12, 14, 3, 104),
    ];
    Handler::sort(&mut handlers);
    assert!(Handler::are_sorted(&handlers));
    let met = |at| Handler::find(&handlers, Pos(at)).map(|clause| clause.target.0).collect::<Vec<_>>();
    assert_eq!(met(0), [100]);
    assert_eq!(met(3), [102, 103, 101, 100]);
    assert_eq!(met(5), [100]);
    assert_eq!(met(6), [102, 103, 101, 100]);
    assert_eq!(met(11), [101, 100]);
    assert_eq!(met(13), [104, 101, 100]);
    assert_eq!(met(20), []);
}

#[test]
fn errors_name_the_rule_and_the_place() {
    let Err(error) = verify(&code(&[ENTER, ADD, Inst::Trap(Trap::Unreachable), ADD]), &Env) else {
        panic!("the code falls off its end");
    };
    assert_eq!(error.to_string(), "rule 9 broken at word 6: the last instruction ends the flow");
}

#[test]
fn objects_types_exist_and_their_operands_are_in_the_frame() {
    let aggregate = |op, a| broken(&[ENTER, Inst::Aggregate { op, a: Slot(a) }, RETURN]);
    let (ty, array) = (TypeIdx(2), TypeIdx(3));
    assert_eq!(aggregate(AggregateOp::StructNew(ty), 3), None);
    assert_eq!(aggregate(AggregateOp::StructNew(ty), 4), Some(Rule::Slots));
    assert_eq!(aggregate(AggregateOp::StructNewDesc(ty), 3), Some(Rule::Slots));
    assert_eq!(aggregate(AggregateOp::StructNew(array), 3), Some(Rule::Indices));
    assert_eq!(aggregate(AggregateOp::ArrayNewFixed(array, 3), 3), None);
    assert_eq!(aggregate(AggregateOp::ArrayNewFixed(array, 4), 3), Some(Rule::Slots));
    assert_eq!(aggregate(AggregateOp::ArrayNewFixed(array, u32::MAX), 3), Some(Rule::Slots));
    assert_eq!(aggregate(AggregateOp::ArrayNew(ty), 3), Some(Rule::Indices));
    assert_eq!(aggregate(AggregateOp::ArrayNewData(array, DataIdx(0)), 3), Some(Rule::Indices));
    let cast = |kind| broken(&[ENTER, Inst::RefCast { a: Slot(2), test: CastTest { nullable: true, kind } }, RETURN]);
    assert_eq!(cast(CastKind::Object(array)), None);
    assert_eq!(cast(CastKind::Object(TypeIdx(0))), Some(Rule::Indices));
    assert_eq!(cast(CastKind::Func(TypeIdx(0))), None);
    assert_eq!(cast(CastKind::Func(ty)), Some(Rule::Indices));
    let set = |value| broken(&[ENTER, Inst::FieldSet { op: StorageOp::I32, a: Slot(2), value, offset: 8 }, RETURN]);
    assert_eq!(set(Src::Slot(Slot(3))), None);
    assert_eq!(set(Src::Const(1)), Some(Rule::Shapes));
    assert_eq!(set(Src::Acc), Some(Rule::Accumulators));
}
