//! Which stream frames a card passes on: each once, only the newest two frames, only what its CRC proved good
//! (PROTOCOL.md 2). So two feeds of a loop end where they meet, and nothing circles in any cabling.

use crate::emulator::bits::BitSet;
use crate::emulator::card::Side;
use crate::time::Nanos;
use crate::wire::ocp809::{FrameId, STORE_AND_FORWARD_NS, StreamHeader, StreamKind, newer};

/// Types of stream packets, each with and without COPY.
const KINDS: usize = 32;

/// What a card does with a stream frame beside using it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forward {
    /// It ends here.
    No,
    /// It goes out of the other port, unmodified.
    Yes,
    /// Its front left before it proved bad: it goes out with a bad FCS.
    Damaged,
}

/// What was forwarded of the newest frame and the one before.
#[derive(Debug, Default)]
pub(super) struct ForwardMemory {
    newest: Option<FrameId>,
    current: Sent,
    previous: Sent,
    /// Until when each port stores and forwards, because a bad frame was cut through.
    storing_until: [Nanos; 2],
}

/// Sequence numbers that were forwarded, by type and COPY.
#[derive(Debug, Default)]
struct Sent {
    by_kind: [BitSet; KINDS],
}

impl Sent {
    fn clear(&mut self) {
        self.by_kind.iter_mut().for_each(BitSet::clear);
    }

    fn set_of(&mut self, header: &StreamHeader) -> Option<&mut BitSet> {
        let kind = match header.kind {
            StreamKind::Pixels(_) => 0,
            StreamKind::Latch { .. } => 1,
            StreamKind::Parity { .. } => 2,
            StreamKind::Other { kind, .. } => usize::from(kind),
        };
        self.by_kind.get_mut(kind * 2 + usize::from(header.is_copy()))
    }
}

impl ForwardMemory {
    /// Forgets everything, for a new master.
    pub(super) fn clear(&mut self) {
        self.forget_frame_id();
        self.current.clear();
        self.previous.clear();
    }

    /// Forgets which frame is the newest; the next one is, whatever its id.
    pub(super) const fn forget_frame_id(&mut self) {
        self.newest = None;
    }

    /// Whether a good frame with this header goes on; remembers that it did.
    pub(super) fn first_time(&mut self, header: &StreamHeader) -> bool {
        self.make_room(header.frame_id);
        let Some(newest) = self.newest else { return false };
        let sent = match newest.steps_after(header.frame_id) {
            0 => &mut self.current,
            1 => &mut self.previous,
            _ => return false,
        };
        sent.set_of(header).is_some_and(|set| set.insert(usize::from(header.seq)))
    }

    /// Makes `id` the newest frame if it is.
    fn make_room(&mut self, id: FrameId) {
        match self.newest {
            Some(newest) if !newer(id.0, newest.0) => return,
            Some(newest) if id == newest.next() => core::mem::swap(&mut self.current, &mut self.previous),
            _ => self.previous.clear(),
        }
        self.current.clear();
        self.newest = Some(id);
    }

    /// What happens to a bad frame that came in at `side`: cut through once, then a second of store and forward.
    pub(super) fn damaged(&mut self, side: Side, now: Nanos) -> Forward {
        let storing = self.stores(side, now);
        if let Some(until) = self.storing_until.get_mut(side.index()) {
            *until = now.after(STORE_AND_FORWARD_NS);
        }
        if storing { Forward::No } else { Forward::Damaged }
    }

    /// Whether frames from `side` are taken in whole before they go on.
    pub(super) fn stores(&self, side: Side, now: Nanos) -> bool {
        self.storing_until.get(side.index()).is_some_and(|&until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::WireFormat;

    fn pixels(frame_id: u16, seq: u16) -> StreamHeader {
        StreamHeader { frame_id: FrameId(frame_id), ..StreamHeader::pixels(WireFormat::Rgb8, seq, 1, 0, 1) }
    }

    #[test]
    fn each_packet_of_the_newest_two_frames_passes_once() {
        let mut memory = ForwardMemory::default();
        assert!(memory.first_time(&pixels(0xffff, 3)), "first");
        assert!(!memory.first_time(&pixels(0xffff, 3)), "again");
        assert!(memory.first_time(&pixels(0, 3)), "the same seq of the next frame");
        assert!(
            memory.first_time(&pixels(0xffff, 4)) && !memory.first_time(&pixels(0xffff, 3)),
            "the frame before is remembered"
        );
        assert!(memory.first_time(&pixels(1, 3)), "a newer one");
        assert!(!memory.first_time(&pixels(0xffff, 9)), "two frames back is too old");
        assert!(memory.first_time(&pixels(9, 0)) && memory.first_time(&pixels(8, 3)), "after a jump the one before is empty");
        memory.forget_frame_id();
        assert!(memory.first_time(&pixels(2, 0)), "after forgetting, any id is the newest");
    }

    #[test]
    fn a_latch_and_its_copy_are_two_packets() {
        let mut memory = ForwardMemory::default();
        let latch = |copy| StreamHeader::latch(FrameId(5), 4, copy, false);
        assert!(memory.first_time(&latch(false)) && memory.first_time(&latch(true)), "both pass");
        assert!(!memory.first_time(&latch(false)) && !memory.first_time(&latch(true)), "each once");
    }

    #[test]
    fn after_a_bad_frame_its_port_stores_for_a_second() {
        let mut memory = ForwardMemory::default();
        assert_eq!(memory.damaged(Side::A, Nanos(5)), Forward::Damaged, "cut through");
        assert_eq!(memory.damaged(Side::A, Nanos(6)), Forward::No, "stored, found bad, dropped");
        assert_eq!(memory.damaged(Side::B, Nanos(7)), Forward::Damaged, "the other port is on its own");
        assert!(memory.stores(Side::A, Nanos(1_000_000_005)) && !memory.stores(Side::A, Nanos(1_000_000_006)), "one second");
    }
}
