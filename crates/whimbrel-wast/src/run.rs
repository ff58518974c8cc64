//! Executes the directives of a script, one after the other, and says what became of each.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use wasm_syntax::{Features, Trap};
use whimbrel::{GcStress, Instance, Module};

use crate::engine::{Failure, Host, SharedExports};
use crate::report::{FileReport, Verdict};
use crate::script::{Action, Directive, Execute, Source};
use crate::stage;
use crate::value::{Pattern, Value, list};

/// How an exception that nothing caught is reported to the embedder.
const UNCAUGHT_EXCEPTION: &str = "uncaught exception";

/// The stack that the engine gets. It must do with little: nothing of a running program may live there, in debug builds
/// neither.
pub const ENGINE_STACK_BYTES: usize = 256 * 1024;

/// How a script is executed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What its modules may use.
    pub features: Features,
    /// Whether a valid module passes that cannot be instantiated, and malformed and invalid ones count as the same.
    pub is_open: bool,
    /// Whether fuel is counted, of which there is always enough.
    pub fuel: bool,
    /// When garbage is collected.
    pub gc_stress: GcStress,
}

impl Options {
    /// Modules may use `features` and must be instantiated; fuel is not counted.
    pub fn new(features: Features) -> Self {
        Self { features, is_open: false, fuel: false, gc_stress: GcStress::Off }
    }
}

/// Executes a script.
///
/// After a panic of the engine the rest of the script fails: what the store is then worth is unknown.
pub fn run(name: &str, script: &[Directive], options: Options) -> FileReport {
    let start = Instant::now();
    let (mut report, _) = drive(Runner::new(options), script);
    name.clone_into(&mut report.name);
    report.time = start.elapsed();
    report
}

/// What became of directives, and the shared memories registered by name meanwhile.
type Driven = (FileReport, Vec<(String, SharedExports)>);

/// Executes directives.
fn drive(mut runner: Runner, script: &[Directive]) -> Driven {
    let mut report = FileReport::default();
    let mut panicked = None;
    for Directive { line, action } in script {
        let verdict = match panicked {
            Some(earlier) => failed("no panic before", format!("the engine panicked at line {earlier}")),
            None => catch_unwind(AssertUnwindSafe(|| runner.verdict(*line, action))).unwrap_or_else(|payload| {
                panicked = Some(*line);
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("");
                failed("no panic", format!("panic: {text}"))
            }),
        };
        report.count(*line, action.kind(), verdict);
    }
    // Threads that the script does not wait for count too.
    for name in runner.threads.keys().cloned().collect::<Vec<_>>() {
        if let Verdict::Failed { expected, got } = runner.wait(&name) {
            report.count(0, "wait", failed(expected, got));
        }
    }
    runner.ended.drain(..).for_each(|ended| report.absorb(ended));
    let registered = std::mem::take(&mut runner.registered);
    if panicked.is_some() {
        std::mem::forget(runner);
    }
    (report, registered)
}

/// A module or instance, or why there is none.
type Entry<T> = Result<T, Failure>;

struct Runner {
    host: Entry<Host>,
    definitions: HashMap<Option<String>, Entry<Module>>,
    instances: HashMap<Option<String>, Entry<Instance>>,
    /// Names that stand for an instance which there is not.
    missing: HashMap<String, Failure>,
    /// What a directive that is there for its effects would have needed.
    lost_effects: Option<String>,
    options: Options,
    /// What the thread that started this one shares, by the name of the instance that it has it from.
    shared: HashMap<String, SharedExports>,
    /// What of it was registered, which other threads see once this one has ended.
    registered: Vec<(String, SharedExports)>,
    /// Threads that this one has started.
    threads: HashMap<String, JoinHandle<Driven>>,
    /// What became of those that have ended.
    ended: Vec<FileReport>,
}

fn failed(expected: impl Into<String>, got: impl Into<String>) -> Verdict {
    Verdict::Failed { expected: expected.into(), got: got.into() }
}

impl Runner {
    fn new(options: Options) -> Self {
        Self {
            host: Host::new(options.features, options.fuel, options.gc_stress),
            definitions: HashMap::new(),
            instances: HashMap::new(),
            missing: HashMap::new(),
            lost_effects: None,
            options,
            shared: HashMap::new(),
            registered: Vec::new(),
            threads: HashMap::new(),
            ended: Vec::new(),
        }
    }

