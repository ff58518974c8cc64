//! Modules: validated, shared, translated function by function.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use hashbrown::HashMap;
use wasm_reader::custom::{KnownCustom, NameSubsection};
use wasm_reader::{Section, sections};
use wasm_syntax::{ExternKind, FuncIdx};
use wasm_validate::{CanonicalTypes, ModuleInfo};
use whimbrel_compile::{LoadOptions, Loaded, Options, Scratch, compile_func, load_module};
use whimbrel_engine::ModuleImage;
use whimbrel_engine::exec::{HAS_PINS, ModuleCode};
use whimbrel_ir::Code;

use crate::error::FrameInfo;
use crate::image::build_image;
use crate::types::{ExportType, ExternType, ImportType};
use crate::{CompilationMode, Engine, Result};
use whimbrel_engine::sync::Lock;

/// A valid module, ready to be instantiated in any number of stores and threads. Clones share it.
///
/// ```
/// use whimbrel::{Engine, Module};
///
/// # fn main() -> whimbrel::Result<()> {
/// // (module (import "env" "f" (func (param i32))))
/// let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\0\x02\x09\x01\x03env\x01f\0\0";
/// let module = Module::new(&Engine::default(), bytes)?;
/// let import = module.imports().next().unwrap();
/// assert_eq!((import.module(), import.name()), ("env", "f"));
/// assert_eq!(import.ty().to_string(), "(func (param i32))");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inner>);

/// Smaller modules take less time than it takes threads to wake.
#[cfg(feature = "parallel")]
const PARALLEL_FROM_BYTES: usize = 1 << 19;

struct Inner {
    engine: Engine,
    bytes: Arc<[u8]>,
    loaded: Loaded,
    types: CanonicalTypes,
    image: ModuleImage,
    exports: HashMap<Box<str>, (ExternKind, u32)>,
    /// Allocations for translation; whoever translates takes them, and others meanwhile do with new ones.
    scratch: Lock<Option<Scratch>>,
    translated: Lock<Translated>,
}

/// What translation has done for a module so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Translated {
    /// Functions translated.
    pub funcs: u32,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// How long that took, where there is a clock.
    pub time: Duration,
}

