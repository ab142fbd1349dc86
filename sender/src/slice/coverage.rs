//! The plan against a mapping from another head: straight from the document, pixel by pixel, by turning coordinates one
//! quarter at a time, without anything that the product uses to resolve walls.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{HEADROOM, PortPlan, SLOT_ALIGN, SlicePlan};
use crate::geometry::{PixelPoint, PixelSize};
use crate::wall::arbitrary::walls;
use crate::wall::spec::*;
use crate::wall::{Wall, layout};

/// Where a pixel goes: target and index in the target's memory; on Colorlight row and column.
type Address = (u16, u32);
/// What it shows: position of the screen, column and row, and the order of its samples.
type Light = (usize, u32, u32, ColorOrder);

/// Mirrors left to right, then turns clockwise, one quarter at a time.
fn hang((mut x, mut y): (u32, u32), (mut width, mut height): (u32, u32), mirror: bool, degrees: u16) -> (u32, u32) {
    if mirror {
        x = width - 1 - x;
    }
    for _ in 0..degrees / 90 {
        (x, y) = (height - 1 - y, x);
        (width, height) = (height, width);
    }
    (x, y)
}

fn turned((width, height): (u32, u32), degrees: u16) -> (u32, u32) {
    if degrees % 180 == 90 { (height, width) } else { (width, height) }
}

/// The LED pixels of a cabinet on its screen, in the order of its card's memory, each with its module's colour order.
fn pixels_of(spec: &WallSpec, cabinet: &CabinetSpec) -> Vec<(u32, u32, ColorOrder)> {
    let model = spec.cabinet_models.iter().find(|m| m.id == cabinet.model).unwrap();
    let mut pixels = Vec::new();
    for place in &model.modules {
        let module = spec.module_models.iter().find(|m| m.id == place.model).unwrap();
        let size = (module.size.width, module.size.height);
        let placed = turned(size, place.rotation);
        for (row, column) in (0..place.rows).flat_map(|row| (0..place.columns).map(move |column| (row, column))) {
            for (y, x) in (0..size.1).flat_map(|y| (0..size.0).map(move |x| (y, x))) {
                let (x, y) = hang((x, y), size, place.mirror, place.rotation);
                let inside = (place.x + column * placed.0 + x, place.y + row * placed.1 + y);
                let (x, y) = hang(inside, (model.size.width, model.size.height), cabinet.mirror, cabinet.rotation);
                pixels.push((cabinet.x + x, cabinet.y + y, module.color_order));
            }
        }
    }
    pixels
}

/// Everything that a port must send, by address.
fn expected(spec: &WallSpec, port: &PortSpec) -> Vec<(Address, Light)> {
    let members: Vec<_> = spec.cabinets.iter().filter(|c| c.port == port.id).collect();
    let by_id = port.protocol == ProtocolKind::Ocp809 && port.addressing == Addressing::Id;
    let boxes = || {
        members.iter().map(|c| {
            let model = spec.cabinet_models.iter().find(|m| m.id == c.model).unwrap();
            let (width, height) = turned((model.size.width, model.size.height), c.rotation);
            [c.x, c.y, c.x + width, c.y + height]
        })
    };
    let left = boxes().map(|b| b[0]).min().unwrap_or(0);
    let top = boxes().map(|b| b[1]).min().unwrap_or(0);
    let width = boxes().map(|b| b[2]).max().unwrap_or(0) - left;
    let mut all = Vec::new();
    for cabinet in members {
        let screen = spec.screens.iter().position(|s| s.id == cabinet.screen).unwrap();
        for (index, (x, y, order)) in (0..).zip(pixels_of(spec, cabinet)) {
            let address = match port.protocol {
                ProtocolKind::Ocp809 if by_id => (cabinet.place + 1, index),
                ProtocolKind::Ocp809 => (0, (y - top) * width + x - left),
                ProtocolKind::Colorlight => (u16::try_from(y - top).unwrap(), x - left),
            };
            let order = match port.protocol {
                ProtocolKind::Ocp809 => order,
                ProtocolKind::Colorlight => port.colorlight.clone().unwrap_or_default().color_order,
            };
            all.push((address, (screen, x, y, order)));
        }
    }
    all.sort_unstable_by_key(|(address, _)| *address);
    assert!(all.windows(2).all(|pair| pair[0].0 != pair[1].0), "the naive mapping uses an address twice");
    all
}

