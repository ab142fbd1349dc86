//! What a card counts (PROTOCOL.md 5): per port what the cable did, per card what became of the frames.
//!
//! Every LATCH with pixels ends as exactly one of shown, held and frozen. `lost - repaired` of the feeding port is what
//! was truly missing.

use crate::emulator::bits::BitSet;
use crate::emulator::card::Side;

/// What one port of a card saw. Frames are counted on the port that brought their LATCH first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortCounters {
    /// PIXELS packets of latched frames that did not come in by this port.
    pub lost: u64,
    /// Of these, how many PARITY or the other port made good.
    pub repaired: u64,
    /// Frame ids without a LATCH.
    pub frames_missed: u64,
    /// Packets whose CRC-32C was wrong.
    pub bad_crc: u64,
    /// Frames whose Ethernet FCS was wrong.
    pub bad_fcs: u64,
    /// PIXELS packets that had come before, by whatever port.
    pub duplicates: u64,
    /// Packets shorter than their header says.
    pub short: u64,
    /// Stream frames from somebody who is not the master.
    pub foreign: u64,
    /// Stream frames that came in.
    pub received: u64,
}

/// What became of the frames of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameCounters {
    /// Frames that were flipped.
    pub shown: u64,
    /// Frames that were latched and not flipped, because a pixel was missing: the last whole one stayed.
    pub held: u64,
    /// Whole frames that a freeze released unflipped.
    pub frozen: u64,
    /// Times that a LATCH's present instant had passed, and frames that became whole after it.
    pub late: u64,
    /// Times that a LATCH's present instant was more than a second ahead.
    pub clock: u64,
    /// Frames that had to give up their buffer, or got none, because a newer one began too early.
    pub overrun: u64,
    /// Packets that reach beyond their target's memory.
    pub range: u64,
    /// PIXELS packets that were missing for good in latched frames.
    pub missing: u64,
}

/// How long after their asked instant frames were flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatchError {
    /// Sum over `flips`, in nanoseconds.
    pub sum_ns: u64,
    /// The largest, in nanoseconds.
    pub max_ns: u64,
    /// Flips.
    pub flips: u64,
}

impl LatchError {
    /// Notes a flip.
    pub(super) fn add(&mut self, error_ns: u64) {
        self.sum_ns = self.sum_ns.saturating_add(error_ns);
        self.max_ns = self.max_ns.max(error_ns);
        self.flips += 1;
    }

    /// The mean, in nanoseconds.
    #[must_use]
    pub fn mean_ns(&self) -> u64 {
        self.sum_ns.checked_div(self.flips).unwrap_or(0)
    }
}

/// All counters of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// By port: [`Side::A`] first.
    pub ports: [PortCounters; 2],
    /// Of the card.
    pub frames: FrameCounters,
    /// How exactly it flipped.
    pub latch_error: LatchError,
}

impl Counters {
    /// Changes the counters of a port.
    pub(super) fn at(&mut self, side: Side, change: impl FnOnce(&mut PortCounters)) {
        let [a, b] = &mut self.ports;
        change(match side {
            Side::A => a,
            Side::B => b,
        });
    }
}

/// Which PIXELS packets of a frame came, by which port.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_side: [BitSet; 2],
    any: BitSet,
}

impl Tally {
    /// Starts over.
    pub(super) fn clear(&mut self) {
        self.by_side.iter_mut().for_each(BitSet::clear);
        self.any.clear();
    }

    /// Notes a valid packet that came in by `side`; whether it is the first with this seq.
    pub(super) fn received(&mut self, side: Side, seq: u16) -> bool {
        if let Some(set) = self.by_side.get_mut(side.index()) {
            set.insert(usize::from(seq));
        }
        self.any.insert(usize::from(seq))
    }

    /// Notes a packet that PARITY rebuilt; whether it was missing.
    pub(super) fn rebuilt(&mut self, seq: u16) -> bool {
        self.any.insert(usize::from(seq))
    }

    /// The packets that came or were rebuilt.
    pub(super) const fn any(&self) -> &BitSet {
        &self.any
    }

    /// Adds a closed frame of `packets` PIXELS packets, fed by port `side`, to the counters.
    pub(super) fn close(&self, side: Side, packets: u16, counters: &mut Counters) {
        let packets = u64::from(packets);
        let by_side = self.by_side.get(side.index()).map_or(0, |set| u64::from(set.count()));
        let any = u64::from(self.any.count());
        counters.at(side, |port| {
            port.lost += packets.saturating_sub(by_side);
            port.repaired += any.min(packets).saturating_sub(by_side);
        });
        counters.frames.missing += packets.saturating_sub(any);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_less_repaired_is_missing() {
        let (mut tally, mut counters) = (Tally::default(), Counters::default());
        assert!(tally.received(Side::A, 0) && !tally.received(Side::A, 0), "a repeat is not new");
        assert!(tally.received(Side::B, 1) && !tally.received(Side::A, 1), "the other port came first");
        assert!(tally.received(Side::B, 2) && tally.rebuilt(3) && !tally.rebuilt(2), "2 by the other port, 3 by parity");
        tally.close(Side::A, 6, &mut counters);
        let [a, b] = counters.ports;
        assert_eq!((a.lost, a.repaired, counters.frames.missing), (4, 2, 2), "2, 3, 4, 5 did not come by A; 4 and 5 not at all");
        assert_eq!(b, PortCounters::default(), "the frame is counted once");
    }
}
