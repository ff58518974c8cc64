//! Blocks, labels and branches.
//!
//! Values that a label takes are in the homes of its height whenever control reaches it. A branch whose values are there
//! already is one op.

use wasm_syntax::{BlockType, BrTable, LabelIdx};
use wasm_validate::ResultType;
use whimbrel_ir::{Action, Class, Dst, Inst, Point, Pos, Saves, Slot, Src};

use super::fuse::Cond;
use super::locals::Assigned;
use super::pins::Loop;
use super::stack::{Entry, Kind, constant};
use super::{Lowerer, slot, slots_of};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BlockKind {
    Func,
    Block,
    Loop,
    /// The first arm, with the branch that is taken when the condition does not hold.
    If(Pos),
    Else,
    /// `try_table`, with its handlers' places in the list: first and end.
    TryTable {
        first: u32,
        end: u32,
    },
    /// The body of a legacy `try`, with its start.
    Try(Pos),
    /// A catch of a legacy `try`: where the body started and ended, and the catch's handler.
    Catch {
        start: Pos,
        end: Pos,
        handler: u32,
    },
}

/// No position in a list: the end of a list of [`Fixup`]s.
const NONE: u32 = u32::MAX;

/// An open block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control {
    pub kind: BlockKind,
    ty: BlockType,
    /// How many operands are below the block's own.
    height: u32,
    /// The home of its first operand or result, in slots.
    pub base: u32,
    /// What is owed where the block starts.
    pub owed_at_entry: u32,
    /// What is owed wherever control reaches the label, once something has led there.
    pub owed: Option<u32>,
    /// Where a loop starts.
    start: Pos,
    /// The loop in the list of those that have a branch back; [`NONE`] if it is not there.
    listed: u32,
    /// The branches to the block's end that wait for its position.
    fixups: u32,
    pub at_entry: Assigned,
    /// What is assigned on all branches to the block's end.
    at_branches: Assigned,
    /// The last `br_table` for which code that moves values has been written, and that code.
    stub: (Pos, Pos),
}

impl Control {
    pub fn func() -> Self {
        Self::new(BlockKind::Func, BlockType::Empty, 0, 0, Assigned::NONE)
    }

    pub fn start(&self) -> Pos {
        self.start
    }

    pub fn height(&self) -> usize {
        self.height as usize
    }

    fn new(kind: BlockKind, ty: BlockType, height: usize, base: u32, assigned: Assigned) -> Self {
        Self {
            kind,
            ty,
            height: height as u32,
            base,
            owed_at_entry: 0,
            owed: None,
            start: Pos(0),
            listed: NONE,
            fixups: NONE,
            at_entry: assigned,
            at_branches: Assigned::ALL,
            stub: (Pos(u32::MAX), Pos(0)),
        }
    }
}

/// There may be as many open blocks as a body has bytes.
const _: () = assert!(size_of::<Control>() <= 128);

/// What leads to a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Site {
    /// A branch.
    Branch(Pos),
    /// A target of a `br_table`.
    Table(Pos, u32),
    /// A handler.
    Handler(usize),
}

/// What leads to a position that is not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixup {
    site: Site,
    /// The op right before an unconditional branch, if it computes the one value that goes with it.
    value: Option<Pos>,
    next: u32,
}

