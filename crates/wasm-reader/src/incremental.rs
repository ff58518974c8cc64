//! Reading a module piece by piece, as it arrives. Beside the slice path, on the same decoders.

use core::ops::Range;

use wasm_syntax::Features;

use crate::section::{Layout, header};
use crate::{Body, Cursor, ReadError, ReadErrorKind, Result, Section, SectionId};

/// A reader that is fed a module's bytes in chunks of any size.
///
/// It keeps no bytes: the caller keeps those that were not consumed, and passes them again with more after them.
#[derive(Clone, Debug)]
pub struct Incremental {
    state: State,
    offset: u64,
    features: Features,
    layout: Layout,
    /// Whether all bytes of the part being read are there, so that their end is final.
    is_framed: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Section,
    /// Within the code section.
    Bodies {
        /// How many bodies are left.
        left: u32,
        /// Where in the module the section ends.
        end: u64,
    },
    End,
}

/// What one step of an [`Incremental`] gave.
#[derive(Clone, Copy, Debug)]
pub enum Chunk<'a> {
    /// The chunk is too short, by this many bytes at least.
    ///
    /// The number is the module's word, up to 2^32: buffers are to grow with the bytes that come, not with it.
    NeedMore(u64),
    /// Something was read.
    Parsed {
        /// How many bytes of the chunk are done with.
        consumed: usize,
        /// What they were.
        payload: Payload<'a>,
    },
}

/// A part of a module.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Magic number and version.
    Header,
    /// A section other than the code section.
    Section(Section<'a>),
    /// The start of the code section, whose bodies come one by one.
    CodeStart {
        /// How many bodies come.
        count: u32,
        /// Where in the module the section's contents start, their count included.
        start: u64,
        /// Where in the module the section's contents end.
        end: u64,
    },
    /// A function's body.
    Body(Body<'a>),
    /// The module's end.
    End,
}

impl Payload<'_> {
    /// Where in the module the code section's contents are, for [`Payload::CodeStart`].
    #[must_use]
    pub const fn code_range(&self) -> Option<Range<u64>> {
        match *self {
            Self::CodeStart { start, end, .. } => Some(start..end),
            _ => None,
        }
    }
}

impl Incremental {
    /// A reader at a module's start.
    #[must_use]
    pub fn new(features: Features) -> Self {
        Self { state: State::Header, offset: 0, features, layout: Layout::default(), is_framed: false }
    }

    /// The offset in the module of the first byte that is not consumed: where the next chunk starts.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next part of the module off the front of `chunk`; `eof` says that nothing comes after the chunk.
    ///
    /// After [`Payload::End`] it gives that again.
    ///
    /// # Errors
    ///
    /// As in reading a slice. The reader is not to be used after one.
    pub fn parse<'a>(&mut self, chunk: &'a [u8], eof: bool) -> Result<Chunk<'a>> {
        let start = Cursor::new(chunk, self.offset, self.features);
        let mut cursor = start;
        // The state changes once a part is there as a whole.
        let mut next = self.clone();
        match next.step(&mut cursor, eof) {
            Ok(payload) => {
                let consumed = chunk.len() - cursor.rest().len();
                *self = Self { is_framed: false, ..next };
                self.offset = cursor.offset();
                Ok(Chunk::Parsed { consumed, payload })
            }
            Err(ReadError { kind: ReadErrorKind::UnexpectedEnd { missing }, offset })
                if !eof && offset == start.at_end().offset() && !next.is_cut_short(offset) =>
            {
                Ok(Chunk::NeedMore(missing))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether what is being read ends at `offset` even if more bytes come.
    const fn is_cut_short(&self, offset: u64) -> bool {
        self.is_framed || matches!(self.state, State::Bodies { end, .. } if end <= offset)
    }

    fn step<'a>(&mut self, cursor: &mut Cursor<'a>, eof: bool) -> Result<Payload<'a>> {
        match self.state {
            State::Header => {
                header(cursor)?;
                self.state = State::Section;
                Ok(Payload::Header)
            }
            State::Section if cursor.is_empty() && eof => {
                self.layout.check_end(cursor)?;
                self.state = State::End;
                Ok(Payload::End)
            }
            State::Section => self.section(cursor),
            State::Bodies { left, end } => self.body(cursor, left, end),
            State::End => Ok(Payload::End),
        }
    }

    fn section<'a>(&mut self, cursor: &mut Cursor<'a>) -> Result<Payload<'a>> {
        let header = *cursor;
        let (id, len_bytes) = self.layout.enter(cursor)?;
        if id == SectionId::Code {
            return self.code_start(cursor, &header, len_bytes);
        }
        let contents = cursor.sub(len_bytes)?;
        self.is_framed = true;
        let section = Section::new(id, contents)?;
        self.layout.check(&section, &header)?;
        Ok(Payload::Section(section))
    }

    fn code_start<'a>(&mut self, cursor: &mut Cursor<'a>, header: &Cursor<'a>, len_bytes: u32) -> Result<Payload<'a>> {
        let start = cursor.offset();
        let end = start.saturating_add(u64::from(len_bytes));
        self.state = State::Bodies { left: 0, end };
        let mut contents = cursor.up_to(end);
        let count = contents.u32()?;
        cursor.advance_to(&contents);
        self.layout.check_code_count(count, header)?;
        self.enter_bodies(cursor, count, end)?;
        Ok(Payload::CodeStart { count, start, end })
    }

    fn body<'a>(&mut self, cursor: &mut Cursor<'a>, left: u32, end: u64) -> Result<Payload<'a>> {
        let mut contents = cursor.up_to(end).with_data_count(self.layout.has_data_count());
        let len_bytes = contents.u32()?;
        let missing = contents.offset().saturating_add(u64::from(len_bytes)).saturating_sub(end);
        if missing > 0 {
            return Err(ReadError { kind: ReadErrorKind::UnexpectedEnd { missing }, offset: end });
        }
        let bytes = contents.sub(len_bytes)?;
        self.is_framed = true;
        let body = Body::new(bytes)?;
        cursor.advance_to(&contents);
        self.enter_bodies(cursor, left.saturating_sub(1), end)?;
        Ok(Payload::Body(body))
    }

    /// Goes on with `left` bodies, or after the section if there are none.
    fn enter_bodies(&mut self, cursor: &Cursor<'_>, left: u32, end: u64) -> Result<()> {
        self.state = State::Bodies { left, end };
        if left == 0 {
            match end.saturating_sub(cursor.offset()) {
                0 => self.state = State::Section,
                left => return Err(cursor.error(ReadErrorKind::SizeMismatch { left })),
            }
        }
        Ok(())
    }
}
