//! What is done to a module: cut, or changed in one byte.

/// How much of a module is cut at every length.
const CUT_BYTES: usize = 4096;

/// A module's bytes with something done to them, told apart by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only so many bytes are left.
    Cut(usize),
    /// The byte at this place is another.
    Byte { at: usize, value: u8 },
}

/// Every cut within the first 4 KiB, then `mutations` changes of one byte, always the same for the same `seed`.
pub fn changes(len: usize, mutations: usize, seed: u64) -> impl Iterator<Item = Change> {
    let mut random = Random::new(seed);
    let bytes = (0..if len == 0 { 0 } else { mutations })
        .map(move |_| Change::Byte { at: random.below(len), value: random.below(256) as u8 });
    (0..len.min(CUT_BYTES)).map(Change::Cut).chain(bytes)
}

/// Calls `with` on the module so changed; `buffer` is the module before and after.
pub fn apply<T>(buffer: &mut [u8], change: Change, with: impl FnOnce(&[u8]) -> T) -> T {
    match change {
        Change::Cut(len) => with(&buffer[..len]),
        Change::Byte { at, value } => {
            let before = std::mem::replace(&mut buffer[at], value);
            let result = with(buffer);
            buffer[at] = before;
            result
        }
    }
}

/// Marsaglia's xorshift: random enough to find what is fragile, and the same on every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Odd, hence never the one state that the generator does not leave.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_the_same_for_the_same_seed() {
        let list = |seed| changes(100, 50, seed).collect::<Vec<_>>();
        assert_eq!(list(7), list(7));
        assert_ne!(list(7), list(8));
        assert_eq!(list(7).len(), 150);
        assert_eq!(changes(10_000, 3, 1).count(), 4096 + 3);
        assert_eq!(changes(0, 3, 1).count(), 0);
    }

    #[test]
    fn the_module_is_put_back() {
        let mut module = *b"module";
        let seen = apply(&mut module, Change::Byte { at: 1, value: b'u' }, <[u8]>::to_vec);
        assert_eq!((&*seen, &module), (&b"mudule"[..], b"module"));
        assert_eq!(apply(&mut module, Change::Cut(3), <[u8]>::to_vec), b"mod");
    }
}
