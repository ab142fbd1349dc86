//! Where every packet of a port's frame lies in packet memory, and how its headers are written and sealed.
//!
//! Made once per plan and shared by all packet memories of the port. Memory: the plan's slots, then one slot per PARITY
//! packet. Headers end where a slot's payload begins, and stay; per frame only frame id and CRC change.

use core::ops::Range;

use super::batch::{Batch, Span};
use super::parity::Parity;
use crate::ids::PortIndex;
use crate::slice::PortPlan;
use crate::transport::MemoryShape;
use crate::wall::{ProtocolKind, Wall, WireFormat};
use crate::wire::colorlight::{ROW_HEADER_LEN, RowRepr};
use crate::wire::ethernet::{EtherType, EthernetHeader, HEADER_LEN as ETHERNET_LEN, MacAddress};
use crate::wire::ocp809::stream::HEADER_LEN as STREAM_LEN;
use crate::wire::ocp809::{FRAME_PACKETS_MAX, FrameId, StreamHeader, group_address, seal};

/// Why a plan cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The plan is of another wall.
    #[error("the plan is for port number {port}, but the wall has {ports} ports: make the plan from this wall")]
    NoSuchPort {
        /// The plan's port.
        port: usize,
        /// Ports of the wall.
        ports: usize,
    },
    /// More packets than a frame can number.
    #[error("a frame of {packets} packets: {limit} is the most (use a larger MTU or more ports)")]
    TooManyPackets {
        /// Packets of the plan.
        packets: usize,
        /// What a packet number can count.
        limit: usize,
    },
    /// Packet memory beyond the reach of 32-bit offsets.
    #[error("packet memory of {bytes} bytes: 4 GiB is the most (use more ports)")]
    MemoryTooLarge {
        /// Its size.
        bytes: u64,
    },
}

/// The packets of one port's frame as bytes in packet memory.
#[derive(Debug, Clone)]
pub struct PortLayout {
    protocol: ProtocolKind,
    port: PortIndex,
    format: WireFormat,
    source: MacAddress,
    /// The stream packet of each PIXELS packet or row, without Ethernet header: header and payload.
    bodies: Vec<Span>,
    /// Complete Ethernet frames in the order of sending, PARITY packets after their group.
    frames: Vec<Span>,
    headers: Vec<PacketHeader>,
    parity: Option<Parity>,
    slot_stride: usize,
    memory_bytes: usize,
}

/// What distinguishes one packet's header from its neighbours'.
#[derive(Debug, Clone, Copy)]
struct PacketHeader {
    target: u16,
    offset: u32,
    pixels: u16,
}

impl PortLayout {
    /// Lays out the packets of `plan`, sent from address `source`. `parity_log2` asks for a PARITY packet per
    /// 2^`parity_log2` PIXELS packets (OCP-809 only).
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn new(wall: &Wall, plan: &PortPlan, source: MacAddress, parity_log2: Option<u8>) -> Result<Self, LayoutError> {
        let port = wall.ports().get(plan.port.index());
        let port = port.ok_or(LayoutError::NoSuchPort { port: plan.port.index(), ports: wall.ports().len() })?;
        Self::of_protocol(port.protocol, plan, source, parity_log2)
    }

