//! Run-time objects as the executor sees them: instances, functions, globals.
//!
//! Objects live at fixed addresses inside the store's arenas (`gc`), and point to each other; the store's collector frees
//! what nothing reaches. This file has the data and its plain accessors, no policy.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;

use wasm_syntax::{FuncIdx, TypeIdx};

use crate::exec::ModuleCode;
use crate::gc::{Header, ObjectType};
use crate::memory::Memory;
use crate::table::Table;
use crate::value::{CanonicalBits, SlotType};

/// A canonical function type: equal ids mean equal types, in every module of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TypeId(pub u32);

/// A function type as linking and indirect calls need it.
#[derive(Debug)]
pub struct FuncTypeInfo {
    /// The canonical id.
    pub id: TypeId,
    /// The ids of the type's proper supertypes.
    pub supertypes: Box<[TypeId]>,
    /// Slots that the parameters take.
    pub param_slots: u16,
    /// Slots that the results take.
    pub result_slots: u16,
    /// What the parameters are.
    pub params: Box<[SlotType]>,
    /// What the results are.
    pub results: Box<[SlotType]>,
    /// Whether all of these are numbers of one slot, of which any bits are a value.
    pub has_only_numbers: bool,
}

impl FuncTypeInfo {
    /// The function type `id` with these proper supertypes, parameters and results.
    #[must_use]
    pub fn new(id: TypeId, supertypes: Box<[TypeId]>, params: Box<[SlotType]>, results: Box<[SlotType]>) -> Self {
        let (param_slots, result_slots) = (SlotType::total_slots(&params), SlotType::total_slots(&results));
        let has_only_numbers = params.iter().chain(&results).all(|ty| ty.is_number());
        Self { id, supertypes, param_slots, result_slots, params, results, has_only_numbers }
    }

    /// Whether a function of this type can stand for one of type `id`. Spec: `match-deftype`.
    #[inline]
    #[must_use]
    pub fn matches(&self, id: TypeId) -> bool {
        self.id == id || self.supertypes.contains(&id)
    }

    /// [`matches`](Self::matches) if there is an id to match.
    pub(crate) fn matches_optional(&self, id: Option<TypeId>) -> bool {
        id.is_none_or(|id| self.matches(id))
    }

    /// The slot behind parameters and results, where the return ip goes.
    #[must_use]
    pub fn return_slot(&self) -> u16 {
        self.param_slots.max(self.result_slots)
    }
}

/// A function, as references point to it. Spec: `syntax-funcinst`.
#[derive(Debug)]
pub struct FuncInst {
    pub(crate) header: Header,
    /// Its type.
    pub ty: Arc<FuncTypeInfo>,
    /// Where its code comes from.
    pub kind: FuncKind,
    /// Where calls of it find the start of its code, if a module defines it: in the module's linked code, which lives as long as
    /// the instance.
    pub(crate) entry: Option<NonNull<AtomicPtr<u64>>>,
    /// How handlers call it themselves, if the embedder gave it so.
    pub(crate) direct: Option<DirectFn>,
}

/// A host function of numbers alone, of which the store knows nothing and which knows nothing of the store, so that it can be
/// called while WebAssembly runs: takes the arguments' slots, and leaves the results there.
///
/// It must not unwind: a panic is caught, and what it carries is the error.
#[derive(Clone)]
pub struct DirectFn(pub Arc<Direct>);

/// See [`DirectFn`].
pub type Direct = dyn Fn(&mut [u64]) -> Result<(), Box<dyn Any + Send>> + Send + Sync;

impl fmt::Debug for DirectFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirectFn").finish_non_exhaustive()
    }
}

/// Where a function's code comes from.
#[derive(Clone, Copy, Debug)]
pub enum FuncKind {
    /// Defined by a module.
    Wasm {
        /// The instance of the module; it owns the function.
        instance: NonNull<Instance>,
        /// Its position in the module.
        func: FuncIdx,
    },
    /// Defined by the embedder, who knows it by this number.
    Host(u32),
}

