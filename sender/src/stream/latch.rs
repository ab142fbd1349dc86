//! The packets around a frame's pixels: what goes before them and what makes cards show them, by protocol.

use std::sync::Arc;

use super::batch::Batch;
use super::colorlight::ColorlightLatch;
use super::feed::FeedEnd;
use super::layout::PortLayout;
use super::ocp809::Ocp809Latch;
use crate::time::Clock;
use crate::wall::{ColorlightSpec, ProtocolKind};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::Signing;
use crate::wire::ocp809::{FrameId, Latch};

/// Packet memory of a port's latches.
#[derive(Debug)]
pub struct LatchPackets {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Ocp809(Box<Ocp809Latch>),
    Colorlight(Box<ColorlightLatch>),
}

impl LatchPackets {
    /// The latches of a port; `colorlight` matters on Colorlight ports only.
    #[must_use]
    pub fn new(layout: &PortLayout, colorlight: &ColorlightSpec) -> Self {
        let kind = match layout.protocol() {
            ProtocolKind::Colorlight => Kind::Colorlight(Box::new(ColorlightLatch::new(colorlight))),
            ProtocolKind::Ocp809 => Kind::Ocp809(Box::new(Ocp809Latch::new(layout.port(), layout.source()))),
        };
        Self { kind }
    }

    /// The same, sent from the far end of a loop as well, from this address.
    #[must_use]
    pub fn with_tail(mut self, source: MacAddress) -> Self {
        if let Kind::Ocp809(packets) = &mut self.kind {
            packets.add_tail(source);
        }
        self
    }

    /// The same in the AUTH form. `clock` is the sender's, which counters follow. Colorlight has no such form.
    #[must_use]
    pub fn signed(mut self, signing: Signing, clock: Arc<dyn Clock>) -> Self {
        if let Kind::Ocp809(packets) = &mut self.kind {
            packets.sign(signing, clock);
        }
        self
    }

    /// What goes before the pixels of a frame: nothing (OCP-809), brightness (Colorlight).
    #[must_use]
    pub fn opening(&mut self, latch: &Latch) -> Batch<'_> {
        match &mut self.kind {
            Kind::Ocp809(_) => Batch::default(),
            Kind::Colorlight(packets) => packets.opening(latch),
        }
    }

    /// What makes cards show a frame of `packets` packets of pixels, first copy and repeats, as the head sends it. When each
    /// leaves, and that the far end of a loop begins with the repeat, is [`super::PortSender`]'s business.
    #[must_use]
    pub fn closing(&mut self, frame_id: FrameId, packets: u16, latch: &Latch) -> Batch<'_> {
        match &mut self.kind {
            Kind::Colorlight(memory) => memory.closing(latch),
            Kind::Ocp809(memory) => {
                memory.build(frame_id, packets, latch);
                memory.built(FeedEnd::Head)
            }
        }
    }

    /// A change of state without pixels: a LATCH of no packets. Colorlight has none: its sync shows what rows are there.
    #[must_use]
    pub fn state(&mut self, frame_id: FrameId, latch: &Latch) -> Batch<'_> {
        match self.kind {
            Kind::Ocp809(_) => self.closing(frame_id, 0, latch),
            Kind::Colorlight(_) => Batch::default(),
        }
    }

    /// Packets of [`LatchPackets::closing`].
    #[must_use]
    pub fn copies(&self) -> usize {
        self.from_end(FeedEnd::Head).len()
    }

    /// Pause that cards need between the last packet of pixels and the first of [`LatchPackets::closing`], in nanoseconds.
    #[must_use]
    pub fn gap_ns(&self, period_ns: u64) -> u64 {
        match &self.kind {
            Kind::Ocp809(_) => 0,
            Kind::Colorlight(packets) => packets.gap_ns(period_ns),
        }
    }

    /// The packets of the last call of [`LatchPackets::closing`] or [`LatchPackets::state`], as one end sends them.
    #[must_use]
    pub fn from_end(&self, end: FeedEnd) -> Batch<'_> {
        match &self.kind {
            Kind::Colorlight(packets) => packets.last(),
            Kind::Ocp809(packets) => packets.built(end),
        }
    }
}
