//! Plain instructions: found by table, without a branch on what they are.

use wasm_syntax::{F32Bits, F64Bits, Feature, GlobalIdx, Instr, LabelIdx, LoadOp, LocalIdx, NumericOp, StoreOp};

use crate::InstrReader;

/// An opcode and what follows it.
#[derive(Clone, Copy)]
struct Form {
    /// How many bytes there are beside the opcode and the integers.
    fixed: u8,
    /// All ones where there is no first, or no second, LEB128 integer.
    shift: u8,
    /// How many bytes the opcode and the integers have at most: fewer than would let an integer be too large.
    longest: u8,
}

/// No form that bytes can have.
const NOT_PLAIN: Form = Form { fixed: 0, shift: 0, longest: 0 };
const NOTHING: Form = Form { fixed: 0, shift: 0, longest: 1 };

const fn set(forms: &mut [Form; 256], opcode: u32, feature: Feature, form: Form) {
    if opcode < 256 && matches!(feature, Feature::Mvp) {
        forms[opcode as usize] = form;
    }
}

static FORMS: [Form; 256] = {
    const LOCAL: LocalIdx = LocalIdx(0);
    const INDEX_FORM: Form = Form { fixed: 0, shift: 8, longest: 2 };
    // An alignment of one byte and an offset of four.
    const MEMARG_FORM: Form = Form { fixed: 0, shift: 16, longest: 6 };
    let mut forms = [NOT_PLAIN; 256];
    forms[Instr::LocalGet(LOCAL).opcode() as usize] = INDEX_FORM;
    forms[Instr::LocalSet(LOCAL).opcode() as usize] = INDEX_FORM;
    forms[Instr::LocalTee(LOCAL).opcode() as usize] = INDEX_FORM;
    forms[Instr::GlobalGet(GlobalIdx(0)).opcode() as usize] = INDEX_FORM;
    forms[Instr::GlobalSet(GlobalIdx(0)).opcode() as usize] = INDEX_FORM;
    forms[Instr::BrIf(LabelIdx(0)).opcode() as usize] = INDEX_FORM;
    forms[Instr::Nop.opcode() as usize] = NOTHING;
    forms[Instr::Drop.opcode() as usize] = NOTHING;
    forms[Instr::I32Const(0).opcode() as usize] = Form { fixed: 0, shift: 8, longest: 5 };
    forms[Instr::I64Const(0).opcode() as usize] = Form { fixed: 0, shift: 8, longest: 8 };
    forms[Instr::F32Const(F32Bits(0)).opcode() as usize] = Form { fixed: 4, ..NOTHING };
    forms[Instr::F64Const(F64Bits(0)).opcode() as usize] = Form { fixed: 8, ..NOTHING };
    let mut i = 0;
    while i < NumericOp::ALL.len() {
        set(&mut forms, NumericOp::ALL[i].opcode(), NumericOp::ALL[i].feature(), NOTHING);
        i += 1;
    }
    i = 0;
    while i < LoadOp::ALL.len() {
        set(&mut forms, LoadOp::ALL[i].opcode(), LoadOp::ALL[i].feature(), MEMARG_FORM);
        i += 1;
    }
    i = 0;
    while i < StoreOp::ALL.len() {
        set(&mut forms, StoreOp::ALL[i].opcode(), StoreOp::ALL[i].feature(), MEMARG_FORM);
        i += 1;
    }
    forms
};

/// The highest bit of every byte: clear where an integer ends.
const CONTINUES: u64 = u64::from_le_bytes([0x80; 8]);

impl InstrReader<'_> {
    /// Takes instructions as long as they are plain, well-formed and `accept`ed, which is asked with their opcode and the
    /// byte after it. Plain are those of the first version on locals, constants, numbers and memory, with immediates of
    /// usual size.
    ///
    /// It stops before the first other instruction, and before the last few bytes in any case; [`read`](Self::read) takes
    /// that one and says what is wrong with it, if anything is.
    #[inline(always)]
    pub fn take_plain(&mut self, mut accept: impl FnMut(u8, u8) -> bool) {
        let mut rest = self.cursor.rest();
        while let Some(bytes) = rest.first_chunk() {
            let bytes = u64::from_le_bytes(*bytes);
            let form = FORMS[bytes as u8 as usize];
            // The ends of the opcode and of what may be integers; those that come before the last one are taken away.
            let ends = !bytes & CONTINUES | 0x80;
            let first = ends & ends.wrapping_sub(1);
            let second = first & first.wrapping_sub(1);
            let lens = 1 | ((first.trailing_zeros() >> 3) + 1) << 8 | ((second.trailing_zeros() >> 3) + 1) << 16;
            let len = lens >> form.shift & 0xFF;
            if len > u32::from(form.longest) || !accept(bytes as u8, (bytes >> 8) as u8) {
                break;
            }
            let Some(after) = rest.get(len as usize + form.fixed as usize..) else { break };
            rest = after;
        }
        self.cursor.skip_to(rest);
    }
}
