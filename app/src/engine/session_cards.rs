//! Real cards: the session's knowledge in the words of status and alarms. Colorlight receivers report nothing and are never
//! missed.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use ocp809_sender::ids::{CabinetIndex, PortIndex};
use ocp809_sender::session::{
    ForeignMaster, KeyState, Mastership, Notice, Outgoing, PortAddresses, Protection, RosterCard, SessionProblem, Streaming,
    WallSession,
};
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Nanos, Tai};
use ocp809_sender::wall::{Cabinet, Port, ProtocolKind, Wall};
use ocp809_sender::wire::ocp809::Epoch;
use ocp809_sender::wire::ocp809::auth::Signing;
use ocp809_sender::wire::ocp809::control::Health;

use super::cards::Cards;
use crate::control::desk::Moment;
use crate::control::event::EventKind;
use crate::control::status::{Alarm, CardStatus, KeyStatus, Severity};

/// Cards that have not been heard yet may take this long after the start before that is an alarm.
const GRACE_NS: u64 = 3_000_000_000;

/// A card that was silent for this long is offline: two STATS and the questions after them stayed unanswered.
const OFFLINE_NS: u64 = 2_500_000_000;

/// Makes an epoch that is newer than the term that was heard of and than all that this host used, and stores it.
pub type Claim = Box<dyn FnMut(Option<u16>) -> Epoch + Send>;

/// How a session with real cards begins.
pub struct SessionOptions {
    /// This host's interfaces per port, in the wall's order.
    pub addresses: Vec<PortAddresses>,
    /// Another sender that drives the wall is superseded instead of respected.
    pub takes_over: bool,
    /// The site's key, where it has one.
    pub protection: Option<Protection>,
    /// Makes epochs.
    pub claim: Claim,
}

/// The cards of a wall, as they answer and report.
pub struct SessionCards {
    wall: Arc<Wall>,
    session: WallSession,
    claim: Claim,
    started: Nanos,
    /// Whether each card was online, and since when.
    since: Vec<(bool, Tai)>,
    events: Vec<EventKind>,
    /// Cards that were exchanged during this run.
    replaced: BTreeMap<CabinetIndex, (String, String, Tai)>,
}

impl SessionCards {
    /// The cards of a wall, none of which was heard yet.
    #[must_use]
    pub fn new(wall: Arc<Wall>, options: SessionOptions, now: Nanos, tai: Tai) -> Self {
        let SessionOptions { addresses, takes_over, protection, claim } = options;
        Self {
            session: WallSession::new(&wall, &addresses, takes_over, protection, tai),
            claim,
            started: now,
            since: vec![(false, tai); wall.cabinets().len()],
            wall,
            events: Vec::new(),
            replaced: BTreeMap::new(),
        }
    }

    fn port_of(&self, cabinet: &Cabinet) -> Option<&Port> {
        self.wall.port(cabinet.port)
    }

    fn cabinet_name(&self, cabinet: CabinetIndex) -> String {
        self.wall.cabinet(cabinet).map(|cabinet| cabinet.id.to_string()).unwrap_or_default()
    }

    fn port_name(&self, port: PortIndex) -> String {
        self.wall.port(port).map(|port| port.id.to_string()).unwrap_or_default()
    }

    /// Another sender is in the way.
    fn rival_alarm(&self, now: Nanos, tai: Tai) -> Option<Alarm> {
        let who = |foreign: &ForeignMaster| {
            let addresses: Vec<_> = foreign.addresses.iter().map(ToString::to_string).collect();
            let address = if addresses.is_empty() { "an unknown address".to_owned() } else { addresses.join(" and ") };
            format!("{address}, heard of on port {}", self.port_name(foreign.port))
        };
        let text = match self.session.mastership() {
            Mastership::Asking | Mastership::Master(_) => {
                let text = format!(
                    "another sender ({}) drives cards that are not locked: take them back: ocp809 do take-over; then install \
                     the site's key: ocp809 do install-key",
                    who(self.session.intruder(now)?)
                );
                return Some(Alarm { severity: Severity::Error, source: "wall".to_owned(), text, since: tai });
            }
            Mastership::Foreign(foreign) => format!(
                "another sender drives it ({}): stop that one, and this one goes on by itself; or take the wall: ocp809 do take-over",
                who(foreign)
            ),
            Mastership::Superseded(foreign) => {
                format!("another sender took it ({}): to take it back: ocp809 do take-over", who(foreign))
            }
        };
        Some(Alarm { severity: Severity::Critical, source: "wall".to_owned(), text, since: tai })
    }

