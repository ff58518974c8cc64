//! Encoding and decoding undo each other for every op and every combination of operand kinds.

use wasm_syntax::{
    AtomicOp, DataIdx, ElemIdx, FuncIdx, GlobalIdx, LaneOp, LoadOp, MemIdx, MemoryLaneOp, NumericOp, ShuffleLanes,
    StoreOp, TableIdx, TagIdx, Trap, TypeIdx, V128, VectorOp,
};
use whimbrel_ir::{
    Addr, AggregateOp, CallInfo, CastKind, CastTest, Class, Code, Dst, DstKind, IndirectCallee, Inst, Pin, Pos, RefOp,
    Resumption, Saves, Slot, SlotsOp, Src, SrcKind, StorageOp, TailMove,
};

/// Numbers without a pattern (xorshift64*), the extremes among them.
struct Numbers(u64);

impl Numbers {
    fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        match value >> 60 {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << 31,
            _ => value,
        }
    }

    fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    fn slot(&mut self) -> Slot {
        Slot(self.u64() as u16)
    }

    fn src(&mut self, class: Class, kind: SrcKind) -> Src {
        match kind {
            SrcKind::Slot => Src::Slot(self.slot()),
            SrcKind::Acc => Src::Acc,
            SrcKind::Pin0 => Src::Pin(Pin::First),
            SrcKind::Pin1 => Src::Pin(Pin::Second),
            SrcKind::Const => Src::Const(match class {
                Class::I32 | Class::F32 => self.u32().into(),
                Class::I64 => self.u32() as i32 as i64 as u64,
                Class::F64 | Class::V128 => self.u64(),
            }),
        }
    }

    fn dst(&mut self, kind: DstKind) -> Dst {
        match kind {
            DstKind::Slot => Dst::Slot(self.slot()),
            DstKind::Acc => Dst::Acc,
            DstKind::Pin0 => Dst::Pin(Pin::First),
            DstKind::Pin1 => Dst::Pin(Pin::Second),
        }
    }

    fn saves(&mut self) -> Saves {
        let first = self.slot();
        [Saves::None, Saves::Ints(first), Saves::All(first)][self.u64() as usize % 3]
    }

    /// A target at any distance that code can have.
    fn target(&mut self) -> Pos {
        Pos(self.u32() >> 4)
    }
}

/// The addresses of an access of `width_bytes`, with every kind of base and index that there may be.
fn addresses(numbers: &mut Numbers, width_bytes: u8) -> Vec<Addr> {
    let mut addrs = vec![Addr::Plain { base: Src::Const(0), offset: numbers.u32() }];
    let kinds = SrcKind::ALL.into_iter().filter(|&kind| kind != SrcKind::Const);
    for base in kinds.clone() {
        let base = numbers.src(Class::I32, base);
        addrs.push(Addr::Plain { base, offset: numbers.u32() });
        addrs.push(Addr::Wrapped { base, displacement: numbers.u32() });
        for index in kinds.clone() {
            let index = numbers.src(Class::I32, index);
            for scale_log2 in [0, width_bytes.trailing_zeros() as u8] {
                addrs.push(Addr::Indexed { base, index, scale_log2, offset: numbers.u32() });
            }
        }
    }
    for memory64 in [false, true] {
        let (base, offset, memory) = (numbers.slot(), numbers.u64(), MemIdx(numbers.u32()));
        addrs.push(Addr::Far { base, offset, memory, memory64 });
        addrs.push(Addr::Shared { base, offset, memory, memory64 });
    }
    addrs
}

/// Whether instructions on slots may have this address.
fn has_slots(addr: Addr) -> bool {
    matches!(addr, Addr::Plain { base: Src::Slot(_), .. } | Addr::Far { .. } | Addr::Shared { .. })
}

fn round_trip(numbers: &mut Numbers, inst: Inst) {
    let mut code = Code::new(FuncIdx(0));
    // Branches are relative, so the position matters.
    for _ in 0..numbers.u64() % 3 {
        code.push(Inst::Trap(Trap::Unreachable));
    }
    let at = code.push(inst);
    let end = code.end();
    if let Inst::BrTable { .. } = inst {
        assert_eq!(code.inst(at), Some(inst));
        return;
    }
    code.push(Inst::Trap(Trap::Unreachable));
    assert_eq!(code.inst(at), Some(inst));
    assert_eq!(code.inst_end(at), end, "{inst:?}");
    if let Some((class, d)) = inst.result() {
        let other = if d == Dst::Acc { Dst::Slot(Slot(1)) } else { Dst::Acc };
        // Panics unless the length stays.
        code.replace(at, inst.with_dst(other));
        assert_eq!(code.inst(at).and_then(|inst| inst.result()), Some((class, other)));
    }
}

