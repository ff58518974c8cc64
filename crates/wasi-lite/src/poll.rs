//! `poll_oneoff`: waiting for clocks and descriptors.
use crate::abi::{Abi, Filetype, Rights, Whence};
use crate::clock::ClockId;
use crate::context::Wasi;
use crate::descriptor::{Descriptor, Kind};
use crate::errno::{Errno, Result};
use crate::fs::Ready;
use crate::memory::GuestMemory;
use crate::turn::{PAUSE_NS, Pending};
use alloc::vec::Vec;

const EVENT_BYTES: u32 = 32;
/// As many as there can be descriptors; a guest cannot make the host hold more.
const MAX_SUBSCRIPTIONS: u32 = 65_536;
const FLAG_ABSTIME: u16 = 1;
const FLAG_HANGUP: u16 = 1;

/// What a subscription waits for.
#[derive(Clone, Copy)]
enum Source {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    source: Source,
}

/// The state of a subscription while it is waited for.
enum State {
    /// A clock that is due in this many nanoseconds.
    Timer(u64),
    /// Its event.
    Done(Result<Ready>),
    /// To be asked again.
    Ask,
    /// To be waited for by the host.
    #[cfg(all(feature = "std", unix))]
    Host,
}

impl Subscription {
    fn load(abi: Abi, mem: &dyn GuestMemory, addr: u32) -> Result<Subscription> {
        let bytes: [u8; 48] = mem.load(addr)?;
        // The older clock subscription starts with an identifier that nothing uses.
        let clock: [u8; 28] = match abi {
            Abi::Preview1 => mem.load(addr + 16)?,
            Abi::Unstable => mem.load(addr + 24)?,
        };
        let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|index| bytes[at + index]));
        let fd = word(16) as u32;
        let source = match bytes[8] {
            0 => Source::Clock {
                id: u32::from_le_bytes([clock[0], clock[1], clock[2], clock[3]]),
                timeout: u64::from_le_bytes(core::array::from_fn(|index| clock[8 + index])),
                absolute: u16::from_le_bytes([clock[24], clock[25]]) & FLAG_ABSTIME != 0,
            },
            1 => Source::Read(fd),
            2 => Source::Write(fd),
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription { userdata: word(0), source })
    }

    fn event(&self, outcome: Result<Ready>) -> [u8; EVENT_BYTES as usize] {
        let mut event = [0; EVENT_BYTES as usize];
        let (errno, ready) = match outcome {
            Ok(ready) => (Errno::Success, ready),
            Err(errno) => (errno, Ready::default()),
        };
        event[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&errno.raw().to_le_bytes());
        event[10] = match self.source {
            Source::Clock { .. } => 0,
            Source::Read(_) => 1,
            Source::Write(_) => 2,
        };
        event[16..24].copy_from_slice(&ready.bytes.to_le_bytes());
        event[24..26].copy_from_slice(&(if ready.hangup { FLAG_HANGUP } else { 0 }).to_le_bytes());
        event
    }
}

/// What can be said of a descriptor without the host's help.
fn ask(descriptor: &mut Descriptor, writing: bool) -> State {
    if let Err(errno) = descriptor.demand(Rights::POLL_FD_READWRITE) {
        return State::Done(Err(errno));
    }
    #[cfg(all(feature = "std", unix))]
    if descriptor.host_fd().is_some() {
        return State::Host;
    }
    let ready = match &mut descriptor.kind {
        Kind::File(file) if !writing && file.filetype() == Filetype::RegularFile => {
            let rest = file.stat().and_then(|stat| Ok(stat.size.saturating_sub(file.seek(0, Whence::Current)?)));
            Some(Ready { bytes: rest.unwrap_or(0), hangup: false })
        }
        Kind::Input(input) if !writing => input.ready(),
        Kind::Output(output) if writing => output.ready(),
        Kind::Input(_) | Kind::Output(_) => return State::Done(Err(Errno::BadF)),
        _ => Some(Ready::default()),
    };
    ready.map_or(State::Ask, |ready| State::Done(Ok(ready)))
}

impl Wasi {
    pub(crate) fn poll_oneoff(
        &mut self,
        abi: Abi,
        mem: &mut dyn GuestMemory,
        input: u32,
        output: u32,
        count: u32,
        out_count: u32,
    ) -> Result<()> {
        if count == 0 {
            return Err(Errno::Inval);
        }
        let size = abi.subscription_bytes();
        mem.check(input, u64::from(count) * u64::from(size))?;
        mem.check(output, u64::from(count) * u64::from(EVENT_BYTES))?;
        mem.check(out_count, 4)?;
        if count > MAX_SUBSCRIPTIONS {
            return Err(Errno::Inval);
        }
        let mut subscriptions = Vec::new();
        subscriptions.try_reserve_exact(count as usize).map_err(|_| Errno::NoMem)?;
        for index in 0..count {
            subscriptions.push(Subscription::load(abi, mem, input + index * size)?);
        }
        let states = self.wait(&subscriptions)?;
        if self.pending.is_some() {
            return Ok(());
        }
        let mut events = 0;
        for (subscription, state) in subscriptions.iter().zip(states) {
            if let State::Done(outcome) = state {
                mem.store(output + events * EVENT_BYTES, &subscription.event(outcome))?;
                events += 1;
            }
        }
        mem.store_u32(out_count, events)
    }

