//! wasmi, translating lazily after full validation.

use anyhow::Result;
use wasmi::{CompilationMode, Config, Engine, Module, Store};

use super::{Instance, Loaded, Peer};

pub struct Wasmi(Engine);

struct Running(Store<()>, wasmi::Instance);

impl Default for Wasmi {
    fn default() -> Self {
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::LazyTranslation);
        Self(Engine::new(&config))
    }
}

impl Peer for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Module::new(&self.0, wasm)?))
    }
}

impl Loaded for Module {
    fn instantiate(&self) -> Result<Box<dyn Instance>> {
        let mut store = Store::new(self.engine(), ());
        let instance = wasmi::Linker::new(self.engine()).instantiate_and_start(&mut store, self)?;
        Ok(Box::new(Running(store, instance)))
    }
}

impl Instance for Running {
    fn call(&mut self, export: &str, arg: i32) -> Result<i64> {
        let Self(store, instance) = self;
        Ok(instance.get_typed_func::<i32, i64>(&*store, export)?.call(store, arg)?)
    }
}
