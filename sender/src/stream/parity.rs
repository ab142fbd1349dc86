//! PARITY packets (PROTOCOL.md section 6): one per group of PIXELS packets, from which a card rebuilds a missing one.

use core::ops::Range;

use super::batch::Span;
use super::layout::span_mut;
use crate::slice::plan::HEADROOM;
use crate::wire::field::put_u16;
use crate::wire::ocp809::stream::{HEADER_LEN, PARITY_PAYLOAD_MIN};
use crate::wire::ocp809::{FrameId, StreamHeader, StreamKind, seal};

/// Where the fields that are combined lie in a stream header: target, offset and n. The CRC that follows does not take part.
const XORED_FIELDS: Range<usize> = 6..14;

/// Largest group, 2^15: what the format nibble can say.
const LOG2_MAX: u8 = 15;

/// The parity packets of a frame.
#[derive(Debug, Clone)]
pub(super) struct Parity {
    log2_group: u8,
    packets: usize,
    bodies: Vec<Span>,
    slot_stride: usize,
}

impl Parity {
    /// Lays out one slot per group behind the slots of `pixels`.
    pub(super) fn new(log2_group: u8, pixels: &[Span], slot_stride: usize) -> Self {
        let log2_group = log2_group.min(LOG2_MAX);
        let body = |(group, members): (usize, &[Span])| {
            let longest = members.iter().map(|member| member.length as usize).max().unwrap_or(0);
            let start = (pixels.len() + group) * slot_stride + HEADROOM as usize - HEADER_LEN;
            Span::new(start, longest.max(HEADER_LEN + PARITY_PAYLOAD_MIN))
        };
        let bodies = pixels.chunks(1 << log2_group).enumerate().map(body).collect();
        Self { log2_group, packets: pixels.len(), bodies, slot_stride }
    }

    /// PIXELS packets of a full group.
    pub(super) const fn group_packets(&self) -> usize {
        1 << self.log2_group
    }

    /// Header and payload of each PARITY packet.
    pub(super) fn bodies(&self) -> &[Span] {
        &self.bodies
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bodies.len() * self.slot_stride
    }

    /// Groups that are complete before PIXELS packet `packet` is sent.
    pub(super) const fn groups_before(&self, packet: usize) -> usize {
        if packet >= self.packets { self.packets.div_ceil(self.group_packets()) } else { packet >> self.log2_group }
    }

    /// The groups whose last packet is one of `packets`.
    pub(super) const fn groups_ending_in(&self, packets: &Range<usize>) -> Range<usize> {
        self.groups_before(packets.start)..self.groups_before(packets.end)
    }

    /// Writes the header of a group's packet; [`Parity::build`] adds target, offset and n.
    pub(super) fn write_header(&self, memory: &mut [u8], group: usize) {
        let Some(&body) = self.bodies.get(group) else { return };
        let seq = u16::try_from(group << self.log2_group).unwrap_or(u16::MAX);
        let kind = StreamKind::Parity { log2_group: self.log2_group };
        let header = StreamHeader { kind, frame_id: FrameId(0), seq, target: 0, offset: 0, count: 0 };
        if let Some(bytes) = span_mut(memory, body).first_chunk_mut() {
            header.emit(bytes);
        }
    }

    /// Builds a group's packet from its sealed members.
    pub(super) fn build(&self, memory: &mut [u8], pixels: &[Span], group: usize, frame_id: FrameId) {
        let Some(&body) = self.bodies.get(group) else { return };
        let first = group << self.log2_group;
        let last = (first + self.group_packets()).min(pixels.len());
        // PARITY slots lie behind all others.
        let Some((members, parity)) = memory.split_at_mut_checked(body.start as usize) else { return };
        let Some(parity) = parity.get_mut(..body.length as usize) else { return };
        parity.get_mut(XORED_FIELDS.start..).unwrap_or_default().fill(0);
        for member in pixels.get(first..last).unwrap_or_default() {
            let bytes = member.of(members);
            xor(parity.get_mut(XORED_FIELDS), bytes.get(XORED_FIELDS));
            xor(parity.get_mut(HEADER_LEN..), bytes.get(HEADER_LEN..));
        }
        put_u16(parity, 4, u16::try_from(first).unwrap_or(u16::MAX));
        seal(parity, frame_id);
    }
}

/// XORs `from` into the front of `into`.
fn xor(into: Option<&mut [u8]>, from: Option<&[u8]>) {
    for (target, byte) in into.unwrap_or_default().iter_mut().zip(from.unwrap_or_default()) {
        *target ^= byte;
    }
}
