//! Memory for the packets of a port: the process's own, or a device's, from which they leave without being copied.

use core::ops::{Deref, DerefMut};

#[cfg(feature = "transport")]
use super::mapping::Region;

/// How a port's packets lie in its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryShape {
    /// Its size in bytes.
    pub bytes: usize,
    /// Bytes from one packet's slot to the next.
    pub slot_stride: usize,
    /// Bytes of a slot in front of the earliest byte of a packet.
    pub headroom: usize,
    /// Packets of a frame.
    pub packets: usize,
    /// Whether packet i lies in slot i.
    pub in_order: bool,
}

/// Packet memory: bytes, wherever they are. In a device's memory the bytes of a slot in front of its packet may be the
/// device's own: only packets are written. A device's memory stays valid when the device is gone; packets in it are then
/// sent as those in any other memory.
#[derive(Debug)]
pub struct PacketMemory(Place);

#[derive(Debug)]
enum Place {
    Plain(Vec<u8>),
    #[cfg(feature = "transport")]
    Device(Region),
}

impl PacketMemory {
    /// Zeroed memory of the process.
    #[must_use]
    pub fn plain(bytes: usize) -> Self {
        Self(Place::Plain(vec![0; bytes]))
    }

    /// Memory as a device gives it.
    #[cfg(all(test, feature = "transport"))]
    pub(crate) fn of_device(bytes: usize) -> std::io::Result<Self> {
        Ok(Self::device(Region::whole(super::mapping::Mapping::anonymous(bytes)?)))
    }

    #[cfg(feature = "transport")]
    pub(super) const fn device(region: Region) -> Self {
        Self(Place::Device(region))
    }

    /// Whether a device may still read it after its packets were sent ([`super::Transport::is_settled`]).
    #[must_use]
    pub const fn is_device(&self) -> bool {
        match self.0 {
            Place::Plain(_) => false,
            #[cfg(feature = "transport")]
            Place::Device(_) => true,
        }
    }
}

impl Deref for PacketMemory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Plain(bytes) => bytes,
            #[cfg(feature = "transport")]
            Place::Device(region) => region,
        }
    }
}

impl DerefMut for PacketMemory {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Plain(bytes) => bytes,
            #[cfg(feature = "transport")]
            Place::Device(region) => region,
        }
    }
}
