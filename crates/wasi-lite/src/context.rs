//! The context of one guest and the dispatch of its calls.
use crate::abi::Abi;
use crate::clock::{Clock, Random};
use crate::descriptor::Table;
use crate::errno::{Errno, Result};
use crate::memory::GuestMemory;
use crate::table::Function;
use crate::turn::{InTurn, Pending};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Everything that one guest can reach: arguments, environment, descriptors, clock, random source.
///
/// Built by [`WasiBuilder`](crate::WasiBuilder); used by passing each imported function's call to [`Wasi::call`].
pub struct Wasi {
    /// Arguments, each with its terminating NUL.
    pub(crate) args: Vec<Vec<u8>>,
    /// `NAME=value`, each with its terminating NUL.
    pub(crate) environ: Vec<Vec<u8>>,
    pub(crate) table: Table,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) random: Box<dyn Random>,
    /// In a call that must not wait: for how many nanoseconds the guest has waited in it before.
    pub(crate) waited_ns: Option<u64>,
    /// What the call under way would have to wait for.
    pub(crate) pending: Option<Pending>,
}

/// The guest ended itself: the engine must not return to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exit {
    /// `proc_exit` with this code.
    #[error("exit with code {0}")]
    Proc(u32),
    /// `proc_raise` with a signal whose effect is to end the process. The number is WASI's.
    #[error("killed by signal {0}")]
    Signal(u8),
}

impl Exit {
    /// The code for the host's process: the guest's own, or 128 + the signal.
    pub fn code(self) -> u32 {
        match self {
            Exit::Proc(code) => code,
            Exit::Signal(signal) => 128 + u32::from(signal),
        }
    }
}

/// The raw arguments of a call; an `i32` is zero-extended.
struct Args<'a>(&'a [u64]);

impl Args<'_> {
    /// Argument `index` as an `i32`'s bits.
    fn u(&self, index: usize) -> u32 {
        self.0[index] as u32
    }

    /// Argument `index` as an `i64`'s bits.
    fn d(&self, index: usize) -> u64 {
        self.0[index]
    }
}

impl Wasi {
    /// Executes a function of `wasi_snapshot_preview1`.
    ///
    /// `args` are the WebAssembly arguments in order, an `i32` in the low half of its word. Returns the [`Errno`] as the
    /// `i32` that the function returns. A wrong number of arguments is [`Errno::Inval`]; an address outside `memory` is
    /// [`Errno::Fault`]. The call blocks where the guest's call blocks.
    pub fn call<M: GuestMemory + ?Sized>(
        &mut self,
        function: Function,
        memory: &mut M,
        args: &[u64],
    ) -> Result<u32, Exit> {
        self.call_abi(Abi::Preview1, function, memory, args)
    }

    /// Executes a function of the import module that `abi` names; otherwise as [`Wasi::call`].
    pub fn call_abi<M: GuestMemory + ?Sized>(
        &mut self,
        abi: Abi,
        function: Function,
        mut memory: &mut M,
        args: &[u64],
    ) -> Result<u32, Exit> {
        if args.len() != function.params().len() {
            return Ok(u32::from(Errno::Inval.raw()));
        }
        let args = Args(args);
        match function {
            Function::ProcExit => return Err(Exit::Proc(args.u(0))),
            Function::ProcRaise => return proc_raise(args.u(0)),
            _ => {}
        }
        let errno = match self.dispatch(abi, function, &mut memory, &args) {
            Ok(()) => Errno::Success,
            Err(errno) => errno,
        };
        Ok(u32::from(errno.raw()))
    }

