//! A log of everything in a module, from the slice or from pieces, and the module written anew.

use wasm_reader::encode::{self, Encode, Sink};
use wasm_reader::{
    Body, Chunk, ConstExpr, DataMode, Elem, ElemItems, ElemMode, Incremental, InstrReader, Payload, ReadError, Section,
};
use wasm_syntax::Features;

/// A sink that keeps what it takes.
#[derive(Default)]
pub struct Bytes(pub Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// What a module says, every item and instruction encoded anew, and where its instructions are.
#[derive(Default)]
pub struct Log {
    pub bytes: Bytes,
    pub offsets: Vec<u64>,
}

impl Log {
    fn item(&mut self, item: &dyn Encode) {
        item.encode(&mut self.bytes);
    }

    fn instrs(&mut self, mut instrs: InstrReader<'_>) -> Result<(), ReadError> {
        while !instrs.is_finished() {
            self.offsets.push(instrs.offset());
            instrs.read()?.encode(&mut self.bytes);
        }
        Ok(())
    }

    fn expr(&mut self, expr: &ConstExpr<'_>) -> Result<(), ReadError> {
        self.instrs(expr.instrs())
    }

    fn body(&mut self, body: &Body<'_>) -> Result<(), ReadError> {
        body.locals().iter().for_each(|run| self.item(&run));
        self.instrs(body.instrs())
    }

    fn elem(&mut self, elem: &Elem<'_>) -> Result<(), ReadError> {
        self.item(&elem.ty);
        if let ElemMode::Active { table, offset } = &elem.mode {
            self.item(table);
            self.expr(offset)?;
        }
        match &elem.items {
            ElemItems::Funcs(funcs) => self.item(funcs),
            ElemItems::Exprs(exprs) => exprs.iter().try_for_each(|expr| self.expr(&expr))?,
        }
        Ok(())
    }

    fn section(&mut self, section: &Section<'_>) -> Result<(), ReadError> {
        self.bytes.put(&[section.id() as u8]);
        match *section {
            Section::Type(mut groups) => groups.try_for_each(|group| group.map(|group| self.item(&group))),
            Section::Import(mut imports) => imports.try_for_each(|import| import.map(|import| self.item(&import))),
            Section::Function(mut types) => types.try_for_each(|ty| ty.map(|ty| self.item(&ty))),
            Section::Table(mut tables) => tables.try_for_each(|table| {
                let table = table?;
                self.item(&table.ty);
                table.init.map_or(Ok(()), |init| self.expr(&init))
            }),
            Section::Memory(mut memories) => memories.try_for_each(|ty| ty.map(|ty| self.item(&ty))),
            Section::Tag(mut tags) => tags.try_for_each(|ty| ty.map(|ty| self.item(&ty))),
            Section::Global(mut globals) => globals.try_for_each(|global| {
                let global = global?;
                self.item(&global.ty);
                self.expr(&global.init)
            }),
            Section::Export(mut exports) => exports.try_for_each(|export| export.map(|export| self.item(&export))),
            Section::Element(mut segments) => segments.try_for_each(|segment| self.elem(&segment?)),
            Section::Code(mut bodies) => bodies.try_for_each(|body| self.body(&body?)),
            Section::Data(mut segments) => segments.try_for_each(|segment| {
                let segment = segment?;
                self.item(&segment.bytes);
                match segment.mode {
                    DataMode::Active { memory, offset } => {
                        self.item(&memory);
                        self.expr(&offset)
                    }
                    DataMode::Passive => Ok(()),
                }
            }),
            Section::Start(func) => {
                self.item(&func);
                Ok(())
            }
            Section::DataCount(count) => {
                self.item(&count);
                Ok(())
            }
            Section::Custom(custom) => {
                self.item(&custom);
                known_custom(section);
                Ok(())
            }
        }
    }
}

/// Walks a known custom section to its end, whatever is malformed in it.
fn known_custom(section: &Section<'_>) {
    if let Section::Custom(custom) = section
        && let Ok(Some(known)) = custom.known()
    {
        crate::custom::walk(known);
    }
}

/// Reads the whole module from its slice.
///
/// # Errors
///
/// If it is malformed.
pub fn whole(module: &[u8], features: Features) -> Result<Log, ReadError> {
    let mut log = Log::default();
    for section in wasm_reader::sections(module, features)? {
        log.section(&section?)?;
    }
    Ok(log)
}

/// Reads the module in pieces, of sizes from 1 that `sizes` gives in turn.
///
/// # Errors
///
/// If it is malformed.
pub fn pieces(module: &[u8], features: Features, sizes: &[u8]) -> Result<Log, ReadError> {
    let mut reader = Incremental::new(features);
    let mut log = Log::default();
    let mut sizes = sizes.iter().chain(&[16]).copied().cycle();
    let (mut start, mut end) = (0, 0);
    loop {
        match reader.parse(&module[start..end], end == module.len())? {
            Chunk::NeedMore(missing) => {
                assert!(missing > 0 && end < module.len(), "nothing can be missing at the end");
                end = module.len().min(end + 1 + usize::from(sizes.next().unwrap_or(0)));
            }
            Chunk::Parsed { consumed, payload } => {
                start += consumed;
                assert_eq!(reader.offset(), start as u64);
                match payload {
                    Payload::Header => {}
                    Payload::Section(section) => log.section(&section)?,
                    Payload::CodeStart { .. } => log.bytes.put(&[wasm_reader::SectionId::Code as u8]),
                    Payload::Body(body) => log.body(&body)?,
                    Payload::End => return Ok(log),
                }
            }
        }
    }
}

/// Writes the well-formed `module` anew, section by section; with `instrs`, bodies instruction by instruction.
///
/// # Errors
///
/// If the module is malformed after all.
pub fn rewrite(module: &[u8], features: Features, instrs: bool) -> Result<Vec<u8>, ReadError> {
    let mut again = Bytes::default();
    encode::header(&mut again);
    for section in wasm_reader::sections(module, features)? {
        match section? {
            Section::Code(bodies) if instrs => {
                let bodies = bodies.map(|body| rewrite_body(&body?)).collect::<Result<Vec<_>, _>>()?;
                encode::section(wasm_reader::SectionId::Code, &mut again, |sink| {
                    (bodies.len() as u32).encode(sink);
                    bodies.iter().for_each(|body| sink.put(&body.0));
                });
            }
            section => section.encode(&mut again),
        }
    }
    Ok(again.0)
}

fn rewrite_body(body: &Body<'_>) -> Result<Bytes, ReadError> {
    let locals: Vec<_> = body.locals().iter().collect();
    let instrs = body.instrs().map(|item| item.map(|(_, instr)| instr)).collect::<Result<Vec<_>, _>>()?;
    let mut again = Bytes::default();
    encode::body(&locals, &instrs, &mut again);
    Ok(again)
}
