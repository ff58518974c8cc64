//! Types as the embedder sees them: independent of any module, so that they compare across modules of one engine.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use wasm_syntax::{AbstractHeapType, HeapType, Limits, MemType};
use wasm_validate::linking::CanonExternType;
use wasm_validate::{
    CanonComposite, CanonFieldType, CanonHeapType, CanonRefType, CanonStorageType, CanonValType, CanonicalTypeId,
    TypeRegistry,
};
use whimbrel_engine::{AnyHeap, CanonicalBits, FieldStorage, FuncTypeInfo, ObjectType, SlotType, TypeId};

use crate::Engine;

/// A value's type. Spec: `syntax-valtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 128-bit vectors.
    V128,
    /// References.
    Ref(RefType),
}

impl ValType {
    /// References to functions, or null.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// References to the embedder's values, or null.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);
    /// References to exceptions, or null.
    pub const EXNREF: Self = Self::Ref(RefType::EXNREF);
    /// References to anything inside WebAssembly, or null.
    pub const ANYREF: Self = Self::Ref(RefType::ANYREF);

    pub(crate) fn from_canon(ty: CanonValType) -> Self {
        match ty {
            CanonValType::I32 => Self::I32,
            CanonValType::I64 => Self::I64,
            CanonValType::F32 => Self::F32,
            CanonValType::F64 => Self::F64,
            CanonValType::V128 => Self::V128,
            _ => Self::Ref(RefType(ty.as_ref().expect("all other types are references"))),
        }
    }

    pub(crate) fn canon(self) -> CanonValType {
        match self {
            Self::I32 => CanonValType::I32,
            Self::I64 => CanonValType::I64,
            Self::F32 => CanonValType::F32,
            Self::F64 => CanonValType::F64,
            Self::V128 => CanonValType::V128,
            Self::Ref(ty) => ty.0.into(),
        }
    }

    /// What the engine has to know of the type.
    pub(crate) fn slot_type(self, registry: &TypeRegistry) -> SlotType {
        match self {
            Self::I32 => SlotType::I32,
            Self::I64 => SlotType::I64,
            Self::F32 => SlotType::F32,
            Self::F64 => SlotType::F64,
            Self::V128 => SlotType::V128,
            Self::Ref(RefType(ty)) => {
                let nullable = ty.is_nullable();
                match ty.heap() {
                    CanonHeapType::Abstract(AbstractHeapType::Func) => SlotType::Func { nullable, ty: None },
                    CanonHeapType::Abstract(AbstractHeapType::Extern) => SlotType::Extern { nullable },
                    CanonHeapType::Abstract(AbstractHeapType::Exn) => SlotType::Exn { nullable },
                    CanonHeapType::Abstract(AbstractHeapType::Cont) => SlotType::Cont { nullable, ty: None },
                    CanonHeapType::Abstract(ty) => match any_heap(ty) {
                        Some(heap) => SlotType::Any { nullable, heap },
                        None => SlotType::Null,
                    },
                    CanonHeapType::Concrete(id) | CanonHeapType::Exact(id) => match registry.composite(id) {
                        CanonComposite::Func(..) => SlotType::Func { nullable, ty: Some(TypeId(id.0)) },
                        CanonComposite::Struct(_) | CanonComposite::Array(_) => {
                            let is_exact = matches!(ty.heap(), CanonHeapType::Exact(_));
                            let id = TypeId(id.0);
                            let heap = if is_exact { AnyHeap::Exact(id) } else { AnyHeap::Defined(id) };
                            SlotType::Any { nullable, heap }
                        }
                        CanonComposite::Cont(_) => SlotType::Cont { nullable, ty: Some(TypeId(id.0)) },
                    },
                }
            }
        }
    }

    /// The type as bits for the engine to keep.
    pub(crate) fn to_bits(self) -> CanonicalBits {
        CanonicalBits(match self {
            Self::I32 => 0,
            Self::I64 => 1,
            Self::F32 => 2,
            Self::F64 => 3,
            Self::V128 => 4,
            Self::Ref(RefType(ty)) => {
                let (tag, payload) = match ty.heap() {
                    CanonHeapType::Abstract(ty) => (5, ty as u32),
                    CanonHeapType::Concrete(id) => (6, id.0),
                    CanonHeapType::Exact(id) => (7, id.0),
                };
                tag | u64::from(ty.is_nullable()) << 3 | u64::from(payload) << 32
            }
        })
    }

