//! Whole Ethernet frames from the frame thread, which owns the ports, to the control thread, which understands them.
//!
//! Fixed-size, so that they travel through a bounded queue without allocation.

use ocp809_sender::ids::PortIndex;
use ocp809_sender::stream::FeedEnd;

/// Largest frame that is read: an ANNOUNCE that was padded to an MTU of 9000, with a VLAN tag.
pub(super) const FRAME_BYTES: usize = 9_018;

/// One Ethernet frame of the control plane.
pub(super) struct ControlFrame {
    /// Its port.
    pub(super) port: PortIndex,
    /// The end of the cascade that it came in by.
    pub(super) end: FeedEnd,
    length: usize,
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
        Self { port, end, length, bytes }
    }

    /// The frame's bytes.
    pub(super) fn frame(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
