//! From a loaded module to what the engine instantiates.

use alloc::boxed::Box;
use alloc::sync::Arc;

use wasm_syntax::{DataIdx, FuncIdx, GlobalIdx, Instr, MemIdx, TableIdx, TagIdx, TypeIdx, ValType as SyntaxValType};
use wasm_validate::{CanonicalTypes, ModuleInfo, SegmentMode, TypeRegistry};
use whimbrel_compile::{ElemItem, ElemSegment, Loaded, Scratch, Span, compile_const_expr};
use whimbrel_engine::exec::{LooseCode, ModuleCode};
use whimbrel_engine::{
    ActiveData, DataSegments, ElemImage, ElemItems, ElemMode, GlobalImage, Init, ModuleImage, ModuleTypes, SlotType,
    TableImage,
};

use crate::types::func_type_info;
use crate::{Engine, Result, ValType};

/// The image of the module that `loaded` from `bytes`, whose types are `types` in `registry`; its code shares handlers where
/// `fuse` says so.
pub(crate) fn build_image(
    engine: &Engine,
    registry: &TypeRegistry,
    loaded: &Loaded,
    types: &CanonicalTypes,
    bytes: &Arc<[u8]>,
    fuse: bool,
) -> Result<ModuleImage> {
    let mut builder = Builder { engine, registry, loaded, types, bytes, scratch: Scratch::default() };
    let info = &loaded.info;
    let imported = info.num_imported_funcs();
    Ok(ModuleImage {
        code: Arc::new(
            ModuleCode::new(imported, info.num_funcs() - imported)
                .with_fusion(fuse)
                .with_observation(engine.config().observe),
        ),
        types: Arc::new(builder.types()),
        data: Arc::new(builder.data()),
        memories: (info.num_imported_memories()..info.num_memories()).map(|n| info.memory(MemIdx(n))).collect(),
        tables: builder.tables()?,
        globals: builder.globals()?,
        tags: (info.num_imported_tags()..info.num_tags()).map(|n| info.tag(TagIdx(n))).collect(),
        elems: loaded.elems.iter().map(|segment| builder.elem(segment)).collect::<Result<_>>()?,
        active_data: builder.active_data()?,
    })
}

struct Builder<'a> {
    engine: &'a Engine,
    registry: &'a TypeRegistry,
    loaded: &'a Loaded,
    types: &'a CanonicalTypes,
    bytes: &'a Arc<[u8]>,
    scratch: Scratch,
}