    /// As [`PortLayout::new`], for a protocol.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn of_protocol(
        protocol: ProtocolKind,
        plan: &PortPlan,
        source: MacAddress,
        parity_log2: Option<u8>,
    ) -> Result<Self, LayoutError> {
        let packets = plan.packets.len();
        let limit = usize::from(FRAME_PACKETS_MAX);
        if packets > limit {
            return Err(LayoutError::TooManyPackets { packets, limit });
        }
        let bodies = bodies(protocol, plan);
        let parity = parity_log2
            .filter(|_| protocol == ProtocolKind::Ocp809 && packets > 0)
            .map(|log2| Parity::new(log2, &bodies, plan.slot_stride as usize));
        let memory_bytes = plan.memory_bytes() + parity.as_ref().map_or(0, Parity::memory_bytes);
        if u32::try_from(memory_bytes).is_err() {
            return Err(LayoutError::MemoryTooLarge { bytes: memory_bytes as u64 });
        }
        let headers = plan.packets.iter();
        let headers = headers.map(|p| PacketHeader { target: p.target, offset: p.offset, pixels: p.pixels }).collect();
        let frames = frames(protocol, &bodies, parity.as_ref());
        let (port, format, slot_stride) = (plan.port, plan.format, plan.slot_stride as usize);
        Ok(Self { protocol, port, format, source, bodies, frames, headers, parity, slot_stride, memory_bytes })
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> PortIndex {
        self.port
    }

    /// Its protocol.
    #[must_use]
    pub const fn protocol(&self) -> ProtocolKind {
        self.protocol
    }

    /// The address that packets are sent from.
    #[must_use]
    pub const fn source(&self) -> MacAddress {
        self.source
    }

    /// Packets of pixels in a frame, PARITY not counted.
    #[must_use]
    pub const fn packets(&self) -> usize {
        self.bodies.len()
    }

    /// Packets of a frame, PARITY counted.
    #[must_use]
    pub const fn packets_with_parity(&self) -> usize {
        self.frames.len()
    }

    /// Bytes of each Ethernet frame in the order of sending, without the check sequence.
    pub fn frame_lengths(&self) -> impl Iterator<Item = u32> {
        self.frames.iter().map(|frame| frame.length)
    }

    /// Bytes of a packet memory.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// How packets lie in a packet memory.
    #[must_use]
    pub fn memory_shape(&self) -> MemoryShape {
        let stride = self.slot_stride;
        let before = |frame: &Span| (frame.start as usize).checked_rem(stride).unwrap_or(0);
        MemoryShape {
            bytes: self.memory_bytes,
            slot_stride: stride,
            headroom: self.frames.iter().map(before).min().unwrap_or(0),
            packets: self.frames.len(),
            in_order: self.parity.is_none(),
        }
    }

    /// Writes every header into a packet memory of zeros: the picture is black.
    pub fn write_headers(&self, memory: &mut [u8]) {
        for (seq, (&body, &header)) in self.bodies.iter().zip(&self.headers).enumerate() {
            match self.protocol {
                ProtocolKind::Ocp809 => self.write_ocp809(memory, body, seq, header),
                ProtocolKind::Colorlight => write_colorlight(memory, body, header),
            }
        }
        if let Some(parity) = &self.parity {
            for (group, &body) in parity.bodies().iter().enumerate() {
                self.write_ethernet(memory, body);
                parity.write_header(memory, group);
            }
        }
    }

    /// Writes frame id and CRC of these packets, and the PARITY packets of groups that end among them. Colorlight rows
    /// need nothing.
    pub fn seal(&self, memory: &mut [u8], packets: Range<usize>, frame_id: FrameId) {
        if self.protocol == ProtocolKind::Colorlight {
            return;
        }
        for &body in self.bodies.get(packets.clone()).unwrap_or_default() {
            seal(span_mut(memory, body), frame_id);
        }
        if let Some(parity) = &self.parity {
            for group in parity.groups_ending_in(&packets) {
                parity.build(memory, &self.bodies, group, frame_id);
            }
        }
    }

    /// These packets as Ethernet frames, with the PARITY packets of groups that end among them.
    #[must_use]
    pub fn batch<'a>(&'a self, memory: &'a [u8], packets: Range<usize>) -> Batch<'a> {
        self.frames(memory, self.frames_before(packets.start)..self.frames_before(packets.end))
    }

    /// How many Ethernet frames the first `packets` packets of pixels are, with the PARITY packets of their full groups.
    #[must_use]
    pub fn frames_before(&self, packets: usize) -> usize {
        packets + self.parity.as_ref().map_or(0, |parity| parity.groups_before(packets))
    }

    /// Ethernet frames by their number in the order of sending; see [`PortLayout::frames_before`].
    #[must_use]
    pub fn frames<'a>(&'a self, memory: &'a [u8], frames: Range<usize>) -> Batch<'a> {
        Batch::new(memory, self.frames.get(frames).unwrap_or_default())
    }

    /// Writes another source address into these frames, for the second feed of a loop. No CRC covers it.
    pub fn set_source(&self, memory: &mut [u8], frames: Range<usize>, source: MacAddress) {
        for &frame in self.frames.get(frames).unwrap_or_default() {
            if let Some(field) = span_mut(memory, frame).get_mut(6..12) {
                field.copy_from_slice(&source.0);
            }
        }
    }

    fn write_ocp809(&self, memory: &mut [u8], body: Span, seq: usize, header: PacketHeader) {
        self.write_ethernet(memory, body);
        // At most 65,535 packets were accepted.
        let seq = u16::try_from(seq).unwrap_or(u16::MAX);
        let header = StreamHeader::pixels(self.format, seq, header.target, header.offset, header.pixels);
        if let Some(bytes) = span_mut(memory, body).first_chunk_mut() {
            header.emit(bytes);
        }
    }

    fn write_ethernet(&self, memory: &mut [u8], body: Span) {
        ocp809_ethernet(self.port, self.source).emit(span_mut(memory, with_ethernet(body)));
    }
}

