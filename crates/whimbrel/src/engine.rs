//! Engines and their configuration: what modules, stores and threads share.

use alloc::sync::Arc;
use core::fmt;
use core::ops::DerefMut;

use hashbrown::HashMap;
use wasm_syntax::{Feature, Features, ModuleLimits};
use wasm_validate::{CanonicalTypeId, TypeRegistry};
use whimbrel_engine::{GcStress, ObjectType, StoreLimits};

use crate::Result;
use crate::types::new_object_type;
use whimbrel_engine::sync::Lock;

/// When functions are translated for execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompilationMode {
    /// When they are first called. Modules are validated as a whole nevertheless.
    #[default]
    Lazy,
    /// When the module is loaded.
    Eager,
}

/// How an [`Engine`] works.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) features: Features,
    pub(crate) limits: ModuleLimits,
    pub(crate) store_limits: StoreLimits,
    pub(crate) consume_fuel: bool,
    pub(crate) compilation_mode: CompilationMode,
    pub(crate) fusion: bool,
    pub(crate) pinning: bool,
    pub(crate) gc_stress: GcStress,
    pub(crate) observe: bool,
    pub(crate) deterministic: bool,
}

/// What an engine accepts unless told otherwise.
const FEATURES: Features = Features::V3
    .with(Feature::Threads)
    .with(Feature::LegacyExceptions)
    .with(Feature::CustomPageSizes)
    .with(Feature::WideArithmetic)
    .with(Feature::CompactImports)
    .with(Feature::StackSwitching);

impl Default for Config {
    fn default() -> Self {
        Self {
            features: FEATURES,
            limits: ModuleLimits::default(),
            store_limits: StoreLimits::default(),
            consume_fuel: false,
            compilation_mode: CompilationMode::default(),
            fusion: true,
            pinning: true,
            gc_stress: GcStress::Off,
            observe: false,
            deterministic: false,
        }
    }
}

impl Config {
    /// WebAssembly 3.0 with what is complete here of the rest (threads, the legacy exceptions, custom page sizes, wide
    /// arithmetic, compact imports and stack switching), the usual limits, no fuel, lazy translation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What modules may use.
    pub fn wasm_features(&mut self, features: Features) -> &mut Self {
        self.features = features;
        self
    }

    /// What modules may use: as set, or the default.
    #[must_use]
    pub fn features(&self) -> Features {
        self.features
    }

    /// How large the parts of modules may be.
    pub fn limits(&mut self, limits: ModuleLimits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// Whether stores count [fuel](crate::Store::set_fuel). A store of an engine that does starts without any.
    ///
    /// What an instruction costs is [`whimbrel_compile::cost`]'s to say; the start of a function, a branch backward that is taken,
    /// an exception that is caught and a stack that a suspension takes off cost one unit more, and so do 32 bytes copied, filled,
    /// initialised or added. It is the same in every version and configuration. It is taken before calls, returns and branches; a program stops where it has
    /// taken more than there is, and what it owes is taken first when there is more.
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Self {
        self.consume_fuel = enable;
        self
    }

    /// When functions are translated.
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Self {
        self.compilation_mode = mode;
        self
    }

    /// Whether common sequences of operations are executed as one, as they are unless told otherwise. It changes how fast
    /// programs run, never what they do: tests compare both.
    pub fn fusion(&mut self, enable: bool) -> &mut Self {
        self.fusion = enable;
        self
    }

    /// Whether locals that loops use much are kept in machine registers, as they are unless told otherwise. It changes how fast
    /// programs run, never what they do: tests compare both.
    pub fn pinning(&mut self, enable: bool) -> &mut Self {
        self.pinning = enable;
        self
    }

    /// Has the garbage collector work at every allocation, and overwrite what it frees: far slower, but a reference that it does
    /// not know of shows at once. For tests of it, which compare the results.
    pub fn gc_stress(&mut self, stress: GcStress) -> &mut Self {
        self.gc_stress = stress;
        self
    }

    /// Whether stores [count](crate::Store::counts) what they execute and can be asked to tell of
    /// [calls](crate::Store::on_call) and [samples](crate::Store::on_sample). It makes programs several times slower, and
    /// changes nothing else.
    pub fn observe(&mut self, enable: bool) -> &mut Self {
        self.observe = enable;
        self
    }

    /// Whether programs do the same on every host: a result that is NaN is the canonical one, where the specification lets the host
    /// choose. What else the specification leaves open is fixed in any case: relaxed vector instructions have the results of its
    /// deterministic profile, and nothing depends on addresses.
    ///
    /// What the system decides stays so: whether there is memory for growth, in which order threads run, what host functions
    /// return. Limits that are within what the system has, and fuel instead of interruption, take that out.
    pub fn deterministic(&mut self, enable: bool) -> &mut Self {
        self.deterministic = enable;
        self
    }

    /// Limits for programs of strangers: [`ModuleLimits::STRICT`], memories of 256 MiB, tables of 100,000 elements, 64 MiB of
    /// structures and arrays, 1,000 instances, 256 KiB of stack, 16 nested calls of the host's.
    ///
    /// They hold for each store. Fuel or [interruption](crate::InterruptHandle) limit its time.
    pub fn strict(&mut self) -> &mut Self {
        self.limits = ModuleLimits::STRICT;
        self.store_limits = StoreLimits {
            memory_bytes: 256 << 20,
            table_elems: 100_000,
            heap_bytes: 64 << 20,
            instances: 1_000,
            stack_slots: (256 << 10) / 8,
            host_depth: 16,
        };
        self
    }

    /// Bytes of stack that WebAssembly may use: recursion beyond traps. It does not use the native stack.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.max_stack_slots(bytes / 8)
    }