impl<'a> Builder<'a> {
    fn info(&self) -> &'a ModuleInfo {
        &self.loaded.info
    }

    fn val_type(&self, ty: SyntaxValType) -> ValType {
        ValType::from_canon(self.types.val_type(ty))
    }

    fn slot_type(&self, ty: SyntaxValType) -> SlotType {
        self.val_type(ty).slot_type(self.registry)
    }

    fn types(&self) -> ModuleTypes {
        let info = self.info();
        let of_type = |ty: TypeIdx| func_type_info(self.registry, self.types.get(ty));
        ModuleTypes {
            funcs: (0..info.num_funcs()).map(|n| info.func_type_idx(FuncIdx(n))).collect(),
            types: info.types().map(|(ty, sig)| sig.map(|_| of_type(ty))).collect(),
            objects: self.types.ids().iter().map(|&id| self.engine.object_type(self.registry, id)).collect(),
            elems: self.loaded.elems.iter().map(|segment| self.slot_type(segment.ty.into())).collect(),
        }
    }

    fn data(&self) -> DataSegments {
        let range = |span: Span| (span.start() as usize, span.start() as usize + span.len());
        DataSegments {
            bytes: Arc::clone(self.bytes),
            ranges: self.loaded.datas.iter().map(|segment| range(segment.bytes)).collect(),
        }
    }

    fn tables(&mut self) -> Result<Box<[TableImage]>> {
        let imported = self.info().num_imported_tables();
        let tables = self.loaded.tables.iter().zip(imported..).map(|(init, n)| {
            let ty = self.info().table(TableIdx(n));
            let elem = SyntaxValType::from(ty.elem);
            let init = match *init {
                Some(span) => self.init(span, elem)?,
                None => Init::Const([0; 2]),
            };
            Ok(TableImage { ty, elem: self.slot_type(elem), canonical: self.val_type(elem).to_bits(), init })
        });
        tables.collect()
    }

    fn globals(&mut self) -> Result<Box<[GlobalImage]>> {
        let imported = self.info().num_imported_globals();
        let globals = self.loaded.globals.iter().zip(imported..).map(|(&init, n)| {
            let ty = self.info().global(GlobalIdx(n));
            let init = self.init(init, ty.val)?;
            let canonical = self.val_type(ty.val).to_bits();
            Ok(GlobalImage { kind: self.slot_type(ty.val), mutable: ty.mutable, canonical, init })
        });
        globals.collect()
    }

    fn elem(&mut self, segment: &ElemSegment) -> Result<ElemImage> {
        let mode = match segment.mode {
            SegmentMode::Passive => ElemMode::Passive,
            SegmentMode::Declarative => ElemMode::Declarative,
            SegmentMode::Active((table, offset)) => {
                let offset = self.init(offset, self.info().table(table).addr_type())?;
                ElemMode::Active { table, offset }
            }
        };
        let items = self.loaded.elem_items(self.bytes, segment);
        // Declared elements only permit references to them.
        if matches!(mode, ElemMode::Declarative) {
            return Ok(ElemImage { items: ElemItems::Funcs(Box::default()), mode });
        }
        let funcs: Option<Box<[FuncIdx]>> = items
            .map(|item| match item {
                ElemItem::Func(func) => Some(func),
                ElemItem::Expr(_) => None,
            })
            .collect();
        let items = match funcs {
            Some(funcs) => ElemItems::Funcs(funcs),
            None => ElemItems::Inits(
                self.loaded
                    .elem_items(self.bytes, segment)
                    .map(|item| match item {
                        ElemItem::Func(func) => Ok(Init::Func(func)),
                        ElemItem::Expr(expr) => self.init_expr(&expr, segment.ty.into()),
                    })
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(ElemImage { items, mode })
    }

    fn active_data(&mut self) -> Result<Box<[ActiveData]>> {
        let mut active = alloc::vec::Vec::new();
        for (n, segment) in self.loaded.datas.iter().enumerate() {
            if let SegmentMode::Active((memory, offset)) = segment.mode {
                let offset = self.init(offset, self.info().memory(memory).addr_type())?;
                active.push(ActiveData { data: DataIdx(n as u32), memory, offset });
            }
        }
        Ok(active.into())
    }

    fn init(&mut self, span: Span, ty: SyntaxValType) -> Result<Init> {
        let expr = self.loaded.const_expr(self.bytes, span);
        self.init_expr(&expr, ty)
    }

    /// A constant expression: one plain instruction, as nearly all are, without code.
    fn init_expr(&mut self, expr: &wasm_reader::ConstExpr<'_>, ty: SyntaxValType) -> Result<Init> {
        let mut instrs = expr.instrs();
        let first = instrs.read()?;
        if matches!(instrs.read()?, Instr::End) {
            match first {
                Instr::I32Const(value) => return Ok(Init::Const([u64::from(value as u32), 0])),
                Instr::I64Const(value) => return Ok(Init::Const([value as u64, 0])),
                Instr::F32Const(value) => return Ok(Init::Const([u64::from(value.0), 0])),
                Instr::F64Const(value) => return Ok(Init::Const([value.0, 0])),
                Instr::V128Const(value) => {
                    let bits = value.to_u128();
                    return Ok(Init::Const([bits as u64, (bits >> 64) as u64]));
                }
                Instr::RefNull(_) => return Ok(Init::Const([0; 2])),
                Instr::RefFunc(func) => return Ok(Init::Func(func)),
                Instr::GlobalGet(global) => return Ok(Init::Global(global)),
                _ => {}
            }
        }
        let code = compile_const_expr(self.info(), ty, expr, &mut self.scratch)?;
        Ok(Init::Code(LooseCode::link(code)))
    }
}