    /// As [`Wasi::call_abi`], for a context that threads share: rather than wait, for a clock, for input or a connection, or
    /// for room for output, it returns [`InTurn::Wait`]. The same call is made again after that wait, with the time since
    /// the first. A write takes no more bytes than there is room for.
    pub fn call_in_turn<M: GuestMemory + ?Sized>(
        &mut self,
        abi: Abi,
        function: Function,
        memory: &mut M,
        args: &[u64],
        waited_ns: u64,
    ) -> Result<InTurn, Exit> {
        // Simulated time passes without waiting.
        if self.clock.is_simulated() {
            return self.call_abi(abi, function, memory, args).map(InTurn::Done);
        }
        if let Some(pending) = args.first().and_then(|fd| self.obstacle(function, *fd as u32)) {
            return Ok(InTurn::Wait(pending));
        }
        self.waited_ns = Some(waited_ns);
        let result = self.call_abi(abi, function, memory, args);
        self.waited_ns = None;
        let pending = self.pending.take();
        result.map(|errno| pending.map_or(InTurn::Done(errno), InTurn::Wait))
    }

    fn dispatch(&mut self, abi: Abi, function: Function, mem: &mut dyn GuestMemory, a: &Args<'_>) -> Result<()> {
        match function {
            Function::ArgsGet => strings_get(mem, &self.args, a.u(0), a.u(1)),
            Function::ArgsSizesGet => strings_sizes_get(mem, &self.args, a.u(0), a.u(1)),
            Function::EnvironGet => strings_get(mem, &self.environ, a.u(0), a.u(1)),
            Function::EnvironSizesGet => strings_sizes_get(mem, &self.environ, a.u(0), a.u(1)),
            Function::ClockResGet => self.clock_res_get(mem, a.u(0), a.u(1)),
            Function::ClockTimeGet => self.clock_time_get(mem, a.u(0), a.u(2)),
            Function::FdAdvise => self.fd_advise(a.u(0), a.d(1), a.d(2), a.u(3)),
            Function::FdAllocate => self.fd_allocate(a.u(0), a.d(1), a.d(2)),
            Function::FdClose => self.fd_close(a.u(0)),
            Function::FdDatasync => self.fd_sync(a.u(0), true),
            Function::FdFdstatGet => self.fd_fdstat_get(mem, a.u(0), a.u(1)),
            Function::FdFdstatSetFlags => self.fd_fdstat_set_flags(a.u(0), a.u(1)),
            Function::FdFdstatSetRights => self.fd_fdstat_set_rights(a.u(0), a.d(1), a.d(2)),
            Function::FdFilestatGet => self.fd_filestat_get(abi, mem, a.u(0), a.u(1)),
            Function::FdFilestatSetSize => self.fd_filestat_set_size(a.u(0), a.d(1)),
            Function::FdFilestatSetTimes => self.fd_filestat_set_times(a.u(0), a.d(1), a.d(2), a.u(3)),
            Function::FdPread => self.fd_pread(mem, a.u(0), (a.u(1), a.u(2)), a.d(3), a.u(4)),
            Function::FdPrestatGet => self.fd_prestat_get(mem, a.u(0), a.u(1)),
            Function::FdPrestatDirName => self.fd_prestat_dir_name(mem, a.u(0), a.u(1), a.u(2)),
            Function::FdPwrite => self.fd_pwrite(mem, a.u(0), (a.u(1), a.u(2)), a.d(3), a.u(4)),
            Function::FdRead => self.fd_read(mem, a.u(0), (a.u(1), a.u(2)), a.u(3)),
            Function::FdReaddir => self.fd_readdir(mem, a.u(0), (a.u(1), a.u(2)), a.d(3), a.u(4)),
            Function::FdRenumber => self.fd_renumber(a.u(0), a.u(1)),
            Function::FdSeek => self.fd_seek(mem, a.u(0), a.d(1) as i64, abi.whence(a.u(2))?, a.u(3)),
            Function::FdSync => self.fd_sync(a.u(0), false),
            Function::FdTell => self.fd_tell(mem, a.u(0), a.u(1)),
            Function::FdWrite => self.fd_write(mem, a.u(0), (a.u(1), a.u(2)), a.u(3)),
            Function::PathCreateDirectory => self.path_create_directory(mem, a.u(0), (a.u(1), a.u(2))),
            Function::PathFilestatGet => self.path_filestat_get(abi, mem, a.u(0), a.u(1), (a.u(2), a.u(3)), a.u(4)),
            Function::PathFilestatSetTimes => {
                let path = (a.u(2), a.u(3));
                self.path_filestat_set_times(mem, a.u(0), a.u(1), path, (a.d(4), a.d(5)), a.u(6))
            }
            Function::PathLink => self.path_link(mem, (a.u(0), a.u(1)), (a.u(2), a.u(3)), a.u(4), (a.u(5), a.u(6))),
            Function::PathOpen => {
                let rights = (a.d(5), a.d(6));
                self.path_open(mem, (a.u(0), a.u(1)), (a.u(2), a.u(3)), a.u(4), rights, a.u(7), a.u(8))
            }
            Function::PathReadlink => self.path_readlink(mem, a.u(0), (a.u(1), a.u(2)), (a.u(3), a.u(4)), a.u(5)),
            Function::PathRemoveDirectory => self.path_remove_directory(mem, a.u(0), (a.u(1), a.u(2))),
            Function::PathRename => self.path_rename(mem, a.u(0), (a.u(1), a.u(2)), a.u(3), (a.u(4), a.u(5))),
            Function::PathSymlink => self.path_symlink(mem, (a.u(0), a.u(1)), a.u(2), (a.u(3), a.u(4))),
            Function::PathUnlinkFile => self.path_unlink_file(mem, a.u(0), (a.u(1), a.u(2))),
            Function::PollOneoff => self.poll_oneoff(abi, mem, a.u(0), a.u(1), a.u(2), a.u(3)),
            Function::SchedYield => {
                sched_yield();
                Ok(())
            }
            Function::RandomGet => self.random_get(mem, a.u(0), a.u(1)),
            Function::SockAccept => self.sock_accept(mem, a.u(0), a.u(1), a.u(2)),
            Function::SockRecv => self.sock_recv(mem, a.u(0), (a.u(1), a.u(2)), a.u(3), a.u(4), a.u(5)),
            Function::SockSend => self.sock_send(mem, a.u(0), (a.u(1), a.u(2)), a.u(3), a.u(4)),
            Function::SockShutdown => self.sock_shutdown(a.u(0), a.u(1)),
            Function::ProcExit | Function::ProcRaise => unreachable!("`call_abi` answers these itself"),
        }
    }
}

