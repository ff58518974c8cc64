//! Scatter and gather: moving bytes between a guest's buffer lists and a descriptor, without a copy where the memory
//! lends its bytes, else through a buffer on the stack.
use crate::errno::{Errno, Result};
use crate::memory::GuestMemory;
use alloc::vec::Vec;

/// Address and length of one buffer.
type Buffer = (u32, u32);

/// Reads into a buffer; the number is how many bytes came before.
type Read<'a> = dyn FnMut(&mut [u8], u64) -> Result<usize> + 'a;
/// Writes from buffers; the number is how many bytes went before.
type Write<'a> = dyn FnMut(&[&[u8]], u64) -> Result<usize> + 'a;

const INLINE: usize = 16;
const MAX_BUFFERS: u32 = 1024;
const BOUNCE_BYTES: usize = 4096;

/// A guest's buffer list, copied before anything is transferred: a buffer may overlay the list itself.
pub(crate) struct Buffers {
    inline: [Buffer; INLINE],
    spilled: Vec<Buffer>,
    len: usize,
}

impl Buffers {
    /// Loads the list and checks every buffer: [`Errno::Fault`] if one is out of bounds, [`Errno::Inval`] if there are
    /// too many or their lengths add up beyond `u32`.
    pub(crate) fn load(mem: &dyn GuestMemory, (list, count): (u32, u32)) -> Result<Buffers> {
        mem.check(list, u64::from(count) * 8)?;
        if count > MAX_BUFFERS {
            return Err(Errno::Inval);
        }
        let len = count as usize;
        let mut buffers = Buffers { inline: [(0, 0); INLINE], spilled: Vec::new(), len };
        if len > INLINE {
            buffers.spilled.try_reserve_exact(len).map_err(|_| Errno::NoMem)?;
            buffers.spilled.resize(len, (0, 0));
        }
        let slots = if len > INLINE { &mut buffers.spilled[..] } else { &mut buffers.inline[..len] };
        let mut total = 0u32;
        for (index, slot) in slots.iter_mut().enumerate() {
            let raw = u64::from_le_bytes(mem.load(list + index as u32 * 8)?);
            *slot = (raw as u32, (raw >> 32) as u32);
            mem.check(slot.0, u64::from(slot.1))?;
            total = total.checked_add(slot.1).ok_or(Errno::Inval)?;
        }
        Ok(buffers)
    }

    fn as_slice(&self) -> &[Buffer] {
        if self.len > INLINE { &self.spilled } else { &self.inline[..self.len] }
    }

    /// Fills the buffers in order from `read(buf, done)`, where `done` bytes came before. Stops at the first short read,
    /// and at an error unless nothing was read yet. Returns the number of bytes.
    pub(crate) fn fill(&self, mem: &mut dyn GuestMemory, read: &mut Read<'_>) -> Result<u32> {
        let mut done = 0;
        for &(addr, len) in self.as_slice().iter().filter(|buffer| buffer.1 > 0) {
            let got = match fill_one(mem, addr, len, done, read) {
                Ok(got) => got,
                Err(_) if done > 0 => break,
                Err(errno) => return Err(errno),
            };
            done += got;
            if got < len {
                break;
            }
        }
        Ok(done)
    }

    /// Drains the buffers in order into `write(bufs, done)`, where `done` bytes went before. Stops as [`Buffers::fill`].
    pub(crate) fn drain(&self, mem: &dyn GuestMemory, write: &mut Write<'_>) -> Result<u32> {
        let mut done = 0;
        for group in self.as_slice().chunks(INLINE) {
            let want: u32 = group.iter().map(|buffer| buffer.1).sum();
            let put = match drain_group(mem, group, done, write) {
                Ok(put) => put,
                Err(_) if done > 0 => break,
                Err(errno) => return Err(errno),
            };
            done += put;
            if put < want {
                break;
            }
        }
        Ok(done)
    }
}

fn fill_one(mem: &mut dyn GuestMemory, addr: u32, len: u32, done: u32, read: &mut Read<'_>) -> Result<u32> {
    if let Some(buf) = mem.slice_mut(addr, len) {
        return Ok(read(buf, u64::from(done))? as u32);
    }
    let mut bounce = [0; BOUNCE_BYTES];
    let mut filled = 0;
    while filled < len {
        let part = (len - filled).min(BOUNCE_BYTES as u32) as usize;
        let got = match read(&mut bounce[..part], u64::from(done + filled)) {
            Ok(got) => got,
            Err(_) if filled > 0 => break,
            Err(errno) => return Err(errno),
        };
        mem.store(addr + filled, &bounce[..got])?;
        filled += got as u32;
        if got < part {
            break;
        }
    }
    Ok(filled)
}

fn drain_group(mem: &dyn GuestMemory, group: &[Buffer], done: u32, write: &mut Write<'_>) -> Result<u32> {
    let mut slices: [&[u8]; INLINE] = [&[]; INLINE];
    let mut count = 0;
    let mut lent = true;
    for &(addr, len) in group.iter().filter(|buffer| buffer.1 > 0) {
        match mem.slice(addr, len) {
            Some(slice) => slices[count] = slice,
            None => lent = false,
        }
        count += 1;
    }
    if lent {
        return if count == 0 { Ok(0) } else { Ok(write(&slices[..count], u64::from(done))? as u32) };
    }
    let mut bounce = [0; BOUNCE_BYTES];
    let mut drained = 0;
    for &(addr, len) in group {
        let mut from = 0;
        while from < len {
            let part = &mut bounce[..(len - from).min(BOUNCE_BYTES as u32) as usize];
            mem.read(addr + from, part)?;
            let put = match write(&[part], u64::from(done + drained)) {
                Ok(put) => put as u32,
                Err(_) if drained > 0 => return Ok(drained),
                Err(errno) => return Err(errno),
            };
            from += put;
            drained += put;
            if (put as usize) < part.len() {
                return Ok(drained);
            }
        }
    }
    Ok(drained)
}
