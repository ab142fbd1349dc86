//! The sender's whole conversation with the cards of a wall: who drives it, is every card there and set up, what may be
//! streamed where, and do all cards know the time.

use super::ask::{Letterhead, SiteKey};
use super::card::CardSlot;
use super::mastership::{ForeignMaster, Mastership, Rivals};
use super::port::PortSession;
use super::roster::RosterCard;
use super::upload::CalibrationUpload;
use super::{Notice, Outgoing, PortAddresses, SessionProblem};
use crate::ids::{CabinetIndex, PortIndex};
use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wall::Wall;
use crate::wire::ocp809::{EPOCH_WITHOUT_CARDS, Epoch, LATCH_COPY_GAP_NS};

/// A present instant lies this much later than the last card needs: for a sender that is woken late, its interface, and
/// clocks that are a little off.
const LEAD_MARGIN_NS: u64 = 1_000_000;

/// Before cards have said what they need between two frames: one refresh at 1920 Hz.
const GUARD_UNKNOWN_NS: u64 = 521_000;

/// What may be streamed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streaming {
    /// The epoch to stream under; `None` while nothing may be.
    pub epoch: Option<Epoch>,
    /// Whether each port may be fed.
    pub open: Vec<bool>,
    /// Longest time that a packet needs through each port's cards, in nanoseconds; 0 while they have not said.
    pub transit_ns: Vec<u64>,
    /// How long before its present instant a frame's LATCH leaves, in nanoseconds: the frame then carries the instant.
    /// `None` while cards do not share the time; frames are then shown on arrival.
    pub lead_ns: Option<u64>,
    /// From a present instant to the next frame's first packet, in nanoseconds.
    pub guard_ns: u64,
}

impl Streaming {
    /// Nothing may be streamed on any of so many ports.
    #[must_use]
    pub fn none(ports: usize) -> Self {
        Self { epoch: None, open: vec![false; ports], transit_ns: vec![0; ports], lead_ns: None, guard_ns: GUARD_UNKNOWN_NS }
    }

    /// Everything may be streamed to cards that nobody asks.
    #[must_use]
    pub fn unasked(ports: usize) -> Self {
        Self { epoch: Some(EPOCH_WITHOUT_CARDS), open: vec![true; ports], ..Self::none(ports) }
    }
}

/// A session with the cards of a wall. Pure: frames, links and time come in, frames go out.
#[derive(Debug)]
pub struct WallSession {
    ports: Vec<PortSession>,
    cards: Vec<RosterCard>,
    rivals: Rivals,
    letterhead: Letterhead,
    mastership: Mastership,
    takes_over: bool,
    notices: Vec<Notice>,
    streaming: Streaming,
}

impl WallSession {
    /// A session that begins at `tai`. `addresses` are this sender's interfaces per port; `takes_over`: another sender that
    /// drives the wall is superseded instead of respected.
    #[must_use]
    pub fn new(wall: &Wall, addresses: &[PortAddresses], takes_over: bool, key: Option<SiteKey>, tai: Tai) -> Self {
        let port = |(index, port): (u16, &crate::wall::Port)| {
            let addresses = addresses.get(usize::from(index)).copied().unwrap_or_default();
            PortSession::new(wall, PortIndex(index), port, addresses)
        };
        let own = addresses.iter().flat_map(|port| [Some(port.head), port.tail]).flatten().collect();
        Self {
            ports: (0..).zip(wall.ports()).map(port).collect(),
            cards: vec![RosterCard::default(); wall.cabinets().len()],
            rivals: Rivals::new(own),
            letterhead: Letterhead::new(tai, key),
            mastership: Mastership::Asking,
            takes_over,
            notices: Vec::new(),
            streaming: Streaming::none(wall.ports().len()),
        }
    }

    /// The carrier of one end of a port.
    pub fn link(&mut self, port: PortIndex, end: FeedEnd, is_up: bool, now: Nanos) {
        if let Some(port) = self.ports.get_mut(port.index()) {
            port.link(end, is_up, now);
        }
    }

    /// Takes a frame that came in; what is no message of a card is passed over.
    pub fn hear(&mut self, port: PortIndex, end: FeedEnd, frame: &[u8], now: Nanos) {
        let Self { ports, letterhead, .. } = self;
        let Some(report) = ports.get_mut(port.index()).and_then(|port| port.hear(end, frame, now, letterhead)) else { return };
        self.notices.extend(report.notice);
        let own = self.epoch();
        if let Some(foreign) = report.master.and_then(|master| self.rivals.hear(port, &master, own, now).cloned())
            && own.is_some_and(|own| foreign.epoch.higher(own))
        {
            self.mastership = Mastership::Superseded(foreign);
        }
    }

    /// When a frame that was to be stamped left.
    pub fn departed(&mut self, port: PortIndex, end: FeedEnd, transaction: u32, tai: Tai) {
        if let Some(port) = self.ports.get_mut(port.index()) {
            port.departed(end, transaction, tai);
        }
    }

