//! One card of the wall as the session knows it: found by its place, given its id, read, set up, watched, replaced.

mod answers;
mod marking;
mod orders;
mod uploads;

use std::collections::VecDeque;

use super::ask::{Addressee, Asked, Letterhead, Patience, Signature};
use super::key::{CardKey, KeyState, Site};
use super::needs::Needs;
use super::problem::CardProblem;
use super::upload::{CalibrationUpload, UploadRun};
use crate::stream::FeedEnd;
use crate::time::Nanos;
use crate::wall::{Cabinet, Port, Wall};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::{
    Announce, Assignment, ConfigurationHash, Discover, Get, NackReason, Opcode, Request, Set, Setting, Stats,
};
use crate::wire::ocp809::group_address;
use marking::Marking;
use orders::Save;

/// A card that was found is asked again when it was silent for this long: STATS come every second.
const SILENCE_NS: u64 = 1_300_000_000;

/// A place at which nobody answers is asked again after this long.
const SEARCH_NS: u64 = 500_000_000;

/// A card that refused something is tried again after this long.
const REFUSED_NS: u64 = 2_000_000_000;

/// Settings are written this often before a card counts as one that does not take them.
const SETS: u8 = 3;

/// Who is there.
const DISCOVER: Request = Request::Discover(Discover { padding: None });

/// How far a card's set-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody answers at its place.
    Silent,
    /// It answered; its id may be another one's.
    Found,
    /// It has its id; its settings are not known.
    Assigned,
    /// Its settings are known, and some are not the wall's.
    Read,
    /// It is as the wall wants it.
    Ready,
    /// It cannot be set up; see its problem.
    Unfit,
}

/// A card that answered.
#[derive(Debug, Clone)]
pub(super) struct KnownCard {
    /// What it told about itself last.
    pub announce: Announce,
    /// Its address.
    pub address: MacAddress,
    /// All its settings, once read.
    pub settings: Vec<Setting>,
}

/// A card was put in another one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) old: String,
    pub(super) new: String,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// It says nothing beyond itself.
    Nothing,
    /// Another card than before answers here, and takes its place.
    Replaced(Replacement),
    /// A card demands counters above this one.
    ContinueAbove(u64),
    /// Its newest signed LATCH had this counter.
    Overtake(u64),
    /// Coefficients of a module act.
    Calibrated(u16),
    /// Coefficients of a module are refused.
    NotCalibrated(u16, NackReason),
}

/// The card of one cabinet.
#[derive(Debug)]
pub(super) struct CardSlot {
    /// Place in the cascade, from the head and from the tail.
    hops: [u8; 2],
    id: u16,
    wanted: Vec<Setting>,
    needs: Needs,
    stage: Stage,
    end: FeedEnd,
    known: Option<KnownCard>,
    /// The hash of the settings that proved to be the wall's.
    good: Option<ConfigurationHash>,
    /// Settings of a predecessor, which the card takes over.
    inherited: Vec<Setting>,
    assigned_id: u16,
    /// How often settings were written that the card then did not have.
    sets: u8,
    /// Coefficients that wait for the card, the first of them under way.
    uploads: VecDeque<UploadRun>,
    /// Coefficients that the card has or will have, one set per module: a successor gets them too.
    calibration: Vec<CalibrationUpload>,
    asked: Option<Asked>,
    next_ask: Nanos,
    /// Whether who is there has to be asked before anything else.
    must_look: bool,
    /// When it last said who it is.
    looked: Option<Nanos>,
    site: Site,
    key: CardKey,
    /// Whether the site's key is to be installed.
    wants_key: bool,
    save: Save,
    /// Whether it is to show which one it is.
    marking: Marking,
    /// What became of an order, where it was not carried out.
    warning: Option<CardProblem>,
    pub(super) heard: Option<Nanos>,
    pub(super) stats: Option<Stats>,
    problem: Option<CardProblem>,
}

