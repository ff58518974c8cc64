//! Decoding and encoding undo each other: for every row of the instruction table, and for whole modules.

mod common;

use common::Bytes;
use wasm_reader::encode::{self, Encode};
use wasm_reader::{Cursor, InstrReader, LocalRun, ReadErrorKind, SectionId};
use wasm_syntax::*;

/// Immediates to try with the rows that have them.
trait Sample: Sized {
    fn samples() -> Vec<Self>;
}

macro_rules! samples {
    ($($ty:ty: [$($sample:expr),*];)*) => {$(
        impl Sample for $ty {
            fn samples() -> Vec<Self> {
                vec![$($sample),*]
            }
        }
    )*};
}

samples! {
    u8: [0, 15, 255];
    u32: [0, 127, 128, u32::MAX];
    i32: [0, -1, 63, 64, -64, -65, i32::MAX, i32::MIN];
    i64: [0, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
    F32Bits: [Self(0), Self(0x7FA0_0001)];
    F64Bits: [Self(0), Self(0x7FF4_0000_0000_0001)];
    V128: [Self([0; 16]), Self::from_u128(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10)];
    ShuffleLanes: [Self([31; 16])];
    FenceFlags: [Self(0)];
    FuncIdx: [Self(0), Self(u32::MAX)];
    TableIdx: [Self(0), Self(200)];
    MemIdx: [Self(0), Self(200)];
    GlobalIdx: [Self(0), Self(200)];
    TagIdx: [Self(0), Self(200)];
    ElemIdx: [Self(0), Self(200)];
    DataIdx: [Self(0), Self(200)];
    LocalIdx: [Self(0), Self(50_000)];
    LabelIdx: [Self(0), Self(200)];
    FieldIdx: [Self(0), Self(200)];
    TypeIdx: [Self(0), Self(63), Self(64), Self(MAX_TYPE_IDX)];
    HeapType: [Self::FUNC, Self::NOCONT, Self::Concrete(TypeIdx(64)), Self::Exact(TypeIdx(64))];
    MemArg: [
        Self { offset: 0, memory: MemIdx(0), align_log2: 0 },
        Self { offset: u64::MAX, memory: MemIdx(0), align_log2: 63 },
        Self { offset: 128, memory: MemIdx(300), align_log2: 4 }
    ];
    BlockType: [
        Self::Empty, Self::Value(ValType::I32), Self::Value(ValType::V128), Self::Value(ValType::FUNCREF),
        Self::Value(RefType::new(false, HeapType::Concrete(TypeIdx(70))).into()),
        Self::Func(TypeIdx(0)), Self::Func(TypeIdx(64)), Self::Func(TypeIdx(MAX_TYPE_IDX))
    ];
    SelectTypes: [Self { count: 0, first: None }, Self { count: 1, first: Some(ValType::EXTERNREF) }];
    CastTarget: [
        Self { label: LabelIdx(3), from: RefType::ANYREF, to: RefType::new(false, HeapType::I31) },
        Self { label: LabelIdx(0), from: RefType::new(false, HeapType::ANY), to: RefType::STRUCTREF }
    ];
    BrTable<'_>: [
        Self { labels: Sequence::from_checked(&[], 0), default: LabelIdx(0) },
        Self { labels: Sequence::from_checked(&[1, 0x80, 0x01, 2], 3), default: LabelIdx(200) }
    ];
    Catches<'_>: [
        Self::from_checked(&[], 0),
        Self::from_checked(&[0, 1, 2, 1, 0x80, 1, 4, 2, 5, 3, 6], 4)
    ];
    Handlers<'_>: [Self::from_checked(&[], 0), Self::from_checked(&[0, 1, 2, 1, 0x80, 1], 2)];
}

macro_rules! irregular_samples {
    ($($opcode:literal $variant:ident $(($first:ident: $first_ty:ty $(, $field:ident: $imm:ty)*))? $text:literal
       $feature:ident;)*) => {
        /// Every irregular row, each time with other samples.
        fn irregular() -> Vec<Instr<'static>> {
            let mut instrs = Vec::new();
            $(irregular_samples!(instrs $variant $(($first $($field)*))?);)*
            instrs
        }
    };
    ($instrs:ident $variant:ident) => {
        $instrs.push(Instr::$variant)
    };
    ($instrs:ident $variant:ident ($first:ident $($field:ident)*)) => {
        for (_i, $first) in Sample::samples().into_iter().enumerate() {
            $(let $field = pick(_i);)*
            $instrs.push(Instr::$variant($first $(, $field)*));
        }
    };
}
wasm_syntax::for_each_irregular!(irregular_samples);

fn pick<T: Sample>(i: usize) -> T {
    let mut samples = T::samples();
    let len = samples.len();
    samples.swap_remove(i % len)
}

/// Every row of the table, each with each sample of its first immediate.
fn samples() -> Vec<Instr<'static>> {
    let mut instrs = irregular();
    instrs.extend(NumericOp::ALL.iter().map(|&op| Instr::Numeric(op)));
    instrs.extend(VectorOp::ALL.iter().map(|&op| Instr::Vector(op)));
    instrs.extend(LaneOp::ALL.iter().map(|&op| Instr::VectorLane(op, op.lanes() - 1)));
    for arg in MemArg::samples() {
        instrs.extend(LoadOp::ALL.iter().map(|&op| Instr::Load(op, arg)));
        instrs.extend(StoreOp::ALL.iter().map(|&op| Instr::Store(op, arg)));
        instrs.extend(AtomicOp::ALL.iter().map(|&op| Instr::Atomic(op, arg)));
        instrs.extend(MemoryLaneOp::ALL.iter().map(|&op| Instr::MemoryLane(op, arg, 1)));
    }
    instrs
}

