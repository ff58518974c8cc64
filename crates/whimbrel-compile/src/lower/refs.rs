//! Reference maps: at each point where a function may stop while references are in use, which slots hold them.
//!
//! A local is in the map where it certainly has a value: a parameter, one that is zeroed at the start, or one that is assigned
//! on every path to the point. An operand is in it once it is in its home; as long as it is still in a local, the local is.

use alloc::boxed::Box;
use alloc::vec::Vec;

use wasm_syntax::{AbstractHeapType, HeapType, StorageType, ValType};
use wasm_validate::ModuleInfo;
use whimbrel_ir::{LocalSet, Point, RefKind, RefMaps, Slot, Temps};

use super::stack::Kind;
use super::{Lowerer, slot};

/// The references of a function, while it is lowered.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Parameters and locals that are references.
    locals: Vec<(Slot, RefKind)>,
    /// Those of them behind the parameters that are followed, as bits.
    followed: LocalSet,
    /// How many operands, from the lowest on, have their place in the chain of temporaries noted.
    chained: usize,
    /// Whether the function may stop anywhere but at its start.
    stops: bool,
}

/// What references of a type refer to; `None` for other types and for references that only null is of.
pub(super) fn ref_kind(info: &ModuleInfo, ty: ValType) -> Option<RefKind> {
    use AbstractHeapType as T;
    match ty.as_ref()?.heap() {
        HeapType::Abstract(T::Func) => Some(RefKind::Func),
        HeapType::Abstract(T::NoFunc | T::None | T::NoExtern | T::NoExn | T::NoCont | T::I31) => None,
        HeapType::Abstract(T::Any | T::Eq | T::Struct | T::Array | T::Extern | T::Exn | T::Cont) => Some(RefKind::Heap),
        HeapType::Concrete(ty) | HeapType::Exact(ty) if info.type_sig(ty).is_some() => Some(RefKind::Func),
        HeapType::Concrete(_) | HeapType::Exact(_) => Some(RefKind::Heap),
    }
}

impl References {
    /// Notes a parameter or local.
    pub fn local(&mut self, slot: Slot, kind: RefKind) {
        self.locals.push((slot, kind));
    }

    /// Forgets the places of operands from `height` on.
    pub fn unchain(&mut self, height: usize) {
        self.chained = self.chained.min(height);
    }
}

impl Lowerer<'_> {
    pub(super) fn ref_kind(&self, ty: ValType) -> Option<RefKind> {
        ref_kind(self.info, ty)
    }

    pub(super) fn storage_ref_kind(&self, ty: StorageType) -> Option<RefKind> {
        if let StorageType::Val(ty) = ty { self.ref_kind(ty) } else { None }
    }

    /// Starts the maps, once all locals are declared.
    pub(super) fn begin_refs(&mut self) {
        if self.references.locals.is_empty() {
            return;
        }
        let start = self.locals.start();
        let mut funcs = LocalSet::default();
        for &(slot, kind) in &self.references.locals {
            let Some(n) = u32::from(slot.0).checked_sub(start).filter(|&n| (n as usize) < RefMaps::SET_SLOTS) else {
                continue;
            };
            let (word, bit) = (n as usize / 64, 1 << (n % 64));
            self.references.followed[word] |= bit;
            if kind == RefKind::Func {
                funcs[word] |= bit;
            }
        }
        self.code.set_refs(Some(Box::new(RefMaps::new(slot(start), funcs))));
    }

    /// Says what the operand on top refers to.
    pub(super) fn refers_to(&mut self, kind: Option<RefKind>) {
        if let Some(top) = self.stack.last_mut() {
            top.reference = kind;
        }
    }

    /// Notes which slots hold references at a point where the function may stop.
    pub(super) fn point(&mut self, point: Point) {
        self.references.stops = true;
        let temps = self.chain();
        let mut locals = self.assigned.bits();
        locals.iter_mut().zip(self.references.followed).for_each(|(word, followed)| *word &= followed);
        if self.code.refs().is_none() {
            if temps == Temps::NONE {
                return;
            }
            self.code.set_refs(Some(Box::default()));
        }
        if let Some(refs) = self.code.refs_mut() {
            refs.push_point(point, &locals, temps);
        }
    }

    /// The chain of the operands that are references in their homes.
    fn chain(&mut self) -> Temps {
        let first = self.references.chained;
        self.references.chained = self.stack.len();
        let mut temps = first.checked_sub(1).map_or(Temps::NONE, |n| self.stack[n].temps);
        for entry in &mut self.stack[first..] {
            if let (Kind::Temp, Some(kind)) = (entry.kind, entry.reference) {
                if self.code.refs().is_none() {
                    self.code.set_refs(Some(Box::default()));
                }
                if let Some(refs) = self.code.refs_mut() {
                    temps = refs.push_temp(temps, entry.home, kind);
                }
            }
            entry.temps = temps;
        }
        temps
    }

    /// Completes the maps: locals that are zeroed are in all of them.
    pub(super) fn finish_refs(&mut self) {
        if !self.references.stops {
            self.code.set_refs(None);
            return;
        }
        let start = self.locals.start();
        let is_far = |slot: Slot| u32::from(slot.0) >= start + RefMaps::SET_SLOTS as u32;
        // Locals that are not followed have a value from the start.
        for &(slot, _) in self.references.locals.iter().filter(|&&(slot, _)| is_far(slot)) {
            self.locals.zero(slot, whimbrel_ir::Class::I64);
        }
        let zeroed = self.locals.to_zero();
        let has_value = |slot: Slot| {
            u32::from(slot.0) < start
                || zeroed.is_some_and(|(first, count)| (first.0..first.0 + count).contains(&slot.0))
        };
        let always = self.references.locals.iter().filter(|&&(slot, _)| has_value(slot));
        if let Some(refs) = self.code.refs_mut() {
            always.for_each(|&(slot, kind)| refs.push_always(slot, kind));
            if refs.is_empty() {
                self.code.set_refs(None);
            }
        }
    }
}
