//! Instructions in the text format, from their rows.

use std::fmt;

use wasm_syntax::{BlockType, Catch, FuncIdx, Handler, Instr, MemArg, MemIdx, TableIdx};

use crate::run::numbers::{format_f32, format_f64};

/// An instruction in the text format, without indentation. Functions are called as `funcs` says.
pub(crate) struct Text<'a, F>(pub(crate) &'a Instr<'a>, pub(crate) F);

impl<F: Fn(FuncIdx) -> String> fmt::Display for Text<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(instr, func_name) = self;
        let name = instr.mnemonic();
        match **instr {
            // The table's mnemonic ends in `null`, which belongs to the type.
            Instr::RefTest(heap) | Instr::RefCast(heap) | Instr::RefCastDescEq(heap) => {
                write!(f, "{name} (ref {heap})")
            }
            Instr::RefTestNull(heap) | Instr::RefCastNull(heap) | Instr::RefCastDescEqNull(heap) => {
                write!(f, "{} (ref null {heap})", name.trim_end_matches(" null"))
            }
            _ => {
                f.write_str(name)?;
                immediates(f, instr, func_name)
            }
        }
    }
}

/// What follows the keyword.
fn immediates(f: &mut fmt::Formatter<'_>, instr: &Instr<'_>, func_name: impl Fn(FuncIdx) -> String) -> fmt::Result {
    match *instr {
        Instr::Block(ty) | Instr::Loop(ty) | Instr::If(ty) | Instr::Try(ty) => block_type(f, ty),
        Instr::TryTable(ty, catches) => {
            block_type(f, ty)?;
            catches.iter().try_for_each(|clause| match clause {
                Catch::Tag(tag, label) => write!(f, " (catch {tag} {label})"),
                Catch::TagRef(tag, label) => write!(f, " (catch_ref {tag} {label})"),
                Catch::All(label) => write!(f, " (catch_all {label})"),
                Catch::AllRef(label) => write!(f, " (catch_all_ref {label})"),
            })
        }
        Instr::Catch(tag) | Instr::Throw(tag) | Instr::Suspend(tag) => write!(f, " {tag}"),
        Instr::Br(label)
        | Instr::BrIf(label)
        | Instr::Rethrow(label)
        | Instr::Delegate(label)
        | Instr::BrOnNull(label)
        | Instr::BrOnNonNull(label) => write!(f, " {label}"),
        Instr::BrTable(table) => {
            table.labels.iter().try_for_each(|label| write!(f, " {label}"))?;
            write!(f, " {}", table.default)
        }
        Instr::Call(func) | Instr::ReturnCall(func) | Instr::RefFunc(func) => write!(f, " {}", func_name(func)),
        Instr::CallIndirect(ty, table) | Instr::ReturnCallIndirect(ty, table) => {
            table_if_other(f, table)?;
            write!(f, " (type {ty})")
        }
        Instr::SelectTyped(types) => match types.first {
            Some(ty) => write!(f, " (result {ty})"),
            None => f.write_str(" (result)"),
        },
        Instr::LocalGet(local) | Instr::LocalSet(local) | Instr::LocalTee(local) => write!(f, " {local}"),
        Instr::GlobalGet(global) | Instr::GlobalSet(global) => write!(f, " {global}"),
        Instr::TableGet(table)
        | Instr::TableSet(table)
        | Instr::TableGrow(table)
        | Instr::TableSize(table)
        | Instr::TableFill(table) => write!(f, " {table}"),
        Instr::TableInit(elem, table) => {
            table_if_other(f, table)?;
            write!(f, " {elem}")
        }
        Instr::TableCopy(dst, src) if dst.0 != 0 || src.0 != 0 => write!(f, " {dst} {src}"),
        Instr::MemorySize(memory) | Instr::MemoryGrow(memory) | Instr::MemoryFill(memory) => memory_if_other(f, memory),
        Instr::MemoryInit(data, memory) => {
            memory_if_other(f, memory)?;
            write!(f, " {data}")
        }
        Instr::MemoryCopy(dst, src) if dst.0 != 0 || src.0 != 0 => write!(f, " {dst} {src}"),
        Instr::DataDrop(data) => write!(f, " {data}"),
        Instr::ElemDrop(elem) => write!(f, " {elem}"),
        Instr::I32Const(value) => write!(f, " {value}"),
        Instr::I64Const(value) => write!(f, " {value}"),
        Instr::F32Const(value) => write!(f, " {}", format_f32(value.0)),
        Instr::F64Const(value) => write!(f, " {}", format_f64(value.0)),
        Instr::V128Const(value) => {
            let bits = value.to_u128();
            let [a, b, c, d] = [0, 32, 64, 96].map(|shift| (bits >> shift) as u32);
            write!(f, " i32x4 {a:#010x} {b:#010x} {c:#010x} {d:#010x}")
        }
        Instr::I8x16Shuffle(lanes) => lanes.0.iter().try_for_each(|lane| write!(f, " {lane}")),
        Instr::RefNull(heap) => write!(f, " {heap}"),
        Instr::BrOnCast(target)
        | Instr::BrOnCastFail(target)
        | Instr::BrOnCastDescEq(target)
        | Instr::BrOnCastDescEqFail(target) => write!(f, " {} {} {}", target.label, target.from, target.to),
        Instr::Load(op, arg) => mem_arg(f, arg, op.width_bytes()),
        Instr::Store(op, arg) => mem_arg(f, arg, op.width_bytes()),
        Instr::Atomic(op, arg) => mem_arg(f, arg, op.width_bytes()),
        Instr::MemoryLane(op, arg, lane) => {
            mem_arg(f, arg, op.width_bytes())?;
            write!(f, " {lane}")
        }
        Instr::VectorLane(_, lane) => write!(f, " {lane}"),
        _ => typed(f, instr),
    }
}

