//! `whimbrel run`: a WASI program, or one function of a module.

mod backtrace;
mod numbers;
mod threads;
mod values;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use whimbrel::wasi::{self, BuildError, Wasi, WasiBuilder};
use whimbrel::{Engine, Error, Extern, ExternType, Func, Instance, LinkError, Linker, Module, Store, Val};

use crate::args::{RunArgs, UnknownImports};
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::output::{Plain, print};

/// The function that runs a program.
const START: &str = "_start";
/// The function that prepares a library; it is called before any other.
const INITIALIZE: &str = "_initialize";
/// Exports that an error names.
const NAMED_EXPORTS: usize = 8;

/// Runs what `args` ask for, and gives the guest's exit code.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    let (file, guest_args) = args.file_and_args();
    let guest = Guest::load(InputPath::from(file.as_os_str()))?;
    let guest_args = utf8(guest_args)?;
    let context = context(args, &guest.input, &guest_args)?;
    let done = if args.invoke.is_none() && guest.has_threads() {
        guest.execute_threads(context, args.unknown_imports)
    } else {
        guest.execute(&mut Store::new(guest.module.engine(), context), args, &guest_args)
    };
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Failure(failure)) => Err(failure),
        Err(Stop::Guest(error)) => guest.stopped(&error),
    }
}

