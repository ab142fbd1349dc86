//! The sender's whole conversation with the cards of a wall: who drives it, is every card there and set up, what may be
//! streamed where, and do all cards know the time.

use super::ask::Letterhead;
use super::card::CardSlot;
use super::key::{KeyState, Site};
use super::mastership::{ForeignMaster, Mastership, Rivals};
use super::port::PortSession;
use super::roster::RosterCard;
use super::upload::CalibrationUpload;
use super::{Notice, Outgoing, PortAddresses, Protection, SessionProblem};
use crate::ids::{CabinetIndex, PortIndex};
use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wall::Wall;
use crate::wire::ocp809::auth::Signing;
use crate::wire::ocp809::{EPOCH_WITHOUT_CARDS, Epoch, LATCH_COPY_GAP_NS};

/// A present instant lies this much later than the last card needs: for a sender that is woken late, its interface, and
/// clocks that are a little off.
const LEAD_MARGIN_NS: u64 = 1_000_000;

/// Before cards have said what they need between two frames: one refresh at 1920 Hz.
const GUARD_UNKNOWN_NS: u64 = 521_000;

/// An order to all cards is over after this long, whoever has not answered by then.
const ORDER_NS: u64 = 10_000_000_000;

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
    /// Another sender that cards without a lock obey.
    intruder: Option<ForeignMaster>,
    /// Until when cards may take the site's key, and until when they may store their settings.
    key_order: Option<Nanos>,
    save_order: Option<Nanos>,
    notices: Vec<Notice>,
    streaming: Streaming,
}

impl WallSession {
    /// A session that begins at `tai`. `addresses` are this sender's interfaces per port; `takes_over`: another sender that
    /// drives the wall is superseded instead of respected; `protection`: the site's key, where it has one.
    #[must_use]
    pub fn new(wall: &Wall, addresses: &[PortAddresses], takes_over: bool, protection: Option<Protection>, tai: Tai) -> Self {
        let locks = protection.as_ref().is_some_and(|protection| protection.locks_cards);
        let site = Site { has_key: protection.is_some(), locks };
        let port = |(index, port): (u16, &crate::wall::Port)| {
            let addresses = addresses.get(usize::from(index)).copied().unwrap_or_default();
            PortSession::new(wall, PortIndex(index), port, addresses, site)
        };
        let own = addresses.iter().flat_map(|port| [Some(port.head), port.tail]).flatten().collect();
        Self {
            ports: (0..).zip(wall.ports()).map(port).collect(),
            cards: vec![RosterCard::default(); wall.cabinets().len()],
            rivals: Rivals::new(own),
            letterhead: Letterhead::new(tai, protection.map(|protection| protection.key)),
            mastership: Mastership::Asking,
            takes_over,
            intruder: None,
            key_order: None,
            save_order: None,
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
            // Where cards are locked, nobody takes the wall by the one that is not.
            if report.is_locked || !self.is_locked() {
                self.mastership = Mastership::Superseded(foreign);
            } else {
                self.intruder = Some(foreign);
            }
        }
    }

    /// Whether any card obeys signed latches only.
    fn is_locked(&self) -> bool {
        self.ports.iter().flat_map(PortSession::cards).any(|(_, card)| card.is_locked())
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
        letterhead.tick(tai);
        for port in ports.iter_mut() {
            port.poll((now, tai), is_master, letterhead, send);
        }
        self.close_orders(now);
        self.refresh(now);
        &self.streaming
    }

    /// Takes the wall from the sender that drives it, or single cards from one that drives them.
    pub fn take_over(&mut self) {
        self.takes_over = true;
        if self.epoch().is_none() || self.intruder.take().is_some() {
            self.mastership = Mastership::Asking;
        }
    }

    /// Installs the site's key in every card that answers and has none, and tells by [`Notice::KeyInstalled`] when that is
    /// over. On its way it is no secret: the first key travels under one that everybody has.
    pub fn install_key(&mut self, now: Nanos) {
        if self.epoch().is_some() {
            self.ports.iter_mut().flat_map(PortSession::cards_mut).for_each(CardSlot::order_key);
        }
        self.key_order = Some(now.after(ORDER_NS));
    }

    /// Lets every card store its settings, so that they survive a power-off, and tells by [`Notice::Saved`] when that is over.
    pub fn save_cards(&mut self, now: Nanos) {
        if self.epoch().is_some() {
            self.ports.iter_mut().flat_map(PortSession::cards_mut).for_each(CardSlot::order_save);
        }
        self.save_order = Some(now.after(ORDER_NS));
    }

    /// Lets the card of this cabinet show which one it is, whatever it is fed, and no other one; `None` ends it. A card that
    /// starts anew or is exchanged meanwhile is told again.
    pub fn identify(&mut self, cabinet: Option<CabinetIndex>) {
        self.ports.iter_mut().for_each(|port| port.identify(cabinet));
    }

    /// Whether a cabinet has a card that is set up and shows which one it is when it is told to.
    #[must_use]
    pub fn can_identify(&self, cabinet: CabinetIndex) -> bool {
        let mut cards = self.ports.iter().flat_map(PortSession::cards);
        cards.any(|(own, card)| own == cabinet && card.can_mark())
    }

    /// What latches are signed with; `None` where the site has no key.
    #[must_use]
    pub fn signing(&self) -> Option<Signing> {
        self.letterhead.signing()
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

    /// Another sender that cards without a lock obey, while this one drives those that are locked.
    #[must_use]
    pub fn intruder(&self, now: Nanos) -> Option<&ForeignMaster> {
        self.intruder.as_ref().filter(|intruder| intruder.is_alive(now))
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
        let of_card = |(cabinet, card): (CabinetIndex, &CardSlot)| {
            card.problems().map(|problem| SessionProblem::Card { cabinet, problem }).collect::<Vec<_>>()
        };
        let cards = cards.flat_map(of_card);
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
        if let Some(foreign) = self.rivals.alive(now).filter(|_| !self.takes_over) {
            self.mastership = Mastership::Foreign(ForeignMaster::clone(foreign));
            return;
        }
        self.mastership = Mastership::Master(claim(self.rivals.newest_term()));
        // Cards may have accepted counters of another sender, whose clock is ahead of this one's.
        self.ports.iter_mut().flat_map(PortSession::cards_mut).for_each(CardSlot::ask_for_key);
    }

    /// Tells what became of orders that all cards have carried out, or that took too long.
    fn close_orders(&mut self, now: Nanos) {
        let Self { ports, key_order, save_order, notices, .. } = self;
        if key_order.is_none() && save_order.is_none() {
            return;
        }
        let is_over = |until: &mut Nanos, waits: bool| !waits || now >= *until;
        let mut cards: Vec<&mut CardSlot> = ports.iter_mut().flat_map(PortSession::cards_mut).collect();
        let of = cards.len();
        if key_order.take_if(|until| is_over(until, cards.iter().any(|card| card.awaits_key()))).is_some() {
            for card in &mut cards {
                card.end_key_order();
            }
            let installed = cards.iter().filter(|card| card.key_state() == KeyState::Installed).count();
            notices.push(Notice::KeyInstalled { cards: installed, of });
        }
        if save_order.take_if(|until| is_over(until, cards.iter().any(|card| card.awaits_save()))).is_some() {
            let saved = cards.iter_mut().map(|card| card.end_save_order()).filter(|&saved| saved).count();
            notices.push(Notice::Saved { cards: saved, of });
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
    place.key = card.key_state();
    if place.stats != card.stats {
        place.stats.clone_from(&card.stats);
    }
    let serial = card.serial();
    if place.serial != serial {
        place.serial = serial;
    }
}
