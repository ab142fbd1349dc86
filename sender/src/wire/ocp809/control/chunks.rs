//! Joining the chunks of a long message.
//!
//! One message at a time and source is joined; a new one aborts an unfinished one of the same source. Memory is bounded by
//! [`BODY_MAX`] per source and by [`SOURCES_MAX`] sources.

use super::message::Message;
use super::{BODY_MAX, ControlError, ControlFrame, ControlHeader, Opcode};
use crate::wire::ethernet::MacAddress;

/// Sources whose messages are joined at the same time.
const SOURCES_MAX: usize = 64;

/// Messages of which some chunks arrived.
#[derive(Debug, Default)]
pub struct Reassembly {
    open: Vec<Partial>,
}

#[derive(Debug)]
struct Partial {
    source: MacAddress,
    first: ControlHeader,
    /// One piece after the other; only the next one is taken, since nothing on a cascade overtakes.
    next: u16,
    body: Vec<u8>,
}

impl Reassembly {
    /// Nothing arrived yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Vec::new() }
    }

    /// Takes a frame whose trailer proved good. Answers the message once it is whole.
    ///
    /// # Errors
    /// What is wrong with the message; [`ControlError::Chunk`] when a piece is missing before this one (the message is
    /// given up and its sender asks again), [`ControlError::TooLong`] beyond [`BODY_MAX`].
    pub fn push(&mut self, frame: &ControlFrame<'_>) -> Result<Option<Message>, ControlError> {
        let header = frame.packet().header();
        if header.chunks == 1 || header.opcode == Opcode::CalChunk.code() {
            return Message::parse(frame.packet()).map(Some);
        }
        let source = frame.ethernet().source;
        if header.chunk == 0 {
            self.begin(source, header);
        }
        let Some(index) = self.open.iter().position(|p| p.continues(source, header)) else {
            return Err(ControlError::Chunk { chunk: header.chunk, chunks: header.chunks });
        };
        let mut partial = self.open.swap_remove(index);
        let piece = frame.packet().body();
        let got = partial.body.len() + piece.len();
        if got > BODY_MAX {
            return Err(ControlError::TooLong { got, limit: BODY_MAX });
        }
        partial.body.extend_from_slice(piece);
        partial.next += 1;
        if partial.next == partial.first.chunks {
            return Message::from_body(&partial.first, &partial.body).map(Some);
        }
        self.open.push(partial);
        Ok(None)
    }

    fn begin(&mut self, source: MacAddress, header: &ControlHeader) {
        self.open.retain(|partial| partial.source != source);
        if self.open.len() == SOURCES_MAX {
            self.open.remove(0);
        }
        self.open.push(Partial { source, first: *header, next: 0, body: Vec::new() });
    }
}

impl Partial {
    fn continues(&self, source: MacAddress, header: &ControlHeader) -> bool {
        let same = |h: &ControlHeader| (h.version, h.kind, h.opcode, h.auth, h.mutating, h.transaction, h.chunks, h.key_id);
        self.source == source && same(&self.first) == same(header) && self.next == header.chunk
    }
}
