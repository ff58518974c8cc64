//! Listings of code for people: a line an instruction, with labels and the bytes that it comes from.

use core::fmt;

use alloc::collections::BTreeSet;

use crate::{
    Action, Addr, AggregateOp, CallInfo, CastKind, CastTest, Class, Clause, Code, Dst, Handler, Inst, Pin, Pos,
    RefKind, RefMaps, Resumption, Slot, SlotsOp, Src, TailMove,
};

/// The listing of a function's code; its [`Display`](fmt::Display) form has a line for each instruction:
///
/// ```text
/// 8>  4  i32.add s2, acc, 7  @0x1a
/// ```
///
/// is the instruction at word 4, marked as the target of a branch, with its destination, its operands, and the byte
/// of the body from which it comes, where that is known. Integers are shown signed, floats as values.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a>(pub &'a Code);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.0, f)
    }
}

/// Writes the listing of `code`: what [`Listing`] shows.
///
/// # Errors
///
/// If `f` does not take it.
pub fn print(code: &Code, f: &mut impl fmt::Write) -> fmt::Result {
    let Code { func, param_slots, result_slots, frame_slots, .. } = code;
    writeln!(f, "func {func}: params {param_slots}, results {result_slots}, frame {frame_slots}")?;
    let targets = targets(code);
    for (at, inst) in code.insts() {
        let mark = if targets.contains(&at) { '>' } else { ' ' };
        write!(f, "{mark}{:>4}  ", at.0)?;
        let Some(inst) = inst else {
            writeln!(f, "not an instruction")?;
            continue;
        };
        write!(f, "{}", Operation(inst))?;
        if let Inst::BrTable { count, .. } = inst {
            for n in 0..count {
                let separator = if n == 0 { " -> " } else { ", " };
                match code.br_table_target(at, n) {
                    Some(target) => write!(f, "{separator}{}", target.0)?,
                    None => write!(f, "{separator}?")?,
                }
            }
        }
        if let Ok(n) = code.offsets().binary_search_by_key(&at, |&(pos, _)| pos) {
            write!(f, "  @{:#x}", code.offsets()[n].1)?;
        }
        writeln!(f)?;
    }
    code.handlers().iter().try_for_each(|handler| writeln!(f, "{handler}"))?;
    code.refs().map_or(Ok(()), |refs| print_refs(refs, f))
}

/// A line for the slots that always hold references, and one for each point where others do as well.
fn print_refs(refs: &RefMaps, f: &mut impl fmt::Write) -> fmt::Result {
    if !refs.always().is_empty() {
        f.write_str("  refs always")?;
        print_slots(refs.always().iter().copied(), f)?;
    }
    for point in refs.points() {
        let (at, is_returning) = point.parts();
        write!(f, "  refs {} {}", if is_returning { "below" } else { "at" }, at.0)?;
        print_slots(refs.at(point).skip(refs.always().len()), f)?;
    }
    Ok(())
}

fn print_slots(slots: impl Iterator<Item = (Slot, RefKind)>, f: &mut impl fmt::Write) -> fmt::Result {
    for (slot, kind) in slots {
        write!(f, " {slot}{kind}")?;
    }
    writeln!(f)
}

/// The positions that branches lead to.
fn targets(code: &Code) -> BTreeSet<Pos> {
    let mut targets = BTreeSet::new();
    for (at, inst) in code.insts() {
        match inst {
            Some(Inst::Br { target } | Inst::BrIf { target, .. } | Inst::BrCmp { target, .. }) => {
                targets.insert(target);
            }
            Some(Inst::BrTable { count, .. }) => {
                targets.extend((0..count).filter_map(|n| code.br_table_target(at, n)));
            }
            _ => {}
        }
    }
    targets.extend(code.handlers().iter().filter_map(|handler| handler.target()));
    targets
}

