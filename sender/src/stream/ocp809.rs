//! What ends an OCP-809 frame: LATCH and its COPY, from the interface at either end of a loop, plain or signed.

use core::fmt;
use std::sync::Arc;

use super::batch::{Batch, Span};
use super::feed::FeedEnd;
use super::layout::{ocp809_ethernet, span_mut};
use crate::ids::PortIndex;
use crate::time::Clock;
use crate::wire::ethernet::{HEADER_LEN, MacAddress};
use crate::wire::field::array_at;
use crate::wire::ocp809::auth::Signing;
use crate::wire::ocp809::stream::{LATCH_AUTH_LEN, LATCH_LEN};
use crate::wire::ocp809::{FrameId, Latch};

/// LATCH and COPY.
const COPIES: usize = 2;

/// Head and tail.
const ENDS: usize = 2;

/// Bytes from one packet to the next in their memory.
const STRIDE: usize = 96;

/// The packets of one port's latch, one pair per interface: a signature covers the address that it is sent from.
pub(super) struct Ocp809Latch {
    port: PortIndex,
    memory: [u8; ENDS * COPIES * STRIDE],
    spans: [[Span; COPIES]; ENDS],
    has_tail: bool,
    signing: Option<(Signing, Arc<dyn Clock>)>,
}

impl Ocp809Latch {
    /// Plain latches of a port, from this address at its head.
    pub(super) fn new(port: PortIndex, source: MacAddress) -> Self {
        let mut latch = Self {
            port,
            memory: [0; ENDS * COPIES * STRIDE],
            spans: [[Span::default(); COPIES]; ENDS],
            has_tail: false,
            signing: None,
        };
        latch.place(LATCH_LEN);
        latch.address(FeedEnd::Head, source);
        latch
    }

    /// The far end of a loop sends as well, from this address.
    pub(super) fn add_tail(&mut self, source: MacAddress) {
        self.has_tail = true;
        self.address(FeedEnd::Tail, source);
    }

    /// Signs from now on. `clock` is the sender's, which counters follow.
    pub(super) fn sign(&mut self, signing: Signing, clock: Arc<dyn Clock>) {
        self.signing = Some((signing, clock));
        self.place(LATCH_AUTH_LEN);
    }

    /// Lays out packets of this length.
    fn place(&mut self, length: usize) {
        for (index, span) in self.spans.iter_mut().flatten().enumerate() {
            *span = Span::new(index * STRIDE, HEADER_LEN + length);
        }
    }

    /// Writes the Ethernet headers of one end.
    fn address(&mut self, end: FeedEnd, source: MacAddress) {
        let Self { port, memory, spans, .. } = self;
        for span in spans.get(end.index()).into_iter().flatten() {
            ocp809_ethernet(*port, source).emit(span_mut(memory, *span));
        }
    }

    /// Writes the packets of a frame, for every end.
    pub(super) fn build(&mut self, frame_id: FrameId, packets: u16, latch: &Latch) {
        let Self { memory, spans, signing, has_tail, .. } = self;
        // In a row, because those from one end overtake those from the other on their way to a card.
        let first = signing.as_ref().map(|(signing, clock)| signing.counters.latch_block(clock.tai(), (ENDS * COPIES) as u64));
        let ends = if *has_tail { ENDS } else { 1 };
        for (counter, (index, span)) in (first.unwrap_or(0)..).zip(spans.iter().take(ends).flatten().enumerate()) {
            let (header, body) = span_mut(memory, *span).split_at_mut_checked(HEADER_LEN).unwrap_or_default();
            let is_copy = index % COPIES == 1;
            match signing {
                Some((signing, _)) => {
                    let source = MacAddress(array_at(header, 6));
                    let keys = (signing.key.id, counter);
                    if let Some(body) = body.first_chunk_mut() {
                        // The signer has the key that it names.
                        let _signed = latch.emit_authenticated(frame_id, packets, is_copy, source, keys, &signing.key, body);
                    }
                }
                None => {
                    if let Some(body) = body.first_chunk_mut() {
                        latch.emit(frame_id, packets, is_copy, body);
                    }
                }
            }
        }
    }

    /// What was built last, for one end; nothing for an end that the port does not have.
    pub(super) fn built(&self, end: FeedEnd) -> Batch<'_> {
        let has_end = end == FeedEnd::Head || self.has_tail;
        let spans = self.spans.get(end.index()).filter(|_| has_end);
        spans.map_or_else(Batch::default, |spans| Batch::new(&self.memory, spans))
    }
}

impl fmt::Debug for Ocp809Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.signing.as_ref().map(|(signing, _)| signing.key.id);
        f.debug_struct("Ocp809Latch").field("port", &self.port).field("key", &key).finish_non_exhaustive()
    }
}