/// Walks the plan pixel by pixel: what it sends of modules, by address, and the addresses that it sends black.
fn sent(wall: &Wall, plan: &PortPlan) -> (Vec<(Address, Light)>, Vec<Address>) {
    let (mut lit, mut black) = (Vec::new(), Vec::new());
    for (number, packet) in plan.packets.iter().enumerate() {
        let mut next = 0;
        for run in plan.runs_of(packet) {
            assert_eq!((run.packet as usize, u32::from(run.first_pixel)), (number, next), "runs follow each other");
            next += u32::from(run.length);
            for i in 0..run.length {
                let along = |from: u32, step: i8| u32::try_from(i64::from(from) + i64::from(step) * i64::from(i)).unwrap();
                let (x, y) = (along(run.x, run.step_x), along(run.y, run.step_y));
                let address = (packet.target, packet.offset + u32::from(run.first_pixel) + u32::from(i));
                if let Some(index) = run.module {
                    let module = wall.module(index).unwrap();
                    assert!(module.rect.contains(PixelPoint::new(x, y)), "a run leaves its module");
                    lit.push((address, (run.screen.index(), x, y, run.color_order)));
                } else {
                    black.push(address);
                }
            }
        }
        assert_eq!(next, u32::from(packet.pixels), "packet {number} is full of runs");
    }
    lit.sort_unstable_by_key(|(address, _)| *address);
    black.sort_unstable();
    (lit, black)
}

/// Each pixel with an LED is sent once, to its place; black ones are sent once at most, and only where no LED is.
fn check_coverage(wall: &Wall, plan: &PortPlan, expected: &[(Address, Light)]) {
    let (lit, black) = sent(wall, plan);
    let different = lit.iter().zip(expected).find(|(sent, wanted)| sent != wanted);
    assert_eq!(different, None, "the first pixel that goes elsewhere (sent, wanted)");
    assert_eq!(lit.len(), expected.len(), "all pixels are sent, and nothing else");
    assert!(black.windows(2).all(|pair| pair[0] != pair[1]), "a black pixel is sent twice");
    let hit = black.iter().find(|address| expected.binary_search_by_key(*address, |(a, _)| *a).is_ok());
    assert_eq!(hit, None, "an address with an LED is sent black");
}

/// Limits of the packets themselves.
fn check_packets(wall: &Wall, plan: &PortPlan) {
    let port = wall.port(plan.port).unwrap();
    let group = plan.format.group_pixels();
    let ends: HashMap<u16, u32> = plan.packets.iter().fold(HashMap::new(), |mut ends, p| {
        let end = ends.entry(p.target).or_insert(0);
        *end = (*end).max(p.offset + u32::from(p.pixels));
        ends
    });
    for packet in &plan.packets {
        let pixels = u32::from(packet.pixels);
        assert!(pixels > 0, "no empty packets");
        assert_eq!(u32::from(packet.payload_bytes), plan.format.payload_bytes(pixels), "payload of {pixels} pixels");
        match port.protocol {
            ProtocolKind::Ocp809 => {
                // The numbers are the protocols' own, not the product's constants.
                assert!(18 + u32::from(packet.payload_bytes) <= u32::from(port.link.mtu), "within the MTU");
                let last = packet.offset + pixels == ends[&packet.target];
                assert!(last || pixels.is_multiple_of(group), "{pixels} pixels end within a group of {group}");
            }
            ProtocolKind::Colorlight => assert!(pixels <= 497, "{pixels} pixels in a row packet"),
        }
        assert!(HEADROOM + u32::from(packet.payload_bytes) <= plan.slot_stride, "the slot holds the packet");
    }
    assert!(plan.slot_stride.is_multiple_of(SLOT_ALIGN), "slots are aligned");
    let needed = plan.source_rows_needed(wall);
    assert!(needed.is_sorted(), "packets leave in the order of the rows that they need: {needed:?}");
    let same_row = needed.windows(2).zip(plan.packets.windows(2)).filter(|(rows, _)| rows[0] == rows[1]);
    for (_, pair) in same_row {
        assert!((pair[0].target, pair[0].offset) < (pair[1].target, pair[1].offset), "among equals, target by target");
    }
}

