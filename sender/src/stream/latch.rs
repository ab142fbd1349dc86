//! The packets around a frame's pixels: what goes before them and what makes cards show them, by protocol.

use super::batch::{Batch, Span};
use super::colorlight::ColorlightLatch;
use super::layout::{PortLayout, ocp809_ethernet, span_mut};
use crate::wall::{ColorlightSpec, ProtocolKind};
use crate::wire::ethernet::{HEADER_LEN, MacAddress};
use crate::wire::ocp809::stream::LATCH_LEN;
use crate::wire::ocp809::{FrameId, Latch};

/// Bytes from LATCH to COPY in their memory.
const STRIDE: usize = 64;

/// Packet memory of a port's latches.
#[derive(Debug)]
pub struct LatchPackets {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Ocp809 { memory: [u8; 2 * STRIDE], spans: [Span; 2] },
    Colorlight(ColorlightLatch),
}

impl LatchPackets {
    /// The latches of a port; `colorlight` matters on Colorlight ports only.
    #[must_use]
    pub fn new(layout: &PortLayout, colorlight: &ColorlightSpec) -> Self {
        let kind = match layout.protocol() {
            ProtocolKind::Colorlight => Kind::Colorlight(ColorlightLatch::new(colorlight)),
            ProtocolKind::Ocp809 => {
                let mut memory = [0; 2 * STRIDE];
                let spans = [0, STRIDE].map(|start| Span::new(start, HEADER_LEN + LATCH_LEN));
                for span in spans {
                    ocp809_ethernet(layout.port(), layout.source()).emit(span_mut(&mut memory, span));
                }
                Kind::Ocp809 { memory, spans }
            }
        };
        Self { kind }
    }

    /// What goes before the pixels of a frame: nothing (OCP-809), brightness (Colorlight).
    #[must_use]
    pub fn opening(&mut self, latch: &Latch) -> Batch<'_> {
        match &mut self.kind {
            Kind::Ocp809 { .. } => Batch::default(),
            Kind::Colorlight(packets) => packets.opening(latch),
        }
    }

    /// What makes cards show a frame of `packets` packets of pixels, first copy and repeats. When each leaves, and that the
    /// far end of a loop begins with the repeat, is [`super::PortSender`]'s business.
    #[must_use]
    pub fn closing(&mut self, frame_id: FrameId, packets: u16, latch: &Latch) -> Batch<'_> {
        match &mut self.kind {
            Kind::Colorlight(packets) => packets.closing(latch),
            Kind::Ocp809 { memory, spans } => {
                for (span, copy) in spans.iter().zip([false, true]) {
                    let body = span_mut(memory, *span).get_mut(HEADER_LEN..).and_then(|body| body.first_chunk_mut());
                    if let Some(body) = body {
                        latch.emit(frame_id, packets, copy, body);
                    }
                }
                Batch::new(memory, spans)
            }
        }
    }

    /// A change of state without pixels: a LATCH of no packets. Colorlight has none: its sync shows what rows are there.
    #[must_use]
    pub fn state(&mut self, frame_id: FrameId, latch: &Latch) -> Batch<'_> {
        match self.kind {
            Kind::Ocp809 { .. } => self.closing(frame_id, 0, latch),
            Kind::Colorlight(_) => Batch::default(),
        }
    }

    /// Packets of [`LatchPackets::closing`].
    #[must_use]
    pub fn copies(&self) -> usize {
        match &self.kind {
            Kind::Ocp809 { spans, .. } => spans.len(),
            Kind::Colorlight(packets) => packets.last().len(),
        }
    }

    /// Pause that cards need between the last packet of pixels and the first of [`LatchPackets::closing`], in nanoseconds.
    #[must_use]
    pub fn gap_ns(&self, period_ns: u64) -> u64 {
        match &self.kind {
            Kind::Ocp809 { .. } => 0,
            Kind::Colorlight(packets) => packets.gap_ns(period_ns),
        }
    }

    /// The packets of the last call of [`LatchPackets::closing`] or [`LatchPackets::state`], from another address.
    #[must_use]
    pub fn from_source(&mut self, source: MacAddress) -> Batch<'_> {
        match &mut self.kind {
            Kind::Colorlight(packets) => packets.last(),
            Kind::Ocp809 { memory, spans } => {
                for span in spans.iter() {
                    if let Some(field) = span_mut(memory, *span).get_mut(6..12) {
                        field.copy_from_slice(&source.0);
                    }
                }
                Batch::new(memory, spans)
            }
        }
    }
}