impl Module {
    /// Decodes and validates the module in `bytes`: the binary format, or with the feature `wat` the text format too.
    ///
    /// # Errors
    ///
    /// If it is malformed or not valid, or beyond the engine's features or limits.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = bytes.as_ref();
        #[cfg(feature = "wat")]
        let bytes = &*wat::parse_bytes(bytes)?;
        Self::from_binary(engine, bytes)
    }

    /// As [`new`](Self::new), the binary format alone.
    ///
    /// # Errors
    ///
    /// As `new`.
    pub fn from_binary(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        Self::from_shared(engine, bytes.into())
    }

    /// As [`from_binary`](Self::from_binary), without a copy of the bytes.
    ///
    /// # Errors
    ///
    /// As `new`.
    pub fn from_shared(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self> {
        let loaded = load_module(&bytes, &load_options(engine))?;
        let types = engine.types().intern(&loaded.info)?;
        let image = build_image(engine, &engine.types(), &loaded, &types, &bytes, engine.config().fusion)?;
        let exports = loaded.info.exports().map(|export| (export.name.into(), (export.kind, export.idx))).collect();
        let (engine, scratch, translated) = (engine.clone(), Lock::default(), Lock::default());
        let module = Self(Arc::new(Inner { engine, bytes, loaded, types, image, exports, scratch, translated }));
        if module.engine().config().compilation_mode == CompilationMode::Eager {
            module.compile_all()?;
        }
        Ok(module)
    }

    /// As [`new`](Self::new), of a file, of which there is one copy in memory from then on.
    ///
    /// # Errors
    ///
    /// As `new`, or if the file cannot be read.
    #[cfg(feature = "std")]
    pub fn from_file(engine: &Engine, path: impl AsRef<std::path::Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes =
            read(path).map_err(|error| crate::Error::msg(alloc::format!("cannot read {}: {error}", path.display())))?;
        #[cfg(feature = "wat")]
        if !bytes.starts_with(b"\0asm") {
            return Self::new(engine, &bytes);
        }
        Self::from_shared(engine, bytes)
    }

    /// Translates all functions that were not translated yet, as [`CompilationMode::Eager`] does when a module is loaded.
    ///
    /// # Errors
    ///
    /// If a function has an instruction that the engine does not execute, or needs too large a frame.
    pub fn translate(&self) -> Result<()> {
        self.compile_all()
    }

    /// What translation has done so far.
    #[must_use]
    pub fn translated(&self) -> Translated {
        *self.0.translated.lock()
    }

    /// Bytes of the code that translation has made so far.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        self.code().size_bytes()
    }

    /// The sequences of instructions in lowered code that share a handler: the position of the first, and how many there are.
    #[must_use]
    pub fn tiles(&self, code: &Code) -> Vec<(u32, u32)> {
        whimbrel_engine::exec::tiles(code)
    }

    /// Decodes and validates the module in `bytes`, in the binary format, and keeps nothing.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<()> {
        load_module(bytes, &load_options(engine))?;
        Ok(())
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The module's name, if its name section has it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let customs = sections(&self.0.bytes, self.info().features()).ok()?.flatten();
        let subsections = customs.filter_map(|section| match section {
            Section::Custom(custom) => match custom.known() {
                Ok(Some(KnownCustom::Name(names))) => Some(names),
                _ => None,
            },
            _ => None,
        });
        subsections.flatten().flatten().find_map(|subsection| match subsection {
            NameSubsection::Module(name) => Some(name),
            _ => None,
        })
    }

    /// The name of a function, by its position, if the name section has it.
    #[must_use]
    pub fn func_name(&self, func: u32) -> Option<&str> {
        self.0.loaded.func_name(&self.0.bytes, FuncIdx(func))
    }

    /// The imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.info().imports().iter().enumerate().map(|(n, ty)| {
            let (module, name) = self.import_name(n);
            ImportType { module, name, ty: ExternType::from_canon(&self.0.engine, &self.0.types.extern_type(ty)) }
        })
    }

    /// The exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.info().exports().map(|export| {
            let ty = self.info().extern_type(export.kind, export.idx);
            ExportType { name: export.name, ty: ExternType::from_canon(&self.0.engine, &self.0.types.extern_type(&ty)) }
        })
    }

    /// The type of the export of that name.
    #[must_use]
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let (kind, idx) = self.export(name)?;
        let ty = self.info().extern_type(kind, idx);
        Some(ExternType::from_canon(&self.0.engine, &self.0.types.extern_type(&ty)))
    }

    /// What validation has found out: index spaces and types, in the module's own terms.
    #[must_use]
    pub fn info(&self) -> &ModuleInfo {
        &self.0.loaded.info
    }

    /// The bytes, in the binary format.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    pub(crate) fn export(&self, name: &str) -> Option<(ExternKind, u32)> {
        self.0.exports.get(name).copied()
    }

    /// Module name and name of import `n`.
    pub(crate) fn import_name(&self, n: usize) -> (&str, &str) {
        let (module, name) = self.0.loaded.imports[n];
        let text = |bytes| core::str::from_utf8(bytes).expect("decoding has checked that names are UTF-8");
        (text(module.of(&self.0.bytes)), text(name.of(&self.0.bytes)))
    }

    pub(crate) fn types(&self) -> &CanonicalTypes {
        &self.0.types
    }

    pub(crate) fn image(&self) -> &ModuleImage {
        &self.0.image
    }

    pub(crate) fn code(&self) -> &Arc<ModuleCode> {
        &self.0.image.code
    }

    /// Whether an instance of it is alive, in any store.
    pub(crate) fn has_instances(&self) -> bool {
        Arc::strong_count(self.code()) > 1
    }

    fn compile_all(&self) -> Result<()> {
        let funcs = self.info().num_imported_funcs()..self.info().num_funcs();
        #[cfg(feature = "parallel")]
        if self.0.bytes.len() >= PARALLEL_FROM_BYTES {
            use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
            // The error is that of the first function that has one, as with one thread.
            let results = funcs.into_par_iter().with_min_len(64).map(|func| self.compile(FuncIdx(func)));
            return results.find_first(Result::is_err).unwrap_or(Ok(()));
        }
        let mut funcs = funcs;
        funcs.try_for_each(|func| self.compile(FuncIdx(func)))
    }

    /// Translates a function, unless that has happened.
    pub(crate) fn compile(&self, func: FuncIdx) -> Result<()> {
        let Inner { bytes, loaded, image, scratch, .. } = &*self.0;
        if image.code.is_compiled(func) {
            return Ok(());
        }
        #[cfg(feature = "std")]
        let start = std::time::Instant::now();
        let mut own = scratch.lock().take().unwrap_or_default();
        let options = self.compile_options();
        let body = loaded.body(bytes, func);
        let code = compile_func(&loaded.info, func, &body, &options, &mut own)?;
        image.code.publish(code);
        let mut translated = self.0.translated.lock();
        translated.funcs += 1;
        translated.body_bytes += body.as_bytes().len() as u64;
        #[cfg(feature = "std")]
        {
            translated.time += start.elapsed();
        }
        *scratch.lock() = Some(own);
        Ok(())
    }

    /// The code of a function that the module defines, as it is lowered for the engine, for tools that print it.
    ///
    /// # Errors
    ///
    /// If the function has an instruction that the engine does not execute, or needs too large a frame.
    ///
    /// # Panics
    ///
    /// If the module does not define the function.
    pub fn lower(&self, func: FuncIdx) -> Result<Code> {
        let Inner { bytes, loaded, .. } = &*self.0;
        let options = Options { all_offsets: true, ..self.compile_options() };
        Ok(compile_func(&loaded.info, func, &loaded.body(bytes, func), &options, &mut Scratch::default())?)
    }

    /// How functions are compiled; loading has validated every body.
    fn compile_options(&self) -> Options {
        let config = self.engine().config();
        Options {
            validate: false,
            pins: config.pinning && HAS_PINS,
            metering: config.consume_fuel,
            canonical_nans: config.deterministic,
            all_offsets: false,
        }
    }

    pub(crate) fn frame_info(&self, func: FuncIdx, offset: Option<u32>) -> FrameInfo {
        let body = func.0.checked_sub(self.info().num_imported_funcs());
        let body = body.and_then(|n| self.0.loaded.bodies.get(n as usize));
        FrameInfo {
            module_name: self.name().map(ToString::to_string),
            func,
            func_name: self.func_name(func.0).map(ToString::to_string),
            func_offset: offset,
            module_offset: body.and_then(|body| Some(body.start() + u64::from(offset?))),
        }
    }
}

fn load_options(engine: &Engine) -> LoadOptions {
    let config = engine.config();
    LoadOptions { features: config.features, limits: config.limits, validate_bodies: true }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// The bytes of a file, read to where they stay.
#[cfg(feature = "std")]
fn read(path: &std::path::Path) -> std::io::Result<Arc<[u8]>> {
    use std::io::Read;

    let mut file = std::fs::File::open(path)?;
    let len = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    let mut bytes: Arc<[u8]> = core::iter::repeat_n(0, len).collect();
    let (mut used, mut rest) = (0, Vec::new());
    if let Some(room) = Arc::get_mut(&mut bytes) {
        while used < room.len() {
            match file.read(&mut room[used..]) {
                Ok(0) => break,
                Ok(read) => used += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    // A file that is no regular one, or that changes meanwhile, is not as long as it says.
    file.read_to_end(&mut rest)?;
    if used == len && rest.is_empty() {
        return Ok(bytes);
    }
    Ok([&bytes[..used], &rest].concat().into())
}
