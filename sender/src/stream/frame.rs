//! One frame of one port in memory: what the pixel path fills and a port sends.

use core::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
use super::layout::PortLayout;
use crate::transport::PacketMemory;
use crate::wire::ocp809::FrameId;

/// Packet memory with headers in place. A port may have several, so that one is filled while another one is sent.
///
/// Memory of a device, from which packets are sent without a copy, has a stand-in for the case that the device still reads
/// it when the next picture is due: nothing is ever written under it, and no frame has to wait for it.
#[derive(Debug)]
pub struct PortFrame {
    layout: Arc<PortLayout>,
    memory: PacketMemory,
    /// Of the process; `None` where `memory` is.
    stand_in: Option<PacketMemory>,
    /// Whether the picture is in the stand-in.
    stands_in: bool,
}

impl PortFrame {
    /// A black frame.
    #[must_use]
    pub fn new(layout: Arc<PortLayout>) -> Self {
        let memory = PacketMemory::plain(layout.memory_bytes());
        Self::in_memory(layout, memory)
    }

    /// A black frame in this memory, of the layout's size at least.
    #[must_use]
    pub fn in_memory(layout: Arc<PortLayout>, mut memory: PacketMemory) -> Self {
        layout.write_headers(&mut memory);
        let stand_in = memory.is_device().then(|| {
            let mut stand_in = PacketMemory::plain(layout.memory_bytes());
            layout.write_headers(&mut stand_in);
            stand_in
        });
        Self { layout, memory, stand_in, stands_in: false }
    }

    /// The layout that it shares with the port's other frames.
    #[must_use]
    pub const fn layout(&self) -> &Arc<PortLayout> {
        &self.layout
    }

    /// Chooses the memory for a new picture. `is_settled`: whether the device reads its memory no longer
    /// ([`super::PortSender::is_settled`]).
    pub const fn renew(&mut self, is_settled: bool) {
        self.stands_in = !is_settled && self.stand_in.is_some();
    }

    /// Whether the picture may be sent once more, which writes frame id and CRC into it.
    #[must_use]
    pub const fn may_repeat(&self, is_settled: bool) -> bool {
        is_settled || self.stands_in || self.stand_in.is_none()
    }

    /// The packet memory, for the pixel path: only payloads may be written.
    #[must_use]
    pub fn memory_mut(&mut self) -> &mut [u8] {
        match &mut self.stand_in {
            Some(stand_in) if self.stands_in => stand_in,
            _ => &mut self.memory,
        }
    }

    fn memory(&self) -> &[u8] {
        match &self.stand_in {
            Some(stand_in) if self.stands_in => stand_in,
            _ => &self.memory,
        }
    }

    /// Writes frame id and CRC of these packets, whose pixels are final.
    pub fn seal(&mut self, packets: Range<usize>, frame_id: FrameId) {
        let layout = Arc::clone(&self.layout);
        layout.seal(self.memory_mut(), packets, frame_id);
    }

    /// These packets as Ethernet frames, ready to send once they are sealed.
    #[must_use]
    pub fn packets(&self, packets: Range<usize>) -> Batch<'_> {
        self.layout.batch(self.memory(), packets)
    }
}

#[cfg(test)]
#[cfg(feature = "transport")]
mod tests {
    use super::*;
    use crate::ids::PortIndex;
    use crate::slice::{PacketPlan, PortPlan};
    use crate::wall::{ProtocolKind, WireFormat};
    use crate::wire::ethernet::MacAddress;

    fn layout() -> Arc<PortLayout> {
        let packet = PacketPlan { target: 0, offset: 0, pixels: 10, payload_bytes: 30, runs: 0..0 };
        let packets = vec![packet; 3];
        let plan = PortPlan { port: PortIndex(0), format: WireFormat::Rgb8, slot_stride: 128, packets, runs: Vec::new() };
        Arc::new(PortLayout::of_protocol(ProtocolKind::Ocp809, &plan, MacAddress::default(), None).unwrap())
    }

    #[test]
    fn memory_that_is_still_read_is_not_written() {
        let mut frame = PortFrame::in_memory(layout(), PacketMemory::of_device(layout().memory_bytes()).unwrap());
        frame.renew(true);
        let device = frame.memory_mut().as_ptr();
        assert!(frame.may_repeat(true) && !frame.may_repeat(false), "only once it has left");
        frame.renew(false);
        assert_ne!(frame.memory_mut().as_ptr(), device, "the next picture goes elsewhere");
        frame.seal(0..3, FrameId(5));
        assert!(frame.may_repeat(false), "and may be sent again from there");
        let plain = PortFrame::new(layout());
        let headers = |frame: &PortFrame| frame.packets(0..3).packets().map(|packet| packet[..20].to_vec()).collect::<Vec<_>>();
        let sealed = headers(&frame);
        assert!(sealed.iter().zip(headers(&plain)).all(|(a, b)| a[..14] == b[..14]), "with the same headers");
        frame.renew(true);
        assert_eq!(frame.memory_mut().as_ptr(), device, "and the one after it in place again");
    }

    #[test]
    fn plain_memory_needs_no_stand_in() {
        let mut frame = PortFrame::new(layout());
        frame.renew(false);
        assert!(frame.may_repeat(false) && frame.stand_in.is_none(), "it is copied before it is written again");
    }
}
