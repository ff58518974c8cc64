//! Building a context.
use crate::abi::FdFlags;
use crate::clock::{Clock, Random, SeededRandom, SimulatedClock};
use crate::context::Wasi;
use crate::descriptor::{Descriptor, Kind, OpenDirectory, Table};
use crate::errno::Errno;
use crate::fs::Directory;
use crate::stream::{InputStream, Listener, Null, OutputStream};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Why a context could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An argument holds a NUL byte, which ends strings in the guest.
    #[error("argument {index} contains a NUL byte")]
    Argument {
        /// Its position, 0 being the program's name.
        index: usize,
    },
    /// A variable's name is empty or holds `=`, or it holds a NUL byte.
    #[error("`{name}` is not the name of an environment variable, or its value contains a NUL byte")]
    Variable {
        /// The name as given.
        name: String,
    },
    /// A host directory cannot be opened.
    #[error("cannot open directory `{path}`: {errno}")]
    Directory {
        /// The path on the host.
        path: String,
        /// What the host said.
        errno: Errno,
    },
    /// More preopened descriptors than the limit allows.
    #[error("too many preopened descriptors for a limit of {limit}")]
    Descriptors {
        /// The limit.
        limit: usize,
    },
}

/// Collects what a guest may reach; [`WasiBuilder::build`] makes the [`Wasi`].
///
/// Nothing is granted by default: no directory, empty streams, and a clock and random source that answer
/// [`Errno::NoSys`] without the feature `std`, the host's with it.
pub struct WasiBuilder {
    args: Vec<String>,
    environ: Vec<(String, String)>,
    stdin: Box<dyn InputStream>,
    stdout: Box<dyn OutputStream>,
    stderr: Box<dyn OutputStream>,
    preopens: Vec<Preopen>,
    listeners: Vec<Box<dyn Listener>>,
    clock: Box<dyn Clock>,
    random: Box<dyn Random>,
    max_descriptors: usize,
    error: Option<BuildError>,
}

struct Preopen {
    dir: Arc<dyn Directory>,
    name: String,
    read_only: bool,
}

impl Default for WasiBuilder {
    fn default() -> WasiBuilder {
        WasiBuilder {
            args: Vec::new(),
            environ: Vec::new(),
            stdin: Box::new(Null),
            stdout: Box::new(Null),
            stderr: Box::new(Null),
            preopens: Vec::new(),
            listeners: Vec::new(),
            clock: default_clock(),
            random: default_random(),
            max_descriptors: 65_536,
            error: None,
        }
    }
}

fn default_clock() -> Box<dyn Clock> {
    #[cfg(all(feature = "std", unix))]
    return Box::new(crate::host::HostClock);
    #[cfg(not(all(feature = "std", unix)))]
    Box::new(crate::clock::Missing)
}

fn default_random() -> Box<dyn Random> {
    #[cfg(all(feature = "std", unix))]
    return Box::new(crate::host::HostRandom);
    #[cfg(not(all(feature = "std", unix)))]
    Box::new(crate::clock::Missing)
}

impl WasiBuilder {
    /// A context that grants nothing.
    pub fn new() -> WasiBuilder {
        WasiBuilder::default()
    }

