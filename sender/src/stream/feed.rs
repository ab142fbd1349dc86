//! One interface of a port: how far it is with the frame, and how packets are handed to it.

use super::batch::Batch;
use super::layout::PortLayout;
use super::stats::PortCounters;
use crate::transport::{LinkState, Transport, TransportError};
use crate::wall::LinkSpec;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::Epoch;

/// Preamble, header, FCS and gap of an Ethernet frame on the cable, in bytes.
const FRAME_OVERHEAD: u64 = 38;

/// How long a card may keep a packet as long as it has not said how long it does (`residence_ns`): it takes in one of the
/// largest size whole, and needs two microseconds beside that.
#[must_use]
pub fn assumed_residence_ns(link: &LinkSpec) -> u64 {
    let bits = (u64::from(link.mtu) + FRAME_OVERHEAD) * 8;
    bits * 1_000 / u64::from(link.rate_mbit.max(1)) + 2_000
}

/// Which end of the cascade an interface feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedEnd {
    /// The first card.
    Head,
    /// The last card, of a loop.
    Tail,
}

impl FeedEnd {
    /// 0 for the head, 1 for the tail.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Head => 0,
            Self::Tail => 1,
        }
    }

    /// Which of a latch's `copies` this end sends in turn `turn` (both from 0). The tail begins with the last one: cards
    /// pass each copy on once, so the copies of the first turn meet no second of their kind on their way through a loop,
    /// and every card hears both ends (PROTOCOL.md 4).
    pub(super) const fn copy_in_turn(self, turn: usize, copies: usize) -> usize {
        match self {
            Self::Head => turn,
            Self::Tail => copies.saturating_sub(turn + 1),
        }
    }
}

/// One interface of a port.
pub(super) struct Feed {
    pub(super) end: FeedEnd,
    pub(super) transport: Box<dyn Transport>,
    pub(super) source: MacAddress,
    /// The carrier when the frame began.
    pub(super) link: LinkState,
    /// Whether it still takes part in the frame.
    pub(super) active: bool,
    /// Ethernet frames before this one were taken.
    pub(super) sent: usize,
    /// The epoch whose LATCH without pixels this interface sent since its link came up.
    pub(super) announced: Option<Epoch>,
}

/// Where a feed writes down what happens.
pub(super) struct Record<'a> {
    pub(super) counters: &'a mut PortCounters,
    pub(super) last_error: &'a mut Option<TransportError>,
}

impl Record<'_> {
    fn taken(&mut self, batch: Batch<'_>, packets: usize) {
        self.counters.packets += packets as u64;
        self.counters.bytes += batch.take(packets).bytes();
    }

    pub(super) fn error(&mut self, error: TransportError) {
        self.counters.count_error(error.kind());
        *self.last_error = Some(error);
    }
}

impl Feed {
    pub(super) fn new(end: FeedEnd, transport: Box<dyn Transport>, source: MacAddress) -> Self {
        Self { end, transport, source, link: LinkState::Unknown, active: false, sent: 0, announced: None }
    }

    /// Takes part in a new frame if its link is up.
    pub(super) fn begin(&mut self) {
        self.link = self.transport.link();
        self.active = !self.link.is_down();
        self.sent = 0;
        if self.link.is_down() {
            // Whoever is at its end when it comes up may not know this sender.
            self.announced = None;
        }
    }

    /// Sends frames up to number `limit`, as many as the interface takes; whether it took them all.
    pub(super) fn send_frames(&mut self, layout: &PortLayout, memory: &mut [u8], limit: usize, record: &mut Record<'_>) -> bool {
        if !self.active || self.sent >= limit {
            return true;
        }
        let frames = self.sent..limit;
        let foreign = self.source != layout.source();
        if foreign {
            layout.set_source(memory, frames.clone(), self.source);
        }
        let sent = self.offer(layout.frames(memory, frames.clone()), record);
        if foreign {
            layout.set_source(memory, frames, layout.source());
        }
        self.sent += sent;
        !self.active || self.sent == limit
    }

    /// Sends packets beside the frame; returns how many were taken. An error takes the interface out of the frame.
    pub(super) fn offer(&mut self, batch: Batch<'_>, record: &mut Record<'_>) -> usize {
        if !self.active || batch.is_empty() {
            return 0;
        }
        match self.transport.send(batch) {
            Ok(taken) => {
                record.taken(batch, taken);
                taken
            }
            Err(error) => {
                record.error(error);
                self.active = false;
                0
            }
        }
    }
}