    /// As [`max_wasm_stack`](Self::max_wasm_stack), in slots of 8 bytes: what a parameter, local or temporary takes.
    pub fn max_stack_slots(&mut self, slots: usize) -> &mut Self {
        self.store_limits.stack_slots = slots;
        self
    }

    /// How deep host functions may call WebAssembly that calls host functions: they do use the native stack.
    pub fn max_host_depth(&mut self, depth: usize) -> &mut Self {
        self.store_limits.host_depth = depth;
        self
    }

    /// Bytes of one memory, beyond which it neither starts nor grows.
    pub fn max_memory_bytes(&mut self, bytes: u64) -> &mut Self {
        self.store_limits.memory_bytes = bytes;
        self
    }

    /// How many bytes the structures and arrays of a store may take; 4 GiB by default. Past it, allocation traps with
    /// [`Trap::AllocationFailure`](crate::Trap::AllocationFailure).
    pub fn max_heap_bytes(&mut self, bytes: u64) -> &mut Self {
        self.store_limits.heap_bytes = bytes;
        self
    }

    /// Elements of one table, beyond which it neither starts nor grows.
    pub fn max_table_elements(&mut self, elements: u64) -> &mut Self {
        self.store_limits.table_elems = elements;
        self
    }

    /// Instances that a store may have at once.
    pub fn max_instances(&mut self, instances: usize) -> &mut Self {
        self.store_limits.instances = instances;
        self
    }
}

/// What modules and stores have in common. Clones are the same engine; threads may share it.
///
/// The types of modules that it has seen stay with it.
#[derive(Clone, Default)]
pub struct Engine(Arc<Inner>);

#[derive(Default)]
struct Inner {
    config: Config,
    types: Lock<TypeRegistry>,
    /// Structure and array types as the engine's stores need them, by their ids, which stay.
    objects: Lock<HashMap<u32, Arc<ObjectType>>>,
}

impl Engine {
    /// An engine that works as `config` says.
    ///
    /// # Errors
    ///
    /// None so far; a configuration that the target cannot have is one.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self(Arc::new(Inner { config: config.clone(), types: Lock::default(), objects: Lock::default() })))
    }

    /// How it works.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether both are the same engine.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The structure or array type `id`; `None` for types of other kinds.
    pub(crate) fn object_type(&self, types: &TypeRegistry, id: CanonicalTypeId) -> Option<Arc<ObjectType>> {
        let mut objects = self.0.objects.lock();
        if let Some(ty) = objects.get(&id.0) {
            return Some(Arc::clone(ty));
        }
        let ty = Arc::new(new_object_type(types, id)?);
        objects.insert(id.0, Arc::clone(&ty));
        Some(ty)
    }

    pub(crate) fn types(&self) -> impl DerefMut<Target = TypeRegistry> + '_ {
        self.0.types.lock()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}
