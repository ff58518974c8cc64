//! `whimbrel bench`: how long the stages of a module take, over several runs.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use whimbrel::{Module, Store};

use crate::args::{BenchArgs, LimitArgs};
use crate::failure::Result;
use crate::input::InputPath;
use crate::output::{Bytes, FAINT, HEADING, STRONG, print};
use crate::run::setup::{self, Streams};
use crate::run::{Guest, Stop, stop, utf8};

/// Measures what `args` say.
pub(crate) fn bench(args: &BenchArgs) -> Result<ExitCode> {
    let (file, guest_args) = args.file_and_args();
    let engine = setup::engine(&args.engine, &LimitArgs::default(), false)?;
    let guest = Guest::load(&engine, InputPath::from(file.as_os_str()))?;
    let guest_args = utf8(guest_args)?;
    stop::watch_keyboard();
    let bytes = guest.module.bytes();
    let mut out = Vec::new();
    let size = Bytes(bytes.len() as u64);
    writeln!(out, "{STRONG}{}{STRONG:#}: {size}, backend {}", guest.input, whimbrel::BACKEND)?;
    writeln!(out, "\n{HEADING}{:<12} {:>6} {:>13} {:>13} {:>13}{HEADING:#}", "", "runs", "median", "least", "most")?;

    let series = Series::measure(args, || {
        let start = Instant::now();
        Module::validate(&engine, bytes).map(|()| start.elapsed())
    });
    let unexpected = |error| guest.input.invalid(bytes, error, None);
    series.map_err(unexpected)?.line(&mut out, "validate")?;
    let series = Series::measure(args, || {
        let module = Module::from_binary(&engine, bytes)?;
        module.translate()?;
        Ok(module.translated().time)
    });
    series.map_err(unexpected)?.line(&mut out, "translate")?;

    let mut status = None;
    let series = Series::measure(args, || {
        let program_args = if args.invoke.is_none() { guest_args.as_slice() } else { &[] };
        let context = setup::context(&args.guest, &guest.input, program_args, Streams::Null)?;
        let mut store = Store::new(&engine, context);
        let interrupt = store.interrupt_handle();
        let _guard = stop::on_stop(move || interrupt.interrupt());
        let instance = guest.instantiate(&mut store, &args.guest)?;
        let start = Instant::now();
        let done = match &args.invoke {
            Some(name) => guest.call_named(&mut store, &instance, name, &guest_args).map(drop),
            None => guest.execute(&mut store, &instance, None, &guest_args),
        };
        let time = start.elapsed();
        match done {
            Ok(()) => Ok(time),
            // A program may end with a status; that is a run too.
            Err(Stop::Guest(error)) if error.i32_exit_status().is_some() => {
                status = error.i32_exit_status();
                Ok(time)
            }
            Err(stop) => Err(stop),
        }
    });
    match series {
        Ok(series) => series.line(&mut out, "run")?,
        Err(Stop::Failure(failure)) => return Err(failure),
        Err(Stop::Guest(error)) => return guest.stopped(&error, false),
    }
    if let Some(status) = status.filter(|status| *status != 0) {
        writeln!(out, "\n{FAINT}the program ended with status {status}{FAINT:#}")?;
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Times of one stage, ascending.
struct Series(Vec<Duration>);

impl Series {
    /// Measures until there are as many runs as asked for, or the time for them is over.
    fn measure<E>(
        args: &BenchArgs,
        mut body: impl FnMut() -> std::result::Result<Duration, E>,
    ) -> std::result::Result<Self, E> {
        let start = Instant::now();
        let mut times = Vec::new();
        while times.is_empty() || times.len() < args.runs as usize && start.elapsed() < args.time {
            times.push(body()?);
        }
        times.sort_unstable();
        Ok(Self(times))
    }

    fn line(&self, out: &mut Vec<u8>, name: &str) -> std::io::Result<()> {
        let [median, least, most] = [self.0.len() / 2, 0, self.0.len() - 1].map(|n| milliseconds(self.0[n]));
        writeln!(out, "{name:<12} {:>6} {median:>13} {least:>13} {most:>13}", self.0.len())
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
