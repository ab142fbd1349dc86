//! The frame that a port is sending: how far it is, and what will be reported of it.

use core::ops::Range;

use super::port::{FrameOutcome, FrameStart};
use crate::time::Nanos;
use crate::wire::ocp809::FrameId;

/// The frame in flight.
pub(super) struct Frame {
    pub(super) id: FrameId,
    /// Why it is not sent at all, decided before its first packet.
    pub(super) refused: Option<FrameOutcome>,
    pub(super) give_up: Nanos,
    pub(super) start: Nanos,
    /// Packets before this one have final pixels, frame id and CRC.
    pub(super) sealed: usize,
    /// Which packets have final pixels.
    pub(super) ready: Vec<bool>,
    pub(super) first_packet: Option<Nanos>,
    pub(super) last_packet: Option<Nanos>,
    /// Whether an interface had taken every packet when the latch was due.
    pub(super) whole: bool,
    pub(super) latched: Option<Nanos>,
    /// When the newest copy of the latch was handed over.
    pub(super) copied: Nanos,
}

impl Frame {
    pub(super) fn none(packets: usize) -> Self {
        Self {
            id: FrameId::default(),
            refused: None,
            give_up: Nanos::default(),
            start: Nanos::default(),
            sealed: 0,
            ready: vec![false; packets],
            first_packet: None,
            last_packet: None,
            whole: false,
            latched: None,
            copied: Nanos::default(),
        }
    }

    pub(super) fn begin(&mut self, frame: &FrameStart) {
        (self.id, self.start, self.give_up) = (frame.frame_id, frame.start, frame.start.after(frame.period_ns));
        (self.refused, self.sealed, self.whole) = (None, 0, false);
        (self.first_packet, self.last_packet, self.latched) = (None, None, None);
        self.ready.fill(false);
    }

    pub(super) fn mark_ready(&mut self, packets: Range<usize>) {
        if let Some(ready) = self.ready.get_mut(packets) {
            ready.fill(true);
        }
    }

    /// The first packet that has no final pixels yet.
    pub(super) fn ready_end(&self) -> usize {
        let ready = self.ready.get(self.sealed..).unwrap_or_default();
        self.sealed + ready.iter().take_while(|&&ready| ready).count()
    }
}