#[test]
fn numeric_ops_round_trip() {
    let numbers = &mut Numbers(1);
    for &op in NumericOp::ALL {
        let signature = op.signature();
        let class = Class::of(signature.params[0]);
        for (d, a) in DstKind::ALL.into_iter().flat_map(|d| SrcKind::ALL.map(|a| (d, a))) {
            let (d, a) = (numbers.dst(d), numbers.src(class, a));
            match (signature.params.len(), signature.results.len()) {
                (1, 1) if !matches!(a, Src::Const(_)) => round_trip(numbers, Inst::Unary { op, d, a }),
                (2, 1) => {
                    for b in SrcKind::ALL.map(|b| numbers.src(class, b)) {
                        if let (Src::Const(_), Src::Const(_)) = (a, b) {
                            continue;
                        }
                        round_trip(numbers, Inst::Binary { op, d, a, b });
                        for negate in [false, true] {
                            let target = numbers.target();
                            if !matches!(a, Src::Const(_)) {
                                round_trip(numbers, Inst::BrCmp { op, negate, a, b, target });
                            }
                        }
                    }
                }
                _ => {
                    let a = numbers.slot();
                    round_trip(numbers, Inst::Slots { op: SlotsOp::Wide(op), a });
                }
            }
        }
    }
}

#[test]
fn accesses_round_trip() {
    let numbers = &mut Numbers(2);
    for &op in LoadOp::ALL {
        for addr in addresses(numbers, op.width_bytes()) {
            for d in DstKind::ALL {
                let d = numbers.dst(d);
                round_trip(numbers, Inst::Load { op, d, addr });
            }
        }
    }
    for &op in StoreOp::ALL {
        let class = Class::of(op.val_type());
        for addr in addresses(numbers, op.width_bytes()) {
            for value in SrcKind::ALL {
                let value = numbers.src(class, value);
                round_trip(numbers, Inst::Store { op, addr, value });
            }
        }
    }
}

#[test]
fn moves_and_branches_round_trip() {
    let numbers = &mut Numbers(3);
    for class in Class::ALL {
        for kind in SrcKind::ALL {
            let (a, global, return_slot) = (numbers.src(class, kind), GlobalIdx(numbers.u32()), numbers.slot());
            round_trip(numbers, Inst::GlobalSet { class, global, a });
            if class != Class::V128 {
                let saves = numbers.saves();
                round_trip(numbers, Inst::ReturnValue { class, a, return_slot, saves });
            }
            for d in DstKind::ALL {
                let (d, value) = (numbers.dst(d), numbers.u64());
                if class != Class::V128 {
                    round_trip(numbers, Inst::Copy { class, d, a });
                }
                round_trip(numbers, Inst::Const64 { class, d, value });
                round_trip(numbers, Inst::GlobalGet { class, d, global });
                let cond = numbers.src(Class::I32, if kind == SrcKind::Const { SrcKind::Slot } else { kind });
                let has_constants = !matches!(class, Class::F64 | Class::V128);
                for second in SrcKind::ALL.into_iter().filter(|&kind| has_constants || kind != SrcKind::Const) {
                    let first = if has_constants { kind } else { cond.kind() };
                    let (a, b) = (numbers.src(class, first), numbers.src(class, second));
                    round_trip(numbers, Inst::Select { class, d, a, b, cond });
                }
                for negate in [false, true] {
                    let target = numbers.target();
                    round_trip(numbers, Inst::BrIf { cond, negate, target });
                }
                let count = numbers.u32();
                round_trip(numbers, Inst::BrTable { index: cond, count });
            }
        }
    }
    for _ in 0..100 {
        let (a, b, count) = (numbers.slot(), numbers.slot(), numbers.u64() as u16);
        let (target, frame_slots) = (numbers.target(), numbers.u32());
        round_trip(numbers, Inst::Br { target });
        round_trip(numbers, Inst::Zero { first: a, count });
        round_trip(numbers, Inst::CopyRange { d: a, a: b, count });
        let saves = numbers.saves();
        round_trip(numbers, Inst::Enter { return_slot: a, frame_slots, saves });
        round_trip(numbers, Inst::Return { return_slot: a, saves });
        let floats = (count % 2 == 0).then(|| [numbers.slot(), numbers.slot()]);
        round_trip(numbers, Inst::Pins { ints: [a, b], floats });
    }
    let throw = Inst::Throw { tag: TagIdx(numbers.u32()), args: numbers.slot() };
    round_trip(numbers, throw);
    let throw_ref = Inst::ThrowRef { exn: numbers.slot() };
    round_trip(numbers, throw_ref);
    Trap::ALL.iter().for_each(|&trap| round_trip(numbers, Inst::Trap(trap)));
}