    fn host(&mut self) -> Result<&mut Host, Failure> {
        self.host.as_mut().map_err(|failure| failure.clone())
    }

    /// Executes a directive. Where the effects of an earlier one are missing, results that fail are as unsupported as that
    /// one.
    fn verdict(&mut self, line: usize, action: &Action) -> Verdict {
        let has_results = matches!(action, Action::Execute(_) | Action::AssertReturn(..) | Action::AssertTrap(..));
        match (self.perform(line, action), &self.lost_effects) {
            (Verdict::Failed { .. }, Some(what)) if has_results => Verdict::Unsupported(what.clone()),
            (verdict, _) => verdict,
        }
    }

    fn perform(&mut self, line: usize, action: &Action) -> Verdict {
        match action {
            Action::Module { name, source, instantiate } => self.module(line, name, source, *instantiate),
            Action::Instance { name, definition } => self.instance(line, name, definition),
            Action::Register { name, module } => self.register(name, module),
            Action::Execute(execute) => {
                let verdict = succeeds("success", self.execute(execute));
                if let Verdict::Unsupported(what) = &verdict {
                    self.lost_effects = Some(format!("{what}, at line {line}, whose effects are missing"));
                }
                verdict
            }
            Action::AssertReturn(execute, patterns) => assert_return(self.execute(execute), patterns),
            Action::AssertTrap(execute, message) => assert_trap(self.execute(execute), message),
            Action::AssertExhaustion(execute, message) => match self.execute(execute) {
                Err(Failure::Trap(trap)) if trap != Trap::CallStackExhausted => {
                    failed(message, format!("trap: {trap}"))
                }
                result => assert_trap(result, message),
            },
            Action::AssertException(execute) => match self.execute(execute) {
                Err(Failure::Other(text)) if text.starts_with(UNCAUGHT_EXCEPTION) => Verdict::Passed,
                result => refused("an exception", result.map(|values| list(&values))),
            },
            Action::AssertSuspension(execute, message) => match self.execute(execute) {
                Err(Failure::Trap(Trap::UnhandledTag)) => Verdict::Passed,
                result => refused(&format!("a suspension: {message}"), result.map(|values| list(&values))),
            },
            Action::AssertMalformed(source, message) => match self.load(source) {
                Err(Failure::Malformed(_)) => Verdict::Passed,
                Err(Failure::Invalid(_)) if self.options.is_open => Verdict::Passed,
                result => refused(&format!("a malformed module: {message}"), result.map(|_| "a valid module")),
            },
            Action::AssertInvalid(source, message) => match self.load(source) {
                Err(Failure::Invalid(_)) => Verdict::Passed,
                Err(Failure::Malformed(_)) if self.options.is_open => Verdict::Passed,
                Err(Failure::Unsupported(what)) => {
                    failed(format!("an invalid module: {message}"), format!("a valid module: {what}"))
                }
                result => refused(&format!("an invalid module: {message}"), result.map(|_| "a valid module")),
            },
            Action::AssertMalformedCustom(source, message) => assert_malformed_custom(source, message),
            Action::AssertInvalidCustom(source, message) => assert_invalid_custom(source, message),
            Action::AssertUnlinkable(source, message) => self.assert_unlinkable(source, message),
            Action::Thread { name, shared, directives } => self.start(name, shared.as_ref(), directives),
            Action::Wait(name) => self.wait(name),
            Action::Component => Verdict::Unsupported("a component".to_owned()),
        }
    }

    fn load(&mut self, source: &Source) -> Result<Module, Failure> {
        match source {
            Source::Binary(bytes) => self.host()?.load(bytes),
            Source::Refused(error) => Err(Failure::Malformed(error.clone())),
        }
    }

