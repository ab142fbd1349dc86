//! The frames that travel on the cables of a cascade: each is stored and judged once, however many cards it passes.

use crate::wire::ethernet::{EtherType, EthernetFrame, MacAddress};
use crate::wire::ocp809::{StreamError, StreamHeader, StreamPacket, is_group_address};

use super::card::StreamFrame;

/// Room for every frame of MTU 1500 with a VLAN tag, so that a short frame's memory can take a long one.
const STANDARD_FRAME: usize = 1_518;

/// A stored frame by its place.
pub(crate) type PacketIndex = u32;

/// What a frame is, found out once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    /// A stream frame whose layout is sound.
    Stream {
        /// Its source.
        source: MacAddress,
        /// Its header.
        header: StreamHeader,
        /// Where its packet lies in the frame.
        start: usize,
        /// Where it ends.
        end: usize,
        /// Whether its CRC is right.
        crc_ok: bool,
    },
    /// A stream frame that no card of this version uses or forwards.
    Malformed(StreamError),
    /// An OCP-809 control frame.
    Control,
    /// Anything else.
    Other,
}

/// A frame on its way.
#[derive(Debug)]
struct Packet {
    bytes: Vec<u8>,
    content: Content,
}

/// All frames on their way; the memory of those that arrived is used again.
#[derive(Debug, Default)]
pub(crate) struct Packets {
    packets: Vec<Packet>,
    free: Vec<PacketIndex>,
}

impl Content {
    /// Finds out what a frame is.
    fn of(bytes: &[u8]) -> Self {
        let Ok(frame) = EthernetFrame::new_checked(bytes) else { return Self::Other };
        match frame.ethertype() {
            EtherType::OCP809_STREAM if is_group_address(frame.destination()) => match StreamPacket::new_checked(frame.payload())
            {
                Ok(packet) => {
                    let start = frame.header_len();
                    let end = start + packet.bytes().len();
                    let crc_ok = packet.check_crc().is_ok();
                    Self::Stream { source: frame.source(), header: *packet.header(), start, end, crc_ok }
                }
                Err(error) => Self::Malformed(error),
            },
            EtherType::OCP809_CONTROL => Self::Control,
            _ => Self::Other,
        }
    }
}

impl Packets {
    /// Stores a copy of a frame until it is released; a card that forwards it hands it on.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> PacketIndex {
        let content = Content::of(bytes);
        if let Some(index) = self.free.pop()
            && let Some(packet) = self.packets.get_mut(index as usize)
        {
            packet.bytes.clear();
            packet.bytes.extend_from_slice(bytes);
            packet.content = content;
            return index;
        }
        let mut memory = Vec::with_capacity(bytes.len().max(STANDARD_FRAME));
        memory.extend_from_slice(bytes);
        self.packets.push(Packet { bytes: memory, content });
        u32::try_from(self.packets.len() - 1).unwrap_or(u32::MAX)
    }

    /// The frame arrived; its memory may be used again.
    pub(crate) fn release(&mut self, index: PacketIndex) {
        self.free.push(index);
    }

    /// Whether a frame belongs to the stream and is sound enough to be forwarded.
    pub(crate) fn is_stream(&self, index: PacketIndex) -> bool {
        matches!(self.get(index).1, Content::Stream { .. })
    }

    /// A frame's bytes and what it is.
    #[inline]
    pub(crate) fn get(&self, index: PacketIndex) -> (&[u8], Content) {
        self.packets.get(index as usize).map_or((&[], Content::Other), |packet| (&packet.bytes, packet.content))
    }
}

/// The stream frame that `content` found in `bytes`.
pub(crate) fn stream_frame(bytes: &[u8], content: Content, fcs_ok: bool) -> Option<StreamFrame<'_>> {
    let Content::Stream { source, header, start, end, crc_ok } = content else { return None };
    let packet = StreamPacket::already_checked(header, bytes.get(start..end)?);
    Some(StreamFrame { source, packet, crc_ok, fcs_ok })
}
