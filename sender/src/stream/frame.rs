//! One frame of one port in memory: what the pixel path fills and a port sends.

use core::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
use super::layout::PortLayout;
use crate::wire::ocp809::FrameId;

/// Packet memory with headers in place. A port may have several, so that one is filled while another one is sent.
#[derive(Debug, Clone)]
pub struct PortFrame {
    layout: Arc<PortLayout>,
    memory: Vec<u8>,
}

impl PortFrame {
    /// A black frame.
    #[must_use]
    pub fn new(layout: Arc<PortLayout>) -> Self {
        Self { memory: layout.new_memory(), layout }
    }

    /// The layout that it shares with the port's other frames.
    #[must_use]
    pub const fn layout(&self) -> &Arc<PortLayout> {
        &self.layout
    }

    /// The packet memory, for the pixel path: only payloads may be written.
    #[must_use]
    pub fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// Writes frame id and CRC of these packets, whose pixels are final.
    pub fn seal(&mut self, packets: Range<usize>, frame_id: FrameId) {
        self.layout.seal(&mut self.memory, packets, frame_id);
    }

    /// These packets as Ethernet frames, ready to send once they are sealed.
    #[must_use]
    pub fn packets(&self, packets: Range<usize>) -> Batch<'_> {
        self.layout.batch(&self.memory, packets)
    }
}
