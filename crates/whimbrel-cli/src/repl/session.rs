//! What a session has loaded, and what the lines typed do with it.

use std::ffi::OsStr;
use std::fmt::Write;
use std::ops::Range;

use whimbrel::wasi::Wasi;
use whimbrel::{Engine, Error, Extern, Instance, Memory, Store, Val};

use crate::args::ReplArgs;
use crate::failure::{Exit, Failure, Result};
use crate::input::InputPath;
use crate::output::{Bytes, FAINT, NAME, Plain, STRONG, print};
use crate::run::setup::{self, Streams};
use crate::run::{Guest, Stop, stop, values};

/// Bytes that `memory` shows unless told how many.
const SHOWN_BYTES: u64 = 128;
/// Bytes in a line of a hexdump.
const ROW_BYTES: u64 = 16;

const HELP: &str = "\
  NAME(ARGS…) or NAME ARGS…   call an exported function and print its results
  exports                     list what the module exports
  NAME                        an exported global: print it
  NAME = VALUE                an exported global: set it
  memory [NAME] [AT [COUNT]]  show bytes of an exported memory
  load FILE                   load another module in place of this one
  reset                       instantiate the module anew
  help, quit
";

const COMMANDS: [&str; 6] = ["exports", "help", "load", "memory", "quit", "reset"];

/// Whether there are more lines to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Quit,
}

struct Loaded {
    guest: Guest,
    store: Store<Wasi>,
    instance: Instance,
}

pub(super) struct Session<'a> {
    args: &'a ReplArgs,
    engine: Engine,
    loaded: Option<Loaded>,
}

impl<'a> Session<'a> {
    pub(super) fn new(args: &'a ReplArgs) -> Result<Self> {
        Ok(Self { args, engine: setup::engine(&args.engine, &args.limits, false)?, loaded: None })
    }

    /// Loads the module in `file`, in place of what was loaded before.
    pub(super) fn load(&mut self, file: &OsStr) -> Result<()> {
        let guest = Guest::load(&self.engine, InputPath::from(file))?;
        self.start(guest)
    }

    fn start(&mut self, guest: Guest) -> Result<()> {
        let context = setup::context(&self.args.guest, &guest.input, &[], Streams::Inherited)?;
        let mut store = Store::new(&self.engine, context);
        if let Some(fuel) = self.args.limits.fuel {
            store.set_fuel(fuel).map_err(|error| Failure::new(Exit::Other, error))?;
        }
        let made = guest.instantiate(&mut store, &self.args.guest).and_then(|instance| {
            guest.initialize(&mut store, &instance)?;
            Ok(instance)
        });
        let instance = made.map_err(|stop| stopped(&guest, stop))?;
        self.loaded = Some(Loaded { guest, store, instance });
        Ok(())
    }

    fn loaded(&mut self) -> Result<&mut Loaded> {
        self.loaded.as_mut().ok_or_else(|| Failure::new(Exit::NoFile, "no module is loaded (see `load FILE`)"))
    }

    /// What can be completed to.
    pub(super) fn words(&mut self) -> Vec<String> {
        let mut words: Vec<String> = COMMANDS.iter().map(ToString::to_string).collect();
        if let Some(loaded) = &self.loaded {
            words.extend(loaded.guest.module.exports().map(|export| export.name().to_owned()));
        }
        words
    }

    /// Carries out a line.
    pub(super) fn execute(&mut self, line: &str) -> Result<Flow> {
        let words: Vec<&str> = line.split([' ', '(', ')', ',', '\t']).filter(|word| !word.is_empty()).collect();
        let Some((&first, rest)) = words.split_first() else { return Ok(Flow::On) };
        let is_export = self.loaded.as_ref().is_some_and(|loaded| loaded.guest.module.get_export(first).is_some());
        match first {
            _ if is_export => self.loaded()?.use_export(first, rest)?,
            "quit" | "exit" => return Ok(Flow::Quit),
            "help" => print(HELP.as_bytes())?,
            "exports" => self.loaded()?.exports()?,
            "memory" => self.loaded()?.memory(rest)?,
            "load" => match line.trim_start().strip_prefix("load").map(str::trim) {
                Some(file) if !file.is_empty() => self.load(OsStr::new(file))?,
                _ => return Err(Failure::new(Exit::Usage, "load needs a file")),
            },
            "reset" => {
                let guest = self.loaded()?;
                let guest = Guest { input: guest.guest.input.clone(), module: guest.guest.module.clone() };
                self.start(guest)?;
            }
            _ => {
                let what = format_args!("`{}` is no export and no command (see `help`)", Plain(first));
                return Err(Failure::new(Exit::NoFunction, what));
            }
        }
        Ok(Flow::On)
    }
}

