//! What a report says about a module, gathered in one reading.

use wasm_reader::custom::NameSubsection;
use wasm_reader::{
    ConstExpr, Custom, DataMode, ElemItems, ElemMode, Export, ExternIdx, Import, KnownCustom, ReadError, Section,
    SectionId,
};
use wasm_syntax::{
    CompositeType, ExternType, Feature, Features, FuncIdx, FuncType, GlobalType, MemType, TableType, TypeIdx,
};

use super::needs::Needs;
use crate::names::FuncNames;

/// A section's line in the report.
#[derive(Debug)]
pub(crate) struct SectionRow<'a> {
    pub(crate) id: SectionId,
    /// The name of a custom section.
    pub(crate) name: Option<&'a str>,
    /// How many things it lists; none for a custom section.
    pub(crate) items: Option<u32>,
    /// Its size, header included.
    pub(crate) bytes: u64,
}

/// A function that the module defines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyRow {
    pub(crate) func: FuncIdx,
    pub(crate) bytes: u64,
}

/// A field of the `producers` section, and its values with their versions.
pub(crate) type Producers<'a> = (&'a str, Vec<(&'a str, &'a str)>);

/// A module's facts.
#[derive(Debug, Default)]
pub(crate) struct Summary<'a> {
    pub(crate) module_name: Option<&'a str>,
    pub(crate) sections: Vec<SectionRow<'a>>,
    /// By type index; none where the type is no function.
    func_types: Vec<Option<FuncType<'a>>>,
    pub(crate) imports: Vec<Import<'a>>,
    /// The types of all functions, imported ones first; of tables, memories and globals as well.
    funcs: Vec<TypeIdx>,
    imported_funcs: u32,
    pub(crate) tables: Vec<TableType>,
    pub(crate) memories: Vec<MemType>,
    globals: Vec<GlobalType>,
    tags: Vec<TypeIdx>,
    pub(crate) exports: Vec<Export<'a>>,
    pub(crate) start: Option<FuncIdx>,
    pub(crate) bodies: Vec<BodyRow>,
    pub(crate) names: FuncNames<'a>,
    pub(crate) producers: Vec<Producers<'a>>,
    pub(crate) needs: Needs,
}

