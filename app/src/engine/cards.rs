//! Who knows how the cards are doing: virtual cards leave their status in memory, real ones report over the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ocp809_sender::ids::PortIndex;
use ocp809_sender::session::{Roster, RosterCard};
use ocp809_sender::time::{Nanos, Tai};
use ocp809_sender::wall::{ProtocolKind, Wall};
use ocp809_sender::wire::ocp809::control::Health;

use crate::control::status::{Alarm, CardStatus, Severity};

/// Cards that have not been heard yet may take this long after the start before that is an alarm.
const GRACE_NS: u64 = 5_000_000_000;

/// Knows the wall's cards.
pub trait CardProbe: Send {
    /// Takes a frame that came from a card.
    fn hear(&mut self, port: PortIndex, frame: &[u8], now: Nanos);

    /// All cards in the order of the wall's cabinets.
    fn cards(&mut self, now: Nanos, tai: Tai) -> Vec<CardStatus>;

    /// What is wrong with them.
    fn alarms(&self, now: Nanos, tai: Tai) -> Vec<Alarm>;
}

/// Virtual cards, whose host leaves their status here.
#[derive(Debug, Clone, Default)]
pub struct SharedCards(Arc<ArcSwap<Vec<CardStatus>>>);

impl SharedCards {
    /// Replaces what is known.
    pub fn store(&self, cards: Vec<CardStatus>) {
        self.0.store(Arc::new(cards));
    }
}

impl CardProbe for SharedCards {
    fn hear(&mut self, _: PortIndex, _: &[u8], _: Nanos) {}

    fn cards(&mut self, _: Nanos, _: Tai) -> Vec<CardStatus> {
        self.0.load().as_ref().clone()
    }

    fn alarms(&self, _: Nanos, _: Tai) -> Vec<Alarm> {
        Vec::new()
    }
}

/// Cards that are known by what they report. Colorlight receivers report nothing and are never missed.
#[derive(Debug)]
pub struct ReportingCards {
    wall: Arc<Wall>,
    roster: Roster,
    started: Nanos,
    /// Whether each card was online, and since when.
    since: Vec<(bool, Tai)>,
}

impl ReportingCards {
    /// The cards of a wall, none of which was heard yet.
    #[must_use]
    pub fn new(wall: Arc<Wall>, now: Nanos, tai: Tai) -> Self {
        Self { roster: Roster::new(&wall), started: now, since: vec![(false, tai); wall.cabinets().len()], wall }
    }

    fn protocol(&self, port: PortIndex) -> ProtocolKind {
        self.wall.ports().get(port.index()).map_or(ProtocolKind::Ocp809, |port| port.protocol)
    }
}

impl CardProbe for ReportingCards {
    fn hear(&mut self, port: PortIndex, frame: &[u8], now: Nanos) {
        self.roster.hear(port, frame, now);
    }

    fn cards(&mut self, now: Nanos, tai: Tai) -> Vec<CardStatus> {
        let Self { wall, roster, since, .. } = self;
        let cards = wall.cabinets().iter().zip(roster.cards()).zip(since);
        let status = |((cabinet, card), since): ((&ocp809_sender::wall::Cabinet, &RosterCard), &mut (bool, Tai))| {
            let online = card.is_online(now);
            if since.0 != online {
                *since = (online, tai);
            }
            let port = wall.ports().get(cabinet.port.index()).map(|port| port.id.to_string()).unwrap_or_default();
            reported(
                CardStatus {
                    cabinet: cabinet.id.to_string(),
                    port,
                    place: cabinet.place,
                    serial: card.serial.clone(),
                    online,
                    since: since.1,
                    ..CardStatus::default()
                },
                card,
            )
        };
        cards.map(status).collect()
    }

    /// One alarm per port: the first card that is silent says where to look.
    fn alarms(&self, now: Nanos, tai: Tai) -> Vec<Alarm> {
        if now.since(self.started) < GRACE_NS {
            return Vec::new();
        }
        let mut silent: BTreeMap<PortIndex, (u16, u32, u32)> = BTreeMap::new();
        for (cabinet, card) in self.wall.cabinets().iter().zip(self.roster.cards()) {
            if self.protocol(cabinet.port) == ProtocolKind::Ocp809 {
                let (first, missing, all) = silent.entry(cabinet.port).or_insert((u16::MAX, 0, 0));
                *all += 1;
                if !card.is_online(now) {
                    *first = cabinet.place.min(*first);
                    *missing += 1;
                }
            }
        }
        let alarm = |(port, (first, missing, all)): (PortIndex, (u16, u32, u32))| {
            let port = self.wall.ports().get(port.index())?;
            (missing > 0).then(|| Alarm {
                severity: Severity::Error,
                source: format!("port {}", port.id),
                text: format!("{}; {missing} of {all} cards are silent", self.behind(port, first)),
                since: tai,
            })
        };
        silent.into_iter().filter_map(alarm).collect()
    }
}

impl ReportingCards {
    /// Where a cascade ends, in the words of people who look for the cable.
    fn behind(&self, port: &ocp809_sender::wall::Port, first_silent: u16) -> String {
        let before = first_silent.checked_sub(1);
        let cabinet = before.and_then(|place| self.wall.cascade(port).find(|cabinet| cabinet.place == place));
        cabinet.map_or_else(|| "no card answers".to_owned(), |cabinet| format!("no answer after cabinet {}", cabinet.id))
    }
}

/// Adds what a card counted.
fn reported(mut status: CardStatus, card: &RosterCard) -> CardStatus {
    let Some(counted) = &card.stats else { return status };
    let frames = &counted.frames;
    (status.shown, status.held, status.late) = (frames.shown.into(), frames.held.into(), frames.late.into());
    for link in &counted.links {
        status.lost += u64::from(link.lost);
        status.bad_crc += u64::from(link.bad_crc);
        status.duplicates += u64::from(link.duplicates);
        status.repaired += u64::from(link.repaired);
        status.unlatched += u64::from(link.frames_missed);
    }
    let tenths = counted.health.temperature_decidegrees;
    status.temperature_c = (tenths != Health::TEMPERATURE_UNKNOWN).then(|| f32::from(tenths) / 10.0);
    status
}