#[test]
fn continuations_round_trip() {
    let numbers = &mut Numbers(10);
    for _ in 0..100 {
        let (cont, args) = (numbers.slot(), numbers.u64() as u16);
        let (tag, info) = (TagIdx(numbers.u32()), CallInfo { delta: numbers.u32() });
        round_trip(numbers, Inst::ContNew { a: cont });
        round_trip(numbers, Inst::ContBind { a: cont, args });
        for how in [Resumption::Return, Resumption::Throw(tag), Resumption::ThrowRef] {
            round_trip(numbers, Inst::Resume { cont, how, args, info });
        }
        round_trip(numbers, Inst::Suspend { tag, info });
        let ty = TypeIdx(numbers.u32());
        round_trip(numbers, Inst::Switch { tag, cont, args, ty, info });
    }
}

#[test]
fn calls_round_trip() {
    let numbers = &mut Numbers(4);
    for _ in 0..200 {
        let (func, info) = (FuncIdx(numbers.u32()), CallInfo { delta: numbers.u32() });
        let (saved, reference) = (numbers.slot(), numbers.slot());
        let callee = IndirectCallee { table: TableIdx(numbers.u32()), ty: TypeIdx(numbers.u32()) };
        let tail = TailMove {
            args: numbers.slot(),
            count: numbers.u64() as u16,
            return_slot: numbers.slot(),
            results: numbers.u64() as u16,
        };
        round_trip(numbers, Inst::Call { func, info });
        round_trip(numbers, Inst::CallImport { func, saved, info });
        for index in [SrcKind::Slot, SrcKind::Acc] {
            let index = numbers.src(Class::I32, index);
            round_trip(numbers, Inst::CallIndirect { callee, index, saved, info });
        }
        round_trip(numbers, Inst::CallRef { func: reference, saved, info });
        round_trip(numbers, Inst::Reload { saved, info });
        round_trip(numbers, Inst::ReturnCall { func, tail });
        round_trip(numbers, Inst::ReturnCallImport { func, tail });
        round_trip(numbers, Inst::ReturnCallIndirect { callee, index: reference, tail });
        round_trip(numbers, Inst::ReturnCallRef { func: reference, tail });
    }
}

#[test]
fn operations_on_slots_round_trip() {
    let numbers = &mut Numbers(5);
    for _ in 0..50 {
        let (x, y) = (numbers.u32(), numbers.u32());
        let (memory, table, data, elem) = (MemIdx(x), TableIdx(x), DataIdx(y), ElemIdx(y));
        let ops = [
            SlotsOp::MemoryCopy { dst: memory, src: MemIdx(y) },
            SlotsOp::MemoryFill(memory),
            SlotsOp::MemoryInit(data, memory),
            SlotsOp::DataDrop(data),
            SlotsOp::MemoryGrow(memory),
            SlotsOp::MemorySize(memory),
            SlotsOp::TableGet(table),
            SlotsOp::TableSet(table),
            SlotsOp::TableGrow(table),
            SlotsOp::TableSize(table),
            SlotsOp::TableFill(table),
            SlotsOp::TableCopy { dst: table, src: TableIdx(y) },
            SlotsOp::TableInit(elem, table),
            SlotsOp::ElemDrop(elem),
            SlotsOp::RefFunc(FuncIdx(x)),
        ];
        for op in ops {
            let a = numbers.slot();
            round_trip(numbers, Inst::Slots { op, a });
        }
    }
}

#[test]
fn vector_ops_round_trip() {
    let numbers = &mut Numbers(6);
    for &op in VectorOp::ALL {
        let [mut a, mut b, mut c] = [(); 3].map(|()| numbers.slot());
        // Operands that there are not are slot 0.
        let operands = op.signature().params.len();
        [&mut a, &mut b, &mut c].into_iter().skip(operands).for_each(|slot| *slot = Slot(0));
        let d = numbers.slot();
        round_trip(numbers, Inst::Vector { op, d, a, b, c });
    }
    for &op in LaneOp::ALL {
        for lane in 0..op.lanes() {
            let (d, a) = (numbers.slot(), numbers.slot());
            let b = if op.signature().params.len() == 2 { numbers.slot() } else { Slot(0) };
            round_trip(numbers, Inst::VectorLane { op, d, a, b, lane });
        }
    }
    for &op in MemoryLaneOp::ALL {
        for addr in addresses(numbers, op.width_bytes()) {
            if !has_slots(addr) {
                continue;
            }
            for lane in 0..16 / op.width_bytes() {
                let vector = numbers.slot();
                let d = if op.results().is_empty() { Slot(0) } else { numbers.slot() };
                round_trip(numbers, Inst::MemoryLane { op, d, addr, vector, lane });
            }
        }
    }
    let (d, a, b, high) = (numbers.slot(), numbers.slot(), numbers.slot(), u128::from(numbers.u64()));
    round_trip(numbers, Inst::Shuffle { d, a, b, lanes: ShuffleLanes([31; 16]) });
    round_trip(numbers, Inst::VectorConst { d, value: V128::from_u128(high << 64 | 7) });
}

