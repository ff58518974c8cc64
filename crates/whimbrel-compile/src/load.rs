//! Loading: the whole module decoded and validated, and what instantiation and compilation will read kept as places in
//! its bytes.

use alloc::vec::Vec;
use core::ops::Range;

use wasm_reader::custom::{KnownCustom, NameSubsection};
use wasm_reader::{
    Body, ConstExpr, Cursor, Data, DataMode, Elem, ElemItems, ElemMode, Global, Section, Table, sections,
};
use wasm_syntax::{Features, FuncIdx, Instr, MemIdx, ModuleLimits, RefType, TableIdx, ValType};
use wasm_validate::{ModuleInfo, ModuleValidator, SegmentMode};

use crate::error::LoadError;
use crate::func::{Scratch, validate_func};

/// How modules are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// What modules may use.
    pub features: Features,
    /// How large their parts may be.
    pub limits: ModuleLimits,
    /// Whether bodies are validated now. Otherwise a body that is not valid is an error when it is compiled, with
    /// [`Options::validate`](crate::Options::validate).
    pub validate_bodies: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { features: Features::default(), limits: ModuleLimits::DEFAULT, validate_bodies: true }
    }
}

/// A place in a module's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part` of `module` is.
    fn new(module: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr() as usize - module.as_ptr() as usize;
        Self { start: start as u32, end: (start + part.len()) as u32 }
    }

    /// The offset of the first byte.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start as u64
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes, of the `module` in which the place was found.
    ///
    /// # Panics
    ///
    /// If `module` is shorter than that module.
    #[must_use]
    pub fn of(self, module: &[u8]) -> &[u8] {
        &module[self.start as usize..self.end as usize]
    }
}

/// A valid module, in pieces that refer to its bytes. The bytes are the caller's to keep.
#[derive(Debug)]
pub struct Loaded {
    /// Types, index spaces, exports, the start function.
    pub info: ModuleInfo,
    /// The imports' names, module and item, in order; their types are in `info`.
    pub imports: Vec<(Span, Span)>,
    /// What the elements of the tables that the module defines start as; null where there is no expression.
    pub tables: Vec<Option<Span>>,
    /// What the globals that the module defines start as.
    pub globals: Vec<Span>,
    /// The element segments.
    pub elems: Vec<ElemSegment>,
    /// The data segments.
    pub datas: Vec<DataSegment>,
    /// The bodies of the functions that the module defines.
    pub bodies: Vec<Span>,
    /// The custom sections: name and contents.
    pub customs: Vec<(Span, Span)>,
    has_data_count: bool,
}

/// An element segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElemSegment {
    /// What instantiation does with it; an active one's table, and the expression for its first index.
    pub mode: SegmentMode<(TableIdx, Span)>,
    /// The type of its elements.
    pub ty: RefType,
    /// How many elements it has.
    pub count: u32,
    is_exprs: bool,
    items: Span,
}

/// An element of a segment.
#[derive(Clone, Copy, Debug)]
pub enum ElemItem<'a> {
    /// A reference to a function.
    Func(FuncIdx),
    /// What an expression gives.
    Expr(ConstExpr<'a>),
}

/// A data segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSegment {
    /// What instantiation does with it; an active one's memory, and the expression for its first address.
    pub mode: SegmentMode<(MemIdx, Span)>,
    /// Its bytes.
    pub bytes: Span,
}