    /// Waits until at least one subscription is done. In a call that must not wait it looks once, and if none is done leaves
    /// what they wait for in `pending`.
    fn wait(&mut self, subscriptions: &[Subscription]) -> Result<Vec<State>> {
        let mut states = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            states.push(self.begin(subscription.source));
        }
        let is_done = |states: &[State]| states.iter().any(|state| matches!(state, State::Done(_)));
        loop {
            let asked = states.iter().any(|state| matches!(state, State::Ask));
            let timer = states.iter().filter_map(|s| if let State::Timer(ns) = s { Some(*ns) } else { None }).min();
            let mut timeout = if is_done(&states) { Some(0) } else { timer };
            if asked {
                timeout = Some(timeout.map_or(PAUSE_NS, |ns| ns.min(PAUSE_NS)));
            }
            let may_wait = self.waited_ns.is_none();
            let slept = self.pause(subscriptions, &mut states, if may_wait { timeout } else { Some(0) })?;
            for (state, subscription) in states.iter_mut().zip(subscriptions) {
                if let State::Ask = state {
                    *state = self.begin(subscription.source);
                }
            }
            for state in &mut states {
                if let State::Timer(left) = state {
                    *left = left.saturating_sub(slept);
                    if *left == 0 {
                        *state = State::Done(Ok(Ready::default()));
                    }
                }
            }
            if is_done(&states) {
                return Ok(states);
            }
            if !may_wait {
                self.pending = Some(self.pending_of(subscriptions, &states, timeout));
                return Ok(states);
            }
        }
    }

    /// What subscriptions that are not done wait for.
    fn pending_of(&self, subscriptions: &[Subscription], states: &[State], due_ns: Option<u64>) -> Pending {
        #[cfg_attr(not(all(feature = "std", unix)), expect(unused_mut, reason = "nothing to add"))]
        let mut pending = Pending::after(due_ns);
        #[cfg(all(feature = "std", unix))]
        for (subscription, state) in subscriptions.iter().zip(states) {
            if let (State::Host, Source::Read(fd) | Source::Write(fd)) = (state, subscription.source)
                && let Some(host) = self.table.get(fd).ok().and_then(Descriptor::host_fd)
            {
                pending.add(host, matches!(subscription.source, Source::Write(_)));
            }
        }
        let _ = (subscriptions, states);
        pending
    }

    fn begin(&mut self, source: Source) -> State {
        match source {
            Source::Clock { id, timeout, absolute } => {
                let due = ClockId::from_raw(id).and_then(|id| match id {
                    ClockId::Realtime | ClockId::Monotonic if absolute => {
                        self.clock.now(id).map(|now| timeout.saturating_sub(now))
                    }
                    ClockId::Realtime | ClockId::Monotonic => Ok(timeout.saturating_sub(self.waited_ns.unwrap_or(0))),
                    ClockId::ProcessCpuTime | ClockId::ThreadCpuTime => Err(Errno::NotSup),
                });
                due.map_or_else(|errno| State::Done(Err(errno)), State::Timer)
            }
            Source::Read(fd) | Source::Write(fd) => match self.table.get_mut(fd) {
                Ok(descriptor) => ask(descriptor, matches!(source, Source::Write(_))),
                Err(errno) => State::Done(Err(errno)),
            },
        }
    }

    /// Waits at most `timeout` nanoseconds, less if a descriptor becomes ready; returns how much of it passed for the
    /// timers: all of it unless one did.
    fn pause(&mut self, subscriptions: &[Subscription], states: &mut [State], timeout: Option<u64>) -> Result<u64> {
        #[cfg(all(feature = "std", unix))]
        if states.iter().any(|state| matches!(state, State::Host)) {
            return self.pause_on_host(subscriptions, states, timeout);
        }
        let _ = (subscriptions, states);
        let Some(timeout) = timeout else { return Err(Errno::Inval) };
        if timeout > 0 {
            self.clock.sleep(timeout)?;
        }
        Ok(timeout)
    }

    #[cfg(all(feature = "std", unix))]
    fn pause_on_host(
        &mut self,
        subscriptions: &[Subscription],
        states: &mut [State],
        timeout: Option<u64>,
    ) -> Result<u64> {
        use crate::host::{Waiting, wait};
        let simulated = self.clock.is_simulated();
        let mut waiting = Vec::new();
        for (index, subscription) in subscriptions.iter().enumerate() {
            let (State::Host, Source::Read(fd) | Source::Write(fd)) = (&states[index], subscription.source) else {
                continue;
            };
            let fd = self.table.get(fd)?.host_fd().ok_or(Errno::BadF)?;
            waiting.push(Waiting::new(index, fd, matches!(subscription.source, Source::Write(_))));
        }
        // Simulated time must not depend on how long the host takes: look once, then let the clock move.
        let limit = if simulated && timeout.is_some() { Some(0) } else { timeout };
        wait(&mut waiting, limit)?;
        let mut any = false;
        for Waiting { index, ready, .. } in waiting {
            if let Some(ready) = ready {
                states[index] = State::Done(ready);
                any = true;
            }
        }
        match timeout {
            Some(timeout) if !any => {
                if simulated {
                    self.clock.sleep(timeout)?;
                }
                Ok(timeout)
            }
            _ => Ok(0),
        }
    }
}
