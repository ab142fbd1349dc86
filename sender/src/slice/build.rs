//! Builds the plan: each port's pixels are cut into packets by its protocol and addressing, then put in the order in which
//! they can leave.
//!
//! Packets are sent in the order of the last source row that they need, and among equals target by target: a frame then
//! leaves band by band while its lower part is still being computed. Packet i of the plan is seq i on the wire; offsets may
//! come in any order there.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a wall has fewer than 2^28 pixels, a packet fewer than 3000"
)]

use super::limits::{OCP809_MAX_PACKETS, packet_pixels_on};
use super::{HEADROOM, PacketPlan, PortPlan, Run, SLOT_ALIGN, SlicePlan};
use super::{canvas, cards};
use crate::ids::{PortId, PortIndex};
use crate::wall::{Addressing, Port, ProtocolKind, Wall, WireFormat};

/// Why a wall cannot be cut into packets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SliceError {
    /// A frame has more packets than the protocol can count.
    #[error(
        "port {port} needs {packets} packets for one frame, the protocol counts to {limit}; \
         move cabinets to another port, fill the holes of its canvas, or address it by id"
    )]
    TooManyPackets {
        /// The port.
        port: PortId,
        /// Packets of one frame.
        packets: u64,
        /// The limit.
        limit: u64,
    },
}

impl SlicePlan {
    /// Cuts the wall into packets.
    ///
    /// # Errors
    /// [`SliceError::TooManyPackets`] on a canvas so full of holes that its packets cannot be counted.
    pub fn build(wall: &Wall) -> Result<Self, SliceError> {
        let ports = wall.ports().iter().zip(0_u16..);
        let ports = ports.map(|(port, index)| build_port(wall, port, PortIndex(index))).collect::<Result<_, _>>()?;
        Ok(Self { ports })
    }
}

/// Cuts one port; the port may differ from the wall's own in its link and may have a part of its cascade.
pub(super) fn build_port(wall: &Wall, port: &Port, index: PortIndex) -> Result<PortPlan, SliceError> {
    let mut cutter = Cutter::new(port);
    match (port.protocol, port.addressing) {
        (ProtocolKind::Ocp809, Addressing::Id) => cards::cut(wall, port, &mut cutter),
        (ProtocolKind::Ocp809, Addressing::Canvas) => canvas::cut_linear(wall, port, &mut cutter),
        (ProtocolKind::Colorlight, _) => canvas::cut_rows(wall, port, &mut cutter),
    }
    let packets = cutter.packets.len() as u64;
    if port.protocol == ProtocolKind::Ocp809 && packets > OCP809_MAX_PACKETS {
        return Err(SliceError::TooManyPackets { port: port.id.clone(), packets, limit: OCP809_MAX_PACKETS });
    }
    Ok(cutter.finish(wall, index))
}

/// A packet that is being filled, and those that are full.
#[derive(Debug)]
pub(super) struct Cutter {
    format: WireFormat,
    /// Pixels of a full packet.
    full: u32,
    packets: Vec<PacketPlan>,
    runs: Vec<Run>,
    open: Option<Open>,
}

/// The packet that is being filled.
#[derive(Debug, Clone, Copy)]
struct Open {
    target: u16,
    offset: u32,
    pixels: u32,
    first_run: u32,
}

impl Cutter {
    fn new(port: &Port) -> Self {
        let full = packet_pixels_on(port.protocol, &port.link).max(1);
        Self { format: port.link.format, full, packets: Vec::new(), runs: Vec::new(), open: None }
    }

    /// Pixels of a full packet.
    pub(super) const fn full(&self) -> u32 {
        self.full
    }

    /// Packing of samples.
    pub(super) const fn format(&self) -> WireFormat {
        self.format
    }

    /// Pixels in the packet that is being filled; `None` between packets.
    pub(super) fn filled(&self) -> Option<u32> {
        self.open.map(|open| open.pixels)
    }

    /// Appends a line of pixels, given as a run of any length whose place in the packets is found here. Where no packet is
    /// open, or the open one is full, the next one begins at `offset` of `target`.
    pub(super) fn append(&mut self, target: u16, offset: u32, line: Line) {
        let mut done = 0;
        while done < line.length {
            let open =
                *self.open.get_or_insert(Open { target, offset: offset + done, pixels: 0, first_run: self.runs.len() as u32 });
            let length = (line.length - done).min(self.full - open.pixels);
            self.runs.push(line.part(done, length, open.pixels, self.packets.len() as u32));
            self.open = Some(Open { pixels: open.pixels + length, ..open });
            done += length;
            if open.pixels + length == self.full {
                self.close();
            }
        }
    }

    /// Ends the open packet, if there is one.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.packets.push(PacketPlan {
            target: open.target,
            offset: open.offset,
            pixels: open.pixels as u16,
            payload_bytes: self.format.payload_bytes(open.pixels) as u16,
            runs: open.first_run..self.runs.len() as u32,
        });
    }

    /// Orders the packets and gives each run its packet.
    fn finish(mut self, wall: &Wall, port: PortIndex) -> PortPlan {
        self.close();
        let largest = self.packets.iter().map(|p| u32::from(p.payload_bytes)).max().unwrap_or(0);
        let unordered = PortPlan {
            port,
            format: self.format,
            slot_stride: (HEADROOM + largest).next_multiple_of(SLOT_ALIGN),
            packets: self.packets,
            runs: self.runs,
        };
        ordered(&unordered, wall)
    }
}

/// The plan with its packets in the order of the source rows that they need.
fn ordered(plan: &PortPlan, wall: &Wall) -> PortPlan {
    let rows = plan.source_rows_needed(wall);
    let mut order: Vec<(u32, &PacketPlan)> = rows.into_iter().zip(&plan.packets).collect();
    order.sort_by_key(|(row, _)| *row);
    let mut packets = Vec::with_capacity(plan.packets.len());
    let mut runs = Vec::with_capacity(plan.runs.len());
    for (index, (_, packet)) in (0_u32..).zip(order) {
        let first = runs.len() as u32;
        runs.extend(plan.runs_of(packet).iter().map(|run| Run { packet: index, ..*run }));
        packets.push(PacketPlan { runs: first..runs.len() as u32, ..packet.clone() });
    }
    PortPlan { packets, runs, ..*plan }
}

/// A straight line of pixels on a screen: a [`Run`] that is not yet cut into packets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// A run with the line's place on the screen; its length and place in the packet are not used.
    pub(super) like: Run,
    /// Pixels.
    pub(super) length: u32,
}

impl Line {
    /// `length` pixels from pixel `start` on, as a run that begins at `first_pixel` of `packet`.
    fn part(&self, start: u32, length: u32, first_pixel: u32, packet: u32) -> Run {
        let along = |from: u32, step: i8| from.wrapping_add_signed(i32::from(step).wrapping_mul(start as i32));
        Run {
            x: along(self.like.x, self.like.step_x),
            y: along(self.like.y, self.like.step_y),
            length: length as u16,
            packet,
            first_pixel: first_pixel as u16,
            ..self.like
        }
    }
}