impl CardSlot {
    pub(super) fn new(wall: &Wall, port: &Port, cabinet: &Cabinet, site: Site) -> Self {
        let place = u8::try_from(cabinet.place).unwrap_or(u8::MAX);
        let last = u8::try_from(port.cascade.len().saturating_sub(1)).unwrap_or(u8::MAX);
        Self {
            hops: [place, last.saturating_sub(place)],
            id: Wall::card_id(cabinet),
            wanted: super::settings::wall_settings(wall, port, cabinet),
            needs: Needs::new(port, cabinet),
            stage: Stage::Silent,
            end: FeedEnd::Head,
            known: None,
            good: None,
            inherited: Vec::new(),
            assigned_id: 0,
            sets: 0,
            uploads: VecDeque::new(),
            calibration: Vec::new(),
            asked: None,
            next_ask: Nanos(0),
            must_look: false,
            looked: None,
            site,
            key: CardKey::new(site),
            wants_key: false,
            save: Save::None,
            marking: Marking::default(),
            warning: None,
            heard: None,
            stats: None,
            problem: None,
        }
    }

    /// Whether the card at this place has answered since it was last silent.
    pub(super) fn is_found(&self) -> bool {
        self.stage != Stage::Silent
    }

    /// Whether it answered by the far end only.
    pub(super) fn is_behind_break(&self) -> bool {
        !self.is_found() || self.end == FeedEnd::Tail
    }

    /// Whether it is set up and may be counted on.
    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    pub(super) const fn known(&self) -> Option<&KnownCard> {
        self.known.as_ref()
    }

    pub(super) const fn id(&self) -> u16 {
        self.id
    }

    /// Serial number of the card that answered last; empty before.
    pub(super) fn serial(&self) -> String {
        self.known.as_ref().map(|known| known.announce.identity.serial.to_string()).unwrap_or_default()
    }

    /// Whether it has this site's key.
    pub(super) const fn key_state(&self) -> KeyState {
        self.key.state()
    }

    /// Its key is asked for once more, and with it the counters that its latches have to be above.
    pub(super) fn ask_for_key(&mut self) {
        self.key.ask_again();
    }

    /// What is wrong with it, the gravest first.
    pub(super) fn problems(&self) -> impl Iterator<Item = CardProblem> {
        [self.problem.clone(), self.key_warning(), self.warning.clone()].into_iter().flatten()
    }

    /// The request that waits under this transaction.
    pub(super) fn asked(&self, transaction: u32) -> Option<&Asked> {
        self.asked.as_ref().filter(|asked| asked.transaction == transaction)
    }

    /// Takes what it reports unasked. A card that speaks by the other end may be cut off from the one that it is asked by.
    pub(super) fn reports(&mut self, stats: Stats, end: FeedEnd, now: Nanos) {
        (self.stats, self.heard) = (Some(stats), Some(now));
        if end != self.end && self.stage == Stage::Ready {
            self.look_again(now);
        }
    }

    /// Somebody may have changed something: who is there is asked at once.
    pub(super) fn look_again(&mut self, now: Nanos) {
        let is_asking = self.asked.as_ref().is_some_and(|asked| asked.request.opcode() == Opcode::Discover);
        if !is_asking {
            (self.asked, self.next_ask, self.must_look) = (None, now, true);
        }
    }

    /// What is to be asked now. `may_change`: whether this sender may change the card.
    pub(super) fn poll(
        &mut self,
        now: Nanos,
        may_change: bool,
        has_tail: bool,
        letterhead: &mut Letterhead,
    ) -> Option<&mut Asked> {
        if let Some(asked) = &mut self.asked {
            match asked.patience(now) {
                Patience::Wait => return None,
                Patience::Again => return self.asked.as_mut(),
                Patience::Over => self.give_up(now, has_tail),
            }
        }
        let request = self.next_request(now, may_change, letterhead.key_id())?;
        let is_sure = request.opcode() != Opcode::Discover;
        let to = self.addressee(is_sure, self.signature(request.opcode()));
        Some(self.asked.insert(Asked::new(letterhead.transaction(), request, to, now)))
    }

    /// What a request to the card is signed with: what changes something with the key that it has, and some requests even
    /// where it has none.
    fn signature(&self, opcode: Opcode) -> Signature {
        let has_site_key = self.key.state() == KeyState::Installed;
        if opcode == Opcode::Stats {
            self.key.question().unwrap_or_default()
        } else if opcode.is_mutating() && has_site_key {
            Signature::Site
        } else if opcode.needs_auth() {
            Signature::Open
        } else {
            Signature::None
        }
    }