fn write_colorlight(memory: &mut [u8], body: Span, header: PacketHeader) {
    // Columns beyond 65,535 cannot be said in a row packet; no wall that has them passes its checks.
    let column = u16::try_from(header.offset).unwrap_or(u16::MAX);
    if let Some(head) = span_mut(memory, body).first_chunk_mut() {
        RowRepr::new(header.target, column, header.pixels).emit(head);
    }
}

/// The Ethernet header of stream packets of a port.
pub(super) fn ocp809_ethernet(port: PortIndex, source: MacAddress) -> EthernetHeader {
    // The port number in the address is for switches and people; beyond 255 it starts again.
    let [_, number] = port.0.to_be_bytes();
    EthernetHeader { destination: group_address(number), source, tag: None, ethertype: EtherType::OCP809_STREAM }
}

/// A span's bytes for writing; empty when it does not lie in the memory.
pub(super) fn span_mut(memory: &mut [u8], span: Span) -> &mut [u8] {
    let start = span.start as usize;
    memory.get_mut(start..start.saturating_add(span.length as usize)).unwrap_or_default()
}

/// The packets in their slots: headers end where the slot's payload begins.
fn bodies(protocol: ProtocolKind, plan: &PortPlan) -> Vec<Span> {
    let header = match protocol {
        ProtocolKind::Ocp809 => STREAM_LEN,
        ProtocolKind::Colorlight => ROW_HEADER_LEN,
    };
    let place = |packet: usize| {
        let payload = plan.payload_range(packet);
        Span::new(payload.start - header, header + payload.len())
    };
    (0..plan.packets.len()).map(place).collect()
}

/// The Ethernet frames in the order of sending.
fn frames(protocol: ProtocolKind, bodies: &[Span], parity: Option<&Parity>) -> Vec<Span> {
    let whole = |body: &Span| match protocol {
        ProtocolKind::Ocp809 => with_ethernet(*body),
        ProtocolKind::Colorlight => *body,
    };
    let Some(parity) = parity else { return bodies.iter().map(whole).collect() };
    let groups = bodies.chunks(parity.group_packets()).zip(parity.bodies());
    groups.flat_map(|(group, parity)| group.iter().chain([parity]).map(whole)).collect()
}

/// A stream packet with the Ethernet header in front of it.
const fn with_ethernet(body: Span) -> Span {
    Span::new(body.start as usize - ETHERNET_LEN, body.length as usize + ETHERNET_LEN)
}