/// Immediates that name types: of objects and continuations.
fn typed(f: &mut fmt::Formatter<'_>, instr: &Instr<'_>) -> fmt::Result {
    let handlers = |f: &mut fmt::Formatter<'_>, handlers: wasm_syntax::Handlers<'_>| {
        handlers.iter().try_for_each(|handler| match handler {
            Handler::Label(tag, label) => write!(f, " (on {tag} {label})"),
            Handler::Switch(tag) => write!(f, " (on {tag} switch)"),
        })
    };
    match *instr {
        Instr::CallRef(ty)
        | Instr::ReturnCallRef(ty)
        | Instr::StructNew(ty)
        | Instr::StructNewDefault(ty)
        | Instr::StructNewDesc(ty)
        | Instr::StructNewDefaultDesc(ty)
        | Instr::RefGetDesc(ty)
        | Instr::ArrayNew(ty)
        | Instr::ArrayNewDefault(ty)
        | Instr::ArrayGet(ty)
        | Instr::ArrayGetS(ty)
        | Instr::ArrayGetU(ty)
        | Instr::ArraySet(ty)
        | Instr::ArrayFill(ty)
        | Instr::ContNew(ty) => write!(f, " {ty}"),
        Instr::StructGet(ty, field)
        | Instr::StructGetS(ty, field)
        | Instr::StructGetU(ty, field)
        | Instr::StructSet(ty, field) => write!(f, " {ty} {field}"),
        Instr::ArrayNewFixed(ty, len) => write!(f, " {ty} {len}"),
        Instr::ArrayNewData(ty, data) | Instr::ArrayInitData(ty, data) => write!(f, " {ty} {data}"),
        Instr::ArrayNewElem(ty, elem) | Instr::ArrayInitElem(ty, elem) => write!(f, " {ty} {elem}"),
        Instr::ArrayCopy(dst, src) | Instr::ContBind(dst, src) => write!(f, " {dst} {src}"),
        Instr::Resume(ty, on) | Instr::ResumeThrowRef(ty, on) => {
            write!(f, " {ty}")?;
            handlers(f, on)
        }
        Instr::ResumeThrow(ty, tag, on) => {
            write!(f, " {ty} {tag}")?;
            handlers(f, on)
        }
        Instr::Switch(ty, tag) => write!(f, " {ty} {tag}"),
        _ => Ok(()),
    }
}

fn block_type(f: &mut fmt::Formatter<'_>, ty: BlockType) -> fmt::Result {
    match ty {
        BlockType::Empty => Ok(()),
        BlockType::Value(ty) => write!(f, " (result {ty})"),
        BlockType::Func(ty) => write!(f, " (type {ty})"),
    }
}

fn table_if_other(f: &mut fmt::Formatter<'_>, table: TableIdx) -> fmt::Result {
    if table.0 == 0 { Ok(()) } else { write!(f, " {table}") }
}

fn memory_if_other(f: &mut fmt::Formatter<'_>, memory: MemIdx) -> fmt::Result {
    if memory.0 == 0 { Ok(()) } else { write!(f, " {memory}") }
}

/// Memory, offset and alignment, as far as they are not what is meant without them.
fn mem_arg(f: &mut fmt::Formatter<'_>, arg: MemArg, width_bytes: u8) -> fmt::Result {
    memory_if_other(f, arg.memory)?;
    if arg.offset != 0 {
        write!(f, " offset={}", arg.offset)?;
    }
    let align = 1_u128 << arg.align_log2.min(127);
    if align == u128::from(width_bytes) { Ok(()) } else { write!(f, " align={align}") }
}