    /// A module that decodes and validates passes even if the engine cannot go on to execute it: what depends on its
    /// instance is then unsupported.
    fn module(&mut self, line: usize, name: &Option<String>, source: &Source, instantiate: bool) -> Verdict {
        let loaded = self.load(source);
        let is_valid = matches!(loaded, Ok(_) | Err(Failure::Unsupported(_)));
        let absent = |failure: &Failure| dependent(failure, line);
        let definition = loaded.clone().map_err(|failure| absent(&failure));
        self.definitions.insert(name.clone(), definition.clone());
        self.definitions.insert(None, definition);
        if !instantiate {
            return match loaded {
                Err(Failure::Unsupported(_)) => Verdict::Passed,
                result => succeeds("a valid module", result.map(|_| Vec::new())),
            };
        }
        let instance = loaded.and_then(|module| self.instantiate(&module));
        self.set_instance(line, name, &instance);
        match instance {
            Err(Failure::Unsupported(_)) if is_valid => Verdict::Passed,
            Err(Failure::Unlinkable(_) | Failure::Trap(_)) if self.options.is_open => Verdict::Passed,
            result => succeeds("an instance", result.map(|_| Vec::new())),
        }
    }

    fn instance(&mut self, line: usize, name: &Option<String>, definition: &Option<String>) -> Verdict {
        let module = self.definitions.get(definition).cloned();
        let module = module.unwrap_or_else(|| Err(Failure::Other("no such module definition".to_owned())));
        let instance = module.and_then(|module| self.instantiate(&module));
        self.set_instance(line, name, &instance);
        succeeds("an instance", instance.map(|_| Vec::new()))
    }

    fn set_instance(&mut self, line: usize, name: &Option<String>, instance: &Entry<Instance>) {
        let entry = instance.clone().map_err(|failure| dependent(&failure, line));
        self.instances.insert(name.clone(), entry.clone());
        self.instances.insert(None, entry);
    }

    fn instantiate(&mut self, module: &Module) -> Result<Instance, Failure> {
        if let Some(failure) = module.imports().find_map(|import| self.missing.get(import.module())) {
            return Err(failure.clone());
        }
        self.host()?.instantiate(module)
    }

    fn find(&self, name: &Option<String>) -> Entry<Instance> {
        let entry = self.instances.get(name).cloned();
        entry.unwrap_or_else(|| Err(Failure::Other("no such module".to_owned())))
    }

    /// Starts a thread that has a store of its own.
    fn start(&mut self, name: &str, shared: Option<&String>, directives: &Arc<[Directive]>) -> Verdict {
        let mut exports = HashMap::new();
        if let Some(shared) = shared {
            let found =
                self.find(&Some(shared.clone())).and_then(|instance| Ok(self.host()?.shared_exports(&instance)));
            match found {
                Ok(found) => exports.insert(shared.clone(), found),
                Err(failure) => return refused("an instance to share", Err::<String, _>(failure)),
            };
        }
        let (directives, options) = (Arc::clone(directives), self.options);
        let body = move || drive(Runner { shared: exports, ..Runner::new(options) }, &directives);
        match thread::Builder::new().stack_size(ENGINE_STACK_BYTES).spawn(body) {
            Ok(handle) => {
                self.threads.insert(name.to_owned(), handle);
                Verdict::Passed
            }
            Err(error) => failed("a thread", error.to_string()),
        }
    }

    /// Waits for a thread. What it has registered is registered here from then on.
    fn wait(&mut self, name: &str) -> Verdict {
        let Some(handle) = self.threads.remove(name) else { return failed("a thread", "no such thread") };
        let Ok((report, registered)) = handle.join() else { return failed("a thread that ends", "a panic") };
        self.ended.push(report);
        for (name, exports) in registered {
            if let Err(failure) = self.host().and_then(|host| host.register_shared(&name, &exports)) {
                return refused("shared memories", Err::<String, _>(failure));
            }
        }
        Verdict::Passed
    }

    fn register(&mut self, name: &str, module: &Option<String>) -> Verdict {
        if let Some(exports) = module.as_ref().and_then(|module| self.shared.get(module)).cloned() {
            let result = self.host().and_then(|host| host.register_shared(name, &exports));
            self.registered.push((name.to_owned(), exports));
            return succeeds("shared memories", result.map(|()| Vec::new()));
        }
        let result = match self.find(module) {
            Ok(instance) => {
                self.missing.remove(name);
                self.host().and_then(|host| host.register(name, &instance))
            }
            Err(failure) => {
                self.missing.insert(name.to_owned(), failure.clone());
                Err(failure)
            }
        };
        succeeds("an instance", result.map(|()| Vec::new()))
    }

