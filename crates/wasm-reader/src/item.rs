//! What sections list: imports, definitions, exports, segments, bodies. Spec: `binary-module`.

use core::ops::Range;

use wasm_syntax::{
    ExternKind, ExternType, Feature, FuncIdx, GlobalIdx, GlobalType, HeapType, MemIdx, RefType, Sequence,
    SequenceElement, TableIdx, TableType, TagIdx, TypeIdx, ValType,
};

use crate::types::{require_tags, sequence};
use crate::{Cursor, Decode, Form, InstrReader, ReadErrorKind, Result};

/// An import. Spec: `syntax-import`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// The first of the two names, by habit a module's.
    pub module: &'a str,
    /// The second of the two names.
    pub name: &'a str,
    /// What is asked for.
    pub ty: ExternType,
}

/// A table that the module defines. Spec: `syntax-table`.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Its type.
    pub ty: TableType,
    /// What its elements start as; null without.
    pub init: Option<ConstExpr<'a>>,
}

/// A global that the module defines. Spec: `syntax-global`.
#[derive(Clone, Copy, Debug)]
pub struct Global<'a> {
    /// Its type.
    pub ty: GlobalType,
    /// What it starts as.
    pub init: ConstExpr<'a>,
}

/// An export. Spec: `syntax-export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it exports.
    pub idx: ExternIdx,
}

/// Something that a module can export, by its position. Spec: `syntax-externidx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternIdx {
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
}

impl ExternIdx {
    /// The kind of thing.
    #[must_use]
    pub const fn kind(self) -> ExternKind {
        match self {
            Self::Func(_) => ExternKind::Func,
            Self::Table(_) => ExternKind::Table,
            Self::Memory(_) => ExternKind::Memory,
            Self::Global(_) => ExternKind::Global,
            Self::Tag(_) => ExternKind::Tag,
        }
    }

    /// The position in the kind's index space.
    #[must_use]
    pub const fn index(self) -> u32 {
        match self {
            Self::Func(FuncIdx(index))
            | Self::Table(TableIdx(index))
            | Self::Memory(MemIdx(index))
            | Self::Global(GlobalIdx(index))
            | Self::Tag(TagIdx(index)) => index,
        }
    }
}

/// An element segment. Spec: `syntax-elem`.
#[derive(Clone, Copy, Debug)]
pub struct Elem<'a> {
    /// What instantiation does with it.
    pub mode: ElemMode<'a>,
    /// The type of its elements.
    pub ty: RefType,
    /// Its elements.
    pub items: ElemItems<'a>,
}

/// What instantiation does with an element segment.
#[derive(Clone, Copy, Debug)]
pub enum ElemMode<'a> {
    /// Keeps it for `table.init`.
    Passive,
    /// Drops it: it declares functions for `ref.func`.
    Declared,
    /// Copies it into a table, and drops it.
    Active {
        /// The table.
        table: TableIdx,
        /// The index of the first element.
        offset: ConstExpr<'a>,
    },
}

/// The elements of a segment, checked to be well-formed.
#[derive(Clone, Copy, Debug)]
pub enum ElemItems<'a> {
    /// References to functions.
    Funcs(Sequence<'a, ElemFunc>),
    /// References that expressions give.
    Exprs(ConstExprs<'a>),
}

impl ElemItems<'_> {
    /// How many elements there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        match self {
            Self::Funcs(funcs) => funcs.len(),
            Self::Exprs(exprs) => exprs.count,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A function in an element segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElemFunc(pub FuncIdx);

/// Constant expressions one after the other, checked to be well-formed.
#[derive(Clone, Copy, Debug)]
pub struct ConstExprs<'a> {
    cursor: Cursor<'a>,
    count: u32,
}

impl<'a> ConstExprs<'a> {
    /// How many expressions there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The expressions in order.
    pub fn iter(&self) -> impl Iterator<Item = ConstExpr<'a>> + use<'a> {
        let mut cursor = self.cursor;
        // Decoding the list has checked them all.
        (0..self.count).map_while(move |_| cursor.read().ok())
    }
}

