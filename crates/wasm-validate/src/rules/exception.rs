//! Exceptions, the legacy instructions included. Spec: `valid-throw`, `valid-try_table`; `valid-try-catch` of the legacy
//! specification.

use wasm_syntax::{BlockType, Catch, Catches, HeapType, LabelIdx, RefType, TagIdx, ValType};

use super::control::{check_results, open};
use crate::error::ErrorKind;
use crate::func::{Check, Frame, FrameKind, FuncValidator};
use crate::types::{FuncSig, check_limit};

pub(super) fn throw(v: &mut FuncValidator<'_>, tag: TagIdx) -> Check {
    let sig = thrown(v, tag)?;
    v.pop_all(sig.params)?;
    v.set_unreachable();
    Ok(())
}

pub(super) fn throw_ref(v: &mut FuncValidator<'_>) -> Check {
    v.pop(RefType::EXNREF.into())?;
    v.set_unreachable();
    Ok(())
}

pub(super) fn try_table(v: &mut FuncValidator<'_>, ty: BlockType, catches: Catches<'_>) -> Check {
    check_limit("clauses", v.module.limits.clauses.into(), catches.len().into())?;
    // Labels of clauses count from outside of the block.
    for catch in catches.iter() {
        let (tag, label, with_ref) = match catch {
            Catch::Tag(tag, label) => (Some(tag), label, false),
            Catch::TagRef(tag, label) => (Some(tag), label, true),
            Catch::All(label) => (None, label, false),
            Catch::AllRef(label) => (None, label, true),
        };
        let payload = match tag {
            Some(tag) => thrown(v, tag)?.params,
            None => &[],
        };
        let expected = v.get_label_types(label)?;
        let exn: ValType = RefType::new(false, HeapType::EXN).into();
        match expected.split_last() {
            Some((&last, rest)) if with_ref => {
                check_results(v, payload, rest)?;
                check_results(v, &[exn], &[last])?;
            }
            None if with_ref => check_results(v, &[exn], &[])?,
            _ => check_results(v, payload, &expected)?,
        }
    }
    open(v, FrameKind::TryTable, ty)
}

/// What a tag's exceptions carry. Tags with results are for suspensions only.
fn thrown<'m>(v: &FuncValidator<'m>, tag: TagIdx) -> Check<FuncSig<'m>> {
    let sig = v.module.tag_sig(tag)?;
    if sig.results.is_empty() { Ok(sig) } else { Err(ErrorKind::TagResults.into()) }
}

pub(super) fn legacy_try(v: &mut FuncValidator<'_>, ty: BlockType) -> Check {
    open(v, FrameKind::LegacyTry, ty)
}

pub(super) fn legacy_catch(v: &mut FuncValidator<'_>, tag: TagIdx) -> Check {
    let params = thrown(v, tag)?.params;
    end_of_try(v, &[FrameKind::LegacyTry, FrameKind::LegacyCatch])?;
    v.continue_frame(FrameKind::LegacyCatch, params)
}

pub(super) fn legacy_catch_all(v: &mut FuncValidator<'_>) -> Check {
    end_of_try(v, &[FrameKind::LegacyTry, FrameKind::LegacyCatch])?;
    v.continue_frame(FrameKind::LegacyCatchAll, &[])
}

pub(super) fn legacy_delegate(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    end_of_try(v, &[FrameKind::LegacyTry])?;
    v.pop_frame()?;
    // The label counts from outside of the block.
    v.get_frame(label).map(|_| ())
}

pub(super) fn legacy_rethrow(v: &mut FuncValidator<'_>, label: LabelIdx) -> Check {
    match v.get_frame(label)?.kind {
        FrameKind::LegacyCatch | FrameKind::LegacyCatchAll => {
            v.set_unreachable();
            Ok(())
        }
        _ => Err(ErrorKind::NotACatch.into()),
    }
}

fn end_of_try(v: &mut FuncValidator<'_>, kinds: &[FrameKind]) -> Check<Frame> {
    let frame = v.end_instrs()?;
    if kinds.contains(&frame.kind) { Ok(frame) } else { Err(ErrorKind::Misplaced.into()) }
}