struct Operation(Inst);

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negate: bool| if negate { "not " } else { "" };
        match self.0 {
            Inst::Enter { return_slot, frame_slots, saves } => {
                write!(f, "enter {return_slot}, {frame_slots}")?;
                match saves.slots() {
                    (_, 0) => Ok(()),
                    (first, count) => write!(f, ", saves {count} at {first}"),
                }
            }
            Inst::Pins { ints: [p, q], floats } => {
                write!(f, "pins {p}, {q}")?;
                floats.map_or(Ok(()), |[p, q]| write!(f, ", {p}, {q}"))
            }
            Inst::Zero { first, count } => write!(f, "zero {first}, {count}"),
            Inst::Copy { class, d, a } => write!(f, "{class}.copy {d}, {}", Value(class, a)),
            Inst::Const64 { class, d, value } => {
                write!(f, "{class}.const {d}, {}", Value(class, Src::Const(value)))
            }
            Inst::CopyRange { d, a, count } => write!(f, "copy_range {d}, {a}, {count}"),
            Inst::Unary { op, d, a } => {
                write!(f, "{} {d}, {}", op.mnemonic(), Value(Class::of(op.signature().params[0]), a))
            }
            Inst::Binary { op, d, a, b } => {
                let class = Class::of(op.signature().params[0]);
                write!(f, "{} {d}, {}, {}", op.mnemonic(), Value(class, a), Value(class, b))
            }
            Inst::Select { class, d, a, b, cond } => {
                let (a, b) = (Value(class, a), Value(class, b));
                write!(f, "{class}.select {d}, {a}, {b}, {}", Value(Class::I32, cond))
            }
            Inst::Load { op, d, addr } => write!(f, "{} {d}, {}", op.mnemonic(), addr),
            Inst::Store { op, addr, value } => {
                write!(f, "{} {}, {}", op.mnemonic(), addr, Value(Class::of(op.val_type()), value))
            }
            Inst::GlobalGet { class, d, global } => write!(f, "{class}.global.get {d}, {global}"),
            Inst::GlobalSet { class, global, a } => write!(f, "{class}.global.set {global}, {}", Value(class, a)),
            Inst::Br { target } => write!(f, "br -> {}", target.0),
            Inst::BrIf { cond, negate, target } => {
                write!(f, "br_if {}{} -> {}", not(negate), Value(Class::I32, cond), target.0)
            }
            Inst::BrCmp { op, negate, a, b, target } => {
                let class = Class::of(op.signature().params[0]);
                let (a, b) = (Value(class, a), Value(class, b));
                write!(f, "br_cmp {}{} {a}, {b} -> {}", not(negate), op.mnemonic(), target.0)
            }
            Inst::BrTable { index, .. } => write!(f, "br_table {}", Value(Class::I32, index)),
            Inst::Return { .. } => f.write_str("return"),
            Inst::ReturnValue { class, a, .. } => write!(f, "{class}.return {}", Value(class, a)),
            Inst::Slots { op, a } => slots(f, op, a),
            Inst::Throw { tag, args } => write!(f, "throw {tag}, {args}"),
            Inst::ThrowRef { exn } => write!(f, "throw_ref {exn}"),
            Inst::Trap(trap) => write!(f, "trap {trap}"),
            Inst::Vector { op, d, a, b, c } => {
                write!(f, "{} {d}", op.mnemonic())?;
                op.signature().params.iter().zip([a, b, c]).try_for_each(|(_, slot)| write!(f, ", {slot}"))
            }
            Inst::VectorLane { op, d, a, b, lane } => {
                write!(f, "{} {d}, {a}, lane {lane}", op.mnemonic())?;
                if op.signature().params.len() == 2 { write!(f, ", {b}") } else { Ok(()) }
            }
            Inst::Shuffle { d, a, b, lanes } => write!(f, "i8x16.shuffle {d}, {a}, {b}, {:?}", lanes.0),
            Inst::VectorConst { d, value } => write!(f, "v128.const {d}, {:#034x}", value.to_u128()),
            Inst::MemoryLane { op, d, addr, vector, lane } => {
                write!(f, "{} ", op.mnemonic())?;
                if !op.results().is_empty() {
                    write!(f, "{d}, ")?;
                }
                write!(f, "{addr}, {vector}, lane {lane}")
            }
            Inst::FieldGet { op, d, a, offset } => {
                write!(f, "struct.get {} {d}, {} + {offset}", op.text(), Value(Class::I64, a))
            }
            Inst::FieldSet { op, a, value, offset } => {
                write!(f, "struct.set {} {a} + {offset}, {}", op.text(), Value(op.class(), value))
            }
            Inst::ElemGet { op, d, a, index } => {
                write!(f, "array.get {} {d}, {a}[{}]", op.text(), Value(Class::I32, index))
            }
            Inst::ElemSet { op, a, index, value } => {
                write!(f, "array.set {} {a}[{index}], {}", op.text(), Value(op.class(), value))
            }
            Inst::RefUnary { op, d, a } => write!(f, "{} {d}, {}", op.text(), Value(op.operand(), a)),
            Inst::RefTest { d, a, test } => write!(f, "ref.test {d}, {a}, {test}"),
            Inst::RefCast { a, test } => write!(f, "ref.cast {a}, {test}"),
            Inst::DescTest { d, a, b, nullable } => {
                write!(f, "desc_test {d}, {a}, {b}{}", if nullable { ", null" } else { "" })
            }
            Inst::Aggregate { op, a } => write!(f, "{} {a}, {op}", op.text()),
            Inst::Atomic { op, d, addr, b, c } => {
                write!(f, "{} ", op.mnemonic())?;
                if !op.signature().results.is_empty() {
                    write!(f, "{d}, ")?;
                }
                write!(f, "{addr}")?;
                op.signature().params.iter().zip([b, c]).try_for_each(|(_, slot)| write!(f, ", {slot}"))
            }
            Inst::AtomicFence => f.write_str("atomic.fence"),
            Inst::Charge { cost } => write!(f, "charge {cost}"),
            call => print_call(f, call),
        }
    }
}