/// What a signal does to a process that has no handlers: nothing, stop it, or end it.
fn proc_raise(signal: u32) -> Result<u32, Exit> {
    const CHLD: u32 = 16;
    const CONT: u32 = 17;
    const STOP: u32 = 18;
    const TTOU: u32 = 21;
    const URG: u32 = 22;
    const WINCH: u32 = 27;
    let errno = match signal {
        0 | CHLD | CONT | URG | WINCH => Errno::Success,
        STOP..=TTOU => Errno::NotSup,
        1..=30 => return Err(Exit::Signal(signal as u8)),
        _ => Errno::Inval,
    };
    Ok(u32::from(errno.raw()))
}

fn sched_yield() {
    #[cfg(feature = "std")]
    std::thread::yield_now();
    #[cfg(not(feature = "std"))]
    core::hint::spin_loop();
}

/// Total size of the strings in bytes.
fn total_bytes(strings: &[Vec<u8>]) -> Result<u32> {
    u32::try_from(strings.iter().map(Vec::len).sum::<usize>()).map_err(|_| Errno::Overflow)
}

fn strings_sizes_get(mem: &mut dyn GuestMemory, strings: &[Vec<u8>], count: u32, size: u32) -> Result<()> {
    mem.check(size, 4)?;
    mem.store_u32(count, u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?)?;
    mem.store_u32(size, total_bytes(strings)?)
}

fn strings_get(mem: &mut dyn GuestMemory, strings: &[Vec<u8>], pointers: u32, buf: u32) -> Result<()> {
    mem.check(pointers, strings.len() as u64 * 4)?;
    mem.check(buf, u64::from(total_bytes(strings)?))?;
    let mut at = buf;
    for (index, string) in strings.iter().enumerate() {
        mem.store_u32(pointers + index as u32 * 4, at)?;
        mem.store(at, string)?;
        at = at.wrapping_add(string.len() as u32);
    }
    Ok(())
}
