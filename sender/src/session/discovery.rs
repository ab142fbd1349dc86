//! Who hangs on a cable: cards are asked one after the other, by their place in the cascade, until one is silent.

use crate::time::{Nanos, Tai};
use crate::wall::ProtocolKind;
use crate::wire::colorlight::{DiscoveryReply, DiscoveryRequestRepr, REQUEST_LEN, model_name};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::{
    Announce, Body, ControlError, ControlFrame, Discover, Get, Message, Reassembly, Request, Response, Route, Seal, Setting,
};
use crate::wire::ocp809::group_address;

/// A card that does not answer is asked this often.
const TRIES: u8 = 3;

/// Most cards of a cascade: hops are counted down from 254.
const PLACES: u16 = 255;

/// A card that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCard {
    /// Its place in the cascade, 0 nearest to the sender.
    pub place: u8,
    /// Its protocol.
    pub protocol: ProtocolKind,
    /// Serial number; empty where the protocol has none.
    pub serial: String,
    /// Model, as the card names it.
    pub model: String,
    /// Firmware, as the card names it.
    pub firmware: String,
    /// Its id, 0 while none is assigned; 0 on Colorlight.
    pub id: u16,
    /// The rectangle that it was set up for, where it says so (Colorlight).
    pub size: Option<(u16, u16)>,
    /// Its settings; empty where they were not asked for, or where the protocol has none.
    pub settings: Vec<Setting>,
    /// Who drives it now: the address of a master that was heard in the last two seconds.
    pub master: Option<MacAddress>,
}

/// Asks the cards of one cable.
#[derive(Debug)]
pub struct Discovery {
    protocol: ProtocolKind,
    source: MacAddress,
    wait_ns: u64,
    first_transaction: u32,
    place: u16,
    tries: u8,
    asked_at: Option<Nanos>,
    found: Vec<FoundCard>,
    /// Whether cards are asked for their settings as well.
    wants_settings: bool,
    /// Whether the newest card still owes them.
    asks_settings: bool,
    joint: Reassembly,
}

impl Discovery {
    /// Asks from address `source` at `tai`, and waits `wait_ns` for each answer. Cards repeat an answer to a question that
    /// they have heard before: the instant makes those of two discoveries differ.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "only has to differ from one discovery to the next")]
    pub const fn new(protocol: ProtocolKind, source: MacAddress, wait_ns: u64, tai: Tai) -> Self {
        Self {
            protocol,
            source,
            wait_ns,
            first_transaction: (tai.0 / 1_000) as u32,
            place: 0,
            tries: 0,
            asked_at: None,
            found: Vec::new(),
            wants_settings: false,
            asks_settings: false,
            joint: Reassembly::new(),
        }
    }

    /// The same, and asks every OCP-809 card for its settings too.
    #[must_use]
    pub fn with_settings(mut self) -> Self {
        self.wants_settings = self.protocol == ProtocolKind::Ocp809;
        self
    }

    /// The next question, if it is time for one; `None` while an answer is waited for, and when all is known.
    ///
    /// # Errors
    /// Never for the questions that are asked here; the type is the codec's.
    pub fn poll(&mut self, now: Nanos) -> Result<Option<Vec<u8>>, ControlError> {
        if self.is_done() || self.asked_at.is_some_and(|asked| now.since(asked) < self.wait_ns) {
            return Ok(None);
        }
        if self.tries >= TRIES && self.asks_settings {
            // A card that keeps its settings to itself is found all the same.
            self.next_card();
        }
        if self.tries >= TRIES {
            // Silence: the cascade ends before this place.
            self.place = PLACES;
            return Ok(None);
        }
        self.tries += 1;
        self.asked_at = Some(now);
        self.question().map(Some)
    }

    /// Takes a received frame; whether it was an answer.
    pub fn hear(&mut self, frame: &[u8]) -> bool {
        match self.protocol {
            ProtocolKind::Ocp809 => self.hear_ocp809(frame).is_some(),
            ProtocolKind::Colorlight => {
                let card = colorlight_answer(frame).filter(|card| u16::from(card.place) == self.place);
                let is_answer = card.is_some();
                self.found.extend(card);
                if is_answer {
                    self.next_card();
                }
                is_answer
            }
        }
    }

    const fn next_card(&mut self) {
        (self.place, self.tries, self.asked_at, self.asks_settings) = (self.place + 1, 0, None, false);
    }

