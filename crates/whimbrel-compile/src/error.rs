//! What can stop a module from being loaded, or a function from being compiled.

use alloc::boxed::Box;

use wasm_reader::ReadError;
use wasm_validate::ValidateError;

/// Why a function was not compiled. One word wide.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CompileError(Box<CompileErrorKind>);

/// The reasons why a function is not compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileErrorKind {
    /// The body is malformed.
    #[error("{0}")]
    Read(ReadError),
    /// The body is not valid.
    #[error("{0}")]
    Validate(ValidateError),
    /// A frame of the function needs more slots than instructions can name.
    #[error("frame too large: at most {max} slots, found {found}", max = u16::MAX)]
    FrameTooLarge {
        /// How many slots of 8 bytes it needs.
        found: u32,
    },
}

impl CompileError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> &CompileErrorKind {
        &self.0
    }

    #[cold]
    pub(crate) fn frame_too_large(found: u32) -> Self {
        CompileErrorKind::FrameTooLarge { found }.into()
    }
}

impl From<CompileErrorKind> for CompileError {
    #[cold]
    fn from(kind: CompileErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<ReadError> for CompileError {
    #[cold]
    fn from(error: ReadError) -> Self {
        CompileErrorKind::Read(error).into()
    }
}

impl From<ValidateError> for CompileError {
    #[cold]
    fn from(error: ValidateError) -> Self {
        CompileErrorKind::Validate(error).into()
    }
}

/// Why a module was not loaded. One word wide.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LoadError(Box<LoadErrorKind>);

/// The reasons why a module is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// The bytes are malformed.
    #[error("{0}")]
    Read(ReadError),
    /// The module is not valid.
    #[error("{0}")]
    Validate(ValidateError),
    /// The module has something that cannot be represented.
    #[error("unsupported {what} (at offset {offset:#x})")]
    Unsupported {
        /// What it has.
        what: &'static str,
        /// Where, in bytes from the module's start.
        offset: u64,
    },
}

impl LoadError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> &LoadErrorKind {
        &self.0
    }

    /// Whether the bytes are no module at all, rather than one that is not valid.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(*self.0, LoadErrorKind::Read(_))
    }

    #[cold]
    pub(crate) fn unsupported(what: &'static str, offset: u64) -> Self {
        Self(Box::new(LoadErrorKind::Unsupported { what, offset }))
    }
}

impl From<ReadError> for LoadError {
    #[cold]
    fn from(error: ReadError) -> Self {
        Self(Box::new(LoadErrorKind::Read(error)))
    }
}

impl From<ValidateError> for LoadError {
    #[cold]
    fn from(error: ValidateError) -> Self {
        Self(Box::new(LoadErrorKind::Validate(error)))
    }
}
