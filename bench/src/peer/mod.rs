//! The engines that are measured, behind one interface.

#[cfg(feature = "sf-nano")]
mod sf_nano;
#[cfg(feature = "wasmi")]
mod wasmi;
mod whimbrel;

use anyhow::Result;

/// An engine, in the configuration in which its users meet it: validating, translating when a function is first called if it
/// can.
pub trait Peer {
    /// As in tables and in JSON.
    fn name(&self) -> &'static str;

    /// Decodes, validates and, if the engine does not do so lazily, translates `wasm`.
    ///
    /// # Errors
    ///
    /// If the engine does not take the module.
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Loaded>>;
}

/// A module that an engine has loaded.
pub trait Loaded {
    /// Makes an instance of it, of a module without imports.
    ///
    /// # Errors
    ///
    /// If the engine refuses.
    fn instantiate(&self) -> Result<Box<dyn Instance>>;
}

/// An instance in an engine.
pub trait Instance {
    /// Calls an export that takes an `i32` and returns an `i64`.
    ///
    /// # Errors
    ///
    /// If there is none, or it traps.
    fn call(&mut self, export: &str, arg: i32) -> Result<i64>;
}

/// All engines that this program was built with, whimbrel first.
#[must_use]
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(whimbrel::Whimbrel::default()),
        #[cfg(feature = "wasmi")]
        Box::new(wasmi::Wasmi::default()),
        #[cfg(feature = "sf-nano")]
        Box::new(sf_nano::SfNano),
    ]
}
