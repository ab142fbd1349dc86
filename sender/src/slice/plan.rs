//! The slice plan: runs of pixels on screens mapped to places in packets. CPU, GPU and tests read the same table.
//!
//! Packet memory of a port is one block of equal slots, so that a shader, `sendmmsg` and a ring can all address it:
//! slot i begins at `i * slot_stride`; its payload begins [`HEADROOM`] bytes further, and the packet's headers are
//! written so that they end there.

use core::ops::Range;

use crate::ids::{ModuleIndex, PortIndex, ScreenIndex};
use crate::wall::{ColorOrder, Wall, WireFormat};

/// Bytes of a slot in front of the payload: room for every protocol's headers, and a cache line.
pub const HEADROOM: u32 = 64;

/// Slots and payloads are multiples of this many bytes.
pub const SLOT_ALIGN: u32 = 64;

/// The plan of a whole wall, port by port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlicePlan {
    /// One plan per port, in the wall's order.
    pub ports: Vec<PortPlan>,
}

/// The packets of one port's frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortPlan {
    /// The port.
    pub port: PortIndex,
    /// Packing of samples.
    pub format: WireFormat,
    /// Bytes from one slot to the next.
    pub slot_stride: u32,
    /// Packets in the order in which they are sent.
    pub packets: Vec<PacketPlan>,
    /// Runs, ordered by packet and by place in the packet. Each covers pixels of one module.
    pub runs: Vec<Run>,
}

/// One packet of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketPlan {
    /// OCP-809: 0 for the port's canvas, else a card id. Colorlight: the row.
    pub target: u16,
    /// OCP-809: index of the first pixel in the target's memory. Colorlight: the first column.
    pub offset: u32,
    /// Pixels in the packet.
    pub pixels: u16,
    /// Bytes of its payload.
    pub payload_bytes: u16,
    /// Its runs, a range of [`PortPlan::runs`].
    pub runs: Range<u32>,
}

/// Consecutive pixels of a packet that lie in a line on one screen and belong to one module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The screen.
    pub screen: ScreenIndex,
    /// The module whose matrix and low-grey behaviour apply; `None` on canvas pixels without an LED, which are sent black.
    pub module: Option<ModuleIndex>,
    /// Column of the first pixel on the screen.
    pub x: u32,
    /// Row of the first pixel on the screen.
    pub y: u32,
    /// Column change from pixel to pixel: -1, 0 or 1.
    pub step_x: i8,
    /// Row change from pixel to pixel: -1, 0 or 1; exactly one of the two steps is 0.
    pub step_y: i8,
    /// Order of samples on the wire.
    pub color_order: ColorOrder,
    /// Pixels.
    pub length: u16,
    /// The packet, an index into [`PortPlan::packets`].
    pub packet: u32,
    /// Index of the first pixel within the packet; its packing group need not begin here (see [`Run::is_split`]).
    pub first_pixel: u16,
}

impl Run {
    /// Whether the run begins or ends inside a packing group that it shares with another run.
    #[must_use]
    pub const fn is_split(&self, format: WireFormat, packet_pixels: u16) -> bool {
        let group = format.group_pixels();
        let end = self.first_pixel as u32 + self.length as u32;
        !(self.first_pixel as u32).is_multiple_of(group) || (!end.is_multiple_of(group) && end != packet_pixels as u32)
    }

    /// How many rows of the source picture must be there before the run can be filled; 0 for black pixels.
    #[must_use]
    pub fn source_rows_needed(&self, wall: &Wall) -> u32 {
        let Some(screen) = wall.screen(self.screen).filter(|_| self.module.is_some()) else { return 0 };
        let last = if self.step_y > 0 { self.y + u32::from(self.length) - 1 } else { self.y };
        let rows = (u64::from(last) + 1) * u64::from(screen.source.height);
        let rows = u64::from(screen.source.y) + rows.div_ceil(u64::from(screen.size.height).max(1));
        u32::try_from(rows).unwrap_or(u32::MAX)
    }
}

impl SlicePlan {
    /// The plan of a port.
    #[must_use]
    pub fn port(&self, index: PortIndex) -> Option<&PortPlan> {
        self.ports.get(index.index())
    }
}

impl PortPlan {
    /// Bytes of the port's packet memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.packets.len() * self.slot_stride as usize
    }

    /// The bytes of a packet's payload within the port's packet memory.
    #[must_use]
    pub fn payload_range(&self, packet: usize) -> Range<usize> {
        let start = packet * self.slot_stride as usize + HEADROOM as usize;
        let length = self.packets.get(packet).map_or(0, |p| usize::from(p.payload_bytes));
        start..start + length
    }

    /// The runs of one of its packets.
    #[must_use]
    pub fn runs_of(&self, packet: &PacketPlan) -> &[Run] {
        self.runs.get(packet.runs.start as usize..packet.runs.end as usize).unwrap_or_default()
    }

    /// For each packet, how many rows of the source picture must be there before it can be filled: the rows that the
    /// screen's source rectangle maps to the packet's last screen row, without the taps of a scaler. Never falls from packet
    /// to packet in a plan that [`SlicePlan::build`] made.
    #[must_use]
    pub fn source_rows_needed(&self, wall: &Wall) -> Vec<u32> {
        let rows = |packet| self.runs_of(packet).iter().map(|run| run.source_rows_needed(wall)).max().unwrap_or(0);
        self.packets.iter().map(rows).collect()
    }

    /// Pixels that the port carries per frame.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.packets.iter().map(|p| u64::from(p.pixels)).sum()
    }
}