impl Loaded {
    /// The body of a function that the module defines, in the module's `bytes`.
    ///
    /// # Panics
    ///
    /// If the function is not defined by the module, or `bytes` are not the module's.
    #[must_use]
    pub fn body<'a>(&self, bytes: &'a [u8], func: FuncIdx) -> Body<'a> {
        let span = self.bodies[(func.0 - self.info.num_imported_funcs()) as usize];
        match Body::new(self.cursor(bytes, span)) {
            Ok(body) => body,
            Err(error) => panic!("the locals of a body have been decoded before: {error}"),
        }
    }

    /// The constant expression at a place, in the module's `bytes`.
    ///
    /// # Panics
    ///
    /// If there is none, or `bytes` are not the module's.
    #[must_use]
    pub fn const_expr<'a>(&self, bytes: &'a [u8], span: Span) -> ConstExpr<'a> {
        match self.cursor(bytes, span).read() {
            Ok(expr) => expr,
            Err(error) => panic!("the expression has been decoded before: {error}"),
        }
    }

    /// The elements of a segment, in the module's `bytes`.
    pub fn elem_items<'a>(
        &self,
        bytes: &'a [u8],
        segment: &ElemSegment,
    ) -> impl Iterator<Item = ElemItem<'a>> + use<'a> {
        let mut cursor = self.cursor(bytes, segment.items);
        let is_exprs = segment.is_exprs;
        (0..segment.count).map_while(move |_| {
            if is_exprs {
                cursor.read().ok().map(ElemItem::Expr)
            } else {
                cursor.u32().ok().map(FuncIdx).map(ElemItem::Func)
            }
        })
    }

    /// The name of a function in the module's name section, found by reading that section. Spec: `binary-funcnamesec`.
    #[must_use]
    pub fn func_name<'a>(&self, bytes: &'a [u8], func: FuncIdx) -> Option<&'a str> {
        let sections = sections(bytes, self.info.features()).ok()?;
        let names = sections.flatten().filter_map(|section| match section {
            Section::Custom(custom) => match custom.known() {
                Ok(Some(KnownCustom::Name(names))) => Some(names),
                _ => None,
            },
            _ => None,
        });
        let maps = names.flatten().flatten().filter_map(|subsection| match subsection {
            NameSubsection::Functions(names) => Some(names),
            _ => None,
        });
        maps.flatten().flatten().find(|naming| naming.index == func.0).map(|naming| naming.name)
    }

    fn cursor<'a>(&self, bytes: &'a [u8], span: Span) -> Cursor<'a> {
        Cursor::new(span.of(bytes), span.start(), self.info.features()).with_data_count(self.has_data_count)
    }
}

/// Decodes and validates the module in `bytes`.
///
/// # Errors
///
/// If `bytes` are no module, or one that is not valid. Instructions that the engine does not execute yet are no error
/// here, but where their function is compiled.
pub fn load_module(bytes: &[u8], options: &LoadOptions) -> Result<Loaded, LoadError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(LoadError::unsupported("module of 4 GiB or more", u32::MAX.into()));
    }
    let mut loader = Loader::new(bytes, options);
    let mut sections = sections(bytes, options.features)?;
    loop {
        let offset = sections.offset();
        match sections.read()? {
            Some(section) => loader.section(offset, section)?,
            None => break,
        }
    }
    let loaded = loader.finish()?;
    if options.validate_bodies {
        validate_bodies(&loaded, bytes)?;
    }
    Ok(loaded)
}

fn validate_bodies(loaded: &Loaded, bytes: &[u8]) -> Result<(), LoadError> {
    #[cfg(feature = "parallel")]
    if bytes.len() >= parallel::FROM_BYTES {
        return parallel::validate_bodies(loaded, bytes);
    }
    validate_some(loaded, bytes, 0..loaded.bodies.len(), &mut Scratch::default())
}

/// Validates some of the bodies, by their positions.
fn validate_some(
    loaded: &Loaded,
    bytes: &[u8],
    positions: Range<usize>,
    scratch: &mut Scratch,
) -> Result<(), LoadError> {
    let imported = loaded.info.num_imported_funcs();
    for position in positions {
        let func = FuncIdx(imported + position as u32);
        validate_func(&loaded.info, func, &loaded.body(bytes, func), scratch)?;
    }
    Ok(())
}

/// Validation of bodies by several threads.
#[cfg(feature = "parallel")]
mod parallel {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};

    use super::{LoadError, Loaded, Scratch, validate_some};

    /// Smaller modules take less time than it takes threads to wake.
    pub const FROM_BYTES: usize = 1 << 19;
    /// How many bodies a thread takes at a time.
    const BODIES: usize = 64;

    /// As one thread does it: the error is that of the first body that has one.
    pub fn validate_bodies(loaded: &Loaded, bytes: &[u8]) -> Result<(), LoadError> {
        let count = loaded.bodies.len();
        let results = (0..count.div_ceil(BODIES)).into_par_iter().map_init(Scratch::default, |scratch, part| {
            let start = part * BODIES;
            validate_some(loaded, bytes, start..count.min(start + BODIES), scratch)
        });
        results.find_first(Result::is_err).unwrap_or(Ok(()))
    }
}