impl<'m> Lowerer<'m> {
    pub(super) fn block_params(&self, ty: BlockType) -> ResultType<'m> {
        match ty {
            BlockType::Func(idx) => ResultType::Many(self.info.type_sig(idx).map_or(&[], |sig| sig.params)),
            BlockType::Empty | BlockType::Value(_) => ResultType::Many(&[]),
        }
    }

    fn block_results(&self, ty: BlockType) -> ResultType<'m> {
        match ty {
            BlockType::Empty => ResultType::Many(&[]),
            BlockType::Value(ty) => ResultType::One(ty),
            BlockType::Func(idx) => ResultType::Many(self.info.type_sig(idx).map_or(&[], |sig| sig.results)),
        }
    }

    pub(super) fn label_index(&self, label: LabelIdx) -> usize {
        self.controls.len() - 1 - label.index()
    }

    /// The types of the values that a branch to the label takes.
    pub(super) fn label_types(&self, index: usize) -> ResultType<'m> {
        let control = &self.controls[index];
        match control.kind {
            BlockKind::Func => self.results,
            BlockKind::Loop => self.block_params(control.ty),
            _ => self.block_results(control.ty),
        }
    }

    /// The number of values that a branch to the label takes.
    fn label_arity(&self, index: usize) -> usize {
        self.label_types(index).len()
    }

    /// The home of the lowest of the `n` operands on top.
    pub(super) fn first_home(&self, n: usize) -> u32 {
        self.stack.get(self.stack.len() - n).map_or(self.top, |entry| u32::from(entry.home.0))
    }

    /// Where the values that a handler brings to the label go: the label's own homes, but for the function's, which has none.
    pub(super) fn label_base(&self, index: usize) -> u32 {
        let control = &self.controls[index];
        if control.kind == BlockKind::Func { self.locals.end() + 1 } else { control.base }
    }

    /// Whether the label finds the `n` operands on top in their homes.
    fn in_place(&self, index: usize, n: usize) -> bool {
        let control = &self.controls[index];
        n == 0 || (control.kind != BlockKind::Func && self.first_home(n) == control.base)
    }

    pub(super) fn set_unreachable(&mut self) {
        self.reachable = false;
        self.dead_depth = 0;
    }

    /// Follows blocks in code that cannot be reached.
    pub(super) fn skip(&mut self, instr: &wasm_syntax::Instr<'_>) {
        use wasm_syntax::Instr as I;
        match instr {
            I::Block(_) | I::Loop(_) | I::If(_) | I::Try(_) | I::TryTable(..) => self.dead_depth += 1,
            I::End | I::Delegate(_) if self.dead_depth > 0 => self.dead_depth -= 1,
            I::Else if self.dead_depth == 0 => self.else_(),
            I::Catch(tag) if self.dead_depth == 0 => self.legacy_catch(Some(*tag)),
            I::CatchAll if self.dead_depth == 0 => self.legacy_catch(None),
            I::Delegate(label) => self.legacy_delegate(*label),
            I::End => self.end(),
            _ => {}
        }
    }

    pub(super) fn enter(&mut self, kind: BlockKind, ty: BlockType, params: usize) {
        let (height, base) = (self.stack.len() - params, self.first_home(params));
        let mut control = Control::new(kind, ty, height, base, self.assigned);
        control.owed_at_entry = self.owed;
        control.owed = (kind == BlockKind::Loop).then_some(self.owed);
        self.controls.push(control);
    }

    pub(super) fn block(&mut self, ty: BlockType) {
        // A local may be written in the block on some paths to its end only, so that reads cannot wait for that.
        self.flush_deferred();
        let params = self.block_params(ty).len();
        self.enter(BlockKind::Block, ty, params);
    }

    pub(super) fn loop_(&mut self, ty: BlockType) {
        self.flush_deferred();
        let params = self.block_params(ty).len();
        self.flush_top(params);
        self.enter(BlockKind::Loop, ty, params);
        self.join();
        let start = self.code.end();
        if let Some(control) = self.controls.last_mut() {
            control.start = start;
        }
        self.point(Point::before(start));
    }

    pub(super) fn if_(&mut self, ty: BlockType) {
        let params = self.block_params(ty).len();
        let cond = self.pop();
        let keeps_accs = self.deferred.is_empty() && self.is_flushed(params);
        let cond = self.take_cond(cond, keeps_accs);
        self.flush_deferred();
        self.flush_top(params);
        let branch = self.emit_branch_if(cond.inverted());
        if params > 0 {
            // Both arms find the operands in their slots.
            self.barrier = self.code.end();
        }
        self.enter(BlockKind::If(branch), ty, params);
    }

    pub(super) fn else_(&mut self) {
        let Some(&control) = self.controls.last() else { return };
        let BlockKind::If(branch) = control.kind else { return };
        if self.reachable {
            let results = self.block_results(control.ty);
            self.flush_top(results.len());
            let index = self.controls.len() - 1;
            self.controls[index].owed.get_or_insert(self.owed);
            self.emit_br(index, &results);
        }
        self.truncate(control.height());
        self.code.set_target(branch, self.code.end());
        self.join();
        self.reachable = true;
        self.owed = control.owed_at_entry;
        self.assigned = control.at_entry;
        self.push_temps(&self.block_params(control.ty));
        if let Some(control) = self.controls.last_mut() {
            control.kind = BlockKind::Else;
        }
    }

    pub(super) fn end(&mut self) {
        let Some(mut control) = self.controls.last().copied() else { return };
        let results = self.block_results(control.ty);
        let leaves_catch = self.reachable && matches!(control.kind, BlockKind::Catch { .. });
        match control.kind {
            BlockKind::Func => return self.end_func(&control),
            BlockKind::TryTable { first, end } => self.end_handlers(first, end),
            _ if leaves_catch => self.carry(self.controls.len() - 1, results.len()),
            _ => {}
        }
        let is_target = control.fixups != NONE || leaves_catch || matches!(control.kind, BlockKind::If(_));
        if !is_target {
            self.controls.pop();
            if !self.reachable {
                self.truncate(control.height());
            }
            return;
        }
        let index = self.controls.len() - 1;
        if self.reachable {
            if !leaves_catch {
                self.flush_top(results.len());
            }
            self.settle_for(index);
            control.at_branches.intersect(&self.assigned);
        }
        self.owed = self.label_owed(index);
        self.controls.pop();
        self.bind(control.fixups);
        if let BlockKind::If(branch) = control.kind {
            self.code.set_target(branch, self.code.end());
            control.at_branches.intersect(&control.at_entry);
            self.before_label = None;
        }
        if leaves_catch {
            self.before_label = None;
        }
        self.reachable = true;
        self.assigned = control.at_branches;
        self.truncate(control.height());
        self.push_temps(&results);
    }

    fn end_func(&mut self, control: &Control) {
        let is_target = control.fixups != NONE;
        let has_landing = is_target && !self.results.is_empty();
        let index = self.controls.len() - 1;
        if is_target && !has_landing {
            if self.reachable && self.metering {
                self.settle_for(index);
            }
            self.owed = self.label_owed(index);
            self.bind(control.fixups);
        }
        let at_landing = self.controls[index].owed.unwrap_or(0);
        self.controls.pop();
        if self.reachable || (is_target && !has_landing) {
            if !self.metering {
                // A branch that returned by itself would not take what is owed behind the label.
                self.return_from_branches();
            }
            self.emit_return(true);
        }
        if has_landing {
            // Branches with values return by themselves; handlers cannot.
            self.truncate(0);
            self.reachable = false;
            self.owed = at_landing;
            self.bind(control.fixups);
            let results = self.results;
            self.push_temps(&results);
            self.emit_return(true);
        }
    }

    /// Makes unconditional branches that lead here, where the function returns, return themselves. If nothing else leads
    /// here but the code before, there is no label here any more.
    fn return_from_branches(&mut self) {
        let return_slot = self.code.return_slot;
        if self.bound_at != self.code.end() {
            return;
        }
        let value = match (self.results.len(), self.stack.last()) {
            (0, _) => None,
            (1, Some(&entry)) if entry.kind == Kind::Temp => Some(entry),
            _ => return,
        };
        let mut is_label = false;
        for n in 0..self.bound.len() {
            let mut fixup = self.bound[n];
            while let Some(&Fixup { site, value: writer, next }) = self.fixups.get(fixup as usize) {
                fixup = next;
                let at = match site {
                    Site::Branch(at) if matches!(self.code.inst(at), Some(Inst::Br { .. })) => at,
                    _ => {
                        is_label = true;
                        continue;
                    }
                };
                let inst = match value {
                    None => Inst::Return { return_slot, saves: Saves::None },
                    Some(Entry { class, home, .. }) => {
                        let a = writer.map_or(Src::Slot(home), |writer| self.keep_in_acc(writer));
                        Inst::ReturnValue { class, a, return_slot, saves: Saves::None }
                    }
                };
                self.code.replace(at, inst);
            }
        }
        if let (false, Some(value), Some(at)) = (is_label, value, self.before_label) {
            self.unjoin(value, at);
        }
    }

    /// Makes an op that writes a slot write the accumulator only. A copy out of the accumulator stays: there is none into
    /// the accumulator from itself.
    fn keep_in_acc(&mut self, at: Pos) -> Src {
        if let Some(inst) = self.code.inst(at)
            && !matches!(inst, Inst::Copy { a: Src::Acc, .. })
        {
            self.code.replace(at, inst.with_dst(Dst::Acc));
        }
        Src::Acc
    }

    fn push_temps(&mut self, types: &[wasm_syntax::ValType]) {
        types.iter().for_each(|&ty| self.push_typed(ty));
    }

    /// Makes the branches of a list lead here.
    fn bind(&mut self, mut fixup: u32) {
        let here = self.code.end();
        if self.bound_at != here {
            self.bound.clear();
            self.bound_at = here;
            // There is none if anything else leads here already.
            let value = self.stack.last().filter(|_| self.reachable);
            self.before_label = value.and_then(|&value| self.last_producer(value)).map(|producer| producer.at);
        }
        self.bound.push(fixup);
        while let Some(&Fixup { site, next, .. }) = self.fixups.get(fixup as usize) {
            self.set_site(site, here);
            fixup = next;
        }
        self.join();
    }

    fn set_site(&mut self, site: Site, target: Pos) {
        match site {
            Site::Branch(at) => self.code.set_target(at, target),
            Site::Table(at, n) => self.code.set_br_table_target(at, n, target),
            Site::Handler(n) => {
                if let Action::Catch(clause) | Action::Suspend(clause) = &mut self.handlers[n].action {
                    clause.target = target;
                }
            }
        }
    }

    /// Makes a branch lead to a label: now for loops, at the block's end for others.
    pub(super) fn link(&mut self, index: usize, site: Site, value: Option<Pos>) {
        let control = &mut self.controls[index];
        if control.kind == BlockKind::Loop {
            let (start, end) = (control.start, self.code.end());
            match self.loops.get_mut(control.listed as usize) {
                Some(known) => known.end = end,
                None => {
                    control.listed = self.loops.len() as u32;
                    self.loops.push(Loop { start, end });
                }
            }
            self.set_site(site, start);
            return;
        }
        control.at_branches.intersect(&self.assigned);
        let next = control.fixups;
        control.fixups = self.fixups.len() as u32;
        self.fixups.push(Fixup { site, value, next });
    }

    pub(super) fn br(&mut self, label: LabelIdx) {
        let index = self.label_index(label);
        let n = self.label_arity(index);
        if self.controls[index].kind == BlockKind::Func {
            self.return_();
            return;
        }
        self.carry(index, n);
        let types = self.label_types(index);
        self.emit_br(index, &types);
        self.set_unreachable();
    }

    /// Brings the `n` values on top, which are needed on no other path, to where the label expects them.
    pub(super) fn carry(&mut self, index: usize, n: usize) {
        self.flush_sums();
        if self.in_place(index, n) {
            self.flush_top(n);
        } else if n == 1 {
            let value = self.pop();
            self.write_slot(slot(self.controls[index].base), value.class, value);
        } else {
            self.move_top(n, self.controls[index].base);
        }
    }

    /// Appends a branch to a label that finds values of these types where it expects them.
    pub(super) fn emit_br(&mut self, index: usize, types: &[wasm_syntax::ValType]) {
        self.settle_for(index);
        let value = match *types {
            [ty] => self.last_writer(slot(self.controls[index].base), Class::of(ty)).map(|producer| producer.at),
            _ => None,
        };
        let at = self.emit(Inst::Br { target: self.code.end() });
        self.link(index, Site::Branch(at), value);
    }

    pub(super) fn br_if(&mut self, label: LabelIdx) {
        let cond = self.pop();
        let index = self.label_index(label);
        let keeps_accs = self.keeps_accs(index);
        let cond = self.take_cond(cond, keeps_accs);
        self.branch_if(index, cond);
    }

    /// Whether a conditional branch to the label needs no op before the branch.
    pub(super) fn keeps_accs(&self, index: usize) -> bool {
        let n = self.label_arity(index);
        self.is_flushed(n) || (n == 1 && !self.in_place(index, n) && !self.is_sum_on_top())
    }

    /// A branch to a label on a condition; the label's values are on top of the stack and stay there.
    pub(super) fn branch_if(&mut self, index: usize, cond: Cond) {
        let n = self.label_arity(index);
        if !self.keeps_accs(index) {
            self.flush_top(n);
        }
        if self.in_place(index, n) {
            self.settle_for(index);
            let at = self.emit_branch_if(cond);
            self.link(index, Site::Branch(at), None);
            if n > 0 {
                // The values are needed in their slots from now on.
                self.barrier = self.code.end();
            }
            return;
        }
        let around = self.emit_branch_if(cond.inverted());
        self.leave(index, n);
        self.code.set_target(around, self.code.end());
        self.join();
    }

    /// Whether branches to the label find its values, and what they owe, as it expects them.
    fn is_ready(&mut self, index: usize, n: usize) -> bool {
        self.in_place(index, n) && (!self.metering || self.label_owed(index) == self.owed)
    }

    /// Moves the `n` values on top, which are needed on another path, to the label, and goes there.
    fn leave(&mut self, index: usize, n: usize) {
        let owed = self.owed;
        if self.controls[index].kind == BlockKind::Func {
            self.emit_return(false);
        } else {
            if !self.in_place(index, n) {
                self.move_top(n, self.controls[index].base);
            }
            self.settle_for(index);
            let at = self.emit(Inst::Br { target: self.code.end() });
            self.link(index, Site::Branch(at), None);
        }
        self.owed = owed;
    }

    pub(super) fn br_table(&mut self, table: &BrTable<'_>) {
        let mut index = self.pop();
        let n = self.label_arity(self.label_index(table.default));
        let operand = if self.is_flushed(n) {
            if index.is_const() {
                self.materialise(&mut index);
            }
            self.take(index)
        } else {
            let operand = self.slot_operand(&mut index);
            self.flush_top(n);
            Src::Slot(operand)
        };
        self.settle_metered();
        let labels = || table.labels.iter().chain([table.default]);
        let at = self.emit(Inst::BrTable { index: operand, count: table.labels.len() + 1 });
        // As much as it takes: doubling would hold the labels three times.
        self.code.reserve(table.labels.len() as usize + 1);
        self.fixups.reserve(table.labels.len() as usize + 1);
        labels().for_each(|_| self.code.push_br_table_target(at, at));
        for (target, label) in labels().enumerate() {
            let (target, index) = (target as u32, self.label_index(label));
            if self.is_ready(index, n) {
                self.link(index, Site::Table(at, target), None);
            } else {
                let stub = self.stub(at, index, n);
                self.code.set_br_table_target(at, target, stub);
            }
        }
        self.set_unreachable();
    }

    /// Code that moves the values of the `br_table` at `table` to a label; once for each label.
    fn stub(&mut self, table: Pos, index: usize, n: usize) -> Pos {
        let (owner, stub) = self.controls[index].stub;
        if owner == table {
            return stub;
        }
        self.join();
        let stub = self.code.end();
        self.controls[index].stub = (table, stub);
        self.leave(index, n);
        stub
    }

    /// Copies the `n` values on top to consecutive slots at or below their homes.
    ///
    /// Ascending order is right: a value's destination is below the homes of all values after it, and no local's slot is
    /// among the destinations, or [`emit_return`](Self::emit_return) has seen to it.
    fn move_top(&mut self, n: usize, base: u32) {
        let first = self.first_home(n);
        if n > 1 && self.is_flushed(n) {
            let (d, a) = (slot(base), slot(first));
            self.emit_clobber(Inst::CopyRange { d, a, count: (self.top - first) as u16 });
            return;
        }
        for index in self.stack.len() - n..self.stack.len() {
            let entry = self.stack[index];
            let to = slot(base + u32::from(entry.home.0) - first);
            let class = entry.class;
            let inst = match entry.kind {
                Kind::Const(bits) => constant(class, Dst::Slot(to), bits),
                _ => Inst::Copy { class, d: Dst::Slot(to), a: self.peek(entry) },
            };
            self.define(class, to, inst);
        }
    }

    pub(super) fn return_(&mut self) {
        // A branch to a return costs as much as the return where there are no values to move.
        self.emit_return(true);
        self.set_unreachable();
    }

    /// Returns with the values on top. With `is_last_use` they are not needed on any other path.
    fn emit_return(&mut self, is_last_use: bool) {
        let return_slot = self.code.return_slot;
        let n = self.results.len();
        if is_last_use {
            self.flush_sums();
        }
        if n == 1 {
            let entry = self.stack[self.stack.len() - 1];
            self.return_value(entry, is_last_use);
            return;
        }
        if n > 1 {
            self.flush_overwritten(n);
            self.move_top(n, 0);
        }
        self.settle();
        self.emit(Inst::Return { return_slot, saves: Saves::None });
    }

    fn return_value(&mut self, entry: Entry, is_last_use: bool) {
        let class = entry.class;
        let a = match entry.kind {
            Kind::Const(value) if class == Class::I64 && !Src::fits_i64(value) => {
                self.emit_clobber(Inst::Const64 { class, d: Dst::Acc, value });
                Src::Acc
            }
            _ if is_last_use => self.take(entry),
            _ => self.peek(entry),
        };
        self.settle();
        self.emit(Inst::ReturnValue { class, a, return_slot: self.code.return_slot, saves: Saves::None });
    }

    /// Computes those of the `n` values on top that are still in a parameter which results overwrite.
    fn flush_overwritten(&mut self, n: usize) {
        let results = slots_of(&self.results);
        for index in self.stack.len() - n..self.stack.len() {
            if matches!(self.stack[index].kind, Kind::Local(Slot(local)) if u32::from(local) < results) {
                self.flush(index);
            }
        }
    }
}