impl<'a> Summary<'a> {
    /// Reads the module `bytes` to its end.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let mut summary = Self { names: FuncNames::of_module(bytes), ..Self::default() };
        let mut sections = wasm_reader::sections(bytes, Features::ALL)?;
        loop {
            let start = sections.offset();
            let Some(section) = sections.read()? else { break };
            let name = match &section {
                Section::Custom(custom) => Some(custom.name()),
                _ => None,
            };
            let bytes = sections.offset() - start;
            let items = summary.section(&section)?;
            summary.sections.push(SectionRow { id: section.id(), name, items, bytes });
        }
        summary.cross_check();
        Ok(summary)
    }

    /// Reads a section; gives the number of things in it.
    fn section(&mut self, section: &Section<'a>) -> Result<Option<u32>, ReadError> {
        Ok(Some(match section {
            Section::Type(groups) => {
                let mut count = 0;
                for group in *groups {
                    let group = group?;
                    count += group.len();
                    self.rec_group(&group);
                }
                count
            }
            Section::Import(imports) => {
                for import in *imports {
                    self.import(import?);
                }
                self.imports.len() as u32
            }
            Section::Function(types) => {
                for ty in *types {
                    self.funcs.push(ty?);
                }
                types.len()
            }
            Section::Table(tables) => {
                for table in *tables {
                    let table = table?;
                    self.needs.table_type(&table.ty);
                    if let Some(init) = table.init {
                        self.needs.note(Feature::FunctionReferences, "tables with an initial value");
                        self.const_expr(&init)?;
                    }
                    self.tables.push(table.ty);
                }
                tables.len()
            }
            Section::Memory(memories) => {
                for memory in *memories {
                    let ty = memory?;
                    self.needs.memory_type(&ty);
                    self.memories.push(ty);
                }
                memories.len()
            }
            Section::Tag(tags) => {
                self.needs.note(Feature::Exceptions, "tags");
                for tag in *tags {
                    self.tags.push(tag?.0);
                }
                tags.len()
            }
            Section::Global(globals) => {
                for global in *globals {
                    let global = global?;
                    self.needs.val_type(global.ty.val);
                    self.const_expr(&global.init)?;
                    self.globals.push(global.ty);
                }
                globals.len()
            }
            Section::Export(exports) => {
                self.exports = exports.collect::<Result<_, _>>()?;
                exports.len()
            }
            Section::Start(func) => {
                self.start = Some(*func);
                1
            }
            Section::Element(elems) => {
                for elem in *elems {
                    self.elem(&elem?)?;
                }
                elems.len()
            }
            Section::DataCount(_) => {
                self.needs.note(Feature::BulkMemory, "a data count section");
                1
            }
            Section::Code(bodies) => {
                for body in *bodies {
                    self.body(&body?)?;
                }
                bodies.len()
            }
            Section::Data(segments) => {
                for segment in *segments {
                    match segment?.mode {
                        DataMode::Passive => self.needs.note(Feature::BulkMemory, "passive data segments"),
                        DataMode::Active { offset, .. } => self.const_expr(&offset)?,
                    }
                }
                segments.len()
            }
            Section::Custom(custom) => {
                self.custom(custom);
                return Ok(None);
            }
        }))
    }

    fn rec_group(&mut self, group: &wasm_reader::RecGroup<'a>) {
        if group.is_explicit() {
            self.needs.note(Feature::Gc, "recursive types");
        }
        for (_, ty) in group.types() {
            self.needs.sub_type(&ty);
            self.func_types.push(match ty.composite {
                CompositeType::Func(func) => Some(func),
                _ => None,
            });
        }
    }

    fn import(&mut self, import: Import<'a>) {
        self.needs.import(&import.ty);
        match import.ty {
            ExternType::Func(ty) | ExternType::FuncExact(ty) => {
                self.funcs.push(ty);
                self.imported_funcs += 1;
            }
            ExternType::Table(ty) => self.tables.push(ty),
            ExternType::Memory(ty) => self.memories.push(ty),
            ExternType::Global(ty) => self.globals.push(ty),
            ExternType::Tag(ty) => self.tags.push(ty),
        }
        self.imports.push(import);
    }

    fn elem(&mut self, elem: &wasm_reader::Elem<'a>) -> Result<(), ReadError> {
        match elem.mode {
            ElemMode::Passive => self.needs.note(Feature::BulkMemory, "passive element segments"),
            ElemMode::Declared => self.needs.note(Feature::ReferenceTypes, "declarative element segments"),
            ElemMode::Active { offset, .. } => self.const_expr(&offset)?,
        }
        if let ElemItems::Exprs(exprs) = elem.items {
            for expr in exprs.iter() {
                self.const_expr(&expr)?;
            }
        }
        Ok(())
    }

    fn body(&mut self, body: &wasm_reader::Body<'a>) -> Result<(), ReadError> {
        for run in body.locals().iter() {
            self.needs.val_type(run.ty);
        }
        let needs = &mut self.needs;
        body.instrs().for_each(|_, instr| {
            needs.instr(&instr);
            Ok::<_, ReadError>(())
        })?;
        let func = FuncIdx(self.imported_funcs + self.bodies.len() as u32);
        self.bodies.push(BodyRow { func, bytes: body.as_bytes().len() as u64 });
        Ok(())
    }

    fn const_expr(&mut self, expr: &ConstExpr<'a>) -> Result<(), ReadError> {
        let needs = &mut self.needs;
        expr.instrs().for_each(|_, instr| {
            needs.const_instr(&instr);
            Ok(())
        })
    }

    /// Takes what is known of a custom section. What is malformed in one is left out: it changes nothing in the module.
    fn custom(&mut self, custom: &Custom<'a>) {
        match custom.known() {
            Ok(Some(KnownCustom::Name(subsections))) => {
                self.module_name = subsections.flatten().find_map(|subsection| match subsection {
                    NameSubsection::Module(name) => Some(name),
                    _ => None,
                });
            }
            Ok(Some(KnownCustom::Producers(fields))) => {
                for field in fields.flatten() {
                    let values = field.values.flatten().map(|value| (value.name, value.version)).collect();
                    self.producers.push((field.name, values));
                }
            }
            _ => {}
        }
    }

    /// Notes what only the whole module shows.
    fn cross_check(&mut self) {
        if self.memories.len() > 1 {
            self.needs.note(Feature::MultiMemory, "several memories");
        }
        if self.tables.len() > 1 {
            self.needs.note(Feature::ReferenceTypes, "several tables");
        }
        for export in &self.exports {
            if let ExternIdx::Global(global) = export.idx
                && let Some(ty) = self.globals.get(global.index())
            {
                self.needs.shared_global(ty);
            }
        }
    }

    /// The function type with this index, if there is one.
    pub(crate) fn func_type(&self, ty: TypeIdx) -> Option<FuncType<'a>> {
        self.func_types.get(ty.index()).copied().flatten()
    }

    /// The type of what an export names, if that exists.
    pub(crate) fn extern_type(&self, idx: ExternIdx) -> Option<ExternType> {
        Some(match idx {
            ExternIdx::Func(func) => ExternType::Func(*self.funcs.get(func.index())?),
            ExternIdx::Table(table) => ExternType::Table(*self.tables.get(table.index())?),
            ExternIdx::Memory(memory) => ExternType::Memory(*self.memories.get(memory.index())?),
            ExternIdx::Global(global) => ExternType::Global(*self.globals.get(global.index())?),
            ExternIdx::Tag(tag) => ExternType::Tag(*self.tags.get(tag.index())?),
        })
    }
}