    /// Nobody answered: the other end of the cascade is tried next.
    fn give_up(&mut self, now: Nanos, has_tail: bool) {
        (self.asked, self.must_look) = (None, false);
        let was_silent = self.stage == Stage::Silent;
        self.stage = Stage::Silent;
        let other = if self.end == FeedEnd::Head && has_tail { FeedEnd::Tail } else { FeedEnd::Head };
        // A card that answered a moment ago may be reached from the other side of a break: that must not take long.
        self.next_ask = if was_silent || !has_tail { now.after(SEARCH_NS) } else { now };
        self.end = other;
    }

    fn next_request(&mut self, now: Nanos, may_change: bool, key_id: u16) -> Option<Request> {
        let is_due = now >= self.next_ask;
        let order = self.ordered(key_id).filter(|_| may_change);
        match self.stage {
            _ if self.must_look => Some(DISCOVER),
            Stage::Silent => is_due.then_some(DISCOVER),
            // By when it was looked at: it may report itself every second.
            Stage::Unfit => self.looked.is_none_or(|looked| now.since(looked) >= REFUSED_NS).then_some(DISCOVER),
            _ if self.key.question().is_some() => Some(Request::Stats),
            _ if order.is_some() => order,
            Stage::Found if may_change => Some(self.assignment()),
            Stage::Assigned if may_change => Some(Request::Get(Get { wanted: None })),
            Stage::Read if may_change => self.set(),
            // Who the master is may change any time while another one lives.
            Stage::Found | Stage::Assigned | Stage::Read => self.repeat(now, SEARCH_NS),
            Stage::Ready => self.repeat(now, SILENCE_NS).or_else(|| may_change.then(|| self.beside_the_picture(now)).flatten()),
        }
    }

    /// What a card that plays is asked for besides: to mark itself, and to take coefficients.
    fn beside_the_picture(&mut self, now: Nanos) -> Option<Request> {
        self.marking_request(now).or_else(|| self.uploads.front().and_then(|upload| upload.request(now)))
    }

    fn repeat(&self, now: Nanos, after_ns: u64) -> Option<Request> {
        let is_due = self.heard.is_none_or(|heard| now.since(heard) >= after_ns);
        is_due.then_some(DISCOVER)
    }

    /// Who is there is asked of everybody, since another card may be in the place by now; the rest of the card that was found.
    fn addressee(&self, is_sure: bool, signature: Signature) -> Addressee {
        let [from_head, from_tail] = self.hops;
        let known = self.known.as_ref().filter(|_| is_sure);
        Addressee {
            end: self.end,
            hops: if self.end == FeedEnd::Head { from_head } else { from_tail },
            address: known.map_or_else(|| group_address(0), |known| known.address),
            identity: known.map(|known| (&known.announce.identity).into()),
            signature,
        }
    }

    fn assignment(&self) -> Request {
        let [from_head, from_tail] = self.hops;
        let hops = if self.end == FeedEnd::Head { from_head } else { from_tail };
        let residence_ns = self.known.as_ref().map_or(0, |known| known.announce.capabilities.residence_ns);
        Request::AssignId(Assignment { card_id: self.id, path_delay_ns: residence_ns.saturating_mul(hops.into()) })
    }

    /// What the card should be set to and is not.
    fn missing(&self) -> Vec<Setting> {
        let live = self.known.as_ref().map(|known| known.settings.as_slice()).unwrap_or_default();
        let lock = self.lock();
        let asked_for = self.wanted.iter().chain(&self.inherited).chain(&lock);
        asked_for.filter(|setting| !live.contains(setting)).cloned().collect()
    }

    /// Writes what is missing; nothing is: it is ready.
    fn set(&mut self) -> Option<Request> {
        let settings = self.missing();
        if settings.is_empty() {
            self.be_ready();
            return None;
        }
        if self.sets >= SETS {
            let kinds = settings.iter().map(|setting| setting.doc().name).collect::<Vec<_>>().join(", ");
            self.unfit(CardProblem::NotTaken { settings: kinds });
            return None;
        }
        self.sets += 1;
        Some(Request::Set(Set { apply_at: None, settings, unknown: Vec::new() }))
    }

    /// Whether an answer belongs to the request that waits here.
    pub(super) fn awaits(&self, transaction: u32) -> bool {
        self.asked(transaction).is_some()
    }
}