    /// One alarm per port: the first card that is silent says where to look.
    fn silent_alarms(&self, now: Nanos, tai: Tai) -> Vec<Alarm> {
        if now.since(self.started) < GRACE_NS {
            return Vec::new();
        }
        let mut silent: BTreeMap<PortIndex, Silence> = BTreeMap::new();
        for (cabinet, card) in self.wall.cabinets().iter().zip(self.session.cards()) {
            if self.port_of(cabinet).is_some_and(|port| port.protocol == ProtocolKind::Ocp809) {
                silent.entry(cabinet.port).or_default().count(cabinet.place, is_online(card, now));
            }
        }
        let alarm = |(port, silence): (PortIndex, Silence)| {
            let port = self.wall.port(port)?;
            let Silence { first, last, missing, all } = silence;
            let answers_behind = last.is_some_and(|last| last > first);
            (missing > 0).then(|| Alarm {
                severity: Severity::Error,
                source: format!("port {}", port.id),
                text: format!("{}; {missing} of {all} cards are silent", self.place_of_silence(port, first, answers_behind)),
                since: tai,
            })
        };
        silent.into_iter().filter_map(alarm).collect()
    }

    /// Where answers end, in the words of people who look for the cable.
    fn place_of_silence(&self, port: &Port, first: u16, answers_behind: bool) -> String {
        let at = |place: Option<u16>| place.and_then(|place| self.wall.cascade(port).find(|cabinet| cabinet.place == place));
        match (at(first.checked_sub(1)), at(Some(first))) {
            (_, Some(cabinet)) if answers_behind => {
                format!("no answer from cabinet {}, though others behind it answer", cabinet.id)
            }
            (Some(before), _) => format!("no answer after cabinet {}", before.id),
            (None, _) => "no card answers".to_owned(),
        }
    }

    fn problem_alarm(&self, problem: &SessionProblem, tai: Tai) -> Alarm {
        let (severity, source) = match problem {
            SessionProblem::LongPackets { port } => (Severity::Error, format!("port {}", self.port_name(*port))),
            SessionProblem::Card { cabinet, problem } => {
                let severity = if problem.is_final() { Severity::Error } else { Severity::Warning };
                (severity, format!("cabinet {}", self.cabinet_name(*cabinet)))
            }
        };
        Alarm { severity, source, text: problem.to_string(), since: tai }
    }
}

/// How the cards of a port answer.
#[derive(Debug)]
struct Silence {
    /// Place of the first one that does not.
    first: u16,
    /// Place of the last one that does.
    last: Option<u16>,
    missing: u32,
    all: u32,
}

impl Default for Silence {
    fn default() -> Self {
        Self { first: u16::MAX, last: None, missing: 0, all: 0 }
    }
}

impl Silence {
    /// Counts a card; cards of a port come in no particular order.
    fn count(&mut self, place: u16, is_online: bool) {
        self.all += 1;
        if is_online {
            self.last = self.last.max(Some(place));
        } else {
            self.missing += 1;
            self.first = self.first.min(place);
        }
    }
}

impl Cards for SessionCards {
    fn link(&mut self, port: PortIndex, end: FeedEnd, is_up: bool, now: Nanos) {
        self.session.link(port, end, is_up, now);
    }

    fn hear(&mut self, port: PortIndex, end: FeedEnd, frame: &[u8], now: Nanos) {
        self.session.hear(port, end, frame, now);
    }

    fn posted(&mut self, request: &Outgoing, tai: Tai) {
        if let Some(transaction) = request.time {
            self.session.departed(request.port, request.end, transaction, tai);
        }
    }

