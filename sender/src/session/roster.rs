//! What the cards of a wall report about themselves, kept per cabinet: STATS come once per second unasked, ANNOUNCE when a
//! card starts or a link comes up. A card that is silent for three seconds is offline.

use crate::ids::PortIndex;
use crate::time::Nanos;
use crate::wall::{Cabinet, Wall};
use crate::wire::ocp809::control::{Body, ControlFrame, Event, Message, Response, Stats};

/// Three reports missed: the card is offline.
pub const OFFLINE_NS: u64 = 3_000_000_000;

/// One card of the wall as it last reported itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RosterCard {
    /// When it was heard last.
    pub heard: Option<Nanos>,
    /// Serial number, once known.
    pub serial: String,
    /// Its newest counters and health.
    pub stats: Option<Stats>,
}

/// All cards of a wall.
#[derive(Debug)]
pub struct Roster {
    cards: Vec<RosterCard>,
    /// Port and id of each cabinet's card.
    places: Vec<(PortIndex, u16)>,
}

impl Roster {
    /// A roster in which nobody has been heard.
    #[must_use]
    pub fn new(wall: &Wall) -> Self {
        let place = |cabinet: &Cabinet| (cabinet.port, Wall::card_id(cabinet));
        let places: Vec<_> = wall.cabinets().iter().map(place).collect();
        Self { cards: vec![RosterCard::default(); places.len()], places }
    }

    /// Takes a control frame that came in on a port; whether a card of this wall said something new about itself.
    pub fn hear(&mut self, port: PortIndex, frame: &[u8], now: Nanos) -> bool {
        let Some(message) = parse(frame) else { return false };
        let id = message.route.card_id;
        let Some(card) = self.places.iter().position(|place| *place == (port, id)).and_then(|at| self.cards.get_mut(at)) else {
            return false;
        };
        match message.body {
            Body::Event(Event::Stats(stats)) | Body::Response(Response::Stats(stats)) => card.stats = Some(stats),
            Body::Event(Event::Announce(announce)) | Body::Response(Response::Discover(announce)) => {
                card.serial = announce.identity.serial.to_string();
            }
            Body::Request(_) | Body::Response(_) | Body::Nack(_) | Body::Event(Event::Refused(_)) => return false,
        }
        card.heard = Some(now);
        true
    }

    /// The cards, in the order of the wall's cabinets.
    #[must_use]
    pub fn cards(&self) -> &[RosterCard] {
        &self.cards
    }
}

impl RosterCard {
    /// Whether it was heard lately.
    #[must_use]
    pub fn is_online(&self, now: Nanos) -> bool {
        self.heard.is_some_and(|heard| now.since(heard) < OFFLINE_NS)
    }
}

fn parse(frame: &[u8]) -> Option<Message> {
    let frame = ControlFrame::new_checked(frame).ok()?;
    frame.packet().check_crc().ok()?;
    Message::parse(frame.packet()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::VirtualWall;
    use crate::geometry::PixelSize;
    use crate::stream::FeedEnd;
    use crate::time::Tai;
    use crate::wall::layout::{Grid, serpentine};

    #[test]
    fn cards_that_report_are_online_until_their_cable_is_cut() {
        let wall = Wall::from_spec(&serpentine(&Grid::new(4, 1, PixelSize::new(16, 16))).unwrap()).unwrap();
        let mut cards = VirtualWall::new(&wall);
        let mut roster = Roster::new(&wall);
        let mut now = Nanos(0);
        let mut run = |cards: &mut VirtualWall, roster: &mut Roster, seconds: u64| {
            for _ in 0..seconds * 100 {
                now = now.after(10_000_000);
                cards.advance(now, Tai(0));
                cards.drain(PortIndex(0), FeedEnd::Head, &mut |frame| {
                    roster.hear(PortIndex(0), frame, now);
                });
            }
            now
        };
        let at = run(&mut cards, &mut roster, 3);
        assert!(roster.cards().iter().all(|card| card.is_online(at) && card.stats.is_some()), "{:?}", roster.cards());
        cards.unplug(PortIndex(0), Some(1));
        let at = run(&mut cards, &mut roster, 5);
        let online: Vec<bool> = roster.cards().iter().map(|card| card.is_online(at)).collect();
        assert_eq!(online, [true, true, false, false], "the cut shows where it is");
    }

    #[test]
    fn strangers_and_noise_change_nothing() {
        let wall = Wall::from_spec(&serpentine(&Grid::new(1, 1, PixelSize::new(16, 16))).unwrap()).unwrap();
        let mut roster = Roster::new(&wall);
        assert!(!roster.hear(PortIndex(0), &[0; 64], Nanos(1)), "no control frame");
        assert!(!roster.hear(PortIndex(7), &[0xff; 300], Nanos(1)), "no such port");
        assert!(roster.cards()[0].heard.is_none(), "nobody was heard");
    }
}