/// A data segment. Spec: `syntax-data`.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// What instantiation does with it.
    pub mode: DataMode<'a>,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What instantiation does with a data segment.
#[derive(Clone, Copy, Debug)]
pub enum DataMode<'a> {
    /// Keeps it for `memory.init`.
    Passive,
    /// Copies it into a memory, and drops it.
    Active {
        /// The memory.
        memory: MemIdx,
        /// The address of the first byte.
        offset: ConstExpr<'a>,
    },
}

/// An expression that instantiation evaluates: checked to be well-formed, not to be constant. Spec: `syntax-expr`.
#[derive(Clone, Copy, Debug)]
pub struct ConstExpr<'a> {
    cursor: Cursor<'a>,
}

impl<'a> ConstExpr<'a> {
    /// Its instructions, the closing `end` included.
    #[must_use]
    pub const fn instrs(&self) -> InstrReader<'a> {
        InstrReader::new(self.cursor)
    }

    /// Its offset in the module.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// Its bytes, the closing `end` included.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.cursor.rest()
    }
}

/// A function's body: locals and instructions. Spec: `binary-code`.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    whole: Cursor<'a>,
    locals: Sequence<'a, LocalRun>,
    local_count: u32,
    instrs: Cursor<'a>,
}

/// Locals of one type, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalRun {
    /// How many.
    pub count: u32,
    /// Of which type.
    pub ty: ValType,
}

impl<'a> Body<'a> {
    /// The body whose bytes, without their number before them, are all of `cursor`'s: for a body whose place was kept
    /// from an earlier reading of the section.
    ///
    /// # Errors
    ///
    /// If the locals are malformed, or too many.
    pub fn new(mut cursor: Cursor<'a>) -> Result<Self> {
        let whole = cursor;
        let locals = sequence::<LocalRun>(&mut cursor)?;
        let mut local_count = 0_u32;
        for run in locals.iter() {
            local_count =
                local_count.checked_add(run.count).ok_or_else(|| whole.error(ReadErrorKind::TooManyLocals))?;
        }
        Ok(Self { whole, locals, local_count, instrs: cursor })
    }

    /// The locals that the function has beside its parameters.
    #[must_use]
    pub const fn locals(&self) -> Sequence<'a, LocalRun> {
        self.locals
    }

    /// How many locals the function has beside its parameters.
    #[must_use]
    pub const fn local_count(&self) -> u32 {
        self.local_count
    }

    /// The instructions, the closing `end` included.
    #[inline]
    #[must_use]
    pub const fn instrs(&self) -> InstrReader<'a> {
        InstrReader::new(self.instrs)
    }

    /// The bytes of the instructions.
    #[must_use]
    pub const fn instr_bytes(&self) -> &'a [u8] {
        self.instrs.rest()
    }

    /// The offset of its first byte, that of the locals, in the module.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.whole.offset()
    }

    /// Where in the module its bytes are.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        let start = self.whole.offset();
        start..start + self.whole.rest().len() as u64
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.whole.rest()
    }
}

impl<'a> Decode<'a> for Body<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let len = cursor.u32()?;
        Self::new(cursor.sub(len)?)
    }
}

impl<'a> Decode<'a> for LocalRun {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { count: cursor.u32()?, ty: cursor.read()? })
    }
}

impl SequenceElement for LocalRun {
    fn take(bytes: &mut &[u8]) -> Self {
        Self { count: TypeIdx::take(bytes).0, ty: ValType::take(bytes) }
    }
}

impl<'a> Decode<'a> for ElemFunc {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        cursor.u32().map(FuncIdx).map(Self)
    }
}

impl SequenceElement for ElemFunc {
    fn take(bytes: &mut &[u8]) -> Self {
        Self(FuncIdx(TypeIdx::take(bytes).0))
    }
}

impl<'a> Decode<'a> for Table<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        if cursor.rest().first() != Some(&0x40) {
            return Ok(Self { ty: cursor.read()?, init: None });
        }
        cursor.require(Feature::FunctionReferences)?;
        cursor.byte()?;
        match cursor.byte()? {
            0 => Ok(Self { ty: cursor.read()?, init: Some(cursor.read()?) }),
            found => Err(cursor.malformed(Form::TablePrefix, u32::from(found))),
        }
    }
}