/// Why a run ended early.
enum Stop {
    /// What was asked for cannot be done.
    Failure(Failure),
    /// The guest trapped or ended itself.
    Guest(Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A module to run.
struct Guest {
    input: InputPath,
    module: Module,
}

impl Guest {
    fn load(input: InputPath) -> Result<Self> {
        let bytes: Arc<[u8]> = input.load()?.into();
        let module = Module::from_shared(&Engine::default(), Arc::clone(&bytes));
        let module = module.map_err(|error| input.invalid(&bytes, &error, error.module_offset()))?;
        Ok(Self { input, module })
    }

    fn execute(&self, store: &mut Store<Wasi>, args: &RunArgs, guest_args: &[String]) -> Result<(), Stop> {
        let instance = self.instantiate(store, args.unknown_imports)?;
        if let Some(name) = &args.invoke {
            return self.invoke(store, &instance, name, guest_args);
        }
        if let Some(start) = instance.get_func(&mut *store, START) {
            return self.call(store, &start, &[]).map(drop);
        }
        let has_run = self.initialize(store, &instance)? || self.module.info().start().is_some();
        if has_run { Ok(()) } else { Err(self.nothing_to_run().into()) }
    }

    fn instantiate(&self, store: &mut Store<Wasi>, unknown: Option<UnknownImports>) -> Result<Instance, Stop> {
        let mut linker = Linker::new(self.module.engine());
        let provided = wasi::add_to_linker(&mut linker, |wasi| wasi);
        let linked = provided.and_then(|()| match unknown {
            None => Ok(()),
            Some(UnknownImports::Trap) => linker.define_unknown_imports_as_traps(&self.module),
            Some(UnknownImports::Default) => linker.define_unknown_imports_as_default_values(&mut *store, &self.module),
        });
        linked.map_err(|error| self.not_linked(&error))?;
        linker.instantiate(&mut *store, &self.module).map_err(|error| {
            // The same error with a backtrace comes from a start function that calls an import defined as a trap.
            let is_linking = error.is::<LinkError>() && error.backtrace().is_none();
            if is_linking { Stop::Failure(self.not_linked(&error)) } else { Stop::Guest(error) }
        })
    }

    /// Calls the export `name` and prints its results.
    fn invoke(&self, store: &mut Store<Wasi>, instance: &Instance, name: &str, args: &[String]) -> Result<(), Stop> {
        let func = match instance.get_export(&mut *store, name) {
            Some(Extern::Func(func)) => func,
            found => return Err(self.no_function(name, found.is_some()).into()),
        };
        let args = values::parse_all(name, &func.ty(&*store), args)?;
        if name != INITIALIZE {
            self.initialize(store, instance)?;
        }
        let mut text = String::new();
        for result in self.call(store, &func, &args)? {
            text.push_str(&values::format(&result));
            text.push('\n');
        }
        print(text.as_bytes()).map_err(|error| Stop::Failure(error.into()))
    }

    /// Calls what a library exports to prepare itself; gives whether there is such a function.
    fn initialize(&self, store: &mut Store<Wasi>, instance: &Instance) -> Result<bool, Stop> {
        match instance.get_func(&mut *store, INITIALIZE) {
            Some(func) => self.call(store, &func, &[]).map(|_| true),
            None => Ok(false),
        }
    }

    fn call(&self, store: &mut Store<Wasi>, func: &Func, args: &[Val]) -> Result<Vec<Val>, Stop> {
        let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
        func.call(&mut *store, args, &mut results).map_err(Stop::Guest)?;
        Ok(results)
    }

    /// What becomes of the program when the guest has stopped with `error`.
    fn stopped(&self, error: &Error) -> Result<ExitCode> {
        if let Some(status) = error.i32_exit_status() {
            // The operating system keeps the low eight bits of a status.
            return Ok(ExitCode::from(status as u8));
        }
        let (exit, what) = match (error.as_trap(), error.downcast_ref::<LinkError>()) {
            (Some(trap), _) => (Exit::Trap, format!("the program trapped: {trap}")),
            (None, Some(LinkError::Unknown { module, name })) => (
                Exit::Trap,
                format!("the program called `{}` from `{}`, which nothing provides", Plain(name), Plain(module)),
            ),
            _ => (Exit::Other, format!("{}: {error:#}", self.input)),
        };
        Err(Failure::new(exit, what).with_details(backtrace::lines(error.backtrace(), &self.module)))
    }

    fn not_linked(&self, error: &Error) -> Failure {
        let input = &self.input;
        match error.downcast_ref::<LinkError>() {
            Some(LinkError::Unknown { module, name }) => Failure::new(
                Exit::Import,
                format_args!(
                    "{input} imports `{}` from `{}`, which nothing provides (see --unknown-imports)",
                    Plain(name),
                    Plain(module),
                ),
            ),
            _ => Failure::new(Exit::Import, format_args!("{input}: {error:#}")),
        }
    }

    fn nothing_to_run(&self) -> Failure {
        let what = format!("{} has nothing to run: no `{START}` export and no start function", self.input);
        let functions = self.functions();
        let hint = if functions.is_empty() { String::new() } else { format!("; --invoke calls {functions}") };
        Failure::new(Exit::NoFunction, format_args!("{what}{hint}"))
    }

    fn no_function(&self, name: &str, is_export: bool) -> Failure {
        let functions = self.functions();
        let others = match functions.as_str() {
            "" => "no functions".to_owned(),
            functions => functions.to_owned(),
        };
        let (input, name) = (&self.input, Plain(name));
        if is_export {
            return Failure::new(Exit::NoFunction, format_args!("{input} exports `{name}`, which is not a function"));
        }
        Failure::new(Exit::NoFunction, format_args!("{input} exports no function `{name}`; it exports {others}"))
    }

    /// The names of exported functions, as a sentence lists them.
    fn functions(&self) -> String {
        let exports = self.module.exports().filter(|export| matches!(export.ty(), ExternType::Func(_)));
        let names: Vec<_> = exports.map(|export| format!("`{}`", Plain(export.name()))).collect();
        let (shown, more) = names.split_at(names.len().min(NAMED_EXPORTS));
        match more.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// What the guest sees of this machine.
fn context(args: &RunArgs, input: &InputPath, guest_args: &[String]) -> Result<Wasi> {
    let mut builder = WasiBuilder::default().inherit_stdio().arg(input.file_name());
    // With `--invoke`, the arguments are the function's.
    if args.invoke.is_none() {
        builder = builder.args(guest_args);
    }
    for variable in &args.env {
        let (name, value) = match variable.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (variable.as_str(), inherited(variable)?),
        };
        builder = builder.env(name, value);
    }
    for dir in &args.dirs {
        let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
        builder = builder.preopened_dir(host, guest);
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

/// Arguments as the strings that guests take.
fn utf8(args: &[OsString]) -> Result<Vec<String>> {
    let not_utf8 = |n: usize| Failure::new(Exit::Usage, format_args!("argument {} is not UTF-8", n + 1));
    let args = args.iter().enumerate();
    args.map(|(n, arg)| arg.clone().into_string().map_err(|_| not_utf8(n))).collect()
}
