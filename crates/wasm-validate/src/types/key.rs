//! The key of a recursive group: a word list that is equal for equal groups and for no others.
//!
//! References to members of the group itself are written relative to its start, all others as canonical ids. Thus two
//! groups have one key exactly if they are equal after unrolling, which is how types are compared. Spec:
//! `aux-roll-deftype`.

use alloc::vec::Vec;
use core::ops::Range;

use wasm_syntax::{FieldType, StorageType, TypeIdx, ValType};

use super::{Composite, TypeTable};
use crate::canonical::{CanonRefType, CanonValType, CanonicalTypeId};

/// Says in a word that its id counts from the start of the group.
const RELATIVE: u64 = 1 << 9;
/// Words for packed fields; no value type has these codes.
const I8: u64 = 0x78;
const I16: u64 = 0x77;
const MUTABLE: u64 = 1 << 10;

/// Writes one group's key.
pub(crate) struct KeyWriter<'a, F> {
    pub words: &'a mut Vec<u64>,
    pub group: Range<u32>,
    /// The canonical id of a type outside of the group.
    pub outer: F,
}

impl<F: Fn(TypeIdx) -> CanonicalTypeId> KeyWriter<'_, F> {
    fn idx(&mut self, idx: TypeIdx) {
        let word = if self.group.contains(&idx.0) {
            RELATIVE | u64::from(idx.0 - self.group.start) << 32
        } else {
            u64::from((self.outer)(idx).0) << 32
        };
        self.words.push(word);
    }

    fn val_word(&self, ty: ValType) -> u64 {
        let relative = match ty.as_ref().and_then(|ty| ty.heap().type_idx()) {
            Some(idx) if self.group.contains(&idx.0) => RELATIVE,
            _ => 0,
        };
        let id = |idx: TypeIdx| {
            if relative != 0 { CanonicalTypeId(idx.0 - self.group.start) } else { (self.outer)(idx) }
        };
        relative
            | match ty.as_ref() {
                Some(ty) => CanonValType::from(CanonRefType::from_ref(ty, id)).to_bits(),
                None => u64::from(ty.to_bits()),
            }
    }

    fn field(&mut self, field: FieldType) {
        let word = match field.storage {
            StorageType::I8 => I8,
            StorageType::I16 => I16,
            StorageType::Val(ty) => self.val_word(ty),
        };
        self.words.push(if field.mutable { word | MUTABLE } else { word });
    }
}

/// The first word of a definition's part of a key.
pub(crate) fn header(kind: u8, is_final: bool, clauses: [bool; 3], len: u32) -> u64 {
    let clauses = u64::from(clauses[0]) | u64::from(clauses[1]) << 1 | u64::from(clauses[2]) << 2;
    u64::from(kind) | u64::from(is_final) << 8 | clauses << 9 | u64::from(len) << 32
}

/// Writes the key of the group of `types` that `writer` names.
pub(crate) fn write_group<F: Fn(TypeIdx) -> CanonicalTypeId>(types: &TypeTable, mut writer: KeyWriter<'_, F>) {
    for idx in writer.group.clone() {
        let def = types.def(TypeIdx(idx));
        let len = match def.composite {
            Composite::Func { params, .. } => params,
            Composite::Struct { len, .. } => len,
            Composite::Array(_) | Composite::Cont(_) => 1,
        };
        let clauses = [def.supertype, def.describes, def.descriptor];
        writer.words.push(header(def.composite.kind() as u8, def.is_final, clauses.map(|c| c.is_some()), len));
        for clause in clauses.into_iter().flatten() {
            writer.idx(clause);
        }
        match def.composite {
            Composite::Func { results, .. } => {
                writer.words.push(u64::from(results));
                if let Some(sig) = types.sig_of(&def.composite) {
                    for &ty in sig.params.iter().chain(sig.results) {
                        let word = writer.val_word(ty);
                        writer.words.push(word);
                    }
                }
            }
            Composite::Struct { .. } => {
                for &field in types.fields_of(&def.composite).into_iter().flatten() {
                    writer.field(field);
                }
            }
            Composite::Array(field) => writer.field(field),
            Composite::Cont(func) => writer.idx(func),
        }
    }
}

/// The key of a group of one function type without supertypes.
pub(crate) fn func_key(params: &[CanonValType], results: &[CanonValType], words: &mut Vec<u64>) {
    words.push(header(crate::CompositeKind::Func as u8, true, [false; 3], params.len() as u32));
    words.push(results.len() as u64);
    words.extend(params.iter().chain(results).map(|ty| ty.to_bits()));
}
