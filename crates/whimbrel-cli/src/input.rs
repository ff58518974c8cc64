//! Input files: reading them, text to binary, and telling modules from other things.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use wasm_reader::ReadErrorKind;
use wasm_syntax::Features;

use crate::disasm;
use crate::failure::{Exit, Failure, Result, io_reason};
use crate::names::{FuncNames, func_at};
use crate::output::Plain;

/// An input file as the user named it; `-` is standard input.
#[derive(Clone, Debug)]
pub(crate) struct InputPath(PathBuf);

impl From<&OsStr> for InputPath {
    fn from(path: &OsStr) -> Self {
        Self(path.into())
    }
}

impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stdin() {
            return f.write_str("standard input");
        }
        Plain(&self.0.to_string_lossy()).fmt(f)
    }
}

/// The first bytes of a binary module, and of a component.
const MAGIC: &[u8] = b"\0asm";

impl InputPath {
    fn is_stdin(&self) -> bool {
        self.0.as_os_str() == "-"
    }

    /// The last component, which a guest sees as its own name.
    pub(crate) fn file_name(&self) -> String {
        self.0.file_name().unwrap_or(self.0.as_os_str()).to_string_lossy().into_owned()
    }

    /// Reads the file; text is translated to binary.
    pub(crate) fn load(&self) -> Result<Vec<u8>> {
        let bytes = self.read().map_err(|error| self.unreadable(&error))?;
        if bytes.starts_with(MAGIC) {
            return Ok(bytes);
        }
        let is_named_text = self.0.extension().is_some_and(|extension| extension == "wat");
        if is_named_text || looks_like_text(&bytes) { self.assemble(&bytes) } else { Ok(bytes) }
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        if !self.is_stdin() {
            return fs::read(&self.0);
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Exit::NoFile, format_args!("no such file: {self}")),
            io::ErrorKind::IsADirectory => {
                Failure::new(Exit::Other, format_args!("{self}: this is a directory, not a module"))
            }
            _ => Failure::new(Exit::Other, format_args!("cannot read {self}: {}", io_reason(error))),
        }
    }

    /// Text to binary.
    fn assemble(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Failure::new(Exit::Invalid, format_args!("{self}: not UTF-8 (at offset {:#x})", error.valid_up_to()))
        })?;
        let malformed = |error: wast::Error| {
            let (line, column) = error.span().linecol_in(text);
            let message = error.message();
            let message = Plain(message.lines().next().unwrap_or_default());
            Failure::new(Exit::Invalid, format_args!("{self}:{}:{}: {message}", line + 1, column + 1))
        };
        let buffer = wast::parser::ParseBuffer::new(text).map_err(malformed)?;
        let mut wat = wast::parser::parse::<wast::Wat<'_>>(&buffer).map_err(malformed)?;
        wat.encode().map_err(malformed)
    }

    /// The failure for `bytes` that are no valid module: the reason, and the offset that it names if it names one.
    ///
    /// What is no core module at all has words of its own.
    pub(crate) fn invalid(&self, bytes: &[u8], reason: impl fmt::Display, offset: Option<u64>) -> Failure {
        let header = wasm_reader::sections(bytes, Features::ALL).map_err(|error| error.kind);
        match header {
            Err(ReadErrorKind::Component) => Failure::new(
                Exit::Unsupported,
                format_args!("{self}: this is a component, and only core modules are supported"),
            ),
            Err(ReadErrorKind::Magic { found }) => Failure::new(
                Exit::Invalid,
                format_args!("{self}: not a WebAssembly module: it starts with `{}`", found.escape_ascii()),
            ),
            Err(ReadErrorKind::UnexpectedEnd { .. }) if bytes.is_empty() => {
                Failure::new(Exit::Invalid, format_args!("{self}: not a WebAssembly module: it is empty"))
            }
            _ => {
                let func = offset.and_then(|offset| func_at(bytes, offset));
                let names = func.map(|_| FuncNames::of_module(bytes)).unwrap_or_default();
                let place = func.map_or(String::new(), |func| format!(" in function {}", names.show(func)));
                let failure = Failure::new(Exit::Invalid, format_args!("{self}: {reason}{place}"));
                match offset {
                    Some(offset) => failure.with_details(disasm::place(bytes, offset)),
                    None => failure,
                }
            }
        }
    }
}

/// Whether the first thing after white space is a parenthesis or a comment, as in the text format.
fn looks_like_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
}