/// An instance of a module. Spec: `syntax-moduleinst`.
#[derive(Debug)]
pub struct Instance {
    pub(crate) header: Header,
    /// Its own address, once it has one.
    pub(crate) this: Option<NonNull<Instance>>,
    /// The module's linked code, shared by all instances of the module.
    pub code: Arc<ModuleCode>,
    /// Memories, imported ones first.
    pub memories: Box<[NonNull<Memory>]>,
    /// Tables, imported ones first.
    pub tables: Box<[NonNull<Table>]>,
    /// Globals' cells, imported ones first.
    pub globals: Box<[NonNull<Global>]>,
    /// Tags, imported ones first.
    pub tags: Box<[NonNull<Tag>]>,
    /// Imported functions.
    pub imported_funcs: Box<[NonNull<FuncInst>]>,
    /// Types of all functions, imported ones first, and of all types of the module by their index.
    pub types: Arc<ModuleTypes>,
    /// References to the module's own functions, made when first asked for.
    pub func_refs: Box<[Cell<Option<NonNull<FuncInst>>>]>,
    /// Those of `func_refs` that were made; the instance owns them.
    pub(crate) made_funcs: RefCell<Vec<NonNull<FuncInst>>>,
    /// Evaluated element segments; empty once dropped.
    pub elems: Box<[Vec<u64>]>,
    /// Which data segments are dropped.
    pub dropped_data: Box<[bool]>,
    /// The module's bytes and where in them each data segment lies.
    pub data: Arc<DataSegments>,
}

/// The function types of a module, canonical.
#[derive(Debug, Default)]
pub struct ModuleTypes {
    /// Type of each function, imported ones first.
    pub funcs: Box<[TypeIdx]>,
    /// Each type of the module that is a function type.
    pub types: Box<[Option<Arc<FuncTypeInfo>>]>,
    /// Each type of the module that is a structure or array type.
    pub objects: Box<[Option<Arc<ObjectType>>]>,
    /// What the elements of each element segment are.
    pub elems: Box<[SlotType]>,
}

impl ModuleTypes {
    /// The type of function `func`.
    ///
    /// # Panics
    ///
    /// If there is no such function.
    #[must_use]
    pub fn func(&self, func: FuncIdx) -> &Arc<FuncTypeInfo> {
        self.types[self.funcs[func.index()].index()].as_ref().expect("validated functions have function types")
    }
}

/// The bytes of a module's data segments.
#[derive(Debug, Default)]
pub struct DataSegments {
    /// The bytes that the segments are parts of.
    pub bytes: Arc<[u8]>,
    /// Start and end of each segment.
    pub ranges: Box<[(usize, usize)]>,
}

impl DataSegments {
    /// The bytes of segment `n`; none if there is no such segment.
    #[must_use]
    pub fn get(&self, n: usize) -> &[u8] {
        self.ranges.get(n).and_then(|&(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }
}

/// A global's cell: two slots first, of which all but vectors use one. Spec: `syntax-globalinst`.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct Global {
    /// The value's slots.
    pub slots: [u64; 2],
    pub(crate) header: Header,
    /// What the slots hold.
    pub(crate) kind: SlotType,
    /// Whether it may be written.
    pub(crate) mutable: bool,
    /// The type of its value, as the embedding layer knows it.
    pub(crate) canonical: CanonicalBits,
}

impl Global {
    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> SlotType {
        self.kind
    }

    /// Whether it may be written.
    #[must_use]
    pub fn is_mutable(&self) -> bool {
        self.mutable
    }

    /// The type of its value, as the embedding layer knows it.
    #[must_use]
    pub fn canonical(&self) -> CanonicalBits {
        self.canonical
    }
}

/// A tag, known by its address. Spec: `syntax-taginst`.
#[derive(Debug)]
pub struct Tag {
    pub(crate) header: Header,
    /// The function type whose parameters its exceptions carry.
    pub ty: Arc<FuncTypeInfo>,
    /// How its exceptions lie in the heap.
    pub(crate) object: Arc<ObjectType>,
}
