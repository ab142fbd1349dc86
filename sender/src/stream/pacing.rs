//! When packets leave: in chunks over a share of the frame period, so that no card's buffer and no switch overflows, and
//! early enough that the latch finds the frame whole.

use crate::time::Nanos;

/// Packets that leave back to back: a chunk this size costs one system call and 0.4 ms of a gigabit link.
const CHUNK_PACKETS: usize = 32;

/// How a port's packets are spread over the frame period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Share of the period over which packets are spread, in percent; 0 sends each packet as soon as it is ready.
    pub spread_percent: u8,
    /// Packets that leave back to back, at least 1.
    pub chunk_packets: usize,
}

impl Pacing {
    /// Everything as soon as it is ready.
    pub const BURST: Self = Self { spread_percent: 0, chunk_packets: CHUNK_PACKETS };

    /// Spread over `spread_percent` of the period, at most 95: the rest is for late packets and the latch.
    #[must_use]
    pub const fn spread(spread_percent: u8) -> Self {
        let spread_percent = if spread_percent > 95 { 95 } else { spread_percent };
        Self { spread_percent, ..Self::BURST }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self::BURST
    }
}

/// The schedule of one frame's packets.
#[derive(Debug, Clone, Copy)]
pub struct PacketPacer {
    pacing: Pacing,
    start: Nanos,
    spread_ns: u64,
    packets: usize,
}

impl PacketPacer {
    /// A schedule for frames of `packets` packets.
    #[must_use]
    pub const fn new(pacing: Pacing, packets: usize) -> Self {
        let chunk_packets = if pacing.chunk_packets == 0 { 1 } else { pacing.chunk_packets };
        Self { pacing: Pacing { chunk_packets, ..pacing }, start: Nanos(0), spread_ns: 0, packets }
    }

    /// The pacing that it follows.
    #[must_use]
    pub const fn pacing(&self) -> Pacing {
        self.pacing
    }

    /// Begins a frame at `start`, of a sequence with `period_ns` between two.
    pub const fn begin(&mut self, start: Nanos, period_ns: u64) {
        self.start = start;
        self.spread_ns = period_ns / 100 * self.pacing.spread_percent as u64;
    }

    /// When packet `packet` may leave, at the earliest.
    #[must_use]
    pub const fn due(&self, packet: usize) -> Nanos {
        let chunks = self.packets.div_ceil(self.pacing.chunk_packets) as u64;
        let chunk = (packet / self.pacing.chunk_packets) as u64;
        match self.spread_ns.checked_div(chunks) {
            Some(interval_ns) => self.start.after(interval_ns * chunk),
            None => self.start,
        }
    }

    /// Packets that may have left by `now`.
    #[must_use]
    pub fn released(&self, now: Nanos) -> usize {
        if now < self.start {
            return 0;
        }
        let chunks = self.packets.div_ceil(self.pacing.chunk_packets) as u64;
        let interval_ns = self.spread_ns.checked_div(chunks).unwrap_or(0);
        match now.since(self.start).checked_div(interval_ns) {
            Some(chunk) => usize::try_from(chunk.saturating_add(1).saturating_mul(self.pacing.chunk_packets as u64))
                .map_or(self.packets, |packets| packets.min(self.packets)),
            None => self.packets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_spread_evenly_over_their_share_of_the_period() {
        let mut pacer = PacketPacer::new(Pacing { chunk_packets: 10, ..Pacing::spread(90) }, 95);
        pacer.begin(Nanos(1_000), 10_000);
        let due: Vec<u64> = (0..95).step_by(10).map(|packet| pacer.due(packet).0).collect();
        assert_eq!(due, [1000, 1900, 2800, 3700, 4600, 5500, 6400, 7300, 8200, 9100], "ten chunks in 9000 ns");
        assert_eq!((pacer.due(9), pacer.due(94)), (Nanos(1000), Nanos(9100)), "packets of a chunk leave together");
        for (packet, &due) in (0..95).step_by(10).zip(&due) {
            assert_eq!(pacer.released(Nanos(due)), (packet + 10).min(95), "the chunk of packet {packet} is released at {due}");
            assert_eq!(pacer.released(Nanos(due - 1)), packet, "and not before");
        }
        assert_eq!(pacer.released(Nanos(u64::MAX)), 95, "all in the end");
    }

    #[test]
    fn a_burst_and_an_empty_frame_are_due_at_once() {
        let mut pacer = PacketPacer::new(Pacing::BURST, 1000);
        pacer.begin(Nanos(5), 16_666_666);
        assert_eq!(pacer.due(999), Nanos(5), "burst");
        assert_eq!((pacer.released(Nanos(4)), pacer.released(Nanos(5))), (0, 1000), "all at the start");
        let mut pacer = PacketPacer::new(Pacing { chunk_packets: 0, ..Pacing::spread(200) }, 0);
        pacer.begin(Nanos(5), 16_666_666);
        assert_eq!((pacer.due(0), pacer.pacing().spread_percent), (Nanos(5), 95), "nothing to spread");
        assert_eq!(pacer.released(Nanos(5)), 0, "nothing to release");
    }
}