fn print_call(f: &mut fmt::Formatter<'_>, call: Inst) -> fmt::Result {
    match call {
        Inst::Call { func, info } => write!(f, "call {func}, {info}"),
        Inst::CallImport { func, saved, info } => write!(f, "call_import {func}, {info}, saved {saved}"),
        Inst::CallIndirect { callee, index, saved, info } => {
            let index = Value(Class::I32, index);
            write!(f, "call_indirect table {}, type {}, {index}, {info}, saved {saved}", callee.table, callee.ty)
        }
        Inst::CallRef { func, saved, info } => write!(f, "call_ref {func}, {info}, saved {saved}"),
        Inst::Reload { saved, info } => write!(f, "reload {saved}, {info}"),
        Inst::ReturnCall { func, tail } => write!(f, "return_call {func}, {tail}"),
        Inst::ReturnCallImport { func, tail } => write!(f, "return_call_import {func}, {tail}"),
        Inst::ReturnCallIndirect { callee, index, tail } => {
            write!(f, "return_call_indirect table {}, type {}, {index}, {tail}", callee.table, callee.ty)
        }
        Inst::ReturnCallRef { func, tail } => write!(f, "return_call_ref {func}, {tail}"),
        Inst::ContNew { a } => write!(f, "cont.new {a}"),
        Inst::ContBind { a, args } => write!(f, "cont.bind {a}, {args} slots"),
        Inst::Resume { cont, how, args, info } => {
            match how {
                Resumption::Return => f.write_str("resume")?,
                Resumption::Throw(tag) => write!(f, "resume_throw {tag},")?,
                Resumption::ThrowRef => f.write_str("resume_throw_ref")?,
            }
            write!(f, " {cont}, {args} slots, {info}")
        }
        Inst::Suspend { tag, info } => write!(f, "suspend {tag}, {info}"),
        Inst::Switch { tag, cont, args, ty, info } => {
            write!(f, "switch {tag}, {cont}, {args} slots, type {ty}, {info}")
        }
        other => write!(f, "{other:?}"),
    }
}

fn slots(f: &mut fmt::Formatter<'_>, op: SlotsOp, a: Slot) -> fmt::Result {
    match op {
        SlotsOp::MemoryCopy { dst, src } => write!(f, "memory.copy {a}, to {dst}, from {src}"),
        SlotsOp::MemoryFill(memory) => write!(f, "memory.fill {a}, {memory}"),
        SlotsOp::MemoryInit(data, memory) => write!(f, "memory.init {a}, data {data}, memory {memory}"),
        SlotsOp::DataDrop(data) => write!(f, "data.drop {data}"),
        SlotsOp::MemoryGrow(memory) => write!(f, "memory.grow {a}, {memory}"),
        SlotsOp::MemorySize(memory) => write!(f, "memory.size {a}, {memory}"),
        SlotsOp::TableGet(table) => write!(f, "table.get {a}, {table}"),
        SlotsOp::TableSet(table) => write!(f, "table.set {a}, {table}"),
        SlotsOp::TableGrow(table) => write!(f, "table.grow {a}, {table}"),
        SlotsOp::TableSize(table) => write!(f, "table.size {a}, {table}"),
        SlotsOp::TableFill(table) => write!(f, "table.fill {a}, {table}"),
        SlotsOp::TableCopy { dst, src } => write!(f, "table.copy {a}, to {dst}, from {src}"),
        SlotsOp::TableInit(elem, table) => write!(f, "table.init {a}, elem {elem}, table {table}"),
        SlotsOp::ElemDrop(elem) => write!(f, "elem.drop {elem}"),
        SlotsOp::RefFunc(func) => write!(f, "ref.func {a}, {func}"),
        SlotsOp::Wide(op) => write!(f, "{} {a}", op.mnemonic()),
    }
}