impl Loaded {
    fn exports(&self) -> Result<()> {
        let mut text = String::new();
        for export in self.guest.module.exports() {
            let _ = writeln!(text, "  {NAME}{}{NAME:#}  {FAINT}{}{FAINT:#}", Plain(export.name()), export.ty());
        }
        Ok(print(text.as_bytes())?)
    }

    /// Calls a function, shows or sets a global, shows the start of a memory.
    fn use_export(&mut self, name: &str, rest: &[&str]) -> Result<()> {
        match self.instance.get_export(&mut self.store, name) {
            Some(Extern::Func(_)) => {
                let args: Vec<String> = rest.iter().map(|&arg| arg.to_owned()).collect();
                let interrupt = self.store.interrupt_handle();
                let guard = stop::on_stop(move || interrupt.interrupt());
                let results = self.guest.call_named(&mut self.store, &self.instance, name, &args);
                drop(guard);
                let results = results.map_err(|stop| stopped(&self.guest, stop))?;
                let text: String = results.iter().map(|result| values::format(result) + "\n").collect();
                print(text.as_bytes())?;
            }
            Some(Extern::Global(global)) => {
                if let [assign, value] = rest
                    && *assign == "="
                {
                    let ty = global.ty(&self.store).content();
                    let value = values::parse(&ty, value).ok_or_else(|| {
                        Failure::new(Exit::Arguments, format_args!("`{}` is not a valid {ty}", Plain(value)))
                    })?;
                    let set = global.set(&mut self.store, value);
                    set.map_err(|error: Error| Failure::new(Exit::Arguments, format_args!("{name}: {error:#}")))?;
                }
                let value: Val = global.get(&mut self.store);
                print(format!("{}\n", values::format(&value)).as_bytes())?;
            }
            Some(Extern::Memory(_)) => {
                let words: Vec<&str> = std::iter::once(name).chain(rest.iter().copied()).collect();
                self.memory(&words)?;
            }
            _ => print(
                format!("{}\n", self.guest.module.get_export(name).map_or(String::new(), |ty| ty.to_string()))
                    .as_bytes(),
            )?,
        }
        Ok(())
    }

    /// `memory [NAME] [AT [COUNT]]`
    fn memory(&mut self, words: &[&str]) -> Result<()> {
        let (memory, words) = self.find_memory(words)?;
        let number = |word: &&str| {
            let parsed =
                word.strip_prefix("0x").map_or_else(|| word.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok());
            parsed.ok_or_else(|| Failure::new(Exit::Arguments, format_args!("`{}` is not a number", Plain(word))))
        };
        let at = words.first().map(number).transpose()?.unwrap_or(0);
        let count = words.get(1).map(number).transpose()?.unwrap_or(SHOWN_BYTES);
        let bytes = memory.data(&self.store);
        let size = bytes.len() as u64;
        if at >= size {
            let what = format_args!("{at:#x} is past the end: the memory has {}", Bytes(size));
            return Err(Failure::new(Exit::Arguments, what));
        }
        let text = hexdump(bytes, at..at.saturating_add(count).min(size));
        Ok(print(text.as_bytes())?)
    }

    /// The memory that the first word names, or else the only or first one, and the words that are left.
    fn find_memory<'w>(&mut self, words: &'w [&'w str]) -> Result<(Memory, &'w [&'w str])> {
        if let Some((name, rest)) = words.split_first()
            && let Some(Extern::Memory(memory)) = self.instance.get_export(&mut self.store, name)
        {
            return Ok((memory, rest));
        }
        let exports: Vec<_> = self.instance.exports(&mut self.store).map(whimbrel::Export::into_extern).collect();
        let memory = exports.into_iter().find_map(Extern::into_memory);
        let memory = memory.ok_or_else(|| Failure::new(Exit::NoFunction, "the module exports no memory"))?;
        Ok((memory, words))
    }
}

/// Lines of bytes, with the characters that they are.
fn hexdump(bytes: &[u8], range: Range<u64>) -> String {
    let mut text = String::new();
    let mut at = range.start;
    while at < range.end {
        let row = &bytes[at as usize..(at + ROW_BYTES).min(range.end) as usize];
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let chars: String =
            row.iter().map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte.into() } else { '.' }).collect();
        let _ = writeln!(text, "{FAINT}{at:>#10x}{FAINT:#}  {:<47}  {STRONG}{chars}{STRONG:#}", hex.join(" "));
        at += ROW_BYTES;
    }
    text
}

/// What the user is told of a guest that has stopped.
fn stopped(guest: &Guest, stop: Stop) -> Failure {
    match stop {
        Stop::Failure(failure) => failure,
        Stop::Guest(error) => match guest.stopped(&error, false) {
            Err(failure) => failure,
            Ok(_) => Failure::new(Exit::Other, format_args!("{error:#}")),
        },
    }
}