/// Checks the whole plan of a consistent document.
pub(crate) fn check(spec: &WallSpec) {
    let wall = Wall::from_spec(spec).unwrap_or_else(|problems| panic!("{problems}"));
    let plan = SlicePlan::build(&wall).unwrap();
    assert_eq!(plan.ports.len(), spec.ports.len(), "a plan for each port");
    for (plan, port) in plan.ports.iter().zip(&spec.ports) {
        check_coverage(&wall, plan, &expected(spec, port));
        check_packets(&wall, plan);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_pixel_is_sent_once_and_to_its_place(spec in walls()) {
        check(&spec);
    }
}

#[test]
fn id_addressed_packets_are_full_whatever_the_width_of_the_wall() {
    let grid = layout::Grid { modules: PixelSize::new(1, 2), ..layout::Grid::new(4, 1, PixelSize::new(64, 32)) };
    let spec = layout::raster(&grid).unwrap();
    check(&spec);
    let plan = SlicePlan::build(&Wall::from_spec(&spec).unwrap()).unwrap();
    let mut sizes: Vec<_> = plan.ports[0].packets.iter().map(|p| p.pixels).collect();
    sizes.sort_unstable();
    // 4096 pixels of a card = 8 x 494 + 144.
    assert_eq!(sizes, [[144; 4].as_slice(), &[494; 32]].concat(), "only the last packet of a card is short");
}

#[test]
fn holes_of_a_canvas_are_bridged_or_skipped_by_cost() {
    // Two cabinets of 40 pixels side by side, 15 and 16 columns apart: 3 x 15 = 45 bytes = one more Colorlight packet.
    for (gap, packets) in [(0, 1), (15, 1), (16, 2)] {
        let grid = layout::Grid { protocol: ProtocolKind::Colorlight, ..layout::Grid::new(2, 1, PixelSize::new(40, 1)) };
        let mut spec = layout::raster(&grid).unwrap();
        spec.screens[0].size.width += gap;
        spec.cabinets[1].x += gap;
        check(&spec);
        let plan = SlicePlan::build(&Wall::from_spec(&spec).unwrap()).unwrap();
        assert_eq!(plan.ports[0].packets.len(), packets, "{gap} columns between the cabinets");
    }
}

#[test]
fn colorlight_rows_are_cut_as_captured_senders_cut_them() {
    for (width, cuts) in [(497, vec![497]), (498, vec![497, 1]), (500, vec![497, 3]), (1024, vec![497, 497, 30])] {
        let grid = layout::Grid { protocol: ProtocolKind::Colorlight, ..layout::Grid::new(1, 1, PixelSize::new(width, 2)) };
        let plan = SlicePlan::build(&Wall::from_spec(&layout::raster(&grid).unwrap()).unwrap()).unwrap();
        let sizes: Vec<_> = plan.ports[0].packets.iter().map(|p| u32::from(p.pixels)).collect();
        assert_eq!(sizes, [cuts.clone(), cuts].concat(), "two rows of {width} pixels");
        assert_eq!(plan.ports[0].packets.iter().map(|p| p.target).max(), Some(1), "the target is the row");
    }
}
