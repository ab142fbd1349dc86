//! A batch of complete Ethernet frames in one block of memory: the form in which frames travel to a transport.
//!
//! Borrowed and `Copy`, so that nothing is moved or allocated per frame.

/// Where one Ethernet frame lies in a block of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Its first byte (destination MAC).
    pub start: u32,
    /// Its bytes, without the frame check sequence, which the interface adds.
    pub length: u32,
}

impl Span {
    /// The span at these bytes; one beyond 4 GiB lies in no memory.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "compared before it is cast")]
    pub const fn new(start: usize, length: usize) -> Self {
        const LIMIT: usize = u32::MAX as usize;
        if start > LIMIT || length > LIMIT {
            return Self { start: u32::MAX, length: u32::MAX };
        }
        Self { start: start as u32, length: length as u32 }
    }

    /// The span's bytes in `memory`; empty when the span does not lie inside it.
    #[must_use]
    pub fn of(self, memory: &[u8]) -> &[u8] {
        let start = self.start as usize;
        memory.get(start..start.saturating_add(self.length as usize)).unwrap_or_default()
    }
}

/// Ethernet frames in the order in which they leave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batch<'a> {
    memory: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Batch<'a> {
    /// The frames at `spans` of `memory`. A span outside the memory is a packet of 0 bytes, which every transport refuses.
    #[must_use]
    pub const fn new(memory: &'a [u8], spans: &'a [Span]) -> Self {
        Self { memory, spans }
    }

    /// Packets in the batch.
    #[must_use]
    pub const fn len(self) -> usize {
        self.spans.len()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.spans.is_empty()
    }

    /// The batch without its first `count` packets.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Self { spans: self.spans.get(count..).unwrap_or_default(), ..self }
    }

    /// The first `count` packets of the batch, or all of them.
    #[must_use]
    pub fn take(self, count: usize) -> Self {
        Self { spans: self.spans.get(..count).unwrap_or(self.spans), ..self }
    }

    /// The packets, one complete Ethernet frame each.
    #[must_use]
    pub fn packets(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        self.spans.iter().map(move |span| span.of(self.memory))
    }

    /// Bytes of all packets.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.spans.iter().map(|span| u64::from(span.length)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skip_and_take_cut_the_batch_and_never_leave_it() {
        let memory: Vec<u8> = (0..10).collect();
        let spans = [Span { start: 0, length: 2 }, Span { start: 2, length: 3 }, Span { start: 9, length: 1 }];
        let batch = Batch::new(&memory, &spans);
        assert_eq!(batch.bytes(), 6, "all packets");
        assert_eq!(batch.skip(1).packets().collect::<Vec<_>>(), [&[2_u8, 3, 4][..], &[9]], "the first is gone");
        assert_eq!(batch.take(1).packets().collect::<Vec<_>>(), [&[0_u8, 1][..]], "only the first");
        assert!(batch.skip(4).is_empty(), "beyond the end");
        assert_eq!(batch.take(4).len(), 3, "no more than there are");
    }

    #[test]
    fn a_span_outside_the_memory_is_an_empty_packet() {
        let spans = [Span { start: 8, length: 3 }, Span { start: u32::MAX, length: u32::MAX }];
        assert_eq!(Batch::new(&[0; 10], &spans).packets().map(<[u8]>::len).collect::<Vec<_>>(), [0, 0], "both refused");
    }
}
