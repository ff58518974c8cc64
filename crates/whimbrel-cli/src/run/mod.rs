//! `whimbrel run`: a WASI program, or one function of a module.

mod backtrace;
#[cfg(feature = "dwarf")]
mod dwarf;
pub(crate) mod numbers;
mod observed;
pub(crate) mod setup;
pub(crate) mod stop;
mod threads;
pub(crate) mod values;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use whimbrel::wasi::{self, Wasi};
use whimbrel::{Engine, Error, Extern, ExternType, Func, Instance, LinkError, Linker, Module, Store, Trap, Val};

use crate::args::{GuestArgs, RunArgs, UnknownImports};
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::output::{Plain, print};
use observed::Clocks;
use setup::Streams;

/// The function that runs a program.
const START: &str = "_start";
/// The function that prepares a library; it is called before any other.
const INITIALIZE: &str = "_initialize";
/// Exports that an error names.
const NAMED_EXPORTS: usize = 8;

/// Runs what `args` ask for, and gives the guest's exit code.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    let (file, guest_args) = args.file_and_args();
    let mut clocks = Clocks::default();
    let engine = setup::engine(&args.engine, &args.limits, observed::needs_observation(&args.report))?;
    let input = InputPath::from(file.as_os_str());
    let guest = Guest::load_timed(&engine, input, &mut clocks)?;
    let guest_args = utf8(guest_args)?;
    // With `--invoke`, the arguments are the function's.
    let program_args = if args.invoke.is_none() { guest_args.as_slice() } else { &[] };
    let context = setup::context(&args.guest, &guest.input, program_args, Streams::Inherited)?;
    stop::watch_keyboard();
    if let Some(limit) = args.limits.timeout {
        stop::watch_clock(limit);
    }
    if args.invoke.is_none() && guest.has_threads() {
        if needs_store(args) {
            let what =
                "--fuel, --preload, --stats, --trace and --profile do not work for a program that starts threads";
            return Err(Failure::new(Exit::Usage, what));
        }
        return guest.finish(guest.execute_threads(context, args.guest.unknown_imports), args.report.backtrace);
    }
    let mut store = Store::new(guest.module.engine(), context);
    let done = guest.execute_observed(&mut store, args, &guest_args, &mut clocks)?;
    guest.finish(done, args.report.backtrace)
}

/// Whether a flag works for a single store alone.
fn needs_store(args: &RunArgs) -> bool {
    args.limits.fuel.is_some() || !args.guest.preload.is_empty() || observed::needs_observation(&args.report)
}

/// Why a run ended early.
pub(crate) enum Stop {
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
pub(crate) struct Guest {
    pub(crate) input: InputPath,
    pub(crate) module: Module,
}

impl Guest {
    pub(crate) fn load(engine: &Engine, input: InputPath) -> Result<Self> {
        Self::load_timed(engine, input, &mut Clocks::default())
    }

    fn load_timed(engine: &Engine, input: InputPath, clocks: &mut Clocks) -> Result<Self> {
        let bytes: Arc<[u8]> = clocks.time(|clocks| &mut clocks.load, || input.load())?.into();
        let module = clocks.time(|clocks| &mut clocks.validate, || Module::from_shared(engine, Arc::clone(&bytes)));
        let module = module.map_err(|error| input.invalid(&bytes, &error, error.module_offset()))?;
        clocks.eager = module.translated().time;
        Ok(Self { input, module })
    }

    /// Runs the guest, and reports what was asked for.
    fn execute_observed(
        &self,
        store: &mut Store<Wasi>,
        args: &RunArgs,
        guest_args: &[String],
        clocks: &mut Clocks,
    ) -> Result<Result<(), Stop>> {
        if let Some(fuel) = args.limits.fuel {
            store.set_fuel(fuel).map_err(|error| Failure::new(Exit::Other, error))?;
        }
        if args.report.trace {
            observed::trace(store, &self.module);
        }
        #[cfg(feature = "profile")]
        let profile = args.report.profile.as_ref().map(|path| (path, observed::Profile::default()));
        #[cfg(feature = "profile")]
        if let Some((_, profile)) = &profile {
            profile.watch(store);
        }
        let interrupt = store.interrupt_handle();
        let guard = stop::on_stop(move || interrupt.interrupt());
        let mut instance = None;
        let done = clocks.time(
            |clocks| &mut clocks.run,
            || {
                let made = self.instantiate(store, &args.guest)?;
                self.execute(store, instance.insert(made), args.invoke.as_deref(), guest_args)
            },
        );
        drop(guard);
        #[cfg(feature = "profile")]
        if let Some((path, profile)) = profile {
            profile.write(path, &self.module)?;
        }
        if args.report.stats {
            let memory_bytes = instance.map_or(0, |instance| memory_bytes(store, &instance));
            clocks.print(&self.module, Some(store), memory_bytes)?;
        }
        Ok(done)
    }

    /// The program's exit code, or its failure.
    fn finish(&self, done: Result<(), Stop>, backtrace: bool) -> Result<ExitCode> {
        match done {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Stop::Failure(failure)) => Err(failure),
            Err(Stop::Guest(error)) => self.stopped(&error, backtrace),
        }
    }