    fn drive(&mut self, at: Moment, send: &mut dyn FnMut(Outgoing)) {
        self.session.poll((at.now, at.tai), &mut self.claim, send);
        for notice in self.session.take_notices() {
            match notice {
                Notice::Replaced { cabinet, old, new } => {
                    let name = self.cabinet_name(cabinet);
                    self.events.push(EventKind::CardReplaced { cabinet: name, old: old.clone(), new: new.clone() });
                    self.replaced.insert(cabinet, (old, new, at.tai));
                }
                Notice::Calibrated { cabinet, module } => {
                    tracing::info!(cabinet = self.cabinet_name(cabinet), module, "coefficients are stored and act");
                }
                Notice::NotCalibrated { cabinet, module, reason } => {
                    tracing::error!(cabinet = self.cabinet_name(cabinet), module, %reason, "coefficients were refused");
                }
                Notice::KeyInstalled { cards, of } => {
                    self.events.push(EventKind::KeyInstalled { cards: count(cards), of: count(of) });
                }
                Notice::Saved { cards, of } => self.events.push(EventKind::CardsSaved { cards: count(cards), of: count(of) }),
            }
        }
    }

    fn streaming(&self) -> &Streaming {
        self.session.streaming()
    }

    fn take_over(&mut self) {
        self.session.take_over();
    }

    fn install_key(&mut self, now: Nanos) {
        self.session.install_key(now);
    }

    fn save(&mut self, now: Nanos) {
        self.session.save_cards(now);
    }

    fn identify(&mut self, cabinet: Option<CabinetIndex>) {
        self.session.identify(cabinet);
    }

    fn can_identify(&self, cabinet: CabinetIndex) -> bool {
        self.session.can_identify(cabinet)
    }

    fn signing(&self) -> Option<Signing> {
        self.session.signing()
    }

    fn cards(&mut self, now: Nanos, tai: Tai) -> Vec<CardStatus> {
        let Self { wall, session, since, .. } = self;
        let cards = wall.cabinets().iter().zip(session.cards()).zip(since);
        let status = |((cabinet, card), since): ((&Cabinet, &RosterCard), &mut (bool, Tai))| {
            let online = is_online(card, now);
            if since.0 != online {
                *since = (online, tai);
            }
            let port = wall.port(cabinet.port).map(|port| port.id.to_string()).unwrap_or_default();
            reported(
                CardStatus {
                    cabinet: cabinet.id.to_string(),
                    port,
                    place: cabinet.place,
                    serial: card.serial.clone(),
                    online,
                    since: since.1,
                    key: key_status(card.key),
                    ..CardStatus::default()
                },
                card,
            )
        };
        cards.map(status).collect()
    }

    fn alarms(&self, now: Nanos, tai: Tai) -> Vec<Alarm> {
        let mut alarms: Vec<Alarm> = self.rival_alarm(now, tai).into_iter().collect();
        alarms.extend(self.silent_alarms(now, tai));
        alarms.extend(self.session.problems().map(|problem| self.problem_alarm(&problem, tai)));
        alarms.extend(self.replaced.iter().map(|(cabinet, (old, new, since))| Alarm {
            severity: Severity::Notice,
            source: format!("cabinet {}", self.cabinet_name(*cabinet)),
            text: format!("card {new} took the place of {old} and has its settings"),
            since: *since,
        }));
        alarms
    }

    fn take_events(&mut self) -> Vec<EventKind> {
        std::mem::take(&mut self.events)
    }
}

impl fmt::Debug for SessionCards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCards").field("session", &self.session).finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_key = self.protection.is_some();
        let Self { addresses, takes_over, .. } = self;
        f.debug_struct("SessionOptions")
            .field("addresses", addresses)
            .field("takes_over", takes_over)
            .field("has_key", &has_key)
            .finish_non_exhaustive()
    }
}

fn is_online(card: &RosterCard, now: Nanos) -> bool {
    card.heard.is_some_and(|heard| now.since(heard) < OFFLINE_NS)
}

const fn key_status(key: KeyState) -> KeyStatus {
    match key {
        KeyState::Unknown => KeyStatus::Unknown,
        KeyState::None => KeyStatus::None,
        KeyState::Installed => KeyStatus::Installed,
        KeyState::Foreign => KeyStatus::Foreign,
    }
}

fn count(cards: usize) -> u32 {
    u32::try_from(cards).unwrap_or(u32::MAX)
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