fn encoded(value: &dyn Encode) -> Vec<u8> {
    let mut bytes = Bytes::default();
    value.encode(&mut bytes);
    assert_eq!(encode::len_bytes(value), bytes.0.len() as u64);
    bytes.0
}

/// What has to stand before an instruction for it to be well-formed.
fn opener(instr: &Instr<'_>) -> Vec<u8> {
    match instr {
        Instr::Else => vec![0x04, 0x40],
        Instr::Delegate(_) => vec![0x06, 0x40],
        _ => vec![],
    }
}

fn reader<'a>(bytes: &'a [u8], opener_len: usize, features: Features) -> InstrReader<'a> {
    let mut reader = InstrReader::new(Cursor::new(bytes, 0, features));
    while (reader.offset() as usize) < opener_len {
        reader.read().expect("an opener is well-formed");
    }
    reader
}

#[test]
fn every_instruction_survives_encoding_and_decoding() {
    let samples = samples();
    let mut seen: Vec<u32> = samples.iter().map(Instr::opcode).collect();
    seen.sort_unstable();
    seen.dedup();
    let mut wanted: Vec<u32> = rows().map(|row| row.opcode).collect();
    wanted.sort_unstable();
    assert_eq!(seen, wanted, "the samples leave out a row");
    for instr in samples {
        let mut bytes = opener(&instr);
        let opener_len = bytes.len();
        bytes.extend(encoded(&instr));
        let mut reader = reader(&bytes, opener_len, Features::ALL);
        assert_eq!(reader.read(), Ok(instr), "{bytes:02x?}");
        assert_eq!(reader.offset(), bytes.len() as u64, "{instr:?}");
    }
}

#[test]
fn every_cut_of_an_instruction_is_an_error() {
    for instr in samples() {
        let mut bytes = opener(&instr);
        let opener_len = bytes.len();
        bytes.extend(encoded(&instr));
        for len in opener_len..bytes.len() {
            let cut = reader(&bytes[..len], opener_len, Features::ALL).read();
            let kind = cut.expect_err("an instruction is cut").kind;
            let is_about_the_end = matches!(kind, ReadErrorKind::UnexpectedEnd { .. } | ReadErrorKind::EndExpected);
            assert!(is_about_the_end, "{instr:?} cut to {len} bytes: {kind}");
        }
    }
}

#[test]
fn an_instruction_needs_its_feature() {
    for instr in samples() {
        let feature = instr.feature();
        if feature == Feature::Mvp {
            continue;
        }
        // What opens the block of an instruction may need the same feature.
        let features = Features::ALL.without(feature).without(Feature::LegacyExceptions);
        let bytes = encoded(&instr);
        let error = InstrReader::new(Cursor::new(&bytes, 0, features)).read().expect_err("the feature is off");
        assert_eq!(error.kind, ReadErrorKind::FeatureOff(feature), "{instr:?}");
    }
}

#[test]
fn modules_survive_decoding_and_encoding() {
    for module in common::modules() {
        let mut again = Bytes::default();
        encode::header(&mut again);
        for section in wasm_reader::sections(&module, Features::ALL).expect("a module") {
            section.expect("a section").encode(&mut again);
        }
        assert!(module == again.0, "the module changed:\n{module:02x?}\n{:02x?}", again.0);
    }
}

#[test]
fn bodies_can_be_written_from_instructions() {
    for module in common::modules() {
        for section in wasm_reader::sections(&module, Features::ALL).expect("a module") {
            let Ok(wasm_reader::Section::Code(bodies)) = section else { continue };
            for body in bodies {
                let body = body.expect("a body");
                let locals: Vec<_> = body.locals().iter().collect();
                let instrs: Vec<_> = body.instrs().map(|item| item.expect("an instruction").1).collect();
                let mut again = Bytes::default();
                encode::body(&locals, &instrs, &mut again);
                assert_eq!(again.0, encoded(&body));
            }
        }
    }
}

#[test]
fn a_buffer_says_how_much_it_lacks() {
    let instr = Instr::I32Const(-65);
    let mut slice = [0; 4];
    let mut buffer = encode::Buffer::new(&mut slice);
    instr.encode(&mut buffer);
    assert_eq!(buffer.finish(), Ok(&[0x41, 0xBF, 0x7F][..]));
    let mut slice = [0; 2];
    let mut buffer = encode::Buffer::new(&mut slice);
    instr.encode(&mut buffer);
    assert_eq!(buffer.finish(), Err(3));
    assert_eq!(slice, [0x41, 0xBF]);
}

#[test]
fn sections_can_be_written_from_items() {
    let mut module = Bytes::default();
    encode::header(&mut module);
    let ty = FuncType { params: Sequence::from_checked(&[0x7F], 1), results: Sequence::from_checked(&[], 0) };
    encode::list_section(SectionId::Type, &mut module, &[CompositeType::Func(ty)]);
    encode::list_section(SectionId::Function, &mut module, &[TypeIdx(0)]);
    encode::section(SectionId::Code, &mut module, |sink| {
        1_u32.encode(sink);
        encode::body(&[LocalRun { count: 2, ty: ValType::F64 }], &[Instr::Nop, Instr::End], sink);
    });
    encode::custom_section("note", b"text", &mut module);
    let again =
        wat::parse_str(r#"(module (func (param i32) (local f64 f64) nop) (@custom "note" (after last) "text"))"#);
    assert_eq!(module.0, again.expect("the module is well-formed"));
}

#[cfg(feature = "alloc")]
#[test]
fn a_vector_is_a_sink() {
    let mut bytes = vec![1];
    Instr::LocalGet(LocalIdx(2)).encode(&mut bytes);
    assert_eq!(bytes, [1, 0x20, 2]);
}