/// What loading builds, section by section.
struct Loader<'a> {
    bytes: &'a [u8],
    validator: ModuleValidator,
    imports: Vec<(Span, Span)>,
    tables: Vec<Option<Span>>,
    globals: Vec<Span>,
    elems: Vec<ElemSegment>,
    datas: Vec<DataSegment>,
    bodies: Vec<Span>,
    customs: Vec<(Span, Span)>,
    has_data_count: bool,
}

impl<'a> Loader<'a> {
    fn new(bytes: &'a [u8], options: &LoadOptions) -> Self {
        Self {
            bytes,
            validator: ModuleValidator::new(options.features, &options.limits),
            imports: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            elems: Vec::new(),
            datas: Vec::new(),
            bodies: Vec::new(),
            customs: Vec::new(),
            has_data_count: false,
        }
    }

    fn finish(self) -> Result<Loaded, LoadError> {
        let info = self.validator.finish(self.bytes.len() as u64)?;
        let Self { imports, tables, globals, elems, datas, bodies, customs, has_data_count, .. } = self;
        Ok(Loaded { info, imports, tables, globals, elems, datas, bodies, customs, has_data_count })
    }

    fn span(&self, part: &[u8]) -> Span {
        Span::new(self.bytes, part)
    }

    fn section(&mut self, offset: u64, section: Section<'a>) -> Result<(), LoadError> {
        match section {
            Section::Type(groups) => {
                for group in groups.with_offsets() {
                    let (offset, group) = group?;
                    self.validator.rec_group(offset, group.types().map(|(_, ty)| ty))?;
                }
            }
            Section::Import(imports) => {
                for import in imports.with_offsets() {
                    let (offset, import) = import?;
                    self.validator.import(offset, import.ty)?;
                    self.name_limit(offset, import.module)?;
                    self.name_limit(offset, import.name)?;
                    let names = (self.span(import.module.as_bytes()), self.span(import.name.as_bytes()));
                    self.imports.push(names);
                }
            }
            Section::Function(types) => {
                for ty in types.with_offsets() {
                    let (offset, ty) = ty?;
                    self.validator.function(offset, ty)?;
                }
            }
            Section::Table(tables) => {
                for table in tables.with_offsets() {
                    let (offset, table) = table?;
                    self.table(offset, &table)?;
                }
            }
            Section::Memory(memories) => {
                for memory in memories.with_offsets() {
                    let (offset, ty) = memory?;
                    self.validator.memory(offset, ty)?;
                }
            }
            Section::Tag(tags) => {
                for tag in tags.with_offsets() {
                    let (offset, ty) = tag?;
                    self.validator.tag(offset, ty.0)?;
                }
            }
            Section::Global(globals) => {
                for global in globals.with_offsets() {
                    let (offset, global) = global?;
                    self.global(offset, &global)?;
                }
            }
            Section::Export(exports) => {
                for export in exports.with_offsets() {
                    let (offset, export) = export?;
                    self.validator.export(offset, export.name, export.idx.kind(), export.idx.index())?;
                }
            }
            Section::Start(func) => self.validator.start(offset, func)?,
            Section::Element(segments) => {
                for segment in segments.with_offsets() {
                    let (offset, segment) = segment?;
                    self.elem(offset, &segment)?;
                }
            }
            Section::DataCount(count) => {
                self.has_data_count = true;
                self.validator.data_count(offset, count)?;
            }
            Section::Code(bodies) => {
                self.bodies.reserve(bodies.capacity());
                for body in bodies {
                    let span = self.span(body?.as_bytes());
                    self.body_limit(span)?;
                    self.bodies.push(span);
                }
            }
            Section::Data(segments) => {
                for segment in segments.with_offsets() {
                    let (offset, segment) = segment?;
                    self.data(offset, &segment)?;
                }
            }
            Section::Custom(custom) => {
                let name = self.span(custom.name().as_bytes());
                self.customs.push((name, self.span(custom.as_bytes())));
            }
        }
        Ok(())
    }

    fn name_limit(&self, offset: u64, name: &str) -> Result<(), LoadError> {
        if name.len() > self.validator.info().limits().name_bytes as usize {
            return Err(LoadError::unsupported("import's name above the limit `name_bytes`", offset));
        }
        Ok(())
    }