impl<'a> Decode<'a> for Global<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { ty: cursor.read()?, init: cursor.read()? })
    }
}

impl<'a> Decode<'a> for Export<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, idx: cursor.read()? })
    }
}

impl<'a> Decode<'a> for ExternIdx {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        match cursor.byte()? {
            0 => cursor.u32().map(FuncIdx).map(Self::Func),
            1 => cursor.u32().map(TableIdx).map(Self::Table),
            2 => cursor.u32().map(MemIdx).map(Self::Memory),
            3 => cursor.u32().map(GlobalIdx).map(Self::Global),
            4 => {
                require_tags(&start)?;
                cursor.u32().map(TagIdx).map(Self::Tag)
            }
            found => Err(cursor.malformed(Form::ExportKind, u32::from(found))),
        }
    }
}

impl<'a> Decode<'a> for ConstExpr<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        *cursor = InstrReader::skip(start)?;
        Ok(Self { cursor: cursor.since(&start) })
    }
}

impl<'a> Decode<'a> for ConstExprs<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let count = cursor.u32()?;
        let start = *cursor;
        for _ in 0..count {
            ConstExpr::decode(cursor)?;
        }
        Ok(Self { cursor: cursor.since(&start), count })
    }
}

/// In an element segment's flags: it is not active.
const INACTIVE: u32 = 1;
/// In an element segment's flags: an active one names its table, an inactive one is declared only.
const EXPLICIT: u32 = 1 << 1;
/// In an element segment's flags: its elements are expressions.
const EXPRESSIONS: u32 = 1 << 2;

fn elem_mode<'a>(cursor: &mut Cursor<'a>, flags: u32) -> Result<ElemMode<'a>> {
    Ok(match (flags & INACTIVE != 0, flags & EXPLICIT != 0) {
        (true, false) => ElemMode::Passive,
        (true, true) => ElemMode::Declared,
        (false, false) => ElemMode::Active { table: TableIdx(0), offset: cursor.read()? },
        (false, true) => ElemMode::Active { table: TableIdx(cursor.u32()?), offset: cursor.read()? },
    })
}

impl<'a> Decode<'a> for Elem<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        let flags = cursor.u32()?;
        if flags != 0 {
            start.require(Feature::BulkMemory)?;
        }
        if flags > INACTIVE | EXPLICIT | EXPRESSIONS {
            return Err(start.error(ReadErrorKind::Malformed { what: Form::ElemFlags, found: flags }));
        }
        let mode = elem_mode(cursor, flags)?;
        let names_type = flags & (INACTIVE | EXPLICIT) != 0;
        if flags & EXPRESSIONS != 0 {
            let ty = if names_type { cursor.read()? } else { RefType::FUNCREF };
            return Ok(Self { mode, ty, items: ElemItems::Exprs(cursor.read()?) });
        }
        if names_type {
            let kind = cursor.byte()?;
            if kind != 0 {
                return Err(cursor.malformed(Form::ElemKind, u32::from(kind)));
            }
        }
        Ok(Self { mode, ty: RefType::new(false, HeapType::FUNC), items: ElemItems::Funcs(sequence(cursor)?) })
    }
}

impl<'a> Decode<'a> for Data<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = *cursor;
        let flags = cursor.u32()?;
        if flags != 0 {
            start.require(Feature::BulkMemory)?;
        }
        let mode = match flags {
            0 => DataMode::Active { memory: MemIdx(0), offset: cursor.read()? },
            1 => DataMode::Passive,
            2 => DataMode::Active { memory: MemIdx(cursor.u32()?), offset: cursor.read()? },
            found => return Err(start.error(ReadErrorKind::Malformed { what: Form::DataFlags, found })),
        };
        let len = cursor.u32()?;
        Ok(Self { mode, bytes: cursor.bytes(len)? })
    }
}