    /// Whether nothing more will be asked.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.place >= PLACES
    }

    /// The cards that answered, nearest first.
    #[must_use]
    pub fn found(&self) -> &[FoundCard] {
        &self.found
    }

    fn question(&self) -> Result<Vec<u8>, ControlError> {
        let place = u8::try_from(self.place).unwrap_or(u8::MAX);
        if self.protocol == ProtocolKind::Colorlight {
            let mut frame = [0; REQUEST_LEN];
            DiscoveryRequestRepr { place }.emit(&mut frame);
            return Ok(frame.to_vec());
        }
        let request =
            if self.asks_settings { Request::Get(Get { wanted: None }) } else { Request::Discover(Discover { padding: None }) };
        let message = Message { route: Route::to_place(place), transaction: self.transaction(), body: Body::Request(request) };
        let seal = Seal { destination: group_address(0), source: self.source, frame_max: 1514, signer: None };
        Ok(message.emit(&seal)?.concat())
    }

    /// Both questions to a card differ from each other and from those to its neighbours.
    const fn transaction(&self) -> u32 {
        self.first_transaction.wrapping_add(self.place as u32 * 2 + self.asks_settings as u32)
    }

    fn hear_ocp809(&mut self, frame: &[u8]) -> Option<()> {
        let frame = ControlFrame::new_checked(frame).ok()?;
        frame.packet().check_crc().ok()?;
        let message = self.joint.push(&frame).ok()??;
        let Body::Response(response) = message.body else { return None };
        if message.transaction != self.transaction() {
            return None;
        }
        if let Response::Discover(announce) = response {
            self.found.push(found(u8::try_from(self.place).ok()?, message.route.card_id, &announce));
            (self.tries, self.asked_at, self.asks_settings) = (0, None, self.wants_settings);
            if !self.wants_settings {
                self.next_card();
            }
        } else if let (Response::Get(configuration), Some(card)) = (response, self.found.last_mut()) {
            card.settings = configuration.settings;
            self.next_card();
        }
        Some(())
    }
}

fn found(place: u8, id: u16, announce: &Announce) -> FoundCard {
    let hardware = &announce.hardware;
    FoundCard {
        place,
        protocol: ProtocolKind::Ocp809,
        serial: announce.identity.serial.to_string(),
        model: announce.model.name.as_str().to_owned(),
        firmware: format!("{}.{}.{}", hardware.firmware_major, hardware.firmware_minor, hardware.firmware_patch),
        id,
        size: None,
        settings: Vec::new(),
        master: announce.master.as_ref().and_then(|master| master.macs.first().copied()),
    }
}

fn colorlight_answer(frame: &[u8]) -> Option<FoundCard> {
    let reply = DiscoveryReply::new_checked(frame).ok()?.repr();
    let (major, minor) = reply.firmware;
    Some(FoundCard {
        place: reply.place,
        protocol: ProtocolKind::Colorlight,
        serial: String::new(),
        model: model_name(reply.model).map_or_else(|| format!("code {:#04x}", reply.model), str::to_owned),
        firmware: format!("{major}.{minor}"),
        id: 0,
        size: Some((reply.width, reply.height)),
        settings: Vec::new(),
        master: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::VirtualWall;
    use crate::geometry::PixelSize;
    use crate::ids::PortIndex;
    use crate::stream::FeedEnd;
    use crate::wall::Wall;
    use crate::wall::layout::{Grid, serpentine};
    use crate::wire::ocp809::software_address;

    fn discover(protocol: ProtocolKind, unplugged_after: Option<u16>) -> Vec<FoundCard> {
        let mut grid = Grid::new(5, 1, PixelSize::new(16, 16));
        grid.protocol = protocol;
        let wall = Wall::from_spec(&serpentine(&grid).unwrap()).unwrap();
        let mut cards = VirtualWall::new(&wall);
        if let Some(place) = unplugged_after {
            cards.unplug(PortIndex(0), Some(place));
        }
        let mut discovery = Discovery::new(protocol, software_address(0), 10_000_000, Tai(1));
        let mut now = Nanos(1_000_000_000);
        while !discovery.is_done() {
            if let Some(frame) = discovery.poll(now).unwrap() {
                cards.deliver(PortIndex(0), FeedEnd::Head, now, Tai(0), &frame);
            }
            now = now.after(1_000_000);
            cards.advance(now, Tai(0));
            cards.drain(PortIndex(0), FeedEnd::Head, &mut |frame| {
                discovery.hear(frame);
            });
        }
        discovery.found().to_vec()
    }

    #[test]
    fn every_card_of_a_cascade_is_found_in_its_place() {
        let found = discover(ProtocolKind::Ocp809, None);
        assert_eq!(found.iter().map(|card| card.place).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "in order");
        assert!(found.iter().all(|card| !card.serial.is_empty() && !card.model.is_empty()), "{found:?}");
        let serials: std::collections::HashSet<_> = found.iter().map(|card| &card.serial).collect();
        assert_eq!(serials.len(), 5, "each with its own serial");
    }

    #[test]
    fn a_cascade_ends_where_its_cable_is_cut() {
        assert_eq!(discover(ProtocolKind::Ocp809, Some(1)).len(), 2, "two cards before the cut");
    }

    #[test]
    fn colorlight_receivers_answer_by_index() {
        let found = discover(ProtocolKind::Colorlight, None);
        assert_eq!(found.iter().map(|card| card.place).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "in order");
        assert!(found.iter().all(|card| card.size.is_some()), "{found:?}");
    }

    #[test]
    fn noise_is_no_answer() {
        let mut discovery = Discovery::new(ProtocolKind::Ocp809, software_address(0), 1, Tai(1));
        for length in 0..200_usize {
            assert!(!discovery.hear(&vec![0xa5; length]), "{length} bytes");
        }
    }
}
