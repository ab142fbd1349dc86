//! Ports: link, protocol, and how many packets one frame takes.

use super::cabinets::Placed;
use super::numbers;
use crate::geometry::PixelSize;
use crate::slice::limits::{OCP809_MAX_PACKETS, packet_pixels_on};
use crate::wall::limits::{LINK_RATES_MBIT, MAX_SPREAD_PERCENT};
use crate::wall::path::DocPath;
use crate::wall::problem::{ForeignSetting, Problems, WallFault};
use crate::wall::spec::{LinkSpec, PortSpec, WallSpec};
use crate::wall::{Addressing, AppliedAt, Port, ProtocolKind, WireFormat};

/// All ports, with empty cascades and canvases.
pub(in crate::wall) fn resolve(spec: &WallSpec, problems: &mut Problems) -> Vec<Port> {
    spec.ports.iter().enumerate().map(|(i, port)| resolve_one(port, &DocPath::entry("port", i), problems)).collect()
}

fn resolve_one(spec: &PortSpec, here: &DocPath, problems: &mut Problems) -> Port {
    check_link(&spec.link, &here.key("link"), problems);
    for (place, setting) in foreign_settings(spec, here) {
        problems.push(place, WallFault::Foreign { setting });
    }
    let addressing = match spec.protocol {
        ProtocolKind::Ocp809 => spec.addressing,
        ProtocolKind::Colorlight => Addressing::Canvas,
    };
    Port {
        id: spec.id.clone(),
        protocol: spec.protocol,
        link: spec.link.clone(),
        addressing,
        redundant: spec.redundant,
        brightness_at: spec.brightness_at,
        calibration_at: spec.calibration_at,
        colorlight: spec.colorlight.clone().unwrap_or_default(),
        cascade: Vec::new(),
        canvas: PixelSize::default(),
    }
}

fn check_link(link: &LinkSpec, here: &DocPath, problems: &mut Problems) {
    numbers::one_of(here.key("rate_mbit"), link.rate_mbit, &LINK_RATES_MBIT, problems);
    numbers::range(here.key("mtu"), f64::from(link.mtu), [1500.0, 9000.0], " bytes", problems);
    numbers::range(here.key("gamma"), link.gamma, [1.0, 4.0], "", problems);
    let spread = [0.0, f64::from(MAX_SPREAD_PERCENT)];
    numbers::range(here.key("spread_percent"), f64::from(link.spread_percent), spread, " %", problems);
}

/// Settings that the port's protocol does not have.
fn foreign_settings(spec: &PortSpec, here: &DocPath) -> Vec<(DocPath, ForeignSetting)> {
    let link = here.key("link");
    let checks = match spec.protocol {
        ProtocolKind::Ocp809 => vec![(spec.colorlight.is_some(), here.key("colorlight"), ForeignSetting::ColorlightTable)],
        ProtocolKind::Colorlight => vec![
            (spec.link.rate_mbit != 1000, link.key("rate_mbit"), ForeignSetting::ColorlightRate),
            (spec.link.mtu != 1500, link.key("mtu"), ForeignSetting::ColorlightMtu),
            (spec.link.format != WireFormat::Rgb8, link.key("format"), ForeignSetting::ColorlightFormat),
            (spec.redundant, here.key("redundant"), ForeignSetting::ColorlightRedundant),
            (spec.calibration_at == AppliedAt::Card, here.key("calibration_at"), ForeignSetting::ColorlightCalibration),
        ],
    };
    checks.into_iter().filter(|&(wrong, ..)| wrong).map(|(_, place, setting)| (place, setting)).collect()
}

/// Reports ports whose frame needs more packets than the protocol counts. On a canvas this is the least possible number;
/// the slice plan, which knows the holes, has the last word.
pub(in crate::wall) fn check_packets(ports: &[Port], placed: &Placed, problems: &mut Problems) {
    for (index, port) in ports.iter().enumerate().filter(|(_, p)| p.protocol == ProtocolKind::Ocp809) {
        let full = u64::from(packet_pixels_on(port.protocol, &port.link)).max(1);
        let cabinets = placed.cabinets.iter().map(|(_, c)| c).filter(|c| c.port.index() == index);
        let memories = cabinets.map(|c| u64::from(c.memory_pixels));
        let packets = match port.addressing {
            Addressing::Id => memories.map(|m| m.div_ceil(full)).sum(),
            Addressing::Canvas => memories.sum::<u64>().div_ceil(full),
        };
        if packets > OCP809_MAX_PACKETS {
            let fault = WallFault::TooManyPackets { port: port.id.clone(), packets, limit: OCP809_MAX_PACKETS };
            problems.push(DocPath::entry("port", index), fault);
        }
    }
}
