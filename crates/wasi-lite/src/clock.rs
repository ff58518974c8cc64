//! Clocks and random bytes: the traits, and deterministic implementations.
use crate::context::Wasi;
use crate::errno::{Errno, Result};
use crate::memory::GuestMemory;

/// A clock's identifier; the discriminant is its ABI value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ClockId {
    /// Wall clock: nanoseconds since 1970-01-01T00:00:00Z.
    Realtime = 0,
    /// A clock that never goes back, with an arbitrary start.
    Monotonic = 1,
    /// Processor time of the process.
    ProcessCpuTime = 2,
    /// Processor time of the thread.
    ThreadCpuTime = 3,
}

impl ClockId {
    pub(crate) fn from_raw(raw: u32) -> Result<ClockId> {
        let ids = [ClockId::Realtime, ClockId::Monotonic, ClockId::ProcessCpuTime, ClockId::ThreadCpuTime];
        ids.get(raw as usize).copied().ok_or(Errno::Inval)
    }
}

/// Where the guest's time comes from.
pub trait Clock: Send {
    /// The resolution in nanoseconds; [`Errno::NotSup`] for a clock that does not exist.
    fn resolution(&mut self, id: ClockId) -> Result<u64>;

    /// The time in nanoseconds.
    fn now(&mut self, id: ClockId) -> Result<u64>;

    /// Waits for `duration_ns`. A simulated clock moves its time instead.
    fn sleep(&mut self, duration_ns: u64) -> Result<()>;

    /// Whether time passes only in [`Clock::sleep`] and [`Clock::now`], so that nothing may wait on the host's clock.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// Where `random_get` takes its bytes from.
pub trait Random: Send {
    /// Fills `buf`.
    fn fill(&mut self, buf: &mut [u8]) -> Result<()>;
}

/// A clock that starts at a fixed time, moves on by a microsecond with every question, and never waits.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedClock {
    elapsed_ns: u64,
    epoch_ns: u64,
}

impl SimulatedClock {
    const STEP_NS: u64 = 1_000;

    /// A clock whose wall time starts at `epoch_ns` nanoseconds since 1970-01-01T00:00:00Z.
    pub const fn new(epoch_ns: u64) -> SimulatedClock {
        SimulatedClock { elapsed_ns: 0, epoch_ns }
    }
}

impl Default for SimulatedClock {
    /// Starts at 2000-01-01T00:00:00Z.
    fn default() -> SimulatedClock {
        SimulatedClock::new(946_684_800_000_000_000)
    }
}

impl Clock for SimulatedClock {
    fn resolution(&mut self, _id: ClockId) -> Result<u64> {
        Ok(SimulatedClock::STEP_NS)
    }

    fn now(&mut self, id: ClockId) -> Result<u64> {
        self.elapsed_ns = self.elapsed_ns.saturating_add(SimulatedClock::STEP_NS);
        Ok(match id {
            ClockId::Realtime => self.epoch_ns.saturating_add(self.elapsed_ns),
            _ => self.elapsed_ns,
        })
    }

    fn sleep(&mut self, duration_ns: u64) -> Result<()> {
        self.elapsed_ns = self.elapsed_ns.saturating_add(duration_ns);
        Ok(())
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

/// Repeatable bytes from a seed (SplitMix64). Not for secrets.
#[derive(Clone, Copy, Debug)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> SeededRandom {
        SeededRandom { state: seed }
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, buf: &mut [u8]) -> Result<()> {
        for chunk in buf.chunks_mut(8) {
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The clock and the random source of a context that was given none: every question is [`Errno::NoSys`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Missing;

impl Clock for Missing {
    fn resolution(&mut self, _id: ClockId) -> Result<u64> {
        Err(Errno::NoSys)
    }

    fn now(&mut self, _id: ClockId) -> Result<u64> {
        Err(Errno::NoSys)
    }

    fn sleep(&mut self, _duration_ns: u64) -> Result<()> {
        Err(Errno::NoSys)
    }
}

impl Random for Missing {
    fn fill(&mut self, _buf: &mut [u8]) -> Result<()> {
        Err(Errno::NoSys)
    }
}

impl Wasi {
    pub(crate) fn clock_res_get(&mut self, mem: &mut dyn GuestMemory, id: u32, out: u32) -> Result<()> {
        let resolution = self.clock.resolution(ClockId::from_raw(id)?)?;
        mem.store_u64(out, resolution)
    }

    pub(crate) fn clock_time_get(&mut self, mem: &mut dyn GuestMemory, id: u32, out: u32) -> Result<()> {
        let now = self.clock.now(ClockId::from_raw(id)?)?;
        mem.store_u64(out, now)
    }

    pub(crate) fn random_get(&mut self, mem: &mut dyn GuestMemory, mut addr: u32, mut len: u32) -> Result<()> {
        mem.check(addr, u64::from(len))?;
        if let Some(buf) = mem.slice_mut(addr, len) {
            return self.random.fill(buf);
        }
        let mut bounce = [0; 512];
        while len > 0 {
            let part = len.min(bounce.len() as u32);
            self.random.fill(&mut bounce[..part as usize])?;
            mem.store(addr, &bounce[..part as usize])?;
            // Within the range checked above; only the end of the very last part can be 2^32.
            addr = addr.wrapping_add(part);
            len -= part;
        }
        Ok(())
    }
}