    /// The type that gave `bits`.
    pub(crate) fn from_bits(bits: CanonicalBits) -> Self {
        let payload = (bits.0 >> 32) as u32;
        let heap = match bits.0 & 7 {
            0 => return Self::I32,
            1 => return Self::I64,
            2 => return Self::F32,
            3 => return Self::F64,
            4 => return Self::V128,
            5 => CanonHeapType::Abstract(
                AbstractHeapType::from_code(payload as u8).expect("the bits were made from such a type"),
            ),
            6 => CanonHeapType::Concrete(CanonicalTypeId(payload)),
            _ => CanonHeapType::Exact(CanonicalTypeId(payload)),
        };
        Self::Ref(RefType(CanonRefType::new(bits.0 & 8 != 0, heap)))
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.canon().fmt(f)
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> Self {
        Self::Ref(ty)
    }
}

/// A reference's type. Spec: `syntax-reftype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType(pub(crate) CanonRefType);

impl RefType {
    /// References to functions, or null.
    pub const FUNCREF: Self = Self::nullable(AbstractHeapType::Func);
    /// References to the embedder's values, or null.
    pub const EXTERNREF: Self = Self::nullable(AbstractHeapType::Extern);
    /// References to exceptions, or null.
    pub const EXNREF: Self = Self::nullable(AbstractHeapType::Exn);
    /// References to anything inside WebAssembly, or null.
    pub const ANYREF: Self = Self::nullable(AbstractHeapType::Any);

    const fn nullable(heap: AbstractHeapType) -> Self {
        Self(CanonRefType::new(true, CanonHeapType::Abstract(heap)))
    }

    /// Whether null belongs to the type.
    #[must_use]
    pub const fn is_nullable(self) -> bool {
        self.0.is_nullable()
    }

    /// The module-independent form of `heap`, if no definition takes part in it.
    pub(crate) fn plain(self) -> wasm_syntax::RefType {
        let heap = match self.0.heap() {
            CanonHeapType::Abstract(ty) => HeapType::Abstract(ty),
            // Only the embedding layer's tables have it, and nothing reads it there: their canonical type counts.
            CanonHeapType::Concrete(_) | CanonHeapType::Exact(_) => HeapType::FUNC,
        };
        wasm_syntax::RefType::new(self.is_nullable(), heap)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A function's type. Spec: `syntax-functype`.
///
/// Equal types of one engine compare equal.
#[derive(Clone)]
pub struct FuncType {
    engine: Engine,
    id: CanonicalTypeId,
    params: Box<[ValType]>,
    results: Box<[ValType]>,
}

impl FuncType {
    /// The type of functions from `params` to `results`.
    ///
    /// # Panics
    ///
    /// If the engine knows 2³² types already.
    #[must_use]
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let (params, results): (Box<[_]>, Box<[_]>) = (params.into_iter().collect(), results.into_iter().collect());
        let canon = |types: &[ValType]| types.iter().map(|ty| ty.canon()).collect::<Box<[_]>>();
        let id = engine.types().intern_func(&canon(&params), &canon(&results));
        let id = id.expect("an engine has room for 2^32 types");
        Self { engine: engine.clone(), id, params, results }
    }

    /// The function type `id` of the engine.
    pub(crate) fn from_id(engine: &Engine, id: CanonicalTypeId) -> Self {
        let types = engine.types();
        let sig = types.func_sig(id).expect("ids of functions are those of function types");
        let own = |types: &[CanonValType]| types.iter().map(|&ty| ValType::from_canon(ty)).collect();
        let (params, results) = (own(sig.params), own(sig.results));
        drop(types);
        Self { engine: engine.clone(), id, params, results }
    }

    /// Types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.params.iter().copied()
    }

    /// Types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.results.iter().copied()
    }

    /// The engine that knows the type.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a function of this type can stand for one of type `other`. Spec: `match-functype`.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.engine.same(&other.engine) && self.engine.types().is_subtype(self.id, other.id)
    }

    pub(crate) fn info(&self) -> Arc<FuncTypeInfo> {
        func_type_info(&self.engine.types(), self.id)
    }
}

impl PartialEq for FuncType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.engine.same(&other.engine)
    }
}

impl Eq for FuncType {}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for FuncType {
    /// As in the text format: `(func (param i32 i32) (result i64))`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (word, types) in [("param", &self.params), ("result", &self.results)] {
            if !types.is_empty() {
                write!(f, " ({word}")?;
                types.iter().try_for_each(|ty| write!(f, " {ty}"))?;
                f.write_str(")")?;
            }
        }
        f.write_str(")")
    }
}

