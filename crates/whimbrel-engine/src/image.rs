//! What a module needs to be instantiated: types, initial values, segments.
//!
//! Like code, an image is trusted to come from a valid module.

use alloc::boxed::Box;
use alloc::sync::Arc;

use wasm_syntax::{DataIdx, FuncIdx, GlobalIdx, MemIdx, MemType, TableIdx, TableType, TypeIdx};

use crate::exec::{LooseCode, ModuleCode};
use crate::instance::{DataSegments, ModuleTypes};
use crate::value::{CanonicalBits, SlotType};

/// A module, ready to be instantiated; shared by its instances and by threads. Lists hold what the module defines itself.
pub struct ModuleImage {
    /// The functions' code.
    pub code: Arc<ModuleCode>,
    /// The functions' types.
    pub types: Arc<ModuleTypes>,
    /// The data segments' bytes.
    pub data: Arc<DataSegments>,
    /// Memories.
    pub memories: Box<[MemType]>,
    /// Tables.
    pub tables: Box<[TableImage]>,
    /// Globals.
    pub globals: Box<[GlobalImage]>,
    /// Tags' function types.
    pub tags: Box<[TypeIdx]>,
    /// Element segments.
    pub elems: Box<[ElemImage]>,
    /// Active data segments, in order.
    pub active_data: Box<[ActiveData]>,
}

/// A constant expression.
pub enum Init {
    /// A constant, as its slots; null is zero.
    Const([u64; 2]),
    /// `ref.func`.
    Func(FuncIdx),
    /// `global.get`.
    Global(GlobalIdx),
    /// Any other expression, compiled.
    Code(LooseCode),
}

/// A table that a module defines.
pub struct TableImage {
    /// Its type.
    pub ty: TableType,
    /// What its elements are.
    pub elem: SlotType,
    /// What its elements are, as the embedding layer knows it.
    pub canonical: CanonicalBits,
    /// What all elements are at first.
    pub init: Init,
}

/// A global that a module defines.
pub struct GlobalImage {
    /// What it holds.
    pub kind: SlotType,
    /// Whether it may be written.
    pub mutable: bool,
    /// The type of its value, as the embedding layer knows it.
    pub canonical: CanonicalBits,
    /// Its value at first.
    pub init: Init,
}

/// An element segment.
pub struct ElemImage {
    /// The elements.
    pub items: ElemItems,
    /// What happens to them at instantiation.
    pub mode: ElemMode,
}

/// The elements of a segment.
pub enum ElemItems {
    /// References to functions.
    Funcs(Box<[FuncIdx]>),
    /// Any references.
    Inits(Box<[Init]>),
}

impl ElemItems {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Funcs(funcs) => funcs.len(),
            Self::Inits(inits) => inits.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What happens to an element segment at instantiation. Spec: `syntax-elemmode`.
pub enum ElemMode {
    /// It stays for `table.init`.
    Passive,
    /// It is dropped.
    Declarative,
    /// It is copied into a table, then dropped.
    Active {
        /// The table.
        table: TableIdx,
        /// Where in the table.
        offset: Init,
    },
}

/// An active data segment. Spec: `syntax-datamode`.
pub struct ActiveData {
    /// Which segment.
    pub data: DataIdx,
    /// The memory.
    pub memory: MemIdx,
    /// Where in the memory.
    pub offset: Init,
}
