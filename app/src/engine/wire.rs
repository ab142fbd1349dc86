//! Whole Ethernet frames from the frame thread, which owns the ports, to the control thread, which understands them.
//!
//! Fixed-size, so that they travel through a bounded queue without allocation.

use ocp809_sender::ids::PortIndex;

/// Largest frame that is read: a Colorlight reply of 1070 bytes, or a padded ANNOUNCE of MTU 1500 with a VLAN tag.
pub(super) const FRAME_BYTES: usize = 1_536;

/// One Ethernet frame of the control plane.
pub(super) struct ControlFrame {
    /// Its port.
    pub(super) port: PortIndex,
    length: usize,
    bytes: [u8; FRAME_BYTES],
}

impl ControlFrame {
    /// A frame of these bytes; what is longer than a control frame can be is cut, which its check sum reveals.
    pub(super) fn new(port: PortIndex, frame: &[u8]) -> Self {
        let mut bytes = [0; FRAME_BYTES];
        let length = frame.len().min(FRAME_BYTES);
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), frame.get(..length)) {
            to.copy_from_slice(from);
        }
        Self { port, length, bytes }
    }

    /// The frame's bytes.
    pub(super) fn frame(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