/// The part of the hierarchy of `any` that has other values than null.
fn any_heap(ty: AbstractHeapType) -> Option<AnyHeap> {
    Some(match ty {
        AbstractHeapType::Any => AnyHeap::Any,
        AbstractHeapType::Eq => AnyHeap::Eq,
        AbstractHeapType::I31 => AnyHeap::I31,
        AbstractHeapType::Struct => AnyHeap::Struct,
        AbstractHeapType::Array => AnyHeap::Array,
        _ => return None,
    })
}

/// A structure or array type as the engine needs it; `None` for types of other kinds.
pub(crate) fn new_object_type(types: &TypeRegistry, id: CanonicalTypeId) -> Option<ObjectType> {
    let storage = |field: &CanonFieldType| {
        let storage = match field.storage {
            CanonStorageType::I8 => FieldStorage::I8,
            CanonStorageType::I16 => FieldStorage::I16,
            CanonStorageType::Val(ty) => FieldStorage::Val(ValType::from_canon(ty).slot_type(types)),
        };
        (storage, field.mutable)
    };
    let supertypes: Box<[TypeId]> = types.supertypes(id).iter().map(|ty| TypeId(ty.0)).collect();
    match types.composite(id) {
        CanonComposite::Struct(fields) => {
            let fields: Box<[_]> = fields.iter().map(storage).collect();
            Some(ObjectType::new_struct(TypeId(id.0), &supertypes, &fields, types.descriptor(id).is_some()))
        }
        CanonComposite::Array(elem) => {
            let (elem, mutable) = storage(elem);
            Some(ObjectType::new_array(TypeId(id.0), &supertypes, elem, mutable))
        }
        CanonComposite::Func(..) | CanonComposite::Cont(_) => None,
    }
}

/// A function type as the engine needs it.
pub(crate) fn func_type_info(types: &TypeRegistry, id: CanonicalTypeId) -> Arc<FuncTypeInfo> {
    let sig = types.func_sig(id).expect("ids of functions are those of function types");
    let slots = |list: &[CanonValType]| list.iter().map(|&ty| ValType::from_canon(ty).slot_type(types)).collect();
    let supertypes = types.supertypes(id).iter().filter(|&&ty| ty != id).map(|ty| TypeId(ty.0)).collect();
    Arc::new(FuncTypeInfo::new(TypeId(id.0), supertypes, slots(sig.params), slots(sig.results)))
}

/// Whether a global may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// It may not.
    Const,
    /// It may.
    Var,
}

/// A global's type. Spec: `syntax-globaltype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// The type of globals that hold `content`.
    #[must_use]
    pub const fn new(content: ValType, mutability: Mutability) -> Self {
        Self { content, mutability }
    }

    /// What it holds.
    #[must_use]
    pub const fn content(&self) -> ValType {
        self.content
    }

    /// Whether it may be written.
    #[must_use]
    pub const fn mutability(&self) -> Mutability {
        self.mutability
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => write!(f, "(global {})", self.content),
            Mutability::Var => write!(f, "(global (mut {}))", self.content),
        }
    }
}

/// A memory's type. Spec: `syntax-memtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType(pub(crate) MemType);

impl MemoryType {
    /// The type of memories with 32-bit addresses and sizes from `minimum` to `maximum` pages of 64 KiB.
    #[must_use]
    pub fn new(minimum: u32, maximum: Option<u32>) -> Self {
        let limits = Limits { min: minimum.into(), max: maximum.map(u64::from) };
        Self(MemType { limits, memory64: false, shared: false, page_size_log2: 16 })
    }

    /// The type of memories with 64-bit addresses and sizes from `minimum` to `maximum` pages of 64 KiB.
    #[must_use]
    pub fn new64(minimum: u64, maximum: Option<u64>) -> Self {
        let limits = Limits { min: minimum, max: maximum };
        Self(MemType { limits, memory64: true, shared: false, page_size_log2: 16 })
    }

    /// The type of memories that threads share, with 32-bit addresses and sizes from `minimum` to `maximum` pages of 64 KiB.
    #[must_use]
    pub fn shared(minimum: u32, maximum: u32) -> Self {
        let mut ty = Self::new(minimum, Some(maximum));
        ty.0.shared = true;
        ty
    }

    /// The smallest size in pages.
    #[must_use]
    pub const fn minimum(&self) -> u64 {
        self.0.limits.min
    }

    /// The largest size in pages.
    #[must_use]
    pub const fn maximum(&self) -> Option<u64> {
        self.0.limits.max
    }

    /// Whether addresses are 64 bits wide.
    #[must_use]
    pub const fn is_64(&self) -> bool {
        self.0.memory64
    }