    /// Appends an argument. The first is the program's name.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; a later value replaces an earlier one.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.environ.retain(|(other, _)| *other != name);
        self.environ.push((name, value));
        self
    }

    /// Sets environment variables.
    #[must_use]
    pub fn envs<N: Into<String>, V: Into<String>>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        variables.into_iter().fold(self, |builder, (name, value)| builder.env(name, value))
    }

    /// Reads the guest's standard input from `stream`.
    #[must_use]
    pub fn stdin(mut self, stream: Box<dyn InputStream>) -> Self {
        self.stdin = stream;
        self
    }

    /// Writes the guest's standard output to `stream`.
    #[must_use]
    pub fn stdout(mut self, stream: Box<dyn OutputStream>) -> Self {
        self.stdout = stream;
        self
    }

    /// Writes the guest's standard error to `stream`.
    #[must_use]
    pub fn stderr(mut self, stream: Box<dyn OutputStream>) -> Self {
        self.stderr = stream;
        self
    }

    /// Gives the guest the process's own standard streams.
    #[cfg(all(feature = "std", unix))]
    #[must_use]
    pub fn inherit_stdio(self) -> Self {
        use crate::host::{HostInput, HostOutput};
        self.stdin(Box::new(HostInput::stdin()))
            .stdout(Box::new(HostOutput::stdout()))
            .stderr(Box::new(HostOutput::stderr()))
    }

    /// Shows `dir` to the guest under the name `guest_path`. Directories get the numbers from 3 on, in this order.
    #[must_use]
    pub fn preopen(mut self, dir: Arc<dyn Directory>, guest_path: impl Into<String>) -> Self {
        self.preopens.push(Preopen { dir, name: guest_path.into(), read_only: false });
        self
    }

    /// As [`WasiBuilder::preopen`]; whatever would change the file system is [`Errno::RoFs`].
    #[must_use]
    pub fn preopen_read_only(mut self, dir: Arc<dyn Directory>, guest_path: impl Into<String>) -> Self {
        self.preopens.push(Preopen { dir, name: guest_path.into(), read_only: true });
        self
    }

    /// Shows the host's directory `host_path` to the guest under the name `guest_path`.
    #[cfg(all(feature = "std", unix))]
    #[must_use]
    pub fn preopened_dir(self, host_path: impl AsRef<std::path::Path>, guest_path: impl Into<String>) -> Self {
        self.host_dir(host_path.as_ref(), guest_path.into(), false)
    }

    /// As [`WasiBuilder::preopened_dir`]; whatever would change the file system is [`Errno::RoFs`].
    #[cfg(all(feature = "std", unix))]
    #[must_use]
    pub fn preopened_dir_read_only(
        self,
        host_path: impl AsRef<std::path::Path>,
        guest_path: impl Into<String>,
    ) -> Self {
        self.host_dir(host_path.as_ref(), guest_path.into(), true)
    }

    #[cfg(all(feature = "std", unix))]
    fn host_dir(mut self, path: &std::path::Path, name: String, read_only: bool) -> Self {
        match crate::fs::host::HostDir::open(path) {
            Ok(dir) => self.preopens.push(Preopen { dir: Arc::new(dir), name, read_only }),
            Err(errno) => {
                self.error.get_or_insert(BuildError::Directory { path: format!("{}", path.display()), errno });
            }
        }
        self
    }

    /// Gives the guest a listening socket. Sockets get the numbers behind the directories, in this order.
    #[must_use]
    pub fn listener(mut self, listener: Box<dyn Listener>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Gives the guest a listening TCP socket of the host.
    #[cfg(all(feature = "std", unix))]
    #[must_use]
    pub fn tcp_listener(self, listener: std::net::TcpListener) -> Self {
        self.listener(Box::new(crate::host::HostListener::from(listener)))
    }

    /// Takes the guest's time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Box<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes the guest's random bytes from `random`.
    #[must_use]
    pub fn random(mut self, random: Box<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Makes runs repeatable: a simulated clock that starts at a fixed time, and random bytes from `seed`.
    #[must_use]
    pub fn deterministic(self, seed: u64) -> Self {
        self.clock(Box::new(SimulatedClock::default())).random(Box::new(SeededRandom::new(seed)))
    }

    /// Limits how many descriptors can be open at once (65,536 by default).
    #[must_use]
    pub fn max_descriptors(mut self, limit: usize) -> Self {
        self.max_descriptors = limit.min(i32::MAX as usize);
        self
    }

    /// Makes the context, or tells the first thing that was wrong.
    pub fn build(self) -> Result<Wasi, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut args = Vec::with_capacity(self.args.len());
        for (index, arg) in self.args.into_iter().enumerate() {
            args.push(terminated(arg).ok_or(BuildError::Argument { index })?);
        }
        let mut environ = Vec::with_capacity(self.environ.len());
        for (name, value) in self.environ {
            let valid = !name.is_empty() && !name.contains('=');
            match valid.then(|| terminated(format!("{name}={value}"))).flatten() {
                Some(variable) => environ.push(variable),
                None => return Err(BuildError::Variable { name }),
            }
        }
        let limit = self.max_descriptors;
        let mut table = Table::new(limit);
        let streams = [Kind::Input(self.stdin), Kind::Output(self.stdout), Kind::Output(self.stderr)];
        let dirs = self.preopens.into_iter().map(|preopen| {
            let dir = OpenDirectory::new(preopen.dir, Some(preopen.name), FdFlags::empty());
            Descriptor { read_only: preopen.read_only, ..Descriptor::new(Kind::Directory(dir)) }
        });
        let listeners = self.listeners.into_iter().map(|listener| Kind::Listener(listener, FdFlags::empty()));
        let descriptors = streams.into_iter().map(Descriptor::new).chain(dirs).chain(listeners.map(Descriptor::new));
        for descriptor in descriptors {
            table.insert(descriptor).map_err(|_| BuildError::Descriptors { limit })?;
        }
        Ok(Wasi { args, environ, table, clock: self.clock, random: self.random, waited_ns: None, pending: None })
    }
}

/// The bytes with a NUL behind them; `None` if there is one among them.
fn terminated(string: String) -> Option<Vec<u8>> {
    let mut bytes = string.into_bytes();
    if bytes.contains(&0) {
        return None;
    }
    bytes.push(0);
    Some(bytes)
}