    /// Does what is due: `send` gets frames to send, `claim` makes (and stores) an epoch newer than every term heard of.
    pub fn poll(
        &mut self,
        (now, tai): (Nanos, Tai),
        claim: &mut dyn FnMut(Option<u16>) -> Epoch,
        send: &mut dyn FnMut(Outgoing),
    ) -> &Streaming {
        self.judge(now, claim);
        // A card without a living master obeys everybody: that is no invitation while others are still asked about.
        let is_master = self.epoch().is_some();
        let Self { ports, letterhead, .. } = self;
        for port in ports.iter_mut() {
            port.poll((now, tai), is_master, letterhead, send);
        }
        self.refresh(now);
        &self.streaming
    }

    /// Takes the wall from the sender that drives it.
    pub fn take_over(&mut self) {
        self.takes_over = true;
        if self.epoch().is_none() {
            self.mastership = Mastership::Asking;
        }
    }

    /// Uploads coefficients into the card of a cabinet, beside the stream; a card that is exchanged gets them too. Whether the
    /// cabinet has a card that takes some.
    pub fn calibrate(&mut self, cabinet: CabinetIndex, upload: CalibrationUpload) -> bool {
        let card = self.ports.iter_mut().find_map(|port| port.card_mut(cabinet));
        card.map(|card| card.calibrate(upload)).is_some()
    }

    /// Whether this sender drives the wall, and who does otherwise.
    #[must_use]
    pub const fn mastership(&self) -> &Mastership {
        &self.mastership
    }

    /// What may be streamed, as of the last [`WallSession::poll`].
    #[must_use]
    pub const fn streaming(&self) -> &Streaming {
        &self.streaming
    }

    /// What cards report, in the order of the wall's cabinets.
    #[must_use]
    pub fn cards(&self) -> &[RosterCard] {
        &self.cards
    }

    /// What happened since this was asked last.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        core::mem::take(&mut self.notices)
    }

    /// What is wrong, port by port.
    pub fn problems(&self) -> impl Iterator<Item = SessionProblem> + '_ {
        let long = self.ports.iter().zip(0..).filter(|(port, _)| port.is_up() && !port.passes_packets());
        let long = long.map(|(_, index)| SessionProblem::LongPackets { port: PortIndex(index) });
        let cards = self.ports.iter().flat_map(PortSession::cards);
        let cards = cards.filter_map(|(cabinet, card)| Some(SessionProblem::Card { cabinet, problem: card.problem.clone()? }));
        long.chain(cards)
    }

    /// The epoch while this sender drives the wall.
    const fn epoch(&self) -> Option<Epoch> {
        match self.mastership {
            Mastership::Master(epoch) => Some(epoch),
            Mastership::Asking | Mastership::Foreign(_) | Mastership::Superseded(_) => None,
        }
    }

    /// Decides who drives the wall.
    fn judge(&mut self, now: Nanos, claim: &mut dyn FnMut(Option<u16>) -> Epoch) {
        let is_settled = self
            .ports
            .iter_mut()
            .map(|port| (port.is_settled(now), port.is_up()))
            .fold((true, false), |all, port| (all.0 && (port.0 || !port.1), all.1 || port.1));
        if !matches!(self.mastership, Mastership::Asking | Mastership::Foreign(_)) || is_settled != (true, true) {
            return;
        }
        match self.rivals.alive(now).filter(|_| !self.takes_over) {
            Some(foreign) => self.mastership = Mastership::Foreign(ForeignMaster::clone(foreign)),
            None => self.mastership = Mastership::Master(claim(self.rivals.newest_term())),
        }
    }

    /// Brings what others read up to date.
    fn refresh(&mut self, now: Nanos) {
        let epoch = self.epoch();
        let Self { ports, rivals, streaming, cards, takes_over, .. } = self;
        let mut synced = None;
        for (port, open) in ports.iter_mut().zip(&mut streaming.open) {
            let is_foreign = !*takes_over && !*open && port.is_foreign(rivals, now);
            *open = epoch.is_some() && port.is_settled(now) && port.passes_packets() && !is_foreign;
            synced = match (synced, port.is_synced()) {
                (Some(all), Some(one)) => Some(all && one),
                (all, one) => all.or(one),
            };
            for (cabinet, card) in port.cards() {
                if let Some(place) = cards.get_mut(cabinet.index()) {
                    report(place, card);
                }
            }
        }
        streaming.epoch = epoch;
        for (port, transit_ns) in ports.iter().zip(&mut streaming.transit_ns) {
            *transit_ns = port.transit_ns();
        }
        let transit_ns = streaming.transit_ns.iter().copied().max().unwrap_or(0);
        streaming.lead_ns = (synced == Some(true)).then_some(transit_ns + 2 * LATCH_COPY_GAP_NS + LEAD_MARGIN_NS);
        streaming.guard_ns = ports.iter().filter_map(PortSession::guard_ns).max().unwrap_or(GUARD_UNKNOWN_NS);
    }
}

fn report(place: &mut RosterCard, card: &CardSlot) {
    place.heard = card.heard;
    place.is_found = card.is_found();
    place.is_ready = card.is_ready();
    place.uploads = card.uploads();
    if place.stats != card.stats {
        place.stats.clone_from(&card.stats);
    }
    let serial = card.serial();
    if place.serial != serial {
        place.serial = serial;
    }
}
