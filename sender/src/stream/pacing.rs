//! When packets leave: in chunks over a share of the frame period, so that no card's buffer and no switch overflows, and
//! early enough that the latch finds the frame whole.

use super::layout::PortLayout;
use crate::slice::limits::{ETHERNET_HEADER_BYTES, wire_bytes};
use crate::time::Nanos;
use crate::wall::LinkSpec;
use crate::wall::limits::MAX_SPREAD_PERCENT;

/// How long the link needs for packets that leave back to back, in nanoseconds: 32 full ones on a gigabit link. A
/// switch that is fed faster than its port sends must hold no more of them than this, and a system call for fewer costs.
const CHUNK_NS: u64 = 400_000;

/// How a port's packets are spread over the frame period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Share of the period over which packets are spread, in percent, at most [`MAX_SPREAD_PERCENT`]; 0 sends each packet as
    /// soon as it is ready.
    pub spread_percent: u8,
    /// Packets that leave back to back, at least 1.
    pub chunk_packets: usize,
    /// How long the frame occupies its link, in nanoseconds: what is spread at all is spread over no less, whatever the
    /// share, because an interface may be faster than the link behind the next switch.
    pub wire_ns: u64,
}

impl Pacing {
    /// Everything as soon as it is ready.
    pub const BURST: Self = Self { spread_percent: 0, chunk_packets: 32, wire_ns: 0 };

    /// Spread over `spread_percent` of the period, at most [`MAX_SPREAD_PERCENT`]: the rest is for late packets and the latch.
    #[must_use]
    pub const fn spread(spread_percent: u8) -> Self {
        let spread_percent = if spread_percent > MAX_SPREAD_PERCENT { MAX_SPREAD_PERCENT } else { spread_percent };
        Self { spread_percent, ..Self::BURST }
    }

    /// What a link asks for, for frames of this layout.
    #[must_use]
    pub fn on_link(link: &LinkSpec, layout: &PortLayout) -> Self {
        let on_link = |length: u32| u64::from(wire_bytes(length.saturating_sub(ETHERNET_HEADER_BYTES)));
        let bytes: u64 = layout.frame_lengths().map(on_link).sum();
        let wire_ns = (bytes * 8_000).div_ceil(u64::from(link.rate_mbit).max(1));
        let packets = layout.packets_with_parity() as u64;
        // Packets of one port are alike but for a few short ones.
        let chunk_packets = usize::try_from((CHUNK_NS * packets).checked_div(wire_ns).unwrap_or(1)).unwrap_or(usize::MAX).max(1);
        Self { chunk_packets, wire_ns, ..Self::spread(link.spread_percent) }
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

    /// Begins a frame at `start`, of a sequence with `period_ns` between two, that is to be out at `latest`: the pause that
    /// cards need before the latch is kept whatever the share.
    pub const fn begin(&mut self, start: Nanos, period_ns: u64, latest: Nanos) {
        self.start = start;
        self.spread_ns = 0;
        if self.pacing.spread_percent > 0 {
            let share_ns = period_ns / 100 * self.pacing.spread_percent as u64;
            let wanted_ns = if share_ns > self.pacing.wire_ns { share_ns } else { self.pacing.wire_ns };
            let room_ns = latest.since(start) / 100 * MAX_SPREAD_PERCENT as u64;
            self.spread_ns = if wanted_ns < room_ns { wanted_ns } else { room_ns };
        }
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
#[path = "pacing_tests.rs"]
mod tests;
