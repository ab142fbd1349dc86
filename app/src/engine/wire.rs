//! Whole Ethernet frames between the frame thread, which owns the ports, and the control thread, which understands them.
//!
//! Fixed-size, so that they travel through bounded queues without allocation.

use ocp809_sender::ids::PortIndex;
use ocp809_sender::stream::{Batch, FeedEnd, Span};

/// Largest control or discovery frame: a Colorlight reply of 1070 bytes, or a DISCOVER padded to MTU 1500 with a VLAN tag.
pub(super) const FRAME_BYTES: usize = 1_536;

/// One Ethernet frame of the control plane.
#[derive(Clone)]
pub(super) struct ControlFrame {
    /// Its port.
    pub(super) port: PortIndex,
    /// The end of the cascade that it leaves or came in by.
    pub(super) end: FeedEnd,
    span: [Span; 1],
    bytes: [u8; FRAME_BYTES],
}

impl ControlFrame {
    /// A frame of these bytes; what is longer than a control frame can be is cut, which its check sum reveals.
    pub(super) fn new(port: PortIndex, end: FeedEnd, frame: &[u8]) -> Self {
        let mut bytes = [0; FRAME_BYTES];
        let length = frame.len().min(FRAME_BYTES);
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), frame.get(..length)) {
            to.copy_from_slice(from);
        }
        Self { port, end, span: [Span::new(0, length)], bytes }
    }

    /// The frame's bytes.
    pub(super) fn frame(&self) -> &[u8] {
        self.span.first().map_or(&[], |span| span.of(&self.bytes))
    }

    /// The frame as a transport takes it.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch::new(&self.bytes, &self.span)
    }
}
