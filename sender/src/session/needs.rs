//! What a wall needs of a card, held against what the card says that it can do.

use super::problem::CardProblem;
use crate::wall::{Addressing, AppliedAt, Cabinet, Port, WireFormat};
use crate::wire::ocp809::control::{Announce, Features, Formats, ProtocolVersions};

/// What the wall needs of the card of a cabinet.
#[derive(Debug)]
pub(super) struct Needs {
    format: WireFormat,
    mtu: u16,
    dims: bool,
    cuts: bool,
    pixels: u32,
    serial: Option<String>,
}

impl Needs {
    pub(super) fn new(port: &Port, cabinet: &Cabinet) -> Self {
        Self {
            format: port.link.format,
            mtu: port.link.mtu,
            dims: port.brightness_at == AppliedAt::Card,
            cuts: port.addressing == Addressing::Canvas,
            pixels: cabinet.memory_pixels,
            serial: cabinet.serial.clone(),
        }
    }

    /// What the card lacks, the gravest first.
    pub(super) fn unmet(&self, announce: &Announce) -> Option<CardProblem> {
        let can = &announce.capabilities;
        let (lowest, highest) = (announce.protocol.lowest, announce.protocol.highest);
        if lowest > ProtocolVersions::OWN.highest || highest < ProtocolVersions::OWN.lowest {
            return Some(CardProblem::Version { lowest, highest });
        }
        if !can.formats.contains(Formats::of(self.format)) {
            return Some(CardProblem::Format { wanted: self.format, deepest: can.formats.deepest() });
        }
        if can.max_pixels < self.pixels {
            return Some(CardProblem::Pixels { needed: self.pixels, most: can.max_pixels });
        }
        if can.mtu < self.mtu {
            return Some(CardProblem::Mtu { wanted: self.mtu, most: can.mtu });
        }
        if self.cuts && !can.features.contains(Features::CANVAS) {
            return Some(CardProblem::NoCanvas);
        }
        if self.dims && !can.features.contains(Features::DIMMER) {
            return Some(CardProblem::NoDimmer);
        }
        let found = announce.identity.serial.to_string();
        let named = self.serial.as_ref().filter(|named| **named != found);
        named.map(|named| CardProblem::OtherSerial { named: named.clone(), found })
    }
}
