//! The engine and the WASI context as flags describe them.

use std::env;
use std::net::TcpListener;

use whimbrel::wasi::wasi_lite::Null;
use whimbrel::wasi::{BuildError, Wasi, WasiBuilder, fs::mem::MemFs};
use whimbrel::{BACKEND, CompilationMode, Config, Engine};

use crate::args::{EngineArgs, GuestArgs, LimitArgs};
use crate::failure::{Exit, Failure, Result, io_reason};
use crate::input::InputPath;

/// The engine that the flags ask for; `observe` is for counting and tracing.
pub(crate) fn engine(args: &EngineArgs, limits: &LimitArgs, observe: bool) -> Result<Engine> {
    let mut config = Config::default();
    if let Some(features) = args.features {
        config.wasm_features(features);
    }
    if let Some(backend) = args.backend.as_deref().filter(|backend| *backend != BACKEND) {
        return Err(Failure::new(
            Exit::Usage,
            format_args!("--backend {backend}: this build has one backend, `{BACKEND}` (see `whimbrel run --help`)"),
        ));
    }
    if args.eager {
        config.compilation_mode(CompilationMode::Eager);
    }
    if let Some(bytes) = limits.max_memory {
        config.max_memory_bytes(bytes).max_heap_bytes(bytes);
    }
    if let Some(bytes) = limits.max_stack {
        config.max_wasm_stack(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    config.consume_fuel(limits.fuel.is_some()).observe(observe);
    Engine::new(&config).map_err(|error| Failure::new(Exit::Other, error))
}

/// What the guest's standard streams are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    /// The program's own.
    Inherited,
    /// Nothing to read, and what is written is gone.
    Null,
}

/// What the guest sees of this machine.
pub(crate) fn context(args: &GuestArgs, input: &InputPath, guest_args: &[String], streams: Streams) -> Result<Wasi> {
    let argv0 = args.argv0.clone().unwrap_or_else(|| input.file_name());
    let mut builder = WasiBuilder::default().arg(argv0).args(guest_args);
    builder = match streams {
        Streams::Inherited => builder.inherit_stdio(),
        Streams::Null => builder.stdin(Box::new(Null)).stdout(Box::new(Null)).stderr(Box::new(Null)),
    };
    if args.deterministic {
        builder = builder.deterministic(0);
    }
    if args.env_inherit {
        let utf8 =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        // A later `--env` replaces what was inherited.
        builder =
            builder.envs(utf8.filter(|(name, _)| !args.env.iter().any(|given| given.split('=').next() == Some(name))));
    }
    for variable in &args.env {
        let (name, value) = match variable.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (variable.as_str(), inherited(variable)?),
        };
        builder = builder.env(name, value);
    }
    for dir in &args.dirs {
        let (dir, is_read_only) = dir.strip_suffix(":ro").map_or((dir.as_str(), false), |dir| (dir, true));
        let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
        builder = match is_read_only {
            true => builder.preopened_dir_read_only(host, guest),
            false => builder.preopened_dir(host, guest),
        };
    }
    if args.mem_fs {
        builder = builder.preopen(MemFs::new().root(), "/");
    }
    for address in &args.tcplisten {
        let listener = TcpListener::bind(address)
            .map_err(|error| Failure::new(Exit::Other, format_args!("--tcplisten {address}: {}", io_reason(&error))))?;
        builder = builder.tcp_listener(listener);
    }
    builder.build().map_err(|error| match error {
        BuildError::Directory { .. } => Failure::new(Exit::Directory, error),
        BuildError::Variable { .. } => Failure::new(Exit::Usage, format_args!("--env: {error}")),
        _ => Failure::new(Exit::Usage, error),
    })
}

fn inherited(name: &str) -> Result<String> {
    env::var(name).map_err(|error| match error {
        env::VarError::NotPresent => {
            Failure::new(Exit::Usage, format_args!("--env {name}: there is no such variable in this environment"))
        }
        env::VarError::NotUnicode(_) => {
            Failure::new(Exit::Usage, format_args!("--env {name}: the variable's value is not UTF-8"))
        }
    })
}
