//! Programs with threads: all threads share one WASI context.

use std::sync::{Arc, Mutex};

use whimbrel::wasi::{self, ThreadGroup, Wasi};
use whimbrel::{LinkError, Linker};

use super::{Guest, Stop, stop};
use crate::args::UnknownImports;
use crate::failure::{Exit, Failure};

impl Guest {
    /// Whether the program starts threads.
    pub(super) fn has_threads(&self) -> bool {
        self.module.imports().any(|import| (import.module(), import.name()) == ("wasi", "thread-spawn"))
    }

    /// Runs the program until its main thread, or any thread with an error, ends it.
    pub(super) fn execute_threads(&self, context: Wasi, unknown: UnknownImports) -> Result<(), Stop> {
        if unknown == UnknownImports::Default {
            let what = "--unknown-imports default does not work for a program that starts threads";
            return Err(Failure::new(Exit::Usage, what).into());
        }
        let mut linker = Linker::<Arc<Mutex<Wasi>>>::new(self.module.engine());
        let provided = wasi::add_locked_to_linker(&mut linker, |wasi| wasi).map(drop);
        let context = Arc::new(Mutex::new(context));
        let linked = provided.and_then(|()| match unknown {
            UnknownImports::Trap => linker.define_unknown_imports_as_traps(&self.module),
            _ => Ok(()),
        });
        let group = linked.and_then(|()| ThreadGroup::new(linker, &self.module, move || Arc::clone(&context)));
        let group = group.map_err(|error| self.not_linked(&error))?;
        let ending = group.clone();
        let _guard = stop::on_stop(move || ending.interrupt());
        group.run().map_err(|error| {
            let is_linking = error.is::<LinkError>() && error.backtrace().is_none();
            if is_linking { Stop::Failure(self.not_linked(&error)) } else { Stop::Guest(error) }
        })
    }
}