    fn execute(&mut self, execute: &Execute) -> Result<Vec<Value>, Failure> {
        match execute {
            Execute::Invoke { module, name, args } => {
                let instance = self.find(module)?;
                self.host()?.invoke(&instance, name, args)
            }
            Execute::Get { module, name } => {
                let instance = self.find(module)?;
                Ok(vec![self.host()?.get(&instance, name)?])
            }
            Execute::Instantiate(source) => {
                let module = self.load(source)?;
                self.instantiate(&module).map(|_| Vec::new())
            }
        }
    }

    fn assert_unlinkable(&mut self, source: &Source, message: &str) -> Verdict {
        let result = self.load(source).and_then(|module| self.instantiate(&module));
        match result {
            Err(Failure::Unlinkable(text)) if text.starts_with(message) => Verdict::Passed,
            // What now traps was a link error before bulk memory operations, with this text.
            Err(Failure::Trap(Trap::MemoryOutOfBounds | Trap::TableOutOfBounds))
                if message.ends_with("segment does not fit") =>
            {
                Verdict::Passed
            }
            result => refused(&format!("an unlinkable module: {message}"), result.map(|_| "an instance")),
        }
    }
}

/// Why something is not there that the directive at `line` should have made.
fn dependent(failure: &Failure, line: usize) -> Failure {
    match failure {
        Failure::Unsupported(_) => failure.clone(),
        _ => Failure::Other(format!("nothing: line {line} failed")),
    }
}

/// The verdict on a result that is not the expected kind of failure.
fn refused(expected: &str, result: Result<impl Into<String>, Failure>) -> Verdict {
    match result {
        Ok(got) => failed(expected, got),
        Err(Failure::Unsupported(what)) => Verdict::Unsupported(what),
        Err(failure) => failed(expected, failure.to_string()),
    }
}

fn succeeds(expected: &str, result: Result<Vec<Value>, Failure>) -> Verdict {
    match result {
        Ok(_) => Verdict::Passed,
        Err(failure) => refused(expected, Err::<String, _>(failure)),
    }
}

fn assert_return(result: Result<Vec<Value>, Failure>, patterns: &[Pattern]) -> Verdict {
    match result {
        Ok(values)
            if values.len() == patterns.len()
                && patterns.iter().zip(&values).all(|(pattern, &value)| pattern.matches(value)) =>
        {
            Verdict::Passed
        }
        result => refused(&list(patterns), result.map(|values| list(&values))),
    }
}

/// Suites of different ages cut the texts at different places.
fn assert_trap(result: Result<Vec<Value>, Failure>, message: &str) -> Verdict {
    match result {
        Err(Failure::Trap(trap)) if message.starts_with(trap.text()) || trap.text().starts_with(message) => {
            Verdict::Passed
        }
        result => refused(&format!("trap: {message}"), result.map(|values| list(&values))),
    }
}

fn assert_malformed_custom(source: &Source, message: &str) -> Verdict {
    match source {
        Source::Refused(_) => Verdict::Passed,
        Source::Binary(bytes) if stage::decode_custom(bytes, Features::ALL).is_err() => Verdict::Passed,
        Source::Binary(_) => failed(format!("a malformed custom section: {message}"), "custom sections that decode"),
    }
}

/// Of custom sections, those with branch hints are validated.
fn assert_invalid_custom(source: &Source, message: &str) -> Verdict {
    let bytes = match source {
        Source::Binary(bytes) if message.contains("branch hint") => bytes,
        Source::Binary(_) => return Verdict::Unsupported("validation of a custom section of this name".to_owned()),
        Source::Refused(error) => return failed(format!("an invalid custom section: {message}"), error.as_str()),
    };
    match stage::branch_hint_error(bytes, Features::ALL) {
        Ok(Some(_)) => Verdict::Passed,
        Ok(None) => failed(format!("an invalid custom section: {message}"), "valid branch hints"),
        Err(error) => failed(format!("an invalid custom section: {message}"), error.to_string()),
    }
}