    fn body_limit(&self, body: Span) -> Result<(), LoadError> {
        if body.len() > self.validator.info().limits().body_bytes as usize {
            return Err(LoadError::unsupported("body above the limit `body_bytes`", body.start()));
        }
        Ok(())
    }

    fn table(&mut self, offset: u64, table: &Table<'a>) -> Result<(), LoadError> {
        self.validator.table(offset, table.ty, table.init.is_some())?;
        let init = table.init.map(|init| self.const_expr(table.ty.elem.into(), &init)).transpose()?;
        self.tables.push(init);
        Ok(())
    }

    fn global(&mut self, offset: u64, global: &Global<'a>) -> Result<(), LoadError> {
        self.validator.global(offset, global.ty)?;
        let init = self.const_expr(global.ty.val, &global.init)?;
        self.globals.push(init);
        Ok(())
    }

    fn elem(&mut self, offset: u64, segment: &Elem<'a>) -> Result<(), LoadError> {
        let mode = match segment.mode {
            ElemMode::Passive => SegmentMode::Passive,
            ElemMode::Declared => SegmentMode::Declarative,
            ElemMode::Active { table, .. } => SegmentMode::Active(table),
        };
        let offset_type = self.validator.elem_segment(offset, mode, segment.ty)?;
        let mode = match (segment.mode, offset_type) {
            (ElemMode::Active { table, offset }, Some(ty)) => {
                SegmentMode::Active((table, self.const_expr(ty, &offset)?))
            }
            (ElemMode::Declared, _) => SegmentMode::Declarative,
            _ => SegmentMode::Passive,
        };
        let (is_exprs, items) = match &segment.items {
            ElemItems::Funcs(funcs) => {
                for func in funcs.iter() {
                    self.validator.elem_func(offset, func.0)?;
                }
                (false, self.span(funcs.as_bytes()))
            }
            ElemItems::Exprs(exprs) => {
                let mut items = Span::default();
                for expr in exprs.iter() {
                    let span = self.const_expr(segment.ty.into(), &expr)?;
                    let start = if items.is_empty() { span.start } else { items.start };
                    items = Span { start, end: span.end };
                }
                (true, items)
            }
        };
        self.elems.push(ElemSegment { mode, ty: segment.ty, count: segment.items.len(), is_exprs, items });
        Ok(())
    }

    fn data(&mut self, offset: u64, segment: &Data<'a>) -> Result<(), LoadError> {
        let mode = match segment.mode {
            DataMode::Passive => SegmentMode::Passive,
            DataMode::Active { memory, .. } => SegmentMode::Active(memory),
        };
        let offset_type = self.validator.data_segment(offset, mode)?;
        let mode = match (segment.mode, offset_type) {
            (DataMode::Active { memory, offset }, Some(ty)) => {
                SegmentMode::Active((memory, self.const_expr(ty, &offset)?))
            }
            _ => SegmentMode::Passive,
        };
        self.datas.push(DataSegment { mode, bytes: self.span(segment.bytes) });
        Ok(())
    }

    /// Validates a constant expression; gives its place.
    fn const_expr(&mut self, ty: ValType, expr: &ConstExpr<'a>) -> Result<Span, LoadError> {
        if is_integer(ty, expr) {
            return Ok(self.span(expr.as_bytes()));
        }
        let mut validator = self.validator.const_expr(ty);
        let mut instrs = expr.instrs();
        while !instrs.is_finished() {
            let offset = instrs.offset();
            validator.step(offset, &instrs.read()?)?;
        }
        validator.finish(instrs.offset())?;
        Ok(self.span(expr.as_bytes()))
    }
}

/// Whether the expression is one integer of the type `ty`, which nothing can be wrong with. There can be tens of thousands,
/// as the addresses of data segments.
fn is_integer(ty: ValType, expr: &ConstExpr<'_>) -> bool {
    let mut instrs = expr.instrs();
    let found = match instrs.read() {
        Ok(Instr::I32Const(_)) => ValType::I32,
        Ok(Instr::I64Const(_)) => ValType::I64,
        _ => return false,
    };
    found == ty && matches!(instrs.read(), Ok(Instr::End)) && instrs.is_finished()
}
