//! What several tests of the sender need: plans made by hand, and pictures in packet memory.
#![allow(dead_code, reason = "each test binary uses its part")]

use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::slice::plan::{HEADROOM, SLOT_ALIGN};
use ocp809_sender::slice::{PacketPlan, PortPlan, Run};
use ocp809_sender::wall::{ColorOrder, WireFormat};

#[cfg(feature = "transport")]
pub(crate) mod capability;
#[cfg(feature = "transport")]
pub(crate) mod frames;
#[cfg(feature = "transport")]
pub(crate) mod netns;
pub(crate) mod simulation;
#[cfg(feature = "transport")]
pub(crate) mod syscalls;
#[cfg(feature = "transport")]
pub(crate) mod tap;
#[cfg(feature = "transport")]
pub(crate) mod witness;

/// A plan of one screen that is sent in raster order, `per_packet` pixels at a time; each packet one run.
pub(crate) fn linear_plan(pixels: u32, per_packet: u16, format: WireFormat) -> PortPlan {
    let starts = (0..pixels).step_by(usize::from(per_packet));
    plan(starts.map(|start| (1, start, u16::try_from((pixels - start).min(per_packet.into())).unwrap())), format)
}

/// A plan of Colorlight rows: each row in pieces of 497 pixels.
pub(crate) fn row_plan(width: u32, height: u16) -> PortPlan {
    let row = |y| (0..width).step_by(497).map(move |x| (y, x, u16::try_from((width - x).min(497)).unwrap()));
    plan((0..height).flat_map(row), WireFormat::Rgb8)
}

fn plan(packets: impl Iterator<Item = (u16, u32, u16)>, format: WireFormat) -> PortPlan {
    let mut plan = PortPlan { port: PortIndex(3), format, slot_stride: 0, packets: Vec::new(), runs: Vec::new() };
    for (index, (target, offset, pixels)) in packets.enumerate() {
        let payload_bytes = u16::try_from(format.payload_bytes(pixels.into())).unwrap();
        let packet = u32::try_from(index).unwrap();
        plan.packets.push(PacketPlan { target, offset, pixels, payload_bytes, runs: packet..packet + 1 });
        plan.runs.push(Run {
            screen: ScreenIndex(0),
            module: None,
            x: offset,
            y: 0,
            step_x: 1,
            step_y: 0,
            color_order: ColorOrder::Rgb,
            length: pixels,
            packet,
            first_pixel: 0,
        });
    }
    let longest = plan.packets.iter().map(|packet| u32::from(packet.payload_bytes)).max().unwrap_or(0);
    plan.slot_stride = (HEADROOM + longest).next_multiple_of(SLOT_ALIGN);
    plan
}

/// Fills every payload with bytes that depend on packet and place.
pub(crate) fn paint(plan: &PortPlan, memory: &mut [u8], seed: u8) {
    for packet in 0..plan.packets.len() {
        for (place, byte) in memory[plan.payload_range(packet)].iter_mut().enumerate() {
            let [mixed, ..] = (packet * 31 + place * 7).to_le_bytes();
            *byte = seed.wrapping_add(mixed);
        }
    }
}