#[test]
fn atomic_ops_round_trip() {
    let numbers = &mut Numbers(8);
    for &op in AtomicOp::ALL {
        let signature = op.signature();
        for addr in addresses(numbers, op.width_bytes()) {
            if !has_slots(addr) {
                continue;
            }
            let mut slot = |is_there| if is_there { numbers.slot() } else { Slot(0) };
            let d = slot(!signature.results.is_empty());
            let (b, c) = (slot(!signature.params.is_empty()), slot(signature.params.len() > 1));
            round_trip(numbers, Inst::Atomic { op, d, addr, b, c });
        }
    }
    round_trip(numbers, Inst::AtomicFence);
    round_trip(numbers, Inst::Charge { cost: -7 });
}

#[test]
fn words_that_are_no_op_do_not_decode() {
    let numbers = &mut Numbers(7);
    for _ in 0..100_000 {
        let words: Vec<u64> = (0..5).map(|_| numbers.u64() & numbers.u64()).collect();
        // Whatever decodes has a length within the words.
        if let Some(inst) = whimbrel_ir::decode(&words, Pos(0)) {
            assert!(inst.sources().len() == 3);
        }
        assert_eq!(whimbrel_ir::decode(&[words[0] | 1 << 32], Pos(0)), None);
        assert_eq!(whimbrel_ir::decode(&words[..1], Pos(0)), None);
    }
}

#[test]
fn operations_on_objects_round_trip() {
    let numbers = &mut Numbers(9);
    for op in StorageOp::ALL {
        let (a, index, offset) = (numbers.slot(), numbers.slot(), numbers.u32());
        for kind in [SrcKind::Slot, SrcKind::Acc] {
            let (value, operand) = (numbers.src(op.class(), kind), numbers.src(Class::I32, kind));
            round_trip(numbers, Inst::FieldSet { op, a, value, offset });
            round_trip(numbers, Inst::ElemSet { op, a, index, value });
            for d in DstKind::ALL {
                let d = numbers.dst(d);
                round_trip(numbers, Inst::FieldGet { op, d, a: operand, offset });
                round_trip(numbers, Inst::ElemGet { op, d, a, index: operand });
                RefOp::ALL.iter().for_each(|&op| round_trip(numbers, Inst::RefUnary { op, d, a: operand }));
            }
        }
    }
    let (ty, x) = (TypeIdx(numbers.u32()), numbers.u32());
    let kinds = [
        CastKind::Nothing,
        CastKind::Anything,
        CastKind::Eq,
        CastKind::I31,
        CastKind::Struct,
        CastKind::Array,
        CastKind::Object(ty),
        CastKind::ObjectExact(ty),
        CastKind::Func(ty),
        CastKind::FuncExact(ty),
    ];
    for (kind, nullable) in kinds.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let (a, b, test) = (numbers.slot(), numbers.slot(), CastTest { nullable, kind });
        round_trip(numbers, Inst::RefCast { a, test });
        for d in DstKind::ALL {
            let d = numbers.dst(d);
            round_trip(numbers, Inst::RefTest { d, a, test });
            round_trip(numbers, Inst::DescTest { d, a, b, nullable });
        }
    }
    let ops = [
        AggregateOp::StructNew(ty),
        AggregateOp::StructNewDefault(ty),
        AggregateOp::StructNewDesc(ty),
        AggregateOp::StructNewDefaultDesc(ty),
        AggregateOp::ArrayNew(ty),
        AggregateOp::ArrayNewDefault(ty),
        AggregateOp::ArrayNewFixed(ty, x),
        AggregateOp::ArrayNewData(ty, DataIdx(x)),
        AggregateOp::ArrayNewElem(ty, ElemIdx(x)),
        AggregateOp::ArrayFill(ty),
        AggregateOp::ArrayCopy(ty),
        AggregateOp::ArrayInitData(ty, DataIdx(x)),
        AggregateOp::ArrayInitElem(ty, ElemIdx(x)),
    ];
    for op in ops {
        let a = numbers.slot();
        round_trip(numbers, Inst::Aggregate { op, a });
    }
}