    /// Runs the program, or calls the function `invoke`.
    pub(crate) fn execute(
        &self,
        store: &mut Store<Wasi>,
        instance: &Instance,
        invoke: Option<&str>,
        guest_args: &[String],
    ) -> Result<(), Stop> {
        if let Some(name) = invoke {
            if name != INITIALIZE {
                self.initialize(store, instance)?;
            }
            return self.invoke(store, instance, name, guest_args);
        }
        if let Some(start) = instance.get_func(&mut *store, START) {
            return self.call(store, &start, &[]).map(drop);
        }
        let has_run = self.initialize(store, instance)? || self.module.info().start().is_some();
        if has_run { Ok(()) } else { Err(self.nothing_to_run().into()) }
    }

    /// Instantiates the modules to be loaded before it, and it.
    pub(crate) fn instantiate(&self, store: &mut Store<Wasi>, args: &GuestArgs) -> Result<Instance, Stop> {
        let mut linker = Linker::new(self.module.engine());
        wasi::add_to_linker(&mut linker, |wasi| wasi).map_err(|error| self.not_linked(&error))?;
        for preload in &args.preload {
            let guest = Self::load(self.module.engine(), InputPath::from(preload.file.as_os_str()))?;
            let instance = guest.instantiate_with(store, &mut linker, args.unknown_imports)?;
            guest.initialize(store, &instance)?;
            let defined = linker.instance(&mut *store, &preload.name, &instance);
            defined.map_err(|error| guest.not_linked(&error))?;
        }
        self.instantiate_with(store, &mut linker, args.unknown_imports)
    }

    fn instantiate_with(
        &self,
        store: &mut Store<Wasi>,
        linker: &mut Linker<Wasi>,
        unknown: UnknownImports,
    ) -> Result<Instance, Stop> {
        let linked = match unknown {
            UnknownImports::Deny => Ok(()),
            UnknownImports::Trap => linker.define_unknown_imports_as_traps(&self.module),
            UnknownImports::Default => linker.define_unknown_imports_as_default_values(&mut *store, &self.module),
        };
        linked.map_err(|error| self.not_linked(&error))?;
        linker.instantiate(&mut *store, &self.module).map_err(|error| {
            // The same error with a backtrace comes from a start function that calls an import defined as a trap.
            let is_linking = error.is::<LinkError>() && error.backtrace().is_none();
            if is_linking { Stop::Failure(self.not_linked(&error)) } else { Stop::Guest(error) }
        })
    }

    /// Calls the export `name` and prints its results.
    fn invoke(&self, store: &mut Store<Wasi>, instance: &Instance, name: &str, args: &[String]) -> Result<(), Stop> {
        let mut text = String::new();
        for result in self.call_named(store, instance, name, args)? {
            text.push_str(&values::format(&result));
            text.push('\n');
        }
        print(text.as_bytes()).map_err(|error| Stop::Failure(error.into()))
    }

    /// Calls the export `name` with arguments as the user writes them.
    pub(crate) fn call_named(
        &self,
        store: &mut Store<Wasi>,
        instance: &Instance,
        name: &str,
        args: &[String],
    ) -> Result<Vec<Val>, Stop> {
        let func = match instance.get_export(&mut *store, name) {
            Some(Extern::Func(func)) => func,
            found => return Err(self.no_function(name, found.is_some()).into()),
        };
        let args = values::parse_all(name, &func.ty(&*store), args)?;
        self.call(store, &func, &args)
    }

    /// Calls what a library exports to prepare itself; gives whether there is such a function.
    pub(crate) fn initialize(&self, store: &mut Store<Wasi>, instance: &Instance) -> Result<bool, Stop> {
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
    pub(crate) fn stopped(&self, error: &Error, backtrace: bool) -> Result<ExitCode> {
        if error.as_trap() == Some(Trap::Interrupted)
            && let Some(cause) = stop::cause()
        {
            let lines = backtrace::lines(error.backtrace(), &self.module, backtrace);
            return Err(Failure::new(cause, stop::message(cause)).with_details(lines));
        }
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
        Err(Failure::new(exit, what).with_details(backtrace::lines(error.backtrace(), &self.module, backtrace)))
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

/// Bytes of the memories that the guest exports.
fn memory_bytes(store: &mut Store<Wasi>, instance: &Instance) -> u64 {
    let exports: Vec<_> = instance.exports(&mut *store).map(whimbrel::Export::into_extern).collect();
    let sizes = exports.into_iter().map(|export| match export {
        Extern::Memory(memory) => memory.data_size(&*store) as u64,
        Extern::SharedMemory(memory) => memory.data_size(),
        _ => 0,
    });
    sizes.sum()
}

/// Arguments as the strings that guests take.
pub(crate) fn utf8(args: &[OsString]) -> Result<Vec<String>> {
    let not_utf8 = |n: usize| Failure::new(Exit::Usage, format_args!("argument {} is not UTF-8", n + 1));
    let args = args.iter().enumerate();
    args.map(|(n, arg)| arg.clone().into_string().map_err(|_| not_utf8(n))).collect()
}