    /// Whether threads share it.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Bytes of a page.
    #[must_use]
    pub const fn page_size(&self) -> u64 {
        1 << self.0.page_size_log2
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.memory64 { "(memory i64 " } else { "(memory " })?;
        display_limits(self.0.limits, f)?;
        f.write_str(if self.0.shared { " shared" } else { "" })?;
        match self.0.page_size_log2 {
            16 => f.write_str(")"),
            log2 => write!(f, " (pagesize {}))", 1u64 << log2),
        }
    }
}

/// A table's type. Spec: `syntax-tabletype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    pub(crate) element: RefType,
    pub(crate) limits: Limits,
    pub(crate) table64: bool,
}

impl TableType {
    /// The type of tables with 32-bit indices and from `minimum` to `maximum` elements.
    #[must_use]
    pub fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> Self {
        Self { element, limits: Limits { min: minimum.into(), max: maximum.map(u64::from) }, table64: false }
    }

    /// The type of tables with 64-bit indices and from `minimum` to `maximum` elements.
    #[must_use]
    pub fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> Self {
        Self { element, limits: Limits { min: minimum, max: maximum }, table64: true }
    }

    /// What the elements are.
    #[must_use]
    pub const fn element(&self) -> RefType {
        self.element
    }

    /// The smallest number of elements.
    #[must_use]
    pub const fn minimum(&self) -> u64 {
        self.limits.min
    }

    /// The largest number of elements.
    #[must_use]
    pub const fn maximum(&self) -> Option<u64> {
        self.limits.max
    }

    /// Whether indices are 64 bits wide.
    #[must_use]
    pub const fn is_64(&self) -> bool {
        self.table64
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.table64 { "(table i64 " } else { "(table " })?;
        display_limits(self.limits, f)?;
        write!(f, " {})", self.element)
    }
}

fn display_limits(limits: Limits, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match limits.max {
        Some(max) => write!(f, "{} {max}", limits.min),
        None => write!(f, "{}", limits.min),
    }
}

/// A tag's type. Spec: `syntax-tagtype`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagType(FuncType);

impl TagType {
    /// The type of tags whose exceptions carry the parameters of `ty`.
    #[must_use]
    pub const fn new(ty: FuncType) -> Self {
        Self(ty)
    }

    /// The function type.
    #[must_use]
    pub const fn ty(&self) -> &FuncType {
        &self.0
    }
}

/// The type of something that modules import or export. Spec: `syntax-externtype`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag.
    Tag(TagType),
}

impl ExternType {
    pub(crate) fn from_canon(engine: &Engine, ty: &CanonExternType) -> Self {
        match *ty {
            CanonExternType::Func { ty, .. } => Self::Func(FuncType::from_id(engine, ty)),
            CanonExternType::Table { elem, limits, table64 } => {
                Self::Table(TableType { element: RefType(elem), limits, table64 })
            }
            CanonExternType::Memory(ty) => Self::Memory(MemoryType(ty)),
            CanonExternType::Global { val, mutable } => {
                let mutability = if mutable { Mutability::Var } else { Mutability::Const };
                Self::Global(GlobalType::new(ValType::from_canon(val), mutability))
            }
            CanonExternType::Tag(ty) => Self::Tag(TagType(FuncType::from_id(engine, ty))),
        }
    }

    /// The type, if it is a function's.
    #[must_use]
    pub fn func(&self) -> Option<&FuncType> {
        if let Self::Func(ty) = self { Some(ty) } else { None }
    }

    /// The type, if it is a global's.
    #[must_use]
    pub fn global(&self) -> Option<&GlobalType> {
        if let Self::Global(ty) = self { Some(ty) } else { None }
    }

    /// The type, if it is a table's.
    #[must_use]
    pub fn table(&self) -> Option<&TableType> {
        if let Self::Table(ty) = self { Some(ty) } else { None }
    }

    /// The type, if it is a memory's.
    #[must_use]
    pub fn memory(&self) -> Option<&MemoryType> {
        if let Self::Memory(ty) = self { Some(ty) } else { None }
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => ty.fmt(f),
            Self::Global(ty) => ty.fmt(f),
            Self::Table(ty) => ty.fmt(f),
            Self::Memory(ty) => ty.fmt(f),
            Self::Tag(ty) => write!(f, "(tag {})", ty.0),
        }
    }
}

/// An import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportType<'m> {
    pub(crate) module: &'m str,
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ImportType<'m> {
    /// The name of the module that it is imported from.
    #[must_use]
    pub const fn module(&self) -> &'m str {
        self.module
    }

    /// Its name in that module.
    #[must_use]
    pub const fn name(&self) -> &'m str {
        self.name
    }

    /// The type that is asked for.
    #[must_use]
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// An export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportType<'m> {
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ExportType<'m> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'m str {
        self.name
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