/// An operand, whose class says how a constant reads.
struct Value(Class, Src);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.1, self.0) {
            (Src::Slot(slot), _) => slot.fmt(f),
            (Src::Acc, _) => f.write_str("acc"),
            (Src::Pin(pin), _) => pin.fmt(f),
            (Src::Const(bits), Class::I32) => (bits as i32).fmt(f),
            (Src::Const(bits), Class::F32) => write!(f, "{:?}", f32::from_bits(bits as u32)),
            (Src::Const(bits), Class::F64) => write!(f, "{:?}", f64::from_bits(bits)),
            (Src::Const(bits), Class::I64 | Class::V128) => (bits as i64).fmt(f),
        }
    }
}

impl fmt::Display for Handler {
    /// As in `      4..9   depth 1  catch 0 -> 12, payload s3, exn s4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6}..{}  depth {}  ", self.start.0, self.end.0, self.depth)?;
        let Clause { tag, target, payload, exn, null } = match self.action {
            Action::Delegate(depth) => return write!(f, "delegate to depth {depth}"),
            Action::Switch(tag) => return write!(f, "switch {tag}"),
            Action::Catch(clause) | Action::Suspend(clause) => clause,
        };
        if matches!(self.action, Action::Suspend(_)) {
            f.write_str("suspend, ")?;
        }
        match tag {
            Some(tag) => write!(f, "catch {tag} -> {}, payload {payload}", target.0)?,
            None => write!(f, "catch_all -> {}", target.0)?,
        }
        exn.map_or(Ok(()), |exn| write!(f, ", exn {exn}"))?;
        null.map_or(Ok(()), |null| write!(f, ", null {null}"))
    }
}

impl fmt::Display for CastTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nullable {
            f.write_str("null or ")?;
        }
        match self.kind {
            CastKind::Nothing => f.write_str("nothing"),
            CastKind::Anything => f.write_str("anything"),
            CastKind::Eq => f.write_str("eq"),
            CastKind::I31 => f.write_str("i31"),
            CastKind::Struct => f.write_str("struct"),
            CastKind::Array => f.write_str("array"),
            CastKind::Object(ty) | CastKind::Func(ty) => write!(f, "type {ty}"),
            CastKind::ObjectExact(ty) | CastKind::FuncExact(ty) => write!(f, "exactly type {ty}"),
        }
    }
}

/// The immediates.
impl fmt::Display for AggregateOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type {}", self.ty())?;
        match self {
            Self::ArrayNewFixed(_, count) => write!(f, ", {count} elements"),
            Self::ArrayNewData(_, data) | Self::ArrayInitData(_, data) => write!(f, ", data {data}"),
            Self::ArrayNewElem(_, elem) | Self::ArrayInitElem(_, elem) => write!(f, ", elem {elem}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Dst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => slot.fmt(f),
            Self::Acc => f.write_str("acc"),
            Self::Pin(pin) => pin.fmt(f),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pin{}", *self as u8)
    }
}

impl fmt::Display for CallInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame +{}", self.delta)
    }
}

impl fmt::Display for TailMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} slots from {}", self.count, self.args)
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Plain { base: Src::Const(_), offset } => write!(f, "[{offset}]"),
            Self::Plain { base, offset } => write!(f, "[{}{}]", Value(Class::I32, base), Plus(offset.into())),
            Self::Wrapped { base, displacement } => {
                write!(f, "[{} + {} mod 2^32]", Value(Class::I32, base), displacement as i32)
            }
            Self::Indexed { base, index, scale_log2, offset } => {
                let (base, index) = (Value(Class::I32, base), Value(Class::I32, index));
                let scale = Times(1 << scale_log2);
                write!(f, "[{base} + {index}{scale}{}]", Plus(offset.into()))
            }
            Self::Far { base, offset, memory, memory64 } => {
                let width = if memory64 { 64 } else { 32 };
                write!(f, "memory {memory} i{width} [{base}{}]", Plus(offset))
            }
            Self::Shared { base, offset, memory, memory64 } => {
                let width = if memory64 { 64 } else { 32 };
                write!(f, "shared {memory} i{width} [{base}{}]", Plus(offset))
            }
        }
    }
}

/// A summand that is left out if it is 0.
struct Plus(u64);

impl fmt::Display for Plus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " + {}", self.0) }
    }
}

/// A factor that is left out if it is 1.
struct Times(u32);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 1 { Ok(()) } else { write!(f, " * {}", self.0) }
    }
}
